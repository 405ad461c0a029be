//! Snapshot of the process environment.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::sync::{Arc, PoisonError, RwLock};

/// Variables with a password of this program's own.
const PASSWORDS: [&str; 2] = ["ATMOS_KEYRING_PASSWORD", "ATMOS_SAML_PASSWORD"];
/// The variable that names another one of them.
const PASSWORD_ENV: &str = "ATMOS_KEYRING_PASSWORD_ENV";

/// Environment variables, sorted by name. Values are kept as the bytes they are, so that a child gets back what we got.
///
/// Passwords that are for this program alone are not among them: only [`Env::password`] gives one, so that none can reach
/// a child, a template or a message by accident. Nothing else keeps them from there.
#[derive(Clone, Default)]
pub struct Env {
    variables: BTreeMap<OsString, OsString>,
    /// Names of passwords that the environment or the configuration chose. Copies know them too, whenever they were made.
    hidden: Arc<RwLock<BTreeSet<OsString>>>,
    /// It is for a child that is this program, too.
    open: bool,
}

impl PartialEq for Env {
    fn eq(&self, other: &Env) -> bool {
        self.variables == other.variables && self.open == other.open
    }
}

/// Only the names: values may be secrets.
impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
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
        self.get_raw(name).and_then(OsStr::to_str).filter(|value| !value.is_empty())
    }

    /// A password: the variable even if it is one that nobody else sees.
    pub fn password(&self, name: &str) -> Option<&str> {
        self.variables.get(OsStr::new(name)).and_then(|value| value.to_str()).filter(|value| !value.is_empty())
    }

    /// From now on the variable is a password of ours, here and in all copies.
    pub fn hide(&self, name: impl Into<OsString>) {
        self.hidden.write().unwrap_or_else(PoisonError::into_inner).insert(name.into());
    }

    /// The same with the passwords among the others: for a child that is this program.
    #[must_use]
    pub fn with_passwords(self) -> Env {
        Env { open: true, ..self }
    }

    fn is_hidden(&self, name: &OsStr) -> bool {
        if self.open {
            return false;
        }
        // What a child is told may be another name than the one that counts here.
        let named = self.variables.get(OsStr::new(PASSWORD_ENV));
        PASSWORDS.iter().any(|password| name == *password)
            || named.is_some_and(|named| name == named)
            || self.hidden.read().unwrap_or_else(PoisonError::into_inner).contains(name)
    }

    /// A variable that is set and not empty, with replacement characters for what is not UTF-8: for names that are looked
    /// up, which must not go unseen where they cannot be right.
    pub fn lossy(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get_raw(name).map(OsStr::to_string_lossy).filter(|value| !value.is_empty())
    }

    /// A variable that is set, even to the empty string.
    pub fn get_raw(&self, name: &str) -> Option<&OsStr> {
        let value = self.variables.get(OsStr::new(name))?;
        (!self.is_hidden(OsStr::new(name))).then_some(value)
    }

    pub fn is_set(&self, name: &str) -> bool {
        self.get_raw(name).is_some()
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
        let all = self.variables.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()));
        all.filter(|(name, _)| !self.is_hidden(name))
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Env {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let env = Env { variables, ..Env::default() };
        if let Some(named) = env.variables.get(OsStr::new(PASSWORD_ENV)).filter(|named| !named.is_empty()) {
            env.hide(named);
        }
        env
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
    fn passwords_are_for_who_asks_for_one() {
        let names = ["ATMOS_KEYRING_PASSWORD", "ATMOS_SAML_PASSWORD", "MINE", "CHOSEN"];
        let all = names.map(|name| (name, "pw")).into_iter().chain([(PASSWORD_ENV, "MINE"), ("PATH", "/bin")]);
        let env: Env = all.collect();
        let mut of_child = env.clone();
        of_child.set(PASSWORD_ENV, "PATH");
        env.hide("CHOSEN");
        assert_eq!(
            of_child.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            [PASSWORD_ENV],
            "a name that a child is told"
        );
        of_child.remove(PASSWORD_ENV);
        assert_eq!(of_child.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["PATH"]);
        for name in names {
            assert_eq!((env.get(name), env.lossy(name), env.get_raw(name)), (None, None, None), "{name}");
            assert!(!env.is_set(name), "{name}");
            assert_eq!(env.password(name), Some("pw"), "{name}");
        }
        assert_eq!(env.iter().map(|(name, _)| name).collect::<Vec<_>>(), [PASSWORD_ENV, "PATH"]);
        assert_eq!(env.with_passwords().iter().count(), 6);
    }

    #[test]
    fn debug_shows_names_only() {
        assert_eq!(format!("{:?}", Env::from_iter([("TOKEN", "hunter2")])), "{\"TOKEN\"}");
    }
}
