//! A part of a text that may stand in quotes, where a doubled quote is one.

/// The part without its quotes, which knows where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted {
    pub text: String,
    /// Bytes of the whole before it.
    start: usize,
    quote: Option<char>,
}

impl Quoted {
    /// What `written` means, which stands at byte `start` of a whole.
    pub fn new(written: &str, start: usize) -> Quoted {
        for quote in ['"', '\''] {
            let inner = written.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
            if let Some(inner) = inner {
                let text = inner.replace(&format!("{quote}{quote}"), &quote.to_string());
                return Quoted { text, start, quote: Some(quote) };
            }
        }
        Quoted { text: written.to_owned(), start, quote: None }
    }

    /// Bytes of the whole before a byte of the text.
    pub fn place(&self, at: usize) -> usize {
        let Some(quote) = self.quote else { return self.start + at };
        let doubled = self.text.bytes().take(at).filter(|byte| char::from(*byte) == quote).count();
        self.start + 1 + at + doubled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_knows_where_its_text_stands() {
        for (written, text, at, place) in [
            ("a.b", "a.b", 2, 9),
            ("'a ''b'", "a 'b", 3, 12),
            ("'a ''b'", "a 'b", 1, 9),
            ("\"'\"", "'", 0, 8),
            ("'a", "'a", 1, 8),
        ] {
            let part = Quoted::new(written, 7);
            assert_eq!((part.text.as_str(), part.place(at)), (text, place), "{written}");
        }
    }
}
