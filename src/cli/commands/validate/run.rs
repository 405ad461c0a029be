//! Which check runs.

use super::super::super::args::{ValidateCommand, ValidationArgs};
use super::super::super::setup::Context;
use super::super::{config, unknown};
use super::{all, ci, component, editorconfig, files, stacks, workflows};
use crate::diag::Result;

pub(in super::super) fn run(context: &Context, args: ValidationArgs) -> Result<u8> {
    match args.command {
        None => all::all(context, &args.scope),
        Some(ValidateCommand::Config) => config::validate(context),
        Some(ValidateCommand::Stacks(args)) => stacks::stacks(context, args),
        Some(ValidateCommand::Component(args)) => component::component(context, args),
        Some(ValidateCommand::Schema(args)) => files::files(context, args),
        Some(ValidateCommand::Editorconfig(args)) => editorconfig::editorconfig(context, args),
        Some(ValidateCommand::Workflows(scope)) => workflows::workflows(context, scope),
        Some(ValidateCommand::Ci(args)) => ci::ci(context, args),
        Some(ValidateCommand::Other(words)) => Err(unknown::command("atmos validate", &words).into()),
    }
}
