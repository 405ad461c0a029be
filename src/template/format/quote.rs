//! Go's quoted strings and characters, both ways.

use std::fmt::Write as _;

/// Whether a character is shown as it is: letters, marks, numbers, punctuation, symbols and the ASCII space.
pub(crate) fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    // The standard library escapes what cannot be printed, and marks only at the start of a text.
    let mut buffer = [b'a', 0, 0, 0, 0];
    let length = c.encode_utf8(&mut buffer[1..]).len() + 1;
    std::str::from_utf8(&buffer[..length]).is_ok_and(|text| text.escape_debug().eq(text.chars()))
}

/// A string in double quotes.
pub(crate) fn quote(text: &str) -> String {
    quote_with(text, '"', false)
}

/// A string or character in quotes; `ascii` escapes everything else.
pub(super) fn quote_with(text: &str, mark: char, ascii: bool) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(mark);
    for c in text.chars() {
        escape(&mut out, c, mark, ascii);
    }
    out.push(mark);
    out
}

fn escape(out: &mut String, c: char, mark: char, ascii: bool) {
    if c == mark || c == '\\' {
        out.push('\\');
        out.push(c);
        return;
    }
    if c.is_ascii() && is_printable(c) || !ascii && is_printable(c) {
        out.push(c);
        return;
    }
    let short = match c {
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\u{c}' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\u{b}' => 'v',
        _ => {
            let code = u32::from(c);
            let _ = match code {
                0..=0x1f | 0x7f => write!(out, "\\x{code:02x}"),
                0..=0xffff => write!(out, "\\u{code:04x}"),
                _ => write!(out, "\\U{code:08x}"),
            };
            return;
        }
    };
    out.push('\\');
    out.push(short);
}

/// Whether a raw string in backquotes can hold a text.
pub(super) fn can_backquote(text: &str) -> bool {
    text.chars().all(|c| c != '\u{feff}' && c != '`' && c != '\u{7f}' && (c >= ' ' || c == '\t'))
}

/// `U+0041 'A'`, as messages about characters have it.
pub(crate) fn unicode(c: char) -> String {
    let code = u32::from(c);
    if is_printable(c) { format!("U+{code:04X} '{c}'") } else { format!("U+{code:04X}") }
}

/// A character, or the byte that `\xff` or `\377` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    Char(char),
    Byte(u8),
}

impl Code {
    pub(crate) fn code(self) -> u32 {
        match self {
            Code::Char(c) => u32::from(c),
            Code::Byte(byte) => u32::from(byte),
        }
    }
}

/// The first character of the inside of a quoted text, and what follows. `None` when it is malformed.
pub(crate) fn unquote_char(text: &str, mark: char) -> Option<(Code, &str)> {
    let mut chars = text.chars();
    let c = chars.next()?;
    if c == mark {
        return None;
    }
    if c != '\\' {
        return Some((Code::Char(c), chars.as_str()));
    }
    let escaped = chars.next()?;
    let rest = chars.as_str();
    let plain = |c: char| Some((Code::Char(c), rest));
    match escaped {
        'a' => plain('\u{7}'),
        'b' => plain('\u{8}'),
        'f' => plain('\u{c}'),
        'n' => plain('\n'),
        'r' => plain('\r'),
        't' => plain('\t'),
        'v' => plain('\u{b}'),
        '\\' => plain('\\'),
        '\'' | '"' if escaped == mark => plain(escaped),
        'x' => {
            let (number, rest) = digits(rest, 2, 16)?;
            Some((Code::Byte(u8::try_from(number).ok()?), rest))
        }
        'u' | 'U' => {
            let (number, rest) = digits(rest, if escaped == 'u' { 4 } else { 8 }, 16)?;
            Some((Code::Char(char::from_u32(number)?), rest))
        }
        '0'..='7' => {
            let (number, rest) = digits(&text[1..], 3, 8)?;
            Some((Code::Byte(u8::try_from(number).ok()?), rest))
        }
        _ => None,
    }
}

fn digits(text: &str, count: usize, radix: u32) -> Option<(u32, &str)> {
    let head = text.get(..count)?;
    let all = head.chars().all(|c| c.is_digit(radix));
    all.then(|| u32::from_str_radix(head, radix).ok().map(|number| (number, &text[count..])))?
}

/// The text of a string constant with its quotes. Bytes that are no text become the replacement character.
pub(crate) fn unquote(text: &str) -> Option<String> {
    if let Some(inside) = text.strip_prefix('`').and_then(|text| text.strip_suffix('`')) {
        return (!inside.contains('`')).then(|| inside.replace('\r', ""));
    }
    let inside = text.strip_prefix('"')?.strip_suffix('"')?;
    if !inside.contains('\\') {
        return (!inside.contains(['"', '\n'])).then(|| inside.to_owned());
    }
    let mut bytes = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while !rest.is_empty() {
        let (code, tail) = unquote_char(rest, '"')?;
        match code {
            Code::Byte(byte) => bytes.push(byte),
            Code::Char('\n') if rest.starts_with('\n') => return None,
            Code::Char(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = tail;
    }
    Some(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}
