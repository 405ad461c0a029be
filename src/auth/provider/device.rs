//! The device authorization grant (RFC 8628) at the OIDC service of a portal.
//!
//! Read [`authorize`]; [`Poll`] holds the rules of waiting. Row 5.

use std::time::Duration;

use aws_sdk_ssooidc::Client;
use aws_sdk_ssooidc::operation::create_token::{CreateTokenError, CreateTokenOutput};
use jiff::{SignedDuration, Timestamp};

use super::super::aws::client::Refusal;
use super::super::context::Context;
use super::super::creds::PortalToken;
use super::super::error::Error;
use super::browser;
use super::sso::Portal;
use crate::secret::{Expose, Secret};

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const REFRESH_GRANT: &str = "refresh_token";
const SCOPE: &str = "sso:account:access";
const CLIENT_NAME: &str = "atmos-auth";
/// What the service adds to the interval when it is asked too often.
const SLOW_DOWN: u64 = 5;
/// Lifetime of a device code whose answer does not say it.
const CODE_LIFETIME: u64 = 600;
/// Shortest poll interval, also where the answer has none.
const INTERVAL: u64 = 1;

/// A registered client.
struct Registration {
    id: String,
    secret: Secret,
    expires_at: Timestamp,
}

/// When to ask next, and when to give up. Seconds since the start of the wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Poll {
    interval: u64,
    deadline: u64,
}

impl Poll {
    pub(crate) fn new(interval: i32, expires_in: i32, timeout: Option<Duration>) -> Poll {
        let positive = |value: i32, default| u64::try_from(value).ok().filter(|value| *value > 0).unwrap_or(default);
        let deadline = positive(expires_in, CODE_LIFETIME);
        Poll {
            interval: positive(interval, INTERVAL),
            deadline: timeout.map_or(deadline, |timeout| deadline.min(timeout.as_secs().max(1))),
        }
    }

    /// RFC 8628: 5 seconds more, for this and all later requests.
    pub(crate) fn slow_down(&mut self) {
        self.interval += SLOW_DOWN;
    }

    /// How long to sleep before the next question; `None` when it would come after the deadline.
    pub(crate) fn next(&self, elapsed: Duration) -> Option<Duration> {
        let pause = Duration::from_secs(self.interval);
        (elapsed + pause <= Duration::from_secs(self.deadline)).then_some(pause)
    }
}

/// Signs the user in: shows the code, opens the page, waits.
///
/// # Errors
/// [`Error::TokenCreation`] when it was denied or ran out, [`Error::Unreachable`] without an answer.
pub(crate) async fn authorize(context: &Context, portal: &Portal) -> Result<PortalToken, Error> {
    let client = context.clients.oidc(&portal.region, portal.oidc_endpoint.as_deref())?;
    let registration = register(context, portal, &client).await?;
    let endpoint = portal.shown_oidc();
    let call = client
        .start_device_authorization()
        .client_id(&registration.id)
        .client_secret(registration.secret.expose_secret())
        .start_url(&portal.start_url)
        .send();
    let started = context
        .ask(&endpoint, call)
        .await
        .map_err(|error| failed(portal, "StartDeviceAuthorization", Refusal::new(&error)))?;
    let (Some(device_code), Some(user_code)) = (started.device_code(), started.user_code()) else {
        return Err(portal.creation("the answer to StartDeviceAuthorization has no code", HELP));
    };
    let device_code = Secret::from(device_code.to_owned());
    context.host.masker.register(&device_code);
    let url = started.verification_uri_complete().or_else(|| started.verification_uri()).unwrap_or_default();
    show(context, portal, url, user_code);
    let mut poll = Poll::new(started.interval(), started.expires_in(), context.options.timeout);
    let begun = tokio::time::Instant::now();
    // The wall clock decides in the end: a machine that slept must not go on with a dead code.
    let latest = context.host.now().saturating_add(seconds(poll.deadline)).unwrap_or(Timestamp::MAX);
    loop {
        let pause = poll.next(begun.elapsed()).filter(|_| context.host.now() < latest);
        let Some(pause) = pause else { return Err(portal.creation("timed out waiting for the sign-in", HELP)) };
        tokio::time::sleep(pause).await;
        let call = client
            .create_token()
            .client_id(&registration.id)
            .client_secret(registration.secret.expose_secret())
            .grant_type(DEVICE_GRANT)
            .device_code(device_code.expose_secret())
            .send();
        match context.ask(&endpoint, call).await {
            Ok(answer) => return token(context, portal, &answer, &registration, None),
            Err(error) => match error.as_service_error() {
                Some(CreateTokenError::AuthorizationPendingException(_)) => {}
                Some(CreateTokenError::SlowDownException(_)) => poll.slow_down(),
                Some(CreateTokenError::ExpiredTokenException(_)) => {
                    return Err(portal.creation("the code expired before the sign-in was approved", HELP));
                }
                Some(CreateTokenError::AccessDeniedException(_)) => {
                    return Err(portal.creation("the sign-in was denied", HELP));
                }
                _ => return Err(failed(portal, "CreateToken", Refusal::new(&error))),
            },
        }
    }
}

const HELP: &str = "try again with `atmos auth login`, and approve the request in the browser";

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
            };
            Ok(token(context, portal, &answer, &registration, old.refresh_token.clone()).ok())
        }
        Err(error) => {
            let refusal = Refusal::new(&error);
            if refusal.status.is_none() {
                return Err(failed(portal, "CreateToken", refusal));
            }
            tracing::debug!(provider = %portal.name, reason = refusal.text, "refresh token not accepted");
            Ok(None)
        }
    }
}

async fn register(context: &Context, portal: &Portal, client: &Client) -> Result<Registration, Error> {
    let call = client
        .register_client()
        .client_name(CLIENT_NAME)
        .client_type("public")
        .scopes(SCOPE)
        .grant_types(DEVICE_GRANT)
        .grant_types(REFRESH_GRANT)
        .send();
    let answer = context
        .ask(&portal.shown_oidc(), call)
        .await
        .map_err(|error| failed(portal, "RegisterClient", Refusal::new(&error)))?;
    let (Some(id), Some(secret)) = (answer.client_id(), answer.client_secret()) else {
        return Err(portal.creation("the answer to RegisterClient has no client", HELP));
    };
    let registration = Registration {
        id: id.to_owned(),
        secret: Secret::from(secret.to_owned()),
        expires_at: Timestamp::from_second(answer.client_secret_expires_at()).unwrap_or(Timestamp::MIN),
    };
    context.host.masker.register(&registration.secret);
    Ok(registration)
}

fn token(
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

fn show(context: &Context, portal: &Portal, url: &str, code: &str) {
    // Both came from the network: nothing in them may steer the terminal.
    let plain = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
    let (url, code) = (plain(url), plain(code));
    context.host.talk.attention(format!(
        "sign in to `{}`: open the address below and confirm that the code is the same\n  Verification URL: {url}\n  \
         Code: {code}",
        portal.name
    ));
    browser::open(&context.host, &url, context.options.no_browser);
}

fn failed(portal: &Portal, call: &str, refusal: Refusal) -> Error {
    if refusal.status.is_none() {
        return refusal.into_error(format!("{call} for provider `{}`", portal.name), portal.shown_oidc(), "");
    }
    portal.creation(&format!("{call}: {}", refusal.text), "check start_url and region of the provider")
}

fn seconds(count: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(count).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_follows_the_service() {
        let mut poll = Poll::new(2, 20, None);
        assert_eq!(poll.next(Duration::ZERO), Some(Duration::from_secs(2)));
        poll.slow_down();
        assert_eq!(poll.next(Duration::from_secs(2)), Some(Duration::from_secs(7)));
        poll.slow_down();
        assert_eq!(poll.next(Duration::from_secs(8)), Some(Duration::from_secs(12)));
        assert_eq!(poll.next(Duration::from_secs(9)), None);
    }

    #[test]
    fn odd_answers_get_sane_limits() {
        assert_eq!(Poll::new(0, 0, None), Poll { interval: 1, deadline: 600 });
        assert_eq!(Poll::new(-3, 30, Some(Duration::from_secs(10))), Poll { interval: 1, deadline: 10 });
    }
}
