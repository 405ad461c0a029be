//! Values of different shapes that meet in a merge.

use crate::value::{Node, Path, Value};

/// A value that replaces one of another shape.
#[derive(Debug, Clone)]
pub struct Conflict<'n> {
    pub path: Path,
    pub below: &'n Node,
    pub above: &'n Node,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Map,
    List,
    Scalar,
}

/// The first place where `above` does not merge with `below` but replaces a value of another shape: a map, a list, or
/// neither. Null, and functions, whose value is not known yet, fit everything.
pub fn conflict<'n>(below: &'n Node, above: &'n Node) -> Option<Conflict<'n>> {
    let mut path = Path::new();
    let (below, above) = descend(below, above, &mut path)?;
    Some(Conflict { path, below, above })
}

fn descend<'n>(below: &'n Node, above: &'n Node, path: &mut Path) -> Option<(&'n Node, &'n Node)> {
    if let (Value::Map(low), Value::Map(high)) = (&below.value, &above.value) {
        for (key, above) in high.iter() {
            let Some(below) = low.get(key) else { continue };
            path.push_key(key);
            if let Some(found) = descend(below, above, path) {
                return Some(found);
            }
            path.pop();
        }
        return None;
    }
    (shape(below)? != shape(above)?).then_some((below, above))
}

fn shape(node: &Node) -> Option<Shape> {
    match &node.value {
        Value::Null | Value::Function(_) => None,
        Value::Map(_) => Some(Shape::Map),
        Value::List(_) => Some(Shape::List),
        _ => Some(Shape::Scalar),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::from_json;

    #[test]
    fn only_values_of_other_shapes_conflict() {
        for (below, above, expected) in [
            (r#"{"a": {"b": 1}}"#, r#"{"a": {"b": "x", "c": 1}}"#, None),
            (r#"{"a": {"b": [1]}}"#, r#"{"a": {"b": "x"}}"#, Some("a.b")),
            (r#"{"a": {"b": 1}}"#, r#"{"a": [1]}"#, Some("a")),
            (r#"{"a": {"b": 1}}"#, r#"{"a": null}"#, None),
            (r#"{"a": null}"#, r#"{"a": [1]}"#, None),
            (r#"{"a": "x", "b": []}"#, r#"{"a": "y", "b": {}}"#, Some("b")),
        ] {
            let node = |text| from_json(&serde_json::from_str(text).unwrap());
            let (below, above): (Node, Node) = (node(below), node(above));
            let found = conflict(&below, &above).map(|conflict| conflict.path.to_string());
            assert_eq!(found.as_deref(), expected);
        }
    }
}
