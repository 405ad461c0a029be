//! Cloud identities: providers, chains, sessions, where secrets rest, and how a child gets its credentials.
//!
//! Row 5. Knows nothing of stacks or commands. Read [`config::AuthConfig`] (what is written), [`resolution::resolve`]
//! (which identity), [`chain::Chain`] (by which steps) and [`creds::AwsCredentials`] (what comes out).

pub mod aws;
pub mod cache;
pub mod chain;
pub mod config;
pub mod creds;
pub mod delivery;
mod duration;
mod error;
pub mod kind;
mod name;
mod problem;
mod read;
pub mod realm;
pub mod resolution;
pub mod run;
pub mod store;
pub mod validate;

pub use config::AuthConfig;
pub use duration::parse_duration;
pub use error::Error;
pub use name::{IdentityName, ProviderName};
pub use problem::{Problem, Severity};
pub use realm::Realm;
