//! `atmos auth exec`: a command of the user's own in the environment of an identity.

use std::ffi::OsString;

use miette::Diagnostic;

use super::super::access::Access;
use super::super::identity::Choice;
use super::super::{App, child};
use crate::auth::resolution::Flag;
use crate::diag::{Failure, Result};
use crate::exec::signals::Signals;
use crate::exec::{Error as ExecError, Hangup, Launch, Output, process};

#[derive(Debug, Clone, Default)]
pub struct ExecRequest {
    pub identity: Flag,
    /// Program and arguments.
    pub command: Vec<OsString>,
    pub delivery: Option<String>,
}

/// Runs the command and returns its exit status: 128 + n after signal n, 127 when there is no such program.
///
/// # Errors
/// No command, no identity, or authentication fails: then nothing was started.
pub async fn exec(app: &App, access: &Access, request: &ExecRequest) -> Result<u8> {
    let Some((program, arguments)) = request.command.split_first() else { return Err(ExecFailure::NoCommand.into()) };
    let mut signals = Signals::listen()?;
    let held = match access.command_identity(&request.identity)? {
        Choice::Identity { name, source } => {
            let hold = child::hold_chosen(access, name, source, request.delivery.clone());
            signals.guard(hold).await?
        }
        Choice::Disabled(_) | Choice::None => child::Held::default(),
    };
    let env = child::plain_environment(app, access, &held);
    let program = program.to_string_lossy().into_owned();
    let found = process::find(&program, "the command line", &env, &app.host.cwd);
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
    let outcome = match found {
        Ok(_) => process::run(&launch, child::surroundings(&app.host), &mut signals).await,
        Err(_) => Err(ExecError::StartFailed {
            program: program.clone(),
            configured: "the command line".to_owned(),
            reason: String::new(),
        }),
    };
    held.close()?;
    match outcome {
        Ok(outcome) => Ok(outcome.stop.map_or(outcome.code, crate::exec::signals::Stop::exit_code)),
        Err(ExecError::StartFailed { .. }) => Err(ExecFailure::NotFound { program }.into()),
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum ExecFailure {
    #[error("no command specified")]
    #[diagnostic(code(atmos::auth::no_command), help("atmos auth exec [-i <identity>] -- <command> [arguments]"))]
    NoCommand,

    #[error("`{program}` cannot be started: no such program")]
    #[diagnostic(code(atmos::auth::command_not_found), help("check the spelling and PATH"))]
    NotFound { program: String },
}

impl Failure for ExecFailure {
    fn exit_code(&self) -> u8 {
        match self {
            ExecFailure::NoCommand => 1,
            ExecFailure::NotFound { .. } => 127,
        }
    }
}
