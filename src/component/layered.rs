//! Values in which a function of one layer meets values of other layers.
//!
//! The merge lets the strongest layer win. Where the layers hold functions whose values are known only later, the
//! reference merges the evaluated values once more, key by key; here such layers are kept beside the merged sections.
//! Nothing is kept, and nothing is copied, where no function is concerned.

use std::sync::Arc;

use super::section::Section;
use crate::merge::{ListStrategy, merge, settle};
use crate::value::{Map, Node, Value};

/// The values that the layers have at one path of a section, weakest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Layered {
    /// The key of the section, then the keys in it.
    pub path: Vec<Arc<str>>,
    pub values: Vec<Node>,
    strategy: ListStrategy,
}

/// Functions whose values take part in the merge. Those of other functions replace, and are replaced.
const MERGED: [&str; 11] = [
    "!template",
    "!terraform.output",
    "!terraform.state",
    "!store.get",
    "!store",
    "!exec",
    "!env",
    "!labels",
    "!labels.keys",
    "!labels.values",
    "!tags",
];

/// Sections in which functions take part in the merge.
pub(super) const SECTIONS: [Section; 9] = [
    Section::Vars,
    Section::Settings,
    Section::Env,
    Section::Auth,
    Section::Providers,
    Section::RequiredProviders,
    Section::Hooks,
    Section::Test,
    Section::Generate,
];

impl Layered {
    /// The evaluated values merged: maps key by key, lists by the strategy of the component, anything else replaces.
    pub fn merged(&self, values: Vec<Node>) -> Node {
        let mut values = values.into_iter();
        let first = values.next().unwrap_or_default();
        values.fold(first, |below, above| self.put(&below, &above))
    }

    fn put(&self, below: &Node, above: &Node) -> Node {
        match (&below.value, &above.value) {
            // Lists inside are replaced, whatever the strategy.
            (Value::Map(_), Value::Map(_)) => merge(below, above, ListStrategy::Replace),
            (Value::List(low), Value::List(high)) => match self.strategy {
                ListStrategy::Replace => above.clone(),
                ListStrategy::Append => Node::new(Value::List(Arc::new([&low[..], &high[..]].concat())), above.span),
                ListStrategy::Merge => {
                    let mut items = low.to_vec();
                    for (index, item) in high.iter().enumerate() {
                        match items.get_mut(index) {
                            Some(slot) if slot.as_map().is_some() && item.as_map().is_some() => {
                                *slot = merge(slot, item, ListStrategy::Replace);
                            }
                            Some(slot) => *slot = item.clone(),
                            None => items.push(item.clone()),
                        }
                    }
                    Node::new(Value::List(Arc::new(items)), above.span)
                }
            },
            _ => above.clone(),
        }
    }
}

/// Finds such values in the layers of one section, weakest first.
pub(super) fn collect<'n>(
    section: Section,
    layers: impl IntoIterator<Item = &'n Node>,
    strategy: ListStrategy,
    found: &mut Vec<Layered>,
) {
    let layers: Vec<&Node> = layers.into_iter().filter(|layer| !layer.is_null()).collect();
    if layers.len() > 1 {
        descend(&mut vec![Arc::from(section.key())], &layers, strategy, found);
    }
}

fn descend(path: &mut Vec<Arc<str>>, nodes: &[&Node], strategy: ListStrategy, found: &mut Vec<Layered>) {
    if nodes.iter().any(|node| takes_part(node)) {
        found.extend(layered(path, nodes, strategy));
        return;
    }
    let maps: Vec<&Map> = nodes.iter().filter_map(|node| node.as_map()).collect();
    for (index, map) in maps.iter().enumerate().skip(1) {
        for (key, node) in *map {
            // Each key at the first layer above another one that has it.
            let mut below = maps[..index].iter().filter_map(|map| map.get(key));
            let (Some(lowest), None) = (below.next(), below.next()) else { continue };
            let above = || maps[index + 1..].iter().filter_map(|map| map.get(key));
            // Most values are plain in all layers.
            if ![lowest, node].into_iter().chain(above()).any(|node| node.as_map().is_some() || takes_part(node)) {
                continue;
            }
            let values: Vec<&Node> = [lowest, node].into_iter().chain(above()).collect();
            path.push(key.clone());
            descend(path, &values, strategy, found);
            path.pop();
        }
    }
}

fn layered(path: &[Arc<str>], nodes: &[&Node], strategy: ListStrategy) -> Option<Layered> {
    let values: Vec<&Node> = nodes.iter().copied().filter(|node| !node.is_null()).collect();
    let is_plain = |node: &&Node| !takes_part(node) && node.as_map().is_none() && node.as_list().is_none();
    // What lies below a plain value is replaced by it.
    let start = values.iter().rposition(is_plain).unwrap_or(0);
    let values = &values[start..];
    let null_on_top = nodes.last().is_some_and(|node| node.is_null());
    let matters = values.len() > 1 || null_on_top && values.first().is_some_and(|node| takes_part(node));
    if !matters || !values.iter().any(|node| takes_part(node)) {
        return None;
    }
    let values = values.iter().map(|node| settle(node)).collect();
    Some(Layered { path: path.to_vec(), values, strategy })
}

/// A function whose value takes part, tagged or written as a text.
fn takes_part(node: &Node) -> bool {
    match &node.value {
        Value::Function(function) => MERGED.contains(&&*function.tag),
        Value::String(text) => text.starts_with('!') && MERGED.iter().any(|tag| text.starts_with(tag)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::{from_json, to_json};

    fn found(layers: &[serde_json::Value]) -> Vec<String> {
        let nodes: Vec<Node> = layers.iter().map(from_json).collect();
        let mut found = Vec::new();
        collect(Section::Vars, &nodes, ListStrategy::Replace, &mut found);
        let text = |layered: Layered| {
            let values: Vec<_> = layered.values.iter().map(to_json).collect();
            format!("{} {}", layered.path.join("."), json!(values))
        };
        found.into_iter().map(text).collect()
    }

    #[test]
    fn only_values_that_meet_a_function_are_kept() {
        for (layers, expected) in [
            (vec![json!({"a": 1}), json!({"a": 2})], vec![]),
            (vec![json!({"a": "!template x"}), json!({"b": 2})], vec![]),
            (vec![json!({"a": {"x": 1}}), json!({"a": "!template {}"})], vec![r#"vars.a [{"x":1},"!template {}"]"#]),
            (
                vec![json!({"m": {"a": "!env A"}}), json!({"m": {"a": [1]}}), json!({"m": {"a": [2]}})],
                vec![r#"vars.m.a ["!env A",[1],[2]]"#],
            ),
            // A plain value replaces whatever lies below it.
            (vec![json!({"a": "!template {}"}), json!({"a": "x"})], vec![]),
            (vec![json!({"a": "!env A"}), json!({"a": 5}), json!({"a": "!env B"})], vec![r#"vars.a [5,"!env B"]"#]),
            // Null takes nothing away from a function, as in the reference.
            (vec![json!({"a": "!env A"}), json!({"a": null})], vec![r#"vars.a ["!env A"]"#]),
            (vec![json!({"a": "!secret A"}), json!({"a": {"b": 1}})], vec![]),
            (
                vec![json!({"a": 5}), json!({"a": 6}), json!({"a": "!env A"}), json!({"a": {}})],
                vec![r#"vars.a [6,"!env A",{}]"#],
            ),
        ] {
            assert_eq!(found(&layers), expected, "{layers:?}");
        }
    }

    #[test]
    fn evaluated_values_merge_by_the_strategy() {
        let merged = |strategy, values: serde_json::Value| {
            let layered = Layered { path: Vec::new(), values: Vec::new(), strategy };
            let values = from_json(&values).as_list().unwrap().to_vec();
            to_json(&layered.merged(values)).to_string()
        };
        let lists = json!([[1, {"a": 1}], [2, {"b": 2}, 3]]);
        assert_eq!(merged(ListStrategy::Replace, lists.clone()), r#"[2,{"b":2},3]"#);
        assert_eq!(merged(ListStrategy::Append, lists.clone()), r#"[1,{"a":1},2,{"b":2},3]"#);
        assert_eq!(merged(ListStrategy::Merge, lists), r#"[2,{"a":1,"b":2},3]"#);
        let maps = json!([{"a": 1, "l": [1]}, {"a": 5, "c": 1, "l": [2]}, {"c": 2}]);
        assert_eq!(merged(ListStrategy::Append, maps), r#"{"a":5,"c":2,"l":[2]}"#);
        assert_eq!(merged(ListStrategy::Replace, json!([{"a": 1}, "x"])), r#""x""#);
    }
}
