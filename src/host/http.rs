//! One exchange over http or https: no redirects, no retries; those are decisions of who asks.
//!
//! Read [`Http::exchange`]. Connections are shared by all exchanges of one [`Http`], which therefore belongs to one
//! runtime.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::http::{Request, Response};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use super::{Env, Network, NetworkError};
use crate::secret::{Expose, Secret};

/// Connect and read, each.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Of an answer that is no success only so much is read: it is for a message.
const EXPLANATION: usize = 64 << 10;

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HttpError {
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// What is no address is not repeated: it may hold a token.
    #[error("it is no valid URL")]
    Address,
    #[error("the header `{name}` cannot be sent")]
    Header { name: String },
    #[error("{0}")]
    Unreachable(String),
    #[error("the answer broke off: {0}")]
    BrokenOff(String),
    #[error("it is larger than {0} bytes")]
    TooLarge(usize),
    #[error("no complete answer within {0} s")]
    TooLate(u64),
}

/// What is asked. Every header counts as a secret: most that matter are.
#[derive(Debug)]
pub struct Call {
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<(String, Secret)>,
    pub body: Vec<u8>,
    /// Longest answer in bytes.
    pub limit: usize,
    /// For the whole exchange.
    pub timeout: Duration,
}

impl Call {
    pub fn new(method: &'static str, url: impl Into<String>) -> Call {
        Call { method, url: url.into(), headers: Vec::new(), body: Vec::new(), limit: 16 << 20, timeout: TIMEOUT }
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Call {
        self.headers.push((name.to_owned(), Secret::from(value.into())));
        self
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// A header of the answer, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text; what is no UTF-8 in it is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The way out with its connections.
#[derive(Debug)]
pub struct Http {
    network: Network,
    /// For https and for plain http; made on first use, because loading the trusted roots takes time.
    connectors: Mutex<[Option<Arc<Connector>>; 2]>,
}

impl Http {
    pub fn new(env: &Env) -> Http {
        Http { network: Network::new(env), connectors: Mutex::default() }
    }

    /// The answer, whatever its status is.
    ///
    /// # Errors
    /// Nobody answers, in time or at all, or the answer is too large.
    pub async fn exchange(&self, call: &Call) -> Result<Answer, HttpError> {
        match tokio::time::timeout(call.timeout, self.ask(call)).await {
            Ok(result) => result,
            Err(_) => Err(HttpError::TooLate(call.timeout.as_secs())),
        }
    }

    async fn ask(&self, call: &Call) -> Result<Answer, HttpError> {
        let mut request = Request::new(SdkBody::from(call.body.clone()));
        request.set_uri(call.url.as_str()).map_err(|_| HttpError::Address)?;
        request.set_method(call.method).map_err(|_| HttpError::Address)?;
        let own = [("user-agent", concat!("atmos/", env!("CARGO_PKG_VERSION"))), ("accept", "*/*")];
        let given = |name: &str| call.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
        let own = own.into_iter().filter(|(name, _)| !given(name)).map(|(name, value)| (name.to_owned(), value));
        let all = own.chain(call.headers.iter().map(|(name, value)| (name.to_lowercase(), value.expose_secret())));
        for (name, value) in all {
            let refused = HttpError::Header { name: name.clone() };
            request.headers_mut().try_append(name, value.to_owned()).map_err(|_| refused)?;
        }
        let response = self.connector(&call.url)?.call(request).await;
        let mut response = response.map_err(|error| HttpError::Unreachable(reasons(&error)))?;
        let status = response.status().as_u16();
        let headers = response.headers().iter().map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        let body = body(&mut response, call.limit, response_is_success(status)).await?;
        Ok(Answer { status, headers, body })
    }

    fn connector(&self, url: &str) -> Result<Arc<Connector>, HttpError> {
        let plain = url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"));
        let mut made = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = &mut made[usize::from(plain)];
        if let Some(connector) = slot {
            return Ok(connector.clone());
        }
        let settings = HttpConnectorSettings::builder().connect_timeout(TIMEOUT).read_timeout(TIMEOUT).build();
        let connector = Arc::new(self.network.route(plain)?.connector(Some(&settings)));
        *slot = Some(connector.clone());
        Ok(connector)
    }
}

fn response_is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// The body; of one that only explains a failure the beginning is enough.
async fn body(response: &mut Response<SdkBody>, limit: usize, whole: bool) -> Result<Vec<u8>, HttpError> {
    let mut stream = ByteStream::new(std::mem::replace(response.body_mut(), SdkBody::taken()));
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| HttpError::BrokenOff(reasons(&error)))?;
        if !whole && bytes.len() + chunk.len() > EXPLANATION {
            break;
        }
        if bytes.len() + chunk.len() > limit {
            return Err(HttpError::TooLarge(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
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
