//! Who depends on the affected components, directly or not.

use std::collections::HashSet;

use super::super::App;
use super::super::dependents::{Dependencies, Dependent};
use super::super::subject::Subject;
use super::request::{Affected, Request};
use crate::component::{self, Filter};
use crate::diag::Result;
use crate::graph::Target;

/// Stack and name of a component.
type Place = (String, String);

/// Adds the trees of dependents, and says which records are in the tree of another one. With a stack in the request only
/// that stack is looked at. Nothing depends on what is deleted.
pub(super) fn add(app: &App, request: &Request, affected: &mut [Affected]) -> Result<()> {
    if affected.is_empty() {
        return Ok(());
    }
    let filter = Filter { stack: request.stack.clone(), ..Filter::default() };
    let instances = component::all(&app.host, &app.config, app.index()?, &filter)?;
    let all = Dependencies::of(app, &instances, &request.processing)?;
    let trees = Trees { all, settings: request.include_settings };
    for record in affected.iter_mut() {
        let found = if record.deleted.is_some() { Vec::new() } else { trees.of(&record.subject, &mut Vec::new())? };
        record.dependents = Some(found);
    }
    mark(affected);
    Ok(())
}

struct Trees<'a> {
    all: Dependencies<'a>,
    settings: bool,
}

impl Trees<'_> {
    /// The dependents of a component with theirs. `above` are those that led here: a circle is not gone round twice.
    fn of(&self, subject: &Subject, above: &mut Vec<Place>) -> Result<Vec<Dependent>> {
        let target = Target { component: &subject.component, stack: &subject.stack, context: &subject.context };
        let mut found = self.all.records(target, self.settings)?;
        above.push(place(subject));
        for dependent in &mut found {
            let inner = if above.contains(&place(&dependent.subject)) {
                Vec::new()
            } else {
                self.of(&dependent.subject, above)?
            };
            dependent.dependents = Some(inner);
        }
        above.pop();
        Ok(found)
    }
}

fn place(subject: &Subject) -> Place {
    (subject.stack.clone(), subject.component.clone())
}

/// A record that is in the tree of another one is marked; in the trees of the others, so are dependents that are in the
/// tree of a neighbour.
fn mark(affected: &mut [Affected]) {
    let trees: Vec<HashSet<Place>> = affected
        .iter()
        .map(|record| {
            let mut places = HashSet::new();
            collect(record.dependents.as_deref().unwrap_or_default(), &mut places);
            places
        })
        .collect();
    for (at, record) in affected.iter_mut().enumerate() {
        let own = place(&record.subject);
        record.included_in_dependents =
            trees.iter().enumerate().any(|(other, places)| other != at && places.contains(&own));
        if !record.included_in_dependents {
            mark_neighbours(record.dependents.as_deref_mut().unwrap_or_default());
        }
    }
}

fn mark_neighbours(dependents: &mut [Dependent]) {
    let trees: Vec<HashSet<Place>> = dependents
        .iter()
        .map(|dependent| {
            let mut places = HashSet::from([place(&dependent.subject)]);
            collect(dependent.dependents.as_deref().unwrap_or_default(), &mut places);
            places
        })
        .collect();
    for (at, dependent) in dependents.iter_mut().enumerate() {
        let own = place(&dependent.subject);
        dependent.included_in_dependents =
            trees.iter().enumerate().any(|(other, places)| other != at && places.contains(&own));
        mark_neighbours(dependent.dependents.as_deref_mut().unwrap_or_default());
    }
}

fn collect(dependents: &[Dependent], places: &mut HashSet<Place>) {
    for dependent in dependents {
        places.insert(place(&dependent.subject));
        collect(dependent.dependents.as_deref().unwrap_or_default(), places);
    }
}
