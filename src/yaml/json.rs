//! JSON output: two spaces, keys in bytewise order, no HTML escaping.

use std::fmt::Write as _;

use super::error::Error;
use crate::span::Span;
use crate::value::{Map, Node, Path, Value, format_json_float, function_text};

/// Bytes that the description of a component rarely exceeds.
pub(super) const PART: usize = 32 << 10;

/// The JSON text of a node with a final line break. Infinities, which JSON has not, become `null`;
/// [`try_emit_json`] refuses them.
pub fn emit_json(node: &Node) -> String {
    emit_with(node, Order::Sorted)
}

/// [`emit_json`] for records of a fixed shape: keys in the order in which the map has them.
pub fn emit_json_record(node: &Node) -> String {
    emit_with(node, Order::Given)
}

/// [`emit_json`] on one line: a value among several.
pub fn emit_json_line(node: &Node) -> String {
    format!("{}\n", crate::value::to_json(node))
}

/// Order of the keys of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Sorted,
    Given,
}

fn emit_with(node: &Node, order: Order) -> String {
    let mut out = String::new();
    write(&mut out, node, 0, order);
    out.push('\n');
    out
}

/// [`emit_json`] for documents that a person or a tool reads as data.
///
/// # Errors
/// A number that JSON cannot express, with the path to its key.
pub fn try_emit_json(node: &Node) -> Result<String, Error> {
    match not_json(node) {
        Some(NotJson { path, value, .. }) => Err(Error::NotJson { path, value: value.to_owned() }),
        None => Ok(emit_json(node)),
    }
}

/// A key on its own line with what separates it from its value.
pub(super) fn json_key(key: &str, level: usize) -> String {
    let mut out = String::new();
    new_line(&mut out, level);
    write_string(&mut out, key);
    out.push_str(": ");
    out
}

/// [`try_emit_json`] for records of a fixed shape.
///
/// # Errors
/// Those of [`try_emit_json`].
pub fn try_emit_json_record(node: &Node) -> Result<String, Error> {
    match not_json(node) {
        Some(NotJson { path, value, .. }) => Err(Error::NotJson { path, value: value.to_owned() }),
        None => Ok(emit_json_record(node)),
    }
}

/// A number that JSON cannot express.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotJson {
    /// Path to its key.
    pub path: String,
    /// `+Inf`, `-Inf` or `NaN`.
    pub value: &'static str,
    pub span: Span,
}

/// Whether JSON can express every number in the node.
pub(super) fn is_finite(node: &Node) -> bool {
    match &node.value {
        Value::Float(number) => number.is_finite(),
        Value::List(list) => list.iter().all(is_finite),
        Value::Map(map) => map.values().all(is_finite),
        _ => true,
    }
}

/// The first number below `node` that JSON cannot express.
pub fn not_json(node: &Node) -> Option<NotJson> {
    fn walk(node: &Node, path: &mut Path) -> Option<NotJson> {
        match &node.value {
            Value::Float(number) if !number.is_finite() => {
                let value = if number.is_nan() {
                    "NaN"
                } else if *number > 0.0 {
                    "+Inf"
                } else {
                    "-Inf"
                };
                Some(NotJson { path: path.to_string(), value, span: node.span })
            }
            Value::List(list) => list.iter().enumerate().find_map(|(index, item)| {
                path.push_index(index);
                let found = walk(item, path);
                path.pop();
                found
            }),
            Value::Map(map) => map.iter().find_map(|(key, item)| {
                path.push_key(key);
                let found = walk(item, path);
                path.pop();
                found
            }),
            _ => None,
        }
    }
    // Paths are built only when there is something to report.
    if is_finite(node) { None } else { walk(node, &mut Path::new()) }
}

pub(super) fn write(out: &mut String, node: &Node, level: usize, order: Order) {
    match &node.value {
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => write_int(out, *number),
        Value::UInt(number) => drop(write!(out, "{number}")),
        Value::Float(number) if number.is_finite() => out.push_str(&format_json_float(*number)),
        Value::Null | Value::Float(_) => out.push_str("null"),
        Value::String(text) => write_string(out, text),
        Value::Function(function) => write_string(out, &function_text(function)),
        Value::List(list) if list.is_empty() => out.push_str("[]"),
        Value::List(list) => {
            out.push('[');
            for (index, item) in list.iter().enumerate() {
                separate(out, index, level + 1);
                write(out, item, level + 1, order);
            }
            close(out, ']', level);
        }
        Value::Map(map) if map.is_empty() => out.push_str("{}"),
        Value::Map(map) => {
            out.push('{');
            let mut entry = |index: usize, key: &str, item: &Node| {
                self::key(out, index, level + 1, key);
                write(out, item, level + 1, order);
            };
            match order {
                Order::Sorted => {
                    sorted(map).enumerate().for_each(|(index, (key, item))| entry(index, key, item));
                }
                Order::Given => {
                    map.iter().enumerate().for_each(|(index, (key, item))| entry(index, key, item));
                }
            }
            close(out, '}', level);
        }
    }
}

/// The entries in bytewise order of their keys.
pub(super) fn sorted(map: &Map) -> impl ExactSizeIterator<Item = (&str, &Node)> {
    // The first bytes as a number tell most keys apart, at a fraction of the cost of comparing texts.
    let beginning = |key: &str| {
        let mut bytes = [0; 8];
        let length = key.len().min(bytes.len());
        bytes[..length].copy_from_slice(&key.as_bytes()[..length]);
        u64::from_be_bytes(bytes)
    };
    let mut entries: Vec<(u64, &str, &Node)> = map.iter().map(|(key, item)| (beginning(key), &**key, item)).collect();
    entries.sort_unstable_by(|left, right| left.0.cmp(&right.0).then_with(|| left.1.cmp(right.1)));
    entries.into_iter().map(|(_, key, item)| (key, item))
}

/// The key of an entry with what comes before and after it.
pub(super) fn key(out: &mut String, index: usize, level: usize, key: &str) {
    separate(out, index, level);
    write_string(out, key);
    out.push_str(": ");
}

/// The digits of a number; formatting would cost more than everything around it.
fn write_int(out: &mut String, number: i64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push('-');
    }
    out.extend(digits[at..].iter().map(|digit| char::from(*digit)));
}

fn separate(out: &mut String, index: usize, level: usize) {
    const LINE: &str = ",\n                                                                ";
    let start = usize::from(index == 0);
    if let Some(line) = LINE.get(start..2 + level * 2) {
        out.push_str(line);
    } else {
        out.push_str(&LINE[start..2]);
        blanks(out, level * 2);
    }
}

pub(super) fn close(out: &mut String, bracket: char, level: usize) {
    new_line(out, level);
    out.push(bracket);
}

fn new_line(out: &mut String, level: usize) {
    out.push('\n');
    blanks(out, level * 2);
}

/// Indentation.
pub(super) fn blanks(out: &mut String, mut width: usize) {
    const SPACES: &str = "                                                                ";
    while width > 0 {
        let part = width.min(SPACES.len());
        out.push_str(&SPACES[..part]);
        width -= part;
    }
}

/// Quotes a string.
fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    loop {
        let end = special(rest.as_bytes()).unwrap_or(rest.len());
        out.push_str(&rest[..end]);
        rest = &rest[end..];
        let Some(special) = rest.chars().next() else { break };
        write_special(out, special);
        rest = &rest[special.len_utf8()..];
    }
    out.push('"');
}

/// Where the first byte is that cannot stand in a string as it is. Documents are mostly short strings without one, so
/// eight bytes are looked at at once.
fn special(bytes: &[u8]) -> Option<usize> {
    let words = bytes.as_chunks::<8>().0;
    let plain = words.iter().take_while(|word| !has_special(u64::from_le_bytes(**word))).count() * 8;
    let found = bytes[plain..].iter().position(|byte| matches!(byte, 0..=0x1f | b'"' | b'\\'));
    found.map(|at| plain + at)
}

/// Whether one of eight bytes is a control character, a quote or a backslash: in a byte that is less than `n`, and in no
/// other before it, the highest bit is set after `n` was subtracted, and was not before.
const fn has_special(word: u64) -> bool {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let quotes = word ^ (EACH * 0x22);
    let backslashes = word ^ (EACH * 0x5c);
    let below = word.wrapping_sub(EACH * 0x20) & !word;
    let found = below | quotes.wrapping_sub(EACH) & !quotes | backslashes.wrapping_sub(EACH) & !backslashes;
    found & (EACH * 0x80) != 0
}

fn write_special(out: &mut String, special: char) {
    match special {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\0'..='\u{1f}' => {
            let _ = write!(out, "\\u{:04x}", u32::from(special));
        }
        other => out.push(other),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::value::{Map, from_json, to_json};

    #[test]
    fn json_has_two_spaces_and_sorted_keys() {
        let node = from_json(&serde_json::json!({"b": [1, {"z": null, "a": "<&>\u{1}"}], "10": {}, "9": [], "a": 1.5}));
        let expected = r#"{
  "10": {},
  "9": [],
  "a": 1.5,
  "b": [
    1,
    {
      "a": "<&>\u0001",
      "z": null
    }
  ]
}
"#;
        assert_eq!(emit_json(&node), expected);
    }

    #[test]
    fn numbers_have_all_their_digits() {
        for number in [0, 7, -1, 10, 1234, i64::MAX, i64::MIN] {
            assert_eq!(emit_json(&Node::from(number)), format!("{number}\n"));
        }
    }

    #[test]
    fn separators_of_lines_stay_as_they_are() {
        assert_eq!(emit_json(&Node::from("a\u{2028}b\u{2029}")), "\"a\u{2028}b\u{2029}\"\n");
        assert_eq!(emit_json(&Node::from(vec![Node::from(Value::Float(1e-7))])), "[\n  1e-7\n]\n");
    }

    #[test]
    fn infinity_is_refused_with_its_path() {
        let list = Node::from(vec![Node::from(1), Node::from(Value::Float(f64::INFINITY))]);
        let node =
            Node::from(Map::from_iter([(Arc::from("vars"), Node::from(Map::from_iter([(Arc::from("a"), list)])))]));
        let error = try_emit_json(&node).unwrap_err();
        assert_eq!(error.to_string(), "unsupported value: +Inf at 'vars.a[1]' cannot be written as JSON");
    }

    #[test]
    fn every_byte_is_found_at_every_place() {
        for byte in 0..=u8::MAX {
            for at in 0..19 {
                let mut bytes = [b'x'; 20];
                bytes[at] = byte;
                let expected = matches!(byte, 0..=0x1f | b'"' | b'\\').then_some(at);
                assert_eq!(special(&bytes), expected, "{byte:#x} at {at}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn strings_survive(text in ".*") {
            let parsed: serde_json::Value = serde_json::from_str(&emit_json(&Node::from(text.as_str()))).unwrap();
            proptest::prop_assert_eq!(parsed, to_json(&Node::from(text.as_str())));
        }
    }
}
