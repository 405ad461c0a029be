//! Values of one path that are a map in one layer, and a list or a scalar in another: the later one wins, which is rarely
//! what was meant.

use std::collections::HashMap;
use std::sync::Arc;

use crate::span::Span;
use crate::value::{Map, Node, Value};

/// Two neighbouring layers that disagree on what a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    pub path: String,
    /// The value that is lost, and what it is.
    pub below: (Span, &'static str),
    pub above: (Span, &'static str),
}

/// What counts as different: numbers for texts are common and do no harm, functions may give anything.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Scalar,
    List,
    Map,
}

fn shape(node: &Node) -> Option<Shape> {
    match &node.value {
        Value::Null | Value::Function(_) => None,
        Value::Map(_) => Some(Shape::Map),
        Value::List(_) => Some(Shape::List),
        _ => Some(Shape::Scalar),
    }
}

/// Finds the conflicts between layers, weakest first. `path` is the place of the layers in their documents.
pub fn conflicts<'n>(layers: &[&'n Node], path: &mut Vec<&'n str>, found: &mut Vec<Conflict>) {
    let mut last: Option<(&Node, Shape)> = None;
    // The maps that are merged with each other.
    let mut maps: Vec<&'n Map> = Vec::new();
    for node in layers {
        let Some(shape) = shape(node) else { continue };
        if let Some((below, other)) = last
            && other != shape
        {
            let side = |node: &Node| (node.span, node.value.type_name());
            found.push(Conflict { path: path.join("."), below: side(below), above: side(node) });
            maps.clear();
        }
        if let Some(map) = node.as_map()
            && !maps.last().is_some_and(|known| std::ptr::eq(*known, map))
        {
            maps.push(map);
        }
        last = Some((node, shape));
    }
    match maps.as_slice() {
        [] | [_] => {}
        [below, above] => {
            for (key, node) in *above {
                if let Some(below) = below.get(key).filter(|below| may_differ(below, node)) {
                    path.push(key);
                    conflicts(&[below, node], path, found);
                    path.pop();
                }
            }
        }
        many => {
            for (key, nodes) in grouped(many) {
                path.push(key);
                conflicts(&nodes, path, found);
                path.pop();
            }
        }
    }
}

/// Most values are scalars in both layers, or the same value.
fn may_differ(below: &Node, above: &Node) -> bool {
    match (&below.value, &above.value) {
        (Value::Map(below), Value::Map(above)) => !Arc::ptr_eq(below, above),
        _ => shape(below) != shape(above),
    }
}

/// The values of each key that several maps have, in the order in which the keys are met.
fn grouped<'n>(maps: &[&'n Map]) -> Vec<(&'n str, Vec<&'n Node>)> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<(&str, Vec<&Node>)> = Vec::new();
    for map in maps {
        for (key, node) in *map {
            let at = *places.entry(key).or_insert_with(|| {
                groups.push((key, Vec::new()));
                groups.len() - 1
            });
            groups[at].1.push(node);
        }
    }
    groups.retain(|(_, nodes)| nodes.len() > 1);
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::from_json;

    #[test]
    fn only_shapes_conflict_and_only_between_neighbours() {
        for (layers, expected) in [
            (&[r#"{"a": 1}"#, r#"{"a": "x"}"#][..], &[][..]),
            (&[r#"{"a": {"b": 1}}"#, r#"{"a": {"b": [1]}}"#], &["a.b integer list"]),
            (&[r#"{"a": "x"}"#, r#"{"a": null}"#, r#"{"a": {}}"#], &["a string map"]),
            (&[r#"{"a": {"b": 1}}"#, r#"{"a": 5}"#, r#"{"a": {"b": []}}"#], &["a map integer", "a integer map"]),
            (
                &[r#"{"a": {"b": {"c": 1}}}"#, r#"{"x": 1}"#, r#"{"a": {"b": 2}}"#, r#"{"a": {"b": 3}}"#],
                &["a.b map integer"],
            ),
        ] {
            let nodes: Vec<Node> = layers.iter().map(|text| from_json(&serde_json::from_str(text).unwrap())).collect();
            let mut found = Vec::new();
            conflicts(&nodes.iter().collect::<Vec<_>>(), &mut Vec::new(), &mut found);
            let texts: Vec<String> = found
                .iter()
                .map(|conflict| format!("{} {} {}", conflict.path, conflict.below.1, conflict.above.1))
                .collect();
            assert_eq!(texts, expected, "{layers:?}");
        }
    }
}
