//! `aws/credential-process`: the credentials that a program of the user's own prints. Row 5.

use std::time::{Duration, Instant};

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
const POLL: Duration = Duration::from_millis(20);
const HELP: &str = "run the command of `credentials.process` yourself to see why; it has to print JSON with Version 1, \
                    AccessKeyId and SecretAccessKey";

/// A program of the user's own.
pub(crate) struct Program {
    pub(crate) command: String,
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
        command: identity.credentials.process.clone().unwrap_or_default(),
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
    Ok(StepRecord { credentials, account: None, caller: None, basis: None })
}

fn is_version_one(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok_and(|answer| answer["Version"] == 1)
}

/// What a program prints; the inner error says in words why there is nothing. Nothing that opens the keyring reaches it.
pub(crate) async fn run(context: &Context, program: Program) -> Result<Result<Zeroizing<String>, String>, Error> {
    let host = context.host.clone();
    let forbidden = context.forbidden.clone();
    blocking(move || {
        let words = shell_words::split(&program.command).map_err(|_| "is no command".to_owned())?;
        let (name, arguments) = words.split_first().ok_or_else(|| "is no command".to_owned())?;
        let variables = host.env.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let variables = variables.filter(|(name, _)| !forbidden.iter().any(|other| **name == **other));
        let child = duct::cmd(name, arguments).full_env(variables).dir(&host.cwd).stdin_null().stdout_capture();
        let child = if program.talks { child } else { child.stderr_null() };
        let handle = child.unchecked().start().map_err(|error| format!("cannot be started: {error}"))?;
        let begun = Instant::now();
        loop {
            match handle.try_wait() {
                Ok(Some(output)) if output.status.success() => {
                    let text = Zeroizing::new(String::from_utf8_lossy(&output.stdout).into_owned());
                    return Ok(text);
                }
                Ok(Some(output)) => return Err(format!("ended with {}", output.status)),
                Ok(None) if begun.elapsed() < program.patience => std::thread::sleep(POLL),
                Ok(None) => {
                    // It may have ended in the meantime; then there is nothing to end.
                    let _ = handle.kill();
                    return Err(format!("did not end within {} s", program.patience.as_secs()));
                }
                Err(error) => return Err(format!("was lost: {error}")),
            }
        }
    })
    .await
}
