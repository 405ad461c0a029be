//! `terraform shell`: a shell in the component's folder, with everything that a run of terraform would have.

use super::course::remove_varfiles;
use super::planfile::ready;
use super::single::{Ready, Work, child_environment, children, mark_own, open_session};
use super::{Done, RunRequest, rc};
use crate::auth::resolution::Need;
use crate::diag::{Report, Result, Warning};
use crate::exec::signals::Signals;
use crate::exec::terraform::{layout, with_varfile};
use crate::exec::{Hangup, Launch, Output, folder_lock, process};
use crate::host::Env;
use crate::ops::access::Access;
use crate::ops::{App, child};
use crate::span::Span;
use crate::step::Texts;
use crate::value::Node;

/// A shell for one component.
#[derive(Debug, Clone, Default)]
pub struct ShellRequest {
    /// A `plan`, of which only what goes before is done.
    pub run: RunRequest,
    /// Secret variables of the component are in the environment of the shell.
    pub with_secrets: bool,
}

/// Prepares the component's folder and stays in a shell there. The code is that of the shell.
///
/// # Errors
/// Those of a run, before the shell starts.
pub async fn shell(app: &App, request: &ShellRequest) -> Result<Done> {
    let Some(ready) = ready(app, &request.run)? else { return Ok(Done::default()) };
    if request.run.dry_run {
        describe(app, &ready);
        return Ok(Done::default());
    }
    let (access, mut signals) = (child::access(app)?, Signals::listen()?);
    let mut run = request.run.clone();
    (run.only_prepares, run.request.skip_planfile) = (true, Some(true));
    let work = Work { request: &run, ready: &ready, need: Need::Run, relay: None };
    let mut result = children(app, work, &access, &mut signals).await.map(|_| 0);
    if result.is_ok() {
        result = inside(app, request, &run, &ready, &access, &mut signals).await;
    }
    if app.config.terraform.remove_varfiles {
        let removed = match signals.guard(folder_lock::acquire(&app.host, &ready.target.folder)).await {
            Ok(_lock) => remove_varfiles(&ready.target),
            Err(error) => Err(error.into()),
        };
        match removed {
            Err(report) if result.is_err() => {
                app.host.talk.warn(Warning::new("atmos::exec::file", report.to_string()));
            }
            removed => removed?,
        }
    }
    Ok(Done { code: result?, ..Done::default() })
}

/// The shell itself, and its code. Nothing holds the folder while the person is in it: terraform and atmos may run there.
async fn inside(
    app: &App,
    request: &ShellRequest,
    run: &RunRequest,
    ready: &Ready,
    access: &Access,
    signals: &mut Signals,
) -> Result<u8> {
    let held = open_session(app, run, ready, access, signals, Need::Run).await?;
    let ended = async {
        let mut env = child_environment(app, run, &ready.target, &held);
        let _rc = rc::add(app, &ready.target.folder, &mut env)?;
        let launch = launch(app, ready, request.with_secrets, &mut env)?;
        let code = process::run(&launch, child::surroundings(&app.host), signals).await?.code;
        if !layout::is_current(&ready.target) {
            let message = format!("generated files in {} have been replaced meanwhile", ready.target.folder.display());
            let help = "what terraform has done in this shell since then, it has done with the backend and the providers of \
                        another component; `provision.workdir` gives a component a folder of its own";
            app.host.talk.warn(Warning::new("atmos::terraform::shell_replaced", message).help(help));
        }
        Ok(code)
    }
    .await;
    held.close_after::<_, Report>(ended).await
}

/// What a dry run says instead.
fn describe(app: &App, ready: &Ready) {
    let target = &ready.target;
    let lines = [
        ("Component", target.component.clone()),
        ("Stack", target.stack.clone()),
        ("Working directory", target.folder.display().to_string()),
        ("Terraform workspace", target.workspace.clone()),
        ("Component path", target.folder_name.clone()),
        ("Varfile", target.names().varfile()),
    ];
    app.host.talk.info("Dry run mode: shell would be started with the following configuration:");
    for (name, value) in lines {
        app.host.talk.info(format!("  {name}: {value}"));
    }
}

fn launch(app: &App, ready: &Ready, with_secrets: bool, env: &mut Env) -> Result<Launch> {
    let target = &ready.target;
    for (name, value) in with_varfile(&target.names().varfile(), env) {
        env.set(name, value);
    }
    // Any other run in the folder selects its own workspace there, whatever this shell is for.
    if target.has_workspaces() && env.get("TF_WORKSPACE").is_none() {
        env.set("TF_WORKSPACE", &target.workspace);
    }
    env.set("ATMOS_STACK", &target.stack);
    env.set("ATMOS_COMPONENT", &target.component);
    env.set("ATMOS_SHELL_WORKING_DIR", &target.folder);
    env.set("ATMOS_TERRAFORM_WORKSPACE", &target.workspace);
    if !with_secrets && !target.secret_vars.is_empty() {
        for name in target.secret_vars.keys() {
            env.remove(&format!("TF_VAR_{name}"));
        }
        let message = format!("{} secret variable(s) are not in the shell", target.secret_vars.len());
        let warning = Warning::new("atmos::terraform::shell_secrets", message);
        app.host.talk.warn(warning.help("`--with-secrets` puts them into its environment"));
    }
    mark_own(app, target, env);
    let (program, mut args) = (program(app, env), Vec::new());
    if let Some(prompt) = prompt(app, ready, env)? {
        env.set("PS1", prompt);
        // Zsh would set its own prompt again.
        if program.ends_with("zsh") {
            args = ["-d", "-f", "-i"].map(Into::into).to_vec();
        }
    }
    Ok(Launch {
        program,
        configured: "SHELL".to_owned(),
        args,
        cwd: target.folder.clone(),
        env: env.clone(),
        output: Output::Given,
        stderr: None,
        hangup: Hangup::PassesOn,
    })
}

/// `SHELL`, else bash, else sh.
fn program(app: &App, env: &Env) -> String {
    let own = env.get("SHELL").map(str::to_owned);
    let found = |name: &str| process::find(name, "SHELL", env, &app.host.cwd).is_ok();
    own.unwrap_or_else(|| if found("bash") { "bash" } else { "sh" }.to_owned())
}

/// `shell.prompt` with its template rendered.
fn prompt(app: &App, ready: &Ready, env: &Env) -> Result<Option<String>> {
    let setting = app.config.document.get_path(["components", "terraform", "shell", "prompt"]);
    let Some(text) = setting.and_then(Node::as_str).filter(|text| !text.is_empty()) else { return Ok(None) };
    let components = |_: &str, _: &str| Ok(Node::default());
    let mut texts = Texts::new(&app.host, &components);
    texts.set("Component", Node::from(ready.target.component.as_str()));
    texts.set("Stack", Node::from(ready.target.stack.as_str()));
    let span = setting.map_or_else(Span::default, |node| node.span);
    Ok(Some(texts.render("`components.terraform.shell.prompt`", span, text, env)?))
}
