//! Makes the folder of an instance.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::error::Error;
use super::fetched::checked_place;
use super::place::{self, Origin, Record, checked, wants_workdir};
use super::source::{Source, source};
use super::tree::{self, Choice, Copied};
use super::walk::Bounds;
use crate::component::Instance;
use crate::diag::{Result, Warning};
use crate::exec::folder_lock;
use crate::exec::terraform::BACKEND_FILE;
use crate::fetch::parse_ttl;
use crate::ops::App;

/// The folder in which a component runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folder {
    pub path: PathBuf,
    /// It is the instance's own, so that nothing in it belongs to another one.
    pub own: bool,
    /// Something in it came new with this command.
    pub changed: bool,
}

/// Whether anything has to be made for this instance.
pub(crate) fn is_made(instance: &Instance) -> bool {
    wants_workdir(instance) || !instance.sections.source.is_empty()
}

/// The folder, made or renewed where the instance says so. With `dry` nothing is written: where it would be.
///
/// # Errors
/// A source that cannot be had, a component that is not there.
pub(crate) fn folder(app: &App, instance: &Instance, dry: bool) -> Result<Folder> {
    let usual = instance.path(&app.config).unwrap_or_default();
    if !is_made(instance) {
        return Ok(Folder { path: usual, own: false, changed: false });
    }
    let source = source(app, instance)?;
    if dry {
        let own = wants_workdir(instance);
        return Ok(Folder { path: if own { checked(&app.config, instance)? } else { usual }, own, changed: false });
    }
    make(app, instance, source, false)
}

/// Fetches the source of an instance, again where `force` is set.
///
/// # Errors
/// As [`folder`].
pub(crate) fn pull(app: &App, instance: &Instance, source: Source, force: bool) -> Result<Folder> {
    make(app, instance, Some(source), force)
}

fn make(app: &App, instance: &Instance, source: Option<Source>, force: bool) -> Result<Folder> {
    let usual = instance.path(&app.config).unwrap_or_default();
    if !wants_workdir(instance) {
        let Some(source) = source else { return Ok(Folder { path: usual, own: false, changed: false }) };
        // A folder that is there is the user's, whatever is in it.
        if is_filled(&usual) && !force {
            return Ok(Folder { path: usual, own: false, changed: false });
        }
        checked_place(app, instance, &usual)?;
        let _lock = lock(app, &usual)?;
        if is_filled(&usual) && !force {
            // Somebody else was faster, and may work there as soon as the lock goes.
            return Ok(Folder { path: usual, own: false, changed: false });
        }
        let fetched = source.fetch(app, instance)?;
        let copied = tree::copy(&fetched.path, &usual, &source.choice()?, &fetched.bounds)?;
        tell(app, instance, &copied);
        say(app, &format!("Auto-provisioned source to {}", usual.display()), "");
        return Ok(Folder { path: usual, own: false, changed: copied.changed });
    }
    let path = checked(&app.config, instance)?;
    let _lock = lock(app, &path)?;
    match source {
        Some(source) => remote(app, instance, &source, path, force),
        None => local(app, instance, &usual, path),
    }
}

fn local(app: &App, instance: &Instance, from: &Path, path: PathBuf) -> Result<Folder> {
    if !from.is_dir() {
        let (component, stack) = (instance.name.clone(), instance.stack.clone());
        return Err(Error::NoComponent { component, stack, path: from.to_path_buf() }.into());
    }
    let before = place::read(&path);
    let made = crate::exec::terraform::folder::written(from).into_keys();
    let backend = Some(BACKEND_FILE.to_owned()).filter(|_| app.config.terraform.auto_generate_backend_file);
    // What atmos made for other instances of the folder is not the source of this one.
    let choice = Choice::default().without(made.chain(backend).collect());
    let mut copied = tree::copy(from, &path, &choice, &Bounds::of_machine(from, &[&app.config.base_path]))?;
    tell(app, instance, &copied);
    copied.changed |= before.is_none();
    restore_lock(instance, from, &path)?;
    let now = app.host.now();
    let record = Record {
        source_type: Origin::Local,
        source: from.display().to_string(),
        content_hash: copied.hash,
        ..record(instance, before, copied.changed, now)
    };
    place::write(&path, &record)?;
    let text = if copied.changed { "Workdir provisioned" } else { "Workdir ready (no changes)" };
    say(app, text, &format!(": {}", path.display()));
    Ok(Folder { path, own: true, changed: copied.changed })
}

/// The providers that somebody locked for this instance, beside the component, are those of its directory.
fn restore_lock(instance: &Instance, from: &Path, to: &Path) -> Result<(), Error> {
    const LOCK: &str = ".terraform.lock.hcl";
    let own = from.join(format!(".{}-{}{LOCK}", instance.stack, instance.name.replace('/', "-")));
    let Ok(locked) = std::fs::read(&own) else { return Ok(()) };
    let place = to.join(LOCK);
    if std::fs::read(&place).is_ok_and(|present| present == locked) {
        return Ok(());
    }
    crate::host::fs::write_again(&place, &locked, 0o644).map_err(Error::file("write", &place))
}

fn remote(app: &App, instance: &Instance, source: &Source, path: PathBuf, force: bool) -> Result<Folder> {
    let before = place::read(&path);
    let now = app.host.now();
    let reason =
        if force { Some("Source is pulled again".to_owned()) } else { outdated(&path, before.as_ref(), source, now) };
    let Some(reason) = reason else {
        if let Some(before) = before {
            place::write(&path, &Record { last_accessed: Some(now), ..before })?;
        }
        return Ok(inside(instance, path, false));
    };
    if !reason.is_empty() {
        app.host.talk.info(reason);
    }
    let fetched = source.fetch(app, instance)?;
    let copied = tree::copy(&fetched.path, &path, &source.choice()?, &fetched.bounds)?;
    tell(app, instance, &copied);
    let record = Record {
        source_type: if source.is_local() { Origin::Local } else { Origin::Remote },
        source: crate::fetch::shown(&source.uri),
        source_uri: crate::fetch::shown(&source.uri),
        source_version: source.version.clone(),
        content_hash: String::new(),
        ..record(instance, before, true, now)
    };
    place::write(&path, &record)?;
    say(app, &format!("Auto-provisioned source to {}", path.display()), "");
    Ok(inside(instance, path, true))
}

/// A base component that is a folder inside of the source is where terraform runs.
fn inside(instance: &Instance, path: PathBuf, changed: bool) -> Folder {
    let part = instance.base_component.as_ref().map(|base| path.join(base)).filter(|part| {
        part.is_dir()
            && part.canonicalize().ok().zip(path.canonicalize().ok()).is_some_and(|(part, top)| part.starts_with(top))
    });
    Folder { path: part.unwrap_or(path), own: true, changed }
}

/// Why the source has to be fetched (empty where there is nothing yet); `None` where what is there is good.
fn outdated(path: &Path, before: Option<&Record>, source: &Source, now: Timestamp) -> Option<String> {
    if !is_filled(path) {
        return Some(String::new());
    }
    let Some(before) = before else { return Some("No metadata found, re-provisioning".to_owned()) };
    let shown = |text: &str| if text.is_empty() { "(none)".to_owned() } else { text.to_owned() };
    if before.source_version != source.version {
        let (old, new) = (shown(&before.source_version), shown(&source.version));
        return Some(format!("Source version changed ({old} → {new})"));
    }
    let uri = crate::fetch::shown(&source.uri);
    if before.source_uri != uri {
        return Some(format!("Source URI changed ({} → {uri})", shown(&before.source_uri)));
    }
    let ttl = source.ttl.as_ref()?;
    let age = now.duration_since(before.updated_at).unsigned_abs();
    let fresh = parse_ttl(ttl).is_some_and(|limit| age < limit);
    (!fresh).then(|| format!("Source cache expired (TTL: {ttl})"))
}

fn record(instance: &Instance, before: Option<Record>, changed: bool, now: Timestamp) -> Record {
    let before = before.unwrap_or_else(|| Record { created_at: now, updated_at: now, ..Record::default() });
    Record {
        component: instance.name.clone(),
        stack: instance.stack.clone(),
        updated_at: if changed { now } else { before.updated_at },
        last_accessed: Some(now),
        source_uri: String::new(),
        source_version: String::new(),
        ..before
    }
}

/// There is something in the folder beside our own notes.
fn is_filled(path: &Path) -> bool {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name() != place::OWN)
}

/// Names what is not in the copy, so that nobody wonders.
fn tell(app: &App, instance: &Instance, copied: &Copied) {
    for what in &copied.left_out {
        let message = format!("left out of the folder of {} in {}: {what}", instance.name, instance.stack);
        app.host.talk.warn(Warning::new("atmos::provision::left_out", message));
    }
}

fn say(app: &App, what: &str, where_: &str) {
    app.host.talk.success(format!("{what}{where_}"));
}

/// Nobody works in the folder while it changes.
fn lock(app: &App, path: &Path) -> Result<folder_lock::FolderLock> {
    app.aside(|| folder_lock::acquire(&app.host, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_fetched_again_when_they_changed() {
        let temp = tempfile::tempdir().unwrap();
        let now = Timestamp::from_second(1_000_000).unwrap();
        let source = |version: &str, ttl: Option<&str>| Source {
            uri: "git::https://h/r".to_owned(),
            version: version.to_owned(),
            ttl: ttl.map(str::to_owned),
            ..Source::default()
        };
        let before = Record {
            source_uri: "git::https://h/r".to_owned(),
            source_version: "v1".to_owned(),
            updated_at: Timestamp::from_second(1_000_000 - 3600).unwrap(),
            ..Record::default()
        };
        let reason = |before: Option<&Record>, source: &Source| outdated(temp.path(), before, source, now);
        assert_eq!(reason(Some(&before), &source("v1", None)), Some(String::new()));
        std::fs::write(temp.path().join("main.tf"), "").unwrap();
        assert_eq!(reason(Some(&before), &source("v1", None)), None);
        assert_eq!(reason(Some(&before), &source("v1", Some("2h"))), None);
        for (before, source, phrase) in [
            (None, source("v1", None), "No metadata"),
            (Some(&before), source("v2", None), "version changed (v1 → v2)"),
            (Some(&before), source("", None), "(v1 → (none))"),
            (Some(&before), source("v1", Some("30m")), "expired (TTL: 30m"),
            (Some(&before), source("v1", Some("0s")), "expired"),
        ] {
            assert!(reason(before, &source).unwrap().contains(phrase), "{source:?}");
        }
    }
}
