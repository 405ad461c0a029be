//! File merge: a manifest with everything that it imports, deep-merged in the order of the imports.
//!
//! The merge of a file depends on the file, on what it imports, and on the frame where templates are involved: so it is
//! done once for each frame (once at all without templates) and shared by every stack that imports it. What depends on
//! the importing stack alone, the scope of `overrides`, is kept apart.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::error::{Error, section_error};
use super::file::{File, Manifest};
use super::frame::{Frame, Merging, Pool};
use super::load::{Files, Layout};
use super::narrow::keep_narrow_everywhere;
use super::render;
use super::strict::put;
use crate::host::Host;
use crate::merge::{ListStrategy, appended, has_appends, is_unset, merge_all, merge_into};
use crate::value::{Map, Node};

/// Merges that one repository may need: imports with ever new contexts could go on without end.
const MERGES: usize = 500_000;
/// Manifests that contexts may make of those that one stack imports: where each import gives two contexts to the next,
/// they double. The count depends on the stack alone, so that all commands say the same.
const FRAMES: usize = 20_000;

/// A manifest merged with its imports.
#[derive(Debug)]
pub struct Document {
    /// Tells documents apart; says nothing else.
    pub(crate) number: usize,
    /// Always a map.
    pub node: Node,
    /// The manifest alone, as written or as rendered.
    pub(crate) own: Arc<Manifest>,
    /// What each entry of `import` gave, in their order.
    pub(crate) children: Vec<Vec<Arc<Document>>>,
    /// Whether this file or an imported one has `overrides` for whole files.
    pub(crate) has_overrides: bool,
    /// Whether something in this file or an imported one is tagged `!append`.
    pub(crate) appends: bool,
    /// Whether the file was merged with what it imports: tags of lists that met no list are lists then.
    pub(crate) is_merged: bool,
    /// Whether another frame may give another document.
    by_frame: bool,
    /// At least as many as there are documents of that kind in this one, itself included.
    frames: usize,
    /// Whether a path of an import, here or further in, was rendered from what is imported before it.
    by_paths: bool,
}

/// File, frame, and values that paths of imports are rendered from; `None` where they do not matter.
type Key = (usize, Option<Frame>, Option<u32>);

#[derive(Debug, Clone)]
enum Known {
    Done(Arc<Document>),
    /// There is one document for each set of values that paths are rendered from.
    ByPaths,
}

/// The merges done so far.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    done: Mutex<HashMap<Key, Known>>,
    next: AtomicUsize,
}

impl Memo {
    fn get(&self, key: &Key) -> Option<Known> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// The document that is known for the file in the frame.
    fn find(&self, index: usize, frame: Frame, paths: &Paths<'_>, pool: &Pool) -> Option<Arc<Document>> {
        match self.get(&(index, None, None)).or_else(|| self.get(&(index, Some(frame), None)))? {
            Known::Done(document) => Some(document),
            Known::ByPaths => match self.get(&(index, Some(frame), Some(paths.number(pool)?)))? {
                Known::Done(document) => Some(document),
                Known::ByPaths => None,
            },
        }
    }

    /// Keeps a document; the one that another thread has kept before wins.
    fn keep(
        &self,
        index: usize,
        frame: Frame,
        paths: &Paths<'_>,
        pool: &Pool,
        document: Arc<Document>,
    ) -> Arc<Document> {
        let number = if document.by_paths { paths.number(pool) } else { None };
        if document.by_paths && number.is_none() {
            return document;
        }
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if document.by_paths {
            done.insert((index, Some(frame), None), Known::ByPaths);
        }
        let key = (index, document.by_frame.then_some(frame), number);
        match done.entry(key).or_insert(Known::Done(document.clone())) {
            Known::Done(first) => first.clone(),
            Known::ByPaths => document,
        }
    }
}

/// `settings`, `vars` and `env` of what was imported before an entry, for templates in the path of the entry. They are
/// merged only when there is one.
pub(crate) struct Paths<'p> {
    outer: Option<&'p Paths<'p>>,
    before: &'p [Arc<Document>],
    merging: Merging,
    value: OnceCell<Node>,
}

impl<'p> Paths<'p> {
    pub(crate) fn new(outer: Option<&'p Paths<'p>>, before: &'p [Arc<Document>], merging: Merging) -> Paths<'p> {
        Paths { outer, before, merging, value: OnceCell::new() }
    }

    pub(crate) fn value(&self) -> &Node {
        self.value.get_or_init(|| {
            let mut merged = self.outer.map_or_else(Node::empty_map, |outer| outer.value().clone());
            for document in self.before {
                let sections = ["settings", "vars", "env"].into_iter().filter_map(|key| {
                    let node = document.node.get(key).filter(|node| !node.is_null())?;
                    Some((Arc::from(key), node.clone()))
                });
                merge_into(&mut merged, &Node::from(sections.collect::<Map>()), self.merging.strategy);
            }
            merged
        })
    }

    fn number(&self, pool: &Pool) -> Option<u32> {
        pool.number(self.value())
    }
}

/// What a merge needs to know.
pub(crate) struct Merger<'a> {
    pub host: &'a Host,
    pub layout: &'a Layout,
    pub files: &'a Files,
    pub memo: &'a Memo,
    pub pool: &'a Pool,
    pub renderer: &'a render::Renderer,
    pub merging: Merging,
}

impl Merger<'_> {
    /// The merge of a top-level manifest and its imports.
    pub(crate) fn top(&self, index: usize) -> Result<Arc<Document>, Error> {
        let document = self.merge(index, self.top_frame(), &Paths::new(None, &[], self.merging), &mut Vec::new())?;
        Ok(self.finished(document))
    }

    /// The same, not kept for other stacks.
    pub(crate) fn passing(&self, index: usize) -> Result<Arc<Document>, Error> {
        let (frame, paths) = (self.top_frame(), Paths::new(None, &[], self.merging));
        if let Some(document) = self.memo.find(index, frame, &paths, self.pool) {
            return Ok(self.finished(document));
        }
        let document = self.merge_new(index, frame, &paths, &mut vec![index])?;
        Ok(self.finished(Arc::new(document)))
    }

    fn finished(&self, document: Arc<Document>) -> Arc<Document> {
        match without_unset(&document.node) {
            None => document,
            Some(node) => {
                let number = self.memo.next.fetch_add(1, Ordering::Relaxed);
                let (own, children) = (document.own.clone(), document.children.clone());
                Arc::new(Document { number, node, own, children, ..*document })
            }
        }
    }

    pub(crate) fn top_frame(&self) -> Frame {
        Frame { lenient: self.merging.lenient, ..Frame::default() }
    }

    /// The merge of a file and its imports. `trail` holds the files that led here, outermost first.
    pub(crate) fn merge(
        &self,
        index: usize,
        frame: Frame,
        paths: &Paths<'_>,
        trail: &mut Vec<usize>,
    ) -> Result<Arc<Document>, Error> {
        if let Some(document) = self.memo.find(index, frame, paths, self.pool) {
            return Ok(document);
        }
        trail.push(index);
        let document = self.merge_new(index, frame, paths, trail).map_err(|error| {
            let files: Vec<Arc<File>> = trail.iter().map(|file| self.files.get(*file)).collect();
            error.with_chain(&files.iter().map(|file| file.relative.as_str()).collect::<Vec<_>>())
        });
        trail.pop();
        Ok(self.memo.keep(index, frame, paths, self.pool, Arc::new(document?)))
    }

    fn merge_new(
        &self,
        index: usize,
        frame: Frame,
        paths: &Paths<'_>,
        trail: &mut Vec<usize>,
    ) -> Result<Document, Error> {
        let number = self.memo.next.fetch_add(1, Ordering::Relaxed);
        let file = self.files.get(index);
        if number > MERGES {
            return Err(Error::TooManyMerges { limit: MERGES, file: file.relative.clone() });
        }
        let manifest = self.manifest(&file, frame)?;
        let own = manifest.document.as_ref().map_err(Clone::clone)?;
        self.check_components(&file, own)?;
        self.check_locals(&file, own)?;
        let mut has_overrides = self.check_overrides(&file, own)?;
        let mut by_paths = false;
        let (mut before, mut children) = (Vec::new(), Vec::new());
        for entry in manifest.imports.as_ref().map_err(Clone::clone)?.iter() {
            let paths = Paths::new(Some(paths), &before, self.merging);
            let targets = self.targets(&file, entry, &paths)?;
            by_paths |= targets.by_paths;
            let mut group: Vec<Arc<Document>> = Vec::new();
            if !targets.files.is_empty() {
                let inner = self.through(&file, entry, frame)?;
                for imported in targets.files.iter().copied() {
                    self.check_circle(imported, &file, entry, trail)?;
                    group.push(self.merge(imported, inner, &paths, trail)?);
                }
            }
            before.extend(group.iter().cloned());
            children.push(group);
        }
        has_overrides |= before.iter().any(|child| child.has_overrides);
        by_paths |= before.iter().any(|child| child.by_paths);
        let by_frame = file.action.is_some() || by_paths || before.iter().any(|child| child.by_frame);
        let frames = if by_frame { Self::frames(&file, &before)? } else { 0 };
        let layers = || before.iter().map(|child| &child.node).chain([own]).filter(|layer| !layer.is_empty());
        let merged = self.fold(layers())?;
        // Known from the parts, since looking through the whole of every stack costs as much as merging it.
        let appends = has_appends(own) || before.iter().any(|child| child.appends);
        // A manifest that was merged with nothing keeps its marks, as in the reference.
        let is_merged = layers().nth(1).is_some();
        let node = if appends && is_merged { appended(&merged) } else { merged };
        Ok(Document {
            number,
            node,
            own: manifest,
            children,
            has_overrides,
            appends,
            is_merged,
            by_frame,
            frames,
            by_paths,
        })
    }

    /// How many documents of their own frame there are with `children` in them.
    fn frames(file: &File, children: &[Arc<Document>]) -> Result<usize, Error> {
        let sum = children.iter().fold(1, |sum: usize, child| sum.saturating_add(child.frames));
        if sum <= FRAMES {
            return Ok(sum);
        }
        // What is imported twice was counted twice.
        let (mut seen, mut open) = (HashSet::new(), children.iter().collect::<Vec<_>>());
        while let Some(document) = open.pop() {
            if !document.by_frame || !seen.insert(document.number) {
                continue;
            }
            if seen.len() >= FRAMES {
                let (limit, file) = (FRAMES, file.relative.clone());
                return Err(Error::TooManyFrames { limit, file, chain: String::new() });
            }
            open.extend(document.children.iter().flatten());
        }
        Ok(seen.len() + 1)
    }

    /// What is wrong with the sections of a file, as far as every manifest is checked for it.
    pub(crate) fn faults(&self, file: &File, own: &Node) -> Vec<Error> {
        let overrides = self.check_overrides(file, own).map(|_| ());
        let checks = [self.check_components(file, own), self.check_locals(file, own), overrides];
        checks.into_iter().filter_map(Result::err).collect()
    }

    /// The layers folded, lowest first.
    fn fold<'n>(&self, mut layers: impl Iterator<Item = &'n Node>) -> Result<Node, Error> {
        let (strategy, strict) = (self.merging.strategy, self.layout.engine.conflicts_are_errors);
        if !strict && strategy == ListStrategy::Replace {
            return Ok(merge_all(layers, strategy));
        }
        let sources = strict.then_some(&*self.host.sources);
        let mut merged = layers.next().cloned().unwrap_or_else(Node::empty_map);
        for layer in layers {
            put(&mut merged, layer, strategy, sources, "")?;
            keep_narrow_everywhere(&mut merged, layer, strategy);
        }
        Ok(merged)
    }

    /// What the file says in this frame.
    pub(crate) fn manifest(&self, file: &File, frame: Frame) -> Result<Arc<Manifest>, Error> {
        if file.is_rendered(frame) {
            let site = render::Site { host: self.host, layout: self.layout, pool: self.pool };
            self.renderer.manifest(site, file, frame)
        } else {
            Ok(file.written.clone())
        }
    }

    /// Components, and the components of the known kinds, are maps. Other keys may be whatever they are.
    fn check_components(&self, file: &File, own: &Node) -> Result<(), Error> {
        let Some(components) = own.get("components").filter(|node| !node.is_null() && !is_unset(node)) else {
            return Ok(());
        };
        let wrong = |phrase: &str, node: &Node| Err(section_error(phrase, &file.written.key, node, &self.host.sources));
        if components.as_map().is_none() {
            return wrong("invalid components section in file", components);
        }
        for kind in ["terraform", "helmfile", "packer", "ansible", "kubernetes", "helm"] {
            if let Some(node) =
                components.get(kind).filter(|node| node.as_map().is_none() && !node.is_null() && !is_unset(node))
            {
                return wrong(&format!("invalid components.{kind} section in file"), node);
            }
        }
        Ok(())
    }

    fn check_locals(&self, file: &File, own: &Node) -> Result<(), Error> {
        let scopes = [&["locals"][..], &["terraform", "locals"], &["helmfile", "locals"], &["packer", "locals"]];
        let mut found = scopes.iter().filter_map(|path| own.get_path(path.iter().copied()));
        match found.find(|node| node.as_map().is_none() && !is_unset(node)) {
            Some(wrong) => Err(section_error("locals must be a map in", &file.relative, wrong, &self.host.sources)),
            None => Ok(()),
        }
    }

    /// Whether the file has `overrides` for all its components. They must be maps.
    fn check_overrides(&self, file: &File, own: &Node) -> Result<bool, Error> {
        let wrong = |phrase: &str, node: &Node| Err(section_error(phrase, &file.relative, node, &self.host.sources));
        let mut found = false;
        for (path, phrase) in [
            (&["overrides"][..], "invalid overrides section in the stack manifest"),
            (&["terraform"], "invalid terraform section in the stack manifest"),
            (&["terraform", "overrides"], "invalid terraform overrides section in the stack manifest"),
            (&["helmfile"], "invalid helmfile section in the stack manifest"),
            (&["helmfile", "overrides"], "invalid helmfile overrides section in the stack manifest"),
        ] {
            let Some(node) = own.get_path(path.iter().copied()) else { continue };
            if is_unset(node) {
                continue;
            }
            let Some(map) = node.as_map() else { return wrong(phrase, node) };
            found |= path.last() == Some(&"overrides") && !map.is_empty();
        }
        Ok(found)
    }
}

/// The merged manifest without the sections of kinds, kinds of components and components that are `!unset`; `None` where
/// there are none. Sections that are layers of components keep their marks: those take away what lies below them.
fn without_unset(document: &Node) -> Option<Node> {
    const KINDS: [&str; 6] = ["terraform", "helmfile", "packer", "ansible", "kubernetes", "helm"];
    let is_gone = |node: &Node| is_unset(node);
    let kinds = document.get("components").and_then(Node::as_map);
    let below = kinds.into_iter().flat_map(Map::values);
    let components = below.clone().filter_map(Node::as_map).flat_map(Map::values);
    let top = KINDS.iter().copied().chain(["components"]).filter_map(|key| document.get(key));
    if !top.chain(below).chain(components).any(is_gone) {
        return None;
    }
    let kept = |map: &Map| -> Map {
        map.iter().filter(|(_, node)| !is_unset(node)).map(|(key, node)| (key.clone(), node.clone())).collect()
    };
    let mut map = document.as_map()?.clone();
    map.retain(|key, node| !(is_unset(node) && (KINDS.contains(&&**key) || &**key == "components")));
    if let Some(components) = map.get_mut("components").filter(|node| node.as_map().is_some()) {
        let mut kinds = kept(components.as_map()?);
        for kind in kinds.values_mut().filter(|kind| kind.as_map().is_some()) {
            *kind = Node::new(Node::from(kept(kind.as_map()?)).value, kind.span);
        }
        *components = Node::new(Node::from(kinds).value, components.span);
    }
    Some(Node::new(Node::from(map).value, document.span))
}
