//! `atmos validate stacks`

use serde_json::Value as Json;

use super::super::super::args::ValidateStacksArgs;
use super::super::super::setup::Context;
use super::super::write;
use super::format::{self, Form, form};
use crate::diag::Result;
use crate::ops::validate::{self, Report};
use crate::ops::{App, annotations};
use crate::output;

pub(super) fn stacks(context: &Context, args: ValidateStacksArgs) -> Result<u8> {
    let app = context.app_with_config()?;
    let form = form(context, &app, args.scope.format.clone())?;
    let report = report(&app, args)?;
    annotations::of_findings(&app, &report.findings);
    if form == Form::Json {
        return format::print(context, &json_of(&report));
    }
    shown(context, &report, form)
}

/// The same as a document.
pub(super) fn json(context: &Context, args: ValidateStacksArgs) -> Result<Json> {
    Ok(json_of(&report(&context.app_with_config()?, args)?))
}

fn json_of(report: &Report) -> Json {
    format::verdict(!report.has_errors(), output::validate::records(&report.findings))
}

fn report(app: &App, args: ValidateStacksArgs) -> Result<Report> {
    let request = validate::StacksRequest {
        schema: args.schemas_atmos_manifest,
        exclude: args.scope.exclude,
        affected: args.scope.affected,
        base: args.scope.base,
    };
    validate::stacks(app, &request)
}

fn shown(context: &Context, report: &Report, form: Form) -> Result<u8> {
    if report.unaffected {
        context.host.talk.success("No affected stack manifest files to validate");
        return Ok(0);
    }
    let failed = report.has_errors();
    if form == Form::Rich {
        let text = output::validate::rich(report);
        if !text.is_empty() {
            write::data(context, &format!("{text}\n"))?;
        }
    } else {
        for warning in output::validate::warnings(report) {
            context.host.talk.warn(warning);
        }
    }
    if failed && (form != Form::Rich || context.screen.has_json_errors()) {
        let findings = output::validate::records(&report.findings);
        format::failed(context, "Stack validation failed", &output::validate::errors(report), &findings);
    }
    if !failed {
        context.host.talk.success("All stacks validated successfully");
    }
    Ok(u8::from(failed))
}
