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

pub(super) fn run(context: &Context, args: &DependentsArgs) -> Result<u8> {
    let format = Format::parse(args.format.as_deref().or(Some("json")))?;
    let query = Selection::parse(args.query.as_deref())?;
    let stack = args.stack.clone().or_else(|| context.host.env.get("ATMOS_STACK").map(str::to_owned));
    let stack = stack.ok_or(Error::FlagMissing { flag: "stack" })?;
    let app = context.app_with_config()?;
    let processing = described(context, &app, &args.evaluation)?;
    let request = dependents::Request { component: args.component.clone(), stack, kind: args.kind.clone(), processing };
    let found = dependents::describe(&app, &request)?;
    let records = Records { all: &found, make: output::dependent, checked: true };
    print_records(context, &app, &records, format, query.as_ref(), args.file.as_deref())
}

/// What is printed, and how one of it becomes a record.
pub(super) struct Records<'r, T> {
    pub all: &'r [T],
    pub make: fn(&T) -> Node,
    /// There is no number in them that JSON could not express.
    pub checked: bool,
}

/// Prints records with their keys in the order in which they are declared, or what a query makes of them. Each becomes
/// text before the next one is made: there can be very many.
pub(super) fn print_records<T>(
    context: &Context,
    app: &App,
    records: &Records<'_, T>,
    format: Format,
    query: Option<&Selection>,
    file: Option<&Path>,
) -> Result<u8> {
    let indent = app.config.settings.tab_width;
    let masker = &context.host.masker;
    let masked = |record: &T| output::masked(&(records.make)(record), masker).into_owned();
    if let Some(query) = query {
        let all: Vec<Node> = records.all.iter().map(masked).map(output::without_nulls).collect();
        let text = query.apply(&Node::from(all), format, indent, masker)?;
        write::masked_to(context, &text, Some(format), file)?;
        return Ok(0);
    }
    let form = format.form(indent);
    // What cannot be written is said before anything is printed.
    for (at, record) in records.all.iter().enumerate().filter(|_| !records.checked && format == Format::Json) {
        form.check_record(at, &masked(record))?;
    }
    let nodes = records.all.iter().map(|record| match format {
        Format::Json => masked(record),
        // As in the reference: null is for JSON alone.
        Format::Yaml => output::without_nulls(masked(record)),
    });
    write::pieces(context, format, file, |write| form.records(nodes, &mut |piece: &str| write(piece)))?;
    Ok(0)
}
