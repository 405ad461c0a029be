//! The operations of Go's package `regexp`.

use ::regex::{Captures, Regex, RegexBuilder};

use super::args;
use super::pattern;
use crate::template::{List, Problem, Val};

/// Compiles a pattern in Go's syntax.
///
/// # Errors
/// Go's error text.
pub(crate) fn compile(text: &str) -> Result<Regex, Problem> {
    let translated =
        pattern::translate(text).map_err(|reason| Problem::new(format!("error parsing regexp: {reason}")))?;
    RegexBuilder::new(&translated).size_limit(pattern::SIZE_LIMIT).build().map_err(|error| match error {
        ::regex::Error::CompiledTooBig(_) => {
            Problem::new(format!("error parsing regexp: expression too large: `{text}`"))
        }
        _ => Problem::new(format!("error parsing regexp: invalid expression: `{text}`")),
    })
}

/// A pattern that Go's `MustCompile` would panic on.
pub(crate) fn must_compile(text: &str) -> Result<Regex, Problem> {
    compile(text)
        .map_err(|problem| Problem::new(format!("regexp: Compile({}): {}", backquoted(text), problem.message())))
}

fn backquoted(text: &str) -> String {
    if text.contains(['`', '\u{feff}']) || text.chars().any(|letter| letter != '\t' && letter.is_control()) {
        super::text::quote(text)
    } else {
        format!("`{text}`")
    }
}

/// At most `limit` matches, all of them if it is negative.
pub(crate) fn find_all(regex: &Regex, text: &str, limit: i64) -> Val {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Val::List(List::strings(regex.find_iter(text).take(limit).map(|found| found.as_str())))
}

/// `Regexp.Split`.
pub(crate) fn split(regex: &Regex, pattern: &str, text: &str, limit: i64) -> Val {
    if limit == 0 {
        return args::strings(Vec::new());
    }
    if !pattern.is_empty() && text.is_empty() {
        return args::strings(vec![String::new()]);
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut parts: Vec<String> = Vec::new();
    let (mut from, mut end) = (0, 0);
    for found in regex.find_iter(text).take(limit) {
        if parts.len() + 1 == limit {
            break;
        }
        end = found.start();
        if found.end() != 0 {
            parts.push(text[from..end].to_owned());
        }
        from = found.end();
    }
    if end != text.len() {
        parts.push(text[from..].to_owned());
    }
    args::strings(parts)
}

/// `Regexp.ReplaceAllString`: `$1`, `${name}` and `$$` of the replacement are expanded.
pub(crate) fn replace(regex: &Regex, text: &str, replacement: &str) -> String {
    regex.replace_all(text, |found: &Captures<'_>| expand(replacement, found)).into_owned()
}

/// `Regexp.ReplaceAllLiteralString`.
pub(crate) fn replace_literal(regex: &Regex, text: &str, replacement: &str) -> String {
    regex.replace_all(text, ::regex::NoExpand(replacement)).into_owned()
}

fn expand(template: &str, found: &Captures<'_>) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(index) = rest.find('$') {
        out.push_str(&rest[..index]);
        let after = &rest[index + 1..];
        if let Some(tail) = after.strip_prefix('$') {
            out.push('$');
            rest = tail;
        } else if let Some((name, tail)) = reference(after) {
            let group = match name.parse::<usize>() {
                Ok(number) => found.get(number),
                Err(_) => found.name(name),
            };
            out.push_str(group.map_or("", |group| group.as_str()));
            rest = tail;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// Name of a reference behind its dollar, and what follows.
fn reference(text: &str) -> Option<(&str, &str)> {
    let word = |letter: char| letter == '_' || letter.is_alphanumeric();
    if let Some(braced) = text.strip_prefix('{') {
        let end = braced.find(|letter| !word(letter))?;
        return (end > 0 && braced[end..].starts_with('}')).then(|| (&braced[..end], &braced[end + 1..]));
    }
    let end = text.find(|letter| !word(letter)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// `regexp.QuoteMeta`.
pub(crate) fn quote_meta(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if "\\.+*?()|[]{}^$".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}
