//! Google Secret Manager: a value is the latest version of a secret.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::line::{Line, answered};
use super::problem::Problem;
use super::settings::Spec;
use crate::cloud::{Trouble, google};
use crate::host::{HttpRequest, percent_encode};
use crate::secret::{Expose as _, Secret};

const PUBLIC: &str = "https://secretmanager.googleapis.com";

pub(super) async fn read(line: &Line, spec: &Spec, name: &str) -> Result<String, Problem> {
    let path = format!("/{}/versions/latest:access", percent_encode(name));
    let answer = line.ask(request(line, spec, "GET", &path).await?, |_| false).await?;
    payload(&answered(&answer, name, "status")?)
}

/// Adds a version to the secret, which is made where it does not exist.
pub(super) async fn write(line: &Line, spec: &Spec, name: &str, text: &str) -> Result<(), Problem> {
    const EXISTS: u16 = 409;
    let create = request(line, spec, "POST", &format!("?secretId={}", percent_encode(name))).await?;
    let made = line.ask(with_body(create, &json!({"replication": replication(spec)})), |_| false).await?;
    if made.status != EXISTS {
        answered(&made, name, "status")?;
    }
    let add = request(line, spec, "POST", &format!("/{}:addVersion", percent_encode(name))).await?;
    let version = json!({"payload": {"data": STANDARD.encode(text)}});
    let added = line.ask(with_body(add, &version), |_| false).await?;
    answered(&added, name, "status").map(drop)
}

fn with_body(call: HttpRequest, body: &Json) -> HttpRequest {
    let call = call.header("content-type", "application/json");
    HttpRequest { body: body.to_string().into_bytes(), ..call }
}

/// Where copies of a new secret are kept.
fn replication(spec: &Spec) -> Json {
    let locations = spec.texts("locations");
    if locations.is_empty() {
        return json!({"automatic": {}});
    }
    let replicas: Vec<Json> = locations.iter().map(|location| json!({"location": location})).collect();
    json!({"userManaged": {"replicas": replicas}})
}

/// A call about secrets of the project, with its token.
async fn request(line: &Line, spec: &Spec, method: &'static str, path: &str) -> Result<HttpRequest, Problem> {
    let project = spec.required("project_id")?;
    let url = format!("{}/v1/projects/{}/secrets{path}", endpoint(spec), percent_encode(&project));
    let call = HttpRequest::new(method, url);
    if spec.flag("without_authentication") {
        return Ok(call);
    }
    let credentials = spec.option("credentials");
    let whose = format!("google {}", credentials.as_ref().map_or("", |_| spec.name.as_str()));
    let token = line.token(whose, obtain(line, credentials.as_deref())).await?;
    Ok(call.header("authorization", format!("Bearer {}", token.expose_secret())))
}

/// The address of the service. Configurations have it with or without a scheme.
fn endpoint(spec: &Spec) -> String {
    let Some(written) = spec.endpoint() else { return PUBLIC.to_owned() };
    let written = written.trim().trim_end_matches('/').to_owned();
    if written.contains("://") {
        return written;
    }
    let scheme = if spec.flag("endpoint_insecure") { "http" } else { "https" };
    format!("{scheme}://{written}")
}

fn payload(json: &Json) -> Result<String, Problem> {
    let Some(data) = json.pointer("/payload/data").and_then(Json::as_str) else { return Ok(String::new()) };
    let bytes = STANDARD.decode(data).map_err(|_| Problem::refused("the payload is not base64"))?;
    String::from_utf8(bytes).map_err(|_| Problem::refused("the secret is not UTF-8 text"))
}

fn none(reason: impl Into<String>) -> Problem {
    let help = "set GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_OAUTH_ACCESS_TOKEN, give the store `credentials`, or sign in \
                with `gcloud auth application-default login`";
    Problem::credentials(reason, help)
}

/// A token: of the store's own credentials, of the environment, of the signed-in user, of the machine.
async fn obtain(line: &Line, own: Option<&str>) -> Result<Secret, Problem> {
    let (host, desk) = (&line.host, line.desk());
    let refused = |trouble: Trouble| none(format!("Google gives no token: {trouble}"));
    let text = if let Some(own) = own {
        if own.trim_start().starts_with('{') { own.to_owned() } else { file(Path::new(own))? }
    } else if let Some(token) = host.env.get("GOOGLE_OAUTH_ACCESS_TOKEN") {
        return Ok(Secret::from(token.to_owned()));
    } else if let Some(path) = host.env.get("GOOGLE_APPLICATION_CREDENTIALS") {
        file(&host.absolute(Path::new(path)))?
    } else if let Ok(text) = std::fs::read_to_string(google::signed_in(&host.env, &host.dirs.home)) {
        text
    } else {
        let token = google::of_machine(desk).await.map_err(refused)?;
        return token.map(|token| token.value).ok_or_else(|| none("the environment has no credentials for Google"));
    };
    google::of_document(desk, &text, google::PLATFORM).await.map(|token| token.value).map_err(refused)
}

fn file(path: &Path) -> Result<String, Problem> {
    std::fs::read_to_string(path).map_err(|error| none(format!("{}: {error}", path.display())))
}
