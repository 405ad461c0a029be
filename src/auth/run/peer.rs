//! Who asks at a run's socket: only this user, and on Linux only what the run has started. Row 5.
//!
//! The kernel says which process connected. Its parents are followed up to this process, which adopts those whose parents
//! have ended (`host::adopt_orphans`): what the run started never gets another ancestor.

use tokio::net::UnixStream;

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
    if descends(peer.pid()) { Peer::OfTheRun } else { Peer::Stranger }
}

#[cfg(target_os = "linux")]
fn descends(peer: Option<i32>) -> bool {
    use std::path::Path;
    let own = std::process::id();
    // Where other processes are hidden, or those of another name space are shown, nothing can be followed.
    let readable = parent_of(Path::new("/proc/self/stat")).is_some_and(|(pid, _)| pid == own)
        && parent_of(Path::new("/proc/1/stat")).is_some();
    if !readable {
        return true;
    }
    let mut here = peer.and_then(|pid| u32::try_from(pid).ok()).unwrap_or(0);
    // Parents are older than their children, but a number may be used again while we look.
    for _ in 0..LONGEST {
        if here == own {
            return true;
        }
        if here <= 1 {
            return false;
        }
        match parent_of(Path::new(&format!("/proc/{here}/stat"))) {
            Some((_, parent)) => here = parent,
            // It has ended: whoever holds its connection now is nobody that we know.
            None => return false,
        }
    }
    false
}

/// More generations than any run has.
#[cfg(target_os = "linux")]
const LONGEST: u32 = 4096;

/// Id of a process and of its parent.
#[cfg(target_os = "linux")]
fn parent_of(stat: &std::path::Path) -> Option<(u32, u32)> {
    parse(&std::fs::read_to_string(stat).ok()?)
}

#[cfg(target_os = "linux")]
fn parse(stat: &str) -> Option<(u32, u32)> {
    let id = stat.split(' ').next()?.parse().ok()?;
    // The name in parentheses may contain anything; state and parent follow its last parenthesis.
    let (_, rest) = stat.rsplit_once(')')?;
    Some((id, rest.split_whitespace().nth(1)?.parse().ok()?))
}

/// Other systems do not say so readily who has started whom.
#[cfg(not(target_os = "linux"))]
fn descends(_peer: Option<i32>) -> bool {
    true
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn names_of_processes_do_not_confuse() {
        assert_eq!(parse("12 (a) R 99 (b) S 7 12 12 0"), Some((12, 7)));
        assert_eq!(parse("12 (x y) S 1 2"), Some((12, 1)));
        assert_eq!(parse("nonsense"), None);
    }

    #[test]
    fn this_process_and_its_children_descend_and_its_parent_does_not() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(descends(Some(own)));
        let handle = duct::cmd!("sleep", "30").start().unwrap();
        let child = i32::try_from(handle.pids()[0]).unwrap();
        assert!(descends(Some(child)));
        handle.kill().unwrap();
        let parent = i32::try_from(std::os::unix::process::parent_id()).unwrap();
        assert!(!descends(Some(parent)) && !descends(None) && !descends(Some(1)));
    }
}
