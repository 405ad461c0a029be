//! Keeps JSON what it is where values were masked in it: a number in whose place the mask stands becomes a text.

use crate::secret::MASK;

/// Looks at one masked stream of JSON, in whatever pieces it comes.
#[derive(Debug, Default)]
pub(super) struct Quotes {
    in_text: bool,
    escaped: bool,
    /// A word outside of texts that has not ended yet.
    word: Vec<u8>,
}

impl Quotes {
    /// The bytes with every masked word in quotes. What may go on stays until more comes, or until `last`.
    pub(super) fn add(&mut self, bytes: &[u8], last: bool) -> Vec<u8> {
        let mut shown = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            if self.in_text {
                shown.push(byte);
                self.in_text = self.escaped || byte != b'"';
                self.escaped = !self.escaped && byte == b'\\';
                continue;
            }
            match byte {
                b'"' | b',' | b':' | b'{' | b'}' | b'[' | b']' | b' ' | b'\t' | b'\r' | b'\n' => {
                    self.end_word(&mut shown);
                    shown.push(byte);
                    self.in_text = byte == b'"';
                }
                _ => self.word.push(byte),
            }
        }
        if last {
            self.end_word(&mut shown);
        }
        shown
    }

    fn end_word(&mut self, shown: &mut Vec<u8>) {
        let masked = self.word.windows(MASK.len()).any(|part| part == MASK.as_bytes());
        if masked {
            // A number of which only a part was masked goes whole.
            shown.push(b'"');
            shown.extend_from_slice(MASK.as_bytes());
            shown.push(b'"');
        } else {
            shown.extend_from_slice(&self.word);
        }
        self.word.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_numbers_are_texts_wherever_the_pieces_end() {
        let text = r#"{"a":<MASKED>, "b": [1,<MASKED>.5,-<MASKED>], "c": "x\\\"<MASKED>, \\", "d": <MASKED>}"#;
        let expected = r#"{"a":"<MASKED>", "b": [1,"<MASKED>","<MASKED>"], "c": "x\\\"<MASKED>, \\", "d": "<MASKED>"}"#;
        for cut in 0..=text.len() {
            let mut quotes = Quotes::default();
            let mut shown = quotes.add(&text.as_bytes()[..cut], false);
            shown.extend(quotes.add(&text.as_bytes()[cut..], true));
            assert_eq!(String::from_utf8(shown).unwrap(), expected, "{cut}");
        }
        assert!(serde_json::from_str::<serde_json::Value>(expected).is_ok());
        assert_eq!(Quotes::default().add(b"true\n<MASKED>", true), b"true\n\"<MASKED>\"");
    }
}
