//! The private directory of a run, the socket in it, and the configuration that outlives runs.
//!
//! Row 5.

mod directory;

pub(in crate::auth) use directory::temporary_base;
