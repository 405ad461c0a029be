//! Colours in YAML and JSON, for who reads them at a terminal.

use std::fmt::Write as _;

use super::paint::painted;
use crate::config::Theme;
use crate::value::Value;
use crate::yaml::plain_scalar;

/// What a document is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    Yaml,
    Json,
}

/// What a piece of a document is. What is none of these has the colour of the terminal.
#[derive(Debug, Clone, Copy)]
enum Part {
    Key,
    Text,
    Number,
    /// `true`, `false`, `null`
    Constant,
    Comment,
}

/// The text with colours in it; without them it is what it was.
pub(super) fn highlighted(text: &str, syntax: Syntax, theme: Option<&Theme>) -> String {
    let mut painter = Painter { out: String::with_capacity(text.len() * 2), theme };
    match syntax {
        Syntax::Json => json(text, &mut painter),
        Syntax::Yaml => yaml(text, &mut painter),
    }
    painter.out
}

struct Painter<'t> {
    out: String,
    theme: Option<&'t Theme>,
}

impl Painter<'_> {
    fn plain(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn part(&mut self, part: Part, text: &str) {
        if text.is_empty() {
            return;
        }
        let theme = self.theme;
        let (own, code) = match part {
            Part::Key => (theme.and_then(|theme| theme.heading), "36"),
            Part::Text => (theme.and_then(|theme| theme.success), "32"),
            Part::Number => (theme.and_then(|theme| theme.warning), "33"),
            Part::Constant => (theme.and_then(|theme| theme.error), "35"),
            Part::Comment => (theme.and_then(|theme| theme.muted), "90"),
        };
        match own {
            Some(colour) => self.out.push_str(&painted(text, colour)),
            None => {
                let _ = write!(self.out, "\u{1b}[{code}m{text}\u{1b}[0m");
            }
        }
    }
}

fn json(text: &str, painter: &mut Painter<'_>) {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.');
        let length = match first {
            '"' => quoted(rest),
            first if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => rest.find(|c| c == '"' || is_word(c)).unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length);
        match first {
            '"' if after.trim_start().starts_with(':') => painter.part(Part::Key, token),
            '"' => painter.part(Part::Text, token),
            first if first.is_ascii_alphabetic() => painter.part(Part::Constant, token),
            first if is_word(first) => painter.part(Part::Number, token),
            _ => painter.plain(token),
        }
        rest = after;
    }
}

fn yaml(text: &str, painter: &mut Painter<'_>) {
    // Column of the key or dash whose text goes on below.
    let mut block = None;
    for whole in text.split_inclusive('\n') {
        let line = whole.strip_suffix('\n').unwrap_or(whole);
        let indent = line.len() - line.trim_start_matches(' ').len();
        painter.plain(&line[..indent]);
        if block.is_some_and(|column| indent > column || line.trim().is_empty()) {
            painter.part(Part::Text, &line[indent..]);
        } else {
            block = entry(&line[indent..], indent, painter);
        }
        painter.plain(&whole[line.len()..]);
    }
}

/// One line without its indent; gives the column of a text that goes on below.
fn entry(line: &str, indent: usize, painter: &mut Painter<'_>) -> Option<usize> {
    let (mut rest, mut column) = (line, indent);
    while let Some(behind) = rest.strip_prefix('-').filter(|behind| behind.is_empty() || behind.starts_with(' ')) {
        let next = behind.trim_start_matches(' ');
        column = indent + line.len() - rest.len();
        painter.plain(&rest[..rest.len() - next.len()]);
        rest = next;
    }
    if let Some(length) = key(rest) {
        column = indent + line.len() - rest.len();
        painter.part(Part::Key, &rest[..length]);
        painter.plain(":");
        rest = &rest[length + 1..];
    }
    value(rest, painter).then_some(column)
}

/// Length of the key that a line begins with.
fn key(line: &str) -> Option<usize> {
    let ends = |at: usize| matches!(line.as_bytes().get(at + 1), None | Some(b' '));
    if line.starts_with(['"', '\'']) {
        let length = quoted(line);
        return (line[length..].starts_with(':') && ends(length)).then_some(length);
    }
    if line.starts_with(['#', '|', '>', '[', '{', '!', '&', '*', '%', '@', '?']) {
        return None;
    }
    let text = &line[..line.find(" #").unwrap_or(line.len())];
    text.match_indices(':').map(|(at, _)| at).find(|at| ends(*at))
}

/// What stands behind a colon or dash; whether a text begins there that goes on below.
fn value(text: &str, painter: &mut Painter<'_>) -> bool {
    let start = text.trim_start_matches(' ');
    painter.plain(&text[..text.len() - start.len()]);
    let end = match start.chars().next() {
        None => return false,
        Some('#') => {
            painter.part(Part::Comment, start);
            return false;
        }
        // What a tag, an anchor or an alias says of a value is none.
        Some('!' | '&' | '*') => {
            let (word, rest) = start.split_at(start.find(' ').unwrap_or(start.len()));
            painter.plain(word);
            return value(rest, painter);
        }
        Some('"' | '\'') => quoted(start),
        _ => start.find(" #").unwrap_or(start.len()),
    };
    let (own, rest) = start.split_at(end);
    let is_block = own.starts_with(['|', '>']);
    if is_block || own.starts_with(['[', '{']) || matches!(own, "---" | "...") {
        painter.plain(own);
    } else {
        painter.part(kind(own), own);
    }
    if !rest.is_empty() {
        value(rest, painter);
    }
    is_block
}

fn kind(text: &str) -> Part {
    if text.starts_with(['"', '\'']) {
        return Part::Text;
    }
    match plain_scalar(text.trim_end()) {
        Value::Null | Value::Bool(_) => Part::Constant,
        Value::Int(_) | Value::UInt(_) | Value::Float(_) => Part::Number,
        _ => Part::Text,
    }
}

/// Length of the text in quotes that a text begins with; all of it where it is not closed.
fn quoted(text: &str) -> usize {
    let quote = text.chars().next().unwrap_or('"');
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        let doubled = |next: Option<&(usize, char)>| next.is_some_and(|(_, next)| *next == quote);
        if quote == '"' && letter == '\\' || quote == '\'' && letter == quote && doubled(letters.peek()) {
            letters.next();
        } else if letter == quote {
            return at + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts in brackets with their letter in front.
    fn told(text: &str, syntax: Syntax) -> String {
        let shown = highlighted(text, syntax, None);
        assert_eq!(strip(&shown), text);
        [("36", "k"), ("32", "t"), ("33", "n"), ("35", "c"), ("90", "r")]
            .into_iter()
            .fold(shown, |shown, (code, letter)| shown.replace(&format!("\u{1b}[{code}m"), &format!("{letter}‹")))
            .replace("\u{1b}[0m", "›")
    }

    fn strip(text: &str) -> String {
        let mut parts = text.split("\u{1b}[");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, rest)| rest))
    }

    #[test]
    fn json_has_keys_and_values() {
        assert_eq!(
            told("{\n  \"a\\\"b\": [1, -2.5e+10, \"x: y\", true, null],\n  \"c\": {}\n}\n", Syntax::Json),
            "{\n  k‹\"a\\\"b\"›: [n‹1›, n‹-2.5e+10›, t‹\"x: y\"›, c‹true›, c‹null›],\n  k‹\"c\"›: {}\n}\n"
        );
        assert_eq!(told("\"ü", Syntax::Json), "t‹\"ü›");
    }

    #[test]
    fn yaml_has_keys_values_and_comments() {
        for (line, expected) in [
            ("a: 1", "k‹a›: n‹1›"),
            ("a b/c:", "k‹a b/c›:"),
            ("'a: b': x", "k‹'a: b'›: t‹x›"),
            ("url: http://x:80/#y # z", "k‹url›: t‹http://x:80/#y› r‹# z›"),
            ("- - k: \"a # b\"   # c", "- - k‹k›: t‹\"a # b\"›   r‹# c›"),
            ("- 'it''s: b'", "- t‹'it''s: b'›"),
            ("- a:b", "- t‹a:b›"),
            ("a: !env X", "k‹a›: !env t‹X›"),
            ("a: {}", "k‹a›: {}"),
            ("a: ~", "k‹a›: c‹~›"),
            ("# a: b", "r‹# a: b›"),
            ("---", "---"),
            ("-1", "n‹-1›"),
        ] {
            assert_eq!(told(line, Syntax::Yaml), expected, "{line}");
        }
        assert_eq!(
            told(
                "a:\n  - b: |- # c\n      x: 1\n\n      # y\n    d: >\n      z\n  - |\n    w: 1\ne: true\n",
                Syntax::Yaml
            ),
            "k‹a›:\n  - k‹b›: |- r‹# c›\n      t‹x: 1›\n\n      t‹# y›\n    k‹d›: >\n      t‹z›\n  - |\n    t‹w: 1›\nk‹e›: c‹true›\n"
        );
    }

    #[test]
    fn colours_are_those_of_the_theme() {
        let theme = crate::config::find_theme("dracula");
        assert!(highlighted("a: x", Syntax::Yaml, theme).starts_with("\u{1b}[38;2;189;147;249ma\u{1b}[0m: "));
    }
}
