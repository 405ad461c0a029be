//! `atmos vendor clean`: removes what the lock owns.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::error::Error;
use super::install::remove;
use super::select::{Selection, shown};
use super::verify::chosen;
use crate::diag::Result;
use crate::exec::folder_lock;
use crate::ops::App;
use crate::vendor::{Lock, drift_of_all, is_inside, owned, places};

/// What is removed.
#[derive(Debug, Clone, Default)]
pub struct CleanRequest {
    pub selection: Selection,
    /// Also what was changed.
    pub force: bool,
    pub dry_run: bool,
}

/// What became of it, as people see the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cleaned {
    pub removed: Vec<String>,
    /// Changed files; where there is one nothing was removed.
    pub kept: Vec<String>,
}

/// Removes the files of the chosen components, and their entries in the lock. A changed file keeps all of them in place.
///
/// # Errors
/// A lock that cannot be read, nothing fits the selection, a file that cannot be removed.
pub fn clean(app: &App, request: &CleanRequest) -> Result<Cleaned> {
    let names = request.selection.names(app)?;
    let acquire = || app.aside(|| folder_lock::acquire(&app.host, &app.config.base_path));
    let _alone = (!request.dry_run).then(acquire).transpose()?;
    let mut lock = Lock::open(&app.host, &app.config)?;
    let ids: BTreeSet<String> = chosen(&lock, names.as_ref()).into_iter().map(|(id, _)| id.clone()).collect();
    if names.is_some() && ids.is_empty() {
        return Err(Error::selection(
            "No components matched the given selector: the lock has none of them.",
            "`atmos vendor pull` installs them first",
        )
        .into());
    }
    let owners = owned(&app.config, &lock)?;
    let (mut gone, mut done): (Vec<(PathBuf, PathBuf)>, Cleaned) = Default::default();
    for artifact in lock.artifacts.iter().filter(|(id, _)| ids.contains(*id)).map(|(_, artifact)| artifact) {
        let folder = lock.folder(&app.config, artifact)?;
        for (path, files) in places(&app.config, &lock, artifact)? {
            // What another component owns, too, stays for that one.
            let shared = owners.get(&path).is_some_and(|owners| owners.iter().any(|owner| !ids.contains(owner)));
            if shared || path.symlink_metadata().is_err() {
                continue;
            }
            if !is_inside(&app.config.base_path, &path) {
                let (target, name) = (shown(app, &path), artifact.name.clone());
                let reason = "a link leads out of the repository".to_owned();
                return Err(Error::Target { target, name, reason }.into());
            }
            if !request.force && drift_of_all(&path, &files).is_some() {
                done.kept.push(shown(app, &path));
            } else {
                gone.push((path, folder.clone()));
            }
        }
    }
    if !done.kept.is_empty() {
        return Ok(done);
    }
    for (path, folder) in &gone {
        if !request.dry_run {
            remove(path, folder)?;
        }
        done.removed.push(shown(app, path));
    }
    if !request.dry_run && !ids.is_empty() {
        lock.artifacts.retain(|id, _| !ids.contains(id));
        lock.save()?;
    }
    done.removed.sort();
    Ok(done)
}
