//! Why a step that does something itself failed.

use miette::Diagnostic;

use crate::diag::Failure;

#[derive(Debug, thiserror::Error, Diagnostic)]
pub(in super::super) enum Error {
    #[error("{place}the step `{step}` failed: {reason}")]
    #[diagnostic(code(atmos::step::failed), help("{help}"))]
    Failed { step: String, reason: String, help: String, place: String },

    #[error("{place}the step `{step}` misses {missing}")]
    #[diagnostic(code(atmos::step::requirements), help("{help}"))]
    Missing { step: String, missing: String, help: String, place: String },
}

impl Failure for Error {}
