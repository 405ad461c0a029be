//! Single exchanges over http and https, by the one TLS stack. Connections are kept for the next exchange.
//!
//! Nothing is followed, signed or interpreted here; who asks looks at the status. Row 2.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::http::{Request as SdkRequest, Response as SdkResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::{ByteStream, error::Error as ByteStreamError};

use super::{Env, Network, NetworkError};

/// Connect and read, each.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Between two pieces of a large body.
const PAUSE: Duration = Duration::from_mins(1);
/// The whole exchange.
const WHOLE: Duration = Duration::from_mins(2);
/// Of an answer that is no success only so much is read: it is for a message.
const EXPLANATION: usize = 64 << 10;
/// Further attempts where an answer may be better next time.
const RETRIES: u32 = 2;
/// After so long nobody is asked again.
const PATIENCE: Duration = Duration::from_secs(20);
const FIRST_BACKOFF: Duration = Duration::from_millis(300);

/// What is sent.
#[derive(Clone)]
pub struct HttpRequest {
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// For the whole exchange; the usual time without.
    pub timeout: Option<Duration>,
}

/// Without values: they may be secrets.
impl std::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpRequest").field("method", &self.method).finish_non_exhaustive()
    }
}

impl HttpRequest {
    pub fn new(method: &'static str, url: impl Into<String>) -> HttpRequest {
        HttpRequest { method, url: url.into(), headers: Vec::new(), body: Vec::new(), timeout: None }
    }

    pub fn get(url: impl Into<String>) -> HttpRequest {
        HttpRequest::new("GET", url)
    }

    pub fn post(url: impl Into<String>, content_type: &str, body: impl Into<Vec<u8>>) -> HttpRequest {
        let request = HttpRequest { body: body.into(), ..HttpRequest::new("POST", url) };
        request.header("content-type", content_type)
    }

    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> HttpRequest {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With a body of JSON.
    #[must_use]
    pub fn json(mut self, body: &serde_json::Value) -> HttpRequest {
        self.body = body.to_string().into_bytes();
        self.header("content-type", "application/json")
    }

    /// Host and port as the address has them.
    pub fn authority(&self) -> &str {
        let rest = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority.rsplit_once('@').map_or(authority, |(_, host)| host)
    }
}

/// What came back.
#[derive(Clone)]
pub struct HttpResponse {
    pub status: u16,
    /// Names are in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl std::fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpResponse").field("status", &self.status).finish_non_exhaustive()
    }
}

impl HttpResponse {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text, for messages and for answers that are text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HttpError {
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// What is no address must not be repeated: it may hold a token.
    #[error("it is no valid URL")]
    Url,
    #[error("a header cannot be sent")]
    Header,
    #[error("{reason}")]
    Unreachable { reason: String },
    #[error("no complete answer within {seconds} s")]
    Late { seconds: u64 },
    #[error("the answer is larger than {limit} bytes")]
    Large { limit: usize },
    #[error("what comes cannot be written: {reason}")]
    Write { reason: String },
}

/// Makes exchanges. One per process.
#[derive(Debug)]
pub struct Http {
    network: Network,
    /// For https and for http; made on first use, because loading the trusted roots takes time.
    connectors: Mutex<[Option<SharedHttpConnector>; 2]>,
}

impl Http {
    pub fn new(env: &Env) -> Http {
        Http { network: Network::new(env), connectors: Mutex::default() }
    }

    /// One exchange, whatever the status. Needs a running tokio runtime.
    ///
    /// # Errors
    /// [`HttpError`]
    pub async fn send(&self, request: &HttpRequest, limit: usize) -> Result<HttpResponse, HttpError> {
        let whole = request.timeout.unwrap_or(WHOLE);
        let late = HttpError::Late { seconds: whole.as_secs() };
        tokio::time::timeout(whole, self.exchange(request, limit)).await.unwrap_or(Err(late))
    }

    /// One exchange whose body, if it is that of a success, goes to `sink` piece by piece: memory does not grow with it.
    /// The response has an empty body then.
    ///
    /// # Errors
    /// [`HttpError`]; also nothing comes for a while, or `sink` does not take it.
    pub async fn send_into(
        &self,
        request: &HttpRequest,
        limit: usize,
        sink: &mut (dyn Write + Send),
    ) -> Result<HttpResponse, HttpError> {
        let whole = request.timeout.unwrap_or(WHOLE);
        let late = HttpError::Late { seconds: whole.as_secs() };
        let exchange = async {
            let mut answer = self.begin(request).await?;
            let mut response = head(&answer);
            if (200..300).contains(&response.status) {
                Box::pin(pour(&mut answer, limit, sink)).await?;
            } else {
                response.body = body(answer, limit, false).await?;
            }
            Ok(response)
        };
        tokio::time::timeout(whole, exchange).await.unwrap_or(Err(late))
    }

    /// The same as [`Http::send`], tried again where nobody answered, or where the service is busy or broken.
    ///
    /// # Errors
    /// [`HttpError`] of the last attempt.
    pub async fn send_patiently(&self, request: &HttpRequest, limit: usize) -> Result<HttpResponse, HttpError> {
        self.send_again(request, limit, |_| false).await
    }

    /// The same, and where the caller sees in an answer that another attempt may have a better one.
    ///
    /// # Errors
    /// [`HttpError`] of the last attempt.
    pub async fn send_again(
        &self,
        request: &HttpRequest,
        limit: usize,
        again: impl Fn(&HttpResponse) -> bool,
    ) -> Result<HttpResponse, HttpError> {
        let began = Instant::now();
        let mut attempt = 0;
        loop {
            let result = self.send(request, limit).await;
            let again = match &result {
                Ok(response) => matches!(response.status, 429 | 500 | 502..) || again(response),
                Err(error) => matches!(error, HttpError::Unreachable { .. }),
            };
            if !again || attempt == RETRIES || began.elapsed() >= PATIENCE {
                return result;
            }
            tokio::time::sleep(FIRST_BACKOFF * 2_u32.pow(attempt)).await;
            attempt += 1;
        }
    }

    fn connector(&self, url: &str) -> Result<SharedHttpConnector, HttpError> {
        let plain = url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"));
        let mut made = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = &mut made[usize::from(plain)];
        if let Some(connector) = slot {
            return Ok(connector.clone());
        }
        let settings = HttpConnectorSettings::builder().connect_timeout(TIMEOUT).read_timeout(TIMEOUT).build();
        let connector = SharedHttpConnector::new(self.network.route(plain)?.connector(Some(&settings)));
        *slot = Some(connector.clone());
        Ok(connector)
    }

    async fn exchange(&self, request: &HttpRequest, limit: usize) -> Result<HttpResponse, HttpError> {
        let answer = self.begin(request).await?;
        let response = head(&answer);
        let whole = (200..300).contains(&response.status);
        Ok(HttpResponse { body: body(answer, limit, whole).await?, ..response })
    }

    /// Up to the head of the answer.
    async fn begin(&self, request: &HttpRequest) -> Result<SdkResponse<SdkBody>, HttpError> {
        let mut sent = SdkRequest::new(SdkBody::from(request.body.clone()));
        sent.set_method(request.method).map_err(|_| HttpError::Url)?;
        sent.set_uri(request.url.as_str()).map_err(|_| HttpError::Url)?;
        let agent = concat!("atmos/", env!("CARGO_PKG_VERSION"));
        let own = [("user-agent", agent), ("accept", "*/*")];
        for (name, value) in own {
            sent.headers_mut().try_insert(name, value).map_err(|_| HttpError::Header)?;
        }
        for (index, (name, value)) in request.headers.iter().enumerate() {
            let (name, value) = (name.to_lowercase(), value.clone());
            // A header may have several values; the first takes the place of our own.
            let again = request.headers[..index].iter().any(|(known, _)| known.eq_ignore_ascii_case(&name));
            let headers = sent.headers_mut();
            let added = if again {
                headers.try_append(name, value).map(drop)
            } else {
                headers.try_insert(name, value).map(drop)
            };
            added.map_err(|_| HttpError::Header)?;
        }
        if !request.body.is_empty() {
            let length = request.body.len().to_string();
            sent.headers_mut().try_insert("content-length", length).map_err(|_| HttpError::Header)?;
        }
        let answer = self.connector(&request.url)?.call(sent).await;
        answer.map_err(|error| HttpError::Unreachable { reason: causes(&error) })
    }
}

/// Status and headers.
fn head(answer: &SdkResponse<SdkBody>) -> HttpResponse {
    let headers = answer.headers().iter().map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    HttpResponse { status: answer.status().as_u16(), headers: headers.collect(), body: Vec::new() }
}

/// The whole body, as it comes.
async fn pour(
    response: &mut SdkResponse<SdkBody>,
    limit: usize,
    sink: &mut (dyn Write + Send),
) -> Result<(), HttpError> {
    let mut stream = ByteStream::new(std::mem::replace(response.body_mut(), SdkBody::taken()));
    let mut size = 0_usize;
    loop {
        let silent = HttpError::Unreachable { reason: format!("nothing came for {} s", PAUSE.as_secs()) };
        let Some(chunk) = tokio::time::timeout(PAUSE, stream.next()).await.map_err(|_| silent)? else { return Ok(()) };
        let chunk = chunk.map_err(|error| broken(&error))?;
        size = size.saturating_add(chunk.len());
        if size > limit {
            return Err(HttpError::Large { limit });
        }
        sink.write_all(&chunk).map_err(|error| HttpError::Write { reason: error.to_string() })?;
    }
}

fn broken(error: &ByteStreamError) -> HttpError {
    HttpError::Unreachable { reason: format!("the answer broke off: {}", causes(error)) }
}

/// The body; of one that only explains a failure the beginning is enough, which is less than anybody's limit.
async fn body(mut response: SdkResponse<SdkBody>, limit: usize, whole: bool) -> Result<Vec<u8>, HttpError> {
    let body = std::mem::replace(response.body_mut(), SdkBody::taken());
    let read = Box::pin(beginning(body, if whole { limit } else { EXPLANATION }));
    match read.await.map_err(|error| broken(&error))? {
        (_, false) if whole => Err(HttpError::Large { limit }),
        (bytes, _) => Ok(bytes),
    }
}

/// What of a body arrives before it gets larger than `most` bytes, and whether that is all of it.
///
/// # Errors
/// The connection broke off.
pub async fn beginning(body: SdkBody, most: usize) -> Result<(Vec<u8>, bool), ByteStreamError> {
    let mut stream = ByteStream::new(body);
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        if bytes.len() + chunk.len() > most {
            return Ok((bytes, false));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok((bytes, true))
}

/// The chain of causes in one line, without repetitions.
pub fn causes(error: &dyn std::error::Error) -> String {
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

/// The pairs of a form, encoded for the type `application/x-www-form-urlencoded`.
pub fn form(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={}", percent_encode(value))).collect::<Vec<_>>().join("&")
}

/// Text as a segment of an address, or as a value behind `?`: everything but letters, digits and `-_.~` is encoded.
pub fn percent_encode(text: &str) -> String {
    encode(text, "-_.~")
}

/// The same for a path: slashes stay.
pub fn percent_encode_path(text: &str) -> String {
    encode(text, "-_.~/")
}

/// Percent-encoded text decoded; what is no encoding stays as it is.
pub fn percent_decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%').then(|| after.get(..2)).flatten();
        let code = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    bytes
}

fn encode(text: &str, kept: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_in_addresses() {
        for (url, host) in [
            ("https://a.b/c?d", "a.b"),
            ("http://127.0.0.1:9000/x", "127.0.0.1:9000"),
            ("http://u:p@h:1?x", "h:1"),
            ("nonsense", ""),
        ] {
            assert_eq!(HttpRequest::get(url).authority(), host, "{url}");
        }
    }

    #[test]
    fn segments_and_paths_are_encoded() {
        assert_eq!(percent_encode("a/b c:d~é"), "a%2Fb%20c%3Ad~%C3%A9");
        assert_eq!(percent_encode_path("a/b c:d"), "a/b%20c%3Ad");
    }

    #[test]
    fn forms_are_encoded() {
        assert_eq!(form(&[("a", "1 2"), ("b", "x&y")]), "a=1%202&b=x%26y");
    }

    #[test]
    fn debug_shows_no_values() {
        let request = HttpRequest::get("http://token@x").header("authorization", "hunter22");
        let shown = format!("{request:?}");
        assert!(!shown.contains("token") && !shown.contains("hunter22"), "{shown}");
    }
}
