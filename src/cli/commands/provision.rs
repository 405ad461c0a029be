//! `atmos terraform source …`, `atmos terraform workdir …`, and the same of other kinds of components.

use super::super::args::{ProcessingArgs, SourceCommand, WorkdirCommand};
use super::super::error::Error;
use super::super::setup::{Context, flag};
use super::terraform::stack as given_stack;
use super::write::Format;
use super::{describe, list, write};
use crate::component::Kind;
use crate::diag::Result;
use crate::ops::source::{self, CleanRequest, SourceRequest, Workdir};
use crate::output::{Table, TableFormat};

pub(super) fn source(context: &Context, kind: Kind, command: SourceCommand) -> Result<u8> {
    match command {
        SourceCommand::List(args) => return list::sources(context, args, kind),
        SourceCommand::Pull { component, stack, force, processing } => {
            let request = request(context, kind, component, stack, force, &processing)?;
            source::pull(&context.app_with_config()?, &request)?;
        }
        SourceCommand::Describe { component, stack, processing } => {
            let request = request(context, kind, component, stack, false, &processing)?;
            let document = source::describe(&context.app_with_config()?, &request)?;
            write::document(context, &document, Format::Yaml, 2, None)?;
        }
        SourceCommand::Delete { component, stack, force, everything, processing } => {
            let request = request(context, kind, component, stack, force, &processing)?;
            let request = SourceRequest { everything, ..request };
            let app = context.app_with_config()?;
            context.block_on(source::delete(&app, &request))??;
        }
    }
    Ok(0)
}

fn request(
    context: &Context,
    kind: Kind,
    component: Option<String>,
    stack: Option<String>,
    force: bool,
    processing: &ProcessingArgs,
) -> Result<SourceRequest> {
    let env = &context.host.env;
    let evaluation = describe::processing(env, processing)?;
    Ok(SourceRequest { kind, component, stack: given_stack(stack, env), force, everything: false, evaluation })
}

pub(super) fn workdir(context: &Context, kind: &Kind, command: WorkdirCommand) -> Result<u8> {
    let env = &context.host.env;
    let app = context.app_with_config()?;
    match command {
        WorkdirCommand::List { format } => {
            let format = format.or_else(|| env.get("ATMOS_FORMAT").map(str::to_owned));
            list_workdirs(context, &source::workdirs(&app, kind), format.as_deref())?;
        }
        WorkdirCommand::Describe { component, stack } => {
            let stack = given_stack(stack, env);
            let found = source::workdir_of(&app, kind, &component, stack.as_deref())?;
            write::document(context, &source::workdir_document(&found, kind), Format::Yaml, 2, None)?;
        }
        WorkdirCommand::Show { component, stack } => {
            let stack = given_stack(stack, env);
            show(context, &source::workdir_of(&app, kind, &component, stack.as_deref())?)?;
        }
        WorkdirCommand::Clean { component, stack, all, expired, ttl, everything, dry_run } => {
            let request = CleanRequest {
                component,
                stack: given_stack(stack, env),
                all: flag(all, env, "ATMOS_WORKDIR_CLEAN_ALL")?,
                expired: flag(expired, env, "ATMOS_WORKDIR_CLEAN_EXPIRED")?,
                ttl: ttl.or_else(|| env.get("ATMOS_WORKDIR_TTL").map(str::to_owned)),
                everything: flag(everything, env, "ATMOS_WORKDIR_CLEAN_EVERYTHING")?,
                dry_run: flag(dry_run, env, "ATMOS_WORKDIR_DRY_RUN")?,
            };
            if context.block_on(source::clean(&app, kind, &request))?? == 0 {
                context.host.talk.info("No workdirs to clean");
            }
        }
    }
    Ok(0)
}

fn list_workdirs(context: &Context, workdirs: &[Workdir], format: Option<&str>) -> Result<()> {
    let format: TableFormat = match format {
        None | Some("" | "table") => TableFormat::Table,
        Some("json") => TableFormat::Json,
        Some("yaml") => TableFormat::Yaml,
        Some(other) => return Err(Error::Format { format: other.to_owned(), valid: "table, json, yaml" }.into()),
    };
    if workdirs.is_empty() && format == TableFormat::Table {
        context.host.talk.info("No workdirs found");
        return Ok(());
    }
    let plain = format == TableFormat::Table;
    let columns: &[&str] = if plain {
        &["COMPONENT", "STACK", "TYPE", "VERSION", "LAST_ACCESSED", "PATH"]
    } else {
        &["name", "component", "stack", "source", "source_type", "path", "content_hash", "created_at", "updated_at"]
    };
    let table = Table {
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        rows: workdirs.iter().map(|workdir| if plain { row(workdir) } else { record(workdir) }).collect(),
        ..Table::default()
    };
    write::data(context, &table.render(format, context.host.terminal.stdout))
}

fn origin(workdir: &Workdir) -> &'static str {
    if workdir.record.is_remote() { "remote" } else { "local" }
}

fn row(workdir: &Workdir) -> Vec<String> {
    let record = &workdir.record;
    let version = if record.source_version.is_empty() { "-" } else { &record.source_version };
    let used = record.last_accessed.unwrap_or(record.created_at).strftime("%Y-%m-%d %H:%M").to_string();
    let texts = [&record.component, &record.stack, origin(workdir), version, &used, &workdir.path];
    texts.map(str::to_owned).to_vec()
}

fn record(workdir: &Workdir) -> Vec<String> {
    let record = &workdir.record;
    let (created, updated) = (record.created_at.to_string(), record.updated_at.to_string());
    let texts = [
        &workdir.name,
        &record.component,
        &record.stack,
        &record.source,
        origin(workdir),
        &workdir.path,
        &record.content_hash,
        &created,
        &updated,
    ];
    texts.map(str::to_owned).to_vec()
}

fn show(context: &Context, workdir: &Workdir) -> Result<()> {
    let record = &workdir.record;
    let time = |time: jiff::Timestamp| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let mut lines = vec![
        ("Name", workdir.name.clone()),
        ("Component", record.component.clone()),
        ("Stack", record.stack.clone()),
        ("Source Type", origin(workdir).to_owned()),
        ("Source", record.source.clone()),
        ("Source Version", record.source_version.clone()),
        ("Path", workdir.path.clone()),
        ("Content Hash", record.content_hash.clone()),
        ("Created", time(record.created_at)),
        ("Updated", time(record.updated_at)),
        ("Last Accessed", record.last_accessed.map(time).unwrap_or_default()),
    ];
    lines.retain(|(_, text)| !text.is_empty());
    let lines: Vec<String> = lines.iter().map(|(name, text)| format!("{name:16}{text}\n")).collect();
    let text = lines.concat();
    write::data(context, &text)
}
