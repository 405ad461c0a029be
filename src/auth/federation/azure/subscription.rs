//! `azure/subscription`: whoever comes before, at work in a subscription. Row 5.

use super::super::super::record::CallerIdentity;
use super::super::error::Error;
use super::super::module::{Entry, Form, Module, Outline, Pending, Proof, Seen, Step};
use super::super::setting::Setting;
use super::environment::{Place, by_program, environment, place_only};
use super::login::{Cloud, LOCATION as PROVIDER_LOCATION, odd_ids};
use super::program::Program;
use crate::span::Span;

const SUBSCRIPTION: Setting = Setting::text("principal.subscription_id", "The subscription").required();
const LOCATION: Setting = Setting::text("principal.location", "The location; that of the provider without one");
const GROUP: Setting = Setting::text("principal.resource_group", "The resource group");

pub(crate) struct Subscription;

impl Module for Subscription {
    fn kind(&self) -> &'static str {
        "azure/subscription"
    }

    fn settings(&self) -> &'static [Setting] {
        const SETTINGS: [Setting; 3] = [SUBSCRIPTION, LOCATION, GROUP];
        &SETTINGS
    }

    fn gives(&self) -> Form {
        Form::Credentials
    }

    fn takes(&self) -> Option<Form> {
        Some(Form::Azure)
    }

    fn problems(&self, entry: &Entry<'_>) -> Vec<(String, Span)> {
        odd_ids(entry, &[SUBSCRIPTION.path])
    }

    fn outline(&self, seen: &Seen<'_>) -> Option<Outline> {
        let provider = seen.provider?;
        let place = Place {
            subscription: seen.entry.text(SUBSCRIPTION.path)?,
            location: seen.entry.text(LOCATION.path).or_else(|| provider.text(PROVIDER_LOCATION.path)),
            group: seen.entry.text(GROUP.path),
        };
        let mut given = place_only(Cloud::of(&provider), &place, seen.now);
        // Nothing else is needed where the program itself is asked.
        let is_all = provider.text("kind").as_deref() == Some(Program.kind());
        if is_all {
            by_program(&mut given);
        }
        Some(Outline { given, is_all })
    }

    fn authenticate<'a>(&'a self, step: Step<'a>) -> Pending<'a, Proof> {
        Box::pin(async move {
            let Some(Proof::Azure(login)) = &step.before else {
                let reason = "the step before is no sign-in at Azure".to_owned();
                let help = "let `via.provider` name a provider of kind azure/…".to_owned();
                return Err(Error::Unavailable { who: step.entry.shown(), reason, help }.into());
            };
            let place = Place {
                subscription: step.entry.text(SUBSCRIPTION.path).unwrap_or_default(),
                location: step.entry.text(LOCATION.path).or_else(|| login.location.clone()),
                group: step.entry.text(GROUP.path),
            };
            let account = place.subscription.clone();
            let caller = login.who.clone().map(|arn| CallerIdentity { account, arn });
            Ok(Proof::Environment(environment(login, &place, step.context.host.now()), caller))
        })
    }
}
