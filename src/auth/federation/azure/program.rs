//! `azure/cli`: who signed in with `az login` on this machine. Row 5.

use std::time::Duration;

use super::super::error::Error;
use super::super::module::{Entry, Form, Module, Pending, Proof, Step};
use super::super::network::{asked, desk};
use super::super::setting::Setting;
use super::login::{AzureLogin, CLOUD, LOCATION, SUBSCRIPTION, TENANT, Way, odd_ids};
use crate::cloud::azure::signed_in;
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

    fn authenticate<'a>(&'a self, step: Step<'a>) -> Pending<'a, Proof> {
        Box::pin(async move {
            let tenant = step.entry.text(TENANT.path).unwrap_or_default();
            let subscription = step.entry.text(SUBSCRIPTION.path);
            // The program takes one of both: who names a subscription has named its tenant.
            let words = match &subscription {
                Some(subscription) => ["--subscription", subscription.as_str()],
                None => ["--tenant", tenant.as_str()],
            };
            let context = step.context;
            let hidden = |name: &std::ffi::OsStr| context.forbidden.iter().any(|other| *name == **other);
            let variables = context.host.env.iter().filter(|(name, _)| !hidden(name));
            let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            let patience = context.options.timeout.map_or(PATIENCE, |timeout| timeout.min(PATIENCE));
            let help = format!("run `az login --tenant {tenant}`, and look with `az account show` who is signed in");
            let found = asked(&step, "the az program", signed_in(desk(&step), variables, &words, patience), &help);
            let unavailable =
                |reason: String, help: String| Error::Unavailable { who: step.entry.shown(), reason, help };
            let Some(found) = found.await? else {
                let help = "install the Azure CLI, or take a provider of kind azure/oidc".to_owned();
                return Err(unavailable("there is no program `az` in PATH".to_owned(), help).into());
            };
            if let Some(other) = found.tenant.filter(|other| is_id(other) && is_id(&tenant) && *other != tenant) {
                let reason = format!("az gives a token of the tenant {other}, and {tenant} is wanted");
                return Err(unavailable(reason, help).into());
            }
            Ok(Proof::Azure(AzureLogin::given(&step, &found.token, Way::Program)?))
        })
    }
}

/// An id, which only an id can be compared with, and no domain.
fn is_id(tenant: &str) -> bool {
    tenant.len() == 36 && tenant.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}
