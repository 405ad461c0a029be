//! Diagnostics: what failed, where, what to do next, a stable code and an exit status.
//!
//! Row 1. Every module has an error enum that derives `thiserror::Error` and `miette::Diagnostic` and implements
//! [`Failure`]; functions above the module level return [`Result`], and only `cli` renders the [`Report`]. What the
//! program says on the way goes through [`Talk`].

pub mod hint;
mod nearest;
mod remark;
mod report;
mod talk;

pub use nearest::nearest;
pub use remark::Remark;
pub use report::{Failure, Helped, Lacking, Report, Result, Shared, Snippet, SourceText};
pub use talk::{Message, Progress, Talk, Warning};
