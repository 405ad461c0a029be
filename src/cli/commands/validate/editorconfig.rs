//! `atmos validate editorconfig`

use std::path::Path;

use serde_json::Value as Json;

use super::super::super::args::EditorconfigArgs;
use super::super::super::error::Error;
use super::super::super::setup::Context;
use super::super::write;
use super::format::{asked, failed, print, verdict};
use crate::diag::{Result, Warning};
use crate::ops::App;
use crate::ops::validate::{self, EditorConfigRequest};
use crate::output::editorconfig::{self as view, Format};
use crate::validate::editorconfig::Disabled;
use crate::value::Node;

/// What `--init` writes.
const FIRST: &str = "root = true\n\n[*]\ncharset = utf-8\nend_of_line = lf\ninsert_final_newline = true\n\
                     trim_trailing_whitespace = true\n\n[*.{tf,hcl,yaml,yml,json}]\nindent_style = space\nindent_size = 2\n";

pub(super) fn editorconfig(context: &Context, args: EditorconfigArgs) -> Result<u8> {
    let app = context.app()?;
    let setting = |key: &str| app.config.document.get_path(["validate", "editorconfig", key]);
    let configured = setting("format").and_then(Node::as_str).map(str::to_owned);
    let format = asked(context, &app, args.format.clone().or(configured));
    let valid = "default, gcc, github-actions, codeclimate, sarif, rich, json";
    let format: Format = format.parse().map_err(|()| Error::Format { format: format.clone(), valid })?;
    if args.init {
        return init(context);
    }
    let dry_run = args.dry_run || setting("dry_run").and_then(Node::as_bool).unwrap_or(false);
    check(context, &app, &request(&app, args), format, dry_run)
}

/// The verdict as a document.
pub(super) fn json(context: &Context, args: EditorconfigArgs) -> Result<Json> {
    let app = context.app()?;
    let report = validate::editorconfig(&app, &request(&app, args))?;
    Ok(verdict(report.count() == 0, view::records(&report)))
}

fn request(app: &App, args: EditorconfigArgs) -> EditorConfigRequest {
    let setting = |key: &str| app.config.document.get_path(["validate", "editorconfig", key]);
    let on = |flag: bool, key: &str| flag || setting(key).and_then(Node::as_bool).unwrap_or(false);
    EditorConfigRequest {
        exclude: args.exclude,
        ignore_defaults: on(args.ignore_defaults, "ignore_defaults"),
        disabled: Disabled {
            end_of_line: on(args.disable_end_of_line, "disable_end_of_line"),
            indent_size: on(args.disable_indent_size, "disable_indent_size"),
            indentation: on(args.disable_indentation, "disable_indentation"),
            insert_final_newline: on(args.disable_insert_final_newline, "disable_insert_final_newline"),
            max_line_length: on(args.disable_max_line_length, "disable_max_line_length"),
            trim_trailing_whitespace: on(args.disable_trim_trailing_whitespace, "disable_trim_trailing_whitespace"),
        },
        affected: args.affected,
        base: args.base,
    }
}

fn check(context: &Context, app: &App, request: &EditorConfigRequest, format: Format, dry_run: bool) -> Result<u8> {
    let report = validate::editorconfig(app, request)?;
    if dry_run {
        write::data(context, &report.files.iter().fold(String::new(), |text, file| text + file + "\n"))?;
        return Ok(0);
    }
    if report.unconfigured {
        let message = "there is no .editorconfig here or above; nothing is required of the files";
        let warning = Warning::new("atmos::validate::no_editorconfig", message);
        context.host.talk.warn(warning.help("`atmos validate editorconfig --init` writes a first one"));
    }
    // A part of the files would take the place of what was found in all of them.
    if !request.affected
        && let Some(sending) = validate::publish_editorconfig(app, view::text(&report, Format::Sarif))
    {
        context.block_on(sending)?;
    }
    if format == Format::Json {
        return print(context, &verdict(report.count() == 0, view::records(&report)));
    }
    let text = view::text(&report, format);
    if !text.is_empty() {
        write::data(context, &text)?;
    }
    if report.count() > 0 {
        if context.screen.has_json_errors() {
            failed(context, "EditorConfig validation failed", "", &view::records(&report));
        }
        return Ok(1);
    }
    context.host.talk.success("EditorConfig validation passed");
    Ok(0)
}

fn init(context: &Context) -> Result<u8> {
    let path = context.host.cwd.join(".editorconfig");
    if path.exists() {
        let message = ".editorconfig is there already and stays as it is";
        context.host.talk.warn(Warning::new("atmos::validate::editorconfig_exists", message));
        return Ok(1);
    }
    write::text_to(context, FIRST, Some(Path::new(".editorconfig")))?;
    context.host.talk.success("Wrote .editorconfig");
    Ok(0)
}
