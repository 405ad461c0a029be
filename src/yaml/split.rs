//! Keys of manifests that stand for several levels: `a.b.c: 1` with the delimiter `.`.

use std::sync::Arc;

use crate::span::Span;
use crate::value::{Map, Node, Value};

/// The levels that a key stands for; `None` for a key that is one. A delimiter at an end, or two in a row, split nothing.
pub(super) fn parts<'k>(key: &'k str, delimiter: Option<&str>) -> Option<Vec<&'k str>> {
    let delimiter = delimiter.filter(|delimiter| key.contains(*delimiter))?;
    let parts: Vec<&str> = key.split(delimiter).collect();
    parts.iter().all(|part| !part.is_empty()).then_some(parts)
}

/// Puts a value below its levels. Maps are put together; for anything else the later value stands.
pub(super) fn put(map: &mut Map, parts: &[&str], value: Node, span: Span) {
    let Some((first, rest)) = parts.split_first() else { return };
    let nested = rest
        .iter()
        .rev()
        .fold(value, |inner, part| Node::new(Value::Map(Arc::new(Map::from_iter([(Arc::from(*part), inner)]))), span));
    join(map, first, nested);
}

/// Whether two values of one key can be put together.
pub(super) fn joins(earlier: &Node, later: &Node) -> bool {
    earlier.as_map().is_some() && later.as_map().is_some()
}

fn join(map: &mut Map, key: &str, value: Node) {
    match map.get_mut(key) {
        Some(known) if joins(known, &value) => {
            for (key, item) in value.as_map().into_iter().flatten() {
                join(known.make_map(), key, item.clone());
            }
        }
        Some(known) => *known = value,
        None => {
            map.insert(Arc::from(key), value);
        }
    }
}
