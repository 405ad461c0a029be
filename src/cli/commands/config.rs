//! `atmos describe config` and `atmos validate config`

use super::super::args::DescribeConfigArgs;
use super::super::custom::reserved;
use super::super::setup::Context;
use super::describe;
use super::query::Selection;
use super::write::{self, Format};
use crate::custom::{Definition, Reserved, definitions};
use crate::diag::{Result, Warning};
use crate::ops::config;
use crate::output::{Table, TableFormat};
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

/// Old keys on stderr; on stdout the settings whose default depends on whether a file exists.
pub(super) fn validate(context: &Context) -> Result<u8> {
    let app = context.app()?;
    let validation = config::validate(&app);
    for warning in validation.warnings {
        context.host.talk.warn(warning);
    }
    warn_of_commands(context, &definitions(&app.config, &app.host.sources), &reserved());
    let rows = validation.in_force.into_iter().map(|row| vec![row.key.to_owned(), row.value, row.why]).collect();
    let table = Table { columns: ["Setting", "Value", "Why"].map(str::to_owned).to_vec(), rows };
    write::data(context, &table.render(TableFormat::Table, context.host.terminal.stdout))?;
    let files = validation.files.len();
    context.host.talk.success(match files {
        0 => "no configuration file: the defaults hold".to_owned(),
        1 => "the configuration is valid: 1 file".to_owned(),
        _ => format!("the configuration is valid: {files} files"),
    });
    Ok(0)
}

/// Commands of the configuration that cannot be called; they break nothing else, so only this says it unasked.
fn warn_of_commands(context: &Context, commands: &[Definition], reserved: &[Reserved]) {
    for command in commands {
        if let Err(error) = command.check(reserved) {
            let warning = Warning::new("atmos::custom::unusable", error.to_string());
            context.host.talk.warn(match context.host.sources.place(command.span) {
                Some(place) => warning.at(place),
                None => warning,
            });
        }
        warn_of_commands(context, &command.commands, reserved);
    }
}
