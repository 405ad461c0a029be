//! What the user sees: data on stdout, diagnostics and talk on stderr, tables.
//!
//! Row 13. [`Screen`] knows the two streams and their colours; the views turn reports into text.

mod affected;
pub mod auth;
mod diagnostic;
mod explain;
mod log;
mod printable;
mod screen;
mod table;

pub use affected::{affected, affected_matrix, affected_rows, dependents, without_nulls};
pub use diagnostic::render;
pub use explain::{explanation, explanation_document, with_provenance};
pub use log::{Level, start as start_log};
pub use screen::Screen;
pub use table::{Table, TableFormat};
