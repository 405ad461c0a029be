//! The terminal as it was before a question, put back by the handler of the signal that ends the process. Row 2.
//!
//! Whoever listens to signals goes on to hear them: the handler is there only while a question is open, calls the one that it
//! has replaced, and where there was none, lets the signal do what it does to every program. What a handler knows has to be
//! in a static: nothing else reaches it.

use std::io::{PipeWriter, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};

use inquire::InquireError;
use inquire::error::InquireResult;
use nix::errno::Errno;
use nix::libc::{c_int, c_void, siginfo_t};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};
use rustix::fd::BorrowedFd;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

use super::kin;

type Handle = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);

/// What ends the process.
const SIGNALS: [Signal; 4] = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM];
/// No marks around pasted text, the cursor shown, no colour, a new line.
const PLAIN: &[u8] = b"\x1b[?2004l\x1b[?25h\x1b[0m\r\n";
const STDIN: c_int = 0;
const STDERR: c_int = 2;

/// The question that is open. Locked only while [`SIGNALS`] are blocked in the thread that has the lock, so that a handler
/// may wait for it.
static OPEN: Mutex<Option<Open>> = Mutex::new(None);
/// Held by whoever asks.
static TURN: Mutex<()> = Mutex::new(());
static ENDED: AtomicU8 = AtomicU8::new(0);

struct Open {
    /// Of a standard input that is a terminal.
    settings: Option<Termios>,
    /// One byte ends the wait for the answer.
    wake: PipeWriter,
    /// What a signal did before; nothing for one that is ignored.
    before: [Option<SigAction>; SIGNALS.len()],
}

pub(super) fn ended_by() -> Option<u8> {
    Some(ENDED.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
}

pub(super) fn ask<T: Send + 'static>(prompt: impl FnOnce() -> InquireResult<T> + Send + 'static) -> InquireResult<T> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    if ended_by().is_some() {
        return Err(InquireError::OperationInterrupted);
    }
    let (mut answered, wake) = std::io::pipe()?;
    let done = Done(wake.try_clone()?);
    let (send, receive) = channel();
    let open = Guard::open(wake)?;
    let thread = std::thread::Builder::new().name("prompt".to_owned()).spawn(move || {
        let _done = done;
        // Whoever asked may be gone.
        let _ = send.send(prompt());
    })?;
    answered.read_exact(&mut [0])?;
    drop(open);
    if ended_by().is_some() {
        // The thread reads on until the process ends; it has nothing to put back any more.
        return Err(InquireError::OperationInterrupted);
    }
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
    receive.recv().map_err(|_| InquireError::OperationInterrupted)?
}

/// Ends the wait when the prompt has ended, however it did.
struct Done(PipeWriter);

impl Drop for Done {
    fn drop(&mut self) {
        // Nobody waits any more.
        let _ = self.0.write(&[0]);
    }
}

/// The handlers are there as long as it is.
struct Guard;

impl Guard {
    fn open(wake: PipeWriter) -> InquireResult<Guard> {
        let settings = tcgetattr(std::io::stdin()).ok();
        quietly(|open| {
            // The signals and a write of a stopped job must not come in between.
            let mut masked = set();
            masked.add(Signal::SIGTTOU);
            let ours = SigAction::new(SigHandler::SigAction(handle), SaFlags::SA_RESTART, masked);
            let mut before = [None; SIGNALS.len()];
            for (signal, before) in SIGNALS.into_iter().zip(&mut before) {
                let old = set_action(signal, &ours).map_err(std::io::Error::from)?;
                if matches!(old.handler(), SigHandler::SigIgn) {
                    let _ = set_action(signal, &old);
                } else {
                    *before = Some(old);
                }
            }
            *open = Some(Open { settings, wake, before });
            Ok(Guard)
        })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        quietly(|open| {
            let Some(open) = open.take() else { return };
            for (signal, before) in SIGNALS.into_iter().zip(open.before) {
                let Some(before) = before else { continue };
                if let Ok(now) = set_action(signal, &before)
                    && !is_ours(&now)
                {
                    // Somebody has begun to listen meanwhile. He calls ours, which does nothing any more.
                    let _ = set_action(signal, &now);
                }
            }
        });
    }
}

/// Does something with what the handler reads, while it cannot come in this thread.
fn quietly<T>(work: impl FnOnce(&mut Option<Open>) -> T) -> T {
    let blocked = set();
    let before = blocked.thread_swap_mask(nix::sys::signal::SigmaskHow::SIG_BLOCK);
    let result = work(&mut OPEN.lock().unwrap_or_else(PoisonError::into_inner));
    if let Ok(before) = before {
        let _ = before.thread_set_mask();
    }
    result
}

fn set() -> SigSet {
    SIGNALS.into_iter().collect()
}

fn is_ours(action: &SigAction) -> bool {
    matches!(action.handler(), SigHandler::SigAction(handler) if std::ptr::fn_addr_eq(handler, handle as Handle))
}

#[expect(unsafe_code, reason = "there is no safe way to handle a signal beside whoever listens already")]
fn set_action(signal: Signal, action: &SigAction) -> nix::Result<SigAction> {
    // SAFETY: the action is the one that was there before, or `handle`, which does only what a handler may.
    unsafe { sigaction(signal, action) }
}

/// Allocates nothing and calls nothing but system calls and the handler that was there before.
extern "C" fn handle(number: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let errno = Errno::last_raw();
    if let Ok(signal) = Signal::try_from(number)
        && let Some(before) = put_back(signal)
    {
        match before.handler() {
            SigHandler::Handler(handler) => handler(number),
            SigHandler::SigAction(handler) => handler(number, info, context),
            SigHandler::SigDfl => die(signal, &before),
            SigHandler::SigIgn => {}
        }
    }
    Errno::set_raw(errno);
}

/// Puts the terminal back and ends the wait for the answer. What the signal did before, where a question is open.
fn put_back(signal: Signal) -> Option<SigAction> {
    let open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let open = open.as_ref()?;
    let at = SIGNALS.iter().position(|known| *known == signal)?;
    // The settings of a shell that has taken the terminal meanwhile are its own.
    let is_foreground = tcgetpgrp(standard(STDIN)).is_ok_and(|group| kin::own_group() == Some(group));
    if let Some(settings) = open.settings.as_ref().filter(|_| is_foreground) {
        let _ = tcsetattr(standard(STDIN), OptionalActions::Now, settings);
        if rustix::termios::isatty(standard(STDERR)) {
            let _ = rustix::io::write(standard(STDERR), PLAIN);
        }
    }
    ENDED.store(u8::try_from(signal as c_int).unwrap_or(u8::MAX), Ordering::SeqCst);
    let _ = rustix::io::write(standard(open.wake.as_raw_fd()), &[0]);
    open.before[at]
}

/// What the signal does to a program that does not listen: it comes again when the handler returns.
fn die(signal: Signal, before: &SigAction) {
    match set_action(signal, before) {
        // Somebody has begun to listen meanwhile, and called us.
        Ok(now) if !is_ours(&now) => {
            let _ = set_action(signal, &now);
        }
        Ok(_) => {
            let _ = raise(signal);
        }
        Err(_) => {}
    }
}

#[expect(unsafe_code, reason = "a handler has numbers only")]
fn standard(descriptor: c_int) -> BorrowedFd<'static> {
    // SAFETY: the standard streams are never closed, and the pipe lives as long as `OPEN` has it, which is locked.
    unsafe { BorrowedFd::borrow_raw(descriptor) }
}
