//! The service of the runner that keeps artifacts: it has those of this run at once, and takes new ones.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::client::text;
use super::error::Error;
use crate::cloud;
use crate::host::{Host, Http, HttpRequest, HttpResponse};
use crate::secret::{Expose as _, Secret};
use crate::value::hex;

const SERVICE: &str = "twirp/github.actions.results.api.v1.ArtifactService";
/// The generation of artifacts that the service speaks of.
const GENERATION: u32 = 4;
/// Largest artifact that is read.
pub(super) const LARGEST: usize = 256 << 20;

/// The run and the job, as the service calls them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Job {
    run: String,
    job: String,
}

impl Job {
    fn json(&self) -> Json {
        json!({"workflow_run_backend_id": self.run, "workflow_job_run_backend_id": self.job})
    }

    /// With the name of an artifact.
    fn named(&self, name: &str) -> Json {
        let mut body = self.json();
        body["name"] = Json::from(name);
        body
    }

    /// Out of the scopes of the token of the runner.
    fn of_token(token: &str) -> Result<Job, Error> {
        let wrong = |reason| Error::RuntimeToken { reason };
        let claims = cloud::claims(token).ok_or(wrong("it is no JWT"))?;
        let scopes = claims.get("scp").and_then(Json::as_str).unwrap_or_default();
        let scope = scopes.split(' ').find_map(|scope| scope.strip_prefix("Actions.Results:"));
        let (run, job) = scope.and_then(|ids| ids.split_once(':')).ok_or(wrong("it has no scope `Actions.Results`"))?;
        Ok(Job { run: run.to_owned(), job: job.to_owned() })
    }
}

/// The service, and the job that asks.
pub(super) struct Runtime<'a> {
    http: &'a Http,
    base: String,
    token: Secret,
    job: Job,
}

impl<'a> Runtime<'a> {
    /// `None` where the runner has not told us of it.
    pub(super) fn of(host: &Host, http: &'a Http) -> Result<Option<Runtime<'a>>, Error> {
        let (token, base) = (text(&host.env, "ACTIONS_RUNTIME_TOKEN"), text(&host.env, "ACTIONS_RESULTS_URL"));
        let (Some(token), Some(base)) = (token, base) else { return Ok(None) };
        let token = Secret::from(token);
        host.masker.register(&token);
        let job = Job::of_token(token.expose_secret())?;
        Ok(Some(Runtime { http, base: base.trim_end_matches('/').to_owned(), token, job }))
    }

    /// Makes an artifact out of a zip archive. One of the same name in this run, which a second attempt finds, goes.
    pub(super) async fn upload(&self, name: &str, zip: Vec<u8>, expires: Timestamp) -> Result<(), Error> {
        let what = "make the artifact";
        let mut wanted = self.job.named(name);
        wanted["version"] = Json::from(GENERATION);
        wanted["expires_at"] = Json::from(expires.to_string());
        let mut made = self.send("CreateArtifact", &wanted, what).await?;
        if made.status == 409 {
            if let Some(owner) = self.owner(name).await? {
                self.ask("DeleteArtifact", &owner.named(name), "delete the artifact of the same name").await?;
            }
            made = self.send("CreateArtifact", &wanted, what).await?;
        }
        let made = answered(&made, what)?;
        let url = made.get("signed_upload_url").and_then(Json::as_str).filter(|url| !url.is_empty());
        let url = url.ok_or_else(|| Error::Unreadable { what, reason: "it gives no address".to_owned() })?;
        let (size, digest) = (zip.len(), hex(&Sha256::digest(&zip)));
        let mut request = HttpRequest::new("PUT", url)
            .header("content-type", "application/octet-stream")
            .header("x-ms-blob-type", "BlockBlob");
        request.body = zip;
        // The address is a permission: it must not be shown.
        let sent = self.http.send_patiently(&request, LARGEST).await;
        let answer = sent.map_err(|error| unreachable("take the artifact", &request, &error.to_string()))?;
        if !(200..300).contains(&answer.status) {
            return Err(refused("take the artifact", &answer));
        }
        let mut whole = self.job.named(name);
        // Numbers of 64 bits are texts in this protocol.
        whole["size"] = Json::from(size.to_string());
        whole["hash"] = Json::from(format!("sha256:{digest}"));
        self.ask("FinalizeArtifact", &whole, "finish the artifact").await.map(drop)
    }

    /// The zip archive of an artifact of this run; `None` where the run has none of the name.
    pub(super) async fn download(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(owner) = self.owner(name).await? else { return Ok(None) };
        let what = "hand out the artifact";
        let answer = self.ask("GetSignedArtifactURL", &owner.named(name), what).await?;
        let url = answer.get("signed_url").and_then(Json::as_str).filter(|url| !url.is_empty());
        let url = url.ok_or_else(|| Error::Unreadable { what, reason: "it gives no address".to_owned() })?;
        fetched(self.http, url, what).await.map(Some)
    }

    /// The job of this run that has made an artifact.
    async fn owner(&self, name: &str) -> Result<Option<Job>, Error> {
        let mut wanted = self.job.json();
        wanted["name_filter"] = Json::from(name);
        let listed = self.ask("ListArtifacts", &wanted, "list the artifacts of the run").await?;
        let mut all = listed.get("artifacts").and_then(Json::as_array).into_iter().flatten();
        let is = |artifact: &&Json| artifact.get("name").and_then(Json::as_str) == Some(name);
        let id = |artifact: &Json, key: &str| artifact.get(key).and_then(Json::as_str).map(str::to_owned);
        Ok(all.rfind(is).and_then(|artifact| {
            Some(Job {
                run: id(artifact, "workflow_run_backend_id")?,
                job: id(artifact, "workflow_job_run_backend_id")?,
            })
        }))
    }

    async fn ask(&self, method: &str, body: &Json, what: &'static str) -> Result<Json, Error> {
        answered(&self.send(method, body, what).await?, what)
    }

    async fn send(&self, method: &str, body: &Json, what: &'static str) -> Result<HttpResponse, Error> {
        let url = format!("{}/{SERVICE}/{method}", self.base);
        let request = HttpRequest::post(url, "application/json", body.to_string())
            .header("authorization", format!("Bearer {}", self.token.expose_secret()));
        let sent = self.http.send_patiently(&request, LARGEST).await;
        sent.map_err(|error| unreachable(what, &request, &error.to_string()))
    }
}

/// What an address gives that is a permission itself: without any token.
pub(super) async fn fetched(http: &Http, url: &str, what: &'static str) -> Result<Vec<u8>, Error> {
    let request = HttpRequest::get(url);
    let sent = http.send_patiently(&request, LARGEST).await;
    let answer = sent.map_err(|error| unreachable(what, &request, &error.to_string()))?;
    if (200..300).contains(&answer.status) { Ok(answer.body) } else { Err(refused(what, &answer)) }
}

/// The moment after which an artifact is not needed any more.
pub(super) fn after_days(now: Timestamp, days: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(days.saturating_mul(24))).unwrap_or(now)
}

fn answered(answer: &HttpResponse, what: &'static str) -> Result<Json, Error> {
    if answer.status != 200 {
        return Err(refused(what, answer));
    }
    let read: Result<Json, _> = serde_json::from_slice(&answer.body);
    let json = read.map_err(|error| Error::Unreadable { what, reason: error.to_string() })?;
    if json.get("ok").and_then(Json::as_bool) == Some(false) {
        let (answer, help) = ("the service says no".to_owned(), "try it again".to_owned());
        return Err(Error::Refused { what, answer, help });
    }
    Ok(json)
}

fn unreachable(what: &'static str, request: &HttpRequest, reason: &str) -> Error {
    Error::Unreachable { what, endpoint: request.authority().to_owned(), reason: reason.to_owned() }
}

fn refused(what: &'static str, answer: &HttpResponse) -> Error {
    let said = serde_json::from_slice::<Json>(&answer.body).ok();
    let said = said.and_then(|body| Some(format!(": {}", body.get("msg")?.as_str()?))).unwrap_or_default();
    let help = match answer.status {
        401 | 403 => "the token of the runner holds for one job: pass on ACTIONS_RUNTIME_TOKEN as this job has it",
        _ => "try it again; https://www.githubstatus.com says whether GitHub works",
    };
    Error::Refused { what, answer: format!("HTTP status {}{said}", answer.status), help: help.to_owned() }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    #[test]
    fn the_token_of_the_runner_says_which_job_it_is_for() {
        let token = |claims: &str| format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims));
        let sound = token(r#"{"scp": "Actions.GenericRead:x Actions.Results:run-1:job-2 Actions.UploadArtifacts:x"}"#);
        assert_eq!(Job::of_token(&sound).unwrap(), Job { run: "run-1".to_owned(), job: "job-2".to_owned() });
        for broken in ["x", &token("nothing"), &token("{}"), &token(r#"{"scp": "Actions.Results:one"}"#)] {
            assert!(Job::of_token(broken).is_err(), "{broken}");
        }
    }
}
