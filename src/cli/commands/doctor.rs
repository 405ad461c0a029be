//! `atmos doctor`

use super::super::args::DoctorArgs;
use super::super::error::Error;
use super::super::setup::Context;
use super::write;
use crate::diag::Result;
use crate::ops::doctor;
use crate::value::{Node, from_json};
use crate::{output, yaml};

/// Status 1 when the stacks cannot be read: then nothing else works either.
pub(super) fn run(context: &Context, args: &DoctorArgs) -> Result<u8> {
    let format = args.format.as_deref().unwrap_or("text");
    let app = context.app()?;
    let report = doctor::examine(&app)?;
    let document = || serde_json::to_value(&report).map_or_else(|_| Node::default(), |json| from_json(&json));
    let text = match format {
        "text" => output::doctor(&report),
        "json" => yaml::emit_json_record(&document()),
        "yaml" => yaml::emit_record(&document(), app.config.settings.tab_width),
        other => return Err(Error::Format { format: other.to_owned(), valid: "text, json, yaml" }.into()),
    };
    write::data(context, &text)?;
    Ok(u8::from(report.stacks.problem.is_some()))
}
