//! `atmos explain`

use super::super::args::ExplainArgs;
use super::super::error::Error;
use super::super::setup::Context;
use super::{describe, write};
use crate::diag::Result;
use crate::ops::explain;
use crate::{output, yaml};

pub(super) fn run(context: &Context, args: ExplainArgs) -> Result<u8> {
    let format = args.format.as_deref().unwrap_or("text");
    if !matches!(format, "text" | "json" | "yaml") {
        return Err(Error::Format { format: format.to_owned(), valid: "text, json, yaml" }.into());
    }
    let stack = args.stack.or_else(|| context.host.env.get("ATMOS_STACK").map(str::to_owned));
    let stack = stack.ok_or(Error::FlagMissing { flag: "stack" })?;
    let app = context.app_with_config()?;
    let mut processing = describe::processing(&context.host.env, &args.processing)?;
    processing.error_mode = describe::error_mode(None, &app.config.describe.error_mode)?;
    processing.masks_secrets = context.host.masker.is_on();
    let request =
        explain::ExplainRequest { component: args.component, stack, kind: args.kind, path: args.path, processing };
    let mut explanation = explain::explain(&app, &request)?;
    let masker = &context.host.masker;
    let values = explanation.others.iter_mut().chain(&mut explanation.winner).map(|setting| &mut setting.value);
    for value in values.chain([&mut explanation.value]).chain(&mut explanation.computed) {
        *value = output::masked(value, masker).into_owned();
    }
    let document = || output::explanation_document(&explanation);
    let (text, syntax) = match format {
        "json" => (yaml::emit_json_record(&document()), Some(write::Format::Json)),
        "yaml" => (yaml::emit_record(&document(), app.config.settings.tab_width), Some(write::Format::Yaml)),
        _ => (output::explanation(&explanation), None),
    };
    write::masked_to(context, &text, syntax, None)?;
    Ok(0)
}
