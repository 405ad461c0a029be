//! Quoting, printing and letter case with Go's rules.

use std::fmt::Write as _;

use crate::template::{Problem, Val, print};

/// `strconv.Quote`, what `%q` prints.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            letter if is_print(letter) => out.push(letter),
            letter => {
                let code = u32::from(letter);
                let _ = match code {
                    0..0x80 => write!(out, "\\x{code:02x}"),
                    0x80..0x1_0000 => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push('"');
    out
}

/// Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols, and the ASCII space.
pub(crate) fn is_print(letter: char) -> bool {
    if letter.is_ascii() {
        return (' '..='~').contains(&letter);
    }
    if letter.is_control() || letter.is_whitespace() {
        return false;
    }
    // Rust escapes what it cannot print, and marks, which Go prints.
    letter.escape_debug().len() == 1 || is_mark(letter)
}

/// Blocks of marks that stand above or below letters.
fn is_mark(letter: char) -> bool {
    matches!(u32::from(letter), 0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5c7 | 0x610..=0x61a | 0x64b..=0x65f
        | 0x900..=0x903 | 0x93a..=0x94f | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20f0 | 0xfe00..=0xfe0f
        | 0xfe20..=0xfe2f)
}

/// A value as sprig's functions see it: its text, or what `%v` prints.
pub(crate) fn strval(val: &Val) -> Result<String, Problem> {
    match val {
        Val::String(text) => Ok(text.to_string()),
        Val::Nil | Val::Missing => Ok("<nil>".to_owned()),
        other => print(other),
    }
}

/// A value as gomplate's functions see it: `nil` for nothing.
pub(crate) fn conv(val: &Val) -> Result<String, Problem> {
    match val {
        Val::Nil | Val::Missing => Ok("nil".to_owned()),
        other => strval(other),
    }
}

/// Go's simple mappings: one character for one character.
pub(crate) fn upper_char(letter: char) -> char {
    let mut upper = letter.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(only), None) => only,
        _ => letter,
    }
}

pub(crate) fn lower_char(letter: char) -> char {
    match letter {
        '\u{130}' => 'i',
        letter => {
            let mut lower = letter.to_lowercase();
            match (lower.next(), lower.next()) {
                (Some(only), None) => only,
                _ => letter,
            }
        }
    }
}

/// `unicode.ToTitle`.
pub(crate) fn title_char(letter: char) -> char {
    match letter {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        letter => upper_char(letter),
    }
}

/// `unicode.IsTitle`: the few digraphs with a capital first letter.
pub(crate) fn is_title(letter: char) -> bool {
    matches!(letter, '\u{1c5}' | '\u{1c8}' | '\u{1cb}' | '\u{1f2}')
}

/// `unicode.IsUpper`, which leaves out letter-like numbers.
pub(crate) fn is_upper(letter: char) -> bool {
    letter.is_uppercase() && letter.is_alphabetic() && !letter.is_numeric()
}

/// `unicode.IsLower`.
pub(crate) fn is_lower(letter: char) -> bool {
    letter.is_lowercase() && letter.is_alphabetic() && !letter.is_numeric()
}

/// `unicode.IsSpace`.
pub(crate) fn is_space(letter: char) -> bool {
    letter.is_whitespace()
}

/// `strings.ToUpper`.
pub(crate) fn upper(text: &str) -> String {
    text.chars().map(upper_char).collect()
}

/// `strings.ToLower`.
pub(crate) fn lower(text: &str) -> String {
    text.chars().map(lower_char).collect()
}

/// The deprecated `strings.Title`: a capital after everything that separates words.
pub(crate) fn title(text: &str) -> String {
    let mut previous = ' ';
    text.chars()
        .map(|letter| {
            let out = if separates(previous) { title_char(letter) } else { letter };
            previous = letter;
            out
        })
        .collect()
}

fn separates(letter: char) -> bool {
    if letter.is_ascii() {
        return !letter.is_ascii_alphanumeric() && letter != '_';
    }
    !letter.is_alphanumeric() && letter.is_whitespace()
}

/// The title case of `golang.org/x/text/cases`: a capital at the start of each word, small letters behind it.
pub(crate) fn title_words(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for (index, &letter) in letters.iter().enumerate() {
        if letter.is_alphabetic() {
            if inside {
                out.extend(letter.to_lowercase());
            } else {
                out.push(title_char(letter));
            }
            inside = true;
            continue;
        }
        out.push(letter);
        let next = letters.get(index + 1).copied().unwrap_or(' ');
        inside = match letter {
            // These join what stands on both sides to one word.
            '\'' | '.' | ':' | '’' | '‘' | '·' | '\u{2024}' => inside && next.is_alphabetic(),
            '_' => inside,
            letter => inside && letter.is_alphanumeric() || inside && is_mark(letter),
        };
    }
    out
}
