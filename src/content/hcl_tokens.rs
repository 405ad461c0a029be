//! Terraform's language as tokens: enough to find blocks and attributes, while expressions need not be understood.

/// A token with its place in the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<'t> {
    pub token: Token<'t>,
    pub start: usize,
    pub end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'t> {
    Word(&'t str),
    /// Without its quotes; escapes and templates are left as they are.
    Text(&'t str),
    Open,
    Close,
    /// `[` or `(`.
    OpenList,
    /// `]` or `)`.
    CloseList,
    Equals,
    Colon,
    Comma,
    Newline,
    Other,
}

/// The tokens of a text; comments and blanks are left out.
pub(super) fn tokens(text: &str) -> Vec<Placed<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        let rest = &text[at..];
        let (token, length) = match letter {
            '#' => (None, line(rest)),
            '/' if rest.starts_with("//") => (None, line(rest)),
            '/' if rest.starts_with("/*") => (None, rest[2..].find("*/").map_or(rest.len(), |end| end + 4)),
            '"' => {
                let inner = quoted(&rest[1..]);
                (Some(Token::Text(&rest[1..=inner])), (inner + 2).min(rest.len()))
            }
            '<' if rest.starts_with("<<") => (Some(Token::Other), heredoc(rest)),
            '{' => (Some(Token::Open), 1),
            '}' => (Some(Token::Close), 1),
            '[' | '(' => (Some(Token::OpenList), 1),
            ']' | ')' => (Some(Token::CloseList), 1),
            ':' => (Some(Token::Colon), 1),
            ',' => (Some(Token::Comma), 1),
            '\n' => (Some(Token::Newline), 1),
            '=' if !rest[1..].starts_with(['=', '>']) => (Some(Token::Equals), 1),
            '=' | '!' | '<' | '>' if rest[1..].starts_with(['=', '>']) => (Some(Token::Other), 2),
            letter if letter.is_alphabetic() || letter == '_' => {
                let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
                let length = rest.find(|c| !part(c)).unwrap_or(rest.len());
                (Some(Token::Word(&rest[..length])), length)
            }
            letter if letter.is_whitespace() => (None, letter.len_utf8()),
            letter => (Some(Token::Other), letter.len_utf8()),
        };
        tokens.extend(token.map(|token| Placed { token, start: at, end: at + length }));
        at += length;
    }
    tokens
}

fn line(rest: &str) -> usize {
    rest.find('\n').unwrap_or(rest.len())
}

/// Length of what stands before the closing quote. Templates may hold quotes of their own.
fn quoted(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut letters = rest.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            '$' | '%' if rest[at + 1..].starts_with('{') => {
                letters.next();
                depth += 1;
            }
            '{' if depth > 0 => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '"' | '\n' if depth == 0 => return at,
            _ => {}
        }
    }
    rest.len()
}

/// Length of a text from `<<WORD` to the line with `WORD` alone; two where it is none.
fn heredoc(rest: &str) -> usize {
    let start = if rest.starts_with("<<-") { 3 } else { 2 };
    let first = line(rest);
    let word = rest[start..first].trim();
    if word.is_empty() || !word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
        return 2;
    }
    let mut at = first;
    for line in rest[first..].split_inclusive('\n') {
        if line.trim() == word {
            // The end of the line ends the attribute, too.
            return at + line.trim_end_matches('\n').len();
        }
        at += line.len();
    }
    rest.len()
}
