//! The order of many components: dependencies as edges, a stable topological order, cycles; and who depends on whom.
//!
//! Row 10. Pure. [`order`] takes every instance there is, so that an order that leads through components which were not
//! selected is kept, and returns the selected ones. Read [`Instance`] first.

mod closure;
mod context;
mod dependents;
mod edges;
mod error;
mod faults;
mod order;

pub use closure::{Depth, expand};
pub use context::Context;
pub use dependents::{Target, depends_on};
pub use edges::{Dependency, Malformed, conflicts, dependencies, is_computed, malformed, may_depend, unsettled};
pub use error::Error;
pub use faults::{Fault, faults};
pub use order::{Instance, Ordered, order};
