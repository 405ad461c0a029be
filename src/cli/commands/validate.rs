//! `atmos validate …`

use super::super::args::{ValidateCommand, ValidateStacksArgs, ValidationArgs};
use super::super::error::Error;
use super::super::setup::Context;
use super::{config, unknown, write};
use crate::diag::Result;
use crate::ops::{App, validate};
use crate::output;
use crate::value::Node;

pub(super) fn run(context: &Context, args: ValidationArgs) -> Result<u8> {
    match args.command {
        ValidateCommand::Config => config::validate(context),
        ValidateCommand::Stacks(args) => stacks(context, args),
        ValidateCommand::Other(words) => Err(unknown::command("atmos validate", &words).into()),
    }
}

fn stacks(context: &Context, args: ValidateStacksArgs) -> Result<u8> {
    let app = context.app_with_config()?;
    let rich = is_rich(context, &app, args.format)?;
    let request = validate::StacksRequest {
        schema: args.schemas_atmos_manifest,
        exclude: args.exclude,
        affected: args.affected,
        base: args.base,
    };
    let report = validate::stacks(&app, &request)?;
    if report.unaffected {
        context.host.talk.success("No affected stack manifest files to validate");
        return Ok(0);
    }
    let failed = report.has_errors();
    if rich {
        let text = output::validate::rich(&report);
        if !text.is_empty() {
            write::data(context, &format!("{text}\n"))?;
        }
    } else {
        for warning in output::validate::warnings(&report) {
            context.host.talk.warn(warning);
        }
        if failed {
            context.host.talk.attention(output::validate::errors(&report));
        }
    }
    if !failed {
        context.host.talk.success("All stacks validated successfully");
    }
    Ok(u8::from(failed))
}

fn is_rich(context: &Context, app: &App, flag: Option<String>) -> Result<bool> {
    let variable = || context.host.env.get("ATMOS_VALIDATE_FORMAT").map(str::to_owned);
    let setting = || app.config.document.get_path(["validate", "format"]).and_then(Node::as_str).map(str::to_owned);
    let format = flag.or_else(variable).or_else(setting).unwrap_or_default();
    match format.trim().to_lowercase().as_str() {
        "" | "text" => Ok(false),
        "rich" => Ok(true),
        _ => Err(Error::Format { format, valid: "text, rich" }.into()),
    }
}
