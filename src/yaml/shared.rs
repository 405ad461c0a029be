//! JSON texts of documents that have values in common: the text of such a value is made once.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::Error;
use super::json::{self, NotJson, Order, not_json};
use crate::value::{Map, Node, Value};

/// Levels below the top of a document on which values are looked up: further in they are small.
const LEVELS: usize = 3;
/// Bytes that a document rarely needs of its own.
const ROOM: usize = 8 << 10;
/// Tables, so that threads rarely wait for each other.
const TABLES: usize = 16;

/// Address and level of a value.
type Key = (usize, usize);
/// The value is kept, so that no other one gets its address.
type Table = HashMap<Key, (Value, Arc<str>), foldhash::fast::RandomState>;

/// The texts made so far.
#[derive(Debug, Default)]
pub struct Texts {
    tables: [Mutex<Table>; TABLES],
}

/// A text in which texts lie that others have, too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    own: Box<str>,
    /// The shared texts, with the place in `own` before which each lies.
    shared: Box<[(usize, Arc<str>)]>,
}

impl Text {
    /// The text from beginning to end.
    pub fn pieces(&self) -> impl Iterator<Item = &str> {
        let mut at = 0;
        let before = self.shared.iter().flat_map(move |(end, text)| {
            let start = std::mem::replace(&mut at, *end);
            [&self.own[start..*end], &**text]
        });
        let last = self.shared.last().map_or(0, |(end, _)| *end);
        before.chain([&self.own[last..]])
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text { own: text.into_boxed_str(), shared: Box::default() }
    }
}

impl Texts {
    /// The text of a value below `level` keys; `None` when JSON cannot express a number in it.
    pub(super) fn text(&self, node: &Node, level: usize) -> Option<Text> {
        // What each thread writes into is used again: to ask for room and give it back would cost more than the copy.
        thread_local!(static OWN: Cell<String> = const { Cell::new(String::new()) });
        let mut own = OWN.take();
        own.clear();
        own.reserve(ROOM);
        let mut writer = Writer { texts: self, own, shared: Vec::new() };
        let written = writer.write(node, level, 0);
        let Writer { own, shared, .. } = writer;
        let text = written.map(|()| Text { own: Box::from(own.as_str()), shared: shared.into_boxed_slice() });
        OWN.set(own);
        text
    }

    /// The text of a value that others have, too; `outside` are those who have it for the time being only.
    fn known(&self, node: &Node, level: usize, outside: usize) -> Option<Arc<str>> {
        let (address, owners) = match &node.value {
            Value::Map(map) if !map.is_empty() => (Arc::as_ptr(map).addr(), Arc::strong_count(map)),
            Value::List(list) if !list.is_empty() => (Arc::as_ptr(list).addr(), Arc::strong_count(list)),
            _ => return None,
        };
        if owners <= outside {
            return None;
        }
        // Addresses are multiples of the size of a word.
        let table = &self.tables[(address >> 5) % TABLES];
        let table = || table.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, text)) = table().get(&(address, level)) {
            return Some(text.clone());
        }
        if !json::is_finite(node) {
            return None;
        }
        let mut text = String::new();
        json::write(&mut text, node, level, Order::Sorted);
        let text: Arc<str> = Arc::from(text);
        table().insert((address, level), (node.value.clone(), text.clone()));
        Some(text)
    }
}

struct Writer<'t> {
    texts: &'t Texts,
    own: String,
    shared: Vec<(usize, Arc<str>)>,
}

impl Writer<'_> {
    fn write(&mut self, node: &Node, level: usize, depth: usize) -> Option<()> {
        // A section is also held by the component as it is written and as it is evaluated.
        let outside = match depth {
            0 => usize::MAX,
            1 => 3,
            _ => 1,
        };
        if let Some(text) = self.texts.known(node, level, outside) {
            self.shared.push((self.own.len(), text));
            return Some(());
        }
        match &node.value {
            Value::Map(map) if depth < LEVELS && !map.is_empty() => self.map(map, level, depth),
            _ if json::is_finite(node) => {
                json::write(&mut self.own, node, level, Order::Sorted);
                Some(())
            }
            _ => None,
        }
    }

    fn map(&mut self, map: &Map, level: usize, depth: usize) -> Option<()> {
        self.own.push('{');
        for (index, (key, item)) in json::sorted(map).enumerate() {
            json::key(&mut self.own, index, level + 1, key);
            self.write(item, level + 1, depth + 1)?;
        }
        json::close(&mut self.own, '}', level);
        Some(())
    }
}

/// The text of a value that lies behind a chain of keys, without what comes before and after it.
///
/// # Errors
/// A number that JSON cannot express, with the path to its key.
pub(super) fn try_emit_json_below(texts: &Texts, node: &Node, keys: &[&str]) -> Result<Text, Error> {
    if let Some(text) = texts.text(node, keys.len()) {
        return Ok(text);
    }
    let NotJson { path, value, .. } =
        not_json(node).unwrap_or(NotJson { path: String::new(), value: "NaN", span: node.span });
    let above = keys.join(".");
    let separator = if path.is_empty() || path.starts_with('[') { "" } else { "." };
    Err(Error::NotJson { path: format!("{above}{separator}{path}"), value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::value::from_json;
    use crate::yaml::emit_json;

    fn written(texts: &Texts, node: &Node) -> Option<String> {
        texts.text(node, 0).map(|text| text.pieces().collect::<String>() + "\n")
    }

    /// A document that has the value in several places and levels.
    fn around(value: &Node, number: i64) -> Node {
        let map = |entries: [(&str, Node); 3]| {
            Node::from(entries.map(|(key, node)| (key.into(), node)).into_iter().collect::<Map>())
        };
        let inner = map([("x", value.clone()), ("n", Node::from(number)), ("m", Node::from(vec![value.clone()]))]);
        map([("b", value.clone()), ("a", inner), ("é\n", Node::empty_map())])
    }

    #[test]
    fn shared_values_are_written_where_they_are() {
        let texts = Texts::default();
        let value = from_json(&serde_json::json!({"k": [1, {"z": null, "a": "\u{2028}"}], "empty": {}, "t": "x"}));
        let keep: Vec<Node> = (0..4).map(|number| around(&value, number)).collect();
        for document in &keep {
            assert_eq!(written(&texts, document), Some(emit_json(document)));
        }
        let kept: usize = texts.tables.iter().map(|table| table.lock().unwrap().len()).sum();
        assert!(kept >= 2, "{kept}");
        let infinite = around(&Node::from(vec![Node::from(Value::Float(f64::INFINITY))]), 1);
        assert_eq!(written(&texts, &infinite), None);
    }

    proptest! {
        #[test]
        fn any_document_is_written_as_without_sharing(keys in prop::collection::btree_map(".*", prop::collection::vec(".*", 0..3), 0..4)) {
            let texts = Texts::default();
            let value = from_json(&serde_json::json!(keys));
            for number in 0..3 {
                let document = around(&value, number);
                prop_assert_eq!(written(&texts, &document), Some(emit_json(&document)));
            }
        }
    }
}
