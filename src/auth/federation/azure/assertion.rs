//! `azure/oidc`: an application that trusts somebody else's token: of a file, or of a job of GitHub. Row 5.

use super::super::super::error::Error as AuthError;
use super::super::module::{Entry, Form, Module, Pending, Proof, Step};
use super::super::network::{ENDPOINT, asked, desk, host};
use super::super::oidc::source::{self, Source};
use super::super::setting::Setting;
use super::login::{AzureLogin, CLOUD, Cloud, LOCATION, LOGIN, SUBSCRIPTION, TENANT, Way, issuer, odd_ids};
use crate::cloud::Token;
use crate::cloud::azure::{EXCHANGE, Proof as Shown, of_principal};
use crate::secret::Secret;
use crate::span::Span;

const CLIENT: Setting = Setting::text("spec.client_id", "Id of the application").required();
const FILE: Setting = Setting::text("spec.token_file_path", "File with the token of somebody whom it trusts");
const AUDIENCE: Setting =
    Setting::text("spec.audience", "For whom the token is; api://AzureADTokenExchange without one");
/// Where Kubernetes puts a token.
const FILE_VARIABLE: &str = "AZURE_FEDERATED_TOKEN_FILE";

pub(crate) struct Assertion;

impl Module for Assertion {
    fn kind(&self) -> &'static str {
        "azure/oidc"
    }

    fn settings(&self) -> &'static [Setting] {
        const SETTINGS: [Setting; 10] =
            [TENANT, CLIENT, SUBSCRIPTION, LOCATION, CLOUD, FILE, AUDIENCE, source::ISSUER, ENDPOINT, LOGIN];
        &SETTINGS
    }

    fn gives(&self) -> Form {
        Form::Azure
    }

    fn is_ambient(&self) -> bool {
        true
    }

    fn problems(&self, entry: &Entry<'_>) -> Vec<(String, Span)> {
        odd_ids(entry, &[TENANT.path, CLIENT.path, SUBSCRIPTION.path])
    }

    fn token_for<'a>(&'a self, step: Step<'a>, resource: &'a str) -> Pending<'a, Token> {
        Box::pin(async move { Ok(ask(&step, resource).await?.token) })
    }

    fn authenticate<'a>(&'a self, step: Step<'a>) -> Pending<'a, Proof> {
        Box::pin(async move {
            let Asked { token, shown, client, file } = ask(&step, Cloud::of(&step.entry).management()).await?;
            // Who puts the token there anew, as Kubernetes does, is read again by tools.
            let file = file.map(|file| step.context.host.absolute(std::path::Path::new(&file)).display().to_string());
            let way = Way::Assertion { client: client.clone(), token: shown, file };
            let login = AzureLogin::given(&step, &token, way)?;
            Ok(Proof::Azure(AzureLogin { who: Some(client), ..login }))
        })
    }
}

/// A token, and how it came.
struct Asked {
    token: Token,
    /// What was shown for it.
    shown: Secret,
    client: String,
    /// Where that lies.
    file: Option<String>,
}

async fn ask(step: &Step<'_>, resource: &str) -> Result<Asked, AuthError> {
    let entry = &step.entry;
    let environment = step.context.host.env.get(FILE_VARIABLE).filter(|file| !file.is_empty());
    let file = entry.text(FILE.path).or_else(|| environment.map(str::to_owned));
    let audience = entry.text(AUDIENCE.path);
    let (source, audience) = match &file {
        Some(file) => (Source::File(file.clone()), audience),
        None => (Source::Job, audience.or_else(|| Some(EXCHANGE.to_owned()))),
    };
    let subject = source::token(step, &source, audience).await?;
    let tenant = entry.text(TENANT.path).unwrap_or_default();
    let client = entry.text(CLIENT.path).unwrap_or_default();
    let url = issuer(step)?;
    let shown = Shown::Assertion(subject.token.clone());
    let call = of_principal(desk(step), &url, &tenant, &client, resource, &shown);
    let help = format!(
        "the application {client} needs a federated credential that matches the token, which has {}",
        subject.shown()
    );
    let token = asked(step, host(&url), call, &help).await?;
    Ok(Asked { token, shown: subject.token, client, file })
}
