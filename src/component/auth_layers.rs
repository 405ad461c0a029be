//! What the layers of `auth` and of `settings.auth` do to each other that no other section wants: a date hides nobody, and
//! a narrower guard rail is not widened by the strategy for lists. Row 6.

use std::sync::Arc;

use super::error::Error;
use super::scope::Scope;
use super::section::Section;
use crate::auth::setting;
use crate::merge::{ListStrategy, merge_into};
use crate::span::Sources;
use crate::stack::{self, keep_narrow};
use crate::value::{Map, Node, Value};

/// Maps below `settings.auth` in which a date may stand: `identity`, and its entries by operation.
const DEPTH: usize = 2;

/// Puts a layer of a section over a weaker one.
///
/// # Errors
/// Where the repository asks for it, another shape in place of a value.
pub(super) fn put(
    target: &mut Node,
    over: &Node,
    strategy: ListStrategy,
    scope: &Scope<'_>,
    section: Section,
) -> Result<(), Error> {
    if section == Section::Settings
        && let Some(layers) = below_dates(&[target, over], &scope.host.sources)
    {
        *target = layers.into_iter().next().unwrap_or_default();
    }
    stack::put(target, over, strategy, scope.strict(), section.key())?;
    if section == Section::Auth {
        keep_narrow(target, over, strategy);
    }
    Ok(())
}

/// The `auth` section of one layer, with a text for what was written as a date: the empty map that a manifest reads
/// there would go unseen in the merge, and the identity of a wider scope would count.
pub(super) fn with_dates(layer: &Node, sources: &Sources) -> Node {
    let is_date = |node: &Node| setting::is_date(node, sources);
    let text = |node: &Node| Node::new(Value::String("a date".into()), node.span);
    if is_date(layer) {
        return text(layer);
    }
    let identities = || layer.get("identities");
    let entries = || identities().and_then(Node::as_map).into_iter().flatten().filter(|(_, entry)| is_date(entry));
    let dated = identities().is_some_and(is_date);
    if !dated && entries().next().is_none() {
        return layer.clone();
    }
    let mut found = layer.clone();
    let texts: Vec<_> = entries().map(|(name, entry)| (name.clone(), text(entry))).collect();
    if let Some(identities) = found.make_map().get_mut("identities") {
        if dated {
            *identities = text(identities);
        } else {
            identities.make_map().extend(texts);
        }
    }
    found
}

/// The `settings` of the layers, weakest first, without what a date in a later one stands over: the date is found where
/// it is read, and nobody is who a wider scope names instead.
pub(super) fn below_dates(layers: &[&Node], sources: &Sources) -> Option<Vec<Node>> {
    let is_dated = |layer: &&Node| layer.get("auth").is_some_and(|auth| has_date(auth, DEPTH, sources));
    if !layers.iter().skip(1).any(is_dated) {
        return None;
    }
    let without = |(at, layer): (usize, &&Node)| {
        let later = layers[at + 1..].iter().filter_map(|later| later.get("auth"));
        later.fold((*layer).clone(), |mut found, over| {
            if let Some(auth) = found.get("auth").cloned() {
                let key = Arc::from("auth");
                match uncovered(&auth, over, DEPTH, sources) {
                    Some(left) => drop(found.make_map().insert(key, left)),
                    None => drop(found.make_map().shift_remove("auth")),
                }
            }
            found
        })
    };
    Some(layers.iter().enumerate().map(without).collect())
}

fn has_date(node: &Node, deep: usize, sources: &Sources) -> bool {
    setting::is_date(node, sources)
        || deep > 0 && node.as_map().is_some_and(|map| map.values().any(|value| has_date(value, deep - 1, sources)))
}

/// What is left of a value below another one; nothing where that is a date.
fn uncovered(below: &Node, over: &Node, deep: usize, sources: &Sources) -> Option<Node> {
    if setting::is_date(over, sources) {
        return None;
    }
    let (Some(lower), Some(upper)) = (below.as_map(), over.as_map().filter(|_| deep > 0)) else {
        return Some(below.clone());
    };
    let entry = |(key, value): (&Arc<str>, &Node)| match upper.get(key) {
        Some(over) => uncovered(value, over, deep - 1, sources).map(|left| (key.clone(), left)),
        None => Some((key.clone(), value.clone())),
    };
    Some(Node::new(Value::Map(Arc::new(lower.iter().filter_map(entry).collect::<Map>())), below.span))
}

/// The `auth` sections of layers, weakest first, merged.
pub(super) fn merged<'a>(layers: impl IntoIterator<Item = &'a Node>, strategy: ListStrategy) -> Node {
    let mut layers = layers.into_iter().filter(|layer| !layer.is_null());
    let Some(mut merged) = layers.next().cloned() else { return Node::empty_map() };
    for layer in layers {
        merge_into(&mut merged, layer, strategy);
        keep_narrow(&mut merged, layer, strategy);
    }
    merged
}
