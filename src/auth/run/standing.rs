//! The AWS configuration that outlives runs, for `auth env`, IDEs and SDKs outside of atmos. Row 5.
//!
//! It lies where the reference has it, and holds profiles that call this program: no keys. Sections of others stay.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Error;
use crate::auth::delivery::{Helper, Profile, config_sections, ini_is_empty, remove_sections, replace_sections};
use crate::auth::store::private;
use crate::host::lock::FileLock;
use crate::host::{Host, fs, trust};

const PATIENCE: Duration = Duration::from_secs(10);

/// The files of one chain. Whoever has a profile there is who that chain says, whichever configurations share the realm
/// and whatever they call him: no file holds two chains, so nobody can take the line of somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// First directory that is ours to keep private.
    root: PathBuf,
    /// Somebody chose the root.
    is_chosen: bool,
    directory: PathBuf,
    /// The beginning of the fingerprint of the chain.
    chain: String,
}

impl Standing {
    /// In `<config>/atmos/<realm>/aws/<provider>`, or below `base` (`spec.files.base_path`) if the provider has one. An
    /// empty realm has no element.
    pub fn new(host: &Host, base: Option<&Path>, realm: &str, provider: &str, chain: &str) -> Standing {
        let root = base.map_or_else(|| host.dirs.config.join("atmos"), |base| host.absolute(base));
        let with_realm = if realm.is_empty() { root.clone() } else { root.join(element(realm)) };
        let directory = with_realm.join("aws").join(element(provider));
        Standing { root, is_chosen: base.is_some(), directory, chain: element(chain) }
    }

    /// AWS configuration file (`AWS_CONFIG_FILE`).
    pub fn config(&self) -> PathBuf {
        self.directory.join(format!("config.{}", self.chain))
    }

    /// Credentials file (`AWS_SHARED_CREDENTIALS_FILE`), without any of our profiles. The one that the Go version of atmos
    /// writes holds keys of whoever logged in last under a name.
    pub fn credentials(&self) -> PathBuf {
        self.directory.join(format!("credentials.{}", self.chain))
    }

    /// Writes the profiles, each calling `helper`. Nothing is written when everything is there already.
    ///
    /// # Errors
    /// A file or directory that is a link or somebody else's; a lock that does not come free in 10 s.
    pub fn write(&self, profiles: &[Profile], helper: &Helper) -> Result<(), Error> {
        let sections = config_sections(profiles, helper)?;
        // Configuration directories are often links of the user's own making; below, nothing is.
        let make = if self.is_chosen { trust::private_dir_in } else { trust::private_dir };
        make(&self.root, &self.directory)?;
        // First: keys under one of these names would win against the helper.
        let names: Vec<&str> = profiles.iter().map(|profile| profile.name.as_str()).collect();
        edit(&self.credentials(), true, |text| remove_sections(text, &names))?;
        edit(&self.config(), true, |text| {
            if sections.iter().all(|(header, body)| has_section(text, header, body)) {
                return text.to_owned();
            }
            replace_sections(text, &sections)
        })?;
        Ok(())
    }

    /// Removes the keys of a profile that the Go version of atmos left for this realm and provider; the file that had some.
    ///
    /// # Errors
    /// As [`Standing::write`]; what could not be removed is never reported as removed.
    pub fn forget_keys(&self, profile: &str, dry_run: bool) -> Result<Option<PathBuf>, Error> {
        let path = self.directory.join("credentials");
        let Some(text) = private::read(&path)? else { return Ok(None) };
        let header = format!("[{profile}]");
        if !String::from_utf8_lossy(&text).lines().any(|line| line.trim() == header) {
            return Ok(None);
        }
        if !dry_run {
            edit(&path, false, |text| remove_sections(text, &[profile]))?;
        }
        Ok(Some(path))
    }
}

/// A name as one element of a path.
fn element(name: &str) -> String {
    let flat = name.replace(['/', '\\', '\0'], "_");
    if matches!(flat.as_str(), "" | "." | "..") { "_".to_owned() } else { flat }
}

/// That a section stands in the text exactly so, once.
fn has_section(text: &str, header: &str, body: &str) -> bool {
    let section = format!("[{header}]\n{body}");
    let ends =
        |rest: &str| rest.is_empty() || rest.starts_with("\n[") || rest.starts_with('[') || rest.trim().is_empty();
    let head = format!("[{header}]\n");
    text.matches(&head).count() == 1
        && text
            .split_once(&section)
            .is_some_and(|(before, rest)| (before.is_empty() || before.ends_with('\n')) && ends(rest))
}

/// Changes a file under its lock, atomically. With `create` the file exists afterwards; without, an empty one is
/// removed. True when the content changed.
pub(super) fn edit(path: &Path, create: bool, change: impl Fn(&str) -> String) -> Result<bool, Error> {
    let plan = || -> Result<(Option<String>, String), Error> {
        let old = private::read(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let new = change(old.as_deref().unwrap_or(""));
        Ok((old, new))
    };
    let settled = |old: &Option<String>, new: &str| match old {
        Some(old) => old == new && (create || !ini_is_empty(new)),
        None => !create,
    };
    // Most calls change nothing and need no lock: the file is replaced whole, so reading it is always safe.
    let (old, new) = plan()?;
    if settled(&old, &new) {
        return Ok(false);
    }
    let lock = lock_path(path);
    let _held = FileLock::acquire(&lock, Some(PATIENCE), || {}).map_err(|error| Error::lock(&lock, error))?;
    let (old, new) = plan()?;
    if settled(&old, &new) {
        return Ok(false);
    }
    if !create && ini_is_empty(&new) {
        fs::remove_file_if_present(path).map_err(|error| Error::io("remove", path, error))?;
    } else {
        fs::write_atomic(path, new.as_bytes(), 0o600).map_err(|error| Error::io("write", path, error))?;
    }
    Ok(old.as_deref() != Some(&new))
}

/// One lock for the files of all chains: each change is short, and locks stay where they are.
fn lock_path(path: &Path) -> PathBuf {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let kind = name.split('.').next().unwrap_or_default();
    path.with_file_name(format!("{kind}.lock"))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::auth::store::open::tests::host;

    fn profile(name: &str) -> Profile {
        Profile {
            name: name.to_owned(),
            identity: name.to_owned(),
            region: Some("eu-west-1".to_owned()),
            has_keys: false,
        }
    }

    fn helper() -> Helper {
        Helper { exe: "/bin/atmos".into(), arguments: vec!["--chdir".into(), "/repo".into()], socket: None }
    }

    #[test]
    fn write_keeps_other_sections_and_drops_keys_of_the_same_name() {
        let temp = tempfile::tempdir().unwrap();
        let standing = Standing::new(&host(temp.path(), &[]), None, "acme", "corp/x", "01ab");
        assert_eq!(standing.config(), temp.path().join("config/atmos/acme/aws/corp_x/config.01ab"));
        std::fs::create_dir_all(&standing.directory).unwrap();
        std::fs::write(standing.config(), "[profile mine]\nregion = x\n").unwrap();
        std::fs::write(standing.credentials(), "; atmos: expiration=1\n[dev]\naws_access_key_id = A\n[mine]\nk = v\n")
            .unwrap();
        standing.write(&[profile("dev"), profile("a b")], &helper()).unwrap();
        let config = std::fs::read_to_string(standing.config()).unwrap();
        assert!(config.starts_with("[profile mine]\nregion = x\n"));
        assert!(
            config
                .contains("[profile dev]\ncredential_process = /bin/atmos auth process --chdir /repo --identity dev\n")
        );
        assert_eq!(std::fs::read_to_string(standing.credentials()).unwrap(), "[mine]\nk = v\n");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&standing.config()), mode(&standing.credentials())), (0o600, 0o600));
        let levels = standing.directory.ancestors().take_while(|level| level.starts_with(&standing.root));
        assert_eq!(levels.map(mode).collect::<Vec<_>>(), [0o700; 4]);
    }

    #[test]
    fn no_two_chains_share_a_file() {
        let temp = tempfile::tempdir().unwrap();
        let host = host(temp.path(), &[]);
        let of = |chain: &str| Standing::new(&host, None, "acme", "corp", chain);
        let (one, two) = (of("aa"), of("bb"));
        assert!(one.config() != two.config() && one.credentials() != two.credentials());
        one.write(&[profile("dev")], &helper()).unwrap();
        let written = std::fs::read_to_string(one.config()).unwrap();
        two.write(&[profile("dev")], &Helper { arguments: Vec::new(), ..helper() }).unwrap();
        assert_eq!(std::fs::read_to_string(one.config()).unwrap(), written);
        assert_eq!(lock_path(&one.config()), lock_path(&two.config()));
    }

    #[test]
    fn a_second_write_touches_nothing() {
        let temp = tempfile::tempdir().unwrap();
        let standing = Standing::new(&host(temp.path(), &[]), None, "", "corp", "aa");
        standing.write(&[profile("dev"), profile("a b")], &helper()).unwrap();
        let written = std::fs::metadata(standing.config()).unwrap().modified().unwrap();
        standing.write(&[profile("dev")], &helper()).unwrap();
        standing.write(&[profile("a b")], &helper()).unwrap();
        assert_eq!(std::fs::metadata(standing.config()).unwrap().modified().unwrap(), written);
    }

    #[test]
    fn keys_that_the_reference_left_go_with_their_profile() {
        let temp = tempfile::tempdir().unwrap();
        let standing = Standing::new(&host(temp.path(), &[]), None, "r", "corp", "aa");
        assert_eq!(standing.forget_keys("dev", false).unwrap(), None);
        std::fs::create_dir_all(&standing.directory).unwrap();
        let path = standing.directory.join("credentials");
        std::fs::write(&path, "; atmos: expiration=1\n[dev]\naws_access_key_id = A\n\n[mine]\nk = v\n").unwrap();
        for dry_run in [true, false] {
            assert_eq!(standing.forget_keys("dev", dry_run).unwrap().as_ref(), Some(&path));
        }
        assert_eq!(standing.forget_keys("dev", false).unwrap(), None);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[mine]\nk = v\n");
        standing.forget_keys("mine", false).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn links_and_names_that_leave_the_directory_are_refused() {
        let temp = tempfile::tempdir().unwrap();
        let host = host(temp.path(), &[]);
        assert!(Standing::new(&host, None, "r", "..", "../x").config().ends_with("atmos/r/aws/_/config..._x"));
        let standing = Standing::new(&host, None, "r", "corp", "aa");
        std::fs::create_dir_all(&standing.directory).unwrap();
        let target = temp.path().join("precious");
        std::fs::write(&target, "[x]\n").unwrap();
        std::os::unix::fs::symlink(&target, standing.config()).unwrap();
        assert!(standing.write(&[profile("dev")], &helper()).is_err());
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "[x]\n");
    }

    #[test]
    fn a_linked_configuration_directory_is_followed() {
        let temp = tempfile::tempdir().unwrap();
        let host = host(temp.path(), &[]);
        std::fs::create_dir_all(temp.path().join("dotfiles")).unwrap();
        std::fs::create_dir_all(&host.dirs.config).unwrap();
        std::os::unix::fs::symlink(temp.path().join("dotfiles"), host.dirs.config.join("atmos")).unwrap();
        Standing::new(&host, None, "r", "corp", "aa").write(&[profile("dev")], &helper()).unwrap();
        assert!(temp.path().join("dotfiles/r/aws/corp/config.aa").exists());
    }

    #[test]
    fn twenty_writers_lose_nothing_and_readers_see_whole_files() {
        let temp = tempfile::tempdir().unwrap();
        let host = host(temp.path(), &[]);
        let standing = Standing::new(&host, None, "r", "corp", "aa");
        standing.write(&[profile("first")], &helper()).unwrap();
        std::thread::scope(|scope| {
            for number in 0..20 {
                let standing = &standing;
                scope.spawn(move || standing.write(&[profile(&format!("p{number}"))], &helper()).unwrap());
                scope.spawn(move || {
                    let text = std::fs::read_to_string(standing.config()).unwrap();
                    assert!(text.contains("[profile first]") && text.ends_with('\n'));
                });
            }
        });
        let text = std::fs::read_to_string(standing.config()).unwrap();
        assert_eq!(text.matches("[profile ").count(), 21);
    }
}
