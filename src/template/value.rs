//! The values that a template works with while it runs.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use super::dict::Dict;
use super::function::{Function, Namespace};
use super::list::List;
use super::problem::Problem;
use crate::value::{Node, Value, function_text};

/// Deepest nesting that printing, comparing and converting follow; what lies deeper is an error, never a crash.
pub const MAX_NESTING: usize = 500;

/// A run-time value. Cheap to clone: containers and strings are shared.
#[derive(Debug, Clone, Default)]
pub enum Val {
    /// No value at all: a missing key, the result of an empty pipeline. Prints `<no value>`. Functions never get it
    /// (they get [`Val::Nil`]) unless their parameter is [`Param::Raw`](super::function::Param::Raw).
    #[default]
    Missing,
    /// An empty interface: null in the data, the constant `nil`. Prints `<nil>` inside containers.
    Nil,
    Bool(bool),
    /// Go's `int`: number constants, integers of YAML data, lengths.
    Int(i64),
    /// Go's `int64`: what arithmetic functions give.
    Int64(i64),
    /// Go's `uint64`: integers of YAML data above `i64::MAX`.
    UInt(u64),
    /// Go's `uint8`: a byte taken from a string.
    Byte(u8),
    Float(f64),
    String(Arc<str>),
    List(List),
    Dict(Dict),
    /// The functions behind `strings.`, `atmos.` and the like.
    Namespace(&'static Namespace),
    /// Anything else that functions hand around: times, durations, versions.
    Object(Arc<dyn Object>),
}

/// A value of a type that only some functions know.
pub trait Object: Debug + Send + Sync {
    /// Name of the Go type, for `%T` and error messages: `time.Duration`.
    fn type_name(&self) -> &'static str;
    /// What `%v` prints.
    fn text(&self) -> String;
    /// A method or field. The object is passed as the first argument, before those that [`Function::params`] describes.
    fn method(&self, name: &str) -> Option<&'static Function>;
    /// Equality for `eq`; only asked when both have one type name.
    fn same(&self, other: &dyn Object) -> bool;
    /// The value as data, for `toJson` and the like.
    fn to_node(&self) -> Node {
        Node::from(self.text())
    }
    fn as_any(&self) -> &dyn Any;
}

impl Val {
    pub fn text(text: impl Into<Arc<str>>) -> Val {
        Val::String(text.into())
    }

    pub fn object(object: impl Object + 'static) -> Val {
        Val::Object(Arc::new(object))
    }

    /// Missing or nil.
    pub fn is_nil(&self) -> bool {
        matches!(self, Val::Missing | Val::Nil)
    }

    /// Truth as `if` sees it: not the zero or empty value of its type.
    pub fn truth(&self) -> bool {
        match self {
            Val::Missing | Val::Nil => false,
            Val::Bool(flag) => *flag,
            Val::Int(number) | Val::Int64(number) => *number != 0,
            Val::UInt(number) => *number != 0,
            Val::Byte(number) => *number != 0,
            Val::Float(number) => *number != 0.0,
            Val::String(text) => !text.is_empty(),
            Val::List(list) => !list.is_empty(),
            Val::Dict(dict) => !dict.is_empty(),
            Val::Namespace(_) | Val::Object(_) => true,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Val::String(text) => Some(text),
            _ => None,
        }
    }

    /// Any of the integer types, where it fits.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Val::Int(number) | Val::Int64(number) => Some(*number),
            Val::UInt(number) => i64::try_from(*number).ok(),
            Val::Byte(number) => Some(i64::from(*number)),
            _ => None,
        }
    }

    pub fn as_list(&self) -> Option<&List> {
        match self {
            Val::List(list) => Some(list),
            _ => None,
        }
    }

    pub fn as_dict(&self) -> Option<&Dict> {
        match self {
            Val::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    /// The object inside, when it is of this Rust type.
    pub fn as_object<T: 'static>(&self) -> Option<&T> {
        match self {
            Val::Object(object) => object.as_any().downcast_ref(),
            _ => None,
        }
    }

    /// Name of the Go type: `string`, `[]interface {}`, `map[string]interface {}`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Val::Missing | Val::Nil => "<nil>",
            Val::Bool(_) => "bool",
            Val::Int(_) => "int",
            Val::Int64(_) => "int64",
            Val::UInt(_) => "uint64",
            Val::Byte(_) => "uint8",
            Val::Float(_) => "float64",
            Val::String(_) => "string",
            Val::List(list) => list.elem().list_name(),
            Val::Dict(dict) => dict.elem().dict_name(),
            Val::Namespace(namespace) => namespace.type_name,
            Val::Object(object) => object.type_name(),
        }
    }

    /// The value as data. Objects become what they say they are; a namespace is no data.
    ///
    /// # Errors
    /// Nesting deeper than [`MAX_NESTING`] (a dict can be put into itself), and namespaces.
    pub fn to_node(&self) -> Result<Node, Problem> {
        self.to_node_at(0)
    }

    fn to_node_at(&self, depth: usize) -> Result<Node, Problem> {
        if depth > MAX_NESTING {
            return Err(Problem::too_deep());
        }
        Ok(match self {
            Val::Missing | Val::Nil => Node::default(),
            Val::Bool(flag) => Node::from(*flag),
            Val::Int(number) | Val::Int64(number) => Node::from(*number),
            Val::UInt(number) => i64::try_from(*number).map_or_else(|_| Node::from(Value::UInt(*number)), Node::from),
            Val::Byte(number) => Node::from(i64::from(*number)),
            Val::Float(number) => Node::from(Value::Float(*number)),
            Val::String(text) => Node::from(Value::String(text.clone())),
            Val::List(list) if list.is_nil() => Node::default(),
            Val::List(list) => {
                if let Some(nodes) = list.as_nodes() {
                    return Ok(Node::from(Value::List(nodes.clone())));
                }
                Node::from(list.iter().map(|item| item.to_node_at(depth + 1)).collect::<Result<Vec<_>, _>>()?)
            }
            Val::Dict(dict) => {
                if let Some(nodes) = dict.as_nodes() {
                    return Ok(Node::from(Value::Map(nodes.clone())));
                }
                let mut map = crate::value::Map::default();
                for (key, item) in dict.entries() {
                    map.insert(key, item.to_node_at(depth + 1)?);
                }
                Node::from(map)
            }
            Val::Object(object) => object.to_node(),
            Val::Namespace(namespace) => {
                return Err(Problem::new(format!("the namespace {} is not a value", namespace.name)));
            }
        })
    }
}

/// Frees values one level after the other: a chain of maps that a loop built is deeper than the stack.
pub(super) fn release(mut vals: Vec<Val>) {
    while let Some(val) = vals.pop() {
        match val {
            Val::List(list) => vals.extend(list.into_items().unwrap_or_default()),
            Val::Dict(dict) => vals.extend(dict.into_values().unwrap_or_default()),
            _ => {}
        }
    }
}

impl From<&Node> for Val {
    /// A YAML function that is not evaluated yet is the text in which it was written; a literal is what it holds.
    fn from(node: &Node) -> Val {
        match &node.value {
            Value::Null => Val::Nil,
            Value::Bool(flag) => Val::Bool(*flag),
            Value::Int(number) => Val::Int(*number),
            Value::UInt(number) => Val::UInt(*number),
            Value::Float(number) => Val::Float(*number),
            Value::String(text) => Val::String(text.clone()),
            Value::List(list) => Val::List(List::from(list.clone())),
            Value::Map(map) => Val::Dict(Dict::from(map.clone())),
            Value::Function(function) if &*function.tag == "!literal" => Val::from(&function.argument),
            Value::Function(function) => Val::text(function_text(function)),
        }
    }
}

impl From<Node> for Val {
    fn from(node: Node) -> Val {
        Val::from(&node)
    }
}

impl From<&str> for Val {
    fn from(text: &str) -> Val {
        Val::text(text)
    }
}

impl From<String> for Val {
    fn from(text: String) -> Val {
        Val::text(text)
    }
}

impl From<bool> for Val {
    fn from(flag: bool) -> Val {
        Val::Bool(flag)
    }
}

impl From<List> for Val {
    fn from(list: List) -> Val {
        Val::List(list)
    }
}

impl From<Dict> for Val {
    fn from(dict: Dict) -> Val {
        Val::Dict(dict)
    }
}
