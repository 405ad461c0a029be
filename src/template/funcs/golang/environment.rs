//! Variables in text, as `os.Expand` replaces them.

/// Replaces `$name` and `${name}`.
pub(crate) fn expand(text: &str, mut variable: impl FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(index) = rest.find('$') {
        out.push_str(&rest[..index]);
        let after = &rest[index + 1..];
        if after.is_empty() {
            out.push('$');
            return out;
        }
        let (name, length) = name(after);
        match (name, length) {
            ("", 0) => out.push('$'),
            // Bad syntax is dropped.
            ("", _) => {}
            (name, _) => out.push_str(&variable(name)),
        }
        rest = &after[length..];
    }
    out.push_str(rest);
    out
}

/// Name behind a dollar, and how much text it takes.
fn name(text: &str) -> (&str, usize) {
    let special = |letter: u8| letter.is_ascii_digit() || b"*#$@!?-".contains(&letter);
    let bytes = text.as_bytes();
    if bytes[0] == b'{' {
        return match text.find('}') {
            None => ("", 1),
            Some(1) => ("", 2),
            Some(end) => (&text[1..end], end + 1),
        };
    }
    if special(bytes[0]) {
        return (&text[..1], 1);
    }
    let end = bytes.iter().take_while(|letter| letter.is_ascii_alphanumeric() || **letter == b'_').count();
    (&text[..end], end)
}
