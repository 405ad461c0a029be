//! The directory of one run, and the removal of those whose process died. Row 5.
//!
//! A run holds an OS lock on a file in its directory for as long as it lives. The kernel releases the lock when the
//! process dies in whatever way, so a free lock means a dead run. Making a directory and sweeping happen under a lock
//! of the base directory: nobody sees a directory that is not locked yet.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Error;
use crate::auth::given::EnvironmentCredentials;
use crate::auth::store::private;
use crate::diag::{Talk, Warning};
use crate::host::lock::FileLock;
use crate::host::{Host, fs, trust};
use crate::secret::Expose as _;

/// Name of the socket, short because paths of sockets are limited.
const SOCKET: &str = "s";
const LOCK: &str = "lock";
/// Name of the AWS configuration file beside the socket.
pub(super) const CONFIG: &str = "config";
/// Name of the AWS credentials file beside it.
pub(super) const CREDENTIALS: &str = "credentials";
/// Bytes that the path of a socket may have, without its end mark.
const LONGEST_SOCKET: usize = if cfg!(target_os = "linux") { 107 } else { 103 };
const PATIENCE: Duration = Duration::from_secs(10);
/// How often removal is tried while a child that goes down still writes.
const ATTEMPTS: u32 = 5;

/// A directory that only this run uses; it goes with the value.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// Held to the end.
    _lock: FileLock,
    removed: bool,
    talk: Talk,
}

impl Directory {
    /// Makes a new directory in the first place that can have one (the runtime directory, the cache, the temp directory)
    /// and sweeps what dead runs left in all of them.
    ///
    /// # Errors
    /// None of the places can have one.
    pub fn create(host: &Host) -> Result<Directory, Error> {
        let bases = bases(host);
        let (mut failure, mut refused) = (None, Vec::<(String, String)>::new());
        let mut made = None;
        for place in &bases {
            match Base::open(place).and_then(|base| base.make(&host.talk)) {
                Ok(directory) => {
                    for (unsafe_place, mend) in refused {
                        host.talk.warn(passed_over(&unsafe_place, &mend, &place.path));
                    }
                    made = Some(directory);
                    break;
                }
                Err(error) => {
                    if let Error::Directory(cause) = &error
                        && let Some(mend) = cause.mend()
                    {
                        refused.push((cause.to_string(), mend.to_owned()));
                    }
                    failure = failure.or(Some(error));
                }
            }
        }
        for place in bases.iter().chain(&memory(host)).filter(|place| place.path.is_dir()) {
            match Base::open(place) {
                Ok(base) => base.sweep(&host.talk),
                // Not ours to clean; if it was wanted, that has been said.
                Err(Error::Directory(cause)) if cause.mend().is_some() => {}
                // Where nothing is left there is nothing to say, such as on a disk that is read-only.
                Err(error) if has_leftover(&place.path) => host.talk.warn(leftover(&error.to_string())),
                Err(_) => {}
            }
        }
        made.ok_or_else(|| failure.unwrap_or(Error::PathTooLong { path: temporary_base(host) }))
    }

    /// One in memory, where the first one is not: what is in it is gone when the machine is. `None` where there is no such place.
    pub(super) fn in_memory(host: &Host) -> Option<Directory> {
        Base::open(&memory(host)?).and_then(|base| base.make(&host.talk)).ok()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.path.join(SOCKET)
    }

    /// Removes the directory with everything in it. A second call does nothing.
    pub(super) fn remove(&mut self) -> Result<(), Error> {
        if self.removed {
            return Ok(());
        }
        remove_tree(&self.path).map_err(|error| Error::io("remove", &self.path, error))?;
        self.removed = true;
        Ok(())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            self.talk.warn(leftover(&error.to_string()));
        }
    }
}

/// A directory that may hold run directories.
struct Place {
    path: PathBuf,
    /// The first directory on the way to it that is ours to keep private.
    root: PathBuf,
}

/// A place with run directories, locked.
struct Base {
    path: PathBuf,
    _lock: FileLock,
}

impl Base {
    fn open(place: &Place) -> Result<Base, Error> {
        let path = place.path.as_path();
        // With room for the longest name that a run could have.
        if path.join("4194304-9999").join(SOCKET).as_os_str().len() > LONGEST_SOCKET {
            return Err(Error::PathTooLong { path: path.to_path_buf() });
        }
        trust::private_dir(&place.root, path)?;
        let lock = path.join(LOCK);
        let held = FileLock::acquire(&lock, Some(PATIENCE), || {}).map_err(|error| Error::lock(&lock, error))?;
        Ok(Base { path: path.to_path_buf(), _lock: held })
    }

    /// Makes the first free `<pid>-<n>`.
    fn make(&self, talk: &Talk) -> Result<Directory, Error> {
        let pid = std::process::id();
        for number in 0_u32.. {
            let path = self.path.join(format!("{pid}-{number}"));
            match make_private(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(Error::io("create", &path, error)),
            }
            let lock = path.join(LOCK);
            let held = FileLock::acquire(&lock, Some(PATIENCE), || {}).map_err(|error| Error::lock(&lock, error))?;
            return Ok(Directory { path, _lock: held, removed: false, talk: talk.clone() });
        }
        Err(Error::PathTooLong { path: self.path.clone() })
    }

    /// Removes the directories of dead runs. A failure is said and keeps nobody from working.
    fn sweep(&self, talk: &Talk) {
        let Ok(entries) = std::fs::read_dir(&self.path) else { return };
        for entry in entries.flatten() {
            if !entry.file_name().to_str().is_some_and(is_run_name) {
                continue;
            }
            if let Err(error) = sweep_one(&entry.path())
                && error.kind() != io::ErrorKind::NotFound
            {
                talk.warn(leftover(&format!("`{}`: {error}", entry.path().display())));
            }
        }
    }
}

/// How thoroughly to look for what dead runs left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// Only where a name says that its process has gone: nothing but one look into each directory that is there.
    Quick,
    /// Every directory that nobody holds.
    Whole,
}

/// Removes what dead runs left, in all places where runs have their directories. Who calls it wants something else, so
/// places that cannot be used are passed over in silence.
pub fn sweep(host: &Host, how: Sweep) {
    for place in bases(host).iter().chain(&memory(host)).filter(|place| place.path.is_absolute()) {
        let left = names_of_runs(&place.path).any(|name| how == Sweep::Whole || has_gone(&name));
        if left && let Ok(base) = Base::open(place) {
            base.sweep(&host.talk);
        }
    }
}

/// Names of the directories of runs, dead or not.
fn names_of_runs(place: &Path) -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| is_run_name(name))
}

fn has_leftover(place: &Path) -> bool {
    names_of_runs(place).any(|name| has_gone(&name))
}

/// That the process of a run's name has ended. Its number may have been given out again: then the next run looks.
#[cfg(unix)]
fn has_gone(name: &str) -> bool {
    use rustix::process::{Pid, test_kill_process};
    let pid = name.split('-').next().and_then(|pid| Pid::from_raw(pid.parse().ok()?));
    pid.is_none_or(|pid| test_kill_process(pid) == Err(rustix::io::Errno::SRCH))
}

#[cfg(not(unix))]
fn has_gone(_name: &str) -> bool {
    true
}

fn sweep_one(path: &Path) -> io::Result<()> {
    let metadata = std::fs::symlink_metadata(path)?;
    if !metadata.is_dir() || private::foreign(&metadata) {
        return Ok(());
    }
    // Nobody makes a directory while we hold the base, so one without a lock file is dead too.
    match FileLock::try_acquire(&path.join(LOCK))? {
        Some(_held) => remove_tree(path),
        None => Ok(()),
    }
}

fn remove_tree(path: &Path) -> io::Result<()> {
    for _ in 1..ATTEMPTS {
        match std::fs::remove_dir_all(path) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => return other,
        }
    }
    std::fs::remove_dir_all(path)
}

fn passed_over(what: &str, mend: &str, used: &Path) -> Warning {
    Warning::new("atmos::auth::run::unsafe_place", format!("{what}; `{}` is used instead", used.display())).help(mend)
}

fn leftover(what: &str) -> Warning {
    Warning::new("atmos::auth::run::leftover", format!("the private directory of a run could not be removed: {what}"))
        .help("remove it by hand")
}

fn is_run_name(name: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    name.split_once('-').is_some_and(|(pid, count)| number(pid) && number(count))
}

/// Candidates, best first.
fn bases(host: &Host) -> Vec<Place> {
    // A runtime directory that does not exist is not made.
    let runtime = host.dirs.runtime.as_ref().filter(|runtime| runtime.is_dir());
    let own = |path: &Path| Place { path: path.join("atmos").join("run"), root: path.join("atmos") };
    let temporary = temporary_base(host);
    let shared = Place { path: temporary.join("run"), root: temporary };
    runtime.map(|runtime| own(runtime)).into_iter().chain([own(&host.dirs.cache), shared]).collect()
}

/// The place in memory beside them. The runtime directory is one already.
fn memory(host: &Host) -> Option<Place> {
    let root = host.dirs.memory.as_ref().filter(|memory| memory.is_dir())?.join(format!("atmos-{}", user()));
    Some(Place { path: root.join("run"), root })
}

/// That a path is in the runtime directory, which ends with the login session and rests on no disk.
pub(super) fn is_of_session(host: &Host, path: &Path) -> bool {
    host.dirs.runtime.as_ref().is_some_and(|runtime| path.starts_with(runtime))
}

/// The directory of this user in the temp directory. It exists only after it was created privately.
pub(in crate::auth) fn temporary_base(host: &Host) -> PathBuf {
    host.dirs.temp.join(format!("atmos-{}", user()))
}

#[cfg(unix)]
fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn user() -> u32 {
    0
}

#[cfg(unix)]
fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_private(path: &Path) -> io::Result<()> {
    std::fs::create_dir(path)
}

/// The files of another cloud, each in folders of its own.
pub(super) fn furnish_files(base: &Path, given: &EnvironmentCredentials) -> Result<(), Error> {
    for file in &given.files {
        let path = base.join(&file.path);
        if let Some(folder) = path.parent() {
            trust::private_dir(base, folder)?;
        }
        write(&path, file.content.expose_secret().as_bytes())?;
    }
    Ok(())
}

/// A private file, whole or not at all.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    fs::write_atomic(path, content, 0o600).map_err(|error| Error::io("write", path, error))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::auth::store::open::tests::host;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_directory_is_private_and_goes_with_its_value() {
        let temp = tempfile::tempdir().unwrap();
        let mut host = host(temp.path(), &[]);
        let runtime = temp.path().join("runtime");
        std::fs::create_dir(&runtime).unwrap();
        host.dirs.runtime = Some(runtime.clone());
        let first = Directory::create(&host).unwrap();
        let second = Directory::create(&host).unwrap();
        let pid = std::process::id();
        assert_eq!(first.path(), runtime.join(format!("atmos/run/{pid}-0")));
        assert_eq!(second.path(), runtime.join(format!("atmos/run/{pid}-1")));
        for path in [first.path(), &runtime.join("atmos/run"), &runtime.join("atmos")] {
            assert_eq!(mode(path), 0o700);
        }
        let gone = first.path().to_path_buf();
        drop(first);
        assert!(!gone.exists() && second.path().exists());
        assert!(!host.dirs.cache.exists());
    }

    #[test]
    fn the_cache_serves_where_there_is_no_runtime_directory() {
        let temp = tempfile::tempdir().unwrap();
        let mut host = host(temp.path(), &[]);
        host.dirs.runtime = Some(temp.path().join("absent"));
        let directory = Directory::create(&host).unwrap();
        assert!(directory.path().starts_with(host.dirs.cache.join("atmos/run")));
        assert!(!temp.path().join("absent").exists());
    }

    #[test]
    fn long_paths_move_the_directory_to_the_temp_directory() {
        let temp = tempfile::tempdir().unwrap();
        let mut host = host(temp.path(), &[]);
        host.dirs.cache = temp.path().join("c".repeat(120));
        host.dirs.temp = temp.path().join("t");
        let directory = Directory::create(&host).unwrap();
        assert!(directory.path().starts_with(temporary_base(&host)));
        assert!(directory.socket().as_os_str().len() <= LONGEST_SOCKET);
        host.dirs.temp = temp.path().join("t".repeat(120));
        assert!(matches!(Directory::create(&host), Err(Error::PathTooLong { .. })));
    }

    #[test]
    fn sweep_removes_dead_runs_only() {
        let temp = tempfile::tempdir().unwrap();
        let host = host(temp.path(), &[]);
        let base = host.dirs.cache.join("atmos/run");
        let live = Directory::create(&host).unwrap();
        // As a killed process leaves it: lock file there, lock free; and one killed before it made the lock file.
        for name in ["99999999-0", "99999998-3"] {
            std::fs::create_dir_all(base.join(name).join("deep")).unwrap();
            std::fs::write(base.join(name).join("credentials"), "secret").unwrap();
        }
        std::fs::write(base.join("99999999-0").join(LOCK), "").unwrap();
        std::fs::create_dir(base.join("not a run")).unwrap();
        std::os::unix::fs::symlink(temp.path(), base.join("1-1")).unwrap();
        let other = Directory::create(&host).unwrap();
        let mut names: Vec<String> =
            std::fs::read_dir(&base).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        let pid = std::process::id();
        let mut expected =
            vec!["1-1".to_owned(), format!("{pid}-0"), format!("{pid}-1"), LOCK.to_owned(), "not a run".to_owned()];
        expected.sort();
        assert_eq!(names, expected);
        drop((live, other));
    }

    #[test]
    fn run_names_are_two_numbers() {
        for (name, is) in [("1-0", true), ("123-45", true), ("1", false), ("-1", false), ("1-", false), ("a-1", false)]
        {
            assert_eq!(is_run_name(name), is, "{name}");
        }
    }
}
