//! `atmos docs`

use std::ffi::OsString;

use super::super::args::DocsArgs;
use super::super::error::Error;
use super::super::setup::{self, Context};
use super::write;
use crate::diag::Result;
use crate::ops::{docs, readme};
use crate::output;
use crate::value::Node;

/// Where the documentation of the configuration and of stacks is.
const DOCUMENTATION: &str = "https://atmos.tools";

pub(super) fn run(context: &Context, args: &DocsArgs) -> Result<u8> {
    let Some(component) = args.words.first() else {
        context.host.talk.attention(format!("Opening default browser to '{DOCUMENTATION}'."));
        if !context.host.terminal.ci && context.host.terminal.stderr {
            // The configuration may say which variable has a password; one that cannot be read says nothing.
            if let Err(report) = context.app_as_it_is() {
                tracing::debug!(%report, "the configuration cannot be read");
            }
            // Without a browser the address is on the screen.
            let _ = crate::host::open_page(&context.host, None, DOCUMENTATION);
        }
        return Ok(0);
    };
    if component == "generate" {
        return generate(context, &args.words[1..]);
    }
    if args.words.len() > 1 {
        let message = format!("unexpected argument: {}", args.words[1].to_string_lossy());
        return Err(Error::Usage { message, help: "name one component".to_owned() }.into());
    }
    let app = context.app_with_config()?;
    let text = docs::readme(&app, &component.to_string_lossy())?;
    if context.host.terminal.stdout && setup::colour_of_stdout(context) {
        let most = app.config.document.get_path(["settings", "terminal", "max_width"]).and_then(Node::scalar_text);
        let most = most.and_then(|most| most.parse::<usize>().ok()).filter(|most| *most > 0).unwrap_or(120);
        write::data(context, &output::markdown(&text, context.host.terminal.width().min(most)))?;
    } else {
        write::data(context, &output::markdown_plain(&text))?;
    }
    Ok(0)
}

/// `atmos docs generate ENTRY`
fn generate(context: &Context, words: &[OsString]) -> Result<u8> {
    let [entry] = words else {
        let message = "`atmos docs generate` needs the name of an entry of `docs.generate`".to_owned();
        return Err(Error::Usage { message, help: "for example: atmos docs generate readme".to_owned() }.into());
    };
    let app = context.app_with_config()?;
    let path = readme::generate(&app, &entry.to_string_lossy())?;
    tracing::debug!(target: "atmos", "Documentation generated output={}", path.display());
    context.host.talk.success("Generated docs");
    Ok(0)
}
