//! Data as HCL: attributes with constant values, and the blocks of a module.

use std::fmt::Write as _;

use crate::value::{Map, Node, Value, format_json_float, function_text};

/// Blocks that have labels, and how many.
const LABELED: [(&str, usize); 6] =
    [("variable", 1), ("output", 1), ("provider", 1), ("module", 1), ("resource", 2), ("data", 2)];

/// Blocks without labels.
const PLAIN: [&str; 2] = ["locals", "terraform"];

/// A file of variables with a blank line between any two, keys of nested maps in quotes, all sorted.
pub fn variables(map: &Map) -> String {
    Style::Spaced.attributes(map, 0)
}

/// The attributes of a map, sorted, the signs of neighbours below each other.
pub fn attributes(map: &Map) -> String {
    Style::Aligned.attributes(map, 0)
}

/// A value as an expression on one line, every key in quotes.
pub fn expression(node: &Node) -> String {
    match &node.value {
        Value::Map(map) => {
            let entries = sorted(map).into_iter().map(|(key, item)| format!("{} = {}", quoted(key), expression(item)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::List(list) => format!("[{}]", list.iter().map(expression).collect::<Vec<_>>().join(", ")),
        _ => Style::Aligned.value(node, 0),
    }
}

/// A block in a block, such as `terraform { backend "s3" { … } }`.
pub fn nested_block(outer: &str, inner: &str, labels: &[&str], map: &Map) -> String {
    let labels = in_quotes(labels);
    let body = Style::Aligned.attributes(map, 2);
    format!("{outer} {{\n  {inner}{labels} {{\n{body}  }}\n}}\n")
}

/// A module: maps under the names of blocks are blocks, everything else is an attribute.
///
/// # Errors
/// What is wrong with a block.
pub fn module(map: &Map) -> Result<String, String> {
    let mut out = String::new();
    let mut plain = Map::default();
    for (key, node) in sorted(map) {
        let labels = LABELED.iter().find(|(name, _)| *name == &**key).map(|(_, labels)| *labels);
        let labels = labels.or_else(|| PLAIN.contains(&&**key).then_some(0));
        match (labels, node.as_map()) {
            (Some(labels), Some(_)) => {
                out.push_str(&Style::Aligned.attributes(&std::mem::take(&mut plain), 0));
                blocks(&mut out, key, &[], node, labels)?;
            }
            _ => drop(plain.insert(key.clone(), node.clone())),
        }
    }
    out.push_str(&Style::Aligned.attributes(&plain, 0));
    Ok(out)
}

fn blocks(out: &mut String, kind: &str, labels: &[&str], node: &Node, missing: usize) -> Result<(), String> {
    let named = in_quotes(labels);
    let Some(map) = node.as_map() else {
        return Err(format!("the block {kind}{named} must be a map, not {}", node.value.type_name()));
    };
    if missing == 0 {
        let body = Style::Aligned.attributes(map, 1);
        let _ = write!(out, "{kind}{named} {{\n{body}}}\n");
        return Ok(());
    }
    for (label, inner) in sorted(map) {
        let labels: Vec<&str> = labels.iter().copied().chain([&**label]).collect();
        blocks(out, kind, &labels, inner, missing - 1)?;
    }
    Ok(())
}

/// Labels as they stand behind the type of a block.
fn in_quotes(labels: &[&str]) -> String {
    labels.iter().fold(String::new(), |out, label| out + " " + &quoted(label))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Spaced,
    Aligned,
}

impl Style {
    /// One attribute after the other, each on its own lines.
    fn attributes(self, map: &Map, level: usize) -> String {
        let written: Vec<(String, String)> =
            sorted(map).into_iter().map(|(key, node)| (self.key(key, level), self.value(node, level))).collect();
        let indent = "  ".repeat(level);
        let mut out = String::new();
        let mut from = 0;
        while from < written.len() {
            // Values of one line that follow each other are aligned.
            let run = written[from..].iter().take_while(|(_, value)| !value.contains('\n')).count().max(1);
            let run = if self == Style::Spaced { 1 } else { run };
            let width = written[from..from + run].iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
            for (key, value) in &written[from..from + run] {
                if self == Style::Spaced && !out.is_empty() {
                    out.push('\n');
                }
                let _ = writeln!(out, "{indent}{key:<width$} = {value}");
            }
            from += run;
        }
        out
    }

    fn key(self, key: &str, level: usize) -> String {
        let nested = self == Style::Spaced && level > 0;
        if is_identifier(key) && !nested { key.to_owned() } else { quoted(key) }
    }

    fn value(self, node: &Node, level: usize) -> String {
        let indent = "  ".repeat(level);
        match &node.value {
            Value::Null => "null".to_owned(),
            Value::Bool(flag) => flag.to_string(),
            Value::Int(number) => number.to_string(),
            Value::UInt(number) => number.to_string(),
            Value::Float(number) => format_json_float(*number),
            Value::String(text) => quoted(text),
            Value::Function(function) => quoted(&function_text(function)),
            Value::Map(map) if map.is_empty() => "{}".to_owned(),
            Value::Map(map) => format!("{{\n{}{indent}}}", self.attributes(map, level + 1)),
            Value::List(list) => {
                let simple = |item: &Node| !matches!(item.value, Value::Map(_) | Value::List(_));
                if list.iter().all(simple) {
                    let items: Vec<String> = list.iter().map(|item| self.value(item, level)).collect();
                    return format!("[{}]", items.join(", "));
                }
                let mut items = String::new();
                for item in list.iter() {
                    let _ = writeln!(items, "{indent}  {},", self.value(item, level + 1));
                }
                format!("[\n{items}{indent}]")
            }
        }
    }
}

fn sorted(map: &Map) -> Vec<(&std::sync::Arc<str>, &Node)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by(|left, right| left.0.cmp(right.0));
    entries
}

/// What can stand without quotes. The names of constants would be taken for them.
fn is_identifier(text: &str) -> bool {
    let mut letters = text.chars();
    let starts = letters.next().is_some_and(|first| first.is_alphabetic() || first == '_');
    starts
        && letters.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
        && !matches!(text, "true" | "false" | "null")
}

/// A text in quotes; nothing in it is a template.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            sign @ ('$' | '%') if letters.peek() == Some(&'{') => out.extend([sign, sign]),
            control if control.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::content::hcl;
    use crate::value::{from_json, to_json};

    fn map(json: &serde_json::Value) -> Map {
        from_json(json).as_map().unwrap().clone()
    }

    #[test]
    fn variables_come_back_as_they_were() {
        let data = json!({
            "text": "a \"b\" \\ ${x} %{y} $ {\n\tä\u{1}", "number": -1.5, "big": 1e25, "none": null, "yes": true,
            "list": [1, "two", false], "nested": [[1], {"a": []}], "tags": {"a b": 1, "c": {"d": "e"}}, "empty": {},
        });
        for written in [variables(&map(&data)), attributes(&map(&data))] {
            let read = hcl::parse(&written).unwrap_or_else(|error| panic!("{error}\n{written}"));
            assert_eq!(to_json(&Node::from(read)), data, "{written}");
        }
    }

    #[test]
    fn variables_are_spaced_and_attributes_aligned() {
        let data = map(&json!({"b": 1, "long_name": "x", "a": {"k": "v", "z": [1]}, "c": 2}));
        assert_eq!(
            variables(&data),
            "a = {\n  \"k\" = \"v\"\n\n  \"z\" = [1]\n}\n\nb = 1\n\nc = 2\n\nlong_name = \"x\"\n"
        );
        assert_eq!(
            attributes(&data),
            "a = {\n  k = \"v\"\n  z = [1]\n}\nb         = 1\nc         = 2\nlong_name = \"x\"\n"
        );
    }

    #[test]
    fn blocks_have_their_labels() {
        let data = map(&json!({
            "locals": {"a": 1},
            "resource": {"aws_s3_bucket": {"one": {"tags": {"Name": "x"}}}},
            "variable": {"stage": {"type": "string"}},
            "other": {"a": 1},
            "terraform": {"required_version": ">= 1"},
        }));
        assert_eq!(
            module(&data).unwrap(),
            "locals {\n  a = 1\n}\nother = {\n  a = 1\n}\nresource \"aws_s3_bucket\" \"one\" {\n  tags = {\n    Name = \"x\"\n  }\n}\n\
             terraform {\n  required_version = \">= 1\"\n}\nvariable \"stage\" {\n  type = \"string\"\n}\n"
        );
        let error = module(&map(&json!({"resource": {"a": {"b": 1}}}))).unwrap_err();
        assert_eq!(error, "the block resource \"a\" \"b\" must be a map, not integer");
        assert_eq!(
            nested_block("terraform", "backend", &["s3"], &map(&json!({"key": "k", "bucket": "b"}))),
            "terraform {\n  backend \"s3\" {\n    bucket = \"b\"\n    key    = \"k\"\n  }\n}\n"
        );
    }
}
