//! What can go wrong with hooks.

use miette::Diagnostic;
use thiserror::Error as ThisError;

use crate::diag::Failure;

#[derive(Debug, ThisError, Diagnostic)]
pub(crate) enum Error {
    #[error("the hook `{hook}` of {component} in {stack} cannot be used: {reason}{place}")]
    #[diagnostic(code(atmos::hooks::invalid), help("{help}"))]
    Invalid { hook: String, component: String, stack: String, reason: String, place: String, help: String },

    #[error("the hook `{hook}` of {component} in {stack} is not built yet: {what}{place}")]
    #[diagnostic(code(atmos::hooks::not_built), help("`--skip-hooks={hook}` runs the component without it"))]
    NotBuilt { hook: String, component: String, stack: String, what: String, place: String },

    #[error("hook `{hook}`: the command `{command}` was not found{place}")]
    #[diagnostic(
        code(atmos::hooks::command_not_found),
        help("install `{command}` and put it on PATH, or correct `command` of the hook")
    )]
    CommandNotFound { hook: String, command: String, place: String },

    #[error("hook (kind command) failed: `{hook}` at {event}: exit status {code}")]
    #[diagnostic(
        code(atmos::hooks::command_failed),
        help("its own output is above; `on_failure: warn` goes on when the hook fails")
    )]
    CommandFailed { hook: String, event: String, code: u8 },

    #[error("hook (kind command) failed: `{hook}` at {event}: {reason}")]
    #[diagnostic(
        code(atmos::hooks::no_findings),
        help("its findings are expected as SARIF in {place}; `on_failure: warn` goes on when there are none")
    )]
    NoFindings { hook: String, event: String, reason: String, place: String },

    #[error("the hook `{hook}` cannot be used: {message}")]
    #[diagnostic(code(atmos::hooks::step), help("{help}"))]
    Step { hook: String, message: String, help: String },

    #[error("the condition of the hook `{hook}` cannot be evaluated: {problem}{place}")]
    #[diagnostic(
        code(atmos::hooks::condition),
        help("conditions know ci, status, stack, component, hook, event, os, arch, platform and env.NAME")
    )]
    Condition { hook: String, problem: String, place: String },

    #[error("hook (kind steps) failed: `{hook}` at {event}: the step `{step}` exited with code {code}")]
    #[diagnostic(
        code(atmos::hooks::step_failed),
        help("its own output is above; `continue: always` in the step or `on_failure: warn` in the hook goes on")
    )]
    StepFailed { hook: String, event: String, step: String, code: u8 },

    #[error("hook (kind tfmigrate) failed: `{hook}` at {event}: exit status {code}")]
    #[diagnostic(
        code(atmos::hooks::migration_failed),
        help("its own output is above; `on_failure: warn` goes on when the migration fails")
    )]
    MigrationFailed { hook: String, event: String, code: u8 },

    #[error("hook (kind git) failed: `{hook}` at {event}: {reason}")]
    #[diagnostic(code(atmos::hooks::git_failed), help("{help}"))]
    GitFailed { hook: String, event: String, reason: String, help: String },

    #[error("hook (kind store) failed: `{hook}` at {event}: {reason}")]
    #[diagnostic(code(atmos::hooks::store_failed), help("{help}"))]
    StoreFailed { hook: String, event: String, reason: String, help: String },
}

impl Failure for Error {
    fn exit_code(&self) -> u8 {
        match self {
            Error::CommandFailed { code, .. }
            | Error::StepFailed { code, .. }
            | Error::MigrationFailed { code, .. } => *code,
            _ => 1,
        }
    }
}
