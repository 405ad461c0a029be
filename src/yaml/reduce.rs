//! Documents in the plainest form, without what nobody wants of them.
//!
//! Most of the time of a parser goes into values. In documents that are nothing but indented keys, entries and one-line
//! scalars, the lines of a map that is not wanted can be told without it, and are taken away before it begins. Whatever
//! is written in another way, and whatever may be wrong, is left to the parser: it reads the whole document then.

use super::scalar;
use super::skim::{Choice, Keys, Wanted};

/// Bytes of a document that cannot reach the limits of the parser.
const SIZE: usize = 256 * 1024;
/// Open maps and lists, far below the limit of the parser.
const DEPTH: usize = 40;
/// Bytes of a key. The parser has a limit of its own.
const KEY: usize = 128;

/// The document with an empty map, or nothing, in place of what is not wanted, and with every kept line where it was.
/// `None` when the document is not plain, or nothing can be taken away.
pub(super) fn reduced(text: &str, choice: &Choice<'_>) -> Option<String> {
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
        out: String::new(),
        copied: 0,
    };
    reader.read()?;
    reader.finish()
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
    /// Where its colon ends.
    colon: usize,
    wanted: Wanted,
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
    /// How many blocks are open around what is being taken away.
    skipped: Option<usize>,
    out: String,
    /// How much of the text is in the output, or taken away.
    copied: usize,
}

impl<'t> Reader<'t, '_> {
    fn read(&mut self) -> Option<()> {
        let mut at = 0;
        if self.text.starts_with("---\n") {
            at = 4;
        }
        while at < self.text.len() {
            let line = line_at(self.text, at);
            let next = (at + line.len() + 1).min(self.text.len());
            let rest = line.trim_start_matches(' ');
            at = if rest.is_empty() || rest.starts_with('#') {
                next
            } else {
                self.line(at, line.len() - rest.len(), rest.trim_end_matches(' '), next)?
            };
        }
        Some(())
    }

    fn finish(mut self) -> Option<String> {
        if self.skipped.is_some() {
            self.blank(self.text.len());
        }
        if self.out.is_empty() {
            return None;
        }
        self.out.push_str(&self.text[self.copied..]);
        Some(self.out)
    }

    /// One line with content; where the next one begins.
    fn line(&mut self, start: usize, indent: usize, rest: &'t str, next: usize) -> Option<usize> {
        let is_item = rest.starts_with("- ");
        self.enter(start, indent, is_item)?;
        if !is_item {
            return self.entry(start, indent, rest, next);
        }
        let content = rest[2..].trim_start_matches(' ');
        let at = indent + rest.len() - content.len();
        if content.starts_with("- ") {
            return None;
        }
        if split(content).is_some() {
            self.open(at, false)?;
            return self.entry(start, at, content, next);
        }
        self.below = None;
        is_value(content).then_some(next)
    }

    /// Finds or opens the block that the line belongs to.
    fn enter(&mut self, start: usize, indent: usize, is_item: bool) -> Option<()> {
        if self.blocks.is_empty() {
            return if indent == 0 && !is_item { self.open(0, false) } else { None };
        }
        if let Some(below) = self.below.take()
            && (indent > below.indent || indent == below.indent && is_item)
        {
            let is_skipped = match below.wanted {
                Wanted::All => false,
                Wanted::Type => !is_item,
                Wanted::Nothing => true,
            };
            if is_skipped && self.skipped.is_none() {
                self.out.push_str(&self.text[self.copied..below.colon]);
                if below.wanted == Wanted::Type {
                    self.out.push_str(" {}");
                }
                self.out.push_str(&self.text[below.colon..start]);
                self.copied = start;
                self.skipped = Some(self.blocks.len());
            }
            return self.open(indent, is_item);
        }
        loop {
            let block = self.blocks.last()?;
            if block.indent < indent || block.indent == indent && !block.is_list && is_item {
                // A scalar that goes on, or lines that do not fit.
                return None;
            }
            if block.indent == indent && block.is_list == is_item {
                break;
            }
            self.lists -= usize::from(block.is_list);
            self.blocks.pop();
        }
        if self.skipped.is_some_and(|around| self.blocks.len() <= around) {
            self.blank(start);
            self.skipped = None;
        }
        Some(())
    }

    fn open(&mut self, indent: usize, is_list: bool) -> Option<()> {
        self.blocks.push(Block { indent, is_list, keys: Keys::default() });
        self.lists += usize::from(is_list);
        (self.blocks.len() < DEPTH).then_some(())
    }

    /// Empty lines in place of those up to here.
    fn blank(&mut self, end: usize) {
        let lines = self.text[self.copied..end].bytes().filter(|byte| *byte == b'\n').count();
        self.out.extend(std::iter::repeat_n('\n', lines));
        self.copied = end;
    }

    /// A key with what stands behind it, in the map at this column of the line.
    fn entry(&mut self, start: usize, indent: usize, content: &'t str, next: usize) -> Option<usize> {
        let (key, colon, value) = split(content)?;
        let mut wanted = Wanted::All;
        if self.skipped.is_some() {
            if self.blocks.last_mut()?.keys.add(key.into(), ()).is_some() {
                return None;
            }
        } else if self.lists == 0 {
            self.path.truncate(self.blocks.len() - 1);
            self.path.push(key);
            wanted = (self.choice)(&self.path);
        }
        if value.is_empty() || value.starts_with('#') {
            self.below = Some(Below { indent, colon: start + indent + colon, wanted });
            return Some(next);
        }
        self.below = None;
        match value.split(' ').next() {
            Some("|" | "|-" | "|+" | ">" | ">-" | ">+") if !value.contains(' ') => self.block_scalar(indent, next),
            _ => is_value(value).then_some(next),
        }
    }

    /// Where the text ends that begins on this line and belongs to a map at this column.
    fn block_scalar(&self, indent: usize, mut at: usize) -> Option<usize> {
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
            at = (at + line.len() + 1).min(self.text.len());
        }
        Some(at)
    }
}

fn line_at(text: &str, at: usize) -> &str {
    let rest = &text[at..];
    &rest[..memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len())]
}

/// Key, end of its colon, and what stands behind it.
fn split(content: &str) -> Option<(&str, usize, &str)> {
    let (key, colon) = match content.as_bytes().first()? {
        quote @ (b'"' | b'\'') => {
            let end = quoted(content, *quote)?;
            (&content[1..end], end + 1)
        }
        _ => {
            let is_in_key = |byte: &u8| byte.is_ascii_alphanumeric() || b"_./@+-".contains(byte);
            let end = content.bytes().position(|byte| !is_in_key(&byte))?;
            (Some(&content[..end]).filter(|key| scalar::is_text(key))?, end)
        }
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

/// A value that ends on its line, without anchor, alias and tag.
fn is_value(value: &str) -> bool {
    match value.as_bytes().first() {
        Some(quote @ (b'"' | b'\'')) => quoted(value, *quote).is_some_and(|end| is_end(&value[end + 1..])),
        Some(b'{') => value.strip_prefix("{}").is_some_and(is_end),
        Some(b'[') => value[1..].split_once(']').is_some_and(|(items, rest)| is_end(rest) && is_flow(items)),
        Some(_) => is_plain(value),
        None => false,
    }
}

fn is_plain(value: &str) -> bool {
    let value = value.find(" #").map_or(value, |comment| value[..comment].trim_end_matches(' '));
    let first = value.as_bytes()[0];
    let begins = first.is_ascii_alphanumeric() || first >= 0x80 || b"/_.~$(+".contains(&first);
    let begins = begins || first == b'-' && value.as_bytes().get(1).is_some_and(|next| *next != b' ');
    begins && !value.contains(": ") && !value.ends_with(':')
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
    fn lines_that_nobody_wants_are_taken_away() {
        let text = "---\na: 1\nt: # why\n  # x\n  b: |\n    c\n\n     d: e\n  \"f g\": [1, \"x\"]\n\nn:\n- a: b\n  c: d\n- e\nz:\n  n:\n   k: 'v' # w\n";
        let expected = "---\na: 1\nt: {} # why\n  # x\n\n\n\n\n\n\nn:\n\n\n\nz:\n  n:\n\n";
        assert_eq!(reduced(text, &choice).as_deref(), Some(expected));
        for text in ["a:\n  b: 1\n", "t:\n  - 1\n", "t:\nn: 5\n", ""] {
            assert_eq!(reduced(text, &choice), None, "nothing to take away: {text}");
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
            assert_eq!(reduced(&text, &choice), None, "{text}");
        }
    }

    /// With and without what is taken away: nodes without their places, and errors.
    fn both(text: &str) -> [Result<String, String>; 2] {
        [skim_manifest, skim_whole].map(|read| {
            let node = read(&Sources::new(), Path::new("/r/a"), Path::new("/r"), Arc::from(text), None, &choice);
            node.map(|node| to_json(&node).to_string()).map_err(|error| error.to_string())
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
            let text: String = lines.iter().map(|(indent, part)| format!("{}{}\n", " ".repeat(*indent), PARTS[*part])).collect();
            let [short, whole] = both(&text);
            prop_assert_eq!(short, whole, "{}", text);
        }
    }
}
