//! A terminal of our own for the standard output of a child: it goes on to ours byte by byte, and is read on its way.
//!
//! Only the output is one: keyboard, foreground group and hang-ups stay those of the real terminal.

use std::io;
use std::process::Stdio;

type Reader = Box<dyn tokio::io::AsyncRead + Unpin + Send>;

/// Our side of it.
pub(super) struct Pty {
    #[cfg(unix)]
    master: std::os::fd::OwnedFd,
    #[cfg(unix)]
    resized: tokio::signal::unix::Signal,
    /// The child's end, and what it says there.
    ends: Option<(Stdio, Reader)>,
}

impl Pty {
    /// The child's end, and what it says there: that ends when nobody has the child's end any more.
    pub(super) fn take(&mut self) -> Option<(Stdio, Reader)> {
        self.ends.take()
    }
}

#[cfg(unix)]
impl Pty {
    /// Opens one with the size of our own standard output.
    ///
    /// # Errors
    /// The system has none.
    pub(super) fn open() -> io::Result<Pty> {
        use rustix::fs::{Mode, OFlags};
        use rustix::io::{FdFlags, fcntl_setfd};
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
        use tokio::signal::unix::{SignalKind, signal};
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        fcntl_setfd(&master, FdFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?;
        let slave = rustix::fs::open(&*name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        // What is to be done with the ends of lines is done by the real terminal.
        let mut modes = tcgetattr(&slave)?;
        modes.make_raw();
        tcsetattr(&slave, OptionalActions::Now, &modes)?;
        let reader = tokio::net::unix::pipe::Receiver::from_owned_fd_unchecked(master.try_clone()?)?;
        let resized = signal(SignalKind::window_change())?;
        let pty = Pty { master, resized, ends: Some((Stdio::from(slave), Box::new(reader))) };
        pty.resize();
        Ok(pty)
    }

    /// Follows the size of the real terminal, once.
    pub(super) async fn follow(pty: Option<&mut Pty>) {
        let Some(pty) = pty else { return std::future::pending().await };
        match pty.resized.recv().await {
            Some(()) => pty.resize(),
            None => std::future::pending().await,
        }
    }

    fn resize(&self) {
        use rustix::termios::{tcgetwinsize, tcsetwinsize};
        // Without a size the child takes its usual one.
        if let Ok(size) = tcgetwinsize(io::stdout()) {
            let _ = tcsetwinsize(&self.master, size);
        }
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for Pty {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.master.as_fd()
    }
}

#[cfg(not(unix))]
impl Pty {
    /// # Errors
    /// Always: there are none here.
    pub(super) fn open() -> io::Result<Pty> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) async fn follow(_pty: Option<&mut Pty>) {
        std::future::pending().await
    }
}
