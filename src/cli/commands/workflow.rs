//! `atmos workflow`

use super::super::args::WorkflowArgs;
use super::super::setup::{Context, flag};
use super::auth;
use super::terraform::stack;
use crate::diag::Result;
use crate::ops::workflow::{self, Request};

pub(super) fn run(context: &Context, args: WorkflowArgs) -> Result<u8> {
    let env = &context.host.env;
    let variable = |name: &str| env.get(name).map(str::to_owned);
    let request = Request {
        name: args.name,
        file: args.file.or_else(|| variable("ATMOS_WORKFLOW_FILE")),
        stack: stack(args.stack, env),
        from_step: args.from_step.or_else(|| variable("ATMOS_WORKFLOW_FROM_STEP")),
        dry_run: flag(args.dry_run, env, "ATMOS_WORKFLOW_DRY_RUN")?,
        identity: auth::flag(&args.identity),
        tags: args.tags,
        labels: args.labels,
        base_path: context.global.base_path.is_some(),
    };
    let app = context.app_with_config()?;
    context.block_on(workflow::run(&app, &request))?
}
