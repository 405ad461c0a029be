//! Keeps the pipes of a child open when this process is killed.
//!
//! terraform and helmfile die of a write to a pipe that nobody reads, whatever signals they were told to ignore: Go's
//! runtime sees to that. A killed atmos would take an apply with it, and what it had made so far would be in no state. So a
//! second process of ours holds the reading ends too. It does nothing while we live; after us it reads and drops what
//! comes, until the child has ended.
//!
//! A command of the user's own may leave something in the background that still speaks when we have ended in good order
//! ([`hand_over`]): then a process of ours goes on to do what we did with its standard error.

use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use zeroize::Zeroizing;

use super::launch::{Hangup, Launch, Output};
use super::process::Surroundings;
use super::pty::Pty;
use crate::secret::{Expose as _, Masker, Secret};

/// The only word of a call that is a keeper.
pub const WORD: &str = "__keep-pipes";

/// The only word of a call that takes over a stream.
pub const HEIR_WORD: &str = "__pass-on";

/// Has another process read what still comes from `end`, and write it masked to our standard error, until nobody can write
/// there any more. It learns what to mask through a pipe.
///
/// # Errors
/// It cannot be started, or does not listen.
#[expect(clippy::disallowed_methods, reason = "this is where exec starts it")]
pub(super) fn hand_over(exe: &Path, end: OwnedFd, masker: &Masker) -> io::Result<()> {
    use std::os::unix::process::CommandExt as _;
    let (theirs, mut ours) = io::pipe()?;
    let mut command = Command::new(exe);
    command.arg(HEIR_WORD).env_clear().current_dir("/").stdin(theirs).stdout(Stdio::from(end)).stderr(Stdio::inherit());
    // In a group of its own: Ctrl-C is for the others. Nobody waits for it.
    command.process_group(0).spawn()?;
    drop(command);
    if !masker.is_on() {
        return Ok(());
    }
    for form in masker.forms() {
        let form = form.expose_secret().as_bytes();
        let length = u32::try_from(form.len()).map_err(io::Error::other)?;
        ours.write_all(&length.to_le_bytes())?;
        ours.write_all(form)?;
    }
    Ok(())
}

/// What that process does: standard input tells what to mask, standard output is what is to be read, standard error where
/// it goes.
///
/// # Errors
/// Nobody reads any more: whoever writes learns it as without us. Or somebody typed the word.
pub fn pass_on() -> io::Result<()> {
    let masker = Masker::default();
    let mut told = io::stdin().lock();
    let mut is_told = false;
    let mut length = [0; 4];
    while told.read_exact(&mut length).is_ok() {
        is_told = true;
        let length = usize::try_from(u32::from_le_bytes(length)).map_err(io::Error::other)?;
        let mut form = Zeroizing::new(vec![0; length]);
        told.read_exact(&mut form)?;
        masker.register(&Secret::from(String::from_utf8_lossy(&form).into_owned()));
    }
    masker.switch(is_told);
    let end = io::stdout().as_fd().try_clone_to_owned()?;
    wait_for_it(&end)?;
    let mut end = std::fs::File::from(end);
    let (mut buffer, mut pending, mut out) = (vec![0; 16 * 1024], Vec::new(), io::stderr().lock());
    loop {
        let count = end.read(&mut buffer)?;
        pending.extend_from_slice(&buffer[..count]);
        let shown =
            if masker.is_on() { masker.mask_stream(&mut pending, count == 0) } else { std::mem::take(&mut pending) };
        out.write_all(&shown)?;
        if count == 0 {
            return Ok(());
        }
    }
}

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

/// Who reads the output after us. A command of the user's own learns that nobody reads, as it would without us.
pub(super) fn of(
    launch: &Launch,
    around: Surroundings<'_>,
    child: &tokio::process::Child,
    pty: Option<&Pty>,
) -> Option<Keeper> {
    let own = launch.hangup != Hangup::Terminates || launch.output != Output::Inherit;
    let reads = pty.is_some() || child.stdout.is_some() || child.stderr.is_some();
    let exe = around.exe.filter(|_| !own && reads)?;
    let end = |end: Option<&dyn AsFd>| -> Option<OwnedFd> { end?.as_fd().try_clone_to_owned().ok() };
    let out = pty.map(|pty| pty as &dyn AsFd).or(child.stdout.as_ref().map(|out| out as &dyn AsFd));
    Keeper::start(exe, end(out), end(child.stderr.as_ref().map(|err| err as &dyn AsFd)))
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
    let other = std::thread::Builder::new().spawn(move || drain(err))?;
    drain(out)?;
    other.join().unwrap_or(Ok(()))
}

/// The process before us did not want to wait for it, and shared that with us.
fn wait_for_it(end: &OwnedFd) -> io::Result<()> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    Ok(fcntl_setfl(end, fcntl_getfl(end)?.difference(OFlags::NONBLOCK))?)
}

fn drain(end: OwnedFd) -> io::Result<()> {
    wait_for_it(&end)?;
    io::copy(&mut std::fs::File::from(end), &mut io::sink()).map(drop)
}
