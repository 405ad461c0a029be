//! `atmos completion`

use super::super::args::CompletionArgs;
use super::super::complete::{SHELLS, script};
use super::super::error::Error;
use super::super::setup::Context;
use super::write;
use crate::diag::{Result, nearest};

pub(super) fn run(context: &Context, args: &CompletionArgs) -> Result<u8> {
    let Some(text) = script(&args.shell) else {
        let near = nearest(&args.shell, SHELLS).map(|near| format!("did you mean `{near}`?\n")).unwrap_or_default();
        let help = format!("{near}shells: {}", SHELLS.join(", "));
        return Err(Error::Usage { message: format!("there is no completion for `{}`", args.shell), help }.into());
    };
    write::raw(context, text)?;
    Ok(0)
}
