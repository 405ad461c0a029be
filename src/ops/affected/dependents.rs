//! Who depends on the affected components, directly or not.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::super::App;
use super::super::dependents::{Dependencies, Dependent, Record};
use super::super::subject::Subject;
use super::request::{Affected, Request};
use crate::component::Filter;
use crate::diag::Result;
use crate::graph::Target;

/// Stack and name of a component.
type Place<'a> = (&'a str, &'a str);

/// Dependents of one component, shared by all trees that it is in.
type List = Arc<[Dependent]>;

/// Adds the trees of dependents, and says which records are in the tree of another one. With a stack in the request only
/// that stack is looked at. Nothing depends on what is deleted.
pub(super) fn add(app: &App, request: &Request, affected: &mut [Affected]) -> Result<()> {
    if affected.is_empty() {
        return Ok(());
    }
    let filter = Filter { stack: request.stack.clone(), ..Filter::default() };
    let all = Dependencies::of(app, &filter, &request.processing)?;
    let direct: Vec<Vec<usize>> = affected
        .iter()
        .map(|record| match record.deleted {
            Some(_) => Vec::new(),
            None => all.direct(target(&record.subject)),
        })
        .collect();
    let edges = edges(&all, direct.iter().flatten().copied());
    let records = all.records(edges.keys().copied().collect(), request.include_settings)?;
    let mut trees = Trees { all: &all, edges: &edges, records: &records, whole: HashMap::new() };
    for (record, direct) in affected.iter_mut().zip(&direct) {
        let (tree, _) = trees.of(direct, place(&record.subject), &mut Vec::new());
        record.dependents = Some(tree);
    }
    mark(affected);
    Ok(())
}

fn target(subject: &Subject) -> Target<'_> {
    Target { component: &subject.component, stack: &subject.stack, context: &subject.context }
}

fn place(subject: &Subject) -> Place<'_> {
    (&subject.stack, &subject.component)
}

/// The direct dependents of everything that can be reached from `start`, each found once.
fn edges(all: &Dependencies<'_>, start: impl Iterator<Item = usize>) -> HashMap<usize, Vec<usize>> {
    let mut edges: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut open: BTreeSet<usize> = start.collect();
    while let Some(next) = open.pop_first() {
        let direct = all.direct(all.target(next));
        open.extend(direct.iter().filter(|at| **at != next && !edges.contains_key(*at)));
        edges.insert(next, direct);
    }
    edges
}

struct Trees<'a> {
    all: &'a Dependencies<'a>,
    edges: &'a HashMap<usize, Vec<usize>>,
    records: &'a HashMap<usize, Record>,
    /// What depends on an instance, where no circle is cut: the same wherever the instance stands.
    whole: HashMap<usize, List>,
}

impl<'a> Trees<'a> {
    /// The direct dependents of the component at `own` with theirs, and whether a circle was cut. `above` are those that
    /// led here: a circle is not gone round twice.
    fn of<'p>(&mut self, direct: &[usize], own: Place<'p>, above: &mut Vec<Place<'p>>) -> (List, bool)
    where
        'a: 'p,
    {
        above.push(own);
        let mut cut = false;
        let mut found = Vec::with_capacity(direct.len());
        for at in direct {
            let Some(record) = self.records.get(at) else { continue };
            let (inner, is_cut) = self.below(*at, above);
            cut |= is_cut;
            found.push(record.with(Some(inner), false));
        }
        above.pop();
        (found.into(), cut)
    }

    /// What depends on an instance.
    fn below<'p>(&mut self, at: usize, above: &mut Vec<Place<'p>>) -> (List, bool)
    where
        'a: 'p,
    {
        if let Some(known) = self.whole.get(&at) {
            return (known.clone(), false);
        }
        let Target { component, stack, .. } = self.all.target(at);
        if above.contains(&(stack, component)) {
            return (Arc::default(), true);
        }
        let edges: &'a HashMap<usize, Vec<usize>> = self.edges;
        let direct = edges.get(&at).map(Vec::as_slice).unwrap_or_default();
        let (inner, cut) = self.of(direct, (stack, component), above);
        if !cut {
            self.whole.insert(at, inner.clone());
        }
        (inner, cut)
    }
}

/// A record that is in the tree of another one is marked; in the trees of the others, so are dependents that are in the
/// tree of a neighbour.
fn mark(affected: &mut [Affected]) {
    let included =
        included(affected.iter().map(|record| (place(&record.subject), places(record.dependents.as_ref(), None))));
    let mut marked = Marked::default();
    for (record, included) in affected.iter_mut().zip(included) {
        record.included_in_dependents = included;
        if !included && let Some(list) = &record.dependents {
            record.dependents = Some(marked.list(list));
        }
    }
}

/// Lists whose neighbours are marked, by the address of what they were made of, which is kept for that.
#[derive(Default)]
struct Marked(HashMap<*const Dependent, (List, List)>);

impl Marked {
    fn list(&mut self, list: &List) -> List {
        if list.is_empty() {
            return list.clone();
        }
        if let Some((_, known)) = self.0.get(&list.as_ptr()) {
            return known.clone();
        }
        let included = included(list.iter().map(|one| {
            let own = place(&one.subject);
            (own, places(one.dependents.as_ref(), Some(own)))
        }));
        let marked: List = list
            .iter()
            .zip(included)
            .map(|(one, included_in_dependents)| Dependent {
                dependents: one.dependents.as_ref().map(|inner| self.list(inner)),
                included_in_dependents,
                ..one.clone()
            })
            .collect();
        self.0.insert(list.as_ptr(), (list.clone(), marked.clone()));
        marked
    }
}

/// Which of these are in the tree of another one.
fn included<'a>(all: impl Iterator<Item = (Place<'a>, HashSet<Place<'a>>)>) -> Vec<bool> {
    let mut trees: HashMap<Place<'a>, usize> = HashMap::new();
    let mut own_trees = Vec::new();
    for (own, tree) in all {
        own_trees.push((own, usize::from(tree.contains(&own))));
        for place in tree {
            *trees.entry(place).or_default() += 1;
        }
    }
    let elsewhere = |(own, in_own): (Place<'a>, usize)| trees.get(&own).is_some_and(|count| *count > in_own);
    own_trees.into_iter().map(elsewhere).collect()
}

/// Everything in a tree, with `own` where it is given. What stands in several places is looked at once.
fn places<'a>(tree: Option<&'a List>, own: Option<Place<'a>>) -> HashSet<Place<'a>> {
    let mut places: HashSet<Place<'a>> = own.into_iter().collect();
    let mut seen = HashSet::new();
    let mut open: Vec<&List> = tree.into_iter().collect();
    while let Some(list) = open.pop() {
        if list.is_empty() || !seen.insert(list.as_ptr()) {
            continue;
        }
        places.extend(list.iter().map(|one| place(&one.subject)));
        open.extend(list.iter().filter_map(|one| one.dependents.as_ref()));
    }
    places
}
