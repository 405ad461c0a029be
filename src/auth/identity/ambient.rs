//! `aws/ambient`: the credentials that the environment, its files, its container or the machine have. They are looked up
//! each time, and neither they nor what is made of them is ever kept. Row 5.

use super::super::aws::ambient::Ambient;
use super::super::aws::endpoint::Service;
use super::super::config::Identity;
use super::super::context::Context;
use super::super::creds::AwsCredentials;
use super::super::error::Error;
use super::super::record::StepRecord;
use crate::host::Profiles;

const DEFAULT_REGION: &str = "us-east-1";
/// Where there is no such service nobody answers; it is on the machine itself.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// Looks for credentials in the order of the SDKs.
pub(crate) async fn authenticate(
    context: &Context,
    identity: &Identity,
    region: Option<&str>,
) -> Result<StepRecord, Error> {
    let sts_endpoint = context.endpoints.resolve(Service::Sts, Some(&identity.spec), None, &context.host.talk)?;
    let found = search(context, sts_endpoint.as_deref(), region).await?;
    let credentials = AwsCredentials { region: region.map(str::to_owned).or(found.region.clone()), ..found };
    context.mask(&credentials);
    Ok(StepRecord { credentials: credentials.into(), account: None, caller: None, basis: None })
}

/// The credentials of the environment for what happens without an identity.
pub(crate) async fn of_environment(context: &Context) -> Result<AwsCredentials, Error> {
    let sts_endpoint = context.endpoints.resolve(Service::Sts, None, None, &context.host.talk)?;
    let found = search(context, sts_endpoint.as_deref(), None).await?;
    context.mask(&found);
    Ok(found)
}

async fn search(context: &Context, sts_endpoint: Option<&str>, region: Option<&str>) -> Result<AwsCredentials, Error> {
    let host = &context.host;
    let profiles = Profiles::read(&host.env, &host.cwd);
    let ambient = Ambient {
        host,
        env: &host.env,
        http: &context.http,
        clients: &context.clients,
        region: region.unwrap_or(DEFAULT_REGION),
        sts_endpoint,
        profiles: &profiles,
        machine: Some(PATIENCE),
    };
    ambient.credentials(None).await
}
