//! Lists at run time: those of the data, shared, and those that functions make.

use std::sync::Arc;

use super::value::Val;
use crate::value::Node;

/// Element type of a list or map, where it is not "anything". It shows in `%T`, in type errors and in the zero value
/// of a missing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Elem {
    #[default]
    Any,
    String,
    Int,
    Int64,
    Float,
    Bool,
    Byte,
    /// `map[string]interface {}`.
    Dict,
}

impl Elem {
    pub(super) fn list_name(self) -> &'static str {
        match self {
            Elem::Any => "[]interface {}",
            Elem::String => "[]string",
            Elem::Int => "[]int",
            Elem::Int64 => "[]int64",
            Elem::Float => "[]float64",
            Elem::Bool => "[]bool",
            Elem::Byte => "[]uint8",
            Elem::Dict => "[]map[string]interface {}",
        }
    }

    pub(super) fn dict_name(self) -> &'static str {
        match self {
            Elem::Any => "map[string]interface {}",
            Elem::String => "map[string]string",
            Elem::Int => "map[string]int",
            Elem::Int64 => "map[string]int64",
            Elem::Float => "map[string]float64",
            Elem::Bool => "map[string]bool",
            Elem::Byte => "map[string]uint8",
            Elem::Dict => "map[string]map[string]interface {}",
        }
    }

    /// The zero value of the type.
    pub(super) fn zero(self) -> Val {
        match self {
            Elem::Any => Val::Nil,
            Elem::String => Val::text(""),
            Elem::Int => Val::Int(0),
            Elem::Int64 => Val::Int64(0),
            Elem::Float => Val::Float(0.0),
            Elem::Bool => Val::Bool(false),
            Elem::Byte => Val::Byte(0),
            Elem::Dict => Val::Dict(super::dict::Dict::default()),
        }
    }
}

/// A list. Cloning shares it; a list never changes.
#[derive(Clone)]
pub struct List(Kind);

#[derive(Clone)]
enum Kind {
    /// A list of the data.
    Nodes(Arc<Vec<Node>>),
    Made(Arc<Made>),
}

struct Made {
    elem: Elem,
    items: Vec<Val>,
    /// Go's nil slice: empty, and null as data.
    nil: bool,
}

impl Drop for Made {
    fn drop(&mut self) {
        super::value::release(std::mem::take(&mut self.items));
    }
}

/// Never the items: a list can hold a map that holds the list.
impl std::fmt::Debug for List {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "List({})", self.len())
    }
}

impl List {
    pub fn new(items: Vec<Val>) -> List {
        List::typed(Elem::Any, items)
    }

    /// A list whose Go type is not `[]interface {}`. The items must be of that type.
    pub fn typed(elem: Elem, items: Vec<Val>) -> List {
        List(Kind::Made(Arc::new(Made { elem, items, nil: false })))
    }

    /// Go's nil slice: it prints as an empty list, and is null as data.
    pub fn nil(elem: Elem) -> List {
        List(Kind::Made(Arc::new(Made { elem, items: Vec::new(), nil: true })))
    }

    pub fn is_nil(&self) -> bool {
        matches!(&self.0, Kind::Made(made) if made.nil)
    }

    /// Go's `[]string`.
    pub fn strings<T: Into<Arc<str>>>(items: impl IntoIterator<Item = T>) -> List {
        List::typed(Elem::String, items.into_iter().map(|text| Val::String(text.into())).collect())
    }

    pub fn elem(&self) -> Elem {
        match &self.0 {
            Kind::Nodes(_) => Elem::Any,
            Kind::Made(made) => made.elem,
        }
    }

    pub fn len(&self) -> usize {
        match &self.0 {
            Kind::Nodes(nodes) => nodes.len(),
            Kind::Made(made) => made.items.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, index: usize) -> Option<Val> {
        match &self.0 {
            Kind::Nodes(nodes) => nodes.get(index).map(Val::from),
            Kind::Made(made) => made.items.get(index).cloned(),
        }
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Val> + ExactSizeIterator + '_ {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }

    pub fn to_vec(&self) -> Vec<Val> {
        self.iter().collect()
    }

    /// The list of the data that this is, if it is one.
    pub fn as_nodes(&self) -> Option<&Arc<Vec<Node>>> {
        match &self.0 {
            Kind::Nodes(nodes) => Some(nodes),
            Kind::Made(_) => None,
        }
    }

    /// The items of a list that nobody else holds.
    pub(super) fn into_items(self) -> Option<Vec<Val>> {
        match self.0 {
            Kind::Nodes(_) => None,
            Kind::Made(made) => Arc::into_inner(made).map(|mut made| std::mem::take(&mut made.items)),
        }
    }

    /// A part of the list, of the same type. The range must lie inside.
    pub fn part(&self, range: std::ops::Range<usize>) -> List {
        match &self.0 {
            Kind::Nodes(nodes) => List::from(Arc::new(nodes[range].to_vec())),
            Kind::Made(made) => List::typed(made.elem, made.items[range].to_vec()),
        }
    }
}

impl From<Arc<Vec<Node>>> for List {
    fn from(nodes: Arc<Vec<Node>>) -> List {
        List(Kind::Nodes(nodes))
    }
}

impl FromIterator<Val> for List {
    fn from_iter<I: IntoIterator<Item = Val>>(items: I) -> List {
        List::new(items.into_iter().collect())
    }
}
