//! The AWS configuration that outlives runs, for `auth env`, IDEs and SDKs outside of atmos. Row 5.
//!
//! It lies where the reference has it, and holds profiles that call this program: no keys. Sections of others stay.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::Error;
use crate::auth::delivery::{
    Helper, Profile, config_headers, config_sections, ini_is_empty, remove_sections, replace_sections,
};
use crate::auth::store::private;
use crate::host::lock::FileLock;
use crate::host::{Host, fs, trust};
use crate::value::hex;

const PATIENCE: Duration = Duration::from_secs(10);

/// The files of one realm and provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// First directory that is ours to keep private.
    root: PathBuf,
    directory: PathBuf,
    /// Name of the AWS configuration file.
    file: String,
}

impl Standing {
    /// `<config>/atmos/<realm>/aws/<provider>`, or below `base` (`spec.files.base_path`) if the provider has one. An
    /// empty realm has no element.
    pub fn new(host: &Host, base: Option<&Path>, realm: &str, provider: &str) -> Standing {
        let root = base.map_or_else(|| host.dirs.config.join("atmos"), |base| host.absolute(base));
        let with_realm = if realm.is_empty() { root.clone() } else { root.join(element(realm)) };
        let directory = with_realm.join("aws").join(element(provider));
        Standing { root, directory, file: "config".to_owned() }
    }

    /// The files that one configuration alone has there. `helper` is the call that leads to it.
    #[must_use]
    pub fn apart(&self, helper: &Helper) -> Standing {
        let mut hash = Sha256::new();
        for word in &helper.arguments {
            hash.update(word.len().to_be_bytes());
            hash.update(word.as_bytes());
        }
        Standing { file: format!("config.{}", hex(&hash.finalize()[..8])), ..self.clone() }
    }

    /// These files, or those of [`Standing::apart`] once a profile is wanted that another configuration has there for
    /// somebody else.
    ///
    /// # Errors
    /// As [`Standing::is_taken`].
    pub fn beside_others(self, helper: &Helper, profile: &str, chain: &str) -> Result<Standing, Error> {
        let own = self.apart(helper);
        Ok(if own.config().exists() || self.is_taken(helper, profile, chain)? { own } else { self })
    }

    /// The profile is there, was written by another configuration than that of `helper`, and stands for another chain.
    ///
    /// # Errors
    /// A file that is a link or somebody else's.
    pub fn is_taken(&self, helper: &Helper, profile: &str, chain: &str) -> Result<bool, Error> {
        let Some(text) = private::read(&self.config())? else { return Ok(false) };
        let text = String::from_utf8_lossy(&text);
        let calls = config_headers(profile).into_iter().filter_map(|header| call_of(&text, &header));
        Ok(calls.into_iter().any(|words| is_of_another(&words, &helper.arguments, chain)))
    }

    /// AWS configuration file (`AWS_CONFIG_FILE`).
    pub fn config(&self) -> PathBuf {
        self.directory.join(&self.file)
    }

    /// Credentials file (`AWS_SHARED_CREDENTIALS_FILE`), without any of our profiles.
    pub fn credentials(&self) -> PathBuf {
        self.directory.join("credentials")
    }

    /// Writes the profiles, each calling `helper`. Nothing is written when everything is there already.
    ///
    /// # Errors
    /// A file or directory that is a link or somebody else's; a lock that does not come free in 10 s.
    pub fn write(&self, profiles: &[Profile], helper: &Helper) -> Result<(), Error> {
        let sections = config_sections(profiles, helper)?;
        // Configuration directories are often links of the user's own making; below, nothing is.
        trust::private_dir(&self.root, &self.directory)?;
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

    /// Removes the sections of some profiles from both files, and files that are empty then. True when something went.
    ///
    /// # Errors
    /// As [`Standing::write`]; what could not be removed is never reported as removed.
    pub fn remove(&self, profiles: &[&str]) -> Result<bool, Error> {
        if !self.directory.exists() {
            return Ok(false);
        }
        let headers: Vec<String> = profiles.iter().flat_map(|profile| config_headers(profile)).collect();
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let from_config = edit(&self.config(), false, |text| remove_sections(text, &headers))?;
        let from_credentials = edit(&self.credentials(), false, |text| remove_sections(text, profiles))?;
        Ok(from_config || from_credentials)
    }
}

/// The words of the `credential_process` of a section.
fn call_of(text: &str, header: &str) -> Option<Vec<String>> {
    let head = format!("[{header}]");
    let lines = text.lines().map(str::trim).skip_while(|line| *line != head).skip(1);
    let mut own = lines.take_while(|line| !line.starts_with('['));
    let call = own.find_map(|line| line.strip_prefix("credential_process")?.trim_start().strip_prefix('='))?;
    shell_words::split(call).ok()
}

/// That a line calls this program for another configuration and another chain. Lines of anybody else are not ours to keep:
/// they were always replaced.
fn is_of_another(words: &[String], arguments: &[String], chain: &str) -> bool {
    let Some([auth, process, rest @ ..]) = words.get(1..) else { return false };
    let at = |flag: &str| rest.iter().position(|word| word == flag);
    let end = at("--chain").or_else(|| at("--identity")).unwrap_or(rest.len());
    if auth != "auth" || process != "process" || rest[..end] == *arguments {
        return false;
    }
    at("--chain").and_then(|at| rest.get(at + 1)).is_none_or(|meant| meant != chain)
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

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
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
        let standing = Standing::new(&host(temp.path(), &[]), None, "acme", "corp/x");
        assert_eq!(standing.config(), temp.path().join("config/atmos/acme/aws/corp_x/config"));
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
    fn a_profile_of_another_configuration_stays_whose_it_is() {
        let temp = tempfile::tempdir().unwrap();
        let standing = Standing::new(&host(temp.path(), &[]), None, "acme", "corp");
        let call = |arguments: &[&str], chain: &str| {
            let words = ["--chain", chain];
            let all = arguments.iter().chain(words.iter().filter(|_| !chain.is_empty()));
            Helper { arguments: all.map(|word| (*word).to_owned()).collect(), ..helper() }
        };
        let place = |arguments: &[&str], chain: &str| {
            standing.clone().beside_others(&call(arguments, ""), "a b", chain).unwrap().config()
        };
        assert_eq!(place(&["--chdir", "/one"], "aa"), standing.config(), "nobody is there yet");
        standing.write(&[profile("a b")], &call(&["--chdir", "/one"], "aa")).unwrap();
        for (arguments, chain, shares) in [
            (&["--chdir", "/one"][..], "aa", true),
            (&["--chdir", "/one"], "bb", true),
            (&["--chdir", "/two"], "aa", true),
            (&["--chdir", "/two"], "bb", false),
            (&["--chdir", "/one", "--profile", "x"], "bb", false),
        ] {
            assert_eq!(place(arguments, chain) == standing.config(), shares, "{arguments:?} {chain}");
        }
        // Who has files of his own stays with them.
        let two = call(&["--chdir", "/two"], "");
        standing.apart(&two).write(&[profile("a b")], &call(&["--chdir", "/two"], "bb")).unwrap();
        assert_eq!(place(&["--chdir", "/two"], "aa"), standing.apart(&two).config());
        // Lines that are not of our making were always replaced.
        std::fs::write(standing.config(), "[profile a b]\nregion = x\n").unwrap();
        assert_eq!(place(&["--chdir", "/three"], "cc"), standing.config());
    }

    #[test]
    fn a_second_write_touches_nothing_and_remove_takes_ours_only() {
        let temp = tempfile::tempdir().unwrap();
        let standing = Standing::new(&host(temp.path(), &[]), None, "", "corp");
        standing.write(&[profile("dev"), profile("a b")], &helper()).unwrap();
        let written = std::fs::metadata(standing.config()).unwrap().modified().unwrap();
        standing.write(&[profile("dev")], &helper()).unwrap();
        standing.write(&[profile("a b")], &helper()).unwrap();
        assert_eq!(std::fs::metadata(standing.config()).unwrap().modified().unwrap(), written);
        assert!(standing.remove(&["dev"]).unwrap());
        assert!(!standing.remove(&["dev"]).unwrap());
        assert!(std::fs::read_to_string(standing.config()).unwrap().contains("[profile a b]"));
        assert!(standing.remove(&["a b"]).unwrap());
        assert!(!standing.config().exists() && !standing.credentials().exists());
        assert!(!Standing::new(&host(temp.path(), &[]), None, "", "none").remove(&["dev"]).unwrap());
    }

    #[test]
    fn links_and_names_that_leave_the_directory_are_refused() {
        let temp = tempfile::tempdir().unwrap();
        let host = host(temp.path(), &[]);
        assert!(Standing::new(&host, None, "r", "..").config().ends_with("atmos/r/aws/_/config"));
        let standing = Standing::new(&host, None, "r", "corp");
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
        Standing::new(&host, None, "r", "corp").write(&[profile("dev")], &helper()).unwrap();
        assert!(temp.path().join("dotfiles/r/aws/corp/config").exists());
    }

    #[test]
    fn twenty_writers_lose_nothing_and_readers_see_whole_files() {
        let temp = tempfile::tempdir().unwrap();
        let host = host(temp.path(), &[]);
        let standing = Standing::new(&host, None, "r", "corp");
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
