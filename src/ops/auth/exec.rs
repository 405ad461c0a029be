//! `atmos auth exec`: a command of the user's own in the environment of an identity.

use std::ffi::OsString;
use std::path::Path;

use miette::Diagnostic;

use super::super::App;
use super::super::access::Access;
use super::super::child::{self, Wish};
use super::super::identity::Choice;
use crate::auth::delivery::Delivery;
use crate::auth::resolution::{Flag, Source};
use crate::diag::{Failure, Report, Result};
use crate::exec::signals::Signals;
use crate::exec::{Error as ExecError, Hangup, Launch, Output, process};
use crate::value::{DurationForm, parse_duration};

#[derive(Debug, Clone, Default)]
pub struct ExecRequest {
    pub identity: Flag,
    /// Program and arguments.
    pub command: Vec<OsString>,
    pub delivery: Option<String>,
    /// `--min-ttl`: what credentials must have left.
    pub min_ttl: Option<String>,
}

/// Runs the command and returns its own exit status: 128 + n when signal n ended it, 127 when there is no such program, 126
/// when it cannot be run.
///
/// # Errors
/// No command, no identity, or authentication fails: then nothing was started.
pub async fn exec(app: &App, access: &Access, request: &ExecRequest) -> Result<u8> {
    let Some((program, arguments)) = request.command.split_first() else { return Err(ExecFailure::NoCommand.into()) };
    let wish = Wish {
        delivery: request.delivery.as_deref().map(flag_delivery).transpose()?,
        min_ttl: request.min_ttl.as_deref().map(min_ttl).transpose()?,
        event: "exec",
    };
    let mut signals = Signals::listen()?;
    let held = match child::command_identity(access, "exec", &request.identity)? {
        Choice::Identity { name, source } => {
            let hold = child::hold_chosen(access, name, source, wish);
            signals.guard(hold).await?
        }
        Choice::Disabled(Source::Flag) => child::Held::switched_off(),
        Choice::Disabled(_) | Choice::None => child::Held::default(),
    };
    let env = child::plain_environment(app, &held);
    let program = program.to_string_lossy().into_owned();
    // Before anything is started, so that a missing program is one.
    let missing = process::find(&program, "the command line", &env, &app.host.cwd)
        .err()
        .map(|_| ExecFailure::of(&program, &app.host.cwd));
    let launch = Launch {
        program: program.clone(),
        configured: "the command line".to_owned(),
        args: arguments.to_vec(),
        cwd: app.host.cwd.clone(),
        env,
        output: Output::Given,
        stderr: None,
        hangup: Hangup::PassesOn,
    };
    let outcome = match missing {
        None => Ok(process::run(&launch, child::surroundings(&app.host), &mut signals).await),
        Some(failure) => Err(failure),
    };
    match held.close_after(outcome).await? {
        // What the command makes of a signal is its own business, its status too.
        Ok(outcome) => Ok(outcome.code),
        Err(ExecError::StartFailed { reason, .. }) => Err(ExecFailure::NotExecutable { program, reason }.into()),
        Err(error) => Err(error.into()),
    }
}

/// A shell that did not start, with the status that a command has in its place.
pub(super) fn no_shell(cwd: &Path, error: ExecError) -> Report {
    let ExecError::StartFailed { program, configured, reason } = error else { return error.into() };
    let code = ExecFailure::of(&program, cwd).exit_code();
    ExecFailure::NoShell { program, configured, reason, code }.into()
}

pub(super) fn flag_delivery(word: &str) -> Result<Delivery> {
    Ok(Delivery::parse(word, None).map_err(|_| ExecFailure::Delivery { word: word.to_owned() })?)
}

/// The value of `--min-ttl`.
///
/// # Errors
/// It is no duration.
pub fn min_ttl(text: &str) -> Result<std::time::Duration> {
    let read = parse_duration(text, DurationForm::DaysAndSeconds);
    Ok(read.ok_or_else(|| ExecFailure::MinTtl { text: text.to_owned() })?)
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum ExecFailure {
    #[error("invalid value `{text}` of --min-ttl")]
    #[diagnostic(code(atmos::auth::exec_min_ttl), help("give a duration such as 30m or 1h"))]
    MinTtl { text: String },

    #[error("no command specified")]
    #[diagnostic(code(atmos::auth::no_command), help("atmos auth exec [-i <identity>] -- <command> [arguments]"))]
    NoCommand,

    #[error("invalid value `{word}` of --delivery")]
    #[diagnostic(
        code(atmos::auth::exec_delivery),
        help("use `--delivery process` (the default), `files`, `endpoint` or `env`")
    )]
    Delivery { word: String },

    #[error("`{program}` cannot be started: not executable ({reason})")]
    #[diagnostic(
        code(atmos::auth::command_not_executable),
        help("`chmod +x` a program; give a script to its interpreter (`sh {program}`)")
    )]
    NotExecutable { program: String, reason: String },

    #[error("`{program}` cannot be started: no such program")]
    #[diagnostic(code(atmos::auth::command_not_found), help("check the spelling and PATH"))]
    NotFound { program: String },

    #[error("process start failed: `{program}`: {reason}")]
    #[diagnostic(
        code(atmos::auth::no_shell),
        help("`{program}` comes from {configured}; install it, put it on PATH, or name another one with --shell")
    )]
    NoShell { program: String, configured: String, reason: String, code: u8 },
}

impl ExecFailure {
    /// Why a program was not found: a path may lead to something that cannot be run.
    fn of(program: &str, cwd: &Path) -> ExecFailure {
        let named = program.contains('/').then(|| std::fs::metadata(cwd.join(program)).ok()).flatten();
        let reason = match named {
            None => return ExecFailure::NotFound { program: program.to_owned() },
            Some(found) if found.is_dir() => "it is a directory",
            Some(_) => "it has no mode to be run",
        };
        ExecFailure::NotExecutable { program: program.to_owned(), reason: reason.to_owned() }
    }
}

impl Failure for ExecFailure {
    fn exit_code(&self) -> u8 {
        match self {
            ExecFailure::NoCommand | ExecFailure::Delivery { .. } | ExecFailure::MinTtl { .. } => 1,
            ExecFailure::NotExecutable { .. } => 126,
            ExecFailure::NotFound { .. } => 127,
            ExecFailure::NoShell { code, .. } => *code,
        }
    }
}
