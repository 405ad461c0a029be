//! `!exec COMMAND`: what a shell prints, without the line ends behind it; as JSON if it is JSON. One command runs once.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::call::Context;
use super::problem::Problem;
use super::template::decoded;
use crate::host::{Captured, capture, masked_stderr};
use crate::value::Value;

/// The commands that ran, with what came of them.
#[derive(Debug, Default)]
pub(super) struct Done(Mutex<HashMap<String, Slot>>);

type Slot = Arc<OnceLock<Result<Value, Problem>>>;

pub(super) fn value(context: &Context<'_>, command: &str) -> Result<Value, Problem> {
    if command.is_empty() {
        return Err(Problem::arguments("expected a command"));
    }
    let refused = |refused: crate::host::Refused| Problem::failed(refused.to_string(), refused.help.clone());
    context.host.may_run(command).map_err(refused)?;
    let slot = {
        let mut done = context.memo.commands.0.lock().unwrap_or_else(PoisonError::into_inner);
        done.entry(command.to_owned()).or_default().clone()
    };
    slot.get_or_init(|| run(context, command)).clone()
}

fn run(context: &Context<'_>, command: &str) -> Result<Value, Problem> {
    let host = context.host;
    let failed = |reason: String| Problem::failed(reason, "run the command yourself in this directory to see why");
    let child = duct::cmd(shell(context), ["-c", command]).dir(&host.cwd).full_env(environment(context));
    let limit = host.exec_output_limit();
    let piped = masked_stderr(&host.masker, child).map_err(|error| failed(format!("no pipe can be opened: {error}")));
    let (child, spoken) = piped?;
    let captured = capture(&child, limit);
    drop(child);
    spoken.finish();
    let output = match captured {
        Ok(Captured::Ended(output)) => output,
        Ok(Captured::TooMuch) => {
            let help = "let it print less, or raise `settings.functions.exec_output_limit` in `atmos.yaml`";
            return Err(Problem::failed(format!("the command prints more than {limit}, and was stopped"), help));
        }
        Err(error) => return Err(failed(format!("the shell cannot be started: {error}"))),
    };
    if !output.status.success() {
        return Err(failed(format!("the command ended with {}", output.status)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(decoded(text.trim_end_matches('\n')))
}

/// The reference runs commands in a shell of its own that knows the words of bash.
fn shell(context: &Context<'_>) -> OsString {
    let path = context.host.env.get_raw("PATH");
    which::which_in("bash", path, &context.host.cwd).map_or_else(|_| OsString::from("sh"), OsString::from)
}

/// The whole environment of atmos, with what `env` of `atmos.yaml` adds to it.
fn environment(context: &Context<'_>) -> Vec<(OsString, OsString)> {
    let host = context.host;
    let mut env = host.env.clone();
    for (name, value) in context.config.promoted.iter().filter(|(name, _)| !host.env.is_set(name)) {
        env.set(name, value);
    }
    env.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
