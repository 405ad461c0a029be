//! `atmos workflow`: finds a workflow and runs its steps, one after the other.
//!
//! Read [`run`] first. Row 12.

mod find;

use std::path::Path;

use self::find::find;
use super::parallel::{self, Family, Ready};
use super::steps::{Ended, Program, Runner};
use super::{App, describe, special};
use crate::auth::resolution::Flag;
use crate::component::{self, Kind};
use crate::diag::{Remark, Report, Result, Warning};
use crate::exec::environment;
use crate::host::Env;
use crate::resolve;
use crate::state::Wish;
use crate::step::{self, Facts, Kind as StepKind, Parallel, Status, Step, Subject, Texts};
use crate::value::{Map, Node};
use crate::workflow::{Error, StepFlags, Workflow, atmos_words, resume_hint, shown_words, stack_of};

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub name: Option<String>,
    pub file: Option<String>,
    pub stack: Option<String>,
    pub from_step: Option<String>,
    pub dry_run: bool,
    pub identity: Flag,
    /// Passed on to steps of this program.
    pub tags: Option<String>,
    pub labels: Option<String>,
    /// `--base-path` was given.
    pub base_path: bool,
}

/// A workflow with the file that has it, as `--file` takes it.
struct Found {
    workflow: Workflow,
    file: String,
}

/// Runs a workflow and returns the exit status.
///
/// # Errors
/// No such file or workflow, what is wrong with it, or a step that fails: with the step's own exit status.
pub async fn run(app: &App, request: &Request) -> Result<u8> {
    let found = find(app, request)?;
    let steps = found.workflow.from(request.from_step.as_deref())?;
    let owner = format!("workflow \"{}\"", found.workflow.name);
    if let Some(step) = found.workflow.steps.iter().find(|step| matches!(step.kind, StepKind::NotBuilt(_))) {
        return Err(step::Error::kind_not_built(step, &owner, &app.host.sources).into());
    }
    warn(app, &found.workflow);
    let components = |component: &str, stack: &str| component_document(app, component, stack, None, &request.identity);
    let mut texts = Texts::new(&app.host, &components);
    let env_texts = found.workflow.env.iter().filter_map(|(_, value)| value.as_deref());
    let mut runner = Runner::new(app, owner, request.identity.clone(), request.base_path)?;
    runner.keep = step::uses_results(steps, env_texts);
    runner.stages = step::stages(&found.workflow.steps);
    let mut run = Run { app, request, found: &found, runner, texts: &mut texts, exported: Vec::new() };
    let (mut status, mut failure) = (Status::Success, None);
    for step in steps {
        let Some(env) = behind(app, step, failure.as_ref(), run.seen_by_conditions(step))? else { continue };
        let stack = stack_of(request.stack.as_deref(), step, found.workflow.stack.as_deref()).unwrap_or_default();
        let (ci, owner) = (app.host.terminal.ci, found.workflow.name.as_str());
        let subject = Subject::Step { owner, step: &step.name };
        let facts = Facts { status, ci, stack, subject, env: &env };
        if !runs(app, step, failure.as_ref(), step.when.runs(&facts))? {
            continue;
        }
        if let Err(report) = run.step(step).await {
            if report.code().as_deref() == Some(special::EXIT) {
                return failure.map_or(Ok(report.exit_code()), Err);
            }
            if report.code().as_deref() == Some("atmos::exec::interrupted") || unknown_type(&report) {
                return Err(report);
            }
            if forgives(app, step, step.forgiven.forgives(&facts)) {
                let message =
                    format!("the step `{}` failed, which `continue` forgives: {}", step.name, first_line(&report));
                app.host.talk.warn(Warning::new("atmos::workflow::forgiven", message));
                continue;
            }
            status = Status::Failure;
            // The first failure is the one that counts.
            match &failure {
                Some(_) => also_failed(app, step, &report),
                None => failure = Some(report),
            }
        }
    }
    failure.map_or(Ok(0), Err)
}

/// The answer to a question about a step. Behind a failure there is none where the question has no answer: the first failure
/// is the one that counts, and what is to run always still does.
fn behind<T>(app: &App, step: &Step, failure: Option<&Report>, answer: Result<T>) -> Result<Option<T>> {
    match (answer, failure) {
        (Ok(answer), _) => Ok(Some(answer)),
        (Err(report), None) => Err(report),
        (Err(report), Some(_)) => {
            also_failed(app, step, &report);
            Ok(None)
        }
    }
}

/// Whether a step runs by its condition.
pub(super) fn runs(
    app: &App,
    step: &Step,
    failure: Option<&Report>,
    answer: std::result::Result<bool, String>,
) -> Result<bool> {
    let answer = condition(app, step, answer).map_err(Report::from);
    Ok(behind(app, step, failure, answer)?.unwrap_or_default())
}

/// Whether a failure is forgiven. What is wrong with the condition does not hide the failure, which then counts.
pub(super) fn forgives(app: &App, step: &Step, answer: std::result::Result<bool, String>) -> bool {
    condition(app, step, answer).unwrap_or_else(|error| {
        also_failed(app, step, &Report::from(error));
        false
    })
}

/// What a condition says, or what is wrong with it.
fn condition(app: &App, step: &Step, result: std::result::Result<bool, String>) -> Result<bool, step::Error> {
    result.map_err(|problem| {
        let place = app.host.sources.place(step.span).map(|place| format!("{place}: ")).unwrap_or_default();
        step::Error::Condition { step: step.name.clone(), problem, place }
    })
}

fn unknown_type(report: &Report) -> bool {
    report.code().as_deref() == Some("atmos::workflow::step_type")
}

fn first_line(report: &Report) -> String {
    report.to_string().lines().next().unwrap_or_default().to_owned()
}

/// How a component is evaluated for steps: as who they run as.
pub(super) fn evaluation(identity: &Flag) -> resolve::Options {
    let identity = Wish { flag: identity.clone(), runs: false };
    resolve::Options { identity, ..resolve::Options::default() }
}

/// The document of a component, for templates of steps.
pub(super) fn component_document(
    app: &App,
    component: &str,
    stack: &str,
    kind: Option<Kind>,
    identity: &Flag,
) -> Result<Node> {
    let request = describe::ComponentRequest {
        component: component.to_owned(),
        stack: stack.to_owned(),
        kind: None,
        processing: evaluation(identity),
        full: true,
        // The description of the module, which costs reading it, is what this leaves out.
        query: Some(".vars".to_owned()),
        names: crate::content::Names::default(),
    };
    let written = component::find(&app.host, &app.config, app.index()?, component, stack, kind)?;
    let evaluated = app.evaluate(&written, &request.processing)?;
    describe::document(app, &request, &written, &evaluated)
}

fn warn(app: &App, workflow: &Workflow) {
    let no_effect = |what: &str| {
        let message = format!("`{what}` of the workflow `{}` is not built yet and has no effect", workflow.name);
        app.host.talk.warn(Warning::new("atmos::ops::no_effect", message));
    };
    if workflow.tools {
        no_effect("dependencies.tools");
    }
    say(app, &workflow.remarks);
}

/// Says what is strange before anything runs.
pub(super) fn say(app: &App, remarks: &[Remark]) {
    for remark in remarks {
        app.host.talk.warn(remark.warning(&app.host.sources));
    }
}

/// Says that a step failed after the failure that the whole ends with.
pub(super) fn also_failed(app: &App, step: &Step, report: &Report) {
    let mut message = format!("the step `{}` failed, too: {}", step.name, first_line(report));
    let mut cause = std::error::Error::source(report.diagnostic());
    while let Some(error) = cause {
        let text = error.to_string();
        message = format!("{message}: {}", text.lines().next().unwrap_or_default());
        cause = error.source();
    }
    app.host.talk.warn(Warning::new("atmos::step::failed_too", message));
}

/// One workflow at work.
struct Run<'a, 'r> {
    app: &'a App,
    request: &'a Request,
    found: &'a Found,
    runner: Runner<'a>,
    texts: &'r mut Texts<'a>,
    /// What steps of the kind env gave to those that follow.
    exported: Vec<(String, Option<String>)>,
}

impl Run<'_, '_> {
    async fn step(&mut self, step: &Step) -> Result<()> {
        let workflow = &self.found.workflow;
        if let StepKind::Unknown(_) = &step.kind {
            let owner = format!("Workflow {}", workflow.name);
            return Err(Error::step_type(&owner, step, &self.app.host.sources).into());
        }
        let stack = stack_of(self.request.stack.as_deref(), step, workflow.stack.as_deref());
        self.texts.set("flags", self.flags(stack));
        self.texts.set("Flags", self.flags(stack));
        let layers = self.layers(step)?;
        if step.kind == StepKind::Env {
            return self.set_variables(step, &layers);
        }
        let host = &self.app.host;
        let directory = step.working_directory.as_ref().or(workflow.working_directory.as_ref());
        let cwd = self.runner.directory(directory, &self.app.config.base_path, &host.cwd, step.span)?;
        let env = child_view(self.app, &layers);
        if self.request.dry_run {
            let shown = self.program(step, stack, &env)?.1;
            host.talk.info(match special::described(step, &shown) {
                Some(other) => format!("Would {other}"),
                None => format!("Would run: {shown}"),
            });
            for done in step.children.iter().chain([step]) {
                // What it would have given is not known; an output that cannot be made of that is none.
                let _ = self.texts.keep(done, &unknown(done), &env);
            }
            return Ok(());
        }
        let _folded = self.runner.folded(&step.name);
        if let StepKind::Parallel(how) = &step.kind {
            return self.at_once(step, how, stack).await;
        }
        if let Some(outcome) = special::done(&mut self.runner, self.texts, step, &env, &cwd).await? {
            return Ok(self.texts.keep(step, &outcome, &env)?);
        }
        let held = self.runner.hold(step.identity.as_deref()).await?;
        let ended = self.start(step, stack, &layers, &held, &cwd).await;
        let (ended, shown) = held.close_after(ended).await?;
        if ended.outcome.code == 0 {
            let env = child_view(self.app, &layers);
            return Ok(self.texts.keep(step, &ended.outcome, &env)?);
        }
        Err(self.failed(step, stack, &ended, shown))
    }

    /// Runs the children of a step.
    async fn at_once(&mut self, step: &Step, how: &Parallel, stack: Option<&str>) -> Result<()> {
        let (app, keep) = (self.app, self.runner.keep);
        let summary = parallel::run(app, step, how, keep, self).await;
        self.texts.set_matrix(step);
        let summary = summary?;
        let env = child_view(app, &[]);
        let Some((outcome, shown)) = summary.failure(how) else {
            return Ok(self.texts.keep(step, &step::Outcome::default(), &env)?);
        };
        Err(self.failed(step, stack, &Ended { outcome, ..Ended::default() }, shown))
    }

    /// Renders the command and runs it.
    async fn start(
        &mut self,
        step: &Step,
        stack: Option<&str>,
        layers: &[(String, Option<String>)],
        held: &super::child::Held,
        cwd: &Path,
    ) -> Result<(Ended, String)> {
        let seen = self.runner.environment(layers, held, &Program::Shell(String::new()), cwd);
        let (program, shown) = self.program(step, stack, &seen)?;
        let env = self.runner.environment(layers, held, &program, cwd);
        if let Program::Atmos(_) = program {
            self.app.host.talk.info(format!("▶ Executing command: {shown}"));
        }
        let ended = self.runner.run(&program, cwd, &env, step.retry.as_ref(), step.timeout).await?;
        Ok((ended, shown))
    }

    /// What a step starts, and how that is shown.
    fn program(&self, step: &Step, stack: Option<&str>, env: &Env) -> Result<(Program, String)> {
        let what = format!("`command` of the step `{}`", step.name);
        let command = self.texts.render(&what, step.span, &step.command, env)?;
        if let StepKind::Script(interpreter) = &step.kind {
            let what = format!("`interpreter` of the step `{}`", step.name);
            let interpreter = self.texts.render(&what, step.span, interpreter, env)?;
            let shown = format!("{interpreter}: {}", command.trim());
            return Ok((Program::Script { interpreter, text: command }, shown));
        }
        if step.kind != StepKind::Atmos {
            return Ok((Program::Shell(command.clone()), command));
        }
        let (tags, labels) = (self.request.tags.as_deref(), self.request.labels.as_deref());
        let words = atmos_words(&command, StepFlags { stack, tags, labels });
        let shown = format!("atmos {}", shown_words(&words));
        Ok((Program::Atmos(words), shown))
    }

    /// The variables of the workflow, of earlier steps and of this one, later ones last.
    fn layers(&self, step: &Step) -> Result<Vec<(String, Option<String>)>> {
        let base = child_view(self.app, &self.exported);
        let mut layers = Vec::new();
        let workflow = &self.found.workflow;
        let owners = [("the workflow", &workflow.env), ("the step", &step.env)];
        for (owner, entries) in owners {
            if owner == "the step" {
                layers.extend(self.exported.iter().cloned());
            }
            for (at, (name, value)) in entries.iter().enumerate() {
                let what = format!("the variable `{name}` of {owner}");
                let place = workflow.env_places.get(at).filter(|_| owner == "the workflow");
                let span = place.copied().unwrap_or(step.span);
                let value = value.as_deref().map(|text| self.texts.render(&what, span, text, &base)).transpose()?;
                layers.push((name.clone(), value));
            }
        }
        Ok(layers)
    }

    /// The environment that conditions see: that of the workflow, and what steps exported.
    fn seen_by_conditions(&self, step: &Step) -> Result<Env> {
        if step.when.is_empty() && step.forgiven.is_empty() {
            return Ok(Env::default());
        }
        let base = child_view(self.app, &self.exported);
        let mut layers = Vec::new();
        let workflow = &self.found.workflow;
        for ((name, value), span) in workflow.env.iter().zip(&workflow.env_places) {
            let what = format!("the variable `{name}` of the workflow");
            let value = value.as_deref().map(|text| self.texts.render(&what, *span, text, &base)).transpose()?;
            layers.push((name.clone(), value));
        }
        layers.extend(self.exported.iter().cloned());
        Ok(child_view(self.app, &layers))
    }

    fn set_variables(&mut self, step: &Step, layers: &[(String, Option<String>)]) -> Result<()> {
        let exported = self.texts.set_variables(step, &child_view(self.app, layers))?;
        self.exported.extend(exported);
        Ok(())
    }

    fn flags(&self, stack: Option<&str>) -> Node {
        let mut flags = Map::default();
        flags.insert("stack".into(), Node::from(stack.unwrap_or_default()));
        if let Flag::Name(identity) = &self.request.identity {
            flags.insert("identity".into(), Node::from(identity.as_str()));
        }
        Node::from(flags)
    }

    fn failed(&self, step: &Step, stack: Option<&str>, ended: &Ended, command: String) -> Report {
        let code = ended.outcome.code;
        let last = format!("subcommand exited with code {code}");
        let reason = match (ended.exhausted, ended.late) {
            (Some(most), _) => format!("max attempts ({most}) exceeded, last error: {last}"),
            (None, Some(most)) => format!("retry timeout exceeded after {most:?}, last error: {last}"),
            (None, None) => last,
        };
        let stack = stack.filter(|_| step.kind == StepKind::Atmos || self.request.stack.is_some());
        let resume = resume_hint(&self.found.workflow.name, &self.found.file, &step.name, stack);
        Error::Failed { reason, command, resume, code }.into()
    }
}

impl Family for Run<'_, '_> {
    async fn ready(&mut self, step: &Step) -> Result<Ready> {
        self.texts.set_matrix(step);
        let workflow = &self.found.workflow;
        let stack = stack_of(self.request.stack.as_deref(), step, workflow.stack.as_deref());
        let layers = self.layers(step)?;
        let directory = step.working_directory.as_ref().or(workflow.working_directory.as_ref());
        let cwd = self.runner.directory(directory, &self.app.config.base_path, &self.app.host.cwd, step.span)?;
        let held = self.runner.hold(step.identity.as_deref()).await?;
        let seen = self.runner.environment(&layers, &held, &Program::Shell(String::new()), &cwd);
        let (program, shown) = match self.program(step, stack, &seen) {
            Ok(program) => program,
            Err(report) => return held.close_after(Err(report)).await,
        };
        let env = self.runner.environment(&layers, &held, &program, &cwd);
        if let Program::Atmos(_) = program {
            self.app.host.talk.info(format!("▶ Executing command: {shown}"));
        }
        Ok(Ready { program, cwd, env, held })
    }

    fn keep(&mut self, step: &Step, ended: &Ended, env: &Env) -> Result<()> {
        if ended.outcome.code != 0 {
            return Ok(());
        }
        self.texts.set_matrix(step);
        Ok(self.texts.keep(step, &ended.outcome, env)?)
    }
}

/// What stands for the result of a step that did not run.
fn unknown(step: &Step) -> step::Outcome {
    let text = format!("({})", step.name);
    step::Outcome { value: text.clone(), stdout: text, ..step::Outcome::default() }
}

/// The environment as templates see it before an identity is known.
pub(super) fn child_view(app: &App, layers: &[(String, Option<String>)]) -> Env {
    let mut env = app.host.env.clone();
    let entries = environment::entries([&app.config.env]);
    for (name, value) in entries.iter().chain(layers) {
        env.change(name, value.as_deref());
    }
    env
}
