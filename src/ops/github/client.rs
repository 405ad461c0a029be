//! Calls of GitHub's REST service.

use serde_json::Value as Json;

use super::error::Error;
use crate::host::{Env, Host, Http, HttpRequest, HttpResponse, percent_encode};
use crate::secret::{Expose as _, Secret};

/// Where nobody names another one.
const BASE: &str = "https://api.github.com";
/// The version of the service that this is written for.
const VERSION: &str = "2022-11-28";
/// Tokens, the first that is set counts. The first is for what is told of runs, where terraform needs another.
const TOKENS: [&str; 4] = ["ATMOS_CI_GITHUB_TOKEN", "ATMOS_PRO_GITHUB_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"];
/// Largest answer that is read, but for files.
const LIMIT: usize = 16 << 20;

pub(super) fn text(env: &Env, name: &str) -> Option<String> {
    env.get(name).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// One call.
pub(super) struct Call<'a> {
    pub method: &'static str,
    /// Below the repository, with what follows `?`.
    pub path: &'a str,
    pub body: Option<&'a Json>,
    /// For messages: "GitHub does not …".
    pub what: &'static str,
    /// What a token has to be allowed to.
    pub permission: &'static str,
    /// What is done twice makes two of it.
    pub once: bool,
}

/// A repository, and who asks about it.
pub(in crate::ops) struct GitHub<'a> {
    pub(super) host: &'a Host,
    pub(super) http: Http,
    base: String,
    token: Secret,
    /// `owner/name`
    repository: String,
}

impl<'a> GitHub<'a> {
    /// The repository that is named, else that of the run.
    ///
    /// # Errors
    /// No token, no repository.
    pub(in crate::ops) fn of(host: &'a Host, owner: Option<&str>, name: Option<&str>) -> Result<GitHub<'a>, Error> {
        let token = TOKENS.iter().find_map(|name| text(&host.env, name)).ok_or(Error::NoToken)?;
        let token = Secret::from(token);
        host.masker.register(&token);
        let around = text(&host.env, "GITHUB_REPOSITORY").unwrap_or_default();
        let (around_owner, around_name) = around.split_once('/').unwrap_or_default();
        let owner = owner.unwrap_or(around_owner);
        let name = name.unwrap_or(around_name);
        if owner.is_empty() || name.is_empty() || name.contains('/') {
            let found = if around.is_empty() { String::new() } else { format!(" (GITHUB_REPOSITORY is `{around}`)") };
            return Err(Error::NoRepository { found });
        }
        let base = text(&host.env, "GITHUB_API_URL").unwrap_or_else(|| BASE.to_owned());
        Ok(GitHub {
            host,
            http: Http::new(&host.env),
            base: base.trim_end_matches('/').to_owned(),
            token,
            repository: format!("{}/{}", percent_encode(owner), percent_encode(name)),
        })
    }

    /// # Errors
    /// Nobody answers, or the answer is no success.
    pub(super) async fn call(&self, call: &Call<'_>) -> Result<HttpResponse, Error> {
        let response = self.send(call).await?;
        if (200..300).contains(&response.status) { Ok(response) } else { Err(refused(call, &response)) }
    }

    /// The answer, whatever it is.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<HttpResponse, Error> {
        let url = format!("{}/repos/{}/{}", self.base, self.repository, call.path);
        let mut request = HttpRequest::new(call.method, url)
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", VERSION)
            .header("authorization", format!("Bearer {}", self.token.expose_secret()));
        if let Some(body) = call.body {
            request = request.json(body);
        }
        let sent = if call.once {
            self.http.send(&request, LIMIT).await
        } else {
            self.http.send_patiently(&request, LIMIT).await
        };
        sent.map_err(|error| Error::Unreachable {
            what: call.what,
            endpoint: request.authority().to_owned(),
            reason: error.to_string(),
        })
    }
}

/// An answer as JSON.
pub(super) fn json(what: &'static str, response: &HttpResponse) -> Result<Json, Error> {
    serde_json::from_slice(&response.body).map_err(|error| Error::Unreadable { what, reason: error.to_string() })
}

/// Why the answer is no success, and what may help.
fn refused(call: &Call<'_>, response: &HttpResponse) -> Error {
    let Call { what, permission, .. } = call;
    let said: Option<String> = serde_json::from_slice::<Json>(&response.body)
        .ok()
        .and_then(|body| body.get("message").and_then(Json::as_str).map(str::to_owned));
    let answer = match said {
        Some(said) => format!("HTTP status {}: {said}", response.status),
        None => format!("HTTP status {}", response.status),
    };
    let help = match response.status {
        401 => "the token is none, or has expired: check ATMOS_CI_GITHUB_TOKEN and GITHUB_TOKEN".to_owned(),
        403 | 404 => format!(
            "the token may not be allowed to: a workflow needs `permissions: {{{permission}}}`, an app the same; \
             ATMOS_CI_GITHUB_TOKEN is for a token of its own"
        ),
        422 => "check that the commit is in the repository, and the names".to_owned(),
        _ => "try it again; https://www.githubstatus.com says whether GitHub works".to_owned(),
    };
    Error::Refused { what, answer, help }
}

/// The number of the page after this one, as the header `Link` has it.
pub(super) fn next_page(response: &HttpResponse) -> Option<u64> {
    let links = response.header("link")?;
    let next = links.split(',').find(|part| part.contains("rel=\"next\""))?;
    let address = next.split_once('<')?.1.split_once('>')?.0;
    let (_, query) = address.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("page="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found() {
        let answer = |link: Option<&str>| HttpResponse {
            status: 200,
            headers: link.into_iter().map(|link| ("link".to_owned(), link.to_owned())).collect(),
            body: Vec::new(),
        };
        let link = "<https://h/x?per_page=100&page=1>; rel=\"prev\", <https://h/x?per_page=100&page=3>; rel=\"next\"";
        for (link, page) in [(Some(link), Some(3)), (Some("<https://h/x?page=1>; rel=\"first\""), None), (None, None)] {
            assert_eq!(next_page(&answer(link)), page);
        }
    }
}
