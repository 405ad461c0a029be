//! Guard rails that are lists: whom and which accounts a scope allows. A strategy that puts lists together would widen what
//! a later layer narrows, so its own list stands. A list that is tagged (`!append`) says itself what it does.

use std::sync::Arc;

use crate::merge::ListStrategy;
use crate::value::Node;

/// Guard rails that are lists.
const LISTS: [&str; 2] = ["allowed_identities", "expected_account"];

/// Keys of a manifest below which a whole kind of components has its sections.
const KINDS: [&str; 6] = ["terraform", "helmfile", "packer", "ansible", "kubernetes", "helm"];

/// Puts the word of an `auth` section, merged as the last one, in place of lists that the strategy put together.
pub(crate) fn keep_narrow(merged: &mut Node, layer: &Node, strategy: ListStrategy) {
    if strategy == ListStrategy::Replace {
        return;
    }
    for key in LISTS {
        if let Some(own) = layer.get(key).filter(|own| own.as_list().is_some()) {
            merged.make_map().insert(Arc::from(key), own.clone());
        }
    }
}

/// The same for every `auth` section of a manifest.
pub(super) fn keep_narrow_everywhere(merged: &mut Node, manifest: &Node, strategy: ListStrategy) {
    if strategy == ListStrategy::Replace {
        return;
    }
    keep(merged, manifest, &[], strategy);
    for kind in KINDS {
        keep(merged, manifest, &[kind], strategy);
    }
    let kinds = manifest.get("components").and_then(Node::as_map).into_iter().flatten();
    for (kind, components) in kinds {
        for name in components.as_map().into_iter().flat_map(|components| components.keys()) {
            keep(merged, manifest, &["components", kind, name], strategy);
        }
    }
}

/// The sections of one scope: its own and that of its `overrides`.
fn keep(merged: &mut Node, manifest: &Node, scope: &[&str], strategy: ListStrategy) {
    for below in [&["auth"][..], &["overrides", "auth"]] {
        let path = || scope.iter().chain(below).copied();
        let has_list = |auth: &&Node| LISTS.iter().any(|key| auth.get(key).is_some());
        if let Some(layer) = manifest.get_path(path()).filter(has_list)
            && merged.get_path(path()).is_some_and(|auth| auth.as_map().is_some())
        {
            let slot = path().fold(merged as &mut Node, |node, key| node.make_map().entry(Arc::from(key)).or_default());
            keep_narrow(slot, layer, strategy);
        }
    }
}
