//! `aws/assume-root`: one task of the root user of a member account, for at most 15 minutes. Row 5.

use std::time::Duration;

use aws_sdk_sts::types::PolicyDescriptorType;

use super::super::aws::client::shown_endpoint;
use super::super::aws::endpoint::Service;
use super::super::aws::refusal::Refusal;
use super::super::aws::sts;
use super::super::config::{Identity, Spec};
use super::super::context::Context;
use super::super::creds::AwsCredentials;
use super::super::error::Error;
use super::super::record::StepRecord;
use crate::diag::Warning;
use crate::value::{DurationForm, parse_duration};

/// The service takes no other region for granted.
const DEFAULT_REGION: &str = "us-east-1";
const LONGEST: u64 = 900;

/// Becomes the root user.
pub(crate) async fn authenticate(
    context: &Context,
    identity: &Identity,
    provider: Option<&Spec>,
    base: &AwsCredentials,
    region: Option<&str>,
) -> Result<StepRecord, Error> {
    let principal = &identity.principal;
    let signing = region.or(base.region.as_deref()).unwrap_or(DEFAULT_REGION);
    let endpoint = context.endpoints.resolve(Service::Sts, Some(&identity.spec), provider, &context.host.talk)?;
    let client = context.clients.sts(signing, endpoint.as_deref(), base, None)?;
    let issued = context.host.now();
    let account = principal.target_principal.clone().unwrap_or_default();
    let policy = PolicyDescriptorType::builder().arn(principal.task_policy_arn.as_deref().unwrap_or_default()).build();
    let call = client
        .assume_root()
        .target_principal(&account)
        .task_policy_arn(policy)
        .duration_seconds(seconds(context, identity))
        .send();
    let what = format!("AssumeRoot of account {account} for identity `{}`", identity.name);
    let shown = shown_endpoint(Service::Sts, signing, endpoint.as_deref());
    let answer = context.ask(&shown, call).await.map_err(|error| {
        let help =
            "the caller needs sts:AssumeRoot, and the organisation has to have root access management switched on";
        Refusal::new(&error).into_error(what.clone(), shown.clone(), help)
    })?;
    let given = answer.credentials().ok_or_else(|| Error::Refused {
        what: what.clone(),
        answer: "the answer has no credentials".to_owned(),
        help: "check the endpoint overrides in force".to_owned(),
    })?;
    let credentials = sts::credentials(given, issued, Some(signing));
    context.mask(&credentials);
    let credentials = context.arrived(credentials, &what)?;
    Ok(StepRecord { credentials: credentials.into(), account: Some(account), caller: None, basis: None })
}

fn seconds(context: &Context, identity: &Identity) -> i32 {
    let longest = i32::try_from(LONGEST).unwrap_or(i32::MAX);
    let Some((text, _)) = &identity.principal.duration else { return longest };
    let warn = |message: String| context.host.talk.warn(Warning::new("atmos::auth::session_duration", message));
    let Some(wanted) = parse_duration(text, DurationForm::Go).map(|wanted: Duration| wanted.as_secs()) else {
        warn(format!("identity `{}`: duration `{text}` is not a duration such as 10m; it is ignored", identity.name));
        return longest;
    };
    if wanted > LONGEST {
        warn(format!("identity `{}`: duration {text} becomes {LONGEST} seconds, the most there is", identity.name));
    }
    i32::try_from(wanted.min(LONGEST)).unwrap_or(longest)
}
