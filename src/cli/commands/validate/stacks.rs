//! `atmos validate stacks`

use super::super::super::args::ValidateStacksArgs;
use super::super::super::setup::Context;
use super::super::write;
use super::format::is_rich;
use crate::diag::Result;
use crate::ops::validate;
use crate::output;

pub(super) fn stacks(context: &Context, args: ValidateStacksArgs) -> Result<u8> {
    let app = context.app_with_config()?;
    let rich = is_rich(context, &app, args.scope.format)?;
    let request = validate::StacksRequest {
        schema: args.schemas_atmos_manifest,
        exclude: args.scope.exclude,
        affected: args.scope.affected,
        base: args.scope.base,
    };
    let report = validate::stacks(&app, &request)?;
    if report.unaffected {
        context.host.talk.success("No affected stack manifest files to validate");
        return Ok(0);
    }
    let failed = report.has_errors();
    if rich {
        let text = output::validate::rich(&report);
        if !text.is_empty() {
            write::data(context, &format!("{text}\n"))?;
        }
    } else {
        for warning in output::validate::warnings(&report) {
            context.host.talk.warn(warning);
        }
        if failed {
            context.host.talk.attention(output::validate::errors(&report));
        }
    }
    if !failed {
        context.host.talk.success("All stacks validated successfully");
    }
    Ok(u8::from(failed))
}
