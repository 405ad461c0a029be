//! What the user sees: data on stdout, diagnostics and talk on stderr, tables.
//!
//! Row 13. [`Screen`] knows the two streams and their colours; the views turn reports into text.

mod affected;
pub mod auth;
pub mod auth_graph;
pub mod auth_import;
pub mod auth_look;
pub mod auth_tools;
mod component;
mod diagnostic;
mod diff;
mod doctor;
pub mod editorconfig;
mod explain;
mod fleet;
mod highlight;
mod live;
mod log;
mod markdown;
mod mask;
mod paint;
mod paths;
mod printable;
mod screen;
mod stacks;
mod table;
mod tree;
pub mod validate;

pub use affected::{affected, affected_matrix, dependent, without_nulls};
pub use component::component_in_order;
pub use diagnostic::render;
pub use diff::differences;
pub use doctor::doctor;
pub use explain::{explanation, explanation_document, with_provenance};
pub use fleet::{fleet_json, fleet_junit, fleet_table};
pub use highlight::Syntax;
pub use log::{Level, start as start_log};
pub use markdown::{markdown, markdown_plain};
pub use mask::masked;
pub use paint::painted;
pub use paths::{path_table, paths};
pub use screen::Screen;
pub use stacks::stacks;
pub use table::{Table, TableFormat};
pub use tree::{dependency_trees, instance_tree, stack_tree};
