//! `atmos stack`

use super::super::args::{StackArgs, StackCommand};
use super::super::setup::Context;
use super::{unknown, write};
use crate::diag::Result;
use crate::ops::schema;

pub(super) fn run(context: &Context, args: StackArgs) -> Result<u8> {
    match args.command {
        StackCommand::Schema => {
            let app = context.app()?;
            write::data(context, &schema::manifest(&app))?;
            Ok(0)
        }
        StackCommand::Other(words) => Err(unknown::command("atmos stack", &words).into()),
    }
}
