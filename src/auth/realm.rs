//! The realm: the namespace that keeps the credentials of unlike projects apart. Row 5.
//!
//! Read [`Realm::resolve`].

use std::path::Path;

use sha2::{Digest, Sha256};

use super::config::AuthConfig;
use super::error::{Error, Mark};
use crate::host::Host;
use crate::span::Place;
use crate::value::hex;

/// The variable that outranks `auth.realm`.
pub const REALM_VARIABLE: &str = "ATMOS_AUTH_REALM";

/// Longest realm, in characters.
const MAXIMUM: usize = 64;

/// Where a realm came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RealmSource {
    /// `ATMOS_AUTH_REALM`.
    Env,
    /// `auth.realm`.
    Config,
    /// Derived from the directory of the configuration.
    Auto,
}

impl RealmSource {
    /// `env`, `config` or `auto`, as `auth whoami` prints it.
    pub fn as_str(self) -> &'static str {
        match self {
            RealmSource::Env => "env",
            RealmSource::Config => "config",
            RealmSource::Auto => "auto",
        }
    }
}

/// A valid realm: 1 to 64 of `[a-z0-9_-]`, safe as a file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Realm {
    value: String,
    source: RealmSource,
}

impl Realm {
    /// The realm in force: `env` (value of `ATMOS_AUTH_REALM`) > `configured` (`auth.realm` with its place) > 16
    /// hexadecimal digits that stand for `directory` (of atmos.yaml) > `default`.
    ///
    /// # Errors
    /// [`Error::InvalidRealm`], naming the source of the value.
    pub fn resolve(
        env: Option<&str>,
        configured: Option<(&str, Option<Place>)>,
        directory: Option<&Path>,
    ) -> Result<Realm, Error> {
        if let Some(value) = env.filter(|value| !value.is_empty()) {
            check(value).map_err(|reason| invalid(REALM_VARIABLE, reason, None))?;
            return Ok(Realm { value: value.to_owned(), source: RealmSource::Env });
        }
        if let Some((value, place)) = configured.filter(|(value, _)| !value.is_empty()) {
            check(value).map_err(|reason| invalid("auth.realm", reason, place))?;
            return Ok(Realm { value: value.to_owned(), source: RealmSource::Config });
        }
        let value = directory.map_or_else(|| "default".to_owned(), automatic);
        Ok(Realm { value, source: RealmSource::Auto })
    }

    /// A realm given as `--realm`, checked.
    ///
    /// # Errors
    /// [`Error::InvalidRealm`], naming the flag.
    pub fn of_flag(value: String) -> Result<String, Error> {
        check(&value).map_err(|reason| invalid("--realm", reason, None))?;
        Ok(value)
    }

    /// [`Realm::resolve`] for a configuration whose atmos.yaml lies in `directory`.
    pub fn of(host: &Host, auth: &AuthConfig, directory: Option<&Path>) -> Result<Realm, Error> {
        let configured = auth.realm.as_ref().map(|(value, span)| (value.as_str(), host.sources.place(*span)));
        Realm::resolve(host.env.get(REALM_VARIABLE), configured, directory)
    }

    pub fn as_str(&self) -> &str {
        &self.value
    }

    pub fn source(&self) -> RealmSource {
        self.source
    }
}

impl std::fmt::Display for Realm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.value)
    }
}

fn invalid(from: &'static str, reason: String, place: Option<Place>) -> Error {
    let Mark { place, text, at } = Mark::new(place);
    Error::InvalidRealm { from, reason, place, text, at }
}

/// The first 8 bytes of SHA-256 over the cleaned, lower-cased path with `/` between its elements: the same clone has
/// the same realm as with the reference.
fn automatic(directory: &Path) -> String {
    let path = crate::host::fs::clean(directory).to_string_lossy().replace('\\', "/").to_lowercase();
    hex(&Sha256::digest(path.as_bytes())[..8])
}

/// Why `value` cannot be a realm.
pub(crate) fn check(value: &str) -> Result<(), String> {
    let separator = |c: char| c == '-' || c == '_';
    let length = value.chars().count();
    if length == 0 || length > MAXIMUM {
        return Err(format!("it has {length} characters"));
    }
    if value.contains(['/', '\\']) || value.contains("..") {
        return Err("it contains path elements (`/`, `\\`, `..`)".to_owned());
    }
    if let Some(bad) = value.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || separator(*c))) {
        return Err(format!("it contains the character {bad:?}"));
    }
    if value.starts_with(separator) || value.ends_with(separator) {
        return Err("it begins or ends with a separator".to_owned());
    }
    if value.as_bytes().windows(2).any(|pair| pair.iter().all(|byte| separator(char::from(*byte)))) {
        return Err("two separators stand side by side".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_beats_configuration_beats_path_beats_default() {
        let directory = Path::new("/Repo/./a/");
        let resolve = |env, config: Option<&'static str>, directory| {
            let realm = Realm::resolve(env, config.map(|value| (value, None)), directory).unwrap();
            (realm.as_str().to_owned(), realm.source().as_str())
        };
        assert_eq!(resolve(Some("e"), Some("c"), Some(directory)), ("e".into(), "env"));
        assert_eq!(resolve(Some(""), Some("c"), Some(directory)), ("c".into(), "config"));
        let (automatic, source) = resolve(None, None, Some(directory));
        assert_eq!((automatic.len(), source), (16, "auto"));
        assert_eq!(automatic, hex(&Sha256::digest(b"/repo/a")[..8]));
        assert_eq!(resolve(None, None, None), ("default".into(), "auto"));
    }

    #[test]
    fn syntax_of_realms() {
        for good in ["a", "acme-prod_1", &"a".repeat(64)] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", "A", "a b", "-a", "a_", "a--b", "a-_b", "a/b", "..", "a\\b", "ä", &"a".repeat(65)] {
            assert!(check(bad).is_err(), "{bad}");
        }
        let error = Realm::resolve(Some("A"), None, None).unwrap_err();
        assert!(error.to_string().starts_with("invalid realm value from ATMOS_AUTH_REALM"));
    }
}
