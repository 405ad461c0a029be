//! What a dry run says: a line for each component, or a document of what would be started and written.

use serde_json::{Value, json};

use super::course::planfile;
use super::single::{Ready, announce_dry_run, child_environment};
use super::{Done, RunRequest};
use crate::diag::Result;
use crate::exec::terraform::{InitWish, Plan, Workspace, steps};
use crate::host::Env;
use crate::ops::child::Held;
use crate::ops::{App, child, choice};
use crate::value::from_json;
use crate::yaml;

/// The dry run of one component.
pub(super) fn one(app: &App, request: &RunRequest, ready: &Ready) -> Result<Done> {
    let names = (ready.target.component.as_str(), ready.target.stack.as_str());
    many(app, request, std::iter::once((Some(ready), names)))
}

/// The dry run of many components, in their order. Of some nobody knows yet what they will be: their values are outputs of
/// others that have not been applied.
pub(super) fn many<'n>(
    app: &App,
    request: &RunRequest,
    nodes: impl Iterator<Item = (Option<&'n Ready>, (&'n str, &'n str))>,
) -> Result<Done> {
    let mut runs = Vec::new();
    for (ready, (component, stack)) in nodes {
        if let Some(ready) = ready {
            child::check_identity(app, &ready.instance, &request.identity, &request.request.words[0])?;
        }
        if !request.dry_run_json {
            announce_dry_run(app, request, component, stack);
            continue;
        }
        runs.push(match ready {
            Some(ready) => run(app, request, ready)?,
            None => json!({
                "component": component, "stack": stack, "known": false,
                "reason": "its values are outputs of components that come before it",
            }),
        });
    }
    let data = request.dry_run_json.then(|| document(&request.request.command(), "terraform", &runs));
    Ok(Done { data, ..Done::default() })
}

/// The document of a dry run, the same for one component and for many.
pub(in crate::ops) fn document(command: &str, tool: &str, runs: &[Value]) -> String {
    yaml::emit_json(&from_json(&json!({"tool": tool, "command": command, "runs": runs})))
}

fn run(app: &App, request: &RunRequest, ready: &Ready) -> Result<Value> {
    let target = &ready.target;
    let plan = steps(target, &request.request, &app.host.env)?;
    let access = child::access(app)?;
    let identity = choice::own_identity(app, &access, &ready.instance, &request.identity, &request.request.words[0])?;
    Ok(json!({
        "component": target.component,
        "stack": target.stack,
        "known": true,
        "identity": identity.map(|name| name.to_string()),
        "cwd": target.folder,
        "workspace": target.workspace,
        "commands": commands(ready, &plan),
        "environment": environment(app, request, ready, &plan),
        "files": {"written": written(request, ready, &plan), "removed": plan.remove},
    }))
}

/// The children. Init and the workspace are left out where nothing has changed, which only a look at the folder tells.
fn commands(ready: &Ready, plan: &Plan) -> Vec<Value> {
    let program = &ready.target.command;
    let argv = |words: Vec<String>| -> Vec<String> { std::iter::once(program.clone()).chain(words).collect() };
    let mut commands = Vec::new();
    let init = |args: &[String], reconfigure: bool| {
        let flag = reconfigure.then(|| "-reconfigure".to_owned());
        argv(std::iter::once("init".to_owned()).chain(flag).chain(args.iter().cloned()).collect())
    };
    match &plan.init {
        InitWish::Never => {}
        InitWish::Implicit { reconfigure, forced, args } => {
            commands.push(json!({"step": "init", "argv": init(args, *reconfigure), "only_if_needed": !forced}));
        }
        InitWish::Explicit { reconfigure, args } => {
            commands.push(json!({"step": "init", "argv": init(args, *reconfigure), "only_if_needed": false}));
        }
    }
    if let Workspace::Select(name) = &plan.workspace {
        let words = ["workspace", "select", "-or-create", name].map(str::to_owned).to_vec();
        commands.push(json!({"step": "workspace", "argv": argv(words), "only_if_needed": true}));
    }
    if let Some(args) = &plan.main {
        commands.push(json!({"step": "main", "argv": argv(args.clone()), "only_if_needed": false}));
    }
    commands
}

/// Names of the variables that the children have beyond those of this process, or with other values. Those of the
/// identity depend on how it is delivered and come with the run.
fn environment(app: &App, request: &RunRequest, ready: &Ready, plan: &Plan) -> Vec<String> {
    let env = child_environment(app, request, &ready.target, &Held::default());
    let mut names = changed(app, &env);
    names.extend(plan.main_env.iter().map(|(name, _)| name.clone()));
    names.sort();
    names.dedup();
    names
}

/// Names of the variables that an environment has beyond those of this process, or with other values, sorted.
pub(in crate::ops) fn changed(app: &App, env: &Env) -> Vec<String> {
    let changed = env.iter().filter(|(name, value)| app.host.env.get_raw(&name.to_string_lossy()) != Some(*value));
    let mut names: Vec<String> = changed.map(|(name, _)| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Files of the component's folder, relative to it.
fn written(request: &RunRequest, ready: &Ready, plan: &Plan) -> Vec<String> {
    let target = &ready.target;
    let own = target.generated.iter().chain(&target.overrides).chain(&plan.varfiles).map(|file| file.name.clone());
    let mut names: Vec<String> = own.chain(target.backend_file().map(|file| file.name)).collect();
    if request.request.words == ["plan"] {
        let saved = planfile(target, request);
        let is_saved = plan.main.as_ref().is_some_and(|args| args.iter().any(|arg| arg.ends_with(&saved)));
        names.extend(is_saved.then_some(saved));
    }
    names.sort();
    names.dedup();
    names
}
