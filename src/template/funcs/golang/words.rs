//! Words in text: wrapping, abbreviating, and the spellings of names (`snake_case`, `PascalCase`).

use super::args;
use super::text::{is_lower, is_space, is_title, is_upper, lower_char, title_char, upper_char};
use crate::template::Problem;

/// Breaks text at spaces so that lines have at most `width` bytes where words allow.
pub(crate) fn wrap(text: &str, width: i64, separator: &str, break_words: bool) -> Result<String, Problem> {
    let separator = if separator.is_empty() { "\n" } else { separator };
    let width = args::length(width.max(1));
    let mut out = String::new();
    let mut rest = text;
    while rest.len() > width {
        if let Some(after) = rest.strip_prefix(' ') {
            rest = after;
            continue;
        }
        let space = rest.as_bytes()[..=width].iter().rposition(|byte| *byte == b' ');
        let (line, after) = match space {
            Some(space) => (&rest[..space], &rest[space + 1..]),
            None if break_words => (args::slice(rest, 0, width)?, &rest[width..]),
            None => match rest.as_bytes()[width..].iter().position(|byte| *byte == b' ') {
                Some(space) => (&rest[..width + space], &rest[width + space + 1..]),
                None => break,
            },
        };
        out.push_str(line);
        out.push_str(separator);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// Why text cannot be abbreviated.
const TOO_NARROW: &str = "stringutils illegal argument: Minimum abbreviation width is 4";
const TOO_NARROW_WITH_OFFSET: &str = "stringutils illegal argument: Minimum abbreviation width with offset is 7";

/// Text of at most `width` bytes with an ellipsis, from about `offset` on.
pub(crate) fn abbreviate(text: &str, offset: i64, width: i64) -> Result<String, Problem> {
    if text.is_empty() {
        return Ok(String::new());
    }
    if width < 4 {
        return Err(Problem::new(TOO_NARROW));
    }
    let size = args::count(text.len());
    if size <= width {
        return Ok(text.to_owned());
    }
    let mut offset = offset.min(size);
    if size.saturating_sub(offset) < width - 3 {
        offset = size - (width - 3);
    }
    if offset <= 4 {
        return Ok(format!("{}...", args::slice(text, 0, args::length(width - 3))?));
    }
    if width < 7 {
        return Err(Problem::new(TOO_NARROW_WITH_OFFSET));
    }
    if offset + width - 3 < size {
        let rest = args::slice(text, args::length(offset), text.len())?;
        return Ok(format!("...{}", abbreviate(rest, 0, width - 3)?));
    }
    Ok(format!("...{}", args::slice(text, args::length(size - (width - 3)), text.len())?))
}

/// Upper to lower, lower to upper, and a capital at the start of every word.
pub(crate) fn swap_case(text: &str) -> String {
    let mut start = true;
    text.chars()
        .map(|letter| {
            if is_upper(letter) || is_title(letter) {
                start = false;
                lower_char(letter)
            } else if is_lower(letter) {
                let out = if start { title_char(letter) } else { upper_char(letter) };
                start = false;
                out
            } else {
                start = is_space(letter);
                letter
            }
        })
        .collect()
}

/// Every word with a small first letter.
pub(crate) fn untitle(text: &str) -> String {
    let mut start = true;
    text.chars()
        .map(|letter| {
            if is_space(letter) {
                start = true;
                letter
            } else if std::mem::take(&mut start) {
                lower_char(letter)
            } else {
                letter
            }
        })
        .collect()
}

fn is_connector(letter: char) -> bool {
    letter == '-' || letter == '_' || is_space(letter)
}

/// `PascalCase`; connectors at the start stay.
pub(crate) fn pascal_case(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let start = letters.iter().position(|letter| !is_connector(*letter)).unwrap_or(letters.len());
    let mut out: String = letters[..start].iter().collect();
    let Some(&first) = letters.get(start) else {
        // Of nothing but connectors the library writes the last one twice.
        out.extend(letters.last());
        return out;
    };
    let mut shouting = is_upper(first);
    let mut current = upper_char(first);
    for &letter in &letters[start + 1..] {
        let previous = current;
        current = letter;
        if is_connector(current) && is_connector(previous) {
            out.push(previous);
            continue;
        }
        if is_connector(previous) {
            shouting = is_upper(current);
            current = upper_char(current);
        } else {
            // A word in capitals keeps only the first of them.
            if shouting && is_upper(current) {
                current = lower_char(current);
            } else {
                shouting = false;
            }
            out.push(previous);
        }
    }
    out.push(current);
    out
}

/// Classes of letters that make up words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Number,
    /// A run of capitals, or one capital with the small letters behind it.
    Upper,
    Lower,
    Connector,
    Punctuation,
    Other,
}

/// Small letters with a connector between words: `HTTPServer2go` becomes `http_server_2go`.
pub(crate) fn lower_with(text: &str, connector: char) -> String {
    let mut words = Words { rest: text }.peekable();
    let mut out = String::new();
    let joins = |next: Option<&(Class, &str)>| {
        next.is_some_and(|(class, _)| !matches!(class, Class::Connector | Class::Punctuation))
    };
    while let Some((class, word)) = words.next() {
        push_lower(&mut out, class, word, connector);
        match class {
            Class::Connector | Class::Punctuation => {}
            Class::Number => {
                absorb(&mut words, &mut out, connector);
                if joins(words.peek()) {
                    out.push(connector);
                }
            }
            _ => {
                let Some((next, number)) = words.peek().copied() else { continue };
                if next != Class::Number {
                    if joins(words.peek()) {
                        out.push(connector);
                    }
                    continue;
                }
                words.next();
                let small = matches!(words.peek(), Some((Class::Lower, _)));
                // Small letters behind a number belong to it; any other number belongs to the word before.
                if small {
                    out.push(connector);
                }
                push_lower(&mut out, Class::Number, number, connector);
                if small {
                    absorb(&mut words, &mut out, connector);
                }
                if joins(words.peek()) {
                    out.push(connector);
                }
            }
        }
    }
    out
}

/// Small letters and numbers that follow a number.
fn absorb(words: &mut std::iter::Peekable<Words<'_>>, out: &mut String, connector: char) {
    while let Some((class, word)) = words.next_if(|(class, _)| matches!(class, Class::Lower | Class::Number)) {
        push_lower(out, class, word, connector);
    }
}

fn push_lower(out: &mut String, class: Class, word: &str, connector: char) {
    if !matches!(class, Class::Upper | Class::Connector) {
        out.push_str(word);
        return;
    }
    for letter in word.chars() {
        out.push(if is_connector(letter) {
            connector
        } else if is_upper(letter) {
            lower_char(letter)
        } else {
            letter
        });
    }
}

struct Words<'t> {
    rest: &'t str,
}

impl<'t> Iterator for Words<'t> {
    type Item = (Class, &'t str);

    fn next(&mut self) -> Option<(Class, &'t str)> {
        let first = self.rest.chars().next()?;
        let class = classify(first);
        let run = |from: usize, keep: &dyn Fn(char) -> bool| {
            self.rest[from..].find(|letter| !keep(letter)).map_or(self.rest.len(), |end| from + end)
        };
        let size = first.len_utf8();
        let small = |letter: char| letter.is_alphabetic() && !is_upper(letter);
        let end = match class {
            Class::Upper => {
                let capitals = run(size, &is_upper);
                let next = self.rest[capitals..].chars().next();
                if capitals == size {
                    run(size, &small)
                } else if next.is_some_and(char::is_alphabetic) {
                    // The last capital begins the next word.
                    capitals - self.rest[..capitals].chars().next_back().map_or(0, char::len_utf8)
                } else {
                    capitals
                }
            }
            Class::Lower => run(size, &small),
            class => run(size, &|letter| classify(letter) == class),
        };
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some((class, word))
    }
}

fn classify(letter: char) -> Class {
    if is_connector(letter) {
        Class::Connector
    } else if is_punctuation(letter) {
        Class::Punctuation
    } else if is_upper(letter) {
        Class::Upper
    } else if letter.is_alphabetic() && !letter.is_numeric() {
        Class::Lower
    } else if letter.is_numeric() {
        Class::Number
    } else {
        Class::Other
    }
}

/// `unicode.IsPunct` for the characters that names have: ASCII without the symbols, and general punctuation.
fn is_punctuation(letter: char) -> bool {
    if letter.is_ascii() {
        return letter.is_ascii_punctuation() && !"$+<=>^`|~".contains(letter);
    }
    matches!(letter, '\u{a1}' | '\u{a7}' | '\u{ab}' | '\u{b6}' | '\u{b7}' | '\u{bb}' | '\u{bf}'
        | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}')
}
