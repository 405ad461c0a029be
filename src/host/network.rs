//! The way to the network: proxies, an additional CA bundle, and connectors of the one TLS stack.
//!
//! Read [`Network::route`]. Everything comes from the snapshot of the environment.

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::HttpConnectorSettings;
use base64::Engine as _;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::Env;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Why there is no way to the network.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NetworkError {
    #[error("the CA bundle {path} of {from} cannot be used: {reason}")]
    CaBundle { path: String, from: &'static str, reason: String },
    /// The address is not shown: it may contain a password.
    #[error("{from} is not the address of a proxy")]
    Proxy { from: &'static str },
}

/// What the environment says about the way to the network.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// Variable and path of an additional CA bundle.
    ca_bundle: Option<(&'static str, String)>,
    https_proxy: Option<String>,
    http_proxy: Option<String>,
    no_proxy: String,
}

/// Makes connectors for one scheme.
#[derive(Debug, Clone)]
pub struct Route {
    proxy: ProxyConfig,
    /// Absent for plain http.
    tls: Option<TlsContext>,
}

impl Network {
    pub fn new(env: &Env) -> Network {
        let get = |names: &[&str]| names.iter().find_map(|name| env.get(name)).map(str::to_owned);
        let bundle = |name: &'static str| env.get(name).map(|path| (name, path.to_owned()));
        let own = ["localhost", "127.0.0.0/8", "::1"];
        let excluded = get(&["NO_PROXY", "no_proxy"]);
        Network {
            // SSL_CERT_FILE replaces the roots of the system already where those are loaded.
            ca_bundle: bundle("AWS_CA_BUNDLE"),
            https_proxy: get(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]),
            http_proxy: get(&["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]),
            no_proxy: excluded.iter().map(String::as_str).chain(own).collect::<Vec<_>>().join(","),
        }
    }

    /// The way for plain http, or for https.
    ///
    /// # Errors
    /// A proxy or a CA bundle of the environment that cannot be used.
    pub fn route(&self, plain: bool) -> Result<Route, NetworkError> {
        if plain {
            let proxy = self.proxy("HTTP_PROXY", self.http_proxy.as_deref(), |url| ProxyConfig::http(url))?;
            return Ok(Route { proxy, tls: None });
        }
        let proxy = self.proxy("HTTPS_PROXY", self.https_proxy.as_deref(), |url| ProxyConfig::https(url))?;
        let mut trust = TrustStore::default();
        if let Some((from, path)) = &self.ca_bundle {
            trust.add_pem_certificate(ca_bundle(from, path)?);
        }
        let tls = TlsContext::builder().with_trust_store(trust).build().map_err(|error| NetworkError::CaBundle {
            path: String::new(),
            from: "the system",
            reason: error.to_string(),
        })?;
        Ok(Route { proxy, tls: Some(tls) })
    }

    fn proxy<E>(
        &self,
        from: &'static str,
        url: Option<&str>,
        make: impl Fn(&str) -> Result<ProxyConfig, E>,
    ) -> Result<ProxyConfig, NetworkError> {
        let Some(url) = url else { return Ok(ProxyConfig::disabled()) };
        // A proxy written as host:port is http.
        let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        Ok(make(&url).map_err(|_| NetworkError::Proxy { from })?.no_proxy(&self.no_proxy))
    }
}

impl Route {
    pub fn connector(&self, settings: Option<&HttpConnectorSettings>) -> Connector {
        let builder = Connector::builder().sleep_impl(TokioSleep::new()).proxy_config(self.proxy.clone());
        let builder = match settings {
            Some(settings) => builder.connector_settings(settings.clone()),
            None => builder,
        };
        match &self.tls {
            None => builder.build_http(),
            Some(tls) => {
                let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
                builder.tls_provider(provider).tls_context(tls.clone()).build()
            }
        }
    }
}

/// The certificates of the bundle that the TLS library accepts, as PEM: the client would panic at any other. Old roots
/// with odd encodings are common in bundles of systems, so those are left out; none left is an error.
fn ca_bundle(from: &'static str, path: &str) -> Result<Vec<u8>, NetworkError> {
    let fail = |reason: String| NetworkError::CaBundle { path: path.to_owned(), from, reason };
    let bytes = std::fs::read(path).map_err(|error| fail(error.to_string()))?;
    let mut accepted = String::new();
    let mut last = None;
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|error| fail(error.to_string()))?;
        let text = base64::engine::general_purpose::STANDARD.encode(&certificate);
        match RootCertStore::empty().add(certificate) {
            Ok(()) => accepted.extend([BEGIN, &text, END].map(|line| format!("{line}\n"))),
            Err(error) => last = Some(error.to_string()),
        }
    }
    if accepted.is_empty() {
        return Err(fail(last.unwrap_or_else(|| "it contains no certificate".to_owned())));
    }
    Ok(accepted.into_bytes())
}
