//! `gcp/project`: whoever comes before, at work in a project, a region and a zone. Row 5.

use super::super::super::record::CallerIdentity;
use super::super::module::{Entry, Form, Module, Outline, Pending, Proof, Seen, Step};
use super::super::setting::Setting;
use super::environment::{Place, place_only, place_without_others, with_token};
use super::token::{GoogleToken, REGION as PROVIDER_REGION, odd_names};
use crate::span::Span;

const PROJECT: Setting = Setting::text("principal.project_id", "The project").required();
const REGION: Setting = Setting::text("principal.region", "The region");
const ZONE: Setting = Setting::text("principal.zone", "The zone");
const LOCATION: Setting = Setting::text("principal.location", "Older name of the zone");

pub(crate) struct Project;

impl Module for Project {
    fn kind(&self) -> &'static str {
        "gcp/project"
    }

    fn settings(&self) -> &'static [Setting] {
        const SETTINGS: [Setting; 4] = [PROJECT, REGION, ZONE, LOCATION];
        &SETTINGS
    }

    fn gives(&self) -> Form {
        Form::Credentials
    }

    fn takes(&self) -> Option<Form> {
        Some(Form::Google)
    }

    /// Then it only says where to work.
    fn stands_alone(&self) -> bool {
        true
    }

    fn follows_identities(&self) -> bool {
        true
    }

    fn problems(&self, entry: &Entry<'_>) -> Vec<(String, Span)> {
        odd_names(entry, &[PROJECT, REGION, ZONE, LOCATION].map(|setting| setting.path))
    }

    fn outline(&self, seen: &Seen<'_>) -> Option<Outline> {
        let place = Place {
            project: seen.entry.text(PROJECT.path),
            region: seen.region.map(str::to_owned).or_else(|| seen.provider?.text(PROVIDER_REGION.path)),
            zone: seen.entry.text(ZONE.path).or_else(|| seen.entry.text(LOCATION.path)),
        };
        // Alone it says where to work, and nothing else.
        let is_all = seen.provider.is_none();
        let given = if is_all { place_only(&place, seen.now) } else { place_without_others(&place, seen.now) };
        Some(Outline { given, is_all })
    }

    fn authenticate<'a>(&'a self, step: Step<'a>) -> Pending<'a, Proof> {
        Box::pin(async move {
            let (entry, issued) = (&step.entry, step.context.host.now());
            let mut place = Place {
                project: entry.text(PROJECT.path),
                region: step.region.map(str::to_owned),
                zone: entry.text(ZONE.path).or_else(|| entry.text(LOCATION.path)),
            };
            if step.before.is_none() {
                return Ok(Proof::Environment(place_only(&place, issued), None));
            }
            let token = GoogleToken::before(&step)?;
            place.region = place.region.or_else(|| token.region.clone());
            let caller = token
                .email
                .as_ref()
                .map(|email| CallerIdentity { account: place.project.clone().unwrap_or_default(), arn: email.clone() });
            Ok(Proof::Environment(with_token(&token, &place, issued), caller))
        })
    }
}
