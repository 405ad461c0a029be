//! Secrets in the memory of this process, zeroed when they go. Row 5.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

/// A keyring that ends with the process.
#[derive(Default)]
pub(in crate::auth) struct Memory {
    values: Mutex<BTreeMap<String, Zeroizing<Vec<u8>>>>,
}

impl Memory {
    pub(in crate::auth) fn get(&self, key: &str) -> Option<Zeroizing<Vec<u8>>> {
        self.lock().get(key).cloned()
    }

    pub(in crate::auth) fn set(&self, key: &str, value: &[u8]) {
        self.lock().insert(key.to_owned(), Zeroizing::new(value.to_vec()));
    }

    pub(in crate::auth) fn remove(&self, key: &str) -> bool {
        self.lock().remove(key).is_some()
    }

    /// The names, sorted.
    pub(in crate::auth) fn names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    /// Forgets everything; the number of values there were.
    pub(in crate::auth) fn clear(&self) -> usize {
        let mut values = self.lock();
        let count = values.len();
        values.clear();
        count
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Zeroizing<Vec<u8>>>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
