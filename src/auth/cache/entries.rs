//! [`Cache`]: entries by name, and the locks that make one process do what many wait for. Row 5.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use zeroize::Zeroizing;

use super::{Error, format};
use crate::auth::run::temporary_base;
use crate::auth::store::memory::Memory;
use crate::auth::store::seal::{self, Key};
use crate::auth::store::{Kind, Settings, Store, TYPE_VARIABLE, private};
use crate::diag::{Talk, Warning};
use crate::host::lock::FileLock;
use crate::host::{Host, fs, trust};

/// The keyring entry with the key of the cache. One per user, so that repositories with the same portal share its token.
pub const KEY_NAME: &str = "atmos_cache_key";
/// Nobody holds the lock of the key longer than the keyring needs to answer.
const KEY_PATIENCE: Duration = Duration::from_secs(30);

/// The cache of one process. Clones share everything; nothing is asked of the keyring before an entry needs it.
#[derive(Clone)]
pub struct Cache {
    inner: Arc<Inner>,
}

struct Inner {
    directory: PathBuf,
    /// Where locks go when the cache directory cannot be used.
    spares: Vec<PathBuf>,
    realm: String,
    store: Store,
    key: Mutex<Option<Key>>,
    memory: Memory,
    /// Done once nothing can be written where entries lie: what is obtained stays in memory.
    unwritable: Once,
    /// Done once it was said that something cannot be opened.
    unreadable: Once,
    talk: Talk,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cache({}, {:?})", self.inner.directory.display(), self.inner.store)
    }
}

impl Cache {
    /// The cache of this user, as seen from a repository with `realm`. Touches neither disk nor keyring.
    pub fn open(host: &Host, settings: &Settings, realm: &str) -> Cache {
        Cache::with_store(host, Store::open(host, settings), realm)
    }

    /// The same with a keyring that is open already.
    pub fn with_store(host: &Host, store: Store, realm: &str) -> Cache {
        Cache {
            inner: Arc::new(Inner {
                directory: host.dirs.cache.join("atmos").join("auth"),
                spares: [Some(temporary_base(host)), host.dirs.runtime.as_ref().map(|runtime| runtime.join("atmos"))]
                    .into_iter()
                    .flatten()
                    .map(|base| base.join("locks"))
                    .collect(),
                realm: realm.to_owned(),
                store,
                key: Mutex::default(),
                memory: Memory::default(),
                unwritable: Once::new(),
                unreadable: Once::new(),
                talk: host.talk.clone(),
            }),
        }
    }

    /// The keyring behind this cache.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Where the entries lie.
    pub fn directory(&self) -> &Path {
        &self.inner.directory
    }

    /// The name of an entry that belongs to this realm only. Names without it are shared by all realms.
    pub fn scoped(&self, name: &str) -> String {
        format!("realm/{}/{name}", self.inner.realm)
    }

    /// Makes sure that [`Cache::put`] will be able to seal: asks for the password, creates the key. Call it before work
    /// that would be lost otherwise, such as a login.
    pub fn prepare(&self) -> Result<(), Error> {
        match self.lasts().then(|| self.key(true)) {
            Some(Err(error)) if !self.gives_way(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// That entries outlive the process, as far as is known by now.
    fn lasts(&self) -> bool {
        self.inner.store.is_persistent() && !self.inner.unwritable.is_completed()
    }

    /// Whether work goes on in memory after a failure to write: a disk that is read-only must not keep a container from
    /// logging in. It is said once. Who chose the file keyring wanted files.
    fn gives_way(&self, error: &Error) -> bool {
        if !self.inner.store.is_persistent() {
            return !matches!(error, Error::Locked { .. });
        }
        let (Error::Io { cause, .. } | Error::Directory(trust::Error::Io { cause, .. })) = error else { return false };
        if self.inner.store.kind() == Kind::File {
            return false;
        }
        self.inner.unwritable.call_once(|| {
            let message = format!(
                "the cache `{}` cannot be written to ({cause}); credentials are kept in memory, for this command only",
                self.inner.directory.display()
            );
            let help = format!(
                "set ATMOS_XDG_CACHE_HOME to a directory that is yours to stay logged in, or {TYPE_VARIABLE}=memory to \
                 silence this"
            );
            self.inner.talk.warn(Warning::new("atmos::auth::cache::unwritable", message).help(help));
        });
        true
    }

    /// The value of an entry; `None` when there is none or it cannot be opened any more.
    ///
    /// # Errors
    /// The file belongs to somebody else or cannot be read; the file keyring has no or the wrong password.
    pub fn get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        if let Some(value) = self.inner.memory.get(name) {
            return Ok(Some(value));
        }
        if !self.inner.store.is_persistent() {
            return Ok(None);
        }
        let file_name = seal::file_name(name);
        let path = self.inner.directory.join(&file_name);
        let Some(content) = private::read(&path)? else { return Ok(None) };
        if self.create_directory().is_err() {
            // On a disk that is read-only nothing can be narrowed; what others could exchange is refused all the same.
            trust::check(&self.inner.directory)?;
        }
        let Some(key) = self.key(false)? else {
            self.warn_unreadable(&path);
            return Ok(None);
        };
        let entry = format::open(&key, &file_name, &content).filter(|entry| entry.name == name);
        if entry.is_none() {
            self.warn_unreadable(&path);
        }
        Ok(entry.map(|entry| entry.value))
    }

    /// There is an entry of the name, whether or not a key opens it. Asks nothing of the keyring.
    pub fn holds(&self, name: &str) -> bool {
        let file = || self.inner.directory.join(seal::file_name(name));
        self.inner.memory.get(name).is_some() || std::fs::symlink_metadata(file()).is_ok()
    }

    /// Keeps a value under a name, replacing what was there.
    pub fn put(&self, name: &str, plain: &Zeroizing<Vec<u8>>) -> Result<(), Error> {
        match self.lasts().then(|| self.write(name, plain)) {
            Some(Ok(true)) => return Ok(()),
            Some(Err(error)) if !self.gives_way(&error) => return Err(error),
            _ => {}
        }
        self.inner.memory.set(name, plain);
        Ok(())
    }

    /// False when there turned out to be no key that lasts.
    fn write(&self, name: &str, plain: &Zeroizing<Vec<u8>>) -> Result<bool, Error> {
        let Some(key) = self.key(true)? else { return Ok(false) };
        self.create_directory()?;
        let path = self.inner.directory.join(seal::file_name(name));
        private::check(&path)?;
        let content = format::seal(&key, name, plain)?;
        fs::write_atomic(&path, &content, 0o600).map_err(|error| Error::io("write", &path, error))?;
        Ok(true)
    }

    /// Removes an entry, from disk too. True when there was one.
    pub fn remove(&self, name: &str) -> Result<bool, Error> {
        let remembered = self.inner.memory.remove(name);
        let removed = remove_file(&self.inner.directory.join(seal::file_name(name)))?;
        Ok(remembered || removed)
    }

    /// The names of all entries that the key opens, sorted.
    pub fn entries(&self) -> Result<Vec<String>, Error> {
        let mut names = self.inner.memory.names();
        let files = self.files()?;
        if !files.is_empty()
            && self.inner.store.is_persistent()
            && let Some(key) = self.key(false)?
        {
            for file_name in files {
                let content = private::read(&self.inner.directory.join(&file_name))?;
                let entry = content.and_then(|content| format::open(&key, &file_name, &content));
                names.extend(entry.map(|entry| entry.name));
            }
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// How many entries there are, whether or not a key opens them.
    pub fn count(&self) -> Result<usize, Error> {
        Ok(self.inner.memory.names().len() + self.files()?.len())
    }

    /// Removes every entry, those too that no key opens any more; the number of entries that there were.
    pub fn clear(&self) -> Result<usize, Error> {
        let mut count = self.inner.memory.clear();
        for file_name in self.files()? {
            count += usize::from(remove_file(&self.inner.directory.join(file_name))?);
        }
        Ok(count)
    }

    /// The lock of a name, held by one process at a time and released when the guard goes or its holder dies. `waiting`
    /// is called once if somebody else holds it. Blocks the thread.
    ///
    /// # Errors
    /// [`Error::Locked`] when `timeout` is over.
    pub fn lock(&self, name: &str, timeout: Option<Duration>, waiting: impl FnOnce()) -> Result<FileLock, Error> {
        let file = format!("{}.lock", seal::file_name(name));
        let mut waiting = Some(waiting);
        let mut tell = || {
            if let Some(waiting) = waiting.take() {
                waiting();
            }
        };
        let directory = &self.inner.directory;
        let mut lock = self.create_directory().and_then(|()| take(&directory.join(&file), timeout, &mut tell));
        for spare in &self.inner.spares {
            match &lock {
                Err(error) if self.gives_way(error) => {}
                _ => return lock,
            }
            // The parent too: in the temp directory it could be somebody else's.
            let made = trust::private_dir(spare.parent().unwrap_or(spare), spare).map_err(Error::from);
            lock = made.and_then(|()| take(&spare.join(&file), timeout, &mut tell));
        }
        lock
    }

    /// The key of the cache, made now if there is none and `create` says so. `None` also when the keyring turned out
    /// not to last.
    fn key(&self, create: bool) -> Result<Option<Key>, Error> {
        let mut known = self.inner.key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = &*known {
            return Ok(Some(key.clone()));
        }
        let mut key = self.stored_key()?;
        if key.is_none() && create && self.inner.store.is_persistent() {
            key = self.create_key()?;
        }
        if !self.inner.store.is_persistent() {
            return Ok(None);
        }
        known.clone_from(&key);
        Ok(key)
    }

    fn stored_key(&self) -> Result<Option<Key>, Error> {
        let stored = self.inner.store.get(KEY_NAME)?;
        Ok(stored.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok()).map(Key::new))
    }

    fn create_key(&self) -> Result<Option<Key>, Error> {
        self.create_directory()?;
        // Two processes that make a key each would lose the entries of one.
        let _lock = take(&self.inner.directory.join("key.lock"), Some(KEY_PATIENCE), || {})?;
        if let Some(key) = self.stored_key()? {
            return Ok(Some(key));
        }
        let key = Key::new(seal::random()?);
        self.inner.store.set(KEY_NAME, key.as_slice())?;
        Ok(Some(key))
    }

    fn create_directory(&self) -> Result<(), Error> {
        let directory = &self.inner.directory;
        Ok(trust::private_dir(directory.parent().unwrap_or(directory), directory)?)
    }

    /// File names of entries, sorted.
    fn files(&self) -> Result<Vec<String>, Error> {
        let directory = &self.inner.directory;
        let failed = |error| Error::io("list", directory, error);
        let listing = match std::fs::read_dir(directory) {
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

    fn warn_unreadable(&self, path: &Path) {
        // A keyring that just turned out to be missing was a warning of its own. One file is an example of all.
        if self.inner.store.is_persistent() {
            self.inner.unreadable.call_once(|| {
                let message = format!(
                    "cached logins cannot be opened with the key in the keyring, and count as absent: `{}`",
                    path.display()
                );
                let warning = Warning::new("atmos::auth::cache::unreadable", message);
                self.inner.talk.warn(warning.help("log in again; this replaces them"));
            });
        }
    }
}

fn remove_file(path: &Path) -> Result<bool, Error> {
    private::check(path)?;
    fs::remove_file_if_present(path).map_err(|error| Error::io("remove", path, error))
}

fn take(path: &Path, timeout: Option<Duration>, waiting: impl FnOnce()) -> Result<FileLock, Error> {
    FileLock::acquire(path, timeout, waiting).map_err(|error| match error.kind() {
        std::io::ErrorKind::TimedOut => Error::Locked { path: path.to_path_buf() },
        _ => Error::io("lock", path, error),
    })
}

#[cfg(test)]
#[path = "entries_tests.rs"]
mod tests;
