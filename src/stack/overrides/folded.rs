//! `overrides` of whole manifests, merged file by file as the reference merges them.
//!
//! Where lists merge item by item, or `!append` stands in a manifest, the result depends on which sections have met which
//! others on the way, and how often. So each file merges here what it says itself with what its importers pass down and
//! what its imports bring up, and every merge of more than one section settles `!append`.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Component, KINDS, Layer, Place};
use crate::merge::{ListStrategy, appended, merge_all};
use crate::stack::merged::Document;
use crate::value::Node;

/// The merged overrides of each component.
pub(crate) type Folded = HashMap<Component, Node>;

/// The overrides that reach each component of a top-level manifest, merged.
pub(crate) fn folded(document: &Document, strategy: ListStrategy) -> Folded {
    let mut folding = Folding { strategy, sums: HashMap::new(), done: HashMap::new() };
    folding.walk(document, &Pair::default(), &Pair::default()).components.clone()
}

/// What merging some sections gave. The number tells it from what other sections gave; 0 is nothing.
#[derive(Debug, Clone, Default, PartialEq)]
struct Sum {
    number: usize,
    node: Node,
}

/// Sums for each of [`KINDS`].
type Pair = [Sum; 2];

/// What a sum is made of.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Origin {
    Written(Place),
    Merged(Vec<usize>),
}

struct Walked {
    inline: Pair,
    imports: Pair,
    components: Folded,
}

struct Folding {
    strategy: ListStrategy,
    sums: HashMap<Origin, Sum>,
    /// By the number of the document and those of what its importers pass down.
    done: HashMap<(usize, [usize; 4]), Arc<Walked>>,
}

impl Folding {
    fn walk(&mut self, document: &Document, passed_inline: &Pair, passed_imports: &Pair) -> Arc<Walked> {
        let [a, b] = passed_inline;
        let [c, d] = passed_imports;
        let key = (document.number, [a.number, b.number, c.number, d.number]);
        if let Some(walked) = self.done.get(&key) {
            return walked.clone();
        }
        let id = document.own.id;
        let inline: Pair = [0, 1].map(|kind| {
            let own = [Place::Global(id), Place::Kind(id, kind)].map(|place| self.written(document, place));
            self.merge(&[&own[0], &own[1], &passed_inline[kind]])
        });
        let mut imports = passed_imports.clone();
        let mut parts: HashMap<Component, Vec<Node>> = HashMap::new();
        for group in &document.children {
            // All files of one pattern see the overrides of earlier entries only, not those of each other.
            let seen = imports.clone();
            for imported in group {
                let child = self.walk(imported, &inline, &seen);
                imports = [0, 1].map(|kind| self.merge(&[&imports[kind], &child.imports[kind], &child.inline[kind]]));
                for (component, node) in &child.components {
                    parts.entry(component.clone()).or_default().push(node.clone());
                }
            }
        }
        for (kind, name) in KINDS.iter().enumerate() {
            let all = self.merge(&[&imports[kind], &inline[kind]]);
            let components = document.own.document.as_ref().ok().and_then(|node| node.get_path(["components", name]));
            for (component, _) in components.and_then(Node::as_map).into_iter().flatten() {
                let own = || Layer::of(&document.own, Place::Component(id, kind, component.clone()));
                let node = if all.number == 0 { own().map(|layer| layer.node) } else { Some(all.node.clone()) };
                parts.entry((kind, component.clone())).or_default().extend(node);
            }
        }
        let fold = |nodes: Vec<Node>| {
            let node = merge_all(&nodes, self.strategy);
            if document.is_merged { appended(&node) } else { node }
        };
        let parts = parts.into_iter().filter(|(_, nodes)| !nodes.is_empty());
        let components = parts.map(|(component, nodes)| (component, fold(nodes))).collect();
        let walked = Arc::new(Walked { inline, imports, components });
        self.done.insert(key, walked.clone());
        walked
    }

    /// The section at a place of a manifest.
    fn written(&mut self, document: &Document, place: Place) -> Sum {
        let Some(layer) = Layer::of(&document.own, place) else { return Sum::default() };
        self.keep(Origin::Written(layer.place), |_| layer.node)
    }

    /// Sections from weak to strong as one. One alone keeps its tags.
    fn merge(&mut self, parts: &[&Sum]) -> Sum {
        let parts: Vec<&Sum> = parts.iter().copied().filter(|part| part.number != 0).collect();
        match parts[..] {
            [] => Sum::default(),
            [only] => only.clone(),
            _ => self.keep(Origin::Merged(parts.iter().map(|part| part.number).collect()), |strategy| {
                appended(&merge_all(parts.iter().map(|part| &part.node), strategy))
            }),
        }
    }

    fn keep(&mut self, origin: Origin, node: impl FnOnce(ListStrategy) -> Node) -> Sum {
        let number = self.sums.len() + 1;
        let strategy = self.strategy;
        self.sums.entry(origin).or_insert_with(|| Sum { number, node: node(strategy) }).clone()
    }
}
