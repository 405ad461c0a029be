//! What a provider gave: one attempt at a time, and used again while it lives. Row 5.

use std::time::Instant;

use super::chain::{Chain, check_provider, find_provider};
use super::config::Provider;
use super::error::Error;
use super::federation::{Entry, Error as FederationError, Form, Offer, Proof, Registered, Step};
use super::fingerprint::provider_fingerprint;
use super::given::Credentials;
use super::kind::ProviderKind;
use super::name::ProviderName;
use super::obtained::Obtained;
use super::record::StepRecord;
use super::session::{Session, abortable};
use crate::span::Span;

impl Session {
    /// The roles that a provider of kind `aws/saml` offers to who signs in: role, provider, account.
    ///
    /// # Errors
    /// Another kind of provider; the sign-in fails.
    pub async fn saml_roles(&self, name: &ProviderName) -> Result<Vec<SamlRole>, Error> {
        let sources = &self.context.host.sources;
        let provider = find_provider(&self.settings, name.as_str(), Span::default(), sources)?;
        check_provider(provider, sources)?;
        let proof = match provider.kind {
            ProviderKind::Federated(kind) if kind.module().gives() == Form::Saml => {
                abortable(self.proof(provider, kind)).await?
            }
            _ => return Err(not_saml(provider)),
        };
        let Proof::Saml(assertion) = proof else { return Err(not_saml(provider)) };
        let mut roles: Vec<SamlRole> = assertion.offers.iter().map(SamlRole::of).collect();
        roles.sort();
        Ok(roles)
    }

    /// The proof of a provider, of this process or new.
    pub(super) async fn proof(&self, provider: &Provider, kind: Registered) -> Result<Proof, Error> {
        let since = Instant::now();
        let mut flight = self.context.proofs.enter(&provider_fingerprint(provider)).await;
        let now = self.context.now_there();
        if let Some(known) = flight.value.as_ref().filter(|known| known.lasts(now, self.lasting)) {
            return Ok(known.proof.clone());
        }
        if let Some(error) = flight.failed_since(since) {
            return Err(error);
        }
        let (context, region) = (&*self.context, provider.region.as_deref());
        let step = Step { context, entry: Entry::provider(provider), provider: None, region, before: None };
        let result = kind.module().authenticate(step).await;
        let result = result.map_err(|error| error.at_provider(provider, &context.host.sources));
        let issued = context.now_there();
        flight.land(result.map(|proof| Obtained { proof, issued })).map(|known| known.proof)
    }

    /// What the step before an identity of a module gave: that of `base`, else the provider.
    pub(super) async fn before(&self, chain: &Chain, base: Option<StepRecord>) -> Result<Option<Proof>, Error> {
        if let Some(StepRecord { credentials, caller, .. }) = base {
            return Ok(Some(match credentials {
                Credentials::Aws(keys) => Proof::Aws(keys),
                Credentials::Environment(given) => Proof::Environment(given, caller),
            }));
        }
        match &chain.provider {
            Some(provider @ Provider { kind: ProviderKind::Federated(kind), .. }) => {
                self.proof(provider, *kind).await.map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// A role that an assertion offers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SamlRole {
    pub account: String,
    pub role: String,
    /// The provider in that account.
    pub principal: String,
}

impl SamlRole {
    fn of(offer: &Offer) -> SamlRole {
        let (role, principal) = (offer.role.clone(), offer.principal.clone());
        SamlRole { account: offer.account().to_owned(), role, principal }
    }
}

fn not_saml(provider: &Provider) -> Error {
    let who = format!("provider `{}`", provider.name);
    let help =
        "name a provider of kind aws/saml with `--provider`; `atmos auth list --providers` shows them".to_owned();
    FederationError::Unavailable { who, reason: format!("it is of kind {}", provider.kind_text), help }.into()
}
