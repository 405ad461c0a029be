//! What components of different stacks have in common. Most stacks import the same catalog, so that the same node is the
//! component, or the base of one, in many of them: it is read and merged once.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::chain::Chain;
use super::error::Error;
use super::inherit;
use super::own::Own;
use super::scope::Scope;
use crate::merge::ListStrategy;
use crate::value::{Node, Value};

/// Addresses of nodes, which are kept with what was made of them, so that no other node gets their place.
type Nodes = Vec<usize>;
type Known = HashMap<(Nodes, String, ListStrategy), (Vec<Node>, Arc<Own>), foldhash::fast::RandomState>;

/// What was read and merged so far.
#[derive(Debug, Default)]
pub(crate) struct Common {
    own: RwLock<Known>,
    bases: RwLock<Known>,
    nothing: Arc<Own>,
}

/// What a component has itself, see [`Own::read`].
pub(super) fn own(scope: &Scope<'_>, name: &str, component: &Node) -> Result<Arc<Own>, Error> {
    let read = || Own::read(scope, name, component).map(Arc::new);
    match scope.common {
        Some(common) => once(&common.own, scope, vec![component], ListStrategy::default(), read),
        None => read(),
    }
}

/// What a component inherits, see [`inherit::bases`].
pub(super) fn bases(scope: &Scope<'_>, name: &str, chain: &Chain, strategy: ListStrategy) -> Result<Arc<Own>, Error> {
    let merge = || inherit::bases(scope, name, chain, strategy).map(Arc::new);
    let Some(common) = scope.common else { return merge() };
    if chain.order.is_empty() {
        return Ok(common.nothing.clone());
    }
    let components = scope.components()?;
    let nodes = chain.order.iter().filter_map(|base| components?.get(base)).collect();
    once(&common.bases, scope, nodes, strategy, merge)
}

/// The result for these nodes, made once when all of them are nodes of other stacks, too. Errors name the component, and
/// are made anew.
fn once(
    known: &RwLock<Known>,
    scope: &Scope<'_>,
    nodes: Vec<&Node>,
    strategy: ListStrategy,
    make: impl FnOnce() -> Result<Arc<Own>, Error>,
) -> Result<Arc<Own>, Error> {
    let Some(places) = nodes.iter().map(|node| shared(node)).collect::<Option<Nodes>>() else { return make() };
    let key = (places, scope.kind.key().to_owned(), strategy);
    if let Some((_, own)) = known.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(own.clone());
    }
    let made = make()?;
    let kept = (nodes.into_iter().cloned().collect(), made.clone());
    known.write().unwrap_or_else(PoisonError::into_inner).insert(key, kept);
    Ok(made)
}

/// The address of a map that somebody else has, too.
fn shared(node: &Node) -> Option<usize> {
    match &node.value {
        Value::Map(map) if Arc::strong_count(map) > 1 => Some(Arc::as_ptr(map).addr()),
        _ => None,
    }
}
