//! Values that are secret, or hold a secret, in documents that are printed. Keys never are.

use std::borrow::Cow;
use std::sync::Arc;

use crate::secret::{MASK, Masker};
use crate::value::{Map, Node, Value, function_text};

/// The document with every scalar masked that is a known secret and every text in which there is one, unless masking is off.
/// Truth values are no secrets.
pub fn masked<'n>(node: &'n Node, masker: &Masker) -> Cow<'n, Node> {
    if !masker.is_on() || masker.is_empty() {
        return Cow::Borrowed(node);
    }
    changed(node, masker).map_or(Cow::Borrowed(node), Cow::Owned)
}

/// The node with secrets replaced; `None` when there is none in it.
fn changed(node: &Node, masker: &Masker) -> Option<Node> {
    let value = match &node.value {
        Value::Null | Value::Bool(_) => return None,
        Value::Function(function) => text(&function_text(function), masker)?,
        Value::Map(map) => {
            let mut new: Option<Map> = None;
            for (key, item) in map.iter() {
                if let Some(item) = changed(item, masker) {
                    new.get_or_insert_with(|| Map::clone(map)).insert(key.clone(), item);
                }
            }
            Value::Map(Arc::new(new?))
        }
        Value::List(list) => {
            let mut new: Option<Vec<Node>> = None;
            for (index, item) in list.iter().enumerate() {
                if let Some(item) = changed(item, masker) {
                    new.get_or_insert_with(|| Vec::clone(list))[index] = item;
                }
            }
            Value::List(Arc::new(new?))
        }
        Value::String(content) => text(content, masker)?,
        Value::Int(_) | Value::UInt(_) | Value::Float(_) => {
            if !masker.is_secret(&node.scalar_text()?) {
                return None;
            }
            Value::String(Arc::from(MASK))
        }
    };
    Some(Node::new(value, node.span))
}

fn text(text: &str, masker: &Masker) -> Option<Value> {
    if masker.is_secret(text) {
        return Some(Value::String(Arc::from(MASK)));
    }
    match masker.mask_known(text) {
        Cow::Owned(text) => Some(Value::String(Arc::from(text))),
        Cow::Borrowed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::secret::Secret;
    use crate::value::{from_json, to_json};

    #[test]
    fn whole_scalars_are_masked_and_keys_are_not() {
        let masker = Masker::default();
        let document = from_json(&json!({
            "s": "s", "list": ["s", "as", 73, 730], "map": {"73": true, "pem": "line one\nline two\n"}, "none": null,
            "long-secret": "a long-secret inside",
        }));
        assert!(matches!(masked(&document, &masker), Cow::Borrowed(_)));
        for secret in ["long-secret", "s", "73", "line one\nline two\n", "true"] {
            masker.register(&Secret::from(secret.to_owned()));
        }
        let expected = json!({
            "s": MASK, "list": [MASK, "as", MASK, 730], "map": {"73": true, "pem": MASK}, "none": null,
            "long-secret": format!("a {MASK} inside"),
        });
        assert_eq!(to_json(&masked(&document, &masker)), expected);
        masker.switch(false);
        assert!(matches!(masked(&document, &masker), Cow::Borrowed(_)));
    }
}
