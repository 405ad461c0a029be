//! Lists of stacks and components. Nothing is evaluated for them: names and metadata are enough.

use std::collections::{BTreeMap, BTreeSet};

use miette::Diagnostic;

use super::App;
use crate::component::{Kind, Summary, summaries};
use crate::diag::{Failure, Result};
use crate::stack::glob_matches;

/// What cannot be listed.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error("invalid component type '{kind}': the types are real, abstract and all")]
    #[diagnostic(code(atmos::list::component_type), help("give one of these types, or leave the flag away for real"))]
    Type { kind: String },
}

impl Failure for Error {}

/// Text under named columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// What `list stacks` shows.
#[derive(Debug, Clone, Default)]
pub struct StacksRequest {
    /// Only stacks that have this component.
    pub component: Option<String>,
}

/// What `list components` shows.
#[derive(Debug, Clone, Default)]
pub struct ComponentsRequest {
    /// Pattern for the names of the stacks that count.
    pub stack: Option<String>,
    /// `real` (the default), `abstract` or `all`.
    pub kind: Option<String>,
    /// Like the kind `abstract`, or `real` for `false`; the kind goes first.
    pub abstract_: Option<bool>,
    pub enabled: Option<bool>,
    pub locked: Option<bool>,
}

/// The names of all stacks with at least one component, sorted.
pub fn stacks(app: &App, request: &StacksRequest) -> Result<Rows> {
    let found = match of_listed_kinds(app) {
        // No stacks is an answer here; for components the reference calls it an error.
        Err(error) if error.code().as_deref() == Some("atmos::stack::no_manifests") => Vec::new(),
        found => found?,
    };
    let Some(component) = &request.component else {
        let names: BTreeSet<String> = found.into_iter().map(|summary| summary.stack).collect();
        return Ok(Rows {
            columns: vec!["Stack".to_owned()],
            rows: names.into_iter().map(|name| vec![name]).collect(),
        });
    };
    let names: BTreeSet<String> =
        found.into_iter().filter(|summary| summary.name == *component).map(|summary| summary.stack).collect();
    Ok(Rows {
        columns: vec!["Stack".to_owned(), "Component".to_owned()],
        rows: names.into_iter().map(|name| vec![name, component.clone()]).collect(),
    })
}

/// Each component once, with its kind and the number of stacks that have it, sorted by name.
///
/// A component counts as disabled, or as locked, when it is so in any of the stacks.
///
/// # Errors
/// A type that does not exist, or a manifest that cannot be used.
pub fn components(app: &App, request: &ComponentsRequest) -> Result<Rows> {
    if let Some(kind) = request.kind.as_deref().filter(|kind| !matches!(*kind, "real" | "abstract" | "all")) {
        return Err(Error::Type { kind: kind.to_owned() }.into());
    }
    let mut unique: BTreeMap<String, Component> = BTreeMap::new();
    let mut found = of_listed_kinds(app)?;
    // The first stack by name decides whether a component is abstract.
    found.sort_by(|left, right| left.stack.cmp(&right.stack));
    for summary in found.into_iter().filter(|summary| request.counts(&summary.stack)) {
        let component = unique.entry(format!("{}:{}", summary.name, summary.kind)).or_insert_with(|| Component {
            name: summary.name.clone(),
            kind: summary.kind.clone(),
            abstract_: summary.abstract_,
            enabled: true,
            locked: false,
            stacks: BTreeSet::new(),
        });
        component.enabled &= summary.enabled;
        component.locked |= summary.locked;
        component.stacks.insert(summary.stack);
    }
    let mut rows: Vec<Vec<String>> = unique
        .into_values()
        .filter(|component| request.shows(component))
        .map(|component| vec![component.name, component.kind.to_string(), component.stacks.len().to_string()])
        .collect();
    rows.sort_by(|left, right| left[0].cmp(&right[0]));
    Ok(Rows { columns: ["Component", "Type", "Stacks"].map(str::to_owned).to_vec(), rows })
}

/// The components that lists know: of the kinds of the reference, other custom kinds are hidden.
fn of_listed_kinds(app: &App) -> Result<Vec<Summary>> {
    let mut found = summaries(&app.host, &app.config, app.index()?)?;
    found.retain(|summary| match &summary.kind {
        Kind::Custom(name) => matches!(&**name, "container" | "emulator"),
        _ => true,
    });
    Ok(found)
}

struct Component {
    name: String,
    kind: Kind,
    abstract_: bool,
    enabled: bool,
    locked: bool,
    stacks: BTreeSet<String>,
}

impl ComponentsRequest {
    fn counts(&self, stack: &str) -> bool {
        self.stack.as_deref().is_none_or(|pattern| glob_matches(pattern, stack).unwrap_or(false))
    }

    fn shows(&self, component: &Component) -> bool {
        let kind = match (self.kind.as_deref(), self.abstract_) {
            (Some("all"), _) => true,
            (Some("abstract"), _) | (None, Some(true)) => component.abstract_,
            _ => !component.abstract_,
        };
        let is = |wanted: Option<bool>, value: bool| wanted.is_none_or(|wanted| wanted == value);
        kind && is(self.enabled, component.enabled) && is(self.locked, component.locked)
    }
}
