//! `atmos/pro`: a job of GitHub Actions that is known to Atmos Pro. The provider gets a session there, the identity is that
//! session at work: it gives its children nothing of its own, what follows from it does (`github/sts`). Row 5.

use jiff::Timestamp;

use super::super::given::EnvironmentCredentials;
use super::super::record::CallerIdentity;
use super::error::Error;
use super::module::{Entry, Form, Module, Outline, Pending, Proof, Seen, Step};
use super::network::{asked, desk, fit, host};
use super::oidc::Jwt;
use super::oidc::source::{self, Source};
use super::pro_session::ProSession;
use super::setting::Setting;
use crate::cloud::pro::{self, Service};
use crate::secret::without_userinfo;
use crate::span::Span;

const BASE: Setting = Setting::text("spec.base_url", "Address of the service");
const ENDPOINT: Setting = Setting::text("spec.endpoint", "Path of its version below the address");
const WORKSPACE: Setting = Setting::text("spec.workspace_id", "The workspace");
const AUDIENCE: Setting =
    Setting::text("spec.audience", "For whom the token of the job is; atmos-pro.com unless it is set");
const USUAL_BASE: &str = "https://atmos-pro.com";
const USUAL_ENDPOINT: &str = "api/v1";
const USUAL_AUDIENCE: &str = "atmos-pro.com";
const HELP: &str = "the workspace has to know the repository of this job; look at its settings in Atmos Pro";

pub(crate) struct ProProvider;

impl Module for ProProvider {
    fn kind(&self) -> &'static str {
        "atmos/pro"
    }

    fn settings(&self) -> &'static [Setting] {
        const SETTINGS: [Setting; 4] = [BASE, ENDPOINT, WORKSPACE, AUDIENCE];
        &SETTINGS
    }

    fn gives(&self) -> Form {
        Form::Pro
    }

    fn is_ambient(&self) -> bool {
        true
    }

    fn problems(&self, entry: &Entry<'_>) -> Vec<(String, Span)> {
        let odd = entry.text(BASE.path).and_then(|url| Some((fit(&url).err()?, url)));
        let odd = odd.map(|(reason, url)| {
            (format!("{} `{}`: {reason}", BASE.path, without_userinfo(&url)), entry.span_of(BASE.path))
        });
        odd.into_iter().collect()
    }

    fn authenticate<'a>(&'a self, step: Step<'a>) -> Pending<'a, Proof> {
        Box::pin(async move {
            let (entry, env) = (step.entry, &step.context.host.env);
            let said = |setting: Setting, variable: &str| {
                let variable = || env.get(variable).filter(|value| !value.is_empty()).map(str::to_owned);
                entry.text(setting.path).or_else(variable)
            };
            let unavailable =
                |reason: String, help: &str| Error::Unavailable { who: entry.shown(), reason, help: help.to_owned() };
            let workspace = said(WORKSPACE, "ATMOS_PRO_WORKSPACE_ID").ok_or_else(|| {
                let help = "set `spec.workspace_id` of the provider, or ATMOS_PRO_WORKSPACE_ID";
                unavailable("nobody says which workspace it is for".to_owned(), help)
            })?;
            let base = said(BASE, "ATMOS_PRO_BASE_URL").unwrap_or_else(|| USUAL_BASE.to_owned());
            // That of the entry has been looked at before.
            if let Err(reason) = fit(&base) {
                let shown = without_userinfo(&base);
                return Err(
                    unavailable(format!("the address `{shown}`: {reason}"), "correct ATMOS_PRO_BASE_URL").into()
                );
            }
            let endpoint = said(ENDPOINT, "ATMOS_PRO_ENDPOINT").unwrap_or_else(|| USUAL_ENDPOINT.to_owned());
            let audience = entry.text(AUDIENCE.path).unwrap_or_else(|| USUAL_AUDIENCE.to_owned());
            let job = source::token(&step, &Source::Job, Some(audience)).await?;
            let service = Service { base: &base, endpoint: &endpoint };
            let session = pro::session(desk(&step), service, &job.token, &workspace);
            let token = asked(&step, host(&base), session, HELP).await?.value;
            let expires = Jwt::read(token.clone()).ok().and_then(|read| read.claims.expires);
            Ok(Proof::Pro(ProSession { token, base, endpoint, workspace, expires }))
        })
    }
}

pub(crate) struct ProIdentity;

impl Module for ProIdentity {
    fn kind(&self) -> &'static str {
        "atmos/pro"
    }

    fn settings(&self) -> &'static [Setting] {
        &[]
    }

    fn gives(&self) -> Form {
        Form::Credentials
    }

    fn takes(&self) -> Option<Form> {
        Some(Form::Pro)
    }

    fn outline(&self, seen: &Seen<'_>) -> Option<Outline> {
        Some(Outline { given: nothing(None, None, seen.now), is_all: true })
    }

    fn authenticate<'a>(&'a self, step: Step<'a>) -> Pending<'a, Proof> {
        Box::pin(async move {
            let Some(Proof::Pro(session)) = &step.before else {
                let reason = "the step before is no session at Atmos Pro".to_owned();
                let help = "let `via.provider` name a provider of kind atmos/pro".to_owned();
                return Err(Error::Unavailable { who: step.entry.shown(), reason, help }.into());
            };
            let workspace = session.workspace.clone();
            let caller = CallerIdentity { account: workspace.clone(), arn: format!("workspace {workspace}") };
            let given = nothing(Some(workspace), session.expires, step.context.host.now());
            Ok(Proof::Environment(given, Some(caller)))
        })
    }
}

/// A session is no business of children.
fn nothing(account: Option<String>, expiration: Option<Timestamp>, issued: Timestamp) -> EnvironmentCredentials {
    EnvironmentCredentials {
        variables: Vec::new(),
        files: Vec::new(),
        paths: Vec::new(),
        removed: Vec::new(),
        account,
        region: None,
        expiration,
        issued,
    }
}
