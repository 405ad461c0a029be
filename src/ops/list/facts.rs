//! The components that lists know, as much of each as a list needs.

use std::sync::Arc;

use rayon::prelude::*;

use super::error::Error;
use crate::component::{self, Asked, Filter, Instance, Summary, usable};
use crate::diag::Result;
use crate::ops::{App, describe, unknown};
use crate::resolve;
use crate::stack::glob_matches;
use crate::value::{Map, Node};

/// Functions that need credentials: lists leave them as they are written where no identity is configured.
const CREDENTIALED: [&str; 10] = [
    "terraform.state",
    "terraform.output",
    "store",
    "store.get",
    "secret",
    "aws.account_id",
    "aws.caller_identity_arn",
    "aws.caller_identity_user_id",
    "aws.region",
    "aws.organization_id",
];

/// Every component in every stack by its names, for an answer about these stacks. Nothing is evaluated.
pub(super) fn named(app: &App, asked: &Asked) -> Result<Vec<Summary>> {
    let mut found = usable(&app.host, &app.config, app.index()?, component::Nameless::Refused, asked)?;
    found.retain(|summary| summary.kind.is_listed(&app.config));
    Ok(found)
}

/// The instances that `wanted` lets through, with these sections evaluated, sorted by stack, kind and name.
///
/// # Errors
/// An instance that cannot be put together or evaluated.
pub(super) fn evaluated(
    app: &App,
    filter: &Filter,
    processing: &resolve::Options,
    sections: &[&str],
    wanted: impl Fn(&Instance) -> bool,
) -> Result<Vec<Instance>> {
    let filter = Filter { partial: true, ..filter.clone() };
    let mut instances = component::all(&app.host, &app.config, app.index()?, &filter)?;
    instances.retain(|instance| instance.kind.is_listed(&app.config) && wanted(instance));
    let processing = inventory(app, processing, sections);
    let evaluated: Vec<Result<Instance>> = instances
        .par_iter()
        .map(|instance| app.evaluate(instance, &describe::for_instance(instance, &processing)))
        .collect();
    evaluated.into_iter().collect()
}

/// What `make` makes of the same instances. Each goes before the next one is put together, so that large repositories need
/// little memory.
///
/// # Errors
/// Those of [`evaluated`].
pub(super) fn each_evaluated<T: Send>(
    app: &App,
    asked: Asked,
    processing: &resolve::Options,
    sections: &[&str],
    wanted: impl Fn(&Instance) -> bool + Sync,
    make: impl Fn(&Instance) -> Option<T> + Sync,
) -> Result<Vec<T>> {
    let index = app.index()?;
    let processing = inventory(app, processing, sections);
    let act = |instance: Instance| -> Result<Option<T>> {
        if !instance.kind.is_listed(&app.config) || !wanted(&instance) {
            return Ok(None);
        }
        Ok(make(&app.evaluate(&instance, &describe::for_instance(&instance, &processing))?))
    };
    let filter = Filter { partial: true, asked, ..Filter::default() };
    let made = app.evaluate_many(|| component::each(&app.host, &app.config, index, &filter, act))?;
    Ok(made.into_iter().flatten().collect())
}

/// What is evaluated for a list: these sections, and without identities nothing that would need one.
fn inventory(app: &App, processing: &resolve::Options, sections: &[&str]) -> resolve::Options {
    let mut processing = processing.clone();
    processing.sections = sections.iter().map(|section| (*section).to_owned()).collect();
    if processing.sections.is_empty() {
        processing.sections.push("metadata".to_owned());
    }
    processing.selects = true;
    if app.config.auth.get("identities").is_none_or(Node::is_empty) {
        processing.skip.extend(CREDENTIALED.map(str::to_owned));
    }
    processing
}

/// A pattern for the names of stacks.
pub(super) struct Stacks<'p>(Option<&'p str>);

impl<'p> Stacks<'p> {
    /// # Errors
    /// A pattern that cannot be read.
    pub(super) fn new(pattern: Option<&'p str>) -> Result<Stacks<'p>, Error> {
        let pattern = pattern.filter(|pattern| !pattern.is_empty());
        match pattern {
            Some(text) if glob_matches(text, "x").is_none() => Err(Error::Pattern { pattern: text.to_owned() }),
            pattern => Ok(Stacks(pattern)),
        }
    }

    /// What the answer is about.
    pub(super) fn asked(&self) -> Asked {
        self.0.map_or_else(Asked::default, |pattern| Asked::only([pattern]))
    }

    /// Nothing was found: says so when no stack has a name that fits.
    ///
    /// # Errors
    /// The stacks cannot be read.
    pub(super) fn tell(&self, app: &App) -> Result<()> {
        self.0.map_or(Ok(()), |pattern| unknown::stack(app, pattern, |stack| self.has(stack)))
    }

    pub(super) fn has(&self, stack: &str) -> bool {
        self.0.is_none_or(|pattern| pattern == stack || glob_matches(pattern, stack).unwrap_or(false))
    }
}

/// The row of an instance, with the fields that somebody reads.
pub(super) fn row(instance: &Instance, reads: impl Fn(&str) -> bool) -> Node {
    let sections = &instance.sections;
    let metadata = &sections.metadata;
    let text = |key: &str| metadata.get(key).and_then(Node::as_str).unwrap_or_default();
    let base = text("component");
    let folder = if base.is_empty() { instance.name.as_str() } else { base };
    let kind = if text("type").is_empty() { "real" } else { text("type") };
    let inherits: Vec<&str> =
        metadata.get("inherits").and_then(Node::as_list).into_iter().flatten().filter_map(Node::as_str).collect();
    let map = |node: &Node| if node.as_map().is_some() { node.clone() } else { Node::empty_map() };
    let status = status(instance.enabled, instance.locked);
    let fields: [(&str, Node); 19] = [
        ("stack", Node::from(instance.stack.as_str())),
        ("component", Node::from(instance.name.as_str())),
        ("component_type", Node::from(instance.kind.key())),
        ("component_folder", Node::from(folder)),
        ("type", Node::from(kind)),
        ("enabled", Node::from(instance.enabled)),
        ("locked", Node::from(instance.locked)),
        ("status", Node::from(status)),
        ("status_text", Node::from(status)),
        ("component_base", Node::from(base)),
        ("inherits", Node::from(inherits.join(", "))),
        ("description", Node::from(text("description"))),
        ("tags", tags(metadata)),
        ("labels", labels(metadata)),
        ("metadata", map(metadata)),
        ("vars", map(&sections.vars)),
        ("settings", map(&sections.settings)),
        ("env", map(&sections.env)),
        ("backend", map(&sections.backend)),
    ];
    record(fields.into_iter().filter(|(key, _)| reads(key)))
}

pub(super) fn status(enabled: bool, locked: bool) -> &'static str {
    match (locked, enabled) {
        (true, _) => "locked",
        (_, true) => "enabled",
        _ => "disabled",
    }
}

/// The tags in metadata, as runs and `!tags` read them: scalars are text, anything else is no tag.
pub(super) fn tags(metadata: &Node) -> Node {
    let tags = metadata.get("tags").and_then(Node::as_list).unwrap_or_default();
    Node::from(tags.iter().filter_map(Node::scalar_text).map(Node::from).collect::<Vec<_>>())
}

/// The labels in metadata, read like [`tags`].
pub(super) fn labels(metadata: &Node) -> Node {
    let labels = metadata.get("labels").and_then(Node::as_map).into_iter().flatten();
    let texts = labels.filter_map(|(key, value)| Some((key.clone(), Node::from(value.scalar_text()?))));
    Node::from(texts.collect::<Map>())
}

/// A row of some fields.
pub(super) fn record<'k>(fields: impl IntoIterator<Item = (&'k str, Node)>) -> Node {
    Node::from(fields.into_iter().map(|(key, node)| (Arc::from(key), node)).collect::<Map>())
}
