//! Which components depend on one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rayon::prelude::*;

use super::App;
use super::subject::Subject;
use crate::component::{self, Asked, Filter, Instance, Kind};
use crate::diag::{Report, Result, Warning};
use crate::graph::{self, Context, Dependency, Target};
use crate::resolve::Options;
use crate::stack::Stack;
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
    pub subject: Arc<Subject>,
    /// What depends on this one in turn; `None` where nobody asked. Trees that have it in common share it.
    pub dependents: Option<Arc<[Dependent]>>,
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
    let dependencies = Dependencies::of(app, &filter, &request.processing)?;
    let context = Context::of(&evaluated.sections.vars);
    let target = Target { component: &evaluated.name, stack: &evaluated.stack, context: &context };
    let direct = dependencies.direct(target);
    let mut records = dependencies.records(direct.iter().copied().collect(), false)?;
    Ok(direct.into_iter().filter_map(|at| records.remove(&at)).map(|record| record.with(None, false)).collect())
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
    let processing = Options { process_functions: false, ..processing.clone() };
    let dependencies = Dependencies::of(app, &filter, &processing)?;
    let goes = |other: &Dependant| gone.iter().any(|one| other.is(one));
    let mut warnings = Vec::new();
    for one in gone {
        let context = Context::of(&one.sections.vars);
        let target = Target { component: &one.name, stack: &one.stack, context: &context };
        let mut needing: Vec<&Dependant> =
            dependencies.direct(target).into_iter().map(|at| &dependencies.nodes[at]).collect();
        needing.extend(dependencies.ordered_after(one));
        needing.retain(|node| !goes(node));
        let mut names: Vec<_> = needing.iter().map(|node| format!("{} in {}", node.name, node.stack)).collect();
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

/// Every instance that depends on something, and on what. The instances themselves are not kept: those that records are
/// wanted of are built once more.
pub(super) struct Dependencies<'a> {
    app: &'a App,
    processing: &'a Options,
    nodes: Vec<Dependant>,
    /// Prerequisites by the name of their component: index of the node, and of its dependency.
    by_target: HashMap<String, Vec<(usize, usize)>>,
}

/// An instance that depends on something.
struct Dependant {
    name: String,
    stack: String,
    kind: Kind,
    manifest: String,
    context: Context,
    dependencies: Vec<Dependency>,
}

/// What is said of a dependent, wherever it stands.
pub(super) struct Record {
    subject: Arc<Subject>,
    settings: Option<Node>,
}

impl Record {
    pub(super) fn with(&self, dependents: Option<Arc<[Dependent]>>, included_in_dependents: bool) -> Dependent {
        let (subject, settings) = (self.subject.clone(), self.settings.clone());
        Dependent { subject, dependents, included_in_dependents, settings }
    }
}

impl<'a> Dependencies<'a> {
    /// Looks at all instances that the filter lets through; abstract and disabled ones depend on nothing. Only what
    /// decides is evaluated.
    pub(super) fn of(app: &'a App, filter: &Filter, processing: &'a Options) -> Result<Dependencies<'a>> {
        let read = |instance: Instance| Dependant::of(app, instance, processing);
        let read = component::each(&app.host, &app.config, app.index()?, filter, read)?;
        let nodes: Vec<Dependant> = read.into_iter().flatten().collect();
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
    pub(super) fn direct(&self, target: Target<'_>) -> Vec<usize> {
        let edges = self.by_target.get(target.component).map(Vec::as_slice).unwrap_or_default();
        let mut found: Vec<usize> = edges
            .iter()
            .filter(|(node, at)| {
                let node = &self.nodes[*node];
                let own = (node.stack.as_str(), &node.context);
                node.name != target.component && graph::depends_on(&node.dependencies[*at], own, target)
            })
            .map(|(node, _)| *node)
            .collect();
        found.dedup();
        found.sort_by_cached_key(|at| self.nodes[*at].key());
        found
    }

    /// The instance as something that others may depend on.
    pub(super) fn target(&self, at: usize) -> Target<'_> {
        let node = &self.nodes[at];
        Target { component: &node.name, stack: &node.stack, context: &node.context }
    }

    /// The instances that the order of many puts after this one. It goes by the stack alone, and knows instances of one name
    /// in other stacks, too.
    fn ordered_after<'s>(&'s self, one: &'s Instance) -> impl Iterator<Item = &'s Dependant> {
        let edges = self.by_target.get(&one.name).map(Vec::as_slice).unwrap_or_default();
        let found = edges.iter().map(|(node, at)| (&self.nodes[*node], at)).filter(|(node, at)| {
            let dependency = &node.dependencies[**at];
            let kind = dependency.kind.as_deref().unwrap_or(node.kind.key());
            let stack = dependency.stack.as_deref().unwrap_or(&node.stack);
            !node.is(one) && kind == one.kind.key() && stack == one.stack
        });
        found.map(|(node, _)| node)
    }

    /// The records of these instances.
    ///
    /// # Errors
    /// An instance that cannot be evaluated.
    pub(super) fn records(&self, wanted: BTreeSet<usize>, settings: bool) -> Result<HashMap<usize, Record>> {
        let app = self.app;
        let index = app.index()?;
        let stacks: HashMap<&str, &Stack> = index.stacks().iter().map(|stack| (&*stack.key, stack)).collect();
        let mut scopes: BTreeMap<(&str, &Kind), Vec<usize>> = BTreeMap::new();
        for at in wanted {
            let node = &self.nodes[at];
            scopes.entry((&node.manifest, &node.kind)).or_default().push(at);
        }
        let mut processing = self.processing.clone();
        processing.sections = Subject::SECTIONS.map(str::to_owned).to_vec();
        let scopes: Vec<((&str, &Kind), Vec<usize>)> = scopes.into_iter().collect();
        let found = scopes.par_iter().map(|((manifest, kind), nodes)| {
            let stacks: Vec<&Stack> = stacks.get(manifest).copied().into_iter().collect();
            let components = nodes.iter().map(|at| self.nodes[*at].name.clone()).collect();
            let filter = Filter { components, kinds: vec![(*kind).clone()], ..Filter::default() };
            let record = |instance: Instance| {
                let Some(at) = nodes.iter().find(|at| self.nodes[**at].is(&instance)) else { return Ok(None) };
                let evaluated = app.evaluate(&instance, &processing)?;
                let subject = Arc::new(Subject::of(&app.config, &evaluated));
                let settings = settings.then_some(evaluated.sections.settings);
                Ok::<_, Report>(Some((*at, Record { subject, settings })))
            };
            component::each_of(&app.host, &app.config, index, &stacks, &filter, record)
        });
        let mut records = HashMap::new();
        for found in found.collect::<Vec<Result<_>>>() {
            records.extend(found?.into_iter().flatten());
        }
        Ok(records)
    }
}

impl Dependant {
    fn of(app: &App, instance: Instance, processing: &Options) -> Result<Option<Dependant>> {
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
        let evaluated = app.evaluate(&instance, &processing)?;
        let sections = &evaluated.sections;
        let dependencies = graph::dependencies(&sections.dependencies, &sections.settings);
        if !evaluated.enabled || dependencies.is_empty() {
            return Ok(None);
        }
        let context = Context::of(&sections.vars);
        let Instance { name, stack, kind, manifest, .. } = instance;
        Ok(Some(Dependant { name, stack, kind, manifest, context, dependencies }))
    }

    fn is(&self, other: &Instance) -> bool {
        self.name == other.name && self.stack == other.stack && self.kind == other.kind
    }

    /// By what records are sorted among each other.
    fn key(&self) -> (String, String, String, String) {
        (Subject::slug(&self.stack, &self.name), self.name.clone(), self.stack.clone(), self.kind.to_string())
    }
}
