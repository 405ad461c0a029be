//! Starts one child and stays with it until it ends.
//!
//! A standard stream of ours that is a terminal is given to the child as it is, so that its prompts, colours and
//! progress work; any other stream passes through the masker, byte by byte as it comes, except where it is the data of a
//! command of the user's own ([`Output::Given`]).

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::folder_lock::{self, FolderLock};
use super::heirloom::Heirloom;
use super::json::Quotes;
#[cfg(unix)]
use super::keeper::{Keeper, of as keeper};
use super::launch::{Launch, Output, Redirect};
use super::outlet::Stream;
use super::pty::Pty;
use super::relay::Relay;
use super::signals::{self, Heard, Signals, Stop};
#[cfg(unix)]
use super::stopped::{Stops, follow};
use super::{Error, files, standard};
use crate::host::{Env, Terminal};
use crate::secret::Masker;

/// How long a pipe may stay silent after the child has ended. Something that the child left behind may hold it open for
/// ever.
const SILENCE: Duration = Duration::from_secs(2);

const CHUNK: usize = 16 * 1024;

/// How a child ended.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The child's own code, or 128 + the number of the signal that killed it.
    pub code: u8,
    /// The first request to stop that we received while it ran.
    pub stop: Option<Stop>,
    /// Masked output of a child with [`Output::Capture`], standard output as it was of one with [`Output::Shared`]; empty
    /// otherwise.
    pub captured: Vec<u8>,
    /// Standard error of a child with [`Output::Shared`] or [`Output::Apart`].
    pub errors: Vec<u8>,
    /// Why what it said could not be written on: nobody reads any more, or there is no room.
    pub unwritten: Option<Arc<io::Error>>,
}

impl Outcome {
    pub fn succeeded(&self) -> bool {
        self.code == 0 && self.stop.is_none()
    }

    /// What was captured, for a message: without colours, which belong to a terminal.
    pub fn text(&self) -> String {
        without_colours(String::from_utf8_lossy(&self.captured).trim_end())
    }
}

/// The text without the sequences that switch colours (`ESC [ … m`).
pub fn without_colours(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|character: char| !character.is_ascii_digit() && character != ';');
        if let Some(end) = end.filter(|end| piece[*end..].starts_with('m')) {
            plain.push_str(&piece[end + 1..]);
        } else {
            plain.push_str("\u{1b}[");
            plain.push_str(piece);
        }
    }
    plain
}

/// What a child needs of its surroundings.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    pub terminal: Terminal,
    pub masker: &'a Masker,
    /// Working directory of this process, for relative programs.
    pub cwd: &'a Path,
    /// This program, which also keeps the pipes of terraform and helmfile open when we are killed.
    pub exe: Option<&'a Path>,
    /// Where output goes that would go to our own streams, when several children run at once.
    pub relay: Option<&'a Relay>,
    /// The lock of the folder that the child works in, which it keeps when we are killed.
    pub lock: Option<&'a FolderLock>,
    /// Another one, of what this child alone needs.
    pub aside: Option<&'a FolderLock>,
    /// What the child reads from standard input, in place of ours.
    pub input: Option<&'a [u8]>,
}

/// The file behind a program name: looked up in the `PATH` that the child will have; a relative path is below `cwd`.
///
/// # Errors
/// [`Error::StartFailed`] that names the program and where it was configured.
pub fn find(program: &str, configured: &str, env: &Env, cwd: &Path) -> Result<PathBuf, Error> {
    let path = env.get_raw("PATH").map(std::ffi::OsStr::to_os_string);
    which::which_in(program, path, cwd).map_err(|error| Error::StartFailed {
        program: program.to_owned(),
        configured: configured.to_owned(),
        reason: match error {
            which::Error::CannotFindBinaryPath => standard::why_not(program, env, cwd).to_owned(),
            other => other.to_string(),
        },
    })
}

/// Runs the child to its end. Signals are passed on as [`signals`] says; the child is never killed by force.
///
/// # Errors
/// Only what concerns the start and the wait; a child that fails is an [`Outcome`].
pub async fn run(launch: &Launch, around: Surroundings<'_>, signals: &mut Signals) -> Result<Outcome, Error> {
    run_within(launch, around, signals, None).await
}

/// What a child has between being asked to end and being ended.
const GRACE: Duration = Duration::from_secs(5);

/// The same with a limit of time: then the child is asked to end, and ended when it does not.
///
/// # Errors
/// As [`run`], and [`Error::Late`].
pub async fn run_within(
    launch: &Launch,
    around: Surroundings<'_>,
    signals: &mut Signals,
    limit: Option<Duration>,
) -> Result<Outcome, Error> {
    let program = find(&launch.program, &launch.configured, &launch.env, around.cwd)?;
    let mut command = tokio::process::Command::new(&program);
    let relay = around.relay.filter(|relay| relay.takes_all());
    // Of several children that run at once none has the keyboard.
    let stdin = match (around.input, relay) {
        (Some(_), _) => Stdio::piped(),
        (None, Some(_)) => Stdio::null(),
        (None, None) => Stdio::inherit(),
    };
    command.args(&launch.args).current_dir(&launch.cwd).env_clear().envs(launch.env.iter()).stdin(stdin);
    let locks: Vec<&FolderLock> = around.lock.into_iter().chain(around.aside).collect();
    if !locks.is_empty() {
        command.env(folder_lock::HELD, folder_lock::held(&locks, &launch.env));
    }
    let mut wiring = match relay {
        Some(_) => Wiring::of(launch, Terminal::default()),
        None if around.relay.is_some_and(Relay::keeps) => Wiring::of(launch, Terminal::default()),
        None => Wiring::of(launch, around.terminal),
    };
    // Who asked to stop while nothing ran means what would come next.
    if let Some(stop) = signals.pending().await {
        return Err(Error::Interrupted { stop });
    }
    let mut pty = watch(&mut wiring, launch, around.relay);
    // Opened before the start, so that a bad path fails while nothing runs.
    let (out_end, err_end) = (wiring.stdout.writer(launch)?, wiring.stderr.writer(launch)?);
    command.stdout(wiring.stdout.stdio()).stderr(wiring.stderr.stdio());
    let watched = pty.as_mut().and_then(Pty::take).map(|(theirs, ours)| {
        command.stdout(theirs);
        ours
    });
    signals::shield(&mut command, launch.hangup, &locks);
    let mut child = command.spawn().map_err(|error| launch.unstarted(&program, &error))?;
    // It has the child's end of the terminal, too.
    drop(command);
    let pid = child.id();
    let begun = tokio::time::Instant::now();
    let keeper = Mutex::new(keeper(launch, around, &child, pty.as_ref()));
    let mut heirloom = Heirloom::of(launch.output, &child);
    let (out, err) = (watched.or(child_stream(child.stdout.take())), child_stream(child.stderr.take()));
    let (captured, errors) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let (active, unwritten) = (AtomicBool::new(false), OnceLock::new());
    let pumps = async {
        let Surroundings { masker, relay, .. } = around;
        let json = launch.says_json();
        let flow = Flow { masker, active: &active, keeper: &keeper, relay, unwritten: &unwritten, json };
        let shared = matches!(launch.output, Output::Shared | Output::SharedStderr | Output::Apart);
        let raw = shared || launch.output == Output::Value;
        tokio::join!(
            flow.pump(out, (wiring.stdout, out_end), &captured, raw),
            flow.pump(err, (wiring.stderr, err_end), if shared { &errors } else { &captured }, shared),
        );
    };
    tokio::pin!(pumps);
    let feeding = feed(child.stdin.take(), around.input);
    tokio::pin!(feeding);
    let (mut stop, mut drained, mut fed) = (None, false, around.input.is_none());
    let (mut left, mut late, mut stops) = (limit, false, Stops::of(launch));
    let status = loop {
        tokio::select! {
            status = child.wait() => break status.map_err(|source| Error::Wait { source })?,
            heard = signals.heard() => match (heard, pid) {
                (Heard::Stop(signal), pid) => {
                    stop.get_or_insert(signal);
                    if let Some(pid) = pid {
                        signals::pass_on(pid, signal, launch.hangup);
                    }
                }
                #[cfg(unix)]
                (Heard::Word(signal), Some(pid)) => signals::send(pid, signal),
                #[cfg(unix)]
                (Heard::Word(_), None) => {}
            },
            () = &mut pumps, if !drained => {
                drained = true;
                // Nobody reads the terminal any more: the child must not wait for it.
                pty = None;
            }
            () = Pty::follow(pty.as_mut()), if pty.is_some() => {}
            () = &mut feeding, if !fed => fed = true,
            () = stops.next() => pid.into_iter().for_each(follow),
            () = tokio::time::sleep_until(begun + left.unwrap_or_default()), if left.is_some() => {
                if late {
                    // What the child started in turn may live on; the child itself does not.
                    let _ = child.start_kill();
                    left = None;
                } else {
                    late = true;
                    left = left.map(|left| left + GRACE);
                    if let Some(pid) = pid {
                        signals::pass_on(pid, Stop::Terminate, launch.hangup);
                    }
                }
            }
        }
    };
    while !drained {
        tokio::select! {
            () = &mut pumps => drained = true,
            () = tokio::time::sleep(SILENCE) => {
                drained = !active.swap(false, Ordering::Relaxed);
                if drained {
                    heirloom.hand_over(around.exe, around.masker);
                }
            }
        }
    }
    if let Some(limit) = limit.filter(|_| late && stop.is_none()) {
        return Err(Error::Late { limit });
    }
    let take = |kept: &Mutex<Vec<u8>>| std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner));
    let (captured, errors, unwritten) = (take(&captured), take(&errors), unwritten.get().cloned());
    Ok(Outcome { code: code_of(status), stop, captured, errors, unwritten })
}

/// Writes all of the input and closes it.
async fn feed(stdin: Option<tokio::process::ChildStdin>, input: Option<&[u8]>) {
    let Some((mut stdin, input)) = stdin.zip(input) else { return };
    if let Err(error) = stdin.write_all(input).await {
        // A child that has read enough closes its end; it says itself what it wanted.
        tracing::debug!(%error, "the child does not read its input to the end");
    }
}

#[cfg(not(unix))]
struct Stops;

#[cfg(not(unix))]
impl Stops {
    fn of(_launch: &Launch) -> Stops {
        Stops
    }

    async fn next(&mut self) {
        std::future::pending().await
    }
}

#[cfg(not(unix))]
fn follow(_child: u32) {}

#[cfg(not(unix))]
struct Keeper;

#[cfg(not(unix))]
fn keeper(
    _launch: &Launch,
    _around: Surroundings<'_>,
    _child: &tokio::process::Child,
    _pty: Option<&Pty>,
) -> Option<Keeper> {
    None
}

/// Reads on its way what the command of a run says to a terminal, where somebody wants to know it. Without a terminal to
/// put in between it stays unread.
fn watch(wiring: &mut Wiring, launch: &Launch, relay: Option<&Relay>) -> Option<Pty> {
    if launch.output != Output::Inherit || wiring.stdout != Sink::GivenStdout || !relay.is_some_and(Relay::watches) {
        return None;
    }
    match Pty::open() {
        Ok(pty) => {
            wiring.stdout = Sink::Watched;
            Some(pty)
        }
        Err(error) => {
            tracing::debug!(%error, "what the child says to the terminal is not read");
            None
        }
    }
}

type Reader = Box<dyn AsyncRead + Unpin + Send>;

fn child_stream<R: AsyncRead + Unpin + Send + 'static>(stream: Option<R>) -> Option<Reader> {
    stream.map(|stream| Box::new(stream) as Reader)
}

#[cfg(unix)]
fn code_of(status: std::process::ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}

#[cfg(not(unix))]
fn code_of(status: std::process::ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Where one stream of the child ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sink {
    /// The child writes to our stream itself.
    GivenStdout,
    GivenStderr,
    /// A terminal of ours stands between the child and the real one, which gets every byte.
    Watched,
    /// Through the masker to ours.
    Stdout,
    Stderr,
    Capture,
    /// Kept as it is.
    Keep,
    Null,
    /// A file of the user's choice, through the masker.
    File,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wiring {
    stdout: Sink,
    stderr: Sink,
}

impl Wiring {
    fn of(launch: &Launch, terminal: Terminal) -> Wiring {
        let out = if terminal.stdout { Sink::GivenStdout } else { Sink::Stdout };
        let err = if terminal.stderr { Sink::GivenStderr } else { Sink::Stderr };
        let redirected = match &launch.stderr {
            None | Some(Redirect::Stderr) => None,
            Some(Redirect::Stdout) => Some(out),
            Some(Redirect::Null) => Some(Sink::Null),
            Some(Redirect::File(_)) => Some(Sink::File),
        };
        let stderr = redirected.unwrap_or(err);
        match launch.output {
            Output::Inherit => Wiring { stdout: out, stderr },
            Output::Given => Wiring { stdout: Sink::GivenStdout, stderr },
            Output::Stderr => Wiring { stdout: stderr, stderr },
            Output::Capture => Wiring { stdout: Sink::Capture, stderr: Sink::Capture },
            Output::Apart => Wiring { stdout: Sink::Keep, stderr: Sink::Keep },
            Output::Value => Wiring { stdout: Sink::Keep, stderr },
            Output::Shared => Wiring { stdout: Sink::Stdout, stderr: redirected.unwrap_or(Sink::Stderr) },
            Output::SharedStderr => Wiring { stdout: Sink::Stderr, stderr: redirected.unwrap_or(Sink::Stderr) },
        }
    }
}

type Writer = Box<dyn AsyncWrite + Unpin + Send>;

impl Sink {
    fn stdio(self) -> Stdio {
        match self {
            Sink::GivenStdout => Stdio::from(io::stdout()),
            Sink::GivenStderr => Stdio::from(io::stderr()),
            // Its end of the terminal comes in the place of this.
            Sink::Null | Sink::Watched => Stdio::null(),
            Sink::File | Sink::Stdout | Sink::Stderr | Sink::Capture | Sink::Keep => Stdio::piped(),
        }
    }

    /// Our stream that the bytes are for.
    fn stream(self) -> Option<Stream> {
        match self {
            Sink::Stdout | Sink::Watched => Some(Stream::Out),
            Sink::Stderr => Some(Stream::Err),
            _ => None,
        }
    }

    /// The end of the way on our side; `None` keeps the bytes.
    fn writer(self, launch: &Launch) -> Result<Option<Writer>, Error> {
        Ok(match (self, &launch.stderr) {
            (Sink::Capture | Sink::Keep, _) => None,
            (Sink::Stdout | Sink::Watched, _) => Some(Box::new(own(&io::stdout(), "stdout")?)),
            (Sink::Stderr, _) => Some(Box::new(own(&io::stderr(), "stderr")?)),
            (Sink::File, Some(Redirect::File(path))) => {
                Some(Box::new(tokio::fs::File::from_std(files::open_for_append(path)?)))
            }
            _ => Some(Box::new(tokio::io::sink())),
        })
    }
}

/// A second handle to a standard stream of ours, without the buffer and the lock of the first.
#[cfg(unix)]
pub(super) fn own(stream: &impl std::os::fd::AsFd, name: &str) -> Result<tokio::fs::File, Error> {
    let handle = stream.as_fd().try_clone_to_owned().map_err(Error::file("open", Path::new(name)))?;
    Ok(tokio::fs::File::from_std(handle.into()))
}

#[cfg(windows)]
pub(super) fn own(stream: &impl std::os::windows::io::AsHandle, name: &str) -> Result<tokio::fs::File, Error> {
    let handle = stream.as_handle().try_clone_to_owned().map_err(Error::file("open", Path::new(name)))?;
    Ok(tokio::fs::File::from_std(handle.into()))
}

/// What both streams of a child go through.
struct Flow<'a> {
    masker: &'a Masker,
    active: &'a AtomicBool,
    keeper: &'a Mutex<Option<Keeper>>,
    relay: Option<&'a Relay>,
    unwritten: &'a OnceLock<Arc<io::Error>>,
    /// Standard output is JSON.
    json: bool,
}

impl Flow<'_> {
    /// Moves one stream through the masker until its end, or until nobody reads our side any more. `raw` keeps it as it
    /// comes.
    async fn pump(
        &self,
        stream: Option<Reader>,
        (sink, mut writer): (Sink, Option<Writer>),
        kept: &Mutex<Vec<u8>>,
        raw: bool,
    ) {
        let Some(mut stream) = stream else { return };
        let keep = |bytes: &[u8]| kept.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        let (mut buffer, mut pending) = (vec![0; CHUNK], Vec::new());
        let relay = self.relay.zip(sink.stream());
        let mut quotes = (self.json && self.masker.is_on() && sink == Sink::Stdout).then(Quotes::default);
        loop {
            let count = match stream.read(&mut buffer).await {
                Ok(count) => count,
                Err(error) => {
                    tracing::debug!(%error, "the child's output ended early");
                    0
                }
            };
            self.active.store(true, Ordering::Relaxed);
            if raw {
                keep(&buffer[..count]);
            }
            pending.extend_from_slice(&buffer[..count]);
            let shown = if self.masker.is_on() && sink != Sink::Watched {
                self.masker.mask_stream(&mut pending, count == 0)
            } else {
                std::mem::take(&mut pending)
            };
            let shown = match &mut quotes {
                Some(quotes) => quotes.add(&shown, count == 0),
                None => shown,
            };
            if let Some(writer) = &mut writer {
                let written = match relay {
                    Some((relay, stream)) if relay.takes_all() => {
                        let written = relay.write(stream, &shown).await;
                        let written = if count == 0 { written.and(relay.end(stream).await) } else { written };
                        if let Err(error) = written {
                            // Of several children none is to end in the middle of its work because of that: the
                            // copies have it all, and what is read is not kept back. The run begins nothing more.
                            tracing::debug!(%error, "nobody reads the output");
                        }
                        Ok(())
                    }
                    _ => {
                        if let Some((relay, stream)) = relay {
                            relay.note(stream, &shown);
                        }
                        match writer.write_all(&shown).await {
                            Ok(()) => writer.flush().await,
                            Err(error) => Err(error),
                        }
                    }
                };
                if let Err(error) = written {
                    let _ = self.unwritten.set(Arc::new(error));
                    // Nobody reads our output any more. Dropping the pipe tells the child, as it would without us.
                    drop(self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take());
                    return;
                }
            } else if !raw {
                keep(&shown);
            }
            if count == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
#[path = "process_tests.rs"]
mod tests;
