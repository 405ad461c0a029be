//! What every use case needs, loaded once and at the first demand.

use std::sync::OnceLock;

use super::access::Access;
use crate::auth;
use crate::component::Instance;
use crate::config::Config;
use crate::diag::Result;
use crate::host::Host;
use crate::resolve::{Evaluator, Memo, Options};
use crate::stack::StackIndex;

/// The host, the configuration, and the stacks once somebody asked for them.
#[derive(Debug)]
pub struct App {
    pub host: Host,
    pub config: Config,
    /// Arguments by which a helper that is started elsewhere finds this configuration.
    pub locate: Vec<String>,
    index: OnceLock<StackIndex>,
    access: OnceLock<Access>,
    evaluations: Memo,
}

impl App {
    pub fn new(host: Host, config: Config, locate: Vec<String>) -> App {
        App { host, config, locate, index: OnceLock::new(), access: OnceLock::new(), evaluations: Memo::default() }
    }

    /// The stack manifests; read at the first call. Commands that need no stacks never read them.
    pub fn index(&self) -> Result<&StackIndex> {
        if let Some(index) = self.index.get() {
            return Ok(index);
        }
        self.config.require_stacks()?;
        let index = StackIndex::load(&self.host, &self.config)?;
        Ok(self.index.get_or_init(|| index))
    }

    /// An instance with its templates rendered and its functions evaluated. What one evaluation ran or read, the next
    /// ones know.
    pub fn evaluate(&self, instance: &Instance, options: &Options) -> Result<Instance> {
        Ok(self.evaluator()?.evaluate(instance, options)?)
    }

    /// Begins what the evaluation of these instances would wait for, so that they do not wait one after the other.
    pub fn begin(&self, instances: &[Instance], options: &Options) -> Result<()> {
        self.evaluator()?.begin(instances, options);
        Ok(())
    }

    fn evaluator(&self) -> Result<Evaluator<'_>> {
        let (host, config, memo) = (&self.host, &self.config, &self.evaluations);
        Ok(Evaluator { host, config, index: self.index()?, memo, identities: self })
    }

    /// Identities for whatever this command does; one session, so that it signs in once. Neither keyring nor network is
    /// asked before the first credentials are wanted.
    pub(super) fn access(&self) -> Result<Access> {
        if let Some(access) = self.access.get() {
            return Ok(access.clone());
        }
        let access = Access::open(self, auth::Options::default())?;
        Ok(self.access.get_or_init(|| access).clone())
    }
}
