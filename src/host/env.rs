//! Snapshot of the process environment.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// Environment variables, sorted by name. Values are kept as the bytes they are, so that a child gets back what we got.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Env {
    variables: BTreeMap<OsString, OsString>,
}

/// Only the names: values may be secrets.
impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

impl Env {
    /// The environment of this process, read once at start.
    pub fn snapshot() -> Env {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the process environment")]
        std::env::vars_os().collect()
    }

    /// A variable that is set, not empty and valid UTF-8.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(OsStr::new(name)).and_then(|value| value.to_str()).filter(|value| !value.is_empty())
    }

    /// A variable that is set and not empty, with replacement characters for what is not UTF-8: for names that are looked
    /// up, which must not go unseen where they cannot be right.
    pub fn lossy(&self, name: &str) -> Option<Cow<'_, str>> {
        self.variables.get(OsStr::new(name)).map(|value| value.to_string_lossy()).filter(|value| !value.is_empty())
    }

    /// A variable that is set, even to the empty string.
    pub fn get_raw(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    pub fn is_set(&self, name: &str) -> bool {
        self.variables.contains_key(OsStr::new(name))
    }

    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.variables.insert(name.into(), value.into());
    }

    pub fn remove(&mut self, name: &str) -> Option<OsString> {
        self.variables.remove(OsStr::new(name))
    }

    /// Sets the variable, or takes it away where there is no value.
    pub fn change(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.set(name, value),
            None => drop(self.remove(name)),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Env {
        Env { variables: variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_counts_as_unset_for_get_only() {
        let env = Env::from_iter([("A", ""), ("B", "x")]);
        assert_eq!((env.get("A"), env.is_set("A"), env.get("B")), (None, true, Some("x")));
    }

    #[test]
    fn debug_shows_names_only() {
        assert_eq!(format!("{:?}", Env::from_iter([("TOKEN", "hunter2")])), "{\"TOKEN\"}");
    }
}
