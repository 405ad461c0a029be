//! A way through the tree of identities: the chain to each of them, one step longer than the one to its parent. Row 5.

use super::chain::{Chain, check_provider};
use super::config::{Identity, Via};
use super::error::Error;
use super::fingerprint::{Fields, hash_step};
use super::kind::IdentityKind;
use super::record::StepRecord;
use super::session::Session;
use super::user::share_devices;

/// What [`Chain::build`] would make of each identity, for the price of one step.
pub(super) struct Trail<'a> {
    session: &'a Session,
    chain: Chain,
    /// Of each identity of the chain.
    steps: Vec<Step>,
    /// The chain begins at something that is there.
    is_rooted: bool,
}

struct Step {
    hash: Fields,
    region: Option<String>,
    /// Nothing is wrong with what leads here.
    is_sound: bool,
}

impl<'a> Trail<'a> {
    pub(super) fn new(session: &'a Session) -> Trail<'a> {
        let chain = Chain { provider: None, identities: Vec::new() };
        Trail { session, chain, steps: Vec::new(), is_rooted: false }
    }

    /// Goes to an identity that hangs below the one that was entered last at the depth before; at depth 0 a chain begins.
    pub(super) fn enter(&mut self, depth: usize, identity: &'a Identity) {
        self.chain.identities.truncate(depth);
        self.steps.truncate(depth);
        match depth {
            0 => self.begin(identity),
            // What the first and the second have in common the first one tells the services.
            1 => {
                let first = self.chain.identities[0].name.clone();
                if let Some(first) = self.session.settings().identities.get(&first) {
                    self.chain.identities = vec![first.clone(), identity.clone()];
                    share_devices(&mut self.chain.identities);
                    self.steps.clear();
                    self.step(0);
                }
            }
            _ => self.chain.identities.push(identity.clone()),
        }
        self.step(depth);
    }

    fn begin(&mut self, identity: &Identity) {
        let settings = self.session.settings();
        self.chain.provider = match &identity.via {
            Via::Provider(name, _) => settings.provider(name).cloned(),
            _ => None,
        };
        self.is_rooted = identity.via == Via::None || self.chain.provider.is_some();
        self.chain.identities.push(identity.clone());
    }

    /// The identity at that depth, behind those before it.
    fn step(&mut self, depth: usize) {
        let context = &self.session.context;
        let (chain, sources) = (&self.chain, &context.host.sources);
        let identity = &chain.identities[depth];
        let before = depth.checked_sub(1).and_then(|before| self.steps.get(before));
        let mut hash = before.map_or_else(|| chain.hash_root(&context.realm), |before| before.hash.clone());
        let provider = chain.provider.as_ref();
        let region = match before {
            Some(before) => before.region.as_deref(),
            None => provider.and_then(|provider| provider.region.as_deref()),
        };
        let region = identity.own_region().or(region).map(str::to_owned);
        hash_step(&mut hash, identity, region.as_deref(), provider, &context.endpoints);
        let is_sound = identity.kind == IdentityKind::Mock || {
            let leads_here = match before {
                Some(before) => before.is_sound,
                None => provider.is_none_or(|provider| check_provider(provider, sources).is_ok()),
            };
            leads_here && chain.check_step(depth, sources).is_ok()
        };
        self.steps.push(Step { hash, region, is_sound });
    }

    /// The session of the identity that was entered last, valid or not. Never asks the network.
    ///
    /// # Errors
    /// The keyring or the cache fail.
    pub(super) async fn record(&self) -> Result<Option<StepRecord>, Error> {
        let Some(step) = self.steps.last().filter(|step| step.is_sound && self.is_rooted) else { return Ok(None) };
        if self.chain.is_mock() {
            return Ok(Some(self.session.mock(&self.chain, self.chain.identities.len() - 1)));
        }
        self.session.peek_at(&self.chain, &step.hash.fingerprint()).await
    }
}
