//! Words that are secrets by their form: key ids of AWS, tokens of GitHub. Row 0.

/// A beginning that nothing else has, and what follows it.
struct Pattern {
    prefix: &'static [u8],
    body: fn(u8) -> bool,
    shortest: usize,
    longest: usize,
    /// A longer word is something else; otherwise its beginning is masked all the same.
    exact: bool,
}

const PATTERNS: [Pattern; 8] = [
    key_id(b"AKIA"),
    key_id(b"ASIA"),
    token(b"ghp_", 36),
    token(b"gho_", 36),
    token(b"ghu_", 36),
    token(b"ghs_", 36),
    token(b"ghr_", 36),
    token(b"github_pat_", 22),
];

const fn key_id(prefix: &'static [u8]) -> Pattern {
    let body = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    Pattern { prefix, body, shortest: 16, longest: 16, exact: true }
}

const fn token(prefix: &'static [u8], shortest: usize) -> Pattern {
    let body = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    Pattern { prefix, body, shortest, longest: 255, exact: false }
}

/// Whether a word begins as one of these secrets does, however it goes on.
pub fn begins_like_token(word: &str) -> bool {
    PATTERNS.iter().any(|pattern| word.as_bytes().starts_with(pattern.prefix))
}

/// What begins at a place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// A secret of so many bytes.
    Secret(usize),
    /// Bytes that are not there yet decide.
    Open,
}

/// Where the next byte is that a pattern begins with.
pub(super) fn next(text: &[u8]) -> Option<usize> {
    memchr::memchr2(b'A', b'g', text)
}

/// Whether a secret begins where `rest` begins. `last` says that nothing follows `rest`.
pub(super) fn at(rest: &[u8], last: bool) -> Found {
    // Most words that begin like one end here, and long documents have many.
    match rest {
        [b'A', b'K' | b'S', b'I', b'A', ..] | [b'g', b'h', _, b'_', ..] | [b'g', b'i', b't', b'h', ..] => {}
        [b'A' | b'g', ..] if rest.len() < 4 && !last => {}
        _ => return Found::Nothing,
    }
    let found = PATTERNS.iter().map(|pattern| pattern.at(rest, last));
    found.into_iter().find(|found| *found != Found::Nothing).unwrap_or(Found::Nothing)
}

impl Pattern {
    fn at(&self, rest: &[u8], last: bool) -> Found {
        let Some(rest) = rest.strip_prefix(self.prefix) else {
            let open = !last && self.prefix.starts_with(rest);
            return if open { Found::Open } else { Found::Nothing };
        };
        let length = rest.iter().take(self.longest + 1).take_while(|byte| (self.body)(**byte)).count();
        if length > self.longest {
            return if self.exact { Found::Nothing } else { Found::Secret(self.prefix.len() + self.longest) };
        }
        if length == rest.len() && !last {
            return Found::Open;
        }
        if length < self.shortest { Found::Nothing } else { Found::Secret(self.prefix.len() + length) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_secrets_are_found_and_nothing_else() {
        let classic = format!("ghp_{}", "a1B2".repeat(9));
        let fine = format!("github_pat_{}_{}", "x".repeat(22), "y".repeat(59));
        for (text, found) in [
            ("AKIAIOSFODNN7EXAMPLE", Found::Secret(20)),
            ("ASIAIOSFODNN7EXAMPLE more", Found::Secret(20)),
            ("AKIAIOSFODNN7EXAMPLEX", Found::Nothing),
            ("AKIAIOSFODNN7EXAMPL", Found::Nothing),
            ("AKIAiosfodnn7example", Found::Nothing),
            ("AROAIOSFODNN7EXAMPLE", Found::Nothing),
            (&classic, Found::Secret(40)),
            (&classic[..39], Found::Nothing),
            (&fine, Found::Secret(93)),
            ("github_patched", Found::Nothing),
            ("", Found::Nothing),
        ] {
            assert_eq!(at(text.as_bytes(), true), found, "{text}");
        }
        for text in ["A", "AKI", "AKIAIOSF", "AKIAIOSFODNN7EXAMPLE", "g", "ghp_"] {
            assert_eq!(at(text.as_bytes(), false), Found::Open, "{text}");
        }
        assert_eq!(at(b"Ab", false), Found::Nothing);
        assert_eq!(at(format!("ghs_{}", "a".repeat(300)).as_bytes(), false), Found::Secret(259));
    }
}
