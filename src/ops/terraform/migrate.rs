//! `terraform migrate`: tfmigrate in the prepared folder of a component, with its backend, workspace and identity.

use std::ffi::OsString;
use std::path::Path;

use crate::auth::run::Directory;
use crate::diag::Result;
use crate::exec::folder_lock::FolderLock;
use crate::exec::process::{self, Surroundings};
use crate::exec::relay::Relay;
use crate::exec::signals::Signals;
use crate::exec::terraform::Target;
use crate::exec::terraform::migration::{
    CONFIG_FILE, History, MIGRATIONS, Migration, TFMIGRATE, configuration, local_history, local_path, storage,
};
use crate::exec::{Error as ExecError, Hangup, Launch, Output};
use crate::host::Env;
use crate::ops::{App, child};
use crate::value::Node;

/// One component and what is to be done with its state.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    pub(super) app: &'a App,
    pub(super) migration: &'a Migration,
    pub(super) target: &'a Target,
    pub(super) backend: &'a Node,
    pub(super) env: &'a Env,
}

impl Work<'_> {
    /// Whether there is anything to do. Says so if not.
    ///
    /// # Errors
    /// The program is not there: nothing is prepared then.
    pub(super) fn begin(&self) -> Result<bool> {
        let Work { app, target, migration, env, .. } = self;
        if self.makes_config() && migration.file.is_none() && !target.folder.join(MIGRATIONS).is_dir() {
            let (component, stack) = (&target.component, &target.stack);
            app.host.talk.info(format!(
                "No migrations found for {component} in {stack}: nothing to do (they belong into `{MIGRATIONS}/` of its folder)"
            ));
            return Ok(false);
        }
        process::find(TFMIGRATE, "`atmos terraform migrate`", env, &app.host.cwd)?;
        Ok(true)
    }

    /// Nobody has a configuration of the user's own.
    fn makes_config(&self) -> bool {
        let Work { migration, target, env, .. } = self;
        migration.config.is_none()
            && env.get("TFMIGRATE_CONFIG").is_none_or(str::is_empty)
            && !target.folder.join(CONFIG_FILE).exists()
    }

    fn history(&self) -> History {
        History::of(&self.target.stack, &self.target.folder_name, &self.target.workspace)
    }

    /// Runs the program behind init and the choice of the workspace.
    ///
    /// # Errors
    /// The configuration cannot be written, or the program fails; its code is that of the run.
    pub(super) async fn run(&self, signals: &mut Signals, relay: Option<&Relay>, lock: &FolderLock) -> Result<()> {
        let Work { app, migration, target, .. } = self;
        let history = self.history();
        let kind = target.backend_type.as_str();
        let own = self.makes_config().then(|| Directory::create(&app.host)).transpose()?;
        let mut made = None;
        if let Some(own) = &own {
            let migrations = target.folder.join(MIGRATIONS).is_dir();
            let text = configuration(migrations, kind, self.backend, &history);
            made = Some(super::passing_file(own.path(), "atmos-tfmigrate-", ".hcl", &text)?);
        }
        let env = self.environment(&history)?;
        let kept = match &made {
            Some(_) if !matches!(kind, "s3" | "gcs") => Some(local_history(kind, self.backend, &history)),
            Some(_) => None,
            None => self.own_history(&env),
        };
        if let Some(folder) = kept.as_deref().map(|path| target.folder.join(path)).as_deref().and_then(Path::parent) {
            // Without it the program migrates the state and then cannot record that.
            std::fs::create_dir_all(folder).map_err(ExecError::file("create", folder))?;
        }
        let config = made.as_ref().map(|file| file.path().display().to_string());
        let launch = Launch {
            program: TFMIGRATE.to_owned(),
            configured: "`atmos terraform migrate`".to_owned(),
            args: migration.arguments(config.as_deref()).into_iter().map(OsString::from).collect(),
            cwd: target.folder.clone(),
            env,
            output: Output::Inherit,
            stderr: None,
            hangup: Hangup::Terminates,
        };
        let around = Surroundings { relay, lock: Some(lock), ..child::surroundings(&app.host) };
        let outcome = process::run(&launch, around, signals).await?;
        if let Some(relay) = relay {
            relay.note_end(outcome.code);
        }
        match (outcome.stop, outcome.code) {
            (Some(stop), _) => Err(ExecError::Interrupted { stop }.into()),
            (None, 0) => Ok(()),
            (None, code) => {
                Err(ExecError::child_failed(format!("{TFMIGRATE} {}", migration.action), code, None).into())
            }
        }
    }

    /// What the program and the terraform that it starts see beyond the environment of the run.
    fn environment(&self, history: &History) -> Result<Env> {
        let Work { app, target, .. } = self;
        let mut env = self.env.clone();
        for (name, value) in history.variables() {
            env.set(name, value);
        }
        for (name, value) in storage(&target.backend_type, self.backend) {
            env.set(format!("ATMOS_TFMIGRATE_HISTORY_{}", name.to_uppercase()), value);
        }
        if env.get("TFMIGRATE_EXEC_PATH").is_none() {
            // It is read as a shell would read it.
            let program = process::find(&target.command, &target.command_source, &env, &app.host.cwd)?;
            env.set("TFMIGRATE_EXEC_PATH", shell_words::quote(&program.display().to_string()).into_owned());
        }
        let varfile = target.folder.join(target.names().varfile());
        if varfile.is_file() {
            // The plans by which it checks its work need the variables, wherever they run.
            let path = varfile.display().to_string();
            let flag = format!("-var-file={}", shell_words::quote(&path));
            let before = env.get("TF_CLI_ARGS_plan").filter(|text| !text.is_empty()).map(str::to_owned);
            env.set("TF_CLI_ARGS_plan", before.map_or(flag.clone(), |before| format!("{before} {flag}")));
        }
        Ok(env)
    }

    /// The file of the history in a configuration of the user's own, as far as it can be told.
    fn own_history(&self, env: &Env) -> Option<String> {
        let given = self.migration.config.clone().or_else(|| env.get("TFMIGRATE_CONFIG").map(str::to_owned));
        let path = self.target.folder.join(given.unwrap_or_else(|| CONFIG_FILE.to_owned()));
        let text = std::fs::read_to_string(path).ok()?;
        local_path(&text, |name| env.get(name).map(str::to_owned))
    }
}
