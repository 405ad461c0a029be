//! Work that many want and one does: the others wait for it and get the same result.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Results by key. Failures are results too, so that what failed is not tried again for everybody.
///
/// The work must not ask for anything of the same [`Once`], and must not share its thread with others who might: it would
/// wait for itself.
#[derive(Debug)]
pub struct Once<K, V> {
    slots: Mutex<HashMap<K, Arc<OnceLock<V>>>>,
}

impl<K, V> Default for Once<K, V> {
    fn default() -> Self {
        Once { slots: Mutex::default() }
    }
}

impl<K: Eq + Hash, V: Clone> Once<K, V> {
    /// The place of a result, and whether it is new: then the caller has to see to it that it is filled.
    pub fn place(&self, key: K) -> (Arc<OnceLock<V>>, bool) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_new = false;
        let slot = slots.entry(key).or_insert_with(|| {
            is_new = true;
            Arc::default()
        });
        (slot.clone(), is_new)
    }

    /// The result, by doing the work unless somebody does it or did it.
    pub fn get(&self, key: K, work: impl FnOnce() -> V) -> V {
        self.place(key).0.get_or_init(work).clone()
    }

    /// Forgets results, which are no longer true. Who waits for one now still gets it.
    pub fn forget(&self, stale: impl Fn(&K) -> bool) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|key, _| !stale(key));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn many_threads_do_the_work_once() {
        let (once, count) = (Once::default(), AtomicUsize::new(0));
        let work = |key: usize| {
            once.get(key, || {
                count.fetch_add(1, Ordering::Relaxed);
                key * 10
            })
        };
        let work = &work;
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..16).map(|index| scope.spawn(move || work(index % 2))).collect();
            for (index, thread) in threads.into_iter().enumerate() {
                assert_eq!(thread.join().unwrap(), index % 2 * 10);
            }
        });
        assert_eq!(count.load(Ordering::Relaxed), 2);
        once.forget(|key| *key == 1);
        assert_eq!((work(0), work(1), count.load(Ordering::Relaxed)), (0, 10, 3));
    }
}
