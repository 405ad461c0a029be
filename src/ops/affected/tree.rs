//! What has to be looked at: components that may differ between the trees, and those whose files changed.

use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;

use super::super::App;
use super::examine::{Examiner, is_compared};
use super::request::Request;
use crate::component::{self, Filter, Instance, Summary};
use crate::diag::{Report, Result, Warning};
use crate::stack::{self, Stack, StackIndex, Verdict};

/// Stack, kind and name of a component.
pub(super) type Key = (String, String, String);

/// The components of both trees that matter.
pub(super) struct Trees {
    /// Of the working tree, in stacks that may differ.
    pub changed: Vec<Instance>,
    /// Of the working tree, in stacks that are the same, where files may be reasons.
    pub same: Vec<Instance>,
    /// Of the other tree, in stacks that may differ.
    pub base: BTreeMap<Key, Instance>,
    /// Every component of the working tree.
    pub known: HashSet<Key>,
    /// The components in stacks that are the same.
    pub untouched: HashSet<Key>,
    /// Every stack of the working tree that has a component.
    pub stacks: HashSet<String>,
}

pub(super) fn key(instance: &Instance) -> Key {
    (instance.stack.clone(), instance.kind.to_string(), instance.name.clone())
}

/// Looks at both trees. Only stacks that may differ are built.
pub(super) fn read(app: &App, base: Option<&App>, examiner: &Examiner<'_>, request: &Request) -> Result<Trees> {
    let index = app.index()?;
    let other = base.map(App::index).transpose()?;
    let asked = request.stack.as_deref();
    let mut summaries = component::summaries(&app.host, &app.config, index)?;
    summaries.retain(|summary| summary.kind.is_listed(&app.config) && is_asked(index, asked, summary));
    let changes = stack::changes(index, other);
    let verdicts: HashMap<&str, Verdict> =
        changes.first.iter().map(|(stack, verdict)| (&*stack.key, *verdict)).collect();
    let filter = Filter { stack: request.stack.clone(), ..Filter::default() };
    let with = |wanted: Verdict| -> Vec<&Stack> {
        changes.first.iter().filter(|(_, verdict)| *verdict == wanted).map(|(stack, _)| *stack).collect()
    };
    let changed = component::of_stacks(&app.host, &app.config, index, &with(Verdict::Changed), &filter)?;
    let mut same = component::of_stacks(&app.host, &app.config, index, &with(Verdict::Watching), &filter)?;
    same.extend(by_folder(app, &summaries, &changes.first, examiner)?);
    let is_changed =
        |summary: &&Summary| verdicts.get(&*summary.manifest).is_none_or(|found| *found == Verdict::Changed);
    let untouched = summaries.iter().filter(|summary| !is_changed(summary)).map(summary_key).collect();
    Ok(Trees {
        changed,
        same,
        base: match base {
            Some(base) => built(app, base, &changes.second, &filter)?,
            None => BTreeMap::new(),
        },
        known: summaries.iter().map(summary_key).collect(),
        untouched,
        stacks: summaries.into_iter().map(|summary| summary.stack).collect(),
    })
}

fn summary_key(summary: &Summary) -> Key {
    (summary.stack.clone(), summary.kind.to_string(), summary.name.clone())
}

fn is_asked(index: &StackIndex, asked: Option<&str>, summary: &Summary) -> bool {
    let Some(asked) = asked else { return true };
    match index.by_path(asked) {
        Some(stack) => *stack.key == *summary.manifest,
        None => summary.stack == asked || summary.manifest == asked,
    }
}

/// The components in stacks without any difference whose own files changed.
fn by_folder(
    app: &App,
    summaries: &[Summary],
    stacks: &[(&Stack, Verdict)],
    examiner: &Examiner<'_>,
) -> Result<Vec<Instance>> {
    let mut names: HashMap<&str, Vec<String>> = HashMap::new();
    for summary in summaries.iter().filter(|summary| !summary.abstract_ && is_compared(&summary.kind)) {
        if !examiner.paths(&summary.kind, &summary.folder)?.is_empty() {
            names.entry(&summary.manifest).or_default().push(summary.name.clone());
        }
    }
    let index = app.index()?;
    let found: Vec<Result<Vec<Instance>>> = stacks
        .par_iter()
        .filter(|(_, verdict)| *verdict == Verdict::Same)
        .filter_map(|(stack, _)| Some((*stack, names.get(&*stack.key)?)))
        .map(|(stack, names)| {
            let filter = Filter { components: names.clone(), ..Filter::default() };
            Ok(component::of_stacks(&app.host, &app.config, index, &[stack], &filter)?)
        })
        .collect();
    let mut instances = Vec::new();
    for built in found {
        instances.extend(built?);
    }
    Ok(instances)
}

/// The components of the other tree. A manifest that cannot be used there may be the very one that the change mends: what
/// it has counts as new.
fn built(app: &App, base: &App, stacks: &[&Stack], filter: &Filter) -> Result<BTreeMap<Key, Instance>> {
    let index = base.index()?;
    let found: Vec<_> = stacks
        .par_iter()
        .map(|stack| (stack, component::of_stacks(&base.host, &base.config, index, &[stack], filter)))
        .collect();
    let mut instances = BTreeMap::new();
    for (stack, built) in found {
        match built {
            Ok(built) => instances.extend(built.into_iter().map(|instance| (key(&instance), instance))),
            Err(error) => app.host.talk.warn(unusable(&stack.key, &Report::from(error))),
        }
    }
    Ok(instances)
}

fn unusable(manifest: &str, error: &Report) -> Warning {
    let message = format!(
        "the manifest '{manifest}' of the tree to compare with cannot be used, its components count as new: {error}"
    );
    Warning::new("atmos::affected::unusable", message)
}
