//! Runs the hooks of an event, one after the other as they are declared.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::event::{Event, Moment, Skip};
use super::hook::{self, Hook, Kind, OnFailure, Store};
use super::{command, git, migrate, steps, store};
use crate::component::Instance;
use crate::diag::{Report, Result, Warning};
use crate::exec::process;
use crate::exec::relay::Relay;
use crate::exec::signals::Signals;
use crate::exec::terraform::migration::TFMIGRATE;
use crate::host::Env;
use crate::ops::App;
use crate::resolve::{self, Options};
use crate::state::Outputs;
use crate::step::{Facts, Status, Subject};
use crate::value::{Node, Value};

/// The hooks that one command of a component has.
#[derive(Debug, Default)]
pub(crate) struct Hooks {
    list: Vec<Hook>,
    kind: String,
    verb: String,
    /// The component before its evaluation, where a template asks how the command ended.
    asking: Option<Box<Instance>>,
    skip: Skip,
}

/// What hooks run in.
pub(crate) struct Around<'a> {
    pub app: &'a App,
    pub instance: &'a Instance,
    pub options: &'a Options,
    /// Complete environment of the command, with its identity.
    pub env: &'a Env,
    /// The component's folder, if it is there.
    pub folder: &'a Path,
    /// Where the plan is that the command applies, or has made.
    pub planfile: Option<PathBuf>,
    /// Program that tells outputs, and where it is configured.
    pub program: (&'a str, &'a str),
    pub signals: &'a mut Signals,
    /// Standard output is for data of the command itself.
    pub data: bool,
    /// Where the output of the hooks goes in a run of many components.
    pub relay: Option<&'a Relay>,
}

/// How the command ended.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    pub status: Status,
    pub code: u8,
    pub error: Option<String>,
}

impl Ending {
    /// Well, with a code that says what there is (2: changes).
    fn success(code: u8) -> Ending {
        Ending { status: Status::Success, code, error: None }
    }

    fn failure(report: &Report) -> Ending {
        Ending { status: Status::Failure, code: report.exit_code(), error: Some(report.to_string()) }
    }

    pub(super) fn word(&self) -> &'static str {
        match self.status {
            Status::Success => "success",
            Status::Failure => "failure",
        }
    }

    /// What templates are told of it.
    fn told(&self, app: &App) -> resolve::Ending {
        let error = self.error.as_deref().map(|error| app.host.masker.mask(error).into_owned());
        resolve::Ending { status: self.word(), code: self.code, error: error.unwrap_or_default() }
    }
}

/// Whether a template in the section may ask how the command ended.
fn asks_for_the_ending(hooks: &Node) -> bool {
    match &hooks.value {
        Value::String(text) => [".status", ".exit_code", ".error"].iter().any(|name| text.contains(name)),
        Value::List(items) => items.iter().any(asks_for_the_ending),
        Value::Map(map) => map.values().any(asks_for_the_ending),
        _ => false,
    }
}

impl Hooks {
    /// Those that a sub-command has, read and checked before anything starts. `found` is the component as the manifests
    /// have it, `instance` the same evaluated.
    ///
    /// # Errors
    /// A hook that cannot be used.
    pub(crate) fn read(
        app: &App,
        found: &Instance,
        instance: &Instance,
        verb: &str,
        skip: &Skip,
    ) -> Result<Hooks, Error> {
        let kind = instance.kind.key().to_owned();
        let mut hooks = Hooks { kind, verb: verb.to_owned(), skip: skip.clone(), ..Hooks::default() };
        if *skip == Skip::All {
            return Ok(hooks);
        }
        for (name, node) in instance.sections.hooks.as_map().into_iter().flatten() {
            if hooks.hears(node) && skip.skips(name) {
                app.host.talk.info(format!("Skipping hook `{name}` (--skip-hooks)"));
            }
        }
        hooks.list = hooks.list_of(app, instance)?;
        let asks = !hooks.list.is_empty() && asks_for_the_ending(&found.sections.hooks);
        hooks.asking = asks.then(|| Box::new(found.clone()));
        Ok(hooks)
    }

    /// Whether a hook runs at an event of the command.
    fn hears(&self, node: &Node) -> bool {
        let events = hook::events(node);
        let heard = |moment| hook::concerns(events.as_deref(), self.event(moment));
        !node.is_empty() && [Moment::Before, Moment::After].into_iter().any(heard)
    }

    fn list_of(&self, app: &App, instance: &Instance) -> Result<Vec<Hook>, Error> {
        let all = instance.sections.hooks.as_map().into_iter().flatten();
        let ours = all.filter(|(name, node)| self.hears(node) && !self.skip.skips(name));
        ours.map(|(name, node)| Hook::read(name, node, instance, &app.host.sources)).collect()
    }

    /// Runs the hooks before the command. Whatever fails here keeps the command from starting.
    ///
    /// # Errors
    /// A hook that fails and says `on_failure: fail`, a program that is not there, a condition that cannot be evaluated.
    pub(crate) async fn before(&self, around: &mut Around<'_>) -> Result<()> {
        for moment in [Moment::Before, Moment::After] {
            self.check_programs(moment, Status::Success, around)?;
        }
        self.due(&self.list, Moment::After, Status::Failure, around)?;
        self.run(Moment::Before, &Ending::success(0), around).await
    }

    async fn after(&self, ending: &Ending, around: &mut Around<'_>) -> Result<()> {
        self.check_programs(Moment::After, ending.status, around)?;
        self.run(Moment::After, ending, around).await
    }

    /// Runs the hooks after the command by how it ended, which they cannot make better.
    ///
    /// # Errors
    /// That of the command, else that of a hook.
    pub(crate) async fn finish<T>(
        &self,
        result: Result<T>,
        code: impl FnOnce(&T) -> u8,
        around: &mut Around<'_>,
    ) -> Result<T> {
        let ending = match &result {
            Ok(done) => Ending::success(code(done)),
            // Whoever asked for the end does not want more to begin.
            Err(report) if report.code().as_deref() == Some("atmos::exec::interrupted") => return result,
            Err(report) => Ending::failure(report),
        };
        match (result, self.after(&ending, around).await) {
            (Ok(done), after) => after.map(|()| done),
            (Err(first), after) => {
                if let Err(report) = after {
                    let warning = Warning::new("atmos::hooks::failed", report.to_string());
                    around.app.host.talk.warn(warning);
                }
                Err(first)
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn event(&self, moment: Moment) -> Event<'_> {
        Event { moment, kind: &self.kind, verb: &self.verb }
    }

    /// The hooks that run now, in the order of their declaration.
    fn due<'h>(
        &self,
        list: &'h [Hook],
        moment: Moment,
        status: Status,
        around: &Around<'_>,
    ) -> Result<Vec<&'h Hook>, Error> {
        let (event, instance) = (self.event(moment), around.instance);
        let name = event.to_string();
        let mut due = Vec::new();
        for hook in list.iter().filter(|hook| hook.concerns(event)) {
            let subject = Subject::Hook { component: &instance.name, hook: &hook.name, event: &name };
            let (ci, stack, env) = (around.app.host.terminal.ci, instance.stack.as_str(), around.env);
            match hook.when.runs(&Facts { status, ci, stack, subject, env }) {
                Ok(true) => due.push(hook),
                Ok(false) => {}
                Err(problem) => {
                    let place = around.app.host.sources.place(hook.span).map(|place| format!(" ({place})"));
                    return Err(Error::Condition {
                        hook: hook.name.clone(),
                        problem,
                        place: place.unwrap_or_default(),
                    });
                }
            }
        }
        Ok(due)
    }

    fn check_programs(&self, moment: Moment, status: Status, around: &Around<'_>) -> Result<(), Error> {
        let host = &around.app.host;
        for hook in self.due(&self.list, moment, status, around)? {
            let program = match &hook.kind {
                Kind::Command(command) => command.program.as_str(),
                Kind::Migrate(_) => TFMIGRATE,
                // One that may fail says so when its turn comes.
                Kind::Store(store) if hook.on_failure == OnFailure::Fail => {
                    self.check_store(moment, hook, store, around)?;
                    continue;
                }
                _ => continue,
            };
            if process::find(program, "a hook", around.env, &host.cwd).is_err() {
                let place = host.sources.place(hook.span).map(|place| format!(" ({place})")).unwrap_or_default();
                let (hook, command) = (hook.name.clone(), program.to_owned());
                return Err(Error::CommandNotFound { hook, command, place });
            }
        }
        Ok(())
    }

    /// Refuses a store that is not there before terraform changes anything.
    fn check_store(&self, moment: Moment, hook: &Hook, store: &Store, around: &Around<'_>) -> Result<(), Error> {
        if store.outputs.is_empty() {
            return Ok(());
        }
        // Whether the stacks can be read has been told already.
        let Ok(Err(problem)) = around.app.writer(around.instance, around.options, &store.name) else { return Ok(()) };
        let (hook, event) = (hook.name.clone(), self.event(moment).to_string());
        Err(Error::StoreFailed { hook, event, reason: problem.reason, help: problem.help })
    }

    /// The hooks as they are now that the ending is known, where a template asks for it.
    fn told(&self, ending: &Ending, around: &Around<'_>) -> Result<Option<Vec<Hook>>> {
        let Some(found) = &self.asking else { return Ok(None) };
        let (sections, ending) = (vec!["hooks".to_owned()], ending.told(around.app));
        let instance = around.app.evaluate(found, &Options { sections, ending, ..around.options.clone() })?;
        Ok(Some(self.list_of(around.app, &instance)?))
    }

    async fn run(&self, moment: Moment, ending: &Ending, around: &mut Around<'_>) -> Result<()> {
        let (event, talk) = (self.event(moment), around.app.host.talk.clone());
        let told = self.told(ending, around)?;
        let due = self.due(told.as_deref().unwrap_or(&self.list), moment, ending.status, around)?;
        if due.is_empty() {
            return Ok(());
        }
        talk.info(format!("Running hooks event={event} status={}", ending.word()));
        // All hooks of one event see the same outputs.
        let mut outputs: Option<Outputs> = None;
        for hook in due {
            let failure = match &hook.kind {
                Kind::Nothing => None,
                Kind::Command(command) => command::run(hook, command, event, ending, around).await?,
                Kind::Steps(list) => Box::pin(steps::run(hook, list, event, ending, around)).await?,
                Kind::Migrate(wanted) => migrate::run(hook, wanted, event, ending, around).await?,
                Kind::Git(publish) => git::run(hook, publish, event, around).await?,
                Kind::Store(store) => store::run(&hook.name, store, event, around, &mut outputs).await?,
            };
            let Some(failure) = failure else { continue };
            match hook.on_failure {
                OnFailure::Fail => return Err(failure.into()),
                OnFailure::Ignore => tracing::debug!("hook failed (ignored per on_failure): {failure}"),
                OnFailure::Warn => {
                    let message = format!("Hook command failed (warning per on_failure): {failure}");
                    let warning = Warning::new("atmos::hooks::failed", message);
                    let help = miette::Diagnostic::help(&failure).map(|help| help.to_string());
                    talk.warn(help.into_iter().fold(warning, Warning::help));
                }
            }
        }
        Ok(())
    }
}
