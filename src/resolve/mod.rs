//! Evaluation of an instance: the YAML functions in its values, on demand.
//!
//! Row 8. Read [`evaluate`] first. `!env`, `!repo-root` and `!literal` are built; every other function, and text that
//! the configuration would render as a template, is an error with its place, so that nothing is passed on half done.

mod arguments;
mod error;
mod evaluate;
mod function;
#[cfg(test)]
mod tests;

pub use arguments::words;
pub use error::Error;
pub use evaluate::{Options, evaluate};
