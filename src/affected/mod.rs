//! Which components a change concerns, and why.
//!
//! Row 10. Pure: the sections of a component in two trees and the paths that changed go in, reasons come out. Read
//! [`Checks::compare`] first (sections), then [`ChangedFiles`] and [`watched`] (files and folders).

mod changed;
mod checks;
mod links;
mod reasons;
mod watched;

pub use changed::ChangedFiles;
pub use checks::Checks;
pub use reasons::Reasons;
pub use watched::{Watched, may_watch, secret_files, watched};
