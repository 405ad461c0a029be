//! Themes.

use super::Rows;
use super::facts::record;
use super::shape::{Shape, View};
use super::subject::Subject;
use crate::config::{DEFAULT_THEME, THEMES, Theme, find_theme};
use crate::diag::Result;
use crate::ops::App;
use crate::value::Node;

/// A row for each theme.
///
/// # Errors
/// A view that is wrong.
pub fn themes(app: &App, view: &View) -> Result<Rows> {
    let shape = Shape::new(app, Subject::Themes, view)?;
    let asked = app.config.document.get_path(["settings", "terminal", "theme"]).and_then(Node::as_str);
    let active = asked.and_then(find_theme).unwrap_or(&DEFAULT_THEME);
    let row = |theme: &Theme| {
        record([
            ("name", Node::from(theme.name)),
            ("type", Node::from(if theme.dark { "Dark" } else { "Light" })),
            ("active", Node::from(theme.name == active.name)),
        ])
    };
    shape.apply(THEMES.iter().map(row).collect())
}
