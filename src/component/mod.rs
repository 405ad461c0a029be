//! One component in one stack, fully merged: inheritance, overrides, sections, backend, workspace.
//!
//! Row 6. Read [`Instance`] first (what everything above works with), then [`find`] (one instance by name) and [`all`]
//! (many, in a stable order). `scope` holds what a stack gives to all its components of one kind, `inherit` the chain of
//! base components, `build` the merge of the layers.

mod all;
mod auth_layers;
mod backend;
mod build;
mod chain;
mod check;
mod common;
mod custom;
#[cfg(test)]
mod engine_tests;
mod error;
mod find;
mod inherit;
mod instance;
mod kind;
mod layered;
mod left_out;
mod linear;
mod mark;
mod names;
#[cfg(test)]
mod names_tests;
mod origin;
mod own;
mod path;
mod quirks;
mod scope;
mod section;
mod sources;
mod summary;
#[cfg(test)]
mod tests;
mod workspace;

pub use all::{Filter, all, each, each_of, of_stacks};
pub use check::{Checked, check};
pub use error::Error;
pub use find::{find, near, tops};
pub use instance::{Instance, Sections};
pub use kind::Kind;
pub use layered::{Layered, takes_part, without_literals};
pub use left_out::{Asked, INCOMPLETE, Nameless};
pub use mark::{attribute, is_marked, unmarked};
pub use names::stack_names;
pub use origin::{Candidate, Meeting, Origins};
#[cfg(test)]
pub(crate) use section::section_keys;
pub use sources::{Sources, atlantis_project, cli_variables, spacelift_stack};
pub use summary::{Summary, summaries, summaries_of, usable};
pub use workspace::{Tokens, replace_tokens};
