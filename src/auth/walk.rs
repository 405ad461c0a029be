//! Walks a chain from its target back to the root: what is still valid is reused, the rest is renewed, one attempt at a
//! time in all threads and processes.
//!
//! Read [`Session::step`]. Nothing here calls itself: a chain may be as long as it likes. Row 5.

use std::time::Instant;

use super::chain::Chain;
use super::error::Error;
use super::fingerprint::Fingerprint;
use super::kind::IdentityKind;
use super::record::StepRecord;
use super::session::{Session, abortable};

/// One way along a chain.
struct Walk<'a> {
    chain: &'a Chain,
    /// The identity that is wanted.
    target: usize,
    /// Of every step up to the target.
    prints: Vec<Fingerprint>,
    /// Whoever has failed since then has failed for us too.
    since: Instant,
}

impl Session {
    /// The session of the identity at `index`, from memory, cache or service.
    pub(super) async fn step(&self, chain: &Chain, index: usize) -> Result<StepRecord, Error> {
        // Callers hold it while they wait: its states are many.
        Box::pin(self.walk(chain, index)).await
    }

    async fn walk(&self, chain: &Chain, target: usize) -> Result<StepRecord, Error> {
        let prints = chain.fingerprints(target, &self.context.realm, &self.context.endpoints);
        let walk = Walk { chain, target, prints, since: Instant::now() };
        let first = chain.start().min(target);
        let mut at = target;
        // Down to the nearest step that is there already, or to the one that needs no other.
        let mut record = self.present(&walk, at).await?;
        while record.is_none() && at > first {
            at -= 1;
            record = self.present(&walk, at).await?;
        }
        // And up again: each step from the one before it.
        let mut record = match record {
            Some(record) => record,
            None => self.renew(&walk, at, None).await?,
        };
        for next in at + 1..=target {
            record = self.renew(&walk, next, Some(record)).await?;
        }
        Ok(record)
    }

    /// What memory or cache have for the step at `index`, if it is good enough.
    async fn present(&self, walk: &Walk<'_>, index: usize) -> Result<Option<StepRecord>, Error> {
        let chain = walk.chain;
        if chain.identities[index].kind == IdentityKind::Mock {
            return Ok(Some(self.mock(chain, index)));
        }
        let fingerprint = &walk.prints[index];
        let mut flight = self.context.steps.enter(fingerprint).await;
        if let Some(record) = flight.value.as_ref().filter(|record| self.accepts(record)) {
            return Ok(Some(record.clone()));
        }
        if let Some(error) = flight.failed_since(walk.since) {
            return Err(error);
        }
        if chain.is_ambient() {
            return Ok(None);
        }
        match self.load(chain, fingerprint).await {
            Ok(record) => match record.filter(|record| self.accepts(record)) {
                Some(record) => flight.land(Ok(record)).map(Some),
                None => Ok(None),
            },
            Err(error) => flight.land(Err(error)).map(Some),
        }
    }

    /// The session of the step at `index` by way of the one before it; whoever has come first does it for all.
    async fn renew(&self, walk: &Walk<'_>, index: usize, base: Option<StepRecord>) -> Result<StepRecord, Error> {
        let mut flight = self.context.steps.enter(&walk.prints[index]).await;
        if let Some(record) = flight.value.as_ref().filter(|record| self.accepts(record)) {
            return Ok(record.clone());
        }
        if let Some(error) = flight.failed_since(walk.since) {
            return Err(error);
        }
        let result = Box::pin(abortable(self.obtain(walk, index, base))).await;
        flight.land(result)
    }

    async fn obtain(&self, walk: &Walk<'_>, index: usize, base: Option<StepRecord>) -> Result<StepRecord, Error> {
        let (chain, fingerprint) = (walk.chain, &walk.prints[index]);
        if chain.is_ambient() {
            return self.authenticate(chain, index, base).await;
        }
        let work = format!("authenticates identity `{}`", chain.identities[index].name);
        let _lock = self.context.lock(&self.cache_name(fingerprint), &work).await?;
        // Whoever held the lock may have done the work.
        if let Some(record) = self.load(chain, fingerprint).await?.filter(|record| self.accepts(record)) {
            return Ok(record);
        }
        self.context.prepare().await?;
        if index == walk.target {
            self.tell_of_other_realm(chain, index).await?;
        }
        let record = self.authenticate(chain, index, base).await?;
        self.keep(chain, index, &record).await?;
        Ok(record)
    }
}
