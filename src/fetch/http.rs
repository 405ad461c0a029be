//! One GET with redirects and limits.

use std::time::Duration;

use super::address::{self, Parts};
use super::error::Error;
use crate::host::{Host, Http, HttpError, HttpRequest, HttpResponse};
use crate::secret::{Expose as _, Secret};

/// The whole exchange, redirects included.
const WHOLE: Duration = Duration::from_mins(5);
const REDIRECTS: usize = 10;

/// The body behind `url`, at most `limit` bytes. `authorization` goes to the first host only.
pub(super) fn get(host: &Host, url: &str, authorization: Option<&Secret>, limit: usize) -> Result<Vec<u8>, Error> {
    let mut request = HttpRequest { timeout: Some(WHOLE), ..HttpRequest::get(url) };
    if let Some(value) = authorization {
        request = request.header("authorization", value.expose_secret());
    }
    judged(answer(host, request, limit)?)
}

/// The answer behind all redirects, waited for; its timeout is for all of it.
///
/// # Errors
/// Those of [`follow`].
pub fn answer(host: &Host, request: HttpRequest, limit: usize) -> Result<HttpResponse, Error> {
    let whole = request.timeout.unwrap_or(WHOLE);
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::failed(error.to_string()))?;
        runtime.block_on(async {
            let http = Http::new(&host.env);
            let late = || Error::failed(format!("no complete answer within {} s", whole.as_secs()));
            tokio::time::timeout(whole, follow(&http, request, limit)).await.unwrap_or_else(|_| Err(late()))
        })
    };
    // A thread of its own: the caller may already be inside of a runtime.
    std::thread::scope(|scope| scope.spawn(work).join()).unwrap_or_else(|_| Err(Error::failed("the client stopped")))
}

/// The answer behind all redirects, whatever its status is. The headers of the call go to its own host only, and nothing
/// goes from https to http.
///
/// # Errors
/// Nobody answers, the answer is too large, or the redirects lead nowhere.
pub async fn follow(http: &Http, mut call: HttpRequest, limit: usize) -> Result<HttpResponse, Error> {
    let origin = Parts::of(&call.url).map(|parts| (parts.scheme.to_owned(), parts.authority.to_owned()));
    for _ in 0..=REDIRECTS {
        let here = Parts::of(&call.url).map(|parts| (parts.scheme.to_owned(), parts.authority.to_owned()));
        if here != origin {
            call.headers.clear();
        }
        let answer = http.send(&call, limit).await.map_err(unanswered)?;
        if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
            return Ok(answer);
        }
        let location = answer.header("location").unwrap_or_default();
        let next = address::join(&call.url, location);
        let downgrade = call.url.starts_with("https:") && !next.starts_with("https:");
        if location.is_empty() || downgrade || !(next.starts_with("http:") || next.starts_with("https:")) {
            return Err(Error::failed("the server redirects to an address that is not followed"));
        }
        call.url = next;
    }
    Err(Error::failed(format!("more than {REDIRECTS} redirects")))
}

fn unanswered(error: HttpError) -> Error {
    match error {
        HttpError::Url => Error::invalid(error.to_string(), "correct the address"),
        HttpError::Large { .. } => Error::Unsafe { reason: error.to_string() },
        other => Error::failed(other.to_string()),
    }
}

fn judged(answer: HttpResponse) -> Result<Vec<u8>, Error> {
    match answer.status {
        200 => Ok(answer.body),
        status @ (401 | 403 | 404) => Err(Error::Failed {
            reason: format!("the server answered with status {status}"),
            help: "correct the address; a private file needs a token, for example GITHUB_TOKEN".to_owned(),
        }),
        status => Err(Error::failed(format!("the server answered with status {status}"))),
    }
}
