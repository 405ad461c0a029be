//! The other side of a run's socket: credential helpers and nested runs. Row 5.
//!
//! Whoever holds a socket asks nobody else: a dead run is an error, and the keyring stays closed.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Error;
use crate::auth::delivery::parse_given;
use crate::auth::told::Told;

/// What is asked of a run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Question {
    pub identity: String,
    /// What the asker means by that name. Without it whatever the run means by it: the lines of its own AWS
    /// configuration ask so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meant: Option<Meant>,
    /// Only whether the run may use the identity; nobody authenticates for the answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_check: bool,
    /// Not its credentials but a token of it for this, as its cloud calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Not credentials but what the run's identities are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tell: bool,
}

/// An identity of another configuration than the run's: equal names prove nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Meant {
    /// Fingerprint of the chain behind the identity.
    pub fingerprint: String,
    /// Directory of the configuration that names it, for people.
    pub configuration: String,
}

impl Question {
    /// The identity that the run knows by this name.
    pub fn by_name(identity: &str) -> Question {
        Question { identity: identity.to_owned(), ..Question::default() }
    }
}

/// Why an answer has no credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Why {
    /// The run may use the identity, and could not get any.
    Failed,
    /// Who asks is none of the run's processes.
    Stranger,
}

/// What a run answers in place of credentials.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Reply {
    /// Why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    /// Where it is not that the run may not use the identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<Why>,
    /// The run means something else by the name: the directory of its configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) differs: Option<String>,
    /// The answer to a check.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) allowed: bool,
    /// What the run's identities are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) told: Option<Told>,
}

/// Asks a run for the credentials of an identity. Blocks up to `timeout`; the answer is ready to be printed for an AWS
/// SDK, on one line without its end.
///
/// # Errors
/// [`Error::Gone`] when nobody listens, [`Error::Refused`] with the run's reason, [`Error::Differs`] when the run means
/// another identity by that name, [`Error::Timeout`].
pub fn request(socket: &Path, question: &Question, timeout: Duration) -> Result<Zeroizing<String>, Error> {
    let answer = exchange(socket, question, timeout)?;
    if !question.only_check && parse_given(&answer, Timestamp::UNIX_EPOCH).is_some() {
        return Ok(answer);
    }
    let identity = question.identity.clone();
    match serde_json::from_str(&answer) {
        Ok(Reply { differs: Some(there), .. }) => {
            let here = question.meant.as_ref().map(|meant| meant.configuration.clone()).unwrap_or_default();
            Err(Error::Differs { identity, here, there })
        }
        Ok(Reply { error: Some(reason), why, .. }) => Err(match why {
            None => Error::Refused { identity, reason },
            Some(Why::Failed) => Error::Failed { identity, reason },
            Some(Why::Stranger) => Error::Stranger { identity },
        }),
        Ok(Reply { allowed: true, .. }) if question.only_check => Ok(answer),
        _ => Err(Error::BadAnswer { socket: socket.to_path_buf() }),
    }
}

/// What the identities of a run are. `None`: it does not say, because it is gone or of another version.
pub(super) fn told(socket: &Path, timeout: Duration) -> Option<Told> {
    let question = Question { tell: true, ..Question::default() };
    let answer = exchange(socket, &question, timeout).ok()?;
    serde_json::from_str::<Reply>(&answer).ok()?.told
}

#[cfg(unix)]
fn exchange(socket: &Path, question: &Question, timeout: Duration) -> Result<Zeroizing<String>, Error> {
    use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
    use std::os::unix::net::UnixStream;

    /// Larger than any credentials.
    const LONGEST: u64 = 256 * 1024;
    let gone = || Error::Gone { socket: socket.to_path_buf() };
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            Error::Timeout { socket: socket.to_path_buf(), seconds: timeout.as_secs() }
        }
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof => gone(),
        _ => Error::io("ask", socket, error),
    };
    let mut stream = UnixStream::connect(socket).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => gone(),
        _ => Error::io("ask", socket, error),
    })?;
    check_peer(&stream, socket)?;
    stream.set_read_timeout(Some(timeout)).map_err(failed)?;
    stream.set_write_timeout(Some(timeout)).map_err(failed)?;
    let line = serde_json::to_string(question).map_err(|error| Error::io("ask", socket, error.into()))?;
    stream.write_all(format!("{line}\n").as_bytes()).map_err(failed)?;
    // Room enough that the answer never moves and leaves a copy behind.
    let mut answer = Zeroizing::new(Vec::with_capacity(64 * 1024));
    BufReader::with_capacity(16, stream).take(LONGEST).read_until(b'\n', &mut answer).map_err(failed)?;
    match answer.strip_suffix(b"\n") {
        Some(line) => Ok(Zeroizing::new(String::from_utf8_lossy(line).into_owned())),
        // It ended in the middle of its answer.
        None => Err(gone()),
    }
}

/// That the listener is this user: a socket in a wrong place could be anybody's.
#[cfg(target_os = "linux")]
fn check_peer(stream: &std::os::unix::net::UnixStream, socket: &Path) -> Result<(), Error> {
    match rustix::net::sockopt::socket_peercred(stream) {
        Ok(peer) if peer.uid == rustix::process::geteuid() => Ok(()),
        Ok(_) => Err(Error::ForeignSocket { socket: socket.to_path_buf() }),
        // In a namespace of processes in which the run is not.
        Err(_) => check_owner(socket),
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn check_peer(_stream: &std::os::unix::net::UnixStream, socket: &Path) -> Result<(), Error> {
    check_owner(socket)
}

#[cfg(unix)]
fn check_owner(socket: &Path) -> Result<(), Error> {
    let metadata = std::fs::symlink_metadata(socket).map_err(|error| Error::io("look at", socket, error))?;
    if crate::auth::store::private::foreign(&metadata) {
        return Err(Error::ForeignSocket { socket: socket.to_path_buf() });
    }
    Ok(())
}

#[cfg(not(unix))]
fn exchange(_socket: &Path, _question: &Question, _timeout: Duration) -> Result<Zeroizing<String>, Error> {
    Err(Error::NotBuilt)
}
