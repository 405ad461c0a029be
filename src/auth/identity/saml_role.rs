//! `aws/assume-role` behind an assertion: `AssumeRoleWithSAML` for exactly the role that is wanted. Row 5.

use aws_sdk_sts::types::PolicyDescriptorType;

use super::super::aws::client::shown_endpoint;
use super::super::aws::endpoint::Service;
use super::super::aws::refusal::Refusal;
use super::super::config::{Identity, Provider};
use super::super::context::Context;
use super::super::creds::AwsCredentials;
use super::super::error::Error;
use super::super::federation::{Assertion, Error as FederationError, Offer};
use super::super::record::StepRecord;
use super::assume_role::{DEFAULT_REGION, seconds};
use super::web_identity::record;
use crate::diag::nearest;
use crate::secret::Expose as _;

/// Becomes the identity's role. `region` is the one that the chain resolved to.
pub(crate) async fn authenticate(
    context: &Context,
    identity: &Identity,
    provider: &Provider,
    assertion: &Assertion,
    region: Option<&str>,
) -> Result<StepRecord, Error> {
    let talk = &context.host.talk;
    let principal = &identity.principal;
    let role = principal.assume_role.as_deref().unwrap_or_default();
    let offer = assertion.offers.iter().find(|offer| offer.role == role);
    let offer = offer.ok_or_else(|| not_offered(identity, role, &assertion.offers))?;
    let asked = region.unwrap_or(DEFAULT_REGION);
    let endpoint = context.endpoints.resolve(Service::Sts, Some(&identity.spec), Some(&provider.spec), talk)?;
    let issued = context.host.now();
    let client = context.clients.sts(asked, endpoint.as_deref(), &AwsCredentials::nobody(issued), None)?;
    let own = principal.duration.as_ref().map(|(text, _)| text.as_str());
    let wanted = own.or(provider.session_duration.as_deref());
    let mut call = client
        .assume_role_with_saml()
        .role_arn(&offer.role)
        .principal_arn(&offer.principal)
        .saml_assertion(assertion.text.expose_secret())
        .set_policy(principal.policy.clone())
        .set_duration_seconds(wanted.and_then(|text| seconds(identity, text, false, talk)));
    for arn in &principal.policy_arns {
        call = call.policy_arns(PolicyDescriptorType::builder().arn(arn).build());
    }
    let what = format!("AssumeRoleWithSAML of {role} for identity `{}`", identity.name);
    let shown = shown_endpoint(Service::Sts, asked, endpoint.as_deref());
    let answer = context.ask(&shown, call.send()).await.map_err(|error| {
        let refusal = Refusal::new(&error);
        let help = help(refusal.code.as_deref(), offer);
        refusal.into_error(what.clone(), shown.clone(), &help)
    })?;
    let user = answer.assumed_role_user().map(aws_sdk_sts::types::AssumedRoleUser::arn);
    let record = record(context, &what, answer.credentials(), user, (role, asked), issued)?;
    Ok(StepRecord { basis: assertion.basis(), ..record })
}

/// The first role is never taken for another one.
fn not_offered(identity: &Identity, role: &str, offers: &[Offer]) -> Error {
    let mut offered: Vec<&str> = offers.iter().map(|offer| offer.role.as_str()).collect();
    offered.sort_unstable();
    let near = nearest(role, offered.iter().copied()).map(|near| format!("did you mean {near}? ")).unwrap_or_default();
    let offered = if offered.is_empty() { "no role at all".to_owned() } else { offered.join(", ") };
    let (identity, role) = (identity.name.to_string(), role.to_owned());
    FederationError::NotOffered { identity, role, offered, near }.into()
}

fn help(code: Option<&str>, offer: &Offer) -> String {
    let (role, principal) = (&offer.role, &offer.principal);
    match code {
        Some("InvalidIdentityToken") => format!(
            "{principal} does not know the key that the assertion is signed with, or it is not for AWS: upload the \
             metadata of the identity provider again"
        ),
        Some("ExpiredTokenException" | "ExpiredToken") => {
            "the assertion was over when it arrived: sign in again, and compare the clocks".to_owned()
        }
        Some("IDPRejectedClaim") => {
            "the identity provider's claims are not accepted: look at its attributes".to_owned()
        }
        Some("ValidationError") => {
            format!("the session may be longer than {role} allows (`principal.duration`, `session.duration`)")
        }
        _ => format!("the trust policy of {role} has to allow sts:AssumeRoleWithSAML for {principal}"),
    }
}
