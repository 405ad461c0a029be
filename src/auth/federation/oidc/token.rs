//! `oidc`: a token from a variable, a file or an address, whoever gives it. Row 5.

use super::super::module::{Entry, Form, Module, Pending, Proof, Step};
use super::super::setting::Setting;
use super::source::{self, Source, TYPE};
use crate::span::Span;

pub(crate) struct Token;

impl Module for Token {
    fn kind(&self) -> &'static str {
        "oidc"
    }

    fn settings(&self) -> &'static [Setting] {
        const SETTINGS: [Setting; 9] = source::settings(TYPE.required());
        &SETTINGS
    }

    fn gives(&self) -> Form {
        Form::Jwt
    }

    fn is_ambient(&self) -> bool {
        true
    }

    fn problems(&self, entry: &Entry<'_>) -> Vec<(String, Span)> {
        source::configured(entry).err().into_iter().collect()
    }

    fn authenticate<'a>(&'a self, step: Step<'a>) -> Pending<'a, Proof> {
        Box::pin(async move {
            // Without one there would have been an error before.
            let source = source::configured(&step.entry).ok().flatten().unwrap_or(Source::Job);
            Ok(Proof::Jwt(source::token(&step, &source, step.entry.text("spec.audience")).await?))
        })
    }
}
