//! The working copy of a document: an arena of entries that open as far as an expression looks into them.
//!
//! An entry that nothing has changed still stands for its [`Node`]; it costs nothing to copy and comes out as it was.

use std::sync::Arc;

use super::error::{Fault, Outcome};
pub(super) use super::tag::{Tag, is_true};
use crate::span::Span;
use crate::value::{Node, Value, map_with_capacity};

/// Number of an entry in its arena.
pub(super) type Id = usize;

/// Levels that data may have.
const DEPTH_LIMIT: usize = 200;

/// Bounds of one evaluation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Values made beside those of the document.
    pub(super) values: usize,
    /// Bytes of text made.
    pub(super) bytes: usize,
    /// Steps beside those that the values of the document allow.
    pub(super) steps: usize,
}

/// Steps that each value of the document allows beside the bound: looking at all of a large document is no endless expression.
const STEPS_PER_VALUE: usize = 64;

/// Values of the document that are opened at most, about 2 GB.
const GIVEN_LIMIT: usize = 12_000_000;

impl Default for Limits {
    fn default() -> Limits {
        Limits { values: 1_500_000, bytes: 64 * 1024 * 1024, steps: 4_000_000 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar,
    List,
    Map,
}

/// Where an entry stands in its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Nowhere,
    /// The key entry of a map.
    Key(Id),
    Index(usize),
}

/// One value of the working copy.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) tag: Tag,
    /// Text of a scalar.
    pub(super) text: Arc<str>,
    /// Items of a list, keys and values in turn of a map; meaningless while the entry is closed.
    children: Vec<Id>,
    open: bool,
    pub(super) parent: Option<Id>,
    pub(super) place: Place,
    pub(super) is_key: bool,
    /// Part of the document as it was given, which no bound applies to.
    given: bool,
    pub(super) span: Span,
    /// What the entry stands for while nothing changed it.
    origin: Option<Node>,
    /// Read from text without a final line break, so written back without one.
    pub(super) from_line: bool,
}

/// The arena with the bounds of one evaluation.
#[derive(Debug)]
pub(super) struct Tree {
    limits: Limits,
    entries: Vec<Entry>,
    made: usize,
    given: usize,
    bytes: usize,
    steps: usize,
}

impl Tree {
    pub(super) fn new(limits: Limits) -> Tree {
        Tree { limits, entries: Vec::new(), made: 0, given: 0, bytes: 0, steps: 0 }
    }

    pub(super) fn get(&self, id: Id) -> &Entry {
        &self.entries[id]
    }

    /// The entry, which from now on stands for itself only.
    pub(super) fn change(&mut self, id: Id) -> Outcome<&mut Entry> {
        self.open(id)?;
        let entry = &mut self.entries[id];
        entry.origin = None;
        Ok(entry)
    }

    pub(super) fn kind(&self, id: Id) -> Kind {
        self.entries[id].kind
    }

    pub(super) fn tag(&self, id: Id) -> &Tag {
        &self.entries[id].tag
    }

    pub(super) fn text(&self, id: Id) -> Arc<str> {
        self.entries[id].text.clone()
    }

    pub(super) fn is_null(&self, id: Id) -> bool {
        self.entries[id].tag == Tag::Null
    }

    /// Counts work against the bound.
    pub(super) fn charge(&mut self, steps: usize) -> Outcome<()> {
        self.steps = self.steps.saturating_add(steps);
        let allowed = self.limits.steps.saturating_add(self.given * STEPS_PER_VALUE);
        if self.steps > allowed {
            return Err(Fault::limit(format!("gave up after {allowed} steps")));
        }
        Ok(())
    }

    fn push(&mut self, entry: Entry) -> Outcome<Id> {
        self.charge(1)?;
        if entry.given {
            self.given += 1;
            if self.given > GIVEN_LIMIT {
                return Err(Fault::limit(format!("looked at more than {GIVEN_LIMIT} values of the document")));
            }
        } else {
            self.made += 1;
        }
        if self.made > self.limits.values {
            return Err(Fault::limit(format!("made more than {} values", self.limits.values)));
        }
        self.entries.push(entry);
        Ok(self.entries.len() - 1)
    }

    /// Counts text that an operator makes.
    pub(super) fn charge_text(&mut self, length: usize) -> Outcome<()> {
        self.bytes = self.bytes.saturating_add(length);
        if self.bytes > self.limits.bytes {
            return Err(Fault::limit(format!("made more than {} bytes of text", self.limits.bytes)));
        }
        Ok(())
    }

    /// An entry for a node, closed.
    pub(super) fn add(&mut self, node: &Node) -> Outcome<Id> {
        self.add_as(node, false)
    }

    /// The document.
    pub(super) fn add_document(&mut self, node: &Node) -> Outcome<Id> {
        self.add_as(node, true)
    }

    fn add_as(&mut self, node: &Node, given: bool) -> Outcome<Id> {
        let (kind, tag, text) = match &node.value {
            Value::Null => (Kind::Scalar, Tag::Null, Arc::from("null")),
            Value::Bool(flag) => (Kind::Scalar, Tag::Bool, Arc::from(if *flag { "true" } else { "false" })),
            Value::Int(number) => (Kind::Scalar, Tag::Int, Arc::from(number.to_string())),
            Value::UInt(number) => (Kind::Scalar, Tag::Int, Arc::from(number.to_string())),
            Value::Float(number) => float_text(*number),
            Value::String(text) => (Kind::Scalar, Tag::Str, text.clone()),
            Value::List(_) => (Kind::List, Tag::List, Arc::from("")),
            Value::Map(_) => (Kind::Map, Tag::Map, Arc::from("")),
            Value::Function(function) => {
                let text = function.argument.scalar_text().unwrap_or_default();
                (Kind::Scalar, Tag::Custom(function.tag.clone()), Arc::from(text))
            }
        };
        let mut entry = blank(kind, tag, text);
        entry.span = node.span;
        entry.open = kind == Kind::Scalar;
        entry.origin = Some(node.clone());
        entry.given = given;
        self.push(entry)
    }

    pub(super) fn scalar(&mut self, tag: Tag, text: impl Into<Arc<str>>) -> Outcome<Id> {
        self.push(blank(Kind::Scalar, tag, text.into()))
    }

    /// A scalar whose text was made just now.
    pub(super) fn made(&mut self, tag: Tag, text: String) -> Outcome<Id> {
        self.charge_text(text.len())?;
        self.scalar(tag, text)
    }

    pub(super) fn container(&mut self, kind: Kind) -> Outcome<Id> {
        let tag = if kind == Kind::Map { Tag::Map } else { Tag::List };
        self.push(blank(kind, tag, Arc::from("")))
    }

    /// Children of a container: items, or keys and values in turn. None for a scalar.
    pub(super) fn children(&mut self, id: Id) -> Outcome<Vec<Id>> {
        self.open(id)?;
        let children = self.entries[id].children.clone();
        self.charge(children.len())?;
        Ok(children)
    }

    /// Number of items, or of keys and values together, without opening anything.
    pub(super) fn count(&self, id: Id) -> usize {
        let entry = &self.entries[id];
        match (&entry.origin, entry.open) {
            (Some(Node { value: Value::List(list), .. }), false) => list.len(),
            (Some(Node { value: Value::Map(map), .. }), false) => map.len() * 2,
            _ => entry.children.len(),
        }
    }

    /// Sets the children, whose parents stay as they are.
    pub(super) fn set_children(&mut self, id: Id, children: Vec<Id>) -> Outcome<()> {
        self.change(id)?.children = children;
        Ok(())
    }

    /// Makes entries for the children of a closed container.
    fn open(&mut self, id: Id) -> Outcome<()> {
        if self.entries[id].open {
            return Ok(());
        }
        let (origin, given) = (self.entries[id].origin.clone(), self.entries[id].given);
        let mut children = Vec::new();
        match origin.map(|node| node.value) {
            Some(Value::List(list)) => {
                for (index, node) in list.iter().enumerate() {
                    let child = self.add_as(node, given)?;
                    let entry = &mut self.entries[child];
                    (entry.parent, entry.place) = (Some(id), Place::Index(index));
                    children.push(child);
                }
            }
            Some(Value::Map(map)) => {
                for (name, node) in map.iter() {
                    let key = self.add_as(&Node::from(Value::String(name.clone())), given)?;
                    let entry = &mut self.entries[key];
                    (entry.parent, entry.is_key) = (Some(id), true);
                    let child = self.add_as(node, given)?;
                    let entry = &mut self.entries[child];
                    (entry.parent, entry.place) = (Some(id), Place::Key(key));
                    children.extend([key, child]);
                }
            }
            _ => {}
        }
        let entry = &mut self.entries[id];
        entry.children = children;
        entry.open = true;
        Ok(())
    }

    /// The node that the entry stands for, if nothing in it has changed.
    fn untouched(&self, id: Id) -> Option<&Node> {
        let entry = &self.entries[id];
        let origin = entry.origin.as_ref()?;
        // The depth of a document is bounded by its reader, so this recursion is.
        (!entry.open || entry.children.iter().all(|child| self.untouched(*child).is_some())).then_some(origin)
    }

    /// A copy with the same parent and key.
    pub(super) fn copy(&mut self, id: Id) -> Outcome<Id> {
        self.copy_at(id, 0)
    }

    fn copy_at(&mut self, id: Id, depth: usize) -> Outcome<Id> {
        check_depth(depth)?;
        let copy = self.shell(id)?;
        if let Some(origin) = self.untouched(id).cloned() {
            let entry = &mut self.entries[copy];
            entry.open = entry.kind == Kind::Scalar;
            entry.origin = Some(origin);
            return Ok(copy);
        }
        for (index, child) in self.children(id)?.into_iter().enumerate() {
            let child_copy = self.copy_at(child, depth + 1)?;
            self.hang(copy, child_copy, index);
        }
        Ok(copy)
    }

    /// A copy without content.
    pub(super) fn shell(&mut self, id: Id) -> Outcome<Id> {
        let source = &self.entries[id];
        let mut entry = blank(source.kind, source.tag.clone(), source.text.clone());
        (entry.parent, entry.place, entry.is_key) = (source.parent, source.place, source.is_key);
        (entry.span, entry.from_line) = (source.span, source.from_line);
        self.push(entry)
    }

    /// Puts a fresh copy at the end of a container; `index` counts the children so far.
    fn hang(&mut self, parent: Id, child: Id, index: usize) {
        let Entry { kind, children, .. } = &mut self.entries[parent];
        let is_key = *kind == Kind::Map && index.is_multiple_of(2);
        let place = match (*kind, children.last()) {
            (Kind::Map, Some(key)) if !is_key => Place::Key(*key),
            (Kind::Map, _) => Place::Nowhere,
            _ => Place::Index(index),
        };
        children.push(child);
        let entry = &mut self.entries[child];
        (entry.parent, entry.place, entry.is_key) = (Some(parent), place, is_key);
    }

    /// Appends a copy to a list.
    pub(super) fn append(&mut self, list: Id, item: Id) -> Outcome<()> {
        let copy = self.copy(item)?;
        let index = self.change(list)?.children.len();
        let entry = &mut self.entries[copy];
        (entry.parent, entry.place, entry.is_key) = (Some(list), Place::Index(index), false);
        self.entries[list].children.push(copy);
        Ok(())
    }

    /// Appends copies of a key and a value to a map; gives both.
    pub(super) fn insert(&mut self, map: Id, key: Id, value: Id) -> Outcome<(Id, Id)> {
        let (key, value) = (self.copy(key)?, self.copy(value)?);
        self.change(map)?;
        let entry = &mut self.entries[key];
        (entry.parent, entry.is_key) = (Some(map), true);
        let entry = &mut self.entries[value];
        (entry.parent, entry.is_key, entry.place) = (Some(map), false, Place::Key(key));
        self.entries[map].children.extend([key, value]);
        Ok((key, value))
    }

    /// Appends copies of children, which are items or keys and values in turn.
    pub(super) fn extend(&mut self, container: Id, children: &[Id]) -> Outcome<()> {
        if self.kind(container) == Kind::Map {
            for pair in children.chunks_exact(2) {
                self.insert(container, pair[0], pair[1])?;
            }
        } else {
            for child in children {
                self.append(container, *child)?;
            }
        }
        Ok(())
    }

    /// Entries whose place is that of `owner`.
    pub(super) fn placed(&mut self, owner: Id, id: Id) -> Id {
        let source = &self.entries[owner];
        let (parent, place) = (source.parent, if source.is_key { Place::Key(owner) } else { source.place });
        let entry = &mut self.entries[id];
        (entry.parent, entry.place) = (parent, place);
        id
    }

    /// A scalar in the place of `owner`.
    pub(super) fn replacement(&mut self, owner: Id, tag: Tag, text: impl Into<Arc<str>>) -> Outcome<Id> {
        let id = self.scalar(tag, text)?;
        Ok(self.placed(owner, id))
    }

    /// [`Tree::replacement`] with text that was made just now.
    pub(super) fn made_for(&mut self, owner: Id, tag: Tag, text: String) -> Outcome<Id> {
        let id = self.made(tag, text)?;
        Ok(self.placed(owner, id))
    }

    /// An empty container in the place of `owner`.
    pub(super) fn container_for(&mut self, owner: Id, kind: Kind) -> Outcome<Id> {
        let id = self.container(kind)?;
        Ok(self.placed(owner, id))
    }

    pub(super) fn boolean(&mut self, owner: Option<Id>, flag: bool) -> Outcome<Id> {
        let id = self.scalar(Tag::Bool, if flag { "true" } else { "false" })?;
        Ok(owner.map_or(id, |owner| self.placed(owner, id)))
    }

    pub(super) fn detach(&mut self, id: Id) {
        let entry = &mut self.entries[id];
        (entry.parent, entry.place) = (None, Place::Nowhere);
    }

    pub(super) fn set_parent(&mut self, id: Id, parent: Option<Id>) {
        self.entries[id].parent = parent;
    }

    pub(super) fn set_place(&mut self, id: Id, place: Place) {
        self.entries[id].place = place;
    }

    pub(super) fn mark_from_line(&mut self, id: Id, from_line: bool) {
        self.entries[id].from_line = from_line;
    }

    /// The node of an entry.
    pub(super) fn node(&mut self, id: Id) -> Outcome<Node> {
        self.node_at(id, 0)
    }

    fn node_at(&mut self, id: Id, depth: usize) -> Outcome<Node> {
        check_depth(depth)?;
        if let Some(node) = self.untouched(id) {
            return Ok(node.clone());
        }
        let span = self.entries[id].span;
        let value = match self.entries[id].kind {
            Kind::Scalar => self.scalar_value(id),
            Kind::List => {
                let children = self.children(id)?;
                let list: Vec<Node> =
                    children.into_iter().map(|child| self.node_at(child, depth + 1)).collect::<Outcome<_>>()?;
                Value::List(Arc::new(list))
            }
            Kind::Map => {
                let children = self.children(id)?;
                let mut map = map_with_capacity(children.len() / 2);
                for pair in children.chunks_exact(2) {
                    map.insert(self.text(pair[0]), self.node_at(pair[1], depth + 1)?);
                }
                Value::Map(Arc::new(map))
            }
        };
        Ok(Node::new(value, span))
    }

    fn scalar_value(&self, id: Id) -> Value {
        let Entry { tag, text, .. } = &self.entries[id];
        let as_text = || Value::String(text.clone());
        match tag {
            Tag::Null => Value::Null,
            Tag::Bool => Value::Bool(is_true(text)),
            Tag::Int => match super::number::integer(text) {
                Some((_, number)) => Value::Int(number),
                None => text.parse().map_or_else(|_| as_text(), Value::UInt),
            },
            Tag::Float => super::number::float(text).map_or_else(as_text, Value::Float),
            // A function comes out only as the untouched node that it came in as: no text can become one.
            Tag::Str | Tag::List | Tag::Map | Tag::Unknown | Tag::Custom(_) => as_text(),
        }
    }
}

/// Refuses data that is nested deeper than recursion should go.
pub(super) fn check_depth(depth: usize) -> Outcome<()> {
    if depth > DEPTH_LIMIT {
        return Err(Fault::limit(format!("data with more than {DEPTH_LIMIT} levels")));
    }
    Ok(())
}

/// A float that is a whole number is written without a point and so counts as an integer, as in YAML text.
fn float_text(number: f64) -> (Kind, Tag, Arc<str>) {
    let text = crate::value::format_float(number);
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let whole = digits.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<i64>().is_ok();
    (Kind::Scalar, if whole { Tag::Int } else { Tag::Float }, Arc::from(text))
}

fn blank(kind: Kind, tag: Tag, text: Arc<str>) -> Entry {
    Entry {
        kind,
        tag,
        text,
        children: Vec::new(),
        open: true,
        parent: None,
        place: Place::Nowhere,
        is_key: false,
        given: false,
        span: Span::default(),
        origin: None,
        from_line: false,
    }
}
