//! Patterns in Go's syntax, checked in Go's words and written anew for the regex crate. Both are RE2; they differ in
//! what `\d`, `\w`, `\s` and `\b` mean (ASCII here), in `\Q…\E`, and in what a class may hold.

/// What one pattern may cost: compiled size of the program.
pub(crate) const SIZE_LIMIT: usize = 4 << 20;

/// What may stand between `[:` and `:]`.
const POSIX_CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// Largest count of a repetition.
const MAX_REPEAT: u32 = 1000;

/// The pattern for the regex crate.
///
/// # Errors
/// Text of Go's syntax error, without its prefix.
pub(crate) fn translate(pattern: &str) -> Result<String, String> {
    let mut reader = Reader { rest: pattern, out: String::with_capacity(pattern.len() + 16), open: 0, repeat: None };
    reader.run(pattern)?;
    Ok(reader.out)
}

struct Reader<'p> {
    rest: &'p str,
    out: String,
    open: usize,
    /// What a repetition would apply to.
    repeat: Option<Repeated<'p>>,
}

#[derive(Clone, Copy)]
enum Repeated<'p> {
    Item,
    /// A repetition, from its operator on.
    Repetition(&'p str),
}

impl<'p> Reader<'p> {
    fn run(&mut self, whole: &'p str) -> Result<(), String> {
        while let Some(letter) = self.rest.chars().next() {
            match letter {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                ')' => {
                    self.open = self.open.checked_sub(1).ok_or_else(|| format!("unexpected ): `{whole}`"))?;
                    self.copy(1);
                    self.repeat = Some(Repeated::Item);
                }
                '*' | '+' | '?' => self.operator(1)?,
                '{' => self.brace()?,
                '|' => {
                    self.copy(1);
                    self.repeat = None;
                }
                '}' | ']' => {
                    self.out.push('\\');
                    self.copy(1);
                    self.repeat = Some(Repeated::Item);
                }
                letter => {
                    self.copy(letter.len_utf8());
                    self.repeat = Some(Repeated::Item);
                }
            }
        }
        if self.open > 0 { Err(format!("missing closing ): `{whole}`")) } else { Ok(()) }
    }

    /// A repetition, or a plain brace.
    fn brace(&mut self) -> Result<(), String> {
        if let Some((min, max, length)) = bounds(self.rest) {
            if min > MAX_REPEAT || max.is_some_and(|max| max > MAX_REPEAT || max < min) {
                return Err(format!("invalid repeat count: `{}`", &self.rest[..length]));
            }
            return self.operator(length);
        }
        self.out.push_str("\\{");
        self.rest = &self.rest[1..];
        self.repeat = Some(Repeated::Item);
        Ok(())
    }

    fn copy(&mut self, bytes: usize) {
        let (taken, rest) = self.rest.split_at(bytes);
        self.out.push_str(taken);
        self.rest = rest;
    }

    fn operator(&mut self, length: usize) -> Result<(), String> {
        let lazy = usize::from(self.rest[length..].starts_with('?'));
        let operator = &self.rest[..length + lazy];
        match self.repeat {
            None => return Err(format!("missing argument to repetition operator: `{}`", &self.rest[..length])),
            Some(Repeated::Repetition(from)) => {
                let both = &from[..from.len() - self.rest.len() + operator.len()];
                return Err(format!("invalid nested repetition operator: `{both}`"));
            }
            Some(Repeated::Item) => self.repeat = Some(Repeated::Repetition(self.rest)),
        }
        self.copy(length + lazy);
        Ok(())
    }

    fn group(&mut self) -> Result<(), String> {
        self.open += 1;
        self.repeat = None;
        let Some(after) = self.rest.strip_prefix("(?") else {
            self.copy(1);
            return Ok(());
        };
        let name = after.strip_prefix("P<").or_else(|| after.strip_prefix('<'));
        if let Some(name) = name {
            let end = name.find('>').ok_or_else(|| format!("invalid named capture: `{}`", self.rest))?;
            let length = self.rest.len() - name.len() + end + 1;
            let word = &name[..end];
            if word.is_empty() || !word.chars().all(|letter| letter == '_' || letter.is_alphanumeric()) {
                return Err(format!("invalid named capture: `{}`", &self.rest[..length]));
            }
            self.copy(length);
            return Ok(());
        }
        let flag = |letter: char| letter.is_ascii_alphabetic() || letter == '-';
        let end = match after.find(|letter| !flag(letter)) {
            None => return Err(format!("missing closing ): `{}`", self.rest)),
            Some(end) if after[end..].starts_with([':', ')']) => end,
            Some(end) => {
                let length = 2 + end + after[end..].chars().next().map_or(0, char::len_utf8);
                return Err(format!("invalid or unsupported Perl syntax: `{}`", &self.rest[..length]));
            }
        };
        let flags = &after[..end];
        let length = end + 3;
        let mut signs = 0;
        for (index, letter) in flags.char_indices() {
            signs += usize::from(letter == '-');
            if !matches!(letter, 'i' | 'm' | 's' | 'U' | '-') || signs > 1 {
                let length = 2 + index + letter.len_utf8();
                return Err(format!("invalid or unsupported Perl syntax: `{}`", &self.rest[..length]));
            }
        }
        if flags.ends_with('-') {
            return Err(format!("invalid or unsupported Perl syntax: `{}`", &self.rest[..length]));
        }
        if after.as_bytes()[end] == b')' {
            self.open -= 1;
            if flags.is_empty() {
                return Err("missing argument to repetition operator: `?`".to_owned());
            }
        }
        self.copy(length);
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        self.repeat = Some(Repeated::Item);
        let Some(letter) = self.rest[1..].chars().next() else {
            return Err("trailing backslash at end of expression: ``".to_owned());
        };
        let length = 1 + letter.len_utf8();
        match letter {
            'Q' => {
                let quoted = &self.rest[2..];
                let end = quoted.find("\\E").unwrap_or(quoted.len());
                self.out.push_str(&::regex::escape(&quoted[..end]));
                self.rest = quoted[end..].strip_prefix("\\E").unwrap_or_default();
                return Ok(());
            }
            'd' => self.out.push_str("[0-9]"),
            'D' => self.out.push_str("[^0-9]"),
            'w' => self.out.push_str("[0-9A-Za-z_]"),
            'W' => self.out.push_str("[^0-9A-Za-z_]"),
            's' => self.out.push_str("[\\t\\n\\f\\r ]"),
            'S' => self.out.push_str("[^\\t\\n\\f\\r ]"),
            'b' => self.out.push_str("(?-u:\\b)"),
            'B' => self.out.push_str("(?-u:\\B)"),
            'A' | 'z' => self.out.push_str(&self.rest[..2]),
            'p' | 'P' => return self.property(),
            _ => {
                let (code, length) = self.literal()?;
                push_literal(&mut self.out, code);
                self.rest = &self.rest[length..];
                return Ok(());
            }
        }
        self.rest = &self.rest[length..];
        Ok(())
    }

    /// `\pL`, `\p{Greek}`, `\p{^Greek}`.
    fn property(&mut self) -> Result<(), String> {
        let negated = self.rest.starts_with("\\P");
        let after = &self.rest[2..];
        let invalid = || format!("invalid character class range: `{}`", self.rest);
        let (name, length) = if let Some(braced) = after.strip_prefix('{') {
            let end = braced.find('}').ok_or_else(invalid)?;
            (&braced[..end], end + 4)
        } else {
            let letter = after.chars().next().ok_or_else(invalid)?;
            (&after[..letter.len_utf8()], 2 + letter.len_utf8())
        };
        let (name, negated) = name.strip_prefix('^').map_or((name, negated), |name| (name, !negated));
        let class = format!("\\{}{{{name}}}", if negated { 'P' } else { 'p' });
        if ::regex::Regex::new(&class).is_err() {
            return Err(format!("invalid character class range: `{}`", &self.rest[..length]));
        }
        self.out.push_str(&class);
        self.rest = &self.rest[length..];
        Ok(())
    }

    /// The character that an escape stands for, and the length of the escape.
    fn literal(&self) -> Result<(char, usize), String> {
        let letter = self.rest[1..].chars().next().unwrap_or_default();
        let invalid = |length: usize| {
            let end = (0..=self.rest.len().min(length)).rev().find(|end| self.rest.is_char_boundary(*end)).unwrap_or(0);
            format!("invalid escape sequence: `{}`", &self.rest[..end])
        };
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        Ok(match letter {
            'a' => ('\x07', 2),
            'f' => ('\x0c', 2),
            'n' => ('\n', 2),
            'r' => ('\r', 2),
            't' => ('\t', 2),
            'v' => ('\x0b', 2),
            'x' => {
                if let Some(braced) = self.rest[2..].strip_prefix('{') {
                    let end = braced.find('}').ok_or_else(|| invalid(self.rest.len()))?;
                    (number(&braced[..end], 16).ok_or_else(|| invalid(end + 4))?, end + 4)
                } else {
                    let digits = self.rest.get(2..4).ok_or_else(|| invalid(4))?;
                    (number(digits, 16).ok_or_else(|| invalid(4))?, 4)
                }
            }
            '0' | '1'..='7' => {
                let digits: String = self.rest[1..].chars().take(3).take_while(|letter| letter.is_digit(8)).collect();
                if letter != '0' && digits.len() < 3 {
                    return Err(invalid(2));
                }
                (number(&digits, 8).ok_or_else(|| invalid(4))?, 1 + digits.len())
            }
            letter if letter.is_ascii() && !letter.is_ascii_alphanumeric() => (letter, 2),
            letter => return Err(invalid(1 + letter.len_utf8())),
        })
    }

    fn class(&mut self) -> Result<(), String> {
        self.repeat = Some(Repeated::Item);
        let whole = self.rest;
        self.copy(1);
        if self.rest.starts_with('^') {
            self.copy(1);
        }
        let mut first = true;
        loop {
            let Some(letter) = self.rest.chars().next() else {
                return Err(format!("missing closing ]: `{whole}`"));
            };
            match letter {
                ']' if !first => {
                    self.copy(1);
                    return Ok(());
                }
                '[' if self.rest.starts_with("[:") && self.rest.contains(":]") => {
                    let end = self.rest.find(":]").unwrap_or(0) + 2;
                    let name = &self.rest[..end];
                    if !POSIX_CLASSES.contains(&name.trim_matches(['[', ']', ':', '^'])) {
                        return Err(format!("invalid character class range: `{name}`"));
                    }
                    self.copy(end);
                }
                '\\' if self.rest[1..].starts_with(['d', 'D', 'w', 'W', 's', 'S', 'p', 'P']) => self.escape()?,
                '-' if !first && !self.rest[1..].starts_with(']') && !self.rest.starts_with("--") => {
                    let end = self.rest.char_indices().nth(2).map_or(self.rest.len(), |(index, _)| index);
                    return Err(format!("invalid character class range: `{}`", &self.rest[..end]));
                }
                _ => self.range()?,
            }
            first = false;
        }
    }

    /// One character of a class, or a range of them.
    fn range(&mut self) -> Result<(), String> {
        let start = self.rest;
        let low = self.class_letter()?;
        push_class_letter(&mut self.out, low);
        if self.rest.starts_with('-') && !self.rest[1..].starts_with(']') && self.rest.len() > 1 {
            self.rest = &self.rest[1..];
            let high = self.class_letter()?;
            if high < low {
                return Err(format!("invalid character class range: `{}`", &start[..start.len() - self.rest.len()]));
            }
            self.out.push('-');
            push_class_letter(&mut self.out, high);
        }
        Ok(())
    }

    fn class_letter(&mut self) -> Result<char, String> {
        let letter = self.rest.chars().next().unwrap_or_default();
        let (letter, length) = if letter == '\\' {
            if self.rest.len() == 1 {
                return Err("trailing backslash at end of expression: ``".to_owned());
            }
            self.literal()?
        } else {
            (letter, letter.len_utf8())
        };
        self.rest = &self.rest[length..];
        Ok(letter)
    }
}

fn push_literal(out: &mut String, letter: char) {
    out.push_str(&::regex::escape(letter.encode_utf8(&mut [0; 4])));
}

fn push_class_letter(out: &mut String, letter: char) {
    if letter.is_ascii_punctuation() {
        out.push('\\');
    }
    out.push(letter);
}

/// `{2}`, `{2,}`, `{2,3}`: bounds and length, `None` when the brace is a plain character.
fn bounds(text: &str) -> Option<(u32, Option<u32>, usize)> {
    let end = text.find('}')?;
    let inside = &text[1..end];
    let number = |digits: &str| {
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse().unwrap_or(u32::MAX))
    };
    let (min, max) = match inside.split_once(',') {
        None => (number(inside)?, Some(number(inside)?)),
        Some((min, "")) => (number(min)?, None),
        Some((min, max)) => (number(min)?, Some(number(max)?)),
    };
    Some((min, max, end + 1))
}
