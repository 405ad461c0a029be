//! What keeps a state from being read. That there is none is no error here.

use miette::Diagnostic;
use thiserror::Error as ThisError;

use crate::auth;
use crate::diag::Failure;

/// Every failure names the place of the state; nothing of the state itself is part of a message.
#[derive(Debug, Clone, ThisError, Diagnostic)]
pub enum Error {
    #[error("unsupported backend type `{kind}`: supported backends are local, s3, azurerm, gcs and http")]
    #[diagnostic(
        code(atmos::state::unsupported_backend),
        help("`!terraform.output` asks terraform itself, which knows every backend")
    )]
    Unsupported { kind: String },

    #[error("the {kind} backend has no usable `{key}`: {reason}")]
    #[diagnostic(code(atmos::state::setting), help("{help}"))]
    Setting { kind: &'static str, key: &'static str, reason: String, help: String },

    #[error("{what} of {place} does not exist: {answer}")]
    #[diagnostic(code(atmos::state::container_not_found), help("{help}"))]
    Container { what: &'static str, place: String, answer: String, help: String },

    #[error("no permission to read {place}: {answer}")]
    #[diagnostic(code(atmos::state::denied), help("{help}"))]
    Denied { place: String, answer: String, help: String },

    #[error("{place} cannot be read: {answer}")]
    #[diagnostic(code(atmos::state::refused), help("{help}"))]
    Refused { place: String, answer: String, help: String },

    #[error("{place} is not deleted: {reason}")]
    #[diagnostic(code(atmos::state::shared), help("{help}"))]
    Shared { place: String, reason: String, help: String },

    #[error("cannot reach {endpoint} to read {place}: {reason}")]
    #[diagnostic(
        code(atmos::state::unreachable),
        help("check the network, the proxy variables and the endpoints of the backend")
    )]
    Unreachable { place: String, endpoint: String, reason: String },

    #[error("{place} is no state that can be read: {reason}")]
    #[diagnostic(code(atmos::state::unreadable), help("{help}"))]
    Unreadable { place: String, reason: String, help: String },

    #[error(transparent)]
    #[diagnostic(transparent)]
    Auth(#[from] auth::Error),
}

impl Failure for Error {
    fn exit_code(&self) -> u8 {
        match self {
            Error::Auth(error) => error.exit_code(),
            _ => 1,
        }
    }
}
