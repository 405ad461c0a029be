//! `aws/credential-process`: the credentials that a program of the user's own prints. Row 5.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::super::config::Identity;
use super::super::context::{Context, blocking};
use super::super::creds::AwsCredentials;
use super::super::delivery::parse_helper_answer;
use super::super::error::Error;
use super::super::record::StepRecord;
use crate::secret::Expose as _;

/// A program that may talk to a person is waited for longer than one that may not.
const PATIENCE: Duration = Duration::from_secs(30);
const PATIENCE_WITH_PERSON: Duration = Duration::from_mins(5);
/// More than any credentials or assertion.
const LARGEST: u64 = 1 << 20;
const HELP: &str = "run the command of `credentials.process` yourself to see why; it has to print JSON with Version 1, \
                    AccessKeyId and SecretAccessKey";

/// A program of the user's own.
pub(crate) struct Program {
    pub(crate) words: Vec<String>,
    pub(crate) patience: Duration,
    /// What it says to a person reaches the person.
    pub(crate) talks: bool,
}

/// Runs the program of the identity.
pub(crate) async fn authenticate(
    context: &Context,
    identity: &Identity,
    region: Option<&str>,
) -> Result<StepRecord, Error> {
    let what = format!("`credentials.process` of identity `{}`", identity.name);
    let refused = |answer: String| Error::Refused { what: what.clone(), answer, help: HELP.to_owned() };
    let talks = context.may_prompt();
    let program = Program {
        words: words(identity.credentials.process.as_deref().unwrap_or_default()).map_err(&refused)?,
        patience: if talks { PATIENCE_WITH_PERSON } else { PATIENCE },
        talks,
    };
    let printed = run(context, program).await?.map_err(&refused)?;
    let now = context.host.now();
    let read = parse_helper_answer(&printed, now).filter(|_| is_version_one(&printed));
    let read = read.ok_or_else(|| refused("printed something else than credentials".to_owned()))?;
    let session_token = read.session_token.clone().filter(|token| !token.expose_secret().is_empty());
    let credentials = AwsCredentials { region: region.map(str::to_owned), session_token, ..read };
    context.mask(&credentials);
    let credentials = credentials.on_arrival(&what, now)?;
    Ok(StepRecord { credentials: credentials.into(), account: None, caller: None, basis: None })
}

fn is_version_one(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok_and(|answer| answer["Version"] == 1)
}

/// The words of a command line.
///
/// # Errors
/// In words: it is none.
pub(crate) fn words(command: &str) -> Result<Vec<String>, String> {
    let words = shell_words::split(command).map_err(|_| "is no command".to_owned())?;
    if words.is_empty() { Err("is no command".to_owned()) } else { Ok(words) }
}

/// What a program prints; the inner error says in words why there is nothing. Nothing that opens the keyring reaches it.
pub(crate) async fn run(context: &Context, program: Program) -> Result<Result<Zeroizing<String>, String>, Error> {
    let host = context.host.clone();
    let forbidden = context.forbidden.clone();
    blocking(move || {
        let (name, arguments) = program.words.split_first().ok_or_else(|| "is no command".to_owned())?;
        let variables = host.env.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let variables = variables.filter(|(name, _)| !forbidden.iter().any(|other| **name == **other));
        let child = duct::cmd(name, arguments).full_env(variables).dir(&host.cwd).stdin_null();
        let child = if program.talks { child } else { child.stderr_null() };
        let handle = child.unchecked().reader().map_err(|error| format!("cannot be started: {error}"))?;
        let handle = Arc::new(handle);
        let (sender, printed) = std::sync::mpsc::channel();
        let reader = handle.clone();
        std::thread::spawn(move || {
            let mut bytes = Zeroizing::new(Vec::with_capacity(64 * 1024));
            let read = (&*reader).take(LARGEST + 1).read_to_end(&mut bytes);
            // Nobody listens any more when it took too long.
            let _ = sender.send(read.map(|_| bytes));
        });
        let outcome = match printed.recv_timeout(program.patience) {
            Ok(Ok(bytes)) if bytes.len() as u64 > LARGEST => Err(format!("printed more than {} KiB", LARGEST / 1024)),
            Ok(Ok(bytes)) => match handle.try_wait() {
                Ok(Some(output)) if output.status.success() => Ok(bytes),
                Ok(Some(output)) => Err(format!("ended with {}", output.status)),
                Ok(None) => Err("was lost".to_owned()),
                Err(error) => Err(format!("was lost: {error}")),
            },
            Ok(Err(error)) => Err(format!("was lost: {error}")),
            Err(_) => Err(format!("did not end within {} s", program.patience.as_secs())),
        };
        if outcome.is_err() {
            // It may have ended in the meantime; then there is nothing to end.
            let _ = handle.kill();
        }
        outcome.map(|bytes| Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
    })
    .await
}
