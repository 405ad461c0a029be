//! Atmos Pro: the session of a job of GitHub Actions there, and the tokens of GitHub that it gives for it.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::token::{Desk, Token, Trouble, refusal};
use crate::host::HttpRequest;
use crate::secret::{Expose as _, Secret};

/// Largest answer.
const LIMIT: usize = 1 << 20;
const JSON: &str = "application/json";

/// Where the service is.
#[derive(Debug, Clone, Copy)]
pub struct Service<'a> {
    pub base: &'a str,
    /// Path of its version, for example `api/v1`.
    pub endpoint: &'a str,
}

impl Service<'_> {
    fn url(&self, rest: &str) -> String {
        format!("{}/{}/{rest}", self.base.trim_end_matches('/'), self.endpoint.trim_matches('/'))
    }
}

/// A token for the repositories of one owner.
#[derive(Debug, Clone)]
pub struct GithubToken {
    pub host: String,
    pub owner: String,
    pub token: Secret,
    pub expires: Option<Timestamp>,
}

/// What was given, and what was not.
#[derive(Debug, Clone, Default)]
pub struct GithubTokens {
    pub tokens: Vec<GithubToken>,
    /// Repositories that are left out, each with the reason.
    pub excluded: Vec<(String, String)>,
}

/// The session of a job, for its token of OpenID Connect, which is good for one attempt.
///
/// # Errors
/// [`Trouble`]
pub async fn session(desk: Desk<'_>, service: Service<'_>, job: &Secret, workspace: &str) -> Result<Token, Trouble> {
    let body = json!({"token": job.expose_secret(), "workspaceId": workspace});
    let request = HttpRequest::post(service.url("auth/github-oidc"), JSON, body.to_string());
    let answer = enveloped(desk, &request).await?;
    desk.taken(&answer, "token")
}

/// Tokens for repositories: for all that the workspace trusts the job with where `sources` has none.
///
/// # Errors
/// [`Trouble`]
pub async fn github_tokens(
    desk: Desk<'_>,
    service: Service<'_>,
    session: &Secret,
    sources: &[String],
    policy: &str,
) -> Result<GithubTokens, Trouble> {
    let mut body = json!({"policyName": policy});
    if !sources.is_empty() {
        body["sources"] = json!(sources);
    }
    let request = HttpRequest::post(service.url("sts"), JSON, body.to_string());
    let request = request.header("authorization", format!("Bearer {}", session.expose_secret()));
    let answer = enveloped(desk, &request.header("accept", JSON)).await?;
    let text = |entry: &Json, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    let mut given = GithubTokens::default();
    for entry in answer["tokens"].as_array().into_iter().flatten() {
        let token = desk.register(entry["token"].as_str().unwrap_or_default());
        let (host, owner) = (text(entry, "host"), text(entry, "owner"));
        // They become part of addresses and of git's settings.
        let plain =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if !plain(&host) || !plain(&owner) || !plain(token.expose_secret()) {
            return Err(Trouble::Broken("the answer has a token without a host or an owner, or none".to_owned()));
        }
        let expires = entry["expiresAt"].as_str().and_then(|text| text.parse().ok());
        given.tokens.push(GithubToken { host, owner, token, expires });
    }
    for entry in answer["excluded"].as_array().into_iter().flatten() {
        given.excluded.push((text(entry, "repo"), text(entry, "reason")));
    }
    Ok(given)
}

/// Takes a token back. One that is over already is as good as taken back.
///
/// # Errors
/// [`Trouble`]
pub async fn revoke(desk: Desk<'_>, api: &str, token: &Secret) -> Result<(), Trouble> {
    let url = format!("{}/installation/token", api.trim_end_matches('/'));
    let request = HttpRequest { method: "DELETE", ..HttpRequest::get(url) };
    let request = request.header("authorization", format!("Bearer {}", token.expose_secret()));
    let request = request.header("accept", "application/vnd.github+json");
    let answer = desk.once(&request, LIMIT).await?;
    match answer.status {
        200 | 204 | 401 | 404 => Ok(()),
        _ => Err(refusal(&answer, &Json::Null)),
    }
}

/// What is in the envelope of every answer. One that says no has the status of one that says yes.
async fn enveloped(desk: Desk<'_>, request: &HttpRequest) -> Result<Json, Trouble> {
    let answer = desk.once(request, LIMIT).await?;
    let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    if matches!(answer.status, 200 | 201) && json["success"] == true {
        return Ok(json["data"].clone());
    }
    let said = json["errorMessage"].as_str().and_then(|said| said.lines().next()).filter(|said| !said.is_empty());
    match (said, answer.status) {
        (Some(said), 200 | 201) => Err(Trouble::Refused(said.to_owned())),
        (Some(said), 400..500) => Err(Trouble::Refused(format!("{said} (HTTP status {})", answer.status))),
        _ => Err(refusal(&answer, &json)),
    }
}
