//! `aws/iam-identity-center`: the access token of a portal.
//!
//! Read [`access_token`]: memory, encrypted cache, refresh, sign-in by browser or by device code, with one attempt at a time
//! per portal in all processes. [`with_token`] is how calls to the portal are made. Row 5.

use std::time::Instant;

use jiff::SignedDuration;

use super::super::aws::refusal::Refusal;
use super::super::context::Context;
use super::super::creds::PortalToken;
use super::super::error::Error;
use super::super::index;
use super::super::record::{IndexEntry, token_from_bytes, token_to_bytes};
use super::portal::Portal;
use super::{browser, code, device, grant};
use crate::secret::{Expose, Secret};

/// A token with less left is renewed.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// Status of a portal that does not accept the token.
const UNAUTHORIZED: u16 = 401;
/// How long a sign-out may take.
const LOGOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// Which token is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted<'a> {
    /// Any that lives long enough.
    Live,
    /// Another one than this, which the portal rejected: refreshed, or of a new sign-in.
    InsteadOf(&'a Secret),
    /// The same, but a refreshed one has been rejected already.
    SignedInInsteadOf(&'a Secret),
}

impl Wanted<'_> {
    fn rejected(&self) -> Option<&Secret> {
        match self {
            Wanted::Live => None,
            Wanted::InsteadOf(token) | Wanted::SignedInInsteadOf(token) => Some(token),
        }
    }
}

/// A call to the portal that failed.
pub(crate) enum Failure {
    /// The token is not accepted.
    Token(Error),
    Other(Error),
}

impl Failure {
    /// What a refusal means: 401 is about the token.
    pub(crate) fn of(refusal: Refusal, what: String, endpoint: String, help: &str) -> Failure {
        let unauthorized =
            refusal.status == Some(UNAUTHORIZED) || refusal.code.as_deref() == Some("UnauthorizedException");
        let token = refusal.is_no() && unauthorized;
        let error = refusal.into_error(what, endpoint, help);
        if token { Failure::Token(error) } else { Failure::Other(error) }
    }
}

/// Makes a call with the token of a portal. A token that the portal rejects is refreshed, and if that does not help, the
/// user signs in, both once.
///
/// # Errors
/// As [`access_token`] and the call.
pub(crate) async fn with_token<T, F>(
    context: &Context,
    portal: &Portal,
    call: impl Fn(PortalToken) -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, Failure>>,
{
    let mut token = access_token(context, portal, Wanted::Live).await?;
    let steps: [for<'a> fn(&'a Secret) -> Wanted<'a>; 2] =
        [|token| Wanted::InsteadOf(token), |token| Wanted::SignedInInsteadOf(token)];
    for step in steps {
        let refused = match call(token.clone()).await {
            Ok(value) => return Ok(value),
            Err(Failure::Other(error)) => return Err(error),
            Err(Failure::Token(error)) => error,
        };
        let next = access_token(context, portal, step(&token.access_token)).await;
        token = match next {
            Ok(token) => token,
            // There is no better token to be had: what the portal said counts.
            Err(_) if context.has_signed_in(&portal.key()) => return Err(refused),
            Err(error) => return Err(error),
        };
    }
    call(token).await.map_err(|failure| match failure {
        Failure::Token(error) | Failure::Other(error) => error,
    })
}

/// The access token of a portal.
///
/// # Errors
/// Nobody there to sign in (exit 2), sign-in denied or run out, service unreachable.
pub(crate) async fn access_token(context: &Context, portal: &Portal, wanted: Wanted<'_>) -> Result<PortalToken, Error> {
    let since = Instant::now();
    let mut flight = context.tokens.enter(&portal.key()).await;
    if let Some(token) = flight.value.as_ref().filter(|token| is_usable(context, token, wanted.rejected())) {
        return Ok(token.clone());
    }
    if let Some(error) = flight.failed_since(since) {
        return Err(error);
    }
    let first = flight.value.is_none();
    let result = obtain(context, portal, wanted, context.options.force && first).await;
    flight.land(result)
}

async fn obtain(context: &Context, portal: &Portal, wanted: Wanted<'_>, force: bool) -> Result<PortalToken, Error> {
    let rejected = wanted.rejected();
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
    let may_refresh = !force && !matches!(wanted, Wanted::SignedInInsteadOf(_));
    let refreshed = match old.as_ref().filter(|_| may_refresh) {
        Some(old) => grant::refresh(context, portal, old).await?,
        None => None,
    };
    let token = match refreshed {
        Some(token) => token,
        // Of this very process: another sign-in would give the same.
        None if rejected.is_some() && context.has_signed_in(&portal.key()) => {
            return Err(portal.creation("the portal does not accept the sign-in that was just made", grant::HELP));
        }
        None if context.may_ask() => context.ask_once(&portal.cache_name(), Box::pin(sign_in(context, portal))).await?,
        None => return Err(needs_terminal(context, portal)),
    };
    context.store(&portal.cache_name(), token_to_bytes(&token)).await?;
    let (root, fingerprint, endpoint) = (portal.name.clone(), portal.cache_name(), portal.endpoint(context, None)?);
    index::add(context, IndexEntry { root, identity: String::new(), fingerprint, endpoint }).await?;
    Ok(token)
}

/// By the browser of this machine where there is one, else by a code that any browser confirms.
async fn sign_in(context: &Context, portal: &Portal) -> Result<PortalToken, Error> {
    let by_browser = if browser::is_expected(&context.host, context.options.no_browser) {
        code::authorize(context, portal).await?
    } else {
        None
    };
    let token = match by_browser {
        Some(token) => token,
        None => device::authorize(context, portal).await?,
    };
    context.note_sign_in(portal.key());
    Ok(token)
}

/// The token in the cache, expired or not, if it belongs to this portal.
pub(crate) async fn cached(context: &Context, portal: &Portal) -> Result<Option<PortalToken>, Error> {
    let mut bytes = context.load(&portal.cache_name()).await?;
    if let (None, Some(former)) = (&bytes, portal.former_cache_name()) {
        bytes = context.load(&former).await?;
    }
    let token = bytes.and_then(|bytes| token_from_bytes(&bytes)).filter(|token| portal.gave(token));
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
    let login = format!("atmos auth login --provider {}", crate::diag::hint::word(&portal.name));
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

/// The same of a portal that the configuration does not know, or not so any more.
pub(crate) async fn forget_former(context: &Context, entry: &IndexEntry) -> Result<Option<bool>, Error> {
    let token = match context.load(&entry.fingerprint).await {
        Err(error) if error.is_locked() => None,
        other => other?.and_then(|bytes| token_from_bytes(&bytes)),
    };
    let signed_out = match &token {
        Some(token) => {
            context.mask_token(token);
            sign_out_at(context, &token.region, entry.endpoint.as_deref(), token).await
        }
        None => false,
    };
    Ok(context.remove(&entry.fingerprint).await?.then_some(signed_out))
}

/// Best effort: the token is removed whatever the portal says.
async fn sign_out(context: &Context, portal: &Portal, token: &PortalToken) -> bool {
    let Ok(endpoint) = portal.endpoint(context, None) else { return false };
    sign_out_at(context, &portal.region, endpoint.as_deref(), token).await
}

async fn sign_out_at(context: &Context, region: &str, endpoint: Option<&str>, token: &PortalToken) -> bool {
    let Ok(client) = context.clients.sso(region, endpoint) else { return false };
    let call = client.logout().access_token(token.access_token.expose_secret()).send();
    matches!(tokio::time::timeout(LOGOUT, call).await, Ok(Ok(_)))
}
