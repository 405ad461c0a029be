//! `atmos auth logout`

use super::super::access::Access;
use crate::auth::Error;
use crate::auth::resolution::Flag;
use crate::auth::run;
use crate::auth::{Kept, Logins};
use crate::diag::{Failure, Result};

#[derive(Debug, Clone, Default)]
pub struct LogoutRequest {
    /// The identity as positional word.
    pub name: Option<String>,
    pub identity: Flag,
    pub provider: Option<String>,
    pub all: bool,
    pub dry_run: bool,
}

/// What was removed, or would be.
#[derive(Debug, Clone)]
pub struct LogoutReport {
    pub whose: Logins,
    pub kept: Kept,
    /// Standing configuration files of `auth env` that were removed.
    pub files: Vec<String>,
    pub dry_run: bool,
}

/// Forgets sessions and tokens and tells the portal.
pub async fn logout(access: &Access, request: &LogoutRequest) -> Result<LogoutReport> {
    let whose = whose(access, request)?;
    if !request.dry_run {
        run::sweep(&access.host, run::Sweep::Whole);
    }
    let kept = if request.dry_run { access.session.kept(&whose).await? } else { access.session.forget(&whose).await? };
    let files = super::env::forget_standing(access, &whose, request.dry_run)?;
    Ok(LogoutReport { whose, kept, files, dry_run: request.dry_run })
}

/// All beats provider beats the positional name beats `--identity`.
fn whose(access: &Access, request: &LogoutRequest) -> Result<Logins> {
    if request.all {
        return Ok(Logins::All);
    }
    if let Some(name) = &request.provider {
        return match access.settings.provider(name) {
            Some(provider) => Ok(Logins::Provider(provider.name.clone())),
            None => Err(Error::provider_not_found(&access.settings, name).into()),
        };
    }
    let name = match (&request.name, &request.identity) {
        (Some(name), _) | (None, Flag::Name(name)) => name.clone(),
        (None, Flag::Select) => access.needed_identity(&Flag::Select)?.to_string(),
        (None, Flag::NotGiven) if access.host.env.get("ATMOS_IDENTITY").is_some() => {
            access.needed_identity(&Flag::NotGiven)?.to_string()
        }
        (None, Flag::NotGiven | Flag::Disabled) => return Err(Unspecified.into()),
    };
    match access.settings.identity(&name) {
        Some(identity) => Ok(Logins::Identity(identity.name.clone())),
        None => Err(Error::identity_not_found(&access.settings, &name).into()),
    }
}

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("nothing to log out of: specify an identity, --provider or --all")]
#[diagnostic(code(atmos::auth::logout_unspecified), help("`atmos auth list` shows what is there"))]
struct Unspecified;

impl Failure for Unspecified {}
