//! Copies from earlier runs: `<cache>/atmos/stack-imports`. The whole directory may be deleted at any time.
//!
//! A copy is a directory that never changes, `<id>.<random>`; `<id>.json` says which of them is the current one and is
//! replaced as a whole. So a process that reads an older copy is not disturbed by one that fetches a newer.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::error::Error;
use crate::host::lock::FileLock;
use crate::host::{Host, fs};
use crate::value::hex;

/// How long somebody else may take to fetch the same source.
const PATIENCE: Duration = Duration::from_mins(10);
/// An older copy may still be read by another process for this long.
const GRACE: Duration = Duration::from_hours(1);

/// The copies of one source.
pub(super) struct Entry {
    directory: PathBuf,
    id: String,
}

/// A copy that is there.
pub(super) struct Copy {
    pub directory: PathBuf,
    pub age: Duration,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Pointer {
    /// Without credentials; for people who look into the cache.
    source: String,
    fetched_at: Timestamp,
    directory: String,
}

impl Entry {
    pub(super) fn open(host: &Host, identity: &str) -> Result<Entry, Error> {
        let directory = host.dirs.cache.join("atmos").join("stack-imports");
        fs::create_private_dir(&directory).map_err(|error| failed(&directory, &error))?;
        let id = hex(&Sha256::digest(identity.as_bytes()))[..32].to_owned();
        Ok(Entry { directory, id })
    }

    /// Keeps other processes from fetching the same source meanwhile.
    pub(super) fn lock(&self, host: &Host, shown: &str) -> Result<FileLock, Error> {
        let path = self.directory.join(format!("{}.lock", self.id));
        let waiting = || host.talk.attention(format!("waiting for another atmos that fetches {shown}"));
        FileLock::acquire(&path, Some(PATIENCE), waiting).map_err(|error| failed(&path, &error))
    }

    /// The current copy. A broken record counts as none.
    pub(super) fn current(&self, now: Timestamp) -> Option<Copy> {
        let pointer = std::fs::read(self.pointer()).ok()?;
        let pointer: Pointer = serde_json::from_slice(&pointer).ok()?;
        let own = pointer.directory.strip_prefix(&self.id).is_some_and(|rest| !rest.contains('/'));
        let directory = self.directory.join(&pointer.directory);
        let age = now.duration_since(pointer.fetched_at);
        (own && directory.is_dir()).then(|| Copy { directory, age: age.try_into().unwrap_or_default() })
    }

    /// Has `fill` fill a new copy and makes it the current one. A failure leaves the old one in place.
    pub(super) fn renew(
        &self,
        now: Timestamp,
        source: &str,
        fill: impl FnOnce(&Path) -> Result<(), Error>,
    ) -> Result<PathBuf, Error> {
        let mut builder = tempfile::Builder::new();
        let prefix = format!("{}.", self.id);
        let copy =
            builder.prefix(&prefix).tempdir_in(&self.directory).map_err(|error| failed(&self.directory, &error))?;
        fill(copy.path())?;
        let directory = copy.keep();
        let name = directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let pointer = Pointer { source: source.to_owned(), fetched_at: now, directory: name };
        let text = serde_json::to_vec(&pointer).map_err(|error| failed(&directory, &error.into()))?;
        let path = self.pointer();
        fs::write_atomic(&path, &text, 0o600).map_err(|error| failed(&path, &error))?;
        self.sweep(&directory);
        Ok(directory)
    }

    fn pointer(&self) -> PathBuf {
        self.directory.join(format!("{}.json", self.id))
    }

    /// Removes older copies that nobody reads any more, and what a killed process left.
    fn sweep(&self, current: &Path) {
        let prefix = format!("{}.", self.id);
        for entry in std::fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let stale = || {
                let changed = entry.metadata().and_then(|metadata| metadata.modified()).ok();
                changed.and_then(|changed| changed.elapsed().ok()).is_some_and(|age| age > GRACE)
            };
            let path = entry.path();
            if path != current && path.is_dir() && entry.file_name().to_string_lossy().starts_with(&prefix) && stale() {
                // Only tidiness: the next one tries again.
                let _ = std::fs::remove_dir_all(&path);
            }
        }
    }
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::Cache { path: path.display().to_string(), reason: error.to_string() }
}
