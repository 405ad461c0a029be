//! One GET with redirects and limits.

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

/// The body behind `url`, at most `limit` bytes. `authorization` goes to the first host only.
pub(super) fn get(host: &Host, url: &str, authorization: Option<&Secret>, limit: usize) -> Result<Vec<u8>, Error> {
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::failed(error.to_string()))?;
        runtime.block_on(async {
            let exchange = exchange(host, url, authorization, limit);
            match tokio::time::timeout(WHOLE, exchange).await {
                Ok(result) => result,
                Err(_) => Err(Error::failed(format!("no complete answer within {} s", WHOLE.as_secs()))),
            }
        })
    };
    // A thread of its own: the caller may already be inside of a runtime.
    std::thread::scope(|scope| scope.spawn(work).join()).unwrap_or_else(|_| Err(Error::failed("the client stopped")))
}

async fn exchange(host: &Host, url: &str, authorization: Option<&Secret>, limit: usize) -> Result<Vec<u8>, Error> {
    let network = Network::new(&host.env);
    let origin = Parts::of(url).map(|parts| (parts.scheme.to_owned(), parts.authority.to_owned()));
    let mut url = url.to_owned();
    for _ in 0..=REDIRECTS {
        let here = Parts::of(&url).map(|parts| (parts.scheme.to_owned(), parts.authority.to_owned()));
        let header = authorization.filter(|_| here == origin);
        let response = ask(&network, &url, header).await?;
        let status = response.status().as_u16();
        match status {
            200 => return body(response, limit).await,
            301 | 302 | 303 | 307 | 308 => {
                let location = response.headers().get("location").unwrap_or_default().to_owned();
                let next = address::join(&url, &location);
                let downgrade = url.starts_with("https:") && !next.starts_with("https:");
                if location.is_empty() || downgrade || !(next.starts_with("http:") || next.starts_with("https:")) {
                    return Err(Error::failed("the server redirects to an address that is not followed"));
                }
                url = next;
            }
            401 | 403 | 404 => {
                return Err(Error::Failed {
                    reason: format!("the server answered with status {status}"),
                    help: "correct the address; a private file needs a token, for example GITHUB_TOKEN".to_owned(),
                });
            }
            _ => return Err(Error::failed(format!("the server answered with status {status}"))),
        }
    }
    Err(Error::failed(format!("more than {REDIRECTS} redirects")))
}

async fn ask(network: &Network, url: &str, authorization: Option<&Secret>) -> Result<Response<SdkBody>, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::failed(error.to_string());
    let plain = url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"));
    let route = network.route(plain).map_err(|error| failed(&error))?;
    let settings = HttpConnectorSettings::builder().connect_timeout(TIMEOUT).read_timeout(TIMEOUT).build();
    let mut request = Request::new(SdkBody::empty());
    // What is no address must not be repeated: it may hold a token.
    request.set_uri(url).map_err(|_| Error::invalid("it is no valid URL", "correct the address"))?;
    let mut headers =
        vec![("user-agent", concat!("atmos/", env!("CARGO_PKG_VERSION")).to_owned()), ("accept", "*/*".to_owned())];
    if let Some(header) = authorization {
        headers.push(("authorization", header.expose_secret().to_owned()));
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
