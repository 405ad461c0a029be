//! Access tokens of Google: of a service account's key, of a user who signed in with gcloud, of a token that somebody else
//! signed, of a machine, and of an account that somebody may act as.
//!
//! Read [`of_document`] (credentials as Google writes them to files), then `exchange` (RFC 8693) and [`impersonated`].

mod cluster;
mod document;
mod exchange;
mod external;
mod impersonation;
mod machine;
mod trouble;

pub use cluster::{Described, cluster};
pub use document::{Named, named, of_document, signed_in};
pub use exchange::{Exchange, PLATFORM, TOKENS as STS, exchanged};
pub use impersonation::{Account, iam_of, impersonated};
pub use machine::{of_machine, project_of_machine};
