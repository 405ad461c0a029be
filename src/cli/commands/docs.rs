//! `atmos docs`, `about` and `support`: texts for people.

use super::super::args::DocsArgs;
use super::super::error::Error;
use super::super::setup::Context;
use super::{unknown, write};
use crate::diag::Result;
use crate::ops::docs;

/// Where the documentation of the configuration and of stacks is.
const DOCUMENTATION: &str = "https://atmos.tools";

const ABOUT: &str = "\
Stacks, cloud identities and isolated runs for Terraform/OpenTofu and Helmfile.

Clouds are described as YAML stacks that configure components. atmos merges them, finds out as which identity each
component runs, signs in, and runs terraform or helmfile with credentials that only this run is given. It works on
repositories that were made for Cloud Posse's Atmos.
";

const SUPPORT: &str = "\
`atmos <command> --help` explains each command, `atmos man` prints the manual.
`atmos validate stacks` and `atmos validate config` say what is wrong with a repository.
`atmos explain <component> -s <stack> <path>` says where a value comes from.
`--verbose` adds the code of an error, `--logs-level Debug` what was done on the way.
The formats of stacks and of atmos.yaml are documented at https://atmos.tools.
";

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

pub(super) fn about(context: &Context) -> Result<u8> {
    write::data(context, ABOUT)?;
    Ok(0)
}

pub(super) fn support(context: &Context) -> Result<u8> {
    write::data(context, SUPPORT)?;
    Ok(0)
}
