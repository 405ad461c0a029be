//! Values of a component, stack beside stack.

use super::super::super::args::{SettingsArgs, SideBySideArgs, ValuesArgs, VarsArgs};
use super::super::super::error::Error;
use super::super::super::setup::{Context, flag};
use super::super::write::{self, Format};
use super::{ROWS, asked_format, evaluation_by_mode, given, parse_format};
use crate::diag::Result;
use crate::ops::App;
use crate::ops::list::{self, Values, ValuesRequest};
use crate::output::{Table, TableFormat};

type List = fn(&App, &ValuesRequest) -> Result<Values>;

pub(super) fn values(context: &Context, args: ValuesArgs) -> Result<u8> {
    let mut shown = args.shown;
    if flag(args.vars, &context.host.env, "ATMOS_LIST_VARS")? {
        shown.query = Some(".".to_owned());
    }
    let none = format!("No values found for component: {}", args.component);
    side_by_side(context, list::values, Some(args.component), shown, &none)
}

pub(super) fn vars(context: &Context, args: VarsArgs) -> Result<u8> {
    let none = format!("No vars found for component: {}", args.component);
    side_by_side(context, list::values, Some(args.component), args.shown, &none)
}

pub(super) fn settings(context: &Context, args: SettingsArgs) -> Result<u8> {
    let none = match &args.component {
        Some(component) => format!("No settings found for component: {component}"),
        None => "No settings found".to_owned(),
    };
    side_by_side(context, list::settings, args.component, args.shown, &none)
}

fn side_by_side(
    context: &Context,
    list: List,
    component: Option<String>,
    args: SideBySideArgs,
    none: &str,
) -> Result<u8> {
    let env = &context.host.env;
    // The reference knows the format `paths` too, and prints its table for it.
    let asked = asked_format(context, args.format.format.as_deref()).filter(|format| format != "paths");
    let format = parse_format(asked.as_deref(), ROWS)?;
    let most = match (args.max_columns, env.get("ATMOS_LIST_MAX_COLUMNS")) {
        (Some(most), _) => most,
        (None, Some(text)) => text
            .trim()
            .parse()
            .map_err(|_| Error::Number { name: "ATMOS_LIST_MAX_COLUMNS".to_owned(), value: text.to_owned() })?,
        (None, None) => 0,
    };
    let app = context.app_with_config()?;
    let request = ValuesRequest {
        component,
        stack: given(args.stack, env, "ATMOS_STACK"),
        query: given(args.query, env, "ATMOS_LIST_QUERY"),
        max_columns: most,
        processing: evaluation_by_mode(context, &app, &args.evaluation)?,
    };
    let values = list(&app, &request)?;
    if values.is_empty() {
        context.host.talk.info(format!("▶ {none}"));
        return Ok(0);
    }
    let indent = app.config.settings.tab_width;
    match format {
        TableFormat::Json => write::document(context, &values.document(), Format::Json, indent, None)?,
        TableFormat::Yaml => write::document(context, &values.document(), Format::Yaml, indent, None)?,
        format => {
            let terminal = context.host.terminal.stdout;
            // In a pipe a table of values is CSV: its header names the stacks.
            let format = if format == TableFormat::Table && !terminal { TableFormat::Csv } else { format };
            let rows = values.rows();
            let table = Table { columns: rows.columns, rows: rows.rows, headless: args.no_header, ..Table::default() };
            let delimiter = given(args.format.delimiter, env, "ATMOS_LIST_DELIMITER");
            write::data(context, &table.render_with(format, terminal, delimiter.as_deref()))?;
        }
    }
    Ok(0)
}
