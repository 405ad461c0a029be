//! `atmos vendor …`: copies what manifests name into the repository, keeps a lock of it, compares, cleans, and changes
//! versions.
//!
//! Row 12. Read [`pull`] first. `select` says which components are meant, `plan` turns manifests into packages, `versions`
//! finds out what a range means, `fetch` gets everything at once, `install` swaps it in and writes the lock. What needs no
//! network and no repository around it is in the module `vendor` below.

mod clean;
mod diff;
mod edit;
mod error;
mod fetch;
mod install;
mod plan;
mod pull;
mod select;
mod update;
mod verify;
mod versions;

pub use clean::{CleanRequest, Cleaned, clean};
pub use diff::{DiffRequest, diff};
pub use edit::{config_list, config_set, config_value, format, get, set};
pub use error::Error;
pub use pull::{PullRequest, pull};
pub use select::{Selection, kind};
pub use update::{Status, Update, UpdateRequest, update};
pub use verify::{DriftRow, Verified, verify};
