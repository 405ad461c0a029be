//! `terraform clean`: what would be removed, and removing it. Asking is the caller's.

use std::path::PathBuf;

use super::target::target;
use super::{Error, RunRequest};
use crate::component::{self, Filter, Kind};
use crate::diag::Result;
use crate::exec::terraform::clean::{self, Options};
use crate::exec::terraform::{Target, folder};
use crate::ops::App;
use crate::resolve;

/// What to clean.
#[derive(Debug, Clone, Default)]
pub struct CleanRequest {
    /// Component and stack together, or neither: then every component's folder.
    pub component: Option<String>,
    pub stack: Option<String>,
    pub options: Options,
    /// `--force`: do not ask.
    pub force: bool,
    pub dry_run: bool,
    pub evaluation: resolve::Options,
}

/// What cleaning removes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CleanPlan {
    /// Absolute, sorted.
    pub paths: Vec<PathBuf>,
    /// The same as the user would write them.
    pub shown: Vec<String>,
    /// Files behind the paths.
    pub files: usize,
    /// The user has to agree first.
    pub ask: bool,
}

impl CleanPlan {
    /// Removes the paths.
    ///
    /// # Errors
    /// The first path that cannot be removed.
    pub fn carry_out(&self) -> Result<()> {
        clean::remove(&self.paths)?;
        Ok(())
    }
}

/// Finds what is to be removed. The caller shows it, asks where `ask` is set, and calls [`CleanPlan::carry_out`].
///
/// # Errors
/// A component without a stack (or the other way round), an unknown component, and a question that nobody can be asked.
pub fn clean_plan(app: &App, request: &CleanRequest) -> Result<CleanPlan> {
    let paths = match (&request.component, &request.stack) {
        (Some(component), Some(stack)) => instance_paths(app, request, component, stack)?,
        (None, None) => all_paths(app, request)?,
        _ => return Err(Error::CleanTarget.into()),
    };
    let plan = CleanPlan {
        shown: paths.iter().map(|path| super::shown(app, path)).collect(),
        files: clean::count(&paths),
        ask: !request.force && !request.dry_run && !paths.is_empty(),
        paths,
    };
    if plan.ask && !app.host.terminal.can_prompt() {
        return Err(Error::NoConfirmation.into());
    }
    Ok(plan)
}

fn instance_paths(app: &App, request: &CleanRequest, component: &str, stack: &str) -> Result<Vec<PathBuf>> {
    let kind = Some(Kind::Terraform);
    let found = component::find(&app.host, &app.config, app.index()?, component, stack, kind)?;
    let instance = resolve::evaluate(&app.host, &app.config, &found, &request.evaluation)?;
    let target = target(app, &instance, &RunRequest::default())?;
    Ok(clean::targets(&target, data_dir(app, &target).as_deref(), request.options))
}

/// The data directory of the caller's or the component's `TF_DATA_DIR`, if there is one.
fn data_dir(app: &App, target: &Target) -> Option<PathBuf> {
    let mut env = app.host.env.clone();
    if let Some(dir) = target.env.get("TF_DATA_DIR").and_then(crate::value::Node::as_str) {
        env.set("TF_DATA_DIR", dir);
    }
    env.get("TF_DATA_DIR")?;
    Some(folder::data_dir(&target.folder, &env))
}

fn all_paths(app: &App, request: &CleanRequest) -> Result<Vec<PathBuf>> {
    let filter = Filter { kinds: vec![Kind::Terraform], ..Filter::default() };
    let instances = component::all(&app.host, &app.config, app.index()?, &filter)?;
    let mut folders: Vec<_> = instances.iter().filter_map(|instance| instance.path(&app.config)).collect();
    folders.sort();
    folders.dedup();
    Ok(folders.iter().flat_map(|folder| clean::folder_targets(folder, request.options)).collect())
}
