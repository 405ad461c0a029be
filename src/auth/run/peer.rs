//! Who asks at a run's socket: only this user, and on Linux only what the run has started. Row 5.
//!
//! The kernel says which process connected. Its parents are followed up to this process, which adopts those whose parents
//! have ended (`host::adopt_orphans`): what the run started never gets another ancestor.

use tokio::net::UnixStream;

use crate::host::kin;

/// Whose connection it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    OfTheRun,
    /// A process of this user that the run has not started.
    Stranger,
    /// Another user.
    Foreign,
}

pub(super) fn of(stream: &UnixStream) -> Peer {
    let own = rustix::process::geteuid().as_raw();
    let Ok(peer) = stream.peer_cred() else { return Peer::Foreign };
    if peer.uid() != own {
        return Peer::Foreign;
    }
    let pid = peer.pid().and_then(|pid| u32::try_from(pid).ok());
    if kin::descends(pid, std::process::id()) { Peer::OfTheRun } else { Peer::Stranger }
}
