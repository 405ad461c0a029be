//! What has to be looked at: stacks that may differ between the trees, and components whose files changed.

use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;

use super::super::App;
use super::examine::{Examiner, is_compared};
use super::parts::{Part, parts};
use super::request::Request;
use crate::component::{self, Filter, Instance, Summary};
use crate::diag::{Report, Result, Warning};
use crate::stack::{self, Stack, StackIndex, Verdict};

/// Stack, kind and name of a component.
pub(super) type Key = (String, String, String);

/// What has to be looked at in both trees. Nothing of it is built yet.
pub(super) struct Trees<'a> {
    /// The stacks that may differ.
    pub parts: Vec<Part<'a>>,
    /// Stacks that are the same, where files that any component names may be reasons.
    pub watching: Vec<&'a Stack>,
    /// Stacks without any difference, with the components whose own files changed.
    pub by_folder: Vec<(&'a Stack, Vec<String>)>,
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

/// Looks at both trees.
pub(super) fn read<'a>(
    app: &'a App,
    base: Option<&'a App>,
    examiner: &Examiner<'_>,
    request: &Request,
) -> Result<Trees<'a>> {
    let index = app.index()?;
    let other = base.map(App::index).transpose()?;
    let asked = request.stack.as_deref();
    let mut summaries = component::summaries(&app.host, &app.config, index)?;
    let changes = stack::changes(index, other);
    let with = |wanted: Verdict| -> Vec<&'a Stack> {
        changes.first.iter().filter(|(_, verdict)| *verdict == wanted).map(|(stack, _)| *stack).collect()
    };
    let parts = parts(with(Verdict::Changed), (base, changes.second.clone()), &summaries, request);
    summaries.retain(|summary| summary.kind.is_listed(&app.config) && is_asked(index, asked, summary));
    let verdicts: HashMap<&str, Verdict> =
        changes.first.iter().map(|(stack, verdict)| (&*stack.key, *verdict)).collect();
    let is_changed =
        |summary: &&Summary| verdicts.get(&*summary.manifest).is_none_or(|found| *found == Verdict::Changed);
    Ok(Trees {
        parts,
        watching: with(Verdict::Watching),
        by_folder: by_folder(&summaries, &changes.first, examiner)?,
        untouched: summaries.iter().filter(|summary| !is_changed(summary)).map(summary_key).collect(),
        known: summaries.iter().map(summary_key).collect(),
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
fn by_folder<'a>(
    summaries: &[Summary],
    stacks: &[(&'a Stack, Verdict)],
    examiner: &Examiner<'_>,
) -> Result<Vec<(&'a Stack, Vec<String>)>> {
    let mut names: HashMap<&str, Vec<String>> = HashMap::new();
    for summary in summaries.iter().filter(|summary| !summary.abstract_ && is_compared(&summary.kind)) {
        if !examiner.paths(&summary.kind, &summary.folder)?.is_empty() {
            names.entry(&summary.manifest).or_default().push(summary.name.clone());
        }
    }
    let same = stacks.iter().filter(|(_, verdict)| *verdict == Verdict::Same);
    Ok(same.filter_map(|(stack, _)| Some((*stack, names.remove(&*stack.key)?))).collect())
}

/// The components of the other tree. A manifest that cannot be used there may be the very one that the change mends: what
/// it has counts as new.
pub(super) fn built(
    app: &App,
    base: Option<&App>,
    stacks: &[&Stack],
    filter: &Filter,
) -> Result<BTreeMap<Key, Instance>> {
    let Some(base) = base else { return Ok(BTreeMap::new()) };
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
