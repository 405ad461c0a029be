//! This process as others of the same user see it, and as the parent of its descendants.

/// Keeps the memory and the environment of this process from other processes of the user (`/proc/<pid>/environ`,
/// debuggers) and out of core dumps. Children that it starts are ordinary processes again. Linux only: other systems have
/// no such switch.
pub fn shield() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // A system that refuses leaves things as they are for every other program; nobody is to be stopped by that.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Makes this process the parent of what its descendants leave behind: whatever descends from it now descends from it to
/// the end. Linux only. [`reap_orphans`] belongs to it.
pub fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    {
        // A system that refuses gives them to another process; they then count as strangers.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    }
}

/// Lets adopted processes go that have ended, as long as the program runs. Whoever started a process himself has asked for
/// its end long before.
#[cfg(target_os = "linux")]
pub async fn reap_orphans() {
    use std::time::Duration;

    use rustix::process::{Pid, WaitOptions, waitpid};
    use tokio::signal::unix::{SignalKind, signal};
    /// Time for the one who waits for it, if there is one.
    const GRACE: Duration = Duration::from_secs(1);
    let Ok(mut ended) = signal(SignalKind::child()) else { return };
    while ended.recv().await.is_some() {
        let before = ended_children();
        if before.is_empty() {
            continue;
        }
        tokio::time::sleep(GRACE).await;
        for child in ended_children().into_iter().filter(|child| before.contains(child)) {
            // That somebody was quicker is fine.
            let _ = Pid::from_raw(child).map(|child| waitpid(Some(child), WaitOptions::NOHANG));
        }
    }
}

/// Children of this process that have ended and whose end nobody has asked for.
#[cfg(target_os = "linux")]
fn ended_children() -> Vec<i32> {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let children = threads.map(|thread| std::fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    let mut ended: Vec<i32> =
        children.flat_map(|line| line.split(' ').filter_map(|pid| pid.parse().ok()).collect::<Vec<i32>>()).collect();
    ended.retain(|pid| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
    });
    ended
}
