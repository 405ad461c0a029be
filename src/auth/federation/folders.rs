//! Folders that sign-ins leave something in, by realm: a logout removes them. Row 5.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::super::realm::Realm;
use crate::host::Host;
use crate::value::hex;

/// That of all realms.
pub(crate) fn folder_of_all(host: &Host) -> PathBuf {
    host.dirs.data.join("atmos/saml")
}

/// That of a realm.
pub(crate) fn folder(host: &Host, realm: &Realm) -> PathBuf {
    folder_of_all(host).join(&hex(&Sha256::digest(realm.to_string()))[..16])
}

/// Removes a folder with all that is in it. Returns whether there is one; `dry_run` only looks.
///
/// # Errors
/// What is in it cannot be removed, for example because a program writes there.
pub(crate) fn forget(folder: &Path, dry_run: bool) -> std::io::Result<bool> {
    if dry_run {
        return Ok(folder.is_dir());
    }
    match std::fs::remove_dir_all(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
