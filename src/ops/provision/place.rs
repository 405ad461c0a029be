//! Where working directories are, and what is kept about each.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::Error;
use crate::component::Instance;
use crate::config::Config;
use crate::host::fs;
use crate::value::Node;

/// Directory of all working directories, below the base path.
const TOP: &str = ".workdir";
/// Our own directory inside of each.
pub(super) const OWN: &str = ".atmos";
const RECORD: &str = "metadata.json";

/// Where the content of a working directory comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    #[default]
    Local,
    Remote,
}

/// What is known of a working directory. The names of the fields are those of the reference, which reads them, too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Record {
    pub component: String,
    #[serde(default)]
    pub stack: String,
    #[serde(default)]
    pub source_type: Origin,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_uri: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_version: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_accessed: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content_hash: String,
    /// What is kept cannot be read; only when it was written is known.
    #[serde(skip)]
    pub damaged: bool,
}

impl Record {
    pub fn is_remote(&self) -> bool {
        self.source_type == Origin::Remote
    }
}

/// Whether the instance has a working directory of its own.
pub(crate) fn wants_workdir(instance: &Instance) -> bool {
    instance.sections.provision.get_path(["workdir", "enabled"]).and_then(Node::as_bool) == Some(true)
}

/// The working directory of a component in a stack, whether it exists or not.
pub(crate) fn path(config: &Config, kind: &str, component: &str, stack: &str) -> PathBuf {
    fs::clean(&config.base_path.join(TOP).join(kind).join(format!("{stack}-{}", escaped(component))))
}

/// The same without a name that could lead elsewhere.
pub(super) fn checked(config: &Config, instance: &Instance) -> Result<PathBuf, Error> {
    let stack = &instance.stack;
    if stack.split(['/', '\\']).any(|part| matches!(part, "" | "." | "..")) {
        return Err(Error::StackName { stack: stack.clone() });
    }
    let new = path(config, instance.kind.key(), &instance.name, stack);
    let old = config.base_path.join(TOP).join(instance.kind.key()).join(format!("{stack}-{}", instance.name));
    let old = fs::clean(&old);
    // A directory from the time before names were escaped moves with everything in it, if it is this instance's.
    if old != new && old.is_dir() && !new.exists() {
        let mine = read(&old).is_some_and(|record| record.component == instance.name && record.stack == *stack);
        if mine {
            std::fs::rename(&old, &new).map_err(Error::file("move", &old))?;
        }
    }
    Ok(new)
}

/// The name of a component as part of a name of a directory; no two have the same.
fn escaped(component: &str) -> String {
    component.replace('-', "-h").replace('/', "-s").replace('\\', "-b")
}

/// Every working directory of a kind, sorted.
pub(crate) fn all(config: &Config, kind: &str) -> Vec<(PathBuf, Record)> {
    let top = config.base_path.join(TOP).join(kind);
    let mut found = Vec::new();
    // A name of a stack may have slashes in it.
    let mut open = vec![(top, 0)];
    while let Some((folder, depth)) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            match found_in(&path) {
                Some(record) => found.push((path, record)),
                None if depth < 3 => open.push((path, depth + 1)),
                None => {}
            }
        }
    }
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found
}

/// What is known of a working directory; `None` where it is none.
pub(crate) fn read(folder: &Path) -> Option<Record> {
    let text = std::fs::read(folder.join(OWN).join(RECORD)).ok()?;
    serde_json::from_slice(&text).ok()
}

/// The same, also where it is damaged: the directory is there all the same.
pub(crate) fn found_in(folder: &Path) -> Option<Record> {
    if let Some(record) = read(folder) {
        return Some(record);
    }
    let metadata = folder.join(OWN).join(RECORD).metadata().ok()?;
    let written = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok()).unwrap_or_default();
    Some(Record { created_at: written, updated_at: written, damaged: true, ..Record::default() })
}

pub(super) fn write(folder: &Path, record: &Record) -> Result<(), Error> {
    let own = folder.join(OWN);
    std::fs::create_dir_all(&own).map_err(Error::file("create", &own))?;
    let path = own.join(RECORD);
    let text = serde_json::to_string_pretty(record).unwrap_or_default();
    fs::write_atomic(&path, text.as_bytes(), 0o644).map_err(Error::file("write", &path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_components_share_a_name() {
        assert_eq!(escaped("vpc"), "vpc");
        assert_eq!(escaped("a-b/c"), "a-hb-sc");
        assert_ne!(escaped("a/b"), escaped("a-b"));
        assert_ne!(escaped("a-sb"), escaped("a/b"));
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let temp = tempfile::tempdir().unwrap();
        let record = Record { component: "vpc".to_owned(), stack: "dev".to_owned(), ..Record::default() };
        write(temp.path(), &record).unwrap();
        assert_eq!(read(temp.path()), Some(record));
        assert_eq!(read(&temp.path().join("nothing")), None);
        assert_eq!(found_in(&temp.path().join("nothing")), None);
        std::fs::write(temp.path().join(OWN).join(RECORD), "{").unwrap();
        assert_eq!(read(temp.path()), None);
        assert!(found_in(temp.path()).unwrap().damaged);
    }
}
