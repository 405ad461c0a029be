//! SDK clients of the portal, of its OIDC service and of STS, configured by hand.
//!
//! Nothing ambient is read: no profile, no variable with keys or a region, no instance metadata. Every client gets its
//! region, endpoint, credentials, timeouts and retries from [`Clients`]. Row 5.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_sdk_sts::config::{BehaviorVersion, Region, SharedHttpClient};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction, RetryClassifierPriority};
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;

use super::super::creds::AwsCredentials;
use super::super::error::Error;
use super::endpoint::Service;
use super::skew::Skew;
use crate::host::{Host, Network, NetworkError, aws_domain, beginning};
use crate::secret::{Expose, without_userinfo};

/// Connect, read, and a whole call with its retries.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The first call and two more.
const ATTEMPTS: u32 = 3;
const FIRST_BACKOFF: Duration = Duration::from_millis(300);
const TOO_MANY_REQUESTS: u16 = 429;

/// Makes clients that share their connections. One per process.
#[derive(Debug)]
pub struct Clients {
    /// For https and for http endpoints; made on first use, because loading the trusted roots takes time.
    http: Mutex<[Option<SharedHttpClient>; 2]>,
    network: Network,
    /// What the services' clocks say.
    pub(crate) skew: Skew,
}

impl Clients {
    pub fn new(host: &Host) -> Clients {
        Clients { http: Mutex::default(), network: Network::new(&host.env), skew: Skew::default() }
    }

    /// Client of the portal (accounts, role credentials). Calls carry a bearer token; nothing is signed.
    pub fn sso(&self, region: &str, endpoint: Option<&str>) -> Result<aws_sdk_sso::Client, Error> {
        let common = self.common(region, endpoint, None)?;
        let config = aws_sdk_sso::config::Builder::from(&common)
            .retry_classifier(TooManyRequests)
            .interceptor(self.skew.clone());
        Ok(aws_sdk_sso::Client::from_conf(config.build()))
    }

    /// Client of device authorization and tokens. Nothing is signed.
    pub fn oidc(&self, region: &str, endpoint: Option<&str>) -> Result<aws_sdk_ssooidc::Client, Error> {
        let common = self.common(region, endpoint, None)?;
        let config = aws_sdk_ssooidc::config::Builder::from(&common)
            .retry_classifier(TooManyRequests)
            .interceptor(self.skew.clone());
        Ok(aws_sdk_ssooidc::Client::from_conf(config.build()))
    }

    /// Client of STS that signs with `credentials`. `timeout` bounds a whole call, retries included; `None` leaves the
    /// usual limits.
    pub fn sts(
        &self,
        region: &str,
        endpoint: Option<&str>,
        credentials: &AwsCredentials,
        timeout: Option<Duration>,
    ) -> Result<aws_sdk_sts::Client, Error> {
        let key = Credentials::new(
            &credentials.access_key_id,
            credentials.secret_access_key.expose_secret(),
            credentials.session_token.as_ref().map(|token| token.expose_secret().to_owned()),
            None,
            "atmos",
        );
        let common = self.common(region, endpoint, timeout)?;
        let config = aws_sdk_sts::config::Builder::from(&common).credentials_provider(key);
        let config = config.retry_classifier(TooManyRequests).interceptor(self.skew.clone());
        Ok(aws_sdk_sts::Client::from_conf(config.build()))
    }

    /// What every client has. Made by hand, so that nothing of the environment gets in.
    fn common(&self, region: &str, endpoint: Option<&str>, whole_call: Option<Duration>) -> Result<SdkConfig, Error> {
        let mut limits = TimeoutConfig::builder().connect_timeout(TIMEOUT).read_timeout(TIMEOUT);
        // Retries are for answers that may be better next time; silence is not one.
        limits.set_operation_timeout(Some(whole_call.unwrap_or(TIMEOUT)));
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .http_client(self.http(endpoint)?)
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .timeout_config(limits.build())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(FIRST_BACKOFF));
        config.set_endpoint_url(endpoint.map(str::to_owned));
        Ok(config.build())
    }

    fn http(&self, endpoint: Option<&str>) -> Result<SharedHttpClient, Error> {
        let plain = endpoint.is_some_and(|url| url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:")));
        let mut made = self.http.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = &mut made[usize::from(plain)];
        if let Some(client) = slot {
            return Ok(client.clone());
        }
        let route = self.network.route(plain).map_err(unusable)?;
        let settings = HttpConnectorSettings::builder().connect_timeout(TIMEOUT).read_timeout(TIMEOUT).build();
        let connector = SharedHttpConnector::new(Bounded(SharedHttpConnector::new(route.connector(Some(&settings)))));
        let client = http_client_fn(move |_, _| connector.clone());
        *slot = Some(client.clone());
        Ok(client)
    }
}

/// Answers of these services have a few kilobytes, long lists some hundred.
const LARGEST: usize = 16 << 20;

/// A connector whose answers end: what stands at an address does not have to be the service.
#[derive(Debug)]
struct Bounded(SharedHttpConnector);

impl HttpConnector for Bounded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            let body = std::mem::replace(answer.body_mut(), SdkBody::taken());
            let (bytes, is_all) = beginning(body, LARGEST).await.map_err(|error| ConnectorError::io(error.into()))?;
            if !is_all {
                let reason = format!("the answer is larger than {} MiB", LARGEST >> 20);
                return Err(ConnectorError::other(reason.into(), None));
            }
            *answer.body_mut() = SdkBody::from(bytes);
            Ok(answer)
        })
    }
}

/// The error of this module for a network that cannot be used.
fn unusable(error: NetworkError) -> Error {
    match error {
        NetworkError::CaBundle { path, from, reason } => Error::CaBundle { path, from, reason },
        NetworkError::Proxy { from } => Error::InvalidEndpoint {
            // The address may contain a password.
            url: "(not shown)".to_owned(),
            from: from.to_owned(),
            reason: "it is not the address of a proxy",
        },
    }
}

/// 429 is retried whatever the body says; the SDK looks only at error names and at 500, 502, 503 and 504.
#[derive(Debug)]
struct TooManyRequests;

impl ClassifyRetry for TooManyRequests {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().map(|response| response.status().as_u16()) {
            Some(TOO_MANY_REQUESTS) => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "too many requests"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// The endpoint for messages: the override, else the host of the region.
pub(crate) fn shown_endpoint(service: Service, region: &str, endpoint: Option<&str>) -> String {
    endpoint.map_or_else(|| format!("{}.{region}.{}", service.host(), aws_domain(region)), without_userinfo)
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

    use super::*;
    use crate::host::causes;

    #[derive(Debug)]
    struct Answers(usize);

    impl HttpConnector for Answers {
        fn call(&self, _request: HttpRequest) -> HttpConnectorFuture {
            let body = SdkBody::from(vec![b' '; self.0]);
            HttpConnectorFuture::ready(Ok(HttpResponse::new(200.try_into().unwrap(), body)))
        }
    }

    #[tokio::test]
    async fn answers_end() {
        for (size, fits) in [(0, true), (LARGEST, true), (LARGEST + 1, false)] {
            let connector = Bounded(SharedHttpConnector::new(Answers(size)));
            let answer = connector.call(HttpRequest::new(SdkBody::empty())).await;
            assert_eq!(answer.is_ok(), fits, "{size}");
            match answer {
                Ok(answer) => assert_eq!(answer.body().bytes().map(<[u8]>::len), Some(size)),
                Err(error) => assert!(causes(&error).contains("larger than 16 MiB"), "{error:?}"),
            }
        }
    }
}
