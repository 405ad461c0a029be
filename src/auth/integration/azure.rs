//! Registries and clusters of Azure: logins, and the tokens by which a cluster knows an identity. Row 5.

use std::path::Path;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

use super::super::chain::Chain;
use super::super::error::Error;
use super::super::federation::Reach;
use super::super::fingerprint::provider_fingerprint;
use super::super::given::{Credentials, EnvironmentCredentials, Variable};
use super::super::session::{Session, abortable};
use super::ecr::RegistryLogin;
use super::eks::{Cluster, ClusterToken, odd_address};
use super::target::{ClusterTarget, Home, Registry, is_part};
use crate::cloud;
use crate::cloud::azure::ClusterPlace;
use crate::content::{self, Tags};
use crate::host::Host;
use crate::secret::Expose as _;
use crate::value::Node;

/// The application of all clusters that have none of their own.
pub const CLUSTERS_OF_AZURE: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
/// The user of everybody who shows a token instead of a password.
const USER: &str = "00000000-0000-0000-0000-000000000000";
/// Clients are told to come back a little earlier.
const MARGIN: SignedDuration = SignedDuration::from_mins(1);
/// A login of this process with less left is asked for again.
const LEAST: SignedDuration = SignedDuration::from_mins(15);

impl Session {
    /// The login of a registry of Azure, asked for once per identity and process. `tenant` is that of the provider without.
    ///
    /// # Errors
    /// The identity is none of Azure; the registry refuses or cannot be reached; the user ends it.
    pub async fn azure_login(
        &self,
        chain: &Chain,
        registry: &Registry,
        tenant: Option<&str>,
    ) -> Result<RegistryLogin, Error> {
        let since = Instant::now();
        let whose = self.fingerprint(chain, chain.identities.len() - 1);
        let mut flight = self.context.registries.enter(&format!("{}|{}", whose.as_str(), registry.host)).await;
        let now = self.context.host.now();
        let lasts = |login: &&RegistryLogin| login.expires.is_none_or(|expires| expires.duration_since(now) > LEAST);
        if let Some(login) = flight.value.as_ref().filter(lasts) {
            return Ok(login.clone());
        }
        if let Some(error) = flight.failed_since(since) {
            return Err(error);
        }
        let result = abortable(async {
            let reach = Reach::new(&self.context, chain);
            let token = self.azure_token(chain, reach.management()?).await?.token;
            let password = reach.registry(&registry.host, tenant, &token).await?.value;
            let expires = end_of(password.expose_secret());
            Ok(RegistryLogin { registry: registry.host.clone(), user: USER.to_owned(), password, expires })
        });
        flight.land(result.await)
    }

    /// What Azure knows of a cluster, asked for once per identity and process.
    ///
    /// # Errors
    /// There is no such cluster, or it does not know accounts of Microsoft Entra; the service refuses or cannot be reached;
    /// the user ends it.
    pub async fn azure_cluster(&self, chain: &Chain, target: &ClusterTarget) -> Result<Cluster, Error> {
        let since = Instant::now();
        let whose = self.fingerprint(chain, chain.identities.len() - 1);
        let key = format!("{}|{}|{:?}", whose.as_str(), target.name, target.home);
        let mut flight = self.context.clusters.enter(&key).await;
        if let Some(cluster) = &flight.value {
            return Ok(cluster.clone());
        }
        if let Some(error) = flight.failed_since(since) {
            return Err(error);
        }
        flight.land(abortable(self.describe_azure(chain, target)).await)
    }

    async fn describe_azure(&self, chain: &Chain, target: &ClusterTarget) -> Result<Cluster, Error> {
        let what = format!("the cluster {}", target.name);
        let refused = |answer: &str, help: &str| Error::Refused {
            what: what.clone(),
            answer: answer.to_owned(),
            help: help.to_owned(),
        };
        let Home::Azure { group, subscription: Some(subscription) } = &target.home else {
            return Err(refused("nobody says in which subscription it is", "set `spec.cluster.subscription_id`"));
        };
        if ![&target.name, group, subscription].iter().all(|part| is_part(part)) {
            return Err(refused("its name or that of its group or subscription is none", "correct it"));
        }
        let reach = Reach::new(&self.context, chain);
        let token = self.azure_token(chain, reach.management()?).await?.token;
        let place = ClusterPlace { subscription, group, name: &target.name };
        let (id, config) = reach.azure_cluster(place, &token).await?;
        let read = read(&self.context.host, &config).ok_or_else(|| {
            refused(
                "the kubeconfig that Azure gives cannot be read",
                "look at it with `az aks get-credentials --format exec`",
            )
        })?;
        let Some(audience) = read.audience else {
            let help = "enable the integration of Microsoft Entra for it: `az aks update --enable-aad`";
            return Err(refused("it does not know accounts of Microsoft Entra", help));
        };
        Ok(Cluster {
            name: target.name.clone(),
            region: target.region.clone(),
            id,
            endpoint: read.server,
            authority: read.authority,
            audience: Some(audience),
        })
    }

    /// A token for a cluster of Azure, made for `audience`.
    ///
    /// # Errors
    /// The identity is none of Azure; a login is needed.
    pub async fn azure_cluster_token(&self, chain: &Chain, audience: &str) -> Result<ClusterToken, Error> {
        if !is_part(audience) {
            let what = "the token of a cluster".to_owned();
            let answer = format!("`{}` is not the id of an application", audience.escape_debug());
            return Err(Error::Refused { what, answer, help: "leave `--server-id` away".to_owned() });
        }
        abortable(self.azure_token(chain, audience)).await
    }

    /// A token of the sign-in behind an identity, asked for once per provider, purpose and process.
    async fn azure_token(&self, chain: &Chain, resource: &str) -> Result<ClusterToken, Error> {
        let since = Instant::now();
        let provider = chain.provider.as_ref().map(provider_fingerprint).unwrap_or_default();
        let mut flight = self.context.azure_tokens.enter(&format!("{provider}|{resource}")).await;
        let now = self.context.host.now();
        if let Some(token) = flight.value.as_ref().filter(|token| token.expires.duration_since(now) > MARGIN) {
            return Ok(token.clone());
        }
        if let Some(error) = flight.failed_since(since) {
            return Err(error);
        }
        let result = Reach::new(&self.context, chain).azure_token(resource).await;
        flight.land(result.map(|token| ClusterToken { expires: self.early(token.lifetime), token: token.value }))
    }

    /// When clients are to come back for another one.
    fn early(&self, lifetime: Option<i64>) -> Timestamp {
        let now = self.context.host.now();
        let life = SignedDuration::from_secs(lifetime.unwrap_or(0)).saturating_sub(MARGIN).max(SignedDuration::ZERO);
        now.saturating_add(life).unwrap_or(Timestamp::MAX)
    }
}

impl ClusterToken {
    /// As a run gives it to its children, in this variable.
    pub fn given(self, name: &str, now: Timestamp) -> EnvironmentCredentials {
        EnvironmentCredentials {
            variables: vec![Variable { name: name.to_owned(), value: self.token, is_public: false }],
            files: Vec::new(),
            paths: Vec::new(),
            removed: Vec::new(),
            account: None,
            region: None,
            expiration: Some(self.expires),
            issued: now,
        }
    }

    /// As a child gets it; `None` where it got something else.
    pub fn of(credentials: &Credentials, name: &str) -> Option<ClusterToken> {
        let Credentials::Environment(given) = credentials else { return None };
        let token = given.variables.iter().find(|variable| variable.name == name)?.value.clone();
        Some(ClusterToken { token, expires: given.expiration? })
    }
}

/// When a password ends, by what it says of itself.
fn end_of(password: &str) -> Option<Timestamp> {
    Timestamp::from_second(cloud::claims(password)?["exp"].as_i64()?).ok()
}

/// What is wanted of the kubeconfig of somebody else.
struct Read {
    server: String,
    authority: String,
    /// `None`: users do not show tokens.
    audience: Option<String>,
}

fn read(host: &Host, config: &str) -> Option<Read> {
    let path = Path::new("kubeconfig of Azure");
    let node = content::parse(&host.sources, path, &host.cwd, "kubeconfig.yaml", config.to_owned(), Tags::Text).ok()?;
    let first = |list: &str, key: &str| Some(node.get(list)?.as_list()?.first()?.get(key)?.clone());
    let (cluster, user) = (first("clusters", "cluster")?, first("users", "user")?);
    let text = |key: &str| cluster.get(key).and_then(Node::scalar_text);
    let audience = user.get("exec").map(|exec| {
        let words: Vec<String> =
            exec.get("args").and_then(Node::as_list).into_iter().flatten().filter_map(Node::scalar_text).collect();
        let at = words.iter().position(|word| word == "--server-id");
        at.and_then(|at| words.get(at + 1)).map_or_else(|| CLUSTERS_OF_AZURE.to_owned(), Clone::clone)
    });
    let server = text("server").filter(|server| odd_address(server).is_none())?;
    Some(Read { server, authority: text("certificate-authority-data").unwrap_or_default(), audience })
}
