//! Quoted texts that go on at the indentation of their key, or left of it, and tabs between a key and a plain text.
//!
//! The parser refuses them; the reference takes them, since such white space means nothing.

use std::sync::Arc;

/// What the parser says.
const REASON: &str = "invalid indentation in quoted scalar";
/// So many of them are mended in one file.
pub(super) const LIMIT: usize = 500;

/// What the parser says of a tab behind a key.
const TAB_REASON: &str = "':' must be followed by a valid YAML whitespace";

/// The text with what the parser refuses at `at` written so that it takes it; `None` where there is no way.
pub(super) fn mended(text: &str, reason: &str, at: usize) -> Option<Arc<str>> {
    match reason {
        REASON => indented(text, at),
        TAB_REASON => untabbed(text, at),
        _ => None,
    }
}

/// The text with blanks instead of tabs before `at`; columns stay columns.
fn untabbed(text: &str, at: usize) -> Option<Arc<str>> {
    let before = text.get(..at)?;
    let kept = before.trim_end_matches(['\t', ' ']);
    let blanks = " ".repeat(before.len() - kept.len());
    (kept.ends_with(':') && before.ends_with('\t')).then(|| Arc::from(format!("{kept}{blanks}{}", &text[at..])))
}

/// The text with the lines of the quoted text that begins at `at` moved to the right; lines stay lines.
fn indented(text: &str, at: usize) -> Option<Arc<str>> {
    let quote = text.get(at..)?.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let column = text[..at].chars().rev().take_while(|letter| *letter != '\n').count();
    let length = length(&text[at + 1..], quote)?;
    let (inside, rest) = text[at + 1..].split_at(length);
    let mut lines = inside.split('\n');
    let mut moved = format!("{}{quote}{}", &text[..at], lines.next().unwrap_or_default());
    for line in lines {
        if line.starts_with("---") || line.starts_with("...") {
            return None;
        }
        moved.push('\n');
        // The last line may hold nothing but the closing quote.
        moved.extend(std::iter::repeat_n(' ', column + 1));
        moved.push_str(line);
    }
    moved.push_str(rest);
    (moved.len() > text.len()).then(|| Arc::from(moved))
}

/// Bytes up to the closing quote.
pub(super) fn length(text: &str, quote: char) -> Option<usize> {
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' && quote == '"' {
            letters.next();
        } else if letter == quote {
            let doubled = quote == '\'' && letters.peek().is_some_and(|(_, next)| *next == quote);
            if !doubled {
                return Some(at);
            }
            letters.next();
        }
    }
    None
}
