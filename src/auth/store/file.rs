//! The file keyring: one sealed file per entry, opened by a password. Row 5.
//!
//! A file is a header (mark, version, cost of the derivation, salt, nonce) and the sealed value. Header and file name
//! are authenticated with it, so that neither can be exchanged. All entries share one salt: a command derives one key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use zeroize::Zeroizing;

use super::password::Password;
use super::quick::Quick;
use super::seal::{self, Cost, Key, NONCE};
use super::unlocked::Unlocked;
use super::{Error, private};
use crate::host::{fs, lock::FileLock, trust};
use crate::secret::Expose as _;

const MARK: &[u8; 8] = b"atmoskr\x01";
const SALT: usize = 16;
const HEADER: usize = MARK.len() + 12 + SALT + NONCE;
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// Entries as files below one private directory.
pub(super) struct Files {
    directory: PathBuf,
    password: Password,
    /// Keys of earlier commands, by choice.
    unlocked: Option<Unlocked>,
    /// Sealed copies of derived keys in the kernel, unless nobody wants them.
    quick: Option<Quick>,
    cost: Cost,
    /// Derived once per process for each salt and cost in use, normally one.
    derived: Mutex<BTreeMap<([u8; SALT], Cost), Key>>,
}

/// A file of the keyring.
struct Found {
    path: PathBuf,
    name: String,
    content: Zeroizing<Vec<u8>>,
}

/// The parts of a file.
struct Parts<'a> {
    cost: Cost,
    salt: [u8; SALT],
    nonce: [u8; NONCE],
    header: &'a [u8],
    sealed: &'a [u8],
}

impl Files {
    pub(super) fn new(
        directory: PathBuf,
        password: Password,
        unlocked: Option<Unlocked>,
        quick: Option<Quick>,
    ) -> Files {
        Files { directory, password, unlocked, quick, cost: Cost::STANDARD, derived: Mutex::default() }
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Takes the files of another directory for its own.
    pub(super) fn lie_in(&mut self, directory: &Path) {
        self.directory = directory.to_path_buf();
    }

    pub(super) fn holds(&self, key: &str) -> Result<bool, Error> {
        let path = self.directory.join(seal::file_name(key));
        private::check(&path)?;
        Ok(path.exists())
    }

    /// Files of this kind of keyring that have none of these entries, sorted.
    pub(super) fn beside(&self, known: &[String]) -> Result<Vec<PathBuf>, Error> {
        let known: Vec<String> = known.iter().map(|key| seal::file_name(key)).collect();
        let mut found = Vec::new();
        for name in self.names()?.into_iter().filter(|name| !known.contains(name)) {
            let path = self.directory.join(&name);
            if private::read(&path)?.is_some_and(|content| content.starts_with(MARK)) {
                found.push(path);
            }
        }
        Ok(found)
    }

    pub(super) fn get(&self, key: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let name = seal::file_name(key);
        let path = self.directory.join(&name);
        let Some(content) = private::read(&path)? else { return Ok(None) };
        trust::check(&self.directory)?;
        self.open(&path, &name, &content).map(|(value, _)| Some(value))
    }

    pub(super) fn set(&self, key: &str, value: &[u8]) -> Result<(), Error> {
        trust::private_dir_in(&self.directory, &self.directory)?;
        let _lock = self.lock()?;
        let name = seal::file_name(key);
        let path = self.directory.join(&name);
        private::check(&path)?;
        // An entry that is there proves the password; a second password in one keyring would lock somebody out.
        let salt = match self.first_entry()? {
            Some(other) => self.open(&other.path, &other.name, &other.content)?.1,
            None => seal::random()?,
        };
        let derived = self.derive(&salt, self.cost, true)?;
        let nonce = seal::random()?;
        let mut content = header(self.cost, &salt, &nonce);
        let sealed = seal::seal(&derived, &nonce, &context(&content, &name), value)?;
        content.extend_from_slice(&sealed);
        fs::write_atomic(&path, &content, 0o600).map_err(|error| Error::io("write", &path, error))
    }

    pub(super) fn remove(&self, key: &str) -> Result<bool, Error> {
        let path = self.directory.join(seal::file_name(key));
        private::check(&path)?;
        if !path.exists() {
            return Ok(false);
        }
        let _lock = self.lock()?;
        fs::remove_file_if_present(&path).map_err(|error| Error::io("remove", &path, error))
    }

    fn lock(&self) -> Result<FileLock, Error> {
        let path = self.directory.join("lock");
        FileLock::acquire(&path, Some(LOCK_PATIENCE), || {}).map_err(|error| Error::io("lock", &path, error))
    }

    /// Opens a file; the value and the salt it was sealed with.
    fn open(&self, path: &Path, name: &str, content: &[u8]) -> Result<(Zeroizing<Vec<u8>>, [u8; SALT]), Error> {
        let parts = parse(content).ok_or_else(|| Error::Damaged { path: path.to_path_buf() })?;
        let opened = |key: &Key| seal::open(key, &parts.nonce, &context(parts.header, name), parts.sealed);
        let id = identity(&parts.salt, parts.cost);
        if let Some(unlocked) = &self.unlocked
            && let Some(key) = unlocked.get(&id)
        {
            if let Some(value) = opened(&key) {
                self.remember(&parts.salt, parts.cost, &key);
                return Ok((value, parts.salt));
            }
            // The keyring was made anew meanwhile.
            unlocked.forget(&id);
        }
        let key = self.derive(&parts.salt, parts.cost, false)?;
        let value = opened(&key).ok_or_else(|| Error::WrongPassword {
            path: path.to_path_buf(),
            variable: self.password.variable.clone(),
        })?;
        if let Some(unlocked) = &self.unlocked {
            unlocked.keep(&id, &key);
        } else if let Some(quick) = &self.quick {
            quick.keep(&id, &self.password.get(false)?, &key);
        }
        Ok((value, parts.salt))
    }

    fn derive(&self, salt: &[u8; SALT], cost: Cost, fresh: bool) -> Result<Key, Error> {
        let mut derived = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = derived.get(&(*salt, cost)) {
            return Ok(key.clone());
        }
        let password = self.password.get(fresh)?;
        let quick = self.quick.as_ref().and_then(|quick| quick.get(&identity(salt, cost), &password));
        let key = match quick {
            Some(key) => key,
            None => seal::derive(password.expose_secret().as_bytes(), salt, cost)?,
        };
        derived.insert((*salt, cost), key.clone());
        Ok(key)
    }

    fn remember(&self, salt: &[u8; SALT], cost: Cost, key: &Key) {
        self.derived.lock().unwrap_or_else(PoisonError::into_inner).insert((*salt, cost), key.clone());
    }

    /// The first entry by file name.
    fn first_entry(&self) -> Result<Option<Found>, Error> {
        let Some(name) = self.names()?.into_iter().next() else { return Ok(None) };
        let path = self.directory.join(&name);
        Ok(private::read(&path)?.map(|content| Found { path, name, content }))
    }

    /// File names that an entry may have, sorted; nothing without a directory.
    fn names(&self) -> Result<Vec<String>, Error> {
        let failed = |error| Error::io("list", &self.directory, error);
        let listing = match std::fs::read_dir(&self.directory) {
            Ok(listing) => listing,
            Err(error) if fs::is_absent(&error) => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut names = Vec::new();
        for entry in listing {
            if let Ok(name) = entry.map_err(failed)?.file_name().into_string()
                && seal::is_file_name(&name)
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }
}

fn header(cost: Cost, salt: &[u8; SALT], nonce: &[u8; NONCE]) -> Vec<u8> {
    let mut header = Vec::with_capacity(HEADER);
    header.extend_from_slice(MARK);
    for number in [cost.memory, cost.passes, cost.lanes] {
        header.extend_from_slice(&number.to_le_bytes());
    }
    header.extend_from_slice(salt);
    header.extend_from_slice(nonce);
    header
}

/// What a derived key belongs to.
fn identity(salt: &[u8; SALT], cost: Cost) -> Vec<u8> {
    header(cost, salt, &[0; NONCE])
}

/// What is authenticated beside the value.
fn context(header: &[u8], name: &str) -> Vec<u8> {
    [header, name.as_bytes()].concat()
}

fn parse(content: &[u8]) -> Option<Parts<'_>> {
    let (header, sealed) = content.split_at_checked(HEADER)?;
    let rest = header.strip_prefix(MARK.as_slice())?;
    let (numbers, rest) = rest.split_at_checked(12)?;
    let (salt, nonce) = rest.split_at_checked(SALT)?;
    let number = |index: usize| Some(u32::from_le_bytes(numbers.get(index * 4..index * 4 + 4)?.try_into().ok()?));
    let cost = Cost { memory: number(0)?, passes: number(1)?, lanes: number(2)? };
    cost.is_sane().then_some(())?;
    Some(Parts { cost, salt: salt.try_into().ok()?, nonce: nonce.try_into().ok()?, header, sealed })
}
