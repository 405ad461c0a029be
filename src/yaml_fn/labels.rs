//! `!tags`, `!labels`, `!labels.keys`, `!labels.values`: what the component's own metadata says. Scalars become text.

use std::sync::Arc;

use crate::value::{Map, Node, Value};

pub(super) fn tags(metadata: &Node) -> Value {
    let tags = metadata.get("tags").and_then(Node::as_list).unwrap_or_default();
    list(tags.iter().filter_map(Node::scalar_text))
}

pub(super) fn labels(metadata: &Node) -> Value {
    let pairs = sorted(metadata).into_iter().map(|(key, text)| (Arc::from(key), Node::from(text)));
    Value::Map(Arc::new(pairs.collect::<Map>()))
}

pub(super) fn keys(metadata: &Node) -> Value {
    list(sorted(metadata).into_iter().map(|(key, _)| key.to_owned()))
}

pub(super) fn values(metadata: &Node) -> Value {
    list(sorted(metadata).into_iter().map(|(_, text)| text))
}

fn sorted(metadata: &Node) -> Vec<(&str, String)> {
    let labels = metadata.get("labels").and_then(Node::as_map);
    let mut pairs: Vec<_> =
        labels.into_iter().flatten().filter_map(|(key, node)| Some((&**key, node.scalar_text()?))).collect();
    pairs.sort_unstable();
    pairs
}

fn list(texts: impl Iterator<Item = String>) -> Value {
    Value::List(Arc::new(texts.map(Node::from).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{from_json, to_json};

    #[test]
    fn labels_are_sorted_by_key_and_scalars_are_texts() {
        let metadata = from_json(&serde_json::json!({"tags": ["b", 5], "labels": {"z": 1, "a": "x", "m": {"no": 1}}}));
        for (value, expected) in [
            (tags(&metadata), r#"["b","5"]"#),
            (labels(&metadata), r#"{"a":"x","z":"1"}"#),
            (keys(&metadata), r#"["a","z"]"#),
            (values(&metadata), r#"["x","1"]"#),
            (tags(&Node::default()), "[]"),
            (labels(&Node::default()), "{}"),
        ] {
            assert_eq!(to_json(&Node::from(value)).to_string(), expected);
        }
    }
}
