//! Values that are secret as a whole.

use crate::secret::{Masker, Secret};
use crate::value::{Node, Value};
use crate::yaml::structure;

/// Every text and number inside the value is a secret of its own, and what stands in a text of JSON or YAML, since expressions
/// take it apart. A truth value is none: masking it would mask half of every document.
pub fn register_secrets(value: &Node, masker: &Masker) {
    match &value.value {
        Value::List(list) => list.iter().for_each(|item| register_secrets(item, masker)),
        Value::Map(map) => map.values().for_each(|item| register_secrets(item, masker)),
        Value::Bool(_) => {}
        Value::String(text) => {
            masker.register(&Secret::from(text.to_string()));
            if let Some(inner) = structure(text) {
                register_secrets(&inner, masker);
            }
        }
        _ => value.scalar_text().into_iter().for_each(|text| masker.register(&Secret::from(text))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    #[test]
    fn what_stands_in_a_text_of_json_is_secret_too() {
        let masker = Masker::default();
        register_secrets(
            &from_json(&json!({"a": [true, 4711], "t": r#"{"user":"u","deep":["s3cret-word"]}"#})),
            &masker,
        );
        for secret in ["4711", "s3cret-word", "u", r#"{"user":"u","deep":["s3cret-word"]}"#] {
            assert!(masker.is_secret(secret), "{secret}");
        }
        assert!(!masker.is_secret("true"));
    }
}
