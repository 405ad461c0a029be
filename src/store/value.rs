//! From the text in a store to a value.

use super::kind::Kind;
use super::problem::Problem;
use super::settings::Spec;
use crate::secret::Secret;
use crate::value::{Node, Value, from_json, to_json};

/// JSON where it is JSON, else the text. What comes out is data: nothing in it is ever run or rendered.
pub(super) fn decoded(spec: &Spec, direct: bool, text: String) -> Result<Node, Problem> {
    let json = match serde_json::from_str(&text) {
        Ok(json) => from_json(&json),
        // Only what atmos itself wrote has a key of a component there.
        Err(error) if spec.kind == Kind::Artifactory && !direct => {
            return Err(Problem::refused(format!("the file is not JSON: {error}")));
        }
        Err(_) => return Ok(Node::from(text)),
    };
    // A secret is written as it is, so that its text counts: `1e5` is a password, not a number.
    let raw = spec.secret
        && spec.kind == Kind::Ssm
        && !matches!(json.value, Value::String(_) | Value::List(_) | Value::Map(_));
    Ok(if raw { Node::from(text) } else { json })
}

/// The text that stands for a value in the store: JSON, but a secret of the Parameter Store is the text that it is.
pub(super) fn encoded(spec: &Spec, value: &Node) -> Secret {
    let text = value.as_str();
    if let Some(text) = text.filter(|text| spec.secret && spec.kind == Kind::Ssm && !text.is_empty()) {
        return Secret::from(text.to_owned());
    }
    // A text that is a JSON document is one for who reads the secret by itself.
    let document = text.map(str::trim).filter(|text| spec.kind == Kind::SecretsManager && text.starts_with(['{', '[']));
    if let Some(text) = document.filter(|text| serde_json::from_str::<serde_json::Value>(text).is_ok()) {
        return Secret::from(text.to_owned());
    }
    Secret::from(to_json(value).to_string())
}

#[cfg(test)]
mod tests {
    use super::super::settings::Settings;
    use super::*;
    use crate::secret::Expose as _;
    use crate::span::Sources;

    #[test]
    fn json_is_decoded_and_secrets_stay_what_they_are() {
        for (kind, secret, direct, text, expected) in [
            ("aws/ssm", false, false, "\"x\"", Some("\"x\"")),
            ("aws/ssm", false, false, "x y", Some("\"x y\"")),
            ("aws/ssm", false, false, "[1, 2.5]", Some("[1,2.5]")),
            ("aws/ssm", false, false, "12345678901234567890", Some("12345678901234567890")),
            ("aws/ssm", true, false, "1e5", Some("\"1e5\"")),
            ("aws/ssm", true, false, "null", Some("\"null\"")),
            ("aws/ssm", true, false, "{\"a\":1}", Some("{\"a\":1}")),
            ("aws/ssm", true, false, "\"quoted\"", Some("\"quoted\"")),
            ("aws/asm", true, false, "5", Some("5")),
            ("artifactory", false, false, "x", None),
            ("artifactory", false, true, "x", Some("\"x\"")),
            ("redis", false, true, "", Some("\"\"")),
        ] {
            let store = serde_json::json!({"stores": {"s": {"kind": kind, "secret": secret}}});
            let settings = Settings::read(&from_json(&store), &Sources::new());
            let value = decoded(settings.get("s").unwrap(), direct, text.to_owned());
            let shown = value.ok().map(|node| to_json(&node).to_string());
            assert_eq!(shown.as_deref(), expected, "{kind} {text}");
        }
    }

    #[test]
    fn values_are_written_as_they_are_read() {
        for (kind, secret, value, expected) in [
            ("aws/ssm", false, serde_json::json!("x"), "\"x\""),
            ("aws/ssm", true, serde_json::json!("x"), "x"),
            ("aws/ssm", true, serde_json::json!(""), "\"\""),
            ("aws/ssm", false, serde_json::json!([1, 2.5]), "[1,2.5]"),
            ("aws/asm", false, serde_json::json!(" {\"a\": 1} "), "{\"a\": 1}"),
            ("aws/asm", false, serde_json::json!("{no"), "\"{no\""),
            ("redis", false, serde_json::json!({"a": true}), "{\"a\":true}"),
        ] {
            let store = serde_json::json!({"stores": {"s": {"kind": kind, "secret": secret}}});
            let settings = Settings::read(&from_json(&store), &Sources::new());
            let text = encoded(settings.get("s").unwrap(), &from_json(&value));
            assert_eq!(text.expose_secret(), expected, "{kind} {value}");
        }
    }
}
