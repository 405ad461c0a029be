//! What the chosen components depend on. Names and stacks in dependencies may be templates and functions: those of a
//! component are evaluated when it is reached, and of nobody else.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::Error;
use super::choose::{Asked, Place, place};
use crate::component::{self, Filter, Instance};
use crate::diag::Result;
use crate::graph::{self, Dependency};
use crate::ops::App;
use crate::resolve;
use crate::stack::Located;

/// The nodes of the graph, one for each instance. Adds the instances that the seeds depend on in other stacks, so that an
/// order that leads through them is kept; and everything where dependents are wanted, which may be anywhere. What does
/// not exist is left to the graph, which warns.
///
/// # Errors
/// Dependencies of an instance that was reached cannot be evaluated or read.
pub(super) fn nodes(
    app: &App,
    asked: &Asked<'_>,
    instances: &mut Vec<Instance>,
    mut seeds: Vec<bool>,
) -> Result<Vec<graph::Instance>> {
    let wants_dependents = asked.options.dependents.is_some();
    let mut known: BTreeMap<Place, Option<usize>> =
        instances.iter().enumerate().map(|(index, instance)| (place(instance), Some(index))).collect();
    if wants_dependents && asked.stack.is_some() {
        let filter = Filter { kinds: vec![asked.kind.clone()], ..Filter::default() };
        for instance in component::all(&app.host, &app.config, app.index()?, &filter)? {
            known.entry(place(&instance)).or_insert_with(|| {
                instances.push(instance);
                Some(instances.len() - 1)
            });
        }
    }
    seeds.resize(instances.len(), false);
    let mut reached: Vec<bool> = seeds.iter().map(|is_seed| wants_dependents || *is_seed).collect();
    let mut wave: Vec<usize> = (0..reached.len()).filter(|index| reached[*index]).collect();
    let mut dependencies = vec![Vec::new(); instances.len()];
    while !wave.is_empty() {
        let found: Vec<Result<Vec<Dependency>>> =
            wave.par_iter().map(|index| of(app, asked, &instances[*index])).collect();
        let mut next = Vec::new();
        for (index, found) in wave.into_iter().zip(found) {
            let found = found?;
            for dependency in &found {
                let Some(target) = target(app, asked, dependency, index, instances, &mut known)? else { continue };
                reached.resize(instances.len(), false);
                if !std::mem::replace(&mut reached[target], true) {
                    next.push(target);
                }
            }
            dependencies[index] = found;
        }
        dependencies.resize(instances.len(), Vec::new());
        wave = next;
    }
    seeds.resize(instances.len(), false);
    let nodes = instances.iter().zip(dependencies).zip(seeds).map(|((instance, dependencies), selected)| {
        let (component, stack) = (instance.name.clone(), instance.stack.clone());
        graph::Instance { component, stack, kind: instance.kind.to_string(), dependencies, selected }
    });
    Ok(nodes.collect())
}

/// The instance that a dependency of another one leads to, which is added if it was not known.
fn target(
    app: &App,
    asked: &Asked<'_>,
    dependency: &Dependency,
    from: usize,
    instances: &mut Vec<Instance>,
    known: &mut BTreeMap<Place, Option<usize>>,
) -> Result<Option<usize>> {
    let from = &instances[from];
    if dependency.kind.as_deref().is_some_and(|kind| kind != from.kind.key()) {
        return Ok(None);
    }
    let stack = dependency.stack.clone().unwrap_or_else(|| from.stack.clone());
    let wanted = (stack, dependency.component.clone());
    if let Some(index) = known.get(&wanted) {
        return Ok(*index);
    }
    let kind = Some(asked.kind.clone());
    let found = component::find(&app.host, &app.config, app.index()?, &wanted.1, &wanted.0, kind).ok();
    let index = found.map(|instance| {
        if let Some(Some(index)) = known.get(&place(&instance)) {
            return *index;
        }
        known.insert(place(&instance), Some(instances.len()));
        instances.push(instance);
        instances.len() - 1
    });
    known.insert(wanted, index);
    Ok(index)
}

/// The prerequisites of an instance. What is abstract has none: nobody runs it.
fn of(app: &App, asked: &Asked<'_>, instance: &Instance) -> Result<Vec<Dependency>> {
    if instance.abstract_ {
        return Ok(Vec::new());
    }
    let open = graph::unsettled(&instance.sections.dependencies, &instance.sections.settings);
    let evaluated = if open.is_empty() {
        None
    } else {
        let sections = open.into_iter().map(str::to_owned).collect();
        Some(app.evaluate(instance, &resolve::Options { sections, ..asked.evaluation.clone() })?)
    };
    let sections = &evaluated.as_ref().unwrap_or(instance).sections;
    if let Some(wrong) = graph::malformed(&sections.dependencies) {
        let located = Located::new(&app.host.sources, wrong.span);
        let error = Error::Dependency {
            component: instance.name.clone(),
            stack: instance.stack.clone(),
            problem: wrong.problem,
            place: located.text,
            source_code: located.source,
            at: located.at,
        };
        return Err(error.into());
    }
    Ok(graph::dependencies(&sections.dependencies, &sections.settings))
}
