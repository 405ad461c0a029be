//! What the templates of a manifest see.

use std::sync::Arc;

use super::guard;
use crate::template::Val;
use crate::value::{Map, Node};

/// The data of one scope. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Data {
    node: Node,
    val: Val,
}

impl Data {
    pub(super) fn new(node: Node) -> Data {
        Data { val: Val::from(&guard::readable(&node)), node }
    }

    /// The same data with other values at these keys at the top; null takes a key away.
    pub(super) fn with(&self, entries: impl IntoIterator<Item = (&'static str, Node)>) -> Data {
        let mut map = self.node.as_map().cloned().unwrap_or_default();
        for (key, node) in entries {
            if node.is_null() {
                map.shift_remove(key);
            } else {
                map.insert(Arc::from(key), node);
            }
        }
        Data::new(Node::from(map))
    }

    /// The value at a path of fields.
    pub(super) fn at<'k>(&self, path: impl IntoIterator<Item = &'k str>) -> Option<&Node> {
        self.node.get_path(path)
    }

    /// Whether a local has data that looks like a template.
    pub(super) fn is_foreign(&self, local: &str, opening: Option<&str>) -> bool {
        self.at(["locals", local]).is_some_and(|node| guard::holds_templates(node, opening))
    }

    /// Whether any local has.
    pub(super) fn has_foreign(&self, opening: Option<&str>) -> bool {
        self.at(["locals"]).is_some_and(|node| guard::holds_templates(node, opening))
    }

    pub(super) fn val(&self) -> Val {
        self.val.clone()
    }

    /// Names of the locals in sight, sorted.
    pub(super) fn local_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.node.get("locals").and_then(Node::as_map).into_iter().flat_map(Map::keys).map(|key| &**key).collect();
        names.sort_unstable();
        names
    }
}
