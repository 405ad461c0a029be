//! The shared configuration of AWS tools: profiles in `~/.aws/config` and `~/.aws/credentials`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Env;

/// The settings of one profile.
pub type ProfileSettings = BTreeMap<String, String>;

/// The key of a profile.
#[derive(Clone, Copy)]
pub struct ProfileKeys<'a> {
    pub id: &'a str,
    pub secret: &'a str,
    pub token: Option<&'a str>,
    pub mfa_serial: Option<&'a str>,
}

/// All profiles of the two files; what stands in the file of credentials goes first.
#[derive(Debug, Default)]
pub struct Profiles {
    known: BTreeMap<String, ProfileSettings>,
}

impl Profiles {
    /// Reads what the environment names, relative to `cwd`, else the files of the user. A file that is missing has no
    /// profiles.
    pub fn read(env: &Env, cwd: &Path) -> Profiles {
        let mut profiles = Profiles::default();
        let text = |variable: &str, name: &str| {
            let path =
                env.get(variable).map(|path| expanded(path, env)).or_else(|| Some(home(env)?.join(".aws").join(name)));
            path.and_then(|path| std::fs::read_to_string(cwd.join(path)).ok()).unwrap_or_default()
        };
        profiles.add(&text("AWS_CONFIG_FILE", "config"), true);
        profiles.add(&text("AWS_SHARED_CREDENTIALS_FILE", "credentials"), false);
        profiles
    }

    /// The same with files that somebody named.
    pub fn of_files(config: &[String], credentials: &[String], env: &Env, cwd: &Path) -> Profiles {
        if config.is_empty() && credentials.is_empty() {
            return Profiles::read(env, cwd);
        }
        let mut profiles = Profiles::default();
        let text = |path: &String| std::fs::read_to_string(cwd.join(expanded(path, env))).unwrap_or_default();
        for path in config {
            profiles.add(&text(path), true);
        }
        for path in credentials {
            profiles.add(&text(path), false);
        }
        profiles
    }

    /// The same of a text, whichever of the files it is. What stands before its first profile belongs to the default one.
    pub fn of_text(text: &str) -> Profiles {
        let mut profiles = Profiles::default();
        let text = format!("[default]\n{text}");
        profiles.add(&text, true);
        profiles.add(&text, false);
        profiles
    }

    /// Everything that a profile says.
    pub fn get(&self, name: &str) -> Option<&ProfileSettings> {
        self.known.get(name)
    }

    /// `region` of a profile.
    pub fn region(&self, name: &str) -> Option<&str> {
        self.known.get(name)?.get("region").map(String::as_str)
    }

    /// The key that stands in a profile itself.
    pub fn keys(&self, name: &str) -> Option<ProfileKeys<'_>> {
        let settings = self.known.get(name)?;
        let get = |key: &str| settings.get(key).map(String::as_str).filter(|value| !value.is_empty());
        Some(ProfileKeys {
            id: get("aws_access_key_id")?,
            secret: get("aws_secret_access_key")?,
            token: get("aws_session_token"),
            mfa_serial: get("mfa_serial"),
        })
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    /// `prefixed`: sections are called `profile x`, but for the default one.
    fn add(&mut self, text: &str, prefixed: bool) {
        for section in ini_sections(text) {
            let header = section.header.as_str();
            let name = match section.profile() {
                Some(name) if prefixed => name,
                None if !prefixed || header == "default" => header,
                _ => continue,
            };
            for setting in &section.settings {
                let settings = self.known.entry(name.to_owned()).or_default();
                settings.insert(setting.key.clone(), setting.value.clone());
            }
        }
    }
}

/// A section of a file of AWS tools, and of other files of their form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IniSection {
    /// What stands between the brackets.
    pub header: String,
    pub settings: Vec<IniSetting>,
}

/// A setting of a section. What is indented below it is not among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IniSetting {
    /// In lower case.
    pub key: String,
    pub value: String,
    /// Its line, from 1 on.
    pub line: usize,
}

impl IniSection {
    /// The name behind `profile`.
    pub fn profile(&self) -> Option<&str> {
        self.named("profile")
    }

    /// The name behind a word such as `sso-session`.
    pub fn named(&self, word: &str) -> Option<&str> {
        let rest = self.header.strip_prefix(word).filter(|rest| rest.starts_with([' ', '\t']))?;
        let name = rest.trim();
        let quoted = ['"', '\''].into_iter().find_map(|mark| name.strip_prefix(mark)?.strip_suffix(mark));
        Some(quoted.unwrap_or(name))
    }
}

/// The sections of a text, in their order. What stands before the first one belongs to none.
pub fn ini_sections(text: &str) -> Vec<IniSection> {
    let mut sections: Vec<IniSection> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let nested = line.starts_with([' ', '\t']);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(name, _)| name.trim())
        {
            sections.push(IniSection { header: header.to_owned(), settings: Vec::new() });
            continue;
        }
        // What is indented belongs to a setting that nobody here reads.
        let Some((key, value)) = line.split_once('=').filter(|_| !nested) else { continue };
        if let Some(section) = sections.last_mut() {
            let (key, value) = (key.trim().to_ascii_lowercase(), without_comment(value).to_owned());
            section.settings.push(IniSetting { key, value, line: index + 1 });
        }
    }
    sections
}

/// A value up to a comment behind a blank.
fn without_comment(value: &str) -> &str {
    let starts = [" #", " ;", "\t#", "\t;"].into_iter().filter_map(|mark| value.find(mark));
    starts.min().map_or(value, |end| &value[..end]).trim()
}

/// The name of the profile that the environment chooses.
pub fn chosen_profile(env: &Env) -> &str {
    env.get("AWS_PROFILE").or_else(|| env.get("AWS_DEFAULT_PROFILE")).unwrap_or("default")
}

fn home(env: &Env) -> Option<PathBuf> {
    env.get("HOME").map(PathBuf::from)
}

fn expanded(path: &str, env: &Env) -> PathBuf {
    match (path.strip_prefix("~/"), home(env)) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_come_from_both_files() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let config = write(
            "config",
            "[default]\nregion = eu-west-1 # a comment\n[profile a b]\n# no\nregion=us-east-1\ns3 =\n  x = 1\n[sso-session q]\nregion = z\n[c]\nregion = w\n",
        );
        let credentials = write("credentials", "[default]\naws_access_key_id = AKIA\n[c]\nregion = v\n");
        let env = Env::from_iter([("AWS_CONFIG_FILE", config), ("AWS_SHARED_CREDENTIALS_FILE", credentials)]);
        let profiles = Profiles::read(&env, Path::new("/"));
        assert_eq!(profiles.names().collect::<Vec<_>>(), ["a b", "c", "default"]);
        assert_eq!((profiles.region("default"), profiles.region("a b")), (Some("eu-west-1"), Some("us-east-1")));
        assert_eq!(profiles.region("c"), Some("v"));
        assert_eq!(profiles.get("default").unwrap()["aws_access_key_id"], "AKIA");
        assert!(!profiles.get("a b").unwrap().contains_key("x"));
        // Half of a key is none.
        assert!(profiles.keys("default").is_none() && profiles.keys("nobody").is_none());
    }

    #[test]
    fn sections_keep_their_order_names_and_lines() {
        let found = ini_sections("x = 1\n[profile 'a b']\nRegion = r\n\n[sso-session q]\ns3 =\n  y = 1\n");
        assert_eq!((found.len(), found[0].profile(), found[1].profile()), (2, Some("a b"), None));
        assert_eq!((found[1].named("sso-session"), found[1].settings.len()), (Some("q"), 1));
        assert_eq!((found[0].settings[0].key.as_str(), found[0].settings[0].line), ("region", 3));
    }

    #[test]
    fn nothing_there_is_no_profile() {
        assert_eq!(Profiles::read(&Env::default(), Path::new("/nowhere")).names().count(), 0);
        assert_eq!(chosen_profile(&Env::from_iter([("AWS_PROFILE", "x")])), "x");
        assert_eq!(chosen_profile(&Env::default()), "default");
    }
}
