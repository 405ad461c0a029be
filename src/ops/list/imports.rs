//! Stacks and their components as trees, with what the manifests import.

use std::collections::BTreeMap;

use super::facts::{Stacks, named};
use super::shape::Shape;
use super::stacks::chosen;
use super::subject::Subject;
use crate::component::Summary;
use crate::diag::Result;
use crate::ops::App;
pub use crate::stack::Import;

use super::StacksRequest;

/// A stack with its components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    pub stack: String,
    pub imports: Vec<Import>,
    /// Name and directory of each component, sorted by name.
    pub components: Vec<(String, String)>,
}

/// The stacks of a request with what they import; components are not looked at.
///
/// # Errors
/// Those of [`super::stacks`].
pub fn stack_tree(app: &App, request: &StacksRequest) -> Result<Vec<Branch>> {
    let shape = Shape::new(app, Subject::Stacks, &request.view)?;
    let (names, _) = chosen(app, request, shape)?;
    names
        .into_iter()
        .map(|(stack, first)| Ok(Branch { imports: imports(app, &first)?, stack, components: Vec::new() }))
        .collect()
}

/// The stacks whose names match, with their components and what they import.
///
/// # Errors
/// A pattern that cannot be read, or a manifest that cannot be used.
pub fn instance_tree(app: &App, stack: Option<&str>) -> Result<Vec<Branch>> {
    let stacks = Stacks::new(stack)?;
    let mut branches: BTreeMap<String, (Summary, BTreeMap<String, String>)> = BTreeMap::new();
    for found in named(app, &stacks.asked())?.into_iter().filter(|found| !found.abstract_ && stacks.has(&found.stack)) {
        let directory = format!("components/{}/{}", found.kind, found.folder);
        let (_, components) = branches.entry(found.stack.clone()).or_insert_with(|| (found.clone(), BTreeMap::new()));
        components.entry(found.name).or_insert(directory);
    }
    if branches.is_empty() {
        stacks.tell(app)?;
    }
    let branch = |(stack, (first, components)): (String, (Summary, BTreeMap<String, String>))| {
        Ok(Branch { imports: imports(app, &first)?, stack, components: components.into_iter().collect() })
    };
    branches.into_iter().map(branch).collect()
}

fn imports(app: &App, of: &Summary) -> Result<Vec<Import>> {
    let index = app.index()?;
    let manifest = index.stacks().iter().find(|stack| *stack.key == *of.manifest);
    Ok(manifest.map(|stack| index.import_tree(stack)).transpose()?.unwrap_or_default())
}
