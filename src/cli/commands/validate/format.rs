//! How findings are shown.

use super::super::super::error::Error;
use super::super::super::setup::Context;
use crate::diag::Result;
use crate::ops::App;
use crate::value::Node;

/// The format that flag, variable or configuration ask for; empty where nobody does.
pub(super) fn asked(context: &Context, app: &App, flag: Option<String>) -> String {
    let variable = || context.host.env.get("ATMOS_VALIDATE_FORMAT").map(str::to_owned);
    let setting = || app.config.document.get_path(["validate", "format"]).and_then(Node::as_str).map(str::to_owned);
    flag.or_else(variable).or_else(setting).unwrap_or_default()
}

/// Whether the lines around each finding are shown.
pub(super) fn is_rich(context: &Context, app: &App, flag: Option<String>) -> Result<bool> {
    let format = asked(context, app, flag);
    match format.trim().to_lowercase().as_str() {
        "" | "text" => Ok(false),
        "rich" => Ok(true),
        _ => Err(Error::Format { format, valid: "text, rich" }.into()),
    }
}
