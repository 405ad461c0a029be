//! `atmos packer …`: from what was asked for to an exit status. Read [`run`]. Row 12.

use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error as ThisError;

use super::child;
use super::{App, provision, unbuilt};
use crate::auth::resolution::{Flag, Need};
use crate::component::{self, Instance, Kind};
use crate::content;
use crate::diag::{Failure, Result};
use crate::exec::files::{self, File};
use crate::exec::folder_lock::{self, FolderLock};
use crate::exec::names::Names;
use crate::exec::signals::Signals;
use crate::exec::{Error as ExecError, Hangup, Launch, Output, Redirect, process};
use crate::host::Env;
use crate::query::Query;
use crate::resolve;
use crate::state::Wish;
use crate::value::Node;

/// What a build writes about itself, unless the component says another name.
const MANIFEST: &str = "manifest.json";
const SOURCE: &str = "`components.packer.command`";

/// One packer command on one component.
#[derive(Debug, Clone, Default)]
pub struct RunRequest {
    pub verb: String,
    pub component: Option<String>,
    /// `--stack`, else `ATMOS_STACK`.
    pub stack: Option<String>,
    /// `--template`.
    pub template: Option<String>,
    pub identity: Flag,
    pub dry_run: bool,
    /// What follows the sub-command.
    pub native: Vec<String>,
    pub redirect_stderr: Option<Redirect>,
}

#[derive(Debug, ThisError, Diagnostic)]
pub enum Error {
    #[error("stack is required; specify it on the command line using the flag --stack <stack> (shorthand -s)")]
    #[diagnostic(code(atmos::packer::stack_required), help("`atmos list stacks` shows the stacks"))]
    StackRequired,

    #[error("component is required: command \"{verb}\" requires an argument")]
    #[diagnostic(
        code(atmos::packer::component_required),
        help("name a component: atmos packer {verb} <component> -s <stack>")
    )]
    ComponentRequired { verb: String },

    #[error(
        "packer base path is required: must be provided in 'components.packer.base_path' config or \
         'ATMOS_COMPONENTS_PACKER_BASE_PATH' ENV variable"
    )]
    #[diagnostic(code(atmos::packer::base_path))]
    BasePath,

    #[error("packer manifest is missing: `{}`", path.display())]
    #[diagnostic(
        code(atmos::packer::no_manifest),
        help(
            "`atmos packer build` writes it, if the template has a `manifest` post-processor; `manifest_file_name` of `vars` is its name"
        )
    )]
    NoManifest { path: PathBuf },

    #[error("the packer manifest `{}` cannot be read: {reason}", path.display())]
    #[diagnostic(code(atmos::packer::manifest), help("build the component again"))]
    Manifest { path: PathBuf, reason: String },
}

impl Failure for Error {}

/// Runs the command, as whoever the component is.
///
/// # Errors
/// The first thing that goes wrong; packer's own code where packer failed, 130 and 143 after a request to stop.
pub async fn run(app: &App, request: &RunRequest) -> Result<()> {
    if request.verb == "version" {
        let (cwd, env) = (app.host.cwd.clone(), app.host.env.clone());
        let words = std::iter::once(&request.verb).chain(&request.native);
        let launch = launch(&Kind::Packer.command(&app.config), words.cloned().collect(), cwd, env, request);
        return start(app, &launch, &mut Signals::listen()?, None).await;
    }
    let Some(instance) = instance(app, request)? else { return Ok(()) };
    if request.verb == "build" {
        if instance.abstract_ {
            return Err(ExecError::Abstract { component: instance.name }.into());
        }
        if instance.locked {
            return Err(ExecError::Locked { component: instance.name }.into());
        }
    }
    unbuilt::check(app, &instance);
    let folder = folder(app, &instance, request.dry_run)?;
    if request.dry_run {
        app.host.talk.info(format!("Would {} {} in {} (dry run)", request.verb, instance.name, instance.stack));
        return Ok(());
    }
    let mut signals = Signals::listen()?;
    let access = child::access(app)?;
    let hold = child::hold(app, &access, &instance, &request.identity, Need::Run, &request.verb);
    let held = signals.guard(hold).await?;
    if let Some(summary) = held.summary() {
        app.host.talk.info(format!("{} in {}: {summary}", instance.name, instance.stack));
    }
    let env = child::environment(app, &instance.sections.env, &held);
    let result = packer(app, request, &instance, &folder, env, &mut signals).await;
    // The child has ended: now its credentials go.
    held.close_after(result).await
}

/// Runs packer with the variables of the component.
async fn packer(
    app: &App,
    request: &RunRequest,
    instance: &Instance,
    folder: &Path,
    env: Env,
    signals: &mut Signals,
) -> Result<()> {
    let lock = signals.guard(folder_lock::acquire(&app.host, folder)).await?;
    let name = Names::new(&instance.stack, &instance.name, instance.base_component.as_deref()).packer_varfile();
    let vars = &instance.sections.vars;
    let vars = if vars.is_null() { Node::empty_map() } else { vars.clone() };
    let varfile = File::json(name, &vars);
    varfile.write(folder)?;
    let words = [request.verb.clone(), "-var-file".to_owned(), varfile.name.clone()].into_iter();
    let words = words.chain(request.native.iter().cloned()).chain([template(request, instance)]);
    let launch = launch(&instance.command, words.collect(), folder.to_path_buf(), env, request);
    let result = start(app, &launch, signals, Some(&lock)).await;
    let removed = files::remove(folder, &varfile.name);
    result?;
    removed?;
    Ok(())
}

/// What the last build made, or the part that an expression selects. `None` for a component that is switched off.
///
/// # Errors
/// There is no manifest, or it cannot be read.
pub fn output(app: &App, request: &RunRequest, query: Option<&str>) -> Result<Option<Node>> {
    let Some(instance) = instance(app, request)? else { return Ok(None) };
    let folder = folder(app, &instance, false)?;
    let name = instance.sections.vars.get("manifest_file_name").and_then(Node::as_str).unwrap_or(MANIFEST);
    let path = folder.join(name);
    if !path.is_file() {
        return Err(Error::NoManifest { path }.into());
    }
    let unreadable = |reason: String| Error::Manifest { path: path.clone(), reason };
    let bytes = std::fs::read(&path).map_err(|error| unreadable(error.to_string()))?;
    let json: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
    let document = content::inert(&crate::value::from_json(&json), None);
    Ok(Some(match query.filter(|query| !query.is_empty()) {
        Some(query) => Query::parse(query)?.first(&document)?,
        None => document,
    }))
}

fn instance(app: &App, request: &RunRequest) -> Result<Option<Instance>> {
    if Kind::Packer.base_path(&app.config).is_none_or(|base| base == app.config.base_path) {
        return Err(Error::BasePath.into());
    }
    let required = || Error::ComponentRequired { verb: request.verb.clone() };
    let component = request.component.as_deref().ok_or_else(required)?;
    let stack = request.stack.as_deref().filter(|stack| !stack.is_empty()).ok_or(Error::StackRequired)?;
    let found = component::find(&app.host, &app.config, app.index()?, component, stack, Some(Kind::Packer))?;
    if !found.enabled {
        app.host.talk.info(format!("Component is not enabled and skipped: {} in {}", found.name, found.stack));
        return Ok(None);
    }
    let identity = Wish { flag: request.identity.clone(), runs: request.verb != "output" };
    Ok(Some(app.evaluate(&found, &resolve::Options { identity, ..resolve::Options::default() })?))
}

fn folder(app: &App, instance: &Instance, dry: bool) -> Result<PathBuf> {
    let folder = provision::folder(app, instance, dry)?.path;
    if folder.is_dir() || (dry && provision::is_made(instance)) {
        return Ok(folder);
    }
    let base = Kind::Packer.base_path(&app.config).unwrap_or_default();
    let base = base.strip_prefix(&app.host.cwd).unwrap_or(&base).display().to_string();
    let (component, folder) = (instance.name.clone(), instance.folder.clone());
    Err(ExecError::FolderNotFound { kind: "Packer", component, folder, base }.into())
}

/// `--template`, `settings.packer.template`, else all templates of the folder.
fn template(request: &RunRequest, instance: &Instance) -> String {
    let setting = instance.sections.settings.get_path(["packer", "template"]);
    let setting = setting.map(|node| node.as_list().and_then(<[Node]>::first).unwrap_or(node));
    let setting = setting.and_then(Node::as_str).filter(|text| !text.is_empty());
    request.template.clone().or_else(|| setting.map(str::to_owned)).unwrap_or_else(|| ".".to_owned())
}

fn launch(program: &str, words: Vec<String>, cwd: PathBuf, env: Env, request: &RunRequest) -> Launch {
    Launch {
        program: program.to_owned(),
        configured: SOURCE.to_owned(),
        args: words.into_iter().map(Into::into).collect(),
        cwd,
        env,
        output: Output::Inherit,
        stderr: request.redirect_stderr.clone(),
        hangup: Hangup::Terminates,
    }
}

async fn start(app: &App, launch: &Launch, signals: &mut Signals, lock: Option<&FolderLock>) -> Result<()> {
    let around = process::Surroundings { lock, ..child::surroundings(&app.host) };
    let outcome = process::run(launch, around, signals).await?;
    if let Some(stop) = outcome.stop {
        return Err(ExecError::Interrupted { stop }.into());
    }
    if outcome.code == 0 {
        return Ok(());
    }
    let name = Path::new(&launch.program).file_name().unwrap_or_default().to_string_lossy().into_owned();
    Err(ExecError::child_failed(name, outcome.code, launch.stderr.as_ref()).into())
}
