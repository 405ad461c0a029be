//! What is kept: files under their keys. The file system is the index; beside each file is when and as what it came.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Error;
use super::intake::{Intake, Package, Place, digest, is_whole, sum_of};
use super::upstream::ANSWER;
use crate::host::fs;

const BESIDE: &str = ".metadata.json";
const LOCK: &str = ".lock";
const TEMPORARY: &str = ".tmp-";
/// Nothing takes as long to come.
const LEFT: Duration = Duration::from_hours(24);
/// How many milliseconds clocks may differ.
const SKEW: i64 = 5 * 60 * 1000;
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
    /// The SHA-256 of a package, so that damage is seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

/// What the look at a kept package found.
#[derive(Debug)]
pub(super) enum Look {
    Missing,
    /// Like when it was kept.
    Sound(Package),
    Damaged,
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
        self.walk(|path| found.extend(self.entry(&path)))?;
        found.sort_by(|left: &Entry, right: &Entry| left.key.cmp(&right.key));
        Ok(found)
    }

    /// Every file of it.
    fn walk(&self, mut see: impl FnMut(PathBuf)) -> Result<(), Error> {
        let mut open: Vec<PathBuf> = GROUPS.iter().map(|(folder, _)| self.root.join(folder)).collect();
        while let Some(folder) = open.pop() {
            let entries = match std::fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::file("read", folder)(error)),
            };
            for entry in entries.flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => open.push(entry.path()),
                    Ok(kind) if kind.is_file() => see(entry.path()),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn entry(&self, path: &Path) -> Option<Entry> {
        let name = path.file_name()?.to_str()?;
        // With a dot begins what is on its way in.
        if name.ends_with(BESIDE) || name.ends_with(LOCK) || name.starts_with('.') {
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
        if dry {
            return Ok(found);
        }
        for entry in &found {
            match self.delete(&entry.key) {
                // Somebody else was faster.
                Ok(()) | Err(Error::Missing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.sweep()?;
        Ok(found)
    }

    /// Removes what never got its name since its process was killed.
    fn sweep(&self) -> Result<(), Error> {
        let now = SystemTime::now();
        let mut files = Vec::new();
        self.walk(|path| files.push(path))?;
        for path in files {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let passing = [TEMPORARY, ".atmos-"].iter().any(|start| name.starts_with(start));
            let modified = path.symlink_metadata().and_then(|about| about.modified()).unwrap_or(now);
            if passing && now.duration_since(modified).is_ok_and(|age| age > LEFT) {
                fs::remove_file_if_present(&path).map_err(Error::file("remove", &path))?;
            }
        }
        Ok(())
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
        let bytes = fs::read_regular(&path, ANSWER as u64, "it is no answer of a registry").ok()?;
        let fetched = beside(&path).map(|beside| beside.custom.fetched_at);
        let fetched = fetched.or_else(|| modified(&path.metadata().ok()?))?;
        let age = Timestamp::now().as_millisecond() - fetched.as_millisecond();
        // What comes from a time that has not been yet would never grow old.
        let age = if age < -SKEW { Duration::MAX } else { Duration::from_millis(age.max(0).unsigned_abs()) };
        Some((bytes, age))
    }

    /// Keeps an answer, whole or not at all.
    pub(super) fn put(&self, key: &str, bytes: &[u8], kind: Kind) -> Result<(), Error> {
        let path = self.place(key)?;
        note(&path, Custom { kind, fetched_at: Timestamp::now(), sha256: None })?;
        fs::write_atomic(&path, bytes, 0o600).map_err(Error::file("write", &path))
    }

    /// Begins to keep a package. `alone`: nobody else does so, and what lies there is left over.
    pub(super) fn intake(&self, key: &str, alone: bool) -> Result<Intake, Error> {
        let path = self.place(key)?;
        let folder = path.parent().unwrap_or(&self.root);
        let prefix = format!("{TEMPORARY}{}-", &digest(key.as_bytes())[..16]);
        if alone {
            let left = std::fs::read_dir(folder).map_err(Error::file("read", folder))?.flatten();
            for entry in left.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix)) {
                fs::remove_file_if_present(&entry.path()).map_err(Error::file("remove", entry.path()))?;
            }
        }
        let file = tempfile::Builder::new().prefix(&prefix).tempfile_in(folder);
        Ok(Intake::new(Place::Beside(file.map_err(Error::file("create", folder))?)))
    }

    /// Gives a package its name. Where that fails it is of use all the same.
    pub(super) fn keep(&self, key: &str, intake: Intake) -> (io::Result<Package>, Option<Error>) {
        let sha256 = Some(intake.sum());
        let file = match intake.into_place() {
            Place::Loose(file) => return (Package::of(file), None),
            Place::Beside(file) => file,
        };
        let named = || -> Result<PathBuf, Error> {
            let path = self.place(key)?;
            file.as_file().sync_all().map_err(Error::file("write", &path))?;
            // A note alone does no harm, a package without one would be as old as its file.
            note(&path, Custom { kind: Kind::Artifact, fetched_at: Timestamp::now(), sha256 })?;
            Ok(path)
        };
        let path = match named() {
            Ok(path) => path,
            Err(error) => return (Package::of(file.into_file()), Some(error)),
        };
        match file.persist(&path) {
            Ok(file) => (Package::of(file), None),
            Err(error) => (Package::of(error.file.into_file()), Some(Error::file("write", path)(error.error))),
        }
    }

    /// Opens a package and says when it last changed.
    pub(super) fn open(&self, key: &str) -> Option<(File, u64, Option<Timestamp>)> {
        let mut options = std::fs::OpenOptions::new();
        options.read(true);
        // A pipe without a writer does not keep who opens it.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::custom_flags(
            &mut options,
            rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
        );
        let file = options.open(self.path(key).ok()?).ok()?;
        let about = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some((file, about.len(), modified(&about)))
    }

    /// Looks at all of an opened package: terraform refuses one that is damaged, every time anew. Takes its time.
    pub(super) fn look(&self, key: &str, file: File) -> Look {
        let Ok(path) = self.path(key) else { return Look::Missing };
        let about = beside(&path);
        let known = about.as_ref().and_then(|about| about.custom.sha256.clone());
        let looked = match &known {
            Some(sum) => sum_of(&file).map(|found| found == *sum),
            None => is_whole(&file, key),
        };
        match looked {
            Ok(true) => {}
            Ok(false) => return Look::Damaged,
            Err(error) => {
                tracing::debug!(%error, key, "a kept package cannot be read");
                return Look::Damaged;
            }
        }
        if known.is_none() {
            // The next look is quicker. Where nothing can be written it is not.
            let fetched = about.map(|about| about.custom.fetched_at);
            let fetched = fetched.or_else(|| modified(&file.metadata().ok()?));
            let sum = sum_of(&file);
            if let (Some(fetched_at), Ok(sum)) = (fetched, sum) {
                let noted = note(&path, Custom { kind: Kind::Artifact, fetched_at, sha256: Some(sum) });
                noted.unwrap_or_else(|error| tracing::debug!(%error, "the sum is not noted"));
            }
        }
        Package::of(file).map_or(Look::Missing, Look::Sound)
    }

    /// The file of a key, in a folder that is there.
    fn place(&self, key: &str) -> Result<PathBuf, Error> {
        let path = self.path(key)?;
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dirs(folder).map_err(Error::file("create", folder))?;
        Ok(path)
    }

    /// Where those meet who want the same package at once.
    pub(super) fn lock_path(&self, key: &str) -> Result<PathBuf, Error> {
        let folder = self.root.join("locks");
        fs::create_dirs(&folder).map_err(Error::file("create", &folder))?;
        Ok(folder.join(format!("{}{LOCK}", digest(key.as_bytes()))))
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

fn note(path: &Path, custom: Custom) -> Result<(), Error> {
    let beside = with_end(path, BESIDE);
    let text = serde_json::to_vec(&Beside { custom }).unwrap_or_default();
    fs::write_atomic(&beside, &text, 0o600).map_err(Error::file("write", &beside))
}

fn modified(about: &std::fs::Metadata) -> Option<Timestamp> {
    Timestamp::try_from(about.modified().ok()?).ok()
}
