//! Key-value stores, which `stores:` of the configuration names: what `!store`, `!store.get`, `!secret` and
//! `atmos.Store` read, and what store hooks write.
//!
//! Row 5; knows neither stacks nor identities. Read [`Stores`] first: it gives values, and asks for each of them once
//! in a run, whoever wants it. `settings` is what the configuration says, `key` how a value is called in each kind of
//! store, `value` what becomes of its text; `aws`, `azure`, `google`, `artifactory` and `redis` speak to the services. Who
//! reads is an [`Identity`], which a module above implements.

mod artifactory;
mod aws;
mod azure;
mod google;
mod identity;
mod key;
mod kind;
mod line;
mod problem;
mod redis;
mod redis_idle;
mod redis_url;
mod settings;
mod stores;
mod value;

pub use identity::{AwsKeys, Identity};
pub use key::Key;
pub use kind::Kind;
pub use problem::{Fault, Problem};
pub use settings::Spec;
pub use stores::{Pending, Stores};
