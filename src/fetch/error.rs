//! Why something remote cannot be had.

use miette::Diagnostic;

use crate::diag::Failure;

/// A source that cannot be used. The importing module adds the place, and the phrase that names the address.
#[derive(Debug, Clone, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error("sources of the kind `{scheme}` are not supported")]
    #[diagnostic(code(atmos::fetch::unsupported), help("{help}"))]
    Unsupported { scheme: String, help: String },

    #[error("invalid remote import: {reason}")]
    #[diagnostic(code(atmos::fetch::invalid), help("{help}"))]
    Invalid { reason: String, help: String },

    /// The other side did not answer, or refused.
    #[error("{reason}")]
    #[diagnostic(code(atmos::fetch::failed), help("{help}"))]
    Failed { reason: String, help: String },

    #[error("failed to find import: nothing in the source matches `{pattern}`")]
    #[diagnostic(code(atmos::fetch::not_found), help("correct the path behind `//`, or the `ref`"))]
    NotFound { pattern: String },

    #[error("the source is refused: {reason}")]
    #[diagnostic(code(atmos::fetch::unsafe_content), help("what it contains would reach outside of its own folder"))]
    Unsafe { reason: String },

    #[error("the cache of remote imports cannot be used: {path}: {reason}")]
    #[diagnostic(code(atmos::fetch::cache), help("free the path, or choose another cache with ATMOS_XDG_CACHE_HOME"))]
    Cache { path: String, reason: String },
}

impl Failure for Error {}

impl Error {
    pub(super) fn invalid(reason: impl Into<String>, help: impl Into<String>) -> Error {
        Error::Invalid { reason: reason.into(), help: help.into() }
    }

    pub(super) fn failed(reason: impl Into<String>) -> Error {
        Error::Failed {
            reason: reason.into(),
            help: "check the address and the network; private sources need a token or a key".to_owned(),
        }
    }

    /// What to do next, for the error of the importing module.
    pub fn next_step(&self) -> String {
        self.help().map(|help| help.to_string()).unwrap_or_default()
    }
}
