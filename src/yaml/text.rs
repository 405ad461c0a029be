//! Documents that stand in a text: an output that `jsonencode` made, the answer of a program.

use std::path::Path;
use std::sync::Arc;

use super::{Error, parse};
use crate::span::{FileId, Sources};
use crate::value::{Map, Node, Value, from_json};

/// Reads the one document of a text that is data. Lines and columns are those of the text; there is no file. A YAML function
/// in it is nothing to run: its argument stands for it.
///
/// # Errors
/// Those of [`parse`].
pub fn parse_text(text: &str) -> Result<Node, Error> {
    parse(&Sources::new(), Path::new("text"), Path::new(""), Arc::from(text)).map(without_file)
}

/// The map or list that a text writes down: as JSON, or as YAML in lines, which is what `jsonencode` and `yamlencode` make.
///
/// Everything else is `None`. The reference reads any text once more; where that would lose some of it (comments, ends of lines,
/// the sentence `Note: this`, leading zeros), the text stays what it is.
pub fn structure(text: &str) -> Option<Node> {
    let trimmed = text.trim();
    let is_json =
        trimmed.starts_with('{') && trimmed.ends_with('}') || trimmed.starts_with('[') && trimmed.ends_with(']');
    if is_json && let Ok(json) = serde_json::from_str(trimmed) {
        return Some(from_json(&json));
    }
    let in_lines = text.contains('\n') && !text.contains('#') && (trimmed.contains('\n') || !trimmed.ends_with(':'));
    let node = in_lines.then(|| parse_text(text).ok()).flatten()?;
    matches!(node.value, Value::Map(_) | Value::List(_)).then(|| without_places(node))
}

fn without_file(mut node: Node) -> Node {
    node.span.file = FileId::NONE;
    node.value = match node.value {
        Value::Function(function) => return without_file(function.argument.clone()),
        value => each(value, without_file),
    };
    node
}

/// The lines of the text say nothing about the document that it came into.
fn without_places(node: Node) -> Node {
    Node::from(each(node.value, without_places))
}

fn each(value: Value, change: fn(Node) -> Node) -> Value {
    match value {
        Value::List(list) => Value::List(Arc::new(list.iter().cloned().map(change).collect())),
        Value::Map(map) => {
            let entries = map.iter().map(|(key, node)| (key.clone(), change(node.clone())));
            Value::Map(Arc::new(entries.collect::<Map>()))
        }
        scalar => scalar,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::to_json;

    #[test]
    fn texts_of_json_and_yaml_are_what_they_write_down() {
        for (text, expected) in [
            (r#"{"a":1,"b":[true,"x"]}"#, json!({"a": 1, "b": [true, "x"]})),
            ("  [1,\"2\"]\n", json!([1, "2"])),
            ("{}", json!({})),
            (r#"{"n":12345678901234567890}"#, json!({"n": 12_345_678_901_234_567_890_u64})),
            (r#"{"inner":"{\"b\":1}"}"#, json!({"inner": "{\"b\":1}"})),
            ("\"a\": 1\n\"b\":\n- \"x\"\n", json!({"a": 1, "b": ["x"]})),
            ("- x\n- y", json!(["x", "y"])),
            ("---\na: 1\n", json!({"a": 1})),
            ("a: &x 1\nb: *x\n", json!({"a": 1, "b": 1})),
            ("a: !exec echo hi\nb: !x [1]\n", json!({"a": "echo hi", "b": [1]})),
        ] {
            let node = structure(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(to_json(&node), expected, "{text}");
            assert!(node.span.file == FileId::NONE && node.span.line == 0, "{text}");
        }
    }

    #[test]
    fn other_texts_stay_what_they_are() {
        for text in [
            "",
            "123456789012",
            "012",
            "true",
            "null",
            "a: 1",
            "Note: this stays a sentence",
            "[tag] text",
            "{broken",
            "{{ .x }}",
            "arn:aws:secretsmanager:x:y:password::",
            "password:\n",
            "line one\nline two\n",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
            "#!/bin/sh\nname: value\n",
            "a: 1 # why\nb: 2\n",
            "a: [\nb: 2\n",
            "a: 1\n---\nb: 2\n",
        ] {
            assert!(structure(text).is_none(), "{text}");
        }
    }
}
