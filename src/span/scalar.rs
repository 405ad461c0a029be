//! Where one character of a scalar stands in its file. Between the text of a scalar and the file lie quotes, escapes,
//! folded lines and indentation; both are walked side by side.

/// The byte of `source` at which byte `at` of a scalar's `text` is written. The scalar begins at `from`, perhaps with a
/// tag or an anchor. `None` where text and file do not fit together.
pub(super) fn position(source: &str, from: usize, text: &str, at: usize) -> Option<usize> {
    let begin = skip_properties(source, from)?;
    let walk = Walk { source, at: begin };
    match source[begin..].chars().next() {
        Some(quote @ ('"' | '\'')) => Walk { at: begin + 1, ..walk }.flow(text, at, Some(quote)),
        Some('|' | '>') => walk.block(text, at),
        _ => walk.flow(text, at, None),
    }
}

/// Behind blanks, tags and anchors.
fn skip_properties(source: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = source.get(at..)?;
        if rest.starts_with(['!', '&']) {
            at += rest.find(char::is_whitespace).unwrap_or(rest.len());
        } else {
            let blanks = rest.len() - rest.trim_start().len();
            if blanks == 0 {
                return Some(at);
            }
            at += blanks;
        }
    }
}

struct Walk<'s> {
    source: &'s str,
    at: usize,
}

impl Walk<'_> {
    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    /// A plain or quoted scalar: one line end is a blank, each more a line end.
    fn flow(mut self, text: &str, at: usize, quote: Option<char>) -> Option<usize> {
        let mut index = 0;
        loop {
            while quote == Some('"') && (self.rest().starts_with("\\\n") || self.rest().starts_with("\\\r\n")) {
                self.at += 1;
                self.at += blanks(self.rest());
            }
            if index >= at {
                return Some(self.at);
            }
            let letter = text[index..].chars().next()?;
            let run = blanks(self.rest());
            let ends = self.rest()[..run].matches('\n').count();
            index += letter.len_utf8();
            match letter {
                ' ' if ends == 1 => self.at += run,
                '\n' if ends > 1 => {
                    self.at += run;
                    index += line_ends(&text[index..]);
                }
                _ if ends > 0 => return None,
                _ if quote == Some('"') && self.rest().starts_with('\\') => self.at += escape(self.rest())?,
                '\'' if quote == Some('\'') => self.at += self.rest().starts_with("''").then_some(2)?,
                _ => self.at += self.rest().starts_with(letter).then_some(letter.len_utf8())?,
            }
        }
    }

    /// A literal or folded scalar: indentation is no part of it, and in folded ones line ends may be blanks.
    fn block(mut self, text: &str, at: usize) -> Option<usize> {
        self.at += self.rest().find('\n')?;
        self.at += line_ends_and_blank_lines(self.rest());
        let indent = margin(self.rest()).checked_sub(margin(text.trim_start_matches('\n')))?;
        self.at += indent;
        let mut index = line_ends(text);
        while index < at {
            let letter = text[index..].chars().next()?;
            index += letter.len_utf8();
            if self.rest().starts_with(['\n', '\r']) {
                if !matches!(letter, ' ' | '\n') {
                    return None;
                }
                index += if letter == '\n' { line_ends(&text[index..]) } else { 0 };
                self.at += line_ends_and_blank_lines(self.rest());
                self.at += margin(self.rest()).min(indent);
            } else {
                self.at += self.rest().starts_with(letter).then_some(letter.len_utf8())?;
            }
        }
        Some(self.at)
    }
}

/// Bytes of white space at the start.
fn blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t', '\n', '\r']).len()
}

fn line_ends(text: &str) -> usize {
    text.len() - text.trim_start_matches('\n').len()
}

/// Spaces at the start.
fn margin(text: &str) -> usize {
    text.len() - text.trim_start_matches(' ').len()
}

/// Everything up to the start of the next line with something in it.
fn line_ends_and_blank_lines(text: &str) -> usize {
    text[..blanks(text)].rfind('\n').map_or(0, |last| last + 1)
}

/// Bytes of an escape in double quotes; `None` when the text ends before it.
fn escape(text: &str) -> Option<usize> {
    let digits = match text[1..].chars().next()? {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        other => return Some(1 + other.len_utf8()),
    };
    Some(2 + digits).filter(|end| text.is_char_boundary(*end))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rest of the line where the `@` of the text is found in the source.
    fn found<'s>(source: &'s str, text: &str) -> Option<&'s str> {
        let from = source.find(": ").unwrap() + 2;
        let at = text.find('@').unwrap();
        position(source, from, text, at).map(|at| source[at..].lines().next().unwrap_or_default())
    }

    #[test]
    fn every_style_leads_to_the_character() {
        for (source, text) in [
            ("a: b @c\n", "b @c"),
            ("a: !f b\n  c\n\n  d @c\n", "b c\nd @c"),
            ("a: !f &x 'it''s\n  ''@c'\n", "it's '@c"),
            ("a: \"\\u00e9\\t\\\"b\\\n    \\x41 @c\"\n", "é\t\"bA @c"),
            ("a: |\n  b\n    c\n\n  @c\nd: 1\n", "b\n  c\n\n@c\n"),
            ("a: !f >-\n    b\n    c\n\n\n    @c\n", "b c\n\n@c"),
            ("a: |2\n    b\n  @c\n", "  b\n@c\n"),
            ("a: ä ö @c\n", "ä ö @c"),
        ] {
            assert!(found(source, text).is_some_and(|rest| rest.starts_with("@c")), "{source}");
        }
    }

    #[test]
    fn what_does_not_fit_has_no_place() {
        for (source, text) in [("a: b c\n", "x @c"), ("a: |\n  b\n", "c @"), ("a: 'b", "bb@"), ("a: \"\\", "a@")] {
            assert_eq!(found(source, text), None, "{source}");
        }
    }
}
