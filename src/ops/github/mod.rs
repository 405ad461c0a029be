//! GitHub, as a run in GitHub Actions knows it: statuses of commits, comments on pull requests, artifacts. Row 12.
//!
//! Read [`GitHub`] first: who asks, and for which repository. [`Notices`] tells what runs do, and never makes one fail;
//! [`publish`] sends findings; [`Artifacts`] keeps files between the jobs of a run, by the `Runtime` of the runner where there is one.

mod artifacts;
mod client;
mod error;
mod notices;
mod runtime;
mod scanning;

pub(super) use artifacts::{Artifact, Artifacts, Place};
pub use error::Error;
pub(super) use notices::Notices;
pub(super) use scanning::{publish, publish_of, wants_findings};
