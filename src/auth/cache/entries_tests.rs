use super::*;
use crate::auth::store::open::tests::{ear, host, listening_host};

const FILE: [(&str, &str); 2] = [("ATMOS_KEYRING_TYPE", "file"), ("ATMOS_KEYRING_PASSWORD", "correct horse")];
const MEMORY: [(&str, &str); 1] = [("ATMOS_KEYRING_TYPE", "memory")];

fn open(root: &Path, env: &[(&str, &str)]) -> Cache {
    Cache::open(&host(root, env), &Settings::default(), "realm")
}

fn value(text: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.as_bytes().to_vec())
}

fn text(value: Option<Zeroizing<Vec<u8>>>) -> Option<String> {
    value.map(|value| String::from_utf8(value.to_vec()).unwrap())
}

#[test]
fn entries_last_between_processes_and_are_sealed() {
    let temp = tempfile::tempdir().unwrap();
    let first = open(temp.path(), &FILE);
    first.put("portal/a", &value("token-1")).unwrap();
    first.put("portal/b", &value("token-2")).unwrap();
    first.put("portal/a", &value("token-3")).unwrap();
    let second = open(temp.path(), &FILE);
    assert_eq!(text(second.get("portal/a").unwrap()).as_deref(), Some("token-3"));
    assert_eq!(text(second.get("portal/c").unwrap()), None);
    assert_eq!(second.entries().unwrap(), ["portal/a", "portal/b"]);
    for file in walk(temp.path()) {
        let content = std::fs::read(&file).unwrap();
        assert!(!content.windows(6).any(|window| window == b"token-" || window == b"portal"), "{}", file.display());
    }
    assert_eq!((second.remove("portal/a").unwrap(), second.remove("portal/a").unwrap()), (true, false));
    assert_eq!(second.clear().unwrap(), 1);
    assert_eq!(open(temp.path(), &FILE).entries().unwrap(), Vec::<String>::new());
}

#[test]
fn nothing_is_asked_of_the_keyring_for_an_absent_entry() {
    let temp = tempfile::tempdir().unwrap();
    let cache = open(temp.path(), &FILE[..1]);
    assert!(cache.get("x").unwrap().is_none());
    assert_eq!(cache.entries().unwrap(), Vec::<String>::new());
    assert!(!temp.path().join("data").exists() && !temp.path().join("cache").exists());
    assert!(matches!(cache.prepare(), Err(Error::Store(_))));
    assert!(matches!(cache.put("x", &value("y")), Err(Error::Store(_))));
}

#[test]
fn memory_keeps_entries_in_the_object_only() {
    let temp = tempfile::tempdir().unwrap();
    let cache = open(temp.path(), &MEMORY);
    cache.prepare().unwrap();
    cache.put("a", &value("1")).unwrap();
    assert_eq!(text(cache.clone().get("a").unwrap()).as_deref(), Some("1"));
    assert_eq!(cache.entries().unwrap(), ["a"]);
    assert!(open(temp.path(), &MEMORY).get("a").unwrap().is_none());
    assert!(walk(temp.path()).is_empty());
    assert!(cache.remove("a").unwrap());
    assert!(cache.get("a").unwrap().is_none());
}

#[test]
fn a_lost_key_makes_entries_absent_with_one_warning() {
    let temp = tempfile::tempdir().unwrap();
    open(temp.path(), &FILE).put("a", &value("1")).unwrap();
    std::fs::remove_dir_all(temp.path().join("data")).unwrap();
    let (talk, heard) = ear();
    let cache = Cache::open(&listening_host(temp.path(), &FILE, talk), &Settings::default(), "r");
    assert!(cache.get("a").unwrap().is_none());
    cache.put("b", &value("2")).unwrap();
    assert!(cache.get("a").unwrap().is_none());
    assert_eq!(text(cache.get("b").unwrap()).as_deref(), Some("2"));
    assert_eq!(heard.lock().unwrap().len(), 1, "{heard:?}");
    assert_eq!(cache.clear().unwrap(), 2);
}

#[test]
fn a_changed_file_is_absent_and_a_foreign_kind_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let cache = open(temp.path(), &FILE);
    cache.put("a", &value("1")).unwrap();
    let path = temp.path().join("cache/atmos/auth").join(seal::file_name("a"));
    std::fs::write(&path, "garbage").unwrap();
    assert!(cache.get("a").unwrap().is_none());
    cache.put("a", &value("2")).unwrap();
    assert_eq!(text(cache.get("a").unwrap()).as_deref(), Some("2"));
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    for result in [cache.get("a").map(|_| ()), cache.put("a", &value("3")), cache.remove("a").map(|_| ())] {
        assert!(result.unwrap_err().to_string().contains("is not used"));
    }
}

#[cfg(unix)]
#[test]
fn files_and_directories_are_private_whatever_their_modes_were() {
    use std::os::unix::fs::PermissionsExt;
    let temp = tempfile::tempdir().unwrap();
    let directory = temp.path().join("cache/atmos/auth");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o777)).unwrap();
    let cache = open(temp.path(), &FILE);
    cache.put("a", &value("1")).unwrap();
    let path = directory.join(seal::file_name("a"));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&directory), mode(&path)), (0o700, 0o600));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(text(cache.get("a").unwrap()).as_deref(), Some("1"));
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn twenty_writers_and_readers_see_whole_values_and_one_key() {
    let temp = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for number in 0..20_u8 {
            let root = temp.path();
            // Each has a cache of its own, as processes have.
            scope.spawn(move || {
                let cache = open(root, &FILE);
                for _ in 0..5 {
                    cache.put("shared", &Zeroizing::new(vec![number; 4096])).unwrap();
                    let read = cache.get("shared").unwrap().expect("the value is never absent");
                    assert!(read.len() == 4096 && read.iter().all(|byte| *byte == read[0]));
                }
            });
        }
    });
    assert_eq!(open(temp.path(), &FILE).entries().unwrap(), ["shared"]);
}

#[test]
fn a_lock_keeps_others_out_in_memory_mode_too() {
    let temp = tempfile::tempdir().unwrap();
    for env in [&FILE[..], &MEMORY[..]] {
        let held = open(temp.path(), env).lock("chain", None, || {}).unwrap();
        let mut told = false;
        let other = open(temp.path(), env);
        let error = other.lock("chain", Some(Duration::ZERO), || told = true).unwrap_err();
        assert!(told && error.to_string().contains("failed to acquire file lock within timeout"), "{error}");
        drop(other.lock("other", Some(Duration::ZERO), || {}).unwrap());
        drop(held);
        drop(other.lock("chain", Some(Duration::ZERO), || {}).unwrap());
    }
}

#[test]
fn scoped_names_differ_by_realm() {
    let temp = tempfile::tempdir().unwrap();
    let host = host(temp.path(), &MEMORY);
    let name = |realm| Cache::open(&host, &Settings::default(), realm).scoped("session/x");
    assert_ne!(name("a"), name("b"));
}

/// All files below `root`.
fn walk(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else {
            files.push(path);
        }
    }
    files
}
