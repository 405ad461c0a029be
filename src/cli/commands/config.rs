//! `atmos config`, `atmos describe config` and `atmos validate config`

use miette::Diagnostic as _;

use super::super::args::{ConfigCommand, DescribeConfigArgs, KeysArgs, PathArgs, ScopeArgs};
use super::super::custom::reserved;
use super::super::error::Error;
use super::super::setup::Context;
use super::query::Selection;
use super::write::{self, Format};
use super::{describe, unknown};
use crate::custom::{self, Definition, Reserved, definitions};
use crate::diag::{Result, Warning, nearest};
use crate::ops::edit::{self, Done, PathRow, What};
use crate::ops::{config, schema};
use crate::output::{self, Table, TableFormat, masked};
use crate::value::Node;
use crate::yaml;

pub(super) fn describe(context: &Context, args: &DescribeConfigArgs) -> Result<u8> {
    let format = Format::parse(args.format.as_deref().or(Some("json")))?;
    let query = Selection::parse(args.query.as_deref())?;
    let app = context.app()?;
    let document = config::describe(&app)?;
    if query.is_some() {
        return describe::print(context, &app, &document, format, query.as_ref(), args.file.as_deref());
    }
    // In the order in which the reference declares its keys.
    let text = match format {
        Format::Json => yaml::emit_json_record(&document),
        Format::Yaml => yaml::emit_record(&document, app.config.settings.tab_width),
    };
    write::text_to(context, &text, args.file.as_deref())?;
    Ok(0)
}

/// `atmos config`
pub(super) fn run(context: &Context, command: ConfigCommand) -> Result<u8> {
    match command {
        ConfigCommand::Get(args) => get(context, &args),
        ConfigCommand::Set(args) => {
            let app = context.app()?;
            let new = Some((args.value.as_str(), args.type_.parse()?));
            let done = edit::config(&app, &args.path, new, &context.config_flags())?;
            Ok(told(context, &args.path, &done))
        }
        ConfigCommand::Delete(args) => {
            let done = edit::config(&context.app()?, &args.path, None, &context.config_flags())?;
            Ok(told(context, &args.path, &done))
        }
        ConfigCommand::Format(args) => {
            let done = edit::format_config(&context.app()?, &context.global.config, args.check)?;
            Ok(laid_out(context, &done, args.check))
        }
        ConfigCommand::List(args) => {
            let rows = edit::config_paths(&context.app()?, args.pattern.as_deref())?;
            keys(context, rows, &args)
        }
        ConfigCommand::Schema => {
            write::data(context, &schema::config())?;
            Ok(0)
        }
        ConfigCommand::Validate => validate(context),
        ConfigCommand::Other(words) => Err(unknown::command("atmos config", &words).into()),
    }
}

/// Says what became of a value. The value itself may be a secret.
pub(super) fn told(context: &Context, path: &str, done: &Done) -> u8 {
    let file = &done.file;
    context.host.talk.success(match done.what {
        What::Created => format!("Created `{path}` in {file}"),
        What::Updated => format!("Updated `{path}` in {file}"),
        What::Deleted => format!("Deleted `{path}` from {file}"),
        What::Formatted => format!("Formatted {file}"),
        What::Nothing => format!("Nothing to change: {file} has `{path}` as it should be"),
    });
    0
}

/// One value of the configuration that is in force. Texts stand bare.
fn get(context: &Context, args: &PathArgs) -> Result<u8> {
    let format = Format::parse(args.format.as_deref())?;
    let app = context.app()?;
    let document = config::describe(&app)?;
    let Some(node) = config::at(&document, &args.path) else {
        let (above, last) = args.path.rsplit_once('.').unwrap_or(("", &args.path));
        let parent = if above.is_empty() { Some(&document) } else { config::at(&document, above) };
        let known = parent.and_then(Node::as_map).into_iter().flatten().map(|(key, _)| &**key);
        let prefix = if above.is_empty() { String::new() } else { format!("{above}.") };
        let near = nearest(last, known).map(|near| format!("did you mean `{prefix}{near}`?"));
        let help = near.unwrap_or_else(|| "`atmos describe config` shows the whole configuration".to_owned());
        return Err(Error::UnknownKey { path: args.path.clone(), help }.into());
    };
    match node.scalar_text().filter(|_| format == Format::Yaml) {
        Some(text) => write::data(context, &format!("{text}\n"))?,
        None => write::document(context, node, format, app.config.settings.tab_width, None)?,
    }
    Ok(0)
}

/// Says which files were laid out anew; with `--check` which would be, and that is a failure.
pub(super) fn laid_out(context: &Context, all: &[Done], check: bool) -> u8 {
    let mut status = 0;
    for Done { what, file } in all {
        match what {
            What::Formatted if check => {
                status = 1;
                context.host.talk.attention(format!("✗ {file} is not formatted"));
            }
            What::Formatted => context.host.talk.success(format!("Formatted {file}")),
            _ => context.host.talk.success(format!("Nothing to change: {file} is formatted")),
        }
    }
    status
}

/// The keys that files set, file by file.
pub(super) fn keys(context: &Context, mut rows: Vec<PathRow>, args: &KeysArgs) -> Result<u8> {
    let format = match args.format.as_deref() {
        None | Some("paths") => None,
        Some(text) => {
            let invalid =
                |()| Error::Format { format: text.to_owned(), valid: "paths, table, json, yaml, csv, tsv, nul" };
            Some(text.parse::<TableFormat>().map_err(invalid)?)
        }
    };
    if rows.is_empty() && format.is_none() {
        context.host.talk.info("▶ No keys found");
        return Ok(0);
    }
    for row in &mut rows {
        row.value = masked(&row.value, &context.host.masker).into_owned();
    }
    let text = match format {
        None => output::paths(&rows),
        Some(format) => output::path_table(&rows, format, context.host.terminal.stdout, args.delimiter.as_deref()),
    };
    write::data(context, &text)?;
    Ok(0)
}

/// The files against the schema, old keys on stderr; on stdout the settings whose default depends on whether a file exists.
pub(super) fn validate(context: &Context) -> Result<u8> {
    let app = context.app()?;
    let checked =
        if app.config.found { super::validate::named(context, Some("config"), &ScopeArgs::default())? } else { 0 };
    let validation = config::validate(&app);
    for warning in validation.warnings {
        context.host.talk.warn(warning);
    }
    warn_of_commands(context, &definitions(&app.config, &app.host.sources), &reserved());
    let rows = validation.in_force.into_iter().map(|row| vec![row.key.to_owned(), row.value, row.why]).collect();
    let table = Table { columns: ["Setting", "Value", "Why"].map(str::to_owned).to_vec(), rows, ..Table::default() };
    write::data(context, &table.render(TableFormat::Table, context.host.terminal.stdout))?;
    if checked != 0 {
        return Ok(checked);
    }
    let files = validation.files.len();
    context.host.talk.success(match files {
        0 => "no configuration file: the defaults hold".to_owned(),
        1 => "the configuration is valid: 1 file".to_owned(),
        _ => format!("the configuration is valid: {files} files"),
    });
    Ok(0)
}

/// Steps that a call of the command refuses, and keys that nothing reads.
fn warn_of_steps(context: &Context, command: &Definition) {
    let sources = &context.host.sources;
    for error in command.faults(sources) {
        let help = error.help().map(|help| help.to_string()).unwrap_or_default();
        context.host.talk.warn(Warning::new("atmos::custom::unusable", error.to_string()).help(help));
    }
    for remark in command.remarks(sources) {
        context.host.talk.warn(remark.warning(sources));
    }
}

/// Commands of the configuration that cannot be called; they break nothing else, so only this says it unasked.
fn warn_of_commands(context: &Context, commands: &[Definition], reserved: &[Reserved]) {
    let warn = |error: &custom::Error| {
        let (message, place) = error.parts();
        let warning = Warning::new("atmos::custom::unusable", message);
        context.host.talk.warn(match place {
            Some(place) => warning.at(place),
            None => warning,
        });
    };
    custom::remarks(commands, &context.host.sources).iter().for_each(warn);
    for command in commands {
        if let Err(error) = command.check_at(reserved, &context.host.sources) {
            warn(&error);
        }
        warn_of_steps(context, command);
        warn_of_commands(context, &command.commands, reserved);
    }
}
