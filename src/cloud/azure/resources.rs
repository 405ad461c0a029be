//! What a token of Azure is good for: the login of a registry, and what a cluster's clients need.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::token::{Desk, Token, Trouble};
use crate::host::{HttpRequest, percent_encode};
use crate::secret::{Expose as _, Secret};

/// Of the service for clusters.
const VERSION: &str = "2024-09-01";

/// Exchanges a token for the management of Azure for a password of a registry. `url` is the address of the registry.
///
/// # Errors
/// [`Trouble`]
pub async fn registry_password(
    desk: Desk<'_>,
    url: &str,
    service: &str,
    tenant: &str,
    token: &Secret,
) -> Result<Token, Trouble> {
    let fields = [
        ("grant_type", "access_token"),
        ("service", service),
        ("tenant", tenant),
        ("access_token", token.expose_secret()),
    ];
    desk.taken(&desk.post_form(&format!("{url}/oauth2/exchange"), &fields).await?, "refresh_token")
}

/// Where a cluster is.
#[derive(Debug, Clone, Copy)]
pub struct ClusterPlace<'a> {
    pub subscription: &'a str,
    pub group: &'a str,
    pub name: &'a str,
}

/// What Azure calls the cluster, and the kubeconfig that it would give to a person.
///
/// # Errors
/// [`Trouble`]
pub async fn cluster(
    desk: Desk<'_>,
    management: &str,
    token: &Secret,
    place: ClusterPlace<'_>,
) -> Result<(String, String), Trouble> {
    let [subscription, group, name] = [place.subscription, place.group, place.name].map(percent_encode);
    let url = format!(
        "{management}/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerService/\
         managedClusters/{name}"
    );
    let bearer = format!("Bearer {}", token.expose_secret());
    let request = HttpRequest::get(format!("{url}?api-version={VERSION}")).header("authorization", &bearer);
    let described = desk.ask(&request).await?;
    let id = described["id"].as_str().filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| Trouble::Refused("the answer does not say what the cluster is".to_owned()))?;
    let url = format!("{url}/listClusterUserCredential?api-version={VERSION}&format=exec");
    let request = HttpRequest::post(url, "application/json", "{}").header("authorization", &bearer);
    let answer = desk.ask(&request).await?;
    let config = answer["kubeconfigs"][0]["value"].as_str().and_then(|text| STANDARD.decode(text).ok());
    let config = config.and_then(|bytes| String::from_utf8(bytes).ok());
    let config = config.ok_or_else(|| Trouble::Refused("the answer has no kubeconfig".to_owned()))?;
    Ok((id.to_owned(), config))
}
