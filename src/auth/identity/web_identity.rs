//! `aws/assume-role` behind a token of OpenID Connect: `AssumeRoleWithWebIdentity`, which nothing signs. Row 5.

use aws_sdk_sts::types::{Credentials as Given, PolicyDescriptorType};
use jiff::Timestamp;

use super::super::aws::client::shown_endpoint;
use super::super::aws::endpoint::Service;
use super::super::aws::refusal::Refusal;
use super::super::aws::sts;
use super::super::config::{Identity, Spec};
use super::super::context::Context;
use super::super::creds::AwsCredentials;
use super::super::error::Error;
use super::super::federation::Jwt;
use super::super::record::{CallerIdentity, StepRecord};
use super::assume_role::{DEFAULT_REGION, account_of, duration, session_name};
use crate::secret::Expose as _;

/// Assumes the identity's role. `region` is the one that the chain resolved to.
pub(crate) async fn authenticate(
    context: &Context,
    identity: &Identity,
    provider: Option<&Spec>,
    token: &Jwt,
    region: Option<&str>,
) -> Result<StepRecord, Error> {
    let talk = &context.host.talk;
    let principal = &identity.principal;
    let asked = region.unwrap_or(DEFAULT_REGION);
    let endpoint = context.endpoints.resolve(Service::Sts, Some(&identity.spec), provider, talk)?;
    let issued = context.host.now();
    let client = context.clients.sts(asked, endpoint.as_deref(), &AwsCredentials::nobody(issued), None)?;
    let role = principal.assume_role.as_deref().unwrap_or_default();
    let mut call = client
        .assume_role_with_web_identity()
        .role_arn(role)
        .role_session_name(session_name(identity, issued))
        .web_identity_token(token.token.expose_secret())
        .set_policy(principal.policy.clone())
        .set_duration_seconds(duration(identity, false, talk));
    for arn in &principal.policy_arns {
        call = call.policy_arns(PolicyDescriptorType::builder().arn(arn).build());
    }
    let what = format!("AssumeRoleWithWebIdentity of {role} for identity `{}`", identity.name);
    let shown = shown_endpoint(Service::Sts, asked, endpoint.as_deref());
    let answer = context.ask(&shown, call.send()).await.map_err(|error| {
        let refusal = Refusal::new(&error);
        let help = help(refusal.code.as_deref(), token);
        refusal.into_error(what.clone(), shown.clone(), &help)
    })?;
    let user = answer.assumed_role_user().map(aws_sdk_sts::types::AssumedRoleUser::arn);
    record(context, &what, answer.credentials(), user, (role, asked), issued)
}

/// What STS gave for a role in a region, and who one is by it.
pub(super) fn record(
    context: &Context,
    what: &str,
    given: Option<&Given>,
    user: Option<&str>,
    (role, region): (&str, &str),
    issued: Timestamp,
) -> Result<StepRecord, Error> {
    let given = given.ok_or_else(|| Error::Refused {
        what: what.to_owned(),
        answer: "the answer has no credentials".to_owned(),
        help: "check the endpoint overrides in force".to_owned(),
    })?;
    let credentials = sts::credentials(given, issued, Some(region));
    context.mask(&credentials);
    let credentials = context.arrived(credentials, what)?;
    let caller =
        user.and_then(|arn| Some(CallerIdentity { account: account_of(arn)?.to_owned(), arn: arn.to_owned() }));
    let account = caller.as_ref().map(|caller| caller.account.clone()).or_else(|| account_of(role).map(str::to_owned));
    Ok(StepRecord { credentials: credentials.into(), account, caller, basis: None })
}

/// What to compare with what: the claims of the token are what the account was told to trust, or not.
fn help(code: Option<&str>, token: &Jwt) -> String {
    let todo = match code {
        Some("InvalidIdentityToken") => {
            "the account of the role needs an IAM OIDC provider for this issuer and audience (or `spec.audience` needs \
             another value)"
        }
        Some("ExpiredTokenException" | "ExpiredToken") => {
            "the token was over when it arrived: ask for it in the step that uses it, and compare the clocks"
        }
        Some("IDPCommunicationError") => "AWS cannot reach the issuer's keys at the moment: try again",
        _ => {
            "the trust policy of the role has to allow sts:AssumeRoleWithWebIdentity for this issuer, audience and subject"
        }
    };
    format!("{todo}; the token has {}", token.shown())
}
