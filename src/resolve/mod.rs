//! Evaluation of an instance: the templates and the YAML functions in its values, and what becomes of values in which
//! functions of several layers meet.
//!
//! Row 8. Read [`Evaluator`] first, then `walk`, through which every value passes. `render` compiles and renders
//! templates, `data` is what templates see, `outside` and `lookup` are what they reach beyond it; `remote` is what functions
//! ask outside of the repository, `references` finds circles among them, `stores` says who reads a store for a component,
//! `module` what its terraform module asks for.
//! An evaluation is lazy: data is put together at the first template, metadata and variables
//! at the first function that asks for them, and what holds neither is shared with the instance.

mod chain;
mod data;
mod datafile;
mod datasource;
mod error;
mod evaluator;
mod identity;
mod lookup;
mod module;
mod options;
mod outside;
mod references;
mod remote;
#[cfg(test)]
mod remote_tests;
mod render;
mod selectors;
mod settings;
#[cfg(test)]
mod stated;
mod stores;
#[cfg(test)]
mod tests;
mod walk;

pub use error::Error;
pub use evaluator::{Evaluator, Memo};
pub use module::describe_module;
pub use options::{Ending, ErrorMode, Options};
pub use references::{depends_on_outputs, depends_on_stores};
pub use render::template_fault;
pub use stores::{Identities, Nobody, Question, Writer};
