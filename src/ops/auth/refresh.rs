//! `atmos auth refresh`: everything that is cached anew, without asking anybody to sign in.

use jiff::Timestamp;

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
    /// Who would have to be asked for a code, with the end of the session that goes on meanwhile.
    pub kept: Vec<(IdentityName, Timestamp)>,
}

/// Gets new credentials for one identity, or for all that have some. The session of `access` must be one that renews.
///
/// # Errors
/// Unknown identity, keyring that cannot be opened, a child of a run.
pub async fn refresh(access: &Access, request: &RefreshRequest) -> Result<RefreshReport> {
    outside_only(access, "refresh")?;
    let all = request.identity == Flag::NotGiven && access.host.env.lossy("ATMOS_IDENTITY").is_none();
    let names = if all {
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
            Err(error) => match end_meanwhile(access, &name, &error).await.filter(|_| all) {
                Some(end) => report.kept.push((name, end)),
                None => report.failed.push((name, error)),
            },
        }
    }
    Ok(report)
}

/// The end of the session of who cannot be asked for a code of an MFA device now, where it lives: that one cannot be had without a
/// person is no failure of those who want everything as fresh as it gets.
async fn end_meanwhile(access: &Access, name: &IdentityName, error: &Report) -> Option<Timestamp> {
    if error.code().as_deref() != Some("atmos::auth::mfa_required") {
        return None;
    }
    let known = access.session.describe(name).await.ok()?;
    known.expiration.filter(|end| *end > access.host.now())
}
