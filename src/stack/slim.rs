//! Manifests of which only those values are kept that names are made of. Lists of names need nothing else, and most of
//! the memory of a repository are the values.

use std::sync::Arc;

use super::index::StackIndex;
use super::load::{self, Layout};
use crate::config::Config;
use crate::host::Host;
use crate::value::{Map, Node, Value};
use crate::yaml::Wanted;

/// Section and key of a value that names are made of.
pub type Part = [Arc<str>; 2];

/// The kinds of which it is known what their components hold.
const KINDS: [&str; 6] = ["terraform", "helmfile", "packer", "ansible", "kubernetes", "helm"];

/// What decides which components there are, and what they inherit.
const WHOLE: [&str; 2] = ["metadata", "component"];

/// What is kept.
#[derive(Debug)]
pub(crate) struct Slim {
    parts: Vec<Part>,
    /// In place of sections of which nothing is kept.
    empty: Arc<Map>,
}

impl StackIndex {
    /// All stacks, without values that are not among the `parts`: enough for the names of stacks and components, and for
    /// what components inherit. Components of kinds that nobody knows are whole. `None` when there is no stack, or when the
    /// repository wants its values compared. `parts` are told by an index without stacks; without an answer there is none.
    pub(crate) fn slim(
        host: &Host,
        config: &Config,
        parts: impl FnOnce(&StackIndex) -> Option<Vec<Part>>,
    ) -> Option<StackIndex> {
        if config.engine.conflicts_are_errors {
            return None;
        }
        let layout = Layout::new(config);
        let manifests = load::discover(config).ok()?;
        let parts = parts(&StackIndex::of(host, config, layout.clone(), Vec::new()))?;
        let slim = Some(Arc::new(Slim { parts, empty: Arc::default() }));
        Some(StackIndex::of(host, config, Layout { slim, ..layout }, manifests))
    }
}

impl Slim {
    /// Whether something may be dropped of a file: one that is rendered later may need all that is written, and what it
    /// includes may be anything.
    pub(crate) fn is_for(text: &str) -> bool {
        !text.contains("{{") && !text.contains("!include")
    }

    /// What has to be read of the value behind a chain of keys, so that [`Slim::apply`] finds what it keeps.
    pub(crate) fn choice(&self, path: &[&str]) -> Wanted {
        let section = match path {
            [kind] if matches!(*kind, "import" | "components") || is_kind(kind) => return Wanted::All,
            [section, rest @ ..] if rest.len() < 2 && !is_kind(section) && *section != "components" => path,
            [kind, section @ ..] if is_kind(kind) => section,
            ["components", kind, _, section @ ..] if is_kind(kind) => section,
            _ => return Wanted::All,
        };
        let has = |name: &str, key: Option<&str>| {
            self.parts.iter().any(|[section, part]| **section == *name && key.is_none_or(|key| **part == *key))
        };
        match section {
            [name, ..] if WHOLE.contains(name) || *name == "overrides" => Wanted::All,
            [name] if has(name, None) => Wanted::All,
            [_] => Wanted::Type,
            [name, key] if has(name, None) && !has(name, Some(key)) => Wanted::Nothing,
            _ => Wanted::All,
        }
    }

    /// Drops what is not needed of a document that is not rendered. What is no map stays, since its type may be wrong.
    pub(crate) fn apply(&self, document: &mut Node) {
        for (key, node) in maps(document) {
            match &**key {
                section if WHOLE.contains(&section) => {}
                "overrides" => self.overrides(node),
                "components" => self.components(node),
                kind if is_kind(kind) => {
                    for (key, node) in maps(node) {
                        match &**key {
                            "overrides" => self.overrides(node),
                            section => self.section(section, node),
                        }
                    }
                }
                section => self.section(section, node),
            }
        }
    }

    fn components(&self, node: &mut Node) {
        let kinds = maps(node).filter(|(kind, _)| is_kind(kind));
        for (_, component) in kinds.flat_map(|(_, components)| maps(components)) {
            for (key, section) in maps(component) {
                match &**key {
                    "overrides" => self.overrides(section),
                    whole if WHOLE.contains(&whole) => {}
                    key => self.section(key, section),
                }
            }
            drop_empty(component);
        }
    }

    /// Overrides of which nothing is kept override nothing.
    fn overrides(&self, node: &mut Node) {
        for (key, section) in maps(node) {
            self.section(key, section);
        }
        drop_empty(node);
    }

    /// The kept values of a section.
    fn section(&self, section: &str, node: &mut Node) {
        let Value::Map(map) = &mut node.value else { return };
        let is_kept = |key: &Arc<str>| self.parts.iter().any(|[name, part]| **name == *section && part == key);
        if map.keys().any(is_kept) {
            let kept = map.iter().filter(|(key, _)| is_kept(key));
            *map = Arc::new(kept.map(|(key, node)| (key.clone(), node.clone())).collect());
        } else {
            *map = self.empty.clone();
        }
    }
}

fn drop_empty(node: &mut Node) {
    node.make_map().retain(|_, section| !matches!(&section.value, Value::Map(map) if map.is_empty()));
}

fn is_kind(key: &str) -> bool {
    KINDS.contains(&key)
}

/// The entries of a map that are maps.
fn maps(node: &mut Node) -> impl Iterator<Item = (&Arc<str>, &mut Node)> {
    let map = match &mut node.value {
        Value::Map(map) => Some(Arc::make_mut(map)),
        _ => None,
    };
    map.into_iter().flatten().filter(|(_, node)| matches!(node.value, Value::Map(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{from_json, to_json};

    #[test]
    fn only_what_names_are_made_of_is_kept() {
        let mut document = from_json(&serde_json::json!({
            "import": ["a"], "name": "n", "vars": {"stage": "dev", "x": {"y": 1}}, "settings": {"stage": 1}, "env": null,
            "overrides": {"vars": {"x": 1}}, "hooks": [1], "metadata": {"labels": {"a": "b"}},
            "terraform": {"vars": {"stage": "x", "y": 1}, "backend": {"s3": {}}, "backend_type": "s3", "command": {"a": 1}},
            "helmfile": {"overrides": {"vars": {"stage": "o", "x": 1}, "env": 5}},
            "components": {
                "terraform": {
                    "a": {"metadata": {"inherits": ["b"]}, "vars": {"x": 1}, "settings": {"a": 1}, "backend_type": "s3"},
                    "b": {"vars": {"stage": "prod", "z": 1}, "env": null, "overrides": {"vars": {"x": 1}}},
                    "c": 5,
                },
                "mine": {"d": {"vars": {"x": 1}}},
                "helm": [],
            },
        }));
        let slim = Slim { parts: vec![["vars".into(), "stage".into()]], empty: Arc::default() };
        let text = to_json(&document).to_string();
        slim.apply(&mut document);
        let expected = serde_json::json!({
            "import": ["a"], "name": "n", "vars": {"stage": "dev"}, "settings": {}, "env": null,
            "overrides": {}, "hooks": [1], "metadata": {"labels": {"a": "b"}},
            "terraform": {"vars": {"stage": "x"}, "backend": {}, "backend_type": "s3", "command": {}},
            "helmfile": {"overrides": {"vars": {"stage": "o"}, "env": 5}},
            "components": {
                "terraform": {
                    "a": {"metadata": {"inherits": ["b"]}, "backend_type": "s3"},
                    "b": {"vars": {"stage": "prod"}, "env": null},
                    "c": 5,
                },
                "mine": {"d": {"vars": {"x": 1}}},
                "helm": [],
            },
        });
        assert_eq!(to_json(&document), expected);
        // The same when the rest is not even read.
        let (sources, path) = (crate::span::Sources::new(), std::path::Path::new("/r/a.yaml"));
        let choice = |path: &[&str]| slim.choice(path);
        let mut skimmed =
            crate::yaml::skim_manifest(&sources, path, path, text.as_str().into(), None, &choice).unwrap();
        assert_eq!(to_json(&skimmed)["components"]["terraform"]["a"]["vars"], serde_json::json!({"x": null}));
        slim.apply(&mut skimmed);
        assert_eq!(to_json(&skimmed), expected);
        // And in the form in which most of it is not even parsed.
        let text = crate::yaml::emit(&crate::value::from_json(&serde_json::from_str(&text).unwrap()), 2);
        let mut skimmed = crate::yaml::skim_manifest(&sources, path, path, text.into(), None, &choice).unwrap();
        assert_eq!(to_json(&skimmed)["components"]["terraform"]["a"]["settings"], serde_json::json!({}));
        slim.apply(&mut skimmed);
        assert_eq!(to_json(&skimmed), expected);
    }
}
