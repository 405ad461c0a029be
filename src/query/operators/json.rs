//! JSON text with the keys in the order of the map.

use crate::query::error::{Fault, Outcome};
use crate::value::{Node, Value, format_json_float, function_text};

/// JSON with `indent` columns per level; on one line for 0.
pub(super) fn json(node: &Node, indent: usize) -> Outcome<String> {
    let mut writer = Writer { out: String::new(), indent };
    writer.value(node, 0)?;
    Ok(writer.out)
}

/// [`json`] on one line, for tests.
#[cfg(test)]
pub(in crate::query) fn json_text(node: &Node) -> String {
    json(node, 0).unwrap_or_else(|fault| format!("{fault:?}"))
}

struct Writer {
    out: String,
    indent: usize,
}

impl Writer {
    fn value(&mut self, node: &Node, level: usize) -> Outcome<()> {
        match &node.value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(flag) => self.out.push_str(if *flag { "true" } else { "false" }),
            Value::Int(number) => self.out.push_str(&number.to_string()),
            Value::UInt(number) => self.out.push_str(&number.to_string()),
            Value::Float(number) if number.is_finite() => self.out.push_str(&format_json_float(*number)),
            Value::Float(_) => return Err(Fault::failed("unsupported value: infinities cannot be written as JSON")),
            Value::String(text) => self.string(text),
            Value::Function(function) => self.string(&function_text(function)),
            Value::List(list) => {
                self.out.push('[');
                for (index, item) in list.iter().enumerate() {
                    self.separate(index, level + 1);
                    self.value(item, level + 1)?;
                }
                self.close(']', list.is_empty(), level);
            }
            Value::Map(map) => {
                self.out.push('{');
                for (index, (key, item)) in map.iter().enumerate() {
                    self.separate(index, level + 1);
                    self.string(key);
                    self.out.push_str(if self.indent > 0 { ": " } else { ":" });
                    self.value(item, level + 1)?;
                }
                self.close('}', map.is_empty(), level);
            }
        }
        Ok(())
    }

    fn separate(&mut self, index: usize, level: usize) {
        if index > 0 {
            self.out.push(',');
        }
        self.new_line(level);
    }

    fn close(&mut self, bracket: char, empty: bool, level: usize) {
        if !empty {
            self.new_line(level);
        }
        self.out.push(bracket);
    }

    fn new_line(&mut self, level: usize) {
        if self.indent > 0 {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', self.indent * level));
        }
    }

    fn string(&mut self, text: &str) {
        // A string always has a JSON form.
        self.out.push_str(&serde_json::Value::from(text).to_string());
    }
}
