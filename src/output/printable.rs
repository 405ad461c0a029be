//! Text from files, names and programs on its way to a terminal: what would steer the terminal is written out instead.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with every control character but line breaks and tabs written as an escape, and with it those marks that
/// make a terminal show text in another order than it is in.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if steers(character) {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// The same in one line: line breaks and tabs are written out, too.
pub(super) fn on_one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(['\n', '\t']) {
        return printable(text);
    }
    Cow::Owned(printable(text).replace('\n', "\\n").replace('\t', "\\t"))
}

fn steers(character: char) -> bool {
    let order = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    order || (character.is_control() && !matches!(character, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_written_out() {
        for (text, expected) in [
            ("plain ä\n\ttext", "plain ä\n\ttext"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("a\rb\u{9b}c\u{7f}", "a\\u{d}b\\u{9b}c\\u{7f}"),
            ("\u{202e}x", "\\u{202e}x"),
        ] {
            assert_eq!(printable(text), expected);
        }
    }
}
