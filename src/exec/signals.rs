//! Signals to this process while children run: who passes them on, and with which status it all ends.
//!
//! A child belongs to the terminal's foreground group just as we do, so Ctrl-C reaches it without us; a signal that
//! somebody sent to our process alone does not, and is passed on. A terminal that closes is another matter ([`Hangup`]).
//! Nothing here ever kills a child by force: terraform
//! needs its time to release the state lock.

#[cfg(unix)]
use std::io;

use std::sync::{Arc, OnceLock};
#[cfg(unix)]
use std::task::Poll;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::Error;
use super::folder_lock::FolderLock;
use super::launch::Hangup;
#[cfg(unix)]
use crate::host::kin;
use crate::host::threads;

/// A request to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    Interrupt,
    Terminate,
    Hangup,
    /// Ctrl-\\ of a terminal.
    Quit,
}

/// What came from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    Stop(Stop),
    /// The child's business alone.
    #[cfg(unix)]
    Word(rustix::process::Signal),
}

impl Stop {
    /// 128 + the signal's number.
    pub fn exit_code(self) -> u8 {
        match self {
            Stop::Interrupt => 130,
            Stop::Terminate => 143,
            Stop::Hangup => 129,
            Stop::Quit => 131,
        }
    }

    /// The request that a run has ended by with this status, if it was one.
    pub fn of_exit_code(code: u8) -> Option<Stop> {
        let all = [Stop::Interrupt, Stop::Terminate, Stop::Hangup, Stop::Quit];
        all.into_iter().find(|stop| stop.exit_code() == code)
    }
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Stop::Interrupt => "SIGINT",
            Stop::Terminate => "SIGTERM",
            Stop::Hangup => "SIGHUP",
            Stop::Quit => "SIGQUIT",
        })
    }
}

/// Listens for the whole of a run, from before the first private file is written until the last one is gone. While one
/// exists the process does not end by SIGINT, SIGTERM, SIGHUP or SIGQUIT; whoever holds it must act on [`Signals::next`].
/// SIGUSR1 and SIGUSR2, timers (SIGALRM, SIGVTALRM, SIGPROF) and SIGIO, which would end it just as well, mean the child; without
/// one a timer is a request to stop.
pub struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hangup: tokio::signal::unix::Signal,
    #[cfg(unix)]
    quit: tokio::signal::unix::Signal,
    #[cfg(unix)]
    words: Vec<(rustix::process::Signal, tokio::signal::unix::Signal)>,
}

/// What is the child's business, and would end us otherwise.
#[cfg(unix)]
const WORDS: [rustix::process::Signal; 6] = {
    use rustix::process::Signal;
    [Signal::USR1, Signal::USR2, Signal::ALARM, Signal::VTALARM, Signal::PROF, Signal::IO]
};

impl std::fmt::Debug for Signals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signals")
    }
}

#[cfg(unix)]
impl Signals {
    /// Begins to listen. Needs a running tokio runtime.
    ///
    /// # Errors
    /// [`Error::Signals`] when the system refuses the handlers.
    pub fn listen() -> Result<Signals, Error> {
        use tokio::signal::unix::{SignalKind, signal};
        let open = |kind| signal(kind).map_err(|source| Error::Signals { source });
        let word = |number: rustix::process::Signal| Ok((number, open(SignalKind::from_raw(number.as_raw()))?));
        Ok(Signals {
            interrupt: open(SignalKind::interrupt())?,
            terminate: open(SignalKind::terminate())?,
            hangup: open(SignalKind::hangup())?,
            quit: open(SignalKind::quit())?,
            words: WORDS.into_iter().map(word).collect::<Result<_, Error>>()?,
        })
    }

    /// What comes next. Safe to drop and call again.
    pub(super) async fn heard(&mut self) -> Heard {
        let words = &mut self.words;
        let word = std::future::poll_fn(|context| {
            let heard =
                words.iter_mut().find_map(|(signal, stream)| stream.poll_recv(context).is_ready().then_some(*signal));
            heard.map_or(Poll::Pending, Poll::Ready)
        });
        tokio::select! {
            _ = self.interrupt.recv() => Heard::Stop(Stop::Interrupt),
            _ = self.terminate.recv() => Heard::Stop(Stop::Terminate),
            _ = self.hangup.recv() => Heard::Stop(Stop::Hangup),
            _ = self.quit.recv() => Heard::Stop(Stop::Quit),
            signal = word => Heard::Word(signal),
        }
    }

    /// The next request to stop, where there is no child. Safe to drop and call again.
    pub async fn next(&mut self) -> Stop {
        loop {
            match self.heard().await {
                Heard::Stop(stop) => return stop,
                #[cfg(unix)]
                Heard::Word(rustix::process::Signal::USR1 | rustix::process::Signal::USR2) => {}
                #[cfg(unix)]
                Heard::Word(_) => return Stop::Terminate,
            }
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    /// Begins to listen.
    ///
    /// # Errors
    /// None on this platform.
    pub fn listen() -> Result<Signals, Error> {
        Ok(Signals {})
    }

    /// The next request to stop.
    pub async fn next(&mut self) -> Stop {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Stop::Interrupt
    }

    /// The next request to stop.
    pub(super) async fn heard(&mut self) -> Heard {
        Heard::Stop(self.next().await)
    }
}

impl Signals {
    /// A request to stop that has come already.
    pub async fn pending(&mut self) -> Option<Stop> {
        tokio::select! {
            biased;
            stop = self.next() => Some(stop),
            () = std::future::ready(()) => None,
        }
    }

    /// Runs work that has no child of its own; a request to stop drops the work (and with it whatever it holds).
    ///
    /// # Errors
    /// [`Error::Interrupted`], or the error of the work itself.
    pub async fn guard<T, E: From<Error>>(&mut self, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        tokio::select! {
            biased;
            stop = self.next() => Err(Error::Interrupted { stop }.into()),
            result = work => result,
        }
    }
}

/// Listens while code runs that cannot be dropped: what has to go goes at once, the code ends when it next looks.
pub struct Watch {
    stopped: Arc<OnceLock<Stop>>,
    done: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

impl Watch {
    /// Begins to listen; `clean` runs at the first request to stop.
    ///
    /// # Errors
    /// [`Error::Signals`] when the system refuses the handlers.
    pub fn start(clean: impl FnOnce() + Send + 'static) -> Result<Watch, Error> {
        let failed = |source| Error::Signals { source };
        let runtime = threads::lone_runtime().map_err(failed)?;
        let mut signals = {
            let _inside = runtime.enter();
            Signals::listen()?
        };
        let stopped: Arc<OnceLock<Stop>> = Arc::default();
        let (sender, receiver) = oneshot::channel();
        let heard = stopped.clone();
        let listen = move || {
            runtime.block_on(async move {
                tokio::select! {
                    stop = signals.next() => {
                        let _ = heard.set(stop);
                        clean();
                    }
                    _ = receiver => {}
                }
            });
        };
        let thread = std::thread::Builder::new().spawn(listen).map_err(failed)?;
        Ok(Watch { stopped, done: Some(sender), thread: Some(thread) })
    }

    /// # Errors
    /// [`Error::Interrupted`] when somebody asked to stop.
    pub fn check(&self) -> Result<(), Error> {
        match self.stopped.get() {
            Some(stop) => Err(Error::Interrupted { stop: *stop }),
            None => Ok(()),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.done.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell.
            let _ = thread.join();
        }
    }
}

/// Sends a request on to the child if it has not received it already.
#[cfg(unix)]
pub(super) fn pass_on(child: u32, stop: Stop, hangup: Hangup) {
    use rustix::process::Signal;
    if matches!(stop, Stop::Interrupt | Stop::Quit) && in_foreground() {
        return;
    }
    let signal = match (stop, hangup) {
        (Stop::Interrupt, _) => Signal::INT,
        (Stop::Quit, _) => Signal::QUIT,
        (Stop::Terminate, _) | (Stop::Hangup, Hangup::Terminates) => Signal::TERM,
        (Stop::Hangup, Hangup::PassesOn | Hangup::Shells) => Signal::HUP,
    };
    let below = if hangup == Hangup::Shells { kin::below_shells(child) } else { Vec::new() };
    std::iter::once(child).chain(below).for_each(|process| send(process, signal));
}

#[cfg(unix)]
pub(super) fn send(process: u32, signal: rustix::process::Signal) {
    let Some(process) = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw) else { return };
    if let Err(error) = rustix::process::kill_process(process, signal) {
        // It has just ended; there is nobody left to tell.
        tracing::debug!(%error, ?signal, "signal not delivered");
    }
}

#[cfg(not(unix))]
pub(super) fn pass_on(_child: u32, _stop: Stop, _hangup: Hangup) {}

/// Makes the child ignore SIGHUP where it is not its own business. What is ignored stays so across the start, also for
/// what the child starts in turn; a blocked signal would not do, since Go's runtime opens the mask again. The locks of its
/// folder are the child's, too: when we are killed, it goes on to work there.
#[cfg(unix)]
#[expect(unsafe_code, reason = "there is no safe way to start a child with a signal ignored or a file left open")]
pub(super) fn shield(command: &mut tokio::process::Command, hangup: Hangup, locks: &[&FolderLock]) {
    use nix::sys::signal::{SigHandler, Signal, signal};
    use rustix::fd::BorrowedFd;
    use rustix::io::{FdFlags, fcntl_setfd};
    let descriptors: Vec<_> = locks.iter().flat_map(|lock| lock.descriptors()).collect();
    if !descriptors.is_empty() {
        // SAFETY: between fork and exec this calls `fcntl` and nothing else. The descriptors are open in the child: it is a
        // copy of this process, whose locks outlive the start.
        unsafe {
            command.pre_exec(move || {
                descriptors.iter().try_for_each(|descriptor| {
                    fcntl_setfd(BorrowedFd::borrow_raw(*descriptor), FdFlags::empty()).map_err(io::Error::from)
                })
            });
        }
    }
    if hangup != Hangup::Terminates {
        return;
    }
    // SAFETY: between fork and exec this calls `sigaction` and nothing else, which may be called there, and neither
    // allocates nor takes a lock. The handler is no function of ours.
    unsafe {
        command.pre_exec(|| signal(Signal::SIGHUP, SigHandler::SigIgn).map(drop).map_err(io::Error::from));
    }
}

#[cfg(not(unix))]
pub(super) fn shield(_command: &mut tokio::process::Command, _hangup: Hangup, _locks: &[&FolderLock]) {}

/// Our process group is the one that the controlling terminal sends Ctrl-C to (and a child of ours is in it).
#[cfg(unix)]
fn in_foreground() -> bool {
    let Ok(terminal) = std::fs::File::open("/dev/tty") else { return false };
    rustix::termios::tcgetpgrp(&terminal).is_ok_and(|foreground| kin::own_group() == Some(foreground))
}
