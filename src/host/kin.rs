//! Which process started which, as far as the system says so, and which group and session it is in.

#[cfg(unix)]
use rustix::process::Pid;

/// Our process group. Leaders of groups and sessions may be in another name space of processes, as where somebody starts
/// us in a container: the system calls them 0 there, and that is nobody (rustix has no answer for it but a panic).
#[cfg(unix)]
pub fn own_group() -> Option<Pid> {
    Pid::from_raw(nix::unistd::getpgrp().as_raw())
}

/// The group of another process.
#[cfg(unix)]
pub fn group_of(process: Pid) -> Option<Pid> {
    let process = nix::unistd::Pid::from_raw(process.as_raw_nonzero().get());
    nix::unistd::getpgid(Some(process)).ok().and_then(|group| Pid::from_raw(group.as_raw()))
}

/// We are the leader of our session.
#[cfg(unix)]
pub fn leads_session() -> bool {
    nix::unistd::getsid(None).is_ok_and(|leader| leader == nix::unistd::getpid())
}

/// Whether the process is the ancestor or one of its descendants. True where that cannot be found out.
#[cfg(target_os = "linux")]
pub fn descends(process: Option<u32>, ancestor: u32) -> bool {
    use std::path::Path;
    // Where other processes are hidden, or those of another name space are shown, nothing can be followed.
    let readable = parent_of(Path::new("/proc/self/stat")).is_some_and(|(pid, _)| pid == std::process::id())
        && parent_of(Path::new("/proc/1/stat")).is_some();
    if !readable {
        return true;
    }
    let mut here = process.unwrap_or(0);
    // Parents are older than their children, but a number may be used again while we look.
    for _ in 0..LONGEST {
        if here == ancestor {
            return true;
        }
        if here <= 1 {
            return false;
        }
        match parent_of(Path::new(&format!("/proc/{here}/stat"))) {
            Some((_, parent)) => here = parent,
            // It has ended: who it was is not known any more.
            None => return false,
        }
    }
    false
}

/// Other systems do not say so readily who has started whom.
#[cfg(not(target_os = "linux"))]
pub fn descends(_process: Option<u32>, _ancestor: u32) -> bool {
    true
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

/// What the process has started as far as shells pass nothing on: everything below it that only shells are above of.
/// Whatever is no shell sees to its own children.
#[cfg(target_os = "linux")]
pub fn below_shells(process: u32) -> Vec<u32> {
    const SHELLS: [&str; 8] = ["sh", "dash", "bash", "zsh", "ksh", "ash", "busybox", "fish"];
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let all: Vec<(u32, u32, String)> = entries
        .filter_map(|entry| {
            entry.file_name().to_str()?.parse::<u32>().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            let (pid, parent) = parse(&stat)?;
            let name = stat.split_once('(')?.1.rsplit_once(')')?.0;
            Some((pid, parent, name.to_owned()))
        })
        .collect();
    let is_shell = |wanted: u32| all.iter().any(|(pid, _, name)| *pid == wanted && SHELLS.contains(&name.as_str()));
    let (mut open, mut found) = (vec![process], Vec::new());
    while let Some(above) = open.pop().filter(|_| found.len() < all.len()) {
        if !is_shell(above) {
            continue;
        }
        let below = all.iter().filter(|(_, parent, _)| *parent == above).map(|(pid, _, _)| *pid);
        open.extend(below.clone());
        found.extend(below);
    }
    found
}

#[cfg(not(target_os = "linux"))]
pub fn below_shells(_process: u32) -> Vec<u32> {
    Vec::new()
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
        let own = std::process::id();
        assert!(descends(Some(own), own));
        let handle = duct::cmd!("sleep", "30").start().unwrap();
        assert!(descends(Some(handle.pids()[0]), own));
        handle.kill().unwrap();
        let parent = std::os::unix::process::parent_id();
        assert!(!descends(Some(parent), own) && !descends(None, own) && !descends(Some(1), own));
    }
}
