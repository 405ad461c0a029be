//! `aws/iam-identity-center`: the access token of a portal.
//!
//! Read [`access_token`]: memory, encrypted cache, refresh, device authorization, with one attempt at a time per portal
//! in all processes. Row 5.

use std::time::Instant;

use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use super::super::aws::client::shown_endpoint;
use super::super::aws::endpoint::Service;
use super::super::config::{Provider, Spec};
use super::super::context::Context;
use super::super::creds::PortalToken;
use super::super::error::Error;
use super::super::record::{token_from_bytes, token_to_bytes};
use super::device;
use crate::secret::{Expose, Secret};
use crate::value::{DurationForm, hex, parse_duration};

/// A token with less left is renewed.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// Lifetime of a token where neither the answer nor the provider says it.
const LIFETIME: SignedDuration = SignedDuration::from_hours(1);
/// How long a sign-out may take.
const LOGOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// What is needed to get a token.
#[derive(Debug, Clone)]
pub(crate) struct Portal {
    pub(crate) name: String,
    pub(crate) start_url: String,
    pub(crate) region: String,
    pub(crate) oidc_endpoint: Option<String>,
    /// Where requests with the token go.
    sso_endpoint: Option<String>,
    pub(crate) fallback_lifetime: SignedDuration,
    spec: Spec,
}

impl Portal {
    /// From a checked provider of kind `aws/iam-identity-center`.
    pub(crate) fn new(context: &Context, provider: &Provider) -> Result<Portal, Error> {
        let talk = &context.host.talk;
        let configured = provider.session_duration.as_deref().and_then(|text| parse_duration(text, DurationForm::Go));
        Ok(Portal {
            name: provider.name.as_str().to_owned(),
            start_url: provider.start_url.as_ref().map(|(url, _)| url.clone()).unwrap_or_default(),
            region: provider.region.clone().unwrap_or_default(),
            oidc_endpoint: context.endpoints.resolve(Service::SsoOidc, None, Some(&provider.spec), talk)?,
            sso_endpoint: context.endpoints.resolve(Service::Sso, None, Some(&provider.spec), talk)?,
            fallback_lifetime: configured.and_then(|given| SignedDuration::try_from(given).ok()).unwrap_or(LIFETIME),
            spec: provider.spec.clone(),
        })
    }

    /// The portal as an identity reaches it: its own endpoint beats the provider's.
    pub(crate) fn for_identity(mut self, context: &Context, identity: &Spec) -> Result<Portal, Error> {
        self.sso_endpoint = self.endpoint(context, Some(identity))?;
        Ok(self)
    }

    /// Providers with the same portal share its token. The endpoints belong to the key: a configuration that sends
    /// requests elsewhere must never get a token that was issued for the real place.
    pub(crate) fn key(&self) -> String {
        let endpoint = |endpoint: &Option<String>| endpoint.clone().unwrap_or_default();
        let (oidc, sso) = (endpoint(&self.oidc_endpoint), endpoint(&self.sso_endpoint));
        hex(&Sha256::digest(format!("{}|{}|{oidc}|{sso}", self.start_url, self.region)))
    }

    /// Name of the token in the cache.
    pub(crate) fn cache_name(&self) -> String {
        format!("portal/{}", self.key())
    }

    /// Endpoint for calls with the token, for an identity or for the provider itself.
    pub(crate) fn endpoint(&self, context: &Context, identity: Option<&Spec>) -> Result<Option<String>, Error> {
        context.endpoints.resolve(Service::Sso, identity, Some(&self.spec), &context.host.talk)
    }

    /// Where sign-ins are asked for, for people.
    pub(crate) fn shown_oidc(&self) -> String {
        shown_endpoint(Service::SsoOidc, &self.region, self.oidc_endpoint.as_deref())
    }

    pub(crate) fn creation(&self, reason: &str, help: &str) -> Error {
        Error::TokenCreation { provider: self.name.clone(), reason: reason.to_owned(), help: help.to_owned() }
    }
}

/// The access token of a portal. `rejected` is one that the portal did not accept: it is not used again.
///
/// # Errors
/// Nobody there to sign in (exit 2), sign-in denied or run out, service unreachable.
pub(crate) async fn access_token(
    context: &Context,
    portal: &Portal,
    rejected: Option<&Secret>,
) -> Result<PortalToken, Error> {
    let since = Instant::now();
    let mut flight = context.tokens.enter(&portal.key()).await;
    if let Some(token) = flight.value.as_ref().filter(|token| is_usable(context, token, rejected)) {
        return Ok(token.clone());
    }
    if let Some(error) = flight.failed_since(since) {
        return Err(error);
    }
    let first = flight.value.is_none();
    let result = obtain(context, portal, rejected, context.options.force && first).await;
    flight.land(result)
}

async fn obtain(
    context: &Context,
    portal: &Portal,
    rejected: Option<&Secret>,
    force: bool,
) -> Result<PortalToken, Error> {
    if let Some(token) = cached(context, portal).await?
        && !force
        && is_usable(context, &token, rejected)
    {
        return Ok(token);
    }
    let work = format!("signs in to `{}`", portal.name);
    let _lock = context.lock(&portal.cache_name(), &work).await?;
    // Whoever held the lock may have signed in meanwhile.
    let old = cached(context, portal).await?;
    if let Some(token) = &old
        && !force
        && is_usable(context, token, rejected)
    {
        return Ok(token.clone());
    }
    context.prepare().await?;
    let refreshed = match old.as_ref().filter(|_| !force) {
        Some(old) => device::refresh(context, portal, old).await?,
        None => None,
    };
    let token = match refreshed {
        Some(token) => token,
        None if context.may_ask() => device::authorize(context, portal).await?,
        None => return Err(needs_terminal(context, portal)),
    };
    context.store(&portal.cache_name(), token_to_bytes(&token)).await?;
    Ok(token)
}

/// The token in the cache, expired or not, if it belongs to this portal.
pub(crate) async fn cached(context: &Context, portal: &Portal) -> Result<Option<PortalToken>, Error> {
    let Some(bytes) = context.load(&portal.cache_name()).await? else { return Ok(None) };
    let token =
        token_from_bytes(&bytes).filter(|token| token.start_url == portal.start_url && token.region == portal.region);
    if let Some(token) = &token {
        context.mask_token(token);
    }
    Ok(token)
}

fn is_usable(context: &Context, token: &PortalToken, rejected: Option<&Secret>) -> bool {
    let live = context.host.now().saturating_add(MARGIN).is_ok_and(|soon| soon < token.expires_at);
    live && rejected.is_none_or(|rejected| rejected.expose_secret() != token.access_token.expose_secret())
}

fn needs_terminal(context: &Context, portal: &Portal) -> Error {
    let login = format!("atmos auth login --provider {}", portal.name);
    let provider = portal.name.clone();
    if context.host.terminal.can_show_device_code() {
        return Error::NotSignedIn { provider, login };
    }
    let help = format!("run `{login}` in a terminal, or set ATMOS_FORCE_TTY=true if somebody reads this output");
    Error::NeedsTerminal { provider, help }
}

/// Ends the session at the portal and forgets the token. `Ok(None)`: there was none; `Ok(Some(signed_out))` says
/// whether the portal confirmed.
pub(crate) async fn forget(context: &Context, portal: &Portal) -> Result<Option<bool>, Error> {
    let mut flight = context.tokens.enter(&portal.key()).await;
    let stored = match cached(context, portal).await {
        // It cannot be told to the portal, but it can be removed.
        Err(error) if error.is_locked() => None,
        other => other?,
    };
    let token = stored.or_else(|| flight.value.take());
    flight.value = None;
    let Some(token) = token else {
        // A record of another version or portal still goes.
        return Ok(context.remove(&portal.cache_name()).await?.then_some(false));
    };
    let signed_out = sign_out(context, portal, &token).await;
    context.remove(&portal.cache_name()).await?;
    Ok(Some(signed_out))
}

/// Best effort: the token is removed whatever the portal says.
async fn sign_out(context: &Context, portal: &Portal, token: &PortalToken) -> bool {
    let Ok(endpoint) = portal.endpoint(context, None) else { return false };
    let Ok(client) = context.clients.sso(&portal.region, endpoint.as_deref()) else { return false };
    let call = client.logout().access_token(token.access_token.expose_secret()).send();
    matches!(tokio::time::timeout(LOGOUT, call).await, Ok(Ok(_)))
}
