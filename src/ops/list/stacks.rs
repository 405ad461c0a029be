//! Stacks by name.

use std::collections::{BTreeMap, BTreeSet};

use super::Rows;
use super::closure::members;
use super::error::{Error, advice};
use super::facts::{evaluated, named, record};
use super::shape::{Shape, View};
use super::subject::Subject;
use crate::component::{Asked, Filter, Instance, Kind, Summary};
use crate::diag::Result;
use crate::ops::App;
use crate::resolve;
use crate::value::Node;

/// What `list stacks` shows.
#[derive(Debug, Clone, Default)]
pub struct StacksRequest {
    /// Only stacks that have this component.
    pub component: Option<String>,
    pub view: View,
    pub processing: resolve::Options,
}

/// All stacks with at least one component.
///
/// # Errors
/// A component that no stack has, a view that is wrong, or a manifest that cannot be used.
pub fn stacks(app: &App, request: &StacksRequest) -> Result<Rows> {
    let usual: &[(&str, &str)] = match &request.component {
        Some(_) => &[("Stack", "stack"), ("Component", "component")],
        None => Subject::Stacks.columns(),
    };
    let shape = Shape::with(app, Subject::Stacks, &request.view, usual, Subject::Stacks.order())?;
    let whole = request.component.is_none() && request.view.closure.is_none();
    if whole
        && !shape.selects()
        && !shape.reads("vars")
        && let Some(names) = app.stack_names()
    {
        return shape.apply(names.iter().map(|name| record([("stack", Node::from(name.as_str()))])).collect());
    }
    let (names, shape) = chosen(app, request, shape)?;
    // Beside a choice stand stacks that need not have the component.
    let with: Option<BTreeSet<String>> = match (&request.component, request.view.closure) {
        (Some(component), Some(_)) => Some(
            named(app, &Asked::default())?
                .into_iter()
                .filter(|one| one.name == *component)
                .map(|one| one.stack)
                .collect(),
        ),
        _ => None,
    };
    let mut vars = if shape.reads("vars") { first_vars(app, request, &names)? } else { BTreeMap::new() };
    let mut rows = Vec::with_capacity(names.len());
    for name in names.keys() {
        let mut row = vec![("stack", Node::from(name.as_str()))];
        let component = request.component.as_ref().filter(|_| with.as_ref().is_none_or(|with| with.contains(name)));
        row.extend(component.map(|component| ("component", Node::from(component.as_str()))));
        row.extend(vars.remove(name).map(|vars| ("vars", vars)));
        rows.push(record(row));
    }
    shape.apply(rows)
}

/// The variables of the first component of each stack.
fn first_vars(app: &App, request: &StacksRequest, names: &BTreeMap<String, Summary>) -> Result<BTreeMap<String, Node>> {
    let components: BTreeSet<&String> = names.values().map(|first| &first.name).collect();
    let filter = Filter { components: components.into_iter().cloned().collect(), ..Filter::default() };
    let is_first =
        |one: &Instance| names.get(&one.stack).is_some_and(|first| first.name == one.name && first.kind == one.kind);
    let found = evaluated(app, &filter, &request.processing, &["vars"], is_first)?;
    Ok(found.into_iter().map(|one| (one.stack, one.sections.vars)).collect())
}

/// The stacks of a request, with what is left of its choice for the rows.
pub(super) fn chosen(app: &App, request: &StacksRequest, shape: Shape) -> Result<(BTreeMap<String, Summary>, Shape)> {
    let Some(closure) = request.view.closure else {
        return Ok((names(app, request.component.as_deref(), &shape, &request.processing)?, shape));
    };
    let first = |one: &Instance| request.component.as_ref().is_none_or(|component| *component == one.name);
    let members = members(app, closure, &shape, (&request.processing, Asked::default()), first)?;
    let shape = shape.chosen();
    let mut stacks = names(app, None, &shape, &request.processing)?;
    stacks.retain(|stack, _| members.iter().any(|(_, of)| of == stack));
    Ok((stacks, shape))
}

/// The stacks with the component of each that comes first by kind and name.
pub(super) fn names(
    app: &App,
    component: Option<&str>,
    shape: &Shape,
    processing: &resolve::Options,
) -> Result<BTreeMap<String, Summary>> {
    let found = match named(app, &Asked::default()) {
        // No stacks is an answer here; for components the reference calls it an error.
        Err(error) if error.code().as_deref() == Some("atmos::stack::no_manifests") => Vec::new(),
        found => found?,
    };
    if let Some(component) = component.filter(|name| !found.iter().any(|summary| summary.name == *name)) {
        let known: Vec<&str> = found.iter().map(|summary| summary.name.as_str()).collect();
        return Err(unknown(component, known));
    }
    let chosen = if shape.selects() { Some(selected(app, component, shape, processing)?) } else { None };
    let mut stacks: BTreeMap<String, Summary> = BTreeMap::new();
    for summary in found {
        if component.is_some_and(|wanted| wanted != summary.name)
            || chosen.as_ref().is_some_and(|chosen| !chosen.contains(&summary.stack))
        {
            continue;
        }
        let order = |summary: &Summary| (summary.kind.key().to_owned(), summary.name.clone());
        match stacks.get(&summary.stack) {
            Some(first) if order(first) <= order(&summary) => {}
            _ => drop(stacks.insert(summary.stack.clone(), summary)),
        }
    }
    Ok(stacks)
}

/// The stacks in which a component has the tags and labels of the view.
fn selected(
    app: &App,
    component: Option<&str>,
    shape: &Shape,
    processing: &resolve::Options,
) -> Result<BTreeSet<String>> {
    let filter = Filter { components: component.into_iter().map(str::to_owned).collect(), ..Filter::default() };
    let found = evaluated(app, &filter, processing, &[], |_| true)?;
    Ok(found.into_iter().filter(|one| shape.admits(&one.sections.metadata)).map(|one| one.stack).collect())
}

fn unknown(component: &str, mut known: Vec<&str>) -> crate::diag::Report {
    known.sort_unstable();
    known.dedup();
    Error::NoStacks { component: component.to_owned(), help: advice(component, known, "the components are") }.into()
}

/// The kinds that a name stands for in error messages and filters.
pub(super) fn kinds_of(found: &[Summary], component: &str) -> Vec<Kind> {
    let mut kinds: Vec<Kind> =
        found.iter().filter(|summary| summary.name == component).map(|summary| summary.kind.clone()).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}
