//! A portal of IAM Identity Center: its addresses, and under which name its token rests. Row 5.

use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use super::super::aws::client::shown_endpoint;
use super::super::aws::endpoint::Service;
use super::super::config::{Provider, Spec};
use super::super::context::Context;
use super::super::creds::PortalToken;
use super::super::error::Error;
use crate::host::aws_domain;
use crate::value::{DurationForm, hex, parse_duration};

/// Lifetime of a token where neither the answer nor the provider says it.
const LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// An address without what browsers put behind it: it is that of the same portal.
fn bare(start_url: &str) -> &str {
    start_url.trim_end_matches(['/', '#'])
}

/// What is needed to get a token.
#[derive(Debug, Clone)]
pub(crate) struct Portal {
    pub(crate) name: String,
    pub(crate) start_url: String,
    pub(crate) region: String,
    pub(crate) oidc_endpoint: Option<String>,
    /// Where requests with the token go.
    sso_endpoint: Option<String>,
    pub(crate) fallback_lifetime: SignedDuration,
    spec: Spec,
}

impl Portal {
    /// From a checked provider of kind `aws/iam-identity-center`.
    pub(crate) fn new(context: &Context, provider: &Provider) -> Result<Portal, Error> {
        let talk = &context.host.talk;
        let configured = provider.session_duration.as_deref().and_then(|text| parse_duration(text, DurationForm::Go));
        Ok(Portal {
            name: provider.name.as_str().to_owned(),
            start_url: provider.start_url.as_ref().map(|(url, _)| url.clone()).unwrap_or_default(),
            region: provider.region.clone().unwrap_or_default(),
            oidc_endpoint: context.endpoints.resolve(Service::SsoOidc, None, Some(&provider.spec), talk)?,
            sso_endpoint: context.endpoints.resolve(Service::Sso, None, Some(&provider.spec), talk)?,
            fallback_lifetime: configured.and_then(|given| SignedDuration::try_from(given).ok()).unwrap_or(LIFETIME),
            spec: provider.spec.clone(),
        })
    }

    /// The portal as an identity reaches it: its own endpoint beats the provider's.
    pub(crate) fn for_identity(mut self, context: &Context, identity: &Spec) -> Result<Portal, Error> {
        self.sso_endpoint = self.endpoint(context, Some(identity))?;
        Ok(self)
    }

    /// Providers with the same portal share its token. The endpoints belong to the key: a configuration that sends
    /// requests elsewhere must never get a token that was issued for the real place.
    pub(crate) fn key(&self) -> String {
        self.key_of(bare(&self.start_url))
    }

    fn key_of(&self, start_url: &str) -> String {
        let endpoint = |endpoint: &Option<String>| endpoint.clone().unwrap_or_default();
        let (oidc, sso) = (endpoint(&self.oidc_endpoint), endpoint(&self.sso_endpoint));
        hex(&Sha256::digest(format!("{start_url}|{}|{oidc}|{sso}", self.region)))
    }

    /// Name of the token in the cache.
    pub(crate) fn cache_name(&self) -> String {
        format!("portal/{}", self.key())
    }

    /// The name under which earlier versions kept it, where that is another one.
    pub(crate) fn former_cache_name(&self) -> Option<String> {
        let is_bare = bare(&self.start_url) == self.start_url;
        (!is_bare).then(|| format!("portal/{}", self.key_of(&self.start_url)))
    }

    /// Whether a token was made for it.
    pub(crate) fn gave(&self, token: &PortalToken) -> bool {
        bare(&token.start_url) == bare(&self.start_url) && token.region == self.region
    }

    /// Endpoint for calls with the token, for an identity or for the provider itself.
    pub(crate) fn endpoint(&self, context: &Context, identity: Option<&Spec>) -> Result<Option<String>, Error> {
        context.endpoints.resolve(Service::Sso, identity, Some(&self.spec), &context.host.talk)
    }

    /// Where sign-ins are asked for, for people.
    pub(crate) fn shown_oidc(&self) -> String {
        shown_endpoint(Service::SsoOidc, &self.region, self.oidc_endpoint.as_deref())
    }

    /// Address of the OIDC service, without a slash at its end.
    pub(crate) fn oidc_url(&self) -> String {
        match &self.oidc_endpoint {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => format!("https://oidc.{}.{}", self.region, aws_domain(&self.region)),
        }
    }

    pub(crate) fn creation(&self, reason: &str, help: &str) -> Error {
        Error::TokenCreation { provider: self.name.clone(), reason: reason.to_owned(), help: help.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_put_behind_an_address_is_no_other_portal_and_old_names_are_known() {
        let portal = |start_url: &str| Portal {
            name: "corp".to_owned(),
            start_url: start_url.to_owned(),
            region: "eu-west-1".to_owned(),
            oidc_endpoint: None,
            sso_endpoint: None,
            fallback_lifetime: LIFETIME,
            spec: Spec::default(),
        };
        let name = |start_url: &str| format!("portal/{}", hex(&Sha256::digest(format!("{start_url}|eu-west-1||"))));
        let plain = portal("https://x.test/start");
        assert_eq!((plain.cache_name(), plain.former_cache_name()), (name("https://x.test/start"), None));
        for behind in ["/", "#", "/#/"] {
            let long = format!("https://x.test/start{behind}");
            assert_eq!(portal(&long).cache_name(), plain.cache_name(), "{behind}");
            assert_eq!(portal(&long).former_cache_name(), Some(name(&long)), "{behind}");
        }
        assert_ne!(portal("https://x.test/other").key(), plain.key());
    }
}
