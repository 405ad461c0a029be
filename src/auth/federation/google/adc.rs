//! `gcp/adc`: the application default credentials of the environment: a file that a variable names, who signed in with
//! gcloud, the account of a machine. Row 5.

use std::path::Path;

use super::super::super::error::Error as AuthError;
use super::super::error::Error;
use super::super::module::{Entry, Form, Module, Pending, Proof, Step};
use super::super::network::{ENDPOINT, asked, desk};
use super::super::setting::Setting;
use super::token::{GoogleToken, IAM, PROJECT, REGION, SCOPES, odd_names, odd_scopes, scopes};
use crate::cloud::google;
use crate::host::fs;
use crate::span::Span;

/// Largest file with credentials.
const LARGEST: u64 = 256 * 1024;
const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
const SIGN_IN: &str = "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a file with \
                       credentials";

pub(crate) struct Defaults;

impl Module for Defaults {
    fn kind(&self) -> &'static str {
        "gcp/adc"
    }

    fn settings(&self) -> &'static [Setting] {
        const SETTINGS: [Setting; 5] = [PROJECT, REGION, SCOPES, ENDPOINT, IAM];
        &SETTINGS
    }

    fn gives(&self) -> Form {
        Form::Google
    }

    fn is_ambient(&self) -> bool {
        true
    }

    fn problems(&self, entry: &Entry<'_>) -> Vec<(String, Span)> {
        let names = odd_names(entry, &[PROJECT.path, REGION.path]);
        names.into_iter().chain(odd_scopes(entry, SCOPES.path)).collect()
    }

    fn authenticate<'a>(&'a self, step: Step<'a>) -> Pending<'a, Proof> {
        Box::pin(async move {
            let scope = scopes(&step.entry, SCOPES.path).join(" ");
            let project = step.entry.text(PROJECT.path);
            let Some(text) = document(&step)? else {
                return machine(&step, project).await.map(Proof::Google);
            };
            let named = google::named(&text);
            let call = google::of_document(desk(&step), &text, &scope);
            let token = asked(&step, "Google", call, SIGN_IN).await?;
            let token = GoogleToken::given(&step, token, project.or(named.project))?;
            Ok(Proof::Google(GoogleToken { email: named.email, ..token }))
        })
    }
}

/// The account that the machine runs as.
async fn machine(step: &Step<'_>, project: Option<String>) -> Result<GoogleToken, AuthError> {
    let token = asked(step, "the metadata service", google::of_machine(desk(step)), SIGN_IN).await?;
    let Some(token) = token else {
        return Err(Error::Unavailable {
            who: step.entry.shown(),
            reason: "there are no application default credentials".to_owned(),
            help: SIGN_IN.to_owned(),
        }
        .into());
    };
    let project = match project {
        Some(project) => Some(project),
        None => google::project_of_machine(desk(step)).await,
    };
    GoogleToken::given(step, token, project)
}

/// The text of the credentials that are there. One that is named has to be.
fn document(step: &Step<'_>) -> Result<Option<String>, AuthError> {
    let host = &step.context.host;
    let unusable = |path: &Path, reason: String| -> AuthError {
        let reason = format!("{} cannot be read: {reason}", path.display());
        Error::Unavailable { who: step.entry.shown(), reason, help: SIGN_IN.to_owned() }.into()
    };
    let named = host.env.get(VARIABLE).filter(|path| !path.is_empty());
    let path = match named {
        Some(path) => host.absolute(Path::new(path)),
        None => google::signed_in(&host.env, &host.dirs.home),
    };
    match fs::read_text(&path, LARGEST, "it is no file with credentials") {
        Ok(text) => Ok(Some(text)),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(&path, error.to_string())),
    }
}
