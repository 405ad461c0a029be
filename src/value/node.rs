//! Nodes, values and maps.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::span::Span;

/// Ordered map from key to node. Iteration is in insertion order; output sorts. Keys are short and maps are made by the
/// thousand: the hash of the standard library would cost more than all comparisons.
pub type Map = IndexMap<Arc<str>, Node, foldhash::fast::RandomState>;

/// A key that the program itself writes. Descriptions have dozens of them for each component: each thread makes one once.
pub fn fixed_key(key: &'static str) -> Arc<str> {
    type Made = HashMap<(usize, usize), Arc<str>, foldhash::fast::RandomState>;
    thread_local!(static MADE: RefCell<Made> = RefCell::default());
    // The same text may lie in several places, which costs an entry more.
    let place = (key.as_ptr().addr(), key.len());
    MADE.with_borrow_mut(|made| made.entry(place).or_insert_with(|| Arc::from(key)).clone())
}

/// An empty map with room for `capacity` entries.
pub fn map_with_capacity(capacity: usize) -> Map {
    Map::with_capacity_and_hasher(capacity, foldhash::fast::RandomState::default())
}

/// A value and the place where it was written.
#[derive(Debug, Clone, Default)]
pub struct Node {
    pub value: Value,
    pub span: Span,
}

/// Equality ignores places: two manifests that say the same are equal.
impl PartialEq for Node {
    fn eq(&self, other: &Node) -> bool {
        self.value == other.value
    }
}

/// A YAML function as written in a manifest (`!env HOME`): a typed node, never a string, so that nothing that came
/// out of a template, a state or a variable can be run as one.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Tag with its exclamation mark, for example `!env`.
    pub tag: Arc<str>,
    /// What was tagged: a scalar for most functions, a list for `!append`.
    pub argument: Node,
}

/// The data model: JSON plus unsigned 64-bit integers and typed functions.
#[derive(Debug, Clone, Default)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    /// Integers above `i64::MAX` only.
    UInt(u64),
    Float(f64),
    String(Arc<str>),
    List(Arc<Vec<Node>>),
    Map(Arc<Map>),
    Function(Arc<Function>),
}

/// Structural: what is written the same way is equal, `.nan` included, so that a value always equals itself.
impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(left), Value::Bool(right)) => left == right,
            (Value::Int(left), Value::Int(right)) => left == right,
            (Value::UInt(left), Value::UInt(right)) => left == right,
            (Value::Float(left), Value::Float(right)) => left == right || (left.is_nan() && right.is_nan()),
            (Value::String(left), Value::String(right)) => left == right,
            (Value::List(left), Value::List(right)) => Arc::ptr_eq(left, right) || left == right,
            (Value::Map(left), Value::Map(right)) => Arc::ptr_eq(left, right) || left == right,
            (Value::Function(left), Value::Function(right)) => left == right,
            _ => false,
        }
    }
}

impl Value {
    /// Name of the type as error messages give it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Int(_) | Value::UInt(_) => "integer",
            Value::Float(_) => "number",
            Value::String(_) => "string",
            Value::List(_) => "list",
            Value::Map(_) => "map",
            Value::Function(_) => "YAML function",
        }
    }
}

impl Node {
    pub fn new(value: Value, span: Span) -> Node {
        Node { value, span }
    }

    /// An empty map without a place. Components have dozens of them: each thread has one that they share.
    pub fn empty_map() -> Node {
        thread_local!(static EMPTY: Arc<Map> = Arc::default());
        Node::from(Value::Map(EMPTY.with(Arc::clone)))
    }

    /// The same, where everything that has no place has this one.
    #[must_use]
    pub fn placed(mut self, place: Span) -> Node {
        self.put_at(place);
        self
    }

    fn put_at(&mut self, place: Span) {
        self.span = self.span.or_at(place);
        match &mut self.value {
            Value::Map(map) => Arc::make_mut(map).values_mut().for_each(|item| item.put_at(place)),
            Value::List(list) => Arc::make_mut(list).iter_mut().for_each(|item| item.put_at(place)),
            Value::Function(function) => Arc::make_mut(function).argument.put_at(place),
            _ => {}
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(flag) => Some(flag),
            _ => None,
        }
    }

    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// Null, or a string, list or map without content.
    pub fn is_empty(&self) -> bool {
        match &self.value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::List(list) => list.is_empty(),
            Value::Map(map) => map.is_empty(),
            _ => false,
        }
    }

    /// Entry of a map; `None` for other types.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map().and_then(|map| map.get(key))
    }

    /// Entry behind a chain of keys.
    pub fn get_path<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> Option<&Node> {
        keys.into_iter().try_fold(self, |node, key| node.get(key))
    }

    /// The same with the keys of every map in bytewise order.
    #[must_use]
    pub fn sorted(&self) -> Node {
        let value = match &self.value {
            Value::Map(map) => {
                let mut entries: Vec<(Arc<str>, Node)> =
                    map.iter().map(|(key, node)| (key.clone(), node.sorted())).collect();
                entries.sort_by(|left, right| left.0.cmp(&right.0));
                Value::Map(Arc::new(entries.into_iter().collect()))
            }
            Value::List(list) => Value::List(Arc::new(list.iter().map(Node::sorted).collect())),
            other => other.clone(),
        };
        Node::new(value, self.span)
    }

    /// The map inside, copied only if shared. Turns any other value into an empty map first.
    pub fn make_map(&mut self) -> &mut Map {
        if !matches!(self.value, Value::Map(_)) {
            self.value = Value::Map(Arc::default());
        }
        match &mut self.value {
            Value::Map(map) => Arc::make_mut(map),
            _ => unreachable!("the value was made a map above"),
        }
    }

    /// A scalar as plain text the way environment variables and name patterns take it (`5`, `true`, `1.5`); `None` for
    /// null, containers and functions.
    pub fn scalar_text(&self) -> Option<String> {
        match &self.value {
            Value::Bool(flag) => Some(flag.to_string()),
            Value::Int(number) => Some(number.to_string()),
            Value::UInt(number) => Some(number.to_string()),
            Value::Float(number) => Some(format_float(*number)),
            Value::String(text) => Some(text.to_string()),
            Value::Null | Value::List(_) | Value::Map(_) | Value::Function(_) => None,
        }
    }
}

/// Shortest text of a float as the reference prints it outside of JSON: with an exponent from a million on and below a
/// ten-thousandth; `1.0` is `1`.
pub fn format_float(number: f64) -> String {
    float_text(number, |exponent| (-4..6).contains(&exponent), 2)
}

/// The same in JSON: as far as 21 digits go without an exponent.
pub fn format_json_float(number: f64) -> String {
    float_text(number, |exponent| (-6..21).contains(&exponent), 1)
}

/// `is_plain` says of which exponents there is none in the text; others have at least `digits` digits, and a sign.
fn float_text(number: f64, is_plain: impl Fn(i32) -> bool, digits: usize) -> String {
    if number.is_nan() {
        return ".nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    if number == 0.0 {
        // The reference reads its own `-0` again, as a whole number.
        return "0".to_owned();
    }
    let text = format!("{number:e}");
    let Some((mantissa, power)) = text.split_once('e') else { return text };
    if power.parse().is_ok_and(is_plain) {
        return format!("{number}");
    }
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    format!("{mantissa}e{sign}{power:0>digits$}")
}

impl From<Value> for Node {
    fn from(value: Value) -> Node {
        Node { value, span: Span::default() }
    }
}

impl From<Map> for Node {
    fn from(map: Map) -> Node {
        Node::from(Value::Map(Arc::new(map)))
    }
}

impl From<Vec<Node>> for Node {
    fn from(list: Vec<Node>) -> Node {
        Node::from(Value::List(Arc::new(list)))
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Node {
        Node::from(Value::String(Arc::from(text)))
    }
}

impl From<String> for Node {
    fn from(text: String) -> Node {
        Node::from(Value::String(Arc::from(text)))
    }
}

impl From<bool> for Node {
    fn from(flag: bool) -> Node {
        Node::from(Value::Bool(flag))
    }
}

impl From<i64> for Node {
    fn from(number: i64) -> Node {
        Node::from(Value::Int(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_the_reference_prints_them() {
        for (number, text, json) in [
            (1.0, "1", "1"),
            (-0.0, "0", "0"),
            (-1.5, "-1.5", "-1.5"),
            (1000.0, "1000", "1000"),
            (123_456.5, "123456.5", "123456.5"),
            (1e6, "1e+06", "1000000"),
            (100_000_000.5, "1.000000005e+08", "100000000.5"),
            (1e20, "1e+20", "100000000000000000000"),
            (1e21, "1e+21", "1e+21"),
            (0.0001, "0.0001", "0.0001"),
            (0.000_01, "1e-05", "0.00001"),
            (0.000_001, "1e-06", "0.000001"),
            (1e-7, "1e-07", "1e-7"),
            (1.5e300, "1.5e+300", "1.5e+300"),
            (1e-12, "1e-12", "1e-12"),
        ] {
            assert_eq!((format_float(number).as_str(), format_json_float(number).as_str()), (text, json));
        }
    }

    #[test]
    fn a_value_equals_itself_even_where_it_is_no_number() {
        let nan = || Node::from(vec![Node::from(Value::Float(f64::NAN))]);
        assert_eq!(nan(), nan());
        assert_ne!(Node::from(Value::Float(f64::NAN)), Node::from(Value::Float(1.0)));
        assert_ne!(Node::from(1), Node::from(Value::Float(1.0)));
    }

    #[test]
    fn a_fixed_key_is_made_once() {
        let (first, other) = (fixed_key("vars"), fixed_key("env"));
        assert_eq!((&*first, &*other), ("vars", "env"));
        assert!(Arc::ptr_eq(&first, &fixed_key("vars")));
        assert_eq!(&*fixed_key(&"vars"[..3]), "var");
    }

    #[test]
    fn make_map_copies_only_shared_maps() {
        let mut first = Node::from(Map::from_iter([(Arc::from("a"), Node::from(1))]));
        let second = first.clone();
        first.make_map().insert(Arc::from("a"), Node::from(2));
        assert_eq!(second.get("a"), Some(&Node::from(1)));
        assert_eq!(first.get("a"), Some(&Node::from(2)));
    }
}
