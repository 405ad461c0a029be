//! Starts the children of a run, again where a failure may pass, and an init with what it has to have for itself.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::Context;
use crate::diag::Warning;
use crate::exec::process::{self, Outcome, Surroundings};
use crate::exec::{Error, Launch, Output, folder_lock};

/// Says which failures may pass. Implemented above, where the component's section is known.
pub trait Retries: Sync {
    /// Failures of a command with these words may be tried again, so that what it says has to be kept.
    fn watches(&self, words: &[OsString]) -> bool;

    /// After a failed attempt of such a command, counted from 1, with what it said.
    fn after(&self, words: &[OsString], attempt: u32, elapsed: Duration, output: &str) -> Next;
}

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it will not pass.
    Stop,
    /// Another attempt after a while.
    Again { delay: Duration },
    /// It might pass, but it was tried often enough.
    Exhausted { attempts: u64 },
}

/// Starts one child, again where its failure may pass; a request to stop ends the run after the child has ended.
pub(super) async fn start(context: &mut Context<'_>, launch: &Launch) -> Result<Outcome, Error> {
    let speaks = launch.output == Output::Inherit;
    let Some(retries) = context.retries.filter(|retries| retries.watches(&launch.args)) else {
        return once(context, launch, speaks).await;
    };
    let output = match launch.output {
        Output::Inherit => Output::Shared,
        Output::Stderr => Output::SharedStderr,
        other => other,
    };
    let launch = Launch { output, ..launch.clone() };
    let (begun, mut attempt) = (Instant::now(), 1);
    loop {
        let outcome = once(context, &launch, speaks).await?;
        if outcome.code == 0 {
            return Ok(outcome);
        }
        let said = [&outcome.captured[..], b"\n", &outcome.errors].concat();
        match retries.after(&launch.args, attempt, begun.elapsed(), &String::from_utf8_lossy(&said)) {
            Next::Stop => return Ok(outcome),
            Next::Exhausted { attempts } => {
                let message = format!(
                    "max attempts ({attempts}) exceeded, last error: subcommand exited with code {}",
                    outcome.code
                );
                context.host.talk.warn(Warning::new("atmos::exec::attempts_exceeded", message));
                return Ok(outcome);
            }
            Next::Again { delay } => {
                attempt += 1;
                let target = context.target;
                let phase = launch.args.first().map(|word| word.to_string_lossy()).unwrap_or_default();
                let message = format!(
                    "Retrying terraform subprocess after recoverable error phase={phase} component={} stack={} \
                     attempt={attempt}",
                    target.component, target.stack
                );
                context.host.talk.warn(Warning::new("atmos::exec::retry", message));
                let wait = async {
                    tokio::time::sleep(delay).await;
                    Ok::<_, Error>(())
                };
                context.signals.guard(wait).await?;
            }
        }
    }
}

/// What an init has to have for itself beside the data directory: the shared cache of providers, which terraform fills as
/// if nobody else did, and the lock file where others may work in the folder.
fn places_of_init(context: &Context<'_>) -> Vec<PathBuf> {
    let folder = &context.target.folder;
    let cache = context.env.get_raw("TF_PLUGIN_CACHE_DIR").filter(|cache| !cache.is_empty());
    let lock_file = context.target.data_dir.as_ref().map(|_| folder.join(".terraform.lock.hcl"));
    cache.map(|cache| folder.join(cache)).into_iter().chain(lock_file).collect()
}

/// `speaks`: what the child says is what was asked for.
pub(super) async fn once(context: &mut Context<'_>, launch: &Launch, speaks: bool) -> Result<Outcome, Error> {
    // Checksums for other platforms come with init and go into the same lock file.
    let prepares = is_init(&launch.args) || launch.args.first().is_some_and(|word| word == "providers");
    let places = if prepares { places_of_init(context) } else { Vec::new() };
    let aside = match &places[..] {
        [] => None,
        places => Some(context.signals.guard(folder_lock::acquire_patiently(context.host, places)).await?),
    };
    tracing::debug!(program = launch.program, args = ?launch.args, cwd = %launch.cwd.display(), "starting");
    let host = context.host;
    let around = Surroundings {
        terminal: host.terminal,
        masker: &host.masker,
        cwd: &host.cwd,
        exe: Some(&host.exe),
        relay: context.relay,
        lock: context.lock,
        input: context.input,
        aside: aside.as_ref(),
    };
    let outcome = process::run(launch, around, context.signals).await?;
    if let Some(relay) = context.relay.filter(|_| speaks) {
        relay.note_end(outcome.code);
    }
    match outcome.stop {
        Some(stop) => Err(Error::Interrupted { stop }),
        None => Ok(outcome),
    }
}

/// The command is `init`.
pub fn is_init(words: &[OsString]) -> bool {
    words.first().is_some_and(|word| word == "init")
}
