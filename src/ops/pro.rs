//! Tells Atmos Pro how a run ended (`--upload-status`). Row 12. What cannot be told is a warning.

use std::time::Duration;

use miette::Diagnostic;
use serde_json::{Value as Json, json};
use thiserror::Error as ThisError;

use super::App;
use crate::cloud::{Desk, Trouble, job};
use crate::component::Instance;
use crate::diag::{Failure, Warning};
use crate::git::Repository;
use crate::host::{Http, HttpRequest, HttpResponse, percent_encode};
use crate::secret::{Expose as _, Secret};
use crate::value::Node;

const BASE: &str = "https://atmos-pro.com";
const ENDPOINT: &str = "api/v1";
/// For whom GitHub vouches.
const AUDIENCE: &str = "atmos-pro.com";
/// Largest answer that is read.
const LIMIT: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, ThisError, Diagnostic)]
enum Error {
    #[error("nobody says as whom Atmos Pro is told")]
    #[diagnostic(
        code(atmos::pro::no_token),
        help(
            "set ATMOS_PRO_TOKEN; or, in GitHub Actions, ATMOS_PRO_WORKSPACE_ID and for the workflow \
             `permissions: {{id-token: write}}`"
        )
    )]
    NoToken,

    #[error("nobody says which repository this is: neither `origin` nor GITHUB_REPOSITORY names one")]
    #[diagnostic(code(atmos::pro::no_repository), help("`git remote add origin …`"))]
    NoRepository,

    #[error("GitHub does not vouch for this run: {reason}")]
    #[diagnostic(code(atmos::pro::not_vouched), help("the workflow needs `permissions: {{id-token: write}}`"))]
    NotVouched { reason: String },

    #[error("Atmos Pro cannot be reached at {endpoint}: {reason}")]
    #[diagnostic(code(atmos::pro::unreachable), help("check the network, its proxy, and ATMOS_PRO_BASE_URL"))]
    Unreachable { endpoint: String, reason: String },

    #[error("Atmos Pro does not take it: {answer}")]
    #[diagnostic(
        code(atmos::pro::refused),
        help("check the token, the workspace, and that the repository is one of the workspace")
    )]
    Refused { answer: String },
}

impl Failure for Error {}

/// Sends how a command of a component ended.
pub(super) async fn tell(app: &App, instance: &Instance, command: &str, code: u8) {
    let enabled = instance.sections.settings.get_path(["pro", "enabled"]).and_then(Node::as_bool);
    let subject = format!("{} in {}", instance.name, instance.stack);
    if enabled != Some(true) {
        let message = format!("the status is not uploaded: `settings.pro.enabled` of {subject} is not true");
        app.host.talk.warn(Warning::new("atmos::pro::not_enabled", message));
        return;
    }
    if let Err(error) = sent(app, instance, command, code).await {
        let message = format!("the status of {subject} is not uploaded, which changes nothing for the run: {error}");
        let help = error.help().map(|help| help.to_string());
        let warning = Warning::new("atmos::pro::failed", app.host.masker.mask(&message).into_owned());
        app.host.talk.warn(help.into_iter().fold(warning, Warning::help));
    }
}

async fn sent(app: &App, instance: &Instance, command: &str, code: u8) -> Result<(), Error> {
    let http = Http::new(&app.host.env);
    let address = format!(
        "{}/{}",
        setting(app, "base_url", "ATMOS_PRO_BASE_URL").unwrap_or_else(|| BASE.to_owned()).trim_end_matches('/'),
        setting(app, "endpoint", "ATMOS_PRO_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned()).trim_matches('/'),
    );
    let repository = Repository::around(&app.host, &app.host.cwd).ok();
    let commit = repository.as_ref().and_then(|repository| repository.head().ok());
    let (owner, name) = named(app, repository.as_ref()).ok_or(Error::NoRepository)?;
    let token = token(app, &http, &address).await?;
    let [owner, name, stack, component] =
        [&owner, &name, &instance.stack, &instance.name].map(|part| percent_encode(part));
    let url = format!("{address}/repos/{owner}/{name}/instances?stack={stack}&component={component}");
    let mut body = json!({"command": command, "exit_code": code});
    if commit.is_some() || app.host.env.get("ATMOS_PRO_RUN_ID").is_some() {
        body["last_run"] = Json::from(app.host.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    }
    let mut request = HttpRequest::new("PATCH", url)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", token.expose_secret()));
    request.body = body.to_string().into_bytes();
    exchange(&http, &request).await.map(drop)
}

/// `settings.pro`; the variable goes before it.
fn setting(app: &App, key: &str, variable: &str) -> Option<String> {
    let variable = app.host.env.get(variable).map(str::to_owned);
    let written = || app.config.document.get_path(["settings", "pro", key]).and_then(Node::scalar_text);
    variable.or_else(written).filter(|text| !text.is_empty())
}

/// Owner and name of the repository.
fn named(app: &App, repository: Option<&Repository<'_>>) -> Option<(String, String)> {
    let origin = repository.and_then(|repository| repository.origin().ok());
    let of_origin = origin.as_deref().and_then(parts);
    of_origin.or_else(|| app.host.env.get("GITHUB_REPOSITORY").and_then(parts))
}

/// The last two parts of an address or a path.
fn parts(address: &str) -> Option<(String, String)> {
    let plain = address.trim_end_matches('/');
    let plain = plain.strip_suffix(".git").unwrap_or(plain);
    let (rest, name) = plain.rsplit_once('/')?;
    let owner = rest.rsplit(['/', ':']).next().unwrap_or_default();
    (!owner.is_empty() && !name.is_empty()).then(|| (owner.to_owned(), name.to_owned()))
}

/// The token that is given, else one for which GitHub vouches.
async fn token(app: &App, http: &Http, address: &str) -> Result<Secret, Error> {
    if let Some(token) = setting(app, "token", "ATMOS_PRO_TOKEN") {
        let token = Secret::from(token);
        app.host.masker.register(&token);
        return Ok(token);
    }
    let variable = |name: &str| app.host.env.get(name).map(str::to_owned);
    let workspace = setting(app, "workspace_id", "ATMOS_PRO_WORKSPACE_ID");
    let place = (variable("ACTIONS_ID_TOKEN_REQUEST_URL"), variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN"));
    let (Some(workspace), (Some(url), Some(bearer))) = (workspace, place) else { return Err(Error::NoToken) };
    let place = job::Place { url: &url, bearer: Some(&bearer), audience: Some(AUDIENCE), patience: PATIENCE };
    let vouched = job::token(Desk::new(&app.host, http), &place).await;
    let vouched = vouched.map_err(|trouble: Trouble| Error::NotVouched { reason: trouble.to_string() })?;
    let body = json!({"token": vouched.value.expose_secret(), "workspaceId": workspace});
    let request = HttpRequest::post(format!("{address}/auth/github-oidc"), "application/json", body.to_string());
    let answer = exchange(http, &request).await?;
    let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    let token = json["data"]["token"].as_str().filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| Error::Refused { answer: "its answer has no token".to_owned() })?;
    let token = Secret::from(token.to_owned());
    app.host.masker.register(&token);
    Ok(token)
}

async fn exchange(http: &Http, request: &HttpRequest) -> Result<HttpResponse, Error> {
    let answer = http
        .send_patiently(request, LIMIT)
        .await
        .map_err(|error| Error::Unreachable { endpoint: request.authority().to_owned(), reason: error.to_string() })?;
    if (200..300).contains(&answer.status) {
        return Ok(answer);
    }
    let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |key: &str| json[key].as_str().filter(|text| !text.is_empty());
    let said = text("errorMessage").map(|said| format!(": {said}")).unwrap_or_default();
    let trace = text("traceId").map(|trace| format!(" (trace {trace})")).unwrap_or_default();
    Err(Error::Refused { answer: format!("HTTP status {}{said}{trace}", answer.status) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_named_by_their_addresses() {
        for address in [
            "https://github.com/acme/infra.git",
            "git@github.com:acme/infra.git",
            "ssh://git@host:22/acme/infra/",
            "acme/infra",
        ] {
            assert_eq!(parts(address), Some(("acme".to_owned(), "infra".to_owned())), "{address}");
        }
        assert_eq!(parts("infra"), None);
    }
}
