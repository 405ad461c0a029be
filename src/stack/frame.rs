//! How a file is imported, as far as it decides how the templates in it are rendered.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use super::import::Import;
use crate::merge::{ListStrategy, merge};
use crate::value::{Function, Node, Value};

/// Values in one context, and in one local, at most: shared values can stand for far more than the memory that they take.
pub(crate) const SIZE: usize = 100_000;
/// Levels of nesting of rendered values at most; a manifest as written has fewer.
const LEVELS: usize = 200;

/// How a file is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Frame {
    /// The values that the imports on the way here give: a number of [`Pool`]; zero for none.
    pub context: u32,
    /// `skip_templates_processing`.
    pub skip: bool,
    /// A value that is missing is `<no value>`, not an error.
    pub lenient: bool,
}

impl Frame {
    /// The frame of what `import` imports, from a file in this frame. The context of the outer import is the stronger
    /// one. `None` when the contexts together are too large.
    pub(crate) fn through(self, import: &Import, pool: &Pool, merging: Merging) -> Option<Frame> {
        let context = if import.context.is_null() {
            self.context
        } else if self.context == 0 {
            pool.number(&import.context)?
        } else {
            pool.number(&merge(&import.context, &pool.get(self.context), merging.strategy))?
        };
        Some(Frame { context, skip: import.skip_templates, lenient: import.ignore_missing || merging.lenient })
    }
}

/// What the configuration says about merges and missing values.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Merging {
    pub strategy: ListStrategy,
    /// `templates.settings.ignore_missing_template_values`.
    pub lenient: bool,
}

/// Sets of values, each once, numbered from 1 as they are met. Equal values have equal numbers; nothing else follows
/// from a number.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    values: Vec<Node>,
    by_print: HashMap<u64, Vec<u32>>,
}

impl Pool {
    /// The number of a value; `None` when it is too large.
    pub(crate) fn number(&self, value: &Node) -> Option<u32> {
        if is_too_large(value, SIZE) {
            return None;
        }
        let print = fingerprint(value);
        let find = |known: &Known| {
            let numbers = known.by_print.get(&print)?;
            let is = |known: &Node| *known == *value && is_alike(known, value);
            numbers.iter().copied().find(|number| is(&known.values[*number as usize - 1]))
        };
        if let Some(number) = find(&self.known.read().unwrap_or_else(PoisonError::into_inner)) {
            return Some(number);
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = find(&known) {
            return Some(number);
        }
        known.values.push(without_places(value));
        let number = u32::try_from(known.values.len()).ok()?;
        known.by_print.entry(print).or_default().push(number);
        Some(number)
    }

    /// The value with this number; an empty map for zero.
    pub(crate) fn get(&self, number: u32) -> Node {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        (number as usize).checked_sub(1).and_then(|at| known.values.get(at).cloned()).unwrap_or_else(Node::empty_map)
    }
}

/// Whether a tree has more than `limit` values, or more levels than anything can print: values that hold each other may
/// be far larger than what is written.
pub(crate) fn is_too_large(node: &Node, limit: usize) -> bool {
    count(node, limit, LEVELS) > limit
}

/// How many values there are in a tree, itself included; stops counting soon after `limit`. More than `levels` levels
/// count as too many values.
fn count(node: &Node, limit: usize, levels: usize) -> usize {
    if levels == 0 {
        return limit + 1;
    }
    let mut sum = 1;
    let mut add = |child: &Node| {
        if sum <= limit {
            sum += count(child, limit - sum, levels - 1);
        }
    };
    match &node.value {
        Value::Map(map) => map.values().for_each(&mut add),
        Value::List(list) => list.iter().for_each(&mut add),
        Value::Function(function) => add(&function.argument),
        _ => {}
    }
    sum
}

/// The same values without their places: which of many equal contexts was met first must not show.
fn without_places(node: &Node) -> Node {
    let value = match &node.value {
        Value::Map(map) => {
            Value::Map(Arc::new(map.iter().map(|(key, item)| (key.clone(), without_places(item))).collect()))
        }
        Value::List(list) => Value::List(Arc::new(list.iter().map(without_places).collect())),
        Value::Function(function) => Value::Function(Arc::new(Function {
            tag: function.tag.clone(),
            argument: without_places(&function.argument),
        })),
        other => other.clone(),
    };
    // What is data stays data.
    Node::new(value, node.span.without_place())
}

/// Whether the same parts of two equal values are data.
fn is_alike(one: &Node, other: &Node) -> bool {
    (one.span.is_data(), one.span.has_data_key()) == (other.span.is_data(), other.span.has_data_key())
        && match (&one.value, &other.value) {
            (Value::List(one), Value::List(other)) => {
                one.iter().zip(other.iter()).all(|(one, other)| is_alike(one, other))
            }
            (Value::Map(one), Value::Map(other)) => {
                one.iter().all(|(key, item)| other.get(key).is_some_and(|other| is_alike(item, other)))
            }
            (Value::Function(one), Value::Function(other)) => is_alike(&one.argument, &other.argument),
            _ => true,
        }
}

/// A number that equal values have in common, whatever the order of their keys.
fn fingerprint(node: &Node) -> u64 {
    let mut hasher = DefaultHasher::new();
    std::mem::discriminant(&node.value).hash(&mut hasher);
    match &node.value {
        Value::Null => {}
        Value::Bool(flag) => flag.hash(&mut hasher),
        Value::Int(number) => number.hash(&mut hasher),
        Value::UInt(number) => number.hash(&mut hasher),
        // Zeros of both signs are equal.
        Value::Float(number) => (if *number == 0.0 { 0.0 } else { *number }).to_bits().hash(&mut hasher),
        Value::String(text) => text.hash(&mut hasher),
        Value::List(list) => list.iter().for_each(|item| fingerprint(item).hash(&mut hasher)),
        Value::Map(map) => {
            let entry = |(key, item): (&Arc<str>, &Node)| {
                let mut entry = DefaultHasher::new();
                key.hash(&mut entry);
                fingerprint(item).hash(&mut entry);
                entry.finish()
            };
            map.iter().map(entry).fold(0_u64, u64::wrapping_add).hash(&mut hasher);
        }
        Value::Function(function) => {
            function.tag.hash(&mut hasher);
            fingerprint(&function.argument).hash(&mut hasher);
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Node {
        crate::value::from_json(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn equal_values_have_one_number_whatever_the_order_of_keys() {
        let pool = Pool::default();
        let first = pool.number(&node(r#"{"a": 1, "b": [1, {"c": null}]}"#));
        assert_eq!(first, pool.number(&node(r#"{"b": [1, {"c": null}], "a": 1}"#)));
        assert_ne!(first, pool.number(&node(r#"{"a": 2, "b": [1, {"c": null}]}"#)));
        assert_eq!(pool.get(first.unwrap()), node(r#"{"a": 1, "b": [1, {"c": null}]}"#));
        assert_eq!(pool.get(0), Node::empty_map());
    }

    #[test]
    fn shared_values_count_every_time() {
        let mut tree = node(r#"["x"]"#);
        for _ in 0..40 {
            tree = Node::from(vec![tree.clone(), tree]);
        }
        assert_eq!(Pool::default().number(&tree), None);
        let small = node(r#"{"a": [1, 2]}"#);
        assert!(!is_too_large(&small, 4) && is_too_large(&small, 3));
        let deep = (0..LEVELS).fold(Node::default(), |inner, _| Node::from(vec![inner]));
        assert!(is_too_large(&deep, SIZE));
    }
}
