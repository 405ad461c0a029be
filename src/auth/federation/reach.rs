//! What lies behind an identity of another cloud than AWS: registries and clusters, asked as it. Row 5.

use std::time::Duration;

use super::super::chain::Chain;
use super::super::context::Context;
use super::super::error::Error as AuthError;
use super::super::given::Credentials;
use super::super::kind::ProviderKind;
use super::azure::Cloud;
use super::google::TOKEN;
use super::module::{Entry, Form, Module, Step};
use super::network::{desk, endpoint};
use crate::cloud::azure::ClusterPlace;
use crate::cloud::google::Described;
use crate::cloud::{Token, Trouble, azure, google};
use crate::secret::Secret;

/// For one question, repetitions included: nobody who starts a run waits long for a registry that may not be wanted.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whoever is at the end of a chain.
pub(crate) struct Reach<'a> {
    context: &'a Context,
    chain: &'a Chain,
}

impl<'a> Reach<'a> {
    pub(crate) fn new(context: &'a Context, chain: &'a Chain) -> Reach<'a> {
        Reach { context, chain }
    }

    /// The step of the identity, for its endpoints and those of its provider.
    fn step(&self) -> Step<'_> {
        let provider = self.chain.provider.as_ref().map(Entry::provider);
        let entry = Entry::identity(self.chain.target());
        Step { context: self.context, entry, provider, region: None, before: None }
    }

    fn azure(&self) -> Result<(&'static dyn Module, Step<'_>), AuthError> {
        let provider = self.chain.provider.as_ref();
        let module = provider.and_then(|provider| match provider.kind {
            ProviderKind::Federated(kind) if kind.module().gives() == Form::Azure => Some(kind.module()),
            _ => None,
        });
        let (Some(module), Some(provider)) = (module, provider) else {
            let what = format!("a token for identity `{}`", self.chain.target().name);
            let answer = format!("it is of kind {}, which is none of Azure", self.chain.target().kind_text);
            let help = "name an identity of kind azure/subscription".to_owned();
            return Err(AuthError::Refused { what, answer, help });
        };
        let entry = Entry::provider(provider);
        Ok((module, Step { context: self.context, entry, provider: None, region: None, before: None }))
    }

    /// Of the provider's cloud: the name of its management, for whom a token is.
    pub(crate) fn management(&self) -> Result<&'static str, AuthError> {
        Ok(Cloud::of(&self.azure()?.1.entry).management())
    }

    /// The sign-in of Azure, for something.
    pub(crate) async fn azure_token(&self, resource: &str) -> Result<Token, AuthError> {
        let (module, step) = self.azure()?;
        module.token_for(step, resource).await
    }

    /// A password of a registry of Azure. `tenant` is that of the provider without.
    pub(crate) async fn registry(&self, host: &str, tenant: Option<&str>, token: &Secret) -> Result<Token, AuthError> {
        let own = self.azure()?.1.entry.text("spec.tenant_id").unwrap_or_default();
        let step = self.step();
        let url = endpoint(&step, "acr")?.unwrap_or_else(|| format!("https://{host}"));
        let call = azure::registry_password(desk(&step), &url, host, tenant.unwrap_or(&own), token);
        let help = "check the name of the registry; the identity needs a role such as AcrPull there";
        asked(&step, &format!("the login of {host}"), host, call, help).await
    }

    /// What Azure says of a cluster: its name, and a kubeconfig.
    pub(crate) async fn azure_cluster(
        &self,
        place: ClusterPlace<'_>,
        token: &Secret,
    ) -> Result<(String, String), AuthError> {
        let step = self.step();
        let management = self.management()?;
        let url = endpoint(&step, "management")?.unwrap_or_else(|| management.to_owned());
        let call = azure::cluster(desk(&step), &url, token, place);
        let help = "check name, resource group and subscription; the identity needs the role Azure Kubernetes Service Cluster \
                    User there";
        let what = format!("the cluster {} in {}", place.name, place.group);
        asked(&step, &what, "the management of Azure", call, help).await
    }

    /// What Google says of a cluster.
    pub(crate) async fn google_cluster(
        &self,
        place: (&str, &str, &str),
        token: &Secret,
    ) -> Result<Described, AuthError> {
        let step = self.step();
        let url = endpoint(&step, "container")?;
        let call = google::cluster(desk(&step), url.as_deref(), token, place);
        let help = "check name, project and location; the identity needs the role roles/container.clusterViewer there";
        let what = format!("the cluster {} in {}/{}", place.2, place.0, place.1);
        asked(&step, &what, "the service for clusters of Google", call, help).await
    }
}

/// The token in what an identity of Google gives.
pub(crate) fn google_token(credentials: &Credentials) -> Option<&Secret> {
    let Credentials::Environment(given) = credentials else { return None };
    given.variables.iter().find(|variable| variable.name == TOKEN).map(|variable| &variable.value)
}

async fn asked<T>(
    step: &Step<'_>,
    what: &str,
    endpoint: &str,
    call: impl Future<Output = Result<T, Trouble>>,
    help: &str,
) -> Result<T, AuthError> {
    let unreachable =
        |reason: String| AuthError::Unreachable { what: what.to_owned(), endpoint: endpoint.to_owned(), reason };
    let answer = tokio::time::timeout(PATIENCE, step.context.ask(endpoint, call)).await;
    let answer = answer.map_err(|_| unreachable(format!("no answer within {} s", PATIENCE.as_secs())))?;
    answer.map_err(|trouble| match trouble {
        Trouble::Unreachable { reason, .. } => unreachable(reason),
        Trouble::Unusable(answer) | Trouble::Refused(answer) | Trouble::Broken(answer) => {
            let answer = answer.chars().filter(|c| !c.is_control()).collect();
            AuthError::Refused { what: what.to_owned(), answer, help: help.to_owned() }
        }
    })
}
