//! `describe component` as JSON.

use std::sync::Arc;

use crate::value::{Map, Node, Value};

/// The document with its keys sorted, and what has a fixed shape in the order of the reference.
pub fn component_in_order(document: &Node) -> Node {
    let Value::Map(map) = &document.value else { return document.sorted() };
    let mut entries: Vec<(Arc<str>, Node)> = map.iter().map(|(key, node)| (key.clone(), in_order(key, node))).collect();
    entries.sort_by(|left, right| left.0.cmp(&right.0));
    Node::new(Value::Map(Arc::new(entries.into_iter().collect())), document.span)
}

fn in_order(key: &str, node: &Node) -> Node {
    match key {
        "atmos_cli_config" => node.clone(),
        "component_info" => {
            let fields = node.as_map().into_iter().flatten();
            let mut fields: Vec<_> = fields.map(|(key, node)| (key.clone(), node.clone())).collect();
            fields.sort_by(|left, right| left.0.cmp(&right.0));
            Node::from(fields.into_iter().collect::<Map>())
        }
        _ => node.sorted(),
    }
}
