//! What every use case needs, loaded once and at the first demand.

use std::collections::BTreeSet;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use super::access::Access;
use super::auth::Brokered;
use super::reach::Outside;
use super::registry_cache;
use crate::auth;
use crate::component::{self, Instance, Kind};
use crate::config::Config;
use crate::diag::{Report, Result, Talk, Warning};
use crate::fetch::Tokens;
use crate::host::{Host, prompt};
use crate::resolve::{ErrorMode, Evaluator, Memo, Options, Writer};
use crate::stack::StackIndex;
use crate::store::Problem;

/// The host, the configuration, and the stacks once somebody asked for them.
#[derive(Debug)]
pub struct App {
    pub host: Host,
    pub config: Config,
    /// Arguments by which a helper that is started elsewhere finds this configuration.
    pub locate: Vec<String>,
    /// Never dropped: the system takes back the memory of a large repository faster, and nothing else hangs on it.
    index: OnceLock<ManuallyDrop<StackIndex>>,
    /// The few stacks that were enough to find a component, where all of them were not read.
    near: OnceLock<ManuallyDrop<StackIndex>>,
    evaluations: Memo,
    access: OnceLock<Access>,
    /// The directory of terraform's plugin cache, where there is one.
    pub(super) plugin_cache: OnceLock<Option<PathBuf>>,
    /// The server of the cache of providers and modules, where one was needed.
    pub(super) registry_cache: registry_cache::Running,
    /// What evaluations asked for outside of the repository.
    pub(super) outside: Outside,
    /// Tokens of GitHub for what is fetched, where the configuration has them given.
    brokered: Option<Arc<Brokered>>,
    /// GitHub takes no findings; it is asked once, not for each component.
    pub(super) findings_refused: AtomicBool,
}

impl App {
    pub fn new(host: Host, mut config: Config, locate: Vec<String>) -> App {
        let mut brokered = None;
        // The configuration of another tree has the tokens of the first one.
        if config.remote.tokens.is_none() {
            brokered = Brokered::of(&host, &config, &locate);
            config.remote.tokens = brokered.clone().map(|brokered| -> Arc<dyn Tokens> { brokered });
        }
        App {
            brokered,
            host,
            config,
            locate,
            index: OnceLock::new(),
            near: OnceLock::new(),
            evaluations: Memo::default(),
            access: OnceLock::new(),
            plugin_cache: OnceLock::new(),
            registry_cache: OnceLock::new(),
            outside: Outside::default(),
            findings_refused: AtomicBool::new(false),
        }
    }

    /// Tokens of GitHub for what this process fetches: whoever opened the configuration takes them back at the end.
    pub fn brokered(&self) -> Option<Arc<Brokered>> {
        self.brokered.clone()
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

    /// The names of all stacks that lists show, where they can be told without reading more than names.
    pub fn stack_names(&self) -> Option<BTreeSet<String>> {
        let unread = self.index.get().is_none() && self.config.require_stacks().is_ok();
        unread.then(|| component::stack_names(&self.host, &self.config)).flatten()
    }

    /// A component as it is written, see [`component::find`]. Where a few stacks are enough to find it, no others are read.
    ///
    /// # Errors
    /// Those of [`component::find`].
    pub fn find(&self, component: &str, stack: &str, kind: Option<Kind>) -> Result<Instance> {
        let (host, config) = (&self.host, &self.config);
        if self.index.get().is_none() && self.near.get().is_none() {
            self.config.require_stacks()?;
            if let Some((found, index)) = component::near(host, config, component, stack, kind.clone()) {
                let _ = self.near.set(ManuallyDrop::new(index));
                return Ok(found);
            }
        }
        let find =
            |name: &str, kind| component::find(host, config, self.index()?, name, stack, kind).map_err(Report::from);
        match component::find(host, config, self.index()?, component, stack, kind) {
            Err(component::Error::AmbiguousPath { kind, components, .. }) if host.terminal.can_prompt() => {
                let title = format!("`{component}` stands for several components. Choose one");
                let chosen = prompt::pick(title, components.clone()).map_err(|_| auth::Error::Aborted)?;
                find(components.get(chosen).ok_or(auth::Error::Aborted)?, Some(kind))
            }
            found => Ok(found?),
        }
    }

    /// An index that has the stack of an instance, and whatever the values of the instance reach.
    pub fn index_of(&self, instance: &Instance) -> Result<&StackIndex> {
        let has = |index: &StackIndex| index.stacks().iter().any(|stack| *stack.key == *instance.manifest);
        match self.near.get() {
            Some(near) if self.index.get().is_none() && has(near) => Ok(near),
            _ => self.index(),
        }
    }

    /// Another tree of the same repository, in which everything but its stacks and components is the same. Nothing that
    /// it has to say is heard: the user looks at his own tree.
    pub fn beside(&self, config: Config) -> Result<App> {
        let host = Host { talk: Talk::silent(), ..self.host.clone() };
        let index = StackIndex::load_beside(&host, &config, self.index()?)?;
        let app = App::new(host, config, self.locate.clone());
        Ok(App { index: OnceLock::from(ManuallyDrop::new(index)), ..app })
    }

    /// An instance with its templates rendered and its functions evaluated. What one evaluation ran or read, the next
    /// ones know.
    pub fn evaluate(&self, instance: &Instance, options: &Options) -> Result<Instance> {
        Ok(self.evaluator(self.index_of(instance)?).evaluate(instance, options)?)
    }

    /// An instance of which only what chooses its identity is evaluated. Nobody is asked for anything.
    pub fn identify(&self, instance: &Instance, options: &Options) -> Result<Arc<Instance>> {
        Ok(self.evaluator(self.index_of(instance)?).identify(instance, options)?)
    }

    /// Begins what the evaluation of these instances would wait for, so that they do not wait one after the other.
    pub fn begin<'i>(&self, instances: impl IntoIterator<Item = &'i Instance>, options: &Options) -> Result<()> {
        self.evaluator(self.index()?).begin(instances, options);
        Ok(())
    }

    /// A store that takes values of an evaluated instance.
    ///
    /// # Errors
    /// The stacks cannot be read. What is wrong with the store is inside.
    pub(super) fn writer(
        &self,
        instance: &Instance,
        options: &Options,
        store: &str,
    ) -> Result<std::result::Result<Writer<'_>, Problem>> {
        Ok(self.evaluator(self.index_of(instance)?).writer(instance, options, store))
    }

    fn evaluator<'a>(&'a self, index: &'a StackIndex) -> Evaluator<'a> {
        let (host, config, memo) = (&self.host, &self.config, &self.evaluations);
        Evaluator { host, config, index, memo, reach: self, identities: self }
    }

    /// The identities of this command: one session for the evaluation of values and for runs, so that nobody signs in
    /// twice. Neither keyring nor network is asked before the first credentials are wanted.
    ///
    /// # Errors
    /// As [`Access::open`].
    pub(super) fn access(&self) -> Result<Access> {
        if let Some(access) = self.access.get() {
            return Ok(access.clone());
        }
        let access = Access::open(self, auth::Options::default())?;
        Ok(self.access.get_or_init(|| access).clone())
    }

    /// Forgets the outputs of a component, which was applied or destroyed.
    pub(super) fn forget_outputs(&self, component: &str, stack: &str) {
        self.outside.forget(component, stack);
        self.evaluations.forget_outputs();
    }

    /// Forgets what was read from stores: hooks may have written there.
    pub(super) fn forget_stores(&self) {
        self.evaluations.forget_stores();
    }

    /// Says once how many values are shown as `(computed)`.
    pub(super) fn tell_undetermined(&self, options: &Options) {
        let count = self.evaluations.undetermined();
        if count > 0 && options.error_mode == ErrorMode::Warn {
            let message = format!("{count} value(s) could not be determined and are shown as (computed)");
            let warning = Warning::new("atmos::ops::computed", message);
            self.host.talk.warn(warning.help("`--error-mode strict` says why, `--logs-level Debug` too"));
        }
    }
}
