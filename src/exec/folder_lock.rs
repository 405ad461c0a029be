//! One terraform or helmfile per component folder at a time, across processes.
//!
//! Instances that share a folder share its generated files and `.terraform`, and components that share a data directory
//! (`TF_DATA_DIR`) share the selected workspace. Two locks keep others out: the directory's own, which everybody sees who
//! sees the directory, whoever he is and wherever his home is; and a file in the user's cache, named after the directory,
//! so that `clean` or a fresh checkout never takes the lock away from a waiting process, and a directory that is not there
//! yet can be taken.
//!
//! Who needs the same generated files in a folder and has a data directory of his own may hold the folder together with
//! others like him ([`Hold::Together`]).
//!
//! An atmos that a child of the holder starts would wait for its own ancestor for ever. [`HELD`] tells it what its
//! ancestors hold: it goes on, one at a time among its like.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::Error;
use crate::diag::Warning;
pub use crate::host::lock::Hold;
use crate::host::lock::{self, FileLock};
use crate::host::{Env, Host, fs, kin};
use crate::value::{DurationForm, hex, parse_duration};

/// What the processes above hold: `<process>:<name>+<name>,…`.
pub const HELD: &str = "ATMOS_HELD_FOLDERS";
/// How long to wait for a folder at most.
pub const LIMIT: &str = "ATMOS_FOLDER_LOCK_TIMEOUT";
/// How often a waiter looks again.
const POLL: Duration = Duration::from_millis(50);
/// How old a lock is that nobody holds when it is removed: folders come and go, and their locks would stay for ever.
const AGE: Duration = Duration::from_hours(30 * 24);

/// Folders that nobody else works in while the value lives.
#[derive(Debug)]
pub struct FolderLock {
    locks: Vec<FileLock>,
    names: Vec<String>,
}

impl FolderLock {
    /// The numbers under which children find the locks that they are to hold when we are killed.
    #[cfg(unix)]
    pub(super) fn descriptors(&self) -> Vec<std::os::fd::RawFd> {
        self.locks.iter().map(FileLock::descriptor).collect()
    }

    /// The environment of a child that is no part of the run, but comes between its parts: an atmos that it starts goes on
    /// in the folders. When we are killed it does not hold them, for it may leave something behind that never ends.
    pub fn known_to(&self, env: &Env) -> Env {
        let mut known = env.clone();
        known.set(HELD, held(&[self], env));
        known
    }

    /// The value of [`HELD`] for a child.
    #[cfg(test)]
    fn held(&self, env: &Env) -> String {
        held(&[self], env)
    }
}

/// The value of [`HELD`] for a child that keeps these.
pub(super) fn held(locks: &[&FolderLock], env: &Env) -> String {
    let names: Vec<&str> = locks.iter().flat_map(|lock| lock.names.iter().map(String::as_str)).collect();
    let own = format!("{}:{}", std::process::id(), names.join("+"));
    match env.get(HELD) {
        Some(above) if !above.is_empty() => format!("{above},{own}"),
        _ => own,
    }
}

/// Name of a directory, the same under every path that leads there, also before it exists.
fn name(folder: &Path) -> String {
    let clean = fs::clean(folder);
    let mut missing = Vec::new();
    let real = clean.ancestors().find_map(|above| {
        let real = above.canonicalize().ok();
        if real.is_none() {
            missing.extend(above.file_name());
        }
        real
    });
    let real = real.map_or(clean.clone(), |real| missing.iter().rev().fold(real, |path, part| path.join(part)));
    hex(&Sha256::digest(real.as_os_str().as_encoded_bytes()))
}

/// How many of the processes above hold it.
fn held_above(env: &Env, name: &str) -> usize {
    let entries = env.get(HELD).unwrap_or_default().split(',').filter_map(|entry| entry.split_once(':'));
    let holding = entries.filter(|(_, names)| names.split('+').any(|one| one == name));
    // Who has ended, or is no ancestor, holds nothing for us.
    let own = Some(std::process::id());
    holding.filter(|(process, _)| process.parse().is_ok_and(|process| kin::descends(own, process))).count()
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
/// [`Error::File`] when a lock cannot be made, [`Error::FolderBusy`] when the time is over.
pub async fn acquire_all(host: &Host, folders: &[PathBuf]) -> Result<FolderLock, Error> {
    let folders: Vec<(&Path, Hold)> = folders.iter().map(|folder| (folder.as_path(), Hold::Alone)).collect();
    hold(host, &folders).await
}

/// The same, each folder alone or together with others.
///
/// # Errors
/// As [`acquire_all`].
pub async fn hold(host: &Host, folders: &[(&Path, Hold)]) -> Result<FolderLock, Error> {
    let limit = limit(&host.env)?;
    let deadline = limit.map(|limit| (Instant::now() + limit, limit));
    let spoken_of = folders.first().map_or(Path::new(""), |(folder, _)| folder);
    take_all(Wait { host, spoken_of, deadline, patience: Duration::ZERO, told: None }, folders).await
}

/// What stands for the use of a shared folder whose content others go on to need while they work elsewhere. Nothing is ever
/// made there.
pub fn use_of(folder: &Path) -> PathBuf {
    folder.join(".in-use")
}

/// Waits until nobody uses a shared folder, and for the folder.
///
/// # Errors
/// As [`acquire_all`], and [`Error::FolderInUse`] where the run around this process uses it, which waits for us.
pub async fn acquire_unused(host: &Host, folder: &Path) -> Result<[FolderLock; 2], Error> {
    let in_use = use_of(folder);
    if held_above(&host.env, &name(&in_use)) > 0 {
        return Err(Error::FolderInUse { folder: folder.to_path_buf() });
    }
    let limit = limit(&host.env)?;
    let deadline = limit.map(|limit| (Instant::now() + limit, limit));
    let wait = Wait { host, spoken_of: folder, deadline, patience: Duration::ZERO, told: None };
    // Who uses it may come to wait for the folder itself.
    Ok([take_all(wait, &[(&in_use, Hold::Alone)]).await?, acquire(host, folder).await?])
}

/// Waits for what others have for a short while only (an init, a commit), as long as it takes: somebody else's work ends,
/// too. Only a long wait is worth a word.
///
/// # Errors
/// [`Error::File`] when a lock cannot be made.
pub async fn acquire_patiently(host: &Host, places: &[PathBuf]) -> Result<FolderLock, Error> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let spoken_of = places.first().map_or(Path::new(""), PathBuf::as_path);
    let places: Vec<(&Path, Hold)> = places.iter().map(|place| (place.as_path(), Hold::Alone)).collect();
    take_all(Wait { host, spoken_of, deadline: None, patience: PATIENCE, told: None }, &places).await
}

async fn take_all(mut wait: Wait<'_>, folders: &[(&Path, Hold)]) -> Result<FolderLock, Error> {
    // Of two paths to one folder the first is the one that is spoken of.
    let named = folders.iter().rev().map(|(folder, hold)| (name(folder), (*folder, *hold)));
    let ordered: BTreeMap<String, (&Path, Hold)> = named.collect();
    let mut held = FolderLock { locks: Vec::new(), names: Vec::new() };
    for (name, (folder, hold)) in ordered {
        wait.take(&name, folder, hold, &mut held.locks).await?;
        held.names.push(name);
    }
    Ok(held)
}

/// Waits for the folder as long as it takes, or as [`LIMIT`] says (a request to stop ends the wait), and says so.
///
/// # Errors
/// As [`acquire_all`].
pub async fn acquire(host: &Host, folder: &Path) -> Result<FolderLock, Error> {
    acquire_all(host, &[folder.to_path_buf()]).await
}

/// The limit that the user has set.
fn limit(env: &Env) -> Result<Option<Duration>, Error> {
    let Some(text) = env.get(LIMIT).filter(|text| !text.is_empty()) else { return Ok(None) };
    match parse_duration(text, DurationForm::DaysAndSeconds) {
        Some(limit) => Ok(Some(limit)),
        None => Err(Error::FolderLimit { text: text.to_owned() }),
    }
}

/// The directory's own lock: `None` inside where it cannot be had at all, nothing while somebody else has it.
fn own_lock(host: &Host, folder: &Path, hold: Hold) -> Option<Result<Option<FileLock>, Error>> {
    match FileLock::try_acquire_directory(folder, hold) {
        Ok(Some(lock)) => Some(Ok(Some(lock))),
        Ok(None) => None,
        // It has just gone; or the system has no such locks, and the file in the cache is all that there is.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound || cfg!(not(unix)) => Some(Ok(None)),
        Err(error) => {
            let message = format!("the directory {} cannot be locked: {error}", folder.display());
            let help = "other users, and runs with another HOME or XDG_CACHE_HOME, do not wait for this one there";
            host.talk.warn(Warning::new("atmos::exec::folder_unlocked", message).help(help));
            Some(Ok(None))
        }
    }
}

/// One wait for one folder or several.
struct Wait<'a> {
    host: &'a Host,
    /// What the folders are of, for the message.
    spoken_of: &'a Path,
    deadline: Option<(Instant, Duration)>,
    /// How long a wait may be without a word.
    patience: Duration,
    /// When it began, and whether it was said.
    told: Option<(Instant, bool)>,
}

impl Wait<'_> {
    async fn take(&mut self, name: &str, folder: &Path, hold: Hold, locks: &mut Vec<FileLock>) -> Result<(), Error> {
        let level = held_above(&self.host.env, name);
        let file = match level {
            0 => format!("{name}.lock"),
            // The ancestor waits for us. Others that it waits for, too, take turns with us.
            level => format!("{name}-{level}.lock"),
        };
        let locks_of_user = directory(self.host)?;
        let path = locks_of_user.join(file);
        let is_new = !path.exists();
        locks.push(self.until(|| FileLock::try_hold(&path, hold).map_err(Error::file("lock", &path))).await?);
        if level == 0 && folder.is_dir() {
            let host = self.host;
            locks.extend(self.until(|| own_lock(host, folder, hold).transpose()).await?);
        }
        if is_new {
            // Only a folder that was never worked in adds a lock. Many may be new to one run: one look is enough.
            static LOOK: Once = Once::new();
            LOOK.call_once(|| lock::prune(&locks_of_user, AGE));
        }
        Ok(())
    }

    async fn until<T>(&mut self, mut try_acquire: impl FnMut() -> Result<Option<T>, Error>) -> Result<T, Error> {
        loop {
            if let Some(lock) = try_acquire()? {
                return Ok(lock);
            }
            if let Some((_, limit)) = self.deadline.filter(|(deadline, _)| Instant::now() >= *deadline) {
                return Err(Error::FolderBusy { folder: self.spoken_of.to_path_buf(), limit });
            }
            let (begun, told) = *self.told.get_or_insert((Instant::now(), false));
            if !told && begun.elapsed() >= self.patience {
                self.told = Some((begun, true));
                let shown = self.spoken_of.strip_prefix(&self.host.cwd).unwrap_or(self.spoken_of);
                let shown = if shown.as_os_str().is_empty() { Path::new(".") } else { shown };
                let message =
                    format!("waiting for another atmos process that works in {} (Ctrl-C to give up)", shown.display());
                self.host.talk.attention(message);
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn host(root: &Path) -> Host {
        crate::host::testing::host(root, [("HOME", root), ("XDG_CACHE_HOME", root)].into_iter().collect())
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
        assert_eq!(held.names.len(), 1);
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
        let before = name(&temp.path().join("link/data/dir"));
        std::fs::create_dir_all(folder.join("data/dir")).unwrap();
        #[cfg(unix)]
        assert_eq!(before, name(&folder.join("data/dir")), "the same before it exists");
        assert_eq!(name(&temp.path().join("link/data/dir")), before);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn another_cache_keeps_out_too_and_the_wait_has_a_limit() {
        let (temp, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = temp.path().join("vpc");
        std::fs::create_dir(&folder).unwrap();
        let held = acquire(&host(temp.path()), &folder).await.unwrap();
        let mut impatient = host(other.path());
        impatient.env.set(LIMIT, "10ms");
        let error = acquire(&impatient, &folder).await.unwrap_err();
        assert!(matches!(error, Error::FolderBusy { .. }), "{error}");
        drop(held);
        acquire(&impatient, &folder).await.unwrap();
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn who_is_below_the_holder_goes_on_one_at_a_time() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("vpc");
        std::fs::create_dir(&folder).unwrap();
        let mut below = host(temp.path());
        let held = acquire(&below, &folder).await.unwrap();
        // This process stands for its own child.
        below.env.set(HELD, held.held(&Env::default()));
        below.env.set(LIMIT, "10ms");
        let inner = acquire(&below, &folder).await.unwrap();
        assert!(acquire(&below, &folder).await.is_err(), "two below one holder");
        let chain = inner.held(&below.env);
        assert_eq!(chain.split(',').count(), 2, "{chain}");
        // A process that is no ancestor holds nothing for us.
        below.env.set(HELD, held.held(&Env::default()).replace(&format!("{}:", std::process::id()), "4194305:"));
        assert!(acquire(&below, &folder).await.is_err());
    }
}
