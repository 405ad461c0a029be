//! `overrides` of whole manifests: which of them reach which component.
//!
//! The overrides of a file apply to the components of the file and of everything it imports; overrides that arrive
//! through an import apply to what is imported after it. Every section of overrides counts once, at its last place: the
//! reference merges a section again for every file that passes it on, which a list strategy of `append` makes visible.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::load::Files;
use super::merged::Variant;
use crate::value::Node;

/// The kinds of components that overrides of whole manifests know.
pub(crate) const KINDS: [&str; 2] = ["terraform", "helmfile"];

/// One section of overrides, by the place where it is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Layer {
    /// `overrides` of a file.
    Global(usize),
    /// `<kind>.overrides` of a file; the kind as its place in [`KINDS`].
    Kind(usize, usize),
    /// `components.<kind>.<name>.overrides` of a file.
    Component(usize, usize, Arc<str>),
}

/// Layers from weak to strong.
type Layers = Vec<Layer>;

/// The layers of each component, by kind and name.
pub(crate) type Reach = HashMap<(usize, Arc<str>), Layers>;

/// Layers for each of [`KINDS`].
type Both = [Layers; 2];

#[derive(Debug)]
struct Walked {
    inline: Both,
    imports: Both,
    reach: Reach,
}

/// File, how it is imported, and the overrides that its importers pass down.
type Key = (usize, Variant, Both, Both);

/// The walks done so far.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    done: Mutex<HashMap<Key, Arc<Walked>>>,
}

/// The overrides that reach each component of the manifest `index`. Only for manifests whose merge succeeded: imports
/// are taken as free of circles.
pub(crate) fn reach(files: &Files, memo: &Memo, index: usize) -> Reach {
    walk(files, memo, (index, Variant::default(), Both::default(), Both::default())).reach.clone()
}

/// The section that a layer stands for.
pub(crate) fn node<'a>(files: &'a Files, layer: &Layer) -> Option<&'a Node> {
    let document = |file: usize| files.list[file].document.as_ref().ok();
    match layer {
        Layer::Global(file) => document(*file)?.get("overrides"),
        Layer::Kind(file, kind) => document(*file)?.get_path([KINDS[*kind], "overrides"]),
        Layer::Component(file, kind, name) => {
            document(*file)?.get_path(["components", KINDS[*kind], name, "overrides"])
        }
    }
}

fn walk(files: &Files, memo: &Memo, key: Key) -> Arc<Walked> {
    if let Some(walked) = memo.done.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return walked.clone();
    }
    let (index, variant, passed_inline, passed_imports) = key.clone();
    let own = |layer: Layer| node(files, &layer).is_some_and(|node| !node.is_empty()).then_some(layer);
    let mut inline = Both::default();
    for (kind, passed) in passed_inline.into_iter().enumerate() {
        let layers = own(Layer::Global(index)).into_iter().chain(own(Layer::Kind(index, kind)));
        inline[kind] = last_place(layers.chain(passed));
    }
    let mut imports = passed_imports;
    let mut reach = Reach::new();
    let file = &files.list[index];
    for entry in file.imports.iter().flatten() {
        // All files of one pattern see the overrides of earlier entries only, not those of each other.
        let seen = imports.clone();
        for imported in &entry.files {
            let child = walk(files, memo, (*imported, variant.through(entry), inline.clone(), seen.clone()));
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
        let components = file.document.as_ref().ok().and_then(|node| node.get_path(["components", name]));
        for (component, _) in components.and_then(Node::as_map).into_iter().flatten() {
            let key = (kind, component.clone());
            if all.is_empty() {
                add(&mut reach, &key, own(Layer::Component(index, kind, component.clone())));
            } else {
                add(&mut reach, &key, all.iter().cloned());
            }
        }
    }
    let walked = Arc::new(Walked { inline, imports, reach });
    memo.done.lock().unwrap_or_else(PoisonError::into_inner).insert(key, walked.clone());
    walked
}

fn add(reach: &mut Reach, component: &(usize, Arc<str>), layers: impl IntoIterator<Item = Layer>) {
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
