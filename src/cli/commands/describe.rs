//! `atmos describe component` and `atmos describe stacks`

use super::super::args::{ComponentArgs, DescribeArgs, DescribeCommand, ProcessingArgs, StacksArgs};
use super::super::error::Error;
use super::super::setup::{Context, boolean};
use super::query::Selection;
use super::write::{self, Format};
use super::{config, unknown};
use crate::diag::Result;
use crate::host::Env;
use crate::ops::describe;
use crate::resolve;
use crate::value::Node;

pub(super) fn run(context: &Context, args: DescribeArgs) -> Result<u8> {
    match args.command {
        DescribeCommand::Component(args) => component(context, args),
        DescribeCommand::Stacks(args) => stacks(context, args),
        DescribeCommand::Config(args) => config::describe(context, &args),
        DescribeCommand::Other(words) => Err(unknown::command("atmos describe", &words).into()),
    }
}

fn component(context: &Context, args: ComponentArgs) -> Result<u8> {
    let format = Format::parse(args.format.as_deref())?;
    let query = Selection::parse(args.query.as_deref())?;
    if args.provenance == Some(true) {
        return Err(Error::NotBuilt {
            command: "describe component --provenance".to_owned(),
            help: "leave the flag away, or give `--provenance=false`".to_owned(),
        }
        .into());
    }
    let stack = args.stack.or_else(|| context.host.env.get("ATMOS_STACK").map(str::to_owned));
    let stack = stack.ok_or(Error::FlagMissing { flag: "stack" })?;
    let app = context.app_with_config()?;
    let request = describe::ComponentRequest {
        component: args.component,
        stack,
        processing: processing(&context.host.env, &args.processing)?,
        full: query.is_some(),
        query: query.as_ref().map(|query| query.text().to_owned()),
    };
    let document = describe::component(&app, &request)?;
    print(context, &app, &document, format, query.as_ref(), args.file.as_deref())
}

fn stacks(context: &Context, args: StacksArgs) -> Result<u8> {
    let format = Format::parse(args.format.as_deref())?;
    let query = Selection::parse(args.query.as_deref())?;
    let app = context.app_with_config()?;
    let request = describe::StacksRequest {
        stack: args.stack,
        components: args.components,
        component_types: args.component_types,
        sections: args.sections,
        include_empty_stacks: args.include_empty_stacks.unwrap_or(false),
        processing: processing(&context.host.env, &args.processing)?,
    };
    let document = describe::stacks(&app, &request)?;
    print(context, &app, &document, format, query.as_ref(), args.file.as_deref())
}

pub(super) fn print(
    context: &Context,
    app: &crate::ops::App,
    document: &Node,
    format: Format,
    query: Option<&Selection>,
    file: Option<&std::path::Path>,
) -> Result<u8> {
    let indent = app.config.settings.tab_width;
    match query {
        Some(query) => write::text_to(context, &query.apply(document, format, indent)?, file)?,
        None => write::document(context, document, format, indent, file)?,
    }
    Ok(0)
}

/// Flags beat variables beat the default: everything is evaluated.
pub(super) fn processing(env: &Env, args: &ProcessingArgs) -> Result<resolve::Options> {
    let either = |flag: Option<bool>, name: &str| match flag {
        Some(flag) => Ok(flag),
        None => boolean(env, name).map(|value| value.unwrap_or(true)),
    };
    let skip = if args.skip.is_empty() {
        env.get("ATMOS_SKIP").map(|text| text.split(',').map(str::to_owned).collect()).unwrap_or_default()
    } else {
        args.skip.clone()
    };
    Ok(resolve::Options {
        process_templates: either(args.process_templates, "ATMOS_PROCESS_TEMPLATES")?,
        process_functions: either(args.process_functions, "ATMOS_PROCESS_FUNCTIONS")?,
        skip,
    })
}
