//! Connections to Redis that wait for their next use.

use std::collections::HashMap;
use std::io::{BufReader, Read, Write};
use std::sync::{Mutex, PoisonError};

pub(super) trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

pub(super) type Connection = BufReader<Box<dyn Stream>>;

/// Connections that nobody uses just now, by store.
#[derive(Default)]
pub(super) struct Connections(Mutex<HashMap<String, Vec<Connection>>>);

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connections")
    }
}

impl Connections {
    pub(super) fn take(&self, store: &str) -> Option<Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(store)?.pop()
    }

    pub(super) fn put(&self, store: &str, connection: Connection) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.entry(store.to_owned()).or_default().push(connection);
    }
}
