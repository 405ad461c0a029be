//! `atmos auth process`: credentials in the form of `credential_process`. Never asks the user anything.

use std::path::PathBuf;
use std::time::Duration;

use miette::Diagnostic;
use zeroize::Zeroizing;

use super::super::access::{Access, refused};
use super::super::audit::{self, Event};
use crate::auth::delivery::helper_answer;
use crate::auth::resolution::Flag;
use crate::auth::run::client::{self, Question};
use crate::diag::{Failure, Result};

/// A run renews over the network, which has its own limits; this one is above their sum.
const PATIENCE: Duration = Duration::from_secs(150);

#[derive(Debug, Clone, Default)]
pub struct ProcessRequest {
    pub identity: Flag,
    /// `--socket`: the run to ask.
    pub socket: Option<PathBuf>,
}

/// Asks the run behind a socket that the caller names, for what that run means by the identity's name. It never falls back to the cache: a dead run has no credentials to give.
///
/// # Errors
/// The run is gone, refuses the identity, or could not renew; no identity was named.
pub async fn ask_run(request: &ProcessRequest, socket: PathBuf) -> Result<Zeroizing<String>> {
    let Flag::Name(name) = request.identity.clone() else { return Err(ProcessError::Unnamed.into()) };
    let asked =
        tokio::task::spawn_blocking(move || client::request(&socket, &Question::by_name(&name), PATIENCE)).await;
    let mut answer = asked.map_err(|error| ProcessError::Lost { cause: error.to_string() })??;
    answer.push('\n');
    Ok(answer)
}

/// Credentials from the run around this process; else from the cache, or renewed as far as that needs no question.
///
/// # Errors
/// No identity, or a login is needed: then the error names the command.
pub async fn process(access: &Access, request: &ProcessRequest) -> Result<Zeroizing<String>> {
    let name = access.needed_identity(&request.identity)?;
    let event = Event { name: "process", identity: Some(name.to_string()), ..Event::default() };
    audit::record(access, &access.settings, &event)?;
    let mut answer = match &access.parent {
        Some(parent) => parent.answer(&access.session, &name).await.map_err(refused)?,
        None => helper_answer(&access.session.given(&name).await?, access.host.now()),
    };
    answer.push('\n');
    Ok(answer)
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum ProcessError {
    #[error("the identity to ask the run for is not named")]
    #[diagnostic(code(atmos::auth::process_unnamed), help("name it with `--identity <name>`"))]
    Unnamed,

    #[error("the question to the run was lost: {cause}")]
    #[diagnostic(code(atmos::auth::process_lost), help("try again; if it stays, run the command outside of the run"))]
    Lost { cause: String },
}

impl Failure for ProcessError {}
