//! What the templates of a manifest see.

use std::sync::Arc;

use super::guard;
use crate::content::{Foreign, Written};
use crate::template::{Reads, Val};
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

    /// What was read of all that a template can reach.
    pub(super) fn foreign(&self, reads: Option<&Reads>, opening: Option<&str>) -> Foreign {
        let mut foreign = Foreign::default();
        match reads {
            Some(Reads::Paths(paths)) => {
                for path in paths {
                    foreign.note_marked_at(&self.node, path.iter().map(|key| &**key), opening);
                }
            }
            _ => foreign.note_marked(&self.node, opening),
        }
        foreign
    }

    /// What somebody wrote of it.
    pub(super) fn written<'t>(&self, texts: impl IntoIterator<Item = &'t str>, opening: Option<&str>) -> Written {
        let mut written = Written::default();
        texts.into_iter().for_each(|text| written.text(text));
        written.node(&self.node, opening);
        written
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
