//! `atmos validate schema`

use super::super::super::args::{ScopeArgs, ValidateSchemaArgs};
use super::super::super::setup::Context;
use super::super::write;
use super::format::is_rich;
use crate::diag::Result;
use crate::ops::validate::{self, FilesRequest};
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
    let rich = is_rich(context, &app, scope.format)?;
    let request = FilesRequest { name, schema, exclude: scope.exclude, affected: scope.affected, base: scope.base };
    let report = validate::files(&app, &request)?;
    let failed = report.has_errors();
    if rich {
        let text = output::validate::rich_findings(report.files.iter().flat_map(|file| &file.findings));
        if !text.is_empty() {
            write::data(context, &format!("{text}\n"))?;
        }
    }
    for file in &report.files {
        if file.findings.is_empty() {
            context.host.talk.success(format!("Validated {}", file.file));
        } else if !rich {
            context.host.talk.attention(output::validate::of_file(&file.file, &file.findings));
        }
    }
    if report.files.is_empty() {
        context.host.talk.success("No files to validate");
    }
    Ok(u8::from(failed))
}
