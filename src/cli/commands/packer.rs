//! `atmos packer …`

use super::super::args::{PackerArgs, PackerCommand, PackerRun};
use super::super::setup::{Context, flag};
use super::terraform::{redirect, stack};
use super::write::Format;
use super::{auth, provision, unknown, write};
use crate::component::Kind;
use crate::diag::Result;
use crate::ops::packer::{self, RunRequest};

pub(super) fn run(context: &Context, args: PackerArgs) -> Result<u8> {
    match args.command {
        PackerCommand::Init(run) => go(context, "init", run),
        PackerCommand::Build(run) => go(context, "build", run),
        PackerCommand::Validate(run) => go(context, "validate", run),
        PackerCommand::Inspect(run) => go(context, "inspect", run),
        PackerCommand::Output { run, query } => {
            let request = request(context, "output", run)?;
            let app = context.app_with_config()?;
            if let Some(document) = packer::output(&app, &request, query.as_deref())? {
                write::document(context, &document, Format::Yaml, 2, None)?;
            }
            Ok(0)
        }
        PackerCommand::Version => {
            let app = context.app()?;
            let request = RunRequest { verb: "version".to_owned(), ..RunRequest::default() };
            context.block_on(packer::run(&app, &request))?.map(|()| 0)
        }
        PackerCommand::Source { command } => provision::source(context, Kind::Packer, command),
        PackerCommand::Other(words) => Err(unknown::command("atmos packer", &words).into()),
    }
}

fn go(context: &Context, verb: &str, run: PackerRun) -> Result<u8> {
    let request = request(context, verb, run)?;
    let app = context.app_with_config()?;
    context.block_on(packer::run(&app, &request))?.map(|()| 0)
}

fn request(context: &Context, verb: &str, run: PackerRun) -> Result<RunRequest> {
    let env = &context.host.env;
    Ok(RunRequest {
        verb: verb.to_owned(),
        component: run.component,
        stack: stack(run.stack, env),
        identity: auth::flag(&run.identity),
        template: run.template.or_else(|| env.get("ATMOS_PACKER_TEMPLATE").map(str::to_owned)),
        dry_run: flag(run.dry_run, env, "ATMOS_DRY_RUN")?,
        native: run.native.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
        redirect_stderr: redirect(context),
    })
}
