//! Who reads a bucket: a token that is given, credentials of the backend or the environment, or who signed in with gcloud.
//!
//! The metadata service of machines is never asked.

use std::path::PathBuf;

use super::error::Error;
use super::reader::Reader;
use super::settings::Settings;
use crate::cloud::{Trouble, google};
use crate::secret::{Expose as _, Secret};

/// What may read objects, and nothing else.
pub(super) const READ: &str = "https://www.googleapis.com/auth/devstorage.read_only";
const HELP: &str = "set `credentials` of the backend or GOOGLE_CREDENTIALS to the key of a service account, or \
                    GOOGLE_OAUTH_ACCESS_TOKEN, or sign in with `gcloud auth application-default login`";

/// A bearer token that may do what is wanted, known to the masker.
pub(super) async fn token(reader: &Reader<'_>, settings: &Settings<'_>, wanted: &str) -> Result<String, Error> {
    let variables = ["GOOGLE_BACKEND_IMPERSONATE_SERVICE_ACCOUNT", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"];
    let other = settings.text_or("impersonate_service_account", &variables);
    let failed = |trouble: Trouble| failed(settings, trouble);
    let own = if let Some(token) = settings.text_or("access_token", &["GOOGLE_OAUTH_ACCESS_TOKEN"]) {
        let token = Secret::from(token);
        reader.host.masker.register(&token);
        token
    } else {
        let scope = if other.is_some() { google::PLATFORM } else { wanted };
        google::of_document(reader.desk(), &document(reader, settings)?, scope).await.map_err(failed)?.value
    };
    let token = match other {
        Some(account) => {
            let base = settings.variable(&["GOOGLE_IAM_CREDENTIALS_CUSTOM_ENDPOINT"]);
            let account = google::Account {
                email: &account,
                scopes: &[wanted],
                delegates: &[],
                lifetime: None,
                base: base.as_deref(),
            };
            google::impersonated(reader.desk(), &own, &account).await.map_err(failed)?.value
        }
        None => own,
    };
    Ok(token.expose_secret().to_owned())
}

/// The credentials as JSON: given as text or as a file, by the settings or by the environment.
fn document(reader: &Reader<'_>, settings: &Settings<'_>) -> Result<String, Error> {
    let given = settings.text_or("credentials", &["GOOGLE_BACKEND_CREDENTIALS", "GOOGLE_CREDENTIALS"]);
    match given.or_else(|| settings.variable(&["GOOGLE_APPLICATION_CREDENTIALS"])) {
        Some(text) if text.trim_start().starts_with('{') => Ok(text),
        Some(path) => file(reader, settings, PathBuf::from(path)),
        None => {
            let path = google::signed_in(settings.env, &reader.host.dirs.home);
            if path.is_file() { file(reader, settings, path) } else { Err(refused("nothing says who reads")) }
        }
    }
}

fn file(reader: &Reader<'_>, settings: &Settings<'_>, path: PathBuf) -> Result<String, Error> {
    let path = match path.strip_prefix("~") {
        Ok(rest) => reader.host.dirs.home.join(rest),
        Err(_) => reader.folder.join(path),
    };
    std::fs::read_to_string(&path).map_err(|error| {
        settings.wrong("credentials", format!("{} cannot be read: {error}", path.display()), "correct the path")
    })
}

fn failed(settings: &Settings<'_>, trouble: Trouble) -> Error {
    match trouble {
        Trouble::Unreachable { endpoint, reason } => {
            Error::Unreachable { place: "a token for the state".to_owned(), endpoint, reason }
        }
        Trouble::Unusable(reason) => settings.wrong("credentials", reason, HELP),
        Trouble::Refused(answer) | Trouble::Broken(answer) => refused(&answer),
    }
}

fn refused(answer: &str) -> Error {
    Error::Denied {
        place: "the bucket of the gcs backend".to_owned(),
        answer: answer.to_owned(),
        help: HELP.to_owned(),
    }
}
