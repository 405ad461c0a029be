//! `atmos validate schema`

use serde_json::Value as Json;

use super::super::super::args::{ScopeArgs, ValidateSchemaArgs};
use super::super::super::setup::Context;
use super::super::write;
use super::format::{self, Form, form};
use crate::diag::Result;
use crate::ops::validate::{self, FilesReport, FilesRequest};
use crate::ops::{App, annotations};
use crate::output;

pub(super) fn files(context: &Context, args: ValidateSchemaArgs) -> Result<u8> {
    check(context, args.name, args.schemas_atmos_manifest, args.scope)
}

/// One entry of `schemas`, or all of them.
pub(in super::super) fn named(context: &Context, name: Option<&str>, scope: &ScopeArgs) -> Result<u8> {
    check(context, name.map(str::to_owned), None, scope.clone())
}

fn check(context: &Context, name: Option<String>, schema: Option<String>, scope: ScopeArgs) -> Result<u8> {
    let app = context.app_with_config()?;
    let form = form(context, &app, scope.format.clone())?;
    let report = report(&app, name, schema, scope)?;
    annotations::of_findings(&app, report.files.iter().flat_map(|file| &file.findings));
    if form == Form::Json {
        return format::print(context, &json_of(&report));
    }
    shown(context, &report, form, "No files to validate")
}

/// What was found, for people; `none` where there was nothing to look at.
pub(super) fn shown(context: &Context, report: &FilesReport, form: Form, none: &str) -> Result<u8> {
    let rich = form == Form::Rich;
    let failed = report.has_errors();
    if rich {
        let text = output::validate::rich_findings(report.files.iter().flat_map(|file| &file.findings));
        if !text.is_empty() {
            write::data(context, &format!("{text}\n"))?;
        }
    }
    let json = context.screen.has_json_errors() && failed;
    if json {
        let findings = report.files.iter().flat_map(|file| output::validate::records(&file.findings));
        format::failed(context, "Validation failed", "", &findings.collect::<Vec<_>>());
    }
    for file in &report.files {
        if file.findings.is_empty() {
            context.host.talk.success(format!("Validated {}", file.file));
        } else if !rich && !json {
            context.host.talk.attention(output::validate::of_file(&file.file, &file.findings));
        }
    }
    if report.files.is_empty() {
        context.host.talk.success(none);
    }
    Ok(u8::from(failed))
}

/// All entries as a document.
pub(super) fn json(context: &Context, scope: &ScopeArgs) -> Result<Json> {
    Ok(json_of(&report(&context.app_with_config()?, None, None, scope.clone())?))
}

pub(super) fn json_of(report: &FilesReport) -> Json {
    let findings = report.files.iter().flat_map(|file| output::validate::records(&file.findings));
    format::verdict(!report.has_errors(), findings.collect())
}

fn report(app: &App, name: Option<String>, schema: Option<String>, scope: ScopeArgs) -> Result<FilesReport> {
    let request = FilesRequest { name, schema, exclude: scope.exclude, affected: scope.affected, base: scope.base };
    validate::files(app, &request)
}
