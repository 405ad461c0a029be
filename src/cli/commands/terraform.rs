//! `atmos terraform …`

use std::path::PathBuf;

use super::super::args::{
    CiFlag, CleanArgs, DryRunFormat, Fleet, InitFlags, OutputArgs, PlanDiffArgs, PlanFlags, ShellArgs, TerraformArgs,
    TerraformCommand, TerraformEnvArgs, TerraformMany, TerraformOne, TerraformRun, WriteCommand, YesFlag,
};
use super::super::error::Error;
use super::super::setup::{Context, boolean, flag};
use super::{auth, backend, describe, fleet, generate, planfile, provision, unknown, upkeep, write};
use crate::component::Kind;
use crate::diag::{Result, Warning};
use crate::exec::argv::has_flag;
use crate::exec::terraform::{CleanOptions, FromPlan, Request};
use crate::exec::{Redirect, stdin_is_readable};
use crate::host::{Env, prompt};
use crate::ops::hooks::Skip;
use crate::ops::many;
use crate::ops::planfiles::Verify;
use crate::ops::terraform::{
    self, CleanRequest, DiffRequest, EnvForm, EnvRequest, Form, Format, RunRequest, ShellRequest,
};

/// Sub-commands whose first word is followed by a verb of their own.
const COMPOUND: [(&str, &[&str]); 3] = [
    ("state", &["list", "mv", "pull", "push", "replace-provider", "rm", "show"]),
    ("providers", &["lock", "mirror", "schema"]),
    ("workspace", &["list", "select", "new", "delete", "show"]),
];

/// Runs one terraform sub-command.
pub(super) fn run(context: &Context, args: TerraformArgs) -> Result<u8> {
    use TerraformCommand as C;
    match args.command {
        C::Plan { run, init, fleet, dry, ci, use_mocks, skip_planfile, hide } => {
            let skip = match skip_planfile {
                None => boolean(&context.host.env, "ATMOS_TERRAFORM_PLAN_SKIP_PLANFILE")?,
                given => given,
            };
            let mut request = request(context, "plan", run, &init)?;
            request.request.skip_planfile = skip;
            request.ci = in_ci(&ci, context)?;
            request.evaluation.mocks = flag(use_mocks, &context.host.env, "ATMOS_USE_MOCKS")?;
            if request.evaluation.mocks && !request.evaluation.process_functions {
                let valid = "true, with `--process-functions`";
                return Err(Error::FlagValue { flag: "use-mocks", value: "true".to_owned(), valid }.into());
            }
            let mut asked = all(request, context, fleet, &dry)?;
            let hide = hide.or_else(|| context.host.env.get("ATMOS_TERRAFORM_PLAN_HIDE").map(str::to_owned));
            asked.request.many.hide_unchanged = fleet::hidden(hide.as_deref())?;
            go(context, asked)
        }
        C::Apply { run, init, fleet, dry, yes, plan, ci } => {
            let mut request = with_plan(request(context, "apply", run, &init)?, plan, context, "APPLY");
            approve(&mut request, &yes);
            request.ci = in_ci(&ci, context)?;
            go(context, all(request, context, fleet, &dry)?)
        }
        C::Deploy { run, init, fleet, dry, plan, ci, verify_plan, deploy_run_init } => {
            let mut request = with_plan(request(context, "deploy", run, &init)?, plan, context, "DEPLOY");
            request.request.deploy_run_init = match deploy_run_init {
                Some(flag) => Some(flag),
                None => boolean(&context.host.env, "ATMOS_TERRAFORM_DEPLOY_RUN_INIT")?,
            };
            request.ci = in_ci(&ci, context)?;
            request.verify_plan = verification(verify_plan.as_deref(), &context.host.env)?;
            go(context, all(request, context, fleet, &dry)?)
        }
        C::Destroy { run, init, fleet, dry, yes } => {
            let mut request = request(context, "destroy", run, &init)?;
            approve(&mut request, &yes);
            request.ci = in_ci(&CiFlag::default(), context)?;
            go(context, all(request, context, fleet, &dry)?)
        }
        C::Init { run, init, fleet, dry } => {
            let request = request(context, "init", run, &init)?;
            go(context, all(request, context, fleet, &dry)?)
        }
        C::Workspace { run, init, fleet, dry } => {
            let request = request(context, "workspace", run, &init)?;
            go(context, all(request, context, fleet, &dry)?)
        }
        C::Output(args) => output(context, args),
        C::Clean(args) => clean(context, args),
        C::Generate { command } => generate::run(context, command),
        C::Version { .. } => version(context),
        C::Validate(many) => of_many(context, "validate", many),
        C::Refresh(many) => of_many(context, "refresh", many),
        C::Import(one) => of_one(context, "import", one),
        C::Test(many) => of_many(context, "test", many),
        C::Show(many) => of_many(context, "show", many),
        C::Console(one) => of_one(context, "console", one),
        C::Fmt(many) => of_many(context, "fmt", many),
        C::ForceUnlock(one) => of_one(context, "force-unlock", one),
        C::Get(many) => of_many(context, "get", many),
        C::Graph(many) => of_many(context, "graph", many),
        C::Login(one) => of_one(context, "login", one),
        C::Logout(one) => of_one(context, "logout", one),
        C::Metadata(many) => of_many(context, "metadata", many),
        C::Modules(many) => of_many(context, "modules", many),
        C::Providers(many) => of_many(context, "providers", many),
        C::Exec(many) => exec(context, many),
        C::Env(args) => environment(context, args),
        C::State(many) => of_many(context, "state", many),
        C::Shell(args) => shell(context, args),
        C::PlanDiff(args) => plan_diff(context, args),
        C::Source { command } => provision::source(context, Kind::Terraform, command),
        C::Backend { command } => backend::run(context, command),
        C::Planfile { command } => planfile::run(context, command),
        C::Workdir { command } => provision::workdir(context, &Kind::Terraform, command),
        C::Cache { command } => upkeep::cache(context, command),
        C::Lint(args) => upkeep::lint(context, args),
        C::Migrate { command } => upkeep::migrate(context, command),
        C::Varfile(args) | C::Write { command: WriteCommand::Varfile(args) } => {
            let warning = Warning::new("atmos::cli::deprecated", "this command is deprecated");
            context.host.talk.warn(warning.help("use `atmos terraform generate varfile`"));
            generate::varfile(context, args).map(|()| 0)
        }
        C::Taint(one) => of_one(context, "taint", one),
        C::Untaint(one) => of_one(context, "untaint", one),
        C::Other(words) => Err(unknown::command("atmos terraform", &words).into()),
    }
}

/// A sub-command that runs for one component or for many, and takes nothing else.
fn of_many(context: &Context, word: &str, many: TerraformMany) -> Result<u8> {
    let request = plain(context, word, many.run)?;
    go(context, all(request, context, many.fleet, &many.dry)?)
}

/// The words for terraform stand behind `--` alone: what is before it is ours.
fn exec(context: &Context, many: TerraformMany) -> Result<u8> {
    let native = &context.native;
    let stray = native.flags.first().or(many.run.words.get(1));
    let message = match stray {
        Some(word) => format!("`{word}` stands before `--`, and only what is behind it is for terraform"),
        None if native.after.is_empty() => "`atmos terraform exec` has nothing to run".to_owned(),
        None => return of_many(context, "exec", many),
    };
    let help = "atmos terraform exec <component> -s <stack> -- <command of terraform>".to_owned();
    Err(Error::Usage { message, help }.into())
}

/// A sub-command that is about one component.
fn of_one(context: &Context, word: &str, one: TerraformOne) -> Result<u8> {
    let mut request = plain(context, word, one.run)?;
    request.dry_run_json = fleet::is_json(&one.dry, request.dry_run)?;
    go(context, request)
}

/// `--yes` is the flag by which terraform asks nobody.
fn approve(request: &mut RunRequest, given: &YesFlag) {
    let native = &mut request.request.native;
    if given.yes == Some(true) && !has_flag(native, "-auto-approve") {
        native.insert(0, "-auto-approve".to_owned());
    }
}

/// `--ci`, else `ATMOS_CI`, else what CI systems set.
fn in_ci(given: &CiFlag, context: &Context) -> Result<bool> {
    let env = &context.host.env;
    match (given.ci, boolean(env, "ATMOS_CI")?) {
        (Some(given), _) | (None, Some(given)) => Ok(given),
        (None, None) => Ok(env.get("CI").is_some_and(|text| !matches!(text, "" | "false" | "0"))),
    }
}

/// `--verify-plan`, else its variable.
fn verification(given: Option<&str>, env: &Env) -> Result<Option<Verify>> {
    match given.or_else(|| env.get("ATMOS_TERRAFORM_VERIFY_PLAN")) {
        None | Some("") => Ok(None),
        Some("true" | "1" | "fail") => Ok(Some(Verify::Fail)),
        Some("warn") => Ok(Some(Verify::Warn)),
        Some("false" | "0" | "off") => Ok(Some(Verify::Off)),
        Some(other) => {
            let valid = "true, false, fail, warn, off";
            Err(Error::FlagValue { flag: "verify-plan", value: other.to_owned(), valid }.into())
        }
    }
}

fn shell(context: &Context, args: ShellArgs) -> Result<u8> {
    let with_secrets = flag(args.with_secrets, &context.host.env, "ATMOS_WITH_SECRETS")?;
    let request = ShellRequest { run: plain(context, "plan", args.run)?, with_secrets };
    let app = context.app_with_config()?;
    Ok(context.block_on(terraform::shell(&app, &request))??.code)
}

fn environment(context: &Context, args: TerraformEnvArgs) -> Result<u8> {
    let with_secrets = flag(args.with_secrets, &context.host.env, "ATMOS_WITH_SECRETS")?;
    let form = args.format.as_deref().unwrap_or("dotenv").parse::<EnvForm>()?;
    let request = EnvRequest { run: plain(context, "plan", args.run)?, form, with_secrets };
    let app = context.app_with_config()?;
    if let Some(text) = context.block_on(terraform::environment(&app, &request))?? {
        let print = if with_secrets { write::raw } else { write::data };
        print(context, &text)?;
    }
    Ok(0)
}

fn plan_diff(context: &Context, args: PlanDiffArgs) -> Result<u8> {
    let variable = |name: &str| context.host.env.get(&format!("ATMOS_TERRAFORM_PLAN_DIFF_{name}")).map(str::to_owned);
    let orig = args.orig.or_else(|| variable("ORIG")).ok_or(Error::FlagMissing { flag: "orig" })?;
    let new = args.new.or_else(|| variable("NEW"));
    let request = DiffRequest { run: plain(context, "plan", args.run)?, orig, new };
    let app = context.app_with_config()?;
    let done = context.block_on(terraform::plan_diff(&app, &request))??;
    if let Some(data) = &done.data {
        write::data(context, data)?;
    }
    Ok(done.code)
}

fn output(context: &Context, args: OutputArgs) -> Result<u8> {
    let env = &context.host.env;
    let variable = |name: &str| env.get(&format!("ATMOS_TERRAFORM_OUTPUT_{name}")).map(str::to_owned);
    let form = args.format.or_else(|| variable("FORMAT")).filter(|format| !format.is_empty());
    let form = form.map(|format| format.parse::<Form>()).transpose()?;
    let (file, uppercase, flatten) = (args.output_file, args.uppercase, args.flatten);
    let mut request = plain(context, "output", args.run)?;
    request.dry_run_json = request.dry_run && form == Some(Form::Json);
    if let Some(form) = form {
        let runner = || env.get("GITHUB_OUTPUT").filter(|_| form == Form::Github).map(PathBuf::from);
        request.format = Some(Format {
            form,
            file: file.or_else(|| variable("FILE").map(PathBuf::from)).or_else(runner),
            uppercase: flag(uppercase, env, "ATMOS_TERRAFORM_OUTPUT_UPPERCASE")?,
            flatten: flag(flatten, env, "ATMOS_TERRAFORM_OUTPUT_FLATTEN")?,
        });
    }
    go(context, all(request, context, args.fleet, &DryRunFormat::default())?)
}

pub(super) fn go(context: &Context, asked: impl Into<Asked>) -> Result<u8> {
    let Asked { request, summary } = asked.into();
    let app = context.app_with_config()?;
    let done = context.block_on(terraform::run(&app, &request))??;
    if let Some(data) = done.data {
        write::data(context, &data)?;
    }
    fleet::report(context, done.fleet, summary.as_deref())?;
    Ok(done.code)
}

pub(super) fn plain(context: &Context, word: &str, run: TerraformRun) -> Result<RunRequest> {
    request(context, word, run, &InitFlags::default())
}

/// Flags beat variables. The words of the user are the component and native positionals, for compound commands behind
/// their verb.
pub(super) fn request(context: &Context, word: &str, run: TerraformRun, init: &InitFlags) -> Result<RunRequest> {
    let env = &context.host.env;
    let mut words = run.words.into_iter().peekable();
    let mut command = vec![word.to_owned()];
    let verbs = COMPOUND.iter().find(|(group, _)| *group == word).map(|(_, verbs)| *verbs).unwrap_or_default();
    command.extend(words.next_if(|next| verbs.contains(&next.as_str())));
    let component = words.next();
    let positionals: Vec<String> = words.collect();
    let either = |given: Option<bool>, name: &str| match given {
        Some(value) => Ok(Some(value)),
        None => boolean(env, name),
    };
    let upload = upload_status(context, word, run.upload_status)?;
    let request = Request {
        words: command,
        upload_status: upload && word == "plan",
        native: context.native.native(&positionals),
        raw: context.native.raw.clone(),
        skip_init: !run.init && flag(run.skip_init, env, "ATMOS_SKIP_INIT")?,
        force_init: run.init,
        init_pass_vars: either(run.init_pass_vars, "ATMOS_INIT_PASS_VARS")?,
        quiet_init: either(run.quiet_init, "ATMOS_QUIET_INIT")?,
        init_run_reconfigure: either(init.init_run_reconfigure, "ATMOS_INIT_RUN_RECONFIGURE")?,
        auto_generate_backend_file: either(init.auto_generate_backend_file, "ATMOS_AUTO_GENERATE_BACKEND_FILE")?,
        redirect_stderr: redirect(context),
        interactive: context.host.terminal.can_prompt(),
        dry_run: flag(run.dry_run, env, "ATMOS_DRY_RUN")?,
        stdin_readable: stdin_is_readable(),
        ..Request::default()
    };
    Ok(RunRequest {
        request,
        component,
        stack: stack(run.stack, env),
        many: many::Options::default(),
        identity: auth::flag(&run.identity),
        dry_run: flag(run.dry_run, env, "ATMOS_DRY_RUN")?,
        append_user_agent: run.append_user_agent.or_else(|| env.get("ATMOS_APPEND_USER_AGENT").map(str::to_owned)),
        upload: upload && matches!(word, "plan" | "apply" | "deploy"),
        skip_hooks: skipped_hooks(run.skip_hooks.as_deref(), env),
        evaluation: describe::processing(env, &run.processing)?,
        ..RunRequest::default()
    })
}

/// `--upload-status`
fn upload_status(context: &Context, word: &str, given: Option<bool>) -> Result<bool> {
    let env = &context.host.env;
    let asked = match given {
        None if word == "plan" => flag(None, env, "ATMOS_TERRAFORM_PLAN_UPLOAD_STATUS")?,
        other => other.unwrap_or(false),
    };
    Ok(asked || given.is_none() && flag(None, env, "ATMOS_UPLOAD_STATUS")?)
}

/// The flags for many components.
pub(super) fn all(request: RunRequest, context: &Context, fleet: Fleet, dry: &DryRunFormat) -> Result<Asked> {
    let word = request.request.words[0].to_uppercase();
    all_as(request, context, fleet, dry, &word)
}

/// The same, with the word that their variables have.
pub(super) fn all_as(
    mut request: RunRequest,
    context: &Context,
    fleet: Fleet,
    dry: &DryRunFormat,
    word: &str,
) -> Result<Asked> {
    let summary;
    (request.many, summary) =
        fleet::options(context, fleet, &format!("ATMOS_TERRAFORM_{word}"), request.component.is_some())?;
    request.dry_run_json |= fleet::is_json(dry, request.dry_run)?;
    request.summarises = summary.is_some();
    Ok(Asked { request, summary })
}

/// A request, and where its results go.
pub(super) struct Asked {
    pub(super) request: RunRequest,
    pub(super) summary: Option<PathBuf>,
}

impl From<RunRequest> for Asked {
    fn from(request: RunRequest) -> Asked {
        Asked { request, summary: None }
    }
}

fn with_plan(mut request: RunRequest, mut plan: PlanFlags, context: &Context, word: &str) -> RunRequest {
    let env = &context.host.env;
    // `apply --from-plan vpc`: a call names its component, so the only plain word is that and not a file.
    let next_word = context.native.atmos.iter().any(|word| word == "--from-plan");
    if next_word && request.component.is_none() {
        request.component = plan.from_plan.replace(String::new()).filter(|word| !word.is_empty());
    }
    let variable = |name: &str| env.get(&format!("ATMOS_TERRAFORM_{word}_{name}")).map(str::to_owned);
    let from_plan = plan.from_plan.or_else(|| match variable("FROM_PLAN").as_deref() {
        None | Some("false" | "0") => None,
        Some("true" | "1") => Some(String::new()),
        Some(file) => Some(file.to_owned()),
    });
    request.request.planfile = plan.planfile.or_else(|| variable("PLANFILE"));
    request.request.from_plan = from_plan.map(|file| match file.as_str() {
        "" => FromPlan::Canonical,
        _ => FromPlan::File(file),
    });
    request
}

/// `--skip-hooks`, else `ATMOS_SKIP_HOOKS`.
pub(super) fn skipped_hooks(given: Option<&str>, env: &Env) -> Skip {
    Skip::parse(given.or_else(|| env.get("ATMOS_SKIP_HOOKS")).unwrap_or_default())
}

/// `--stack`, else `ATMOS_STACK`.
pub(super) fn stack(given: Option<String>, env: &Env) -> Option<String> {
    given.or_else(|| env.get("ATMOS_STACK").map(str::to_owned))
}

pub(super) fn redirect(context: &Context) -> Option<Redirect> {
    let given = context.global.redirect_stderr.as_deref().or_else(|| context.host.env.get("ATMOS_REDIRECT_STDERR"));
    given.and_then(|value| Redirect::parse(value, &context.host.cwd))
}

fn version(context: &Context) -> Result<u8> {
    let mut request = RunRequest { stack: None, ..RunRequest::default() };
    request.request.words = vec!["version".to_owned()];
    request.request.native = context.native.native(&[]);
    (request.request.globals, request.request.bare) = (context.native.globals.clone(), context.native.bare);
    let app = context.app()?;
    Ok(context.block_on(terraform::run(&app, &request))??.code)
}

fn clean(context: &Context, args: CleanArgs) -> Result<u8> {
    let env = &context.host.env;
    let dry_run = flag(args.run.dry_run, env, "ATMOS_DRY_RUN")?;
    let mut words = args.run.words.into_iter();
    if let [_, more, ..] = words.as_slice() {
        let message = format!("`terraform clean` takes one component, and `{more}` would be a second one");
        let help = "clean them one after the other, or all with `terraform clean` alone".to_owned();
        return Err(Error::Usage { message, help }.into());
    }
    let request = CleanRequest {
        component: words.next(),
        stack: stack(args.run.stack, env),
        options: CleanOptions {
            everything: flag(args.everything, env, "ATMOS_TERRAFORM_CLEAN_EVERYTHING")?,
            skip_lock_file: flag(args.skip_lock_file, env, "ATMOS_TERRAFORM_CLEAN_SKIP_LOCK_FILE")?,
        },
        force: flag(args.force, env, "ATMOS_TERRAFORM_CLEAN_FORCE")?,
        dry_run,
        evaluation: describe::processing(env, &args.run.processing)?,
    };
    let app = context.app_with_config()?;
    let plan = if flag(args.cache, env, "ATMOS_TERRAFORM_CLEAN_CACHE")? {
        context.block_on(terraform::cache_plan(&app, request.force, dry_run))??
    } else {
        context.block_on(terraform::clean_plan(&app, &request))??
    };
    let talk = &context.host.talk;
    if plan.paths.is_empty() {
        talk.info("Nothing to delete");
        return Ok(0);
    }
    for path in &plan.shown {
        talk.info(format!("  {path}"));
    }
    if dry_run {
        talk.info(format!("Total: {} files would be deleted", plan.files));
        return Ok(0);
    }
    if plan.ask {
        match prompt::agreed("Delete these files?") {
            Ok(true) => {}
            Ok(false) => return Ok(0),
            Err(_) => return Err(crate::auth::Error::Aborted.into()),
        }
    }
    plan.carry_out()?;
    talk.success(format!("Deleted {} files", plan.files));
    Ok(0)
}
