//! Components, each once.

use std::collections::{BTreeMap, BTreeSet};

use super::Rows;
use super::closure::members;
use super::error::Error;
use super::facts::{Stacks, evaluated, labels, named, record, status, tags};
use super::shape::{Shape, View};
use super::subject::Subject;
use crate::component::{Asked, Filter, Instance, Kind};
use crate::diag::Result;
use crate::ops::App;
use crate::resolve;
use crate::value::Node;

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
    pub view: View,
    pub processing: resolve::Options,
}

/// One component in one stack, as far as this list needs it.
struct Fact {
    stack: String,
    name: String,
    kind: Kind,
    abstract_: bool,
    enabled: bool,
    locked: bool,
    folder: String,
    metadata: Node,
}

/// One component in all its stacks.
struct Component {
    fact: Fact,
    stacks: BTreeSet<String>,
}

/// Each component once, with its kind and the number of stacks that have it, sorted by name.
///
/// A component counts as disabled, or as locked, when it is so in any of the stacks.
///
/// # Errors
/// A type that does not exist, a view that is wrong, or a manifest that cannot be used.
pub fn components(app: &App, request: &ComponentsRequest) -> Result<Rows> {
    if let Some(kind) = request.kind.as_deref().filter(|kind| !matches!(*kind, "real" | "abstract" | "all")) {
        return Err(Error::Type { kind: kind.to_owned() }.into());
    }
    let stacks = Stacks::new(request.stack.as_deref())?;
    let mut shape = Shape::new(app, Subject::Components, &request.view)?;
    let mut closed = None;
    if let Some(closure) = request.view.closure {
        let chosen = |instance: &Instance| stacks.has(&instance.stack);
        closed = Some(members(app, closure, &shape, (&request.processing, stacks.asked()), chosen)?);
        shape = shape.chosen();
    }
    let counts = |fact: &Fact| match &closed {
        Some(members) => fact.kind == Kind::Terraform && members.contains(&(fact.name.clone(), fact.stack.clone())),
        None => is_listed(&fact.kind) && stacks.has(&fact.stack),
    };
    let mut facts = facts(app, request, &shape, stacks.asked())?;
    // The first stack by name decides whether a component is abstract.
    facts.sort_by(|left, right| left.stack.cmp(&right.stack));
    let mut unique: BTreeMap<String, Component> = BTreeMap::new();
    for fact in facts.into_iter().filter(counts) {
        let stack = fact.stack.clone();
        match unique.entry(format!("{}:{}", fact.name, fact.kind)) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(Component { fact, stacks: BTreeSet::from([stack]) });
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                known.fact.enabled &= fact.enabled;
                known.fact.locked |= fact.locked;
                known.stacks.insert(stack);
            }
        }
    }
    if unique.is_empty() {
        stacks.tell(app)?;
    }
    let rows = unique.into_values().filter(|component| request.shows(&component.fact)).map(Component::row);
    shape.apply(rows.collect())
}

/// Charts and manifests of Kubernetes are in no list of components of the reference.
fn is_listed(kind: &Kind) -> bool {
    !matches!(kind, Kind::Helm | Kind::Kubernetes)
}

/// Every component in every stack. Names are enough unless the view reads metadata.
fn facts(app: &App, request: &ComponentsRequest, shape: &Shape, asked: Asked) -> Result<Vec<Fact>> {
    if !["tags", "labels", "metadata"].iter().any(|field| shape.reads(field)) {
        let fact = |found: crate::component::Summary| Fact {
            stack: found.stack,
            name: found.name,
            kind: found.kind,
            abstract_: found.abstract_,
            enabled: found.enabled,
            locked: found.locked,
            folder: found.folder,
            metadata: Node::default(),
        };
        return Ok(named(app, &asked)?.into_iter().map(fact).collect());
    }
    let found = evaluated(app, &Filter { asked, ..Filter::default() }, &request.processing, &[], |_| true)?;
    let fact = |found: Instance| Fact {
        stack: found.stack,
        name: found.name,
        kind: found.kind,
        abstract_: found.abstract_,
        enabled: found.enabled,
        locked: found.locked,
        folder: found.folder,
        metadata: found.sections.metadata,
    };
    Ok(found.into_iter().filter(|one| shape.admits(&one.sections.metadata)).map(fact).collect())
}

impl Component {
    fn row(self) -> Node {
        let Component { fact, stacks } = self;
        let kind = if fact.abstract_ { "abstract" } else { "real" };
        let status = status(fact.enabled, fact.locked);
        let count = i64::try_from(stacks.len()).unwrap_or(i64::MAX);
        record([
            ("component", Node::from(fact.name.as_str())),
            ("type", Node::from(fact.kind.key())),
            ("stack_count", Node::from(count)),
            ("component_type", Node::from(kind)),
            ("component_folder", Node::from(fact.folder.as_str())),
            ("enabled", Node::from(fact.enabled)),
            ("locked", Node::from(fact.locked)),
            ("status", Node::from(status)),
            ("status_text", Node::from(status)),
            ("tags", tags(&fact.metadata)),
            ("labels", labels(&fact.metadata)),
            ("metadata", if fact.metadata.as_map().is_some() { fact.metadata } else { Node::empty_map() }),
        ])
    }
}

impl ComponentsRequest {
    fn shows(&self, fact: &Fact) -> bool {
        let kind = match (self.kind.as_deref(), self.abstract_) {
            (Some("all"), _) => true,
            (Some("abstract"), _) | (None, Some(true)) => fact.abstract_,
            _ => !fact.abstract_,
        };
        let is = |wanted: Option<bool>, value: bool| wanted.is_none_or(|wanted| wanted == value);
        kind && is(self.enabled, fact.enabled) && is(self.locked, fact.locked)
    }
}
