//! How a call of an SDK client failed: who answered, if anybody did, and what to tell the user about it. Row 5.

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::super::error::Error;
use crate::host::causes;
use crate::secret::without_userinfo;

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Nobody,
    /// Nobody was asked: a header cannot carry what it has to.
    Unsendable,
    /// The service itself: no.
    Service,
    /// The service, or what stands before it: not now.
    Later,
    /// Something else, such as a proxy or the page where a network wants a sign-in.
    Stranger,
}

/// What an SDK call ended with: the service's answer, or none of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub answer: Answer,
    /// HTTP status, `None` without an answer.
    pub status: Option<u16>,
    /// Name of the API's error.
    pub code: Option<String>,
    /// `<code>: <message>`, or why there was no answer. Without secrets.
    pub text: String,
}

impl Refusal {
    /// From the error of any operation.
    pub fn new<E>(error: &SdkError<E>) -> Refusal
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let Some(response) = error.raw_response() else {
            let is_unsendable = matches!(error, SdkError::ConstructionFailure(_));
            let answer = if is_unsendable { Answer::Unsendable } else { Answer::Nobody };
            return Refusal { answer, ..Refusal::without_answer(causes(error)) };
        };
        let status = response.status().as_u16();
        let code = error.code().map(str::to_owned);
        let answer = answer_of(response, code.as_deref());
        let text = match (&code, answer) {
            (Some(code), _) => format!("{code}: {}", error.message().unwrap_or("no message")),
            (None, Answer::Stranger) => stranger(response),
            (None, _) => format!("HTTP status {status}: {}", error.message().unwrap_or("no message")),
        };
        Refusal { answer, status: Some(status), code, text }
    }

    /// Nobody was asked, or nobody has answered.
    pub(crate) fn without_answer(text: String) -> Refusal {
        Refusal { answer: Answer::Nobody, status: None, code: None, text }
    }

    /// The service has looked at the question and said no: what was shown to it is not good.
    pub fn is_no(&self) -> bool {
        self.answer == Answer::Service
    }

    /// The service was asked, and whatever it said was its own.
    pub(crate) fn is_of_service(&self) -> bool {
        matches!(self.answer, Answer::Service | Answer::Later)
    }

    /// The error for the user. `help` is for a no.
    pub(crate) fn into_error(self, what: String, endpoint: String, help: &str) -> Error {
        let (answer, help) = match self.answer {
            Answer::Nobody => return Error::Unreachable { what, endpoint, reason: self.text },
            Answer::Unsendable => (
                format!("the request cannot be made: {}", self.text),
                "a token or key that was obtained is unusable, since no header can carry it: what gave it may be no AWS; \
                 `atmos auth login --force` signs in again"
                    .to_owned(),
            ),
            Answer::Service => (self.text, help.to_owned()),
            Answer::Later => {
                let later = if self.status == Some(TOO_MANY) {
                    "there are too many requests: wait a moment and try again, with fewer at once"
                } else {
                    "the service is out of order or busy, or a proxy before it is: try again later"
                };
                (self.text, format!("{endpoint}: {later}"))
            }
            Answer::Stranger => {
                let help = if matches!(self.status, Some(300..400)) {
                    "AWS sends nobody elsewhere: sign in to the network if it wants that (its page opens in a browser), and \
                     check the proxy variables and the endpoint overrides in force"
                } else {
                    "a proxy or the network itself may have answered: check the proxy variables and the endpoint overrides \
                     in force"
                };
                (format!("what answers at {endpoint} is not AWS: {}", self.text), help.to_owned())
            }
        };
        Error::Refused { what, answer, help }
    }
}

const TOO_MANY: u16 = 429;
/// A proxy wants to know who asks.
const PROXY_AUTHENTICATION: u16 = 407;

fn answer_of(response: &HttpResponse, code: Option<&str>) -> Answer {
    let is_of_load = |code: &str| {
        let words = ["throttl", "toomanyrequests", "requestlimitexceeded", "slowdown", "internal", "unavailable"];
        words.iter().any(|word| code.to_ascii_lowercase().contains(word))
    };
    match (response.status().as_u16(), code) {
        (TOO_MANY | 500.., _) => Answer::Later,
        (_, Some(code)) if is_of_load(code) => Answer::Later,
        (..400 | PROXY_AUTHENTICATION, None) => Answer::Stranger,
        (_, None) if is_page(response) => Answer::Stranger,
        _ => Answer::Service,
    }
}

/// A page for people, which no service of AWS sends.
fn is_page(response: &HttpResponse) -> bool {
    let typed = response.headers().get("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
    let body = response.body().bytes().unwrap_or_default();
    let beginning = String::from_utf8_lossy(&body[..body.len().min(200)]).trim_start().to_ascii_lowercase();
    typed || beginning.starts_with("<!doctype html") || beginning.starts_with("<html")
}

/// What somebody else has sent. Nothing of it is repeated but the host that it names.
fn stranger(response: &HttpResponse) -> String {
    let status = format!("HTTP status {}", response.status().as_u16());
    let target = response.headers().get("location").filter(|_| (300..400).contains(&response.status().as_u16()));
    let host = target.and_then(|url| url.split_once("://")).map(|(scheme, rest)| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let shown: String = without_userinfo(&format!("{scheme}://{authority}")).chars().take(200).collect();
        shown.chars().filter(|c| !c.is_control()).collect::<String>()
    });
    match host {
        Some(host) => format!("{status}, which leads to {host}"),
        None if is_page(response) => format!("{status} with a page of HTML"),
        None => format!("{status} with an answer that cannot be read"),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sts::error::ErrorMetadata;
    use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn response(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> HttpResponse {
        let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        for (name, value) in headers {
            response.headers_mut().insert(*name, *value);
        }
        response
    }

    fn refusal(code: Option<&str>, response: HttpResponse) -> Refusal {
        let metadata = ErrorMetadata::builder().message("no").code(code.unwrap_or_default()).build();
        match code {
            Some(_) => Refusal::new(&SdkError::service_error(GetCallerIdentityError::generic(metadata), response)),
            None => Refusal::new(&SdkError::<GetCallerIdentityError, _>::response_error("odd", response)),
        }
    }

    #[test]
    fn who_answered_is_told_by_status_code_and_form() {
        let html = [("content-type", "text/html; charset=utf-8")];
        for (code, response, expected) in [
            (Some("ExpiredToken"), response(400, &[], "<ErrorResponse/>"), Answer::Service),
            (Some("AccessDenied"), response(403, &html, ""), Answer::Service),
            (Some("Throttling"), response(400, &[], ""), Answer::Later),
            (Some("InternalFailure"), response(500, &[], ""), Answer::Later),
            (None, response(429, &html, "<html>"), Answer::Later),
            (None, response(503, &html, "<html>"), Answer::Later),
            (None, response(200, &html, "<html>"), Answer::Stranger),
            (None, response(200, &[], "hello"), Answer::Stranger),
            (None, response(307, &[("location", "https://me:pw@portal.test/x?token=1")], ""), Answer::Stranger),
            (None, response(403, &[], " <!DOCTYPE html><p>no"), Answer::Stranger),
            (None, response(407, &[], ""), Answer::Stranger),
            (None, response(403, &[], "{}"), Answer::Service),
        ] {
            let shown = format!("{code:?} {}", response.status().as_u16());
            assert_eq!(refusal(code, response).answer, expected, "{shown}");
        }
    }

    #[test]
    fn where_it_leads_is_said_without_what_may_be_secret() {
        let refused = refusal(None, response(302, &[("location", "https://me:pw@portal.test/x?token=1")], ""));
        let error = refused.into_error("GetCallerIdentity".to_owned(), "sts.test".to_owned(), "");
        let text = error.to_string();
        assert!(text.contains("what answers at sts.test is not AWS: HTTP status 302"), "{text}");
        assert!(text.contains("portal.test") && !text.contains("pw") && !text.contains("token"), "{text}");
    }

    #[test]
    fn what_cannot_be_sent_is_no_matter_of_the_network() {
        let error = SdkError::<GetCallerIdentityError, HttpResponse>::construction_failure("an invalid header");
        let refused = Refusal::new(&error);
        assert_eq!(refused.answer, Answer::Unsendable);
        let error = refused.into_error("x".to_owned(), "sts.test".to_owned(), "");
        let help = miette::Diagnostic::help(&error).unwrap().to_string();
        assert!(!error.to_string().contains("reach") && help.contains("unusable"), "{error} {help}");
    }

    #[tokio::test]
    async fn a_token_that_no_header_can_carry_is_found_before_anybody_is_asked() {
        use super::super::super::store::open::tests::host;
        let temp = tempfile::tempdir().unwrap();
        let clients = super::super::client::Clients::new(&host(temp.path(), &[]));
        let client = clients.sso("eu-west-1", Some("http://127.0.0.1:9")).unwrap();
        let call = client.get_role_credentials().access_token("two\nlines").account_id("1").role_name("r");
        let refused = Refusal::new(&call.send().await.unwrap_err());
        assert_eq!(refused.answer, Answer::Unsendable, "{refused:?}");
        assert!(!refused.text.contains("lines"), "{refused:?}");
    }
}
