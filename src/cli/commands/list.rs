//! `atmos list stacks` and `atmos list components`

use super::super::args::{ComponentsArgs, ListArgs, ListCommand, StackListArgs};
use super::super::error::Error;
use super::super::setup::Context;
use super::describe::processing;
use super::{affected, unknown, write};
use crate::diag::Result;
use crate::ops::list::{self, Rows};
use crate::output::{Table, TableFormat};

pub(super) fn run(context: &Context, args: ListArgs) -> Result<u8> {
    match args.command {
        ListCommand::Stacks(args) => stacks(context, args),
        ListCommand::Components(args) => components(context, args),
        ListCommand::Affected(args) => affected::list(context, args),
        ListCommand::Other(words) => Err(unknown::command("atmos list", &words).into()),
    }
}

fn stacks(context: &Context, args: StackListArgs) -> Result<u8> {
    // Names and metadata are enough here; the flags are only checked.
    processing(&context.host.env, &args.processing)?;
    let format = format(context, args.format)?;
    let app = context.app_with_config()?;
    let rows = list::stacks(&app, &list::StacksRequest { component: args.component })?;
    print(context, rows, format, "No stacks found")
}

fn components(context: &Context, args: ComponentsArgs) -> Result<u8> {
    // Names and metadata are enough here; the flags are only checked.
    processing(&context.host.env, &args.processing)?;
    let format = format(context, args.format)?;
    let app = context.app_with_config()?;
    let request = list::ComponentsRequest {
        stack: args.stack,
        kind: args.kind,
        abstract_: args.abstract_,
        enabled: args.enabled,
        locked: args.locked,
    };
    let rows = list::components(&app, &request)?;
    print(context, rows, format, "No components found")
}

fn format(context: &Context, flag: Option<String>) -> Result<TableFormat> {
    let text = flag.or_else(|| context.host.env.get("ATMOS_LIST_FORMAT").map(str::to_owned));
    let Some(text) = text else { return Ok(TableFormat::Table) };
    text.parse().map_err(|()| Error::Format { format: text.clone(), valid: "table, json, yaml, csv, tsv" }.into())
}

fn print(context: &Context, rows: Rows, format: TableFormat, none: &str) -> Result<u8> {
    if rows.rows.is_empty() {
        context.host.talk.info(format!("▶ {none}"));
        return Ok(0);
    }
    let table = Table { columns: rows.columns, rows: rows.rows };
    write::data(context, &table.render(format, context.host.terminal.stdout))?;
    Ok(0)
}
