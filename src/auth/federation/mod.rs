//! Kinds of providers and identities as modules: who proves what to which cloud.
//!
//! Row 5. Read [`Module`] (what a kind is), then the list in `registry` (which there are). A kind is one file or folder in here
//! and one line in the registry; chains, caches, locks, deliveries and errors are those of every other kind.
//! `docs/guide/kinds.md` says how to add one.

mod azure;
mod check;
mod error;
mod exec;
mod fit;
mod folders;
mod google;
mod module;
mod network;
mod oidc;
mod outline;
mod pro;
mod pro_session;
mod reach;
mod registry;
mod saml;
mod schema;
mod setting;

pub(crate) use check::{problems, remarks};
pub(crate) use error::Error;
pub(crate) use fit::{Before, misfit};
pub(crate) use folders::{consoles, consoles_of_all, folder, folder_of_all, forget as forget_folder, short};
#[cfg(test)]
pub(crate) use google::GoogleToken;
pub use module::Outline;
pub(crate) use module::{Entry, Form, Proof, Step};
pub(crate) use network::endpoint_problem;
pub(crate) use oidc::Jwt;
pub use outline::Gives;
pub(crate) use reach::{Reach, google_token};
pub(crate) use registry::{Registered, identity, provider};
pub(crate) use saml::{Assertion, Offer};
pub use schema::extend as extend_schema;
#[cfg(test)]
pub(crate) use setting::Shape;
