//! How findings are shown.

use serde_json::{Value as Json, json};

use super::super::super::error::Error;
use super::super::super::setup::Context;
use super::super::write;
use crate::diag::Result;
use crate::ops::App;
use crate::value::Node;

/// The format that flag, variable or configuration ask for; empty where nobody does.
pub(super) fn asked(context: &Context, app: &App, flag: Option<String>) -> String {
    let variable = || context.host.env.get("ATMOS_VALIDATE_FORMAT").map(str::to_owned);
    let setting = || app.config.document.get_path(["validate", "format"]).and_then(Node::as_str).map(str::to_owned);
    flag.or_else(variable).or_else(setting).unwrap_or_default()
}

/// How findings are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    /// With the lines around each finding.
    Rich,
    Json,
}

pub(super) fn form(context: &Context, app: &App, flag: Option<String>) -> Result<Form> {
    let format = asked(context, app, flag);
    match format.trim().to_lowercase().as_str() {
        "" | "text" => Ok(Form::Text),
        "rich" => Ok(Form::Rich),
        "json" => Ok(Form::Json),
        _ => Err(Error::Format { format, valid: "text, rich, json" }.into()),
    }
}

/// What a check found, as one document for programs.
pub(super) fn verdict(valid: bool, findings: Vec<Json>) -> Json {
    json!({"valid": valid, "findings": Json::Array(findings)})
}

/// Prints a verdict.
pub(super) fn print(context: &Context, verdict: &Json) -> Result<u8> {
    write::data(context, &format!("{verdict:#}\n"))?;
    Ok(u8::from(verdict["valid"] != true))
}
