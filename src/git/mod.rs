//! The repository around the project: commits, what changed between them, and the files of a commit.
//!
//! Row 5. Read [`Repository`] first. Working tree, index and refs of the user are never touched: files of a commit are
//! written elsewhere, by an index of their own.

mod changed;
mod error;
mod repository;

pub use changed::Changed;
pub use error::Error;
pub use repository::Repository;
