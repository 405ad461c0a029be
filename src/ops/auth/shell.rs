//! `atmos auth shell`: a shell in the environment of an identity.

use std::ffi::OsString;
use std::path::Path;

use super::super::App;
use super::super::access::Access;
use super::super::child::{self, Wish};
use super::super::identity::Choice;
use super::exec;
use crate::auth::Error;
use crate::auth::resolution::Flag;
use crate::diag::{Report, Result};
use crate::exec::signals::Signals;
use crate::exec::{Error as ExecError, Hangup, Launch, Output, environment, process};

#[derive(Debug, Clone, Default)]
pub struct ShellRequest {
    pub identity: Flag,
    /// `--shell`.
    pub shell: Option<String>,
    /// Arguments of the shell; without any it is a login shell.
    pub arguments: Vec<OsString>,
    pub delivery: Option<String>,
    pub min_ttl: Option<String>,
}

/// Starts the shell and returns its exit status. The credentials end with it.
///
/// # Errors
/// No identity, authentication fails, or there is no shell: then nothing was started.
pub async fn shell(app: &App, access: &Access, request: &ShellRequest) -> Result<u8> {
    let wish = Wish {
        delivery: request.delivery.as_deref().map(exec::flag_delivery).transpose()?,
        min_ttl: request.min_ttl.as_deref().map(exec::min_ttl).transpose()?,
        event: "shell",
    };
    let mut signals = Signals::listen()?;
    let (name, source) = match child::command_identity(access, "shell", &request.identity)? {
        Choice::Identity { name, source } => (name, source),
        Choice::Disabled(_) => return Err(Error::Disabled.into()),
        Choice::None => (access.needed_identity(&request.identity)?, crate::auth::resolution::Source::Flag),
    };
    let known = access.session.outline(&name)?;
    let held = signals.guard(child::hold_chosen(access, name.clone(), source, wish)).await?;
    let mut env = child::plain_environment(app, &held);
    environment::add_level(&mut env);
    env.set("ATMOS_AUTH_PROMPT", name.as_str());
    let (program, configured) = program(access, request);
    let found = process::find(&program, &configured, &env, &app.host.cwd);
    let login: Vec<OsString> = if request.arguments.is_empty() { vec!["-l".into()] } else { request.arguments.clone() };
    let launch = Launch {
        program,
        configured,
        args: login,
        cwd: app.host.cwd.clone(),
        env,
        output: Output::Given,
        stderr: None,
        hangup: Hangup::PassesOn,
    };
    let outcome = match found {
        Ok(_) => {
            app.host.talk.attention(format!("entering a shell as {name} ({}); `exit` ends it", known.provider));
            process::run(&launch, child::surroundings(&app.host), &mut signals).await
        }
        Err(error) => Err(error),
    };
    let outcome = outcome.map_err(|error| match error {
        error @ ExecError::StartFailed { .. } => exec::no_shell(&app.host.cwd, error),
        other => other.into(),
    });
    let outcome = held.close_after::<_, Report>(outcome).await?;
    app.host.talk.attention(format!("left the shell of {name} ({})", known.provider));
    Ok(outcome.code)
}

/// The shell and who named it.
fn program(access: &Access, request: &ShellRequest) -> (String, String) {
    let env = &access.host.env;
    let named =
        [("--shell", request.shell.as_deref()), ("ATMOS_SHELL", env.get("ATMOS_SHELL")), ("SHELL", env.get("SHELL"))];
    if let Some((from, Some(shell))) = named.into_iter().find(|(_, shell)| shell.is_some_and(|shell| !shell.is_empty()))
    {
        return (shell.to_owned(), from.to_owned());
    }
    let usual = if cfg!(windows) { "powershell" } else { "bash" };
    let there = process::find(usual, "the usual shell", env, Path::new(&access.host.cwd)).is_ok();
    let last = if cfg!(windows) { "cmd" } else { "sh" };
    ((if there { usual } else { last }).to_owned(), "the usual shell".to_owned())
}
