//! `atmos helmfile …`

use std::ffi::OsString;

use super::super::args::{HelmfileArgs, HelmfileCommand, HelmfileGenerate, HelmfileRun};
use super::super::error::Error;
use super::super::parse::booleans;
use super::super::setup::{Context, flag};
use super::terraform::{redirect, skipped_hooks, stack};
use super::{auth, fleet, provision, unknown, write};
use crate::component::Kind;
use crate::diag::Result;
use crate::exec::helmfile::PASSED_ON;
use crate::ops::helmfile::{self, GenerateRequest, RunRequest};
use crate::resolve;

pub(super) fn run(context: &Context, args: HelmfileArgs) -> Result<u8> {
    match args.command {
        HelmfileCommand::Deploy(run) => go(context, "deploy", run),
        HelmfileCommand::Sync(run) => go(context, "sync", run),
        HelmfileCommand::Diff(run) => go(context, "diff", run),
        HelmfileCommand::Apply(run) => go(context, "apply", run),
        HelmfileCommand::Template(run) => go(context, "template", run),
        HelmfileCommand::Destroy(run) => go(context, "destroy", run),
        HelmfileCommand::Exec(run) => go(context, "exec", run),
        HelmfileCommand::Version => {
            let app = context.app()?;
            let request = RunRequest { verb: "version".to_owned(), ..RunRequest::default() };
            Ok(context.block_on(helmfile::run(&app, &request))??.code)
        }
        HelmfileCommand::Generate { command: HelmfileGenerate::Varfile { component, stack: given, file } } => {
            let app = context.app_with_config()?;
            let stack = stack(given, &context.host.env);
            if let Some(data) = helmfile::generate_varfile(&app, &GenerateRequest { component, stack, file })? {
                write::data(context, &data)?;
            }
            Ok(0)
        }
        HelmfileCommand::Source { command } => provision::source(context, Kind::Helmfile, command),
        HelmfileCommand::Other(words) => other(context, &words),
    }
}

/// Any other sub-command of helmfile: its words are read as those of the built ones.
fn other(context: &Context, words: &[OsString]) -> Result<u8> {
    use clap::{FromArgMatches, Parser};

    #[derive(Debug, Parser)]
    #[command(no_binary_name = true, disable_help_flag = true)]
    struct Words {
        verb: String,
        #[command(flatten)]
        run: HelmfileRun,
    }

    let verb = words.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    if !PASSED_ON.contains(&verb.as_str()) {
        return Err(unknown::command_beside("atmos helmfile", words, &PASSED_ON).into());
    }
    let parsed = booleans(<Words as clap::CommandFactory>::command())
        .try_get_matches_from(words)
        .and_then(|matches| Words::from_arg_matches(&matches));
    let parsed = parsed.map_err(|error| Error::Usage {
        message: error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned(),
        help: format!("atmos helmfile {verb} <component> -s <stack> [-- <arguments of helmfile>]"),
    })?;
    go(context, &parsed.verb, parsed.run)
}

fn go(context: &Context, verb: &str, run: HelmfileRun) -> Result<u8> {
    let env = &context.host.env;
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let variables = format!("ATMOS_HELMFILE_{}", verb.to_uppercase().replace('-', "_"));
    let (many, summary) = fleet::options(context, run.fleet, &variables, run.component.is_some())?;
    let dry_run = flag(run.dry_run, env, "ATMOS_DRY_RUN")?;
    let request = RunRequest {
        verb: verb.to_owned(),
        dry_run_json: fleet::is_json(&run.dry, dry_run)?,
        yes: run.yes.unwrap_or(false),
        component: run.component,
        stack: stack(run.stack, env),
        identity: auth::flag(&run.identity),
        dry_run,
        global_options: run.global_options.as_deref().map(words).unwrap_or_default(),
        cluster_name: run.cluster_name,
        native: run.native.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
        redirect_stderr: redirect(context),
        skip_hooks: skipped_hooks(run.skip_hooks.as_deref(), env),
        evaluation: resolve::Options::default(),
        many,
    };
    let app = context.app_with_config()?;
    let done = context.block_on(helmfile::run(&app, &request))??;
    if let Some(data) = &done.data {
        write::data(context, data)?;
    }
    fleet::report(context, done.fleet, summary.as_deref())?;
    Ok(done.code)
}
