//! `aws/permission-set`: role credentials from a portal. Row 5.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use super::super::aws::client::shown_endpoint;
use super::super::aws::endpoint::Service;
use super::super::aws::refusal::Refusal;
use super::super::config::Identity;
use super::super::context::Context;
use super::super::creds::{AwsCredentials, PortalToken};
use super::super::error::{Error, known_among};
use super::super::provider::portal::Portal;
use super::super::provider::sso::{Failure, with_token};
use super::super::record::StepRecord;
use crate::diag::nearest;
use crate::secret::{Expose, Secret};

const HELP: &str = "check that the permission set is assigned to you in that account; `atmos auth login --force` signs \
                    in again";

/// Gets role credentials.
pub(crate) async fn authenticate(
    context: &Context,
    portal: &Portal,
    identity: &Identity,
    region: Option<&str>,
) -> Result<StepRecord, Error> {
    with_token(context, portal, |token| attempt(context, portal, identity, region, token)).await
}

async fn attempt(
    context: &Context,
    portal: &Portal,
    identity: &Identity,
    region: Option<&str>,
    token: PortalToken,
) -> Result<StepRecord, Failure> {
    let endpoint = portal.endpoint(context, Some(&identity.spec)).map_err(Failure::Other)?;
    let client = context.clients.sso(&portal.region, endpoint.as_deref()).map_err(Failure::Other)?;
    let account = account_id(context, portal, identity, &token, &client).await?;
    let role = identity.principal.name.as_deref().unwrap_or_default();
    let shown = shown_endpoint(Service::Sso, &portal.region, endpoint.as_deref());
    let call = client
        .get_role_credentials()
        .access_token(token.access_token.expose_secret())
        .account_id(&account)
        .role_name(role)
        .send();
    let answer = context.ask(&shown, call).await;
    let issued = context.host.now();
    let what = format!("GetRoleCredentials of `{role}` in account {account} for identity `{}`", identity.name);
    let answer = answer.map_err(|error| Failure::of(Refusal::new(&error), what.clone(), shown, HELP))?;
    let incomplete = || {
        Failure::Other(Error::Refused {
            what: what.clone(),
            answer: "the answer is incomplete".to_owned(),
            help: "check the endpoint overrides in force".to_owned(),
        })
    };
    let given = answer.role_credentials().ok_or_else(incomplete)?;
    let (Some(id), Some(key), Some(session)) =
        (given.access_key_id(), given.secret_access_key(), given.session_token())
    else {
        return Err(incomplete());
    };
    // Milliseconds, unlike everything else of these services.
    let expiration = Timestamp::from_millisecond(given.expiration()).ok().filter(|_| given.expiration() > 0);
    let credentials = AwsCredentials {
        access_key_id: id.to_owned(),
        secret_access_key: Secret::from(key.to_owned()),
        session_token: Some(Secret::from(session.to_owned())),
        expiration: Some(expiration.ok_or_else(incomplete)?),
        issued,
        region: region.map(str::to_owned),
    };
    context.mask(&credentials);
    let credentials = context.arrived(credentials, &what).map_err(Failure::Other)?;
    Ok(StepRecord { credentials: credentials.into(), account: Some(account), caller: None, basis: None })
}

/// The id of the identity's account: as configured, else looked up by name over all pages.
async fn account_id(
    context: &Context,
    portal: &Portal,
    identity: &Identity,
    token: &PortalToken,
    client: &aws_sdk_sso::Client,
) -> Result<String, Failure> {
    if let Some(id) = &identity.principal.account_id {
        return Ok(id.clone());
    }
    let wanted = identity.principal.account_name.as_deref().unwrap_or_default();
    let accounts = accounts(context, portal, identity, token, client).await?;
    find(&accounts, wanted).map(str::to_owned).ok_or_else(|| {
        let (account, provider, help) = (wanted.to_owned(), portal.name.clone(), help_for(&accounts, wanted));
        Failure::Other(Error::AccountNotFound { account, provider, help })
    })
}

/// All of them may be hundreds: only the near ones, unless they are few.
fn help_for(accounts: &[(String, String)], wanted: &str) -> String {
    let names = accounts.iter().map(|(_, name)| name.as_str());
    let number = accounts.len();
    match nearest(wanted, names.clone()) {
        _ if number == 0 => "no account is assigned to you; the portal page shows them".to_owned(),
        Some(near) if number > MANY => format!("did you mean `{near}`? {number} accounts are assigned to you"),
        None if number > MANY => format!("{number} accounts are assigned to you, none has a similar name"),
        _ => format!("{}; the portal page shows them", known_among(wanted, names)),
    }
}

/// More accounts than this are not listed in an error.
const MANY: usize = 20;

/// The account of that name, else the only one equal ignoring case.
fn find<'a>(accounts: &'a [(String, String)], wanted: &str) -> Option<&'a str> {
    if let Some((id, _)) = accounts.iter().find(|(_, name)| name == wanted) {
        return Some(id);
    }
    let folded = wanted.to_lowercase();
    let mut similar = accounts.iter().filter(|(_, name)| name.to_lowercase() == folded);
    let (id, _) = similar.next()?;
    similar.next().is_none().then_some(id)
}

/// All accounts of the token, asked once per portal and process.
async fn accounts(
    context: &Context,
    portal: &Portal,
    identity: &Identity,
    token: &PortalToken,
    client: &aws_sdk_sso::Client,
) -> Result<Arc<Vec<(String, String)>>, Failure> {
    let since = Instant::now();
    let mut flight = context.accounts.enter(&portal.key()).await;
    if let Some(known) = &flight.value {
        return Ok(known.clone());
    }
    if let Some(error) = flight.failed_since(since) {
        return Err(Failure::Other(error));
    }
    let mut pages = client.list_accounts().access_token(token.access_token.expose_secret()).into_paginator().send();
    let mut found = Vec::new();
    let endpoint = portal.endpoint(context, Some(&identity.spec)).map_err(Failure::Other)?;
    let shown = shown_endpoint(Service::Sso, &portal.region, endpoint.as_deref());
    while let Some(page) = context.ask(&shown, pages.next()).await {
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                let what = format!("ListAccounts for identity `{}`", identity.name);
                return Err(match Failure::of(Refusal::new(&error), what, shown.clone(), HELP) {
                    // Others who wait ask with the token that the renewal brings.
                    Failure::Token(error) => Failure::Token(error),
                    Failure::Other(error) => Failure::Other(flight.land(Err(error)).err().unwrap_or(Error::Aborted)),
                });
            }
        };
        found.extend(page.account_list().iter().filter_map(|account| {
            Some((account.account_id()?.to_owned(), account.account_name().unwrap_or_default().to_owned()))
        }));
    }
    let found = Arc::new(found);
    flight.value = Some(found.clone());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_account_is_helped_by_names_that_stand_there_once() {
        let accounts: Vec<_> =
            [("1", "Net"), ("2", "Prod"), ("3", "Net")].map(|(id, name)| (id.to_owned(), name.to_owned())).into();
        assert_eq!(help_for(&accounts, "zzzz"), "known: Net, Prod; the portal page shows them");
        assert_eq!(help_for(&accounts, "Prd"), "did you mean `Prod`? known: Net, Prod; the portal page shows them");
        assert_eq!(help_for(&[], "Net"), "no account is assigned to you; the portal page shows them");
    }

    #[test]
    fn accounts_match_exactly_then_uniquely_ignoring_case() {
        let accounts: Vec<_> =
            [("1", "Net"), ("2", "net"), ("3", "Prod")].map(|(id, name)| (id.to_owned(), name.to_owned())).into();
        for (wanted, id) in [("net", Some("2")), ("Net", Some("1")), ("NET", None), ("prod", Some("3")), ("x", None)] {
            assert_eq!(find(&accounts, wanted), id, "{wanted}");
        }
    }
}
