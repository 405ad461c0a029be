//! Which of many components a command runs for: `--components`, `--query`, `--tags` and `--labels`.

use std::sync::Arc;

use rayon::prelude::*;

use super::names::Names;
use crate::component::Instance;
use crate::diag::Result;
use crate::ops::App;
use crate::query::Query;
use crate::resolve;
use crate::value::{Map, Node};

/// What a component has to fit. All of it counts together; nothing given fits every component.
#[derive(Debug, Clone, Default)]
pub struct Selectors {
    /// Names and patterns of names.
    pub components: Vec<String>,
    /// The same of those that are left out, whatever else chooses them.
    pub exclude: Vec<String>,
    /// An expression that is true for the component as `describe component` shows it.
    pub query: Option<String>,
    /// One of them is among `metadata.tags`.
    pub tags: Vec<String>,
    /// All of them are among `metadata.labels`, as `key=value` or `key:value`.
    pub labels: Vec<String>,
}

impl Selectors {
    /// The first flag that was given.
    pub(in crate::ops) fn flag(&self) -> Option<&'static str> {
        let given = [
            (!self.components.is_empty(), "--components"),
            (self.query.is_some(), "--query"),
            (!self.tags.is_empty(), "--tags"),
            (!self.labels.is_empty(), "--labels"),
        ];
        given.into_iter().find_map(|(is_given, flag)| is_given.then_some(flag))
    }

    /// The names of the components that are left out.
    pub(super) fn excluded(&self) -> Result<Names<'_>> {
        Names::read(self.exclude.iter().map(String::as_str))
    }

    /// The fitting ones among the instances, as a list of yes and no.
    ///
    /// # Errors
    /// An expression that is none, a name that no component has, or a component that cannot be evaluated.
    pub(super) fn fit(
        &self,
        app: &App,
        instances: &[Instance],
        candidate: impl Fn(&Instance) -> bool + Sync,
        evaluation: &resolve::Options,
    ) -> Result<Vec<bool>> {
        let query = self.query.as_deref().map(Query::parse).transpose()?;
        let names = Names::read(self.components.iter().map(String::as_str))?;
        names.check(instances)?;
        let fits = |instance: &Instance| -> Result<bool> {
            let named = names.is_empty() || names.has(&instance.name);
            if !named || !candidate(instance) {
                return Ok(false);
            }
            if !self.tags.is_empty() || !self.labels.is_empty() {
                let metadata =
                    resolve::Options { sections: vec!["metadata".to_owned()], selects: true, ..evaluation.clone() };
                if !self.is_marked(&app.evaluate(instance, &metadata)?.sections.metadata) {
                    return Ok(false);
                }
            }
            let Some(query) = &query else { return Ok(true) };
            let evaluated = app.evaluate(instance, evaluation)?;
            // What the expression cannot be asked of does not fit.
            Ok(query.is_true(&document(&evaluated)).unwrap_or(false))
        };
        instances.par_iter().map(fits).collect()
    }

    fn is_marked(&self, metadata: &Node) -> bool {
        let tags = metadata.get("tags").and_then(Node::as_list).unwrap_or_default();
        let has_tag = |wanted: &String| tags.iter().any(|tag| tag.scalar_text().as_ref() == Some(wanted));
        let has_label = |wanted: &String| {
            let Some((key, value)) = wanted.split_once(['=', ':']) else { return false };
            let label = metadata.get_path(["labels", key.trim()]).and_then(Node::scalar_text);
            label.as_deref() == Some(value.trim())
        };
        (self.tags.is_empty() || self.tags.iter().any(has_tag)) && self.labels.iter().all(has_label)
    }
}

fn document(instance: &Instance) -> Node {
    let mut map: Map = instance.to_map();
    map.extend(instance.names().map(|(key, text)| (Arc::from(key), Node::from(text))));
    map.insert(Arc::from("workspace"), Node::from(instance.workspace.as_str()));
    Node::from(map)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    #[test]
    fn one_tag_and_all_labels() {
        let metadata = from_json(&json!({"tags": ["net", 5], "labels": {"team": "a", "tier": 1}}));
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (tags, labels, expected) in [
            (&[][..], &[][..], true),
            (&["x", "net"], &[], true),
            (&["5"], &["team=a", "tier:1"], true),
            (&["x"], &["team=a"], false),
            (&[], &["team=a", "tier=2"], false),
            (&[], &["team"], false),
        ] {
            let selectors = Selectors { tags: words(tags), labels: words(labels), ..Selectors::default() };
            assert_eq!(selectors.is_marked(&metadata), expected, "{tags:?} {labels:?}");
        }
    }
}
