//! What the user sees: data on stdout, diagnostics and talk on stderr, tables.
//!
//! Row 13. [`Screen`] knows the two streams and their colours; the views turn reports into text.

mod affected;
pub mod auth;
mod diagnostic;
mod explain;
mod fleet;
mod live;
mod log;
mod mask;
mod printable;
mod screen;
mod stacks;
mod table;
mod tree;
pub mod validate;

pub use affected::{affected, affected_matrix, affected_rows, dependents, without_nulls};
pub use diagnostic::render;
pub use explain::{explanation, explanation_document, with_provenance};
pub use fleet::{fleet_json, fleet_junit, fleet_table};
pub use log::{Level, start as start_log};
pub use mask::masked;
pub use screen::Screen;
pub use stacks::stacks;
pub use table::{Table, TableFormat};
pub use tree::{dependency_trees, instance_tree, stack_tree};
