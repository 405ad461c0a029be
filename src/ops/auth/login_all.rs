//! `atmos auth login --all`: every identity, with one sign-in for each portal.

use std::collections::BTreeSet;

use tokio::task::JoinSet;

use super::super::access::Access;
use super::login::{LoginReport, identities_tagged, identity_login, outside_only, provision, warn_unless_kept};
use crate::auth::kind::{IdentityKind, ProviderKind};
use crate::auth::resolution::Source;
use crate::auth::{IdentityName, ProviderName};
use crate::diag::{Report, Result};

/// Identities that are authenticated at once.
const ABREAST: usize = 8;

/// Which identities.
#[derive(Debug, Clone, Default)]
pub struct LoginAllRequest {
    /// Only those that come from this provider.
    pub provider: Option<String>,
    /// Only those that carry one of the tags.
    pub tags: Vec<String>,
    /// As [`super::LoginRequest::refresh`].
    pub refresh: bool,
}

/// What became of each, by name.
#[derive(Debug, Default)]
pub struct LoginAllReport {
    pub done: Vec<LoginReport>,
    pub failed: Vec<(IdentityName, Report)>,
    /// Not tried, since nobody is signed in at their portal: identity and provider.
    pub skipped: Vec<(IdentityName, String)>,
    /// Those that have no credentials of their own.
    pub unmanaged: Vec<IdentityName>,
    /// Sign-ins that failed, by provider.
    pub portals: Vec<(String, Report)>,
}

/// Signs in at every portal once, then authenticates all identities side by side. One that fails keeps no other from its
/// turn.
///
/// # Errors
/// Unknown provider or tag, or a child of a run.
pub async fn login_all(access: &Access, request: &LoginAllRequest) -> Result<LoginAllReport> {
    outside_only(access, "login")?;
    let mut report = LoginAllReport::default();
    let mut groups: Vec<(Option<String>, Vec<IdentityName>)> = Vec::new();
    for name in wanted(access, request)? {
        let kind = access.settings.identities.get(&name).map(|identity| &identity.kind);
        if kind.is_some_and(|kind| *kind == IdentityKind::Ambient) {
            report.unmanaged.push(name);
            continue;
        }
        let root = match access.session.chain(&name) {
            Ok(chain) => chain.provider.map(|provider| provider.name.to_string()),
            Err(error) => {
                report.failed.push((name, error.into()));
                continue;
            }
        };
        match groups.iter_mut().find(|(known, _)| *known == root) {
            Some((_, names)) => names.push(name),
            None => groups.push((root, vec![name])),
        }
    }
    for (root, names) in groups {
        if let Some(root) = &root
            && let Err(error) = sign_in(access, root).await
        {
            report.portals.push((root.clone(), error));
            report.skipped.extend(names.into_iter().map(|name| (name, root.clone())));
            continue;
        }
        for group in names.chunks(ABREAST) {
            authenticate(access, group, &mut report).await?;
        }
        if let Some(root) = &root {
            provision(access, root, request.refresh).await;
        }
    }
    report.done.sort_by(|a, b| a.identity.cmp(&b.identity));
    report.failed.sort_by(|a, b| a.0.cmp(&b.0));
    if !report.done.is_empty() {
        warn_unless_kept(access);
    }
    Ok(report)
}

fn wanted(access: &Access, request: &LoginAllRequest) -> Result<Vec<IdentityName>> {
    let settings = &access.settings;
    let mut names: Vec<IdentityName> = if request.tags.is_empty() {
        settings.identities.keys().cloned().collect()
    } else {
        identities_tagged(access, &request.tags)?
    };
    names.sort();
    let Some(provider) = &request.provider else { return Ok(names) };
    let Some(provider) = settings.provider(provider) else {
        return Err(crate::auth::Error::provider_not_found(settings, provider).into());
    };
    names.retain(|name| access.session.chain(name).is_ok_and(|chain| chain.root() == provider.name.as_str()));
    Ok(names)
}

async fn sign_in(access: &Access, provider: &str) -> Result<()> {
    let known = access.settings.provider(provider);
    if known.is_some_and(|known| known.kind == ProviderKind::IdentityCenter) {
        access.session.login_provider(&ProviderName::from(provider)).await?;
    }
    Ok(())
}

async fn authenticate(access: &Access, names: &[IdentityName], report: &mut LoginAllReport) -> Result<()> {
    let mut turns = JoinSet::new();
    for name in names {
        let (access, name) = (access.clone(), name.clone());
        turns.spawn(async move { (identity_login(&access, (&name, Source::Flag)).await, name) });
    }
    let before = report.failed.len();
    let mut lost = BTreeSet::new();
    while let Some(turn) = turns.join_next().await {
        match turn {
            Ok((Ok(done), _)) => report.done.push(done),
            Ok((Err(error), name)) => report.failed.push((name, error)),
            Err(error) => drop(lost.insert(error.to_string())),
        }
    }
    if let Some(reason) = lost.pop_first() {
        return Err(crate::auth::Error::Worker { reason }.into());
    }
    report.failed[before..].sort_by(|a, b| a.0.cmp(&b.0));
    Ok(())
}

impl LoginAllReport {
    /// 130 when the user left, 2 when somebody has to sign in, 1 when something else failed.
    pub fn exit_code(&self) -> u8 {
        let failures = self.portals.iter().map(|(_, error)| error).chain(self.failed.iter().map(|(_, error)| error));
        failures.map(crate::diag::Report::exit_code).max().unwrap_or(0)
    }
}
