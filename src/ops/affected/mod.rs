//! Which components a change concerns: the working tree against another commit.
//!
//! `base` finds the other tree, `tree` and `parts` say what may differ in both, `examine` decides about one component,
//! `dependents` adds who depends on it.

mod base;
mod ci;
mod dependents;
mod describe;
mod error;
mod examine;
mod modules;
mod parts;
mod request;
mod spacelift;
mod tree;

pub use describe::{describe, tell_deprecated};
pub use error::Error;
pub use request::{Affected, BaseRequest, Deletion, Report, Request};
