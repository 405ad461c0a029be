//! YAML output in the form of the reference: natural key order, lists indented below their key, no folded lines,
//! strings quoted only where they must be.

use std::fmt::Write as _;

use super::json::{PART, blanks};
use super::order::natural;
use super::scalar::is_ambiguous;
use crate::value::{Node, Value, format_float, function_text};

/// Keys longer than this are written in the `? key` form, since readers give up on longer simple keys.
const SIMPLE_KEY: usize = 128;

/// Characters that cannot begin a plain scalar.
const INDICATORS: [char; 16] = ['#', ',', '[', ']', '{', '}', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`'];

/// The YAML text of a node with a final line break. `indent` is the number of columns per level (at least 2).
/// Functions that were not evaluated become the text in which they were written, as a string.
pub fn emit(node: &Node, indent: usize) -> String {
    emit_with(node, indent, true)
}

/// [`emit`] for records of a fixed shape: keys in the order in which the map has them.
pub fn emit_record(node: &Node, indent: usize) -> String {
    emit_with(node, indent, false)
}

/// [`emit`] with the comment that `note` gives for a value behind the first line of the value, at `column` or further
/// right. Maps and lists with content have no line of their own and are not asked about.
pub fn emit_noted(node: &Node, indent: usize, column: usize, note: &Note<'_>) -> String {
    let mut emitter =
        Emitter { out: String::new(), unit: indent.max(2), sorted: true, note: Some(note), notes: Vec::new() };
    emitter.document(node);
    let mut notes = emitter.notes.into_iter().peekable();
    let mut noted = String::with_capacity(emitter.out.len() * 2);
    let mut end = 0;
    for line in emitter.out.split_inclusive('\n') {
        end += line.len();
        match notes.next_if(|(at, _)| *at < end) {
            Some((_, note)) => {
                let line = line.trim_end_matches('\n');
                // The comment is beside its value even where that is wide.
                let blanks = column.saturating_sub(line.chars().count()).max(1);
                let _ = writeln!(noted, "{line}{:blanks$}# {note}", "");
            }
            None => noted.push_str(line),
        }
    }
    noted
}

fn emit_with(node: &Node, indent: usize, sorted: bool) -> String {
    let mut emitter = Emitter::new(indent, sorted);
    emitter.document(node);
    emitter.out
}

/// What follows the colon of a key that has `level - 1` keys above it, with its line break.
pub(super) fn emit_entry(node: &Node, indent: usize, level: usize) -> String {
    let mut emitter = Emitter::new(indent, true);
    // Growing by doubling would copy each document several times; what is too much goes back.
    emitter.out.reserve(PART);
    let column = (level - 1) * emitter.unit;
    emitter.entry(node, column);
    emitter.out.shrink_to_fit();
    emitter.out
}

/// A key with its colon, below `level` other keys.
pub(super) fn emit_key(key: &str, indent: usize, level: usize) -> String {
    let mut emitter = Emitter::new(indent, true);
    emitter.key(key, level * emitter.unit, false);
    emitter.out
}

/// What is said about a value, if anything.
type Note<'n> = dyn Fn(&Node) -> Option<String> + 'n;

struct Emitter<'n> {
    out: String,
    unit: usize,
    /// Whether the keys of maps are sorted.
    sorted: bool,
    /// What is said about a value.
    note: Option<&'n Note<'n>>,
    /// What was said, with the offset of the value in the text.
    notes: Vec<(usize, String)>,
}

impl Emitter<'_> {
    fn new(indent: usize, sorted: bool) -> Self {
        Emitter { out: String::new(), unit: indent.max(2), sorted, note: None, notes: Vec::new() }
    }

    fn document(&mut self, node: &Node) {
        match &node.value {
            Value::List(list) if !list.is_empty() => self.list(list, 0, false),
            Value::Map(map) if !map.is_empty() => self.map(map, 0, false),
            _ => self.scalar(node, None),
        }
    }

    /// Writes the entries of a map at `column`; the first one goes on the current line if `inline`.
    fn map(&mut self, map: &crate::value::Map, column: usize, inline: bool) {
        let mut entries: Vec<_> = map.iter().collect();
        if self.sorted {
            entries.sort_by(|(left, _), (right, _)| natural(left, right));
        }
        for (index, (key, node)) in entries.into_iter().enumerate() {
            self.key(key, column, index == 0 && inline);
            self.entry(node, column);
        }
    }

    /// Writes a key at `column`, or on the current line.
    fn key(&mut self, key: &str, column: usize, inline: bool) {
        if !inline {
            self.pad(column);
        }
        if key.chars().count() > SIMPLE_KEY {
            self.out.push_str("? ");
            self.inline_string(key);
            self.out.push('\n');
            self.pad(column);
        } else {
            self.inline_string(key);
        }
        self.out.push(':');
    }

    /// Writes what follows `key:`, with its line break.
    fn entry(&mut self, node: &Node, column: usize) {
        let below = self.next_level(column);
        match &node.value {
            Value::List(list) if !list.is_empty() => {
                self.out.push('\n');
                self.list(list, below, false);
            }
            Value::Map(map) if !map.is_empty() => {
                self.out.push('\n');
                self.map(map, below, false);
            }
            _ => {
                self.out.push(' ');
                self.scalar(node, Some((column, below)));
            }
        }
    }

    /// Writes the items of a list at `column`.
    fn list(&mut self, list: &[Node], column: usize, inline: bool) {
        for (index, item) in list.iter().enumerate() {
            if index > 0 || !inline {
                self.pad(column);
            }
            self.out.push_str("- ");
            match &item.value {
                Value::List(list) if !list.is_empty() => self.list(list, column + 2, true),
                Value::Map(map) if !map.is_empty() => self.map(map, column + 2, true),
                _ => self.scalar(item, Some((column, column + 2))),
            }
        }
    }

    /// The next multiple of the unit.
    fn next_level(&self, column: usize) -> usize {
        self.unit * ((column + self.unit) / self.unit)
    }

    fn pad(&mut self, column: usize) {
        blanks(&mut self.out, column);
    }

    /// Writes a value that is not a filled container, with its line break. `block` has the column of the parent and the
    /// column for the lines of a block scalar; `None` at the root of a document.
    fn scalar(&mut self, node: &Node, block: Option<(usize, usize)>) {
        if let Some(note) = self.note.and_then(|note| note(node)) {
            self.notes.push((self.out.len(), note));
        }
        match &node.value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(flag) => self.out.push_str(if *flag { "true" } else { "false" }),
            Value::Int(number) => {
                let _ = write!(self.out, "{number}");
            }
            Value::UInt(number) => {
                let _ = write!(self.out, "{number}");
            }
            Value::Float(number) => self.out.push_str(&format_float(*number)),
            Value::List(_) => self.out.push_str("[]"),
            Value::Map(_) => self.out.push_str("{}"),
            Value::String(text) => return self.string(text, block),
            Value::Function(function) => return self.string(&function_text(function), block),
        }
        self.out.push('\n');
    }

    fn string(&mut self, text: &str, block: Option<(usize, usize)>) {
        let (parent, column) = block.unwrap_or((0, self.unit));
        if text.contains('\n') && fits_block(text) && column - parent <= 9 {
            self.literal(text, parent, column);
        } else {
            self.inline_string(text);
            self.out.push('\n');
        }
    }

    /// A string on one line: plain, single-quoted or double-quoted.
    fn inline_string(&mut self, text: &str) {
        if is_ambiguous(text) || needs_escapes(text) {
            self.double_quoted(text);
        } else if fits_plain(text) {
            self.out.push_str(text);
        } else {
            self.out.push('\'');
            self.out.push_str(&text.replace('\'', "''"));
            self.out.push('\'');
        }
    }

    fn literal(&mut self, text: &str, parent: usize, column: usize) {
        self.out.push('|');
        if text.starts_with([' ', '\n']) {
            let _ = write!(self.out, "{}", column - parent);
        }
        let body = match text.strip_suffix('\n') {
            None => {
                self.out.push('-');
                text
            }
            Some(body) => {
                if body.is_empty() || body.ends_with('\n') {
                    self.out.push('+');
                }
                body
            }
        };
        self.out.push('\n');
        for line in body.split('\n') {
            if !line.is_empty() {
                self.pad(column);
                self.out.push_str(line);
            }
            self.out.push('\n');
        }
    }

    fn double_quoted(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\0' => self.out.push_str("\\0"),
                '\u{7}' => self.out.push_str("\\a"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{b}' => self.out.push_str("\\v"),
                '\u{c}' => self.out.push_str("\\f"),
                '\u{1b}' => self.out.push_str("\\e"),
                '\u{85}' => self.out.push_str("\\N"),
                '\u{2028}' => self.out.push_str("\\L"),
                '\u{2029}' => self.out.push_str("\\P"),
                c if is_printable(c) => self.out.push(c),
                c => self.escape(u32::from(c)),
            }
        }
        self.out.push('"');
    }

    fn escape(&mut self, code: u32) {
        let _ = match code {
            0..=0xff => write!(self.out, "\\x{code:02X}"),
            0x100..=0xffff => write!(self.out, "\\u{code:04X}"),
            _ => write!(self.out, "\\U{code:08X}"),
        };
    }
}

/// Characters that may stand in a document as they are.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && c != '\u{feff}'
        && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// Only double quotes can hold this text on one line.
fn needs_escapes(text: &str) -> bool {
    text.chars().any(|c| !is_printable(c))
}

/// The text keeps its content as a literal block.
fn fits_block(text: &str) -> bool {
    text.chars().all(|c| is_printable(c) || matches!(c, '\n' | '\t'))
        && !text.contains(" \n")
        && !text.contains("\t\n")
        && !text.ends_with([' ', '\t'])
        // A first line of tabs or blanks would be taken for indentation.
        && !text.trim_start_matches('\n').starts_with('\t')
}

/// The text means itself without quotes, in a block context.
fn fits_plain(text: &str) -> bool {
    let lone_indicator = matches!(text.as_bytes(), [] | [b'-' | b'?' | b':'] | [b'-' | b'?' | b':', b' ', ..]);
    !lone_indicator
        && !text.starts_with(INDICATORS)
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.starts_with("---")
        && !text.starts_with("...")
        && !text.contains(": ")
        && !text.ends_with(':')
        && !text.contains(" #")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::from_json;

    #[test]
    fn output_has_the_form_of_the_reference() {
        let node = from_json(&serde_json::json!({
            "z": [1, [2, 3], {"a": 1, "b": [true]}, {}, []],
            "9": null, "10": "10", "y": "true", "text": "a\n b\n", "strip": "a\nb", "keep": "a\n\n",
            "lead": " a\nb", "path": "a: b", "hash": "a #b", "colon": "a:", "at": "@x", "sq": "it's", "sq2": "'it",
            "tab": "a\tb", "dash": "- a", "neg": "-a", "nested": {"deep": {"list": ["x: y"]}}, "empty": "",
            "long": "word ".repeat(60).trim_end()
        }));
        let expected = format!(
            r#""9": null
"10": "10"
at: '@x'
colon: 'a:'
dash: '- a'
empty: ""
hash: 'a #b'
keep: |+
  a

lead: |2-
   a
  b
long: {}
neg: -a
nested:
  deep:
    list:
      - 'x: y'
path: 'a: b'
sq: it's
sq2: '''it'
strip: |-
  a
  b
tab: "a\tb"
text: |
  a
   b
"y": "true"
z:
  - 1
  - - 2
    - 3
  - a: 1
    b:
      - true
  - {{}}
  - []
"#,
            "word ".repeat(60).trim_end()
        );
        assert_eq!(emit(&node, 2), expected);
    }

    #[test]
    fn wider_indent_aligns_to_its_multiples() {
        let node = from_json(&serde_json::json!({"a": [{"b": {"c": 1}}]}));
        assert_eq!(emit(&node, 4), "a:\n    - b:\n        c: 1\n");
    }

    #[test]
    fn records_keep_their_order() {
        let node = Node::from(crate::value::Map::from_iter([("b".into(), Node::from(1)), ("a".into(), Node::from(2))]));
        assert_eq!(emit_record(&node, 2), "b: 1\na: 2\n");
    }

    #[test]
    fn notes_stand_beside_the_first_line_of_a_value() {
        let node =
            from_json(&serde_json::json!({"a": {"b": 1, "text": "x\ny"}, "list": ["wide value", []], "none": null}));
        let note = |node: &Node| (!node.is_null()).then(|| node.value.type_name().to_owned());
        let expected = "\
a:
  b: 1      # integer
  text: |-  # string
    x
    y
list:
  - wide value # string
  - []      # list
none: null
";
        assert_eq!(emit_noted(&node, 2, 12, &note), expected);
    }

    #[test]
    fn scalars_stand_alone() {
        assert_eq!(emit(&Node::from("foo"), 2), "foo\n");
        assert_eq!(emit(&Node::default(), 2), "null\n");
        assert_eq!(emit(&Node::empty_map(), 2), "{}\n");
    }
}
