//! Sessions that a service has refused: they are not kept, so that the next login gets new ones. Row 5.

use super::chain::Chain;
use super::creds::AwsCredentials;
use super::error::Error;
use super::identity::assume_role::caller_identity;
use super::session::{Session, abortable};

impl Session {
    /// Takes the refused session of a chain's target out of the cache, and those that it was made from as far as they are
    /// refused, too. What another process has put there meanwhile stays.
    pub(super) async fn drop_refused(&self, chain: &Chain, refused: &AwsCredentials) -> Result<(), Error> {
        let last = chain.identities.len() - 1;
        let mut refused = refused.clone();
        for index in (0..=last).rev() {
            let fingerprint = self.fingerprint(chain, index);
            let name = self.cache_name(&fingerprint);
            let Some(kept) = self.load(chain, &fingerprint).await? else { continue };
            let Some(keys) = kept.credentials.aws() else { return Ok(()) };
            if index < last {
                let (identity, provider) = (&chain.identities[index], chain.provider.as_ref().map(|known| &known.spec));
                let asked = caller_identity(&self.context, identity, provider, keys);
                match Box::pin(abortable(async { Ok(asked.await) })).await? {
                    Err(refusal) if refusal.is_no() => refused = keys.clone(),
                    // What comes before one that is good is not asked for again.
                    _ => return Ok(()),
                }
            }
            if keys.access_key_id == refused.access_key_id {
                self.context.remove(&name).await?;
            }
        }
        Ok(())
    }
}
