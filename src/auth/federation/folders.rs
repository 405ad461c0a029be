//! Folders that sign-ins and consoles leave something in, by realm: a logout removes them. Row 5.

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
    folder_of_all(host).join(short(&realm.to_string()))
}

/// Profiles of the browsers in which consoles are open, of all realms.
pub(crate) fn consoles_of_all(host: &Host) -> PathBuf {
    host.dirs.data.join("atmos/console/sessions")
}

/// Those of a realm.
pub(crate) fn consoles(host: &Host, realm: &Realm) -> PathBuf {
    consoles_of_all(host).join(short(&realm.to_string()))
}

/// A name that any text can be in a path.
pub(crate) fn short(text: &str) -> String {
    hex(&Sha256::digest(text)[..8])
}

/// Removes a folder with all that is in it. Returns whether there is one; `dry_run` only looks.
///
/// # Errors
/// A browser is at work there; what is in it cannot be removed.
pub(crate) fn forget(folder: &Path, dry_run: bool) -> std::io::Result<bool> {
    if dry_run {
        return Ok(folder.is_dir());
    }
    let below = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    if let Some(process) = std::iter::once(folder.to_owned()).chain(below).find_map(|profile| browser_in(&profile)) {
        let reason = format!("a browser is open with it (process {process}): close it, and log out again");
        return Err(std::io::Error::other(reason));
    }
    match std::fs::remove_dir_all(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The process that Chromium and its kin say has a profile open: a link that leads to its machine and number.
#[cfg(unix)]
fn browser_in(profile: &Path) -> Option<i32> {
    let link = std::fs::read_link(profile.join("SingletonLock")).ok()?;
    let process: i32 = link.to_str()?.rsplit_once('-')?.1.parse().ok()?;
    // One that has crashed leaves the link.
    rustix::process::test_kill_process(rustix::process::Pid::from_raw(process)?).ok().map(|()| process)
}

#[cfg(not(unix))]
fn browser_in(_profile: &Path) -> Option<i32> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_has_open_stays_and_is_said() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("realm");
        let profile = folder.join("one");
        std::fs::create_dir_all(&profile).unwrap();
        let lock = profile.join("SingletonLock");
        std::os::unix::fs::symlink(format!("a-machine-{}", std::process::id()), &lock).unwrap();
        let reason = forget(&folder, false).unwrap_err().to_string();
        assert!(reason.contains(&format!("process {}", std::process::id())) && profile.is_dir(), "{reason}");
        std::fs::remove_file(&lock).unwrap();
        // Nobody has this number, which is beyond what systems give.
        std::os::unix::fs::symlink("a-machine-2000000000", &lock).unwrap();
        assert!(forget(&folder, false).unwrap());
        assert!(!folder.exists() && !forget(&folder, false).unwrap());
    }
}
