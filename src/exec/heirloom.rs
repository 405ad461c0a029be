//! The standard error of a command of the user's own, which something that it leaves behind may go on to write to.

use std::path::Path;

#[cfg(unix)]
use super::keeper;
use super::launch::Output;
use crate::secret::Masker;

#[cfg(unix)]
pub(super) struct Heirloom(Option<std::os::fd::OwnedFd>);

#[cfg(unix)]
impl Heirloom {
    pub(super) fn of(output: Output, child: &tokio::process::Child) -> Heirloom {
        use std::os::fd::AsFd as _;
        let end = child.stderr.as_ref().filter(|_| output == Output::Given);
        Heirloom(end.and_then(|end| end.as_fd().try_clone_to_owned().ok()))
    }

    /// Somebody else reads on. A failure leaves things as they would be without it.
    pub(super) fn hand_over(&mut self, exe: Option<&Path>, masker: &Masker) {
        if let (Some(end), Some(exe)) = (self.0.take(), exe)
            && let Err(error) = keeper::hand_over(exe, end, masker)
        {
            tracing::debug!(%error, "nobody reads what the background still says");
        }
    }
}

#[cfg(not(unix))]
pub(super) struct Heirloom;

#[cfg(not(unix))]
impl Heirloom {
    pub(super) fn of(_output: Output, _child: &tokio::process::Child) -> Heirloom {
        Heirloom
    }

    pub(super) fn hand_over(&mut self, _exe: Option<&Path>, _masker: &Masker) {}
}
