//! Checks of whole repositories: what is wrong with the manifests, all of it at once, and what works as in the reference
//! but hardly as it was meant.
//!
//! Row 9. Read [`stacks`] first; it gives [`Finding`]s, sorted by place. [`Schema`] holds a JSON Schema of manifests, the
//! embedded one or that of the user; `manifest` has the checks of single files, `duplicates` those between them.

mod deprecated;
mod duplicates;
mod error;
mod finding;
mod manifest;
mod place;
mod schema;
mod stacks;
#[cfg(test)]
mod tests;
mod violation;

pub use error::Error;
pub use finding::{Finding, Severity, Site};
pub use schema::Schema;
pub use stacks::stacks;
