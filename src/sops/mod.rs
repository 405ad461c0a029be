//! Files that SOPS encrypted for age keys: which file has a secret, its keys, its values.
//!
//! Row 3. Read [`decrypt`] first. `document` walks the tree and checks its seal, `cipher` opens single values, `age` opens
//! the key that they are encrypted with, `bech32` reads the keys of people. Nothing here reads files or the environment.

mod age;
mod bech32;
mod cipher;
mod document;
mod error;
mod place;
#[cfg(test)]
mod tests;

pub use age::AgeKeys;
pub use document::decrypt;
pub use error::Error;
pub use place::derived_file;
