//! What defaults were before they changed.

use super::Rows;
use super::error::Error;
use super::facts::record;
use super::shape::{Shape, View};
use super::subject::Subject;
use crate::config;
use crate::diag::Result;
use crate::ops::App;
use crate::value::Node;

/// What `list editions` shows.
#[derive(Debug, Clone, Default)]
pub struct EditionsRequest {
    /// Only changes after this edition.
    pub from: Option<String>,
    /// Only changes up to this edition.
    pub to: Option<String>,
    pub view: View,
}

/// The changes of defaults, the newest first.
///
/// # Errors
/// An edition or a view that is wrong.
pub fn editions(app: &App, request: &EditionsRequest) -> Result<Rows> {
    let day = |text: &Option<String>| -> Result<Option<String>, Error> {
        let Some(text) = text.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        config::edition_day(text).map(Some).ok_or_else(|| Error::Edition { edition: text.to_owned() })
    };
    let (from, to) = (day(&request.from)?, day(&request.to)?);
    let shape = Shape::new(app, Subject::Editions, &request.view)?;
    let mut changes = config::default_changes();
    changes.retain(|change| {
        from.as_deref().is_none_or(|from| change.date > from) && to.as_deref().is_none_or(|to| change.date <= to)
    });
    let row = |change: &config::DefaultChange| {
        record([
            ("date", Node::from(change.date)),
            ("key", Node::from(change.key)),
            ("old", Node::from(change.old.scalar_text().unwrap_or_default())),
            ("new", Node::from(change.new.scalar_text().unwrap_or_default())),
            ("description", Node::from(change.description)),
        ])
    };
    shape.apply(changes.iter().rev().map(row).collect())
}
