//! Who reads a state, and how: what all backends have in common.

use std::path::PathBuf;

use super::error::Error;
use super::settings::Settings;
use crate::auth::aws::client::Clients;
use crate::auth::creds::AwsCredentials;
use crate::cloud::Desk;
use crate::host::{Env, Host, Http, HttpError, HttpRequest, HttpResponse};
use crate::value::Node;

/// Largest state that is read.
const LIMIT: usize = 256 * 1024 * 1024;
/// The workspace that is always there.
pub(super) const DEFAULT_WORKSPACE: &str = "default";

/// What reading needs to know: the backend, and who reads.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    pub host: &'a Host,
    pub http: &'a Http,
    pub clients: &'a Clients,
    /// The environment that terraform would have for this component, without what an identity adds.
    pub env: &'a Env,
    /// Those of the identity in force; without one the environment is searched.
    pub credentials: Option<&'a AwsCredentials>,
    /// Overrides of identity, provider and environment.
    pub s3_endpoint: Option<&'a str>,
    pub sts_endpoint: Option<&'a str>,
    /// The folder in which terraform would run.
    pub folder: &'a PathBuf,
    pub workspace: &'a str,
    /// Backend type; empty is `local`.
    pub kind: &'a str,
    pub settings: &'a Node,
}

impl<'a> Reader<'a> {
    pub(super) fn backend(&self, kind: &'static str) -> Settings<'a> {
        Settings { kind, node: self.settings, env: self.env }
    }

    /// Where tokens of Azure and Google are asked for.
    pub(super) fn desk(&self) -> Desk<'a> {
        Desk::new(self.host, self.http)
    }

    /// The workspace, unless it is the one that backends treat as none.
    pub(super) fn named_workspace(&self) -> Option<&'a str> {
        Some(self.workspace).filter(|name| !name.is_empty() && *name != DEFAULT_WORKSPACE)
    }

    /// An exchange about the state at `place`.
    pub(super) async fn exchange(&self, request: &HttpRequest, place: &str) -> Result<HttpResponse, Error> {
        let answer = self.http.send_patiently(request, LIMIT).await;
        answer.map_err(|error| match error {
            HttpError::Url => Error::Refused {
                place: place.to_owned(),
                answer: error.to_string(),
                help: "correct the settings of the backend".to_owned(),
            },
            error => Error::Unreachable {
                place: place.to_owned(),
                endpoint: request.authority().to_owned(),
                reason: error.to_string(),
            },
        })
    }
}

/// A status that no backend explains.
pub(super) fn refused(place: String, response: &HttpResponse, detail: Option<String>) -> Error {
    let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
    let answer = format!("HTTP status {}{detail}", response.status);
    Error::Refused {
        place,
        answer,
        help: "check the settings of the backend, and whether the service works".to_owned(),
    }
}

/// The answer of who makes and removes the places of states, if it is a success. `said` finds its reason in an answer that is
/// none; `role` is what whoever is not allowed lacks.
pub(super) fn accepted(
    answer: HttpResponse,
    place: String,
    said: impl FnOnce(&serde_json::Value) -> Option<String>,
    role: &str,
) -> Result<HttpResponse, Error> {
    if (200..300).contains(&answer.status) {
        return Ok(answer);
    }
    let text = said(&serde_json::from_slice(&answer.body).unwrap_or_default());
    if matches!(answer.status, 401 | 403) {
        let answer = text.unwrap_or_else(|| format!("HTTP status {}", answer.status));
        return Err(Error::Denied { place, answer, help: role.to_owned() });
    }
    Err(refused(place, &answer, text))
}

/// Paths joined as Go joins them: with one slash, without `.` and `..`.
pub(super) fn joined(parts: &[&str]) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let all = parts.join("/");
    for part in all.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(kept.pop()),
            part => kept.push(part),
        }
    }
    kept.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_with_one_slash() {
        for (parts, expected) in [
            (&["vpc", "dev", "terraform.tfstate"][..], "vpc/dev/terraform.tfstate"),
            (&["a//b/", "./dev", "k"], "a/b/dev/k"),
            (&["", "dev.tfstate"], "dev.tfstate"),
        ] {
            assert_eq!(joined(parts), expected);
        }
    }
}
