//! The arguments of a function: words, quoted with `'...'` or `"..."`, a doubled quote for the quote itself.

use super::problem::Mistake;

/// The words of `text`.
///
/// # Errors
/// A quote that is not closed, with its column.
pub fn words(text: &str) -> Result<Vec<String>, Mistake> {
    let mut words = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        if first.is_whitespace() {
            continue;
        }
        let mut word = String::new();
        if matches!(first, '"' | '\'') {
            loop {
                match rest.next() {
                    None => {
                        let column = text[..start].chars().count() + 1;
                        let message = format!("unterminated quoted value at 1:{column}");
                        return Err(Mistake { at: Some(start..start + 1), ..Mistake::new(message) });
                    }
                    Some((_, quote)) if quote == first => match rest.next_if(|(_, next)| *next == first) {
                        Some(_) => word.push(first),
                        None => break,
                    },
                    Some((_, character)) => word.push(character),
                }
            }
        } else {
            word.push(first);
            while let Some((_, character)) = rest.next_if(|(_, next)| !next.is_whitespace()) {
                word.push(character);
            }
        }
        words.push(word);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_words_together() {
        for (text, expected) in [
            ("HOME", vec!["HOME"]),
            ("  A  b ", vec!["A", "b"]),
            ("A 'b c'", vec!["A", "b c"]),
            ("A \"it\"\"s\"", vec!["A", "it\"s"]),
            ("A ''", vec!["A", ""]),
            ("", vec![]),
        ] {
            assert_eq!(words(text).unwrap(), expected, "{text}");
        }
        assert_eq!(words("A 'b").unwrap_err().to_string(), "unterminated quoted value at 1:3");
    }
}
