//! Colours of what is not data.

use crate::config::Theme;

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Error,
    Warning,
    Success,
}

/// A text in a colour given as `#rrggbb`; what is no colour leaves it as it is.
pub fn painted(text: &str, colour: &str) -> String {
    let part = |range: std::ops::Range<usize>| {
        colour.strip_prefix('#')?.get(range).and_then(|digits| u8::from_str_radix(digits, 16).ok())
    };
    let (Some(red), Some(green), Some(blue)) = (part(0..2), part(2..4), part(4..6)) else { return text.to_owned() };
    format!("\u{1b}[38;2;{red};{green};{blue}m{text}\u{1b}[0m")
}

/// A text in the colour that a theme has for it; without a theme in one that every terminal has.
pub(super) fn in_role(text: &str, role: Role, theme: Option<&Theme>) -> String {
    let (own, code) = match role {
        Role::Error => (theme.and_then(|theme| theme.error), "1;31"),
        Role::Warning => (theme.and_then(|theme| theme.warning), "33"),
        Role::Success => (theme.and_then(|theme| theme.success), "32"),
    };
    match own {
        Some(colour) => painted(text, colour),
        None => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_come_from_the_theme_or_from_the_terminal() {
        assert_eq!(painted("x", "#ff5500"), "\u{1b}[38;2;255;85;0mx\u{1b}[0m");
        assert_eq!(painted("x", "red"), "x");
        assert_eq!(in_role("x", Role::Error, None), "\u{1b}[1;31mx\u{1b}[0m");
        let theme = crate::config::find_theme("dracula");
        assert_eq!(in_role("✓", Role::Success, theme), "\u{1b}[38;2;80;250;123m✓\u{1b}[0m");
    }
}
