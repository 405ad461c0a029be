//! Records of dependents and of affected components, their keys in the order in which the reference declares them.

use std::sync::Arc;

use crate::ops::Subject;
use crate::ops::affected::{Affected, Deletion};
use crate::ops::dependents::Dependent;
use crate::value::{Map, Node};
use crate::yaml;

/// A record as YAML and queries have it: what nobody asked for is empty, not null.
pub fn without_nulls(mut record: Node) -> Node {
    let map = record.make_map();
    if let Some(settings) = map.get_mut("settings").filter(|node| node.is_null()) {
        *settings = Node::empty_map();
    }
    if let Some(dependents) = map.get_mut("dependents") {
        let filled = dependents.as_list().unwrap_or_default().iter().cloned().map(without_nulls);
        *dependents = Node::from(filled.collect::<Vec<_>>());
    }
    record
}

fn dependents(records: &[Dependent]) -> Node {
    Node::from(records.iter().map(dependent).collect::<Vec<_>>())
}

/// A record of `describe dependents`.
pub fn dependent(record: &Dependent) -> Node {
    let mut map = subject(&record.subject);
    let rest = [
        ("dependents", record.dependents.as_deref().map_or_else(Node::default, dependents)),
        ("included_in_dependents", Node::from(record.included_in_dependents)),
        ("settings", record.settings.as_ref().map_or_else(Node::default, Node::sorted)),
    ];
    map.extend(rest.map(|(key, node)| (Arc::from(key), node)));
    Node::from(map)
}

/// A record of `describe affected`.
pub fn affected(record: &Affected) -> Node {
    let mut map = subject(&record.subject);
    let mut put = |key: &str, node: Node| drop(map.insert(Arc::from(key), node));
    let reasons = &record.reasons;
    put("affected", reasons.all.first().map_or_else(|| Node::from(""), |first| Node::from(first.as_str())));
    put("affected_all", Node::from(reasons.all.iter().map(|reason| Node::from(reason.as_str())).collect::<Vec<_>>()));
    for (key, path) in [("file", &reasons.file), ("folder", &reasons.folder)] {
        if let Some(path) = path {
            put(key, Node::from(path.as_str()));
        }
    }
    put("dependents", record.dependents.as_deref().map_or_else(Node::default, dependents));
    put("included_in_dependents", Node::from(record.included_in_dependents));
    put("settings", record.settings.as_ref().map_or_else(Node::default, Node::sorted));
    if let Some(deletion) = record.deleted {
        put("deleted", Node::from(true));
        put("deletion_type", Node::from(deletion_name(deletion)));
    }
    Node::from(map)
}

fn deletion_name(deletion: Deletion) -> &'static str {
    match deletion {
        Deletion::Component => "component",
        Deletion::Stack => "stack",
    }
}

/// One line for a matrix of GitHub Actions, and the number of its entries. What is deleted cannot be planned and is left
/// out.
pub fn affected_matrix(records: &[Affected]) -> (String, usize) {
    let entry = |record: &Affected| {
        let subject = &record.subject;
        let fields = [
            ("stack", &subject.stack),
            ("component", &subject.component),
            ("component_path", &subject.component_path),
            ("component_type", &subject.component_type),
        ];
        Node::from(fields.into_iter().map(|(key, text)| (Arc::from(key), Node::from(text.as_str()))).collect::<Map>())
    };
    let entries: Vec<Node> = records.iter().filter(|record| record.deleted.is_none()).map(entry).collect();
    let count = entries.len();
    let matrix = Node::from(Map::from_iter([(Arc::from("include"), Node::from(entries))]));
    (yaml::emit_json_line(&matrix).trim_end().to_owned(), count)
}

fn subject(subject: &Subject) -> Map {
    let mut map = Map::default();
    let mut put = |key: &str, text: &str| drop(map.insert(Arc::from(key), Node::from(text)));
    put("component", &subject.component);
    put("component_type", &subject.component_type);
    put("component_path", &subject.component_path);
    for (key, value) in subject.context.named() {
        if let Some(value) = value {
            put(key, value);
        }
    }
    put("stack", &subject.stack);
    put("stack_slug", &subject.stack_slug);
    for (key, name) in [("spacelift_stack", &subject.spacelift_stack), ("atlantis_project", &subject.atlantis_project)]
    {
        if let Some(name) = name.as_deref().filter(|name| !name.is_empty()) {
            put(key, name);
        }
    }
    map
}
