//! `atmos vendor verify`: the files of the lock, compared with the disk.

use std::collections::BTreeSet;
use std::path::Path;

use super::select::Selection;
use crate::diag::Result;
use crate::ops::App;
use crate::value::{Map, Node};
use crate::vendor::{Artifact, Lock, UNFINISHED, drift_of_all, places};

/// A file that is not as the lock has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DriftRow {
    pub component: String,
    /// Below the base path.
    pub path: String,
    pub reason: String,
    /// Key in the lock.
    pub artifact: String,
}

impl DriftRow {
    /// As programs read it.
    pub fn document(&self) -> Node {
        let entries = [("component", &self.component), ("path", &self.path), ("reason", &self.reason)];
        Node::from(entries.map(|(key, text)| (key.into(), Node::from(text.as_str()))).into_iter().collect::<Map>())
    }
}

/// What was compared, and what came of it.
#[derive(Debug, Clone, Default)]
pub struct Verified {
    /// Whether the lock has anything of what was asked for.
    pub compared: bool,
    /// Everything that is missing or was changed, by component and path.
    pub rows: Vec<DriftRow>,
}

/// Compares the files of the chosen components with the lock.
///
/// # Errors
/// A lock that cannot be read; nothing fits the selection.
pub fn verify(app: &App, selection: &Selection) -> Result<Verified> {
    let names = selection.names(app)?;
    let lock = Lock::open(&app.host, &app.config)?;
    let mut rows = BTreeSet::new();
    let chosen = chosen(&lock, names.as_ref());
    for (id, artifact) in &chosen {
        let mut add = |path: &Path, reason: &str| {
            let below = path.strip_prefix(&app.config.base_path).unwrap_or(path);
            let name = if artifact.name.is_empty() { id } else { &artifact.name };
            rows.insert(DriftRow {
                component: name.clone(),
                path: below.display().to_string(),
                reason: reason.to_owned(),
                artifact: (*id).clone(),
            });
        };
        if artifact.unfinished {
            add(&lock.folder(&app.config, artifact)?, UNFINISHED);
            continue;
        }
        for (path, files) in places(&app.config, &lock, artifact)? {
            if let Some(reason) = drift_of_all(&path, &files) {
                add(&path, reason);
            }
        }
    }
    Ok(Verified { compared: !chosen.is_empty(), rows: rows.into_iter().collect() })
}

/// The artifacts of these components, with their mixins, which have names of their own in the same folder.
pub(super) fn chosen<'l>(lock: &'l Lock, names: Option<&BTreeSet<String>>) -> Vec<(&'l String, &'l Artifact)> {
    let Some(names) = names else { return lock.artifacts.iter().collect() };
    let own = |artifact: &Artifact| names.contains(&artifact.name);
    let folders: BTreeSet<&str> =
        lock.artifacts.values().filter(|artifact| own(artifact)).map(|artifact| artifact.target.as_str()).collect();
    let mixin = |artifact: &Artifact| artifact.name.starts_with("mixin ") && folders.contains(artifact.target.as_str());
    lock.artifacts.iter().filter(|(_, artifact)| own(artifact) || mixin(artifact)).collect()
}
