//! `atmos terraform generate …`

use std::path::PathBuf;

use super::super::args::{BatchArgs, FilesArgs, GenerateCommand, PipelineArgs, TerraformRun, VarfileArgs};
use super::super::error::Error;
use super::super::setup::{Context, flag};
use super::terraform::{plain, stack};
use super::{describe, fleet, unknown, write};
use crate::diag::Result;
use crate::host::Env;
use crate::ops::pipeline::{self, Engine, PipelineRequest};
use crate::ops::terraform::{self, BatchRequest, FilesRequest, GenerateRequest, PlanfileRequest};
use crate::yaml;

pub(super) fn run(context: &Context, command: GenerateCommand) -> Result<u8> {
    let env = &context.host.env;
    match command {
        GenerateCommand::Varfile(args) => varfile(context, args)?,
        GenerateCommand::Planfile { run, file, format } => planfile(context, run, file, format.as_deref())?,
        GenerateCommand::Backend { component, stack: given, processing } => {
            let app = context.app_with_config()?;
            let evaluation = describe::processing(env, &processing)?;
            let request =
                GenerateRequest { component, stack: stack(given, env), evaluation, ..GenerateRequest::default() };
            context.block_on(terraform::generate_backend(&app, &request))??;
        }
        GenerateCommand::RequiredProviders { component, stack: given, processing } => {
            let app = context.app_with_config()?;
            let evaluation = describe::processing(env, &processing)?;
            let request =
                GenerateRequest { component, stack: stack(given, env), evaluation, ..GenerateRequest::default() };
            context.block_on(terraform::generate_required_providers(&app, &request))??;
        }
        GenerateCommand::Varfiles(args) => varfiles(context, args)?,
        GenerateCommand::Backends(args) => backends(context, args)?,
        GenerateCommand::Pipeline(args) => pipeline(context, args)?,
        GenerateCommand::Files(args) => files(context, args)?,
        GenerateCommand::Other(words) => return Err(unknown::command("atmos terraform generate", &words).into()),
    }
    Ok(0)
}

/// Prints the jobs of another engine.
fn pipeline(context: &Context, args: PipelineArgs) -> Result<()> {
    let wrong = |flag: &'static str, value: String, valid: &'static str| Error::FlagValue { flag, value, valid };
    let engine = match args.format.as_str() {
        "gitlab" => Engine::GitLab,
        "argo" => Engine::Argo,
        _ => return Err(wrong("format", args.format, "gitlab, argo").into()),
    };
    if !matches!(args.run.as_str(), "plan" | "apply" | "deploy" | "destroy") {
        return Err(wrong("run", args.run, "plan, apply, deploy, destroy").into());
    }
    let (many, _) = fleet::options(context, args.fleet, "ATMOS_TERRAFORM_PIPELINE", false)?;
    let request = PipelineRequest {
        engine,
        command: args.run,
        stack: stack(args.stack, &context.host.env),
        many,
        image: args.image,
        evaluation: describe::processing(&context.host.env, &args.processing)?,
    };
    let app = context.app_with_config()?;
    let document = pipeline::pipeline(&app, &request)?;
    write::text_to(context, &yaml::emit(&document, 2), args.file.as_deref())
}

/// Writes the variable file of one component.
pub(super) fn varfile(context: &Context, args: VarfileArgs) -> Result<()> {
    let env = &context.host.env;
    let app = context.app_with_config()?;
    let evaluation = describe::processing(env, &args.processing)?;
    let request = GenerateRequest {
        component: args.component,
        stack: stack(args.stack, env),
        file: args.file,
        with_secrets: flag(args.with_secrets, env, "ATMOS_WITH_SECRETS")?,
        evaluation,
    };
    if let Some(data) = context.block_on(terraform::generate_varfile(&app, &request))?? {
        write::data(context, &data)?;
    }
    Ok(())
}

fn planfile(context: &Context, run: TerraformRun, file: Option<PathBuf>, format: Option<&str>) -> Result<()> {
    let form = format.map(str::parse).transpose()?.unwrap_or_default();
    let request = PlanfileRequest { run: plain(context, "plan", run)?, file, form };
    let app = context.app_with_config()?;
    context.block_on(terraform::generate_planfile(&app, &request))?
}

fn varfiles(context: &Context, args: BatchArgs) -> Result<()> {
    let request = batch(&context.host.env, args, "ATMOS_TERRAFORM_GENERATE_VARFILES_FILE_TEMPLATE")?;
    if request.file_template.is_none() {
        return Err(Error::FlagMissing { flag: "file-template" }.into());
    }
    let app = context.app_with_config()?;
    let count = terraform::generate_varfiles(&app, &request)?;
    context.host.talk.success(format!("Generated {}", counted(count, "varfile")));
    Ok(())
}

fn backends(context: &Context, args: BatchArgs) -> Result<()> {
    let request = batch(&context.host.env, args, "ATMOS_TERRAFORM_GENERATE_BACKENDS_FILE_TEMPLATE")?;
    let app = context.app_with_config()?;
    let count = context.block_on(terraform::generate_backends(&app, &request))??;
    context.host.talk.success(format!("Generated {}", counted(count, "backend file")));
    Ok(())
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Flags beat variables.
fn batch(env: &Env, args: BatchArgs, template: &str) -> Result<BatchRequest> {
    let given = |flag: Option<String>, name: &str| {
        flag.or_else(|| env.get(name).map(str::to_owned)).filter(|text| !text.is_empty())
    };
    Ok(BatchRequest {
        file_template: given(args.file_template, template),
        format: given(args.format, "ATMOS_FORMAT"),
        stacks: names(args.stacks, env, "ATMOS_STACKS"),
        components: names(args.components, env, "ATMOS_COMPONENTS"),
        evaluation: describe::processing(env, &args.processing)?,
    })
}

fn names(flag: Vec<String>, env: &Env, name: &str) -> Vec<String> {
    let variable = || env.get(name).map(|text| text.split(',').map(str::to_owned).collect()).unwrap_or_default();
    let given: Vec<String> = if flag.is_empty() { variable() } else { flag };
    given.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

fn files(context: &Context, args: FilesArgs) -> Result<()> {
    let env = &context.host.env;
    let request = FilesRequest {
        component: args.component,
        stack: stack(args.stack, env),
        all: args.all,
        stacks: names(args.stacks, env, "ATMOS_STACKS"),
        components: names(args.components, env, "ATMOS_COMPONENTS"),
        dry_run: args.dry_run,
        clean: args.clean,
        evaluation: describe::processing(env, &args.processing)?,
    };
    let app = context.app_with_config()?;
    context.block_on(terraform::generate_files(&app, &request))??;
    Ok(())
}
