//! Keys of a stack's or component's `auth` section that mean nothing. Row 5.

use super::keys::SECTION_KEYS;
use crate::auth::config::AuthConfig;
use crate::auth::problem::Problem;
use crate::diag::nearest;
use crate::value::Node;

/// Unknown keys of a merged section, but for those of the configuration itself, which `auth validate` reports. One that
/// looks like a choice of the identity is an error: whoever wrote it must not run as somebody else.
pub fn scoped_keys(section: &Node, configuration: &Node) -> Vec<Problem> {
    let Some(map) = section.as_map() else { return Vec::new() };
    let unknown = |key: &str| !SECTION_KEYS.contains(&key) && configuration.get(key).is_none();
    let found = map.iter().filter(|(key, _)| unknown(key)).map(|(key, value)| problem(key, value));
    let own = |key: &str, value: &Node| !value.is_null() && configuration.get(key) != Some(value);
    let late = map.iter().filter(|(key, value)| OF_CONFIGURATION.contains(&&***key) && own(key, value));
    found.chain(late.map(|(key, value)| without_effect(key, value))).collect()
}

/// Keys that count in `atmos.yaml` alone: what they say has to be known before any stack is read.
const OF_CONFIGURATION: [&str; 3] = ["realm", "keyring", "logs"];

fn without_effect(key: &str, value: &Node) -> Problem {
    Problem::warning(
        format!("`auth.{key}` of a stack or component has no effect: it counts in `atmos.yaml` alone"),
        value.span,
    )
}

/// Guard rails of a merged section that cannot be read or name nobody, but for those of the configuration itself, which
/// `auth validate` reports.
pub fn scoped_rails(section: &AuthConfig, configuration: &AuthConfig) -> Vec<Problem> {
    let of = |auth: &AuthConfig| {
        let mut found = Vec::new();
        super::rails::rails(&auth.node, &mut found);
        super::names::allowed(auth, &mut found);
        super::names::deliveries(auth, &mut found);
        found
    };
    let known = of(configuration);
    of(section).into_iter().filter(|problem| !known.contains(problem)).collect()
}

fn problem(key: &str, value: &Node) -> Problem {
    let near = nearest(key, SECTION_KEYS.into_iter().chain(["identity"]));
    let choice = near.is_some_and(|near| near.contains("identit")) || key.to_lowercase().contains("identity");
    let meant = match near {
        // A map is what `identities` wants, a name what the setting wants.
        Some("identities") if value.as_map().is_some() => Some("auth.identities".to_owned()),
        _ if choice && value.as_map().is_none() => Some("settings.auth.identity".to_owned()),
        Some("identity") => Some("settings.auth.identity".to_owned()),
        other => other.map(|near| format!("auth.{near}")),
    };
    let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
    let message = format!("unknown key `auth.{key}`{meant}");
    if choice { Problem::error(message, value.span) } else { Problem::warning(message, value.span) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::auth::problem::Severity;
    use crate::value::from_json;

    #[test]
    fn what_looks_like_a_choice_is_an_error_and_the_rest_a_warning() {
        let configuration = from_json(&json!({"vendor": 1, "realm": "r", "keyring": {"type": "file"}}));
        for (section, expected) in [
            (json!({"identity": "da"}), "Error unknown key `auth.identity`; did you mean `settings.auth.identity`?"),
            (json!({"identitiy": "da"}), "Error unknown key `auth.identitiy`; did you mean `settings.auth.identity`?"),
            (json!({"identites": {"a": {}}}), "Error unknown key `auth.identites`; did you mean `auth.identities`?"),
            (
                json!({"default_identity": "da"}),
                "Error unknown key `auth.default_identity`; did you mean `settings.auth.identity`?",
            ),
            (json!({"provider": {"a": {}}}), "Warning unknown key `auth.provider`; did you mean `auth.providers`?"),
            (json!({"zzz": 1}), "Warning unknown key `auth.zzz`"),
            (json!({"vendor": 1, "identities": {}, "keyring": null}), ""),
            (json!({"realm": "r", "keyring": {"type": "file"}}), ""),
            (
                json!({"realm": "x"}),
                "Warning `auth.realm` of a stack or component has no effect: it counts in `atmos.yaml` alone",
            ),
            (
                json!({"keyring": {"type": "memory"}}),
                "Warning `auth.keyring` of a stack or component has no effect: it counts in `atmos.yaml` alone",
            ),
            (
                json!({"logs": {"level": "Debug"}}),
                "Warning `auth.logs` of a stack or component has no effect: it counts in `atmos.yaml` alone",
            ),
            (json!(null), ""),
        ] {
            let found = scoped_keys(&from_json(&section), &configuration);
            let lines: Vec<_> = found
                .iter()
                .map(|problem| {
                    let severity = if problem.severity == Severity::Error { "Error" } else { "Warning" };
                    format!("{severity} {}", problem.message)
                })
                .collect();
            assert_eq!(lines.join("\n"), expected);
        }
    }
}
