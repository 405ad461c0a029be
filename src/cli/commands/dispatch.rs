//! Which function runs which command.

use super::super::args::Command;
use super::super::error::Error;
use super::super::setup::Context;
use super::{auth, config, describe, helmfile, list, terraform, unknown, version, write};
use crate::diag::Result;

/// Runs the command and returns the exit status.
pub(in crate::cli) fn dispatch(context: &Context, command: Option<Command>, version: bool) -> Result<u8> {
    if version {
        return version::run(context, None);
    }
    match command {
        None => root(context),
        Some(Command::Version(args)) => version::run(context, args.format.as_deref()),
        Some(Command::List(args)) => list::run(context, args),
        Some(Command::Describe(args)) => describe::run(context, args),
        Some(Command::Auth(args)) => auth::run(context, args),
        Some(Command::Terraform(args)) => terraform::run(context, args),
        Some(Command::Helmfile(args)) => helmfile::run(context, args),
        Some(Command::Validate(args)) => config::validate(context, args),
        Some(Command::Other(words)) => Err(unknown::command("atmos", &words).into()),
    }
}

/// `atmos` alone: help inside a project, a pointer to the configuration elsewhere.
fn root(context: &Context) -> Result<u8> {
    let app = context.app()?;
    if !app.config.found {
        return Err(Error::NoConfiguration.into());
    }
    write::data(context, &super::super::parse::command().render_help().to_string())?;
    Ok(0)
}
