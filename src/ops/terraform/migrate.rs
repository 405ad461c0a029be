//! `terraform migrate`: tfmigrate in the component's folder, with everything that a run of terraform would have.

use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::planfile::ready;
use super::single::{Ready, Work, child_environment, children, open_session};
use super::{Done, Error, RunRequest, migrations, rc};
use crate::auth::resolution::Need;
use crate::diag::Result;
use crate::exec::signals::Signals;
use crate::exec::{Error as ExecError, Hangup, Launch, Output, folder_lock, process};
use crate::host::Env;
use crate::ops::{App, child};

/// The program that migrates states.
pub(in crate::ops) const PROGRAM: &str = "tfmigrate";
/// Its own way to be told of a configuration, and its usual one.
const CONFIG_VARIABLE: &str = "TFMIGRATE_CONFIG";
const CONFIG_FILE: &str = ".tfmigrate.hcl";

/// What is done with a migration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Migration {
    /// Only looked at.
    #[default]
    Plan,
    Apply,
}

impl Migration {
    pub fn word(self) -> &'static str {
        match self {
            Migration::Plan => "plan",
            Migration::Apply => "apply",
        }
    }
}

/// A migration of one component.
#[derive(Debug, Clone, Default)]
pub struct MigrateRequest {
    /// A `plan`, of which only what goes before is done.
    pub run: RunRequest,
    pub action: Migration,
    /// A file; without one the program goes by its history.
    pub migration: Option<String>,
    /// A configuration for the program.
    pub config: Option<String>,
    pub backend_config: Vec<String>,
}

/// Prepares the component's folder and runs the program there. The code is its own.
///
/// # Errors
/// Those of a run; the program is not there.
pub async fn migrate(app: &App, request: &MigrateRequest) -> Result<Done> {
    let Some(ready) = ready(app, &request.run)? else { return Ok(Done::default()) };
    let target = &ready.target;
    let (component, stack) = (&target.component, &target.stack);
    if request.run.dry_run {
        let word = request.action.word();
        app.host.talk.info(format!("Would {PROGRAM} {word} {component} in {stack} (dry run)"));
        return Ok(Done::default());
    }
    if process::find(PROGRAM, "the migration", &app.host.env, &app.host.cwd).is_err() {
        return Err(Error::NoMigrator.into());
    }
    let (access, mut signals) = (child::access(app)?, Signals::listen()?);
    let mut run = request.run.clone();
    (run.only_prepares, run.request.skip_planfile) = (true, true);
    let work = Work { request: &run, ready: &ready, need: Need::Run, relay: None };
    children(app, work, &access, &mut signals).await?;
    let held = open_session(app, &run, &ready, &access, &mut signals, Need::Run).await?;
    let mut env = child_environment(app, &run, target, &held, &access);
    let _rc = rc::add(app, &mut env)?;
    add_variables(&ready, &mut env);
    // The program starts terraform in the folder, once and again.
    let lock = signals.guard(folder_lock::acquire(&app.host, &target.folder)).await?;
    let outcome = match configured(app, request, &ready, &env) {
        Ok(Some(configured)) => {
            let launch = launch(request, &ready, &configured, env);
            process::run(&launch, child::surroundings(&app.host), &mut signals).await.map_err(Into::into)
        }
        Ok(None) => {
            let message = format!(
                "No tfmigrate migrations found for {component} in {stack}: nothing to do. They are files in the folder \
                 `migrations` of the component, or named by --migration"
            );
            app.host.talk.info(message);
            Ok(process::Outcome::default())
        }
        Err(report) => Err(report),
    };
    drop(lock);
    let closed = held.close().await;
    let outcome = outcome?;
    closed?;
    if let Some(stop) = outcome.stop {
        return Err(ExecError::Interrupted { stop }.into());
    }
    Ok(Done { code: outcome.code, ..Done::default() })
}

/// What the program is told by words.
struct Configured {
    config: Option<PathBuf>,
    migration: Option<String>,
    /// Ours, gone with the value.
    _file: Option<NamedTempFile>,
}

/// The configuration of the program: one that is named or found, else one with the history beside the states. `None` where
/// there is nothing to migrate.
fn configured(app: &App, request: &MigrateRequest, ready: &Ready, env: &Env) -> Result<Option<Configured>> {
    let folder = &ready.target.folder;
    let migration = request.migration.clone();
    let named = request.config.as_ref().map(PathBuf::from);
    let variable = || env.get(CONFIG_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    let usual = || Some(PathBuf::from(CONFIG_FILE)).filter(|file| folder.join(file).is_file());
    if let Some(known) = named.clone().or_else(variable).or_else(usual) {
        let content = std::fs::read_to_string(folder.join(&known)).unwrap_or_default();
        if migrations::keeps_history_in_a_file(&content) {
            make_room(folder, &migrations::key(&ready.target))?;
        }
        return Ok(Some(Configured { config: named, migration, _file: None }));
    }
    if migration.is_none() && !folder.join(migrations::FOLDER).is_dir() {
        return Ok(None);
    }
    let generated = migrations::generated(&ready.target, &ready.instance.sections);
    if let Some(file) = &generated.history_file {
        make_room(folder, file)?;
    }
    let temp = &app.host.dirs.temp;
    let file = tempfile::Builder::new().prefix("atmos-tfmigrate-").suffix(".hcl").tempfile_in(temp);
    let file = file.map_err(ExecError::file("create", temp))?;
    std::fs::write(file.path(), generated.text).map_err(ExecError::file("write", file.path()))?;
    let config = Some(file.path().to_path_buf());
    // Paths in the migrations' own folder are what the program wants.
    let migration = migration.map(|path| migrations::below_the_folder(&path, folder));
    Ok(Some(Configured { config, migration, _file: Some(file) }))
}

/// The program would find out that it cannot write its history when the state is moved already.
fn make_room(folder: &Path, file: &str) -> Result<()> {
    let path = folder.join(file);
    let parent = path.parent().unwrap_or(folder);
    Ok(std::fs::create_dir_all(parent).map_err(ExecError::file("create", parent))?)
}

/// What the program and its configuration may ask for.
fn add_variables(ready: &Ready, env: &mut Env) {
    let target = &ready.target;
    for (name, value) in migrations::variables(target, &ready.instance.sections) {
        env.set(name, value);
    }
    if env.get("TFMIGRATE_EXEC_PATH").is_none_or(str::is_empty) {
        env.set("TFMIGRATE_EXEC_PATH", &target.command);
    }
    // It plans by itself, without our words, and in other folders, too.
    let varfile = target.folder.join(target.names().varfile());
    if varfile.is_file() {
        let own = env.get("TF_CLI_ARGS_plan").map(|words| format!("{words} ")).unwrap_or_default();
        env.set("TF_CLI_ARGS_plan", format!("{own}-var-file={}", varfile.display()));
    }
}

fn launch(request: &MigrateRequest, ready: &Ready, configured: &Configured, env: Env) -> Launch {
    let mut args = vec![request.action.word().into()];
    if let Some(config) = &configured.config {
        args.extend(["--config".into(), config.clone().into_os_string()]);
    }
    let backend = request.backend_config.iter().filter(|entry| !entry.is_empty());
    args.extend(backend.map(|entry| format!("--backend-config={entry}").into()));
    args.extend(configured.migration.iter().map(Into::into));
    Launch {
        program: PROGRAM.to_owned(),
        configured: "the migration".to_owned(),
        args,
        cwd: ready.target.folder.clone(),
        env,
        output: Output::Inherit,
        stderr: None,
        hangup: Hangup::PassesOn,
    }
}
