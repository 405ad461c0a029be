//! Variable files of terraform: attributes with constant values. Blocks, references, operators and calls are not
//! constants and say so.

use std::iter::Peekable;
use std::str::Chars;
use std::sync::Arc;

use crate::value::{Map, Node, Value};

/// Deepest nesting of lists and objects.
const DEPTH: usize = 100;

/// The attributes of a file.
///
/// # Errors
/// `line: reason` for what is no constant.
pub(super) fn parse(text: &str) -> Result<Map, String> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = Reader { rest: text.chars().peekable(), line: 1, depth: 0 };
    let mut map = Map::default();
    loop {
        reader.blank(true)?;
        if reader.peek().is_none() {
            return Ok(map);
        }
        let name = reader.identifier().ok_or_else(|| reader.wrong("expected the name of an attribute"))?;
        reader.blank(false)?;
        if !reader.eat('=') {
            return Err(reader.wrong(&format!("expected `=` behind `{name}`: blocks are no values")));
        }
        let value = reader.value()?;
        reader.blank(false)?;
        if !matches!(reader.peek(), None | Some('\n')) {
            return Err(reader.wrong(&format!("the value of `{name}` is not a constant")));
        }
        if map.insert(Arc::from(name.as_str()), value).is_some() {
            return Err(reader.wrong(&format!("`{name}` is set twice")));
        }
    }
}

/// The value of a text that is one constant; `None` for everything else.
pub(super) fn constant(text: &str) -> Option<Node> {
    let mut reader = Reader { rest: text.chars().peekable(), line: 1, depth: 0 };
    let value = reader.value().ok()?;
    reader.blank(true).ok()?;
    reader.peek().is_none().then_some(value)
}

struct Reader<'t> {
    rest: Peekable<Chars<'t>>,
    line: usize,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<char> {
        self.rest.peek().copied()
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.rest.next();
        self.line += usize::from(letter == Some('\n'));
        letter
    }

    fn eat(&mut self, letter: char) -> bool {
        self.peek() == Some(letter) && self.next().is_some()
    }

    fn wrong(&self, reason: &str) -> String {
        format!("{}: {reason}", self.line)
    }

    /// Skips blanks and comments; line ends too where they mean nothing.
    fn blank(&mut self, lines: bool) -> Result<(), String> {
        loop {
            match self.peek() {
                Some('\n') if !lines => return Ok(()),
                Some(letter) if letter.is_whitespace() => {
                    self.next();
                }
                Some('#') => self.skip_line(),
                Some('/') => {
                    self.next();
                    match self.next() {
                        Some('/') => self.skip_line(),
                        Some('*') => self.skip_comment()?,
                        _ => return Err(self.wrong("the value is not a constant")),
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|letter| letter != '\n') {
            self.next();
        }
    }

    fn skip_comment(&mut self) -> Result<(), String> {
        loop {
            match self.next() {
                None => return Err(self.wrong("a comment is not closed")),
                Some('*') if self.eat('/') => return Ok(()),
                Some(_) => {}
            }
        }
    }

    fn identifier(&mut self) -> Option<String> {
        let mut name = String::new();
        while let Some(letter) = self.peek() {
            let fits =
                letter.is_alphabetic() || letter == '_' || !name.is_empty() && (letter.is_numeric() || letter == '-');
            if !fits {
                break;
            }
            name.push(letter);
            self.next();
        }
        (!name.is_empty()).then_some(name)
    }

    fn value(&mut self) -> Result<Node, String> {
        self.blank(false)?;
        match self.peek() {
            Some('"') => self.string().map(Node::from),
            Some('[') => self.nested(Reader::list),
            Some('{') => self.nested(Reader::object),
            Some('<') => self.heredoc().map(Node::from),
            Some(letter) if letter.is_ascii_digit() || letter == '-' => self.number(),
            _ => match self.identifier().as_deref() {
                Some("true") => Ok(Node::from(true)),
                Some("false") => Ok(Node::from(false)),
                Some("null") => Ok(Node::default()),
                Some(name) => Err(self.wrong(&format!("`{name}` is not a constant"))),
                None => Err(self.wrong("expected a value")),
            },
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Node, String>) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.wrong(&format!("nested more than {DEPTH} levels deep")));
        }
        self.next();
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn list(&mut self) -> Result<Node, String> {
        let mut items = Vec::new();
        loop {
            self.blank(true)?;
            if self.eat(']') {
                return Ok(Node::from(items));
            }
            items.push(self.value()?);
            self.blank(true)?;
            if !self.eat(',') && self.peek() != Some(']') {
                return Err(self.wrong("expected `,` or `]`"));
            }
        }
    }

    fn object(&mut self) -> Result<Node, String> {
        let mut map = Map::default();
        loop {
            self.blank(true)?;
            if self.eat('}') {
                return Ok(Node::from(map));
            }
            let key = if self.peek() == Some('"') { Some(self.string()?) } else { self.identifier() };
            let key = key.ok_or_else(|| self.wrong("expected a key"))?;
            self.blank(false)?;
            if !self.eat('=') && !self.eat(':') {
                return Err(self.wrong(&format!("expected `=` behind `{key}`")));
            }
            let value = self.value()?;
            map.insert(Arc::from(key), value);
            self.blank(false)?;
            if !self.eat(',') && !matches!(self.peek(), Some('\n' | '}')) {
                return Err(self.wrong("expected `,`, a new line or `}`"));
            }
        }
    }

    fn number(&mut self) -> Result<Node, String> {
        let mut text = String::new();
        while let Some(letter) = self.peek() {
            let signs = matches!(letter, '+' | '-') && (text.is_empty() || text.ends_with(['e', 'E']));
            if !(letter.is_ascii_digit() || matches!(letter, '.' | 'e' | 'E') || signs) {
                break;
            }
            text.push(letter);
            self.next();
        }
        if let Ok(number) = text.parse::<i64>() {
            return Ok(Node::from(number));
        }
        let number: f64 = text.parse().map_err(|_| self.wrong(&format!("`{text}` is no number")))?;
        Ok(Node::from(Value::Float(number)))
    }

    fn string(&mut self) -> Result<String, String> {
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                None | Some('\n') => return Err(self.wrong("a quote is not closed")),
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape()?),
                Some(sign @ ('$' | '%')) => self.marker(sign, &mut text)?,
                Some(letter) => text.push(letter),
            }
        }
    }

    /// `$${` stands for `${`; a single one begins an expression.
    fn marker(&mut self, sign: char, text: &mut String) -> Result<(), String> {
        text.push(sign);
        if self.peek() == Some('{') {
            return Err(self.wrong("a text with an expression in it is not a constant"));
        }
        if self.peek() == Some(sign) {
            self.next();
            if self.peek() != Some('{') {
                text.push(sign);
            }
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<char, String> {
        let digits = match self.next() {
            Some('n') => return Ok('\n'),
            Some('r') => return Ok('\r'),
            Some('t') => return Ok('\t'),
            Some(letter @ ('"' | '\\')) => return Ok(letter),
            Some('u') => 4,
            Some('U') => 8,
            _ => return Err(self.wrong("unknown escape in a text")),
        };
        let code: String = (0..digits).filter_map(|_| self.next()).collect();
        let code = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
        code.ok_or_else(|| self.wrong("unknown escape in a text"))
    }

    fn heredoc(&mut self) -> Result<String, String> {
        self.next();
        if !self.eat('<') {
            return Err(self.wrong("expected a value"));
        }
        let indented = self.eat('-');
        let end = self.identifier().ok_or_else(|| self.wrong("expected a name behind `<<`"))?;
        self.skip_line();
        self.next();
        let mut lines: Vec<String> = Vec::new();
        loop {
            let mut line = String::new();
            while let Some(letter) = self.peek().filter(|letter| *letter != '\n') {
                if matches!(letter, '$' | '%') {
                    self.next();
                    self.marker(letter, &mut line)?;
                } else {
                    line.push(letter);
                    self.next();
                }
            }
            if line.trim() == end {
                break;
            }
            lines.push(line);
            if self.next().is_none() {
                return Err(self.wrong(&format!("`<<{end}` is not closed")));
            }
        }
        let full = |line: &&String| !line.trim().is_empty();
        let indent = lines.iter().filter(full).map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
        let cut = if indented { indent } else { 0 };
        let mut text = String::new();
        for line in &lines {
            text.push_str(line.get(cut..).unwrap_or_default());
            text.push('\n');
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::to_json;

    #[test]
    fn constants_of_all_types() {
        let text = r#"
            # comment
            region  = "eu-west-1" // behind
            count   = 3
            ratio   = -1.5e2
            on      = true
            nothing = null
            list    = ["a", 2, /* in between */ [true],]
            tags = {
              Name = "x"
              "a b" : { k = 1, l = 2 }
            }
            escaped = "a\"b\n$${x} 100% \u00e9"
            text = <<-EOT
              one
                two
              EOT
        "#;
        let expected = serde_json::json!({
            "region": "eu-west-1", "count": 3, "ratio": -150, "on": true, "nothing": null,
            "list": ["a", 2, [true]], "tags": {"Name": "x", "a b": {"k": 1, "l": 2}},
            "escaped": "a\"b\n${x} 100% é", "text": "one\n  two\n",
        });
        assert_eq!(to_json(&Node::from(parse(text).unwrap())), expected);
    }

    #[test]
    fn what_is_no_constant_names_its_line() {
        for (text, line, phrase) in [
            ("\na = var.b", 2, "not a constant"),
            ("a = \"${x}\"", 1, "not a constant"),
            ("a = 1 + 2", 1, "not a constant"),
            ("resource \"x\" \"y\" {}", 1, "blocks are no values"),
            ("a = [1", 1, "expected"),
            ("a = \"open", 1, "not closed"),
            ("a = 1\na = 2", 2, "set twice"),
            ("a = <<X\nb", 2, "not closed"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(&format!("{line}: ")) && error.contains(phrase), "{text}: {error}");
        }
        assert!(parse(&format!("a = {}", "[".repeat(200_000))).is_err());
    }
}
