//! The cache of providers and modules that stands between terraform and registries while it runs.
//!
//! Row 5. Read [`Server::start`] first: a server on the loopback interface that only this run knows, speaking https with a
//! certificate of its own. `provider` speaks the protocol of network mirrors, `module` that of module registries, `upstream`
//! asks the real registries, `package` and `intake` see to it that packages come once and are never in memory, and [`Shelf`] is what is kept: files under their keys, in the layout of a filesystem mirror.

mod certificate;
mod connection;
mod error;
mod intake;
mod module;
mod package;
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
