//! `atmos vendor update`: the newest version that each source may have.

use std::collections::BTreeSet;
use std::path::PathBuf;

use globset::Glob;

use super::diff::Versioned;
use super::edit;
use super::error::Error;
use super::select::{Selection, discovered, nothing};
use super::versions::tags;
use crate::component::Kind;
use crate::diag::Result;
use crate::ops::App;
use crate::value::{Map, Node};
use crate::vendor::{Loaded, is_newer, is_range, newest};

/// Which sources are looked at, and what is done.
#[derive(Debug, Clone, Default)]
pub struct UpdateRequest {
    /// Without `component`, which is here a list.
    pub selection: Selection,
    pub components: Vec<String>,
    /// Name of an entry of `vendor.update.groups`.
    pub group: Option<String>,
    /// Manifests of components, too, where there is a `vendor.yaml`.
    pub component_manifests: bool,
    /// Nothing is written.
    pub check: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Updated,
    UpToDate,
    Skipped,
    Failed,
}

impl Status {
    pub fn word(self) -> &'static str {
        match self {
            Status::Updated => "updated",
            Status::UpToDate => "up-to-date",
            Status::Skipped => "skipped",
            Status::Failed => "failed",
        }
    }
}

/// What was found out about one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    pub component: String,
    pub status: Status,
    pub current: String,
    pub latest: String,
    /// Why it was skipped, or failed.
    pub reason: String,
    pub kind: Option<Kind>,
}

impl Update {
    /// As programs read it.
    pub fn document(&self) -> Node {
        let entries = [
            ("component", self.component.as_str()),
            ("status", self.status.word()),
            ("current_version", &self.current),
            ("latest_version", &self.latest),
            ("reason", &self.reason),
        ];
        Node::from(entries.map(|(key, text)| (key.into(), Node::from(text))).into_iter().collect::<Map>())
    }
}

/// Looks for newer versions, and writes them into the manifests unless they are only to be shown.
///
/// # Errors
/// Manifests that cannot be used, nothing fits the selection. That a source cannot be asked is part of the result.
pub fn update(app: &App, request: &UpdateRequest) -> Result<Vec<Update>> {
    let loaded = request.selection.manifest(app)?;
    let names = names(app, request, loaded.as_ref())?;
    let kinds = request.selection.kinds();
    let found: Vec<Versioned> =
        names.iter().map(|name| Versioned::find(app, loaded.as_ref(), name, &kinds)).collect::<Result<_>>()?;
    let asked: Vec<Update> = std::thread::scope(|scope| {
        // Repositories are asked side by side, a few at once.
        let mut all = Vec::with_capacity(found.len());
        for group in found.chunks(8) {
            let running: Vec<_> = group.iter().map(|one| scope.spawn(move || ask(app, one))).collect();
            let lost =
                |one: &Versioned| result(one, Status::Failed, String::new(), "the question ended early".to_owned());
            all.extend(group.iter().zip(running).map(|(one, thread)| thread.join().unwrap_or_else(|_| lost(one))));
        }
        all
    });
    let file: Option<PathBuf> = request.selection.file.clone();
    let mut updates = Vec::with_capacity(asked.len());
    for mut update in asked {
        if update.status == Status::Updated
            && !request.check
            && let Err(error) =
                edit::set_in(app, update.kind.as_ref(), &update.component, &update.latest, file.as_deref())
        {
            update.status = Status::Failed;
            update.reason = error.to_string();
        }
        updates.push(update);
    }
    Ok(updates)
}

fn result(found: &Versioned, status: Status, latest: String, reason: String) -> Update {
    let (component, current) = (found.component.clone(), found.version.clone());
    Update { component, status, current, latest, reason, kind: found.kind.clone() }
}

fn ask(app: &App, found: &Versioned) -> Update {
    let skipped = |reason: &str| result(found, Status::Skipped, String::new(), reason.to_owned());
    let source = &found.source;
    let path = source.starts_with(['.', '/']) || source.starts_with("file:") || source.starts_with("oci:");
    if found.version.is_empty() {
        return skipped("no version pinned");
    }
    if found.version.contains("{{") {
        return skipped("templated version");
    }
    if is_range(&found.version) {
        return skipped("a range of versions: `vendor pull --refresh-lock` resolves it anew");
    }
    if path {
        return skipped("non-Git source not supported");
    }
    let tags = match tags(app, &found.component, source) {
        Ok(tags) => tags,
        Err(Error::NotGit { .. }) => return skipped("non-Git source not supported"),
        Err(error) => return result(found, Status::Failed, String::new(), error.to_string()),
    };
    match newest(&tags, "", &found.constraints) {
        Ok(Some(latest)) if is_newer(&found.version, &latest) => result(found, Status::Updated, latest, String::new()),
        Ok(Some(latest)) => result(found, Status::UpToDate, latest, String::new()),
        Ok(None) => result(found, Status::Failed, String::new(), "no version fits the constraints".to_owned()),
        Err(error) => result(found, Status::Failed, String::new(), error.to_string()),
    }
}

/// The names of the chosen components, each once, in the order of the manifests.
fn names(app: &App, request: &UpdateRequest, loaded: Option<&Loaded>) -> Result<Vec<String>> {
    let selection = &request.selection;
    if !request.components.is_empty() {
        if selection.by_stack() {
            return Err(Error::selection(
                "--component and --stack/--labels are mutually exclusive selectors.",
                "give one of them; --tags narrows either",
            )
            .into());
        }
        return Ok(unique(request.components.iter().cloned()));
    }
    let chosen = selection.names(app)?;
    let sources = loaded.into_iter().flat_map(|loaded| &loaded.sources);
    let mut names: Vec<String> =
        sources.map(|source| source.component.clone()).filter(|name| !name.is_empty()).collect();
    if loaded.is_none() || request.component_manifests || chosen.is_some() {
        names.extend(discovered(app, &selection.kinds()).into_iter().map(|member| member.name));
    }
    if let Some(chosen) = chosen {
        names.retain(|name| chosen.contains(name));
    }
    if let Some(group) = &request.group {
        let group = Group::of(app, group)?;
        names.retain(|name| group.has(name));
    }
    let names = unique(names.into_iter());
    if names.is_empty() { Err(nothing().into()) } else { Ok(names) }
}

fn unique(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(name.clone())).collect()
}

/// An entry of `vendor.update.groups`.
struct Group {
    include: Vec<globset::GlobMatcher>,
    exclude: Vec<globset::GlobMatcher>,
}

impl Group {
    fn of(app: &App, name: &str) -> Result<Group, Error> {
        let groups = app.config.document.get_path(["vendor", "update", "groups"]);
        let Some(group) = groups.and_then(|groups| groups.get(name)) else {
            let known: Vec<&str> =
                groups.and_then(Node::as_map).into_iter().flatten().map(|(name, _)| &**name).collect();
            let help = format!(
                "`vendor.update.groups` has: {}",
                if known.is_empty() { "none".to_owned() } else { known.join(", ") }
            );
            return Err(Error::selection(format!("there is no group '{name}' of vendor updates"), help));
        };
        let patterns = |key: &str| {
            let texts = group.get(key).and_then(Node::as_list).unwrap_or_default().iter().filter_map(Node::scalar_text);
            let one = |text: String| {
                let wrong = |error: globset::Error| {
                    Error::selection(format!("`{text}` in the group '{name}' is no pattern: {error}"), "correct it")
                };
                Glob::new(&text).map(|glob| glob.compile_matcher()).map_err(wrong)
            };
            texts.map(one).collect::<Result<Vec<_>, Error>>()
        };
        Ok(Group { include: patterns("include")?, exclude: patterns("exclude")? })
    }

    fn has(&self, name: &str) -> bool {
        let is = |list: &[globset::GlobMatcher]| list.iter().any(|pattern| pattern.is_match(name));
        (self.include.is_empty() || is(&self.include)) && !is(&self.exclude)
    }
}
