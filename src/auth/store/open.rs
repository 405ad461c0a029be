//! One keyring for a process: which kind it is, and what happens when the system has none. Row 5.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use zeroize::Zeroizing;

use super::Error;
use super::file::Files;
use super::kernel;
use super::key_index::IndexedKey;
use super::memory::Memory;
use super::password::Password;
use super::quick::{self, Quick};
use super::settings::{self, Kind, Settings, TYPE_VARIABLE, password_variable};
use super::system::{self, Unavailable};
use super::unlocked::{Unlocked, forget_all};
use crate::diag::{Talk, Warning};
use crate::host::Host;

/// A keyring. Clones share everything.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    backend: Backend,
    /// In use once the system turned out to have no keyring, with the reason.
    fallback: OnceLock<(Memory, String)>,
    /// Somebody else says it.
    is_quiet: AtomicBool,
    talk: Talk,
    /// For advice: the variable that the file keyring would read.
    password_variable: String,
}

enum Backend {
    Outside(Outside),
    Files(Box<Files>),
    Memory(Memory),
}

/// Keyrings that are not ours, and that may turn out not to be there.
#[derive(Clone, Copy)]
enum Outside {
    System,
    Kernel,
}

impl Outside {
    fn get(self, key: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Unavailable> {
        match self {
            Outside::System => system::get(key),
            Outside::Kernel => kernel::get(key),
        }
    }

    fn set(self, key: &str, value: &[u8]) -> Result<(), Unavailable> {
        match self {
            Outside::System => system::set(key, value),
            Outside::Kernel => kernel::set(key, value),
        }
    }

    fn remove(self, key: &str) -> Result<bool, Unavailable> {
        match self {
            Outside::System => system::remove(key),
            Outside::Kernel => kernel::remove(key),
        }
    }

    fn kind(self) -> Kind {
        match self {
            Outside::System => Kind::System,
            Outside::Kernel => Kind::Kernel,
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.kind().name())
    }
}

impl Store {
    /// Chooses the keyring: `ATMOS_KEYRING_TYPE`, then the configuration, then the system's. Nothing is asked of it yet.
    pub fn open(host: &Host, settings: &Settings) -> Store {
        let kind = settings::kind(&host.env, settings).unwrap_or_else(|word| {
            let warning = Warning::new(
                "atmos::auth::store::unknown_type",
                format!("unknown keyring type {word:?}, using system keyring"),
            );
            host.talk.warn(warning.help("the types are system, kernel, file and memory"));
            Kind::System
        });
        let backend = match kind {
            Kind::System => Backend::Outside(Outside::System),
            Kind::Kernel => Backend::Outside(Outside::Kernel),
            Kind::Memory => Backend::Memory(Memory::default()),
            Kind::File => {
                let (directory, password) = (settings::directory(host, settings), Password::new(host, settings));
                Backend::Files(Box::new(Files::new(directory, password, Unlocked::of(host), Quick::of(host))))
            }
        };
        Store {
            inner: Arc::new(Inner {
                backend,
                fallback: OnceLock::new(),
                is_quiet: AtomicBool::new(false),
                talk: host.talk.clone(),
                password_variable: password_variable(&host.env, settings),
            }),
        }
    }

    /// A keyring of which the index says that it has something, whichever is in force here. `None` for an unknown kind.
    pub fn named(host: &Host, settings: &Settings, kind: &str, directory: Option<&Path>) -> Option<Store> {
        let mut host = host.clone();
        host.env.set(TYPE_VARIABLE, Kind::parse(kind)?.name());
        let mut store = Store::open(&host, settings);
        if let (Some(inner), Some(directory)) = (Arc::get_mut(&mut store.inner), directory)
            && let Backend::Files(files) = &mut inner.backend
        {
            files.lie_in(directory);
        }
        store.keep_quiet();
        Some(store)
    }

    /// How the index calls the key of a user in this keyring, as it was chosen.
    pub fn indexed(&self, realm: &str, identity: &str) -> IndexedKey {
        let kind = match &self.inner.backend {
            Backend::Outside(outside) => outside.kind(),
            Backend::Files(_) => Kind::File,
            Backend::Memory(_) => Kind::Memory,
        };
        IndexedKey {
            keyring: kind.name().to_owned(),
            directory: self.directory().map(Path::to_path_buf),
            realm: realm.to_owned(),
            identity: identity.to_owned(),
        }
    }

    /// That there is an entry of the name. The file keyring needs no password for that.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn holds(&self, key: &str) -> Result<bool, Error> {
        match &self.inner.backend {
            Backend::Files(files) => files.holds(key),
            Backend::Outside(_) | Backend::Memory(_) => Ok(self.get(key)?.is_some()),
        }
    }

    /// Of the file keyring: its files that have none of these entries. They do not say whose they are.
    ///
    /// # Errors
    /// The directory cannot be listed.
    pub fn files_beside(&self, known: &[String]) -> Result<Vec<PathBuf>, Error> {
        match &self.inner.backend {
            Backend::Files(files) => files.beside(known),
            Backend::Outside(_) | Backend::Memory(_) => Ok(Vec::new()),
        }
    }

    /// The kind that answers now: memory once the system turned out to have no keyring.
    pub fn kind(&self) -> Kind {
        match &self.inner.backend {
            _ if self.inner.fallback.get().is_some() => Kind::Memory,
            Backend::Outside(outside) => outside.kind(),
            Backend::Files(_) => Kind::File,
            Backend::Memory(_) => Kind::Memory,
        }
    }

    /// The keyring of the system or of the kernel was wanted and did not answer: what it holds is out of reach.
    pub fn is_lost(&self) -> bool {
        self.inner.fallback.get().is_some()
    }

    /// Why that is so, in words.
    pub fn lost_because(&self) -> Option<&str> {
        self.inner.fallback.get().map(|(_, why)| why.as_str())
    }

    /// A keyring that is not there is no warning any more: who calls this says it with [`Store::lost_because`], in a report
    /// or an error, and twice would be once too often.
    pub fn keep_quiet(&self) {
        self.inner.is_quiet.store(true, Ordering::Relaxed);
    }

    /// That values outlive the process.
    pub fn is_persistent(&self) -> bool {
        self.kind() != Kind::Memory
    }

    /// That values outlive a restart of the machine: what cannot be had again belongs nowhere else.
    pub fn is_durable(&self) -> bool {
        self.is_persistent() && self.kind() != Kind::Kernel
    }

    /// Where the file keyring has its files.
    pub fn directory(&self) -> Option<&Path> {
        match &self.inner.backend {
            Backend::Files(files) => Some(files.directory()),
            Backend::Outside(_) | Backend::Memory(_) => None,
        }
    }

    /// Forgets keys of the file keyring that were kept for the next command. True when there were some.
    pub fn lock_up(host: &Host) -> bool {
        let copies = quick::forget_all();
        forget_all(host) || copies
    }

    /// Of the file keyring: whether the next command can be spared the derivation of the key, and why not.
    pub fn quickness(host: &Host) -> Result<(), &'static str> {
        if quick::is_off(host) {
            return Err("ATMOS_KEYRING_UNLOCK says so");
        }
        if quick::is_possible() { Ok(()) } else { Err("the kernel has no keyring for this process") }
    }

    /// The value of an entry.
    ///
    /// # Errors
    /// Those of the file keyring: no or wrong password, a file that is not ours or damaged.
    pub fn get(&self, key: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        self.with(|outside| outside.get(key), |files| files.get(key), |memory| memory.get(key))
    }

    /// What the Go version of atmos keeps under a name in the keyring of the system, whichever keyring is in force here. It
    /// is only read.
    ///
    /// # Errors
    /// In words: the system has no keyring, or it does not answer.
    pub fn get_of_reference(key: &str) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
        system::get_of_reference(key).map_err(|why| why.0)
    }

    /// Keeps a value, replacing what was there.
    pub fn set(&self, key: &str, value: &[u8]) -> Result<(), Error> {
        self.with(|outside| outside.set(key, value), |files| files.set(key, value), |memory| memory.set(key, value))
    }

    /// Removes an entry; true when there was one.
    pub fn remove(&self, key: &str) -> Result<bool, Error> {
        self.with(|outside| outside.remove(key), |files| files.remove(key), |memory| memory.remove(key))
    }

    fn with<T>(
        &self,
        outside: impl FnOnce(Outside) -> Result<T, Unavailable>,
        files: impl FnOnce(&Files) -> Result<T, Error>,
        memory: impl FnOnce(&Memory) -> T,
    ) -> Result<T, Error> {
        match &self.inner.backend {
            Backend::Memory(own) => Ok(memory(own)),
            Backend::Files(own) => files(own),
            Backend::Outside(own) => {
                if let Some((fallback, _)) = self.inner.fallback.get() {
                    return Ok(memory(fallback));
                }
                match outside(*own) {
                    Ok(value) => Ok(value),
                    Err(why) => Ok(memory(self.fall_back(*own, &why))),
                }
            }
        }
    }

    /// Says once that there is no keyring, and goes on in memory.
    fn fall_back(&self, outside: Outside, why: &Unavailable) -> &Memory {
        let (memory, _) = self.inner.fallback.get_or_init(|| {
            let reason = format!("the {} keyring is not available ({})", outside.kind().name(), why.0);
            if !self.inner.is_quiet.load(Ordering::Relaxed) {
                let message = format!("{reason}; credentials are kept in memory, for this command only");
                let help = format!(
                    "set {TYPE_VARIABLE}=file and a password in {} to stay logged in, or {TYPE_VARIABLE}=memory to silence this",
                    self.inner.password_variable
                );
                self.inner.talk.warn(Warning::new("atmos::auth::store::no_keyring", message).help(help));
            }
            (Memory::default(), reason)
        });
        memory
    }
}

#[cfg(test)]
pub(in crate::auth) mod tests {
    use std::path::Path;
    use std::sync::Mutex;

    use super::*;
    use crate::host::{Dirs, Env, Terminal};

    /// A host below `root` that knows only `env`; what it says is dropped.
    pub(in crate::auth) fn host(root: &Path, env: &[(&str, &str)]) -> Host {
        listening_host(root, env, Talk::silent())
    }

    pub(in crate::auth) fn listening_host(root: &Path, env: &[(&str, &str)], talk: Talk) -> Host {
        let env: Env = env.iter().copied().collect();
        let dirs = Dirs {
            home: root.join("home"),
            config: root.join("config"),
            cache: root.join("cache"),
            data: root.join("data"),
            runtime: None,
            memory: None,
            temp: std::env::temp_dir(),
        };
        Host {
            guard: Arc::default(),
            env,
            cwd: root.to_path_buf(),
            dirs,
            terminal: Terminal::default(),
            exe: "/usr/local/bin/atmos".into(),
            talk,
            masker: Arc::default(),
            sources: Arc::default(),
        }
    }

    /// A listener and what it heard, as text.
    pub(in crate::auth) fn ear() -> (Talk, Arc<Mutex<Vec<String>>>) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink = heard.clone();
        (Talk::new(move |message| sink.lock().unwrap().push(format!("{message:?}"))), heard)
    }

    const FILE: [(&str, &str); 2] = [("ATMOS_KEYRING_TYPE", "file"), ("ATMOS_KEYRING_PASSWORD", "correct horse")];

    fn open(root: &Path, env: &[(&str, &str)]) -> Store {
        Store::open(&host(root, env), &Settings::default())
    }

    #[test]
    fn memory_keeps_values_for_clones_of_one_store() {
        let temp = tempfile::tempdir().unwrap();
        let store = open(temp.path(), &[("ATMOS_KEYRING_TYPE", "memory")]);
        store.set("a", b"1").unwrap();
        assert_eq!(store.clone().get("a").unwrap().unwrap().as_slice(), b"1");
        assert_eq!((store.remove("a").unwrap(), store.remove("a").unwrap()), (true, false));
        assert!(store.get("a").unwrap().is_none());
        assert!(!store.is_persistent());
    }

    #[cfg(unix)]
    #[test]
    fn file_keeps_values_between_processes_sealed_and_private() {
        use std::os::unix::fs::PermissionsExt;
        let temp = tempfile::tempdir().unwrap();
        let directory = temp.path().join("data/atmos/keyring");
        open(temp.path(), &FILE).set("a", b"secret value").unwrap();
        open(temp.path(), &FILE).set("b", b"other value").unwrap();
        let store = open(temp.path(), &FILE);
        assert_eq!(store.get("a").unwrap().unwrap().as_slice(), b"secret value");
        assert_eq!(store.get("b").unwrap().unwrap().as_slice(), b"other value");
        assert!(store.get("c").unwrap().is_none());
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&directory), 0o700);
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600);
            let content = std::fs::read(&path).unwrap();
            assert!(!content.windows(5).any(|window| window == b"value"));
        }
        assert!(store.remove("a").unwrap());
        assert!(open(temp.path(), &FILE).get("a").unwrap().is_none());
    }

    #[test]
    fn file_says_what_is_wrong_with_the_password() {
        let temp = tempfile::tempdir().unwrap();
        open(temp.path(), &FILE).set("a", b"x").unwrap();
        let wrong = open(temp.path(), &[FILE[0], ("ATMOS_KEYRING_PASSWORD", "battery staple")]);
        assert!(matches!(wrong.get("a"), Err(Error::WrongPassword { .. })));
        assert!(matches!(wrong.set("b", b"y"), Err(Error::WrongPassword { .. })));
        let short = open(temp.path(), &[FILE[0], ("ATMOS_KEYRING_PASSWORD", "short")]);
        assert!(matches!(short.get("a"), Err(Error::ShortPassword { .. })));
        let named = open(temp.path(), &[FILE[0], ("ATMOS_KEYRING_PASSWORD_ENV", "MY_PW")]);
        let error = named.get("a").unwrap_err();
        assert!(error.to_string().contains("`MY_PW` is not set"), "{error}");
        assert!(named.get("never stored").unwrap().is_none());
    }

    #[test]
    fn file_refuses_damaged_and_exchanged_entries() {
        let temp = tempfile::tempdir().unwrap();
        let directory = temp.path().join("data/atmos/keyring");
        let store = open(temp.path(), &FILE);
        store.set("a", b"1").unwrap();
        store.set("b", b"2").unwrap();
        let path = |key: &str| directory.join(crate::auth::store::seal::file_name(key));
        std::fs::copy(path("a"), path("b")).unwrap();
        assert!(matches!(store.get("b"), Err(Error::WrongPassword { .. })));
        std::fs::write(path("b"), "hello").unwrap();
        assert!(matches!(store.get("b"), Err(Error::Damaged { .. })));
        let mut greedy = std::fs::read(path("a")).unwrap();
        greedy[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        std::fs::write(path("a"), greedy).unwrap();
        assert!(matches!(store.get("a"), Err(Error::Damaged { .. })));
    }

    #[test]
    fn the_password_is_masked() {
        let temp = tempfile::tempdir().unwrap();
        let host = host(temp.path(), &FILE);
        let _store = Store::open(&host, &Settings::default());
        assert_eq!(host.masker.mask("say correct horse"), "say <MASKED>");
    }

    #[test]
    fn unknown_type_is_said_and_the_system_is_used() {
        let temp = tempfile::tempdir().unwrap();
        let (talk, heard) = ear();
        let host = listening_host(temp.path(), &[("ATMOS_KEYRING_TYPE", "vault")], talk);
        assert_eq!(Store::open(&host, &Settings::default()).kind(), Kind::System);
        assert!(heard.lock().unwrap()[0].contains("unknown keyring type \\\"vault\\\", using system keyring"));
    }

    #[test]
    fn a_system_without_a_keyring_is_said_once_and_memory_takes_over() {
        let temp = tempfile::tempdir().unwrap();
        let (talk, heard) = ear();
        let store = Store::open(&listening_host(temp.path(), &[], talk), &Settings::default());
        let gone = || Unavailable("no bus".to_owned());
        let set: Result<(), Error> = store.with(|_| Err(gone()), |_| Ok(()), |memory| memory.set("a", b"1"));
        set.unwrap();
        assert_eq!((store.kind(), store.get("a").unwrap().unwrap().as_slice()), (Kind::Memory, &b"1"[..]));
        assert_eq!(heard.lock().unwrap().len(), 1);
        assert!(heard.lock().unwrap()[0].contains("ATMOS_KEYRING_TYPE=file"));
    }
}
