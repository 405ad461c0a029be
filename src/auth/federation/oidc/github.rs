//! `github/oidc`: the token of a job of GitHub Actions. Row 5.

use super::super::module::{Form, Module, Pending, Proof, Step};
use super::super::setting::Setting;
use super::source::{self, ISSUER, Source};

/// For whom a token is where nothing else is said.
const AUDIENCE: &str = "sts.amazonaws.com";

pub(crate) struct Github;

impl Module for Github {
    fn kind(&self) -> &'static str {
        "github/oidc"
    }

    fn settings(&self) -> &'static [Setting] {
        const SETTINGS: [Setting; 2] =
            [Setting::text("spec.audience", "For whom the token is; sts.amazonaws.com unless it is set"), ISSUER];
        &SETTINGS
    }

    fn gives(&self) -> Form {
        Form::Jwt
    }

    fn is_ambient(&self) -> bool {
        true
    }

    fn authenticate<'a>(&'a self, step: Step<'a>) -> Pending<'a, Proof> {
        Box::pin(async move {
            let audience = step.entry.text("spec.audience").unwrap_or_else(|| AUDIENCE.to_owned());
            Ok(Proof::Jwt(source::token(&step, &Source::Job, Some(audience)).await?))
        })
    }
}
