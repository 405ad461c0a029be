//! `aws/user`: keys that last, where they rest, and how they are put in, replaced and checked.
//!
//! Row 5. Read [`Credentials`] (what is written in the configuration), [`StoredKeys`] (what the keyring holds), then
//! [`crate::auth::Session::rotate_keys`] (a new key in place of the old one, safe at each step).

mod dpop;
mod error;
mod iam;
mod import;
mod rotate;
mod settings;
mod stored;
pub(crate) mod webflow;

pub use error::Error;
pub use import::{Found, parse};
pub use rotate::Rotated;
pub use settings::Credentials;
pub(crate) use settings::share_devices;
pub use stored::{Keys, StoredKeys};
pub(crate) use stored::{basis, basis_of, keys};
