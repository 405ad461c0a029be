//! The decisions of one run that need no look at the disk. Pure.

use super::{FromPlan, Request, Target, Verb};
use crate::diag::Warning;
use crate::exec::argv::{has_flag, is_on, of_environment, positionals};
use crate::exec::files::File;
use crate::exec::{Error, Output};
use crate::host::Env;
use crate::value::Node;

/// The workspace that is always there.
const DEFAULT_WORKSPACE: &str = "default";

/// What a run will do, in the order of its fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// A saved plan that must exist before anything happens, relative to the component's folder.
    pub needs_planfile: Option<String>,
    /// Files with the variables of the run.
    pub varfiles: Vec<File>,
    pub init: InitWish,
    /// What init says is shown only where it fails.
    pub quiet_init: bool,
    pub workspace: Workspace,
    /// Arguments of the main command; `None` when preparing was all (`workspace`).
    pub main: Option<Vec<String>>,
    /// Variables that the main command has beyond the run's environment.
    pub main_env: Vec<(String, String)>,
    pub output: Output,
    /// Exit code 2 means "changes", not failure.
    pub detailed_exit_code: bool,
    /// The planfile that the run writes: it holds every value of the plan, so it is narrowed to its owner.
    pub saves: Option<String>,
    /// Removed from the folder after success.
    pub remove: Vec<String>,
    pub warnings: Vec<Warning>,
}

/// Whether and how `init` is wanted, before the folder has been looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InitWish {
    /// No init in this run.
    Never,
    /// Before the main command, if the folder needs it.
    Implicit { reconfigure: bool, forced: bool, args: Vec<String> },
    /// The main command is init itself.
    Explicit { reconfigure: bool, args: Vec<String> },
}

/// What happens to the workspace before the main command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Workspace {
    /// Left as it is.
    Leave,
    Select(String),
}

/// Decides a run. `env` is the complete environment that its children will have.
///
/// # Errors
/// Everything that forbids the run: abstract, locked, http workspaces, an unusable workspace name, contradicting flags, a
/// confirmation that nobody can give, what is not built.
pub fn steps(target: &Target, request: &Request, env: &Env) -> Result<Plan, Error> {
    let words: Vec<&str> = request.words.iter().map(String::as_str).collect();
    let verb = request.verb()?;
    refuse(target, &words, verb)?;
    refuse_workspace_name(target, &words, request)?;
    let names = target.names();
    let planfile = planfile(&words, request, &names.planfile())?;
    let auto_approve = auto_approve(target, &words, request, planfile.is_some());
    check_confirmation(&words, request, env, auto_approve || planfile.is_some())?;

    let mut warnings = Vec::new();
    let workspace = workspace(target, &words, verb, env, &mut warnings)?;
    let mut varfiles = Vec::new();
    let writes_vars = words[0] != "workspace" && planfile.is_none();
    if writes_vars {
        varfiles.push(target.varfile());
    }
    let tests = words == ["test"] && !target.test_vars.is_null();
    if tests {
        varfiles.push(File::json(names.test_varfile(), &target.test_vars));
    }
    let applies = matches!(words[0], "apply" | "deploy");
    let mut remove = Vec::new();
    if applies {
        remove.push(names.varfile());
        if request.planfile.is_none() && planfile.as_ref().is_none_or(|file| *file == names.planfile()) {
            remove.push(names.planfile());
        }
    } else if tests {
        remove.push(names.test_varfile());
    }
    let main = main_arguments(target, &words, verb, request, planfile.as_deref(), auto_approve);
    let saves = main.as_ref().filter(|args| words == ["plan"] && args.contains(&names.planfile()));
    Ok(Plan {
        saves: saves.map(|_| names.planfile()),
        main,
        init: init(target, &words, request, writes_vars),
        quiet_init: is_quiet(target, &words, request),
        needs_planfile: planfile,
        varfiles,
        workspace,
        main_env: if words == ["exec"] {
            with_varfile(&names.varfile(), env)
        } else {
            import_region(&words, &target.vars)
        },
        output: Output::Inherit,
        detailed_exit_code: words == ["plan"]
            && (request.upload_status || is_on(&request.native, "-detailed-exitcode")),
        remove,
        warnings,
    })
}

fn refuse(target: &Target, words: &[&str], verb: Verb) -> Result<(), Error> {
    if target.abstract_ && verb.provisions {
        return Err(Error::Abstract { component: target.component.clone() });
    }
    if target.locked && verb.modifies {
        return Err(Error::Locked { component: target.component.clone() });
    }
    if words[0] == "workspace" && target.backend_type == "http" {
        return Err(Error::HttpWorkspaces);
    }
    Ok(())
}

/// The workspace is never the user's to choose: a name that was dropped would have another one deleted.
fn refuse_workspace_name(target: &Target, words: &[&str], request: &Request) -> Result<(), Error> {
    if !matches!(words, ["workspace"] | ["workspace", "select" | "new" | "delete"]) {
        return Ok(());
    }
    match positionals(&request.native).first() {
        None => Ok(()),
        Some(word) => Err(Error::WorkspaceName {
            command: format!("atmos terraform {}", request.command()),
            word: (*word).to_owned(),
            workspace: target.workspace.clone(),
        }),
    }
}

/// The saved plan that is applied, if one is.
fn planfile(words: &[&str], request: &Request, canonical: &str) -> Result<Option<String>, Error> {
    let file = match (&request.planfile, &request.from_plan) {
        (None, None) => return Ok(None),
        (Some(file), _) | (None, Some(FromPlan::File(file))) => file.clone(),
        (None, Some(FromPlan::Canonical)) => canonical.to_owned(),
    };
    if matches!(words[0], "apply" | "deploy") {
        return Ok(Some(file));
    }
    let flag = if request.planfile.is_some() { "--planfile" } else { "--from-plan" };
    Err(Error::BadRequest {
        flag: flag.to_owned(),
        command: format!("atmos terraform {}", words.join(" ")),
        reason: "only `apply` and `deploy` take a saved plan".to_owned(),
    })
}

/// Whether atmos adds `-auto-approve` (a planfile has been approved by whoever passes it).
fn auto_approve(target: &Target, words: &[&str], request: &Request, planfile: bool) -> bool {
    let wanted = words[0] == "deploy" || (words[0] == "apply" && target.settings.apply_auto_approve);
    wanted && !planfile && !has_flag(&request.native, "-auto-approve")
}

/// Whether terraform asks nobody: somebody approved beforehand, or only wants help.
pub fn is_approved(word: &str, native: &[String], env: &Env) -> bool {
    let by_env = is_on(&of_environment(&[word], env), "-auto-approve");
    is_on(native, "-auto-approve") || is_on(native, "-help") || by_env
}

/// Refuses a run whose confirmation could never be given, before anything is written.
fn check_confirmation(words: &[&str], request: &Request, env: &Env, approved: bool) -> Result<(), Error> {
    let asks = matches!(words[0], "apply" | "deploy" | "destroy");
    let harmless = is_approved(words[0], &request.native, env);
    // A saved plan as a positional word needs no confirmation either.
    let positional = words[0] != "destroy" && !positionals(&request.native).is_empty();
    if !asks || approved || harmless || positional || request.stdin_readable || request.dry_run {
        return Ok(());
    }
    let help = match (words[0], request.many) {
        ("destroy", _) => "add `-auto-approve`",
        ("deploy", true) => "leave `-auto-approve=false` away",
        ("deploy", false) => "leave `-auto-approve=false` away, or apply a saved plan with `--from-plan`",
        (_, true) => "add `-auto-approve`, or use `atmos terraform deploy`",
        (_, false) => "add `-auto-approve`, apply a saved plan with `--from-plan`, or use `atmos terraform deploy`",
    };
    Err(Error::NoTty { command: format!("terraform {}", words[0]), help })
}

fn workspace(
    target: &Target,
    words: &[&str],
    verb: Verb,
    env: &Env,
    warnings: &mut Vec<Warning>,
) -> Result<Workspace, Error> {
    let reason = match target.workspace.as_str() {
        "" => Some("is empty".to_owned()),
        name if name.starts_with('-') => Some(format!("is `{name}`, which terraform would read as a flag")),
        _ => None,
    };
    if let Some(reason) = reason {
        return Err(Error::BadWorkspace { component: target.component.clone(), stack: target.stack.clone(), reason });
    }
    if let Some(chosen) = env.get("TF_WORKSPACE") {
        if chosen != target.workspace {
            warnings.push(
                Warning::new(
                    "atmos::exec::tf_workspace",
                    format!(
                        "TF_WORKSPACE={chosen} is in force for {} in {}, not its workspace `{}`",
                        target.component, target.stack, target.workspace
                    ),
                )
                .help("unset TF_WORKSPACE, or remove it from the `env` section"),
            );
        }
        return Ok(Workspace::Leave);
    }
    if words == ["workspace", "delete"] && target.has_workspaces() && target.workspace != DEFAULT_WORKSPACE {
        // Terraform never deletes the workspace that is selected, which after any other run is this one.
        return Ok(Workspace::Select(DEFAULT_WORKSPACE.to_owned()));
    }
    if !verb.workspace || !target.has_workspaces() {
        return Ok(Workspace::Leave);
    }
    Ok(Workspace::Select(target.workspace.clone()))
}

/// What the user asks for himself he wants to see, unless he says otherwise.
fn is_quiet(target: &Target, words: &[&str], request: &Request) -> bool {
    request.quiet_init.unwrap_or(target.settings.init_quiet && words != ["init"])
}

fn init(target: &Target, words: &[&str], request: &Request, has_varfile: bool) -> InitWish {
    let configured = request.init_run_reconfigure.unwrap_or(target.settings.init_run_reconfigure);
    let mut args = Vec::new();
    if request.init_pass_vars.unwrap_or(target.settings.init_pass_vars) && has_varfile {
        args.extend(["-var-file".to_owned(), target.names().varfile()]);
    }
    if words == ["init"] {
        args.extend(request.native.iter().cloned());
        let asked = has_flag(&request.native, "-reconfigure") || has_flag(&request.native, "-migrate-state");
        if is_quiet(target, words, request) && !has_flag(&request.native, "-input") {
            args.push("-input=false".to_owned());
        }
        return InitWish::Explicit { reconfigure: configured && !asked, args };
    }
    let runs_init = request.deploy_run_init.unwrap_or(target.settings.deploy_run_init);
    if request.skip_init || (words == ["deploy"] && !runs_init && !request.force_init) {
        return InitWish::Never;
    }
    // What nobody sees nobody answers.
    if !request.interactive || is_quiet(target, words, request) {
        args.push("-input=false".to_owned());
    }
    InitWish::Implicit { reconfigure: configured || words[0] == "workspace", forced: request.force_init, args }
}

fn main_arguments(
    target: &Target,
    words: &[&str],
    verb: Verb,
    request: &Request,
    planfile: Option<&str>,
    auto_approve: bool,
) -> Option<Vec<String>> {
    let names = target.names();
    let mut args: Vec<String> = match words {
        ["init" | "workspace"] => return None,
        ["exec"] => return Some(request.native.clone()),
        ["deploy"] => vec!["apply".to_owned()],
        ["workspace", "select" | "new" | "delete"] => {
            // Flags come before the name, which is never the user's to choose.
            let mut args: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
            args.extend(request.native.iter().cloned());
            args.push(target.workspace.clone());
            return Some(args);
        }
        _ => words.iter().map(|word| (*word).to_owned()).collect(),
    };
    if verb.varfile && planfile.is_none() {
        args.extend(["-var-file".to_owned(), names.varfile()]);
    }
    if words == ["test"] && !target.test_vars.is_null() {
        args.extend(["-var-file".to_owned(), names.test_varfile()]);
    }
    if words == ["plan"] {
        let skip = request.skip_planfile.unwrap_or(target.settings.plan_skip_planfile);
        if !skip && !has_flag(&request.native, "-out") {
            args.extend(["-out".to_owned(), names.planfile()]);
        }
        if request.upload_status && !has_flag(&request.native, "-detailed-exitcode") {
            args.push("-detailed-exitcode".to_owned());
        }
    }
    if auto_approve {
        args.push("-auto-approve".to_owned());
    }
    args.extend(request.native.iter().cloned());
    args.extend(planfile.map(str::to_owned));
    Some(args)
}

/// Sub-commands of terraform that take the component's variables.
const TAKE_VARIABLES: [&str; 6] = ["plan", "apply", "refresh", "import", "destroy", "console"];

/// The variables by which terraform itself takes the varfile, beside what the caller has in them.
pub fn with_varfile(varfile: &str, env: &Env) -> Vec<(String, String)> {
    let variable = |verb: &str| {
        let name = format!("TF_CLI_ARGS_{verb}");
        let own = env.get(&name).filter(|own| !own.is_empty()).map(|own| format!("{own} ")).unwrap_or_default();
        (name, format!("{own}-var-file={varfile}"))
    };
    TAKE_VARIABLES.into_iter().map(variable).collect()
}

/// `import` of an AWS resource needs the component's region even when nothing else says it.
fn import_region(words: &[&str], vars: &Node) -> Vec<(String, String)> {
    if words != ["import"] {
        return Vec::new();
    }
    let region = vars.get("region").and_then(Node::as_str);
    region.map(|region| ("AWS_REGION".to_owned(), region.to_owned())).into_iter().collect()
}

#[cfg(test)]
#[path = "steps_tests.rs"]
mod tests;
