//! Regular expressions as Go's RE2 reads them, written for the crate `regex`.
//!
//! They differ in what is a letter or a digit (ASCII only), in a brace that repeats nothing, in brackets and doubled signs
//! inside of a class, and in quoted stretches.

/// The same expression in the other syntax.
pub(super) fn translated(pattern: &str) -> String {
    let mut writer = Writer { out: String::with_capacity(pattern.len() + 8), rest: pattern };
    while let Some(letter) = writer.take() {
        match letter {
            '\\' => writer.escape(false),
            '[' => writer.class(),
            '{' if !repeats(writer.rest) => writer.out.push_str("\\{"),
            letter => writer.out.push(letter),
        }
    }
    writer.out
}

struct Writer<'a> {
    out: String,
    rest: &'a str,
}

impl Writer<'_> {
    fn take(&mut self) -> Option<char> {
        let letter = self.rest.chars().next()?;
        self.rest = &self.rest[letter.len_utf8()..];
        Some(letter)
    }

    /// What follows a backslash.
    fn escape(&mut self, in_class: bool) {
        let Some(letter) = self.take() else {
            self.out.push('\\');
            return;
        };
        match letter {
            'd' => self.out.push_str("[0-9]"),
            'D' => self.out.push_str("[^0-9]"),
            'w' => self.out.push_str("[0-9A-Za-z_]"),
            'W' => self.out.push_str("[^0-9A-Za-z_]"),
            's' => self.out.push_str("[\\t\\n\\x0c\\r ]"),
            'S' => self.out.push_str("[^\\t\\n\\x0c\\r ]"),
            'b' if !in_class => self.out.push_str("(?-u:\\b)"),
            'Q' if !in_class => self.quoted(),
            letter => {
                self.out.push('\\');
                self.out.push(letter);
            }
        }
    }

    /// `\Q … \E` means itself.
    fn quoted(&mut self) {
        let (text, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
        self.out.push_str(&regex::escape(text));
        self.rest = rest;
    }

    /// A class, after its opening bracket.
    fn class(&mut self) {
        self.out.push('[');
        if let Some(rest) = self.rest.strip_prefix('^') {
            self.rest = rest;
            self.out.push('^');
        }
        let mut first = true;
        while let Some(letter) = self.take() {
            match letter {
                // A bracket at the start is one of the letters.
                ']' if first => self.out.push_str("\\]"),
                ']' => {
                    self.out.push(']');
                    return;
                }
                '\\' => self.escape(true),
                '[' if self.rest.starts_with(':') => match self.rest.split_once(":]") {
                    Some((name, rest)) => {
                        self.out.extend(["[", name, ":]"]);
                        self.rest = rest;
                    }
                    None => self.out.push_str("\\["),
                },
                '[' => self.out.push_str("\\["),
                '&' | '~' => {
                    self.out.push('\\');
                    self.out.push(letter);
                }
                // Two dashes would take letters away.
                '-' if self.rest.starts_with('-') => self.out.push_str("\\-"),
                letter => self.out.push(letter),
            }
            first = false;
        }
    }
}

/// What follows an opening brace is a repetition: `2}`, `2,}`, `2,3}`.
fn repeats(rest: &str) -> bool {
    let Some((inner, _)) = rest.split_once('}') else { return false };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match inner.split_once(',') {
        Some((least, most)) => !least.is_empty() && digits(least) && digits(most),
        None => !inner.is_empty() && digits(inner),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched<'t>(pattern: &str, text: &'t str) -> Option<&'t str> {
        let pattern = regex::Regex::new(&translated(pattern)).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        pattern.find(text).map(|found| found.as_str())
    }

    #[test]
    fn expressions_mean_what_they_mean_in_go() {
        for (pattern, text, expected) in [
            ("\\w+", "üab", Some("ab")),
            ("[\\w-]+", "ü a-b", Some("a-b")),
            ("[^\\d]+", "12ab", Some("ab")),
            ("\\D+", "1ü", Some("ü")),
            ("\\bb", "üb", Some("b")),
            ("{\"a\"", "x{\"a\"}", Some("{\"a\"")),
            ("a{2}", "aaa", Some("aa")),
            ("a{,2}", "a{,2}", Some("a{,2}")),
            ("a{1,2}", "aaa", Some("aa")),
            ("[a[b]+", "x[ab", Some("[ab")),
            ("[]a]+", "x]a", Some("]a")),
            ("[a&&b]+", "&&", Some("&&")),
            ("[[:alpha:]_]+", "1a_b", Some("a_b")),
            ("[a\\]]+", "]a", Some("]a")),
            ("\\Qa.b\\E+", "axb a.bb", Some("a.bb")),
            ("\\s", "\u{a0} ", Some(" ")),
            ("(?i)HELLO", "hello", Some("hello")),
            ("^a$", "a\n", None),
        ] {
            assert_eq!(matched(pattern, text), expected, "{pattern}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_translated(pattern in "\\PC{0,20}|[\\[\\]{}^a:\\\\&QE,0-9-]{0,20}") {
            let _ = regex::Regex::new(&translated(&pattern));
        }
    }
}
