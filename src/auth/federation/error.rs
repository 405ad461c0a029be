//! What can go wrong between a program, who vouches for it, and a cloud. Row 5.

use miette::Diagnostic;

use crate::diag::Failure;

/// No proof, or one that cannot be used. No text holds a secret.
#[derive(Debug, Clone, thiserror::Error, Diagnostic)]
pub enum Error {
    /// What the kind needs is not there: another place, a missing permission.
    #[error("authentication failed: {who} cannot be used here: {reason}")]
    #[diagnostic(code(atmos::auth::federation::unavailable), help("{help}"))]
    Unavailable { who: String, reason: String, help: String },

    #[error("authentication failed: the token of {who} cannot be used: {reason}")]
    #[diagnostic(code(atmos::auth::federation::token), help("{help}"))]
    Token { who: String, reason: String, help: String },

    /// A program of the user's own.
    #[error("authentication failed: the program of {who}: {reason}")]
    #[diagnostic(code(atmos::auth::federation::program), help("{help}"))]
    Program { who: String, reason: String, help: String },

    /// The assertion of an identity provider.
    #[error("authentication failed: the assertion of {who} cannot be used: {reason}")]
    #[diagnostic(code(atmos::auth::federation::assertion), help("{help}"))]
    Assertion { who: String, reason: String, help: String },

    #[error("authentication failed: the sign-in to {who}: {reason}")]
    #[diagnostic(code(atmos::auth::federation::browser), help("{help}"))]
    Browser { who: String, reason: String, help: String },

    /// What a driver that fills pages in could not do.
    #[error("authentication failed: the sign-in to {who}: {reason}")]
    #[diagnostic(code(atmos::auth::federation::sign_in), help("{help}"))]
    SignIn { who: String, reason: String, help: String },

    /// It is not there, too slow, or broken.
    #[error("authentication failed: the identity provider of {who} {reason}")]
    #[diagnostic(code(atmos::auth::federation::identity_provider), help("{help}"))]
    IdentityProvider { who: String, reason: String, help: String },

    #[error("authentication failed: the identity provider does not offer {role}, which identity `{identity}` wants")]
    #[diagnostic(code(atmos::auth::federation::not_offered), help("{near}it offers {offered}"))]
    NotOffered { identity: String, role: String, offered: String, near: String },

    /// Who gives out tokens said no, or nothing.
    #[error("authentication failed: no token for {who}: {reason}")]
    #[diagnostic(code(atmos::auth::federation::no_token), help("{help}"))]
    NoToken { who: String, reason: String, help: String },
}

impl Failure for Error {}
