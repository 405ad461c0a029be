//! Quoting for shells and for the command lines in AWS configuration files. Row 5.

/// A POSIX shell word: quoted only when needed, a single quote as `'"'"'`.
pub(super) fn posix(text: &str) -> String {
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c)) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r#"'"'"'"#))
}

/// A word of a `credential_process` line. The SDKs read such a line in three unlike ways, and this suits all of them:
/// Go and Rust give it to `sh`, Python splits it without a shell, and the Go SDK first cuts it at blank-then-`#` or
/// blank-then-`;` and strips quotes that happen to stand at both of its ends. So a path begins with its unquoted slash,
/// and no comment character ever follows a blank directly.
pub(super) fn process_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    let bare = text.find(|c| !plain(c)).unwrap_or(text.len());
    if bare == text.len() && !text.is_empty() {
        return text.to_owned();
    }
    let mut word = text[..bare].to_owned();
    word.push('\'');
    let mut blank = false;
    for c in text[bare..].chars() {
        match c {
            '\'' => word.push_str(r#"'"'"'"#),
            '#' | ';' if blank => {
                word.push_str("''");
                word.push(c);
            }
            other => word.push(other),
        }
        blank = c == ' ' || c == '\t';
    }
    word.push('\'');
    word
}

/// A word in single quotes for fish, where backslash and quote are escaped.
pub(super) fn fish(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

/// A PowerShell string. Typographic single quotes end a string there too.
pub(super) fn powershell(text: &str) -> String {
    let mut quoted = String::from("'");
    for c in text.chars() {
        if matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}') {
            quoted.push(c);
        }
        quoted.push(c);
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn posix_quotes_only_when_needed() {
        for (text, quoted) in [
            ("", "''"),
            ("eu-west-1", "eu-west-1"),
            ("/a/b:c=d%e@f+g,h", "/a/b:c=d%e@f+g,h"),
            ("a b", "'a b'"),
            ("it's", r#"'it'"'"'s'"#),
            ("$(x)", "'$(x)'"),
            ("~", "'~'"),
        ] {
            assert_eq!(posix(text), quoted);
        }
    }

    #[test]
    fn powershell_doubles_every_kind_of_single_quote() {
        assert_eq!(powershell("a'b\u{2019}c"), "'a''b\u{2019}\u{2019}c'");
    }

    proptest! {
        #[test]
        fn process_word_is_one_shell_word_and_holds_no_comment(text in "[a-z/ #;'\"$`\\\\\t]{0,30}") {
            let word = process_word(&text);
            prop_assert_eq!(shell_words::split(&word).unwrap(), vec![text]);
            for comment in [" #", " ;", "\t#", "\t;"] {
                prop_assert!(!word.contains(comment));
            }
        }

        #[test]
        fn posix_is_one_shell_word(text in "\\PC{0,30}") {
            prop_assert_eq!(shell_words::split(&posix(&text)).unwrap(), vec![text]);
        }
    }
}
