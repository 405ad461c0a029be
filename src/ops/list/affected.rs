//! Components that a change concerns, as rows. `dependents` stand below the record that they depend on.

use super::Rows;
use super::facts::record;
use super::shape::{Shape, View};
use super::subject::Subject as List;
use crate::diag::Result;
use crate::ops::affected::Affected;
use crate::ops::dependents::Dependent;
use crate::ops::{App, Subject};
use crate::value::Node;

/// The rows of `list affected`, in the order of the records unless the view says otherwise.
///
/// # Errors
/// A view that is wrong.
pub fn affected(app: &App, records: &[Affected], view: &View) -> Result<Rows> {
    let shape = Shape::new(app, List::Affected, view)?;
    let mut rows = Vec::new();
    for record in records {
        let status = match (record.deleted, record.locked) {
            (Some(_), _) => "deleted",
            (None, true) => "locked",
            (None, false) => "enabled",
        };
        let path = record.reasons.file.as_deref().or(record.reasons.folder.as_deref()).unwrap_or_default();
        let mut of_record = row(status, &record.subject, &record.reasons.all, path, false);
        if let Some(settings) = &record.settings {
            of_record.make_map().insert("settings".into(), settings.clone());
        }
        rows.push(of_record);
        add_dependents(record.dependents.as_deref().unwrap_or_default(), &mut rows);
    }
    shape.apply(rows)
}

fn add_dependents(dependents: &[Dependent], rows: &mut Vec<Node>) {
    for dependent in dependents {
        rows.push(row("enabled", &dependent.subject, &["dependent".to_owned()], "", true));
        add_dependents(dependent.dependents.as_deref().unwrap_or_default(), rows);
    }
}

fn row(status: &str, subject: &Subject, reasons: &[String], path: &str, dependent: bool) -> Node {
    let text = |text: &str| Node::from(text);
    record([
        ("status", text(status)),
        ("component", text(&subject.component)),
        ("stack", text(&subject.stack)),
        ("type", text(&subject.component_type)),
        ("affected", text(reasons.first().map_or("", String::as_str))),
        ("affected_all", Node::from(reasons.iter().map(|reason| text(reason)).collect::<Vec<_>>())),
        ("file", text(path)),
        ("component_path", text(&subject.component_path)),
        ("stack_slug", text(&subject.stack_slug)),
        ("deleted", Node::from(status == "deleted")),
        ("dependent", Node::from(dependent)),
    ])
}
