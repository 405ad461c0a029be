//! Which components run, and what comes before each of them.

use std::collections::{BTreeMap, BTreeSet};

use super::names::Stacks;
use super::{Options, prerequisites};
use crate::component::{self, Filter, Instance, Kind};
use crate::diag::Result;
use crate::graph;
use crate::ops::App;
use crate::ops::affected;
use crate::resolve;

/// Stack and name.
pub(super) type Place = (String, String);

/// What is asked.
#[derive(Debug)]
pub(in crate::ops) struct Asked<'a> {
    pub(in crate::ops) kind: Kind,
    pub(in crate::ops) options: &'a Options,
    pub(in crate::ops) stack: Option<&'a str>,
    /// Locked components are passed over.
    pub(in crate::ops) modifies: bool,
    /// Dependents come first.
    pub(in crate::ops) reverse: bool,
    /// How components are evaluated where a filter looks into them.
    pub(in crate::ops) evaluation: &'a resolve::Options,
    /// The same for the comparison with another commit, which starts nothing.
    pub(in crate::ops) comparison: &'a resolve::Options,
}

/// The components of a run.
#[derive(Debug, Default)]
pub(in crate::ops) struct Chosen {
    /// In their order.
    pub(in crate::ops) instances: Vec<Instance>,
    /// What comes before each, as positions.
    pub(in crate::ops) before: Vec<Vec<usize>>,
    /// Component and stack of what would run if it were not locked.
    pub(in crate::ops) locked: Vec<(String, String)>,
}

/// Finds the components and their order, and says what is passed over.
///
/// # Errors
/// Names that do not exist, an expression that is none, a cycle.
pub(in crate::ops) fn choose(app: &App, asked: &Asked<'_>) -> Result<Chosen> {
    let stacks = Stacks::read(asked.stack)?;
    let excluded = asked.options.selectors.excluded()?;
    let changed = affected(app, asked, &stacks)?;
    if changed.as_ref().is_some_and(BTreeSet::is_empty) {
        app.host.talk.info("No components affected");
        return Ok(Chosen::default());
    }
    let options = asked.options;
    let stack = stacks.single().map(str::to_owned);
    let filter = Filter { stack, kinds: vec![asked.kind.clone()], ..Filter::default() };
    let mut instances = component::all(&app.host, &app.config, app.index()?, &filter)?;
    instances.retain(|instance| stacks.has(&instance.stack));
    if instances.is_empty() {
        stacks.check(app)?;
    }
    let candidate = |instance: &Instance| {
        let is_changed = changed.as_ref().is_none_or(|changed| changed.contains(&place(instance)));
        is_changed && is_real(instance)
    };
    let seeds = options.selectors.fit(app, &instances, candidate, asked.evaluation)?;
    let mut nodes = prerequisites::nodes(app, asked, &mut instances, seeds)?;
    excluded.check(&instances)?;
    let marks = graph::expand(&nodes, options.dependents, options.dependencies);
    let mut locked = Vec::new();
    for ((node, instance), marked) in nodes.iter_mut().zip(&instances).zip(marks) {
        let marked = marked && !excluded.has(&instance.name);
        let passed_over = marked && is_real(instance) && instance.locked && asked.modifies;
        if passed_over {
            let (name, stack) = (&instance.name, &instance.stack);
            app.host.talk.info(format!("{name} in {stack} is locked and skipped (metadata.locked: true)"));
            locked.push((name.clone(), stack.clone()));
        }
        node.selected = marked && is_real(instance) && !passed_over;
    }
    let ordered = graph::order(&nodes, asked.reverse)?;
    for warning in ordered.warnings {
        app.host.talk.warn(warning);
    }
    if ordered.order.is_empty() {
        app.host.talk.info(if changed.is_some() { "No components affected" } else { "No components matched" });
    }
    let mut kept: Vec<Option<Instance>> = instances.into_iter().map(Some).collect();
    let instances = ordered.order.iter().filter_map(|index| kept[*index].take()).collect();
    Ok(Chosen { instances, before: ordered.before, locked })
}

/// Abstract and disabled components never run here.
fn is_real(instance: &Instance) -> bool {
    !instance.abstract_ && instance.enabled
}

/// What differs from the other commit, if that is asked.
fn affected(app: &App, asked: &Asked<'_>, stacks: &Stacks<'_>) -> Result<Option<BTreeSet<Place>>> {
    let Some(wanted) = &asked.options.affected else { return Ok(None) };
    let request = affected::Request {
        base: wanted.base.clone(),
        stack: stacks.single().map(str::to_owned),
        include_dependents: false,
        include_settings: false,
        include_spacelift_admin_stacks: false,
        include_uncommitted: wanted.include_uncommitted,
        exclude_locked: wanted.exclude_locked,
        processing: asked.comparison.clone(),
    };
    let kind = asked.kind.to_string();
    let found = affected::describe(app, &request)?.affected;
    let found = found.into_iter().filter(|one| one.deleted.is_none() && one.subject.component_type == kind);
    Ok(Some(found.map(|one| (one.subject.stack, one.subject.component)).collect()))
}

pub(super) fn place(instance: &Instance) -> Place {
    (instance.stack.clone(), instance.name.clone())
}

/// Numbers for what components work in: those that have a folder in common, whatever it is called, have the same one.
pub(super) fn turns(places: &[Vec<std::path::PathBuf>]) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..places.len()).collect();
    let mut first = BTreeMap::new();
    for (at, folders) in places.iter().enumerate() {
        for folder in folders {
            let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
            let other = numbers[*first.entry(real).or_insert(at)];
            let own = numbers[at];
            // Whoever took turns with the one now takes turns with the other, too.
            numbers.iter_mut().filter(|number| **number == own).for_each(|number| *number = other);
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::turns;

    #[test]
    fn components_take_turns_where_they_share_a_folder_or_a_data_directory() {
        let places =
            |text: &str| text.split(' ').map(|one| one.split(',').map(Into::into).collect()).collect::<Vec<_>>();
        for (text, expected) in [
            ("/a /b /c", vec![0, 1, 2]),
            ("/a /b /a", vec![0, 1, 0]),
            ("/a,/data /b,/data /c", vec![0, 0, 2]),
            ("/a,/one /b,/two /a,/two", vec![1, 1, 1]),
        ] {
            assert_eq!(turns(&places(text)), expected, "{text}");
        }
    }
}
