//! Candidates: each a value, and what to say of it.

use super::candidate::Candidate;
use super::kind::Kind;
use super::line::Line;
use crate::auth::AuthConfig;
use crate::ops::names::{Named, names};
use crate::ops::{App, workflows};
use crate::value::Node;

/// The candidates of a kind.
pub(super) fn of(app: &App, kind: &Kind, line: &Line<'_>) -> Vec<Candidate> {
    match kind {
        Kind::Components(wanted) => components(app, *wanted, line.value("stack")),
        Kind::Stacks => stacks(app, line),
        Kind::Identities => identities(app),
        Kind::Providers => plain(AuthConfig::read(&app.config.auth).providers.keys().map(ToString::to_string)),
        Kind::Workflows => workflow_names(app),
        Kind::WorkflowFiles => plain(manifests(app).into_iter().map(|manifest| manifest.name)),
        Kind::WorkflowSteps => steps(app, line),
        Kind::Schemas => {
            let keys = app.config.document.get("schemas").and_then(Node::as_map).into_iter().flatten();
            let own = keys
                .map(|(key, _)| key.to_string())
                .filter(|key| !matches!(key.as_str(), "cue" | "jsonschema" | "opa"));
            plain(own.chain(["config".to_owned()]))
        }
        Kind::Keys => keys(app, &line.start),
        Kind::Fixed(words) => plain(words.iter().cloned()),
        Kind::Profiles | Kind::Files | Kind::Folders | Kind::Nothing => Vec::new(),
    }
}

fn plain(values: impl Iterator<Item = String>) -> Vec<Candidate> {
    let mut values: Vec<String> = values.collect();
    values.sort();
    values.dedup();
    values.into_iter().map(|value| (value, String::new())).collect()
}

/// Components for real use, in the stack that was named already.
fn components(app: &App, kind: Option<&str>, stack: Option<&str>) -> Vec<Candidate> {
    let fits = |named: &Named| {
        kind.is_none_or(|kind| named.kind == kind) && stack.is_none_or(|stack| named.stack == stack) && !named.abstract_
    };
    plain(names(app).into_iter().filter(fits).map(|named| named.component))
}

/// Stacks that have the component that was named already; all of them where none has.
fn stacks(app: &App, line: &Line<'_>) -> Vec<Candidate> {
    let names = names(app);
    let component = line.words.first().map(String::as_str).or_else(|| line.value("component"));
    let has = |named: &&Named| component.is_some_and(|component| named.component == component);
    let known = names.iter().any(|named| has(&named));
    plain(names.iter().filter(|named| !known || has(named)).map(|named| named.stack.clone()))
}

fn identities(app: &App) -> Vec<Candidate> {
    let auth = AuthConfig::read(&app.config.auth);
    let named = auth.identities.iter().map(|(name, identity)| (name.to_string(), identity.kind_text.clone()));
    let mut found: Vec<Candidate> = named.collect();
    found.sort();
    found.push(("false".to_owned(), "no identity".to_owned()));
    found
}

fn manifests(app: &App) -> Vec<workflows::Manifest> {
    workflows::files(app).unwrap_or_default()
}

/// Workflows with their files.
fn workflow_names(app: &App) -> Vec<Candidate> {
    let manifests = manifests(app);
    let named = manifests.iter().flat_map(|manifest| {
        manifest.workflows().into_iter().map(|(name, _)| (name.to_string(), manifest.name.clone()))
    });
    let mut found: Vec<Candidate> = named.collect();
    found.sort();
    found
}

/// Names of the steps of the workflow that was named.
fn steps(app: &App, line: &Line<'_>) -> Vec<Candidate> {
    let Some(wanted) = line.words.first() else { return Vec::new() };
    let manifests = manifests(app);
    let mut found = Vec::new();
    for (_, workflow) in
        manifests.iter().flat_map(workflows::Manifest::workflows).filter(|(name, _)| &***name == wanted.as_str())
    {
        let steps = workflow.get("steps").and_then(Node::as_list).unwrap_or_default();
        for (index, step) in steps.iter().enumerate() {
            let text = |key: &str| step.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
            let name = text("name").map_or_else(|| format!("step{}", index + 1), str::to_owned);
            let command = text("command").unwrap_or_default().lines().next().unwrap_or_default();
            found.push((name, command.to_owned()));
        }
    }
    found
}

/// The keys below what was typed.
fn keys(app: &App, start: &str) -> Vec<Candidate> {
    let above = start.rsplit_once('.').map_or("", |(above, _)| above);
    let parts = above.split('.').filter(|part| !part.is_empty());
    let node = app.config.document.get_path(parts);
    let prefix = if above.is_empty() { String::new() } else { format!("{above}.") };
    let map = node.and_then(Node::as_map).into_iter().flatten();
    plain(map.map(|(key, _)| format!("{prefix}{key}")))
}
