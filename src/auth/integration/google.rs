//! Clusters of Google: where one is, and the token by which it knows an identity. Row 5.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

use super::super::chain::Chain;
use super::super::error::Error;
use super::super::federation::{Reach, google_token};
use super::super::given::Credentials;
use super::super::session::{Session, abortable};
use super::eks::{Cluster, ClusterToken, odd_address};
use super::target::{ClusterTarget, Home};
use crate::secret::Secret;

/// Clients are told to come back a little earlier.
const MARGIN: SignedDuration = SignedDuration::from_mins(1);

impl Session {
    /// What Google knows of a cluster, asked for once per identity and process.
    ///
    /// # Errors
    /// The identity has no token of Google; there is no such cluster, or it is not ready; the service refuses or cannot be
    /// reached; the user ends it.
    pub async fn google_cluster(
        &self,
        chain: &Chain,
        credentials: &Credentials,
        target: &ClusterTarget,
    ) -> Result<Cluster, Error> {
        let token = token(chain, credentials)?;
        let since = Instant::now();
        let whose = self.fingerprint(chain, chain.identities.len() - 1);
        let key = format!("{}|{}|{}|{:?}", whose.as_str(), target.name, target.region, target.home);
        let mut flight = self.context.clusters.enter(&key).await;
        if let Some(cluster) = &flight.value {
            return Ok(cluster.clone());
        }
        if let Some(error) = flight.failed_since(since) {
            return Err(error);
        }
        let project = if let Home::Google { project } = &target.home { project } else { "" };
        let reach = Reach::new(&self.context, chain);
        let result = abortable(reach.google_cluster((project, &target.region, &target.name), token)).await;
        let result = result.and_then(|found| match odd_address(&found.endpoint) {
            None => Ok(found),
            Some(answer) => {
                let what = format!("the cluster {}", target.name);
                Err(Error::Refused { what, answer, help: "check the endpoint overrides in force".to_owned() })
            }
        });
        flight.land(result.map(|found| Cluster {
            name: target.name.clone(),
            region: target.region.clone(),
            id: found.id,
            endpoint: found.endpoint,
            authority: found.authority,
            audience: None,
        }))
    }

    /// The token of an identity, which clusters of Google take as it is.
    ///
    /// # Errors
    /// The identity has none.
    pub fn google_cluster_token(&self, chain: &Chain, credentials: &Credentials) -> Result<ClusterToken, Error> {
        let token = token(chain, credentials)?.clone();
        let now = self.context.host.now();
        let end = credentials.expiration().and_then(|end| end.checked_sub(MARGIN).ok()).unwrap_or(now);
        Ok(ClusterToken { token, expires: end.max(now).min(Timestamp::MAX) })
    }
}

fn token<'a>(chain: &Chain, credentials: &'a Credentials) -> Result<&'a Secret, Error> {
    google_token(credentials).ok_or_else(|| Error::Refused {
        what: format!("a token for identity `{}`", chain.target().name),
        answer: format!("it is of kind {} and has no token of Google", chain.target().kind_text),
        help: "name an identity of kind gcp/service-account, or of kind gcp/project behind a provider".to_owned(),
    })
}
