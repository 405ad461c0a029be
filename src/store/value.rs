//! From the text in a store to a value.

use super::kind::Kind;
use super::problem::Problem;
use super::settings::Spec;
use crate::value::{Node, Value, from_json};

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

#[cfg(test)]
mod tests {
    use super::super::settings::Settings;
    use super::*;
    use crate::span::Sources;
    use crate::value::to_json;

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
}
