//! Runs a command that `atmos.yaml` adds.
//!
//! Read [`run`] first. Row 12.

use std::path::Path;

use super::parallel::{self, Family, Ready};
use super::steps::{Ended, Program, Runner};
use super::workflow::{also_failed, child_view, component_document, evaluation, forgives, runs, say};
use super::{App, child, special};
use crate::auth::resolution::Flag;
use crate::component;
use crate::custom::{Definition, Error, Origin, Values, Variable, definitions};
use crate::diag::{Report, Result, Warning};
use crate::exec::Error as ExecError;
use crate::exec::environment;
use crate::host::Env;
use crate::step::{self, Facts, Kind, Status, Step, Subject, Texts};
use crate::value::Node;
use crate::workflow;

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The whole command, as in `atmos show component`.
    pub path: String,
    pub command: Definition,
    pub values: Values,
    pub identity: Flag,
    /// `--base-path` was given.
    pub base_path: bool,
}

/// Runs the steps and returns the exit status.
///
/// # Errors
/// What is wrong with the command, or a step that fails: with the step's own exit status.
pub async fn run(app: &App, request: &Request) -> Result<u8> {
    let command = &request.command;
    let owner = format!("custom command \"{}\"", command.name);
    let steps = step::read(&command.steps, &Kind::Shell, &owner, &app.host.sources)?;
    check(app, command, &steps, &owner)?;
    say(app, &command.remarks(&app.host.sources));
    let components = |component: &str, stack: &str| component_document(app, component, stack, None, &request.identity);
    let mut texts = Texts::new(&app.host, &components);
    let mut runner = Runner::new(app, owner, request.identity.clone(), request.base_path)?;
    let env_texts = command.env.iter().filter_map(|variable| match &variable.origin {
        Origin::Text(text) => Some(text.as_str()),
        _ => None,
    });
    runner.keep = step::uses_results(&steps, env_texts);
    runner.stages = step::stages(&steps);
    let mut run = Run { app, request, runner, texts: &mut texts, exported: Vec::new() };
    run.prepare()?;
    let stack = request.values.flags.get("stack").and_then(Node::as_str).unwrap_or_default();
    let (mut status, mut failure) = (Status::Success, None);
    for step in &steps {
        let env = child_view(app, &run.exported);
        let subject = Subject::Step { owner: &request.path, step: &step.name };
        let facts = Facts { status, ci: app.host.terminal.ci, stack, subject, env: &env };
        if !runs(app, step, failure.as_ref(), step.when.runs(&facts))? {
            continue;
        }
        if let Err(report) = Box::pin(run.step(step)).await {
            if report.code().as_deref() == Some(special::EXIT) {
                return failure.map_or(Ok(report.exit_code()), Err);
            }
            if report.code().as_deref() == Some("atmos::exec::interrupted") {
                return Err(report);
            }
            if forgives(app, step, step.forgiven.forgives(&facts)) {
                let message = format!("the step `{}` failed, which `continue` forgives: {report}", step.name);
                app.host.talk.warn(Warning::new("atmos::custom::forgiven", message));
                continue;
            }
            status = Status::Failure;
            match &failure {
                Some(_) => also_failed(app, step, &report),
                None => failure = Some(report),
            }
        }
    }
    failure.map_or(Ok(0), Err)
}

/// The kinds of components that commands bring.
pub(super) fn kinds(app: &App) -> Vec<component::Kind> {
    fn add(commands: &[Definition], kinds: &mut Vec<component::Kind>) {
        for command in commands {
            kinds.extend(command.component_type.as_deref().map(component::Kind::from_key));
            add(&command.commands, kinds);
        }
    }
    let mut kinds = Vec::new();
    add(&definitions(&app.config, &app.host.sources), &mut kinds);
    kinds.dedup();
    kinds
}

/// Everything that can be found out before something runs.
fn check(app: &App, command: &Definition, steps: &[Step], owner: &str) -> Result<()> {
    for step in steps {
        match &step.kind {
            Kind::NotBuilt(_) => return Err(step::Error::kind_not_built(step, owner, &app.host.sources).into()),
            Kind::Unknown(_) => {
                let owner = format!("Command {}", command.name);
                return Err(workflow::Error::step_type(&owner, step, &app.host.sources).into());
            }
            _ => {}
        }
    }
    for key in ["commands", "workflows"] {
        if let Some(node) = command.dependencies.get(key).filter(|node| !node.is_empty()) {
            let place = app.host.sources.place(node.span).map(|place| format!("{place}: ")).unwrap_or_default();
            let what = format!("dependencies.{key}");
            let help = "run them yourself first, or use the reference".to_owned();
            return Err(step::Error::NotBuilt { what, owner: owner.to_owned(), place, help }.into());
        }
    }
    let tools = command.dependencies.get("tools").is_some_and(|tools| !tools.is_empty())
        || command.dependencies.as_map().is_some_and(|map| map.values().any(|value| value.scalar_text().is_some()));
    if tools {
        let message = format!("`dependencies` of {owner} is not built yet and has no effect");
        app.host.talk.warn(Warning::new("atmos::ops::no_effect", message));
    }
    Ok(())
}

/// One command at work.
struct Run<'a, 'r> {
    app: &'a App,
    request: &'a Request,
    runner: Runner<'a>,
    texts: &'r mut Texts<'a>,
    /// What steps of the kind env gave to those that follow.
    exported: Vec<(String, Option<String>)>,
}

type Layers = Vec<(String, Option<String>)>;

impl Run<'_, '_> {
    /// Puts what templates see together. The component's own variables become part of the environment.
    fn prepare(&mut self) -> Result<()> {
        let Request { command, values, .. } = self.request;
        self.texts.set("Arguments", Node::from(values.arguments.clone()));
        for root in ["Flags", "flags"] {
            self.texts.set(root, Node::from(values.flags.clone()));
        }
        self.texts.set("TrailingArgs", Node::from(values.trailing.as_str()));
        let cwd = self.directory(None)?;
        for root in ["Cwd", "cwd"] {
            self.texts.set(root, Node::from(cwd.display().to_string()));
        }
        if let Some(own) = &command.component_type {
            let name = |meaning| values.meant(command, meaning).ok_or_else(|| self.nameless(meaning));
            let (component, stack, kind) = (name("component")?, name("stack")?, Some(component::Kind::from_key(own)));
            let identity = &self.request.identity;
            let written =
                component::find(&self.app.host, &self.app.config, self.app.index()?, &component, &stack, kind.clone())?;
            let subject = self.app.identify(&written, &evaluation(identity))?;
            self.runner.subject = Some((subject, command.name.clone()));
            let document = component_document(self.app, &component, &stack, kind, identity)?;
            if let Some(env) = document.get("env") {
                self.exported.extend(environment::entries([env]));
            }
            self.texts.set("Component", document);
        } else if let Some(config) = &command.component_config {
            let env = child_view(self.app, &[]);
            let part = |key: &'static str, text: &str| -> Result<String> {
                let what = format!("`component_config.{key}` of the command `{}`", command.name);
                let value = self.texts.render(&what, config.span, text, &env)?;
                let gives_nothing =
                    || Error::ComponentConfig { command: command.name.clone(), key, text: text.to_owned() };
                if value.is_empty() || value == "<no value>" { Err(gives_nothing().into()) } else { Ok(value) }
            };
            let (component, stack) = (part("component", &config.component)?, part("stack", &config.stack)?);
            self.texts.set(
                "ComponentConfig",
                component_document(self.app, &component, &stack, None, &self.request.identity)?,
            );
        }
        Ok(())
    }

    fn nameless(&self, meaning: &str) -> Report {
        Error::Arguments {
            message: format!("the command needs a {meaning}"),
            help: format!(
                "declare an argument or a flag for it in the `commands` section, and give it a value: {}",
                self.request.path
            ),
        }
        .into()
    }

    /// The working directory of the command, or of a step, which begins there.
    fn directory(&self, step: Option<&Step>) -> Result<std::path::PathBuf> {
        let command = &self.request.command;
        let own = command.working_directory.as_ref();
        let cwd = self.runner.directory(own, &self.app.config.base_path, &self.app.host.cwd, command.span)?;
        match step {
            None => Ok(cwd),
            Some(step) => Ok(self.runner.directory(step.working_directory.as_ref(), &cwd, &cwd, step.span)?),
        }
    }

    async fn step(&mut self, step: &Step) -> Result<()> {
        let cwd = self.directory(Some(step))?;
        let _folded = if step.kind == Kind::Env { None } else { self.runner.folded(&step.name) };
        if let Kind::Parallel(how) = &step.kind {
            let (app, keep) = (self.app, self.runner.keep);
            let summary = parallel::run(app, step, how, keep, self).await;
            self.texts.set_matrix(step);
            let summary = summary?;
            return match summary.failure(how) {
                Some((outcome, shown)) => Err(ExecError::child_failed(shown, outcome.code, None).into()),
                None => Ok(self.texts.keep(step, &step::Outcome::default(), &child_view(app, &[]))?),
            };
        }
        let (layers, early) = self.begin(step).await?;
        if step.kind == Kind::Env {
            return self.set_variables(step, &layers);
        }
        let seen = child_view(self.app, &layers);
        if let Some(outcome) = special::done(&mut self.runner, self.texts, step, &seen, &cwd).await? {
            return Ok(self.texts.keep(step, &outcome, &seen)?);
        }
        let held = self.hold(step, early).await?;
        let ended = self.start(step, &layers, &held, &cwd).await;
        held.close_after(ended).await
    }

    /// The variables of a step. Where commands give some of them these run as the step does, whose identity is held then.
    async fn begin(&mut self, step: &Step) -> Result<(Layers, Option<child::Held>)> {
        let is_command = |variable: &Variable| matches!(variable.origin, Origin::Command(_));
        let asks = self.request.command.env.iter().any(is_command);
        let held = if asks { Some(self.hold(step, None).await?) } else { None };
        match (self.layers(held.as_ref()).await, held) {
            (Ok(layers), held) => Ok((layers, held)),
            (Err(report), Some(held)) => held.close_after(Err(report)).await,
            (Err(report), None) => Err(report),
        }
    }

    /// The identity of a step, unless it is held already.
    async fn hold(&mut self, step: &Step, early: Option<child::Held>) -> Result<child::Held> {
        if let Some(held) = early {
            return Ok(held);
        }
        let identity = step.identity.as_deref().or(self.request.command.identity.as_deref());
        self.runner.hold(identity).await
    }

    async fn start(&mut self, step: &Step, layers: &Layers, held: &child::Held, cwd: &Path) -> Result<()> {
        let (program, env, command) = self.program(step, layers, held, cwd)?;
        let ended = self.runner.run(&program, cwd, &env, step.retry.as_ref(), step.timeout).await?;
        if ended.outcome.code == 0 {
            return Ok(self.texts.keep(step, &ended.outcome, &env)?);
        }
        Err(ExecError::child_failed(shown(&command), ended.outcome.code, None).into())
    }

    /// What a step starts, its environment, and the text of it.
    fn program(&self, step: &Step, layers: &Layers, held: &child::Held, cwd: &Path) -> Result<(Program, Env, String)> {
        let shell = Program::Shell(String::new());
        let mut env = self.runner.environment(layers, held, &shell, cwd);
        let what = format!("`command` of the step `{}`", step.name);
        let mut own = Vec::new();
        for (name, value) in &step.env {
            let what = format!("the variable `{name}` of the step `{}`", step.name);
            own.push((name, value.as_deref().map(|text| self.texts.render(&what, step.span, text, &env)).transpose()?));
        }
        let command = self.texts.render(&what, step.span, &step.command, &env)?;
        let program = match &step.kind {
            Kind::Script(interpreter) => {
                let what = format!("`interpreter` of the step `{}`", step.name);
                let interpreter = self.texts.render(&what, step.span, interpreter, &env)?;
                Program::Script { interpreter, text: command.clone() }
            }
            Kind::Atmos => Program::Atmos(workflow::atmos_words(&command, workflow::StepFlags::default())),
            _ => Program::Shell(command.clone()),
        };
        if step.kind == Kind::Atmos {
            env = self.runner.environment(layers, held, &program, cwd);
        }
        for (name, value) in own {
            env.change(name, value.as_deref());
        }
        Ok((program, env, command))
    }

    /// The variables of this program's place, of the component, of earlier steps and of the command, in that order. Those of the
    /// command are found anew for every step.
    async fn layers(&mut self, held: Option<&child::Held>) -> Result<Layers> {
        let nobody = child::Held::default();
        let held = held.unwrap_or(&nobody);
        let command = &self.request.command;
        let mut layers = self.own_place();
        layers.extend(self.exported.iter().cloned());
        let cwd = self.directory(None)?;
        for variable in &command.env {
            let env = child_view(self.app, &layers);
            let value = match &variable.origin {
                Origin::Text(text) => {
                    let what = format!("the variable `{}` of the command `{}`", variable.name, command.name);
                    self.texts.render(&what, variable.span, text, &env)?
                }
                Origin::Command(text) => {
                    let env = child::step_environment(self.app, &layers, held, false);
                    let failed = |code| {
                        let (command, name) = (command.name.clone(), variable.name.clone());
                        Error::ValueCommand { command, name, code, text: text.clone() }
                    };
                    self.runner.output_of(text, &cwd, &env).await?.map_err(failed)?
                }
                Origin::Both => continue,
            };
            layers.push((variable.name.clone(), Some(value)));
        }
        if layers.iter().any(|(name, _)| name == "PATH") {
            // A command that sets PATH may have lost the way to this program.
            let path = layers.iter().rev().find(|(name, _)| name == "PATH").and_then(|(_, value)| value.clone());
            layers.push(("PATH".to_owned(), Some(self.with_own_folder(path.as_deref()))));
        }
        Ok(layers)
    }

    /// Where this program is, so that steps that call `atmos` reach the same.
    fn own_place(&self) -> Layers {
        let env = child_view(self.app, &[]);
        let path = env.get_raw("PATH").map(|path| path.to_string_lossy().into_owned());
        vec![
            ("ATMOS_CLI_PATH".to_owned(), Some(self.app.host.exe.display().to_string())),
            ("PATH".to_owned(), Some(self.with_own_folder(path.as_deref()))),
        ]
    }

    /// A search path that has this program's folder: before all others, unless it is there already.
    fn with_own_folder(&self, path: Option<&str>) -> String {
        let folder = self.app.host.exe.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
        match path {
            None | Some("") => folder,
            Some(path) if path.split(':').any(|known| known == folder) => path.to_owned(),
            Some(path) => format!("{folder}:{path}"),
        }
    }

    fn set_variables(&mut self, step: &Step, layers: &Layers) -> Result<()> {
        let exported = self.texts.set_variables(step, &child_view(self.app, layers))?;
        self.exported.extend(exported);
        Ok(())
    }
}

impl Family for Run<'_, '_> {
    async fn ready(&mut self, step: &Step) -> Result<Ready> {
        self.texts.set_matrix(step);
        let cwd = self.directory(Some(step))?;
        let (layers, early) = self.begin(step).await?;
        let held = self.hold(step, early).await?;
        match self.program(step, &layers, &held, &cwd) {
            Ok((program, env, _)) => Ok(Ready { program, cwd, env, held }),
            Err(report) => held.close_after(Err(report)).await,
        }
    }

    fn keep(&mut self, step: &Step, ended: &Ended, env: &Env) -> Result<()> {
        if ended.outcome.code != 0 {
            return Ok(());
        }
        self.texts.set_matrix(step);
        Ok(self.texts.keep(step, &ended.outcome, env)?)
    }
}

fn shown(command: &str) -> String {
    let mut lines = command.lines();
    let first = lines.next().unwrap_or_default();
    if lines.next().is_some() { format!("{first} …") } else { first.to_owned() }
}
