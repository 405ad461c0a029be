//! `atmos terraform …`: from what was asked for to an exit status.
//!
//! Read [`run`] first; it shows the whole way of one command. `target` turns an evaluated component into the plain data
//! that [`crate::exec::terraform`] works on, `fleet` runs many components as [`super::many`] orders them, `clean` and `generate` are
//! atmos' own sub-commands.

mod ask;
mod backend;
mod batch;
mod clean;
mod course;
mod data;
mod diff;
mod environment;
mod error;
mod files;
mod fleet;
mod generate;
mod lint;
mod migrate;
mod output;
mod output_names;
mod planfile;
mod preview;
mod printed;
mod program;
mod rc;
mod retry;
mod saved;
mod select;
mod shell;
mod single;
mod state;
mod target;
mod verify;

pub(super) use ask::choose;
pub use batch::{BatchRequest, generate_backends, generate_varfiles};
pub use clean::{CleanPlan, CleanRequest, cache_plan, clean_plan};
pub use diff::{DiffRequest, plan_diff};
pub use environment::{EnvForm, EnvRequest, environment};
pub use error::Error;
pub(super) use files::context;
pub use files::{FilesRequest, generate_files};
pub use generate::{GenerateRequest, generate_backend, generate_required_providers, generate_varfile};
pub use lint::{LintRequest, lint};
pub use output::{Form, Format};
pub use planfile::{PlanfileForm, PlanfileRequest, generate_planfile};
pub(super) use preview::{changed as changed_variables, document as dry_run_document};
pub(super) use printed::printed_outputs;
pub(super) use program::configured as configured_program;
pub use shell::{ShellRequest, shell};
pub(super) use single::platforms;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::hooks::Skip;
use super::planfiles::Verify;
use super::{App, child, many};
use crate::auth::resolution::Flag;
use crate::component::Instance;
use crate::diag::Result;
use crate::exec::signals::Signals;
use crate::exec::terraform::Request;
pub use crate::exec::terraform::migration::Migration;
use crate::exec::{Error as ExecError, Hangup, Launch, Output, process};
use crate::resolve;

/// One terraform command, of one component or of many.
#[derive(Debug, Clone, Default)]
pub struct RunRequest {
    /// What terraform is asked to do.
    pub request: Request,
    pub component: Option<String>,
    /// `--stack`, else `ATMOS_STACK`.
    pub stack: Option<String>,
    /// Which of many components, and how they run together.
    pub many: many::Options,
    pub identity: Flag,
    pub dry_run: bool,
    /// The dry run is shown as a document.
    pub dry_run_json: bool,
    pub append_user_agent: Option<String>,
    /// `--skip-hooks`.
    pub skip_hooks: Skip,
    pub evaluation: resolve::Options,
    /// `output --format`.
    pub format: Option<Format>,
    /// `--ci`, or what a CI system sets: it is told what happens, where `ci.enabled` says so.
    pub ci: bool,
    /// `--upload-status`: Atmos Pro is told how the command ended.
    pub upload: bool,
    /// Somebody wants the summary of the run, also where it is about one component.
    pub summarises: bool,
    /// `--verify-plan`
    pub verify_plan: Option<Verify>,
    /// The main command is tfmigrate.
    pub migration: Option<Migration>,
    /// The variables of the component do not matter, and no file gets them.
    pub without_variables: bool,
    /// Everything before the main command, and not that itself.
    pub only_prepares: bool,
    /// Where the output of the main command goes, if not where it usually does.
    pub output: Option<Output>,
}

/// How a command ended.
#[derive(Debug, Default)]
pub struct Done {
    /// Exit status of the process: 0, or 2 of a plan with `-detailed-exitcode` that has changes.
    pub code: u8,
    /// Data for standard output (`output --format`, `--dry-run --format json`).
    pub data: Option<String>,
    /// What became of each of many components. It has the failure of the run, if there is one.
    pub fleet: Option<many::Fleet>,
}

/// Runs the command.
///
/// # Errors
/// The first thing that goes wrong, with the exit status of the specifications: terraform's own code where terraform failed,
/// 130 and 143 after a request to stop (when the child has ended and its credentials are gone).
pub async fn run(app: &App, request: &RunRequest) -> Result<Done> {
    let verb = request.request.verb()?;
    if request.request.words == ["version"] {
        return version(app, request).await;
    }
    let asked;
    let request = match ask::missing(app, request, verb)? {
        Some(completed) => {
            asked = completed;
            &asked
        }
        None => request,
    };
    let done = match select::select(request, verb)? {
        select::Selection::One { component, stack } => single::run(app, request, &component, &stack).await,
        select::Selection::Stack { stack } => {
            let mut request = request.clone();
            request.request.many = true;
            fleet::run(app, &request, stack.as_deref()).await
        }
    };
    super::registry_cache::report(app);
    done
}

/// `terraform version` in the current directory, in the environment as it is.
async fn version(app: &App, request: &RunRequest) -> Result<Done> {
    let command = program::configured(app, &app.host.cwd);
    let asked = &request.request;
    let words: &[String] = if asked.bare { &[] } else { &asked.words };
    let args: Vec<String> = asked.globals.iter().chain(words).chain(&asked.native).cloned().collect();
    let launch = Launch {
        program: command.0,
        configured: command.1,
        args: args.into_iter().map(Into::into).collect(),
        cwd: app.host.cwd.clone(),
        env: app.host.env.clone(),
        output: Output::Inherit,
        stderr: request.request.redirect_stderr.clone(),
        hangup: Hangup::Terminates,
    };
    let mut signals = Signals::listen()?;
    let outcome = process::run(&launch, child::surroundings(&app.host), &mut signals).await?;
    if let Some(stop) = outcome.stop {
        return Err(crate::exec::Error::Interrupted { stop }.into());
    }
    Ok(Done { code: outcome.code, ..Done::default() })
}

/// A file of that text in a folder for what passes; it goes when it is dropped.
fn passing_file(folder: &Path, prefix: &str, suffix: &str, text: &str) -> Result<tempfile::NamedTempFile, ExecError> {
    let file = tempfile::Builder::new().prefix(prefix).suffix(suffix).tempfile_in(folder);
    let mut file = file.map_err(ExecError::file("create", folder))?;
    file.write_all(text.as_bytes()).map_err(ExecError::file("write", folder))?;
    Ok(file)
}

/// The folder of a component is not there.
fn no_folder(app: &App, instance: &Instance) -> ExecError {
    ExecError::FolderNotFound {
        kind: "Terraform",
        component: instance.name.clone(),
        folder: instance.folder.clone(),
        base: shown(app, &app.config.terraform.base_path),
    }
}

/// A path as the user would write it.
fn shown(app: &App, path: &Path) -> String {
    let path = PathBuf::from(path);
    path.strip_prefix(&app.host.cwd).unwrap_or(&path).display().to_string()
}
