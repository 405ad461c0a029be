//! The one way of kinds to ask a cloud over the network. Row 5.

use std::time::Duration;

use jiff::Timestamp;

use super::super::aws::endpoint::{check_url, is_loopback};
use super::super::error::Error as AuthError;
use super::error::Error;
use super::module::{Entry, Step};
use super::setting::Setting;
use crate::cloud::{Desk, Trouble};
use crate::secret::without_userinfo;

/// A service that gives a token does so soon, all attempts together.
const PATIENCE: Duration = Duration::from_secs(30);

/// What to do about who answers with something that is no answer.
pub(super) const BROKEN: &str = "try again later: the service may be out of order; where that lasts, check the address that is asked and \
                                 the proxy variables: something else may answer there";

pub(super) const ENDPOINT: Setting = Setting::text("spec.endpoint_url", "Address in place of all public ones");

/// When a token ends that lives for so many seconds. What is over already is none.
pub(super) fn end(step: &Step<'_>, seconds: i64) -> Result<Timestamp, AuthError> {
    let now = step.context.host.now();
    if seconds <= 0 {
        let reason = format!("what was given is over already, and it is {now:.0} here");
        let help = "set the clock of this machine right".to_owned();
        return Err(Error::NoToken { who: step.entry.shown(), reason, help }.into());
    }
    Ok(Timestamp::from_second(now.as_second().saturating_add(seconds)).unwrap_or(Timestamp::MAX))
}

/// Who asks over the network.
pub(super) fn desk<'a>(step: &Step<'a>) -> Desk<'a> {
    Desk::new(&step.context.host, &step.context.http)
}

/// Asks, for no longer than anybody would wait, and says what was wrong. `help` is for a refusal.
pub(super) async fn asked<T>(
    step: &Step<'_>,
    endpoint: &str,
    call: impl Future<Output = Result<T, Trouble>>,
    help: &str,
) -> Result<T, AuthError> {
    let patience = step.context.options.timeout.map_or(PATIENCE, |timeout| timeout.min(PATIENCE));
    let answer = tokio::time::timeout(patience, step.context.ask(endpoint, call)).await;
    let answer = answer.unwrap_or_else(|_| {
        let reason = format!("no complete answer within {} s", patience.as_secs());
        Err(Trouble::Unreachable { endpoint: endpoint.to_owned(), reason })
    });
    answer.map_err(|trouble| {
        let who = step.entry.shown();
        let reason = trouble.to_string().chars().filter(|c| !c.is_control()).collect();
        match trouble {
            Trouble::Unusable(_) => Error::Unavailable { who, reason, help: help.to_owned() },
            Trouble::Refused(_) => Error::NoToken { who, reason, help: help.to_owned() },
            Trouble::Broken(_) => Error::NoToken { who, reason, help: BROKEN.to_owned() },
            Trouble::Unreachable { .. } => {
                let help = "check the network and the proxy variables; the service may be down".to_owned();
                Error::NoToken { who, reason, help }
            }
        }
        .into()
    })
}

/// The root of a service that the entry names in place of the public one, or the provider behind it.
///
/// # Errors
/// Somebody could listen on the way there.
pub(super) fn endpoint(step: &Step<'_>, service: &str) -> Result<Option<String>, AuthError> {
    let places = [format!("spec.endpoint_urls.{service}"), ENDPOINT.path.to_owned()];
    let of = |entry: Entry<'_>| {
        places.iter().find_map(|place| Some((entry.text(place)?, format!("{place} of {}", entry.shown()))))
    };
    let Some((url, from)) = of(step.entry).or_else(|| step.provider.and_then(of)) else { return Ok(None) };
    match fit(&url) {
        Ok(()) => Ok(Some(url.trim_end_matches('/').to_owned())),
        Err(reason) => Err(AuthError::InvalidEndpoint { url: without_userinfo(&url), from, reason }),
    }
}

/// Why an address cannot stand in place of a public one of another cloud than AWS.
pub(crate) fn endpoint_problem(url: &str) -> Option<&'static str> {
    fit(url).err()
}

pub(super) fn fit(url: &str) -> Result<(), &'static str> {
    let host = check_url(url)?;
    let plain = url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"));
    if plain && !is_loopback(host) { Err("it must be an https URL") } else { Ok(()) }
}

/// The host of an address, for people.
pub(super) fn host(url: &str) -> &str {
    check_url(url).unwrap_or("the token service")
}
