//! Clusters of AWS: where one is, and the token by which it knows an identity. Row 5.
//!
//! The token is a question to STS, signed and not sent: who has it can ask STS once more who signed it, for one minute after
//! that was done, and for one cluster.

use std::time::{Duration, Instant};

use base64::Engine as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use zeroize::Zeroizing;

use super::super::aws::endpoint::Service;
use super::super::chain::Chain;
use super::super::creds::AwsCredentials;
use super::super::error::Error;
use super::super::federation::endpoint_problem;
use super::super::identity::assume_role::configured_account;
use super::super::session::{Session, abortable};
use super::call::Caller;
use super::target::is_cluster_name;
use crate::host::{AwsSigner, HttpRequest};
use crate::secret::{Expose as _, Secret};

const PREFIX: &str = "k8s-aws-v1.";
/// The header that binds a token to a cluster.
const CLUSTER: &str = "x-k8s-aws-id";
/// How long the question may be asked.
const QUESTION: Duration = Duration::from_mins(1);
/// Clusters take a token for 15 minutes; a client is told to come back a little earlier.
const LIFE: SignedDuration = SignedDuration::from_mins(14);

/// Longest text of a service in a message.
const SHOWN: usize = 300;
const ENDPOINTS: &str = "check the endpoint overrides in force, and proxies on the way";

/// A cluster as its clients need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    pub name: String,
    pub region: String,
    /// As its cloud calls it.
    pub id: String,
    /// Address of its API.
    pub endpoint: String,
    /// Certificate of who vouches for it, as the kubeconfig has it.
    pub authority: String,
    /// For whom tokens have to be made, where clusters of the cloud differ in that.
    pub audience: Option<String>,
}

/// Proof for a cluster.
#[derive(Debug, Clone)]
pub struct ClusterToken {
    pub token: Secret,
    pub expires: Timestamp,
}

impl Session {
    /// What the cloud knows of a cluster, asked for once per identity and process. `chain` leads to the identity behind
    /// `credentials`.
    ///
    /// # Errors
    /// There is no such cluster, or it is not ready; the service refuses or cannot be reached; the user ends it.
    pub async fn cluster(
        &self,
        chain: &Chain,
        credentials: &AwsCredentials,
        name: &str,
        region: &str,
    ) -> Result<Cluster, Error> {
        let since = Instant::now();
        let whose = self.fingerprint(chain, chain.identities.len() - 1);
        let mut flight = self.context.clusters.enter(&format!("{}|{region}|{name}", whose.as_str())).await;
        if let Some(cluster) = &flight.value {
            return Ok(cluster.clone());
        }
        if let Some(error) = flight.failed_since(since) {
            return Err(error);
        }
        let caller = self.caller_at(chain, credentials);
        let result = abortable(describe(&caller, name, region)).await;
        flight.land(result)
    }

    /// A token for a cluster. Nobody is asked for it.
    ///
    /// # Errors
    /// The name of the cluster is none, or the endpoint of STS is no address.
    pub fn cluster_token(
        &self,
        chain: &Chain,
        credentials: &AwsCredentials,
        name: &str,
        region: &str,
    ) -> Result<ClusterToken, Error> {
        check(name, "the token")?;
        let refused = |answer: String| Error::Refused {
            what: format!("the token of cluster {name}"),
            answer,
            help: "check the region and the endpoint of STS".to_owned(),
        };
        let endpoint = self.caller_at(chain, credentials).endpoint(Service::Sts, region)?;
        let question = format!("{endpoint}/?Action=GetCallerIdentity&Version=2011-06-15");
        let request = HttpRequest::get(question).header(CLUSTER, name);
        let signer = AwsSigner {
            access_key_id: &credentials.access_key_id,
            secret_access_key: &credentials.secret_access_key,
            session_token: credentials.session_token.as_ref(),
            region,
            service: Service::Sts.signing_name(),
        };
        let signed = signer.presign(&request, QUESTION, self.context.now_there()).map_err(refused)?;
        let encoded =
            Zeroizing::new(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(signed.expose_secret().as_bytes()));
        let token = Secret::from(format!("{PREFIX}{}", *encoded));
        self.context.host.masker.register(&token);
        let end = self.context.host.now().saturating_add(LIFE).unwrap_or(Timestamp::MAX);
        let expires = credentials.expiration.map_or(end, |over| end.min(over));
        Ok(ClusterToken { token, expires })
    }

    fn caller_at<'a>(&'a self, chain: &'a Chain, credentials: &'a AwsCredentials) -> Caller<'a> {
        let (identity, provider) = (Some(chain.target()), chain.provider.as_ref());
        Caller { context: &self.context, credentials, identity, provider }
    }
}

async fn describe(caller: &Caller<'_>, name: &str, region: &str) -> Result<Cluster, Error> {
    let what = format!("DescribeCluster of {name} in {region}");
    check(name, &what)?;
    let url = format!("{}/clusters/{name}", caller.endpoint(Service::Eks, region)?);
    let help = "check the name and the region of the cluster; the identity needs `eks:DescribeCluster`";
    let answer = caller.ask(HttpRequest::get(url), (Service::Eks, region), &what, help).await?;
    let cluster = read(&answer["cluster"], name, region).ok_or_else(|| {
        let status = answer["cluster"]["status"].as_str().unwrap_or("unknown");
        let reason = format!("the cluster has no address and certificate yet (status {})", status.escape_debug());
        let help = "wait until it is ACTIVE, and try again".to_owned();
        Error::Refused { what: what.clone(), answer: reason, help }
    })?;
    let account = caller.identity.and_then(configured_account);
    match strange(&cluster, account) {
        None => Ok(cluster),
        Some(answer) => Err(Error::Refused { what, answer, help: ENDPOINTS.to_owned() }),
    }
}

/// Why what a service says of a cluster is not taken down: a token of the identity would go there.
fn strange(cluster: &Cluster, account: Option<&str>) -> Option<String> {
    let Cluster { name, region, id, endpoint, authority, .. } = cluster;
    if let Some(reason) = odd_address(endpoint) {
        return Some(reason);
    }
    if base64::engine::general_purpose::STANDARD.decode(authority).is_err() {
        return Some("the certificate of the cluster is not in base64".to_owned());
    }
    let parts: Vec<&str> = id.split(':').collect();
    let fits = match parts.as_slice() {
        ["arn", partition, "eks", place, owner, cluster] => {
            partition.starts_with("aws")
                && place == region
                && cluster.strip_prefix("cluster/") == Some(name.as_str())
                && account.is_none_or(|account| account == *owner)
        }
        _ => false,
    };
    let of = account.map(|account| format!(" of account {account}")).unwrap_or_default();
    let shown: String = id.chars().take(SHOWN).collect();
    (!fits).then(|| format!("`{}` is not cluster {name} in {region}{of}", shown.escape_debug()))
}

/// Why an address of a cluster is none that a token may go to: it is https, or on this machine.
pub(super) fn odd_address(address: &str) -> Option<String> {
    let reason = endpoint_problem(address)?;
    let shown: String = address.chars().take(SHOWN).collect();
    Some(format!("the address of the cluster, `{}`, is not taken: {reason}", shown.escape_debug()))
}

fn check(name: &str, what: &str) -> Result<(), Error> {
    if is_cluster_name(name) {
        return Ok(());
    }
    let answer = format!("`{}` is not the name of a cluster", name.escape_debug());
    let help = "letters, digits, `-` and `_`".to_owned();
    Err(Error::Refused { what: what.to_owned(), answer, help })
}

fn read(cluster: &Json, name: &str, region: &str) -> Option<Cluster> {
    let text = |json: &Json| json.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Some(Cluster {
        name: name.to_owned(),
        region: region.to_owned(),
        id: text(&cluster["arn"])?,
        endpoint: text(&cluster["endpoint"])?,
        authority: text(&cluster["certificateAuthority"]["data"])?,
        audience: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_to_the_cluster_that_was_asked_for_and_by_a_private_way() {
        let arn = "arn:aws:eks:eu-west-1:111111111111:cluster/dev";
        for (id, endpoint, authority, reason) in [
            (arn, "https://x.eks.amazonaws.com", "Q0E=", None),
            (arn, "http://127.0.0.1:1", "Q0E=", None),
            ("arn:aws-cn:eks:eu-west-1:111111111111:cluster/dev", "https://x", "Q0E=", None),
            (arn, "http://203.0.113.9", "Q0E=", Some("it must be an https URL")),
            (arn, "file:///x", "Q0E=", Some("the scheme is neither http nor https")),
            (
                arn,
                "https://x\nusers: []",
                "Q0E=",
                Some("`https://x\\nusers: []`, is not taken: it contains white space"),
            ),
            (arn, "https://me@x", "Q0E=", Some("it contains a user name")),
            (arn, "https://x", "-----BEGIN", Some("the certificate of the cluster is not in base64")),
            (
                "arn:aws:eks:eu-west-1:999999999999:cluster/dev",
                "https://x",
                "Q0E=",
                Some("is not cluster dev in eu-west-1 of account 111111111111"),
            ),
            ("arn:aws:eks:eu-west-1:111111111111:cluster/other", "https://x", "Q0E=", Some("is not cluster dev")),
            ("arn:aws:eks:eu-west-2:111111111111:cluster/dev", "https://x", "Q0E=", Some("is not cluster dev")),
            ("dev", "https://x", "Q0E=", Some("is not cluster dev")),
        ] {
            let cluster = Cluster {
                name: "dev".to_owned(),
                region: "eu-west-1".to_owned(),
                id: id.to_owned(),
                endpoint: endpoint.to_owned(),
                authority: authority.to_owned(),
                audience: None,
            };
            let found = strange(&cluster, Some("111111111111"));
            assert_eq!(found.is_some(), reason.is_some(), "{cluster:?}: {found:?}");
            assert!(found.unwrap_or_default().contains(reason.unwrap_or_default()), "{cluster:?}");
        }
    }
}
