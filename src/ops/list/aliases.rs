//! Other words for commands.

use super::Rows;
use super::facts::record;
use super::shape::{Shape, View};
use super::subject::Subject;
use crate::diag::Result;
use crate::ops::App;
use crate::value::Node;

/// Another word for a command of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    pub alias: String,
    pub command: String,
}

/// The aliases that the program has, and those of `aliases:` in `atmos.yaml`. A name of the program is none and ignored.
///
/// # Errors
/// A view that is wrong.
pub fn aliases(app: &App, built_in: &[Alias], is_active: impl Fn(&str) -> bool, view: &View) -> Result<Rows> {
    let shape = Shape::new(app, Subject::Aliases, view)?;
    let row = |alias: &str, command: &str, kind: &str| {
        record([("alias", Node::from(alias)), ("command", Node::from(command)), ("type", Node::from(kind))])
    };
    let mut rows: Vec<Node> = built_in.iter().map(|one| row(&one.alias, &one.command, "built-in")).collect();
    for (alias, command) in app.config.document.get("aliases").and_then(Node::as_map).into_iter().flatten() {
        let kind = if is_active(alias.trim()) { "configured" } else { "ignored" };
        rows.push(row(alias, &command.scalar_text().unwrap_or_default(), kind));
    }
    shape.apply(rows)
}
