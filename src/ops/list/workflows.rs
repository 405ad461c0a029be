//! Workflows by file.

use std::path::PathBuf;

use super::Rows;
use super::facts::record;
use super::shape::{Shape, View};
use super::subject::Subject;
use crate::diag::Result;
use crate::ops::{App, workflows as manifests};
use crate::value::Node;

/// What `list workflows` shows.
#[derive(Debug, Clone, Default)]
pub struct WorkflowsRequest {
    /// Only this file.
    pub file: Option<PathBuf>,
    pub view: View,
}

/// Every workflow with the number of its steps.
///
/// # Errors
/// A view that is wrong, no directory of workflows, or a file that was asked for and cannot be used.
pub fn workflows(app: &App, request: &WorkflowsRequest) -> Result<Rows> {
    let shape = Shape::new(app, Subject::Workflows, &request.view)?;
    let files = match &request.file {
        Some(file) => vec![manifests::file(app, file)?],
        // A repository without workflows has none to list.
        None if !manifests::is_configured(app) => Vec::new(),
        None => manifests::files(app)?,
    };
    let mut rows = Vec::new();
    for file in &files {
        for (name, workflow) in file.workflows() {
            let description = workflow.get("description").and_then(Node::scalar_text).unwrap_or_default();
            let steps = workflow.get("steps").and_then(Node::as_list).map_or(0, <[Node]>::len);
            rows.push(record([
                ("file", Node::from(file.name.as_str())),
                ("workflow", Node::from(&**name)),
                ("description", Node::from(description)),
                ("steps", Node::from(i64::try_from(steps).unwrap_or(i64::MAX))),
            ]));
        }
    }
    shape.apply(rows)
}
