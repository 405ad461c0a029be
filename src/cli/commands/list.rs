//! `atmos list …`: what all lists have in common. `rows` holds the lists of rows, `values` the matrices, `relations` the
//! trees of dependencies.

pub(super) mod plain;
mod relations;
mod rows;
mod values;

use std::path::Path;

use super::super::args::{
    ClosureArgs, ColumnArgs, EvaluationArgs, FormatArgs, ListArgs, ListCommand, ListEvaluationArgs, SelectArgs,
    SourcesArgs, VendorArgs,
};
use super::super::error::Error;
use super::super::setup::Context;
use super::{affected, describe, unknown, write};
use crate::component::Kind;
use crate::diag::Result;
use crate::host::Env;
use crate::ops::App;
use crate::ops::list::{self, Closure, Rows, Subject, View};
use crate::output::{self, Table, TableFormat};
use crate::resolve;
use crate::secret::MASK;

pub(super) fn run(context: &Context, args: ListArgs) -> Result<u8> {
    match args.command {
        ListCommand::Stacks(args) => rows::stacks(context, args),
        ListCommand::Components(args) => rows::components(context, args),
        ListCommand::Instances(args) => rows::instances(context, args),
        ListCommand::Metadata(args) => rows::metadata(context, args),
        ListCommand::Values(args) => values::values(context, args),
        ListCommand::Vars(args) => values::vars(context, args),
        ListCommand::Settings(args) => values::settings(context, args),
        ListCommand::Workflows(args) => rows::workflows(context, args),
        ListCommand::Vendor(args) => rows::vendor(context, args),
        ListCommand::Dependencies(args) => relations::dependencies(context, &args),
        ListCommand::Sources(args) => rows::sources(context, args, None),
        ListCommand::Aliases(args) => rows::aliases(context, &args),
        ListCommand::Editions(args) => rows::editions(context, args),
        ListCommand::Affected(args) => affected::list(context, args),
        ListCommand::Profiles(args) => plain::profiles(context, args),
        ListCommand::Themes(args) => plain::themes(context, args),
        ListCommand::GitRepositories(args) => plain::repositories(context, args),
        ListCommand::Other(words) => Err(unknown::command("atmos list", &words).into()),
    }
}

/// What is vendored, and where to.
pub(super) fn vendor(context: &Context, args: VendorArgs) -> Result<u8> {
    rows::vendor(context, args)
}

/// The components of one kind that are fetched from elsewhere.
pub(super) fn sources(context: &Context, args: SourcesArgs, kind: Kind) -> Result<u8> {
    rows::sources(context, args, Some(kind))
}

/// The formats that every list of rows has.
const ROWS: &str = "table, json, yaml, csv, tsv, nul";

/// The format as text: the flag, its variable, or what `atmos.yaml` says of this list.
fn asked_format(context: &Context, flag: Option<&str>) -> Option<String> {
    let given = flag.or_else(|| context.host.env.get("ATMOS_LIST_FORMAT"));
    given.filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The format of a list that `atmos.yaml` says nothing of.
pub(super) fn plain_format(context: &Context, flag: Option<&str>) -> Result<TableFormat> {
    parse_format(asked_format(context, flag).as_deref(), ROWS)
}

/// One of the formats of rows.
pub(super) fn parse_format(text: Option<&str>, valid: &'static str) -> Result<TableFormat> {
    let Some(text) = text else { return Ok(TableFormat::Table) };
    text.parse().map_err(|()| Error::Format { format: text.to_owned(), valid }.into())
}

/// The flag beats the variable.
pub(super) fn given(flag: Option<String>, env: &Env, name: &str) -> Option<String> {
    flag.or_else(|| env.get(name).map(str::to_owned)).filter(|text| !text.is_empty())
}

/// What is shown of rows, without a choice among them.
pub(super) fn view(env: &Env, columns: ColumnArgs) -> View {
    let variable = || env.get("ATMOS_LIST_COLUMNS").map(str::to_owned).into_iter().collect();
    View {
        columns: if columns.columns.is_empty() { variable() } else { columns.columns },
        sort: given(columns.sort, env, "ATMOS_LIST_SORT"),
        typed: columns.typed,
        headless: columns.no_header,
        ..View::default()
    }
}

/// Tags and labels by which components are chosen.
fn select(env: &Env, view: View, select: SelectArgs) -> View {
    let variable = || env.get("ATMOS_COMPONENT_TAGS").map(|text| text.split(',').map(str::to_owned).collect());
    let tags = if select.tags.is_empty() { variable().unwrap_or_default() } else { select.tags };
    View { tags, labels: given(select.labels, env, "ATMOS_COMPONENT_LABELS"), ..view }
}

/// What is shown beside the chosen components.
fn closure(args: &ClosureArgs) -> Result<Option<Closure>> {
    Ok(Closure::parse(args.include_dependencies.as_deref(), args.include_dependents.as_deref())?)
}

/// What is evaluated. The configuration has the variable of the error mode in it already.
fn evaluation(context: &Context, app: &App, args: &EvaluationArgs, mode: Option<&str>) -> Result<resolve::Options> {
    let configured = app.config.document.get_path(["list", "error_mode"]).and_then(crate::value::Node::as_str);
    let variable = context.host.env.get("ATMOS_LIST_ERROR_MODE");
    let mode = describe::error_mode(mode.or(variable), configured.unwrap_or("warn"))?;
    describe::only_shown(context, args, mode)
}

/// The same with the flag of the error mode.
fn evaluation_by_mode(context: &Context, app: &App, args: &ListEvaluationArgs) -> Result<resolve::Options> {
    evaluation(context, app, &args.shown, args.error_mode.as_deref())
}

/// Prints the rows, or says that there are none.
fn print(context: &Context, rows: Rows, format: TableFormat, delimiter: Option<&str>, none: &str) -> Result<u8> {
    if rows.rows.is_empty() {
        context.host.talk.info(format!("▶ {none}"));
        return Ok(0);
    }
    data(context, rows, format, delimiter)
}

/// The same for lists that programs read: none are an empty document, or a header alone.
fn print_all(context: &Context, rows: Rows, format: TableFormat, delimiter: Option<&str>, none: &str) -> Result<u8> {
    match format {
        TableFormat::Table => print(context, rows, format, delimiter, none),
        _ => data(context, rows, format, delimiter),
    }
}

pub(super) fn data(context: &Context, rows: Rows, format: TableFormat, delimiter: Option<&str>) -> Result<u8> {
    data_to(context, rows, format, delimiter, None)
}

/// The same into a file, where one is named.
pub(super) fn data_to(
    context: &Context,
    rows: Rows,
    format: TableFormat,
    delimiter: Option<&str>,
    file: Option<&Path>,
) -> Result<u8> {
    let masker = &context.host.masker;
    let shown = |cell: String| if masker.is_on() && masker.is_secret(&cell) { MASK.to_owned() } else { cell };
    let Rows { columns, rows, values, headless } = rows;
    let table = Table {
        columns,
        rows: rows.into_iter().map(|row| row.into_iter().map(shown).collect()).collect(),
        values: values
            .iter()
            .map(|row| row.iter().map(|value| output::masked(value, masker).into_owned()).collect())
            .collect(),
        headless,
    };
    let terminal = context.host.terminal.stdout && file.is_none();
    write::text_to(context, &table.render_with(format, terminal, delimiter), file)?;
    Ok(0)
}

/// Format and delimiter of a list that has rows only.
fn row_format(
    context: &Context,
    app: &App,
    args: &FormatArgs,
    subject: Subject,
) -> Result<(TableFormat, Option<String>)> {
    let text = asked_format(context, args.format.as_deref()).or_else(|| list::configured_format(app, subject));
    let delimiter = given(args.delimiter.clone(), &context.host.env, "ATMOS_LIST_DELIMITER");
    Ok((parse_format(text.as_deref(), ROWS)?, delimiter))
}
