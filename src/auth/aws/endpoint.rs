//! Where each AWS service is reached: one order of precedence for every client.
//!
//! Read [`Endpoints::resolve`]. Row 5.

use super::super::bounds::{ADDRESS, shown};
use super::super::config::Spec;
use super::super::error::Error;
use crate::diag::{Talk, Warning};
use crate::host::{Env, ignores_aws_endpoints};
use crate::secret::without_userinfo;

/// The services that authentication and YAML functions call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The portal: accounts, role credentials.
    Sso,
    /// Device authorization and tokens.
    SsoOidc,
    Sts,
    S3,
    Organizations,
    /// Users and their keys.
    Iam,
    /// Private registries.
    Ecr,
    /// The public registry.
    EcrPublic,
    /// Clusters.
    Eks,
}

impl Service {
    /// Key in `spec.endpoint_urls` and in the `services` section of AWS profiles.
    pub fn key(self) -> &'static str {
        match self {
            Service::Sso => "sso",
            Service::SsoOidc => "sso_oidc",
            Service::Sts => "sts",
            Service::S3 => "s3",
            Service::Organizations => "organizations",
            Service::Iam => "iam",
            Service::Ecr => "ecr",
            Service::EcrPublic => "ecr_public",
            Service::Eks => "eks",
        }
    }

    fn variable(self) -> &'static str {
        match self {
            Service::Sso => "AWS_ENDPOINT_URL_SSO",
            Service::SsoOidc => "AWS_ENDPOINT_URL_SSO_OIDC",
            Service::Sts => "AWS_ENDPOINT_URL_STS",
            Service::S3 => "AWS_ENDPOINT_URL_S3",
            Service::Organizations => "AWS_ENDPOINT_URL_ORGANIZATIONS",
            Service::Iam => "AWS_ENDPOINT_URL_IAM",
            Service::Ecr => "AWS_ENDPOINT_URL_ECR",
            Service::EcrPublic => "AWS_ENDPOINT_URL_ECR_PUBLIC",
            Service::Eks => "AWS_ENDPOINT_URL_EKS",
        }
    }

    /// Host label of the regional default.
    pub fn host(self) -> &'static str {
        match self {
            Service::Sso => "portal.sso",
            Service::SsoOidc => "oidc",
            Service::Sts => "sts",
            Service::S3 => "s3",
            Service::Organizations => "organizations",
            Service::Iam => "iam",
            Service::Ecr => "api.ecr",
            Service::EcrPublic => "api.ecr-public",
            Service::Eks => "eks",
        }
    }

    /// The name that a signature is for, where no SDK signs.
    pub fn signing_name(self) -> &'static str {
        match self {
            Service::EcrPublic => "ecr-public",
            other => other.key(),
        }
    }
}

/// Overrides of the environment, taken once from the snapshot.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    /// By variable, in the order of [`SERVICES`].
    specific: [Option<String>; 9],
    generic: Option<String>,
}

const SERVICES: [Service; 9] = [
    Service::Sso,
    Service::SsoOidc,
    Service::Sts,
    Service::S3,
    Service::Organizations,
    Service::Iam,
    Service::Ecr,
    Service::EcrPublic,
    Service::Eks,
];

impl Endpoints {
    /// Reads `AWS_ENDPOINT_URL_<SERVICE>` and `AWS_ENDPOINT_URL`, unless `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is true.
    pub fn new(env: &Env) -> Endpoints {
        if ignores_aws_endpoints(env) {
            return Endpoints::default();
        }
        Endpoints {
            specific: SERVICES.map(|service| env.get(service.variable()).map(str::to_owned)),
            generic: env.get("AWS_ENDPOINT_URL").map(str::to_owned),
        }
    }

    /// The override in force, `None` for the regional default. Identity before provider before environment; within
    /// each the entry of the service before the general one.
    pub fn url(&self, service: Service, identity: Option<&Spec>, provider: Option<&Spec>) -> Option<String> {
        self.find(service, identity, provider).map(|(url, _)| url.to_owned())
    }

    /// As [`Endpoints::url`], checked. Plain http to another machine is a warning.
    ///
    /// # Errors
    /// [`Error::InvalidEndpoint`] for anything but an http or https URL with a host.
    pub fn resolve(
        &self,
        service: Service,
        identity: Option<&Spec>,
        provider: Option<&Spec>,
        talk: &Talk,
    ) -> Result<Option<String>, Error> {
        let Some((url, from)) = self.find(service, identity, provider) else { return Ok(None) };
        let host = check_url(url).map_err(|reason| Error::InvalidEndpoint {
            url: shown(without_userinfo(url)),
            from: from.to_owned(),
            reason,
        })?;
        if is_plain(url) && !is_loopback(host) {
            let message = format!("credentials travel unencrypted: endpoint {url} of {from} is plain http");
            talk.warn(Warning::new("atmos::auth::plain_http", message).help("use https, or a loopback address"));
        }
        Ok(Some(url.to_owned()))
    }

    fn find<'a>(
        &'a self,
        service: Service,
        identity: Option<&'a Spec>,
        provider: Option<&'a Spec>,
    ) -> Option<(&'a str, &'static str)> {
        of_spec(service, identity)
            .map(|url| (url, "the identity's spec"))
            .or_else(|| of_spec(service, provider).map(|url| (url, "the provider's spec")))
            .or_else(|| {
                let index = SERVICES.iter().position(|known| *known == service)?;
                self.specific[index].as_deref().map(|url| (url, service.variable()))
            })
            .or_else(|| self.generic.as_deref().map(|url| (url, "AWS_ENDPOINT_URL")))
    }
}

fn of_spec(service: Service, spec: Option<&Spec>) -> Option<&str> {
    let spec = spec?;
    spec.endpoint_urls
        .iter()
        .find(|(key, _)| key == service.key())
        .map(|(_, url)| url.as_str())
        .or(spec.endpoint_url.as_deref())
}

fn is_plain(url: &str) -> bool {
    url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
}

/// The host of an http or https URL, or what is wrong with it.
pub(crate) fn check_url(url: &str) -> Result<&str, &'static str> {
    if url.len() > ADDRESS {
        return Err("it is longer than any address of a service");
    }
    let (scheme, rest) = url.split_once("://").ok_or("it has no scheme")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err("the scheme is neither http nor https");
    }
    if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("it contains white space");
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("it contains a user name");
    }
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    if host.is_empty() { Err("it has no host") } else { Ok(host) }
}

pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    fn spec(url: Option<&str>, sts: Option<&str>) -> Spec {
        Spec {
            endpoint_url: url.map(str::to_owned),
            endpoint_urls: sts.map(|url| ("sts".to_owned(), url.to_owned())).into_iter().collect(),
            files_base_path: None,
        }
    }

    #[test]
    fn precedence_of_the_six_levels() {
        let full = [("AWS_ENDPOINT_URL_STS", "e-sts"), ("AWS_ENDPOINT_URL", "e")];
        let endpoints = Endpoints::new(&Env::from_iter(full));
        let none = spec(None, None);
        for (identity, provider, expected) in [
            (spec(Some("i"), Some("i-sts")), spec(Some("p"), Some("p-sts")), "i-sts"),
            (spec(Some("i"), None), spec(Some("p"), Some("p-sts")), "i"),
            (none.clone(), spec(Some("p"), Some("p-sts")), "p-sts"),
            (none.clone(), spec(Some("p"), None), "p"),
            (none.clone(), none.clone(), "e-sts"),
        ] {
            assert_eq!(endpoints.url(Service::Sts, Some(&identity), Some(&provider)).as_deref(), Some(expected));
        }
        assert_eq!(endpoints.url(Service::Sso, Some(&none), None).as_deref(), Some("e"));
        let ignored =
            Endpoints::new(&Env::from_iter([full[0], full[1], ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")]));
        assert_eq!(ignored.url(Service::Sts, None, None), None);
    }

    #[test]
    fn urls_are_checked() {
        for (url, host) in
            [("http://127.0.0.1:8080/x", "127.0.0.1"), ("HTTPS://[::1]:1", "::1"), ("https://a.b?x", "a.b")]
        {
            assert_eq!(check_url(url), Ok(host));
        }
        for bad in ["", "x", "ftp://a", "http://", "http:///x", "https://u:p@h", "https://a b"] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn plain_http_warns_unless_loopback() {
        let heard = Arc::new(Mutex::new(0));
        let sink = heard.clone();
        let talk = Talk::new(move |_| *sink.lock().unwrap() += 1);
        let resolve = |url: &str| {
            Endpoints::new(&Env::from_iter([("AWS_ENDPOINT_URL", url)])).resolve(Service::Sso, None, None, &talk)
        };
        for quiet in ["http://localhost:1", "http://127.0.0.9", "http://[::1]:3", "https://example.com"] {
            resolve(quiet).unwrap();
        }
        assert_eq!(*heard.lock().unwrap(), 0);
        resolve("http://example.com").unwrap();
        assert_eq!(*heard.lock().unwrap(), 1);
        assert!(resolve("nonsense").is_err());
        let error = resolve("https://me:hunter22@example.com").unwrap_err().to_string();
        assert!(error.contains("https://<MASKED>@example.com") && !error.contains("hunter22"), "{error}");
    }
}
