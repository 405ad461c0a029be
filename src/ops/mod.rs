//! One function per use case. Nothing here prints: reports go back to the caller, talk goes through the host.
//!
//! Row 12. [`App`] carries what every use case needs; each use case has its own file.

mod access;
mod app;
pub mod auth;
mod changed;
mod child;
pub mod config;
pub mod describe;
pub mod explain;
pub mod helmfile;
pub mod identity;
#[cfg(test)]
mod inspect_tests;
mod legacy;
pub mod list;
pub mod provenance;
mod reach;
mod readers;
pub mod terraform;
mod unbuilt;
pub mod validate;

pub use access::Access;
pub use app::App;
