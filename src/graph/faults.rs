//! What is wrong with the dependencies of all instances, whether they run or not.

use std::collections::{BTreeMap, BTreeSet};

use super::order::{Instance, build, cycle};
use super::{Dependency, Error};
use crate::diag::nearest;
use crate::span::Span;

/// One thing that is wrong.
#[derive(Debug)]
pub enum Fault {
    /// `index` depends on something that is not there.
    Missing { index: usize, dependency: Dependency, near: Option<String> },
    /// Instances that depend on each other; `span` is one of the edges.
    Circle { error: Error, span: Span },
}

/// Every missing target, and every circle once. Names that are templates are not known here and pass.
pub fn faults(instances: &[Instance]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut by_stack: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for instance in instances {
        by_stack.entry((&instance.kind, &instance.stack)).or_default().push(&instance.component);
    }
    for (index, instance) in instances.iter().enumerate() {
        for dependency in &instance.dependencies {
            let kind = dependency.kind.as_deref().unwrap_or(&instance.kind);
            let stack = dependency.stack.as_deref().unwrap_or(&instance.stack);
            let is_open = [kind, stack, &dependency.component].iter().any(|text| text.contains("{{"));
            let is_unknown = kind != instance.kind && !by_stack.keys().any(|(known, _)| *known == kind);
            // Coordinates may lead to another stack.
            let elsewhere = dependency.context.as_ref().is_some_and(|context| !context.is_empty());
            let names = by_stack.get(&(kind, stack)).map(Vec::as_slice).unwrap_or_default();
            if is_open || is_unknown || elsewhere || names.contains(&dependency.component.as_str()) {
                continue;
            }
            let near = if names.is_empty() {
                nearest(stack, by_stack.keys().filter(|(known, _)| *known == kind).map(|(_, stack)| *stack))
            } else {
                nearest(&dependency.component, names.iter().copied())
            };
            let near = near.map(str::to_owned);
            faults.push(Fault::Missing { index, dependency: dependency.clone(), near });
        }
    }
    faults.extend(circles(instances));
    faults
}

fn circles(instances: &[Instance]) -> Vec<Fault> {
    let ids: Vec<String> = instances.iter().map(Instance::id).collect();
    let (graph, _) = build(instances, &ids);
    let loops = petgraph::algo::tarjan_scc(&graph).into_iter().filter_map(|parts| {
        let stuck: BTreeSet<usize> = parts.into_iter().collect();
        let first = *stuck.first()?;
        if stuck.len() == 1 && !graph.contains_edge(first, first) {
            return None;
        }
        let inside = |dependency: &&Dependency| {
            let stack = dependency.stack.as_deref().unwrap_or(&instances[first].stack);
            stuck
                .iter()
                .any(|index| instances[*index].component == dependency.component && instances[*index].stack == stack)
        };
        let span = instances[first].dependencies.iter().find(inside).map(|dependency| dependency.span);
        Some((first, Fault::Circle { error: cycle(&graph, &stuck, &ids), span: span.unwrap_or_default() }))
    });
    let mut loops: Vec<(usize, Fault)> = loops.collect();
    loops.sort_by_key(|(first, _)| *first);
    loops.into_iter().map(|(_, fault)| fault).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(component: &str, targets: &[(&str, Option<&str>)]) -> Instance {
        let dependencies = targets.iter().map(|(component, stack)| Dependency {
            component: (*component).to_owned(),
            stack: stack.map(str::to_owned),
            kind: None,
            context: None,
            span: Span::default(),
        });
        Instance {
            component: component.to_owned(),
            stack: "dev".to_owned(),
            kind: "terraform".to_owned(),
            dependencies: dependencies.collect(),
            selected: true,
        }
    }

    fn shown(instances: &[Instance]) -> Vec<String> {
        let show = |fault: &Fault| match fault {
            Fault::Missing { dependency, near, .. } => format!("{} {near:?}", dependency.component),
            Fault::Circle { error, .. } => error.to_string().rsplit(": ").next().unwrap_or_default().to_owned(),
        };
        faults(instances).iter().map(show).collect()
    }

    #[test]
    fn missing_targets_and_each_circle_are_found() {
        let all = [
            instance("vpc", &[]),
            instance("app", &[("vpcc", None), ("vpc", Some("devv")), ("vpc", Some("{{ .vars.s }}"))]),
            instance("a", &[("b", None), ("vpc", None)]),
            instance("b", &[("a", Some("dev"))]),
            instance("c", &[("c", None)]),
        ];
        let expected = ["vpcc Some(\"vpc\")", "vpc Some(\"dev\")", "[a-dev b-dev a-dev]", "[c-dev c-dev]"];
        assert_eq!(shown(&all), expected);
        assert!(shown(&all[..1]).is_empty());
    }
}
