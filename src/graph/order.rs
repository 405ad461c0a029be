//! A topological order with stable ties.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use petgraph::graphmap::DiGraphMap;

use super::{Dependency, Error};
use crate::diag::Warning;

/// One node of the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    pub component: String,
    pub stack: String,
    /// `terraform`, `helmfile`, …
    pub kind: String,
    pub dependencies: Vec<Dependency>,
    /// The user wants this one to run.
    pub selected: bool,
}

impl Instance {
    /// `<component>-<stack>`, by which ties are broken and cycles are printed.
    pub(super) fn id(&self) -> String {
        format!("{}-{}", self.component, self.stack)
    }
}

/// The selected instances in their order, as indexes of the input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ordered {
    pub order: Vec<usize>,
    /// What has to be done before each of them, as positions in `order`; through instances that were not selected, too.
    pub before: Vec<Vec<usize>>,
    /// Prerequisites of the ordered instances that do not exist.
    pub warnings: Vec<Warning>,
}

/// Orders the selected instances: prerequisites first, or last with `reverse`.
///
/// # Errors
/// [`Error::Cycle`] with the whole chain, if a selected instance takes part in the cycle or depends on it.
pub fn order(instances: &[Instance], reverse: bool) -> Result<Ordered, Error> {
    let ids: Vec<String> = instances.iter().map(Instance::id).collect();
    let (graph, mut warnings) = build(instances, &ids);
    let needed = closure(&graph, instances);
    let full = topological(&graph, &needed, &ids).map_err(|stuck| cycle(&graph, &stuck, &ids))?;
    warnings.retain(|(from, _)| needed.contains(from));
    let mut order: Vec<usize> = full.into_iter().filter(|index| instances[*index].selected).collect();
    if reverse {
        order.reverse();
    }
    let before = project(&graph, instances, &order, reverse);
    Ok(Ordered { order, before, warnings: warnings.into_iter().map(|(_, warning)| warning).collect() })
}

/// Edges lead from an instance to its prerequisites.
pub(super) fn build(instances: &[Instance], ids: &[String]) -> (DiGraphMap<usize, ()>, Vec<(usize, Warning)>) {
    let by_place: BTreeMap<(&str, &str, &str), usize> = instances
        .iter()
        .enumerate()
        .map(|(index, instance)| ((&*instance.kind, &*instance.stack, &*instance.component), index))
        .collect();
    let mut graph = DiGraphMap::new();
    let mut warnings = Vec::new();
    for (index, instance) in instances.iter().enumerate() {
        graph.add_node(index);
        for dependency in &instance.dependencies {
            let kind = dependency.kind.as_deref().unwrap_or(&instance.kind);
            if kind != instance.kind {
                continue;
            }
            let stack = dependency.stack.as_deref().unwrap_or(&instance.stack);
            if let Some(target) = by_place.get(&(kind, stack, dependency.component.as_str())) {
                graph.add_edge(index, *target, ());
            } else {
                let to = format!("{}-{stack}", dependency.component);
                let message = format!("Dependency target not found from={} to={to}", ids[index]);
                warnings.push((index, Warning::new("atmos::graph::target_not_found", message)));
            }
        }
    }
    (graph, warnings)
}

/// The nearest selected prerequisites of each selected instance, by position; with `reverse` the nearest dependents.
fn project(graph: &DiGraphMap<usize, ()>, instances: &[Instance], order: &[usize], reverse: bool) -> Vec<Vec<usize>> {
    let position: BTreeMap<usize, usize> = order.iter().enumerate().map(|(at, index)| (*index, at)).collect();
    let mut before = vec![Vec::new(); order.len()];
    for (at, index) in order.iter().enumerate() {
        let mut seen = BTreeSet::new();
        let mut open = vec![*index];
        while let Some(next) = open.pop() {
            for other in graph.neighbors(next).filter(|other| seen.insert(*other)) {
                match position.get(&other).filter(|_| instances[other].selected) {
                    Some(other) if reverse => before[*other].push(at),
                    Some(other) => before[at].push(*other),
                    None => open.push(other),
                }
            }
        }
    }
    for list in &mut before {
        list.sort_unstable();
    }
    before
}

/// The selected instances and everything they depend on.
fn closure(graph: &DiGraphMap<usize, ()>, instances: &[Instance]) -> BTreeSet<usize> {
    let mut open: Vec<usize> = (0..instances.len()).filter(|index| instances[*index].selected).collect();
    let mut seen: BTreeSet<usize> = open.iter().copied().collect();
    while let Some(index) = open.pop() {
        open.extend(graph.neighbors(index).filter(|next| seen.insert(*next)));
    }
    seen
}

/// Kahn's order; among the instances that are free, the smallest id comes first. The error has those that never are.
fn topological(
    graph: &DiGraphMap<usize, ()>,
    needed: &BTreeSet<usize>,
    ids: &[String],
) -> Result<Vec<usize>, BTreeSet<usize>> {
    let mut waiting: BTreeMap<usize, usize> =
        needed.iter().map(|index| (*index, graph.neighbors(*index).count())).collect();
    let mut free: BinaryHeap<Reverse<(&str, usize)>> =
        waiting.iter().filter(|(_, count)| **count == 0).map(|(index, _)| Reverse((&*ids[*index], *index))).collect();
    let mut order = Vec::with_capacity(needed.len());
    while let Some(Reverse((_, index))) = free.pop() {
        waiting.remove(&index);
        order.push(index);
        for dependent in graph.neighbors_directed(index, petgraph::Direction::Incoming) {
            if let Some(count) = waiting.get_mut(&dependent) {
                *count -= 1;
                if *count == 0 {
                    free.push(Reverse((&ids[dependent], dependent)));
                }
            }
        }
    }
    if waiting.is_empty() { Ok(order) } else { Err(waiting.into_keys().collect()) }
}

/// One cycle among the instances that never became free, from its smallest id back to it.
pub(super) fn cycle(graph: &DiGraphMap<usize, ()>, stuck: &BTreeSet<usize>, ids: &[String]) -> Error {
    // Every stuck instance has a stuck prerequisite, so walking along them must come back.
    let mut path: Vec<usize> = Vec::new();
    let mut current = stuck.first().copied();
    while let Some(index) = current {
        if let Some(start) = path.iter().position(|seen| *seen == index) {
            path.drain(..start);
            break;
        }
        path.push(index);
        current = graph.neighbors(index).filter(|next| stuck.contains(next)).min_by_key(|next| &ids[*next]);
    }
    let first = (0..path.len()).min_by_key(|at| &ids[path[*at]]).unwrap_or(0);
    path.rotate_left(first);
    path.extend(path.first().copied());
    Error::Cycle { chain: path.iter().map(|index| ids[*index].as_str()).collect::<Vec<_>>().join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    /// `a>b,c!` is the selected instance `a` that depends on `b` and `c`.
    fn instances(text: &str) -> Vec<Instance> {
        text.split_whitespace()
            .map(|word| {
                let (word, selected) = word.strip_suffix('!').map_or((word, false), |word| (word, true));
                let (component, deps) = word.split_once('>').unwrap_or((word, ""));
                let dependency = |target: &str| {
                    let (component, stack) = target.split_once('@').map_or((target, None), |(c, s)| (c, Some(s)));
                    Dependency {
                        component: component.to_owned(),
                        stack: stack.map(str::to_owned),
                        kind: None,
                        context: None,
                        span: Span::default(),
                    }
                };
                let (component, stack) = component.split_once('@').unwrap_or((component, "dev"));
                Instance {
                    component: component.to_owned(),
                    stack: stack.to_owned(),
                    kind: "terraform".to_owned(),
                    dependencies: deps.split(',').filter(|target| !target.is_empty()).map(dependency).collect(),
                    selected,
                }
            })
            .collect()
    }

    fn ordered(text: &str, reverse: bool) -> String {
        let instances = instances(text);
        let ordered = order(&instances, reverse).unwrap();
        let names: Vec<_> = ordered.order.iter().map(|index| instances[*index].id()).collect();
        names.join(" ")
    }

    #[test]
    fn prerequisites_come_first_and_ties_are_broken_by_name() {
        assert_eq!(ordered("z! app>db! db>vpc! vpc! a!", false), "a-dev vpc-dev db-dev app-dev z-dev");
        assert_eq!(ordered("app>db! db>vpc! vpc!", true), "app-dev db-dev vpc-dev");
    }

    #[test]
    fn q17_order_through_unselected_components_is_kept() {
        assert_eq!(ordered("app>db! db>vpc vpc!", false), "vpc-dev app-dev");
        assert_eq!(ordered("app>vpc@prod! vpc@prod!", false), "vpc-prod app-dev");
    }

    #[test]
    fn what_comes_before_is_known_through_unselected_components_too() {
        for (text, reverse, expected) in [
            ("app>db! db>vpc vpc! other!", false, "vpc-dev app-dev:vpc-dev other-dev"),
            ("app>db! db>vpc vpc! other!", true, "other-dev app-dev vpc-dev:app-dev"),
            ("app>db,vpc! db>vpc! vpc!", false, "vpc-dev db-dev:vpc-dev app-dev:vpc-dev,db-dev"),
        ] {
            let instances = instances(text);
            let ordered = order(&instances, reverse).unwrap();
            let name = |at: &usize| instances[ordered.order[*at]].id();
            let shown = ordered.before.iter().enumerate().map(|(at, before)| {
                let before: Vec<_> = before.iter().map(name).collect();
                if before.is_empty() { name(&at) } else { format!("{}:{}", name(&at), before.join(",")) }
            });
            assert_eq!(sorted(&shown.collect::<Vec<_>>().join(" ")), sorted(expected), "{text} {reverse}");
        }
    }

    fn sorted(text: &str) -> Vec<&str> {
        let mut words: Vec<_> = text.split(' ').collect();
        words.sort_unstable();
        words
    }

    #[test]
    fn selections_grow_by_levels() {
        use super::super::{Depth, expand};
        let all = Some(Depth::All);
        for (text, dependents, dependencies, expected) in [
            ("app>db db>vpc! vpc net>app", None, all, "db vpc"),
            ("app>db db>vpc! vpc net>app", all, None, "app db net"),
            ("app>db db>vpc! vpc net>app", Some(Depth::Levels(1)), None, "app db"),
            ("app>db db>vpc! vpc net>app", None, None, "db"),
            ("app>db db>vpc! vpc net>vpc", all, all, "app db vpc"),
        ] {
            let instances = instances(text);
            let marks = expand(&instances, dependents, dependencies);
            let mut found: Vec<_> =
                instances.iter().zip(marks).filter(|(_, mark)| *mark).map(|(one, _)| one.component.as_str()).collect();
            found.sort_unstable();
            assert_eq!(found.join(" "), expected, "{text}");
        }
    }

    #[test]
    fn cycles_are_printed_whole() {
        for (text, chain) in [
            ("a>b! b>a!", "[a-dev b-dev a-dev]"),
            ("c>a! a>b! b>c!", "[a-dev b-dev c-dev a-dev]"),
            ("a>a!", "[a-dev a-dev]"),
            ("x>a! a>b b>a", "[a-dev b-dev a-dev]"),
        ] {
            let error = order(&instances(text), false).unwrap_err().to_string();
            assert_eq!(error, format!("build dependency graph failed: circular dependency detected: {chain}"));
        }
        // A cycle that nothing selected needs does not stop anybody.
        assert_eq!(ordered("x! a>b b>a", false), "x-dev");
    }

    #[test]
    fn unknown_targets_are_a_warning_of_those_that_run() {
        let ordered = order(&instances("app>db! other>nothing"), false).unwrap();
        assert_eq!(ordered.order, [0]);
        let messages: Vec<_> = ordered.warnings.iter().map(|warning| warning.message.as_str()).collect();
        assert_eq!(messages, ["Dependency target not found from=app-dev to=db-dev"]);
    }
}
