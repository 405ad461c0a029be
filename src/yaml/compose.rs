//! Composer: parser events to nodes with places.
//!
//! Read [`parse`] first, then `Composer::node`, through which every event passes.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span as Range, StrInput, Tag};

use super::error::Error;
use super::plain::{self, Placed};
use super::skim::Choice;
use super::{requote, scalar, split};
use crate::span::{FileId, Sources, Span};
use crate::value::{Function, Map, Node, Value};

/// Nodes that one document may have after its aliases are expanded.
pub const NODE_BUDGET: usize = 1_000_000;
/// Levels of nesting that one document may have after its aliases are expanded.
const DEPTH_LIMIT: usize = 128;
/// The tag prefix behind `!!`.
const CORE: &str = "tag:yaml.org,2002:";
/// The name that the non-specific tag `!` gets here: everything stays what it is. The reference has a number in `! 12`.
const AS_WRITTEN: &str = "";

/// Bounds of one document.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Nodes after expansion of aliases.
    pub nodes: usize,
    /// Levels of nesting after expansion of aliases.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { nodes: NODE_BUDGET, depth: DEPTH_LIMIT }
    }
}

/// Reads the one document of a file; a file without content is a null node. `cwd` shortens the name that diagnostics
/// show.
///
/// # Errors
/// Every error names `file:line:column`: syntax, duplicate keys, unknown anchors, more than one document, limits.
pub fn parse(sources: &Sources, path: &Path, cwd: &Path, text: Arc<str>) -> Result<Node, Error> {
    parse_with(sources, path, cwd, text, Limits::default())
}

/// [`parse`] for stack manifests: an unquoted date is an empty map there. The reference makes that of it, and a
/// repository that works has such values in its states. With a `delimiter`, unquoted keys are split at it: `a.b: 1` is
/// `a: {b: 1}`.
pub fn parse_manifest(
    sources: &Sources,
    path: &Path,
    cwd: &Path,
    text: Arc<str>,
    delimiter: Option<&str>,
) -> Result<Node, Error> {
    compose(sources, path, cwd, text, Limits::default(), Form { dates: Dates::Empty, delimiter, choice: None })
}

/// [`parse_manifest`] for those who do not want everything: with the same errors, but what `choice` does not want is not
/// kept. Documents with anchors, or with a `delimiter`, are kept as a whole.
pub fn skim_manifest(
    sources: &Sources,
    path: &Path,
    cwd: &Path,
    text: Arc<str>,
    delimiter: Option<&str>,
    choice: &Choice<'_>,
) -> Result<Node, Error> {
    if delimiter.is_none()
        && let Some(events) = plain::events(&text, choice)
    {
        let form = Form { dates: Dates::Empty, delimiter, choice: Some(choice) };
        let file = sources.add(path, cwd, text.clone());
        // Errors are told by those who read all of it.
        if let Ok(node) = read(sources, file, Events::Plain(events.into_iter()), Limits::default(), form) {
            return Ok(node);
        }
    }
    skim_whole(sources, path, cwd, text, delimiter, choice)
}

/// The same by the parser alone.
pub(super) fn skim_whole(
    sources: &Sources,
    path: &Path,
    cwd: &Path,
    text: Arc<str>,
    delimiter: Option<&str>,
    choice: &Choice<'_>,
) -> Result<Node, Error> {
    let choice = Some(choice).filter(|_| delimiter.is_none() && !text.contains('&'));
    compose(sources, path, cwd, text, Limits::default(), Form { dates: Dates::Empty, delimiter, choice })
}

/// [`parse`] with bounds of one's own.
pub fn parse_with(sources: &Sources, path: &Path, cwd: &Path, text: Arc<str>, limits: Limits) -> Result<Node, Error> {
    compose(sources, path, cwd, text, limits, Form { dates: Dates::Text, delimiter: None, choice: None })
}

/// [`parse`] with every scalar and key as the text that is written there, for files in which `0123` may be a name; null is null.
pub fn parse_texts(sources: &Sources, path: &Path, cwd: &Path, text: Arc<str>) -> Result<Node, Error> {
    let form = Form { dates: Dates::AllText, delimiter: None, choice: None };
    compose(sources, path, cwd, text, Limits::default(), form)
}

/// What an unquoted date is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dates {
    Text,
    Empty,
    /// So is every other plain scalar.
    AllText,
}

/// What a document may hold beyond plain YAML.
#[derive(Clone, Copy)]
pub(super) struct Form<'d> {
    dates: Dates,
    /// What unquoted keys are split at.
    delimiter: Option<&'d str>,
    /// What is kept, unless it is everything.
    choice: Option<&'d Choice<'d>>,
}

fn compose(
    sources: &Sources,
    path: &Path,
    cwd: &Path,
    mut text: Arc<str>,
    limits: Limits,
    form: Form<'_>,
) -> Result<Node, Error> {
    let mut result = compose_once(sources, path, cwd, text.clone(), limits, form);
    for _ in 0..requote::LIMIT {
        let Err(Error::Syntax { reason, at, .. }) = &result else { break };
        let Some(mended) = requote::mended(&text, reason, at.offset()) else { break };
        let again = compose_once(sources, path, cwd, mended.clone(), limits, form);
        // What comes before the place is as it was, so that whoever objects there again has not been helped.
        if matches!(&again, Err(Error::Syntax { at: next, .. }) if next.offset() <= at.offset()) {
            break;
        }
        (text, result) = (mended, again);
    }
    result
}

fn compose_once(
    sources: &Sources,
    path: &Path,
    cwd: &Path,
    text: Arc<str>,
    limits: Limits,
    form: Form<'_>,
) -> Result<Node, Error> {
    let kept = text.clone();
    let file = sources.add(path, cwd, text);
    let content = kept.strip_prefix('\u{feff}').unwrap_or(&kept);
    read(sources, file, Events::Parser(Parser::new_from_str(content)), limits, form)
}

/// The document of a text that is known as this file.
fn read<'a>(
    sources: &'a Sources,
    file: FileId,
    events: Events<'a>,
    limits: Limits,
    form: Form<'a>,
) -> Result<Node, Error> {
    let mut composer = Composer {
        events,
        sources,
        file,
        limits,
        form,
        count: 0,
        aliased: false,
        anchors: HashMap::new(),
        open: None,
        path: Vec::new(),
        enclosing: 0,
    };
    composer.document()
}

/// Where the events come from.
enum Events<'a> {
    Parser(Parser<'a, StrInput<'a>>),
    Plain(std::vec::IntoIter<Placed<'a>>),
}

pub(super) struct Composer<'a> {
    events: Events<'a>,
    pub(super) sources: &'a Sources,
    file: FileId,
    limits: Limits,
    form: Form<'a>,
    /// Nodes so far, those behind aliases included.
    pub(super) count: usize,
    /// Whether an alias was met.
    aliased: bool,
    anchors: HashMap<usize, Built>,
    /// Place of the last opening bracket, for documents that end too early.
    pub(super) open: Option<Span>,
    /// The keys that lead to the map that is being read, where somebody chooses.
    path: Vec<Arc<str>>,
    /// How many lists and tagged maps are open. What is in them is wanted or not as a whole: no chain of keys leads there.
    enclosing: usize,
}

/// A finished node with what the limits need to know of it.
#[derive(Clone)]
pub(super) struct Built {
    pub node: Node,
    /// Levels below and including this node.
    pub height: usize,
    /// Nodes below and including this one.
    pub size: usize,
}

/// How an event's tag is to be taken.
enum Tagged {
    No,
    /// `!!str` and its like, without the prefix.
    Core(String),
    /// `!env` and its like, with the exclamation mark.
    Function(Arc<str>),
}

impl<'a> Composer<'a> {
    fn document(&mut self) -> Result<Node, Error> {
        let mut root = None;
        loop {
            let (event, range) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root.unwrap_or_default()),
                Event::StreamStart | Event::DocumentEnd | Event::Nothing => {}
                Event::DocumentStart(_) if root.is_some() => {
                    // A separator at the end loses nothing.
                    let (event, inner) = self.next()?;
                    let content = self.node(event, inner, 1)?.node;
                    if !content.is_null() {
                        return Err(Error::documents(self.sources, self.span(&range)));
                    }
                }
                Event::DocumentStart(_) => {
                    let (event, range) = self.next()?;
                    root = Some(self.node(event, range, 1)?.node);
                }
                _ => return Err(self.syntax(&range, "content outside of a document")),
            }
        }
    }

    pub(super) fn next(&mut self) -> Result<(Event<'a>, Range), Error> {
        let parser = match &mut self.events {
            Events::Parser(parser) => parser,
            Events::Plain(events) => return Ok(events.next().unwrap_or((Event::StreamEnd, Range::default()))),
        };
        match parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                let (at, reason) = self.fault(self.point(*error.marker()), error.info());
                Err(Error::syntax(self.sources, at, reason))
            }
            None => Ok((Event::StreamEnd, Range::default())),
        }
    }

    /// What the parser found, with what it leaves out.
    fn fault(&self, at: Span, info: &str) -> (Span, String) {
        let source = self.sources.get(self.file);
        let source = source.as_deref();
        if let Some(zero) = source.and_then(|source| source.text.find('\0').map(|zero| &source.text[..zero])) {
            // The parser takes one for the end, in some places.
            let line = zero.matches('\n').count() + 1;
            let column = zero.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            let at = Span::new(self.file, narrow(line), narrow(column), 1);
            return (at, "control characters are not allowed: there is a NUL byte".to_owned());
        }
        match self.open {
            Some(open) if info.contains("eof") => (at, format!("{info} (opened at line {})", open.line)),
            _ if info.contains("unknown anchor") => {
                let line = source.map(|source| source.line(at.line)).unwrap_or_default();
                let before = usize::try_from(at.column.saturating_sub(1)).unwrap_or_default();
                let ends = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}');
                let name: String =
                    line.chars().skip(before).skip_while(|c| *c == '*').take_while(|c| !ends(*c)).collect();
                (Span { length: narrow(name.chars().count() + 1), ..at }, format!("unknown anchor '{name}' referenced"))
            }
            _ => (at, info.to_owned()),
        }
    }

    /// Counts a node on this level.
    pub(super) fn enter(&mut self, span: Span, depth: usize) -> Result<(), Error> {
        if depth > self.limits.depth {
            return Err(Error::limit(
                self.sources,
                span,
                format!("exceeded the depth limit of {} levels", self.limits.depth),
            ));
        }
        self.charge(1, span)
    }

    pub(super) fn node(&mut self, event: Event<'a>, range: Range, depth: usize) -> Result<Built, Error> {
        let span = self.span(&range);
        self.enter(span, depth)?;
        match event {
            Event::Alias(id) => self.alias(id, span, depth),
            Event::Scalar(text, style, anchor, tag) => {
                let value = self.scalar(&text, style, tag.as_deref(), span)?;
                let built = Built { node: Node::new(value, span), height: 1, size: 1 };
                Ok(self.anchored(anchor, built))
            }
            Event::SequenceStart(anchor, tag) => {
                self.enclosing += 1;
                let built = self.sequence(span, depth)?;
                self.enclosing -= 1;
                self.close(anchor, tag.as_deref(), "seq", built)
            }
            Event::MappingStart(anchor, tag) => {
                self.enclosing += usize::from(tag.is_some());
                let built = self.mapping(span, depth)?;
                self.enclosing -= usize::from(tag.is_some());
                self.close(anchor, tag.as_deref(), "map", built)
            }
            _ => Err(self.syntax(&range, "expected a value")),
        }
    }

    /// Counts `nodes` against the budget.
    fn charge(&mut self, nodes: usize, span: Span) -> Result<(), Error> {
        self.count = self.count.saturating_add(nodes);
        if self.count > self.limits.nodes {
            let limit = self.limits.nodes;
            let reason = if self.aliased {
                format!("document contains excessive aliasing: more than {limit} nodes")
            } else {
                format!("the document has more than {limit} keys and values")
            };
            return Err(Error::limit(self.sources, span, reason));
        }
        Ok(())
    }

    fn alias(&mut self, id: usize, span: Span, depth: usize) -> Result<Built, Error> {
        let Some(built) = self.anchors.get(&id).cloned() else {
            return Err(Error::syntax(self.sources, span, "an anchor contains itself"));
        };
        self.aliased = true;
        // One node was charged for the event itself.
        self.charge(built.size - 1, span)?;
        if depth + built.height - 1 > self.limits.depth {
            let reason = format!("exceeded the depth limit of {} levels through aliases", self.limits.depth);
            return Err(Error::limit(self.sources, span, reason));
        }
        Ok(built)
    }

    fn anchored(&mut self, anchor: usize, built: Built) -> Built {
        if anchor > 0 {
            self.anchors.insert(anchor, built.clone());
        }
        built
    }

    pub(super) fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<Value, Error> {
        match tagged(tag) {
            Tagged::No if style == ScalarStyle::Plain => Ok(self.plain(text)),
            Tagged::No => Ok(Value::String(Arc::from(text))),
            Tagged::Core(name) if name == AS_WRITTEN && style == ScalarStyle::Plain => Ok(self.plain(text)),
            Tagged::Core(name) if name == AS_WRITTEN => Ok(Value::String(Arc::from(text))),
            Tagged::Core(name) if name == "timestamp" && self.is_empty_date(text) => Ok(Value::Map(Arc::default())),
            Tagged::Core(name) => scalar::tagged(&name, text)
                .ok_or_else(|| Error::syntax(self.sources, span, format!("cannot decode `{text}` as a !!{name}"))),
            Tagged::Function(tag) => {
                let marks = marks_lists(&tag);
                let is_value = style == ScalarStyle::Plain && (marks || &*tag == "!literal");
                let value = if is_value { self.plain(text) } else { Value::String(Arc::from(text)) };
                if marks && !matches!(value, Value::String(_)) {
                    return Ok(value);
                }
                let argument = Node::new(value, span);
                Ok(Value::Function(Arc::new(Function { tag, argument })))
            }
        }
    }

    /// The value of a plain scalar.
    fn plain(&self, text: &str) -> Value {
        match scalar::resolve(text) {
            _ if self.is_empty_date(text) => Value::Map(Arc::default()),
            value if self.form.dates != Dates::AllText || value == Value::Null => value,
            _ => Value::String(Arc::from(text)),
        }
    }

    /// Whether this is a date where dates are lost, as in the reference.
    fn is_empty_date(&self, text: &str) -> bool {
        self.form.dates == Dates::Empty && scalar::is_date(text)
    }

    /// Applies the tag of a finished container and remembers its anchor.
    pub(super) fn close(
        &mut self,
        anchor: usize,
        tag: Option<&Tag>,
        kind: &str,
        mut built: Built,
    ) -> Result<Built, Error> {
        match tagged(tag) {
            Tagged::No => {}
            Tagged::Function(tag) if kind == "map" && marks_lists(&tag) => {}
            Tagged::Core(name) if name == kind || name == AS_WRITTEN || (name == "set" && kind == "map") => {}
            Tagged::Core(name) if matches!(name.as_str(), "omap" | "pairs") && kind == "seq" => {}
            Tagged::Core(name) => {
                return Err(Error::syntax(
                    self.sources,
                    built.node.span,
                    format!("cannot decode !!{kind} as a !!{name}"),
                ));
            }
            Tagged::Function(tag) => {
                let span = built.node.span;
                let function = Function { tag, argument: built.node };
                built.node = Node::new(Value::Function(Arc::new(function)), span);
                built.height += 1;
            }
        }
        Ok(self.anchored(anchor, built))
    }

    fn sequence(&mut self, span: Span, depth: usize) -> Result<Built, Error> {
        let (mut list, mut height, before) = (Vec::new(), 1, self.count);
        self.open = Some(span);
        loop {
            let (event, range) = self.next()?;
            if event == Event::SequenceEnd {
                break;
            }
            let item = self.node(event, range, depth + 1)?;
            height = height.max(item.height + 1);
            list.push(item.node);
        }
        let size = self.count - before + 1;
        Ok(Built { node: Node::new(Value::List(Arc::new(list)), span), height, size })
    }

    fn mapping(&mut self, span: Span, depth: usize) -> Result<Built, Error> {
        let (mut map, mut height, before) = (Map::default(), 1, self.count);
        let mut places: Vec<Span> = Vec::new();
        let mut merged: Option<(Node, Span)> = None;
        self.open = Some(span);
        loop {
            let (event, range) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let key_span = self.span(&range);
            let is_merge = is_merge_key(&event);
            let is_plain = matches!(&event, Event::Scalar(_, ScalarStyle::Plain, ..));
            let key = self.key(event, range, depth)?;
            let (event, range) = self.next()?;
            let value = self.entry(&key, event, range, depth + 1)?;
            height = height.max(value.height + 1);
            if is_merge && !matches!(value.node.value, Value::Function(_)) {
                if let Some((_, first)) = merged {
                    return Err(Error::duplicate_key(self.sources, "<<", key_span, first));
                }
                merged = Some((value.node, key_span));
                continue;
            }
            if let Some(parts) = split::parts(&key, self.form.delimiter.filter(|_| is_plain)) {
                height = height.max(value.height + parts.len());
                self.charge(parts.len() - 1, key_span)?;
                split::put(&mut map, &parts, value.node, key_span);
                places.resize(map.len(), key_span);
                continue;
            }
            if let Some(index) = map.get_index_of(&*key) {
                if self.form.delimiter.is_some() && split::joins(&map[index], &value.node) {
                    split::put(&mut map, &[&key], value.node, key_span);
                    continue;
                }
                return Err(Error::duplicate_key(self.sources, &key, key_span, places[index]));
            }
            map.insert(key, value.node);
            places.push(key_span);
        }
        if let Some((from, at)) = merged {
            self.merge(&mut map, &from, at)?;
        }
        let size = self.count - before + 1;
        Ok(Built { node: Node::new(Value::Map(Arc::new(map)), span), height, size })
    }

    /// The value behind a key, as far as it is wanted.
    fn entry(&mut self, key: &Arc<str>, event: Event<'a>, range: Range, depth: usize) -> Result<Built, Error> {
        // What is merged from elsewhere has keys of its own.
        let asks = self.enclosing == 0 && &**key != "<<";
        let Some(choice) = self.form.choice.filter(|_| asks) else { return self.node(event, range, depth) };
        self.path.push(key.clone());
        let path: Vec<&str> = self.path.iter().map(|key| &**key).collect();
        let wanted = choice(&path);
        let built = self.wanted(event, range, depth, wanted);
        self.path.pop();
        built
    }

    /// Text of a key. Scalars of other types become the text of their value, so `0x1F` and `31` are one key.
    pub(super) fn key(&mut self, event: Event<'a>, range: Range, depth: usize) -> Result<Arc<str>, Error> {
        if let Event::Scalar(text, ScalarStyle::Plain, _, None) = &event
            && self.is_empty_date(text)
        {
            let reason = format!("invalid map key: a date cannot be a key; write it in quotes: \"{text}\"");
            return Err(self.syntax(&range, reason));
        }
        let built = self.node(event, range, depth + 1)?;
        match &built.node.value {
            Value::String(text) => Ok(text.clone()),
            Value::Null if self.form.dates == Dates::Empty => Ok(Arc::from("<nil>")),
            Value::Null => Ok(Arc::from("null")),
            Value::List(_) | Value::Map(_) | Value::Function(_) => {
                Err(self.syntax(&range, format!("invalid map key: a {} cannot be a key", built.node.value.type_name())))
            }
            _ => Ok(Arc::from(built.node.scalar_text().unwrap_or_default())),
        }
    }

    /// Merge keys: explicit keys win, of a list the earlier map wins, and nothing is merged below the first level.
    pub(super) fn merge(&self, map: &mut Map, from: &Node, at: Span) -> Result<(), Error> {
        let single = std::slice::from_ref(from);
        let layers = match &from.value {
            Value::List(list) => list.as_slice(),
            _ => single,
        };
        for layer in layers {
            let Value::Map(layer) = &layer.value else {
                return Err(Error::syntax(self.sources, at, "map merge requires map or sequence of maps as the value"));
            };
            for (key, node) in layer.iter() {
                if !map.contains_key(key) {
                    map.insert(key.clone(), node.clone());
                }
            }
        }
        Ok(())
    }

    pub(super) fn syntax(&self, range: &Range, reason: impl Into<String>) -> Error {
        Error::syntax(self.sources, self.span(range), reason)
    }

    fn point(&self, at: Marker) -> Span {
        Span::new(self.file, narrow(at.line()), narrow(at.col() + 1), 1)
    }

    /// The first line of a range; containers are marked by their first character only.
    pub(super) fn span(&self, range: &Range) -> Span {
        let (start, end) = (range.start, range.end);
        let length = if start.line() == end.line() { end.index().saturating_sub(start.index()) } else { 0 };
        Span { length: narrow(length), ..self.point(start) }
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

pub(super) fn is_merge_key(event: &Event<'_>) -> bool {
    match event {
        Event::Scalar(text, ScalarStyle::Plain, _, tag) => {
            text == "<<" && tag.as_deref().is_none_or(|tag| tag.handle == CORE && tag.suffix == "merge")
        }
        _ => false,
    }
}

/// Whether a tag says what a list does to the list below it: on anything else it says nothing.
fn marks_lists(tag: &str) -> bool {
    matches!(tag, "!append" | "!prepend" | "!replace") || tag.starts_with("!merge.")
}

fn tagged(tag: Option<&Tag>) -> Tagged {
    let Some(tag) = tag else { return Tagged::No };
    let whole = format!("{}{}", tag.handle, tag.suffix);
    match whole.strip_prefix(CORE) {
        Some("merge") => Tagged::No,
        Some(name) => Tagged::Core(name.to_owned()),
        None if whole == "!" => Tagged::Core(AS_WRITTEN.to_owned()),
        None if whole.starts_with('!') => Tagged::Function(Arc::from(whole)),
        None => Tagged::Function(Arc::from(format!("!{whole}"))),
    }
}
