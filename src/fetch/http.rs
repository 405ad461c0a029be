//! GET requests with redirects and limits.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::http::{Request, Response};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use super::address::{self, Parts};
use super::error::Error;
use crate::host::{Host, Network};
use crate::secret::{Expose, Secret};

/// Connect and read, each.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The whole exchange.
const WHOLE: Duration = Duration::from_mins(5);
const REDIRECTS: usize = 10;
/// What is read of an answer that is no success: enough for a message.
const REFUSAL: usize = 64 << 10;

/// A header of a request; most of them are secret.
pub(super) type Header = (&'static str, Secret);

/// The answer of a server, whatever its status.
pub(super) struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of this name, which is in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Where a redirect leads, seen from `url`.
    pub(super) fn redirect(&self, url: &str) -> Result<Option<String>, Error> {
        if !matches!(self.status, 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let location = self.header("location").unwrap_or_default();
        let next = address::join(url, location);
        let downgrade = url.starts_with("https:") && !next.starts_with("https:");
        if location.is_empty() || downgrade || !(next.starts_with("http:") || next.starts_with("https:")) {
            return Err(Error::failed("the server redirects to an address that is not followed"));
        }
        Ok(Some(next))
    }
}

/// The body behind `url`, at most `limit` bytes. `authorization` goes to the first host only.
pub(super) fn get(host: &Host, url: &str, authorization: Option<&Secret>, limit: usize) -> Result<Vec<u8>, Error> {
    let origin = Parts::of(url).map(|parts| (parts.scheme.to_owned(), parts.authority.to_owned()));
    let mut url = url.to_owned();
    for _ in 0..=REDIRECTS {
        let here = Parts::of(&url).map(|parts| (parts.scheme.to_owned(), parts.authority.to_owned()));
        let header = authorization.filter(|_| here == origin).map(|value| ("authorization", value.clone()));
        let answer = ask(host, &url, header.as_slice(), limit)?;
        match answer.status {
            200 => return Ok(answer.body),
            401 | 403 | 404 => {
                return Err(Error::Failed {
                    reason: format!("the server answered with status {}", answer.status),
                    help: "correct the address; a private file needs a token, for example GITHUB_TOKEN".to_owned(),
                });
            }
            status => match answer.redirect(&url)? {
                Some(next) => url = next,
                None => return Err(Error::failed(format!("the server answered with status {status}"))),
            },
        }
    }
    Err(Error::failed(format!("more than {REDIRECTS} redirects")))
}

/// One request, without redirects. The body of a success has at most `limit` bytes.
pub(super) fn ask(host: &Host, url: &str, headers: &[Header], limit: usize) -> Result<Answer, Error> {
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::failed(error.to_string()))?;
        runtime.block_on(async {
            match tokio::time::timeout(WHOLE, exchange(host, url, headers, limit)).await {
                Ok(result) => result,
                Err(_) => Err(Error::failed(format!("no complete answer within {} s", WHOLE.as_secs()))),
            }
        })
    };
    // A thread of its own: the caller may already be inside of a runtime.
    std::thread::scope(|scope| scope.spawn(work).join()).unwrap_or_else(|_| Err(Error::failed("the client stopped")))
}

async fn exchange(host: &Host, url: &str, headers: &[Header], limit: usize) -> Result<Answer, Error> {
    let response = send(&Network::new(&host.env), url, headers).await?;
    let status = response.status().as_u16();
    let headers = response.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let body = match status {
        200..300 => body(response, limit).await?,
        // A refusal that is too long to be read is as good as an empty one.
        _ => body(response, REFUSAL).await.unwrap_or_default(),
    };
    Ok(Answer { status, headers, body })
}

async fn send(network: &Network, url: &str, more: &[Header]) -> Result<Response<SdkBody>, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::failed(error.to_string());
    let plain = url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"));
    let route = network.route(plain).map_err(|error| failed(&error))?;
    let settings = HttpConnectorSettings::builder().connect_timeout(TIMEOUT).read_timeout(TIMEOUT).build();
    let mut request = Request::new(SdkBody::empty());
    // What is no address must not be repeated: it may hold a token.
    request.set_uri(url).map_err(|_| Error::invalid("it is no valid URL", "correct the address"))?;
    let user_agent = concat!("atmos/", env!("CARGO_PKG_VERSION"));
    let mut headers = vec![("user-agent", user_agent.to_owned())];
    headers.extend(more.iter().map(|(name, value)| (*name, value.expose_secret().to_owned())));
    if !more.iter().any(|(name, _)| *name == "accept") {
        headers.push(("accept", "*/*".to_owned()));
    }
    for (name, value) in headers {
        request.headers_mut().try_insert(name, value).map_err(|_| Error::failed("a header cannot be sent"))?;
    }
    route.connector(Some(&settings)).call(request).await.map_err(|error| Error::failed(reasons(&error)))
}

/// The chain of causes in one line, without repetitions.
fn reasons(error: &dyn std::error::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        next = cause.source();
    }
    parts.join(": ")
}

async fn body(mut response: Response<SdkBody>, limit: usize) -> Result<Vec<u8>, Error> {
    let mut stream = ByteStream::new(std::mem::replace(response.body_mut(), SdkBody::taken()));
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| Error::failed(format!("the answer broke off: {}", reasons(&error))))?;
        if bytes.len() + chunk.len() > limit {
            return Err(Error::Unsafe { reason: format!("it is larger than {limit} bytes") });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
