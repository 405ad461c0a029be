//! Where the parts of a YAML text begin and end.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span as Range, StrInput};

use super::refused::Refused;
use super::requote::length;

/// A value in the text.
#[derive(Debug)]
pub(super) struct Tree {
    /// Bytes of the text; what is empty has no width.
    pub start: usize,
    pub end: usize,
    pub form: Form,
    /// Within brackets.
    pub flow: bool,
    pub anchor: bool,
    pub alias: bool,
}

#[derive(Debug)]
pub(super) enum Form {
    Null,
    Scalar,
    Map(Vec<Entry>),
    List(Vec<Tree>),
}

#[derive(Debug)]
pub(super) struct Entry {
    pub key: String,
    pub start: usize,
    /// Behind the colon.
    pub colon: usize,
    pub value: Tree,
}

impl Tree {
    pub(super) fn part(&self, at: usize) -> Option<&Tree> {
        match &self.form {
            Form::Map(entries) => entries.get(at).map(|entry| &entry.value),
            Form::List(items) => items.get(at),
            _ => None,
        }
    }

    pub(super) fn len(&self) -> usize {
        match &self.form {
            Form::Map(entries) => entries.len(),
            Form::List(items) => items.len(),
            _ => 0,
        }
    }
}

/// End of the line that a place is in, without its line break.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end)
}

/// The tree of the first document of a text.
///
/// # Errors
/// It cannot be read.
pub(super) fn read(text: &str) -> Result<Tree, Refused> {
    let nothing =
        Tree { start: text.len(), end: text.len(), form: Form::Null, flow: false, anchor: false, alias: false };
    Ok(Reader::of(text).document()?.unwrap_or(nothing))
}

/// The trees of all documents of a text.
///
/// # Errors
/// It cannot be read.
pub(super) fn read_all(text: &str) -> Result<Vec<Tree>, Refused> {
    let (mut reader, mut trees) = (Reader::of(text), Vec::new());
    while let Some(tree) = reader.document()? {
        trees.push(tree);
    }
    Ok(trees)
}

/// As deep as documents may be elsewhere.
const DEEPEST: usize = 128;

struct Reader<'a> {
    text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
    events: Parser<'a, StrInput<'a>>,
}

impl<'a> Reader<'a> {
    fn of(text: &'a str) -> Reader<'a> {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Reader { text, lines, events: Parser::new_from_str(text) }
    }

    /// The next document.
    fn document(&mut self) -> Result<Option<Tree>, Refused> {
        loop {
            match self.next()? {
                (Event::StreamStart | Event::Nothing | Event::DocumentEnd, _) => {}
                (Event::DocumentStart(_), _) => {
                    let (event, range) = self.next()?;
                    return self.tree(event, range, false, 0).map(Some);
                }
                _ => return Ok(None),
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Range), Refused> {
        match self.events.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(Refused::Syntax { reason: error.to_string() }),
            None => Ok((Event::StreamEnd, Range::default())),
        }
    }

    fn byte(&self, marker: Marker) -> usize {
        let start = self.lines.get(marker.line().saturating_sub(1)).copied().unwrap_or(self.text.len());
        let rest = &self.text[start..];
        start + rest.char_indices().nth(marker.col()).map_or(rest.len(), |(at, _)| at)
    }

    fn tree(&mut self, event: Event<'a>, range: Range, within: bool, depth: usize) -> Result<Tree, Refused> {
        let start = self.byte(range.start);
        let end = self.trimmed(start, self.byte(range.end));
        let leaf = |form, anchor: bool, alias| Tree { start, end, form, flow: within, anchor, alias };
        if depth > DEEPEST {
            return Err(Refused::Syntax { reason: format!("it is deeper than {DEEPEST} levels") });
        }
        match event {
            Event::Alias(_) => Ok(leaf(Form::Scalar, false, true)),
            Event::Scalar(text, style, anchor, tag) => {
                let end = self.scalar_end(start, end, style);
                let leaf = |form, anchor: bool, alias| Tree { start, end, form, flow: within, anchor, alias };
                let empty = tag.is_none() && matches!(super::plain_scalar(&text), crate::value::Value::Null);
                let empty = empty && (end == start || !self.text[start..end].starts_with(['"', '\'', '|', '>']));
                Ok(leaf(if empty { Form::Null } else { Form::Scalar }, anchor > 0, false))
            }
            Event::MappingStart(anchor, _) => {
                let flow = within || self.text[start..].starts_with('{');
                let mut entries = Vec::new();
                let close = loop {
                    let (event, range) = self.next()?;
                    match event {
                        Event::MappingEnd => break range,
                        Event::Scalar(key, ..) => entries.push(self.entry(key.into_owned(), range, flow, depth)?),
                        event => {
                            // A key that is no text has no name to find it by.
                            let key = self.tree(event, range, flow, depth + 1)?;
                            let (event, range) = self.next()?;
                            let value = self.tree(event, range, flow, depth + 1)?;
                            entries.push(Entry { key: String::new(), start: key.start, colon: value.start, value });
                        }
                    }
                };
                let last = entries.last().map_or(start, |entry| entry.value.end.max(entry.colon));
                let start = if flow { start } else { entries.first().map_or(start, |entry| entry.start) };
                let end =
                    if flow { self.close(start, last).unwrap_or_else(|| self.byte(close.end)).max(last) } else { last };
                Ok(Tree { start, end, form: Form::Map(entries), flow, anchor: anchor > 0, alias: false })
            }
            Event::SequenceStart(anchor, _) => {
                let flow = within || self.text[start..].starts_with('[');
                let mut items = Vec::new();
                let close = loop {
                    match self.next()? {
                        (Event::SequenceEnd, range) => break range,
                        (event, range) => items.push(self.tree(event, range, flow, depth + 1)?),
                    }
                };
                let last = items.last().map_or(start, |item: &Tree| item.end);
                let end =
                    if flow { self.close(start, last).unwrap_or_else(|| self.byte(close.end)).max(last) } else { last };
                Ok(Tree { start, end, form: Form::List(items), flow, anchor: anchor > 0, alias: false })
            }
            _ => Err(Refused::Syntax { reason: "a value is missing".to_owned() }),
        }
    }

    fn entry(&mut self, key: String, range: Range, flow: bool, depth: usize) -> Result<Entry, Refused> {
        let (start, end) = (self.byte(range.start), self.byte(range.end));
        let colon = self.text[end..].find(':').map_or(end, |at| end + at + 1);
        let (event, range) = self.next()?;
        let mut value = self.tree(event, range, flow, depth + 1)?;
        if matches!(value.form, Form::Null) && value.start == value.end {
            // The parser has the place of nothing wherever it noticed it.
            (value.start, value.end) = (colon, colon);
        }
        Ok(Entry { key, start, colon, value })
    }

    /// Behind the bracket that closes a container, seen from the end of its last part.
    fn close(&self, start: usize, last: usize) -> Option<usize> {
        // A pair within a list needs no brackets of its own.
        if !self.text[start..].starts_with(['[', '{']) {
            return None;
        }
        let mut at = last.max(start + 1);
        loop {
            let rest = &self.text[at..];
            at += rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',').len();
            match self.text[at..].chars().next()? {
                ']' | '}' => return Some(at + 1),
                '#' => at = line_end(self.text, at),
                _ => return None,
            }
        }
    }

    /// The end of a scalar: the parser counts in comments behind quotes and below texts in block style.
    fn scalar_end(&self, start: usize, end: usize, style: ScalarStyle) -> usize {
        let text = &self.text[start..end];
        match style {
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => start + quoted(text).unwrap_or(text.len()),
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let mut lines = text.split_inclusive('\n');
                let mut length = lines.next().map_or(0, str::len);
                let depth = |line: &str| line.len() - line.trim_start_matches(' ').len();
                let filled = lines.clone().filter(|line| !line.trim().is_empty());
                // Comments stand further left than the text; one that does not is text.
                let content = filled.clone().find(|line| !line.trim_start().starts_with('#')).or(filled.clone().next());
                let least = content.map_or(0, depth);
                for line in lines {
                    if !line.trim().is_empty() && depth(line) < least && line.trim_start().starts_with('#') {
                        break;
                    }
                    length += line.len();
                }
                self.trimmed(start, start + length)
            }
            ScalarStyle::Plain => end,
        }
    }

    /// The end without the blanks and line breaks that the parser counts in.
    fn trimmed(&self, start: usize, end: usize) -> usize {
        start + self.text[start..end.max(start)].trim_end().len()
    }
}

/// Length of the quoted text that a text begins with; a tag or an anchor may stand before it.
fn quoted(text: &str) -> Option<usize> {
    let mut rest = text;
    while rest.starts_with(['!', '&']) {
        rest = rest.trim_start_matches(|c: char| !c.is_whitespace()).trim_start();
    }
    let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    length(&rest[1..], quote).map(|length| text.len() - rest.len() + length + 2)
}
