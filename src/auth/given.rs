//! What an identity gives to who uses it: keys of AWS, or what a child of any other cloud needs. Row 5.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::creds::AwsCredentials;
use crate::secret::{Expose as _, Masker, Secret};

/// Credentials of one identity.
#[derive(Debug, Clone)]
pub enum Credentials {
    Aws(AwsCredentials),
    Environment(EnvironmentCredentials),
}

/// Credentials that a child is given as variables and private files: how a cloud signs requests is its tools' business.
#[derive(Debug, Clone)]
pub struct EnvironmentCredentials {
    pub variables: Vec<Variable>,
    pub files: Vec<PrivateFile>,
    /// Variables that are to name a file or folder of `files`: name, path.
    pub paths: Vec<(String, String)>,
    /// Variables that must not reach a child; a `*` at the end stands for any rest.
    pub removed: Vec<String>,
    /// Account, subscription or project, as the cloud calls it.
    pub account: Option<String>,
    pub region: Option<String>,
    /// `None`: they do not expire.
    pub expiration: Option<Timestamp>,
    pub issued: Timestamp,
}

/// One variable of a child.
#[derive(Debug, Clone)]
pub struct Variable {
    pub name: String,
    pub value: Secret,
    /// It is no secret: a region, a project.
    pub is_public: bool,
}

/// A file of the private directory of a run.
#[derive(Debug, Clone)]
pub struct PrivateFile {
    /// Plain names, with `/` between.
    pub path: String,
    pub content: Secret,
}

impl From<AwsCredentials> for Credentials {
    fn from(credentials: AwsCredentials) -> Credentials {
        Credentials::Aws(credentials)
    }
}

impl Credentials {
    pub fn aws(&self) -> Option<&AwsCredentials> {
        match self {
            Credentials::Aws(credentials) => Some(credentials),
            Credentials::Environment(_) => None,
        }
    }

    pub fn expiration(&self) -> Option<Timestamp> {
        match self {
            Credentials::Aws(credentials) => credentials.expiration,
            Credentials::Environment(credentials) => credentials.expiration,
        }
    }

    pub fn issued(&self) -> Timestamp {
        match self {
            Credentials::Aws(credentials) => credentials.issued,
            Credentials::Environment(credentials) => credentials.issued,
        }
    }

    pub fn region(&self) -> Option<&str> {
        match self {
            Credentials::Aws(credentials) => credentials.region.as_deref(),
            Credentials::Environment(credentials) => credentials.region.as_deref(),
        }
    }

    /// Account that the credentials say themselves.
    pub fn account(&self) -> Option<&str> {
        match self {
            Credentials::Aws(_) => None,
            Credentials::Environment(credentials) => credentials.account.as_deref(),
        }
    }

    /// Tells the masker what of them is secret.
    pub(crate) fn mask(&self, masker: &Masker) {
        match self {
            Credentials::Aws(credentials) => credentials.mask(masker),
            Credentials::Environment(credentials) => {
                let secret = credentials.variables.iter().filter(|variable| !variable.is_public);
                secret.for_each(|variable| masker.register(&variable.value));
                credentials.files.iter().for_each(|file| masker.register(&file.content));
            }
        }
    }
}

impl EnvironmentCredentials {
    /// Why they must not be used: a name or path that would reach somewhere else.
    pub(crate) fn problem(&self) -> Option<String> {
        let names = self.variables.iter().map(|variable| variable.name.as_str());
        let names = names.chain(self.paths.iter().map(|(name, _)| name.as_str()));
        if let Some(name) = names.clone().find(|name| !is_name(name)) {
            return Some(format!("`{}` is not the name of a variable that an identity may set", name.escape_debug()));
        }
        let nul = self.variables.iter().find(|variable| variable.value.expose_secret().contains('\0'));
        if let Some(variable) = nul {
            return Some(format!("the value of `{}` has a NUL byte, which no variable can hold", variable.name));
        }
        let mut seen = BTreeSet::new();
        if let Some(name) = names.clone().find(|name| !seen.insert(*name)) {
            return Some(format!("`{name}` is among Variables and Paths"));
        }
        if let Some(pattern) = self.removed.iter().find(|pattern| !is_pattern(pattern)) {
            let shown = pattern.escape_debug();
            return Some(format!("Remove has `{shown}`, which is no name of a variable, or its beginning and a `*`"));
        }
        self.odd_path()
    }

    /// Files that are none, that are in each other's way, or that are named and not there.
    fn odd_path(&self) -> Option<String> {
        let files = || self.files.iter().map(|file| file.path.as_str());
        let mut paths = files().chain(self.paths.iter().map(|(_, path)| path.as_str()));
        if let Some(path) = paths.find(|path| !is_path(path)) {
            let shown = path.escape_debug();
            return Some(format!("`{shown}` is not the path of a private file: plain names with `/` between"));
        }
        let below = |path: &str, other: &str| other.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        if let Some(path) = files().find(|path| files().any(|other| below(path, other))) {
            return Some(format!("`{path}` is among Files as a file and as a folder"));
        }
        let named = self.paths.iter().find(|(_, path)| !files().any(|file| file == path || below(path, file)));
        named.map(|(name, path)| format!("Paths lets `{name}` name `{path}`, which is not among Files"))
    }
}

/// A name, or the beginning of one that is long enough to mean some and not all.
fn is_pattern(pattern: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let beginning = pattern.strip_suffix('*').unwrap_or(pattern);
    !beginning.is_empty() && beginning.chars().all(plain)
}

/// Variables of this program are its own.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(plain)
        && !name.starts_with("ATMOS_")
}

fn is_path(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.len() <= 100 && part.chars().all(plain);
    path.split('/').all(part) && path.split('/').count() <= 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_stay_where_they_belong() {
        for (name, fine) in [
            ("HCLOUD_TOKEN", true),
            ("a1", true),
            ("", false),
            ("1A", false),
            ("A=B", false),
            ("A B", false),
            ("ATMOS_X", false),
        ] {
            assert_eq!(is_name(name), fine, "{name}");
        }
        for (path, fine) in [
            ("config.json", true),
            ("azure/msal_token_cache.json", true),
            ("../x", false),
            ("/x", false),
            ("a//b", false),
            (".hidden", false),
            ("a/b/c/d/e", false),
            ("", false),
            ("a\\b", false),
        ] {
            assert_eq!(is_path(path), fine, "{path}");
        }
    }
}
