//! Themes: the colours of what is not data.

/// Colours of one theme, as `#rrggbb`; none for those that the terminal has itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    pub name: &'static str,
    /// Made for dark backgrounds.
    pub dark: bool,
    pub error: Option<&'static str>,
    pub warning: Option<&'static str>,
    pub success: Option<&'static str>,
    pub heading: Option<&'static str>,
    pub muted: Option<&'static str>,
}

const fn theme(name: &'static str, dark: bool, colours: [&'static str; 5]) -> Theme {
    let [error, warning, success, heading, muted] = colours;
    Theme {
        name,
        dark,
        error: Some(error),
        warning: Some(warning),
        success: Some(success),
        heading: Some(heading),
        muted: Some(muted),
    }
}

/// The theme where no other is asked for: the colours that the terminal has.
pub const DEFAULT: Theme =
    Theme { name: "atmos", dark: true, error: None, warning: None, success: None, heading: None, muted: None };

/// All themes, sorted by name.
pub const THEMES: [Theme; 9] = [
    DEFAULT,
    theme("Catppuccin Latte", false, ["#d20f39", "#df8e1d", "#40a02b", "#1e66f5", "#8c8fa1"]),
    theme("Catppuccin Mocha", true, ["#f38ba8", "#f9e2af", "#a6e3a1", "#89b4fa", "#7f849c"]),
    theme("Dracula", true, ["#ff5555", "#f1fa8c", "#50fa7b", "#bd93f9", "#6272a4"]),
    theme("GitHub Dark", true, ["#f85149", "#d29922", "#3fb950", "#58a6ff", "#8b949e"]),
    theme("Gruvbox Light", false, ["#9d0006", "#b57614", "#79740e", "#076678", "#7c6f64"]),
    theme("Nord", true, ["#bf616a", "#ebcb8b", "#a3be8c", "#88c0d0", "#4c566a"]),
    theme("Solarized Dark", true, ["#dc322f", "#b58900", "#859900", "#268bd2", "#586e75"]),
    theme("Solarized Light", false, ["#dc322f", "#b58900", "#859900", "#268bd2", "#93a1a1"]),
];

/// A theme by its name, whatever the case of its letters.
pub fn find(name: &str) -> Option<&'static Theme> {
    THEMES.iter().find(|theme| theme.name.eq_ignore_ascii_case(name))
}
