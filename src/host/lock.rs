//! Advisory locks between processes: an OS lock on a file, released by the kernel when the holder dies.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often a waiter looks again. Short enough not to be felt, long enough not to cost CPU.
const POLL: Duration = Duration::from_millis(25);

/// A held lock; dropping it releases it, also where a child has it, too. The file stays, so that waiters and newcomers lock
/// the same inode.
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
        let file = open(path)?;
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let mut waiting = Some(waiting);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(FileLock { file, path: path.to_path_buf() }),
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
    pub fn try_acquire(path: &Path) -> io::Result<Option<FileLock>> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(FileLock { file, path: path.to_path_buf() })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
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

/// The process that signed the lock last. Says nothing of whether it still holds it.
pub fn signature(path: &Path) -> Option<u32> {
    std::fs::read_to_string(path).ok()?.parse().ok()
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
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
}
