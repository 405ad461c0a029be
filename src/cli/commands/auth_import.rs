//! `atmos auth import`

use std::path::Path;

use super::super::args::AuthImportArgs;
use super::super::error::Error;
use super::super::setup::Context;
use super::write;
use crate::diag::Result;
use crate::ops::auth::{self, ImportRequest, Tool};
use crate::output;

pub(super) fn import(context: &Context, args: AuthImportArgs) -> Result<u8> {
    let Some(tool) = Tool::parse(&args.tool) else {
        return Err(Error::Format { format: args.tool, valid: "the tools of --help" }.into());
    };
    if args.force && args.output.is_none() {
        return Err(Error::FlagMissing { flag: "output" }.into());
    }
    let request = ImportRequest {
        tool,
        from: args.from,
        // A dash stands for standard output, as everywhere.
        output: args.output.filter(|path| path != Path::new("-")),
        dry_run: args.dry_run,
        force: args.force,
        machine_id: args.machine_id,
        replace_processes: args.replace_processes,
    };
    // Names must differ from those of the configuration, if there is one.
    let app = context.app_as_it_is()?;
    let report = auth::import(&context.host, &app.config.auth, &request)?;
    context.host.talk.attention(output::auth_import::said(&report));
    if report.file.is_none() || report.dry_run {
        let format = (!report.is_diff).then_some(write::Format::Yaml);
        write::masked_to(context, &report.text, format, None)?;
    }
    Ok(0)
}
