//! What every use case needs, loaded once and at the first demand.

use std::mem::ManuallyDrop;
use std::sync::OnceLock;

use crate::component::Instance;
use crate::config::Config;
use crate::diag::{Result, Talk};
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
    /// Never dropped: the system takes back the memory of a large repository faster, and nothing else hangs on it.
    index: OnceLock<ManuallyDrop<StackIndex>>,
    evaluations: Memo,
}

impl App {
    pub fn new(host: Host, config: Config, locate: Vec<String>) -> App {
        App { host, config, locate, index: OnceLock::new(), evaluations: Memo::default() }
    }

    /// The stack manifests; read at the first call. Commands that need no stacks never read them.
    pub fn index(&self) -> Result<&StackIndex> {
        if let Some(index) = self.index.get() {
            return Ok(index);
        }
        self.config.require_stacks()?;
        let index = StackIndex::load(&self.host, &self.config)?;
        Ok(self.index.get_or_init(|| ManuallyDrop::new(index)))
    }

    /// Another tree of the same repository, in which everything but its stacks and components is the same. Nothing that
    /// it has to say is heard: the user looks at his own tree.
    pub fn beside(&self, config: Config) -> Result<App> {
        let host = Host { talk: Talk::silent(), ..self.host.clone() };
        let index = StackIndex::load_beside(&host, &config, self.index()?)?;
        let (index, evaluations) = (OnceLock::from(ManuallyDrop::new(index)), Memo::default());
        Ok(App { host, config, locate: self.locate.clone(), index, evaluations })
    }

    /// An instance with its templates rendered and its functions evaluated. What one evaluation ran or read, the next
    /// ones know.
    pub fn evaluate(&self, instance: &Instance, options: &Options) -> Result<Instance> {
        let (host, config, memo) = (&self.host, &self.config, &self.evaluations);
        let evaluator = Evaluator { host, config, index: self.index()?, memo };
        Ok(evaluator.evaluate(instance, options)?)
    }
}
