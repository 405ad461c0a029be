//! The order of many components: dependencies as edges, a stable topological order, cycles.
//!
//! Row 10. Pure. [`order`] takes every instance there is, so that an order that leads through components which were not
//! selected is kept, and returns the selected ones. Read [`Instance`] first.

mod edges;
mod error;
mod order;

pub use edges::{Dependency, dependencies};
pub use error::Error;
pub use order::{Instance, Ordered, order};
