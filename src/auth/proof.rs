//! What a provider gave: one attempt at a time, and used again while it lives. Row 5.

use std::time::Instant;

use super::chain::provider_fingerprint;
use super::config::Provider;
use super::error::Error;
use super::federation::{Entry, Proof, Registered, Step};
use super::session::Session;

impl Session {
    /// The proof of a provider, of this process or new.
    pub(super) async fn proof(&self, provider: &Provider, kind: Registered) -> Result<Proof, Error> {
        let since = Instant::now();
        let mut flight = self.context.proofs.enter(&provider_fingerprint(provider)).await;
        if let Some(proof) = flight.value.as_ref().filter(|proof| proof.is_fresh(self.context.now_there())) {
            return Ok(proof.clone());
        }
        if let Some(error) = flight.failed_since(since) {
            return Err(error);
        }
        let (context, region) = (&*self.context, provider.region.as_deref());
        let step = Step { context, entry: Entry::provider(provider), region, before: None };
        let result = kind.module().authenticate(step).await;
        flight.land(result)
    }
}
