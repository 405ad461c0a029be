//! Text to tokens, by the rules of yq's lexer: at each place the rules are tried in a fixed order and the first that
//! fits wins, which is why `.a-b` is one key and `3-1` two numbers.

use std::sync::Arc;

use super::error::{Fault, Outcome, Range};
use super::op::{Format, Merge, Op, Order};
use super::tree::Tag;
use super::words::{Meaning, WORDS};

/// Deepest names of `parent(N)` and columns of `to_json(N)` that make sense.
const LARGEST_PARAMETER: i64 = 1000;

/// Letters of unreadable text that a message shows.
const SHOWN: usize = 24;

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Open,
    Close,
    OpenIndex,
    OpenList,
    CloseList {
        optional: bool,
    },
    OpenMap,
    CloseMap,
    Op(Op),
    /// A string literal, escapes resolved, interpolation not yet.
    Text(String),
}

#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: Range,
    /// A path may follow without a pipe.
    pub(super) path_may_follow: bool,
}

pub(super) fn lex(text: &str) -> Outcome<Vec<Token>> {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new() };
    while lexer.at < text.len() {
        lexer.step()?;
    }
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Takes the next token; each branch stands in the order of the rules.
    fn step(&mut self) -> Outcome<()> {
        if self.brackets() || self.variable() || self.parameters()? || self.word()? || self.literal()? {
            return Ok(());
        }
        if self.environment() || self.comparison() || self.assignment() || self.skip() || self.path() {
            return Ok(());
        }
        if self.arithmetic() {
            return Ok(());
        }
        Err(self.stuck())
    }

    fn push(&mut self, length: usize, kind: Kind, path_may_follow: bool) -> bool {
        let at = (self.at, self.at + length);
        self.at += length;
        self.tokens.push(Token { kind, at, path_may_follow });
        true
    }

    fn push_op(&mut self, length: usize, op: Op) -> bool {
        let path_may_follow = op.takes_path() || matches!(op, Op::Parent { .. } | Op::Variable(_) | Op::Key { .. });
        self.push(length, Kind::Op(op), path_may_follow)
    }

    fn brackets(&mut self) -> bool {
        let rest = self.rest();
        let optional = rest.starts_with("]?");
        let (length, kind) = match rest.as_bytes() {
            [b'(', ..] => (1, Kind::Open),
            [b')', ..] => (1, Kind::Close),
            [b'.', b'[', ..] => (2, Kind::OpenIndex),
            [b'[', ..] => (1, Kind::OpenList),
            [b']', ..] => (1 + usize::from(optional), Kind::CloseList { optional }),
            [b'{', ..] => (1, Kind::OpenMap),
            [b'}', ..] => (1, Kind::CloseMap),
            [b'.', b'.', b'.', ..] => return self.push_op(3, Op::Descend { keys: true }),
            [b'.', b'.', ..] => return self.push_op(2, Op::Descend { keys: false }),
            [b':', tail @ ..] => {
                let blanks = tail.iter().take_while(|byte| is_space(**byte)).count();
                return self.push_op(1 + blanks, Op::Entry);
            }
            [b';', ..] => return self.push_op(1, Op::Block),
            [b'/', b'/', ..] => return self.push_op(2, Op::Alternative),
            _ => return false,
        };
        let closes = matches!(kind, Kind::Close | Kind::CloseList { .. } | Kind::CloseMap);
        self.push(length, kind, closes)
    }

    fn variable(&mut self) -> bool {
        let Some(name) = self.rest().strip_prefix('$') else { return false };
        let length = run(name, |byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        length > 0 && self.push_op(length + 1, Op::Variable(Arc::from(&name[..length])))
    }

    /// Words whose number in brackets belongs to the word: `flatten(1)`, `to_json(4)`, `parent(2)`.
    fn parameters(&mut self) -> Outcome<bool> {
        for (word, make) in [
            ("flatten", (|n| Op::Flatten { depth: usize::try_from(n).ok() }) as fn(i64) -> Op),
            ("to_yaml", |n| Op::Encode(Format::Yaml(columns(n)))),
            ("toyaml", |n| Op::Encode(Format::Yaml(columns(n)))),
            ("to_json", |n| Op::Encode(Format::Json(columns(n)))),
            ("tojson", |n| Op::Encode(Format::Json(columns(n)))),
            ("parent", |n| Op::Parent { level: n }),
        ] {
            let Some(tail) = self.rest().strip_prefix(word).and_then(|tail| tail.strip_prefix('(')) else { continue };
            let Some((digits, _)) = tail.split_once(')') else { continue };
            let unsigned = if word == "parent" { digits.strip_prefix('-').unwrap_or(digits) } else { digits };
            if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            let length = word.len() + digits.len() + 2;
            let number = digits.parse::<i64>().ok().filter(|number| number.abs() <= LARGEST_PARAMETER);
            let Some(number) = number else {
                let at = (self.at, self.at + length);
                return Err(Fault::syntax(format!("the number in `{word}({digits})` is too large"), at));
            };
            return Ok(self.push_op(length, make(number)));
        }
        Ok(false)
    }

    fn word(&mut self) -> Outcome<bool> {
        let rest = self.rest();
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '@') {
            return Ok(false);
        }
        let Some((word, meaning)) = WORDS.iter().find(|(word, _)| rest.starts_with(word)) else { return Ok(false) };
        match meaning {
            Meaning::Op(make) => Ok(self.push_op(word.len(), make())),
            // A longer name that only begins like an operator is no operator.
            Meaning::Missing(_) if run(&rest[word.len()..], is_name) > 0 => Ok(false),
            Meaning::Missing(reason) => Err(Fault::unsupported(*word, reason, (self.at, self.at + word.len()))),
        }
    }

    fn literal(&mut self) -> Outcome<bool> {
        let rest = self.rest();
        if let Some((length, tag)) = number(rest) {
            let text = &rest[..length];
            let fits = match (&tag, text.get(2..)) {
                (Tag::Int, Some(digits)) if text.starts_with("0x") || text.starts_with("0X") => {
                    i64::from_str_radix(digits, 16).is_ok()
                }
                (Tag::Int, _) => text.parse::<i64>().is_ok(),
                _ => text.parse::<f64>().is_ok_and(f64::is_finite),
            };
            if !fits {
                let at = (self.at, self.at + length);
                return Err(Fault::syntax(format!("parsing \"{text}\": value out of range"), at));
            }
            return Ok(self.push_op(length, Op::Scalar(tag, Arc::from(text))));
        }
        for (word, tag) in [("true", Tag::Bool), ("false", Tag::Bool), ("null", Tag::Null)] {
            if rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)) {
                return Ok(self.push_op(word.len(), Op::Scalar(tag, Arc::from(&rest[..word.len()]))));
            }
        }
        if rest.starts_with('~') {
            return Ok(self.push_op(1, Op::Scalar(Tag::Null, Arc::from("~"))));
        }
        if let Some(length) = quoted(rest) {
            let text = unescape(&rest[1..length - 1]);
            return Ok(self.push(length, Kind::Text(text), false));
        }
        if rest.starts_with('"') {
            let fault = Fault::syntax(unreadable(rest), (self.at, self.text.len()));
            return Err(fault.help("the text is not closed: end it with a double quote"));
        }
        Ok(false)
    }

    fn environment(&mut self) -> bool {
        for (start, text) in [("strenv(", true), ("env(", false)] {
            let Some(tail) = self.rest().strip_prefix(start) else { continue };
            if let Some((name, _)) = tail.split_once(')').filter(|(name, _)| !name.is_empty()) {
                let op = Op::Environment { name: Arc::from(name), text };
                return self.push_op(start.len() + name.len() + 1, op);
            }
        }
        false
    }

    /// Comparisons swallow the blanks around them.
    fn comparison(&mut self) -> bool {
        let rest = self.rest();
        let before = run(rest, is_space);
        let order = |greater, or_equal| Op::Compare(Order { or_equal, greater });
        for (sign, op) in [
            ("==", Op::Equals { negate: false }),
            ("!=", Op::Equals { negate: true }),
            (">=", order(true, true)),
            ("<=", order(false, true)),
            (">", order(true, false)),
            ("<", order(false, false)),
        ] {
            if let Some(tail) = rest[before..].strip_prefix(sign) {
                self.at += before;
                return self.push_op(sign.len() + run(tail, is_space), op);
            }
        }
        false
    }

    fn assignment(&mut self) -> bool {
        for (sign, update) in [("|=", true), ("=", false)] {
            if let Some(tail) = self.rest().strip_prefix(sign) {
                // The flag `c` lets custom tags give way, which they always do here.
                let flags = run(tail, |byte| byte == b'c');
                return self.push_op(sign.len() + flags, Op::Assign { update });
            }
        }
        false
    }

    fn skip(&mut self) -> bool {
        let blanks = run(self.rest(), |byte| matches!(byte, b' ' | b'\t' | b'\n'));
        let comment = if self.rest().starts_with('#') { run(self.rest(), |byte| byte != b'\n') } else { 0 };
        self.at += blanks.max(comment);
        blanks.max(comment) > 0
    }

    fn path(&mut self) -> bool {
        let rest = self.rest();
        if let Some(tail) = rest.strip_prefix(".\"") {
            let length = tail.find(['"', ' ']).unwrap_or(0);
            if length > 0 && tail[length..].starts_with('"') {
                let optional = tail[length..].starts_with("\"?");
                let op = Op::Key { name: Arc::from(&tail[..length]), optional };
                return self.push_op(length + 3 + usize::from(optional), op);
            }
        }
        if let Some(tail) = rest.strip_prefix('.') {
            let ends = [' ', ';', '}', '{', ':', '[', ']', ',', '|', '.', '(', ')', '=', '\n', '!'];
            let length = tail.find(ends).unwrap_or(tail.len());
            if length == 0 {
                return self.push_op(1, Op::Own);
            }
            let name = tail[..length].strip_suffix('?');
            let op = Op::Key { name: Arc::from(name.unwrap_or(&tail[..length])), optional: name.is_some() };
            return self.push_op(length + 1, op);
        }
        if rest.starts_with('|') {
            return self.push_op(1, Op::Pipe { short: false });
        }
        rest.starts_with(',') && self.push_op(1, Op::Union)
    }

    fn arithmetic(&mut self) -> bool {
        let rest = self.rest();
        if let Some(tail) = rest.strip_prefix('*') {
            let (assigns, tail) = tail.strip_prefix('=').map_or((false, tail), |tail| (true, tail));
            let length = run(tail, |byte| matches!(byte, b'+' | b'|' | b'?' | b'c' | b'd' | b'n'));
            let flag = |flag| tail[..length].contains(flag);
            let merge =
                Merge { append: flag('+'), deep_lists: flag('d'), existing_only: flag('?'), only_null: flag('n') };
            let op = if assigns { Op::MultiplyAssign(merge) } else { Op::Multiply(merge) };
            return self.push_op(1 + usize::from(assigns) + length, op);
        }
        for (sign, op) in [
            ("/", Op::Divide),
            ("%", Op::Modulo),
            ("+=", Op::AddAssign),
            ("+", Op::Add),
            ("-=", Op::SubtractAssign),
            ("-", Op::Subtract),
        ] {
            if rest.starts_with(sign) {
                return self.push_op(sign.len(), op);
            }
        }
        false
    }

    /// No rule fits: names the place and, where a word was meant, the nearest one.
    fn stuck(&self) -> Fault {
        let start = self.at - self.text.as_bytes()[..self.at].iter().rev().take_while(|byte| is_name(**byte)).count();
        let end = self.at + run(self.rest(), is_name);
        let name = &self.text[start..end];
        let fault = |at| Fault::syntax(unreadable(self.rest()), at);
        if name.is_empty() {
            let length = self.rest().chars().next().map_or(0, char::len_utf8);
            return fault((self.at, self.at + length)).help("text needs double quotes, a key a dot before it");
        }
        let nearest = WORDS
            .iter()
            .filter(|(_, meaning)| matches!(meaning, Meaning::Op(_)))
            .map(|(word, _)| (strsim::damerau_levenshtein(word, name), *word))
            .min()
            .filter(|(distance, word)| *distance <= word.len().max(name.len()) / 3);
        fault((start, end)).help(nearest.map_or_else(
            || format!("there is no operator `{name}`; text needs double quotes, a key a dot before it"),
            |(_, word)| format!("there is no operator `{name}`; did you mean `{word}`?"),
        ))
    }
}

/// Columns per level; the parser of the number has refused senseless ones.
fn columns(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

/// The message for text that no rule fits, with its first letters.
fn unreadable(rest: &str) -> String {
    let shown: String = rest.chars().take(SHOWN).collect();
    let more = if shown.len() < rest.len() { "…" } else { "" };
    format!("invalid input text {shown:?}{more}")
}

fn run(text: &str, fits: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| fits(*byte)).count()
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'@'
}

/// Length and type of a number at the start: `0x1F`, `1.5e3` with one digit before the point, `1.5`, `-7`.
fn number(text: &str) -> Option<(usize, Tag)> {
    let digits = |text: &str| run(text, |byte| byte.is_ascii_digit());
    if text.starts_with("0x") || text.starts_with("0X") {
        let length = run(&text[2..], |byte| byte.is_ascii_hexdigit());
        if length > 0 {
            return Some((length + 2, Tag::Int));
        }
    }
    let sign = usize::from(text.starts_with('-'));
    let whole = digits(&text[sign..]);
    if whole == 0 {
        return None;
    }
    let fraction = |from: usize| match text[from..].strip_prefix('.').map(digits) {
        Some(length) if length > 0 => length + 1,
        _ => 0,
    };
    if matches!(text.as_bytes()[sign], b'1'..=b'9') {
        let mantissa = sign + 1 + fraction(sign + 1);
        if let Some(tail) = text[mantissa..].strip_prefix(['e', 'E']) {
            let signed = usize::from(tail.starts_with(['+', '-']));
            let length = digits(&tail[signed..]);
            if length > 0 {
                return Some((mantissa + 1 + signed + length, Tag::Float));
            }
        }
    }
    let end = sign + whole + fraction(sign + whole);
    Some((end, if end > sign + whole { Tag::Float } else { Tag::Int }))
}

/// Length of a string literal at the start, quotes included.
fn quoted(text: &str) -> Option<usize> {
    let mut letters = text.char_indices();
    letters.next().filter(|(_, quote)| *quote == '"')?;
    while let Some((index, letter)) = letters.next() {
        match letter {
            '"' => return Some(index + 1),
            '\\' => {
                letters.next().filter(|(_, escaped)| *escaped != '\n')?;
            }
            _ => {}
        }
    }
    None
}

/// Resolves escapes. What interpolation needs (`\(`, and a doubled backslash before a bracket) stays as it is.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let resolved = match (letter, letters.peek()) {
            ('\\', Some('\\')) => {
                letters.next();
                if letters.peek() == Some(&'(') {
                    out.push('\\');
                }
                out.push('\\');
                continue;
            }
            ('\\', Some('"')) => '"',
            ('\\', Some('n')) => '\n',
            ('\\', Some('t')) => '\t',
            ('\\', Some('r')) => '\r',
            ('\\', Some('f')) => '\x0c',
            ('\\', Some('v')) => '\x0b',
            ('\\', Some('b')) => '\x08',
            ('\\', Some('a')) => '\x07',
            _ => {
                out.push(letter);
                continue;
            }
        };
        letters.next();
        out.push(resolved);
    }
    out
}
