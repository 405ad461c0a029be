//! Folders of components that are made when they are needed: sources that are fetched, and a working directory of an
//! instance's own.
//!
//! Row 12. Read [`folder`] first. `place` says where working directories are and what is kept about them, `source` reads
//! the section and fetches, `tree` copies what `walk` finds,
//! `fetched` tells what was copied into a folder of the repository.

mod error;
mod fetched;
mod folder;
mod place;
mod source;
mod tree;
mod walk;

pub use error::Error;
pub(super) use fetched::{checked_place, fetched};
pub(super) use folder::{Folder, folder, is_made, pull};
pub(super) use place::{Record, all, found_in, path, wants_workdir};
pub(super) use source::source;
