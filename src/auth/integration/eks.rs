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
    read(&answer["cluster"], name, region).ok_or_else(|| {
        let status = answer["cluster"]["status"].as_str().unwrap_or("unknown");
        let reason = format!("the cluster has no address yet (status {})", status.escape_debug());
        Error::Refused { what, answer: reason, help: "wait until it is ACTIVE, and try again".to_owned() }
    })
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
        authority: text(&cluster["certificateAuthority"]["data"]).unwrap_or_default(),
        audience: None,
    })
}
