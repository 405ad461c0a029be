//! Values in which a function of one layer meets values of other layers.
//!
//! The merge lets the strongest layer win. Where the layers hold functions whose values are known only later, the
//! reference merges the evaluated values once more, key by key; here such layers are kept beside the merged sections.
//! What it merges with them is what the other layers say as it is written, with templates unrendered; values depend on
//! all of this, so it is the same here. Nothing is kept, and nothing is copied, where no function is concerned.

use std::sync::Arc;

use super::instance::Sections;
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
    /// The evaluated values merged: maps key by key, lists by the strategy of the component. The weakest value decides
    /// how; what does not fit to it replaces it, and ends the merge of a map.
    pub fn merged(&self, values: Vec<Node>) -> Node {
        match values.first().map(|first| &first.value) {
            Some(Value::Map(_)) => merged_maps(values),
            Some(Value::List(_)) => match self.strategy {
                ListStrategy::Replace => last(values),
                ListStrategy::Append => appended(&values),
                ListStrategy::Merge => merged_lists(values),
            },
            _ => last(values),
        }
    }

    /// Puts a value at the path, unless another layer has something there that holds no keys.
    pub fn place(&self, sections: &mut Sections, value: Node) {
        let Some((section, keys)) = self.path.split_first() else { return };
        let Some((last, parents)) = keys.split_last() else { return };
        let mut sections = sections.named_mut().into_iter();
        let section = sections.find(|(name, _)| **name == **section).map(|(_, node)| node);
        if let Some(map) = section.and_then(|node| inner(node, parents)) {
            map.insert(last.clone(), value);
        }
    }

    /// What a section has at the path while its functions are not evaluated.
    pub(super) fn written(&self) -> Node {
        self.merged(self.values.clone())
    }
}

/// The map behind a chain of keys.
fn inner<'n>(node: &'n mut Node, keys: &[Arc<str>]) -> Option<&'n mut Map> {
    node.as_map()?;
    let map = node.make_map();
    match keys.split_first() {
        Some((key, rest)) => inner(map.get_mut(key)?, rest),
        None => Some(map),
    }
}

fn last(values: Vec<Node>) -> Node {
    values.into_iter().next_back().unwrap_or_default()
}

fn merged_maps(values: Vec<Node>) -> Node {
    let mut values = values.into_iter();
    let mut merged = values.next().unwrap_or_default();
    for value in values {
        if value.as_map().is_none() {
            return value;
        }
        // Lists inside are replaced, whatever the strategy.
        merged = merge(&merged, &value, ListStrategy::Replace);
    }
    merged
}

/// Lists one after the other. What is no list is left out, and lists without items give null, as in the reference.
fn appended(values: &[Node]) -> Node {
    let items: Vec<Node> = values.iter().filter_map(Node::as_list).flatten().cloned().collect();
    if items.is_empty() {
        return Node::default();
    }
    let span = values.last().map_or_else(Default::default, |value| value.span);
    Node::new(Value::List(Arc::new(items)), span)
}

fn merged_lists(values: Vec<Node>) -> Node {
    let mut values = values.into_iter();
    let first = values.next().unwrap_or_default();
    let mut items = first.as_list().unwrap_or_default().to_vec();
    let mut span = first.span;
    for value in values {
        let Some(list) = value.as_list() else { return value };
        for (index, item) in list.iter().enumerate() {
            match items.get_mut(index) {
                Some(slot) if slot.as_map().is_some() && item.as_map().is_some() => {
                    *slot = merge(slot, item, ListStrategy::Replace);
                }
                Some(slot) => *slot = item.clone(),
                None => items.push(item.clone()),
            }
        }
        span = value.span;
    }
    Node::new(Value::List(Arc::new(items)), span)
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
        Collector { path: vec![Arc::from(section.key())], strategy, found }.descend(&layers);
    }
}

struct Collector<'f> {
    path: Vec<Arc<str>>,
    strategy: ListStrategy,
    found: &'f mut Vec<Layered>,
}

impl Collector<'_> {
    /// Looks at values that some layers have at one path, weakest first.
    fn descend(&mut self, nodes: &[&Node]) {
        if self.keep(nodes, false) {
            self.inside(nodes);
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
                self.path.push(key.clone());
                self.descend(&values);
                self.path.pop();
            }
        }
    }

    /// Keeps the functions in the maps of a value that is kept itself, with whatever the other layers have there.
    fn inside(&mut self, nodes: &[&Node]) {
        let maps: Vec<&Map> = nodes.iter().filter_map(|node| node.as_map()).collect();
        for (index, map) in maps.iter().enumerate() {
            for key in map.keys().filter(|key| !maps[..index].iter().any(|map| map.contains_key(*key))) {
                let values: Vec<&Node> = maps[index..].iter().filter_map(|map| map.get(key)).collect();
                self.path.push(key.clone());
                self.keep(&values, true);
                self.inside(&values);
                self.path.pop();
            }
        }
    }

    /// Keeps the values of one path if there is a function among them and something that it meets.
    fn keep(&mut self, nodes: &[&Node], inside: bool) -> bool {
        if !nodes.iter().any(|node| takes_part(node)) {
            return false;
        }
        // What lies below a marker that removes the value is gone, and the marker with it.
        let start = nodes.iter().rposition(|node| is_unset(node)).map_or(0, |index| index + 1);
        let values: Vec<Node> =
            nodes[start..].iter().filter(|node| !node.is_null()).map(|node| as_written(node)).collect();
        // Null takes nothing away from a function.
        let null_on_top = nodes.last().is_some_and(|node| node.is_null());
        let kept = values.iter().any(takes_part) && (values.len() > 1 || null_on_top || inside);
        if kept {
            self.found.push(Layered { path: self.path.clone(), values, strategy: self.strategy });
        }
        kept
    }
}

fn is_unset(node: &Node) -> bool {
    matches!(&node.value, Value::Function(function) if &*function.tag == "!unset")
}

/// What a layer says at a path. The functions in its maps have paths of their own.
fn as_written(node: &Node) -> Node {
    if takes_part(node) { node.clone() } else { without_functions(&settle(node)) }
}

fn without_functions(node: &Node) -> Node {
    let value = match &node.value {
        Value::Map(map) => {
            let item = |item: &Node| if takes_part(item) { Node::default() } else { without_functions(item) };
            Value::Map(Arc::new(map.iter().map(|(key, node)| (key.clone(), item(node))).collect()))
        }
        _ => return node.clone(),
    };
    Node::new(value, node.span)
}

/// A value that nothing will evaluate any more, with the texts of its literals.
pub fn without_literals(node: &Node) -> Node {
    let value = match &node.value {
        Value::Function(function) if &*function.tag == "!literal" => {
            return Node::new(function.argument.value.clone(), node.span.as_data());
        }
        Value::Map(map) => {
            Value::Map(Arc::new(map.iter().map(|(key, item)| (key.clone(), without_literals(item))).collect()))
        }
        Value::List(list) => Value::List(Arc::new(list.iter().map(without_literals).collect())),
        _ => return node.clone(),
    };
    Node::new(value, node.span)
}

/// A function whose value takes part, tagged or written as a text.
pub fn takes_part(node: &Node) -> bool {
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
            (vec![json!({"a": "!template {}"}), json!({"a": "x"})], vec![r#"vars.a ["!template {}","x"]"#]),
            // Functions in maps that meet a function have paths of their own.
            (
                vec![json!({"a": "!env A"}), json!({"a": {"b": "!env B", "c": {"d": "!env D", "e": 1}}})],
                vec![
                    r#"vars.a ["!env A",{"b":null,"c":{"d":null,"e":1}}]"#,
                    r#"vars.a.b ["!env B"]"#,
                    r#"vars.a.c.d ["!env D"]"#,
                ],
            ),
            // Null takes nothing away from a function, as in the reference.
            (vec![json!({"a": "!env A"}), json!({"a": null})], vec![r#"vars.a ["!env A"]"#]),
            (vec![json!({"a": "!secret A"}), json!({"a": {"b": 1}})], vec![]),
            (
                vec![json!({"a": 5}), json!({"a": 6}), json!({"a": "!env A"}), json!({"a": {}})],
                vec![r#"vars.a [5,6,"!env A",{}]"#],
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
        // The weakest value decides how values merge.
        assert_eq!(merged(ListStrategy::Replace, json!([{"a": 1}, "x", {"b": 2}])), r#""x""#);
        assert_eq!(merged(ListStrategy::Append, json!([[1], "x", [2]])), "[1,2]");
        assert_eq!(merged(ListStrategy::Append, json!([[], "x", []])), "null");
        assert_eq!(merged(ListStrategy::Merge, json!([[1], "x", [2]])), r#""x""#);
        assert_eq!(merged(ListStrategy::Append, json!(["x", [1], [2]])), "[2]");
    }
}
