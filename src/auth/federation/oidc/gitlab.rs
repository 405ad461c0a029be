//! `gitlab/oidc`: a token that a job of GitLab has in a variable, made by its `id_tokens`. Row 5.

use super::super::error::Error;
use super::super::module::{Entry, Form, Module, Pending, Proof, Step};
use super::super::setting::Setting;
use super::source::{self, Source, TYPE};
use crate::span::Span;

/// The name that GitLab's own examples have.
const USUAL: &str = "GITLAB_OIDC_TOKEN";

pub(crate) struct Gitlab;

impl Module for Gitlab {
    fn kind(&self) -> &'static str {
        "gitlab/oidc"
    }

    fn settings(&self) -> &'static [Setting] {
        const SETTINGS: [Setting; 9] = source::settings(TYPE);
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
            let configured = source::configured(&step.entry).ok().flatten();
            let env = &step.context.host.env;
            if configured.is_none() && env.get(USUAL).is_none_or(str::is_empty) {
                let place = match env.get("GITLAB_CI") {
                    Some("true") => "the job has no token",
                    _ => "this is no job of GitLab",
                };
                let audience = step.entry.text("spec.audience");
                let audience = audience.unwrap_or_else(|| "https://gitlab.example.com".to_owned());
                return Err(Error::Unavailable {
                    who: step.entry.shown(),
                    reason: format!("{place} ({USUAL} is not set)"),
                    help: format!(
                        "give the job `id_tokens: {{{USUAL}: {{aud: {audience}}}}}`, or name another \
                         variable in `spec.token_source.environment_variable`"
                    ),
                }
                .into());
            }
            let source = configured.unwrap_or_else(|| Source::Variable(USUAL.to_owned()));
            Ok(Proof::Jwt(source::token(&step, &source, step.entry.text("spec.audience")).await?))
        })
    }
}
