//! `atmos helmfile …`: from what was asked for to an exit status. Read [`run`]. Row 12.

mod fleet;
mod kubeconfig;
mod preview;

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error as ThisError;

use super::access::Access;
use super::child::{self, Held};
use super::hooks::{Around, Hooks, Skip};
use super::provision::{self, Folder};
use super::{App, many, protection, unbuilt, validate};
use crate::auth::resolution::{Flag, Need};
use crate::auth::run::Directory;
use crate::component::{Instance, Kind};
use crate::diag::{Failure, Result};
use crate::exec::argv::is_on;
use crate::exec::folder_lock::FolderLock;
use crate::exec::helmfile::{Plan, Request, Settings, Target, meant, steps};
use crate::exec::relay::Relay;
use crate::exec::signals::Signals;
use crate::exec::{Error as ExecError, Hangup, Launch, Output, Redirect, environment, files, folder_lock, process};
use crate::host::Env;
use crate::state::Wish;
use crate::value::Node;
use crate::{resolve, yaml};

/// One helmfile command, of one component or of many.
#[derive(Debug, Clone, Default)]
pub struct RunRequest {
    pub verb: String,
    pub component: Option<String>,
    /// `--stack`, else `ATMOS_STACK`.
    pub stack: Option<String>,
    pub identity: Flag,
    pub dry_run: bool,
    /// The dry run is shown as a document.
    pub dry_run_json: bool,
    /// Nobody is asked.
    pub yes: bool,
    /// `--global-options`, split into words.
    pub global_options: Vec<String>,
    pub cluster_name: Option<String>,
    /// What follows the sub-command.
    pub native: Vec<String>,
    pub redirect_stderr: Option<Redirect>,
    pub skip_hooks: Skip,
    pub evaluation: resolve::Options,
    /// Which of many components, and how they run together.
    pub many: many::Options,
}

impl RunRequest {
    fn meant(&self) -> &str {
        meant(&self.global_options, &self.verb, &self.native)
    }
}

/// How a command ended.
#[derive(Debug, Default)]
pub struct Done {
    /// 0, or 2 of a `diff --detailed-exitcode` that found changes.
    pub code: u8,
    /// Data for standard output (`--dry-run --format json`).
    pub data: Option<String>,
    /// What became of each of many components. It has the failure of the run, if there is one.
    pub fleet: Option<many::Fleet>,
}

/// What keeps a helmfile command from being carried out, beyond what [`crate::exec`] finds.
#[derive(Debug, ThisError, Diagnostic)]
pub enum Error {
    #[error("stack is required; specify it on the command line using the flag --stack <stack> (shorthand -s)")]
    #[diagnostic(code(atmos::helmfile::stack_required), help("`atmos list stacks` shows the stacks"))]
    StackRequired,

    #[error("incorrect usage: `atmos helmfile exec` has nothing to run")]
    #[diagnostic(
        code(atmos::helmfile::nothing_to_run),
        help("atmos helmfile exec <component> -s <stack> -- <command of helmfile>")
    )]
    NothingToRun,

    #[error("component is required: command \"{verb}\" requires an argument")]
    #[diagnostic(
        code(atmos::helmfile::component_required),
        help("name a component: atmos helmfile {verb} <component> -s <stack>")
    )]
    ComponentRequired { verb: String },

    #[error(
        "helmfile base path is required: must be provided in 'components.helmfile.base_path' config or \
         'ATMOS_COMPONENTS_HELMFILE_BASE_PATH' ENV variable"
    )]
    #[diagnostic(code(atmos::helmfile::base_path))]
    BasePath,

    #[error(
        "the cluster of {component} in {stack} has no name: `components.helmfile.cluster_name_template`{place}: {cause}"
    )]
    #[diagnostic(
        code(atmos::helmfile::cluster_name),
        help("correct the template; it sees the sections of the component: `{{{{ .vars.stage }}}}-eks`")
    )]
    ClusterName { component: String, stack: String, cause: String, place: String },
}

impl Failure for Error {}

/// Runs the command.
///
/// # Errors
/// The first thing that goes wrong; helmfile's own code where helmfile failed, 130 and 143 after a request to stop.
pub async fn run(app: &App, request: &RunRequest) -> Result<Done> {
    if request.verb == "exec" && request.native.is_empty() {
        return Err(Error::NothingToRun.into());
    }
    if request.verb == "version" {
        version(app, request).await?;
        return Ok(Done::default());
    }
    if let Some(flag) = request.many.flag().or(request.many.narrowing().filter(|_| request.component.is_some())) {
        if let Some(component) = &request.component {
            return Err(many::Error::ComponentAndFleet { component: component.clone(), flag }.into());
        }
        if let Some(flag) = request.many.beside_affected() {
            return Err(many::Error::AffectedAndFleet { flag }.into());
        }
        return fleet::run(app, request).await;
    }
    if let Some(flag) = request.many.closure().or(request.many.narrowing()) {
        return Err(many::Error::ClosureAlone { flag }.into());
    }
    let stack = request.stack.as_deref().filter(|stack| !stack.is_empty());
    let found = match (&request.component, stack) {
        (Some(component), Some(stack)) => find(app, component, Some(stack))?,
        (component, stack) if app.host.terminal.can_prompt() => {
            let (component, stack) = super::terraform::choose(app, &Kind::Helmfile, component.as_deref(), stack)?;
            find(app, &component, Some(&stack))?
        }
        (Some(component), None) => find(app, component, None)?,
        (None, _) => return Err(Error::ComponentRequired { verb: request.verb.clone() }.into()),
    };
    let Some(ready) = prepare(app, request, &found)? else { return Ok(Done::default()) };
    if destroys(request) {
        super::dependents::warn_of_left(app, &[&ready.instance], &request.evaluation);
    }
    if request.dry_run {
        return preview::dry_run(app, request, &[&ready]);
    }
    let mut signals = Signals::listen()?;
    let access = child::access(app)?;
    let code = Box::pin(start(app, request, &ready, &access, &mut signals, None)).await?;
    Ok(Done { code, ..Done::default() })
}

/// An instance that is ready to run: evaluated, checked, nothing started or written.
#[derive(Debug)]
struct Ready {
    instance: Instance,
    target: Target,
    hooks: Hooks,
}

/// How the components of a run are evaluated: as whom it runs.
fn evaluation(request: &RunRequest) -> resolve::Options {
    let identity = Wish { flag: request.identity.clone(), runs: true };
    resolve::Options { identity, ..request.evaluation.clone() }
}

/// The command takes away what others may need.
fn destroys(request: &RunRequest) -> bool {
    matches!(request.meant(), "destroy" | "delete")
}

/// Evaluates and checks an instance. `None` when it is disabled, which is not an error.
fn prepare(app: &App, request: &RunRequest, found: &Instance) -> Result<Option<Ready>> {
    if !found.enabled {
        app.host.talk.info(format!("Component is not enabled and skipped: {} in {}", found.name, found.stack));
        return Ok(None);
    }
    let instance = app.evaluate(found, &evaluation(request))?;
    if destroys(request) {
        protection::check(app, &instance, &format!("helmfile {}", request.verb))?;
    }
    unbuilt::check(app, &instance);
    let hooks = Hooks::read(app, found, &instance, &request.verb, &request.skip_hooks)?;
    let folder = provision::folder(app, &instance, request.dry_run)?;
    let target = target(app, &instance, &folder)?;
    if !(request.dry_run && provision::is_made(&instance)) {
        existing(&target)?;
    }
    let target = Target { settings: with_cluster_name(app, &instance, request, target.settings)?, ..target };
    validate::before_run(app, found, &instance, &["helmfile", &request.verb], &request.native)?;
    // What forbids the run is found before anybody has to log in; the plan itself is made when the identity is known.
    let preview = Request { has_identity: true, fallback_region: Some(String::new()), ..asked(request) };
    steps(&target, &preview)?;
    Ok(Some(Ready { instance, target, hooks }))
}

/// One component, and where its varfile goes.
#[derive(Debug, Clone, Default)]
pub struct GenerateRequest {
    pub component: String,
    pub stack: Option<String>,
    /// Below the working directory; `None`: where runs write it.
    pub file: Option<PathBuf>,
}

/// Writes the varfile of a component. With the file `-` it is the data for standard output instead.
pub fn generate_varfile(app: &App, request: &GenerateRequest) -> Result<Option<String>> {
    let found = find(app, &request.component, request.stack.as_deref())?;
    let instance = app.evaluate(&found, &resolve::Options::default())?;
    let elsewhere = request.file.is_some();
    let target = target(app, &instance, &provision::folder(app, &instance, elsewhere)?)?;
    if request.file.as_deref() == Some(std::path::Path::new("-")) {
        return Ok(Some(target.varfile().content));
    }
    if let Some(file) = &request.file {
        // A file elsewhere needs no folder of the component.
        target.varfile().write_to(&app.host.absolute(file))?;
        return Ok(None);
    }
    existing(&target)?;
    target.varfile().write_to(&target.folder.join(target.varfile_name()))?;
    Ok(None)
}

fn find(app: &App, component: &str, stack: Option<&str>) -> Result<Instance> {
    let Some(stack) = stack.filter(|stack| !stack.is_empty()) else { return Err(Error::StackRequired.into()) };
    app.find(component, stack, Some(Kind::Helmfile))
}

/// `helmfile version` in the current directory, in the environment as it is.
async fn version(app: &App, request: &RunRequest) -> Result<()> {
    let configured = &app.config.helmfile.command;
    let launch = Launch {
        program: if configured.is_empty() { "helmfile".to_owned() } else { configured.clone() },
        configured: SOURCE.to_owned(),
        args: std::iter::once("version".to_owned()).chain(request.native.iter().cloned()).map(Into::into).collect(),
        cwd: app.host.cwd.clone(),
        env: app.host.env.clone(),
        output: Output::Inherit,
        stderr: request.redirect_stderr.clone(),
        hangup: Hangup::Terminates,
    };
    Ok(one(&launch, &mut Signals::listen()?, child::surroundings(&app.host)).await?)
}

const SOURCE: &str = "`components.helmfile.command`";

/// The run's view of an instance.
fn target(app: &App, instance: &Instance, folder: &Folder) -> Result<Target> {
    let helmfile = &app.config.helmfile;
    if helmfile.base_path.as_os_str().is_empty() {
        return Err(Error::BasePath.into());
    }
    let own = !instance.command.is_empty() && instance.command != helmfile.command && instance.command != "helmfile";
    let command = if instance.command.is_empty() { "helmfile".to_owned() } else { instance.command.clone() };
    let target = Target {
        component: instance.name.clone(),
        stack: instance.stack.clone(),
        context: instance.stack.clone(),
        base_component: instance.base_component.clone(),
        folder: folder.path.clone(),
        folder_name: instance.folder.clone(),
        base_path: helmfile.base_path.strip_prefix(&app.host.cwd).unwrap_or(&helmfile.base_path).display().to_string(),
        abstract_: instance.abstract_,
        enabled: instance.enabled,
        locked: instance.locked,
        command,
        command_source: if own { format!("`command` of the component `{}`", instance.name) } else { SOURCE.to_owned() },
        vars: instance.sections.vars.clone(),
        vars_yaml: yaml::emit(&instance.sections.vars, 2),
        env: instance.sections.env.clone(),
        settings: Settings {
            use_eks: helmfile.use_eks,
            kubeconfig_path: helmfile.kubeconfig_path.clone(),
            cluster_name: helmfile.cluster_name.clone(),
            cluster_name_template: helmfile.cluster_name_template.clone(),
            cluster_name_pattern: helmfile.cluster_name_pattern.clone(),
            helm_aws_profile_pattern: helmfile.helm_aws_profile_pattern.clone(),
        },
    };
    Ok(target)
}

/// The settings with `cluster_name_template` rendered over the component, where it is what names the cluster.
fn with_cluster_name(app: &App, instance: &Instance, request: &RunRequest, settings: Settings) -> Result<Settings> {
    const KEY: &str = "components.helmfile.cluster_name_template";
    let is_set = |name: &Option<String>| name.as_ref().is_some_and(|name| !name.is_empty());
    let named = is_set(&request.cluster_name) || is_set(&settings.cluster_name);
    let Some(template) = settings.cluster_name_template.as_ref().filter(|text| text.contains("{{")) else {
        return Ok(settings);
    };
    if named || !settings.use_eks {
        return Ok(settings);
    }
    let written = app.config.document.get_path(KEY.split('.')).filter(|node| node.as_str() == Some(template.as_str()));
    let text = written.cloned().unwrap_or_else(|| Node::from(template.as_str()));
    let name = app.index()?.render_text(KEY, &text, &super::terraform::context(instance), false);
    let name = name.map_err(|error| Error::ClusterName {
        component: instance.name.clone(),
        stack: instance.stack.clone(),
        cause: error.to_string(),
        place: app.host.sources.place(text.span).map(|place| format!(" ({place})")).unwrap_or_default(),
    })?;
    Ok(Settings { cluster_name_template: Some(name.trim().to_owned()), ..settings })
}

fn existing(target: &Target) -> Result<(), ExecError> {
    if target.folder.is_dir() {
        return Ok(());
    }
    Err(ExecError::FolderNotFound {
        kind: "Helmfile",
        component: target.component.clone(),
        folder: target.folder_name.clone(),
        base: target.base_path.clone(),
    })
}

fn asked(request: &RunRequest) -> Request {
    Request {
        verb: request.verb.clone(),
        global_options: request.global_options.clone(),
        native: request.native.clone(),
        cluster_name: request.cluster_name.clone(),
        ..Request::default()
    }
}

/// Logs in, runs the hooks before, the children and the hooks after, and cleans up after them, in this order on every path.
async fn start(
    app: &App,
    request: &RunRequest,
    ready: &Ready,
    access: &Access,
    signals: &mut Signals,
    relay: Option<&Relay>,
) -> Result<u8> {
    let hold = child::hold(app, access, &ready.instance, &request.identity, Need::Run, &request.verb);
    let held = signals.guard(hold).await?;
    let run = Run { app, request, ready, access, relay };
    let result = Box::pin(run.hooked(&held, signals)).await;
    held.close_after(result).await
}

/// One run, checked.
#[derive(Clone, Copy)]
struct Run<'a> {
    app: &'a App,
    request: &'a RunRequest,
    ready: &'a Ready,
    access: &'a Access,
    /// Where the output goes in a run of many components.
    relay: Option<&'a Relay>,
}

impl Run<'_> {
    /// Takes the folder until the last hook has ended. A hook may call atmos for the same component, which goes on.
    async fn hooked(self, held: &Held, signals: &mut Signals) -> Result<u8> {
        let Run { app, request, ready, access, relay } = self;
        let (target, hooks) = (&ready.target, &ready.hooks);
        let region = held.region().or_else(|| app.host.env.get("AWS_REGION")).map(str::to_owned);
        // It goes when the last hook has ended.
        let needs_one = target.settings.use_eks && !held.has_kubeconfig();
        let own = needs_one.then(|| Directory::create(&app.host)).transpose()?;
        let private = own.as_ref().map(|own| own.path().to_path_buf()).unwrap_or_default();
        let has_identity = held.identity().is_some();
        let asked = Request { has_identity, fallback_region: region, private, ..asked(request) };
        let plan = steps(target, &asked)?;
        for warning in &plan.warnings {
            app.host.talk.warn(warning.clone());
        }
        let env = child_environment(app, access, target, held, &plan);
        let lock = signals.guard(folder_lock::acquire(&app.host, &target.folder)).await?;
        if hooks.is_empty() {
            return self.children(held, &plan, (&env, &lock), signals).await;
        }
        let options = resolve::Options::default();
        let mut around = Around {
            app,
            instance: &ready.instance,
            options: &options,
            env: &lock.known_to(&env),
            folder: &target.folder,
            planfile: None,
            program: (&target.command, &target.command_source),
            signals,
            data: request.verb == "template",
            relay,
        };
        hooks.before(&mut around).await?;
        let result = self.children(held, &plan, (&env, &lock), around.signals).await;
        hooks.finish(result, |code| *code, &mut around).await
    }

    async fn children(
        self,
        held: &Held,
        plan: &Plan,
        (env, lock): (&Env, &FolderLock),
        signals: &mut Signals,
    ) -> Result<u8> {
        let Run { app, request, ready: Ready { target, .. }, relay, .. } = self;
        plan.varfile.write(&target.folder)?;
        match held.summary() {
            Some(summary) => app.host.talk.info(format!("{} in {}: {summary}", target.component, target.stack)),
            // Of many components each has a line, so that their outputs can be told apart.
            None if relay.is_some() => app.host.talk.info(format!("{} in {}", target.component, target.stack)),
            None => {}
        }
        let launch = |program: &str, configured: &str, args: &[String], output| Launch {
            program: program.to_owned(),
            configured: configured.to_owned(),
            args: args.iter().map(Into::into).collect(),
            cwd: target.folder.clone(),
            env: env.clone(),
            output,
            stderr: request.redirect_stderr.clone(),
            hangup: Hangup::Terminates,
        };
        let around = process::Surroundings { relay, lock: Some(lock), ..child::surroundings(&app.host) };
        if let Some(eks) = plan.eks.as_ref().filter(|_| !held.has_kubeconfig()) {
            let aws = launch("aws", "`components.helmfile.use_eks: true`", &eks.args, Output::Stderr);
            let shared = kubeconfig::Shared { host: &app.host, path: &eks.shared };
            let own = plan.kubeconfig.as_deref().unwrap_or(std::path::Path::new(""));
            let taken = signals.guard(shared.take(own)).await?;
            one(&aws, signals, around).await.map_err(|error| match error {
                // Its codes mean something else than helmfile's.
                ExecError::ChildFailed { code, .. } => {
                    ExecError::HelperFailed { command: "aws eks update-kubeconfig".to_owned(), code }
                }
                other => other,
            })?;
            taken.give();
        }
        let main = launch(&target.command, &target.command_source, &plan.args, Output::Inherit);
        let code = match one(&main, signals, around).await {
            Ok(()) => 0,
            Err(ExecError::ChildFailed { code: 2, .. }) if tells_changes(request) => 2,
            Err(error) => return Err(error.into()),
        };
        files::remove(&target.folder, &plan.varfile.name)?;
        Ok(code)
    }
}

/// Exit code 2 says that there are changes, not that something failed.
fn tells_changes(request: &RunRequest) -> bool {
    request.meant() == "diff" && is_on(&request.native, "-detailed-exitcode")
}

fn child_environment(app: &App, access: &Access, target: &Target, held: &Held, plan: &Plan) -> Env {
    let mut env = child::environment(app, access, &target.env, held);
    // The kubeconfig of the identity wins over that of the settings.
    let kubeconfig = plan.kubeconfig.as_deref().filter(|_| !held.has_kubeconfig());
    environment::add_helmfile(&mut env, &app.host.env, &target.stack, &target.vars, kubeconfig);
    if let Some(profile) = &plan.profile {
        env.set("AWS_PROFILE", profile);
    }
    env
}

/// Runs one child to its end.
async fn one(launch: &Launch, signals: &mut Signals, around: process::Surroundings<'_>) -> Result<(), ExecError> {
    let outcome = process::run(launch, around, signals).await?;
    if let Some(relay) = around.relay.filter(|_| launch.output == Output::Inherit) {
        relay.note_end(outcome.code);
    }
    if let Some(stop) = outcome.stop {
        return Err(ExecError::Interrupted { stop });
    }
    match outcome.code {
        0 => Ok(()),
        code => {
            let name = std::path::Path::new(&launch.program).file_name().unwrap_or_default().to_string_lossy();
            Err(ExecError::child_failed(name.into_owned(), code, launch.stderr.as_ref()))
        }
    }
}
