//! `atmos describe dependents`

use std::path::Path;

use super::super::args::DependentsArgs;
use super::super::error::Error;
use super::super::setup::Context;
use super::describe::described;
use super::query::Selection;
use super::write::{self, Format};
use crate::diag::Result;
use crate::ops::{App, dependents};
use crate::output;
use crate::value::Node;
use crate::yaml;

pub(super) fn run(context: &Context, args: &DependentsArgs) -> Result<u8> {
    let format = Format::parse(args.format.as_deref().or(Some("json")))?;
    let query = Selection::parse(args.query.as_deref())?;
    let stack = args.stack.clone().or_else(|| context.host.env.get("ATMOS_STACK").map(str::to_owned));
    let stack = stack.ok_or(Error::FlagMissing { flag: "stack" })?;
    let app = context.app_with_config()?;
    let processing = described(context, &app, &args.evaluation)?;
    let request = dependents::Request { component: args.component.clone(), stack, kind: args.kind.clone(), processing };
    let records = output::dependents(&dependents::describe(&app, &request)?);
    print_records(context, &app, &records, format, query.as_ref(), args.file.as_deref())
}

/// Prints records with their keys in the order in which they are declared, or what a query makes of them.
pub(super) fn print_records(
    context: &Context,
    app: &App,
    records: &Node,
    format: Format,
    query: Option<&Selection>,
    file: Option<&Path>,
) -> Result<u8> {
    let indent = app.config.settings.tab_width;
    let masker = &context.host.masker;
    let records = &*output::masked(records, masker);
    let text = match (query, format) {
        (Some(query), _) => query.apply(&output::without_nulls(records), format, indent, masker)?,
        (None, Format::Json) => yaml::try_emit_json_record(records)?,
        // As in the reference: null is for JSON alone.
        (None, Format::Yaml) => yaml::emit_record(&output::without_nulls(records), indent),
    };
    write::masked_to(context, &text, Some(format), file)?;
    Ok(0)
}
