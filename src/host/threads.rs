//! Threads where there may be none to be had: the limit of a user (`ulimit -u`) or of a container (`pids.max`) is reached, or
//! the address space. Row 2.
//!
//! Libraries panic then. Here that is an error, or the work is done by the thread that is there.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, scope};

use tokio::runtime::Runtime;

/// How the panics begin that say it: those of the standard library, of tokio and of rayon.
const WORDS: [&str; 3] =
    ["failed to spawn thread", "OS can't spawn worker thread", "The global thread pool has not been initialized"];
/// What a runtime opens, and a little more. Where it is not to be had, tokio panics in places.
#[cfg(unix)]
const PAIRS: usize = 4;

/// Why no thread could be started, in the words of who tried.
#[derive(Debug)]
pub struct Lack(pub String);

/// Says nothing about panics that are errors here ([`caught`]); all others are told as ever.
pub fn tell_only_real_panics() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if lack(panic.payload()).is_none() {
            told(panic);
        }
    }));
}

fn lack(payload: &(dyn Any + Send)) -> Option<Lack> {
    let text = payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied())?;
    WORDS.iter().any(|words| text.starts_with(words)).then(|| Lack(text.to_owned()))
}

/// Does work in which somebody may want a thread.
///
/// # Errors
/// There is none to be had. What the work held has been dropped.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Lack> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| lack(&*payload).unwrap_or_else(|| resume_unwind(payload)))
}

/// A runtime with a thread of its own, so that what was spawned goes on while the caller computes; without one where none is
/// to be had. More than one thread would be a trap: where the second is missing, tokio waits for the first, for ever.
///
/// # Errors
/// There are too few descriptors.
pub fn runtime() -> io::Result<Runtime> {
    room()?;
    let build = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    caught(build).unwrap_or_else(|Lack(reason)| {
        tracing::debug!(reason, "no thread for the runtime: this one does it all");
        lone_runtime()
    })
}

/// The same for work that needs the thread.
///
/// # Errors
/// There is none to be had, or there are too few descriptors.
pub fn runtime_with_thread() -> io::Result<Runtime> {
    room()?;
    let build = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    caught(build).unwrap_or_else(|Lack(reason)| Err(io::Error::other(reason)))
}

/// A runtime of the thread that waits for its work.
///
/// # Errors
/// There are too few descriptors.
pub fn lone_runtime() -> io::Result<Runtime> {
    room()?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

#[cfg(unix)]
fn room() -> io::Result<()> {
    (0..PAIRS).map(|_| std::os::unix::net::UnixStream::pair()).collect::<io::Result<Vec<_>>>().map(drop)
}

#[cfg(not(unix))]
fn room() -> io::Result<()> {
    Ok(())
}

/// Work on a thread of its own, waited for: the caller may be inside of a runtime, in which no other can be waited for. It
/// may panic; then there is nothing.
///
/// # Errors
/// There is no thread to be had.
pub fn aside<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<Option<T>> {
    scope(|scope| Ok(Builder::new().spawn_scoped(scope, work)?.join().ok()))
}

/// Runs work that blocks on a thread for such work; on this one where there is no other.
///
/// # Errors
/// The work has panicked: what it said.
pub async fn blocking<T, F>(work: F) -> Result<T, String>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let ours = Arc::new(Mutex::new(Some(work)));
    let take = |work: &Mutex<Option<F>>| work.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (theirs, (send, receive)) = (ours.clone(), tokio::sync::oneshot::channel());
    let queued = move || {
        if let Some(work) = take(&theirs) {
            // Nobody waits any more if this fails.
            let _ = send.send(work());
        }
    };
    match caught(|| tokio::task::spawn_blocking(queued)) {
        Ok(task) => task.await.map_err(|error| {
            let said = error.to_string();
            if WORDS.iter().any(|words| said.contains(words)) {
                resume_unwind(error.into_panic());
            }
            said
        })?,
        // It may be queued still, and finds nothing to do then.
        Err(Lack(_)) => {
            if let Some(work) = take(&ours) {
                return Ok(work());
            }
        }
    }
    receive.await.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_that_there_is_no_thread_is_an_error() {
        assert!(caught(|| 1).is_ok_and(|one| one == 1));
        let Lack(reason) = caught(|| panic!("{}: Os {{ code: 11 }}", WORDS[0])).unwrap_err();
        assert_eq!(reason, "failed to spawn thread: Os { code: 11 }");
        let other = catch_unwind(|| drop(caught(|| panic!("a bug"))));
        assert_eq!(other.unwrap_err().downcast_ref::<&str>(), Some(&"a bug"));
    }

    #[test]
    fn work_that_blocks_gives_its_result_or_what_it_said() {
        let runtime = runtime().unwrap();
        assert_eq!(runtime.block_on(blocking(|| 7)), Ok(7));
        let said = runtime.block_on(blocking(|| -> () { panic!("a bug") })).unwrap_err();
        assert!(said.contains("a bug"), "{said}");
        assert_eq!(aside(|| 3).unwrap(), Some(3));
    }
}
