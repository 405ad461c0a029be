//! Changes single values of a YAML text and leaves everything else as it is: comments, order, quotes, blank lines.
//!
//! The text around a value is found by the events of the parser. What comes out is read again and compared with what
//! should be in it ([`set`], [`delete`]): a layout that nobody thought of is refused, never spoilt.

use std::path::Path;
use std::sync::Arc;

use super::edit_tree::{Entry, Form, Tree, line_end, read};
use super::refused::Refused;
use super::{emit, parse};
use crate::span::Sources;
use crate::value::{Map, Node, Value, to_json};

/// A key of a map, or the number of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Index(usize),
}

/// A changed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    pub text: String,
    /// There was nothing at the path before.
    pub created: bool,
}

/// Sets the value at a path; maps on the way are made where they are missing.
///
/// # Errors
/// The text cannot be read, the path goes through something that is no map, or the value is shared with others.
pub fn set(text: &str, path: &[Step], value: &Node) -> Result<Edited, Refused> {
    let (root, mut document) = both(text)?;
    let change = Change { text, path };
    let found = change.walk(&root)?;
    let (edited, created) = match found {
        Reached::Value(way) => (change.replaced(&way, value)?, false),
        Reached::Above(way, depth) => (change.added(&way, depth, value)?, true),
    };
    put(&mut document, path, Some(value));
    change.checked(edited, &document).map(|text| Edited { text, created })
}

/// Removes the value at a path; `None` when there is none.
///
/// # Errors
/// As [`set`].
pub fn delete(text: &str, path: &[Step]) -> Result<Option<String>, Refused> {
    let (root, mut document) = both(text)?;
    let change = Change { text, path };
    let way = match change.walk(&root)? {
        Reached::Value(way) => way,
        Reached::Above(way, depth) => match (&path[depth], way.last()) {
            (Step::Index(_), Some((list, _))) => return Err(change.not_there(depth + 1, BEYOND, list)),
            _ => return Ok(None),
        },
    };
    let (edited, emptied) = change.removed(&way)?;
    put(&mut document, path, None);
    if let Some((above, empty)) = emptied {
        put(&mut document, above, Some(&empty));
    }
    change.checked(edited, &document).map(Some)
}

/// The value at a path.
pub fn get(text: &str, path: &[Step]) -> Result<Option<Node>, Refused> {
    let (_, document) = both(text)?;
    let found = path.iter().try_fold(&document, |node, step| match step {
        Step::Key(key) => node.get(key),
        Step::Index(index) => node.as_list()?.get(*index),
    });
    Ok(found.cloned())
}

fn both(text: &str) -> Result<(Tree, Node), Refused> {
    Ok((read(text)?, document(text)?))
}

fn document(text: &str) -> Result<Node, Refused> {
    let parsed = parse(&Sources::new(), Path::new("file"), Path::new("/"), Arc::from(text));
    parsed.map_err(|error| Refused::Syntax { reason: error.to_string() })
}

/// Does to the document what is done to its text.
fn put(node: &mut Node, path: &[Step], value: Option<&Node>) {
    let Some((step, rest)) = path.split_first() else {
        if let Some(value) = value {
            *node = value.clone();
        }
        return;
    };
    match (step, &mut node.value) {
        (Step::Index(index), Value::List(list)) => {
            let list = Arc::make_mut(list);
            match value {
                None if rest.is_empty() => drop(list.remove(*index)),
                _ => {
                    if *index == list.len() {
                        list.push(Node::default());
                    }
                    list.get_mut(*index).into_iter().for_each(|item| put(item, rest, value));
                }
            }
        }
        (Step::Key(key), Value::Map(map)) => put_key(Arc::make_mut(map), key, rest, value),
        (Step::Key(key), _) => put_key(node.make_map(), key, rest, value),
        (Step::Index(_), _) => {}
    }
}

fn put_key(map: &mut Map, key: &str, rest: &[Step], value: Option<&Node>) {
    if value.is_none() && rest.is_empty() {
        map.shift_remove(key);
    } else {
        put(map.entry(Arc::from(key)).or_default(), rest, value);
    }
}

const BEYOND: &str = "beyond the end of the list";

/// A container on the way, and which of its parts the way goes through.
type Part<'t> = (&'t Tree, usize);

type Way<'t> = Vec<Part<'t>>;

/// A text without a value, and what became empty by that.
type Removed<'a> = (String, Option<(&'a [Step], Node)>);

/// How far a path leads.
enum Reached<'t> {
    Value(Way<'t>),
    /// Only so many steps lead somewhere; the last container is the whole of what is there.
    Above(Way<'t>, usize),
}

struct Change<'a> {
    text: &'a str,
    path: &'a [Step],
}

impl<'a> Change<'a> {
    fn walk<'t>(&self, root: &'t Tree) -> Result<Reached<'t>, Refused> {
        let (mut here, mut way) = (root, Vec::new());
        for (depth, step) in self.path.iter().enumerate() {
            if here.alias {
                return Err(Refused::Alias { path: self.shown(depth), line: self.line(here.start) });
            }
            let at = match (step, &here.form) {
                (Step::Key(key), Form::Map(entries)) => entries.iter().position(|entry| entry.key == *key),
                (Step::Index(index), Form::List(items)) if *index < items.len() => Some(*index),
                (Step::Index(index), Form::List(items)) if *index > items.len() => {
                    return Err(self.not_there(depth + 1, BEYOND, here));
                }
                (Step::Index(_), Form::List(_)) | (Step::Key(_), Form::Null) => None,
                (Step::Key(_), _) => return Err(self.not_there(depth, "no map", here)),
                (Step::Index(_), _) => return Err(self.not_there(depth, "no list", here)),
            };
            let Some(at) = at else {
                // Something below would be added to what others use, too.
                if here.anchor {
                    return Err(Refused::Anchor { path: self.shown(depth), line: self.line(here.start) });
                }
                way.push((here, usize::MAX));
                return Ok(Reached::Above(way, depth));
            };
            way.push((here, at));
            here = here.part(at).ok_or_else(|| self.layout(here.start))?;
        }
        if here.anchor {
            return Err(Refused::Anchor { path: self.shown(self.path.len()), line: self.line(here.start) });
        }
        Ok(Reached::Value(way))
    }

    /// The text with another value at the end of the way.
    fn replaced(&self, way: &[Part<'_>], value: &Node) -> Result<String, Refused> {
        let Some(&(above, at)) = way.last() else { return Ok(emit(value, 2)) };
        let part = above.part(at).ok_or_else(|| self.layout(above.start))?;
        let from = self.value_start(above, at)?;
        if above.flow {
            // The first item stands at its bracket.
            let gap = if at == 0 && matches!(above.form, Form::List(_)) { "" } else { " " };
            return Ok(self.with(from..part.end.max(from), &format!("{gap}{}", flow(value))));
        }
        let column = self.column_of(above, at);
        Ok(self.block_value(from, part, column, value))
    }

    /// Where the text of a value begins: behind the colon or the dash, so that tags belong to it.
    fn value_start(&self, above: &Tree, at: usize) -> Result<usize, Refused> {
        match &above.form {
            Form::Map(entries) => entries.get(at).map(|entry| entry.colon).ok_or_else(|| self.layout(above.start)),
            _ => self.item_start(above, at).ok_or_else(|| self.layout(above.start)),
        }
    }

    /// Behind the dash of an item, or behind the comma or bracket before it.
    fn item_start(&self, list: &Tree, at: usize) -> Option<usize> {
        let item = list.part(at)?;
        let floor = if at == 0 { list.start } else { list.part(at - 1)?.end };
        let before = &self.text[floor..item.start];
        let mark = if list.flow { before.rfind([',', '[']) } else { before.rfind('-') };
        if mark.is_none() && at == 0 && !list.flow {
            // A list that is not indented begins behind its first dash.
            let line = self.line_start(item.start);
            return self.text[line..item.start].rfind('-').map(|mark| line + mark + 1);
        }
        mark.map(|mark| floor + mark + 1)
    }

    fn column_of(&self, above: &Tree, at: usize) -> usize {
        let start = match &above.form {
            Form::Map(entries) => entries.get(at).map_or(above.start, |entry| entry.start),
            _ => self.item_start(above, at).map_or(above.start, |start| start - 1),
        };
        start - self.line_start(start)
    }

    /// The text with a value in block style behind a colon or dash; comments before the old value stay where they are.
    fn block_value(&self, from: usize, old: &Tree, column: usize, value: &Node) -> String {
        let comment = self.comments(from, old);
        let text = block(value, column + 2);
        let (first, rest) = text.split_once('\n').map_or((text.as_str(), None), |(first, rest)| (first, Some(rest)));
        let first = if first.is_empty() { String::new() } else { format!(" {first}") };
        let rest = rest.map(|rest| format!("\n{}", rest.trim_end_matches('\n'))).unwrap_or_default();
        let end = old.end.max(from);
        // What stands behind the old value is about the key, where the new one is on lines of its own.
        let line = self.text[end..].split(['\n', '\r']).next().unwrap_or_default();
        if first.is_empty() && !rest.is_empty() && !self.text[from..end].contains('\n') && comment_in(line).is_some() {
            return self.with(from..end + line.len(), &format!(" {}{comment}{rest}", line.trim()));
        }
        self.with(from..end, &format!("{first}{comment}{rest}"))
    }

    /// The comments between a colon and a value on further lines, and behind the mark of a text in block style.
    fn comments(&self, from: usize, old: &Tree) -> String {
        let first = line_end(self.text, from);
        if first >= old.end {
            return String::new();
        }
        let value = old.start.max(from);
        let is_below = value > first;
        let is_block = self.text[value..].starts_with(['|', '>']);
        let mut kept = match (is_below, is_block) {
            (true, _) => comment_in(&self.text[from..first]),
            (false, true) => comment_in(&self.text[value..first]),
            (false, false) => None,
        }
        .map(|comment| format!(" {comment}"))
        .unwrap_or_default();
        if is_below {
            let between = &self.text[first..self.line_start(value)];
            for line in between.lines().map(str::trim_end).filter(|line| line.trim_start().starts_with('#')) {
                kept.push('\n');
                kept.push_str(line);
            }
        }
        kept
    }

    /// The text with something new below the last container of the way.
    fn added(&self, way: &[Part<'_>], depth: usize, value: &Node) -> Result<String, Refused> {
        let Some(&(above, _)) = way.last() else { return Err(self.layout(0)) };
        let mut new = value.clone();
        for step in self.path[depth + 1..].iter().rev() {
            match step {
                Step::Key(key) => new = Node::from(Map::from_iter([(Arc::from(key.as_str()), new)])),
                Step::Index(_) => return Err(self.not_there(depth + 1, "no list that has this item", above)),
            }
        }
        if let (Some(Step::Index(_)), Form::List(items)) = (self.path.get(depth), &above.form) {
            return self.appended(above, items, new);
        }
        let Some(Step::Key(key)) = self.path.get(depth) else { return Err(self.layout(above.start)) };
        match &above.form {
            Form::Null => {
                let entry = Node::from(Map::from_iter([(Arc::from(key.as_str()), new)]));
                match way.len() {
                    // Nothing but comments: the entry comes behind them.
                    1 => Ok(format!("{}{}", with_line_end(self.text), emit(&entry, 2))),
                    length => self.replaced(&way[..length - 1], &entry),
                }
            }
            Form::Map(entries) if above.flow => {
                let key = flow(&Node::from(key.as_str()));
                let (at, comma) =
                    entries.last().map_or((above.start + 1, ""), |last| (last.value.end.max(last.colon), ", "));
                Ok(self.with(at..at, &format!("{comma}{key}: {}", flow(&new))))
            }
            Form::Map(entries) => {
                let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
                    return Err(self.layout(above.start));
                };
                let indent = first.start - self.line_start(first.start);
                let at = line_end(self.text, last.value.end.max(last.colon));
                let entry = Node::from(Map::from_iter([(Arc::from(key.as_str()), new)]));
                let lines = indented(&emit(&entry, 2), indent);
                let ending = if self.text[at..].is_empty() { "\n" } else { "" };
                Ok(self.with(at..at, &format!("{lines}{ending}")))
            }
            _ => Err(self.layout(above.start)),
        }
    }

    /// The text with another item at the end of a list.
    fn appended(&self, list: &Tree, items: &[Tree], new: Node) -> Result<String, Refused> {
        if list.flow {
            let (at, comma) = items.last().map_or((list.start + 1, ""), |last| (last.end, ", "));
            return Ok(self.with(at..at, &format!("{comma}{}", flow(&new))));
        }
        let last = items.len().saturating_sub(1);
        let (Some(item), Some(start)) = (items.last(), self.item_start(list, last)) else {
            return Err(self.layout(list.start));
        };
        let at = line_end(self.text, item.end.max(start));
        let lines = indented(&emit(&Node::from(vec![new]), 2), self.column_of(list, last));
        let ending = if self.text[at..].is_empty() { "\n" } else { "" };
        Ok(self.with(at..at, &format!("{lines}{ending}")))
    }

    /// The text without the value at the end of the way; what became empty by that, when something did.
    fn removed(&self, way: &[Part<'_>]) -> Result<Removed<'a>, Refused> {
        let Some(&(above, at)) = way.last() else { return Err(self.layout(0)) };
        let parts = above.len();
        if parts == 1 && !above.flow {
            let empty = if matches!(above.form, Form::Map(_)) { Node::empty_map() } else { Node::from(Vec::new()) };
            let path = &self.path[..self.path.len() - 1];
            let text = match way.len() {
                1 => self.with(above.start..above.end, emit(&empty, 2).trim_end()),
                length => self.replaced(&way[..length - 1], &empty)?,
            };
            return Ok((text, Some((path, empty))));
        }
        let range = match &above.form {
            Form::Map(entries) => self.entry_range(entries, at, above.flow),
            _ => self.item_range(above, at),
        };
        Ok((self.with(range.ok_or_else(|| self.layout(above.start))?, ""), None))
    }

    fn entry_range(&self, entries: &[Entry], at: usize, flow: bool) -> Option<std::ops::Range<usize>> {
        let entry = entries.get(at)?;
        let end = entry.value.end.max(entry.colon);
        let (next, previous) = (entries.get(at + 1), at.checked_sub(1).and_then(|at| entries.get(at)));
        let line = self.line_start(entry.start);
        let alone = self.text[line..entry.start].trim().is_empty();
        match (flow, next, previous) {
            (false, ..) if alone => Some(line..(line_end(self.text, end) + 1).min(self.text.len())),
            (_, Some(next), _) => Some(entry.start..next.start),
            (true, None, Some(previous)) => Some(previous.value.end.max(previous.colon)..end),
            (true, None, None) => Some(entry.start..end),
            (false, None, _) => None,
        }
    }

    fn item_range(&self, list: &Tree, at: usize) -> Option<std::ops::Range<usize>> {
        let (item, start) = (list.part(at)?, self.item_start(list, at)?);
        if list.flow {
            let next = list.part(at + 1);
            return Some(match (next, at) {
                (Some(next), _) => item.start..next.start,
                (None, 0) => item.start..item.end,
                (None, _) => start - 1..item.end,
            });
        }
        let line = self.line_start(start);
        let alone = self.text[line..start - 1].trim().is_empty();
        alone.then(|| line..(line_end(self.text, item.end.max(start)) + 1).min(self.text.len()))
    }

    fn with(&self, range: std::ops::Range<usize>, new: &str) -> String {
        format!("{}{new}{}", &self.text[..range.start], &self.text[range.end..])
    }

    /// The changed text, if it says what it should.
    fn checked(&self, edited: String, expected: &Node) -> Result<String, Refused> {
        match document(&edited) {
            Ok(found) if found == *expected => Ok(edited),
            _ => Err(self.layout(0)),
        }
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |end| end + 1)
    }

    fn line(&self, at: usize) -> usize {
        self.text[..at.min(self.text.len())].matches('\n').count() + 1
    }

    fn layout(&self, at: usize) -> Refused {
        Refused::Layout { path: self.shown(self.path.len()), line: self.line(at) }
    }

    fn not_there(&self, depth: usize, what: &'static str, here: &Tree) -> Refused {
        Refused::NotThere { path: self.shown(depth), what, line: self.line(here.start) }
    }

    /// The first steps of the path as people write them.
    fn shown(&self, depth: usize) -> String {
        let mut path = crate::value::Path::new();
        for step in &self.path[..depth.min(self.path.len())] {
            match step {
                Step::Key(key) => path.push_key(key),
                Step::Index(index) => path.push_index(*index),
            }
        }
        let path = path.to_string();
        if path.is_empty() { "the document".to_owned() } else { path }
    }
}

/// The comment that a part of a line without quotes ends with.
fn comment_in(line: &str) -> Option<&str> {
    let marks = line.match_indices('#').map(|(at, _)| at);
    let mut starts = marks.filter(|at| *at == 0 || line[..*at].ends_with([' ', '\t']));
    starts.next().map(|at| line[at..].trim_end())
}

fn with_line_end(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

/// A value within brackets: as JSON, texts bare where they can be.
fn flow(value: &Node) -> String {
    match value.as_str() {
        Some(text) => {
            let bare = emit(value, 2);
            let plain = bare.trim_end() == text && !text.contains([',', '[', ']', '{', '}', ':', '#']);
            if plain { text.to_owned() } else { to_json(value).to_string() }
        }
        None => to_json(value).to_string(),
    }
}

/// A value in block style: scalars and what is empty on one line, all else on lines of its own behind an empty one.
fn block(value: &Node, indent: usize) -> String {
    let text = emit(value, 2);
    let several = text.trim_end().contains('\n');
    let container = !value.is_empty() && (value.as_map().is_some() || value.as_list().is_some());
    match (container, several) {
        (false, false) => text.trim_end().to_owned(),
        (false, true) => to_json(value).to_string(),
        (true, _) => indented(&text, indent),
    }
}

/// Every line behind a line break and so many blanks.
fn indented(text: &str, indent: usize) -> String {
    text.lines().fold(String::new(), |lines, line| lines + "\n" + &" ".repeat(indent) + line)
}
