//! Where run directories are. Row 5.

use std::path::PathBuf;

use crate::host::Host;

/// The directory of this user in the temp directory. It exists only after it was created privately.
pub(in crate::auth) fn temporary_base(host: &Host) -> PathBuf {
    host.dirs.temp.join(format!("atmos-{}", user()))
}

#[cfg(unix)]
fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn user() -> u32 {
    0
}
