//! The device authorization grant (RFC 8628) at the OIDC service of a portal.
//!
//! Read [`authorize`]; [`Poll`] holds the rules of waiting. Row 5.

use std::time::Duration;

use aws_sdk_ssooidc::operation::create_token::CreateTokenError;
use jiff::Timestamp;

use super::super::aws::refusal::Refusal;
use super::super::context::Context;
use super::super::creds::PortalToken;
use super::super::error::Error;
use super::browser;
use super::grant::{self, HELP, failed, plain, seconds, token};
use super::portal::Portal;
use crate::secret::{Expose, Secret};

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// What the service adds to the interval when it is asked too often.
const SLOW_DOWN: u64 = 5;
/// Lifetime of a device code whose answer does not say it.
const CODE_LIFETIME: u64 = 600;
/// Shortest poll interval, also where the answer has none.
const INTERVAL: u64 = 1;

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
    let registration = grant::register(context, portal, &client, DEVICE_GRANT, None)
        .await
        .map_err(|refusal| failed(portal, "RegisterClient", refusal))?;
    let registration = registration.ok_or_else(|| grant::no_client(portal))?;
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

fn show(context: &Context, portal: &Portal, url: &str, code: &str) {
    let (url, code) = (plain(url), plain(code));
    context.host.talk.attention(format!(
        "sign in to `{}`: open the address below and confirm that the code is the same\n  Verification URL: {url}\n  \
         Code: {code}",
        portal.name
    ));
    browser::open(&context.host, &url, context.options.no_browser);
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
