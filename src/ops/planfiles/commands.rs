//! `atmos terraform planfile …`, and what runs in CI do with planfiles.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::bundle::{Bundle, LOCK};
use super::error::Error;
use super::note::Note;
use super::settings::Settings;
use super::shelf::{Entry, Shelf};
use crate::auth::resolution::Flag;
use crate::ci::{Origin, Report};
use crate::component::{Instance, Kind};
use crate::diag::Result;
use crate::exec::Error as ExecError;
use crate::exec::names::Names;
use crate::git::Repository;
use crate::host::fs;
use crate::ops::{App, provision};
use crate::resolve;
use crate::state::Wish;
use crate::value::hex;

/// Which planfiles are meant.
#[derive(Debug, Clone, Default)]
pub struct PlanfileQuery {
    pub component: Option<String>,
    pub stack: Option<String>,
    /// A store of the configuration, or a type.
    pub store: Option<String>,
    /// Instead of the commit that is checked out.
    pub sha: Option<String>,
    /// Those of every commit.
    pub all: bool,
    pub identity: Flag,
}

/// One line of a list.
pub type Row = Entry;

/// What was put somewhere, for a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub key: String,
    pub store: String,
    pub path: PathBuf,
    pub note: Note,
}

/// Puts a planfile into its store: this one, or the one that `plan` left.
///
/// # Errors
/// No stack, no plan, a store that is not there or refuses.
pub async fn upload(app: &App, query: &PlanfileQuery, planfile: Option<&Path>, lock: Option<&Path>) -> Result<Shown> {
    let (instance, wish) = subject(app, query, "upload")?;
    let plan = planfile.map_or_else(|| usual_planfile(app, &instance), |path| app.host.absolute(path));
    if !plan.exists() {
        let (component, stack) = (instance.name.clone(), instance.stack.clone());
        return Err(Error::NoPlan { path: plan, component, stack }.into());
    }
    let settings = Settings::read(&app.config.document);
    let shelf = shelf(app, &settings, query, Some((&instance, &wish)))?;
    let origin = origin(app, query)?;
    let lock = lock.map(|path| app.host.absolute(path)).or_else(|| beside(&plan));
    let report = Report { stack: instance.stack.clone(), component: instance.name.clone(), ..Report::default() };
    put(app, &shelf, &settings, &report, &origin, (&plan, lock.as_deref())).await
}

/// Fetches the planfile of a component for the commit that is checked out.
///
/// # Errors
/// As [`upload`], and a plan that is not there or was changed.
pub async fn download(app: &App, query: &PlanfileQuery, output: Option<&Path>) -> Result<Shown> {
    let (instance, wish) = subject(app, query, "download")?;
    let settings = Settings::read(&app.config.document);
    let shelf = shelf(app, &settings, query, Some((&instance, &wish)))?;
    let key = key(&settings, &instance.stack, &instance.name, &origin(app, query)?)?;
    let path = output.map_or_else(|| usual_planfile(app, &instance), |path| app.host.absolute(path));
    take(&shelf, &key, &path).await
}

/// The planfiles of a store.
///
/// # Errors
/// As [`upload`].
pub async fn list(app: &App, query: &PlanfileQuery) -> Result<Vec<Row>> {
    let settings = Settings::read(&app.config.document);
    let shelf = shelf(app, &settings, query, None)?;
    let commit = if query.all { None } else { Some(origin(app, query)?.commit) };
    let words = [commit.as_deref(), query.stack.as_deref(), query.component.as_deref(), Some(settings.ending())];
    let words: Vec<&str> = words.into_iter().flatten().collect();
    let mut entries = shelf.list(&words).await?;
    entries.retain(|entry| {
        let is = |wanted: Option<&String>, of: fn(&Note) -> &String| {
            wanted.is_none_or(|wanted| entry.note.as_ref().map(of) == Some(wanted))
        };
        is(query.component.as_ref(), |note| &note.component)
            && is(query.stack.as_ref(), |note| &note.stack)
            && is(commit.as_ref(), |note| &note.sha)
    });
    Ok(entries)
}

/// What is known of one planfile.
///
/// # Errors
/// As [`download`].
pub async fn show(app: &App, query: &PlanfileQuery) -> Result<Shown> {
    let (instance, wish) = subject(app, query, "show")?;
    let settings = Settings::read(&app.config.document);
    let shelf = shelf(app, &settings, query, Some((&instance, &wish)))?;
    let key = key(&settings, &instance.stack, &instance.name, &origin(app, query)?)?;
    let Some(note) = shelf.note(&key).await? else {
        return Err(Error::NotFound { key, place: shelf.shown() }.into());
    };
    Ok(Shown { key, store: shelf.kind.clone(), path: PathBuf::new(), note })
}

/// Deletes planfiles, which [`matching`] has named. Gives the type of the store.
///
/// # Errors
/// As [`upload`].
pub async fn delete(app: &App, query: &PlanfileQuery, entries: &[Row]) -> Result<String> {
    let settings = Settings::read(&app.config.document);
    let shelf = shelf(app, &settings, query, None)?;
    for entry in entries {
        shelf.delete(&entry.key).await?;
    }
    Ok(shelf.kind.clone())
}

/// What a deletion would delete.
///
/// # Errors
/// As [`list`].
pub async fn matching(app: &App, query: &PlanfileQuery) -> Result<Vec<Row>> {
    list(app, query).await
}

/// Keeps the plan that a run in CI has made. `None` where the run has left none.
pub(in crate::ops) async fn keep(
    app: &App,
    instance: &Instance,
    identity: &Flag,
    report: &Report,
    plan: &Path,
) -> Result<Option<Shown>> {
    let settings = Settings::read(&app.config.document);
    if !plan.is_file() {
        return Ok(None);
    }
    let (query, wish) = (PlanfileQuery::default(), wish(identity));
    let shelf = shelf(app, &settings, &query, Some((instance, &wish)))?;
    let origin = origin(app, &query)?;
    let lock = beside(plan);
    put(app, &shelf, &settings, report, &origin, (plan, lock.as_deref())).await.map(Some)
}

/// Fetches the stored plan of a component to a path.
pub(in crate::ops) async fn bring(app: &App, instance: &Instance, identity: &Flag, path: &Path) -> Result<Shown> {
    let settings = Settings::read(&app.config.document);
    let (query, wish) = (PlanfileQuery::default(), wish(identity));
    let shelf = shelf(app, &settings, &query, Some((instance, &wish)))?;
    let key = key(&settings, &instance.stack, &instance.name, &origin(app, &query)?)?;
    take(&shelf, &key, path).await
}

fn wish(identity: &Flag) -> Wish {
    Wish { flag: identity.clone(), runs: true }
}

fn subject(app: &App, query: &PlanfileQuery, command: &'static str) -> Result<(Instance, Wish)> {
    let (Some(stack), component) = (&query.stack, query.component.as_deref().unwrap_or_default()) else {
        return Err(Error::StackRequired { command }.into());
    };
    let found = app.find(component, stack, Some(Kind::Terraform))?;
    let sections = ["settings", "auth", "env"].map(str::to_owned).to_vec();
    let wish = wish(&query.identity);
    let options = resolve::Options { sections, identity: wish.clone(), ..resolve::Options::default() };
    Ok((app.evaluate(&found, &options)?, wish))
}

fn shelf<'a>(
    app: &'a App,
    settings: &Settings,
    query: &PlanfileQuery,
    owner: Option<(&'a Instance, &'a Wish)>,
) -> Result<Shelf<'a>, Error> {
    Shelf::open(app, &settings.store(query.store.as_deref(), &app.host.env)?, owner)
}

/// The commit that plans belong to: that of the call, of the CI system, or the one that is checked out.
fn origin(app: &App, query: &PlanfileQuery) -> Result<Origin, Error> {
    let mut origin = Origin::of(&app.host.env);
    if let Some(sha) = &query.sha {
        origin.commit.clone_from(sha);
    }
    if origin.commit.is_empty() {
        let head = Repository::around(&app.host, &app.host.cwd).and_then(|repository| repository.head());
        origin.commit = head.map_err(|_| Error::NoCommit)?;
    }
    Ok(origin)
}

fn key(settings: &Settings, stack: &str, component: &str, origin: &Origin) -> Result<String, Error> {
    let mut key = settings.key_pattern.clone();
    let values = [
        ("Stack", stack),
        ("Component", component),
        ("SHA", origin.commit.as_str()),
        ("Branch", origin.branch.as_str()),
        ("RunID", origin.run.as_str()),
    ];
    for (name, value) in values {
        for token in [format!("{{{{ .{name} }}}}"), format!("{{{{.{name}}}}}")] {
            key = key.replace(&token, value);
        }
    }
    if key.contains("{{") { Err(Error::Key { key }) } else { Ok(key) }
}

/// Where `plan` leaves the planfile of an instance.
fn usual_planfile(app: &App, instance: &Instance) -> PathBuf {
    let folder = if provision::wants_workdir(instance) {
        provision::path(&app.config, instance.kind.key(), &instance.name, &instance.stack)
    } else {
        instance.path(&app.config).unwrap_or_default()
    };
    folder.join(Names::new(&instance.stack, &instance.name, instance.base_component.as_deref()).planfile())
}

fn beside(plan: &Path) -> Option<PathBuf> {
    plan.parent().map(|folder| folder.join(LOCK)).filter(|path| path.is_file())
}

fn digest(archive: &[u8]) -> String {
    hex(&Sha256::digest(archive))
}

async fn put(
    app: &App,
    shelf: &Shelf<'_>,
    settings: &Settings,
    report: &Report,
    origin: &Origin,
    (plan, lock): (&Path, Option<&Path>),
) -> Result<Shown> {
    let read = |path: &Path| std::fs::read(path).map_err(ExecError::file("read", path));
    let bundle = Bundle { plan: read(plan)?, lock: lock.map(read).transpose()? };
    let archive = bundle.pack().map_err(ExecError::file("pack", plan))?;
    let key = key(settings, &report.stack, &report.component, origin)?;
    let counts = report.counts();
    let said = report.told.changes.is_some();
    let note = Note {
        stack: report.stack.clone(),
        component: report.component.clone(),
        sha: origin.commit.clone(),
        base_sha: String::new(),
        branch: origin.branch.clone(),
        pr_number: origin.pull_request,
        run_id: origin.run.clone(),
        repository: origin.repository.clone(),
        created_at: app.host.now().to_string(),
        sha256: digest(&archive),
        atmos_version: env!("CARGO_PKG_VERSION").to_owned(),
        plan_summary: if said { report.result() } else { String::new() },
        has_changes: report.has_changes(),
        additions: counts.create,
        changes: counts.change,
        destructions: counts.destroy,
    };
    shelf.put(&key, archive, &note).await?;
    Ok(Shown { key, store: shelf.kind.clone(), path: plan.to_path_buf(), note })
}

/// Writes a plan of the store to a path, and its lock file beside it.
async fn take(shelf: &Shelf<'_>, key: &str, path: &Path) -> Result<Shown> {
    let (key, place) = (key.to_owned(), shelf.shown());
    let Some((archive, note)) = shelf.get(&key).await? else { return Err(Error::NotFound { key, place }.into()) };
    let note = note.unwrap_or_default();
    let found = digest(&archive);
    if !note.sha256.is_empty() && note.sha256 != found {
        return Err(Error::Damaged { key, place, found, expected: note.sha256 }.into());
    }
    let bundle = Bundle::unpack(&archive);
    let bundle = bundle.map_err(|reason| Error::Unreadable { key: key.clone(), place, reason })?;
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(ExecError::file("create", folder))?;
    fs::write_atomic(path, &bundle.plan, 0o600).map_err(ExecError::file("write", path))?;
    if let Some(lock) = &bundle.lock {
        let lock_path = folder.join(LOCK);
        std::fs::write(&lock_path, lock).map_err(ExecError::file("write", &lock_path))?;
    }
    Ok(Shown { key, store: shelf.kind.clone(), path: path.to_path_buf(), note })
}
