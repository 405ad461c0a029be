//! The encrypted cache: portal tokens and session credentials at rest.
//!
//! Row 5. Read [`Cache`]. One random key per user lies in the keyring; every entry is a file below
//! `<cache>/atmos/auth`, sealed with it. Without a keyring that lasts, entries live in the [`Cache`] object only.
//! Calls block (files, the keyring, locks): async callers use a blocking thread for [`Cache::lock`].

mod entries;
mod error;
mod format;

pub use entries::{Cache, KEY_NAME};
pub use error::Error;
