//! Work that is done once in a run, however many ask for its result.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Results by key. A result that is not there yet is waited for.
#[derive(Debug)]
pub struct Slots<K, V>(Mutex<HashMap<K, Arc<OnceLock<V>>>>);

impl<K, V> Default for Slots<K, V> {
    fn default() -> Slots<K, V> {
        Slots(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Slots<K, V> {
    /// The place of a result, and whether it is new: then the caller has to see to it that it is filled.
    pub(super) fn place(&self, key: K) -> (Arc<OnceLock<V>>, bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut new = false;
        let slot = known.entry(key).or_insert_with(|| {
            new = true;
            Arc::default()
        });
        (slot.clone(), new)
    }

    /// The result, by doing the work unless somebody does it or did it.
    pub fn get(&self, key: K, work: impl FnOnce() -> V) -> V {
        self.place(key).0.get_or_init(work).clone()
    }
}
