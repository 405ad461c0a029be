//! Signed calls of services that no SDK here makes. Row 5.

use std::str::FromStr as _;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::super::aws::endpoint::Service;
use super::super::aws::sign::sign;
use super::super::config::{Identity, Provider};
use super::super::context::Context;
use super::super::creds::AwsCredentials;
use super::super::error::Error;
use crate::host::{HttpRequest, aws_domain};

/// Answers are a token or the description of one thing.
const LIMIT: usize = 1 << 20;
/// For one question, repetitions included: nobody who starts a run waits long for a registry that may not be wanted.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who calls, and what else decides where the call goes.
pub(super) struct Caller<'a> {
    pub(super) context: &'a Context,
    pub(super) credentials: &'a AwsCredentials,
    pub(super) identity: Option<&'a Identity>,
    pub(super) provider: Option<&'a Provider>,
}

impl Caller<'_> {
    /// The address of a service, without `/` at its end.
    pub(super) fn endpoint(&self, service: Service, region: &str) -> Result<String, Error> {
        let (identity, provider) =
            (self.identity.map(|identity| &identity.spec), self.provider.map(|provider| &provider.spec));
        let own = self.context.endpoints.resolve(service, identity, provider, &self.context.host.talk)?;
        let url = own.unwrap_or_else(|| format!("https://{}.{region}.{}", service.host(), aws_domain(region)));
        Ok(url.trim_end_matches('/').to_owned())
    }

    /// The answer to a request, which is JSON.
    ///
    /// # Errors
    /// The service refuses or cannot be reached. No text of the answer is repeated but its own message.
    pub(super) async fn ask(
        &self,
        mut request: HttpRequest,
        (service, region): (Service, &str),
        what: &str,
        help: &str,
    ) -> Result<Json, Error> {
        let refused = |answer: String| Error::Refused { what: what.to_owned(), answer, help: help.to_owned() };
        let now = self.context.now_there();
        sign(&mut request, self.credentials, region, service.signing_name(), now).map_err(refused)?;
        let sent = self.context.http.send_patiently(&request, LIMIT);
        let unreachable = |reason: String| Error::Unreachable {
            what: what.to_owned(),
            endpoint: request.authority().to_owned(),
            reason,
        };
        let answer = tokio::time::timeout(PATIENCE, self.context.ask(request.authority(), sent)).await;
        let answer = answer.map_err(|_| unreachable(format!("no answer within {} s", PATIENCE.as_secs())))?;
        let answer = answer.map_err(|error| unreachable(error.to_string()))?;
        let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status == 200 {
            return Ok(json);
        }
        let named = json["__type"].as_str().or_else(|| answer.header("x-amzn-errortype"));
        let code = named.and_then(|code| code.rsplit('#').next()).and_then(|code| code.split(':').next());
        let message = json["message"].as_str().or_else(|| json["Message"].as_str()).unwrap_or("no message");
        Err(refused(match code {
            Some(code) => format!("{code}: {message}"),
            None => format!("HTTP status {}: {message}", answer.status),
        }))
    }
}

/// A time as the services write it: seconds since 1970, or a date.
pub(super) fn time(json: &Json) -> Option<Timestamp> {
    match json {
        Json::String(text) => Timestamp::from_str(text).ok(),
        // Fractions of a second do not matter.
        #[expect(clippy::cast_possible_truncation, reason = "what is out of range is no time")]
        Json::Number(number) => Timestamp::from_second(number.as_f64()? as i64).ok(),
        _ => None,
    }
}
