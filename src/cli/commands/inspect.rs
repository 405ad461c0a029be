//! `atmos describe workflows`, `describe locals` and `describe edition`

use super::super::args::{DescribeEditionArgs, DescribeWorkflowsArgs, LocalsArgs};
use super::super::error::Error;
use super::super::setup::Context;
use super::describe::print;
use super::query::Selection;
use super::write::{self, Format};
use crate::diag::Result;
use crate::ops::{edition, locals, workflows};
use crate::yaml;

pub(super) fn describe_workflows(context: &Context, args: &DescribeWorkflowsArgs) -> Result<u8> {
    let format = Format::parse(args.format.as_deref())?;
    let output = args.output.as_deref().unwrap_or("list").parse()?;
    let query = Selection::parse(args.query.as_deref())?;
    let app = context.app_with_config()?;
    let document = workflows::describe(&app, output)?;
    print(context, &app, &document, format, query.as_ref(), None)
}

pub(super) fn describe_locals(context: &Context, args: &LocalsArgs) -> Result<u8> {
    let format = Format::parse(args.format.as_deref())?;
    let query = Selection::parse(args.query.as_deref())?;
    let stack = args.stack.clone().or_else(|| context.host.env.get("ATMOS_STACK").map(str::to_owned));
    let stack = stack.filter(|stack| !stack.is_empty()).ok_or(Error::FlagMissing { flag: "stack" })?;
    let app = context.app_with_config()?;
    let request = locals::Request { stack, component: args.component.clone(), kind: args.kind.clone() };
    let document = locals::describe(&app, &request)?;
    print(context, &app, &document, format, query.as_ref(), args.file.as_deref())
}

pub(super) fn describe_edition(context: &Context, args: &DescribeEditionArgs) -> Result<u8> {
    let format = Format::parse(args.format.as_deref())?;
    let query = Selection::parse(args.query.as_deref())?;
    let app = context.app()?;
    let document = edition::describe(&app, context.global.edition.as_deref());
    if query.is_some() {
        return print(context, &app, &document, format, query.as_ref(), None);
    }
    // In the order in which the reference declares its keys.
    let text = match format {
        Format::Json => yaml::emit_json_record(&document),
        Format::Yaml => yaml::emit_record(&document, app.config.settings.tab_width),
    };
    write::data(context, &text)?;
    Ok(0)
}
