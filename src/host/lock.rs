//! Advisory locks between processes: an OS lock on a file, released by the kernel when the holder dies.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often a waiter looks again. Short enough not to be felt, long enough not to cost CPU.
const POLL: Duration = Duration::from_millis(25);

/// Whether others may hold a lock at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Nobody else.
    Alone,
    /// Those who hold it together, too.
    Together,
}

impl Hold {
    fn try_lock(self, file: &File) -> Result<(), TryLockError> {
        match self {
            Hold::Alone => file.try_lock(),
            Hold::Together => file.try_lock_shared(),
        }
    }
}

/// A held lock; dropping it releases it, also where a child has it, too. The file stays, so that waiters and newcomers lock
/// the same inode; who got the lock of one that [`prune`] has removed meanwhile takes that of its successor.
#[derive(Debug)]
pub struct FileLock {
    file: File,
    path: PathBuf,
}

impl FileLock {
    /// Takes the lock, waiting up to `timeout` (`None`: as long as it takes). `waiting` is called once, before the first
    /// wait, so that the user can be told why nothing happens.
    ///
    /// # Errors
    /// `TimedOut` when the time is over; any other failure of the system.
    pub fn acquire(path: &Path, timeout: Option<Duration>, waiting: impl FnOnce()) -> io::Result<FileLock> {
        let mut file = open(path)?;
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let mut waiting = Some(waiting);
        loop {
            match file.try_lock() {
                Ok(()) if is_at(&file, path)? => return Ok(FileLock { file, path: path.to_path_buf() }),
                Ok(()) => {
                    file = open(path)?;
                    continue;
                }
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) => {}
            }
            if let Some(tell) = waiting.take() {
                tell();
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("failed to acquire file lock within timeout: {}", path.display()),
                ));
            }
            std::thread::sleep(POLL);
        }
    }

    /// The lock if it is free now.
    ///
    /// # Errors
    /// Any failure of the system.
    pub fn try_acquire(path: &Path) -> io::Result<Option<FileLock>> {
        FileLock::try_hold(path, Hold::Alone)
    }

    /// The same, alone or together with others.
    ///
    /// # Errors
    /// Any failure of the system.
    pub fn try_hold(path: &Path, hold: Hold) -> io::Result<Option<FileLock>> {
        loop {
            let file = open(path)?;
            match hold.try_lock(&file) {
                Ok(()) if is_at(&file, path)? => return Ok(Some(FileLock { file, path: path.to_path_buf() })),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    /// The lock of a directory itself, if it is free now. Everybody shares it who sees the directory. It needs no right to
    /// write there and leaves nothing behind.
    ///
    /// # Errors
    /// `Unsupported` where directories have no locks; any other failure of the system.
    #[cfg(unix)]
    pub fn try_acquire_directory(path: &Path, hold: Hold) -> io::Result<Option<FileLock>> {
        use std::os::unix::fs::OpenOptionsExt as _;

        use rustix::fs::OFlags;
        let flags = (OFlags::DIRECTORY | OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
        loop {
            let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
            match hold.try_lock(&file) {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // It may have been replaced while we waited: then the lock of the new one counts.
            if is_same(&file.metadata()?, &std::fs::metadata(path)?) {
                return Ok(Some(FileLock { file, path: path.to_path_buf() }));
            }
        }
    }

    #[cfg(not(unix))]
    pub fn try_acquire_directory(_path: &Path, _hold: Hold) -> io::Result<Option<FileLock>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number under which a child finds the lock that it is to hold when we are killed.
    #[cfg(unix)]
    pub fn descriptor(&self) -> std::os::fd::RawFd {
        std::os::fd::AsRawFd::as_raw_fd(&self.file)
    }

    /// Writes into the file who holds it, for [`signature`].
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn sign(&mut self) -> io::Result<()> {
        use std::io::{Seek as _, Write as _};
        self.file.rewind()?;
        self.file.set_len(0)?;
        self.file.write_all(std::process::id().to_string().as_bytes())
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Closing our end would leave it to whatever a child has left behind.
        if let Err(error) = self.file.unlock() {
            tracing::debug!(%error, path = %self.path.display(), "the lock is given back when the file is closed");
        }
    }
}

/// Whether the file is the one that everybody finds at the path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    match std::fs::symlink_metadata(path) {
        Ok(now) => Ok(is_same(&file.metadata()?, &now)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Nothing that is open is removed there.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(unix)]
fn is_same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Removes the locks of a folder that nobody holds and that have not been written to for `age`. Each goes while it is held,
/// so that who waits for it finds out that it has gone. What cannot be removed stays.
#[cfg(unix)]
pub fn prune(folder: &Path, age: Duration) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_old = |about: std::fs::Metadata| {
            let elapsed = about.modified().ok().and_then(|written| written.elapsed().ok());
            about.is_file() && elapsed.is_some_and(|elapsed| elapsed >= age)
        };
        let is_lock = path.extension().is_some_and(|end| end == "lock");
        if !is_lock || !entry.metadata().is_ok_and(is_old) {
            continue;
        }
        let removed = FileLock::try_acquire(&path).and_then(|held| match held {
            Some(held) => std::fs::remove_file(held.path()),
            None => Ok(()),
        });
        if let Err(error) = removed {
            tracing::debug!(%error, path = %path.display(), "an old lock stays");
        }
    }
}

#[cfg(not(unix))]
pub fn prune(_folder: &Path, _age: Duration) {}

/// The process that signed the lock last. Says nothing of whether it still holds it.
pub fn signature(path: &Path) -> Option<u32> {
    std::fs::read_to_string(path).ok()?.parse().ok()
}

/// What is there has to be a file of ours: whoever holds the lock writes into it. A mode that lets others hold the lock,
/// too, is narrowed.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};

    use rustix::fs::OFlags;
    let refuse = |why: &str| io::Error::new(io::ErrorKind::PermissionDenied, format!("{why}; remove it"));
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(flags);
    let file = options.open(path).map_err(|error| match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => refuse("it is a symbolic link, and locks are no links"),
        Ok(metadata) if !metadata.is_file() => refuse("it is not a regular file"),
        _ => error,
    })?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(refuse("it is not a regular file"));
    }
    if metadata.mode() & 0o077 != 0 && metadata.uid() == rustix::process::geteuid().as_raw() {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_keeps_others_out_until_dropped() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("x.lock");
        let held = FileLock::acquire(&path, None, || {}).unwrap();
        assert!(FileLock::try_acquire(&path).unwrap().is_none());
        let mut told = false;
        let error = FileLock::acquire(&path, Some(Duration::ZERO), || told = true).unwrap_err();
        assert_eq!((error.kind(), told), (io::ErrorKind::TimedOut, true));
        drop(held);
        assert_eq!(signature(&path), None);
        let mut held = FileLock::try_acquire(&path).unwrap().unwrap();
        held.sign().unwrap();
        held.sign().unwrap();
        assert_eq!(signature(&path), Some(std::process::id()));
    }

    #[cfg(unix)]
    #[test]
    fn old_locks_that_nobody_holds_are_removed() {
        let temp = tempfile::tempdir().unwrap();
        let path = |name: &str| temp.path().join(name);
        let held = [Hold::Alone, Hold::Together].map(|hold| {
            let name = format!("{hold:?}.lock");
            FileLock::try_hold(&path(&name), hold).unwrap().unwrap()
        });
        for name in ["free.lock", "notes.txt"] {
            std::fs::write(path(name), "").unwrap();
        }
        std::fs::create_dir(path("folder.lock")).unwrap();
        std::os::unix::fs::symlink(path("notes.txt"), path("link.lock")).unwrap();
        prune(temp.path(), Duration::from_hours(1));
        assert!(path("free.lock").exists(), "it is young");
        prune(temp.path(), Duration::ZERO);
        let mut left: Vec<_> =
            std::fs::read_dir(temp.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["Alone.lock", "Together.lock", "folder.lock", "link.lock", "notes.txt"]);
        drop(held);
    }

    #[cfg(unix)]
    #[test]
    fn who_waits_for_a_lock_that_goes_gets_its_successor() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("x.lock");
        let held = FileLock::acquire(&path, None, || {}).unwrap();
        let (tell, waits) = std::sync::mpsc::channel();
        let waiting = std::thread::spawn({
            let path = path.clone();
            move || FileLock::acquire(&path, None, || tell.send(()).unwrap()).unwrap()
        });
        waits.recv().unwrap();
        // As `prune` does it: the file goes, then the lock.
        std::fs::remove_file(&path).unwrap();
        drop(held);
        let got = waiting.join().unwrap();
        assert!(path.exists() && FileLock::try_acquire(&path).unwrap().is_none(), "nobody else finds it free");
        drop(got);
        assert!(FileLock::try_acquire(&path).unwrap().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn locks_that_are_pruned_all_the_time_keep_out_all_the_same() {
        use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("x.lock");
        let (inside, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let pruning = scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    prune(temp.path(), Duration::ZERO);
                    std::thread::yield_now();
                }
            });
            let workers: Vec<_> = (0..2)
                .map(|_| {
                    scope.spawn(|| {
                        for _ in 0..10 {
                            let held = FileLock::acquire(&path, None, || {}).unwrap();
                            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                            std::thread::yield_now();
                            inside.fetch_sub(1, Ordering::SeqCst);
                            drop(held);
                        }
                    })
                })
                .collect();
            let failed = workers.into_iter().any(|worker| worker.join().is_err());
            over.store(true, Ordering::SeqCst);
            pruning.join().unwrap();
            assert!(!failed);
        });
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_has_a_lock_of_its_own_which_nobody_has_to_write() {
        use std::os::unix::fs::PermissionsExt as _;
        let temp = tempfile::tempdir().unwrap();
        let (folder, old) = (temp.path().join("folder"), temp.path().join("old"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o500)).unwrap();
        let held = FileLock::try_acquire_directory(&folder, Hold::Alone).unwrap().unwrap();
        assert!(FileLock::try_acquire_directory(&folder, Hold::Alone).unwrap().is_none());
        // Another directory in its place is another lock.
        std::fs::rename(&folder, &old).unwrap();
        std::fs::create_dir(&folder).unwrap();
        let new = FileLock::try_acquire_directory(&folder, Hold::Alone).unwrap().unwrap();
        assert!(FileLock::try_acquire_directory(&old, Hold::Alone).unwrap().is_none());
        drop((held, new));
        assert!(FileLock::try_acquire_directory(&old, Hold::Alone).unwrap().is_some());
        assert_eq!(std::fs::read_dir(&old).unwrap().count(), 0);
        assert_eq!(
            FileLock::try_acquire_directory(&temp.path().join("none"), Hold::Alone).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_and_pipes_are_no_locks_and_wide_ones_are_narrowed() {
        use std::os::unix::fs::PermissionsExt as _;
        let temp = tempfile::tempdir().unwrap();
        let target = temp.path().join("target");
        std::fs::write(&target, "precious").unwrap();
        let (link, dangling, pipe) = (temp.path().join("link"), temp.path().join("dangling"), temp.path().join("pipe"));
        std::os::unix::fs::symlink(&target, &link).unwrap();
        std::os::unix::fs::symlink(temp.path().join("nowhere"), &dangling).unwrap();
        duct::cmd!("mkfifo", &pipe).run().unwrap();
        for (path, phrase) in [(&link, "symbolic link"), (&dangling, "symbolic link"), (&pipe, "not a regular file")] {
            for error in [FileLock::try_acquire(path).unwrap_err(), FileLock::acquire(path, None, || {}).unwrap_err()] {
                assert!(error.to_string().contains(phrase), "{}: {error}", path.display());
            }
        }
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious");
        assert!(!temp.path().join("nowhere").exists());
        std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o666)).unwrap();
        drop(FileLock::try_acquire(&target).unwrap());
        assert_eq!(std::fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
