//! `atmos env`: the variables of the configuration, for a shell or a pipeline.

use super::super::args::EnvironmentArgs;
use super::super::error::Error;
use super::super::setup::Context;
use super::write;
use crate::auth::delivery::{Format, render};
use crate::diag::Result;

pub(super) fn run(context: &Context, args: EnvironmentArgs) -> Result<u8> {
    let asked = args.format.as_deref().unwrap_or("bash");
    let format: Format = match asked {
        // Without `export` the lines are those of a file of variables.
        "bash" if args.export == Some(false) => Format::Dotenv,
        "bash" | "json" | "dotenv" | "github" => asked.parse()?,
        _ => return Err(Error::Format { format: asked.to_owned(), valid: "bash, json, dotenv, github" }.into()),
    };
    let app = context.app()?;
    let mut variables: Vec<(String, String)> = Vec::new();
    for (name, node) in app.config.env.as_map().into_iter().flatten() {
        let variable = [(name.to_string(), node.scalar_text().unwrap_or_default())];
        if let Err(error) = render(format, &variable, &[]) {
            let place = context.host.sources.place(node.span).map(|place| format!(" at {place}")).unwrap_or_default();
            let help =
                "correct it in `env` of atmos.yaml: names have letters, digits and underscores, and no digit first";
            return Err(Error::Usage { message: format!("{error}{place}"), help: help.to_owned() }.into());
        }
        variables.extend(variable);
    }
    let text = render(format, &variables, &[])?;
    let given = || context.host.env.get("GITHUB_ENV").filter(|_| format == Format::Github).map(Into::into);
    match args.output_file.or_else(given) {
        Some(file) => write::append(context, &file, &text)?,
        None if format == Format::Github => {
            let help = "name a file with `--output-file`, or run it in a workflow of GitHub".to_owned();
            return Err(Error::Usage { message: "GITHUB_ENV is not set".to_owned(), help }.into());
        }
        None => write::data(context, &text)?,
    }
    Ok(0)
}
