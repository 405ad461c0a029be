//! `aws/assume-role`: a role through STS, signed with the credentials of the step before; and who one is. Row 5.

use std::time::Duration;

use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;
use aws_sdk_sts::types::{PolicyDescriptorType, Tag};
use jiff::Timestamp;

use super::super::aws::client::shown_endpoint;
use super::super::aws::endpoint::Service;
use super::super::aws::refusal::Refusal;
use super::super::aws::sts;
use super::super::config::{Identity, Spec};
use super::super::context::Context;
use super::super::creds::AwsCredentials;
use super::super::error::Error;
use super::super::mfa::{self, Device};
use super::super::record::{CallerIdentity, StepRecord};
use crate::diag::{Talk, Warning};
use crate::value::{DurationForm, parse_duration};

pub(super) const DEFAULT_REGION: &str = "us-east-1";
/// Shortest and longest session of a role, in seconds, and the limit when one role assumes another.
const SHORTEST: u64 = 900;
const LONGEST: u64 = 43_200;
const CHAINED: u64 = 3600;
/// Longest session name.
const NAME: usize = 64;
/// How long the question who one is may take.
const WHOAMI: Duration = Duration::from_secs(5);

/// Assumes the identity's role. `region` is the one that the chain resolved to.
pub(crate) async fn authenticate(
    context: &Context,
    identity: &Identity,
    provider: Option<&Spec>,
    base: &AwsCredentials,
    region: Option<&str>,
) -> Result<StepRecord, Error> {
    let talk = &context.host.talk;
    let principal = &identity.principal;
    let signing = identity.own_region().or(base.region.as_deref()).unwrap_or(DEFAULT_REGION);
    let endpoint = context.endpoints.resolve(Service::Sts, Some(&identity.spec), provider, talk)?;
    let client = context.clients.sts(signing, endpoint.as_deref(), base, None)?;
    let issued = context.host.now();
    let role = principal.assume_role.as_deref().unwrap_or_default();
    let mut call = client
        .assume_role()
        .role_arn(role)
        .role_session_name(session_name(identity, issued))
        .set_external_id(principal.external_id.clone())
        .set_source_identity(principal.source_identity.clone())
        .set_policy(principal.policy.clone())
        .set_duration_seconds(duration(identity, base.session_token.is_some(), talk));
    call = lists(call, identity)?;
    if let Some(device) = &principal.mfa_arn {
        let device = Device { identity: &identity.name, arn: device, process: principal.mfa_process.as_deref() };
        let (code, _) = mfa::code(context, device, false).await?;
        call = call.serial_number(device.arn).token_code(mfa::exposed(&code));
    }
    let what = format!("AssumeRole of {role} for identity `{}`", identity.name);
    let shown = shown_endpoint(Service::Sts, signing, endpoint.as_deref());
    let answer = context.ask(&shown, call.send()).await.map_err(|error| {
        let help = "check the role's trust policy, the external id and the identity named by `via`";
        Refusal::new(&error).into_error(what.clone(), shown.clone(), help)
    })?;
    let given = answer.credentials().ok_or_else(|| Error::Refused {
        what: what.clone(),
        answer: "the answer has no credentials".to_owned(),
        help: "check the endpoint overrides in force".to_owned(),
    })?;
    let credentials = sts::credentials(given, issued, region.or(base.region.as_deref()));
    context.mask(&credentials);
    let credentials = context.arrived(credentials, &what)?;
    let caller = answer.assumed_role_user().and_then(|user| {
        Some(CallerIdentity { account: account_of(user.arn())?.to_owned(), arn: user.arn().to_owned() })
    });
    let account = caller.as_ref().map(|caller| caller.account.clone()).or_else(|| account_of(role).map(str::to_owned));
    Ok(StepRecord { credentials: credentials.into(), account, caller, basis: None })
}

fn lists(mut call: AssumeRoleFluentBuilder, identity: &Identity) -> Result<AssumeRoleFluentBuilder, Error> {
    for (key, value) in &identity.principal.session_tags {
        let tag = Tag::builder().key(key).value(value).build().map_err(|error| Error::Refused {
            what: format!("session tag `{key}` of identity `{}`", identity.name),
            answer: error.to_string(),
            help: "give key and value".to_owned(),
        })?;
        call = call.tags(tag);
    }
    for key in &identity.principal.transitive_tag_keys {
        call = call.transitive_tag_keys(key);
    }
    for arn in &identity.principal.policy_arns {
        call = call.policy_arns(PolicyDescriptorType::builder().arn(arn).build());
    }
    Ok(call)
}

/// The configured name made valid, else one that says which identity and when.
pub(super) fn session_name(identity: &Identity, now: Timestamp) -> String {
    let wanted = identity
        .principal
        .session_name
        .clone()
        .unwrap_or_else(|| format!("atmos-{}-{}", identity.name, now.as_second()));
    let valid = |c: char| c.is_ascii_alphanumeric() || "+=,.@-".contains(c);
    let name: String = wanted.chars().map(|c| if valid(c) { c } else { '-' }).take(NAME).collect();
    let name = name.trim_end_matches('-');
    if name.is_empty() { "atmos-session".to_owned() } else { name.to_owned() }
}

/// Seconds to ask for; `None` leaves it to the service. Says so when it is not what was configured.
pub(super) fn duration(identity: &Identity, chained: bool, talk: &Talk) -> Option<i32> {
    let (text, _) = identity.principal.duration.as_ref()?;
    seconds(identity, text, chained, talk)
}

/// The same of a text that stands elsewhere.
pub(super) fn seconds(identity: &Identity, text: &str, chained: bool, talk: &Talk) -> Option<i32> {
    let warn = |message: String| talk.warn(Warning::new("atmos::auth::session_duration", message));
    let Some(wanted) = parse_duration(text, DurationForm::Go).map(|wanted| wanted.as_secs()) else {
        warn(format!(
            "identity `{}`: duration `{text}` is not a duration such as 30m or 1h; it is ignored",
            identity.name
        ));
        return None;
    };
    let allowed = wanted.clamp(SHORTEST, if chained { CHAINED } else { LONGEST });
    if allowed != wanted {
        let why = if chained && wanted > CHAINED { " (one role assumes another: at most 1 hour)" } else { "" };
        warn(format!("identity `{}`: duration {text} becomes {allowed} seconds{why}", identity.name));
    }
    i32::try_from(allowed).ok()
}

/// The account in an ARN.
pub(crate) fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

/// The account of an identity, as far as the configuration says it.
pub(crate) fn configured_account(identity: &Identity) -> Option<&str> {
    let principal = &identity.principal;
    let role = || principal.assume_role.as_deref().and_then(account_of);
    principal.account_id.as_deref().or_else(role).or(principal.target_principal.as_deref())
}

/// Asks STS who the credentials are, within 5 seconds.
pub(crate) async fn caller_identity(
    context: &Context,
    identity: &Identity,
    provider: Option<&Spec>,
    credentials: &AwsCredentials,
) -> Result<CallerIdentity, Refusal> {
    let none = Refusal::without_answer;
    let region = credentials.region.as_deref().unwrap_or(DEFAULT_REGION);
    let endpoint = context
        .endpoints
        .resolve(Service::Sts, Some(&identity.spec), provider, &context.host.talk)
        .map_err(|error| none(error.to_string()))?;
    let client = context
        .clients
        .sts(region, endpoint.as_deref(), credentials, Some(WHOAMI))
        .map_err(|error| none(error.to_string()))?;
    let answer = client.get_caller_identity().send().await.map_err(|error| Refusal::new(&error))?;
    match (answer.account(), answer.arn()) {
        (Some(account), Some(arn)) => Ok(CallerIdentity { account: account.to_owned(), arn: arn.to_owned() }),
        _ => Err(none("the answer is incomplete".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::config::tests::config;
    use super::*;

    fn identity(name: &str, principal: &serde_json::Value) -> Identity {
        let auth = config(&json!({"identities": {name: {"kind": "aws/assume-role", "principal": principal}}}));
        auth.identity(name).unwrap().clone()
    }

    #[test]
    fn session_names_are_made_valid() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        for (name, principal, expected) in [
            ("dev", json!({}), "atmos-dev-1700000000"),
            ("acct/Rôle", json!({}), "atmos-acct-R-le-1700000000"),
            ("dev", json!({"session_name": "me@x y_"}), "me@x-y"),
            ("dev", json!({"session_name": "///"}), "atmos-session"),
        ] {
            assert_eq!(session_name(&identity(name, &principal), now), expected);
        }
        let long = identity("dev", &json!({"session_name": "a".repeat(80)}));
        assert_eq!(session_name(&long, now).len(), 64);
    }

    #[test]
    fn durations_are_clamped_with_a_warning() {
        let heard = std::sync::Arc::new(std::sync::Mutex::new(0));
        let sink = heard.clone();
        let talk = Talk::new(move |_| *sink.lock().unwrap() += 1);
        for (text, chained, expected, warnings) in [
            ("30m", true, Some(1800), 0),
            ("2h", true, Some(3600), 1),
            ("2h", false, Some(7200), 1),
            ("5m", false, Some(900), 2),
            ("soon", false, None, 3),
        ] {
            let identity = identity("dev", &json!({"duration": text}));
            assert_eq!(duration(&identity, chained, &talk), expected, "{text}");
            assert_eq!(*heard.lock().unwrap(), warnings, "{text}");
        }
        assert_eq!(account_of("arn:aws:sts::222222222222:assumed-role/A/s"), Some("222222222222"));
    }
}
