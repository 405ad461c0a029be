//! The keyring of the Linux kernel, by choice: entries that end with the machine at the latest. Row 5.

use zeroize::Zeroizing;

use super::system::Unavailable;
use crate::host::kernel_keys;

const PREFIX: &str = "atmos:entry:";

pub(super) fn get(key: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Unavailable> {
    kernel_keys::get(&name(key)).map_err(|error| why(&error))
}

pub(super) fn set(key: &str, value: &[u8]) -> Result<(), Unavailable> {
    kernel_keys::put(&name(key), value, None).map_err(|error| why(&error))
}

pub(super) fn remove(key: &str) -> Result<bool, Unavailable> {
    kernel_keys::remove(&name(key)).map_err(|error| why(&error))
}

fn name(key: &str) -> String {
    format!("{PREFIX}{key}")
}

fn why(error: &std::io::Error) -> Unavailable {
    Unavailable(format!("the kernel refuses it: {error}"))
}
