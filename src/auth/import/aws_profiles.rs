//! The files of the AWS CLI, with what other tools write into them: profiles, portals, includes. Row 5.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use crate::host::{IniSection, ini_sections};

/// Texts of both files; empty where there is none.
#[derive(Debug, Clone, Default)]
pub struct AwsFiles {
    pub config: String,
    pub credentials: String,
}

/// Settings by their names, in the order of the file. A value of a key that lasts, or of a session, is never among them.
pub(super) type Settings = IndexMap<String, String>;

/// What stands in a profile in place of a key. Only that there is one is of interest.
const THERE: &str = "there";
const KEYS: [&str; 3] = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"];
/// An older name of the token of a session.
const SECURITY_TOKEN: &str = "aws_security_token";
const INCLUDE: &str = "include_profile";

/// Both files.
#[derive(Debug, Default)]
pub(super) struct Shared {
    profiles: IndexMap<String, Settings>,
    portals: HashMap<String, Settings>,
    /// Headers of sections that are neither.
    pub(super) others: Vec<String>,
    /// Profiles from which others take their first credentials.
    sources: HashSet<String>,
}

impl Shared {
    pub(super) fn read(files: &AwsFiles) -> Shared {
        let mut shared = Shared::default();
        for section in ini_sections(&files.config) {
            let name = section.profile().or((section.header == "default").then_some("default")).map(str::to_owned);
            let portal = section.named("sso-session").map(str::to_owned);
            match (name, portal) {
                (Some(name), _) => shared.add(name, section),
                (_, Some(portal)) => shared.portals.entry(portal).or_default().extend(settings(section)),
                _ => shared.others.push(section.header),
            }
        }
        for section in ini_sections(&files.credentials) {
            shared.add(section.header.clone(), section);
        }
        let source = |(name, settings): (&String, &Settings)| {
            settings.get("source_profile").filter(|source| *source != name).cloned()
        };
        shared.sources = shared.profiles.iter().filter_map(source).collect();
        shared
    }

    fn add(&mut self, name: String, section: IniSection) {
        self.profiles.entry(name).or_default().extend(settings(section));
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.profiles.keys().cloned().collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.profiles.contains_key(name)
    }

    /// Whether another profile takes its first credentials from this one.
    pub(super) fn is_source(&self, name: &str) -> bool {
        self.sources.contains(name)
    }

    pub(super) fn portal(&self, name: &str) -> Option<&Settings> {
        self.portals.get(name)
    }

    /// The settings of a profile, with those of the profiles that it includes (as aws-vault has them) where it says nothing itself.
    ///
    /// # Errors
    /// One that is missing or includes itself.
    pub(super) fn flattened(&self, name: &str) -> Result<Settings, String> {
        let mut settings = self.profiles.get(name).cloned().unwrap_or_default();
        let mut seen = vec![name.to_owned()];
        while let Some(next) = settings.shift_remove(INCLUDE) {
            if seen.contains(&next) {
                return Err(format!("it includes itself: {} → {next}", seen.join(" → ")));
            }
            let included =
                self.profiles.get(&next).ok_or_else(|| format!("it includes `{next}`, which is not there"))?;
            for (key, value) in included {
                settings.entry(key.clone()).or_insert_with(|| value.clone());
            }
            seen.push(next);
        }
        Ok(settings)
    }
}

fn settings(section: IniSection) -> Settings {
    let plain = |key: String, value: String| {
        if KEYS.contains(&key.as_str()) || key == SECURITY_TOKEN {
            let value = if value.is_empty() { String::new() } else { THERE.to_owned() };
            return (key, value);
        }
        (key, value)
    };
    let all = section.settings.into_iter().map(|setting| plain(setting.key, setting.value));
    all.filter(|(_, value)| !value.is_empty()).collect()
}
