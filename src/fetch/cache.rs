//! Copies from earlier runs: `<cache>/atmos/stack-imports`. The whole directory may be deleted at any time.
//!
//! A copy is a directory that never changes, `<id>.<random>`; `<id>.json` says which of them is the current one and is
//! replaced as a whole. So a process that reads an older copy is not disturbed by one that fetches a newer: it holds the
//! directory, and what nobody holds any more goes with the next fetch.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::error::Error;
use crate::host::lock::{FileLock, Hold};
use crate::host::{Host, fs};
use crate::value::hex;

/// How long somebody else may take to fetch the same source.
const PATIENCE: Duration = Duration::from_mins(10);
/// Where directories have no locks an older copy may still be read by another process for this long.
const GRACE: Duration = Duration::from_hours(1);
/// A copy that every run fetches anew is of no use to a later one; for so long it is kept for a look.
const SHORT_LIVED: Duration = Duration::from_hours(24);

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
    /// Whoever fetched it wanted what is there now, and will again.
    #[serde(default)]
    once: bool,
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

    /// Has `fill` fill a new copy and makes it the current one. A failure leaves the old one in place. `once`: the next
    /// run will not take it.
    pub(super) fn renew(
        &self,
        now: Timestamp,
        (source, once): (&str, bool),
        fill: impl FnOnce(&Path) -> Result<(), Error>,
    ) -> Result<PathBuf, Error> {
        let mut builder = tempfile::Builder::new();
        let prefix = format!("{}.", self.id);
        let copy =
            builder.prefix(&prefix).tempdir_in(&self.directory).map_err(|error| failed(&self.directory, &error))?;
        fill(copy.path())?;
        let directory = copy.keep();
        let name = directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let pointer = Pointer { source: source.to_owned(), fetched_at: now, directory: name, once };
        let text = serde_json::to_vec(&pointer).map_err(|error| failed(&directory, &error.into()))?;
        let path = self.pointer();
        fs::write_atomic(&path, &text, 0o600).map_err(|error| failed(&path, &error))?;
        sweep(&self.directory, &self.id, Some(&directory));
        self.sweep_others(now);
        Ok(directory)
    }

    fn pointer(&self) -> PathBuf {
        self.directory.join(format!("{}.json", self.id))
    }

    /// Removes copies of other sources that nobody will use again.
    fn sweep_others(&self, now: Timestamp) {
        let is_over = |pointer: &Path| {
            let pointer: Option<Pointer> =
                std::fs::read(pointer).ok().and_then(|text| serde_json::from_slice(&text).ok());
            let age =
                |pointer: &Pointer| Duration::try_from(now.duration_since(pointer.fetched_at)).unwrap_or_default();
            pointer.is_some_and(|pointer| pointer.once && age(&pointer) > SHORT_LIVED)
        };
        for entry in std::fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let pointer = entry.path();
            let Some(id) = pointer.file_stem().and_then(|stem| stem.to_str()) else { continue };
            if id == self.id || pointer.extension().is_none_or(|extension| extension != "json") || !is_over(&pointer) {
                continue;
            }
            let lock = FileLock::try_acquire(&self.directory.join(format!("{id}.lock")));
            // Whoever had the lock may have fetched it again.
            if let Ok(Some(_lock)) = lock
                && is_over(&pointer)
                && sweep(&self.directory, id, None)
            {
                // Only tidiness: the next one tries again.
                let _ = std::fs::remove_file(&pointer);
            }
        }
    }
}

/// Keeps a copy for as long as it is read. Where directories have no locks its age keeps it.
pub(super) fn hold(copy: &Path) -> Option<FileLock> {
    FileLock::try_acquire_directory(copy, Hold::Together).ok().flatten()
}

/// Removes copies that nobody reads any more, and what a killed process left, but for the current one; whether nothing else
/// is there any more. Whoever calls has the lock of the source: nobody begins to read one.
fn sweep(directory: &Path, id: &str, current: Option<&Path>) -> bool {
    let prefix = format!("{id}.");
    let mut all = true;
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if current == Some(&*path) || !path.is_dir() || !entry.file_name().to_string_lossy().starts_with(&prefix) {
            continue;
        }
        let stale = || {
            let changed = entry.metadata().and_then(|metadata| metadata.modified()).ok();
            changed.and_then(|changed| changed.elapsed().ok()).is_some_and(|age| age > GRACE)
        };
        let is_free = match FileLock::try_acquire_directory(&path, Hold::Alone) {
            Ok(held) => held.is_some(),
            Err(_) => stale(),
        };
        // Only tidiness: the next one tries again.
        all &= is_free && std::fs::remove_dir_all(&path).is_ok();
    }
    all
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::Cache { path: path.display().to_string(), reason: error.to_string() }
}
