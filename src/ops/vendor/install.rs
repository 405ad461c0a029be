//! Puts the files of a package in their place. They are complete in a folder beside the target before anything in it
//! changes; then each goes to its place by a rename, so that nobody ever sees half a file.
//!
//! A folder that is there is not swapped as a whole: the shells, editors and terraforms that work in it, and what they keep
//! there, would be left in the old one. So that a kill between two renames goes unnoticed by nobody, the lock says before
//! the first of them which files may be there from now on, and that they are `unfinished`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::fetch::Ready;
use super::plan::Package;
use super::select::shown;
use crate::diag::{Result, Warning};
use crate::exec::signals::Watch;
use crate::host::fs;
use crate::ops::App;
use crate::vendor::{
    Artifact, Item, Lock, LockedFile, Origin, Place, digest, drift_of_all, files_of, is_inside, is_of_git, items,
    owned, places,
};

/// Installs one package and records it in the lock.
///
/// # Errors
/// A target that leads outside, a file in the place of a folder, what cannot be written, or somebody asked to stop. Then
/// the target is as it was, unless it was renaming that failed.
pub(super) fn install(app: &App, watch: &Watch, lock: &mut Lock, package: &Package, ready: &Ready) -> Result<()> {
    let taken = taken(package, ready)?;
    if taken.is_empty() {
        let message = format!("nothing in the source of {} fits `included_paths` and `excluded_paths`", package.name);
        app.host.talk.warn(Warning::new("atmos::vendor::empty", message));
    }
    check(app, package, &taken)?;
    let parent = package.folder.parent().unwrap_or(&app.config.base_path);
    std::fs::create_dir_all(parent).map_err(Error::file("create", parent))?;
    sweep(parent);
    let stage = tempfile::Builder::new().prefix(STAGE).tempdir_in(parent);
    let stage = stage.map_err(Error::file("create a folder in", parent))?;
    let mut staged = Vec::with_capacity(taken.len());
    for item in &taken {
        watch.check()?;
        staged.push(copy(item, stage.path())?);
    }
    let files = files_of(&staged)?;
    watch.check()?;
    let before = announce(lock, package, &files)?;
    swap(stage, &package.folder, &files)?;
    record(app, lock, package, ready, &before, files)
}

/// Writes into the lock that the files of the earlier version and the new ones may be there, in any mixture. Returns
/// what may have to be removed afterwards.
fn announce(lock: &mut Lock, package: &Package, files: &[LockedFile]) -> Result<Artifact> {
    let known = lock.artifacts.get(&package.id).unwrap_or(&package.artifact).clone();
    let same_folder = known.target == package.artifact.target;
    let mut both = if same_folder { known.clone() } else { package.artifact.clone() };
    both.unfinished = true;
    for file in files {
        if !both.files.iter().any(|known| known.path == file.path && known.sha256 == file.sha256) {
            both.files.push(file.clone());
        }
    }
    lock.put(&package.id, both.clone());
    lock.save()?;
    Ok(if same_folder { both } else { known })
}

/// How folders begin in which files are put together.
const STAGE: &str = ".atmos-vendor-";

/// Removes what a killed pull left. Nobody else pulls meanwhile.
fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(STAGE) {
            // Only tidiness: the next one tries again.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// The files that the package brings.
fn taken(package: &Package, ready: &Ready) -> Result<Vec<Item>> {
    if ready.path.is_file() {
        let own = ready.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = package.single.clone().unwrap_or_else(|| web_name(&package.place).unwrap_or(own));
        return Ok(vec![Item::single(&ready.path, path)?]);
    }
    if package.single.is_some() {
        return Err(Error::Content {
            name: package.name.clone(),
            reason: format!("`{}` is a folder, a single file is wanted", ready.path.display()),
            help: "name the file behind `//`".to_owned(),
        }
        .into());
    }
    let mut found = items(&ready.path, &package.choice)?;
    found.retain(|item| !package.without.contains(&item.path));
    Ok(found)
}

/// The name that a file has where it comes from.
fn web_name(place: &Place) -> Option<String> {
    let Place::Remote(uri) = place else { return None };
    let path = uri.split(['?', '#']).next()?;
    let name = path.rsplit('/').next()?;
    (!matches!(name, "" | "." | "..") && !is_of_git(Path::new(name))).then(|| name.to_owned())
}

/// Refuses what cannot be swapped in, before anything is written: links that lead out of the repository, and files in the
/// place of folders.
fn check(app: &App, package: &Package, taken: &[Item]) -> Result<(), Error> {
    let refused = |path: &Path, reason: &str| Error::Target {
        target: shown(app, path),
        name: package.name.clone(),
        reason: reason.to_owned(),
    };
    let base = app.config.base_path.canonicalize().map_err(Error::file("read", &app.config.base_path))?;
    let mut folders: BTreeSet<PathBuf> = BTreeSet::from([package.folder.clone()]);
    for item in taken {
        let file = package.folder.join(&item.path);
        if file.is_dir() && !file.is_symlink() {
            return Err(refused(&file, "there is a folder of that name"));
        }
        folders.extend(file.parent().map(Path::to_path_buf));
    }
    for folder in &folders {
        let existing = folder.ancestors().find(|folder| folder.symlink_metadata().is_ok()).unwrap_or(&base);
        if !existing.is_dir() {
            return Err(refused(existing, "there is a file of that name"));
        }
        let real = existing.canonicalize().map_err(Error::file("read", existing))?;
        if !real.starts_with(&base) {
            return Err(refused(existing, "a link leads out of the repository"));
        }
    }
    Ok(())
}

fn copy(item: &Item, stage: &Path) -> Result<Item, Error> {
    let target = stage.join(&item.path);
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent).map_err(Error::file("create", parent))?;
    }
    // The permissions come with it.
    std::fs::copy(&item.real, &target).map_err(Error::file("copy", &item.real))?;
    set_mode(&target, item.mode).map_err(Error::file("change the permissions of", &target))?;
    Ok(Item { real: target, ..item.clone() })
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_path: &Path, _mode: u32) -> std::io::Result<()> {
    Ok(())
}

/// A folder that is not there yet comes as a whole; in one that is there, what others put there stays.
fn swap(stage: tempfile::TempDir, folder: &Path, files: &[LockedFile]) -> Result<(), Error> {
    if folder.symlink_metadata().is_err() {
        set_mode(stage.path(), 0o755).map_err(Error::file("change the permissions of", stage.path()))?;
        let path = stage.keep();
        return std::fs::rename(&path, folder).map_err(|cause| {
            // Only tidiness: the error is what matters.
            let _ = std::fs::remove_dir_all(&path);
            Error::file("write", folder)(cause)
        });
    }
    for file in files {
        let target = folder.join(&file.path);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(Error::file("create", parent))?;
        }
        std::fs::rename(stage.path().join(&file.path), &target).map_err(Error::file("write", &target))?;
    }
    Ok(())
}

/// Writes the lock, and removes what an earlier version brought and this one has no more. Where that fails the lock goes on
/// saying that it is not finished.
fn record(
    app: &App,
    lock: &mut Lock,
    package: &Package,
    ready: &Ready,
    before: &Artifact,
    files: Vec<LockedFile>,
) -> Result<()> {
    let identity = ready.identity.clone();
    let declared = &package.artifact.source.declared;
    let resolved = match (&package.place, &identity) {
        (Place::Artifact(_), Some(digest)) => format!("{}@{digest}", without_tag(declared)),
        _ => declared.clone(),
    };
    let source =
        Origin { resolved, digest: identity.unwrap_or_else(|| digest(&files)), ..package.artifact.source.clone() };
    let artifact = Artifact { source, files, ..package.artifact.clone() };
    let mut finished = lock.clone();
    finished.put(&package.id, artifact.clone());
    take_over(app, &mut finished, &package.id, &artifact)?;
    remove_stale(app, &finished, before, &artifact)?;
    finished.save()?;
    *lock = finished;
    Ok(())
}

fn without_tag(reference: &str) -> &str {
    let name = reference.rfind('/').map_or(0, |slash| slash + 1);
    let end = reference[name..].find(['@', ':']).map_or(reference.len(), |at| name + at);
    &reference[..end]
}

/// A file belongs to who wrote it last.
fn take_over(app: &App, lock: &mut Lock, id: &str, artifact: &Artifact) -> Result<()> {
    let mut mine = BTreeSet::new();
    for file in &artifact.files {
        mine.insert(lock.file(&app.config, artifact, file)?);
    }
    let mut lost: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (other, known) in lock.artifacts.iter().filter(|(other, _)| *other != id) {
        for file in &known.files {
            if mine.contains(&lock.file(&app.config, known, file)?) {
                lost.entry(other.clone()).or_default().insert(file.path.clone());
            }
        }
    }
    for (other, paths) in lost {
        if let Some(known) = lock.artifacts.get_mut(&other) {
            known.files.retain(|file| !paths.contains(&file.path));
        }
    }
    Ok(())
}

fn remove_stale(app: &App, lock: &Lock, before: &Artifact, now: &Artifact) -> Result<()> {
    let owners = owned(&app.config, lock)?;
    for (path, files) in places(&app.config, lock, before)? {
        if owners.contains_key(&path) {
            continue;
        }
        match drift_of_all(&path, &files) {
            None if is_inside(&app.config.base_path, &path) => remove(&path, &lock.folder(&app.config, before)?)?,
            _ if path.symlink_metadata().is_err() => {}
            _ => {
                let message = format!(
                    "{} does not come with {} any more and is kept, since it was changed",
                    shown(app, &path),
                    now.name
                );
                app.host.talk.warn(Warning::new("atmos::vendor::kept", message));
            }
        }
    }
    Ok(())
}

/// Removes a file, and the folders that it leaves empty, up to `top`.
pub(super) fn remove(path: &Path, top: &Path) -> Result<(), Error> {
    fs::remove_file_if_present(path).map_err(Error::file("remove", path))?;
    for folder in path.ancestors().skip(1).take_while(|folder| folder.starts_with(top)) {
        // One that is not empty stays, and so do those around it.
        if std::fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_take_the_place_of_tags() {
        assert_eq!(without_tag("oci://r.example:5000/o/x:v1"), "oci://r.example:5000/o/x");
        assert_eq!(without_tag("oci://r.example/o/x@sha256:1"), "oci://r.example/o/x");
        assert_eq!(without_tag("oci://r.example:5000/x"), "oci://r.example:5000/x");
    }

    #[test]
    fn files_of_the_web_keep_their_names() {
        let name = |uri: &str| web_name(&Place::Remote(uri.to_owned()));
        assert_eq!(name("https://h/a/.tflint.hcl?x=1").as_deref(), Some(".tflint.hcl"));
        assert_eq!((name("https://h/"), name("https://h/.Git")), (None, None));
    }
}
