//! One function per use case. Nothing here prints: reports go back to the caller, talk goes through the host.
//!
//! Row 12. [`App`] carries what every use case needs; each use case has its own file.

mod access;
mod actions;
pub mod affected;
pub mod annotations;
mod app;
pub mod atlantis;
mod audit;
pub mod auth;
pub mod browse;
mod changed;
mod child;
mod ci;
pub mod config;
pub mod custom;
pub mod dependents;
pub mod describe;
pub mod diff;
pub mod docs;
pub mod doctor;
pub mod edit;
pub mod edition;
pub mod explain;
mod folds;
pub mod github;
mod guard;
pub mod helmfile;
pub mod hooks;
pub mod identity;
#[cfg(test)]
mod inspect_tests;
mod legacy;
pub mod list;
pub mod locals;
pub mod many;
pub mod names;
pub mod packer;
mod parallel;
pub mod pipeline;
pub mod planfiles;
mod plugin_cache;
mod pro;
pub mod provenance;
pub mod provision;
mod reach;
mod readers;
mod reading;
pub mod readme;
pub mod registry_cache;
pub mod schema;
pub mod source;
mod special;
pub mod state_bucket;
pub mod steps;
mod subject;
pub mod terraform;
mod unbuilt;
mod unknown;
pub mod validate;
pub mod vendor;
pub mod workflow;
pub mod workflows;

pub use access::Access;
pub use app::App;
pub use subject::Subject;
