//! Carries out a [`Plan`]: files, init, workspace, main command, files again.

use std::path::Path;

use super::attempts::{Retries, once, start};
use super::folder::{self, Folder, Known, Look, Memory, Record, Variables};
use super::given;
use super::init::{self, Decision, Wish, decide, moves_backend};
use super::layout;
use super::{InitWish, Plan, Request, Target, Workspace};
use crate::diag::Warning;
use crate::exec::argv::{has_flag, of_environment};
use crate::exec::folder_lock::FolderLock;
use crate::exec::outlet::Stream;
use crate::exec::process::{self, Outcome};
use crate::exec::relay::Relay;
use crate::exec::signals::Signals;
use crate::exec::{Error, Hangup, Launch, Output, files};
use crate::host::{Env, Host};

/// Folds what a call of terraform says in the log of a CI system. Implemented above, where the configuration is known.
pub trait Folds: Sync {
    /// Begins a part, which ends with the value; `errors`: it goes to standard error.
    fn fold(&self, title: &str, errors: bool) -> Option<Box<dyn Send>>;
}

/// What a run needs beside its plan.
pub struct Context<'a> {
    pub host: &'a Host,
    pub target: &'a Target,
    pub request: &'a Request,
    /// The complete environment of every child of the run.
    pub env: &'a Env,
    pub signals: &'a mut Signals,
    /// Where the output of the children goes in a run of many components.
    pub relay: Option<&'a Relay>,
    /// The lock of the folder, which the children keep when we are killed.
    pub lock: Option<&'a FolderLock>,
    /// What the main command reads from standard input, in place of ours.
    pub input: Option<&'a [u8]>,
    /// Failures that are tried again.
    pub retries: Option<&'a dyn Retries>,
    /// Parts of the log that are folded.
    pub folds: Option<&'a dyn Folds>,
    /// Platforms whose providers are locked beside those of this machine.
    pub platforms: &'a [String],
}

/// How a run ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// 0, or 2 of a plan with `-detailed-exitcode` that has changes.
    pub code: u8,
    /// Standard output of the main command, if the plan says that it is data.
    pub data: Vec<u8>,
}

/// Runs the plan. The caller holds the folder's lock.
///
/// # Errors
/// The first step that fails; nothing is removed then.
pub async fn run(mut context: Context<'_>, plan: &Plan) -> Result<Finished, Error> {
    let target = context.target;
    if let Some(name) = &plan.needs_planfile {
        let path = target.folder.join(name);
        if !path.is_file() {
            return Err(Error::PlanfileNotFound {
                path,
                component: target.component.clone(),
                stack: target.stack.clone(),
            });
        }
    }
    for warning in &plan.warnings {
        context.host.talk.warn(warning.clone());
    }
    // Without a program nothing is written.
    process::find(&target.command, &target.command_source, context.env, &context.host.cwd)?;
    write_files(target, plan)?;
    let input = context.input.take();
    let prepared = prepare(&mut context, plan).await?;
    context.input = input;
    let Some(args) = &plan.main else {
        return Ok(Finished { code: 0, data: prepared });
    };
    let mut env = context.env.clone();
    for (name, value) in &plan.main_env {
        env.set(name, value);
    }
    let launch = Launch { env, ..launch(&context, args.clone(), plan.output) };
    if let Some(relay) = context.relay {
        relay.begin();
    }
    let folds = context.folds.filter(|_| plan.output == Output::Inherit);
    let folded = folds.and_then(|folds| folds.fold(&described(&launch), false));
    let outcome = start(&mut context, &launch).await?;
    drop(folded);
    let code = match outcome.code {
        0 => 0,
        2 if plan.detailed_exit_code => 2,
        code => {
            let error = Error::child_failed(described(&launch), code, launch.stderr.as_ref());
            return Err(hint_at_init(error, &context, plan));
        }
    };
    if let Some(name) = &plan.saves {
        files::narrow(&target.folder.join(name))?;
    }
    for name in &plan.remove {
        files::remove(&target.folder, name)?;
    }
    Ok(Finished { code, data: outcome.captured })
}

/// Writes the generated files and the varfiles, and removes override files of an earlier instance.
fn write_files(target: &Target, plan: &Plan) -> Result<(), Error> {
    layout::write(target)?;
    for file in &plan.varfiles {
        file.write(&target.folder)?;
    }
    Ok(())
}

/// Init and workspace, each only if the folder needs it. Returns the output of an explicit init, which has none.
async fn prepare(context: &mut Context<'_>, plan: &Plan) -> Result<Vec<u8>, Error> {
    let target = context.target;
    let data = folder::data_dir(&target.folder, context.env);
    let program = process::find(&target.command, &target.command_source, context.env, &context.host.cwd)?;
    let (wish, args, explicit) = match &plan.init {
        InitWish::Never => (None, Vec::new(), false),
        InitWish::Implicit { reconfigure, forced, args } => {
            let told = is_told(args, context.env);
            (Some(Wish { reconfigure: *reconfigure, forced: *forced, told }), args.clone(), false)
        }
        InitWish::Explicit { reconfigure, args } => {
            let told = is_told(args, context.env);
            (Some(Wish { reconfigure: *reconfigure, forced: true, told }), args.clone(), true)
        }
    };
    let passes_vars = args.iter().any(|arg| arg == "-var-file");
    let init_vars = plan.varfiles.first().filter(|_| passes_vars).map(|file| file.content.as_str());
    let words = own_variables(context, explicit);
    let evaluates = target.settings.evaluates_early && !plan.varfiles.is_empty();
    let look = Look {
        folder: &target.folder,
        workspace: &target.workspace,
        env: context.env,
        program: &program,
        init_args: &args,
        init_vars,
        variables: evaluates.then_some(Variables { words: &words, secret: &target.secret_vars }),
    };
    let found = Folder::look(look);
    let Some(wish) = wish else {
        if may_use_backend(context, &found)? {
            select(context, plan, false).await?;
        }
        return Ok(Vec::new());
    };
    let decision = decide(target, wish, &found);
    if decision == Decision::Refuse {
        return Err(Error::BackendMoved { component: target.component.clone(), stack: target.stack.clone() });
    }
    let skipped = decision == Decision::Skip;
    if let Decision::Run { reconfigure, seed } = decision {
        // Terraform would ask which workspace to use if the selected one is not in the new backend.
        let environment = data.join("environment");
        crate::host::fs::remove_file_if_present(&environment).map_err(Error::file("remove", &environment))?;
        if let Some(record) = seed {
            folder::seed(&data, &record)?;
        }
        let moves = moves_backend(target, &found, reconfigure);
        let speaks = Speaks { explicit, quiet: plan.quiet_init };
        let more = words.iter().filter(|_| found.evaluates && passes_vars).cloned();
        let args = args.iter().cloned().chain(more).collect();
        init(context, reconfigure, args, speaks).await.map_err(|error| explain(error, target, moves))?;
    }
    let selected = skipped && {
        let known = found.memory.instances.get(&target.id());
        match &plan.workspace {
            Workspace::Leave => true,
            Workspace::Select(name) => {
                found.is_selected(name) && known.is_some_and(|known| known.workspace.as_ref() == Some(name))
            }
        }
    };
    select(context, plan, selected).await?;
    if skipped && selected {
        return Ok(Vec::new());
    }
    if let Err(error) = remember(target, plan, found.memory, &Folder::look(look), (&data, skipped)) {
        let warning =
            Warning::new("atmos::exec::not_remembered", format!("the next run prepares the folder again: {error}"));
        context.host.talk.warn(warning.help("check the permissions and the free space of that directory"));
    }
    Ok(Vec::new())
}

/// The arguments of init, whoever gives them, say what becomes of the state.
fn is_told(args: &[String], env: &Env) -> bool {
    let all: Vec<String> = of_environment(&["init"], env).into_iter().chain(args.iter().cloned()).collect();
    ["-reconfigure", "-migrate-state"].into_iter().any(|flag| has_flag(&all, flag))
}

/// The variables that the run itself has in its arguments. Those of an explicit init are its arguments already.
fn own_variables(context: &Context<'_>, explicit: bool) -> Vec<String> {
    if explicit || !context.target.settings.evaluates_early {
        return Vec::new();
    }
    let words: Vec<&str> = context.request.words.iter().map(String::as_str).collect();
    let given = of_environment(&words, context.env);
    given::variables(&given.into_iter().chain(context.request.native.iter().cloned()).collect::<Vec<_>>())
}

/// Sub-commands that read no state.
const WITHOUT_STATE: [&str; 9] =
    ["fmt", "get", "login", "logout", "metadata", "modules", "providers", "validate", "version"];

/// Where init is left out, the backend of another instance would be used in silence if only init's arguments name it. What
/// reads no state goes on, and makes no workspace there.
fn may_use_backend(context: &Context<'_>, found: &Folder) -> Result<bool, Error> {
    let (target, request) = (context.target, context.request);
    let Some(owner) = init::left_by_another(target, found) else { return Ok(true) };
    if WITHOUT_STATE.contains(&request.words[0].as_str()) {
        return Ok(false);
    }
    let (component, stack) = (target.component.clone(), target.stack.clone());
    let own = if target.settings.init_run_reconfigure { "" } else { " --init-run-reconfigure true" };
    Err(Error::BackendOfAnother {
        init: format!("atmos terraform init {component} -s {stack}{own}"),
        component,
        stack,
        owner: owner.to_owned(),
        help: if request.skip_init { "leave `--skip-init` out" } else { "add `--init`" },
    })
}

/// Says where init is switched on, which `deploy` leaves out where it is told to.
fn hint_at_init(error: Error, context: &Context<'_>, plan: &Plan) -> Error {
    let left_out = plan.init == InitWish::Never && context.request.words == ["deploy"] && !context.request.skip_init;
    match error {
        Error::ChildFailed { command, code, help } if left_out => Error::ChildFailed {
            help: format!(
                "{help}\nif terraform asks for `init`: `deploy` leaves it out because `components.terraform.deploy_run_init` \
                 (or `--deploy-run-init`) is false; add `--init`"
            ),
            command,
            code,
        },
        other => other,
    }
}

/// Adds to a failed init what terraform does not know: that the backend belongs to an instance, and what to do.
fn explain(error: Error, target: &Target, moves: bool) -> Error {
    match error {
        Error::ChildFailed { command, code, help } if moves => Error::ChildFailed {
            help: format!(
                "{help}\nthe folder `{}` has state or a backend that is not the one of {} in {}, and terraform does not \
                 leave it without being told. Either move the state yourself (`terraform init -migrate-state` in the \
                 folder), or give the instance a folder or a workspace of its own",
                target.folder.display(),
                target.component,
                target.stack,
            ),
            command,
            code,
        },
        other => other,
    }
}

/// Keeps what the next run may skip. Nothing else depends on it.
fn remember(
    target: &Target,
    plan: &Plan,
    mut memory: Memory,
    now: &Folder,
    (data, skipped): (&Path, bool),
) -> Result<(), Error> {
    let id = target.id();
    let before = memory.instances.remove(&id).unwrap_or_default();
    let workspace = match &plan.workspace {
        Workspace::Select(name) => Some(name.clone()),
        Workspace::Leave => before.workspace,
    };
    let backend = target.backend.as_ref().map(init::digest);
    memory.owner = Some(id.clone());
    // Where nothing was given to init, nothing that it had before has changed, unless it ran.
    let vars = now.vars.clone().or(before.vars.filter(|_| skipped));
    let given = now.given.clone();
    let record = now.record.as_ref().map(Record::digest);
    let fingerprint = now.fingerprint.clone();
    memory.instances.insert(id, Known { fingerprint, vars, workspace, backend, given, record });
    folder::remember(data, &memory)
}

/// How init says what it says.
#[derive(Debug, Clone, Copy)]
struct Speaks {
    /// It is the main command.
    explicit: bool,
    /// Only where it fails.
    quiet: bool,
}

impl Speaks {
    fn output(self) -> Output {
        match self {
            Speaks { quiet: true, .. } => Output::Capture,
            Speaks { explicit: true, .. } => Output::Inherit,
            Speaks { .. } => Output::Stderr,
        }
    }
}

async fn init(context: &mut Context<'_>, reconfigure: bool, extra: Vec<String>, speaks: Speaks) -> Result<(), Error> {
    let mut args = vec!["init".to_owned()];
    if reconfigure {
        args.push("-reconfigure".to_owned());
    }
    args.extend(extra);
    let launch = launch(context, args, speaks.output());
    let folds = context.folds.filter(|_| !speaks.quiet);
    let folded = folds.and_then(|folds| folds.fold(&described(&launch), !speaks.explicit));
    let outcome = start(context, &launch).await?;
    drop(folded);
    if outcome.code == 0 {
        return lock_platforms(context, speaks.quiet).await;
    }
    if speaks.quiet {
        show(context, &outcome).await;
    }
    Err(Error::child_failed(described(&launch), outcome.code, launch.stderr.as_ref()))
}

/// Says on standard error what a child said that nobody has seen.
async fn show(context: &Context<'_>, outcome: &Outcome) {
    let said = &outcome.captured;
    match context.relay {
        Some(relay) if relay.takes_all() => {
            let written = relay.write(Stream::Err, said).await;
            if let Err(error) = written.and(relay.end(Stream::Err).await) {
                tracing::debug!(%error, "what a failed child said is not shown");
            }
        }
        relay => {
            if let Some(relay) = relay {
                relay.note(Stream::Err, said);
            }
            context.host.talk.output(true, said);
        }
    }
}

/// Adds the checksums of providers for other platforms to the lock file. The run itself does not need them.
async fn lock_platforms(context: &mut Context<'_>, quiet: bool) -> Result<(), Error> {
    if context.platforms.is_empty() {
        return Ok(());
    }
    let words = ["providers", "lock"].map(str::to_owned).into_iter();
    let args = words.chain(context.platforms.iter().map(|platform| format!("-platform={platform}"))).collect();
    let launch = launch(context, args, Speaks { explicit: false, quiet }.output());
    let outcome = once(context, &launch, false).await?;
    if outcome.code != 0 {
        if quiet {
            show(context, &outcome).await;
        }
        let message = format!(
            "`{}` exited with code {}: the lock file knows this platform only",
            described(&launch),
            outcome.code
        );
        let warning = Warning::new("atmos::exec::platforms", message);
        context.host.talk.warn(warning.help("see its output above; correct `components.terraform.platforms`"));
    }
    Ok(())
}

/// What versions before 1.4 say to a flag that they do not know.
const OR_CREATE_UNKNOWN: &str = "flag provided but not defined: -or-create";

/// Selects the workspace, making it where it does not exist.
async fn select(context: &mut Context<'_>, plan: &Plan, selected: bool) -> Result<(), Error> {
    let Workspace::Select(name) = &plan.workspace else { return Ok(()) };
    if selected {
        return Ok(());
    }
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let mut select = launch(context, words(&["workspace", "select", "-or-create", name]), Output::Capture);
    let mut first = start(context, &select).await?;
    if first.code == 1 && first.text().contains(OR_CREATE_UNKNOWN) {
        select = launch(context, words(&["workspace", "select", name]), Output::Capture);
        first = start(context, &select).await?;
    }
    match first.code {
        0 => return Ok(()),
        1 => {}
        code => return Err(Error::StepFailed { command: described(&select), code, output: first.text() }),
    }
    // Some backends do not make it on the way.
    let create = launch(context, words(&["workspace", "new", name]), Output::Capture);
    let second = start(context, &create).await?;
    if second.code == 0 {
        return Ok(());
    }
    let data = folder::data_dir(&context.target.folder, context.env);
    let active = std::fs::read_to_string(data.join("environment")).is_ok_and(|active| active.trim() == name);
    if second.code == 1 && active {
        context.host.talk.warn(
            Warning::new(
                "atmos::exec::workspace_without_state",
                format!("workspace `{name}` is selected but has no state"),
            )
            .help("go on if it is new; otherwise find out who removed its state"),
        );
        return Ok(());
    }
    let output = [first.text(), second.text()].join("\n");
    Err(Error::StepFailed { command: described(&create), code: second.code, output: output.trim().to_owned() })
}

fn launch(context: &Context<'_>, args: Vec<String>, output: Output) -> Launch {
    Launch {
        program: context.target.command.clone(),
        configured: context.target.command_source.clone(),
        args: args.into_iter().map(|arg| context.request.raw.word(arg)).collect(),
        cwd: context.target.folder.clone(),
        env: context.env.clone(),
        output,
        stderr: context.request.redirect_stderr.clone(),
        hangup: Hangup::Terminates,
    }
}

/// The command for messages: program and sub-command words, without values.
fn described(launch: &Launch) -> String {
    let words = launch.args.iter().map(|arg| arg.to_string_lossy().into_owned());
    let words = words.take_while(|arg| !arg.starts_with('-')).take(2);
    let name = std::path::Path::new(&launch.program)
        .file_name()
        .map_or(launch.program.clone(), |name| name.display().to_string());
    std::iter::once(name).chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[cfg(unix)]
#[path = "run_tests.rs"]
mod tests;
