//! Tokens of Microsoft Entra for the storage: a service principal's secret, a federated token, or the `az` program.

use super::error::Error;
use super::reader::Reader;
use super::settings::Settings;
use crate::host::{HttpRequest, percent_encode};
use crate::secret::Secret;

const RESOURCE: &str = "https://storage.azure.com/";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const AUDIENCE: &str = "api://AzureADTokenExchange";
/// Largest answer with a token.
const LIMIT: usize = 256 * 1024;
const HELP: &str = "set ARM_ACCESS_KEY or ARM_SAS_TOKEN, or ARM_TENANT_ID and ARM_CLIENT_ID with ARM_CLIENT_SECRET or a \
                    federated token, or sign in with `az login`";

/// A bearer token for the storage, known to the masker.
pub(super) async fn token(reader: &Reader<'_>, settings: &Settings<'_>) -> Result<String, Error> {
    let tenant = settings.text_or("tenant_id", &["ARM_TENANT_ID", "AZURE_TENANT_ID"]);
    let client = settings.text_or("client_id", &["ARM_CLIENT_ID", "AZURE_CLIENT_ID"]);
    let found = match (tenant, client) {
        (Some(tenant), Some(client)) => match proof(reader, settings).await? {
            Some(proof) => Some(exchanged(reader, settings, &tenant, &client, &proof).await?),
            None => None,
        },
        _ => None,
    };
    let token = match found {
        Some(token) => token,
        None => by_program(reader, settings)?,
    };
    reader.host.masker.register(&Secret::from(token.clone()));
    Ok(token)
}

/// The part of a request for a token that shows who asks.
async fn proof(reader: &Reader<'_>, settings: &Settings<'_>) -> Result<Option<String>, Error> {
    if let Some(secret) = settings.text_or("client_secret", &["ARM_CLIENT_SECRET", "AZURE_CLIENT_SECRET"]) {
        reader.host.masker.register(&Secret::from(secret.clone()));
        return Ok(Some(format!("client_secret={}", percent_encode(&secret))));
    }
    let file = settings.text_or("oidc_token_file_path", &["ARM_OIDC_TOKEN_FILE_PATH", "AZURE_FEDERATED_TOKEN_FILE"]);
    let token = match (settings.text_or("oidc_token", &["ARM_OIDC_TOKEN"]), file) {
        (Some(token), _) => Some(token),
        (None, Some(file)) => Some(std::fs::read_to_string(&file).map_err(|error| {
            settings.wrong("oidc_token_file_path", format!("{file} cannot be read: {error}"), "correct the path")
        })?),
        (None, None) => requested(reader, settings).await?,
    };
    let Some(token) = token else { return Ok(None) };
    let token = token.trim();
    reader.host.masker.register(&Secret::from(token.to_owned()));
    Ok(Some(format!("client_assertion_type={}&client_assertion={}", percent_encode(ASSERTION), percent_encode(token))))
}

/// The token that a CI service gives to its jobs.
async fn requested(reader: &Reader<'_>, settings: &Settings<'_>) -> Result<Option<String>, Error> {
    let url = settings.text_or("oidc_request_url", &["ARM_OIDC_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_URL"]);
    let token = settings.text_or("oidc_request_token", &["ARM_OIDC_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"]);
    let (Some(url), Some(token)) = (url, token) else { return Ok(None) };
    let joint = if url.contains('?') { '&' } else { '?' };
    let request = HttpRequest::get(format!("{url}{joint}audience={}", percent_encode(AUDIENCE)));
    let json = asked(reader, &request.header("authorization", format!("Bearer {token}"))).await?;
    json["value"]
        .as_str()
        .map(|value| Some(value.to_owned()))
        .ok_or_else(|| refused("the job's token is missing in the answer"))
}

async fn exchanged(
    reader: &Reader<'_>,
    settings: &Settings<'_>,
    tenant: &str,
    client: &str,
    proof: &str,
) -> Result<String, Error> {
    let environment = settings.text_or("environment", &["ARM_ENVIRONMENT"]).unwrap_or_default();
    let authority = settings.variable(&["AZURE_AUTHORITY_HOST"]).unwrap_or_else(|| authority(&environment).to_owned());
    let authority = if authority.contains("://") { authority } else { format!("https://{authority}") };
    let url = format!("{}/{}/oauth2/v2.0/token", authority.trim_end_matches('/'), percent_encode(tenant));
    let scope = percent_encode(&format!("{RESOURCE}.default"));
    let form = format!("grant_type=client_credentials&client_id={}&scope={scope}&{proof}", percent_encode(client));
    let json = asked(reader, &HttpRequest::post(url, "application/x-www-form-urlencoded", form)).await?;
    json["access_token"].as_str().map(str::to_owned).ok_or_else(|| refused("the answer has no token"))
}

fn authority(environment: &str) -> &'static str {
    match environment {
        "usgovernment" => "https://login.microsoftonline.us",
        "china" => "https://login.chinacloudapi.cn",
        _ => "https://login.microsoftonline.com",
    }
}

async fn asked(reader: &Reader<'_>, request: &HttpRequest) -> Result<serde_json::Value, Error> {
    let endpoint = request.authority().to_owned();
    let answer = reader.http.send_patiently(request, LIMIT).await.map_err(|error| Error::Unreachable {
        place: "a token for the state".to_owned(),
        endpoint,
        reason: error.to_string(),
    })?;
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status == 200 {
        return Ok(json);
    }
    let said = json["error_description"].as_str().or_else(|| json["error"].as_str()).unwrap_or_default();
    let said = said.lines().next().unwrap_or_default();
    Err(refused(&format!("HTTP status {} {said}", answer.status)))
}

/// What `az login` left.
fn by_program(reader: &Reader<'_>, settings: &Settings<'_>) -> Result<String, Error> {
    let program = which::which_in("az", settings.env.get_raw("PATH"), &reader.host.cwd);
    let program = program.map_err(|_| refused("nothing says who reads"))?;
    let variables = settings.env.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let words = ["account", "get-access-token", "--resource", RESOURCE, "--output", "json"];
    let child = duct::cmd(program, words).full_env(variables).stdin_null().stdout_capture().stderr_null().unchecked();
    let output = child.run().map_err(|error| refused(&format!("`az` cannot be started: {error}")))?;
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    json["accessToken"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| refused("`az account get-access-token` gave no token"))
}

fn refused(answer: &str) -> Error {
    Error::Denied {
        place: "the storage of the azurerm backend".to_owned(),
        answer: answer.to_owned(),
        help: HELP.to_owned(),
    }
}
