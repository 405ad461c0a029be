//! What is kept: files under their keys. The file system is the index; beside each file is when and as what it came.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Error;
use crate::host::fs;

const BESIDE: &str = ".metadata.json";
const LOCK: &str = ".lock";
const TEMPORARY: &str = ".tmp-";
/// Below the root: what belongs to providers, and to modules.
const GROUPS: [(&str, &str); 2] = [("providers", "provider"), ("modules", "module")];

/// Answers of registries grow old, packages do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Metadata,
    Artifact,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Metadata => "metadata",
            Kind::Artifact => "artifact",
        }
    }

    /// Files that terraform put there itself have nothing beside them.
    fn by_name(key: &str) -> Kind {
        if Path::new(key).extension().is_some_and(|end| end == "json") { Kind::Metadata } else { Kind::Artifact }
    }
}

/// One file that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub key: String,
    pub group: &'static str,
    pub kind: Kind,
    pub size: u64,
    pub modified: Timestamp,
    /// When it was fetched, where that is recorded.
    pub fetched: Option<Timestamp>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Beside {
    custom: Custom,
}

#[derive(Debug, Serialize, Deserialize)]
struct Custom {
    kind: Kind,
    fetched_at: Timestamp,
}

/// The folder of the cache.
#[derive(Debug, Clone)]
pub struct Shelf {
    root: PathBuf,
}

impl Shelf {
    pub fn at(root: impl Into<PathBuf>) -> Shelf {
        Shelf { root: root.into() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Everything that is kept, by key.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn list(&self) -> Result<Vec<Entry>, Error> {
        let mut found = Vec::new();
        let mut open: Vec<PathBuf> = GROUPS.iter().map(|(folder, _)| self.root.join(folder)).collect();
        while let Some(folder) = open.pop() {
            let entries = match std::fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::file("read", folder)(error)),
            };
            for entry in entries.flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => open.push(entry.path()),
                    Ok(kind) if kind.is_file() => found.extend(self.entry(&entry.path())),
                    _ => {}
                }
            }
        }
        found.sort_by(|left: &Entry, right: &Entry| left.key.cmp(&right.key));
        Ok(found)
    }

    fn entry(&self, path: &Path) -> Option<Entry> {
        let name = path.file_name()?.to_str()?;
        if name.ends_with(BESIDE) || name.ends_with(LOCK) || name.starts_with(TEMPORARY) {
            return None;
        }
        let key = path.strip_prefix(&self.root).ok()?.to_str()?.replace('\\', "/");
        let (_, group) = GROUPS.iter().find(|(folder, _)| key.split('/').next() == Some(folder))?;
        let about = path.metadata().ok()?;
        let beside = beside(path);
        Some(Entry {
            group,
            kind: beside.as_ref().map_or_else(|| Kind::by_name(&key), |beside| beside.custom.kind),
            size: about.len(),
            modified: Timestamp::try_from(about.modified().ok()?).ok()?,
            fetched: beside.map(|beside| beside.custom.fetched_at),
            key,
        })
    }

    /// Removes one object.
    ///
    /// # Errors
    /// What is no key of the cache, what is not there, a file that cannot be removed.
    pub fn delete(&self, key: &str) -> Result<(), Error> {
        let path = self.path(key)?;
        let name = key.rsplit('/').next().unwrap_or_default();
        if name.ends_with(BESIDE) || name.ends_with(LOCK) {
            return Err(Error::Key { key: key.to_owned() });
        }
        if !path.is_file() {
            return Err(Error::Missing { key: key.to_owned() });
        }
        let beside = with_end(&path, BESIDE);
        for file in [&path, &beside] {
            fs::remove_file_if_present(file).map_err(Error::file("remove", file))?;
        }
        let folders = path.ancestors().skip(1).take_while(|folder| *folder != self.root);
        for folder in folders {
            // One that is not empty stays, and everything above it.
            if std::fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Removes answers of registries that are older, with `artifacts` also packages. `dry`: only tells them.
    ///
    /// # Errors
    /// As [`Shelf::list`] and [`Shelf::delete`].
    pub fn prune(&self, older: Duration, artifacts: bool, dry: bool, now: Timestamp) -> Result<Vec<Entry>, Error> {
        let old = |entry: &Entry| {
            let age = now.duration_since(entry.fetched.unwrap_or(entry.modified));
            (artifacts || entry.kind == Kind::Metadata) && Duration::try_from(age).is_ok_and(|age| age > older)
        };
        let found: Vec<Entry> = self.list()?.into_iter().filter(old).collect();
        for entry in found.iter().filter(|_| !dry) {
            self.delete(&entry.key)?;
        }
        Ok(found)
    }

    /// The file of a key, which cannot lead out of the cache.
    ///
    /// # Errors
    /// What is no key.
    pub fn path(&self, key: &str) -> Result<PathBuf, Error> {
        let mut parts = key.split('/');
        let known = parts.next().is_some_and(|first| GROUPS.iter().any(|(folder, _)| *folder == first));
        let mut rest = parts.peekable();
        let fine = known && rest.peek().is_some() && rest.all(is_name);
        if fine { Ok(self.root.join(key)) } else { Err(Error::Key { key: key.to_owned() }) }
    }

    /// The content under a key, and how old it is.
    pub(super) fn read(&self, key: &str) -> Option<(Vec<u8>, Duration)> {
        let path = self.path(key).ok()?;
        let bytes = std::fs::read(&path).ok()?;
        let fetched = beside(&path).map(|beside| beside.custom.fetched_at);
        let fetched = fetched.or_else(|| Timestamp::try_from(path.metadata().ok()?.modified().ok()?).ok())?;
        let age = Timestamp::now().duration_since(fetched);
        Some((bytes, Duration::try_from(age).unwrap_or_default()))
    }

    /// Keeps something, whole or not at all.
    pub(super) fn put(&self, key: &str, bytes: &[u8], kind: Kind) -> Result<(), Error> {
        let path = self.path(key)?;
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dirs(folder).map_err(Error::file("create", folder))?;
        let custom = Custom { kind, fetched_at: Timestamp::now() };
        // A note alone does no harm, a package without one would be as old as its file.
        let note = serde_json::to_vec(&Beside { custom }).unwrap_or_default();
        let beside = with_end(&path, BESIDE);
        fs::write_atomic(&beside, &note, 0o600).map_err(Error::file("write", &beside))?;
        fs::write_atomic(&path, bytes, 0o600).map_err(Error::file("write", &path))
    }

    /// Where those meet who want the same package at once.
    pub(super) fn lock_path(&self, key: &str) -> Result<PathBuf, Error> {
        let folder = self.root.join("locks");
        fs::create_dirs(&folder).map_err(Error::file("create", &folder))?;
        Ok(folder.join(format!("{}{LOCK}", super::state::digest(key.as_bytes()))))
    }
}

/// One part of a key: a name of a file, and no way elsewhere.
pub(super) fn is_name(part: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'+' | b'~');
    !part.is_empty() && !part.starts_with('.') && part.len() <= 200 && part.bytes().all(fine)
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn beside(path: &Path) -> Option<Beside> {
    serde_json::from_slice(&std::fs::read(with_end(path, BESIDE)).ok()?).ok()
}
