//! Which keys of users rest in which keyring, so that a logout finds them whatever the configuration has become. Row 5.
//!
//! Few keyrings can be asked for their names, and the files of ours have none. The index holds names and no secrets, and needs
//! no password: a logout works without one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Error, Store, private};
use crate::host::lock::FileLock;
use crate::host::{Host, fs, trust};

const PATIENCE: Duration = Duration::from_secs(10);

/// The key of a user that was stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IndexedKey {
    /// Kind of the keyring.
    pub keyring: String,
    /// Of the file keyring: where its files lie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
    pub realm: String,
    pub identity: String,
}

impl IndexedKey {
    /// Name of the entry in the keyring.
    pub fn entry(&self) -> String {
        entry_name(&self.realm, &self.identity)
    }
}

/// Name of the entry of a user in the keyring.
pub fn entry_name(realm: &str, identity: &str) -> String {
    format!("atmos_{realm}_{identity}")
}

/// The index of this user, for all realms and keyrings.
#[derive(Debug)]
pub struct KeyIndex {
    data: PathBuf,
    path: PathBuf,
}

impl KeyIndex {
    pub fn of(host: &Host) -> KeyIndex {
        let data = host.dirs.data.join("atmos");
        KeyIndex { path: data.join("keys").join("index"), data }
    }

    /// All keys, sorted.
    ///
    /// # Errors
    /// The file belongs to somebody else, cannot be read, or is damaged.
    pub fn read(&self) -> Result<Vec<IndexedKey>, Error> {
        let Some(content) = private::read(&self.path)? else { return Ok(Vec::new()) };
        let lines = content.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let keys: Result<Vec<IndexedKey>, _> = lines.map(serde_json::from_slice).collect();
        keys.map_err(|_| Error::Damaged { path: self.path.clone() })
    }

    /// Notes a key; false when it is noted already.
    ///
    /// # Errors
    /// Those of [`KeyIndex::read`]; the file cannot be written.
    pub fn add(&self, key: &IndexedKey) -> Result<bool, Error> {
        if self.read()?.contains(key) {
            return Ok(false);
        }
        self.change(|keys| keys.push(key.clone()))?;
        Ok(true)
    }

    /// Forgets a key that is gone.
    ///
    /// # Errors
    /// As [`KeyIndex::add`].
    pub fn remove(&self, key: &IndexedKey) -> Result<(), Error> {
        if !self.read()?.contains(key) {
            return Ok(());
        }
        self.change(|keys| keys.retain(|known| known != key))
    }

    /// Removes a key from its keyring and forgets it; true when it was there. One that a keyring which does not answer may have
    /// stays noted.
    ///
    /// # Errors
    /// Those of [`Store::remove`] and [`KeyIndex::remove`].
    pub fn remove_from(&self, store: &Store, key: &IndexedKey) -> Result<bool, Error> {
        let removed = store.remove(&key.entry())?;
        if !store.is_lost() {
            self.remove(key)?;
        }
        Ok(removed)
    }

    fn change(&self, how: impl FnOnce(&mut Vec<IndexedKey>)) -> Result<(), Error> {
        let directory = self.path.parent().unwrap_or(&self.data);
        trust::private_dir(&self.data, directory)?;
        let lock = directory.join("lock");
        let _lock = FileLock::acquire(&lock, Some(PATIENCE), || {}).map_err(|error| Error::io("lock", &lock, error))?;
        let mut keys = self.read()?;
        how(&mut keys);
        keys.sort();
        keys.dedup();
        if keys.is_empty() {
            return remove(&self.path);
        }
        let mut text = String::new();
        for key in &keys {
            // Names and paths: nothing here fails, but a path that is no text, which no line could hold.
            let line = serde_json::to_string(key)
                .map_err(|error| Error::io("write", &self.path, std::io::Error::other(error)))?;
            text.push_str(&line);
            text.push('\n');
        }
        fs::write_atomic(&self.path, text.as_bytes(), 0o600).map_err(|error| Error::io("write", &self.path, error))
    }
}

fn remove(path: &Path) -> Result<(), Error> {
    fs::remove_file_if_present(path).map(drop).map_err(|error| Error::io("remove", path, error))
}

#[cfg(test)]
mod tests {
    use super::super::open::tests::host;
    use super::*;

    fn key(realm: &str, identity: &str) -> IndexedKey {
        let (realm, identity) = (realm.to_owned(), identity.to_owned());
        IndexedKey { keyring: "system".to_owned(), directory: None, realm, identity }
    }

    #[test]
    fn what_is_noted_is_found_and_nothing_is_left_of_what_is_gone() {
        let temp = tempfile::tempdir().unwrap();
        let index = KeyIndex::of(&host(temp.path(), &[]));
        assert_eq!(index.read().unwrap(), []);
        let (one, two) = (key("a", "worker"), key("b", "worker"));
        assert_eq!([&two, &one, &two].map(|known| index.add(known).unwrap()), [true, true, false]);
        assert_eq!(index.read().unwrap(), [one.clone(), two.clone()]);
        index.remove(&one).unwrap();
        index.remove(&one).unwrap();
        assert_eq!(index.read().unwrap(), std::slice::from_ref(&two));
        index.remove(&two).unwrap();
        assert!(!index.path.exists());
    }

    #[test]
    fn damaged_index_is_an_error_and_not_an_empty_one() {
        let temp = tempfile::tempdir().unwrap();
        let index = KeyIndex::of(&host(temp.path(), &[]));
        index.add(&key("a", "worker")).unwrap();
        std::fs::write(&index.path, "nonsense\n").unwrap();
        assert!(matches!(index.read(), Err(Error::Damaged { .. })));
        assert!(matches!(index.add(&key("b", "worker")), Err(Error::Damaged { .. })));
    }
}
