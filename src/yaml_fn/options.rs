//! The arguments of functions of stores: words, then options behind `|`.
//!
//! `!store prod vpc id | default none | query .a`: an option's value is everything up to the next option, so that an
//! expression may have pipes of its own; a quoted value is what the quotes hold.

use std::collections::BTreeMap;

use super::problem::Mistake;
use crate::value::Quoted;

/// Words and options, apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Arguments {
    pub words: Vec<String>,
    pub options: BTreeMap<&'static str, Quoted>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Quoted,
    Pipe,
}

#[derive(Debug, Clone, Copy)]
struct Token<'t> {
    text: &'t str,
    kind: Kind,
    /// Bytes before it.
    at: usize,
}

impl Arguments {
    /// Splits the text after a tag. `default` takes one word; the other `keywords` take whatever follows them.
    ///
    /// # Errors
    /// What is wrong, with its column.
    pub fn parse(text: &str, keywords: &[&'static str]) -> Result<Arguments, Mistake> {
        let tokens = tokens(text)?;
        let keyword = |at: usize| {
            let next = tokens.get(at + 1).filter(|_| tokens[at].kind == Kind::Pipe)?;
            keywords.iter().copied().find(|keyword| *keyword == unquoted(next.text))
        };
        let first = (0..tokens.len()).find(|at| keyword(*at).is_some()).unwrap_or(tokens.len());
        let mut words = Vec::new();
        for token in &tokens[..first] {
            match token.kind {
                Kind::Pipe => return Err(Mistake::syntax(text, token.at, "unexpected pipe")),
                _ => words.push(unquoted(token.text)),
            }
        }
        let mut options = BTreeMap::new();
        let mut at = first;
        while let Some(name) = (at < tokens.len()).then(|| keyword(at)).flatten() {
            let end = (at + 2..tokens.len()).find(|at| keyword(*at).is_some()).unwrap_or(tokens.len());
            options.insert(name, value(text, &tokens, at, end, name)?);
            at = end;
        }
        Ok(Arguments { words, options })
    }
}

/// The value of the option at `at`, which ends before `end`.
fn value(text: &str, tokens: &[Token<'_>], at: usize, end: usize, name: &str) -> Result<Quoted, Mistake> {
    let Some(first) = tokens[..end].get(at + 2).filter(|token| token.kind != Kind::Pipe) else {
        return Err(Mistake::syntax(text, tokens[at + 1].at, "expected option value"));
    };
    if name == "default" && end > at + 3 {
        return Err(Mistake::syntax(text, tokens[at + 3].at, "default option accepts one value"));
    }
    let until = tokens.get(end).map_or(text.len(), |next| next.at);
    let value = Quoted::new(text[first.at..until].trim(), first.at);
    if value.text.is_empty() && name != "default" {
        return Err(Mistake::syntax(text, first.at, "option value must not be empty"));
    }
    Ok(value)
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, Mistake> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (length, kind) = match first {
            _ if first.is_whitespace() => {
                at += first.len_utf8();
                continue;
            }
            '|' => (1, Kind::Pipe),
            '"' | '\'' => {
                let end = quoted(rest, first).ok_or_else(|| Mistake::syntax(text, at, "unterminated quoted value"))?;
                (end, Kind::Quoted)
            }
            _ => (rest.find(|c: char| c.is_whitespace() || c == '|').unwrap_or(rest.len()), Kind::Word),
        };
        tokens.push(Token { text: &rest[..length], kind, at });
        at += length;
    }
    Ok(tokens)
}

/// Bytes of a quoted text with its quotes; a doubled quote is one inside. Quotes do not reach over lines.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\n' | '\r' => return None,
            _ if letter == quote && letters.next_if(|(_, next)| *next == quote).is_none() => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn unquoted(text: &str) -> String {
    Quoted::new(text, 0).text
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYWORDS: [&str; 2] = ["default", "query"];

    fn parsed(text: &str) -> Result<Arguments, Mistake> {
        Arguments::parse(text, &KEYWORDS)
    }

    #[test]
    fn words_and_options_come_apart() {
        for (text, words, options) in [
            ("s vpc id", &["s", "vpc", "id"][..], &[][..]),
            ("s  'a b' \"it\"\"s\"", &["s", "a b", "it\"s"], &[]),
            ("s vpc id | default none", &["s", "vpc", "id"], &[("default", "none")]),
            ("s vpc id |default ''", &["s", "vpc", "id"], &[("default", "")]),
            ("s k | query .a | keys | default 'x y'", &["s", "k"], &[("default", "x y"), ("query", ".a | keys")]),
            ("s k | query '.a | \"b\"'", &["s", "k"], &[("query", ".a | \"b\"")]),
            ("s k | query .a[0].b", &["s", "k"], &[("query", ".a[0].b")]),
            ("", &[], &[]),
        ] {
            let options = options.iter().map(|(name, value)| (*name, (*value).to_owned())).collect::<BTreeMap<_, _>>();
            let found = parsed(text).unwrap();
            let texts = found.options.into_iter().map(|(name, value)| (name, value.text)).collect();
            assert_eq!(
                (found.words, options),
                (words.iter().map(|word| (*word).to_owned()).collect(), texts),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_wrong_has_a_column() {
        for (text, message) in [
            ("s 'k", "1:3: unterminated quoted value"),
            ("s | k", "1:3: unexpected pipe"),
            ("s k | bogus x", "1:5: unexpected pipe"),
            ("s k | default", "1:7: expected option value"),
            ("s k | default a b", "1:17: default option accepts one value"),
            ("s k | query ''", "1:13: option value must not be empty"),
            ("s k | default | query .a", "1:7: expected option value"),
        ] {
            assert_eq!(parsed(text).unwrap_err().message, format!("invalid function arguments at {message}"), "{text}");
        }
    }
}
