//! `settings.auth` of a component: which identity it names for what is being done, or that nothing can be read from it.
//!
//! Read [`identity`]; [`READ`] and [`operation`] are about identities that differ by operation. Row 5.

use super::error::{Error, Mark};
use crate::diag::{Talk, Warning, nearest};
use crate::span::Sources;
use crate::value::{Map, Node, Value};

/// The only key.
const IDENTITY: &str = "identity";

/// The operation of whoever only looks: descriptions, values of other components, and every command that changes nothing.
pub const READ: &str = "read";
/// Keys of `settings.auth.identity` that stand for many operations.
const WRITE: &str = "write";
const DEFAULT: &str = "default";
/// Sub-commands of terraform, helmfile and packer that change infrastructure or state; the others are reads.
const WRITES: [&str; 13] = [
    "build",
    "apply",
    "deploy",
    "destroy",
    "import",
    "state",
    "taint",
    "untaint",
    "force-unlock",
    "refresh",
    "sync",
    "delete",
    "test",
];
/// Sub-commands that one may name beside those.
const READS: [&str; 18] = [
    "plan",
    "init",
    "output",
    "validate",
    "show",
    "console",
    "get",
    "graph",
    "providers",
    "workspace",
    "shell",
    "fmt",
    "version",
    "diff",
    "template",
    "lint",
    "status",
    "inspect",
];

/// That `operation` is one that an identity can be for.
///
/// # Errors
/// [`Error::UnknownOperation`]
pub fn check_operation(operation: &str) -> Result<(), Error> {
    if known_operations().any(|known| known == operation) {
        return Ok(());
    }
    let help = match nearest(operation, known_operations()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of: {}", known_operations().collect::<Vec<_>>().join(", ")),
    };
    Err(Error::UnknownOperation { operation: operation.to_owned(), help })
}

fn known_operations() -> impl Iterator<Item = &'static str> {
    WRITES.into_iter().chain(READS).chain([READ, WRITE, DEFAULT])
}

/// `settings.auth.identity` for an operation (a sub-command, or [`READ`]). Another key that looks like it is refused, since a mistyped name would otherwise run the
/// component as somebody else; what is nothing like it gets a warning.
///
/// # Errors
/// [`Error::InvalidSetting`]: `settings.auth` is not a map, or has a key that was meant to be `identity`.
pub fn identity<'a>(
    settings: &'a Node,
    operation: &str,
    sources: &Sources,
    talk: &Talk,
) -> Result<Option<&'a Node>, Error> {
    let Some(auth) = settings.get("auth").filter(|auth| !auth.is_null()) else { return Ok(None) };
    if is_date(auth, sources) {
        return Err(invalid_section("it must be a map, not a date".to_owned(), auth, sources));
    }
    let Some(map) = auth.as_map() else {
        let written = match &auth.value {
            Value::String(text) => format!("the string `{text}`"),
            other => format!("a value of type {}", other.type_name()),
        };
        return Err(invalid_section(format!("it must be a map, not {written}"), auth, sources));
    };
    for (key, value) in map.iter().filter(|(key, _)| &***key != IDENTITY) {
        if nearest(key, [IDENTITY]).is_some() {
            let reason = format!("unknown key `{key}`, did you mean `{IDENTITY}`?");
            return Err(invalid_section(reason, value, sources));
        }
        let warning = Warning::new("atmos::auth::unknown_setting", format!("settings.auth: unknown key `{key}`"))
            .help("the only key of `settings.auth` is `identity`");
        talk.warn(match sources.place(value.span) {
            Some(place) => warning.at(place),
            None => warning,
        });
    }
    map.get(IDENTITY).map_or(Ok(None), |identity| for_operation(identity, operation, sources))
}

/// Of a map the entry for the operation: that of the sub-command itself (`deploy` and `sync` are an `apply` too), of
/// reads or writes, or `default`. Without any of them nothing is said for this operation.
fn for_operation<'a>(identity: &'a Node, operation: &str, sources: &Sources) -> Result<Option<&'a Node>, Error> {
    let Some(map) = identity.as_map() else { return Ok(Some(identity)) };
    if map.is_empty() {
        let what = if is_date(identity, sources) { "a date without quotes" } else { "an empty map" };
        return Err(invalid_identity(format!("it is {what}"), identity, sources));
    }
    for (key, value) in map {
        if !known_operations().any(|known| known == &**key) {
            let near =
                nearest(key, known_operations()).map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
            let reason = format!("unknown operation `{key}`{near}");
            return Err(invalid_identity(reason, value, sources));
        }
    }
    let same = if matches!(operation, "deploy" | "sync") { "apply" } else { operation };
    let group = if WRITES.contains(&operation) { WRITE } else { READ };
    let is_set = |value: &&Node| !value.is_null() && value.as_str().is_none_or(|text| !text.trim().is_empty());
    Ok([operation, same, group, DEFAULT].into_iter().find_map(|key| map.get(key).filter(is_set)))
}

/// Manifests read a date without quotes as an empty map, which nobody wrote.
pub fn is_date(node: &Node, sources: &Sources) -> bool {
    let place = || sources.place(node.span).filter(|_| node.as_map().is_some_and(Map::is_empty));
    place().is_some_and(|place| {
        let text = place.source.text.get(place.offset()..).unwrap_or_default();
        text.starts_with(|first: char| first.is_ascii_digit()) || text.starts_with("!!timestamp")
    })
}

fn invalid_section(reason: String, node: &Node, sources: &Sources) -> Error {
    let help = "write `settings: {auth: {identity: <name>}}`".to_owned();
    let Mark { place, text, at } = Mark::of(sources, node.span);
    Error::InvalidSetting { key: "settings.auth", reason, help, place, text, at }
}

/// A value of `settings.auth.identity` that names nobody.
pub(super) fn invalid_identity(reason: String, node: &Node, sources: &Sources) -> Error {
    let help =
        "give the name or alias of an identity, `false` to run without authentication, or one of these for each \
                operation: `{read: reader, write: admin}`"
            .to_owned();
    let Mark { place, text, at } = Mark::of(sources, node.span);
    Error::InvalidSetting { key: "settings.auth.identity", reason, help, place, text, at }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    #[test]
    fn a_setting_that_names_nobody_is_refused_and_a_strange_key_warns() {
        for (auth, found, refusal, warns) in [
            (json!(null), None, "", false),
            (json!({"identity": "a"}), Some("a"), "", false),
            (json!("data-admin"), None, "it must be a map, not the string `data-admin`", false),
            (json!(5), None, "it must be a map, not a value of type integer", false),
            (json!(["a"]), None, "it must be a map", false),
            (json!({"identty": "a"}), None, "unknown key `identty`, did you mean `identity`?", false),
            (json!({"Identity": "a"}), None, "did you mean `identity`?", false),
            (json!({"identity": "a", "zone": "b"}), Some("a"), "", true),
        ] {
            let heard = Arc::new(Mutex::new(0));
            let count = heard.clone();
            let talk = Talk::new(move |_| *count.lock().unwrap() += 1);
            let settings = from_json(&json!({"auth": auth}));
            let result = identity(&settings, READ, &Sources::new(), &talk);
            assert_eq!(*heard.lock().unwrap() > 0, warns, "{auth}");
            match result {
                Ok(node) => assert_eq!((node.and_then(Node::as_str), ""), (found, refusal), "{auth}"),
                Err(error) => {
                    let text = error.to_string();
                    assert!(!refusal.is_empty() && text.contains(refusal), "{auth}: {text}");
                }
            }
        }
    }

    #[test]
    fn identities_by_operation() {
        let by_operation =
            json!({"identity": {"plan": "planner", "apply": "admin", "write": "writer", "read": "reader"}});
        let with_default = json!({"identity": {"write": "writer", "default": "other"}});
        let silent = json!({"identity": {"apply": "admin", "destroy": null}});
        for (auth, operation, expected) in [
            (&by_operation, "plan", Some("planner")),
            (&by_operation, "apply", Some("admin")),
            (&by_operation, "deploy", Some("admin")),
            (&by_operation, "destroy", Some("writer")),
            (&by_operation, "output", Some("reader")),
            (&by_operation, READ, Some("reader")),
            (&with_default, "plan", Some("other")),
            (&with_default, "import", Some("writer")),
            (&silent, "plan", None),
            (&silent, "destroy", None),
        ] {
            let settings = from_json(&json!({"auth": auth}));
            let found = identity(&settings, operation, &Sources::new(), &Talk::silent()).unwrap();
            assert_eq!(found.and_then(Node::as_str), expected, "{auth} {operation}");
        }
        let settings = from_json(&json!({"auth": {"identity": {"aply": "admin"}}}));
        let error = identity(&settings, READ, &Sources::new(), &Talk::silent()).unwrap_err().to_string();
        assert!(error.contains("unknown operation `aply`, did you mean `apply`?"), "{error}");
    }
}
