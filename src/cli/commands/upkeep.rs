//! `atmos terraform cache …`, `atmos terraform lint`, `atmos terraform migrate …`

use super::super::args::{CacheCommand, DryRunFormat, LintArgs, MigrateArgs, MigrateCommand, MigrateListArgs};
use super::super::error::Error;
use super::super::setup::Context;
use super::terraform::{all, go, request, stack};
use super::{auth, describe, fleet, list};
use crate::diag::Result;
use crate::ops::list::{MigrationsRequest, migrations};
use crate::ops::terraform::{self, LintRequest, Migration};

pub(super) fn lint(context: &Context, args: LintArgs) -> Result<u8> {
    let env = &context.host.env;
    let variable = |name: &str| env.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let mut chosen = args.fleet;
    // What is wrong with one component says nothing of the next.
    chosen.failure_mode = chosen
        .failure_mode
        .or_else(|| variable("ATMOS_TERRAFORM_LINT_FAILURE_MODE"))
        .or_else(|| Some("keep-going".to_owned()));
    let (many, summary) = fleet::options(context, chosen, "ATMOS_TERRAFORM_LINT", args.component.is_some())?;
    let most = args.max_findings.or_else(|| variable("ATMOS_TERRAFORM_LINT_MAX_FINDINGS"));
    let most = match most.as_deref().map(str::parse::<usize>) {
        None => Some(10),
        Some(Ok(0)) => None,
        Some(Ok(most)) => Some(most),
        Some(Err(_)) => {
            let value = most.unwrap_or_default();
            return Err(Error::FlagValue { flag: "max-findings", value, valid: "a number, 0 for all" }.into());
        }
    };
    let format = args.format.or_else(|| variable("ATMOS_TERRAFORM_LINT_FORMAT"));
    let rich = match format.as_deref() {
        None | Some("markdown") => false,
        Some("rich") => true,
        Some(other) => {
            let value = other.to_owned();
            return Err(Error::FlagValue { flag: "format", value, valid: "markdown, rich" }.into());
        }
    };
    let app = context.app_with_config()?;
    let configured = app.config.document.get_path(["components", "terraform", "lint", "error_mode"]);
    let configured = configured.and_then(crate::value::Node::as_str).filter(|mode| !mode.is_empty()).unwrap_or("warn");
    let mode = args.error_mode.or_else(|| variable("ATMOS_TERRAFORM_LINT_ERROR_MODE"));
    let request = LintRequest {
        component: args.component,
        stack: stack(args.stack, env).filter(|stack| !stack.is_empty()),
        many,
        identity: auth::flag(&args.identity),
        evaluation: describe::processing(env, &args.processing)?,
        error_mode: describe::error_mode(mode.as_deref(), configured)?,
        most,
        rich,
    };
    let done = context.block_on(terraform::lint(&app, &request))??;
    fleet::report(context, Some(done), summary.as_deref())?;
    Ok(0)
}

pub(super) fn migrate(context: &Context, command: MigrateCommand) -> Result<u8> {
    match command {
        MigrateCommand::Plan(args) => migrate_by(context, "plan", args),
        MigrateCommand::Apply(args) => migrate_by(context, "apply", args),
        MigrateCommand::List(args) => migrate_list(context, args),
    }
}

fn migrate_by(context: &Context, action: &str, args: MigrateArgs) -> Result<u8> {
    let env = &context.host.env;
    let variable = |name: &str| env.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let mut request = request(context, "migrate", args.run, &args.init)?;
    request.request.words.push(action.to_owned());
    let listed = || variable("ATMOS_TFMIGRATE_BACKEND_CONFIG").map(|text| text.split(',').map(str::to_owned).collect());
    request.migration = Some(Migration {
        action: action.to_owned(),
        file: args.migration.or_else(|| variable("ATMOS_TFMIGRATE_MIGRATION")),
        config: args.tfmigrate_config.or_else(|| variable("ATMOS_TFMIGRATE_CONFIG")),
        backend_config: if args.backend_config.is_empty() { listed().unwrap_or_default() } else { args.backend_config },
        extra: std::mem::take(&mut request.request.native),
    });
    go(context, all(request, context, args.fleet, &DryRunFormat::default())?)
}

fn migrate_list(context: &Context, args: MigrateListArgs) -> Result<u8> {
    let env = &context.host.env;
    let app = context.app_with_config()?;
    let format = list::plain_format(context, args.format.format.as_deref())?;
    let delimiter = list::given(args.format.delimiter, env, "ATMOS_LIST_DELIMITER");
    let mut components = args.components;
    if components.is_empty() {
        let named = env.get("ATMOS_COMPONENTS").filter(|text| args.component.is_none() && !text.is_empty());
        components.extend(named.into_iter().flat_map(|text| text.split(',')).map(|name| name.trim().to_owned()));
    }
    components.extend(args.component);
    let request = MigrationsRequest {
        stack: stack(args.stack, env).filter(|stack| !stack.is_empty()),
        components,
        query: list::given(args.query, env, "ATMOS_QUERY"),
        view: list::view(env, args.columns),
        processing: crate::resolve::Options {
            identity: crate::state::Wish { flag: auth::flag(&args.identity), runs: false },
            ..describe::processing(env, &args.processing)?
        },
    };
    list::data(context, migrations(&app, &request)?, format, delimiter.as_deref())
}

pub(super) fn cache(context: &Context, command: CacheCommand) -> Result<u8> {
    super::cache::run(context, command)
}
