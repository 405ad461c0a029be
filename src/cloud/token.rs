//! What a login gives, and the one way to ask for it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::host::{Host, Http, HttpError, HttpRequest, HttpResponse, form};
use crate::secret::{Expose as _, Secret};

/// A service that gives a token does so soon.
const PATIENCE: Duration = Duration::from_secs(30);
/// Largest answer with a token.
const LIMIT: usize = 256 * 1024;
/// More seconds than anything lives.
const LONGEST: f64 = 1e10;
const FORM: &str = "application/x-www-form-urlencoded";

/// A bearer token.
#[derive(Debug, Clone)]
pub struct Token {
    pub value: Secret,
    /// Seconds of life that the issuer promised.
    pub lifetime: Option<i64>,
}

/// Why there is no token. No text holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// What is given cannot be used.
    #[error("{0}")]
    Unusable(String),
    #[error("{endpoint} cannot be reached: {reason}")]
    Unreachable { endpoint: String, reason: String },
    /// The issuer answered: no.
    #[error("{0}")]
    Refused(String),
    /// Whoever answered is no such service, or it is out of order: what was shown is not at fault.
    #[error("{0}")]
    Broken(String),
}

/// Where tokens are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    pub host: &'a Host,
    pub http: &'a Http,
    /// For a whole answer, all attempts together: one that only drips in is none.
    pub(super) patience: Duration,
}

impl<'a> Desk<'a> {
    pub fn new(host: &'a Host, http: &'a Http) -> Desk<'a> {
        Desk { host, http, patience: PATIENCE }
    }

    pub(super) fn register(&self, secret: &str) -> Secret {
        let secret = Secret::from(secret.to_owned());
        self.host.masker.register(&secret);
        secret
    }

    pub(super) async fn post_form(&self, url: &str, fields: &[(&str, &str)]) -> Result<Json, Trouble> {
        self.ask(&HttpRequest::post(url, FORM, form(fields))).await
    }

    /// The JSON of a successful answer, or beside the trouble the word that OAuth has for it.
    pub(super) async fn post_form_or_word(
        &self,
        url: &str,
        fields: &[(&str, &str)],
    ) -> Result<Json, (String, Trouble)> {
        let request = HttpRequest::post(url, FORM, form(fields));
        let answer = self.patiently(&request, LIMIT).await;
        let body = answer.as_ref().map(|answer| answer.body.as_slice()).unwrap_or_default();
        let json: Json = serde_json::from_slice(body).unwrap_or_default();
        let word = json["error"].as_str().unwrap_or_default().to_owned();
        Self::read(&request, answer).map_err(|trouble| (word, trouble))
    }

    /// The JSON of a successful answer.
    pub(super) async fn ask(&self, request: &HttpRequest) -> Result<Json, Trouble> {
        let answer = self.patiently(request, LIMIT).await;
        Self::read(request, answer)
    }

    /// The answer to a request that may be made again, within the time that anybody would wait.
    pub(super) async fn patiently(&self, request: &HttpRequest, limit: usize) -> Result<HttpResponse, HttpError> {
        let answer = tokio::time::timeout(self.patience, self.http.send_patiently(request, limit)).await;
        answer.unwrap_or(Err(HttpError::Late { seconds: self.patience.as_secs() }))
    }

    /// The same with one attempt, for services that are there at once or not at all.
    pub(super) async fn ask_once(&self, request: &HttpRequest) -> Result<Json, Trouble> {
        let answer = self.http.send(request, LIMIT).await;
        Self::read(request, answer)
    }

    /// The answer to one attempt, whatever it is.
    pub(super) async fn once(&self, request: &HttpRequest, limit: usize) -> Result<HttpResponse, Trouble> {
        let answer = self.http.send(request, limit).await;
        answer.map_err(|error| Self::missing(request, &error))
    }

    /// Why there is no answer.
    fn missing(request: &HttpRequest, error: &HttpError) -> Trouble {
        match error {
            HttpError::Header => {
                Trouble::Unusable("the token that was obtained is unusable: no header can carry it".to_owned())
            }
            error => Trouble::Unreachable { endpoint: request.authority().to_owned(), reason: error.to_string() },
        }
    }

    fn read(request: &HttpRequest, answer: Result<HttpResponse, HttpError>) -> Result<Json, Trouble> {
        let answer = answer.map_err(|error| Self::missing(request, &error))?;
        let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status == 200 { Ok(json) } else { Err(refusal(&answer, &json)) }
    }

    /// The token that an answer has below `key`.
    pub(super) fn taken(&self, answer: &Json, key: &str) -> Result<Token, Trouble> {
        let value = answer[key]
            .as_str()
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Trouble::Broken("the answer has no token".to_owned()))?;
        let value = self.register(value);
        if !value.expose_secret().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Trouble::Broken("the token in the answer has characters that no token has".to_owned()));
        }
        Ok(Token { value, lifetime: lifetime(&answer["expires_in"])? })
    }
}

/// Seconds; nothing where an issuer does not say it. Azure's services write numbers as texts.
fn lifetime(written: &Json) -> Result<Option<i64>, Trouble> {
    #[expect(clippy::cast_possible_truncation, reason = "in range; a fraction of a second is of no use")]
    let number = || written.as_f64().filter(|seconds| seconds.abs() < LONGEST).map(|seconds| seconds as i64);
    let seconds = written.as_i64().or_else(number).or_else(|| written.as_str()?.parse().ok());
    match seconds {
        None if !written.is_null() => {
            Err(Trouble::Broken("`expires_in` of the answer is no number of seconds".to_owned()))
        }
        seconds => Ok(seconds),
    }
}

/// When something ends by what is written; the inner `None` is for the end of time, by which programs say that it never does.
pub fn end(text: &str) -> Option<Option<Timestamp>> {
    match text.parse() {
        Ok(end) => Some(Some(end)),
        // The last days that there are cannot be counted in every zone.
        Err(_) => format!("9998-{}", text.strip_prefix("9999-")?).parse::<Timestamp>().ok().map(|_| None),
    }
}

/// What a token in the form of JWT says of itself; nobody has checked its signature.
pub fn claims(token: &str) -> Option<Json> {
    let payload = token.split('.').nth(1)?.trim_end_matches('=');
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// What the service said, in one line: OAuth's description, Google's message, or nothing but the status.
pub(super) fn refusal(answer: &HttpResponse, json: &Json) -> Trouble {
    let error = &json["error"];
    let said = json["error_description"].as_str().or_else(|| error["message"].as_str()).or_else(|| error.as_str());
    let said = said.and_then(|said| said.lines().next()).unwrap_or_default();
    let status = format!("HTTP status {}", answer.status);
    let text = if said.is_empty() { status } else { format!("{said} ({status})") };
    if matches!(answer.status, 400..500) { Trouble::Refused(text) } else { Trouble::Broken(text) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lifetimes_are_seconds_or_nothing() {
        for (written, seconds) in [
            (json!(3599), Some(3599)),
            (json!("3599"), Some(3599)),
            (json!(3599.5), Some(3599)),
            (json!(-1), Some(-1)),
            (json!(null), None),
        ] {
            assert_eq!(lifetime(&written).unwrap(), seconds, "{written}");
        }
        for written in [json!("soon"), json!(""), json!(1e30), json!(true), json!([3599]), json!({})] {
            assert!(matches!(lifetime(&written), Err(Trouble::Broken(_))), "{written}");
        }
    }

    #[test]
    fn ends_are_read_and_the_end_of_time_is_none() {
        assert_eq!(end("2026-11-26T12:00:00Z").unwrap().unwrap().as_second(), 1_795_694_400);
        for never in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59+00:00"] {
            assert_eq!(end(never), Some(None), "{never}");
        }
        for text in ["", "soon", "9999-", "9999-13-01T00:00:00Z", "2026-11-26"] {
            assert_eq!(end(text), None, "{text}");
        }
    }

    #[test]
    fn refusals_say_what_the_service_said_in_one_line() {
        let answer = |status| HttpResponse { status, headers: Vec::new(), body: Vec::new() };
        for (body, expected) in [
            (
                json!({"error": "invalid_client", "error_description": "AADSTS1: no\r\nTrace"}),
                "AADSTS1: no (HTTP status 400)",
            ),
            (json!({"error": {"message": "denied"}}), "denied (HTTP status 400)"),
            (json!({"error": "invalid_grant"}), "invalid_grant (HTTP status 400)"),
            (json!(null), "HTTP status 400"),
        ] {
            assert_eq!(refusal(&answer(400), &body).to_string(), expected);
        }
        for status in [204, 302, 500, 503] {
            let broken = Trouble::Broken(format!("HTTP status {status}"));
            assert_eq!(refusal(&answer(status), &json!(null)), broken);
        }
    }
}
