//! All stacks of a repository.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::error::Error;
use super::import::EXTENSIONS;
use super::load::{self, Files};
use super::merged::{Document, Memo, Merger, Variant};
use super::overrides::{self, Reach};
use crate::config::Config;
use crate::host::Host;
use crate::merge::{ListStrategy, merge_all};
use crate::value::Node;

/// A top-level manifest. Its merge is done at the first demand and kept.
#[derive(Debug)]
pub struct Stack {
    /// Manifest key: path relative to `stacks.base_path` without `.yaml` or `.yml`.
    pub key: Arc<str>,
    pub path: PathBuf,
    file: usize,
    document: OnceLock<Result<Arc<Document>, Error>>,
    overrides: OnceLock<Reach>,
}

/// Every manifest that can be reached from the included ones, parsed; stacks merged on demand.
#[derive(Debug)]
pub struct StackIndex {
    host: Host,
    files: Files,
    stacks: Vec<Stack>,
    strategy: ListStrategy,
    merges: Memo,
    walks: overrides::Memo,
}

impl StackIndex {
    /// Discovers the manifests and reads them with everything they import, each file once.
    ///
    /// # Errors
    /// An invalid pattern in `stacks.included_paths`, or no manifest at all. What is wrong in single files is reported
    /// by [`StackIndex::document`] of the stacks that need them.
    pub fn load(host: &Host, config: &Config) -> Result<StackIndex, Error> {
        let manifests = load::discover(config)?;
        let paths: Vec<PathBuf> = manifests.iter().map(|(_, path)| path.clone()).collect();
        let files = Files::read(host, config, &paths);
        let stacks = manifests
            .into_iter()
            .filter_map(|(key, path)| {
                let file = files.index_of(&path)?;
                Some(Stack { key, path, file, document: OnceLock::new(), overrides: OnceLock::new() })
            })
            .collect();
        Ok(StackIndex {
            host: host.clone(),
            files,
            stacks,
            strategy: config.settings.list_merge_strategy,
            merges: Memo::default(),
            walks: overrides::Memo::default(),
        })
    }

    /// The stacks, sorted by key.
    pub fn stacks(&self) -> &[Stack] {
        &self.stacks
    }

    /// Merges every stack, on all cores. Only a matter of time: [`StackIndex::document`] gives the results.
    pub fn merge_all_stacks(&self) {
        self.stacks.par_iter().for_each(|stack| drop(self.document(stack)));
    }

    /// The manifest merged with its imports.
    ///
    /// # Errors
    /// The first problem in the files of this stack, in the order of the imports.
    pub fn document(&self, stack: &Stack) -> Result<Arc<Document>, Error> {
        stack
            .document
            .get_or_init(|| {
                let merger =
                    Merger { host: &self.host, files: &self.files, memo: &self.merges, strategy: self.strategy };
                merger.merge(stack.file, Variant::default(), &mut Vec::new())
            })
            .clone()
    }

    /// The manifest as written, without its imports; an empty map when it could not be read.
    pub fn own(&self, stack: &Stack) -> Node {
        self.files.list[stack.file].document.clone().unwrap_or_else(|_| Node::empty_map())
    }

    /// Keys of all files that the stack imports, directly or not, sorted, each once.
    pub fn imports(&self, stack: &Stack) -> Vec<Arc<str>> {
        self.imported(stack).into_iter().map(|(key, _)| key).collect()
    }

    /// The files that the stack imports as they are written, sorted by key.
    pub fn imported(&self, stack: &Stack) -> Vec<(Arc<str>, Node)> {
        let Ok(document) = self.document(stack) else { return Vec::new() };
        let mut files: Vec<(Arc<str>, Node)> = document
            .imports
            .iter()
            .map(|index| &self.files.list[*index])
            .map(|file| (file.key.clone(), file.document.clone().unwrap_or_else(|_| Node::empty_map())))
            .collect();
        files.sort_by(|left, right| left.0.cmp(&right.0));
        files.dedup_by(|left, right| left.0 == right.0);
        files
    }

    /// The effective `overrides` of a component where manifests of the stack have overrides for all their components;
    /// `None` where only the component's own section counts.
    pub fn overrides(&self, stack: &Stack, kind: &str, component: &str) -> Option<Node> {
        let document = self.document(stack).ok().filter(|document| document.has_overrides)?;
        debug_assert!(document.node.as_map().is_some());
        let kind = overrides::KINDS.iter().position(|name| *name == kind)?;
        let reach = stack.overrides.get_or_init(|| overrides::reach(&self.files, &self.walks, stack.file));
        let layers = reach.get(&(kind, Arc::from(component))).filter(|layers| !layers.is_empty())?;
        let nodes: Vec<&Node> = layers.iter().filter_map(|layer| overrides::node(&self.files, layer)).collect();
        // A value of another type than map is the component's own, and its problem to report.
        match nodes.iter().find(|node| node.as_map().is_none()) {
            Some(wrong) => Some((*wrong).clone()),
            None => Some(merge_all(nodes, self.strategy)),
        }
    }

    /// The stack whose file a path names: `text` holds a `/` and is the end of the path of a manifest.
    pub fn by_path(&self, text: &str) -> Option<&Stack> {
        if text.find('/').is_none_or(|slash| slash == 0) {
            return None;
        }
        self.stacks.iter().find(|stack| {
            let path = stack.path.to_string_lossy();
            let ends = |suffix: &str| path.ends_with(&format!("{text}{suffix}"));
            ends("") && Path::new(text).extension().is_some() || EXTENSIONS.iter().any(|extension| ends(extension))
        })
    }

    /// Whether a file of the stack, imported ones included, has a component of this name. Looks at the files as they are
    /// written, so that it also knows of stacks that cannot be merged.
    pub fn mentions(&self, stack: &Stack, component: &str) -> bool {
        let mut seen = vec![false; self.files.list.len()];
        let mut open = vec![stack.file];
        while let Some(index) = open.pop() {
            if std::mem::replace(&mut seen[index], true) {
                continue;
            }
            let file = &self.files.list[index];
            let kinds = file.document.as_ref().ok().and_then(|document| document.get("components"));
            if kinds
                .and_then(Node::as_map)
                .is_some_and(|kinds| kinds.values().any(|kind| kind.get(component).is_some()))
            {
                return true;
            }
            open.extend(file.imports.iter().flatten().flat_map(|entry| &entry.files));
        }
        false
    }

    /// Lists of one component are merged with this strategy unless its settings say otherwise.
    pub fn strategy(&self) -> ListStrategy {
        self.strategy
    }
}
