//! Records of dependents and of affected components, their keys in the order in which the reference declares them.

use std::sync::Arc;

use crate::ops::Subject;
use crate::ops::dependents::Dependent;
use crate::value::{Map, Node, Value};

/// The records of `describe dependents`.
pub fn dependents(records: &[Dependent]) -> Node {
    Node::from(records.iter().map(dependent).collect::<Vec<_>>())
}

/// The same records as a query sees them: what nobody asked for is empty, not null.
pub fn without_nulls(records: &Node) -> Node {
    let Some(list) = records.as_list() else { return records.clone() };
    Node::from(list.iter().map(filled).collect::<Vec<_>>())
}

fn filled(record: &Node) -> Node {
    let mut record = record.clone();
    let map = record.make_map();
    if let Some(settings) = map.get_mut("settings").filter(|node| node.is_null()) {
        *settings = Node::empty_map();
    }
    if let Some(dependents) = map.get_mut("dependents") {
        *dependents = if dependents.is_null() { Node::from(Vec::new()) } else { without_nulls(dependents) };
    }
    record
}

fn dependent(record: &Dependent) -> Node {
    let mut map = subject(&record.subject);
    let rest = [
        ("dependents", record.dependents.as_deref().map_or_else(Node::default, dependents)),
        ("included_in_dependents", Node::from(record.included_in_dependents)),
        ("settings", record.settings.as_ref().map_or_else(Node::default, sorted)),
    ];
    map.extend(rest.map(|(key, node)| (Arc::from(key), node)));
    Node::from(map)
}

fn subject(subject: &Subject) -> Map {
    let mut map = Map::new();
    let mut put = |key: &str, text: &str| drop(map.insert(Arc::from(key), Node::from(text)));
    put("component", &subject.component);
    put("component_type", &subject.component_type);
    put("component_path", &subject.component_path);
    for (key, value) in subject.context.named() {
        value.into_iter().for_each(|value| put(key, value));
    }
    put("stack", &subject.stack);
    put("stack_slug", &subject.stack_slug);
    for (key, name) in [("spacelift_stack", &subject.spacelift_stack), ("atlantis_project", &subject.atlantis_project)]
    {
        name.iter().filter(|name| !name.is_empty()).for_each(|name| put(key, name));
    }
    map
}

/// Settings have no order of their own.
fn sorted(node: &Node) -> Node {
    let value = match &node.value {
        Value::Map(map) => {
            let mut entries: Vec<(Arc<str>, Node)> =
                map.iter().map(|(key, node)| (key.clone(), sorted(node))).collect();
            entries.sort_by(|left, right| left.0.cmp(&right.0));
            Value::Map(Arc::new(entries.into_iter().collect()))
        }
        Value::List(list) => Value::List(Arc::new(list.iter().map(sorted).collect())),
        other => other.clone(),
    };
    Node::new(value, node.span)
}
