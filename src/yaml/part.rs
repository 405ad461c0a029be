//! Documents of which the parts become text one by one: the tree of a part can go before the next one is made.

use std::collections::BTreeMap;

use super::emit::{emit_entry, emit_key};
use super::error::Error;
use super::json::json_key;
use super::order::natural;
use super::shared::try_emit_json_below;
use super::shared::{Text, Texts};
use crate::value::Node;

/// Format of a document and its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// With the number of columns per level (at least 2).
    Yaml {
        indent: usize,
    },
    Json,
}

/// A document that is text where its parts begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parts {
    Map(BTreeMap<String, Parts>),
    /// What [`Form::part`] made.
    Text(Text),
}

impl Form {
    /// The text of the value that lies behind a chain of keys. What it has in common with other values is kept in `texts`.
    ///
    /// # Errors
    /// A number that JSON cannot express, with the path to its key.
    pub fn part(self, texts: &Texts, keys: &[&str], node: &Node) -> Result<Text, Error> {
        match self {
            Form::Yaml { indent } => Ok(Text::from(emit_entry(node, indent, keys.len()))),
            Form::Json => try_emit_json_below(texts, node, keys),
        }
    }

    /// Gives the whole document, in pieces.
    ///
    /// # Errors
    /// What `write` answers.
    pub fn document<E>(self, parts: &Parts, write: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        match (self, parts) {
            (Form::Yaml { .. }, Parts::Map(map)) if map.is_empty() => write("{}\n"),
            (Form::Yaml { indent }, parts) => yaml(parts, indent, 0, write),
            (Form::Json, parts) => {
                json(parts, 0, write)?;
                write("\n")
            }
        }
    }
}

fn yaml<E>(parts: &Parts, indent: usize, level: usize, write: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
    let map = match parts {
        Parts::Text(text) => return text.pieces().try_for_each(write),
        Parts::Map(map) if map.is_empty() => return write(" {}\n"),
        Parts::Map(map) => map,
    };
    if level > 0 {
        write("\n")?;
    }
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by(|(left, _), (right, _)| natural(left, right));
    for (key, below) in entries {
        write(&emit_key(key, indent, level))?;
        yaml(below, indent, level + 1, write)?;
    }
    Ok(())
}

fn json<E>(parts: &Parts, level: usize, write: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
    let map = match parts {
        Parts::Text(text) => return text.pieces().try_for_each(write),
        Parts::Map(map) if map.is_empty() => return write("{}"),
        Parts::Map(map) => map,
    };
    for (index, (key, below)) in map.iter().enumerate() {
        write(if index == 0 { "{" } else { "," })?;
        write(&json_key(key, level + 1))?;
        json(below, level + 1, write)?;
    }
    write(&format!("\n{:width$}}}", "", width = level * 2))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::value::from_json;
    use crate::yaml::{emit, try_emit_json};

    /// The document in one piece, and as parts below two levels of keys.
    fn both(document: &serde_json::Value, form: Form) -> (String, String) {
        let node = from_json(document);
        let whole = match form {
            Form::Yaml { indent } => emit(&node, indent),
            Form::Json => try_emit_json(&node).unwrap(),
        };
        let texts = Texts::default();
        let below = |keys: &[&str], node: &Node| Parts::Text(form.part(&texts, keys, node).unwrap());
        let outer = node.as_map().unwrap().iter().map(|(outer, node)| {
            let inner = node.as_map().unwrap().iter();
            let inner = inner.map(|(inner, node)| (inner.to_string(), below(&[outer, inner], node)));
            (outer.to_string(), Parts::Map(inner.collect()))
        });
        let mut text = String::new();
        let parts = Parts::Map(outer.collect());
        form.document(&parts, &mut |piece| {
            text.push_str(piece);
            Ok::<(), std::convert::Infallible>(())
        })
        .unwrap();
        (whole, text)
    }

    #[test]
    fn parts_make_the_same_document() {
        let documents = [
            serde_json::json!({}),
            serde_json::json!({"a10": {"x": {"y": [1, {"z": null}]}, "on": "text\nof lines\n"}, "a9": {}, "b: c": {"k": []}}),
        ];
        for document in &documents {
            for form in [Form::Yaml { indent: 2 }, Form::Yaml { indent: 4 }, Form::Json] {
                let (whole, parts) = both(document, form);
                assert_eq!(parts, whole, "{form:?}");
            }
        }
    }

    #[test]
    fn what_json_cannot_express_is_named_with_its_whole_path() {
        let node = Node::from(crate::value::Map::from_iter([(
            std::sync::Arc::from("a"),
            Node::from(crate::value::Value::Float(f64::NAN)),
        )]));
        let error = Form::Json.part(&Texts::default(), &["dev", "components"], &node).unwrap_err();
        assert!(error.to_string().contains("'dev.components.a'"), "{error}");
    }

    proptest! {
        #[test]
        fn any_keys_make_the_same_document(keys in prop::collection::btree_map(".{0,140}", ".*", 0..4)) {
            let document = serde_json::json!({ "top": keys });
            for form in [Form::Yaml { indent: 2 }, Form::Json] {
                let (whole, parts) = both(&document, form);
                prop_assert_eq!(parts, whole);
            }
        }
    }
}
