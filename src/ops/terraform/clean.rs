//! `terraform clean`: what would be removed, and removing it. Asking is the caller's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::target::target;
use super::{Error, RunRequest, data};
use crate::component::{self, Filter, Instance, Kind};
use crate::config::default_plugin_cache;
use crate::diag::{Result, Warning};
use crate::exec::Error as ExecError;
use crate::exec::folder_lock::{self, FolderLock};
use crate::exec::names::Names;
use crate::exec::terraform::clean::{self, Options};
use crate::exec::terraform::{Owned, Target, of_data_dir, of_packages, states_below};
use crate::host::fs;
use crate::ops::{App, protection};
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
#[derive(Debug, Default)]
pub struct CleanPlan {
    /// Absolute, sorted.
    pub paths: Vec<PathBuf>,
    /// The same as the user would write them.
    pub shown: Vec<String>,
    /// Files behind the paths.
    pub files: usize,
    /// The user has to agree first.
    pub ask: bool,
    /// No run works in the folders while the plan is alive. Empty for a dry run.
    _locks: Vec<FolderLock>,
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

/// Takes the folders and finds what is to be removed. The caller shows it, asks where `ask` is set, and calls [`CleanPlan::carry_out`].
///
/// # Errors
/// A component without a stack (or the other way round), an unknown component, and a question that nobody can be asked.
pub async fn clean_plan(app: &App, request: &CleanRequest) -> Result<CleanPlan> {
    let subject = match (&request.component, &request.stack) {
        (Some(component), Some(stack)) => one(app, request, component, stack)?,
        (None, None) => Subject::All(folders(app, request)?),
        _ => return Err(Error::CleanTarget.into()),
    };
    let data = match &subject {
        Subject::One(target) => data_dir(app, target)?,
        Subject::All(_) => None,
    };
    // What a run is about to write or has in use must neither be counted nor removed: first the folders, then the look.
    let taken = subject.folders().into_iter().chain(&data);
    let existing: Vec<PathBuf> = taken.filter(|folder| folder.is_dir()).cloned().collect();
    let locks = if request.dry_run { Vec::new() } else { vec![folder_lock::acquire_all(&app.host, &existing).await?] };
    let paths = match &subject {
        Subject::One(target) => {
            let data = data.map(|directory| owned(app, &directory, of_data_dir)).unwrap_or_default();
            clean::targets(target, &data, request.options)
        }
        Subject::All(folders) => {
            folders.iter().flat_map(|(folder, own)| clean::folder_targets(folder, own, request.options)).collect()
        }
    };
    let plan = CleanPlan {
        shown: paths.iter().map(|path| listed(app, path)).collect(),
        files: clean::count(&paths),
        ask: !request.force && !request.dry_run && !paths.is_empty(),
        paths,
        _locks: locks,
    };
    if plan.ask && !app.host.terminal.can_prompt() {
        return Err(Error::NoConfirmation.into());
    }
    Ok(plan)
}

/// The shared plugin cache: all of our own, and of one that somebody else named what has the layout of a cache. Runs that use
/// it are waited for: what they have installed are links to it.
///
/// # Errors
/// A question that nobody can be asked, or the run around this process uses it.
pub async fn cache_plan(app: &App, force: bool, dry_run: bool) -> Result<CleanPlan> {
    let own = default_plugin_cache(&app.host);
    let directory = app.config.terraform.plugin_cache_dir.clone().unwrap_or_else(|| own.clone());
    let mut locks = Vec::new();
    if !dry_run && directory.is_absolute() && directory.is_dir() {
        locks.extend(folder_lock::acquire_unused(&app.host, &directory).await?);
    }
    let paths = if !directory.is_absolute() || !directory.is_dir() {
        Vec::new()
    } else if directory == own {
        vec![own]
    } else {
        owned(app, &directory, of_packages)
    };
    let plan = CleanPlan {
        shown: paths.iter().map(|path| listed(app, path)).collect(),
        files: clean::count(&paths),
        ask: !force && !dry_run && !paths.is_empty(),
        paths,
        _locks: locks,
    };
    if plan.ask && !app.host.terminal.can_prompt() {
        return Err(Error::NoConfirmation.into());
    }
    Ok(plan)
}

/// What may go of a directory whose name comes from a setting. What stays is said.
fn owned(app: &App, directory: &Path, judge: fn(&Path) -> Owned) -> Vec<PathBuf> {
    const NAMED: usize = 5;
    let Owned { paths, others } = judge(directory);
    if !others.is_empty() {
        let mut names: Vec<String> = others.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
        if others.len() > NAMED {
            names.push(format!("{} more", others.len() - NAMED));
        }
        let message = format!(
            "`{}` has what terraform did not put there, which stays: {}",
            directory.display(),
            names.join(", ")
        );
        let help = "`clean` removes only what terraform and atmos keep in such a directory; remove the rest by hand";
        app.host.talk.warn(Warning::new("atmos::terraform::clean", message).help(help));
    }
    paths
}

/// A path as the list has it: a directory with the number of its files, so that the lines add up to the total.
fn listed(app: &App, path: &Path) -> String {
    let shown = super::shown(app, path);
    if !path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return shown;
    }
    match clean::count(&[path.to_path_buf()]) {
        1 => format!("{shown}/ (1 file)"),
        files => format!("{shown}/ ({files} files)"),
    }
}

/// What is cleaned.
enum Subject {
    One(Box<Target>),
    /// Every component's folder, each with the files of its instances.
    All(BTreeMap<PathBuf, Vec<String>>),
}

impl Subject {
    fn folders(&self) -> Vec<&PathBuf> {
        match self {
            Subject::One(target) => vec![&target.folder],
            Subject::All(folders) => folders.keys().collect(),
        }
    }
}

fn one(app: &App, request: &CleanRequest, component: &str, stack: &str) -> Result<Subject> {
    let kind = Some(Kind::Terraform);
    let found = app.find(component, stack, kind)?;
    let instance = app.evaluate(&found, &request.evaluation)?;
    if removes_state(request, &instance) {
        protection::check(app, &instance, COMMAND)?;
        refuse_locked(app, std::slice::from_ref(&instance))?;
    }
    Ok(Subject::One(Box::new(target(app, &instance, &RunRequest::default())?)))
}

/// What takes the state away, for messages.
const COMMAND: &str = "terraform clean --everything";

/// Whether the state of the component lies where it is cleaned.
fn removes_state(request: &CleanRequest, instance: &Instance) -> bool {
    let is_local = matches!(instance.sections.backend_type.as_str(), "" | "local");
    request.options.everything && !request.dry_run && is_local && !instance.abstract_
}

/// What is locked keeps its state, if it has one.
fn refuse_locked(app: &App, instances: &[Instance]) -> Result<(), ExecError> {
    let has_state = |instance: &Instance| {
        let folder = instance.path(&app.config).unwrap_or_default();
        match instance.workspace.as_str() {
            "default" | "" => folder.join("terraform.tfstate").exists(),
            workspace => !states_below(&folder.join("terraform.tfstate.d").join(workspace)).is_empty(),
        }
    };
    match instances.iter().find(|instance| instance.locked && has_state(instance)) {
        Some(locked) => Err(ExecError::Locked { component: locked.name.clone() }),
        None => Ok(()),
    }
}

/// The data directory that the user named (`TF_DATA_DIR`), if there is one.
///
/// # Errors
/// It is, or holds, what no data directory can be.
fn data_dir(app: &App, target: &Target) -> Result<Option<PathBuf>> {
    let Some(directory) = data::named(app, &target.folder, &target.env) else { return Ok(None) };
    if directory == target.folder.join(".terraform") {
        return Ok(None);
    }
    let (host, config) = (&app.host, &app.config);
    let mut kept = vec![
        (PathBuf::from("/"), "the whole disk".to_owned()),
        (host.dirs.home.clone(), "your home directory".to_owned()),
        (config.base_path.clone(), "the base path".to_owned()),
        (target.folder.clone(), format!("the folder of the component `{}`", target.component)),
        (config.terraform.base_path.clone(), "the folder of all terraform components".to_owned()),
    ];
    let all = Filter { partial: true, ..Filter::default() };
    for instance in component::all(host, config, app.index()?, &all)? {
        let what = || format!("the folder of the component `{}`", instance.name);
        kept.extend(instance.path(config).map(|path| (path, what())));
    }
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| fs::clean(path));
    let found = real(&directory);
    let kept = kept.into_iter().filter(|(path, _)| path.is_absolute());
    match kept.into_iter().find(|(path, _)| real(path).starts_with(&found)) {
        Some((_, what)) => Err(Error::DataDir {
            component: target.component.clone(),
            stack: target.stack.clone(),
            directory: directory.display().to_string(),
            what,
        }
        .into()),
        None => Ok(Some(directory)),
    }
}

/// Every component's folder with the planfiles of its instances and, where atmos writes one, the backend file.
fn folders(app: &App, request: &CleanRequest) -> Result<BTreeMap<PathBuf, Vec<String>>> {
    let filter = Filter { kinds: vec![Kind::Terraform], ..Filter::default() };
    let instances = component::all(&app.host, &app.config, app.index()?, &filter)?;
    let kept: Vec<Instance> = instances.iter().filter(|one| removes_state(request, one)).cloned().collect();
    protection::check_all(app, &kept, &request.evaluation, COMMAND)?;
    refuse_locked(app, &kept)?;
    let mut folders: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for instance in &instances {
        let Some(folder) = instance.path(&app.config) else { continue };
        let own = folders.entry(folder).or_default();
        own.push(Names::new(&instance.stack, &instance.name, instance.base_component.as_deref()).planfile());
        if app.config.terraform.auto_generate_backend_file && own.len() == 1 {
            own.push(clean::BACKEND_FILE.to_owned());
        }
    }
    Ok(folders)
}
