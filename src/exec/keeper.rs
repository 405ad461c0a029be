//! Keeps the pipes of a child open when this process is killed.
//!
//! terraform and helmfile die of a write to a pipe that nobody reads, whatever signals they were told to ignore: Go's
//! runtime sees to that. A killed atmos would take an apply with it, and what it had made so far would be in no state. So a
//! second process of ours holds the reading ends too. It does nothing while we live; after us it reads and drops what
//! comes, until the child has ended.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The only word of a call that is a keeper.
pub const WORD: &str = "__keep-pipes";

/// The other process. It ends with the value.
#[derive(Debug)]
pub(super) struct Keeper {
    child: Child,
    /// Closes when we die.
    _lifeline: io::PipeWriter,
}

impl Keeper {
    /// Starts it with the reading ends of the child's output. A failure leaves things as they would be without it.
    pub(super) fn start(exe: &Path, out: Option<OwnedFd>, err: Option<OwnedFd>) -> Option<Keeper> {
        match Keeper::spawn(exe, out, err) {
            Ok(keeper) => Some(keeper),
            Err(error) => {
                tracing::debug!(%error, "nobody will read the child's output if this process is killed");
                None
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is where exec starts it")]
    fn spawn(exe: &Path, out: Option<OwnedFd>, err: Option<OwnedFd>) -> io::Result<Keeper> {
        use std::os::unix::process::CommandExt as _;
        let (theirs, ours) = io::pipe()?;
        let end = |end: Option<OwnedFd>| end.map_or_else(Stdio::null, Stdio::from);
        let mut command = Command::new(exe);
        command.arg(WORD).env_clear().current_dir("/").stdin(theirs).stdout(end(out)).stderr(end(err));
        // In a group of its own: Ctrl-C is for the others.
        Ok(Keeper { child: command.process_group(0).spawn()?, _lifeline: ours })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // Nothing of it is lost. It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the other process does: standard input ends when the process that started it has gone, standard output and
/// standard error are what is to be read then.
///
/// # Errors
/// The descriptors are not what they should be: somebody typed the word.
pub fn keep() -> io::Result<()> {
    io::copy(&mut io::stdin().lock(), &mut io::sink())?;
    let (out, err) = (io::stdout().as_fd().try_clone_to_owned()?, io::stderr().as_fd().try_clone_to_owned()?);
    let other = std::thread::spawn(move || drain(err));
    drain(out)?;
    other.join().unwrap_or(Ok(()))
}

fn drain(end: OwnedFd) -> io::Result<()> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    // The process before us did not want to wait for it, and shared that with us.
    fcntl_setfl(&end, fcntl_getfl(&end)?.difference(OFlags::NONBLOCK))?;
    io::copy(&mut std::fs::File::from(end), &mut io::sink()).map(drop)
}
