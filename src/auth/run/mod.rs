//! The private directory of a run, the socket in it, and the AWS configuration that outlives runs.
//!
//! Row 5. Read [`Run`] first (what a child gets and when it goes), then [`client`] (how a child's helper asks), [`Parent`]
//! (how an atmos inside a run does) and [`standing`] (the configuration behind `auth env`).

pub mod client;
mod directory;
mod endpoint;
mod error;
mod extras;
mod open;
mod parent;
#[cfg(unix)]
mod peer;
mod realm_files;
mod renewal;
mod server;
mod settings;
pub mod standing;

pub(in crate::auth) use directory::temporary_base;
pub use directory::{Directory, Sweep, sweep};
pub use error::Error;
pub use open::Run;
pub use parent::{Parent, SOCKET_VARIABLE};
pub use realm_files::{Call, forget_profiles};
pub use server::{Answer, Source, TOKEN, Tokens};
pub use settings::{Extras, RunIdentity, RunSettings};
