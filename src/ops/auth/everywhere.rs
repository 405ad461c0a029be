//! What a logout removes beyond the sessions of one realm: everything of this user.

use std::path::{Path, PathBuf};

use super::super::access::Access;
use super::logout::{LogoutReport, LogoutRequest};
use crate::auth::{Error, run};
use crate::diag::{Failure, Result};

/// Removes what all realms have: every entry of the cache, and the directories with configuration for other tools.
pub(super) fn forget(access: &Access, request: &LogoutRequest, report: &mut LogoutReport) -> Result<()> {
    let rest = if request.dry_run { access.cache.count() } else { access.cache.clear() };
    let rest = rest.map_err(Error::from)?;
    "everything of this user, in all realms".clone_into(&mut report.whose);
    report.kept.sessions = if request.dry_run { rest } else { report.kept.sessions + rest };
    for directory in realms(access) {
        if !request.dry_run {
            std::fs::remove_dir_all(&directory)
                .map_err(|cause| Unremovable { path: directory.display().to_string(), cause })?;
        }
        report.files.push(directory.display().to_string());
    }
    match access.session.forget_all_folders(request.dry_run) {
        Ok(folders) => {
            report.files.extend(folders.iter().map(|folder| format!("the browser's profiles {}", folder.display())));
        }
        Err(error) => report.left.push(format!("the browser's profiles: {error}")),
    }
    Ok(())
}

/// Removes those profiles of this realm that other tools find and that are meant, whoever wrote them.
pub(super) fn forget_profiles(
    access: &Access,
    dry_run: bool,
    is_meant: impl Fn(&run::Call) -> bool,
) -> Result<Vec<String>> {
    let bases = access.settings.providers.values().filter_map(|provider| provider.spec.files_base_path.as_deref());
    let mut roots: Vec<PathBuf> = bases.map(|base| access.host.absolute(Path::new(base))).collect();
    roots.push(access.host.dirs.config.join("atmos"));
    roots.sort();
    roots.dedup();
    Ok(run::forget_profiles(&roots, &access.realm, dry_run, is_meant)?)
}

/// Directories of realms: those below the configuration's that have `aws` in them.
fn realms(access: &Access) -> Vec<PathBuf> {
    let root = access.host.dirs.config.join("atmos");
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .filter(|path| path.join("aws").is_dir())
        .collect();
    found.sort();
    found
}

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("cannot remove {path}: {cause}")]
#[diagnostic(code(atmos::auth::logout_remove), help("check that the directory is yours"))]
struct Unremovable {
    path: String,
    cause: std::io::Error,
}

impl Failure for Unremovable {}
