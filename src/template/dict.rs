//! Maps at run time: those of the data, shared, and those that functions make, which `set` and `unset` change in
//! place.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::list::Elem;
use super::value::Val;
use crate::value::{Map, Node};

/// A map with string keys. Cloning shares it.
#[derive(Clone)]
pub struct Dict(Kind);

#[derive(Clone)]
enum Kind {
    /// A map of the data. It never changes; [`Call::writable`](super::function::Call::writable) gives what can.
    Nodes(Arc<Map>),
    Made(Arc<Made>),
}

struct Made {
    elem: Elem,
    entries: RwLock<BTreeMap<Arc<str>, Val>>,
}

impl Made {
    fn take(&mut self) -> Vec<Val> {
        let entries = self.entries.get_mut().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(entries).into_values().collect()
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        super::value::release(self.take());
    }
}

/// Never the entries: a map can hold itself.
impl std::fmt::Debug for Dict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dict({})", self.len())
    }
}

impl Dict {
    pub fn new(entries: BTreeMap<Arc<str>, Val>) -> Dict {
        Dict::typed(Elem::Any, entries)
    }

    /// A map whose Go type is not `map[string]interface {}`. The values must be of that type.
    pub fn typed(elem: Elem, entries: BTreeMap<Arc<str>, Val>) -> Dict {
        Dict(Kind::Made(Arc::new(Made { elem, entries: RwLock::new(entries) })))
    }

    pub fn elem(&self) -> Elem {
        match &self.0 {
            Kind::Nodes(_) => Elem::Any,
            Kind::Made(made) => made.elem,
        }
    }

    pub fn len(&self) -> usize {
        match &self.0 {
            Kind::Nodes(map) => map.len(),
            Kind::Made(made) => made.entries.read().unwrap_or_else(PoisonError::into_inner).len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, key: &str) -> Option<Val> {
        match &self.0 {
            Kind::Nodes(map) => map.get(key).map(Val::from),
            Kind::Made(made) => made.entries.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned(),
        }
    }

    pub fn contains(&self, key: &str) -> bool {
        match &self.0 {
            Kind::Nodes(map) => map.contains_key(key),
            Kind::Made(made) => made.entries.read().unwrap_or_else(PoisonError::into_inner).contains_key(key),
        }
    }

    /// Keys in bytewise order.
    pub fn keys(&self) -> Vec<Arc<str>> {
        match &self.0 {
            Kind::Nodes(map) => {
                let mut keys: Vec<_> = map.keys().cloned().collect();
                keys.sort_unstable();
                keys
            }
            Kind::Made(made) => made.entries.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect(),
        }
    }

    /// Entries in bytewise order of their keys: a copy of the pointers, so that the map may change meanwhile.
    pub fn entries(&self) -> Vec<(Arc<str>, Val)> {
        match &self.0 {
            Kind::Nodes(map) => {
                let mut entries: Vec<(&Arc<str>, &Node)> = map.iter().collect();
                entries.sort_unstable_by_key(|(key, _)| *key);
                entries.into_iter().map(|(key, node)| (key.clone(), Val::from(node))).collect()
            }
            Kind::Made(made) => {
                let entries = made.entries.read().unwrap_or_else(PoisonError::into_inner);
                entries.iter().map(|(key, val)| (key.clone(), val.clone())).collect()
            }
        }
    }

    /// The map of the data that this is, if it is one.
    pub fn as_nodes(&self) -> Option<&Arc<Map>> {
        match &self.0 {
            Kind::Nodes(map) => Some(map),
            Kind::Made(_) => None,
        }
    }

    /// The values of a map that nobody else holds.
    pub(super) fn into_values(self) -> Option<Vec<Val>> {
        match self.0 {
            Kind::Nodes(_) => None,
            Kind::Made(made) => Arc::into_inner(made).map(|mut made| made.take()),
        }
    }

    /// Whether both are one and the same map, not only equal ones.
    pub fn is(&self, other: &Dict) -> bool {
        match (&self.0, &other.0) {
            (Kind::Nodes(one), Kind::Nodes(two)) => Arc::ptr_eq(one, two),
            (Kind::Made(one), Kind::Made(two)) => Arc::ptr_eq(one, two),
            _ => false,
        }
    }

    /// Sets an entry for everyone who shares this map. False, without effect, for a map of the data: take
    /// [`Call::writable`](super::function::Call::writable) first.
    pub fn set(&self, key: impl Into<Arc<str>>, val: Val) -> bool {
        match &self.0 {
            Kind::Nodes(_) => false,
            Kind::Made(made) => {
                made.entries.write().unwrap_or_else(PoisonError::into_inner).insert(key.into(), val);
                true
            }
        }
    }

    /// Removes an entry for everyone who shares this map; see [`Dict::set`].
    pub fn remove(&self, key: &str) -> bool {
        match &self.0 {
            Kind::Nodes(_) => false,
            Kind::Made(made) => {
                made.entries.write().unwrap_or_else(PoisonError::into_inner).remove(key);
                true
            }
        }
    }

    /// A new map with the same entries. Nested values are shared.
    pub fn copy(&self) -> Dict {
        Dict::typed(self.elem(), self.entries().into_iter().collect())
    }
}

impl Default for Dict {
    fn default() -> Dict {
        Dict::new(BTreeMap::new())
    }
}

impl From<Arc<Map>> for Dict {
    fn from(map: Arc<Map>) -> Dict {
        Dict(Kind::Nodes(map))
    }
}

impl<K: Into<Arc<str>>> FromIterator<(K, Val)> for Dict {
    fn from_iter<I: IntoIterator<Item = (K, Val)>>(entries: I) -> Dict {
        Dict::new(entries.into_iter().map(|(key, val)| (key.into(), val)).collect())
    }
}
