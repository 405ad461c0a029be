//! `azure/cli`: who signed in with `az login` on this machine. Row 5.

use std::time::Duration;

use super::super::super::error::Error as AuthError;
use super::super::error::Error;
use super::super::module::{Entry, Form, Module, Pending, Proof, Step};
use super::super::network::{asked, desk};
use super::super::setting::Setting;
use super::login::{AzureLogin, CLOUD, LOCATION, SUBSCRIPTION, TENANT, Way, odd_ids};
use crate::cloud::Token;
use crate::cloud::azure::{SignedIn, signed_in};
use crate::span::Span;

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Program;

impl Module for Program {
    fn kind(&self) -> &'static str {
        "azure/cli"
    }

    fn settings(&self) -> &'static [Setting] {
        const SETTINGS: [Setting; 4] = [TENANT, SUBSCRIPTION, LOCATION, CLOUD];
        &SETTINGS
    }

    fn gives(&self) -> Form {
        Form::Azure
    }

    fn is_ambient(&self) -> bool {
        true
    }

    fn problems(&self, entry: &Entry<'_>) -> Vec<(String, Span)> {
        odd_ids(entry, &[TENANT.path, SUBSCRIPTION.path])
    }

    fn token_for<'a>(&'a self, step: Step<'a>, resource: &'a str) -> Pending<'a, Token> {
        Box::pin(async move { ask(&step, Some(resource)).await })
    }

    fn authenticate<'a>(&'a self, step: Step<'a>) -> Pending<'a, Proof> {
        Box::pin(async move {
            let token = ask(&step, None).await?;
            Ok(Proof::Azure(AzureLogin::given(&step, &token, Way::Program)?))
        })
    }
}

/// A token of the program, for its own usual resource or another one.
async fn ask(step: &Step<'_>, resource: Option<&str>) -> Result<Token, AuthError> {
    let tenant = step.entry.text(TENANT.path).unwrap_or_default();
    let subscription = step.entry.text(SUBSCRIPTION.path);
    // The program takes one of both: who names a subscription has named its tenant.
    let mut words = match &subscription {
        Some(subscription) => vec!["--subscription", subscription.as_str()],
        None => vec!["--tenant", tenant.as_str()],
    };
    words.extend(resource.into_iter().flat_map(|resource| ["--resource", resource]));
    let context = step.context;
    let variables = context.host.env.iter();
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let patience = context.options.timeout.map_or(PATIENCE, |timeout| timeout.min(PATIENCE));
    let help = format!("run `az login --tenant {tenant}`, and look with `az account show` who is signed in");
    let found = asked(step, "the az program", signed_in(desk(step), variables, &words, patience), &help).await?;
    let Some(found) = found else {
        let reason = "there is no program `az` in PATH".to_owned();
        let help = "install the Azure CLI, or take a provider of kind azure/oidc".to_owned();
        return Err(Error::Unavailable { who: step.entry.shown(), reason, help }.into());
    };
    match strange(&found, &tenant, subscription.as_deref(), &help) {
        Some((reason, help)) => Err(Error::Unavailable { who: step.entry.shown(), reason, help }.into()),
        None => Ok(found.token),
    }
}

/// Why an answer is not what was asked for, and what to do.
fn strange(found: &SignedIn, tenant: &str, subscription: Option<&str>, help: &str) -> Option<(String, String)> {
    // Only ids can be compared: a domain is another name of a tenant.
    let differs = |asked: &str, other: &str| is_id(asked) && is_id(other) && !asked.eq_ignore_ascii_case(other);
    if let Some(other) = found.tenant.as_deref().filter(|other| differs(tenant, other)) {
        return Some((format!("az gives a token of the tenant {other}, and {tenant} is wanted"), help.to_owned()));
    }
    let both = subscription.zip(found.subscription.as_deref());
    if let Some((asked, other)) = both.filter(|(asked, other)| differs(asked, other)) {
        let help = format!("run `az account set --subscription {asked}`, and look with `az account list`");
        return Some((format!("az gives a token of the subscription {other}, and {asked} is wanted"), help));
    }
    let is_over = found.token.lifetime.is_some_and(|seconds| seconds <= 0);
    is_over.then(|| {
        let reason = "az gives a token that is over: what was given is over already".to_owned();
        (reason, format!("{help}, or set the clock of this machine right"))
    })
}

/// An id, which only an id can be compared with, and no domain.
fn is_id(tenant: &str) -> bool {
    tenant.len() == 36 && tenant.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}
