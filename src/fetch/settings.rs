//! What the configuration says about remote imports.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use crate::host::Env;
use crate::secret::{Expose, Secret};
use crate::value::{DurationForm, Node, parse_bool, parse_duration};

const SECONDS_OF_A_DAY: u64 = 86_400;

/// Tokens of GitHub that are given for this process alone, each for the repositories of one owner. Asked only when something
/// of GitHub is fetched.
pub trait Tokens: Debug + Send + Sync {
    /// The one for the repositories of `owner` at `host`, where there is one.
    fn token(&self, host: &str, owner: &str) -> Option<Secret>;
}

/// `imports` and `settings.inject_*_token`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `imports.ttl`: how long a copy from an earlier run is good.
    pub ttl: Option<String>,
    pub inject_github_token: bool,
    pub inject_gitlab_token: bool,
    pub inject_bitbucket_token: bool,
    /// `ATMOS_*` names of the configuration's `env:` that the process environment does not have; they may be tokens.
    pub promoted: BTreeMap<String, Secret>,
    /// They go before those of the environment, whatever is injected.
    pub tokens: Option<Arc<dyn Tokens>>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            ttl: None,
            inject_github_token: true,
            inject_gitlab_token: true,
            inject_bitbucket_token: true,
            promoted: BTreeMap::new(),
            tokens: None,
        }
    }
}

impl Settings {
    /// From a configuration as far as it is known, and the environment above it.
    pub fn of(document: &Node, env: &Env) -> Settings {
        let section = document.get("env").and_then(Node::as_map);
        let own = section.into_iter().flatten().filter(|(name, _)| name.starts_with("ATMOS_") && !env.is_set(name));
        let promoted: BTreeMap<String, Secret> =
            own.filter_map(|(name, node)| Some((name.to_string(), Secret::from(node.scalar_text()?)))).collect();
        let flag = |kind: &str| {
            let name = format!("ATMOS_INJECT_{}_TOKEN", kind.to_uppercase());
            let variable = env.get(&name).or_else(|| promoted.get(&name).map(Expose::expose_secret));
            let variable = variable.and_then(parse_bool);
            let key = format!("inject_{kind}_token");
            let written = || document.get_path(["settings", &key])?.scalar_text().and_then(|text| parse_bool(&text));
            variable.or_else(written).unwrap_or(true)
        };
        Settings {
            ttl: document.get_path(["imports", "ttl"]).and_then(Node::scalar_text).filter(|ttl| !ttl.is_empty()),
            inject_github_token: flag("github"),
            inject_gitlab_token: flag("gitlab"),
            inject_bitbucket_token: flag("bitbucket"),
            promoted,
            tokens: None,
        }
    }

    /// A variable of the environment, or of the configuration's own `env:`; not empty.
    pub(super) fn variable<'a>(&'a self, env: &'a Env, name: &str) -> Option<&'a str> {
        let promoted = || self.promoted.get(name).map(Expose::expose_secret).filter(|value| !value.is_empty());
        env.get(name).or_else(promoted)
    }
}

/// A time to live: `0s`, `5m`, `1h`, `7d`, whole seconds, or a word such as `daily`.
pub fn parse_ttl(text: &str) -> Option<Duration> {
    let days = |days: u64| Some(Duration::from_secs(days * SECONDS_OF_A_DAY));
    match text.trim() {
        "minute" => Some(Duration::from_mins(1)),
        "hourly" => Some(Duration::from_hours(1)),
        "daily" => days(1),
        "weekly" => days(7),
        "monthly" => days(30),
        "yearly" => days(365),
        other => parse_duration(other, DurationForm::DaysAndSeconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::from_json;

    #[test]
    fn times_to_live_are_durations_or_words() {
        for (text, seconds) in [
            ("0s", Some(0)),
            ("5m", Some(300)),
            ("1h", Some(3600)),
            ("7d", Some(604_800)),
            ("daily", Some(86_400)),
            ("weekly", Some(604_800)),
            ("90", Some(90)),
            ("sometimes", None),
            ("", None),
        ] {
            assert_eq!(parse_ttl(text), seconds.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn tokens_are_injected_unless_switched_off() {
        let document = from_json(&serde_json::json!({
            "env": {"ATMOS_INJECT_BITBUCKET_TOKEN": "false", "ATMOS_GITHUB_TOKEN": "own", "Foo": "x"},
            "settings": {"inject_github_token": false, "inject_gitlab_token": "false"}, "imports": {"ttl": "1h"}
        }));
        let settings = Settings::of(&document, &Env::from_iter([("ATMOS_INJECT_GITLAB_TOKEN", "true")]));
        let flags = (settings.inject_github_token, settings.inject_gitlab_token, settings.inject_bitbucket_token);
        assert_eq!((flags, settings.ttl.as_deref()), ((false, true, false), Some("1h")));
        assert_eq!(settings.variable(&Env::default(), "ATMOS_GITHUB_TOKEN"), Some("own"));
        let process = Env::from_iter([("ATMOS_GITHUB_TOKEN", "process")]);
        assert_eq!(settings.variable(&process, "ATMOS_GITHUB_TOKEN"), Some("process"));
        assert_eq!(settings.variable(&process, "Foo"), None);
        assert!(!format!("{settings:?}").contains("own"));
    }
}
