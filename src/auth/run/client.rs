//! The other side of a run's socket: credential helpers and nested runs. Row 5.
//!
//! Whoever holds a socket asks nobody else: a dead run is an error, and the keyring stays closed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{Error, Source};
use crate::auth::delivery::parse_helper_answer;

/// The run may be waiting for a person who logs in.
const PATIENCE: Duration = Duration::from_mins(10);

/// Asks a run for the credentials of an identity. Blocks up to `timeout`; the answer is ready to be printed for an AWS
/// SDK, on one line without its end.
///
/// # Errors
/// [`Error::Gone`] when nobody listens, [`Error::Refused`] with the run's reason, [`Error::Timeout`].
pub fn request(socket: &Path, identity: &str, timeout: Duration) -> Result<Zeroizing<String>, Error> {
    let answer = exchange(socket, identity, timeout)?;
    if parse_helper_answer(&answer, Timestamp::UNIX_EPOCH).is_some() {
        return Ok(answer);
    }
    let reply: Option<serde_json::Value> = serde_json::from_str(&answer).ok();
    match reply.as_ref().and_then(|reply| reply.get("error")?.as_str()) {
        Some(reason) => Err(Error::Refused { identity: identity.to_owned(), reason: reason.to_owned() }),
        None => Err(Error::BadAnswer { socket: socket.to_path_buf() }),
    }
}

/// A source that asks the run around this process (`ATMOS_RUN_SOCKET`), for nested runs.
pub fn parent(socket: PathBuf) -> Source {
    Arc::new(move |identity| {
        let socket = socket.clone();
        Box::pin(async move {
            let asked = tokio::task::spawn_blocking(move || {
                let answer = request(&socket, &identity, PATIENCE)?;
                parse_helper_answer(&answer, Timestamp::now()).ok_or(Error::BadAnswer { socket })
            });
            match asked.await {
                Ok(Ok(credentials)) => Ok(credentials),
                Ok(Err(error)) => Err(error.to_string()),
                Err(error) => Err(format!("the run could not be asked: {error}")),
            }
        })
    })
}

#[cfg(unix)]
fn exchange(socket: &Path, identity: &str, timeout: Duration) -> Result<Zeroizing<String>, Error> {
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
    let line = format!("{}\n", serde_json::json!({ "identity": identity }));
    stream.write_all(line.as_bytes()).map_err(failed)?;
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
    let peer =
        rustix::net::sockopt::socket_peercred(stream).map_err(|error| Error::io("look at", socket, error.into()))?;
    if peer.uid == rustix::process::geteuid() {
        return Ok(());
    }
    Err(Error::ForeignSocket { socket: socket.to_path_buf() })
}

#[cfg(all(unix, not(target_os = "linux")))]
fn check_peer(_stream: &std::os::unix::net::UnixStream, socket: &Path) -> Result<(), Error> {
    let metadata = std::fs::symlink_metadata(socket).map_err(|error| Error::io("look at", socket, error))?;
    if crate::auth::store::private::foreign(&metadata) {
        return Err(Error::ForeignSocket { socket: socket.to_path_buf() });
    }
    Ok(())
}

#[cfg(not(unix))]
fn exchange(_socket: &Path, _identity: &str, _timeout: Duration) -> Result<Zeroizing<String>, Error> {
    Err(Error::NotBuilt)
}
