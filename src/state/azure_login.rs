//! Tokens of Microsoft Entra for the storage: a service principal's secret, a federated token, or the `az` program.

use std::time::Duration;

use super::error::Error;
use super::reader::Reader;
use super::settings::Settings;
use crate::cloud::azure::{self, Proof};
use crate::cloud::{Trouble, job};
use crate::secret::Expose as _;

/// For one attempt at the service that gives tokens to jobs.
const PATIENCE: Duration = Duration::from_secs(30);
/// What the storage is called in tokens.
pub(super) const STORAGE: &str = "https://storage.azure.com/";
const HELP: &str = "set ARM_ACCESS_KEY or ARM_SAS_TOKEN, or ARM_TENANT_ID and ARM_CLIENT_ID with ARM_CLIENT_SECRET or a \
                    federated token, or sign in with `az login`";

/// A bearer token for the storage or another service, known to the masker.
pub(super) async fn token(reader: &Reader<'_>, settings: &Settings<'_>, resource: &str) -> Result<String, Error> {
    let tenant = settings.text_or("tenant_id", &["ARM_TENANT_ID", "AZURE_TENANT_ID"]);
    let client = settings.text_or("client_id", &["ARM_CLIENT_ID", "AZURE_CLIENT_ID"]);
    if let (Some(tenant), Some(client)) = (tenant, client)
        && let Some(proof) = proof(reader, settings).await?
    {
        let cloud = settings.text_or("environment", &["ARM_ENVIRONMENT"]).unwrap_or_default();
        let authority = azure::authority(&cloud, settings.variable(&["AZURE_AUTHORITY_HOST"]).as_deref());
        let token = azure::of_principal(reader.desk(), &authority, &tenant, &client, resource, &proof).await;
        return token.map(|token| token.value.expose_secret().to_owned()).map_err(failed);
    }
    let variables = settings.env.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let token = azure::by_program(reader.desk(), variables, &["--resource", resource]).await.map_err(failed)?;
    let token = token.ok_or_else(|| refused("nothing says who reads"))?;
    Ok(token.value.expose_secret().to_owned())
}

/// What shows who asks.
async fn proof(reader: &Reader<'_>, settings: &Settings<'_>) -> Result<Option<Proof>, Error> {
    let desk = reader.desk();
    if let Some(secret) = settings.text_or("client_secret", &["ARM_CLIENT_SECRET", "AZURE_CLIENT_SECRET"]) {
        return Ok(Some(azure::by_secret(desk, &secret)));
    }
    if let Some(token) = settings.text_or("oidc_token", &["ARM_OIDC_TOKEN"]) {
        return Ok(Some(azure::by_assertion(desk, &token)));
    }
    let file = settings.text_or("oidc_token_file_path", &["ARM_OIDC_TOKEN_FILE_PATH", "AZURE_FEDERATED_TOKEN_FILE"]);
    if let Some(file) = file {
        let wrong = |trouble: Trouble| settings.wrong("oidc_token_file_path", trouble.to_string(), "correct the path");
        return azure::by_file(desk, &file).map(Some).map_err(wrong);
    }
    let url = settings.text_or("oidc_request_url", &["ARM_OIDC_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_URL"]);
    let token = settings.text_or("oidc_request_token", &["ARM_OIDC_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"]);
    let (Some(url), Some(token)) = (url, token) else { return Ok(None) };
    let place = job::Place { url: &url, bearer: Some(&token), audience: Some(azure::EXCHANGE), patience: PATIENCE };
    let token = job::token(desk, &place).await.map_err(failed)?;
    Ok(Some(Proof::Assertion(token.value)))
}

fn failed(trouble: Trouble) -> Error {
    match trouble {
        Trouble::Unreachable { endpoint, reason } => {
            Error::Unreachable { place: "a token for the state".to_owned(), endpoint, reason }
        }
        Trouble::Refused(answer) | Trouble::Unusable(answer) | Trouble::Broken(answer) => refused(&answer),
    }
}

fn refused(answer: &str) -> Error {
    Error::Denied {
        place: "the storage of the azurerm backend".to_owned(),
        answer: answer.to_owned(),
        help: HELP.to_owned(),
    }
}
