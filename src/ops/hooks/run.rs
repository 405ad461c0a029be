//! Runs the hooks of an event, one after the other as they are declared.

use std::path::{Path, PathBuf};

use super::condition::Status;
use super::error::Error;
use super::event::{Event, Moment, Skip};
use super::hook::{self, Command, Hook, Kind, OnFailure};
use super::store;
use crate::component::Instance;
use crate::diag::{Report, Result, Warning};
use crate::exec::process::Surroundings;
use crate::exec::relay::Relay;
use crate::exec::signals::Signals;
use crate::exec::{Error as ExecError, Hangup, Launch, Output, process};
use crate::host::Env;
use crate::ops::{App, child};
use crate::resolve::Options;
use crate::state::Outputs;

/// The hooks that one command of a component has.
#[derive(Debug, Default)]
pub(crate) struct Hooks {
    list: Vec<Hook>,
    kind: String,
    verb: String,
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
    /// Where the planfile of the command is, if it exists.
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
struct Ending {
    status: Status,
    code: u8,
    error: Option<String>,
}

impl Ending {
    /// Well, with a code that says what there is (2: changes).
    fn success(code: u8) -> Ending {
        Ending { status: Status::Success, code, error: None }
    }

    fn failure(report: &Report) -> Ending {
        Ending { status: Status::Failure, code: report.exit_code(), error: Some(report.to_string()) }
    }
}

impl Hooks {
    /// Those that a sub-command has, read and checked before anything starts.
    ///
    /// # Errors
    /// A hook that cannot be used.
    pub(crate) fn read(app: &App, instance: &Instance, verb: &str, skip: &Skip) -> Result<Hooks, Error> {
        let kind = instance.kind.key();
        let mut hooks = Hooks { list: Vec::new(), kind: kind.to_owned(), verb: verb.to_owned() };
        if *skip == Skip::All {
            return Ok(hooks);
        }
        for (name, node) in instance.sections.hooks.as_map().into_iter().flatten() {
            let events = hook::events(node);
            let heard = [Moment::Before, Moment::After]
                .iter()
                .any(|moment| hook::concerns(events.as_deref(), Event { moment: *moment, kind, verb }));
            if !heard || node.is_empty() {
                continue;
            }
            if skip.skips(name) {
                app.host.talk.info(format!("Skipping hook `{name}` (--skip-hooks)"));
                continue;
            }
            hooks.list.push(Hook::read(name, node, instance, &app.host.sources)?);
        }
        Ok(hooks)
    }

    /// Runs the hooks before the command. Whatever fails here keeps the command from starting.
    ///
    /// # Errors
    /// A hook that fails and says `on_failure: fail`, a program that is not there.
    pub(crate) async fn before(&self, around: &mut Around<'_>) -> Result<()> {
        for moment in [Moment::Before, Moment::After] {
            self.check_programs(moment, Status::Success, around)?;
        }
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
    fn due(&self, moment: Moment, status: Status, ci: bool) -> impl Iterator<Item = &Hook> {
        let event = self.event(moment);
        self.list.iter().filter(move |hook| hook.concerns(event) && hook.when.runs(status, ci))
    }

    fn check_programs(&self, moment: Moment, status: Status, around: &Around<'_>) -> Result<(), Error> {
        let host = &around.app.host;
        for hook in self.due(moment, status, host.terminal.ci) {
            let Kind::Command(command) = &hook.kind else { continue };
            if process::find(&command.program, "a hook", around.env, &host.cwd).is_err() {
                let place = host.sources.place(hook.span).map(|place| format!(" ({place})")).unwrap_or_default();
                let (hook, command) = (hook.name.clone(), command.program.clone());
                return Err(Error::CommandNotFound { hook, command, place });
            }
        }
        Ok(())
    }

    async fn run(&self, moment: Moment, ending: &Ending, around: &mut Around<'_>) -> Result<()> {
        let (event, talk) = (self.event(moment), around.app.host.talk.clone());
        let due: Vec<&Hook> = self.due(moment, ending.status, around.app.host.terminal.ci).collect();
        if due.is_empty() {
            return Ok(());
        }
        talk.info(format!("Running hooks event={event} status={}", ending.status.word()));
        // All hooks of one event see the same outputs.
        let mut outputs: Option<Outputs> = None;
        for hook in due {
            let failure = match &hook.kind {
                Kind::Nothing => None,
                Kind::Command(command) => self.command(hook, command, event, ending, around).await?,
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

    /// Starts the program of a hook; its failure comes back as a value.
    async fn command(
        &self,
        hook: &Hook,
        command: &Command,
        event: Event<'_>,
        ending: &Ending,
        around: &mut Around<'_>,
    ) -> Result<Option<Error>> {
        let host = &around.app.host;
        let temp = tempfile::Builder::new().prefix("atmos-hook-").tempdir_in(&host.dirs.temp);
        let temp = temp.map_err(ExecError::file("create", &host.dirs.temp))?;
        let file = temp.path().join("output");
        let own = variables(around, ending, &file);
        let mut env = around.env.clone();
        for (name, value) in &own {
            env.set(name, value);
        }
        let base = env.clone();
        for (name, text) in &command.env {
            env.set(name, expanded(text, &base));
        }
        let launch = Launch {
            program: command.program.clone(),
            configured: format!("`command` of the hook `{}`", hook.name),
            args: command.args.iter().map(|arg| expanded(arg, &base).into()).collect(),
            cwd: if around.folder.is_dir() { around.folder.to_path_buf() } else { host.cwd.clone() },
            env,
            output: match (command.prints, around.data) {
                (true, _) => Output::Value,
                (false, true) => Output::Stderr,
                (false, false) => Output::Inherit,
            },
            stderr: None,
            hangup: Hangup::PassesOn,
        };
        let outcome =
            process::run(&launch, Surroundings { relay: around.relay, ..child::surroundings(host) }, around.signals)
                .await?;
        if let Some(stop) = outcome.stop {
            return Err(ExecError::Interrupted { stop }.into());
        }
        if let Some(report) = &command.report {
            let content = if command.prints {
                String::from_utf8_lossy(&outcome.captured).into_owned()
            } else {
                std::fs::read_to_string(temp.path().join(report.file())).unwrap_or_default()
            };
            if let Some(text) = report.render(&hook.name, &content) {
                host.talk.info(text);
            }
        }
        let (hook, event) = (hook.name.clone(), event.to_string());
        Ok((outcome.code != 0).then_some(Error::CommandFailed { hook, event, code: outcome.code }))
    }
}

/// What a hook learns about the run that it belongs to.
fn variables(around: &Around<'_>, ending: &Ending, file: &Path) -> Vec<(&'static str, String)> {
    let text = |path: &Path| path.display().to_string();
    let mut variables = vec![
        ("ATMOS_STACK", around.instance.stack.clone()),
        ("ATMOS_COMPONENT", around.instance.name.clone()),
        ("ATMOS_COMPONENT_PATH", text(around.folder)),
        ("ATMOS_OUTPUT_DIR", file.parent().map(text).unwrap_or_default()),
        ("ATMOS_OUTPUT_FILE", text(file)),
        ("ATMOS_HOOK_STATUS", ending.status.word().to_owned()),
        ("ATMOS_HOOK_EXIT_CODE", ending.code.to_string()),
    ];
    if let Some(planfile) = around.planfile.as_ref().filter(|planfile| planfile.is_file()) {
        variables.push(("ATMOS_PLANFILE", text(planfile)));
    }
    if let Some(error) = &ending.error {
        variables.push(("ATMOS_HOOK_ERROR", around.app.host.masker.mask(error).into_owned()));
    }
    variables
}

/// `$NAME` and `${NAME}` replaced by variables; one that is not set is empty.
fn expanded(text: &str, env: &Env) -> String {
    let value = |name: &str| env.get(name).unwrap_or_default().to_owned();
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        done.push_str(before);
        if let Some((name, behind)) = after.strip_prefix('{').and_then(|after| after.split_once('}')) {
            done.push_str(&value(name));
            rest = behind;
            continue;
        }
        let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
        let (name, behind) = after.split_at(end);
        if name.is_empty() {
            done.push('$');
        } else {
            done.push_str(&value(name));
        }
        rest = behind;
    }
    done.push_str(rest);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_in_arguments_are_replaced() {
        let env = Env::from_iter([("A", "1"), ("B_2", "x y")]);
        for (text, expected) in [
            ("--stack=$A", "--stack=1"),
            ("${B_2}/$A.", "x y/1."),
            ("$NONE-", "-"),
            ("5$ and $", "5$ and $"),
            ("${A", "${A"),
            ("plain", "plain"),
        ] {
            assert_eq!(expanded(text, &env), expected, "{text}");
        }
    }
}
