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

/// Says that a check failed: in words for people, as any other error where programs read errors. `findings` are records.
pub(super) fn failed(context: &Context, title: &str, text: &str, findings: &[Json]) {
    if !context.screen.has_json_errors() {
        return context.host.talk.attention(text);
    }
    let errors: Vec<&Json> = findings.iter().filter(|finding| finding["severity"] != "warning").collect();
    let place = |finding: &&Json| {
        let numbers = ["line", "column"].into_iter().filter_map(|key| finding[key].as_u64());
        Some(numbers.fold(finding["file"].as_str()?.to_owned(), |place, number| format!("{place}:{number}")))
    };
    let mut hints: Vec<&str> =
        errors.iter().filter_map(|finding| finding["help"].as_str()).flat_map(str::lines).collect();
    hints.sort_unstable();
    hints.dedup();
    let noun = if errors.len() == 1 { "error" } else { "errors" };
    context.screen.error_line(&json!({
        "title": title,
        "message": format!("{title}: {} {noun}", errors.len()),
        "code": "atmos::validate::failed",
        "places": errors.iter().filter_map(place).collect::<Vec<_>>(),
        "causes": errors.iter().map(|finding| &finding["message"]).collect::<Vec<_>>(),
        "hints": hints,
        "exit_code": 1,
    }));
}

/// Prints a verdict.
pub(super) fn print(context: &Context, verdict: &Json) -> Result<u8> {
    write::data(context, &format!("{verdict:#}\n"))?;
    Ok(u8::from(verdict["valid"] != true))
}
