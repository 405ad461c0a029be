//! Components in stacks: `list instances` and `list metadata`.

use super::Rows;
use super::closure::members;
use super::facts::{Stacks, each_evaluated, named, record, row};
use super::shape::{Shape, View};
use super::subject::Subject;
use crate::component::{self, Filter, Instance, Kind};
use crate::diag::Result;
use crate::ops::App;
use crate::ops::subject::relative_path;
use crate::resolve;
use crate::value::Node;

/// What `list instances` and `list metadata` show.
#[derive(Debug, Clone, Default)]
pub struct InstancesRequest {
    /// Pattern for the names of the stacks.
    pub stack: Option<String>,
    pub view: View,
    pub processing: resolve::Options,
}

/// One instance for a build matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatrixEntry {
    pub stack: String,
    pub component: String,
    /// Below the base path of the kind as it is written.
    pub component_path: String,
    pub component_type: String,
}

/// Fields for which names are enough.
const NAMES: [&str; 3] = ["stack", "component", "component_type"];

/// Sections that a view may read.
const SECTIONS: [&str; 4] = ["vars", "settings", "env", "backend"];

/// Every component in every stack that is not abstract.
///
/// # Errors
/// A view that is wrong, or an instance that cannot be put together or evaluated.
pub fn instances(app: &App, request: &InstancesRequest) -> Result<Rows> {
    // Columns of one's own come in the natural order unless both names are among them.
    let shape = Shape::new(app, Subject::Instances, &request.view)?;
    let shape = if request.view.sort.is_none() && !shape.shows(&["Component", "Stack"]) {
        Shape::with(app, Subject::Instances, &request.view, Subject::Instances.columns(), &[])?
    } else {
        shape
    };
    shape.apply(rows(app, request, &shape, Subject::Instances)?)
}

/// The same components by what their metadata says.
///
/// # Errors
/// Those of [`instances`].
pub fn metadata(app: &App, request: &InstancesRequest) -> Result<Rows> {
    let shape = Shape::new(app, Subject::Metadata, &request.view)?;
    shape.apply(rows(app, request, &shape, Subject::Metadata)?)
}

/// Rows by stack and name.
fn rows(app: &App, request: &InstancesRequest, shape: &Shape, subject: Subject) -> Result<Vec<Node>> {
    let stacks = Stacks::new(request.stack.as_deref())?;
    let members = match request.view.closure {
        Some(closure) => {
            let chosen = |instance: &Instance| stacks.has(&instance.stack);
            Some(members(app, closure, shape, (&request.processing, stacks.asked()), chosen)?)
        }
        None => None,
    };
    let has = |kind: &Kind, name: &String, stack: &String| match &members {
        Some(members) => *kind == Kind::Terraform && members.contains(&(name.clone(), stack.clone())),
        None => stacks.has(stack),
    };
    if !subject.fields().iter().any(|field| !NAMES.contains(field) && shape.reads(field)) {
        let mut found = named(app, &stacks.asked())?;
        found.retain(|one| !one.abstract_ && has(&one.kind, &one.name, &one.stack));
        found.sort_by(|left, right| {
            (&left.stack, &left.name, &left.kind).cmp(&(&right.stack, &right.name, &right.kind))
        });
        // A stack may be spread over several manifests that say the same.
        if found.is_empty() {
            stacks.tell(app)?;
        }
        found.dedup_by(|left, right| (&left.stack, &left.name, &left.kind) == (&right.stack, &right.name, &right.kind));
        return Ok(found
            .iter()
            .map(|one| {
                record([
                    ("stack", Node::from(one.stack.as_str())),
                    ("component", Node::from(one.name.as_str())),
                    ("component_type", Node::from(one.kind.key())),
                ])
            })
            .collect());
    }
    let sections: Vec<&str> = SECTIONS.into_iter().filter(|section| shape.reads(section)).collect();
    let wanted = |one: &Instance| !one.abstract_ && has(&one.kind, &one.name, &one.stack);
    // What belongs to a choice need not have its tags.
    let admits = |one: &Instance| members.is_some() || shape.admits(&one.sections.metadata);
    let read = |field: &str| NAMES.contains(&field) || shape.reads(field);
    let found = each_evaluated(app, stacks.asked(), &request.processing, &sections, wanted, |one| {
        let shown = !one.abstract_ && admits(one);
        Some(shown.then(|| (one.stack.clone(), one.name.clone(), row(one, read))))
    })?;
    if found.is_empty() {
        stacks.tell(app)?;
    }
    let mut rows: Vec<(String, String, Node)> = found.into_iter().flatten().collect();
    rows.sort_by(|left, right| (&left.0, &left.1).cmp(&(&right.0, &right.1)));
    Ok(rows.into_iter().map(|(_, _, row)| row).collect())
}

/// Every instance that can run, by stack, kind and name.
///
/// # Errors
/// A pattern that cannot be read, or an instance that cannot be put together.
pub fn matrix(app: &App, stack: Option<&str>) -> Result<Vec<MatrixEntry>> {
    let stacks = Stacks::new(stack)?;
    let filter = Filter { partial: true, asked: stacks.asked(), ..Filter::default() };
    let mut found = component::all(&app.host, &app.config, app.index()?, &filter)?;
    found.retain(|instance| instance.kind.is_listed(&app.config) && !instance.abstract_ && stacks.has(&instance.stack));
    if found.is_empty() {
        stacks.tell(app)?;
    }
    found.sort_by(|left, right| {
        (&left.stack, left.kind.key(), &left.name).cmp(&(&right.stack, right.kind.key(), &right.name))
    });
    let entry = |instance: &Instance| MatrixEntry {
        stack: instance.stack.clone(),
        component: instance.name.clone(),
        component_path: relative_path(&app.config, instance).unwrap_or_default(),
        component_type: instance.kind.key().to_owned(),
    };
    Ok(found.iter().map(entry).collect())
}
