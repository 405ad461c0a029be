//! One terraform or helmfile per component folder at a time, across processes.
//!
//! Instances that share a folder share its generated files and `.terraform`. The lock lives in the user's cache, named
//! after the folder, so that `clean` or a fresh checkout never takes it away from a waiting process.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Error;
use crate::host::lock::FileLock;
use crate::host::{Host, fs};
use crate::value::hex;

/// The lock's file for a folder.
fn path(cache: &Path, folder: &Path) -> PathBuf {
    let real = folder.canonicalize().unwrap_or_else(|_| fs::clean(folder));
    let digest = Sha256::digest(real.as_os_str().as_encoded_bytes());
    cache.join("atmos").join("locks").join(format!("{}.lock", hex(&digest)))
}

/// The user's cache; without a home, a directory of the user's own in the temp directory.
fn base(host: &Host) -> PathBuf {
    if host.dirs.cache.is_absolute() {
        return host.dirs.cache.clone();
    }
    #[cfg(unix)]
    let user = rustix::process::geteuid().as_raw();
    #[cfg(not(unix))]
    let user = 0;
    host.dirs.temp.join(format!("atmos-{user}"))
}

/// Waits for several folders, in an order that every caller has in common. Two names of one folder are one lock.
///
/// # Errors
/// [`Error::File`] when a lock cannot be made.
pub async fn acquire_all(host: &Host, folders: &[PathBuf]) -> Result<Vec<FileLock>, Error> {
    let base = base(host);
    let named = folders.iter().map(|folder| (path(&base, folder), folder));
    let ordered: std::collections::BTreeMap<PathBuf, &PathBuf> = named.collect();
    let mut locks = Vec::with_capacity(ordered.len());
    for folder in ordered.into_values() {
        locks.push(acquire(host, folder).await?);
    }
    Ok(locks)
}

/// Waits for the folder as long as it takes (a request to stop ends the wait) and says so.
///
/// # Errors
/// [`Error::File`] when the lock cannot be made.
pub async fn acquire(host: &Host, folder: &Path) -> Result<FileLock, Error> {
    let path = path(&base(host), folder);
    if let Some(parent) = path.parent() {
        fs::create_private_dir(parent).map_err(Error::file("create", parent))?;
    }
    let mut told = false;
    loop {
        match FileLock::try_acquire(&path).map_err(Error::file("lock", &path))? {
            Some(lock) => return Ok(lock),
            None if !told => {
                told = true;
                host.talk.attention(format!(
                    "waiting for another atmos process that works in {} (Ctrl-C to give up)",
                    folder.strip_prefix(&host.cwd).unwrap_or(folder).display()
                ));
            }
            None => {}
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn host(root: &Path) -> Host {
        let env: crate::host::Env = [("HOME", root), ("XDG_CACHE_HOME", root)].into_iter().collect();
        Host {
            guard: std::sync::Arc::default(),
            dirs: crate::host::Dirs::from_env(&env),
            env,
            cwd: root.to_path_buf(),
            terminal: crate::host::Terminal::default(),
            exe: "/bin/atmos".into(),
            talk: crate::diag::Talk::silent(),
            masker: std::sync::Arc::default(),
            sources: std::sync::Arc::default(),
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn one_folder_under_two_names_is_taken_once_and_kept_from_others() {
        let temp = tempfile::tempdir().unwrap();
        let (folder, link) = (temp.path().join("vpc"), temp.path().join("link"));
        std::fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        let host = host(temp.path());
        let held = acquire_all(&host, &[link, folder.clone()]).await.unwrap();
        assert_eq!(held.len(), 1);
        let second = tokio::time::timeout(std::time::Duration::from_millis(200), acquire(&host, &folder)).await;
        assert!(second.is_err(), "the folder was given away twice");
        drop(held);
        acquire(&host, &folder).await.unwrap();
    }

    #[test]
    fn a_link_and_its_folder_have_one_lock() {
        let temp = tempfile::tempdir().unwrap();
        let (folder, link) = (temp.path().join("vpc"), temp.path().join("link"));
        std::fs::create_dir(&folder).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        #[cfg(unix)]
        assert_eq!(path(Path::new("/c"), &folder), path(Path::new("/c"), &link));
        assert_ne!(path(Path::new("/c"), &folder), path(Path::new("/c"), temp.path()));
    }
}
