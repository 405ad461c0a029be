//! One terraform command on one component, from its name to the end of its children.

use std::ffi::OsStr;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use super::course::{Course, planfile};
use super::output::Written;
use super::target::target_in;
use super::{Done, Error, Format, RunRequest, backend, data, fleet, output, preview, rc, state, verify};
use crate::auth::resolution::Need;
use crate::ci::{Platform, passes};
use crate::component::{Instance, Kind};
use crate::diag::{Report, Result, Warning};
use crate::exec::Error as ExecError;
use crate::exec::environment::{self, interfering};
use crate::exec::outlet::Outlet;
use crate::exec::relay::Relay;
use crate::exec::shell_variables;
use crate::exec::signals::Signals;
use crate::exec::terraform::{Finished, Target, planned, sensitive, steps};
use crate::host::Env;
use crate::ops::access::Access;
use crate::ops::annotations::Annotations;
use crate::ops::child::{self, Held};
use crate::ops::ci::{self, Ci};
use crate::ops::hooks::Hooks;
use crate::ops::many::{Fleet, NodeResult};
use crate::ops::{App, choice, dependents, plugin_cache, pro, protection, provision, state_bucket, unbuilt, validate};
use crate::resolve::Options;
use crate::state::Wish;
use crate::value::Node;

/// An instance that is ready to run: evaluated, checked, nothing started or written.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) instance: Instance,
    pub(super) target: Target,
    pub(super) hooks: Hooks,
    /// Who it runs as, once that is known.
    identity: OnceLock<String>,
}

impl Ready {
    pub(super) fn new(instance: Instance, target: Target, hooks: Hooks) -> Ready {
        Ready { instance, target, hooks, identity: OnceLock::new() }
    }
}

/// Runs one component alone, and tells the CI system of it.
pub(super) async fn run(app: &App, request: &RunRequest, component: &str, stack: &str) -> Result<Done> {
    let ci = Ci::of(app, request.ci, &request.request.words).filter(|_| !request.dry_run);
    let annotations = Annotations::of_run(app, &request.request.words).filter(|_| !request.dry_run);
    if ci.is_none() && annotations.is_none() && !request.summarises {
        let result = attempt(app, request, (component, stack), None).await.result;
        return result.map(|done| accepted(app, done));
    }
    let relay = Relay::direct(&Arc::new(Outlet::open(app.host.terminal, &app.host.talk)?)).watching();
    let relay = if ci.is_some() || annotations.is_some() { relay.keeping() } else { relay };
    let started = Timestamp::now();
    if let Some(ci) = &ci {
        ci.begins(component, stack).await;
    }
    let Attempt { result, ready } = attempt(app, request, (component, stack), Some(&relay)).await;
    let stopped = matches!(&result, Err(report) if report.code().as_deref() == Some("atmos::exec::interrupted"));
    let disabled = ready.is_none() && result.is_ok();
    if let Some((annotations, ready)) = annotations.zip(ready.as_ref()).filter(|_| !stopped) {
        annotations.show(annotations.read(&ready.instance, &ready.target.folder, &relay.said()));
    }
    let names = ready.as_ref().map_or((component, stack), |ready| (&ready.target.component, &ready.target.stack));
    if let Some(ci) = ci.as_ref().filter(|_| stopped) {
        ci.stopped(names.0, names.1).await;
    }
    if let Some(ci) = ci.filter(|_| !stopped && !disabled) {
        let code = result.as_ref().map_or_else(Report::exit_code, |done| done.code);
        let report = ci.report(names, &relay, code, &result);
        let plan = ready.as_ref().map(|ready| kept_plan(request, ready));
        ci.one(&report, plan).await;
    }
    if !request.summarises || request.dry_run {
        return result.map(|done| accepted(app, done));
    }
    let identity = ready.as_ref().and_then(|ready| ready.identity.get().cloned());
    let mut one = NodeResult::waiting(names.0, names.1, identity);
    if disabled {
        one.error = Some("the component is not enabled".to_owned());
    } else {
        (one.started, one.finished) = (Some(started), Some(Timestamp::now()));
    }
    Ok(summarised(app, request, &relay, (one, disabled), result))
}

/// How one component ended, as a run of many has it.
fn summarised(
    app: &App,
    request: &RunRequest,
    relay: &Relay,
    (mut one, disabled): (NodeResult, bool),
    result: Result<Done>,
) -> Done {
    let (done, failure) = match result {
        Ok(done) => {
            if !disabled {
                one.changes = relay.changes();
                one.succeeded(done.code, fleet::is_detailed(request));
            }
            (accepted(app, done), None)
        }
        Err(report) => {
            one.failed(&report);
            (Done::default(), Some(report))
        }
    };
    let command = format!("terraform {}", request.request.command());
    let changes = fleet::CHANGING.contains(&request.request.words[0].as_str());
    Done { fleet: Some(Fleet { results: vec![one], failure, command, changes }), ..done }
}

/// The plan of a component as its run leaves it.
pub(super) fn kept_plan<'r>(request: &'r RunRequest, ready: &'r Ready) -> ci::Plan<'r> {
    let path = ready.target.folder.join(planfile(&ready.target, request));
    ci::Plan { instance: &ready.instance, identity: &request.identity, path }
}

/// What became of a run, and what it was about as far as that is known.
struct Attempt {
    result: Result<Done>,
    ready: Option<Ready>,
}

async fn attempt(app: &App, request: &RunRequest, names: (&str, &str), relay: Option<&Relay>) -> Attempt {
    let (component, stack) = names;
    let prepared = match app.find(component, stack, Some(Kind::Terraform)) {
        Ok(found) => prepare(app, request, &found),
        Err(report) => Err(report),
    };
    match prepared {
        Ok(Some(ready)) => {
            if request.request.destroys(&child::early_environment(app, &ready.target.env)) {
                dependents::warn_of_left(app, &[&ready.instance], &request.evaluation);
            }
            let result = Box::pin(one(app, request, &ready, relay)).await;
            Attempt { result, ready: Some(ready) }
        }
        Ok(None) => Attempt { result: Ok(Done::default()), ready: None },
        Err(report) => Attempt { result: Err(report), ready: None },
    }
}

async fn one(app: &App, request: &RunRequest, ready: &Ready, relay: Option<&Relay>) -> Result<Done> {
    if request.dry_run {
        return preview::one(app, request, ready);
    }
    let mut signals = Signals::listen()?;
    let access = child::access(app)?;
    let names = (ready.target.component.as_str(), ready.target.stack.as_str());
    let verified = verify::verified(app, request, names, &access, &mut signals).await?;
    start(app, verified.as_ref().unwrap_or(request), ready, &access, &mut signals, relay).await
}

/// Whether the configuration says that a CI system is told of runs, which then decides about exit codes, too.
fn is_ci(app: &App) -> bool {
    app.config.document.get_path(["ci", "enabled"]).and_then(Node::as_bool) == Some(true)
}

/// Whether a CI system runs this, and is told of it.
pub(super) fn is_ci_run(app: &App, request: &RunRequest) -> bool {
    is_ci(app) && Platform::of(&app.host.env, request.ci).is_some()
}

/// The code of a run that ended well, as CI systems want it: changes are no failure, unless the configuration says so.
pub(super) fn accepted(app: &App, done: Done) -> Done {
    if is_ci(app) && passes(&app.config.document, done.code) { Done { code: 0, ..done } } else { done }
}

/// A failure that the configuration calls none.
fn forgiven(app: &App, result: Result<Finished>) -> Result<Finished> {
    match result {
        Err(report)
            if report.code().as_deref() == Some("atmos::exec::child_failed")
                && is_ci(app)
                && passes(&app.config.document, report.exit_code()) =>
        {
            let message = format!("{report}, which `components.terraform.ci.exit_codes` calls a success");
            app.host.talk.warn(Warning::new("atmos::ci::accepted", message));
            Ok(Finished { code: 0, data: Vec::new() })
        }
        other => other,
    }
}

/// How the components of a run are evaluated: as whom it runs, and never as nobody where somebody is meant.
pub(super) fn evaluation(request: &RunRequest) -> Options {
    let identity = Wish { flag: request.identity.clone(), runs: true };
    Options { identity, ..request.evaluation.clone() }
}

/// Evaluates and checks an instance. `None` when it is disabled, which is not an error.
pub(super) fn prepare(app: &App, request: &RunRequest, found: &Instance) -> Result<Option<Ready>> {
    let ready = prepare_unprotected(app, request, found)?;
    if let Some(Ready { instance, target, .. }) = &ready
        && let env = child::early_environment(app, &target.env)
        && let Some(file) = request.request.applied_plan(&target.names().planfile(), &env)
        && planned::destroys(target, &file)
    {
        protection::check(app, instance, &format!("terraform {}", request.request.command()))?;
    }
    Ok(ready)
}

/// The same, and whoever calls looks himself whether a saved plan destroys what is protected.
pub(super) fn prepare_unprotected(app: &App, request: &RunRequest, found: &Instance) -> Result<Option<Ready>> {
    if !found.enabled {
        app.host.talk.info(format!("Component is not enabled and skipped: {} in {}", found.name, found.stack));
        return Ok(None);
    }
    let instance = app.evaluate(found, &evaluation(request))?;
    let verb = request.request.verb()?;
    if instance.abstract_ && verb.provisions {
        // Before anything that only a component for real use has to have.
        return Err(ExecError::Abstract { component: instance.name.clone() }.into());
    }
    if instance.locked && verb.modifies {
        return Err(ExecError::Locked { component: instance.name.clone() }.into());
    }
    if request.request.takes_away(&child::early_environment(app, &instance.sections.env)) {
        protection::check(app, &instance, &format!("terraform {}", request.request.command()))?;
    }
    unbuilt::check(app, &instance);
    let hooks = Hooks::read(app, found, &instance, &request.request.command(), &request.skip_hooks)?;
    let folder = provision::folder(app, &instance, request.dry_run)?;
    let target = target_in(app, &instance, &folder, request)?;
    if !(request.dry_run && provision::is_made(&instance)) {
        check(&target)?;
    }
    choice::check_setting(app, &instance)?;
    let words: Vec<&str> =
        std::iter::once("terraform").chain(request.request.words.iter().map(String::as_str)).collect();
    validate::before_run(app, found, &instance, &words, &request.request.native)?;
    // Everything that forbids the run is found before anybody has to log in. The plan itself is made later, when the
    // environment is complete.
    steps(&target, &request.request, &app.host.env)?;
    if verb.workspace || verb.varfile {
        let setting = app.config.document.get_path(["components", "terraform", "auto_generate_backend_file"]);
        let setting = setting.or(request.request.auto_generate_backend_file.as_ref().map(|_| &app.config.document));
        if let Some(warning) = backend::state_stays_here(&target, &instance.sections.backend, setting) {
            app.host.talk.warn(warning);
        }
    }
    Ok(Some(Ready::new(instance, target, hooks)))
}

/// The component's folder is there, or will be made by its own `generate` section.
pub(super) fn check(target: &Target) -> Result<(), ExecError> {
    if target.folder.is_dir() || !target.generated.is_empty() {
        return Ok(());
    }
    Err(ExecError::FolderNotFound {
        kind: "Terraform",
        component: target.component.clone(),
        folder: target.folder_name.clone(),
        base: target.base_path.clone(),
    })
}

pub(super) fn announce_dry_run(app: &App, request: &RunRequest, component: &str, stack: &str) {
    let command = request.request.command();
    app.host.talk.info(format!("Would {command} {component} in {stack} (dry run)"));
}

/// Runs the children and renders what they printed, if it is data.
pub(super) async fn start(
    app: &App,
    request: &RunRequest,
    ready: &Ready,
    access: &Access,
    signals: &mut Signals,
    relay: Option<&Relay>,
) -> Result<Done> {
    let finished = started(app, request, ready, access, signals, relay).await?;
    finish(app, request, &finished)
}

/// Runs the children.
pub(super) async fn started(
    app: &App,
    request: &RunRequest,
    ready: &Ready,
    access: &Access,
    signals: &mut Signals,
    relay: Option<&Relay>,
) -> Result<Finished> {
    let work = Work { request, ready, need: Need::Run, relay };
    let result = children(app, work, access, signals).await;
    if request.upload {
        upload(app, request, &ready.instance, &result).await;
    }
    forgiven(app, result)
}

/// Tells Atmos Pro how terraform ended, if it was started.
async fn upload(app: &App, request: &RunRequest, instance: &Instance, result: &Result<Finished>) {
    let code = match result {
        Ok(finished) => finished.code,
        Err(report) if report.code().as_deref() == Some("atmos::exec::child_failed") => report.exit_code(),
        Err(_) => return,
    };
    let command = match request.request.words[0].as_str() {
        "deploy" => "apply",
        other => other,
    };
    pro::tell(app, instance, command, code).await;
}

/// What is done with a component that is ready.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work<'a> {
    pub(super) request: &'a RunRequest,
    pub(super) ready: &'a Ready,
    pub(super) need: Need,
    /// Where the output goes in a run of many components.
    pub(super) relay: Option<&'a Relay>,
}

/// Logs in, takes the folder, runs the hooks before, the children and the hooks after, and cleans up after them, in this
/// order on every path.
pub(super) async fn children(app: &App, work: Work<'_>, access: &Access, signals: &mut Signals) -> Result<Finished> {
    let Work { request, ready, need, .. } = work;
    let target = &ready.target;
    let pushed = state::pushed(target, request, signals).await?;
    let held = open_session(app, request, ready, access, signals, need).await?;
    if let Some(identity) = held.identity() {
        let _ = ready.identity.set(identity.to_string());
    }
    let result = Box::pin(held_children(app, work, &held, pushed.as_ref(), signals)).await;
    // The last child has ended: now its credentials go.
    held.close_after(result).await
}

async fn held_children(
    app: &App,
    work: Work<'_>,
    held: &Held,
    pushed: Option<&state::Pushed>,
    signals: &mut Signals,
) -> Result<Finished> {
    let Work { request, ready, .. } = work;
    let target = &ready.target;
    std::fs::create_dir_all(&target.folder).map_err(ExecError::file("create", &target.folder))?;
    let mut env = child_environment(app, request, target, held);
    let _rc = rc::add(app, &target.folder, &mut env)?;
    check_sizes(target, &env)?;
    mark_own(app, target, &mut env);
    if !request.request.skip_init && !request.without_variables {
        signals.guard(Box::pin(state_bucket::ensure(app, &ready.instance, &request.identity))).await?;
    }
    Course { app, work, held, env: &env, pushed }.run(signals).await
}

/// Logs in as whoever the component runs as.
pub(super) async fn open_session(
    app: &App,
    request: &RunRequest,
    ready: &Ready,
    access: &Access,
    signals: &mut Signals,
    need: Need,
) -> Result<Held> {
    let operation = &request.request.words[0];
    signals.guard(child::hold(app, access, &ready.instance, &request.identity, need, operation)).await
}

/// `components.terraform.platforms`
pub(in crate::ops) fn platforms(app: &App) -> Vec<String> {
    let listed = app.config.document.get_path(["components", "terraform", "platforms"]).and_then(Node::as_list);
    let texts = listed.unwrap_or_default().iter().filter_map(Node::scalar_text);
    texts.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
}

fn finish(app: &App, request: &RunRequest, finished: &Finished) -> Result<Done> {
    let Some(format) = &request.format else { return Ok(Done { code: finished.code, ..Done::default() }) };
    let mask = app.host.masker.is_on();
    let written = output::render(&finished.data, format, &request.request.native, mask)?;
    if mask && format.is_for_shells() && written.text.contains(crate::secret::MASK) {
        let message = format!("sensitive outputs are shown as {} and cannot be used as variables", crate::secret::MASK);
        app.host
            .talk
            .warn(Warning::new("atmos::terraform::masked_outputs", message).help("add `--mask=false` to have them"));
    }
    tell_left_out(app, &written.left_out);
    let data = deliver(app, format, written)?;
    Ok(Done { code: finished.code, data, fleet: None })
}

/// Names the outputs that are not among those that are written.
pub(super) fn tell_left_out(app: &App, left_out: &[String]) {
    for what in left_out {
        let warning = Warning::new("atmos::terraform::outputs_left_out", format!("an output is left out: {what}"));
        app.host.talk.warn(warning.help("`--format json` without `--flatten` has them all"));
    }
}

/// Outputs go to their file; where none is named they are data for standard output.
pub(super) fn deliver(app: &App, format: &Format, written: Written) -> Result<Option<String>> {
    let Some(file) = &format.file else { return Ok(Some(written.text)) };
    let path = app.host.absolute(file);
    crate::host::fs::append_private(&path, written.text.as_bytes()).map_err(ExecError::file("write", &path))?;
    let count = written.entries;
    app.host.talk.success(format!(
        "Wrote {count} output{} to {}",
        if count == 1 { "" } else { "s" },
        super::shown(app, &path)
    ));
    Ok(None)
}

/// Refuses a variable that no program could be started with, before anything is.
fn check_sizes(target: &Target, env: &Env) -> Result<(), Error> {
    // MAX_ARG_STRLEN of Linux: name, sign, value and the byte at the end. Others limit only all of them together.
    const MOST: usize = 128 << 10;
    let size = |(name, value): (&OsStr, &OsStr)| name.len() + value.len() + 2;
    let Some((name, value)) = env.iter().find(|&pair| cfg!(target_os = "linux") && size(pair) > MOST) else {
        return Ok(());
    };
    let text = name.to_string_lossy();
    let secret = text.strip_prefix("TF_VAR_").filter(|name| target.secret_vars.contains_key(*name));
    let (what, help) = match secret {
        Some(variable) => (
            format!("the secret variable `{variable}`"),
            "secrets are handed over in the environment, never in files; give terraform a reference, such as the name of a \
             secret that a data source reads, or several smaller variables. A value that is no secret goes by file where \
             nothing marks it as one",
        ),
        None => (
            format!("the variable `{text}` of the environment"),
            "shorten it, or unset it in `env` or in your environment",
        ),
    };
    let (component, stack) = (target.component.clone(), target.stack.clone());
    Err(Error::VariableTooLarge { what, component, stack, kib: size((name, value)).div_ceil(1 << 10), help })
}

/// Says in the environment what of it is of this component: an atmos for another one, in a hook, a provisioner or a shell,
/// takes it for nobody's.
pub(super) fn mark_own(app: &App, target: &Target, env: &mut Env) {
    let is_secret = |name: &str| target.secret_vars.contains_key(name.strip_prefix("TF_VAR_").unwrap_or(name));
    shell_variables::mark(env, &shell_variables::without(&app.host.env), is_secret);
}

/// The complete environment of the run's children.
pub(super) fn child_environment(app: &App, request: &RunRequest, target: &Target, held: &Held) -> Env {
    let mut env = child::environment(app, &target.env, held);
    let config = &app.config.terraform;
    let agent = request.append_user_agent.clone().or_else(|| config.append_user_agent.clone());
    let plugin_cache = if request.dry_run {
        // Nothing is made.
        config.plugin_cache_dir.clone().filter(|_| config.plugin_cache)
    } else {
        plugin_cache::directory(app)
    };
    let own = environment::Terraform { user_agent: agent.unwrap_or_default(), plugin_cache };
    if environment::add_terraform(&mut env, &app.host.env, &own) {
        app.host.talk.warn(
            Warning::new("atmos::terraform::plugin_cache", "TF_PLUGIN_CACHE_DIR is not usable as a plugin cache")
                .help("set it to a directory, or unset it"),
        );
    }
    data::add(&mut env, target);
    for (name, value) in sensitive::environment(&target.vars, &target.secret_vars, &app.host.masker) {
        env.set(name, value);
    }
    let names = interfering(&app.host.env);
    if !names.is_empty() {
        let message = format!(
            "Detected environment variables that may interfere with Atmos's control of Terraform variables=[{}]",
            names.join(" ")
        );
        app.host.talk.warn(Warning::new("atmos::terraform::interfering_environment", message));
    }
    env
}
