//! `aws/ambient`: the credentials that the environment, its files, its container or the machine have. They are looked up
//! each time, and neither they nor what is made of them is ever kept. Row 5.

use jiff::Timestamp;

use super::super::aws::ambient::Ambient;
use super::super::aws::endpoint::Service;
use super::super::aws::profile::Profiles;
use super::super::config::Identity;
use super::super::context::Context;
use super::super::creds::AwsCredentials;
use super::super::error::Error;
use super::super::record::StepRecord;
use crate::host::HttpRequest;
use crate::secret::Secret;

const DEFAULT_REGION: &str = "us-east-1";
/// Where a machine of EC2 is asked.
const METADATA: &str = "http://169.254.169.254";
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
const LIMIT: usize = 64 * 1024;
/// Where there is no such service nobody answers; it is on the machine itself.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// Looks for credentials in the order of the SDKs.
pub(crate) async fn authenticate(
    context: &Context,
    identity: &Identity,
    region: Option<&str>,
) -> Result<StepRecord, Error> {
    let host = &context.host;
    let sts_endpoint = context.endpoints.resolve(Service::Sts, Some(&identity.spec), None, &host.talk)?;
    let profiles = Profiles::read(&host.env);
    let ambient = Ambient {
        host,
        env: &host.env,
        http: &context.http,
        clients: &context.clients,
        region: region.unwrap_or(DEFAULT_REGION),
        sts_endpoint: sts_endpoint.as_deref(),
        profiles: &profiles,
    };
    let found = match ambient.credentials(None).await {
        Ok(found) => found,
        Err(error) => machine(context).await.ok_or(error)?,
    };
    let credentials = AwsCredentials { region: region.map(str::to_owned).or(found.region.clone()), ..found };
    context.mask(&credentials);
    Ok(StepRecord { credentials, account: None, caller: None, basis: None })
}

/// The role of the machine, by version 2 of its metadata service.
async fn machine(context: &Context) -> Option<AwsCredentials> {
    let env = &context.host.env;
    if env.get("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return None;
    }
    let base = env.get("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or(METADATA).trim_end_matches('/').to_owned();
    let patient = |request: HttpRequest| HttpRequest { timeout: Some(PATIENCE), ..request };
    let ask = HttpRequest::new("PUT", format!("{base}/latest/api/token"));
    let ask = patient(ask.header("x-aws-ec2-metadata-token-ttl-seconds", "300"));
    let answer = context.http.send(&ask, LIMIT).await.ok().filter(|answer| answer.status == 200)?;
    let token = answer.text();
    context.host.masker.register(&Secret::from(token.clone()));
    let get = |path: String| {
        patient(HttpRequest::get(format!("{base}{path}")).header("x-aws-ec2-metadata-token", token.trim()))
    };
    let roles = context.http.send(&get(ROLES.to_owned()), LIMIT).await.ok().filter(|answer| answer.status == 200)?;
    let role = roles.text().lines().next()?.trim().to_owned();
    let answer = context.http.send(&get(format!("{ROLES}{role}")), LIMIT).await.ok()?;
    let json: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    let text = |key: &str| json[key].as_str().map(str::to_owned);
    Some(AwsCredentials {
        access_key_id: text("AccessKeyId")?,
        secret_access_key: Secret::from(text("SecretAccessKey")?),
        session_token: text("Token").map(Secret::from),
        expiration: text("Expiration").and_then(|text| text.parse::<Timestamp>().ok()),
        issued: context.host.now(),
        region: None,
    })
}
