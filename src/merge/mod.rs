//! Deep merge of nodes and the strategies for lists.
//!
//! Row 2. [`merge`] puts one node over another, [`merge_into`] does it in place, [`merge_all`] folds layers from the
//! lowest to the highest. Nothing is copied deeply: subtrees that only one side has are shared.

mod conflict;
mod deep;
mod marks;
#[cfg(test)]
mod properties;
mod strategy;

pub use conflict::{Conflict, conflicts};
pub use deep::{appended, has_appends, is_unset, merge, merge_all, merge_into, settle};
pub use marks::is_list_mark;
pub use strategy::{Error, ListStrategy};
