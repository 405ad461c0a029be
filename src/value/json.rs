//! Conversion to and from `serde_json`, for JSON output, files and typed extraction.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{Map, Node, Value};

/// The JSON of a node. Functions become the text in which they were written (`!env HOME`); infinities, which JSON has
/// not, become `null` (callers that must refuse them check first).
pub fn to_json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Int(number) => Json::from(*number),
        Value::UInt(number) => Json::from(*number),
        Value::Float(number) => whole(*number).map_or_else(|| Json::from(*number), Json::from),
        Value::String(text) => Json::from(&**text),
        Value::List(list) => Json::Array(list.iter().map(to_json).collect()),
        Value::Map(map) => Json::Object(map.iter().map(|(key, node)| (key.to_string(), to_json(node))).collect()),
        Value::Function(function) => Json::from(function_text(function)),
    }
}

/// `!tag argument`, the form in which a function that is not evaluated is printed.
pub(crate) fn function_text(function: &super::Function) -> String {
    // What was read is marked as a literal, which nobody wrote.
    if function.argument.span.is_data()
        && &*function.tag == "!literal"
        && let Some(text) = function.argument.as_str()
    {
        return text.to_owned();
    }
    match function.argument.scalar_text() {
        Some(text) if !text.is_empty() => format!("{} {text}", function.tag),
        Some(_) => function.tag.to_string(),
        None if function.argument.is_null() => function.tag.to_string(),
        None => format!("{} {}", function.tag, flow(&function.argument)),
    }
}

/// JSON in which functions stand as they were written: as text in text, each level would double the marks of the one
/// below it.
fn flow(node: &Node) -> String {
    match &node.value {
        Value::List(list) => format!("[{}]", list.iter().map(flow).collect::<Vec<_>>().join(",")),
        Value::Map(map) => {
            let entry = |(key, node): (&Arc<str>, &Node)| format!("{}:{}", Json::from(&**key), flow(node));
            format!("{{{}}}", map.iter().map(entry).collect::<Vec<_>>().join(","))
        }
        Value::Function(function) => function_text(function),
        _ => to_json(node).to_string(),
    }
}

/// The integer that a float is, where it is one: JSON output of the reference has `1`, not `1.0`.
fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
    (number.fract() == 0.0 && number.abs() < 9e18).then_some(number as i64)
}

/// A node without places from JSON.
pub fn from_json(json: &Json) -> Node {
    match json {
        Json::Null => Node::default(),
        Json::Bool(flag) => Node::from(*flag),
        Json::Number(number) => {
            if let Some(number) = number.as_i64() {
                Node::from(number)
            } else if let Some(number) = number.as_u64() {
                Node::from(Value::UInt(number))
            } else {
                Node::from(Value::Float(number.as_f64().unwrap_or_default()))
            }
        }
        Json::String(text) => Node::from(text.as_str()),
        Json::Array(list) => Node::from(list.iter().map(from_json).collect::<Vec<_>>()),
        Json::Object(map) => {
            Node::from(map.iter().map(|(key, json)| (Arc::from(key.as_str()), from_json(json))).collect::<Map>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Function;
    use super::*;

    #[test]
    fn json_round_trip_keeps_types() {
        let json = serde_json::json!({"a": [1, 18_446_744_073_709_551_615_u64, 1.5, true, null, "x"], "b": {}});
        assert_eq!(to_json(&from_json(&json)), json);
    }

    #[test]
    fn functions_in_functions_grow_with_their_number_only() {
        let tagged = |argument| Node::from(Value::Function(Arc::new(Function { tag: Arc::from("!append"), argument })));
        let list = |node| Node::from(Value::List(Arc::new(vec![node])));
        let deep = (0..100).fold(Node::from("a"), |node, _| tagged(list(node)));
        assert_eq!(to_json(&tagged(list(tagged(list(Node::from("a")))))), "!append [!append [\"a\"]]");
        assert_eq!(to_json(&deep).as_str().map(str::len), Some(100 * "!append []".len() + 3));
    }

    #[test]
    fn whole_floats_print_as_integers() {
        assert_eq!(to_json(&Node::from(Value::Float(1000.0))).to_string(), "1000");
    }
}
