//! `aws/user`: a session made from a key that lasts. The key itself goes nowhere else. Row 5.

use super::super::aws::client::shown_endpoint;
use super::super::aws::endpoint::Service;
use super::super::aws::refusal::Refusal;
use super::super::aws::sts;
use super::super::config::Identity;
use super::super::context::Context;
use super::super::creds::AwsCredentials;
use super::super::error::Error;
use super::super::mfa::{self, Device, From};
use super::super::record::StepRecord;
use super::super::user::{self, Error as UserError, StoredKeys};
use crate::diag::Warning;
use crate::diag::hint::word;

const DEFAULT_REGION: &str = "us-east-1";

/// A device that cannot be read is not no device: nobody becomes a user without the code that the configuration wants.
fn check_device(identity: &Identity) -> Result<(), Error> {
    let of = |key: &'static str| identity.node.get_path(["credentials", key]).map(|node| (key, node));
    for (key, node) in [of("mfa_arn"), of("mfa_process")].into_iter().flatten() {
        if !node.is_null() && node.scalar_text().is_none() {
            return Err(Error::Refused {
                what: format!("identity `{}`", identity.name),
                answer: format!("`credentials.{key}` is a {} and no text", node.value.type_name()),
                help: "`atmos auth validate` shows where it is written".to_owned(),
            });
        }
    }
    Ok(())
}

/// Makes a session. All roles behind the user share it, and the code of its device with it.
pub(crate) async fn authenticate(
    context: &Context,
    identity: &Identity,
    region: Option<&str>,
) -> Result<StepRecord, Error> {
    check_device(identity)?;
    let stored = user::keys(context, identity).await?;
    let Some(stored) = stored.as_ref().filter(|_| !context.options.webflow) else {
        return by_browser(context, identity, region, stored.as_ref()).await;
    };
    let basis = user::basis_of(&stored.keys);
    let device = identity.credentials.mfa_arn.as_deref().or(stored.mfa_arn.as_deref());
    let (seconds, remark) = identity.credentials.duration(stored.session_duration.as_deref(), device.is_some());
    if let Some(remark) = remark {
        let message = format!("identity `{}`: {remark}", identity.name);
        context.host.talk.warn(Warning::new("atmos::auth::session_duration", message));
    }
    let Some(arn) = device else {
        let credentials =
            attempt(context, identity, stored, region, seconds, None).await.map_err(|failed| *failed.0)?;
        return Ok(record(credentials, basis));
    };
    let device = Device { identity: &identity.name, arn, process: identity.credentials.mfa_process.as_deref() };
    let mut again = false;
    loop {
        let (code, from) = mfa::code(context, device, again).await?;
        let factor = Some((arn, mfa::exposed(&code)));
        match attempt(context, identity, stored, region, seconds, factor).await {
            Ok(credentials) => return Ok(record(credentials, basis)),
            // A person may have mistyped; who has no better code would only repeat it.
            Err(failed) if failed.1 && from == From::Person && !again => again = true,
            Err(failed) => return Err(*failed.0),
        }
    }
}

/// Signs in by the browser: there is no key, or the user does not want it.
async fn by_browser(
    context: &Context,
    identity: &Identity,
    region: Option<&str>,
    stored: Option<&StoredKeys>,
) -> Result<StepRecord, Error> {
    let name = || identity.name.to_string();
    // What cannot be read is no reason to go another way unasked.
    if stored.is_none() && context.cache.store().is_lost() && !context.options.webflow {
        return Err(UserError::KeyringLost { identity: name(), or: by_the_browser(identity, " --webflow`") }.into());
    }
    let wanted = context.options.webflow || !identity.credentials.no_browser;
    let found = if wanted { user::webflow::sign_in(context, identity, region).await? } else { None };
    let or = || by_the_browser(identity, "` in a terminal");
    let credentials = found.ok_or_else(|| UserError::NoKeys { identity: name(), or: or() })?;
    let basis = stored.map(|stored| user::basis_of(&stored.keys));
    Ok(StepRecord { credentials: credentials.into(), account: None, caller: None, basis })
}

/// The way of the browser, for a help that names another one first; nothing where it is closed.
fn by_the_browser(identity: &Identity, how: &str) -> String {
    if identity.credentials.no_browser {
        return String::new();
    }
    format!("; or sign in by the browser: `atmos auth login -i {}{how}", word(identity.name.as_str()))
}

fn record(credentials: AwsCredentials, basis: String) -> StepRecord {
    StepRecord { credentials: credentials.into(), account: None, caller: None, basis: Some(basis) }
}

/// A refusal, and whether the code is at fault.
struct Failed(Box<Error>, bool);

async fn attempt(
    context: &Context,
    identity: &Identity,
    stored: &StoredKeys,
    region: Option<&str>,
    seconds: i32,
    factor: Option<(&str, &str)>,
) -> Result<AwsCredentials, Failed> {
    let other = |error: Error| Failed(Box::new(error), false);
    let issued = context.host.now();
    let signing = region.unwrap_or(DEFAULT_REGION);
    let talk = &context.host.talk;
    let endpoint = context.endpoints.resolve(Service::Sts, Some(&identity.spec), None, talk).map_err(other)?;
    let base = stored.keys.credentials(issued, Some(signing));
    let client = context.clients.sts(signing, endpoint.as_deref(), &base, None).map_err(other)?;
    let mut call = client.get_session_token().duration_seconds(seconds);
    if let Some((device, code)) = factor {
        call = call.serial_number(device).token_code(code);
    }
    let what = format!("GetSessionToken for identity `{}`", identity.name);
    let shown = shown_endpoint(Service::Sts, signing, endpoint.as_deref());
    let answer = context.ask(&shown, call.send()).await.map_err(|error| {
        let refusal = Refusal::new(&error);
        let code_at_fault = factor.is_some() && is_of_the_code(&refusal);
        let help = help(identity, &refusal);
        Failed(Box::new(refusal.into_error(what.clone(), shown.clone(), &help)), code_at_fault)
    })?;
    let given = answer.credentials().ok_or_else(|| {
        other(Error::Refused {
            what: what.clone(),
            answer: "the answer has no credentials".to_owned(),
            help: "check the endpoint overrides in force".to_owned(),
        })
    })?;
    let credentials = sts::credentials(given, issued, region);
    context.mask(&credentials);
    context.arrived(credentials, &what).map_err(other)
}

fn is_of_the_code(refusal: &Refusal) -> bool {
    refusal.code.as_deref() == Some("AccessDenied") && refusal.text.contains("MultiFactorAuthentication")
}

/// What to do about a refusal. The stored key stays where it is: a new one needs some time until it is known.
fn help(identity: &Identity, refusal: &Refusal) -> String {
    let name = word(identity.name.as_str());
    match refusal.code.as_deref() {
        Some("InvalidClientTokenId") => {
            format!("the access key is not known: store another one with `atmos auth user configure -i {name}`")
        }
        Some("SignatureDoesNotMatch") => {
            format!("the secret does not belong to the key: store it again with `atmos auth user configure -i {name}`")
        }
        Some("ExpiredToken") => format!("log in again: `atmos auth login -i {name} --force`"),
        _ if is_of_the_code(refusal) => "give the code that the device shows now; each code counts once".to_owned(),
        _ => "check the user in IAM, and the MFA device (`mfa_arn`)".to_owned(),
    }
}
