//! `settings.auth` of a component: which identity it names, or that nothing can be read from it.
//!
//! Read [`identity`]. Row 5.

use super::error::{Error, Mark};
use crate::diag::{Talk, Warning, nearest};
use crate::span::Sources;
use crate::value::{Node, Value};

/// The only key.
const IDENTITY: &str = "identity";

/// `settings.auth.identity`. Another key that looks like it is refused, since a mistyped name would otherwise run the
/// component as somebody else; what is nothing like it gets a warning.
///
/// # Errors
/// [`Error::InvalidSetting`]: `settings.auth` is not a map, or has a key that was meant to be `identity`.
pub fn identity<'a>(settings: &'a Node, sources: &Sources, talk: &Talk) -> Result<Option<&'a Node>, Error> {
    let Some(auth) = settings.get("auth").filter(|auth| !auth.is_null()) else { return Ok(None) };
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
    Ok(map.get(IDENTITY))
}

fn invalid_section(reason: String, node: &Node, sources: &Sources) -> Error {
    let help = "write `settings: {auth: {identity: <name>}}`".to_owned();
    let Mark { place, text, at } = Mark::of(sources, node.span);
    Error::InvalidSetting { key: "settings.auth", reason, help, place, text, at }
}

/// A value of `settings.auth.identity` that names nobody.
pub(super) fn invalid_identity(reason: String, node: &Node, sources: &Sources) -> Error {
    let help = "give the name or alias of an identity, or `false` to run without authentication".to_owned();
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
            let result = identity(&settings, &Sources::new(), &talk);
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
}
