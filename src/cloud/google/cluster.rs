//! What a cluster's clients need of Google's service for clusters.

use super::super::token::{Desk, Trouble};
use crate::host::{HttpRequest, percent_encode};
use crate::secret::{Expose as _, Secret};

const PUBLIC: &str = "https://container.googleapis.com";

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Its name with all that it lies in.
    pub id: String,
    pub endpoint: String,
    /// In base64.
    pub authority: String,
}

/// The cluster at a place.
///
/// # Errors
/// [`Trouble`]: it is not there, or not ready.
pub async fn cluster(
    desk: Desk<'_>,
    base: Option<&str>,
    token: &Secret,
    (project, location, name): (&str, &str, &str),
) -> Result<Described, Trouble> {
    let id = format!("projects/{project}/locations/{location}/clusters/{name}");
    let [project, location, name] = [project, location, name].map(percent_encode);
    let url = format!("{}/v1/projects/{project}/locations/{location}/clusters/{name}", base.unwrap_or(PUBLIC));
    let request = HttpRequest::get(url).header("authorization", format!("Bearer {}", token.expose_secret()));
    let answer = desk.ask(&request).await?;
    let text = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let status = answer["status"].as_str().unwrap_or("unknown").escape_debug().to_string();
    let Some(endpoint) = text(answer["endpoint"].as_str()) else {
        return Err(Trouble::Refused(format!("the cluster has no address yet (status {status})")));
    };
    if endpoint.starts_with("http://") {
        let shown = endpoint.escape_debug();
        return Err(Trouble::Refused(format!("the address of the cluster is not private: {shown}")));
    }
    let Some(authority) = text(answer["masterAuth"]["clusterCaCertificate"].as_str()) else {
        return Err(Trouble::Refused(format!("the cluster has no certificate yet (status {status})")));
    };
    let endpoint = if endpoint.starts_with("https://") { endpoint } else { format!("https://{endpoint}") };
    Ok(Described { id, endpoint, authority })
}
