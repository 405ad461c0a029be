//! A template in which what is known is a constant, for a step that knows the rest.

use super::data::Data;
use crate::value::{Node, Value};

/// `text` with every field under a known key replaced by its value; as error the field for which that is not possible,
/// because it is no scalar or because of a block in which the dot is something else.
pub(super) fn with_constants(text: &str, data: &Data, known: impl Fn(&str) -> bool) -> Result<String, String> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    let mut moved = false;
    while let Some(start) = rest.find("{{") {
        result.push_str(&rest[..start + 2]);
        rest = &rest[start + 2..];
        let end = end_of_action(rest);
        let action = &rest[..end];
        let word = action.trim_start_matches(['-', ' ', '\n', '\t']).split([' ', '\n', '\t']).next().unwrap_or("");
        moved |= matches!(word, "with" | "range" | "define" | "block" | "template");
        replace(action, data, &known, moved, &mut result)?;
        rest = &rest[end..];
    }
    result.push_str(rest);
    Ok(result)
}

/// Where the action ends that `text` begins in: before its closing delimiter.
fn end_of_action(text: &str) -> usize {
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("}}") {
            return at;
        }
        at += string_length(rest).unwrap_or_else(|| rest.chars().next().map_or(1, char::len_utf8));
    }
    text.len()
}

/// The length of the string, character constant or comment that `text` begins with.
fn string_length(text: &str) -> Option<usize> {
    if text.starts_with("/*") {
        return Some(text.find("*/").map_or(text.len(), |end| end + 2));
    }
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '`' | '\''))?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    Some(text.len())
}

fn replace(
    action: &str,
    data: &Data,
    known: &impl Fn(&str) -> bool,
    moved: bool,
    result: &mut String,
) -> Result<(), String> {
    let mut at = 0;
    let mut before = ' ';
    while at < action.len() {
        let rest = &action[at..];
        let length = if let Some(length) = string_length(rest) {
            result.push_str(&rest[..length]);
            length
        } else if let Some(field) = field(rest, before)
            && known(names(field).next().unwrap_or_default())
        {
            let value = data.at(names(field)).and_then(constant);
            match value.filter(|_| !moved || field.starts_with('$')) {
                Some(constant) => result.push_str(&constant),
                // What is missing altogether is for the later step to report.
                None if data.at(names(field)).is_none() && !moved => result.push_str(field),
                None => return Err(field.to_owned()),
            }
            field.len()
        } else {
            let length = rest.chars().next().map_or(1, char::len_utf8);
            result.push_str(&rest[..length]);
            length
        };
        before = action[..at + length].chars().next_back().unwrap_or(' ');
        at += length;
    }
    Ok(())
}

/// The reference to a field that `text` begins with: `.a.b` or `$.a.b`.
fn field(text: &str, before: char) -> Option<&str> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    if is_part(before) || matches!(before, '.' | ')' | '$') {
        return None;
    }
    let start = text.strip_prefix('$').map_or(0, |_| 1);
    if !text[start..].starts_with('.') || !text[start + 1..].starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return None;
    }
    let end = text[start..].find(|c: char| !is_part(c) && c != '.').map_or(text.len(), |end| start + end);
    Some(text[..end].trim_end_matches('.'))
}

fn names(field: &str) -> impl Iterator<Item = &str> {
    field.trim_start_matches(['$', '.']).split('.')
}

/// The value as the language of templates writes it.
fn constant(node: &Node) -> Option<String> {
    match &node.value {
        // The escapes of JSON are all escapes of Go.
        Value::String(text) => Some(serde_json::Value::from(&**text).to_string()),
        Value::Bool(_) | Value::Int(_) => node.scalar_text(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partial(text: &str) -> Result<String, String> {
        let data = serde_json::json!({"locals": {"a": "x \"y\"", "n": 5, "m": {"k": true}}});
        with_constants(text, &Data::new(crate::value::from_json(&data)), |root| root == "locals")
    }

    #[test]
    fn known_fields_become_constants() {
        for (text, expected) in [
            ("{{ .locals.a }}-{{ .atmos_component }}", r#"{{ "x \"y\"" }}-{{ .atmos_component }}"#),
            ("{{ printf \".locals.a\" .locals.n | f (.locals.m.k) }}", "{{ printf \".locals.a\" 5 | f (true) }}"),
            ("{{ $.locals.n }}{{ $x.locals.n }}{{ .vars.locals.n }}", "{{ 5 }}{{ $x.locals.n }}{{ .vars.locals.n }}"),
            (".locals.a {{/* .locals.a */}}", ".locals.a {{/* .locals.a */}}"),
            ("{{ .locals.none }}{{ .b }}", "{{ .locals.none }}{{ .b }}"),
        ] {
            assert_eq!(partial(text).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(partial("{{ .locals.m }}{{ .b }}"), Err(".locals.m".to_owned()));
        assert_eq!(partial("{{ with .b }}{{ .locals.a }}{{ end }}"), Err(".locals.a".to_owned()));
    }
}
