//! Names that could not be used, and words that stand for nothing: deliveries, allowed identities. Row 5.

use std::collections::BTreeMap;

use crate::auth::config::AuthConfig;
use crate::auth::delivery::{Delivery, config_headers, profile_name};
use crate::auth::problem::Problem;
use crate::auth::resolution::is_disabled;
use crate::diag::nearest;
use crate::span::Span;
use crate::value::Node;

pub(super) fn names(auth: &AuthConfig, problems: &mut Vec<Problem>) {
    for provider in auth.providers.values() {
        usable("provider name", provider.name.as_str(), provider.span, problems);
    }
    for identity in auth.identities.values() {
        usable("identity name", identity.name.as_str(), identity.span, problems);
        if let Some((alias, span)) = &identity.alias {
            usable(&format!("alias of identity `{}`", identity.name), alias, *span, problems);
        }
    }
    profiles(auth, problems);
}

/// A name has to be something that one can write behind `--identity`.
fn usable(what: &str, name: &str, span: Span, problems: &mut Vec<Problem>) {
    let shown = name.escape_debug();
    let message = if name.trim().is_empty() {
        format!("{what} cannot be empty")
    } else if name.chars().any(char::is_control) {
        format!("{what} `{shown}` has a control character")
    } else if name.starts_with('-') {
        format!("{what} `{shown}` begins with `-`, so that it would be taken for a flag")
    } else if is_disabled(name) {
        format!("{what} `{shown}` means that authentication is off; choose another one")
    } else {
        return;
    };
    problems.push(Problem::error(message, span));
}

/// Two identities with one AWS profile: a tool that asks for the one could get the account of the other.
fn profiles(auth: &AuthConfig, problems: &mut Vec<Problem>) {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for identity in auth.identities.values() {
        let Ok(profile) = profile_name(identity.name.as_str()) else { continue };
        for header in config_headers(&profile) {
            match owners.insert(header, identity.name.as_str()) {
                Some(other) if other != identity.name.as_str() => {
                    let message = format!(
                        "identities `{other}` and `{}` would have the same AWS profile `{profile}`: rename one of them",
                        identity.name
                    );
                    problems.push(Problem::error(message, identity.span));
                }
                _ => {}
            }
        }
    }
}

/// Variables that an identity adds have to be ones that every shell and every program can have.
pub(super) fn variables(auth: &AuthConfig, problems: &mut Vec<Problem>) {
    for identity in auth.identities.values() {
        let span = identity.node.get("env").map_or(identity.span, |node: &Node| node.span);
        for (name, value) in &identity.env {
            let who = format!("identity `{}`: env", identity.name);
            let shown = name.escape_debug();
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(plain) {
                problems.push(Problem::error(format!("{who} `{shown}` is not the name of a variable"), span));
            } else if value.as_ref().is_some_and(|value| value.contains('\0')) {
                problems.push(Problem::error(format!("{who} `{shown}` has a NUL byte in its value"), span));
            }
        }
    }
}

pub(super) fn deliveries(auth: &AuthConfig, problems: &mut Vec<Problem>) {
    delivery("auth", &auth.node, problems);
    for provider in auth.providers.values() {
        delivery(&format!("provider `{}`", provider.name), &provider.node, problems);
    }
    for identity in auth.identities.values() {
        delivery(&format!("identity `{}`", identity.name), &identity.node, problems);
    }
}

fn delivery(who: &str, node: &Node, problems: &mut Vec<Problem>) {
    let Some(node) = node.get("delivery").filter(|node| !node.is_null()) else { return };
    // A value of another type has been reported when it was read.
    let Some(word) = node.scalar_text() else { return };
    match word.as_str() {
        word if Delivery::parse(word, None).is_ok() => {}
        word => {
            let message = format!("{who}: unknown delivery `{word}`: use process, files, endpoint or env");
            problems.push(Problem::error(message, node.span));
        }
    }
}

pub(super) fn allowed(auth: &AuthConfig, problems: &mut Vec<Problem>) {
    allowed_by("auth", auth, &auth.node, problems);
    for identity in auth.identities.values() {
        let who = format!("identity `{}`", identity.name);
        name_list(&who, &identity.node, problems);
        allowed_by(&who, auth, &identity.node, problems);
    }
}

/// That `allowed_identities` can be read at all; that of a section is a guard rail.
pub(super) fn name_list(who: &str, node: &Node, problems: &mut Vec<Problem>) {
    let Some(node) = node.get("allowed_identities").filter(|node| !node.is_null()) else { return };
    let wrong = match node.as_list() {
        None => Some(node),
        Some(list) => list.iter().find(|entry| entry.as_str().is_none()),
    };
    if let Some(wrong) = wrong {
        problems.push(Problem::error(format!("{who}: allowed_identities must be a list of names"), wrong.span));
    }
}

/// A name that nobody has allows nobody more, so that runs go on with it.
fn allowed_by(who: &str, auth: &AuthConfig, node: &Node, problems: &mut Vec<Problem>) {
    let list = node.get("allowed_identities").and_then(Node::as_list).unwrap_or_default();
    for entry in list {
        let Some(name) = entry.as_str() else { continue };
        if auth.identity(name).is_none() {
            let known = auth.identities.keys().map(crate::auth::IdentityName::as_str);
            let near = nearest(name, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let message = format!("{who}: allowed identity `{name}` does not exist{near}");
            problems.push(Problem::error(message, entry.span));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::auth::config::tests::config;
    use crate::auth::validate::{exit_code, validate};
    use crate::span::Sources;

    #[test]
    fn what_cannot_be_used_is_reported() {
        let mock = json!({"kind": "mock"});
        let identities = |names: &[&str]| {
            let map: serde_json::Map<_, _> = names.iter().map(|name| ((*name).to_owned(), mock.clone())).collect();
            json!({ "identities": map })
        };
        for (section, phrase) in [
            (identities(&["off"]), "identity name `off` means that authentication is off"),
            (identities(&["FALSE"]), "identity name `FALSE` means"),
            (identities(&["-x"]), "identity name `-x` begins with `-`"),
            (identities(&[""]), "identity name cannot be empty"),
            (identities(&["  "]), "identity name cannot be empty"),
            (identities(&["a\u{7}b"]), "identity name `a\\u{7}b` has a control character"),
            (identities(&["x#y", "x;y"]), "identities `x#y` and `x;y` would have the same AWS profile `x-y`"),
            (identities(&["a b", "'a b'"]), "would have the same AWS profile"),
            (json!({"identities": {"i": {"kind": "mock", "alias": "no"}}}), "alias of identity `i` `no` means"),
            (json!({"providers": {"-p": mock}}), "provider name `-p` begins with `-`"),
            (
                json!({"identities": {"i": {"kind": "mock", "env": {"A B": "x"}}}}),
                "env `A B` is not the name of a variable",
            ),
            (
                json!({"identities": {"i": {"kind": "mock", "env": {"1A": "x"}}}}),
                "env `1A` is not the name of a variable",
            ),
            (json!({"identities": {"i": {"kind": "mock", "env": {"A": "\0"}}}}), "env `A` has a NUL byte"),
            (json!({"realm": ["a"]}), "`realm` must be a string, not"),
            (json!({"keyring": "file"}), "auth: `keyring` must be a map, not"),
            (json!({"keyring": {"type": ["file"]}}), "`type` must be a string, not"),
            (json!({"delivery": "file"}), "auth: unknown delivery `file`"),
            (json!({"providers": {"p": {"kind": "mock", "delivery": "x"}}}), "provider `p`: unknown delivery `x`"),
            (json!({"identities": {"i": {"kind": "mock", "delivery": "x"}}}), "identity `i`: unknown delivery `x`"),
            (json!({"allowed_identities": "i"}), "allowed_identities must be a list"),
            (
                json!({"allowed_identities": ["reeder"], "identities": {"reader": mock}}),
                "auth: allowed identity `reeder` does not exist; did you mean `reader`?",
            ),
        ] {
            let problems = validate(&config(&section), &Sources::new());
            let found = problems.iter().filter(|problem| problem.message.contains(phrase)).count();
            assert_eq!((found, exit_code(&problems)), (1, 1), "{phrase}: {problems:?}");
        }
        let fine = json!({
            "delivery": "files", "allowed_identities": ["I", "other"],
            "identities": {"i": {"kind": "mock"}, "j": {"kind": "mock", "alias": "other", "delivery": "process"}},
        });
        assert_eq!(validate(&config(&fine), &Sources::new()), []);
    }
}
