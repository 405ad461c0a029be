//! JSON input with the rules and the error texts of `encoding/json`. Every number is a `float64`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::number;
use crate::template::{Dict, List, MAX_NESTING, Val};

/// Reads one JSON value.
///
/// # Errors
/// Go's error text.
pub(crate) fn read(text: &str) -> Result<Val, String> {
    let mut reader = Reader { text, at: 0 };
    reader.space();
    let val = reader.value(0, "looking for beginning of value")?;
    reader.space();
    match reader.peek() {
        None => Ok(val),
        Some(_) => Err(reader.invalid("after top-level value")),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// What Go says about the byte here.
    fn invalid(&self, context: &str) -> String {
        match self.peek() {
            None => "unexpected end of JSON input".to_owned(),
            Some(b'\'') => format!("invalid character '\\'' {context}"),
            Some(b'"') => format!("invalid character '\"' {context}"),
            Some(byte) => {
                // Go quotes the byte as if it were a character.
                let quoted = super::text::quote(char::from(byte).encode_utf8(&mut [0; 4]));
                let inner = quoted.trim_start_matches('"').trim_end_matches('"');
                format!("invalid character '{inner}' {context}")
            }
        }
    }

    fn value(&mut self, depth: usize, context: &str) -> Result<Val, String> {
        if depth > MAX_NESTING {
            return Err("exceeded max depth".to_owned());
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Val::from),
            Some(b't') => self.word("true", Val::Bool(true)),
            Some(b'f') => self.word("false", Val::Bool(false)),
            Some(b'n') => self.word("null", Val::Nil),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.invalid(context)),
        }
    }

    fn word(&mut self, word: &str, val: Val) -> Result<Val, String> {
        for letter in word.bytes() {
            if self.peek() != Some(letter) {
                let expected = char::from(letter);
                return Err(self.invalid(&format!("in literal {word} (expecting '{expected}')")));
            }
            self.at += 1;
        }
        Ok(val)
    }

    fn digits(&mut self, context: &str) -> Result<(), String> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            // Go reads a space behind the end of the text.
            return Err(match self.peek() {
                None => format!("invalid character ' ' {context}"),
                Some(_) => self.invalid(context),
            });
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Val, String> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        let text = &self.text[start..self.at];
        number::parse_float(text)
            .map(Val::Float)
            .map_err(|_| format!("json: cannot unmarshal number {text} into Go value of type float64"))
    }

    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            match self.peek() {
                None => return Err(self.invalid("")),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    let letter = self.escape()?;
                    out.push(letter);
                }
                Some(0..=0x1f) => return Err(self.invalid("in string literal")),
                Some(_) => {
                    let letter = self.text[self.at..].chars().next().unwrap_or_default();
                    self.at += letter.len_utf8();
                    out.push(letter);
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let letter = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\x08',
            Some(b'f') => '\x0c',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.invalid("in string escape code")),
        };
        self.at += 1;
        Ok(letter)
    }

    fn unicode(&mut self) -> Result<char, String> {
        let first = self.code()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let back = self.at;
        if self.text[self.at..].starts_with("\\u") {
            self.at += 2;
            let second = self.code()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn code(&mut self) -> Result<u32, String> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.invalid("in \\u hexadecimal character escape"))?;
            self.at += 1;
        }
        Ok(code)
    }

    fn array(&mut self, depth: usize) -> Result<Val, String> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Val::List(List::new(items)));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1, "looking for beginning of value")?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Val::List(List::new(items)));
                }
                _ => return Err(self.invalid("after array element")),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Val, String> {
        self.at += 1;
        let mut entries: BTreeMap<Arc<str>, Val> = BTreeMap::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Val::Dict(Dict::new(entries)));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.invalid("looking for beginning of object key string"));
            }
            let key = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.invalid("after object key"));
            }
            self.at += 1;
            self.space();
            let val = self.value(depth + 1, "looking for beginning of value")?;
            entries.insert(Arc::from(key), val);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Val::Dict(Dict::new(entries)));
                }
                _ => return Err(self.invalid("after object key:value pair")),
            }
        }
    }
}
