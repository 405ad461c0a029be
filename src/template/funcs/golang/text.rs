//! Quoting, printing and letter case with Go's rules.

use super::args;
pub(in crate::template::funcs) use crate::template::format::{is_printable as is_print, quote};
use crate::template::{Elem, Problem, Val, print};

/// A mark that stands above or below a letter: printable, though not at the start of a text.
fn is_mark(letter: char) -> bool {
    letter.escape_debug().len() > 1 && is_print(letter)
}

/// A value as sprig's functions see it: its text, or what `%v` prints.
pub(crate) fn strval(val: &Val) -> Result<String, Problem> {
    match val {
        Val::String(text) => Ok(text.to_string()),
        Val::Nil | Val::Missing => Ok("<nil>".to_owned()),
        Val::List(list) if list.elem() == Elem::Byte => args::utf8_text(args::bytes(list)),
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
            letter => inside && (letter.is_alphanumeric() || is_mark(letter)),
        };
    }
    out
}
