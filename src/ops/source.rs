//! `source …` and `workdir …`: what is fetched for components, and the working directories of their own. Row 12.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use miette::Diagnostic;
use thiserror::Error as ThisError;

use super::provision::{self, Record};
use super::{App, protection};
use crate::component::{self, Instance, Kind};
use crate::diag::{Failure, Result, Warning};
use crate::exec::folder_lock;
use crate::exec::terraform::states_below;
use crate::fetch::parse_ttl;
use crate::resolve;
use crate::value::{Map, Node};

#[derive(Debug, ThisError, Diagnostic)]
pub enum Error {
    #[error("component argument is required")]
    #[diagnostic(code(atmos::source::component_required), help("name a component and its stack"))]
    ComponentRequired,

    #[error("stack is required; specify it on the command line using the flag --stack <stack> (shorthand -s)")]
    #[diagnostic(code(atmos::source::stack_required), help("`atmos list stacks` shows the stacks"))]
    StackRequired,

    #[error("metadata.source is missing: {component} in {stack} has no source")]
    #[diagnostic(code(atmos::source::missing), help("add `source` to the component in its stack manifest"))]
    Missing { component: String, stack: String },

    #[error("deleting the fetched folder `{folder}` needs --force")]
    #[diagnostic(code(atmos::source::force), help("add `--force`"))]
    Force { folder: String },

    #[error("`{folder}` is not deleted: atmos did not fetch it")]
    #[diagnostic(
        code(atmos::source::not_fetched),
        help("a folder that was there before is used as it is and stays; remove it by hand if it may go")
    )]
    NotFetched { folder: String },

    #[error("`{folder}` is not deleted: it has the local state of what was applied there: {states}")]
    #[diagnostic(
        code(atmos::source::state),
        help(
            "destroy the component first, or move its state to another backend; `--everything` deletes the state and leaves \
             what it describes without an owner"
        )
    )]
    State { folder: String, states: String },

    #[error("workdir not found for component '{component}' in stack '{stack}'")]
    #[diagnostic(
        code(atmos::workdir::not_found),
        help("`atmos terraform init {component} -s {stack}` makes it, if `provision.workdir.enabled` is true")
    )]
    WorkdirNotFound { component: String, stack: String },

    #[error("{reason}")]
    #[diagnostic(code(atmos::workdir::clean), help("{help}"))]
    Clean { reason: String, help: String },
}

impl Failure for Error {}

/// One component whose source is meant.
#[derive(Debug, Clone)]
pub struct SourceRequest {
    pub kind: Kind,
    pub component: Option<String>,
    pub stack: Option<String>,
    pub force: bool,
    /// Of `delete`: local state, too.
    pub everything: bool,
    pub evaluation: resolve::Options,
}

/// Fetches the source.
///
/// # Errors
/// The component has none, or it cannot be had.
pub fn pull(app: &App, request: &SourceRequest) -> Result<()> {
    let instance = instance(app, request)?;
    let source = provision::source(app, &instance)?.ok_or_else(|| missing(&instance))?;
    let folder = provision::pull(app, &instance, source, request.force)?;
    if !folder.changed {
        app.host.talk.info(format!("The source of {} in {} is there already", instance.name, instance.stack));
    }
    Ok(())
}

/// The source as a document.
///
/// # Errors
/// The component has none.
pub fn describe(app: &App, request: &SourceRequest) -> Result<Node> {
    let instance = instance(app, request)?;
    if provision::source(app, &instance)?.is_none() {
        return Err(missing(&instance).into());
    }
    let written = &instance.sections.source;
    let source = if written.as_map().is_some() { written.clone() } else { map([("uri", written.clone())]) };
    let source = map([("source", source)]);
    let components = map([(instance.kind.key(), map([(instance.name.as_str(), source)]))]);
    Ok(map([("components", components)]))
}

/// Deletes the folder that was fetched.
///
/// # Errors
/// The component has no source, nobody said that it may go, atmos did not fetch it, it has local state, or it cannot be
/// removed.
pub async fn delete(app: &App, request: &SourceRequest) -> Result<()> {
    let instance = instance(app, request)?;
    provision::source(app, &instance)?.ok_or_else(|| missing(&instance))?;
    let own = provision::wants_workdir(&instance);
    let folder = provision::folder(app, &instance, true)?.path;
    if !own {
        provision::checked_place(app, &instance, &folder)?;
    }
    if !folder.exists() {
        app.host.talk.info(format!("There is no folder `{}`", shown(app, &folder)));
        return Ok(());
    }
    if !request.force {
        return Err(Error::Force { folder: shown(app, &folder) }.into());
    }
    if request.everything && !states_below(&folder).is_empty() {
        let evaluated = app.evaluate(&instance, &request.evaluation)?;
        protection::check_state(app, &evaluated, &format!("{} source delete --everything", evaluated.kind.key()))?;
    }
    let _lock = folder_lock::acquire(&app.host, &folder).await?;
    let not_fetched = || Error::NotFetched { folder: shown(app, &folder) };
    if own {
        provision::found_in(&folder).ok_or_else(not_fetched)?;
        keep_states(app, &folder, request.everything)?;
        std::fs::remove_dir_all(&folder).map_err(crate::exec::Error::file("remove", &folder))?;
    } else {
        let fetched = provision::fetched(app, &folder).ok_or_else(not_fetched)?;
        keep_states(app, &folder, request.everything)?;
        fetched.remove(&folder)?;
        if !fetched.others.is_empty() {
            let message =
                format!("`{}` stays with what was not fetched: {}", shown(app, &folder), fetched.others.join(", "));
            let help =
                "a source is fetched only into an empty folder; remove the rest by hand, or use `source pull --force`";
            app.host.talk.warn(Warning::new("atmos::source::others", message).help(help));
            return Ok(());
        }
    }
    app.host.talk.success(format!("Deleted {}", shown(app, &folder)));
    Ok(())
}

/// Refuses a folder with local state, unless that may go, too.
fn keep_states(app: &App, folder: &Path, everything: bool) -> Result<(), Error> {
    let states = if everything { Vec::new() } else { states_below(folder) };
    if states.is_empty() {
        return Ok(());
    }
    let states: Vec<String> = states.iter().map(|state| format!("`{}`", state.display())).collect();
    Err(Error::State { folder: shown(app, folder), states: states.join(", ") })
}

/// One working directory.
#[derive(Debug, Clone)]
pub struct Workdir {
    /// As the user would write it.
    pub path: String,
    pub name: String,
    pub record: Record,
    folder: PathBuf,
}

/// Every working directory of a kind, sorted by path.
pub fn workdirs(app: &App, kind: &Kind) -> Vec<Workdir> {
    let all = provision::all(&app.config, kind.key());
    let workdirs = all.into_iter().map(|(folder, record)| {
        let is_damaged = record.damaged;
        let mut workdir = workdir(app, folder, record);
        if is_damaged {
            // Whose it is cannot be told from its name for sure.
            workdir.record.component.clone_from(&workdir.name);
            let message = format!("what is kept about `{}` is damaged", workdir.path);
            let help = "the next run of its component writes it anew; `workdir clean` removes the directory";
            app.host.talk.warn(Warning::new("atmos::workdir::damaged", message).help(help));
        }
        workdir
    });
    workdirs.collect()
}

/// That of one component.
///
/// # Errors
/// It is not there.
pub fn workdir_of(app: &App, kind: &Kind, component: &str, stack: Option<&str>) -> Result<Workdir, Error> {
    let stack = stack.filter(|stack| !stack.is_empty()).ok_or(Error::StackRequired)?;
    let folder = provision::path(&app.config, kind.key(), component, stack);
    let record = provision::found_in(&folder)
        .ok_or_else(|| Error::WorkdirNotFound { component: component.to_owned(), stack: stack.to_owned() })?;
    let known = Record { component: component.to_owned(), stack: stack.to_owned(), ..record };
    Ok(workdir(app, folder, known))
}

/// Which working directories are removed.
#[derive(Debug, Clone, Default)]
pub struct CleanRequest {
    pub component: Option<String>,
    pub stack: Option<String>,
    pub all: bool,
    pub expired: bool,
    pub ttl: Option<String>,
    /// Local state, too.
    pub everything: bool,
    pub dry_run: bool,
}

/// Removes working directories and returns how many there were. Of many, those with local state are left out with a warning.
///
/// # Errors
/// Words that do not fit each other, a directory that is not there, has local state or cannot be removed.
pub async fn clean(app: &App, kind: &Kind, request: &CleanRequest) -> Result<usize> {
    let wrong = |reason: &str, help: &str| Error::Clean { reason: reason.to_owned(), help: help.to_owned() };
    let found = match (&request.component, request.all, request.expired) {
        (None, false, true) => expired(app, kind, request.ttl.as_deref())?,
        (_, _, true) => {
            return Err(wrong("cannot use --all or component with --expired", "give --expired --ttl alone").into());
        }
        (Some(_), true, _) => return Err(wrong("cannot specify both --all and a component", "give one of them").into()),
        (None, true, _) => workdirs(app, kind),
        (Some(component), ..) => vec![workdir_of(app, kind, component, request.stack.as_deref())?],
        (None, false, false) => {
            let help = "give a component with --stack, --all, or --expired with --ttl";
            return Err(wrong("either --all, --expired, or a component is required", help).into());
        }
    };
    for workdir in &found {
        if request.everything && !states_below(&workdir.folder).is_empty() {
            let kept = if workdir.record.damaged && request.component.is_none() {
                let help = "name it with `--stack` and its component, so that its protection can be looked up";
                Err(wrong("whose state is in it is not known", help).into())
            } else {
                check_kept(app, kind, &workdir.record)
            };
            match kept {
                // Of many the others go.
                Err(report) if request.component.is_none() => {
                    let message = format!("`{}` is not deleted: {report}", workdir.path);
                    app.host.talk.warn(Warning::new("atmos::workdir::state", message));
                    continue;
                }
                result => result?,
            }
        }
        // What a run is about to write must not be overlooked: first the folder, then the look.
        let lock = if request.dry_run { None } else { Some(folder_lock::acquire(&app.host, &workdir.folder).await?) };
        match keep_states(app, &workdir.folder, request.everything) {
            Err(error) if request.component.is_none() => {
                let help = miette::Diagnostic::help(&error).map(|help| help.to_string()).unwrap_or_default();
                app.host.talk.warn(Warning::new("atmos::workdir::state", error.to_string()).help(help));
                continue;
            }
            result => result?,
        }
        if request.dry_run {
            app.host.talk.info(format!("Would remove {}", workdir.path));
            continue;
        }
        let folder = &workdir.folder;
        std::fs::remove_dir_all(folder).map_err(crate::exec::Error::file("remove", folder))?;
        drop(lock);
        let Record { component, stack, .. } = &workdir.record;
        let whose = if stack.is_empty() { workdir.path.clone() } else { format!("{component} in {stack}") };
        app.host.talk.success(format!("Workdir cleaned for {whose}"));
    }
    Ok(found.len())
}

/// Refuses to take the state of what is protected or locked. A directory whose component is gone is nobody's.
fn check_kept(app: &App, kind: &Kind, record: &Record) -> Result<()> {
    let (component, stack) = (record.component.as_str(), record.stack.as_str());
    let found = component::find(&app.host, &app.config, app.index()?, component, stack, Some(kind.clone()));
    let Ok(instance) = found else { return Ok(()) };
    let sections = ["settings", "metadata"].map(str::to_owned).to_vec();
    let instance = app.evaluate(&instance, &resolve::Options { sections, ..resolve::Options::default() })?;
    protection::check_state(app, &instance, &format!("{} workdir clean --everything", kind.key()))
}

fn expired(app: &App, kind: &Kind, ttl: Option<&str>) -> Result<Vec<Workdir>, Error> {
    let wrong = |reason: String| Error::Clean { reason, help: "give a duration: --ttl=7d or --ttl=24h".to_owned() };
    let text =
        ttl.filter(|ttl| !ttl.is_empty()).ok_or_else(|| wrong("TTL is required when using --expired".to_owned()))?;
    let limit = parse_ttl(text).ok_or_else(|| wrong(format!("`--ttl {text}` is no duration")))?;
    let now = app.host.now();
    let age = |used: Timestamp| now.duration_since(used).unsigned_abs();
    let last = |record: &Record| record.last_accessed.unwrap_or(record.updated_at);
    Ok(workdirs(app, kind).into_iter().filter(|workdir| age(last(&workdir.record)) > limit).collect())
}

/// A working directory as a document, in the form of the reference.
pub fn workdir_document(workdir: &Workdir, kind: &Kind) -> Node {
    let record = &workdir.record;
    let text = |text: &str| Node::from(text);
    let facts = map([
        ("name", text(&workdir.name)),
        ("source", text(&record.source)),
        ("path", text(&workdir.path)),
        ("content_hash", text(&record.content_hash)),
        ("created_at", text(&record.created_at.to_string())),
        ("updated_at", text(&record.updated_at.to_string())),
    ]);
    let metadata = map([("metadata", map([("workdir", facts)]))]);
    map([("components", map([(kind.key(), map([(record.component.as_str(), metadata)]))]))])
}

fn workdir(app: &App, folder: PathBuf, record: Record) -> Workdir {
    let below = folder.strip_prefix(&app.config.base_path).unwrap_or(&folder);
    let path = below.display().to_string();
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Workdir { path, name, record, folder }
}

fn instance(app: &App, request: &SourceRequest) -> Result<Instance> {
    let (component, stack) = match (&request.component, request.stack.as_deref().filter(|stack| !stack.is_empty())) {
        (Some(component), Some(stack)) => (component.clone(), stack.to_owned()),
        (component, stack) if app.host.terminal.can_prompt() => {
            super::terraform::choose(app, &request.kind, component.as_deref(), stack)?
        }
        (None, _) => return Err(Error::ComponentRequired.into()),
        (Some(_), None) => return Err(Error::StackRequired.into()),
    };
    let kind = Some(request.kind.clone());
    let found = component::find(&app.host, &app.config, app.index()?, &component, &stack, kind)?;
    let sections = ["source", "provision", "metadata"].map(str::to_owned).to_vec();
    app.evaluate(&found, &resolve::Options { sections, ..request.evaluation.clone() })
}

fn missing(instance: &Instance) -> Error {
    Error::Missing { component: instance.name.clone(), stack: instance.stack.clone() }
}

fn shown(app: &App, path: &Path) -> String {
    path.strip_prefix(&app.host.cwd).unwrap_or(path).display().to_string()
}

fn map<const N: usize>(entries: [(&str, Node); N]) -> Node {
    Node::from(entries.into_iter().map(|(key, node)| (Arc::from(key), node)).collect::<Map>())
}
