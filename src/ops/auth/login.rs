//! `atmos auth login`

use jiff::Timestamp;

use super::super::access::Access;
use super::super::audit::{self, Event};
use super::super::child::unchosen_by_user;
use super::super::identity::Choice;
use super::integrations;
use crate::auth::resolution::{Flag, Source};
use crate::auth::{Error, IdentityName, ProviderName};
use crate::diag::{Failure, Report, Result, Warning};

#[derive(Debug, Clone, Default)]
pub struct LoginRequest {
    pub identity: Flag,
    /// `--provider`: the provider alone.
    pub provider: Option<String>,
    /// `--tags`: the identity that carries one of them.
    pub tags: Vec<String>,
    /// `--refresh`: ask the portal what it offers, however young the list is.
    pub refresh: bool,
}

/// What was reached. Rows without a value are left out when it is printed.
#[derive(Debug, Clone)]
pub struct LoginReport {
    /// Realm and its source; `None` for a provider login.
    pub realm: Option<(String, &'static str)>,
    pub provider: String,
    pub identity: Option<String>,
    /// Root to target, when there is more than one step behind the identity.
    pub chain: Vec<String>,
    pub account: Option<String>,
    pub region: Option<String>,
    pub expires: Option<Timestamp>,
}

/// Authenticates an identity, or a provider alone.
pub async fn login(access: &Access, request: &LoginRequest) -> Result<LoginReport> {
    outside_only(access, "login")?;
    let report = authenticate(access, request).await?;
    provision(access, &report.provider, request.refresh).await;
    warn_unless_kept(access);
    Ok(report)
}

/// Says that the login ends with this process, where it does and nobody has said so.
pub(super) fn warn_unless_kept(access: &Access) {
    let store = access.cache.store();
    if !store.is_persistent() && !store.is_lost() {
        let message = "nothing of this login is kept: with a keyring of type memory it ends with this process";
        let warning = Warning::new("atmos::auth::login_not_kept", message);
        access.host.talk.warn(warning.help("set ATMOS_KEYRING_TYPE=file and a password to stay logged in"));
    }
}

/// Writes down what the portal of a provider offers, where the provider wants that. Never stands in the way of a login.
pub(super) async fn provision(access: &Access, provider: &str, again: bool) {
    let talk = &access.host.talk;
    match access.session.provision(&ProviderName::from(provider), again).await {
        // A root that is no provider offers nothing.
        Ok(None) | Err(Error::ProviderNotFound { .. }) => {}
        Ok(Some(found)) => {
            let count = |names: &[String], word: &str| match names {
                [] => String::new(),
                names => format!(", {} {word}", names.len()),
            };
            let changes = format!("{}{}", count(&found.added, "new"), count(&found.removed, "gone"));
            let identities = found.identities.len();
            talk.info(format!("provider {provider}: {identities} identities in {} accounts{changes}", found.accounts));
        }
        Err(error) => {
            let message = format!("the identities that provider `{provider}` offers are not written down: {error}");
            talk.warn(
                Warning::new("atmos::auth::not_provisioned", message).help("`atmos auth login --refresh` tries again"),
            );
        }
    }
}

async fn authenticate(access: &Access, request: &LoginRequest) -> Result<LoginReport> {
    if let Some(provider) = &request.provider {
        return provider_login(access, provider).await;
    }
    if !request.tags.is_empty() && request.identity == Flag::NotGiven {
        let name = tagged(access, &request.tags)?;
        return identity_login(access, (&name, Source::Flag)).await;
    }
    match access.command_identity(&request.identity) {
        Ok(Choice::Identity { name, source }) => identity_login(access, (&name, source)).await,
        Ok(Choice::Disabled(_)) => Err(Error::Disabled.into()),
        Ok(Choice::None) => only_provider(access, None).await,
        Err(report) if is_no_default(&report) => only_provider(access, Some(report)).await,
        Err(report) => Err(unchosen_by_user(access, "login", &request.identity, report)?),
    }
}

/// Refuses a command that works on the keyring and what lies under its key: none of it is in reach of a run's children.
///
/// # Errors
/// This process is a child of a run.
pub fn outside_only(access: &Access, command: &'static str) -> Result<()> {
    if access.parent.is_some() { Err(LoginError::InsideRun { command }.into()) } else { Ok(()) }
}

fn is_no_default(report: &Report) -> bool {
    report.code().as_deref() == Some("atmos::auth::no_default")
}

/// The identity that carries one of the tags; at a terminal the user picks one of several.
fn tagged(access: &Access, tags: &[String]) -> Result<IdentityName> {
    let mut names = identities_tagged(access, tags)?;
    if names.len() == 1 { Ok(names.remove(0)) } else { access.pick(names) }
}

/// All identities that carry one of the tags, by name.
pub(super) fn identities_tagged(access: &Access, tags: &[String]) -> Result<Vec<IdentityName>> {
    let names: Vec<_> = access.settings.identities_tagged(tags).iter().map(|known| known.name.clone()).collect();
    if !names.is_empty() {
        return Ok(names);
    }
    let mut known: Vec<&str> =
        access.settings.identities.values().flat_map(|identity| identity.tags.iter().map(String::as_str)).collect();
    known.sort_unstable();
    known.dedup();
    let known =
        if known.is_empty() { "no identity has one".to_owned() } else { format!("known: {}", known.join(", ")) };
    Err(LoginError::NoSuchTag { tags: tags.join(", "), known }.into())
}

/// `source`: who chose the identity, which tells whether anything may follow.
pub(super) async fn identity_login(access: &Access, (name, source): (&IdentityName, Source)) -> Result<LoginReport> {
    super::super::legacy::notice(access);
    let credentials = access.session.given(name).await?;
    let known = access.session.describe(name).await?;
    let event = Event {
        identity: Some(name.to_string()),
        chain: known.chain.clone(),
        account: known.account.clone(),
        expiration: credentials.expiration().map(|expiration| expiration.to_string()),
        ..access.event("login")
    };
    audit::record(access, &access.settings, &event)?;
    Box::pin(integrations::after_login(access, (name, source), &credentials)).await;
    Ok(LoginReport {
        realm: Some((access.realm.as_str().to_owned(), access.realm.source().as_str())),
        provider: known.provider,
        identity: Some(known.identity.to_string()),
        chain: known.chain,
        account: known.account,
        region: credentials.region().map(str::to_owned).or(known.region),
        expires: credentials.expiration(),
    })
}

async fn provider_login(access: &Access, wanted: &str) -> Result<LoginReport> {
    let name = access.settings.provider(wanted).map_or_else(|| ProviderName::from(wanted), |known| known.name.clone());
    let expires = access.session.login_provider(&name).await?;
    let region = access.settings.provider(wanted).and_then(|known| known.region.clone());
    let provider = name.to_string();
    Ok(LoginReport { realm: None, provider, identity: None, chain: Vec::new(), account: None, region, expires })
}

/// Without any identity to log in as: the default provider, or the only one.
async fn only_provider(access: &Access, why: Option<Report>) -> Result<LoginReport> {
    let mut providers: Vec<_> = access.settings.providers.values().collect();
    // Identities that merely lack a default are the better advice.
    if let Some(report) = why.filter(|_| !access.settings.identities.is_empty() && providers.len() != 1) {
        return Err(report);
    }
    if let Some(default) = providers.iter().find(|provider| provider.default) {
        return provider_login(access, default.name.clone().as_str()).await;
    }
    providers.sort_by(|a, b| a.name.cmp(&b.name));
    match providers.as_slice() {
        [] => Err(LoginError::NoProviders.into()),
        [only] => provider_login(access, only.name.as_str()).await,
        several => {
            let names: Vec<&str> = several.iter().map(|provider| provider.name.as_str()).collect();
            Err(LoginError::SeveralProviders { names: names.join(", ") }.into())
        }
    }
}

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
enum LoginError {
    #[error(
        "`auth {command}` does nothing inside a run: the run around this command gives the credentials (ATMOS_RUN_SOCKET)"
    )]
    #[diagnostic(
        code(atmos::auth::inside_run),
        help("do it outside of the run, in a terminal of your own; in here `atmos auth whoami` says who you are")
    )]
    InsideRun { command: &'static str },

    #[error("no identity has the tag {tags}")]
    #[diagnostic(code(atmos::auth::no_such_tag), help("{known}"))]
    NoSuchTag { tags: String, known: String },

    #[error("no providers available")]
    #[diagnostic(code(atmos::auth::no_providers), help("configure one below `auth.providers` in atmos.yaml"))]
    NoProviders,

    #[error("several providers are configured: {names}")]
    #[diagnostic(code(atmos::auth::several_providers), help("use --provider to name one"))]
    SeveralProviders { names: String },
}

impl Failure for LoginError {}
