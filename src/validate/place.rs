//! Places of keys: nodes know where their values stand, and a wrong key is marked itself.

use crate::span::{Sources, Span};
use crate::value::Node;

/// Where the key of a value stands; the place of the value where the key cannot be found.
pub fn of_key(sources: &Sources, container: &Node, key: &str) -> Span {
    let value = container.get(key).map_or(container.span, |node| node.span);
    if !value.is_known() || value.file != container.span.file {
        return if value.is_known() { value } else { container.span };
    }
    let Some(source) = sources.get(value.file) else { return value };
    let first = container.span.line.min(value.line).saturating_sub(1).max(1);
    for number in (first..=value.line).rev() {
        let line = source.line(number);
        let whole = if number == value.line { cut(line, value.column) } else { line };
        if let Some((column, length)) = find(whole, key) {
            let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            return Span::new(value.file, number, narrow(column + 1), narrow(length));
        }
    }
    value
}

/// What stands before a column.
fn cut(line: &str, column: u32) -> &str {
    let skip = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
    line.char_indices().nth(skip).map_or(line, |(at, _)| &line[..at])
}

/// The last place in a line where the key is a key: its column in characters, and its length.
fn find(line: &str, key: &str) -> Option<(usize, usize)> {
    let starts = |before: &str| before.chars().next_back().is_none_or(|c| " \t{,-?".contains(c));
    let ends = |after: &str| after.trim_start().starts_with(':');
    let forms = [key.to_owned(), format!("\"{key}\""), format!("'{key}'")];
    let places = forms.iter().flat_map(|form| line.rmatch_indices(form.as_str()).map(|(at, text)| (at, text.len())));
    let mut found: Vec<(usize, usize)> =
        places.filter(|(at, length)| starts(&line[..*at]) && ends(&line[at + length..])).collect();
    found.sort_unstable();
    let (at, length) = found.pop()?;
    Some((line[..at].chars().count(), line[at..at + length].chars().count()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;

    fn place(text: &str, path: &[&str]) -> (u32, u32, u32) {
        let sources = Sources::new();
        let root = Path::new("/r");
        let node = crate::yaml::parse(&sources, &root.join("a.yaml"), root, Arc::from(text)).unwrap();
        let (key, outer) = path.split_last().unwrap();
        let span = of_key(&sources, node.get_path(outer.iter().copied()).unwrap(), key);
        (span.line, span.column, span.length)
    }

    #[test]
    fn keys_are_found_before_their_values() {
        for (text, path, expected) in [
            ("vras: {a: 1}\n", &["vras"][..], (1, 1, 4)),
            ("a:\n  vars:\n    # note\n    x: 1\n", &["a", "vars"], (2, 3, 4)),
            ("a: {b: 1, 'c d': {b: 2}}\n", &["a", "c d", "b"], (1, 19, 1)),
            ("a:\n  b: 1\n  ab: b\n", &["a", "b"], (2, 3, 1)),
            ("a:\n  - x\nb:\n  ? k\n  : v\n", &["b", "k"], (5, 5, 1)),
        ] {
            assert_eq!(place(text, path), expected, "{text}");
        }
    }
}
