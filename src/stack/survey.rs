//! Everything that is wrong with the manifests of a repository, and what all of them say: for validation, which does not
//! stop at the first problem.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::error::Error;
use super::file::{self, Entry, File, Id, Manifest, Origin};
use super::frame::Frame;
use super::import;
use super::index::StackIndex;
use super::merged::{Document, Merger, Paths};
use crate::diag::Remark;
use crate::merge::{Conflict, conflicts};
use crate::value::Node;

/// What a look at all manifests gave.
#[derive(Debug, Default)]
pub struct Survey {
    /// Each problem once, where it was met first.
    pub errors: Vec<Error>,
    pub remarks: Vec<Remark>,
    /// Every manifest that can be used, as it is written or as it was rendered.
    pub manifests: Vec<Surveyed>,
}

/// One manifest without what it imports.
#[derive(Debug)]
pub struct Surveyed {
    /// Path below the base path of the stacks, with extension.
    pub file: String,
    pub node: Node,
    /// A stack has it.
    pub used: bool,
}

impl StackIndex {
    /// Looks at the manifests of all stacks and at everything that they import, then at `others` that nothing imports.
    pub fn survey(&self, others: &[PathBuf]) -> Survey {
        self.merge_all_stacks();
        let mut walk = Walk::new(self);
        for stack in self.stacks() {
            match self.document(stack) {
                Ok(document) => walk.collect(&document),
                Err(error) if error.is_limit() => walk.errors.push(error),
                Err(_) => walk.top(stack.file),
            }
        }
        walk.others(others);
        walk.finish()
    }
}

struct Walk<'a> {
    index: &'a StackIndex,
    merger: Merger<'a>,
    errors: Vec<Error>,
    /// Manifests that were looked at one by one because something in them is wrong.
    seen: HashSet<(usize, Frame)>,
    /// Numbers of the files that were met.
    reached: HashSet<usize>,
    manifests: Vec<Arc<Manifest>>,
    known: HashSet<Id>,
    documents: Vec<Arc<Document>>,
    merged: HashSet<usize>,
    /// How many of the manifests stacks have.
    used: usize,
}

impl<'a> Walk<'a> {
    fn new(index: &'a StackIndex) -> Walk<'a> {
        Walk {
            index,
            merger: index.merger(),
            errors: Vec::new(),
            seen: HashSet::new(),
            reached: HashSet::new(),
            manifests: Vec::new(),
            known: HashSet::new(),
            documents: Vec::new(),
            merged: HashSet::new(),
            used: 0,
        }
    }

    /// A manifest that could be merged: nothing below it is wrong.
    fn collect(&mut self, document: &Arc<Document>) {
        if !self.merged.insert(document.number) {
            return;
        }
        self.keep(&document.own);
        self.documents.push(document.clone());
        for child in document.children.iter().flatten() {
            self.collect(child);
        }
    }

    fn keep(&mut self, manifest: &Arc<Manifest>) {
        self.reached.insert(manifest.id.0);
        if self.known.insert(manifest.id) {
            self.manifests.push(manifest.clone());
        }
    }

    fn top(&mut self, file: usize) {
        let frame = self.merger.top_frame();
        self.look(file, frame, &Paths::new(None, &[], self.merger.merging), &mut Vec::new());
    }

    fn report(&mut self, error: Error, trail: &[usize]) {
        let files: Vec<Arc<File>> = trail.iter().map(|file| self.merger.files.get(*file)).collect();
        self.errors.push(error.with_chain(&files.iter().map(|file| file.relative.as_str()).collect::<Vec<_>>()));
    }

    /// A manifest with something wrong in it, or in what it imports: every part of it, as far as each can be used.
    fn look(&mut self, number: usize, frame: Frame, paths: &Paths<'_>, trail: &mut Vec<usize>) {
        self.reached.insert(number);
        if !self.seen.insert((number, frame)) {
            return;
        }
        trail.push(number);
        self.look_inside(number, frame, paths, trail);
        trail.pop();
    }

    fn look_inside(&mut self, number: usize, frame: Frame, paths: &Paths<'_>, trail: &mut Vec<usize>) {
        let file = self.merger.files.get(number);
        let manifest = match self.merger.manifest(&file, frame) {
            Ok(manifest) => manifest,
            Err(error) => return self.report(error, trail),
        };
        let own = match &manifest.document {
            Ok(own) => own,
            Err(error) => return self.report(error.clone(), trail),
        };
        self.keep(&manifest);
        for error in self.merger.faults(&file, own) {
            self.report(error, trail);
        }
        let mut before: Vec<Arc<Document>> = Vec::new();
        for entry in self.entries(&file, &manifest, own, trail).iter() {
            let paths = Paths::new(Some(paths), &before, self.merger.merging);
            let documents = self.look_at_entry(&file, entry, frame, &paths, trail);
            before.extend(documents);
        }
    }

    /// The entries that are in order; the others are reported.
    fn entries(&mut self, file: &File, manifest: &Manifest, own: &Node, trail: &[usize]) -> Arc<Vec<Entry>> {
        if let Ok(entries) = &manifest.imports {
            return entries.clone();
        }
        let (host, layout) = (self.merger.host, self.merger.layout);
        let mut entries = Vec::new();
        for parsed in import::parse_each(own, &file.relative, &host.sources) {
            match parsed {
                Ok(import) => entries.push(file::entry(host, layout, import, file.base.as_ref())),
                Err(error) => self.report(error, trail),
            }
        }
        Arc::new(entries)
    }

    /// The documents behind one entry that can be used.
    fn look_at_entry(
        &mut self,
        file: &File,
        entry: &Entry,
        frame: Frame,
        paths: &Paths<'_>,
        trail: &mut Vec<usize>,
    ) -> Vec<Arc<Document>> {
        let targets = match self.merger.targets(file, entry, paths) {
            Ok(targets) => targets.files.into_owned(),
            Err(error) => {
                self.report(error, trail);
                return Vec::new();
            }
        };
        let inner = match self.merger.through(file, entry, frame) {
            Ok(inner) => inner,
            Err(error) => {
                self.report(error, trail);
                return Vec::new();
            }
        };
        let mut documents = Vec::new();
        for imported in targets {
            if let Err(error) = self.merger.check_circle(imported, file, entry, trail) {
                self.report(error, trail);
                continue;
            }
            match self.merger.merge(imported, inner, paths, trail) {
                Ok(document) => {
                    self.collect(&document);
                    documents.push(document);
                }
                Err(error) if error.is_limit() => self.report(error, trail),
                Err(_) => self.look(imported, inner, paths, trail),
            }
        }
        documents
    }

    /// Manifests that no stack imports: those that import others first, so that what they import is looked at through
    /// them.
    fn others(&mut self, paths: &[PathBuf]) {
        self.used = self.manifests.len();
        let (host, layout, files) = (self.merger.host, self.merger.layout, self.merger.files);
        let origins = paths.iter().map(|path| Origin::local(path.clone())).collect();
        let mut open = files.at_origins(host, layout, origins);
        open.retain(|number| !self.reached.contains(number));
        let imports = |number: &usize| -> Vec<usize> {
            let file = files.get(*number);
            let entries = file.written.imports.as_ref().map(Arc::clone).unwrap_or_default();
            entries.iter().flat_map(|entry| files.of_entry(host, layout, entry).to_vec()).collect()
        };
        let imported: HashSet<usize> = open.iter().flat_map(imports).collect();
        let (later, first): (Vec<usize>, Vec<usize>) = open.into_iter().partition(|number| imported.contains(number));
        for number in first.into_iter().chain(later) {
            if self.reached.contains(&number) {
                continue;
            }
            match self.merger.top(number) {
                Ok(document) => self.collect(&document),
                Err(error) if error.is_limit() => self.errors.push(error),
                Err(_) => self.top(number),
            }
        }
    }

    fn finish(self) -> Survey {
        let mut remarks: Vec<Remark> = self
            .documents
            .par_iter()
            .flat_map_iter(|document| {
                let own = document.own.document.as_ref().ok();
                let layers: Vec<&Node> =
                    document.children.iter().flatten().map(|child| &child.node).chain(own).collect();
                let mut found = Vec::new();
                conflicts(&layers, &mut Vec::new(), &mut found);
                found.into_iter().map(|conflict| conflict_remark(&conflict, ""))
            })
            .collect();
        let base = self.merger.layout.base.as_path();
        for manifest in &self.manifests {
            let Ok(entries) = &manifest.imports else { continue };
            remarks.extend(entries.iter().filter_map(|entry| overlooked(entry, base)));
        }
        let named = |(at, manifest): (usize, &Arc<Manifest>)| {
            let node = manifest.document.as_ref().ok()?.clone();
            Some(Surveyed { file: self.index.file_name(manifest.id.0), node, used: at < self.used })
        };
        let manifests = self.manifests.iter().enumerate().filter_map(named).collect();
        Survey { errors: self.errors, remarks, manifests }
    }
}

/// Says that a value of one kind replaces one of another kind.
pub(crate) fn conflict_remark(conflict: &Conflict, prefix: &str) -> Remark {
    let an = |name: &str| if name == "integer" { format!("an {name}") } else { format!("a {name}") };
    let (below, above) = (an(conflict.below.1), an(conflict.above.1));
    let message =
        format!("`{prefix}{}` is {above} here and {below} in a weaker layer; the later value wins", conflict.path);
    Remark::new("atmos::stack::type_conflict", conflict.above.0, message)
        .help("give both values the same type, or remove the weaker one")
        .also(conflict.below.0, "the weaker value")
}

/// A pattern without extension means `.yaml` only: says which other manifests it passes over.
fn overlooked(entry: &Entry, base: &Path) -> Option<Remark> {
    let more = import::overlooked(&entry.import, entry.base.as_deref().unwrap_or(base));
    let first = more.first()?.file_name()?.to_string_lossy().into_owned();
    let others = if more.len() > 1 { format!(" and {} more", more.len() - 1) } else { String::new() };
    let message =
        format!("the pattern '{}' takes `.yaml` files only: '{first}'{others} is left out", entry.import.written);
    Some(
        Remark::new("atmos::stack::pattern_extension", entry.import.span, message)
            .help("write the extension into the pattern, or rename the file"),
    )
}
