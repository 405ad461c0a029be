//! `atmos describe affected` and `atmos list affected`

use std::path::{Path, PathBuf};

use super::super::args::{AffectedArgs, BaseArgs, ComparisonArgs, ListAffectedArgs, ResultArgs};
use super::super::error::Error;
use super::super::setup::Context;
use super::dependents::{Records, print_records};
use super::describe::{error_mode, only_shown};
use super::list;
use super::query::Selection;
use super::write::{self, Format};
use crate::diag::{Result, Warning};
use crate::ops::App;
use crate::ops::affected::{self, Affected, BaseRequest, Request};
use crate::ops::list as ops_list;
use crate::output::{self, TableFormat};
use crate::secret::Secret;
use crate::value::Node;

const MATRIX: &str = "matrix";

pub(super) fn describe(context: &Context, args: AffectedArgs) -> Result<u8> {
    let matrix = args.format.as_deref() == Some(MATRIX);
    let format = match args.format.as_deref() {
        Some(text) if !matrix => Format::parse(Some(text)).map_err(|_| unknown_format(text, "json, yaml, matrix"))?,
        _ => Format::Json,
    };
    check(context, &args.result, matrix, "atmos describe affected --upload")?;
    let query = Selection::parse(args.result.query.as_deref())?;
    let app = context.app_with_config()?;
    let request = request(context, args.comparison, &args.result, &app.config.describe.error_mode)?;
    let ResultArgs { file, output_file, .. } = args.result;
    affected::tell_deprecated(&app)?;
    let report = affected::describe(&app, &request)?;
    if matrix {
        return print_matrix(context, &app, &report.affected, output_file, file.as_deref());
    }
    let records = records(&report.affected, &request);
    print_records(context, &app, &records, format, query.as_ref(), file.as_deref())
}

/// Only settings hold numbers.
fn records<'r>(affected: &'r [Affected], request: &Request) -> Records<'r, Affected> {
    Records { all: affected, make: output::affected, checked: !request.include_settings }
}

/// Flags that mean nothing here.
fn check(context: &Context, args: &ResultArgs, matrix: bool, upload: &str) -> Result<()> {
    if args.output_file.is_some() && !matrix {
        return Err(Error::OutputFile.into());
    }
    if args.upload == Some(true) {
        let help = "leave `--upload` away and send the JSON yourself, or use the reference".to_owned();
        return Err(Error::NotBuilt { command: upload.to_owned(), help }.into());
    }
    if args.verbose.is_some() {
        deprecated(context, "verbose", "--logs-level=Debug");
    }
    Ok(())
}

pub(super) fn list(context: &Context, args: ListAffectedArgs) -> Result<u8> {
    let env = &context.host.env;
    let app = context.app_with_config()?;
    let format = list::given(args.format, env, "ATMOS_LIST_FORMAT");
    let format = format.or_else(|| ops_list::configured_format(&app, ops_list::Subject::Affected));
    let mut view = list::view(env, args.columns);
    view.filter = list::given(args.filter, env, "ATMOS_LIST_FILTER");
    let delimiter = list::given(args.delimiter, env, "ATMOS_LIST_DELIMITER");
    let matrix = format.as_deref() == Some(MATRIX);
    let table = match format.as_deref().filter(|_| !matrix) {
        None => TableFormat::Table,
        Some(text) => text.parse().map_err(|()| unknown_format(text, "table, json, yaml, csv, tsv, nul, matrix"))?,
    };
    let configured = app.config.document.get_path(["list", "error_mode"]).and_then(Node::as_str).unwrap_or("warn");
    check(context, &args.result, matrix, "atmos list affected --upload")?;
    let query = Selection::parse(args.result.query.as_deref())?;
    let request = request(context, args.comparison, &args.result, configured)?;
    let ResultArgs { file, output_file, .. } = args.result;
    let report = affected::describe(&app, &request)?;
    context.host.talk.success(format!("Compared {}...{}", report.base, report.head));
    if matrix {
        return print_matrix(context, &app, &report.affected, output_file, file.as_deref());
    }
    if query.is_some() {
        let records = records(&report.affected, &request);
        let form = if format.as_deref() == Some("yaml") { Format::Yaml } else { Format::Json };
        return print_records(context, &app, &records, form, query.as_ref(), file.as_deref());
    }
    if report.affected.is_empty() && file.is_none() {
        context.host.talk.success("No affected components found");
        return Ok(0);
    }
    let rows = ops_list::affected(&app, &report.affected, &view)?;
    list::data_to(context, rows, table, delimiter.as_deref(), file.as_deref())
}

fn unknown_format(format: &str, valid: &'static str) -> Error {
    Error::Format { format: format.to_owned(), valid }
}

fn deprecated(context: &Context, flag: &str, instead: &str) {
    let message = format!("Flag --{flag} has been deprecated, use {instead} instead");
    context.host.talk.warn(Warning::new("atmos::cli::deprecated_flag", message));
}

fn request(context: &Context, args: ComparisonArgs, result: &ResultArgs, mode: &str) -> Result<Request> {
    let mode = error_mode(args.evaluation.error_mode.as_deref(), mode)?;
    let processing = only_shown(context, &args.evaluation.shown, mode)?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    Ok(Request {
        base: base(context, args.base),
        stack: given(args.stack),
        include_dependents: args.include_dependents.unwrap_or(false),
        include_settings: result.include_settings.unwrap_or(false),
        include_spacelift_admin_stacks: result.include_spacelift_admin_stacks.unwrap_or(false),
        include_uncommitted: args.include_uncommitted.unwrap_or(false),
        exclude_locked: args.exclude_locked.unwrap_or(false),
        processing,
    })
}

/// With what the working tree is compared.
pub(super) fn base(context: &Context, args: BaseArgs) -> BaseRequest {
    for (flag, given) in [("ref", &args.reference), ("sha", &args.sha)] {
        if given.is_some() {
            deprecated(context, flag, "--base");
        }
    }
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    BaseRequest {
        name: given(args.base).or_else(|| given(args.sha)).or_else(|| given(args.reference)),
        repo_path: args.repo_path.filter(|path| !path.as_os_str().is_empty()),
        clone: args.clone_target_ref.unwrap_or(false),
        ssh_key: args.ssh_key,
        ssh_key_password: args.ssh_key_password.map(|password| {
            let password = Secret::from(password);
            context.host.masker.register(&password);
            password
        }),
    }
}

/// So many jobs GitHub makes of one matrix.
const MOST_JOBS: usize = 256;

pub(super) fn warn_of_matrix(context: &Context, count: usize) {
    if count > MOST_JOBS {
        let message = format!("the matrix has {count} entries, and GitHub Actions takes {MOST_JOBS}");
        let warning = Warning::new("atmos::cli::matrix", message);
        context.host.talk.warn(warning.help("choose fewer, for example one stack (`--stack`) in each job"));
    }
}

/// The matrix goes to a file of GitHub Actions where one is named, or known to be wanted.
fn print_matrix(
    context: &Context,
    app: &App,
    affected: &[Affected],
    output_file: Option<PathBuf>,
    file: Option<&Path>,
) -> Result<u8> {
    let (matrix, count) = output::affected_matrix(affected);
    warn_of_matrix(context, count);
    let in_ci = app.config.document.get_path(["ci", "enabled"]).and_then(Node::as_bool) == Some(true);
    let given = || context.host.env.get("GITHUB_OUTPUT").filter(|_| in_ci && file.is_none()).map(PathBuf::from);
    match output_file.or_else(given) {
        Some(path) => write::append(context, &path, &format!("matrix={matrix}\ncount={count}\n"))?,
        None => write::text_to(context, &format!("{matrix}\n"), file)?,
    }
    Ok(0)
}
