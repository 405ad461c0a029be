//! Runs the steps of a hook, as those of a workflow run, as the component and in its folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::command::{Prepared, prepare};
use super::error::Error;
use super::event::Event;
use super::hook::{Hook, Steps};
use super::run::{Around, Ending};
use crate::auth::resolution::Flag;
use crate::diag::{Result, Warning};
use crate::exec::environment::add_level;
use crate::exec::{folder_lock, shell_variables};
use crate::host::Env;
use crate::ops::child::{self, Held};
use crate::ops::steps::{Program, Runner};
use crate::step::{Directory, Facts, Kind, Status, Step, Subject};
use crate::workflow::{StepFlags, atmos_words};

/// Runs them in order. The failure of one comes back as a value.
pub(super) async fn run(
    hook: &Hook,
    steps: &Steps,
    event: Event<'_>,
    ending: &Ending,
    around: &mut Around<'_>,
) -> Result<Option<Error>> {
    let Prepared { temp: _temp, env, .. } = prepare(around, ending, &steps.env)?;
    // Where the run is nobody, so is every step.
    let flag = Some(Flag::Disabled).filter(|off| around.options.identity.flag == *off).unwrap_or(Flag::NotGiven);
    let mut runner = Runner::new(around.app, format!("the hook `{}`", hook.name), flag, false)?;
    (runner.relay, runner.aside) = (around.relay, around.data);
    // A step that names an identity is that one, within the guard rails of the component.
    runner.subject = Some((Arc::new(around.instance.clone()), event.verb.to_owned()));
    let mut run = Run { runner, hook, around, env };
    let (mut status, mut failure) = (Status::Success, None);
    for step in &steps.list {
        if !run.condition(step, step.when.runs(&run.facts(status, step)))? {
            continue;
        }
        let code = run.step(step).await?;
        if code == 0 {
            continue;
        }
        let error =
            Error::StepFailed { hook: hook.name.clone(), event: event.to_string(), step: step.name.clone(), code };
        if run.condition(step, step.forgiven.forgives(&run.facts(status, step)))? {
            let message = format!("a failure that `continue` forgives: {error}");
            run.around.app.host.talk.warn(Warning::new("atmos::hooks::forgiven", message));
            continue;
        }
        status = Status::Failure;
        match &failure {
            Some(_) => {
                let message = format!("the step `{}` failed, too: {error}", step.name);
                run.around.app.host.talk.warn(Warning::new("atmos::step::failed_too", message));
            }
            None => failure = Some(error),
        }
    }
    Ok(failure)
}

/// The steps of one hook at work.
struct Run<'a, 'r> {
    runner: Runner<'r>,
    hook: &'a Hook,
    around: &'a Around<'r>,
    /// What the next step sees.
    env: Env,
}

impl Run<'_, '_> {
    fn facts<'f>(&'f self, status: Status, step: &'f Step) -> Facts<'f> {
        let (ci, stack) = (self.around.app.host.terminal.ci, self.around.instance.stack.as_str());
        let subject = Subject::Step { owner: &self.hook.name, step: &step.name };
        Facts { status, ci, stack, subject, env: &self.env }
    }

    fn condition(&self, step: &Step, result: std::result::Result<bool, String>) -> Result<bool, Error> {
        result.map_err(|problem| {
            let place = self.around.app.host.sources.place(step.span).map(|place| format!(" ({place})"));
            Error::Condition { hook: self.hook.name.clone(), problem, place: place.unwrap_or_default() }
        })
    }

    /// Runs one step to its end and gives its exit code.
    async fn step(&mut self, step: &Step) -> Result<u8> {
        if step.kind == Kind::Env {
            for (name, value) in step.vars.iter().filter(|_| step.export) {
                self.env.set(name, value);
            }
            return Ok(0);
        }
        let held = match &step.identity {
            Some(_) => Some(self.runner.hold(step.identity.as_deref()).await?),
            None => None,
        };
        let code = self.held_step(step, held.as_ref()).await;
        // The step has ended: its credentials go, however it did.
        match held {
            Some(held) => held.close_after(code).await,
            None => code,
        }
    }

    async fn held_step(&mut self, step: &Step, held: Option<&Held>) -> Result<u8> {
        let mut env = match held {
            Some(held) => self.as_another(held),
            None => self.env.clone(),
        };
        for (name, value) in &step.env {
            env.change(name, value.as_deref());
        }
        let cwd = self.directory(step)?;
        let program = match &step.kind {
            Kind::Atmos => {
                add_level(&mut env);
                let flags = StepFlags { stack: step.stack.as_deref(), ..StepFlags::default() };
                Program::Atmos(atmos_words(&step.command, flags))
            }
            Kind::Script(interpreter) => {
                Program::Script { interpreter: interpreter.clone(), text: step.command.clone() }
            }
            _ => Program::Shell(step.command.clone()),
        };
        let ended = self.runner.run(&program, &cwd, &env, step.retry.as_ref(), step.timeout).await?;
        Ok(ended.outcome.code)
    }

    /// The environment of a step that is somebody else than the component: nothing of the component's own identity, but
    /// what the hook and the steps before have set, and what terraform is told.
    fn as_another(&self, held: &Held) -> Env {
        let Around { app, instance, env: own, .. } = self.around;
        let mut env = child::environment(app, &instance.sections.env, held);
        for (name, value) in self.env.iter() {
            let Some(known) = name.to_str() else { continue };
            let is_new = own.get_raw(known) != Some(value);
            if is_new
                || matches!(known, folder_lock::HELD | shell_variables::MARK)
                || known.starts_with("TF_") && !env.is_set(known)
            {
                env.set(known, value);
            }
        }
        env
    }

    /// The folder of the component, where a step names no other; atmos itself runs where it was started. A path that
    /// begins with a dot means the directory of the call, any other the folder of the component.
    fn directory(&self, step: &Step) -> Result<PathBuf> {
        let Around { app, folder, .. } = self.around;
        let folder = if folder.is_dir() { *folder } else { app.host.cwd.as_path() };
        let usual = if step.kind == Kind::Atmos { app.host.cwd.as_path() } else { folder };
        let base: &Path = match &step.working_directory {
            Some(Directory::Path(path)) if path.starts_with('.') => &app.host.cwd,
            _ => folder,
        };
        Ok(self.runner.directory(step.working_directory.as_ref(), base, usual, step.span)?)
    }
}
