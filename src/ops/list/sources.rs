//! Components that are fetched from elsewhere.

use super::Rows;
use super::facts::{Stacks, evaluated, labels, record, tags};
use super::shape::{Shape, View};
use super::subject::Subject;
use crate::component::{Filter, Instance, Kind};
use crate::diag::Result;
use crate::ops::App;
use crate::resolve;
use crate::value::Node;

/// What `list sources` shows.
#[derive(Debug, Clone, Default)]
pub struct SourcesRequest {
    /// Name or directory of a component.
    pub component: Option<String>,
    /// Name or pattern of stacks. Their column is left away then.
    pub stack: Option<String>,
    /// Only components of this kind.
    pub kind: Option<Kind>,
    pub view: View,
    pub processing: resolve::Options,
}

/// The components with a source, by stack, type and name.
///
/// # Errors
/// A view or pattern that is wrong, or an instance that cannot be evaluated.
pub fn sources(app: &App, request: &SourcesRequest) -> Result<Rows> {
    let stacks = Stacks::new(request.stack.as_deref())?;
    // What is wrong with the view comes before what is wrong with a stack.
    let shape = Shape::new(app, Subject::Sources, &request.view)?;
    let kinds = match &request.kind {
        Some(kind) => vec![kind.clone()],
        None => vec![Kind::Terraform, Kind::Helmfile, Kind::Packer],
    };
    let filter = Filter { kinds, asked: stacks.asked(), ..Filter::default() };
    let wanted = |instance: &Instance| stacks.has(&instance.stack) && !instance.sections.source.is_empty();
    let mut found = evaluated(app, &filter, &request.processing, &["source"], wanted)?;
    if found.is_empty() {
        stacks.tell(app)?;
    }
    let named = |instance: &Instance| {
        request.component.as_deref().is_none_or(|name| name == instance.name || name == folder(instance))
    };
    found.retain(|instance| shape.admits(&instance.sections.metadata) && named(instance));
    let rows: Vec<Node> = found.iter().filter_map(row).collect();
    let differs = rows.iter().any(|row| row.get("component") != row.get("folder"));
    let shown = |header: &str| match header {
        "Stack" => request.stack.is_none(),
        "Folder" => differs,
        _ => true,
    };
    let columns: Vec<_> = Subject::Sources.columns().iter().copied().filter(|(header, _)| shown(header)).collect();
    Shape::with(app, Subject::Sources, &request.view, &columns, Subject::Sources.order())?.apply(rows)
}

fn folder(instance: &Instance) -> &str {
    let written = instance.sections.metadata.get("component").and_then(Node::as_str);
    written.filter(|folder| !folder.is_empty()).unwrap_or(&instance.name)
}

/// A source is an address, or a map with `uri`.
fn row(instance: &Instance) -> Option<Node> {
    let source = &instance.sections.source;
    let text = |key: &str| source.get(key).and_then(Node::scalar_text).unwrap_or_default();
    let uri = source.as_str().map_or_else(|| text("uri"), str::to_owned);
    if uri.is_empty() {
        return None;
    }
    Some(record([
        ("stack", Node::from(instance.stack.as_str())),
        ("type", Node::from(instance.kind.key())),
        ("component", Node::from(instance.name.as_str())),
        ("folder", Node::from(folder(instance))),
        ("uri", Node::from(uri)),
        ("version", Node::from(text("version"))),
        ("tags", tags(&instance.sections.metadata)),
        ("labels", labels(&instance.sections.metadata)),
    ]))
}
