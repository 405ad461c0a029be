//! `NAME=value` files.

use std::sync::Arc;

use crate::value::{Map, Node};

/// The variables of a file: comments, `export`, quotes, and `${NAME}` of earlier lines.
///
/// # Errors
/// The line that is no assignment, or whose quote is not closed.
pub(super) fn parse(text: &str) -> Result<Map, String> {
    let mut map = Map::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim().trim_start_matches('\u{feff}');
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let wrong = |reason: &str| format!("line {}: {reason}", index + 1);
        let (name, written) = line.split_once('=').ok_or_else(|| wrong("expected NAME=value"))?;
        let written = value(written.trim(), &map).ok_or_else(|| wrong("a quote is not closed"))?;
        map.insert(Arc::from(name.trim()), Node::from(written));
    }
    Ok(map)
}

fn value(text: &str, before: &Map) -> Option<String> {
    if let Some(rest) = text.strip_prefix('\'') {
        return rest.split_once('\'').map(|(inside, _)| inside.to_owned());
    }
    let Some(rest) = text.strip_prefix('"') else {
        let end = text.find(" #").unwrap_or(text.len());
        return Some(expand(text[..end].trim_end(), before));
    };
    let (mut inside, mut letters) = (String::new(), rest.chars());
    loop {
        match letters.next()? {
            '"' => return Some(expand(&inside, before)),
            '\\' => match letters.next()? {
                'n' => inside.push('\n'),
                'r' => inside.push('\r'),
                't' => inside.push('\t'),
                // Stays escaped until names are put in.
                '$' => inside.push_str("\\$"),
                other => inside.push(other),
            },
            other => inside.push(other),
        }
    }
}

/// `$NAME` and `${NAME}` of earlier lines; unknown names are empty, `\$` is a dollar.
fn expand(text: &str, before: &Map) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (head, tail) = rest.split_at(at);
        let tail = &tail[1..];
        if let Some(head) = head.strip_suffix('\\') {
            expanded.push_str(head);
            expanded.push('$');
            rest = tail;
            continue;
        }
        expanded.push_str(head);
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let (name, after) = match tail.strip_prefix('{').and_then(|tail| tail.split_once('}')) {
            Some(braced) => braced,
            None => tail.split_at(tail.find(|c: char| !is_name(c)).unwrap_or(tail.len())),
        };
        if name.is_empty() {
            expanded.push('$');
        }
        expanded.push_str(before.get(name).and_then(Node::as_str).unwrap_or_default());
        rest = after;
    }
    expanded.push_str(rest);
    expanded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_texts() {
        let text = "# c\nA=1\nexport Foo_b = x y # note\nQ=\"a\\n$A \\$A\"\nS='$A'\nR=${A}${NO}b\nEMPTY=\n";
        let map = parse(text).unwrap();
        let pairs: Vec<(&str, &str)> = map.iter().map(|(key, node)| (&**key, node.as_str().unwrap())).collect();
        let expected = [("A", "1"), ("Foo_b", "x y"), ("Q", "a\n1 $A"), ("S", "$A"), ("R", "1b"), ("EMPTY", "")];
        assert_eq!(pairs, expected);
        assert!(parse("nonsense").is_err() && parse("A=\"open").is_err());
    }
}
