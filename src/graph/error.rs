//! Errors of [`crate::graph`].

use miette::Diagnostic;
use thiserror::Error as ThisError;

use crate::diag::Failure;

/// What makes an order impossible.
#[derive(Debug, ThisError, Diagnostic)]
pub enum Error {
    #[error("build dependency graph failed: circular dependency detected: [{chain}]")]
    #[diagnostic(
        code(atmos::graph::cycle),
        help("remove one of these edges from `dependencies.components` or `settings.depends_on`")
    )]
    Cycle { chain: String },
}

impl Failure for Error {}
