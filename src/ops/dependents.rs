//! Which components depend on one.

use std::collections::HashMap;

use rayon::prelude::*;

use super::App;
use super::subject::Subject;
use crate::component::{self, Asked, Filter, Instance};
use crate::diag::{Result, Warning};
use crate::graph::{self, Context, Dependency, Target};
use crate::resolve::Options;
use crate::value::Node;

/// What `describe dependents` shows.
#[derive(Debug, Clone)]
pub struct Request {
    pub component: String,
    pub stack: String,
    /// Kind of the component where several have one of this name; without, the first in their order.
    pub kind: Option<String>,
    pub processing: Options,
}

/// A component that depends on another.
#[derive(Debug, Clone, PartialEq)]
pub struct Dependent {
    pub subject: Subject,
    /// What depends on this one in turn; `None` where nobody asked.
    pub dependents: Option<Vec<Dependent>>,
    /// The same component is in the tree of a neighbour.
    pub included_in_dependents: bool,
    /// `None` where nobody asked.
    pub settings: Option<Node>,
}

/// The components that depend directly on one, in all stacks, sorted by slug.
///
/// # Errors
/// A component that cannot be found or evaluated, or one whose dependencies cannot be told.
pub fn describe(app: &App, request: &Request) -> Result<Vec<Dependent>> {
    // All stacks are needed: looking at a few of them first would be for nothing.
    app.index()?;
    let written = app.find_of_kind(&request.component, &request.stack, request.kind.as_deref())?;
    let mut processing = request.processing.clone();
    processing.sections = vec!["vars".to_owned()];
    let evaluated = app.evaluate(&written, &processing)?;
    let filter = Filter { partial: true, asked: Asked::only([&*evaluated.stack]), ..Filter::default() };
    let instances = component::all(&app.host, &app.config, app.index()?, &filter)?;
    let dependencies = Dependencies::of(app, &instances, &request.processing)?;
    let context = Context::of(&evaluated.sections.vars);
    let target = Target { component: &evaluated.name, stack: &evaluated.stack, context: &context };
    dependencies.records(target, false)
}

/// Says who depends on components that are taken away and stays itself. The graph alone tells: no state is read, and
/// what cannot be told is no reason to refuse.
pub(super) fn warn_of_left(app: &App, gone: &[&Instance], processing: &Options) {
    match left(app, gone, processing) {
        Ok(left) => left.into_iter().for_each(|warning| app.host.talk.warn(warning)),
        Err(report) => {
            let message = format!("who depends on what is destroyed cannot be told: {report}");
            app.host.talk.warn(Warning::new("atmos::terraform::dependents_left", message));
        }
    }
}

fn left(app: &App, gone: &[&Instance], processing: &Options) -> Result<Vec<Warning>> {
    let filter = Filter { partial: true, ..Filter::default() };
    let instances = component::all(&app.host, &app.config, app.index()?, &filter)?;
    let processing = Options { process_functions: false, ..processing.clone() };
    let dependencies = Dependencies::of(app, &instances, &processing)?;
    let goes = |other: &Instance| gone.iter().any(|one| is_same(one, other));
    let mut warnings = Vec::new();
    for one in gone {
        let context = Context::of(&one.sections.vars);
        let target = Target { component: &one.name, stack: &one.stack, context: &context };
        let mut needing = dependencies.direct(target);
        needing.extend(dependencies.ordered_after(one));
        needing.retain(|node| !goes(node.instance));
        let mut names: Vec<_> =
            needing.iter().map(|node| format!("{} in {}", node.instance.name, node.instance.stack)).collect();
        if names.is_empty() {
            continue;
        }
        names.sort();
        names.dedup();
        let (verb, names) = (if names.len() == 1 { "depends" } else { "depend" }, names.join(", "));
        let message = format!("{names} {verb} on {} in {} and will not be destroyed", one.name, one.stack);
        let warning = Warning::new("atmos::terraform::dependents_left", message);
        warnings.push(warning.help("`--include-dependents` with `--components` destroys them, too, and before it"));
    }
    Ok(warnings)
}

fn is_same(one: &Instance, other: &Instance) -> bool {
    one.name == other.name && one.stack == other.stack && one.kind == other.kind
}

/// Every instance that depends on something, and on what.
pub(super) struct Dependencies<'a> {
    app: &'a App,
    processing: &'a Options,
    nodes: Vec<Dependant<'a>>,
    /// Prerequisites by the name of their component: index of the node, and of its dependency.
    by_target: HashMap<String, Vec<(usize, usize)>>,
}

struct Dependant<'a> {
    instance: &'a Instance,
    context: Context,
    dependencies: Vec<Dependency>,
}

impl<'a> Dependencies<'a> {
    /// Looks at all `instances`; abstract and disabled ones depend on nothing. Only what decides is evaluated.
    pub(super) fn of(app: &'a App, instances: &'a [Instance], processing: &'a Options) -> Result<Dependencies<'a>> {
        let read: Vec<Result<Option<Dependant<'a>>>> =
            instances.par_iter().map(|instance| Dependant::of(app, instance, processing)).collect();
        let mut nodes = Vec::new();
        for node in read {
            nodes.extend(node?);
        }
        let mut by_target: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        for (index, node) in nodes.iter().enumerate() {
            for (at, dependency) in node.dependencies.iter().enumerate() {
                by_target.entry(dependency.component.clone()).or_default().push((index, at));
            }
        }
        Ok(Dependencies { app, processing, nodes, by_target })
    }

    /// The instances that depend directly on the target, sorted by slug. A component never depends on another stack's
    /// instance of itself.
    fn direct(&self, target: Target<'_>) -> Vec<&Dependant<'a>> {
        let edges = self.by_target.get(target.component).map(Vec::as_slice).unwrap_or_default();
        let mut found: Vec<usize> = edges
            .iter()
            .filter(|(node, at)| {
                let node = &self.nodes[*node];
                let own = (node.instance.stack.as_str(), &node.context);
                node.instance.name != target.component && graph::depends_on(&node.dependencies[*at], own, target)
            })
            .map(|(node, _)| *node)
            .collect();
        found.dedup();
        found.into_iter().map(|node| &self.nodes[node]).collect()
    }

    /// The instances that the order of many puts after this one. It goes by the stack alone, and knows instances of one name
    /// in other stacks, too.
    fn ordered_after<'s>(&'s self, one: &'s Instance) -> impl Iterator<Item = &'s Dependant<'a>> {
        let edges = self.by_target.get(&one.name).map(Vec::as_slice).unwrap_or_default();
        let found = edges.iter().map(|(node, at)| (&self.nodes[*node], at)).filter(|(node, at)| {
            let (other, dependency) = (node.instance, &node.dependencies[**at]);
            let kind = dependency.kind.as_deref().unwrap_or(other.kind.key());
            let stack = dependency.stack.as_deref().unwrap_or(&other.stack);
            !is_same(one, other) && kind == one.kind.key() && stack == one.stack
        });
        found.map(|(node, _)| node)
    }

    /// The records of the direct dependents.
    pub(super) fn records(&self, target: Target<'_>, settings: bool) -> Result<Vec<Dependent>> {
        let mut records = Vec::new();
        for node in self.direct(target) {
            let mut processing = self.processing.clone();
            processing.sections = Subject::SECTIONS.map(str::to_owned).to_vec();
            let evaluated = self.app.evaluate(node.instance, &processing)?;
            records.push(Dependent {
                subject: Subject::of(&self.app.config, &evaluated),
                dependents: None,
                included_in_dependents: false,
                settings: settings.then_some(evaluated.sections.settings),
            });
        }
        records.sort_by(|left, right| left.subject.key().cmp(&right.subject.key()));
        Ok(records)
    }
}

impl<'a> Dependant<'a> {
    fn of(app: &App, instance: &'a Instance, processing: &Options) -> Result<Option<Dependant<'a>>> {
        let sections = &instance.sections;
        if instance.abstract_ || !graph::may_depend(&sections.dependencies, &sections.settings) {
            return Ok(None);
        }
        if !instance.kind.is_listed(&app.config) {
            return Ok(None);
        }
        let mut wanted = vec!["dependencies", "settings"];
        if Context::KEYS.iter().any(|key| sections.vars.get(key).is_some_and(graph::is_computed)) {
            wanted.push("vars");
        }
        let mut processing = processing.clone();
        processing.sections = wanted.into_iter().map(str::to_owned).collect();
        let evaluated = app.evaluate(instance, &processing)?;
        let sections = &evaluated.sections;
        let dependencies = graph::dependencies(&sections.dependencies, &sections.settings);
        if !evaluated.enabled || dependencies.is_empty() {
            return Ok(None);
        }
        Ok(Some(Dependant { instance, context: Context::of(&sections.vars), dependencies }))
    }
}
