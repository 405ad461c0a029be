//! Editing INI files by section, everything else kept byte by byte. Row 5.

use std::fmt::Write as _;

/// Prefix of the comment that belongs to the section below it.
const OWN_COMMENT: &str = "; atmos:";

/// Replaces or appends sections, given as `(name, body)` with bodies that end in a line break. Other sections, comments
/// and their order stay.
pub fn replace_sections(text: &str, sections: &[(String, String)]) -> String {
    let names: Vec<&str> = sections.iter().map(|(name, _)| name.as_str()).collect();
    let mut edited = remove_sections(text, &names);
    for (name, body) in sections {
        if !edited.is_empty() {
            if !edited.ends_with('\n') {
                edited.push('\n');
            }
            if !edited.ends_with("\n\n") {
                edited.push('\n');
            }
        }
        let _ = write!(edited, "[{name}]\n{body}");
    }
    edited
}

/// Removes sections with our comment line directly above them.
pub fn remove_sections(text: &str, names: &[&str]) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut removing = false;
    for line in text.split_inclusive('\n') {
        if let Some(name) = header(line) {
            removing = names.contains(&name);
            if removing && kept.last().is_some_and(|above| above.starts_with(OWN_COMMENT)) {
                kept.pop();
            }
        } else if removing && line.starts_with(OWN_COMMENT) {
            // It belongs to the section that follows.
            removing = false;
        }
        if !removing {
            kept.push(line);
        }
    }
    while kept.last().is_some_and(|line| line.trim().is_empty()) {
        kept.pop();
    }
    kept.concat()
}

/// That nothing but blank lines is left.
pub fn is_empty(text: &str) -> bool {
    text.trim().is_empty()
}

fn header(line: &str) -> Option<&str> {
    let inner = line.trim().strip_prefix('[')?;
    inner.split_once(']').map(|(name, _)| name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# mine\n[profile a]\nregion = x\n\n; atmos: expiration=1\n[profile b]\nregion = y\n  sub = 1\n\n\
                        ; atmos: expiration=2\n[profile c]\nregion = z\n";

    #[test]
    fn remove_takes_the_section_and_its_comment_only() {
        assert_eq!(
            remove_sections(TEXT, &["profile b"]),
            "# mine\n[profile a]\nregion = x\n\n; atmos: expiration=2\n[profile c]\nregion = z\n"
        );
        assert_eq!(remove_sections(TEXT, &["profile a", "profile b", "profile c"]), "# mine\n");
        assert_eq!(remove_sections(TEXT, &["profile x"]), TEXT);
        assert!(is_empty(&remove_sections("[a]\nb = c", &["a"])));
    }

    #[test]
    fn replace_keeps_the_rest_and_is_idempotent() {
        let sections = [("profile b".to_owned(), "region = new\n".to_owned())];
        let once = replace_sections(TEXT, &sections);
        assert!(once.starts_with("# mine\n[profile a]\n") && once.ends_with("\n\n[profile b]\nregion = new\n"));
        assert!(once.contains("[profile c]\nregion = z\n") && !once.contains("region = y"));
        assert_eq!(replace_sections(&once, &sections), once);
        assert_eq!(replace_sections("[x]\na = 1", &sections), "[x]\na = 1\n\n[profile b]\nregion = new\n");
    }
}
