//! GET requests with redirects and limits.

use std::io::Write;
use std::time::Duration;

use super::address::{self, Parts};
use super::error::Error;
use crate::host::{Host, Http, HttpError, HttpRequest, HttpResponse, threads};
use crate::secret::{Expose as _, Secret};

/// The whole exchange, redirects included.
const WHOLE: Duration = Duration::from_mins(5);
const REDIRECTS: usize = 10;

/// A header of a request; most of them are secret.
pub(super) type Header = (&'static str, Secret);

/// The body behind `url`, at most `limit` bytes. `authorization` goes to the first host only.
pub(super) fn get(host: &Host, url: &str, authorization: Option<&Secret>, limit: usize) -> Result<Vec<u8>, Error> {
    let header = authorization.map(|value| ("authorization", value.clone()));
    judged(answer(host, request(url, header.as_slice()), limit)?)
}

/// One request, without redirects. The body of a success has at most `limit` bytes.
pub(super) fn ask(host: &Host, url: &str, headers: &[Header], limit: usize) -> Result<HttpResponse, Error> {
    send(host, request(url, headers), limit)
}

/// The same with a request that is put together already.
pub(super) fn send(host: &Host, request: HttpRequest, limit: usize) -> Result<HttpResponse, Error> {
    let request = HttpRequest { timeout: Some(WHOLE), ..request };
    wait(WHOLE, || async { Http::new(&host.env).send(&request, limit).await.map_err(unanswered) })
}

fn request(url: &str, headers: &[Header]) -> HttpRequest {
    let request = HttpRequest { timeout: Some(WHOLE), ..HttpRequest::get(url) };
    headers.iter().fold(request, |request, (name, value)| request.header(*name, value.expose_secret()))
}

/// The answer behind all redirects, waited for; its timeout is for all of it.
///
/// # Errors
/// Those of [`follow`].
pub fn answer(host: &Host, request: HttpRequest, limit: usize) -> Result<HttpResponse, Error> {
    let whole = request.timeout.unwrap_or(WHOLE);
    wait(whole, || async { follow(&Http::new(&host.env), request, limit).await })
}

/// Waits on a thread of its own: the caller may already be inside of a runtime.
fn wait<T: Send, F: Future<Output = Result<T, Error>>>(
    whole: Duration,
    work: impl FnOnce() -> F + Send,
) -> Result<T, Error> {
    let run = || {
        let runtime = threads::lone_runtime();
        let runtime = runtime.map_err(|error| Error::failed(error.to_string()))?;
        runtime.block_on(async {
            let late = || Error::failed(format!("no complete answer within {} s", whole.as_secs()));
            tokio::time::timeout(whole, work()).await.unwrap_or_else(|_| Err(late()))
        })
    };
    let done = threads::aside(run).map_err(|error| Error::failed(format!("no thread is to be had: {error}")))?;
    done.unwrap_or_else(|| Err(Error::failed("the client stopped")))
}

/// The answer behind all redirects, whatever its status is. The headers of the call go to its own host only, and nothing
/// goes from https to http.
///
/// # Errors
/// Nobody answers, the answer is too large, or the redirects lead nowhere.
pub async fn follow(http: &Http, call: HttpRequest, limit: usize) -> Result<HttpResponse, Error> {
    redirected(http, call, limit, None).await
}

/// The same with a body that goes to `sink` piece by piece, if it is that of a success.
///
/// # Errors
/// Those of [`follow`], and of [`Http::send_into`].
pub async fn follow_into(
    http: &Http,
    call: HttpRequest,
    limit: usize,
    sink: &mut (dyn Write + Send),
) -> Result<HttpResponse, Error> {
    redirected(http, call, limit, Some(sink)).await
}

async fn redirected(
    http: &Http,
    mut call: HttpRequest,
    limit: usize,
    mut sink: Option<&mut (dyn Write + Send)>,
) -> Result<HttpResponse, Error> {
    let origin = Parts::of(&call.url).map(|parts| (parts.scheme.to_owned(), parts.authority.to_owned()));
    for _ in 0..=REDIRECTS {
        let here = Parts::of(&call.url).map(|parts| (parts.scheme.to_owned(), parts.authority.to_owned()));
        if here != origin {
            call.headers.clear();
        }
        let answer = match &mut sink {
            Some(sink) => http.send_into(&call, limit, &mut **sink).await,
            None => http.send(&call, limit).await,
        };
        let answer = answer.map_err(unanswered)?;
        match redirect(&answer, &call.url)? {
            Some(next) => {
                // What was sent is done; the new address is only looked at. 307 and 308 ask for it once more.
                if matches!(answer.status, 301..=303) && !matches!(call.method, "GET" | "HEAD") {
                    call.method = "GET";
                    call.body.clear();
                }
                call.url = next;
            }
            None => return Ok(answer),
        }
    }
    Err(Error::failed(format!("more than {REDIRECTS} redirects")))
}

/// Where a redirect leads, seen from `url`; `None` when the answer is no redirect.
pub(super) fn redirect(answer: &HttpResponse, url: &str) -> Result<Option<String>, Error> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = answer.header("location").unwrap_or_default();
    let next = address::join(url, location);
    let downgrade = url.starts_with("https:") && !next.starts_with("https:");
    if location.is_empty() || downgrade || !(next.starts_with("http:") || next.starts_with("https:")) {
        return Err(Error::failed("the server redirects to an address that is not followed"));
    }
    Ok(Some(next))
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
