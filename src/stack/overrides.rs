//! `overrides` of whole manifests: which of them reach which component.
//!
//! The overrides of a file apply to the components of the file and of everything it imports; overrides that arrive
//! through an import apply to what is imported after it. Every section of overrides counts once, at its last place: the
//! reference merges a section again for every file that passes it on, which a list strategy of `append` makes visible.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use super::file::{Id, Manifest};
use super::merged::Document;
use crate::merge::{ListStrategy, is_unset};
use crate::value::Node;

mod folded;

pub(crate) use folded::{Folded, folded};

/// The kinds of components that overrides of whole manifests know.
pub(crate) const KINDS: [&str; 2] = ["terraform", "helmfile"];

/// One section of overrides. The place where it is written says which one it is.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    place: Place,
    pub node: Node,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    /// `overrides` of a file.
    Global(Id),
    /// `<kind>.overrides` of a file; the kind as its place in [`KINDS`].
    Kind(Id, usize),
    /// `components.<kind>.<name>.overrides` of a file.
    Component(Id, usize, Arc<str>),
}

impl PartialEq for Layer {
    fn eq(&self, other: &Layer) -> bool {
        self.place == other.place
    }
}

impl Eq for Layer {}

impl Hash for Layer {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.place.hash(state);
    }
}

impl Layer {
    /// The section at a place of a manifest, unless it is empty.
    fn of(manifest: &Manifest, place: Place) -> Option<Layer> {
        let document = manifest.document.as_ref().ok()?;
        let node = match &place {
            Place::Global(_) => document.get("overrides"),
            Place::Kind(_, kind) => document.get_path([KINDS[*kind], "overrides"]),
            Place::Component(_, kind, name) => document.get_path(["components", KINDS[*kind], name, "overrides"]),
        };
        let node = node.filter(|node| !node.is_empty() && !is_unset(node))?.clone();
        Some(Layer { place, node })
    }
}

/// Where a layer stands in its file.
pub(crate) fn section(layer: &Layer) -> String {
    match &layer.place {
        Place::Global(_) => "overrides".to_owned(),
        Place::Kind(_, kind) => format!("{}.overrides", KINDS[*kind]),
        Place::Component(_, kind, name) => format!("components.{}.{name}.overrides", KINDS[*kind]),
    }
}

/// Whether it matters how often, and between which files, sections are merged: whoever takes every layer once gets another
/// list then. (Of `append` every section counts once by choice.)
pub(crate) fn needs_folding(document: &Document, strategy: ListStrategy) -> bool {
    match strategy {
        ListStrategy::Merge => true,
        ListStrategy::Replace => document.appends,
        ListStrategy::Append => false,
    }
}

/// Layers from weak to strong.
type Layers = Vec<Layer>;

/// Kind and name of a component; the kind as its place in [`KINDS`].
pub(crate) type Component = (usize, Arc<str>);

/// The layers of each component.
pub(crate) type Reach = HashMap<Component, Layers>;

/// Layers for each of [`KINDS`].
type Both = [Layers; 2];

#[derive(Debug)]
struct Walked {
    inline: Both,
    imports: Both,
    reach: Reach,
}

/// Number of the document, and the overrides that its importers pass down.
type Key = (usize, Both, Both);

/// The walks done so far.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    done: Mutex<HashMap<Key, Arc<Walked>>>,
}

/// The overrides that reach each component of a top-level manifest.
pub(crate) fn reach(memo: &Memo, document: &Document) -> Reach {
    walk(memo, document, Both::default(), Both::default()).reach.clone()
}

fn walk(memo: &Memo, document: &Document, passed_inline: Both, passed_imports: Both) -> Arc<Walked> {
    let key = (document.number, passed_inline.clone(), passed_imports.clone());
    if let Some(walked) = memo.done.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return walked.clone();
    }
    let manifest = &document.own;
    let id = manifest.id;
    let mut inline = Both::default();
    for (kind, passed) in passed_inline.into_iter().enumerate() {
        let own = [Place::Global(id), Place::Kind(id, kind)].into_iter();
        inline[kind] = last_place(own.filter_map(|place| Layer::of(manifest, place)).chain(passed));
    }
    let mut imports = passed_imports;
    let mut reach = Reach::new();
    for group in &document.children {
        // All files of one pattern see the overrides of earlier entries only, not those of each other.
        let seen = imports.clone();
        for imported in group {
            let child = walk(memo, imported, inline.clone(), seen.clone());
            for (kind, layers) in imports.iter_mut().enumerate() {
                let all = std::mem::take(layers).into_iter();
                *layers = last_place(
                    all.chain(child.imports[kind].iter().cloned()).chain(child.inline[kind].iter().cloned()),
                );
            }
            for (component, layers) in &child.reach {
                add(&mut reach, component, layers.iter().cloned());
            }
        }
    }
    for (kind, name) in KINDS.iter().enumerate() {
        let all = last_place(imports[kind].iter().chain(&inline[kind]).cloned());
        let components = manifest.document.as_ref().ok().and_then(|node| node.get_path(["components", name]));
        for (component, _) in components.and_then(Node::as_map).into_iter().flatten() {
            let key = (kind, component.clone());
            if all.is_empty() {
                add(&mut reach, &key, Layer::of(manifest, Place::Component(id, kind, component.clone())));
            } else {
                add(&mut reach, &key, all.iter().cloned());
            }
        }
    }
    let walked = Arc::new(Walked { inline, imports, reach });
    memo.done.lock().unwrap_or_else(PoisonError::into_inner).insert(key, walked.clone());
    walked
}

fn add(reach: &mut Reach, component: &Component, layers: impl IntoIterator<Item = Layer>) {
    let known = reach.remove(component).unwrap_or_default();
    reach.insert(component.clone(), last_place(known.into_iter().chain(layers)));
}

/// Every layer once, where it is last. For maps and scalars that gives what merging all of them gives: a layer that
/// comes again wins again with everything it has.
fn last_place(layers: impl IntoIterator<Item = Layer>) -> Layers {
    let mut kept: Layers = Vec::new();
    for layer in layers {
        kept.retain(|known| *known != layer);
        kept.push(layer);
    }
    kept
}
