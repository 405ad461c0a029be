//! Secret strings, zeroed on drop, and the masker that knows every secret of this process.
//!
//! Words that look like secrets (`pattern`) are masked too. Row 0. [`Secret`] has no `Display`, its `Debug` shows nothing of the content, and it cannot be serialised.

use std::borrow::Cow;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};

mod name;
mod pattern;

use self::name::userinfo;
pub use self::name::{
    holds_secret, is_open_credential, is_secret_name, is_secret_setting, without_password, without_userinfo,
};
use self::pattern::Found;
pub use self::pattern::begins_like_token;
use base64::Engine;
use secrecy::ExposeSecret;
pub use secrecy::{ExposeSecret as Expose, SecretString as Secret};

/// What stands in place of a masked value.
pub const MASK: &str = "<MASKED>";

/// Shortest secret that is searched for in free text; shorter ones would hit innocent words.
const FREE_TEXT_MINIMUM: usize = 8;

/// Knows every secret that this process obtained, in the forms in which it could appear in output.
#[derive(Default)]
pub struct Masker {
    /// Raw, base64, URL-encoded and JSON-escaped forms, longest first.
    forms: RwLock<Vec<Secret>>,
    /// Single lines of secrets of several lines, which others indent or put something before. They are no secrets by
    /// themselves, and only masked.
    lines: RwLock<Vec<Secret>>,
    /// Secrets that are too short for free text: masked where they are a whole value.
    short: RwLock<Vec<Secret>>,
    /// The user asked for values in the open: screen and children are shown as they are.
    off: AtomicBool,
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Masker(***)")
    }
}

impl Masker {
    /// Registers a secret. Call it before the first use of the value in any I/O.
    pub fn register(&self, secret: &Secret) {
        let raw = secret.expose_secret();
        if raw.len() < FREE_TEXT_MINIMUM {
            let mut short = self.short.write().unwrap_or_else(std::sync::PoisonError::into_inner);
            if !raw.is_empty() && !short.iter().any(|known| known.expose_secret() == raw) {
                short.push(Secret::from(raw.to_owned()));
            }
            return;
        }
        let mut forms = self.forms.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let plain = [raw.to_owned(), url_encode(raw)];
        for form in plain.into_iter().chain(json_forms(raw)).chain(base64_forms(raw)) {
            if form.len() >= FREE_TEXT_MINIMUM && !forms.iter().any(|known| known.expose_secret() == form) {
                forms.push(Secret::from(form));
            }
        }
        forms.sort_by_key(|form| std::cmp::Reverse(form.expose_secret().len()));
        drop(forms);
        self.register_lines(raw);
    }

    fn register_lines(&self, raw: &str) {
        let mut lines = raw.lines().map(str::trim).filter(|line| tells_something(line)).peekable();
        if !raw.trim().contains('\n') || lines.peek().is_none() {
            return;
        }
        let mut known = self.lines.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        for form in lines.flat_map(|line| std::iter::once(line.to_owned()).chain(json_forms(line))) {
            if !known.iter().any(|known| known.expose_secret() == form) {
                known.push(Secret::from(form));
            }
        }
        known.sort_by_key(|line| std::cmp::Reverse(line.expose_secret().len()));
    }

    /// Registers the user of a text that is a URL.
    pub fn register_user(&self, text: &str) {
        if let Some(user) = userinfo(text).filter(|_| text.contains("://")) {
            self.register(&Secret::from(format!("{user}@")));
        }
    }

    /// Whether what people and scripts read is masked; the one answer for the whole process.
    pub fn is_on(&self) -> bool {
        !self.off.load(Ordering::Relaxed)
    }

    /// Decides [`Masker::is_on`]. Secrets are known all the same, and the log never shows them.
    pub fn switch(&self, on: bool) {
        self.off.store(!on, Ordering::Relaxed);
    }

    pub fn is_empty(&self) -> bool {
        self.forms.read().unwrap_or_else(std::sync::PoisonError::into_inner).is_empty()
            && self.short.read().unwrap_or_else(std::sync::PoisonError::into_inner).is_empty()
    }

    /// How many texts are looked for: whoever masked a value before it grew may have missed one.
    pub fn known(&self) -> usize {
        self.forms.read().unwrap_or_else(std::sync::PoisonError::into_inner).len()
            + self.lines.read().unwrap_or_else(std::sync::PoisonError::into_inner).len()
            + self.short.read().unwrap_or_else(std::sync::PoisonError::into_inner).len()
    }

    /// Everything that is looked for in free text, for another process that goes on looking.
    pub fn forms(&self) -> Vec<Secret> {
        let forms = self.forms.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let lines = self.lines.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        forms.iter().chain(lines.iter()).cloned().collect()
    }

    /// Whether a whole value is a secret, however short or long it is, and in however many lines.
    pub fn is_secret(&self, value: &str) -> bool {
        let known = if value.len() < FREE_TEXT_MINIMUM { &self.short } else { &self.forms };
        let known = known.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.iter().any(|secret| secret.expose_secret() == value)
    }

    /// Whether the text is a known secret, or has one in it that is long enough to be told from other words.
    pub fn holds(&self, text: &str) -> bool {
        let forms = self.forms.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.is_secret(text) || forms.iter().any(|form| text.contains(form.expose_secret()))
    }

    /// Replaces every known secret in free text, and what has the form of one.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let masked = self.mask_known(text);
        match mask_patterns(&masked) {
            Some(text) => Cow::Owned(text),
            None => masked,
        }
    }

    /// Replaces every known secret in free text.
    pub fn mask_known<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let forms = self.forms.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let lines = self.lines.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut masked = Cow::Borrowed(text);
        // A whole one goes before its lines.
        for form in forms.iter().chain(lines.iter()) {
            if masked.contains(form.expose_secret()) {
                masked = Cow::Owned(masked.replace(form.expose_secret(), MASK));
            }
        }
        masked
    }

    /// Replaces what has the form of a secret, in a text whose known secrets are masked already.
    pub fn mask_unknown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        mask_patterns(text).map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// Masks a stream: takes from `pending` whatever can be shown now and returns it masked. Bytes that could be the
    /// beginning of a secret stay in `pending` until more arrives, or until `last` says that nothing more does.
    pub fn mask_stream(&self, pending: &mut Vec<u8>, last: bool) -> Vec<u8> {
        let forms = self.forms.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let lines = self.lines.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut begins = [false; 256];
        for form in forms.iter().chain(lines.iter()) {
            begins[usize::from(form.expose_secret().as_bytes()[0])] = true;
        }
        let mut shown = Vec::with_capacity(pending.len());
        let mut at = 0;
        while at < pending.len() {
            let rest = &pending[at..];
            let known =
                if begins[usize::from(rest[0])] { known_at(&forms, &lines, rest, last) } else { Found::Nothing };
            let found = if known == Found::Nothing { pattern::at(rest, last) } else { known };
            match found {
                Found::Secret(length) => {
                    shown.extend_from_slice(MASK.as_bytes());
                    at += length;
                }
                Found::Open => break,
                Found::Nothing => {
                    shown.push(rest[0]);
                    at += 1;
                }
            }
        }
        pending.drain(..at);
        shown
    }
}

/// Whether one of the forms begins where `rest` begins. Longest first: one that may still grow into a match keeps its place
/// before a shorter one, and a whole secret before a line of one.
fn known_at(forms: &[Secret], lines: &[Secret], rest: &[u8], last: bool) -> Found {
    for form in forms.iter().chain(lines).map(|form| form.expose_secret().as_bytes()) {
        if rest.starts_with(form) {
            return Found::Secret(form.len());
        }
        if !last && form.starts_with(rest) {
            return Found::Open;
        }
    }
    Found::Nothing
}

/// Whether a line of a secret can be told from other words, and is more than the frame of what stands in it: the marks of a
/// PEM, the heading of a section.
fn tells_something(line: &str) -> bool {
    let letters = line.chars().filter(|letter| letter.is_alphanumeric()).count();
    letters >= FREE_TEXT_MINIMUM && !line.starts_with("-----") && !line.ends_with([':', '{', '['])
}

/// The text with everything masked that has the form of a secret; `None` when there is nothing.
fn mask_patterns(text: &str) -> Option<String> {
    let mut masked = None::<String>;
    let (mut at, mut kept) = (0, 0);
    while let Some(next) = pattern::next(&text.as_bytes()[at..]) {
        at += next;
        let Found::Secret(length) = pattern::at(&text.as_bytes()[at..], true) else {
            at += 1;
            continue;
        };
        // Patterns are ASCII, so both ends are boundaries of characters.
        let masked = masked.get_or_insert_default();
        masked.push_str(&text[kept..at]);
        masked.push_str(MASK);
        at += length;
        kept = at;
    }
    masked.map(|masked| masked + &text[kept..])
}

/// What Base64, in both alphabets, makes of the secret wherever in a longer text it begins and whether something follows:
/// every character that depends on nothing but the secret. The characters that it shares with its neighbours stay.
fn base64_forms(raw: &str) -> Vec<String> {
    use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
    let mut forms = Vec::new();
    for before in 0..3 {
        let text = [&vec![0; before], raw.as_bytes()].concat();
        // The first character that has no bit of what stands before; the end of what is whole without what follows.
        let (first, whole) = ((before * 8).div_ceil(6), text.len() * 8 / 6);
        for encoded in [STANDARD_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
            forms.extend([encoded[first..].to_owned(), encoded[first..whole].to_owned()]);
        }
    }
    forms
}

fn url_encode(raw: &str) -> String {
    use std::fmt::Write as _;
    raw.bytes().fold(String::with_capacity(raw.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// The text in JSON, and in JSON that is a text in JSON itself, as `jsonencode` makes it; from others, and from programs in
/// Go such as terraform, which escape what means something in HTML.
fn json_forms(raw: &str) -> Vec<String> {
    let plain = json_escape(raw);
    let go = go_escape(&plain);
    // Control characters may have names, or numbers alone in older versions.
    let numbered = go.replace("\\b", "\\u0008").replace("\\f", "\\u000c");
    let once = [plain, go, numbered];
    let twice: Vec<_> = once.iter().map(|form| json_escape(form)).collect();
    // What was escaped by one and not by the other: HTML's signs by the outer one alone.
    let outer = go_escape(&twice[0]);
    once.into_iter().chain(twice).chain([outer]).collect()
}

/// What Go's JSON has instead of signs that mean something in HTML or JavaScript.
fn go_escape(json: &str) -> String {
    let signs =
        [("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e"), ("\u{2028}", "\\u2028"), ("\u{2029}", "\\u2029")];
    signs.iter().fold(json.to_owned(), |text, (sign, escape)| text.replace(sign, escape))
}

fn json_escape(raw: &str) -> String {
    let quoted = serde_json::Value::from(raw).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_raw_url_base64_and_json_forms() {
        let masker = Masker::default();
        masker.register(&Secret::from("ab/c+d\"efgh".to_owned()));
        for form in ["ab/c+d\"efgh", "ab%2Fc%2Bd%22efgh", "ab/c+d\\\"efgh"] {
            assert_eq!(masker.mask(&format!("x {form} y")), format!("x {MASK} y"));
        }
        let encoded = base64::engine::general_purpose::STANDARD.encode("ab/c+d\"efgh");
        assert!(masker.mask(&encoded).starts_with(MASK));
    }

    #[test]
    fn masks_json_of_go_also_inside_of_json() {
        let masker = Masker::default();
        let secret = "a&b<c>d\"e\\f\u{8}g\u{2028}";
        masker.register(&Secret::from(secret.to_owned()));
        let go = r#"a\u0026b\u003cc\u003ed\"e\\f\bg\u2028"#;
        let twice = r#"a\\u0026b\\u003cc\\u003ed\\\"e\\\\f\\bg\\u2028"#;
        for form in [go, twice, &json_escape(secret), &json_escape(&json_escape(secret))] {
            assert_eq!(masker.mask(&format!("x {form} y")), format!("x {MASK} y"));
        }
    }

    #[test]
    fn short_secrets_are_not_searched_in_free_text() {
        let masker = Masker::default();
        masker.register(&Secret::from("s".to_owned()));
        assert_eq!(masker.mask("secrets stay"), "secrets stay");
        assert!(masker.is_secret("s") && !masker.is_secret("secrets stay") && !masker.is_secret(""));
    }

    #[test]
    fn streams_are_masked_wherever_the_chunks_end() {
        let masker = Masker::default();
        masker.register(&Secret::from("abcdefgh".to_owned()));
        masker.register(&Secret::from("abcdefghijkl".to_owned()));
        let text = b"Enter a value: abcdefghijkl, abcdefgh; abcde";
        for cut in 0..text.len() {
            let (mut pending, mut shown) = (Vec::new(), Vec::new());
            for chunk in [&text[..cut], &text[cut..]] {
                pending.extend_from_slice(chunk);
                shown.extend(masker.mask_stream(&mut pending, false));
            }
            shown.extend(masker.mask_stream(&mut pending, true));
            assert_eq!(String::from_utf8(shown).unwrap(), format!("Enter a value: {MASK}, {MASK}; abcde"), "{cut}");
        }
    }

    #[test]
    fn lines_of_a_secret_are_masked_wherever_they_stand() {
        let masker = Masker::default();
        let key =
            "-----BEGIN KEY-----\nMIIEvgIBADANBg+kqhkiG9w0B\n  AQEFAASCBKgwggSkAgEAAoIB\nshort=\n-----END KEY-----\n";
        masker.register(&Secret::from(key.to_owned()));
        let text = "+ input = <<-EOT\n        -----BEGIN KEY-----\n        MIIEvgIBADANBg+kqhkiG9w0B\n        \
                    AQEFAASCBKgwggSkAgEAAoIB\n        short=\n    EOT\n";
        let expected = text.replace("MIIEvgIBADANBg+kqhkiG9w0B", MASK).replace("AQEFAASCBKgwggSkAgEAAoIB", MASK);
        assert_eq!(masker.mask(text), expected);
        let mut pending = text.as_bytes().to_vec();
        assert_eq!(String::from_utf8(masker.mask_stream(&mut pending, true)).unwrap(), expected);
        // The whole of it is one mask, as ever.
        assert_eq!(masker.mask(&format!("a {key}b")), format!("a {MASK}b"));
        // A line is no value that somebody has to keep.
        assert!(!masker.is_secret("MIIEvgIBADANBg+kqhkiG9w0B") && !masker.holds("x MIIEvgIBADANBg+kqhkiG9w0B"));
        masker.register(&Secret::from("clusters:\n- name: one\n".to_owned()));
        assert_eq!(masker.mask("clusters: none"), "clusters: none");
    }

    #[test]
    fn a_prompt_is_shown_at_once() {
        let masker = Masker::default();
        masker.register(&Secret::from("hunter22hunter22".to_owned()));
        let mut pending = b"Enter a value: ".to_vec();
        assert_eq!(masker.mask_stream(&mut pending, false), b"Enter a value: ");
    }

    #[test]
    fn words_in_the_form_of_secrets_are_masked_in_texts_and_streams() {
        let masker = Masker::default();
        // A secret that is known goes as a whole, though it begins like a key id.
        masker.register(&Secret::from("AKIAIOSFODNN7EXAMPLE/and-more".to_owned()));
        let token = format!("ghp_{}", "a1B2".repeat(9));
        let text = format!(
            "é AKIAIOSFODNN7EXAMPLE, ASIA; key=ASIAIOSFODNN7EXAMPLE\nurl {token}@x AKIAIOSFODNN7EXAMPLE/and-more AKIA"
        );
        let expected = format!("é {MASK}, ASIA; key={MASK}\nurl {MASK}@x {MASK} AKIA");
        assert_eq!(masker.mask(&text), expected);
        assert!(matches!(masker.mask("Apply complete"), Cow::Borrowed(_)));
        for cut in 0..text.len() {
            let (mut pending, mut shown) = (Vec::new(), Vec::new());
            for chunk in [&text.as_bytes()[..cut], &text.as_bytes()[cut..]] {
                pending.extend_from_slice(chunk);
                shown.extend(masker.mask_stream(&mut pending, false));
            }
            shown.extend(masker.mask_stream(&mut pending, true));
            assert_eq!(String::from_utf8(shown).unwrap(), expected, "{cut}");
        }
    }

    #[test]
    fn base64_of_a_longer_text_shows_nothing_of_a_secret_in_it() {
        use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
        let secret = "h?>~nter22-correct-horse";
        for length in 10..=secret.len() {
            let secret = &secret[..length];
            let masker = Masker::default();
            masker.register(&Secret::from(secret.to_owned()));
            for (before, after) in [("", ""), ("", "tail"), ("u", ""), ("us", "t"), ("usr", ""), ("user:", "ta")] {
                let text = format!("{before}{secret}{after}");
                for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                    let masked = masker.mask(&encoded).into_owned();
                    // At most one character at either end has bits of the secret, beside bits of something else.
                    let (start, end) = masked.split_once(MASK).unwrap_or_else(|| panic!("{length} {text}: {masked}"));
                    let (first, whole) = ((before.len() * 8).div_ceil(6), (before.len() + length) * 8 / 6);
                    assert_eq!(start, &encoded[..first], "{length} {text}");
                    let kept = if after.is_empty() { "" } else { &encoded[whole..] };
                    assert_eq!(end.trim_end_matches('='), kept.trim_end_matches('='), "{length} {text}");
                }
            }
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert!(!format!("{:?}", Secret::from("hunter22".to_owned())).contains("hunter"));
    }
}
