//! Cloud identities: providers, chains, sessions, where secrets rest, and how a child gets its credentials.
//!
//! Row 5. Knows nothing of stacks or commands. Read [`config::AuthConfig`] (what is written), [`resolution::resolve`]
//! (which identity), [`chain::Chain`] (by which steps) and [`creds::AwsCredentials`] (what comes out).

pub mod aws;
mod bounds;
pub mod cache;
pub mod chain;
mod clouds;
pub mod config;
pub mod console;
mod context;
pub mod creds;
pub mod delivery;
mod described;
mod error;
mod federation;
mod fingerprint;
#[cfg(test)]
mod flow_tests;
pub mod given;
mod identity;
pub mod import;
mod index;
pub mod integration;
pub mod kind;
pub mod list;
mod logout;
mod lookup;
mod mfa;
mod name;
mod obtained;
mod placed;
mod principal;
mod problem;
mod proof;
mod provider;
mod provision;
mod read;
pub mod realm;
mod record;
mod redact;
mod refused;
pub mod resolution;
pub mod run;
pub mod session;
pub mod setting;
pub mod store;
pub mod told;
mod trail;
pub mod user;
pub mod validate;
mod walk;

pub(crate) use clouds::Cloud;
pub use config::AuthConfig;
pub use context::Options;
pub use described::described;
pub use error::Error;
pub(crate) use error::known_names;
pub use federation::{Gives, Outline, extend_schema};
pub(crate) use identity::assume_role::configured_account;
pub use logout::{Kept, Logins};
pub use name::{IdentityName, ProviderName};
pub use problem::{Problem, Severity};
pub use proof::SamlRole;
pub use provider::browser::open as open_address;
pub use provision::Provisioned;
pub use realm::Realm;
pub use record::CallerIdentity;
pub use redact::redacted;
pub use session::{Description, Session, Validity};
pub use store::entry_name as stored_name;
