//! The merge of the bases of a component.

use super::auth_layers;
use super::chain::Chain;
use super::error::Error;
use super::own::Own;
use super::scope::Scope;
use super::section::Section;
use crate::merge::{ListStrategy, is_unset};
use crate::value::{Map, Node};

/// Keys of `metadata` that belong to one component and are never inherited.
const NOT_INHERITED: [&str; 2] = ["inherits", "type"];

/// Everything that the bases of `chain` give to `component`.
///
/// `strategy` is that of the component; a base whose settings ask for another one is merged with its own.
pub(crate) fn bases(scope: &Scope<'_>, component: &str, chain: &Chain, strategy: ListStrategy) -> Result<Own, Error> {
    let mut merged = Own::default();
    for name in &chain.order {
        let Some(node) = scope.component(name)? else { continue };
        let mut base = Own::read(scope, name, node)?;
        let level = scope.strategy(component, strategy, [base.bag.get(Section::Settings)])?;
        for section in Section::ALL {
            let Some(node) = base.bag.take(section) else { continue };
            let node = match section {
                Section::Metadata if !scope.config.stacks.inherit_metadata => continue,
                Section::Metadata => inherited_metadata(&node),
                Section::Source | Section::Provision if !scope.config.stacks.inherit_source => continue,
                _ => node,
            };
            let strategy = if section == Section::Secrets { scope.index.strategy() } else { level };
            // In place: with thousands of bases, copies of what was merged so far would be the work.
            let node = match merged.bag.take(section) {
                Some(mut weaker) => {
                    auth_layers::put(&mut weaker, &node, strategy, scope, section)?;
                    weaker
                }
                None => node,
            };
            merged.bag.set(section, node);
        }
        // The last base decides these, even one that does not set them: the reference does so, and state depends on it.
        merged.command = base.command;
        merged.backend_type = base.backend_type;
        merged.remote_state_backend_type = base.remote_state_backend_type;
        if !base.required_version.is_empty() {
            merged.required_version = base.required_version;
        }
        if !base.provider.is_empty() {
            merged.provider = base.provider;
        }
    }
    Ok(merged)
}

fn inherited_metadata(metadata: &Node) -> Node {
    if is_unset(metadata) {
        return metadata.clone();
    }
    let Some(map) = metadata.as_map() else { return Node::empty_map() };
    if !NOT_INHERITED.iter().any(|key| map.contains_key(*key)) {
        return metadata.clone();
    }
    let kept: Map = map
        .iter()
        .filter(|(key, _)| !NOT_INHERITED.contains(&&***key))
        .map(|(key, node)| (key.clone(), node.clone()))
        .collect();
    Node { span: metadata.span, ..Node::from(kept) }
}
