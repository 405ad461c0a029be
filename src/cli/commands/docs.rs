//! `atmos docs`

use super::super::args::DocsArgs;
use super::super::error::Error;
use super::super::setup::Context;
use super::{unknown, write};
use crate::diag::Result;
use crate::ops::docs;

/// Where the documentation of the configuration and of stacks is.
const DOCUMENTATION: &str = "https://atmos.tools";

pub(super) fn run(context: &Context, args: &DocsArgs) -> Result<u8> {
    let Some(component) = args.words.first() else {
        context.host.talk.attention(format!("Opening default browser to '{DOCUMENTATION}'."));
        if !context.host.terminal.ci && context.host.terminal.stderr {
            // Without a browser the address is on the screen.
            let _ = open::that_detached(DOCUMENTATION);
        }
        return Ok(0);
    };
    if component == "generate" {
        return Err(unknown::command("atmos docs", &args.words).into());
    }
    if args.words.len() > 1 {
        let message = format!("unexpected argument: {}", args.words[1].to_string_lossy());
        return Err(Error::Usage { message, help: "name one component".to_owned() }.into());
    }
    let app = context.app_with_config()?;
    let text = docs::readme(&app, &component.to_string_lossy())?;
    write::data(context, &text)?;
    Ok(0)
}
