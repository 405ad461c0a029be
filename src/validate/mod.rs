//! Checks of whole repositories: what is wrong with the manifests, all of it at once, and what works as in the reference
//! but hardly as it was meant.
//!
//! Row 9. Read [`stacks`] first; it gives [`Finding`]s, sorted by place. [`Schema`] holds a JSON Schema of manifests, the
//! embedded one or that of the user; `manifest` has the checks of single files, `duplicates` those between them.

mod ci;
mod deprecated;
mod document;
mod duplicates;
pub mod editorconfig;
mod error;
mod finding;
mod manifest;
mod place;
mod rego;
mod schema;
mod stacks;
#[cfg(test)]
mod tests;
mod violation;

pub use ci::workflow;
pub use document::document;
pub use error::Error;
pub use finding::{Finding, Severity, Site, sorted};
pub use manifest::deprecations;
pub use place::of_key as place_of_key;
pub use rego::violations as policy_violations;
pub use schema::{CONFIG as CONFIG_SCHEMA, MANIFEST as MANIFEST_SCHEMA, Schema};
pub use stacks::stacks;
