//! `atmos validate component`

use super::super::super::args::ValidateComponentArgs;
use super::super::super::error::Error;
use super::super::super::setup::Context;
use super::super::{describe, write};
use super::format::{self, Form, form};
use crate::diag::Result;
use crate::ops::validate;
use crate::output;

pub(super) fn component(context: &Context, args: ValidateComponentArgs) -> Result<u8> {
    let stack = args.stack.or_else(|| context.host.env.get("ATMOS_STACK").map(str::to_owned));
    let stack = stack.filter(|stack| !stack.is_empty()).ok_or(Error::FlagMissing { flag: "stack" })?;
    let app = context.app_with_config()?;
    let form = form(context, &app, args.format)?;
    let request = validate::ComponentRequest {
        component: args.component,
        stack,
        kind: args.kind,
        processing: describe::described(context, &app, &args.evaluation)?,
        schema_path: args.schema_path.filter(|text| !text.is_empty()),
        schema_type: args.schema_type.filter(|text| !text.is_empty()),
        module_paths: args.module_paths,
        timeout: args.timeout,
    };
    let report = validate::component(&app, &request)?;
    if form == Form::Json {
        let findings = output::validate::objections(&report.objections);
        return format::print(context, &format::verdict(report.objections.is_empty(), findings));
    }
    if report.objections.is_empty() {
        context.host.talk.success("Component validated successfully");
        return Ok(0);
    }
    if form == Form::Rich {
        let findings = report.objections.iter().flat_map(|objection| &objection.findings);
        let text = output::validate::rich_findings(findings);
        if !text.is_empty() {
            write::data(context, &format!("{text}\n"))?;
        }
    }
    let text = format!("✗ Component validation failed\n\n**Error:** {}", report.text());
    format::failed(context, "Component validation failed", &text, &output::validate::objections(&report.objections));
    Ok(1)
}
