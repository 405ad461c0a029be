//! Template text to tokens. Trimming of spaces and comments ends here: the parser never sees them.

/// What a token is. `Error` is the last one and carries its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Error(String),
    Eof,
    Text,
    LeftDelim,
    RightDelim,
    Space,
    Identifier,
    /// `.name`
    Field,
    /// `$` or `$name`
    Variable,
    Bool,
    Number,
    Complex,
    Char,
    String,
    RawString,
    Pipe,
    LeftParen,
    RightParen,
    Declare,
    Assign,
    /// Any other printable ASCII character, such as the comma of `range $i, $v`.
    Other,
    Dot,
    Nil,
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Range,
    Template,
    With,
}

impl Kind {
    fn is_keyword(&self) -> bool {
        use Kind::{Block, Break, Continue, Define, Dot, Else, End, If, Nil, Range, Template, With};
        matches!(self, Dot | Nil | Block | Break | Continue | Define | Else | End | If | Range | Template | With)
    }
}

/// A token: bytes `start..end` of the text, which begin on this line (from 1).
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
    pub line: u32,
}

impl Token {
    pub(super) fn text<'t>(&self, source: &'t str) -> &'t str {
        &source[self.start..self.end]
    }

    /// The token as messages show it.
    pub(super) fn shown(&self, source: &str) -> String {
        match &self.kind {
            Kind::Eof => "EOF".to_owned(),
            Kind::Error(message) => message.clone(),
            kind if kind.is_keyword() => format!("<{}>", self.text(source)),
            _ => {
                let text = self.text(source);
                if text.len() > 10 {
                    let cut: String = text.chars().take(10).collect();
                    format!("{}...", super::format::quote(&cut))
                } else {
                    super::format::quote(text)
                }
            }
        }
    }
}

/// All tokens of a template, up to the first error or the end.
pub(super) fn lex(source: &str, left: &str, right: &str) -> Vec<Token> {
    let mut lexer = Lexer { source, left, right, at: 0, start: 0, line: 1, parens: 0, tokens: Vec::new() };
    if let Err(message) = lexer.text() {
        let at = lexer.start;
        lexer.tokens.push(Token { kind: Kind::Error(message), start: at, end: at, line: lexer.line });
    }
    let at = source.len();
    let line = lexer.line;
    lexer.tokens.push(Token { kind: Kind::Eof, start: at, end: at, line });
    lexer.tokens
}

struct Lexer<'t> {
    source: &'t str,
    left: &'t str,
    right: &'t str,
    /// The next byte.
    at: usize,
    /// First byte of the token that is being read, and its line.
    start: usize,
    line: u32,
    parens: usize,
    tokens: Vec<Token>,
}

type Step = Result<(), String>;

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        &self.source[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn skip_while(&mut self, accept: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&accept) {
            self.bump();
        }
    }

    fn emit(&mut self, kind: Kind) {
        self.tokens.push(Token { kind, start: self.start, end: self.at, line: self.line });
        self.ignore();
    }

    /// Begins the next token here.
    fn ignore(&mut self) {
        let lines = self.source[self.start..self.at].bytes().filter(|byte| *byte == b'\n').count();
        self.line += u32::try_from(lines).unwrap_or(u32::MAX / 2);
        self.start = self.at;
    }

    /// Text and actions in turn, to the end.
    fn text(&mut self) -> Step {
        while let Some(length) = self.rest().find(self.left) {
            let delimiter = self.at + length;
            let after = delimiter + self.left.len();
            let trims = trims_left(&self.source[after..]);
            if length > 0 {
                let text = &self.source[self.start..delimiter];
                self.at = self.start + if trims { text.trim_end_matches(is_space).len() } else { text.len() };
                if self.at > self.start {
                    self.emit(Kind::Text);
                }
                self.at = delimiter;
                self.ignore();
            }
            self.at = after;
            let marker = if trims { 2 } else { 0 };
            if self.source[after + marker..].starts_with("/*") {
                self.at += marker;
                self.ignore();
                self.comment()?;
            } else {
                self.emit(Kind::LeftDelim);
                self.at += marker;
                self.ignore();
                self.parens = 0;
                self.action()?;
            }
        }
        self.at = self.source.len();
        if self.at > self.start {
            self.emit(Kind::Text);
        }
        Ok(())
    }

    fn comment(&mut self) -> Step {
        let Some(length) = self.source[self.at + 2..].find("*/") else {
            return Err("unclosed comment".to_owned());
        };
        self.at += length + 4;
        let Some(trims) = self.at_right() else {
            return Err("comment ends before closing delimiter".to_owned());
        };
        self.leave(trims);
        self.ignore();
        Ok(())
    }

    /// Whether the right delimiter is next, and if so whether it has a trim marker.
    fn at_right(&self) -> Option<bool> {
        let rest = self.rest();
        if trims_right(rest) && rest[2..].starts_with(self.right) {
            Some(true)
        } else if rest.starts_with(self.right) {
            Some(false)
        } else {
            None
        }
    }

    /// Passes the right delimiter, and the spaces behind it when it trims.
    fn leave(&mut self, trims: bool) {
        if trims {
            self.at += 2;
        }
        self.at += self.right.len();
        if trims {
            self.skip_while(is_space);
        }
    }

    /// The tokens of one action, the right delimiter included.
    fn action(&mut self) -> Step {
        loop {
            if let Some(trims) = self.at_right() {
                if self.parens > 0 {
                    return Err("unclosed left paren".to_owned());
                }
                if trims {
                    self.at += 2;
                    self.ignore();
                }
                self.at += self.right.len();
                self.emit(Kind::RightDelim);
                if trims {
                    self.skip_while(is_space);
                    self.ignore();
                }
                return Ok(());
            }
            self.token()?;
        }
    }

    fn token(&mut self) -> Step {
        let Some(c) = self.peek() else { return Err("unclosed action".to_owned()) };
        if is_space(c) {
            self.space();
            return Ok(());
        }
        let digit_follows = self.rest()[c.len_utf8()..].starts_with(|c: char| c.is_ascii_digit());
        match c {
            '.' if !digit_follows => {
                self.bump();
                return self.name(Kind::Field, Kind::Dot);
            }
            '.' | '+' | '-' | '0'..='9' => return self.number(),
            c if is_alphanumeric(c) => return self.identifier(),
            _ => {}
        }
        self.bump();
        match c {
            '=' => self.emit(Kind::Assign),
            ':' if self.bump() == Some('=') => self.emit(Kind::Declare),
            ':' => return Err("expected :=".to_owned()),
            '|' => self.emit(Kind::Pipe),
            '"' => return self.quoted('"', Kind::String, "unterminated quoted string"),
            '\'' => return self.quoted('\'', Kind::Char, "unterminated character constant"),
            '`' => match self.rest().find('`') {
                Some(length) => {
                    self.at += length + 1;
                    self.emit(Kind::RawString);
                }
                None => return Err("unterminated raw quoted string".to_owned()),
            },
            '$' => return self.name(Kind::Variable, Kind::Variable),
            '(' => {
                self.parens += 1;
                self.emit(Kind::LeftParen);
            }
            ')' if self.parens == 0 => return Err("unexpected right paren".to_owned()),
            ')' => {
                self.parens -= 1;
                self.emit(Kind::RightParen);
            }
            ' '..='~' => self.emit(Kind::Other),
            c => return Err(format!("unrecognized character in action: {}", super::format::unicode(c))),
        }
        Ok(())
    }

    /// A run of spaces; the last one may belong to a right delimiter that trims.
    fn space(&mut self) {
        let start = self.at;
        self.skip_while(is_space);
        let last = self.at - 1;
        let tail = &self.source[last..];
        if trims_right(tail) && tail[2..].starts_with(self.right) {
            self.at = last;
        }
        if self.at > start {
            self.emit(Kind::Space);
        }
    }

    /// The rest of `.name` or `$name`; `bare` is the kind without a name.
    fn name(&mut self, named: Kind, bare: Kind) -> Step {
        if self.at_end_of_word() {
            self.emit(bare);
            return Ok(());
        }
        self.skip_while(is_alphanumeric);
        self.end_word(named)
    }

    fn identifier(&mut self) -> Step {
        self.skip_while(is_alphanumeric);
        let kind = match &self.source[self.start..self.at] {
            "true" | "false" => Kind::Bool,
            "nil" => Kind::Nil,
            "block" => Kind::Block,
            "break" => Kind::Break,
            "continue" => Kind::Continue,
            "define" => Kind::Define,
            "else" => Kind::Else,
            "end" => Kind::End,
            "if" => Kind::If,
            "range" => Kind::Range,
            "template" => Kind::Template,
            "with" => Kind::With,
            _ => Kind::Identifier,
        };
        self.end_word(kind)
    }

    fn end_word(&mut self, kind: Kind) -> Step {
        match self.peek() {
            Some(c) if !self.at_end_of_word() => Err(format!("bad character {}", super::format::unicode(c))),
            _ => {
                self.emit(kind);
                Ok(())
            }
        }
    }

    fn at_end_of_word(&self) -> bool {
        match self.peek() {
            None | Some('.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(c) => is_space(c) || self.rest().starts_with(self.right),
        }
    }

    /// A string or character constant; the opening quote is passed.
    fn quoted(&mut self, quote: char, kind: Kind, unterminated: &str) -> Step {
        loop {
            match self.bump() {
                Some('\\') if self.peek().is_some_and(|c| c != '\n') => {
                    self.bump();
                }
                None | Some('\\' | '\n') => return Err(unterminated.to_owned()),
                Some(c) if c == quote => break,
                Some(_) => {}
            }
        }
        self.emit(kind);
        Ok(())
    }

    /// Anything that looks like a number; the parser decides whether it is one.
    fn number(&mut self) -> Step {
        let mut good = self.scan_number();
        let mut kind = Kind::Number;
        if good && matches!(self.peek(), Some('+' | '-')) {
            good = self.scan_number() && self.source[..self.at].ends_with('i');
            kind = Kind::Complex;
        }
        if good {
            self.emit(kind);
            return Ok(());
        }
        Err(format!("bad number syntax: {}", super::format::quote(&self.source[self.start..self.at])))
    }

    fn scan_number(&mut self) -> bool {
        self.accept("+-");
        let (mut digits, mut exponent) = ("0123456789_", "eE");
        if self.accept("0") {
            if self.accept("xX") {
                (digits, exponent) = ("0123456789abcdefABCDEF_", "pP");
            } else if self.accept("oO") {
                (digits, exponent) = ("01234567_", "");
            } else if self.accept("bB") {
                (digits, exponent) = ("01_", "");
            }
        }
        self.skip_while(|c| digits.contains(c));
        if self.accept(".") {
            self.skip_while(|c| digits.contains(c));
        }
        if self.accept(exponent) {
            self.accept("+-");
            self.skip_while(|c| c.is_ascii_digit() || c == '_');
        }
        self.accept("i");
        if self.peek().is_some_and(is_alphanumeric) {
            self.bump();
            return false;
        }
        true
    }

    fn accept(&mut self, set: &str) -> bool {
        let found = self.peek().is_some_and(|c| set.contains(c));
        if found {
            self.bump();
        }
        found
    }
}

pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

pub(super) fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// `- ` behind a left delimiter.
pub(super) fn trims_left(text: &str) -> bool {
    matches!(text.as_bytes(), [b'-', space, ..] if is_space(char::from(*space)))
}

/// ` -` before a right delimiter.
pub(super) fn trims_right(text: &str) -> bool {
    matches!(text.as_bytes(), [space, b'-', ..] if is_space(char::from(*space)))
}
