//! Keyrings: where a few small secrets of this user rest between commands.
//!
//! Row 5. Read [`Store`] first (selection and fall-back), then [`Settings`]. Four kinds are real: the keyring of the
//! system, that of the Linux kernel, files sealed with a password, and the memory of this process. Open one [`Store`] per process and share it:
//! it remembers the password that was asked for, the key derived from it, and that the system has no keyring.

mod error;
mod file;
mod jwe;
mod kernel;
mod key_index;
pub(in crate::auth) mod memory;
pub(in crate::auth) mod open;
mod password;
pub(in crate::auth) mod private;
mod quick;
mod reference;
pub(in crate::auth) mod seal;
mod settings;
mod system;
mod unlocked;

pub use error::Error;
pub use jwe::{Closed, open as open_sealed};
pub use key_index::{IndexedKey, KeyIndex, entry_name};
pub use open::Store;
pub use reference::FilesOfReference;
pub use seal::random_name;
pub use settings::{
    Kind, Outlook, SAML_PASSWORD_VARIABLE, Settings, TYPE_VARIABLE, outlook, password_variable, standard_directory,
};
