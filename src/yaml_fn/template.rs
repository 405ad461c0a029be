//! `!template TEXT`: the text as JSON if it is JSON. The templates in it were rendered before.

use super::problem::Problem;
use crate::value::{Value, from_json};

pub(super) fn value(text: &str) -> Result<Value, Problem> {
    if text.is_empty() {
        return Err(Problem::arguments("expected a text"));
    }
    Ok(decoded(text))
}

/// JSON where it is JSON, else the text itself.
pub(super) fn decoded(text: &str) -> Value {
    serde_json::from_str(text).map_or_else(|_| Value::from(text.to_owned()), |json| from_json(&json).value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Node, to_json};

    #[test]
    fn json_keeps_its_type() {
        for (text, expected) in [
            ("42", "42"),
            ("true", "true"),
            ("{\"a\": [1]}", r#"{"a":[1]}"#),
            ("null", "null"),
            ("\"5\"", "\"5\""),
            ("010", "\"010\""),
            ("a b", "\"a b\""),
            ("[a b]", "\"[a b]\""),
        ] {
            assert_eq!(to_json(&Node::from(value(text).unwrap())).to_string(), expected, "{text}");
        }
        assert!(value("").is_err());
    }
}
