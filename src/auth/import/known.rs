//! What the configuration has already, beside which an import is to stand. Row 5.

use std::path::Path;

use super::taken::Taken;
use crate::span::Sources;
use crate::value::{Node, Value};

/// Providers and identities of the configuration in which the section is to be put.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub(super) providers: Vec<KnownEntry>,
    pub(super) identities: Vec<KnownEntry>,
    /// Their names.
    pub(super) taken_providers: Taken,
    pub(super) taken_identities: Taken,
}

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct KnownEntry {
    pub(super) name: String,
    node: Node,
    /// As people read it.
    pub(super) place: String,
}

impl Known {
    /// Those of an `auth` section. What a file says that the import is to replace, counts for nothing.
    pub fn read(auth: &Node, sources: &Sources, is_replaced: &dyn Fn(&Path) -> bool) -> Known {
        let is_replaced = |node: &Node| sources.get(node.span.file).is_some_and(|file| is_replaced(&file.path));
        let list = |key: &str| {
            let entries = auth.get(key).and_then(Node::as_map).into_iter().flatten();
            let entry = |(name, node): (&std::sync::Arc<str>, &Node)| KnownEntry {
                name: name.to_string(),
                node: node.clone(),
                place: sources.place(node.span).map(|place| format!(" ({place})")).unwrap_or_default(),
            };
            entries.filter(|(_, node)| !all(node, &is_replaced)).map(entry).collect()
        };
        let (providers, identities): (Vec<_>, Vec<_>) = (list("providers"), list("identities"));
        let taken = |list: &[KnownEntry]| Taken::of(list.iter().map(|entry| entry.name.as_str()));
        let (taken_providers, taken_identities) = (taken(&providers), taken(&identities));
        Known { providers, identities, taken_providers, taken_identities }
    }

    /// The name of an identity that is there, in its own spelling.
    pub(super) fn identity(&self, name: &str) -> Option<&str> {
        self.taken_identities.find(name).map(|place| self.identities[place].name.as_str())
    }

    /// The identity that is used where nobody names one.
    pub(super) fn usual(&self) -> Option<&KnownEntry> {
        self.identities.iter().find(|entry| entry.node.get("default").and_then(Node::as_bool) == Some(true))
    }
}

impl KnownEntry {
    /// Whether it says everything that another one says; it may say more.
    pub(super) fn says(&self, node: &Node) -> bool {
        says(&self.node, node, &[])
    }
}

/// Whether a test holds for every value that is no map.
fn all(node: &Node, test: &dyn Fn(&Node) -> bool) -> bool {
    match node.as_map() {
        Some(map) => map.values().all(|item| all(item, test)),
        None => test(node),
    }
}

/// `default` says nothing about who somebody is, and names are the same in any case.
fn says(known: &Node, wanted: &Node, path: &[&str]) -> bool {
    if let Value::Map(map) = &wanted.value {
        let has =
            |key: &str, item: &Node| known.get(key).is_some_and(|known| says(known, item, &[path, &[key]].concat()));
        return map.iter().all(|(key, item)| (path.is_empty() && &**key == "default") || has(key, item));
    }
    match (known.scalar_text(), wanted.scalar_text()) {
        (Some(known), Some(wanted)) if path.first() == Some(&"via") => known.to_lowercase() == wanted.to_lowercase(),
        // What browsers put behind the address of a portal says nothing.
        (Some(known), Some(wanted)) if path == ["start_url"] => {
            known.trim_end_matches(['/', '#']) == wanted.trim_end_matches(['/', '#'])
        }
        (Some(known), Some(wanted)) => known == wanted,
        _ => known.value == wanted.value,
    }
}
