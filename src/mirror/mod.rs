//! The cache of providers and modules that stands between terraform and registries while it runs.
//!
//! Row 5. Read [`Server::start`] first: a server on the loopback interface that only this run knows, speaking https with a
//! certificate of its own. `provider` speaks the protocol of network mirrors, `module` that of module registries, `upstream`
//! asks the real registries, and [`Shelf`] is what is kept: files under their keys, in the layout of a filesystem mirror.

mod certificate;
mod error;
mod module;
mod provider;
mod server;
mod shelf;
mod state;
#[cfg(test)]
mod tests;
mod upstream;

pub use error::Error;
pub use server::{Server, Setup, Stats};
pub use shelf::{Entry, Kind, Shelf};
