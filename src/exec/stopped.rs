//! A child that stops itself, such as a shell by `suspend`: at a terminal we stop with it, so that whoever started us has
//! the terminal back, and go on with it when we are continued. Ctrl-Z needs nothing of this: it reaches both at once.
//!
//! Read [`Stops`].

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpid, kill_process};
use rustix::stdio::stdin;
use rustix::termios::{tcgetpgrp, tcsetpgrp};
use tokio::signal::unix::{SignalKind, signal};

use super::launch::{Launch, Output};
use crate::host::kin;

/// Hears that something became of a child; of children that are no command of the user's own it hears nothing.
pub(super) struct Stops {
    changes: Option<tokio::signal::unix::Signal>,
}

impl Stops {
    pub(super) fn of(launch: &Launch) -> Stops {
        let is_own = launch.output == Output::Given;
        // Without the handler a child that stops is waited for, and nothing else is lost.
        Stops { changes: is_own.then(|| signal(SignalKind::child()).ok()).flatten() }
    }

    /// Comes back when some child of ours has changed. Safe to drop and call again.
    pub(super) async fn next(&mut self) {
        match &mut self.changes {
            Some(changes) => drop(changes.recv().await),
            None => std::future::pending().await,
        }
    }
}

/// Stops this process where the child has stopped in the foreground of our terminal, and continues the child afterwards.
pub(super) fn follow(child: u32) {
    let Some(child) = i32::try_from(child).ok().and_then(Pid::from_raw) else { return };
    let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let is_stopped = rustix::process::waitid(WaitId::Pid(child), options).is_ok_and(|status| status.is_some());
    // Nobody would continue the leader of a session, and without a terminal nobody waits for one.
    if !is_stopped || kin::leads_session() {
        return;
    }
    let (Ok(foreground), Some(theirs)) = (tcgetpgrp(stdin()), kin::group_of(child)) else { return };
    if kin::own_group() != Some(foreground) && foreground != theirs {
        return;
    }
    if kill_process(getpid(), Signal::STOP).is_err() {
        return;
    }
    // Continued. Whoever did that gave the terminal to us, if to anybody of us; the child had it before.
    if foreground == theirs && tcgetpgrp(stdin()).is_ok_and(|now| kin::own_group() == Some(now)) {
        let _ = tcsetpgrp(stdin(), theirs);
    }
    super::signals::send(child.as_raw_nonzero().get().unsigned_abs(), Signal::CONT);
}
