//! `atmos aws eks token | update-kubeconfig`: proofs for clusters, and the files that say how to get them.

use jiff::Timestamp;
use miette::Diagnostic;
use serde::Serialize;
use zeroize::Zeroizing;

use super::super::access::{Access, refused};
use super::super::child::needed_choice;
use super::gate::Gate;
use super::integrations::{Done, Holder, keys, target};
use super::registry::{find, other_kind, owner};
use crate::auth::IdentityName;
use crate::auth::integration::kube::Switch;
use crate::auth::integration::{CLUSTERS_OF_AZURE, ClusterTarget, ClusterToken, Home, Integration, Kind, Target};
use crate::auth::resolution::{Flag, Source};
use crate::auth::run::TOKEN;
use crate::diag::{Failure, Result};
use crate::secret::Expose as _;

const API: &str = "client.authentication.k8s.io/v1beta1";

#[derive(Debug, Clone, Default)]
pub struct TokenRequest {
    pub identity: Flag,
    pub cluster: Option<String>,
    pub region: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    api_version: &'static str,
    kind: &'static str,
    status: Status<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    expiration_timestamp: String,
    token: &'a str,
}

/// A token in the form that clients of clusters want of a plug-in, on one line. Never asks the user anything.
///
/// # Errors
/// No cluster or identity is named, or a login is needed: then the error names the command.
pub async fn cluster_token(access: &Access, request: &TokenRequest) -> Result<Zeroizing<String>> {
    let needed = |flag: &'static str, value: &Option<String>| match value.as_deref() {
        None | Some("") => Err(ClusterError::Missing { flag }),
        Some(value) => Ok(value.to_owned()),
    };
    let (name, region) = (needed("cluster-name", &request.cluster)?, needed("region", &request.region)?);
    let (identity, source) = needed_choice(access, "eks-token", &request.identity)?;
    let gate = Gate::open(access, (&identity, source), "eks-token", None)?;
    let given = gate.given().await?;
    gate.write_down(None).await?;
    let credentials = keys(access, &identity, &given)?;
    let chain = access.session.chain(&identity)?;
    Ok(answer(&access.session.cluster_token(&chain, credentials, &name, &region)?))
}

#[derive(Debug, Clone, Default)]
pub struct AzureTokenRequest {
    pub identity: Flag,
    pub cluster: Option<String>,
    pub group: Option<String>,
    /// The application that the cluster wants tokens for; the one of all clusters without.
    pub server: Option<String>,
}

/// The same for a cluster of Azure.
///
/// # Errors
/// As [`cluster_token`].
pub async fn azure_cluster_token(access: &Access, request: &AzureTokenRequest) -> Result<Zeroizing<String>> {
    for (flag, value) in [("cluster-name", &request.cluster), ("resource-group", &request.group)] {
        if value.as_deref().is_none_or(str::is_empty) {
            return Err(ClusterError::Missing { flag }.into());
        }
    }
    let (identity, source) = needed_choice(access, "aks-token", &request.identity)?;
    let gate = Gate::open(access, (&identity, source), "aks-token", None)?;
    gate.check_run().await?;
    gate.write_down(None).await?;
    let server = request.server.as_deref().filter(|server| !server.is_empty()).unwrap_or(CLUSTERS_OF_AZURE);
    if let Some(parent) = &access.parent {
        // The run has signed in, and what renews that is out of reach here.
        let given = parent.token(&access.session, &identity, server).await.map_err(refused)?;
        let token = ClusterToken::of(&given, TOKEN).ok_or(ClusterError::NoToken { identity: identity.to_string() })?;
        return Ok(answer(&token));
    }
    let chain = access.session.chain(&identity)?;
    Ok(answer(&access.session.azure_cluster_token(&chain, server).await?))
}

/// The same for any cluster of Google, which take the token of an identity as it is.
///
/// # Errors
/// As [`cluster_token`].
pub async fn google_cluster_token(access: &Access, flag: &Flag) -> Result<Zeroizing<String>> {
    let (identity, source) = needed_choice(access, "gke-token", flag)?;
    let gate = Gate::open(access, (&identity, source), "gke-token", None)?;
    let given = gate.given().await?;
    gate.write_down(None).await?;
    let chain = access.session.chain(&identity)?;
    Ok(answer(&access.session.google_cluster_token(&chain, &given)?))
}

fn answer(token: &ClusterToken) -> Zeroizing<String> {
    let expires = Timestamp::from_second(token.expires.as_second()).unwrap_or(token.expires);
    let status = Status { expiration_timestamp: expires.to_string(), token: token.token.expose_secret() };
    let answer = Answer { api_version: API, kind: "ExecCredential", status };
    // Room enough that the text never moves and leaves a copy behind.
    let mut text = Zeroizing::new(Vec::with_capacity(64 * 1024));
    let written = serde_json::to_writer(&mut *text, &answer);
    debug_assert!(written.is_ok(), "strings always serialise into memory");
    text.push(b'\n');
    Zeroizing::new(String::from_utf8_lossy(&text).into_owned())
}

#[derive(Debug, Clone, Default)]
pub struct KubeconfigRequest {
    /// Name of an entry of `auth.integrations`; what else is named goes before what that says.
    pub integration: Option<String>,
    pub identity: Flag,
    pub cluster: Option<String>,
    pub region: Option<String>,
    /// Path of the file.
    pub kubeconfig: Option<String>,
    pub alias: Option<String>,
}

/// Writes a cluster into a kubeconfig whose users get their tokens from this program.
///
/// # Errors
/// No cluster is named, or it cannot be found; the file cannot be written.
pub async fn update_kubeconfig(access: &Access, request: &KubeconfigRequest) -> Result<Done> {
    let ((identity, source), cluster) = match &request.integration {
        Some(name) => {
            let integration = find(&access.settings, name, |kind| kind == Kind::Eks)?;
            let Some(Target::Cluster(cluster)) =
                target(access, &integration)?.filter(|_| integration.kind == Kind::Eks)
            else {
                return Err(other_kind(&integration).into());
            };
            (owner_or(access, "eks-kubeconfig", &integration, &request.identity)?, cluster)
        }
        None => (needed_choice(access, "eks-kubeconfig", &request.identity)?, ClusterTarget::default()),
    };
    let gate = Gate::open(access, (&identity, source), "eks-kubeconfig", None)?;
    let given = gate.given().await?;
    gate.write_down(None).await?;
    let own = |given: &Option<String>| given.clone().filter(|text| !text.is_empty());
    let name = own(&request.cluster).unwrap_or(cluster.name);
    let region = own(&request.region).unwrap_or(cluster.region);
    // The region of the identity is a better guess than none.
    let region = if region.is_empty() { given.region().unwrap_or_default().to_owned() } else { region };
    for (flag, value) in [("name", &name), ("region", &region)] {
        if value.is_empty() {
            return Err(ClusterError::Missing { flag }.into());
        }
    }
    let (alias, path) = (own(&request.alias).or(cluster.alias), own(&request.kubeconfig).or(cluster.path));
    let target = ClusterTarget { name, region, alias, path, ..cluster };
    let chain = access.session.chain(&identity)?;
    Holder { access, session: &access.session, chain, credentials: &given }
        .write_kubeconfig(&target, Switch::Always)
        .await
}

/// The identity that a flag names, else the one that the integration belongs to.
fn owner_or(
    access: &Access,
    event: &'static str,
    integration: &Integration,
    flag: &Flag,
) -> Result<(IdentityName, Source)> {
    match flag {
        Flag::NotGiven => owner(access, integration),
        flag => needed_choice(access, event, flag),
    }
}

/// Which cluster of Azure or Google.
#[derive(Debug, Clone, Default)]
pub struct OtherKubeconfigRequest {
    /// Name of an entry of `auth.integrations`; what else is named goes before what that says.
    pub integration: Option<String>,
    pub identity: Flag,
    /// A named cluster.
    pub cluster: ClusterTarget,
}

/// Writes a cluster of Azure or Google into a kubeconfig.
///
/// # Errors
/// As [`update_kubeconfig`].
pub async fn update_other_kubeconfig(access: &Access, request: &OtherKubeconfigRequest, kind: Kind) -> Result<Done> {
    let name = if kind == Kind::Aks { "aks-kubeconfig" } else { "gke-kubeconfig" };
    let ((identity, source), target) = if let Some(named) = &request.integration {
        let integration = find(&access.settings, named, |known| known == kind)?;
        let Some(Target::Cluster(cluster)) = target(access, &integration)?.filter(|_| integration.kind == kind) else {
            return Err(other_kind(&integration).into());
        };
        let owner = owner_or(access, name, &integration, &request.identity)?;
        let ClusterTarget { alias, path, .. } = request.cluster.clone();
        let (alias, path) = (alias.or(cluster.alias.clone()), path.or(cluster.path.clone()));
        (owner, ClusterTarget { alias, path, ..cluster })
    } else {
        if let Some(flag) = missing(&request.cluster) {
            return Err(ClusterError::Missing { flag }.into());
        }
        (needed_choice(access, name, &request.identity)?, request.cluster.clone())
    };
    let gate = Gate::open(access, (&identity, source), name, None)?;
    let given = gate.given().await?;
    gate.write_down(None).await?;
    let chain = access.session.chain(&identity)?;
    Holder { access, session: &access.session, chain, credentials: &given }
        .write_kubeconfig(&target, Switch::Always)
        .await
}

/// The flag that is needed and not there.
fn missing(cluster: &ClusterTarget) -> Option<&'static str> {
    let needed = match &cluster.home {
        Home::Aws => vec![("cluster-name", &cluster.name), ("region", &cluster.region)],
        Home::Azure { group, .. } => vec![("cluster-name", &cluster.name), ("resource-group", group)],
        Home::Google { project } => {
            vec![("cluster-name", &cluster.name), ("project-id", project), ("location", &cluster.region)]
        }
    };
    needed.into_iter().find(|(_, value)| value.is_empty()).map(|(flag, _)| flag)
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum ClusterError {
    #[error("the run around this command gives no token of `{identity}`")]
    #[diagnostic(code(atmos::azure::aks_no_token), help("use the same version of atmos inside of a run as around it"))]
    NoToken { identity: String },

    #[error("--{flag} is required")]
    #[diagnostic(code(atmos::aws::eks_missing), help("name the cluster and where it is"))]
    Missing { flag: &'static str },
}

impl Failure for ClusterError {}
