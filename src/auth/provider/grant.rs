//! What both ways to a portal token have in common: the registration of a client, refresh, and the token of an answer.
//! Row 5.

use aws_sdk_ssooidc::Client;
use aws_sdk_ssooidc::operation::create_token::CreateTokenOutput;
use jiff::{SignedDuration, Timestamp};

use super::super::aws::refusal::Refusal;
use super::super::context::Context;
use super::super::creds::PortalToken;
use super::super::error::Error;
use super::portal::Portal;
use crate::secret::{Expose, Secret};

const REFRESH_GRANT: &str = "refresh_token";
pub(crate) const SCOPE: &str = "sso:account:access";
const CLIENT_NAME: &str = "atmos-auth";
pub(crate) const HELP: &str = "try again with `atmos auth login`, and approve the request in the browser";

/// A registered client.
pub(crate) struct Registration {
    pub(crate) id: String,
    pub(crate) secret: Secret,
    expires_at: Timestamp,
    /// Where the user is sent, if the service says it.
    pub(crate) authorization_endpoint: Option<String>,
}

/// Exchanges the refresh token of an earlier sign-in. `None` when the service does not accept it or there is none:
/// then only a new sign-in helps.
///
/// # Errors
/// [`Error::Unreachable`]: a new sign-in would not get further.
pub(crate) async fn refresh(
    context: &Context,
    portal: &Portal,
    old: &PortalToken,
) -> Result<Option<PortalToken>, Error> {
    let Some(refresh_token) = &old.refresh_token else { return Ok(None) };
    if old.client_id.is_empty() || old.registration_expires_at <= context.host.now() {
        return Ok(None);
    }
    let client = context.clients.oidc(&portal.region, portal.oidc_endpoint.as_deref())?;
    let call = client
        .create_token()
        .client_id(&old.client_id)
        .client_secret(old.client_secret.expose_secret())
        .grant_type(REFRESH_GRANT)
        .refresh_token(refresh_token.expose_secret())
        .send();
    match context.ask(&portal.shown_oidc(), call).await {
        Ok(answer) => {
            let registration = Registration {
                id: old.client_id.clone(),
                secret: old.client_secret.clone(),
                expires_at: old.registration_expires_at,
                authorization_endpoint: None,
            };
            Ok(token(context, portal, &answer, &registration, old.refresh_token.clone()).ok())
        }
        Err(error) => {
            let refusal = Refusal::new(&error);
            if !refusal.is_of_service() {
                return Err(failed(portal, "CreateToken", refusal));
            }
            tracing::debug!(provider = %portal.name, reason = refusal.text, "refresh token not accepted");
            Ok(None)
        }
    }
}

/// Registers a client for one kind of grant, and for refreshing its tokens. `redirect` is where the browser comes back to.
/// `Ok(None)`: the answer has no client.
pub(crate) async fn register(
    context: &Context,
    portal: &Portal,
    client: &Client,
    kind: &str,
    redirect: Option<&str>,
) -> Result<Option<Registration>, Refusal> {
    let mut call = client
        .register_client()
        .client_name(CLIENT_NAME)
        .client_type("public")
        .scopes(SCOPE)
        .grant_types(kind)
        .grant_types(REFRESH_GRANT);
    if let Some(redirect) = redirect {
        call = call.redirect_uris(redirect).issuer_url(&portal.start_url);
    }
    let answer = context.ask(&portal.shown_oidc(), call.send()).await.map_err(|error| Refusal::new(&error))?;
    let (Some(id), Some(secret)) = (answer.client_id(), answer.client_secret()) else { return Ok(None) };
    let registration = Registration {
        id: id.to_owned(),
        secret: Secret::from(secret.to_owned()),
        expires_at: Timestamp::from_second(answer.client_secret_expires_at()).unwrap_or(Timestamp::MIN),
        authorization_endpoint: answer.authorization_endpoint().map(str::to_owned),
    };
    context.host.masker.register(&registration.secret);
    Ok(Some(registration))
}

pub(crate) fn no_client(portal: &Portal) -> Error {
    portal.creation("the answer to RegisterClient has no client", HELP)
}

/// The token of an answer.
///
/// # Errors
/// [`Error::TokenCreation`]: there is none in it.
pub(crate) fn token(
    context: &Context,
    portal: &Portal,
    answer: &CreateTokenOutput,
    registration: &Registration,
    old_refresh: Option<Secret>,
) -> Result<PortalToken, Error> {
    let Some(access_token) = answer.access_token() else {
        return Err(portal.creation("the answer to CreateToken has no token", HELP));
    };
    let lifetime = match u64::try_from(answer.expires_in()) {
        Ok(lifetime) if lifetime > 0 => seconds(lifetime),
        _ => portal.fallback_lifetime,
    };
    let token = PortalToken {
        access_token: Secret::from(access_token.to_owned()),
        expires_at: context.host.now().saturating_add(lifetime).unwrap_or(Timestamp::MAX),
        // A service that rotates sends a new one; one that does not leaves the old one valid.
        refresh_token: answer.refresh_token().map(|token| Secret::from(token.to_owned())).or(old_refresh),
        client_id: registration.id.clone(),
        client_secret: registration.secret.clone(),
        registration_expires_at: registration.expires_at,
        start_url: portal.start_url.clone(),
        region: portal.region.clone(),
    };
    context.mask_token(&token);
    Ok(token)
}

/// The error of a call that failed.
pub(crate) fn failed(portal: &Portal, call: &str, refusal: Refusal) -> Error {
    if !refusal.is_of_service() {
        return refusal.into_error(format!("{call} for provider `{}`", portal.name), portal.shown_oidc(), "");
    }
    portal.creation(&format!("{call}: {}", refusal.text), "check start_url and region of the provider")
}

pub(crate) fn seconds(count: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Text of the network: nothing in it may steer the terminal.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
