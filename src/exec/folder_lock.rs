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

/// Name of the lock's file for a folder.
fn name(folder: &Path) -> String {
    let real = folder.canonicalize().unwrap_or_else(|_| fs::clean(folder));
    format!("{}.lock", hex(&Sha256::digest(real.as_os_str().as_encoded_bytes())))
}

/// The directory of the locks: below the user's cache; where that cannot be written (no home, another user's home,
/// containers), below a directory of the user's own in the temp directory.
fn directory(host: &Host) -> Result<PathBuf, Error> {
    #[cfg(unix)]
    let user = rustix::process::geteuid().as_raw();
    #[cfg(not(unix))]
    let user = 0;
    let locks = |base: &Path| base.join("atmos").join("locks");
    let cache = Some(locks(&host.dirs.cache)).filter(|path| path.is_absolute());
    if let Some(cache) = cache.filter(|path| fs::create_private_dir(path).is_ok() && is_writable(path)) {
        return Ok(cache);
    }
    let spare = locks(&host.dirs.temp.join(format!("atmos-{user}")));
    fs::create_private_dir(&spare).map_err(Error::file("create", &spare))?;
    Ok(spare)
}

fn is_writable(directory: &Path) -> bool {
    #[cfg(unix)]
    return rustix::fs::access(directory, rustix::fs::Access::WRITE_OK).is_ok();
    #[cfg(not(unix))]
    directory.is_dir()
}

/// Waits for several folders, in an order that every caller has in common. Two names of one folder are one lock.
///
/// # Errors
/// [`Error::File`] when a lock cannot be made.
pub async fn acquire_all(host: &Host, folders: &[PathBuf]) -> Result<Vec<FileLock>, Error> {
    let named = folders.iter().map(|folder| (name(folder), folder));
    let ordered: std::collections::BTreeMap<String, &PathBuf> = named.collect();
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
    let path = directory(host)?.join(name(folder));
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
        assert_eq!(name(&folder), name(&link));
        assert_ne!(name(&folder), name(temp.path()));
    }
}
