//! Documents in the plainest form, without what nobody wants of them.
//!
//! Where little of a document is wanted, most of the time would go into values that are thrown away. In documents that are
//! nothing but indented keys, entries and one-line scalars, the lines tell what the events of the parser would, and those
//! of a map that nobody wants need only a glance. Whatever is written in another way, and whatever may be wrong, is left
//! to the parser: it reads the whole document then.

use saphyr_parser::{Event, Marker, ScalarStyle, Span as Range};

use super::scalar;
use super::skim::{Choice, Keys, Wanted};

/// Bytes of a document that cannot reach the limits of the parser.
const SIZE: usize = 256 * 1024;
/// Open maps and lists, far below the limit of the parser.
const DEPTH: usize = 40;
/// Bytes of a document for each of its events, about.
const EVENT: usize = 16;
/// Bytes of a key. The parser has a limit of its own.
const KEY: usize = 128;

/// An event with its place.
pub(super) type Placed<'t> = (Event<'t>, Range);

/// The events of the document, with an empty map or nothing in place of what is not wanted. `None` when the document is
/// not plain, or all of it is wanted.
pub(super) fn events<'t>(text: &'t str, choice: &Choice<'_>) -> Option<Vec<Placed<'t>>> {
    if text.len() > SIZE || !is_printable(text) {
        return None;
    }
    let mut reader = Reader {
        text,
        choice,
        blocks: Vec::new(),
        lists: 0,
        path: Vec::new(),
        below: None,
        skipped: None,
        has_skipped: false,
        events: Vec::with_capacity(text.len() / EVENT),
        line: 0,
    };
    reader.events.push((Event::DocumentStart(false), Range::default()));
    reader.read()?;
    reader.has_skipped.then_some(reader.events)
}

/// Only line feeds as control characters, and no characters that some take for a line break or leave out.
fn is_printable(text: &str) -> bool {
    let is_plain = |c: char| c != '\u{85}' && !('\u{2028}'..='\u{2029}').contains(&c) && c != '\u{feff}';
    text.bytes().all(|byte| byte >= b' ' && byte != 0x7f || byte == b'\n')
        && (text.is_ascii() || text.chars().all(|c| is_plain(c) && (c.is_ascii() || !c.is_control())))
}

/// A map or list whose entries begin at this column.
struct Block<'t> {
    indent: usize,
    is_list: bool,
    /// The keys of a map that the parser does not see.
    keys: Keys<'t, ()>,
}

/// A key without a value on its line.
#[derive(Clone, Copy)]
struct Below {
    indent: usize,
    wanted: Wanted,
    end: Marker,
}

/// One line with content.
#[derive(Clone, Copy)]
struct Line<'t> {
    /// All of it, from its first column.
    whole: &'t str,
    /// Where the next one begins.
    next: usize,
}

struct Reader<'t, 'c> {
    text: &'t str,
    choice: &'c Choice<'c>,
    blocks: Vec<Block<'t>>,
    /// How many of the blocks are lists.
    lists: usize,
    /// The keys that lead to the line, outside of lists.
    path: Vec<&'t str>,
    below: Option<Below>,
    /// How many blocks are open around what is not wanted.
    skipped: Option<usize>,
    has_skipped: bool,
    events: Vec<Placed<'t>>,
    /// Number of the line, from 1.
    line: usize,
}

impl<'t> Reader<'t, '_> {
    fn read(&mut self) -> Option<()> {
        let mut at = 0;
        if self.text.starts_with("---\n") {
            at = 4;
            self.line = 1;
        }
        while at < self.text.len() {
            let whole = line_at(self.text, at);
            let next = (at + whole.len() + 1).min(self.text.len());
            self.line += 1;
            let content = whole.trim_start_matches(' ');
            at = if content.is_empty() || content.starts_with('#') {
                next
            } else {
                self.line(Line { whole, next }, content.trim_end_matches(' '))?
            };
        }
        if self.blocks.is_empty() {
            return None;
        }
        self.leave_below();
        while !self.blocks.is_empty() {
            self.close();
        }
        Some(())
    }

    /// What begins on a line; where the next one begins.
    fn line(&mut self, line: Line<'t>, content: &'t str) -> Option<usize> {
        let indent = line.column_of(content);
        let is_item = content.starts_with("- ");
        // Where the parser says that a list begins which is not indented.
        let first = content.strip_prefix("- ").map_or(content, |item| item.trim_start_matches(' '));
        self.enter(indent, is_item, line.column_of(first))?;
        if !is_item {
            return self.entry(line, indent, content);
        }
        let item = content[2..].trim_start_matches(' ');
        if item.starts_with("- ") {
            return None;
        }
        if split(item).is_some() {
            let column = line.column_of(item);
            self.open(column, false, column)?;
            return self.entry(line, column, item);
        }
        self.value(line, item)?;
        Some(line.next)
    }

    /// Finds or opens the block that the line belongs to.
    fn enter(&mut self, indent: usize, is_item: bool, first: usize) -> Option<()> {
        if self.blocks.is_empty() {
            return if indent == 0 && !is_item { self.open(0, false, 0) } else { None };
        }
        if let Some(below) = self.below.filter(|below| indent > below.indent || indent == below.indent && is_item) {
            self.below = None;
            let place = if indent == below.indent { first } else { indent };
            let is_skipped = match below.wanted {
                Wanted::All => false,
                Wanted::Type => !is_item,
                Wanted::Nothing => true,
            };
            if is_skipped && self.skipped.is_none() {
                if below.wanted == Wanted::Type {
                    self.push(Event::MappingStart(0, None), indent, 0);
                    self.push(Event::MappingEnd, indent, 0);
                } else {
                    self.nothing(self.at(place));
                }
                self.skipped = Some(self.blocks.len());
                self.has_skipped = true;
            }
            return self.open(indent, is_item, place);
        }
        self.leave_below();
        loop {
            let block = self.blocks.last()?;
            if block.indent < indent || block.indent == indent && !block.is_list && is_item {
                // A scalar that goes on, or lines that do not fit.
                return None;
            }
            if block.indent == indent && block.is_list == is_item {
                return Some(());
            }
            self.close();
        }
    }

    fn open(&mut self, indent: usize, is_list: bool, place: usize) -> Option<()> {
        let event = if is_list { Event::SequenceStart(0, None) } else { Event::MappingStart(0, None) };
        self.push(event, place, 0);
        self.blocks.push(Block { indent, is_list, keys: Keys::default() });
        self.lists += usize::from(is_list);
        (self.blocks.len() < DEPTH).then_some(())
    }

    fn close(&mut self) {
        let Some(block) = self.blocks.pop() else { return };
        self.lists -= usize::from(block.is_list);
        match self.skipped {
            Some(around) if self.blocks.len() >= around => {
                if self.blocks.len() == around {
                    self.skipped = None;
                }
            }
            _ => self.push(if block.is_list { Event::SequenceEnd } else { Event::MappingEnd }, block.indent, 0),
        }
    }

    /// The key before has no value.
    fn leave_below(&mut self) {
        if let Some(below) = self.below.take() {
            self.nothing(below.end);
        }
    }

    fn nothing(&mut self, at: Marker) {
        if self.skipped.is_none() {
            self.events.push((Event::Scalar("~".into(), ScalarStyle::Plain, 0, None), Range::new(at, at)));
        }
    }

    fn push(&mut self, event: Event<'t>, column: usize, length: usize) {
        if self.skipped.is_none() {
            self.events.push((event, Range::new(self.at(column), self.at(column + length))));
        }
    }

    /// Lengths are told from indices, which count from the beginning of the line here.
    fn at(&self, column: usize) -> Marker {
        Marker::new(column, self.line, column)
    }

    /// A scalar of which `text` is meant and `written` stands there.
    fn scalar(&mut self, line: Line<'t>, written: &'t str, text: &'t str, style: ScalarStyle) {
        if self.skipped.is_none() {
            let length = if written.is_ascii() { written.len() } else { written.chars().count() };
            self.push(Event::Scalar(text.into(), style, 0, None), line.column_of(written), length);
        }
    }

    /// A key with what stands behind it, in the map at this column of the line.
    fn entry(&mut self, line: Line<'t>, indent: usize, content: &'t str) -> Option<usize> {
        let (key, colon, value) = split(content)?;
        let mut wanted = Wanted::All;
        if self.skipped.is_some() {
            if self.blocks.last_mut()?.keys.add(key.into(), ()).is_some() {
                return None;
            }
        } else {
            let written = &content[..colon - 1];
            self.scalar(line, written, key, style(written));
            if self.lists == 0 {
                self.path.truncate(self.blocks.len() - 1);
                self.path.push(key);
                wanted = (self.choice)(&self.path);
            }
        }
        if value.is_empty() || value.starts_with('#') {
            self.below = Some(Below { indent, wanted, end: self.at(line.column_of(&content[colon - 1..])) });
            return Some(line.next);
        }
        if matches!(value, "|" | "|-" | "|+" | ">" | ">-" | ">+") {
            // Who wants such a text reads all of it.
            return if self.skipped.is_some() { self.block_scalar(indent, line.next) } else { None };
        }
        self.value(line, value)?;
        Some(line.next)
    }

    /// A value that ends on its line, without anchor, alias and tag.
    fn value(&mut self, line: Line<'t>, value: &'t str) -> Option<()> {
        match value.as_bytes().first()? {
            quote @ (b'"' | b'\'') => {
                let end = quoted(value, *quote).filter(|end| is_end(&value[end + 1..]))?;
                self.scalar(line, &value[..=end], &value[1..end], style(value));
            }
            b'{' => {
                value.strip_prefix("{}").filter(|rest| is_end(rest))?;
                self.push(Event::MappingStart(0, None), line.column_of(value), 1);
                self.push(Event::MappingEnd, line.column_of(value), 1);
            }
            b'[' => {
                let (items, _) = value[1..].split_once(']').filter(|(items, rest)| is_end(rest) && is_flow(items))?;
                self.push(Event::SequenceStart(0, None), line.column_of(value), 1);
                for item in items.split(',').map(|item| item.trim_matches(' ')).filter(|item| !item.is_empty()) {
                    let style = style(item);
                    let text = if style == ScalarStyle::Plain { item } else { &item[1..item.len() - 1] };
                    self.scalar(line, item, text, style);
                }
                self.push(Event::SequenceEnd, line.column_of(value), 1);
            }
            _ => {
                let text = plain(value)?;
                self.scalar(line, text, text, ScalarStyle::Plain);
            }
        }
        Some(())
    }

    /// Where the text ends that begins after this line and belongs to a map at this column.
    fn block_scalar(&mut self, indent: usize, mut at: usize) -> Option<usize> {
        let mut own = None;
        while at < self.text.len() {
            let line = line_at(self.text, at);
            let spaces = line.len() - line.trim_start_matches(' ').len();
            if spaces == line.len() {
                if spaces > 0 && own.is_none() {
                    return None;
                }
            } else if spaces <= indent {
                break;
            } else if spaces < *own.get_or_insert(spaces) {
                return None;
            }
            self.line += 1;
            at = (at + line.len() + 1).min(self.text.len());
        }
        Some(at)
    }
}

impl Line<'_> {
    /// The column of a part of the line, in characters.
    fn column_of(self, part: &str) -> usize {
        let before = &self.whole[..part.as_ptr().addr() - self.whole.as_ptr().addr()];
        if before.is_ascii() { before.len() } else { before.chars().count() }
    }
}

fn style(written: &str) -> ScalarStyle {
    match written.as_bytes().first() {
        Some(b'"') => ScalarStyle::DoubleQuoted,
        Some(b'\'') => ScalarStyle::SingleQuoted,
        _ => ScalarStyle::Plain,
    }
}

fn line_at(text: &str, at: usize) -> &str {
    let rest = &text[at..];
    &rest[..memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len())]
}

/// Key, end of its colon, and what stands behind it.
fn split(content: &str) -> Option<(&str, usize, &str)> {
    let first = *content.as_bytes().first()?;
    let (key, colon) = if matches!(first, b'"' | b'\'') {
        let end = quoted(content, first)?;
        (&content[1..end], end + 1)
    } else {
        let is_in_key = |byte: &u8| byte.is_ascii_alphanumeric() || b"_./@+-".contains(byte);
        let end = content.bytes().position(|byte| !is_in_key(&byte))?;
        // An empty key stands for null.
        (Some(&content[..end]).filter(|key| !key.is_empty() && scalar::is_text(key))?, end)
    };
    let value = content[colon..].strip_prefix(':')?;
    let is_key = key.len() < KEY && (value.is_empty() || value.starts_with(' '));
    is_key.then_some((key, colon + 1, value.trim_start_matches(' ')))
}

/// Where a text in quotes ends that has nothing to be resolved.
fn quoted(text: &str, quote: u8) -> Option<usize> {
    let end = memchr::memchr2(quote, b'\\', &text.as_bytes()[1..])? + 1;
    (text.as_bytes()[end] == quote).then_some(end)
}

/// Nothing, or a comment.
fn is_end(rest: &str) -> bool {
    let comment = rest.trim_start_matches(' ');
    comment.is_empty() || comment.len() < rest.len() && comment.starts_with('#')
}

/// The plain scalar that a value is, without the comment behind it.
fn plain(value: &str) -> Option<&str> {
    let comment = memchr::memchr_iter(b'#', value.as_bytes()).find(|at| value[..*at].ends_with(' '));
    let value = comment.map_or(value, |comment| value[..comment].trim_end_matches(' '));
    let first = *value.as_bytes().first()?;
    let begins = first.is_ascii_alphanumeric() || first >= 0x80 || b"/_.~$(+".contains(&first);
    let begins = begins || first == b'-' && value.as_bytes().get(1).is_some_and(|next| *next != b' ');
    let is_key = |at: usize| matches!(value.as_bytes().get(at + 1), None | Some(b' '));
    (begins && !memchr::memchr_iter(b':', value.as_bytes()).any(is_key)).then_some(value)
}

/// Words between brackets.
fn is_flow(items: &str) -> bool {
    let is_word = |item: &str| {
        let item = item.trim_matches(' ');
        match item.as_bytes().first() {
            Some(quote @ (b'"' | b'\'')) => quoted(item, *quote) == Some(item.len() - 1),
            Some(first) if first.is_ascii_alphanumeric() => {
                item.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_./-".contains(&byte))
            }
            _ => false,
        }
    };
    items.trim_matches(' ').is_empty() || items.split(',').all(is_word)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::span::Sources;
    use crate::value::to_json;
    use crate::yaml::compose::{skim_manifest, skim_whole};

    /// `n`: not wanted; `t`: only that it is a map.
    fn choice(path: &[&str]) -> Wanted {
        match path.last() {
            Some(&"n") => Wanted::Nothing,
            Some(&"t") => Wanted::Type,
            _ => Wanted::All,
        }
    }

    #[test]
    fn what_nobody_wants_has_no_events() {
        let text = "---\na: 1\nt: # why\n  # x\n  b: |\n    c\n\n     d: e\n  \"f g\": [1, \"x\"]\n\nn:\n- a: b\n  c: d\n- e\nz:\n  n:\n   k: 'v' # w\no: [\"ä\", 'b']\n";
        let found = events(text, &choice).unwrap();
        let shown: Vec<String> = found
            .iter()
            .map(|(event, range)| match event {
                Event::Scalar(text, ..) => format!(
                    "{text}@{}:{}+{}",
                    range.start.line(),
                    range.start.col(),
                    range.end.col() - range.start.col()
                ),
                Event::MappingStart(..) => format!("{{@{}:{}", range.start.line(), range.start.col()),
                Event::SequenceStart(..) => "[".to_owned(),
                Event::MappingEnd => "}".to_owned(),
                Event::SequenceEnd => "]".to_owned(),
                _ => String::new(),
            })
            .collect();
        let expected = " {@2:0 a@2:0+1 1@2:3+1 t@3:0+1 {@5:2 } n@11:0+1 ~@12:2+0 z@15:0+1 {@16:2 n@16:2+1 ~@17:3+0 } o@18:0+1 [ ä@18:4+3 b@18:9+3 ] }";
        assert_eq!(shown.join(" "), expected);
        for text in ["a:\n  b: 1\n", "t:\n  - 1\n", "t:\nn: 5\n", ""] {
            assert!(events(text, &choice).is_none(), "all of it is wanted: {text}");
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_parser() {
        for below in [
            "k: &a 1",
            "k: *a",
            "k: !x 1",
            "k: !!str",
            "<<: {a: 1}",
            "? k",
            "k: {a: b}",
            "k: [a: b]",
            "k: [a",
            "k: \"x",
            "k: \"a\\n\"",
            "k: 'it''s'",
            "k: a: b",
            "k: a:",
            "k: - a",
            "k: |2\n     a",
            "k: |\n     a\n    b",
            "k: a\n    b",
            "k:\n - a\n   - b",
            "k: 1\n  - a",
            "- a\n  k: 1",
            "k: 1\n   l: 2",
            "k: 1\n l: 2",
            "k:\tx",
            "k: x\r",
            "true: 1",
            "1: 2",
            "a b: 1",
            "k: %x",
            "k: @x",
            "k: `x`",
            "k: a\u{85}b",
            "k: \u{feff}",
            "k",
            "- - a",
            "-",
            "k: 1\n  k: 2",
            "k: \"x\"y",
            "k: x\n---\n  l: y",
            "k: ?x",
            "k: ,x",
            "k: ]",
        ] {
            let text = format!("t:\n  {below}\n");
            assert!(events(&text, &choice).is_none(), "{text}");
        }
    }

    /// The parser counts what stands behind a text in quotes.
    fn without_lengths(shown: &str) -> String {
        let parts = shown.split(", length: ");
        parts.map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit())).collect()
    }

    /// With and without what is taken away: nodes with their places, or errors.
    fn both(text: &str) -> [Result<String, String>; 2] {
        [skim_manifest, skim_whole].map(|read| {
            let node = read(&Sources::new(), Path::new("/r/a"), Path::new("/r"), Arc::from(text), None, &choice);
            let shown = node.map(|node| format!("{} {node:?}", to_json(&node)));
            shown.map(|text| without_lengths(&text)).map_err(|error| error.to_string())
        })
    }

    proptest! {
        #[test]
        fn the_parser_finds_the_same(lines in prop::collection::vec((0usize..5, 0usize..30), 1..14)) {
            const PARTS: [&str; 30] = [
                "a:", "b:", "t:", "n:", "t:", "n:", "a: 1", "b: x y", "- a: 1", "- b", "- n:", "- t: 2", "-", "# c", "", "a: |", "b: >-",
                "c: \"x\"", "'d': 'y' # z", "e: [1, a]", "f: {}", "g: a: b", "h: x #y", "- - a", "\"a\": 5", "i: *x", "k: - a", "true: 2",
                "text", "a.b/c: http://x:1",
            ];
            let lines: Vec<String> = lines.iter().map(|(indent, part)| " ".repeat(*indent) + PARTS[*part] + "\n").collect();
            let text = lines.concat();
            let [short, whole] = both(&text);
            prop_assert_eq!(short, whole, "{}", text);
        }
    }
}
