//! Access tokens of Google: of a service account's key, of a user who signed in with gcloud, of a token that somebody else
//! signed, of a machine, and of an account that somebody may act as.
//!
//! Read [`of_document`] (credentials as Google writes them to files), then `exchange` (RFC 8693) and [`impersonated`].

mod document;
mod exchange;
mod external;
mod impersonation;
mod machine;

pub use document::{Named, named, of_document, signed_in};
pub use exchange::{Exchange, TOKENS as STS, exchanged};
pub use impersonation::{Account, iam_of, impersonated};
pub use machine::{of_machine, project_of_machine};

/// What a token is good for where nobody says less.
pub const PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

fn unusable(reason: &str) -> super::Trouble {
    super::Trouble::Unusable(reason.to_owned())
}
