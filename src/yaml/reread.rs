//! The type of a scalar after its template was rendered.
//!
//! The reference writes the component as YAML, renders that text as a whole and reads it again. So how a scalar had to
//! be written decides what it may become: text that begins with an action is quoted and stays text (its line ends fold
//! into blanks), text that begins with something else is plain, so that `1{{ .x }}` may become a number.

use std::borrow::Cow;
use std::sync::Arc;

use super::scalar::resolve;
use crate::value::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    /// In quotes that fold line ends.
    Quoted,
    /// Line by line.
    Literal,
}

/// How the reference writes a text that is a template.
fn style(written: &str) -> Style {
    if written.contains('\n') {
        return Style::Literal;
    }
    let first = written.chars().next().unwrap_or('{');
    let within = written.contains(['\t']) || [": ", " #"].iter().any(|mark| written.contains(mark));
    let begins = " ,[]{}#&*!|>'\"%@`".contains(first)
        || matches!(first, '-' | '?' | ':') && written[1..].starts_with(' ')
        || ["---", "..."].iter().any(|mark| written.starts_with(mark));
    let plain = !(within || begins || written.ends_with([':', ' ']));
    if plain { Style::Plain } else { Style::Quoted }
}

/// What the scalar `written` is after it was rendered.
pub fn reread(written: &str, rendered: String) -> Value {
    let rendered = with_line_feeds(rendered);
    if style(written) == Style::Plain {
        let end = rendered.find(" #").unwrap_or(rendered.len());
        let plain = rendered[..end].trim();
        if !matches!(resolve(plain), Value::String(_)) {
            return resolve(plain);
        }
    }
    Value::String(Arc::from(reread_text(written, rendered)))
}

/// The same where only a text can be: a key, the argument of a function.
pub fn reread_text(written: &str, rendered: String) -> String {
    let rendered = with_line_feeds(rendered);
    match style(written) {
        Style::Plain => {
            let end = rendered.find(" #").unwrap_or(rendered.len());
            folded(rendered[..end].trim()).into_owned()
        }
        Style::Quoted => folded(&rendered).into_owned(),
        Style::Literal => {
            let body = rendered.trim_end_matches('\n');
            let ends = written.len() - written.trim_end_matches('\n').len();
            match ends {
                0 => body.to_owned(),
                1 => format!("{body}\n"),
                _ => rendered,
            }
        }
    }
}

/// Every line end of YAML as a line feed.
fn with_line_feeds(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

/// Line ends as quoted scalars fold them: one is a blank, more are one less; blanks around them go.
fn folded(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') {
        return Cow::Borrowed(text);
    }
    let blank = [' ', '\t'];
    let mut lines = text.split('\n').peekable();
    let mut result = lines.next().unwrap_or_default().trim_end_matches(blank).to_owned();
    let mut empty = 0;
    while let Some(line) = lines.next() {
        let line = line.trim_start_matches(blank);
        let last = lines.peek().is_none();
        let line = if last { line } else { line.trim_end_matches(blank) };
        if line.is_empty() && !last {
            empty += 1;
            continue;
        }
        if empty == 0 {
            result.push(' ');
        }
        result.extend(std::iter::repeat_n('\n', empty));
        empty = 0;
        result.push_str(line);
    }
    Cow::Owned(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scalars_that_begin_with_text_change_their_type() {
        for (written, rendered, expected) in [
            ("{{ .a }}", "5", Value::String("5".into())),
            ("80{{ .a }}", "8080", Value::Int(8080)),
            ("1.{{ .a }}", "1.5", Value::Float(1.5)),
            ("t{{ .a }}", "true", Value::Bool(true)),
            ("v{{ .a }}", "v1", Value::String("v1".into())),
            ("v{{ .a }}", "v1 # note", Value::String("v1".into())),
            ("[{{ .a }}]", "[5]", Value::String("[5]".into())),
            ("a: {{ .a }}", "5", Value::String("5".into())),
            ("- {{ .a }}", "5", Value::String("5".into())),
        ] {
            assert_eq!(reread(written, rendered.to_owned()), expected, "{written}");
        }
    }

    #[test]
    fn quoted_line_ends_fold() {
        for (written, rendered, expected) in [
            ("{{ .a }}", "a\nb", "a b"),
            ("{{ .a }}", "a  \n  b\n\n\nc", "a b\n\nc"),
            ("{{ .a }}", "a\n", "a "),
            ("{{ .a }}", "\n  x", " x"),
            ("{{ .a }}\n", "x\n\n", "x\n"),
            ("{{ .a }}", "a\r\nb", "a b"),
            ("{{ .a }}", "a,b\r\n1,2\r\n", "a,b 1,2 "),
            ("{{ .a }}", "a\rb", "a b"),
            ("a\n{{ .a }}", "a\r\nb", "a\nb"),
            ("a\n{{ .a }}", "a\n  b\n", "a\n  b"),
            ("{{ .a }}", "it's \"so\"", "it's \"so\""),
        ] {
            assert_eq!(reread_text(written, rendered.to_owned()), expected, "{written:?} {rendered:?}");
        }
    }
}
