//! Lists of rows, and trees of stacks and instances.

use std::io::Write as _;
use std::path::Path;

use super::super::super::args::{
    AliasesArgs, ComponentsArgs, EditionsArgs, InstancesArgs, MetadataArgs, SourcesArgs, StackListArgs, VendorArgs,
    WorkflowsArgs,
};
use super::super::super::error::Error;
use super::super::super::extend::active_aliases;
use super::super::super::parse;
use super::super::super::setup::Context;
use super::super::affected::warn_of_matrix;
use super::super::write;
use super::{
    ROWS, asked_format, closure, evaluation, evaluation_by_mode, given, parse_format, print, print_all, row_format,
    select, view,
};
use crate::component::Kind;
use crate::diag::Result;
use crate::ops::App;
use crate::ops::list::{self, Alias, MatrixEntry, Subject};
use crate::output;
use crate::value::Node;

/// `--provenance` without a tree.
fn check_provenance(wanted: bool, format: Option<&str>) -> Result<()> {
    if wanted && format.is_some_and(|format| format != "tree") {
        return Err(Error::OnlyWith { flag: "--provenance", format: "tree" }.into());
    }
    Ok(())
}

pub(super) fn stacks(context: &Context, args: StackListArgs) -> Result<u8> {
    const NONE: &str = "No stacks found";
    let env = &context.host.env;
    let asked = asked_format(context, args.format.format.as_deref());
    check_provenance(args.provenance, asked.as_deref())?;
    if asked.as_deref() != Some("tree") {
        parse_format(asked.as_deref(), "table, json, yaml, csv, tsv, nul, tree")?;
    }
    let app = context.app_with_config()?;
    let rows_only = !args.columns.columns.is_empty();
    // A configured tree steps aside for columns; to say that imports are wanted is to want the tree.
    let configured = || list::configured_format(&app, Subject::Stacks).filter(|text| text != "tree" || !rows_only);
    let format = asked.or_else(|| args.provenance.then(|| "tree".to_owned())).or_else(configured);
    let mut view = select(env, view(env, args.columns), args.select);
    view.closure = closure(&args.closure)?;
    let request = list::StacksRequest {
        component: given(args.component, env, "ATMOS_COMPONENT"),
        view,
        processing: evaluation_by_mode(context, &app, &args.evaluation)?,
    };
    if format.as_deref() == Some("tree") {
        let branches = list::stack_tree(&app, &request)?;
        return tree(context, branches.is_empty(), &output::stack_tree(&branches, args.provenance), NONE);
    }
    let format = parse_format(format.as_deref(), "table, json, yaml, csv, tsv, nul, tree")?;
    let delimiter = given(args.format.delimiter, env, "ATMOS_LIST_DELIMITER");
    print(context, list::stacks(&app, &request)?, format, delimiter.as_deref(), NONE)
}

fn tree(context: &Context, none: bool, text: &str, message: &str) -> Result<u8> {
    if none {
        context.host.talk.info(format!("▶ {message}"));
    } else {
        write::data(context, text)?;
    }
    Ok(0)
}

pub(super) fn components(context: &Context, args: ComponentsArgs) -> Result<u8> {
    let env = &context.host.env;
    parse_format(asked_format(context, args.format.format.as_deref()).as_deref(), ROWS)?;
    let app = context.app_with_config()?;
    let (format, delimiter) = row_format(context, &app, &args.format, Subject::Components)?;
    let mut view = select(env, view(env, args.columns), args.select);
    view.filter = given(args.filter, env, "ATMOS_LIST_FILTER");
    view.closure = closure(&args.closure)?;
    let request = list::ComponentsRequest {
        stack: given(args.stack, env, "ATMOS_STACK"),
        kind: given(args.kind, env, "ATMOS_COMPONENT_TYPE"),
        abstract_: args.abstract_,
        enabled: args.enabled,
        locked: args.locked,
        view,
        processing: evaluation_by_mode(context, &app, &args.evaluation)?,
    };
    print(context, list::components(&app, &request)?, format, delimiter.as_deref(), "No components found")
}

pub(super) fn instances(context: &Context, args: InstancesArgs) -> Result<u8> {
    const NONE: &str = "No instances found";
    const FORMATS: &str = "table, json, yaml, csv, tsv, nul, tree, matrix";
    let env = &context.host.env;
    let asked = asked_format(context, args.format.format.as_deref());
    check_provenance(args.provenance, asked.as_deref())?;
    if !matches!(asked.as_deref(), Some("tree" | "matrix")) {
        parse_format(asked.as_deref(), FORMATS)?;
    }
    let app = context.app_with_config()?;
    let mut view = select(env, view(env, args.columns), args.select);
    view.filter = given(args.filter, env, "ATMOS_LIST_FILTER");
    view.query = given(args.query, env, "ATMOS_LIST_QUERY");
    view.closure = closure(&args.closure)?;
    let rows_only = view.filter.is_some() || view.query.is_some() || !view.columns.is_empty();
    let configured = || list::configured_format(&app, Subject::Instances).filter(|text| text != "tree" || !rows_only);
    let format = asked.or_else(|| args.provenance.then(|| "tree".to_owned())).or_else(configured);
    let stack = given(args.stack, env, "ATMOS_STACK");
    let file = given(args.output_file.map(|path| path.display().to_string()), env, "ATMOS_LIST_OUTPUT_FILE");
    let processing = evaluation_by_mode(context, &app, &args.evaluation)?;
    let whole = |format: &'static str| -> Result<()> {
        let flag = [
            ("--filter", view.filter.is_some()),
            ("--query", view.query.is_some()),
            ("--tags", !view.tags.is_empty()),
            ("--labels", view.labels.is_some()),
            ("--include-dependencies and --include-dependents", view.closure.is_some()),
        ];
        match flag.into_iter().find(|(_, given)| *given) {
            Some((flag, _)) => Err(list::Error::Flag { flag, format }.into()),
            None => Ok(()),
        }
    };
    if format.as_deref() == Some("matrix") {
        whole("matrix")?;
        let in_ci = app.config.document.get_path(["ci", "enabled"]).and_then(Node::as_bool) == Some(true);
        let file =
            file.or_else(|| env.get("GITHUB_OUTPUT").filter(|file| in_ci && !file.is_empty()).map(str::to_owned));
        let entries = list::matrix(&app, stack.as_deref())?;
        warn_of_matrix(context, entries.len());
        return matrix(context, &entries, file.as_deref());
    }
    if file.is_some() {
        return Err(Error::OnlyWith { flag: "--output-file", format: "matrix" }.into());
    }
    if format.as_deref() == Some("tree") {
        whole("tree")?;
        let branches = list::instance_tree(&app, stack.as_deref())?;
        return tree(context, branches.is_empty(), &output::instance_tree(&branches, args.provenance), NONE);
    }
    let format = parse_format(format.as_deref(), FORMATS)?;
    let delimiter = given(args.format.delimiter, env, "ATMOS_LIST_DELIMITER");
    let request = list::InstancesRequest { stack, view, processing };
    print_all(context, list::instances(&app, &request)?, format, delimiter.as_deref(), NONE)
}

/// The matrix of a GitHub job: on standard output, or as lines at the end of a file of outputs.
fn matrix(context: &Context, entries: &[MatrixEntry], file: Option<&str>) -> Result<u8> {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let entry = |entry: &MatrixEntry| {
        format!(
            "{{\"stack\":{},\"component\":{},\"component_path\":{},\"component_type\":{}}}",
            quoted(&entry.stack),
            quoted(&entry.component),
            quoted(&entry.component_path),
            quoted(&entry.component_type)
        )
    };
    let entries: Vec<String> = entries.iter().map(entry).collect();
    let json = format!("{{\"include\":[{}]}}", entries.join(","));
    let Some(file) = file else {
        write::data(context, &format!("{json}\n"))?;
        return Ok(0);
    };
    let path = context.host.absolute(Path::new(file));
    let append = || {
        let mut output = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
        writeln!(output, "matrix={json}\ncount={}", entries.len())
    };
    append().map_err(|cause| Error::Write { path: path.display().to_string(), cause })?;
    Ok(0)
}

pub(super) fn metadata(context: &Context, args: MetadataArgs) -> Result<u8> {
    let env = &context.host.env;
    parse_format(asked_format(context, args.format.format.as_deref()).as_deref(), ROWS)?;
    let app = context.app_with_config()?;
    let (format, delimiter) = row_format(context, &app, &args.format, Subject::Metadata)?;
    let mut view = select(env, view(env, args.columns), args.select);
    view.filter = given(args.filter, env, "ATMOS_LIST_FILTER");
    let stack = given(args.stack, env, "ATMOS_STACK");
    let processing = evaluation(context, &app, &args.evaluation, None)?;
    let request = list::InstancesRequest { stack, view, processing };
    print_all(context, list::metadata(&app, &request)?, format, delimiter.as_deref(), "No components found")
}

pub(super) fn workflows(context: &Context, args: WorkflowsArgs) -> Result<u8> {
    let env = &context.host.env;
    parse_format(asked_format(context, args.format.format.as_deref()).as_deref(), ROWS)?;
    let app = context.app_with_config()?;
    let (format, delimiter) = row_format(context, &app, &args.format, Subject::Workflows)?;
    let file = given(args.file.map(|path| path.display().to_string()), env, "ATMOS_WORKFLOW_FILE");
    let request = list::WorkflowsRequest { file: file.map(Into::into), view: view(env, args.columns) };
    print(context, list::workflows(&app, &request)?, format, delimiter.as_deref(), "No workflows found")
}

pub(super) fn vendor(context: &Context, args: VendorArgs) -> Result<u8> {
    let env = &context.host.env;
    parse_format(asked_format(context, args.format.format.as_deref()).as_deref(), ROWS)?;
    let app = context.app_with_config()?;
    let (format, delimiter) = row_format(context, &app, &args.format, Subject::Vendor)?;
    let variable = || env.get("ATMOS_VENDOR_TAGS").map(|text| text.split(',').map(str::to_owned).collect());
    let mut view = view(env, args.columns);
    view.tags = if args.tags.is_empty() { variable().unwrap_or_default() } else { args.tags };
    let request = list::VendorRequest { component: args.stack, view };
    print(context, list::vendor(&app, &request)?, format, delimiter.as_deref(), "No vendor configurations found")
}

pub(super) fn sources(context: &Context, args: SourcesArgs, kind: Option<Kind>) -> Result<u8> {
    let env = &context.host.env;
    parse_format(asked_format(context, args.format.format.as_deref()).as_deref(), ROWS)?;
    let app = context.app_with_config()?;
    let (format, delimiter) = row_format(context, &app, &args.format, Subject::Sources)?;
    let stack = given(args.stack, env, "ATMOS_STACK");
    let stack_part = stack.as_deref().map(|stack| format!(" in stack \"{stack}\"")).unwrap_or_default();
    let name_part = args.component.as_deref().map(|name| format!(" matching component \"{name}\"")).unwrap_or_default();
    let request = list::SourcesRequest {
        component: args.component,
        stack,
        kind,
        view: select(env, view(env, args.columns), args.select),
        processing: evaluation(context, &app, &args.evaluation, None)?,
    };
    let none = format!("No components with source configured{stack_part}{name_part}");
    print(context, list::sources(&app, &request)?, format, delimiter.as_deref(), &none)
}

pub(super) fn aliases(context: &Context, args: &AliasesArgs) -> Result<u8> {
    parse_format(asked_format(context, args.format.format.as_deref()).as_deref(), ROWS)?;
    let app: App = context.app()?;
    let (format, delimiter) = row_format(context, &app, &args.format, Subject::Aliases)?;
    let view = view(&context.host.env, args.columns.clone());
    let active = active_aliases(&app.config);
    let rows = list::aliases(&app, &built_in(&parse::command(), ""), |name| active.contains_key(name), &view)?;
    print(context, rows, format, delimiter.as_deref(), "No aliases found")
}

/// The other words for our own commands, each with the words in front of it.
fn built_in(command: &clap::Command, before: &str) -> Vec<Alias> {
    let mut found = Vec::new();
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help" && !inner.is_hide_set()) {
        let path = format!("{before}{}", inner.get_name());
        let alias = |alias: &str| Alias { alias: format!("{before}{alias}"), command: path.clone() };
        found.extend(inner.get_all_aliases().map(alias));
        found.extend(built_in(inner, &format!("{path} ")));
    }
    found
}

pub(super) fn editions(context: &Context, args: EditionsArgs) -> Result<u8> {
    parse_format(asked_format(context, args.format.format.as_deref()).as_deref(), ROWS)?;
    let app = context.app()?;
    let (format, delimiter) = row_format(context, &app, &args.format, Subject::Editions)?;
    let view = view(&context.host.env, args.columns);
    let request = list::EditionsRequest { from: args.from, to: args.to, view };
    let none = "No default changes in the selected edition range";
    print(context, list::editions(&app, &request)?, format, delimiter.as_deref(), none)
}
