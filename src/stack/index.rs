//! All stacks of a repository.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::beside::Known;
use super::error::Error;
use super::file::{File, Manifest};
use super::frame::{Merging, Pool};
use super::load::{self, Files, Layout};
use super::merged::{Document, Memo, Merger};
use super::overrides::{self, Folded, Reach, needs_folding};
use super::probe::Guesses;
use super::render::Renderer;
use super::versions::Versions;
use crate::config::Config;
use crate::host::Host;
use crate::merge::{ListStrategy, merge_all};
use crate::template::{self, Reads};
use crate::value::Node;

/// A top-level manifest. Its merge is done at the first demand and kept.
#[derive(Debug)]
pub struct Stack {
    /// Manifest key: path relative to `stacks.base_path` without `.yaml` or `.yml`.
    pub key: Arc<str>,
    pub path: PathBuf,
    pub(super) file: usize,
    document: OnceLock<Result<Arc<Document>, Error>>,
    imported: OnceLock<Imported>,
    overrides: OnceLock<Reach>,
    /// The same merged, where that is not the same as taking one layer after the other.
    folded: OnceLock<Folded>,
}

/// The files that a stack imports, sorted by key.
#[derive(Debug)]
struct Imported {
    manifests: Vec<Arc<Manifest>>,
    /// Shared by all components of the stack.
    keys: Arc<[Arc<str>]>,
}

/// Every manifest that can be reached from the included ones, parsed; stacks merged on demand.
#[derive(Debug)]
pub struct StackIndex {
    host: Host,
    pub(super) layout: Layout,
    pub(super) files: Files,
    stacks: Vec<Stack>,
    merging: Merging,
    pool: Pool,
    renderer: Renderer,
    merges: Memo,
    walks: overrides::Memo,
    /// What the files say of the names of their stacks.
    pub(super) guesses: OnceLock<Guesses>,
}

impl Stack {
    /// Number of its file.
    pub(super) fn file(&self) -> usize {
        self.file
    }
}

impl StackIndex {
    /// Discovers the manifests and reads them with everything they import, each file once.
    ///
    /// # Errors
    /// An invalid pattern in `stacks.included_paths`, or no manifest at all. What is wrong in single files is reported
    /// by [`StackIndex::document`] of the stacks that need them.
    pub fn load(host: &Host, config: &Config) -> Result<StackIndex, Error> {
        StackIndex::read(host, config, Layout::new(config))
    }

    /// Another tree of the same repository: manifests that are the same there are not parsed again.
    ///
    /// # Errors
    /// Those of [`StackIndex::load`].
    pub fn load_beside(host: &Host, config: &Config, other: &StackIndex) -> Result<StackIndex, Error> {
        let known = Some(Arc::new(Known::of(&other.files)));
        StackIndex::read(host, config, Layout { known, ..Layout::new(config) })
    }

    fn read(host: &Host, config: &Config, layout: Layout) -> Result<StackIndex, Error> {
        Ok(StackIndex::of(host, config, layout, load::discover(config)?))
    }

    /// The index of these manifests, by key and path.
    pub(super) fn of(host: &Host, config: &Config, layout: Layout, manifests: Vec<(Arc<str>, PathBuf)>) -> StackIndex {
        let paths: Vec<PathBuf> = manifests.iter().map(|(_, path)| path.clone()).collect();
        let files = Files::read(host, &layout, &paths);
        let stacks = manifests
            .into_iter()
            .filter_map(|(key, path)| {
                let file = files.index_of(&path)?;
                let (document, imported) = (OnceLock::new(), OnceLock::new());
                let (overrides, folded) = (OnceLock::new(), OnceLock::new());
                Some(Stack { key, path, file, document, imported, overrides, folded })
            })
            .collect();
        let renderer = Renderer::new(&layout);
        StackIndex {
            host: host.clone(),
            layout,
            files,
            stacks,
            merging: Merging {
                strategy: config.settings.list_merge_strategy,
                lenient: config.templates.ignore_missing_values,
            },
            pool: Pool::default(),
            renderer,
            merges: Memo::default(),
            walks: overrides::Memo::default(),
            guesses: OnceLock::new(),
        }
    }

    /// The files that were read at the start, by number.
    pub(super) fn files(&self) -> &[Arc<File>] {
        self.files.list()
    }

    /// The locked versions of the repository.
    pub fn versions(&self) -> &Versions {
        &self.layout.versions
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
        stack.document.get_or_init(|| self.merger().top(stack.file)).clone()
    }

    /// The same for those who need it once: nobody else gets it, and it goes with them.
    ///
    /// # Errors
    /// Those of [`StackIndex::document`].
    pub(crate) fn passing(&self, stack: &Stack) -> Result<Arc<Document>, Error> {
        match stack.document.get() {
            Some(known) => known.clone(),
            None => self.merger().passing(stack.file),
        }
    }

    pub(super) fn merger(&self) -> Merger<'_> {
        Merger {
            host: &self.host,
            layout: &self.layout,
            files: &self.files,
            memo: &self.merges,
            pool: &self.pool,
            renderer: &self.renderer,
            merging: self.merging,
        }
    }

    /// The manifest without its imports, as it was rendered; as written when it cannot be used, and an empty map when it
    /// could not be read.
    pub fn own(&self, stack: &Stack) -> Node {
        match self.document(stack) {
            Ok(document) => content(&document.own),
            Err(_) => content(&self.files.get(stack.file).written),
        }
    }

    /// Keys of all files that the stack imports, directly or not, sorted, each once.
    pub fn imports(&self, stack: &Stack) -> Arc<[Arc<str>]> {
        self.all_imported(stack).keys.clone()
    }

    /// The files that the stack imports, each without its own imports, sorted by key. A file that is imported with several
    /// contexts is there once for each, the last one first: it is the strongest.
    pub fn imported(&self, stack: &Stack) -> Vec<(Arc<str>, Node)> {
        self.manifests(stack).iter().map(|manifest| (manifest.key.clone(), content(manifest))).collect()
    }

    fn manifests<'s>(&self, stack: &'s Stack) -> &'s [Arc<Manifest>] {
        &self.all_imported(stack).manifests
    }

    fn all_imported<'s>(&self, stack: &'s Stack) -> &'s Imported {
        stack.imported.get_or_init(|| {
            let (mut seen, mut found) = (HashSet::new(), Vec::new());
            if let Ok(document) = self.document(stack) {
                collect(&document, &mut seen, &mut found);
            }
            found.reverse();
            found.sort_by(|left, right| left.key.cmp(&right.key));
            let mut keys: Vec<Arc<str>> = found.iter().map(|manifest| manifest.key.clone()).collect();
            keys.dedup();
            Imported { manifests: found, keys: keys.into() }
        })
    }

    /// The effective `overrides` of a component where manifests of the stack have overrides for all their components;
    /// `None` where only the component's own section counts.
    pub fn overrides(&self, stack: &Stack, kind: &str, component: &str) -> Option<Node> {
        let (document, key) = self.overridden(stack, kind, component)?;
        if needs_folding(&document, self.merging.strategy) {
            let folded = stack.folded.get_or_init(|| overrides::folded(&document, self.merging.strategy));
            return folded.get(&key).cloned();
        }
        let layers = self.reaching(stack, kind, component)?;
        let nodes: Vec<&Node> = layers.iter().map(|layer| &layer.node).collect();
        // A value of another type than map is the component's own, and its problem to report.
        match nodes.iter().find(|node| node.as_map().is_none()) {
            Some(wrong) => Some((*wrong).clone()),
            None => Some(merge_all(nodes, self.merging.strategy)),
        }
    }

    /// The sections of overrides that reach a component, from weak to strong.
    pub(super) fn reaching<'s>(&self, stack: &'s Stack, kind: &str, component: &str) -> Option<&'s [overrides::Layer]> {
        let (document, key) = self.overridden(stack, kind, component)?;
        let reach = stack.overrides.get_or_init(|| overrides::reach(&self.walks, &document));
        reach.get(&key).map(Vec::as_slice).filter(|layers| !layers.is_empty())
    }

    /// The document of a stack in which manifests have overrides, and what a component is called among those that they reach.
    fn overridden(&self, stack: &Stack, kind: &str, component: &str) -> Option<(Arc<Document>, overrides::Component)> {
        let document = self.document(stack).ok().filter(|document| document.has_overrides)?;
        debug_assert!(document.node.as_map().is_some());
        let kind = overrides::KINDS.iter().position(|name| *name == kind)?;
        Some((document, (kind, Arc::from(component))))
    }

    /// Path of a file below the base path of the stacks.
    pub(super) fn file_name(&self, index: usize) -> String {
        self.files.get(index).relative.clone()
    }

    /// The stack whose file a path names: `text` holds a `/` and is the end of the path of a manifest.
    pub fn by_path(&self, text: &str) -> Option<&Stack> {
        self.stacks.iter().find(|stack| load::is_end_of(text, &stack.path))
    }

    /// Whether a text that was read has one of the words.
    pub fn has_word(&self, words: &[&str]) -> bool {
        let finders: Vec<_> = words.iter().map(memchr::memmem::Finder::new).collect();
        let has = |text: &str| finders.iter().any(|finder| finder.find(text.as_bytes()).is_some());
        self.files.any(|file| file.text.as_deref().is_some_and(has))
    }

    /// Whether a file of the stack, imported ones included, has a component of this name. Looks at the files as they are
    /// written, so that it also knows of stacks that cannot be merged.
    pub fn mentions(&self, stack: &Stack, component: &str) -> bool {
        let mut seen = vec![false; self.files.len()];
        let mut open = vec![stack.file];
        while let Some(index) = open.pop() {
            if seen.get_mut(index).is_none_or(|seen| std::mem::replace(seen, true)) {
                continue;
            }
            let file = &self.files.list()[index].written;
            let kinds = file.document.as_ref().ok().and_then(|document| document.get("components"));
            if kinds
                .and_then(Node::as_map)
                .is_some_and(|kinds| kinds.values().any(|kind| kind.get(component).is_some()))
            {
                return true;
            }
            open.extend(
                file.imports.iter().flat_map(|entries| entries.iter()).filter_map(|entry| entry.files.get()).flatten(),
            );
        }
        false
    }

    /// Renders a text of the configuration or of a component, with the name that messages give it. Each text is compiled
    /// once.
    ///
    /// # Errors
    /// The text is no template, or cannot be rendered with this data.
    pub(crate) fn render_text(
        &self,
        name: &str,
        text: &Node,
        data: &Node,
        lenient: bool,
    ) -> Result<String, Arc<template::Error>> {
        self.renderer.text(&self.host, (name, text.span), text.as_str().unwrap_or_default(), data, lenient)
    }

    /// The same of a component's data, with whether a template in the result is data.
    pub(crate) fn render_marked(
        &self,
        name: &str,
        text: &Node,
        data: &Node,
    ) -> Result<(String, bool), Arc<template::Error>> {
        self.renderer.marked(&self.host, (name, text.span), text.as_str().unwrap_or_default(), data)
    }

    /// What a text reads of its data; `None` when it is no template.
    pub(crate) fn reads(&self, name: &str, text: &str) -> Option<Reads> {
        self.renderer.reads(&self.host, name, text)
    }

    /// Lists of one component are merged with this strategy unless its settings say otherwise.
    pub fn strategy(&self) -> ListStrategy {
        self.merging.strategy
    }
}

fn content(manifest: &Manifest) -> Node {
    manifest.document.clone().unwrap_or_else(|_| Node::empty_map())
}

/// Everything below a document, in the order in which it is imported.
fn collect(document: &Document, seen: &mut HashSet<usize>, found: &mut Vec<Arc<Manifest>>) {
    for child in document.children.iter().flatten() {
        if seen.insert(child.number) {
            found.push(child.own.clone());
            collect(child, seen, found);
        }
    }
}
