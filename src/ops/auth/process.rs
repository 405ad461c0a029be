//! `atmos auth process`: credentials in the form of `credential_process`. Never asks the user anything.

use std::path::PathBuf;
use std::time::Duration;

use miette::Diagnostic;
use zeroize::Zeroizing;

use super::super::access::{Access, refused};
use super::super::child::needed_choice;
use super::gate::Gate;
use crate::auth::IdentityName;
use crate::auth::delivery::{Delivery, helper_answer};
use crate::auth::resolution::Flag;
use crate::auth::run::client::{self, Question};
use crate::diag::hint::word;
use crate::diag::{Failure, Result};
use crate::host::threads;

/// A run renews over the network, which has its own limits; this one is above their sum.
const PATIENCE: Duration = Duration::from_secs(150);
const EVENT: &str = "process";
/// A beginning of a fingerprint that could be anybody's says nothing.
const SHORTEST: usize = 16;

#[derive(Debug, Clone, Default)]
pub struct ProcessRequest {
    pub identity: Flag,
    /// `--socket`: the run to ask.
    pub socket: Option<PathBuf>,
    /// `--chain`: the beginning of the fingerprint of the chain that is meant.
    pub chain: Option<String>,
}

/// Asks the run behind a socket that the caller names, for what that run means by the identity's name. It never falls back to the cache: a dead run has no credentials to give.
///
/// # Errors
/// The run is gone, refuses the identity, or could not renew; no identity was named.
pub async fn ask_run(request: &ProcessRequest, socket: PathBuf) -> Result<Zeroizing<String>> {
    let Flag::Name(name) = request.identity.clone() else { return Err(ProcessError::Unnamed.into()) };
    let asked = threads::blocking(move || client::request(&socket, &Question::by_name(&name), PATIENCE)).await;
    let mut answer = asked.map_err(|cause| ProcessError::Lost { cause })??;
    answer.push('\n');
    Ok(answer)
}

/// Credentials from the run around this process; else from the cache, or renewed as far as that needs no question.
///
/// # Errors
/// No identity, or a login is needed: then the error names the command.
pub async fn process(access: &Access, request: &ProcessRequest) -> Result<Zeroizing<String>> {
    let (name, source) = needed_choice(access, EVENT, &request.identity)?;
    let gate = Gate::open(access, (&name, source), EVENT, None)?;
    if let Some(meant) = request.chain.as_deref() {
        is_meant(access, &name, meant).or_else(|report| Err(gate.refuse(report)?))?;
    }
    let mut answer = if let Some(parent) = &access.parent {
        gate.check_run().await?;
        gate.write_down(Some(Delivery::Process)).await?;
        parent.answer(&access.session, &name).await.map_err(refused)?
    } else {
        let credentials = gate.given().await?;
        gate.write_down(Some(Delivery::Process)).await?;
        helper_answer(&credentials, access.host.now())
    };
    answer.push('\n');
    Ok(answer)
}

/// That the name still stands for the chain that a line in a file was written for: who uses that line must not become
/// somebody else by a change of the configuration.
fn is_meant(access: &Access, name: &IdentityName, meant: &str) -> Result<()> {
    let found = access.session.fingerprint_of(name)?;
    if meant.len() >= SHORTEST && found.as_str().starts_with(meant) {
        return Ok(());
    }
    let (name, configuration) = (name.to_string(), access.configuration.display().to_string());
    Err(ProcessError::Differs { name, configuration }.into())
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum ProcessError {
    #[error("the identity to ask the run for is not named")]
    #[diagnostic(code(atmos::auth::process_unnamed), help("name it with `--identity <name>`"))]
    Unnamed,

    #[error("identity `{name}` of {configuration} is another one than when this profile was written")]
    #[diagnostic(
        code(atmos::auth::process_differs),
        help(
            "if that is right, take the variables anew (`atmos auth env -i {}`), which point to a profile of its own; this one stays nobody's",
            word(name)
        )
    )]
    Differs { name: String, configuration: String },

    #[error("the question to the run was lost: {cause}")]
    #[diagnostic(code(atmos::auth::process_lost), help("try again; if it stays, run the command outside of the run"))]
    Lost { cause: String },
}

impl Failure for ProcessError {}
