//! `atmos auth refresh`: everything that is cached anew, without asking anybody to sign in.

use super::super::access::Access;
use super::login::{LoginReport, identity_login, outside_only};
use crate::auth::resolution::{Flag, Source};
use crate::auth::{IdentityName, Logins};
use crate::diag::{Report, Result};

#[derive(Debug, Clone, Default)]
pub struct RefreshRequest {
    /// One identity; without it all that have a session.
    pub identity: Flag,
}

#[derive(Debug, Default)]
pub struct RefreshReport {
    pub done: Vec<LoginReport>,
    pub failed: Vec<(IdentityName, Report)>,
}

/// Gets new credentials for one identity, or for all that have some. The session of `access` must be one that renews.
///
/// # Errors
/// Unknown identity, keyring that cannot be opened, a child of a run.
pub async fn refresh(access: &Access, request: &RefreshRequest) -> Result<RefreshReport> {
    outside_only(access, "refresh")?;
    let names = if request.identity == Flag::NotGiven && access.host.env.lossy("ATMOS_IDENTITY").is_none() {
        let kept = access.session.kept(&Logins::All).await?.identities;
        // One that is not configured any more cannot be renewed.
        let known = kept.iter().filter_map(|name| access.settings.identity(name));
        known.map(|identity| identity.name.clone()).collect()
    } else {
        vec![access.needed_identity(&request.identity)?]
    };
    let mut report = RefreshReport::default();
    for name in names {
        match identity_login(access, (&name, Source::Flag)).await {
            Ok(done) => report.done.push(done),
            Err(error) => report.failed.push((name, error)),
        }
    }
    Ok(report)
}
