//! Google Secret Manager: a value is the latest version of a secret.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value as Json, json};

use super::line::{LIMIT, Line, excerpt, form};
use super::problem::Problem;
use super::settings::Spec;
use crate::host::{HttpRequest, HttpResponse, percent_encode};
use crate::secret::{Expose as _, Secret};

const PUBLIC: &str = "https://secretmanager.googleapis.com";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const TOKENS: &str = "https://oauth2.googleapis.com/token";
const BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const MACHINE: &str = "metadata.google.internal";
/// Whoever is not on a machine of Google must not wait.
const SOON: Duration = Duration::from_secs(1);

pub(super) async fn read(line: &Line, spec: &Spec, name: &str) -> Result<String, Problem> {
    let path = format!("/{}/versions/latest:access", percent_encode(name));
    let answer = line.ask(request(line, spec, "GET", &path).await?, |_| false).await?;
    payload(&answered(&answer, name)?)
}

/// Adds a version to the secret, which is made where it does not exist.
pub(super) async fn write(line: &Line, spec: &Spec, name: &str, text: &str) -> Result<(), Problem> {
    const EXISTS: u16 = 409;
    let create = request(line, spec, "POST", &format!("?secretId={}", percent_encode(name))).await?;
    let made = line.ask(with_body(create, &json!({"replication": replication(spec)})), |_| false).await?;
    if made.status != EXISTS {
        answered(&made, name)?;
    }
    let add = request(line, spec, "POST", &format!("/{}:addVersion", percent_encode(name))).await?;
    let version = json!({"payload": {"data": STANDARD.encode(text)}});
    let added = line.ask(with_body(add, &version), |_| false).await?;
    answered(&added, name).map(drop)
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

fn answered(answer: &HttpResponse, name: &str) -> Result<Json, Problem> {
    let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    match answer.status {
        200 => Ok(json),
        404 => Err(Problem::missing(name)),
        401 | 403 => Err(Problem::denied(explained(answer, &json))),
        _ => Err(Problem::refused(explained(answer, &json))),
    }
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

fn explained(answer: &HttpResponse, json: &Json) -> String {
    let text = |key: &str| json.pointer(&format!("/error/{key}")).and_then(Json::as_str);
    match (text("status"), text("message")) {
        (Some(status), Some(message)) => format!("{status}: {message}"),
        _ => excerpt(answer),
    }
}

fn none(reason: impl Into<String>) -> Problem {
    let help = "set GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_OAUTH_ACCESS_TOKEN, give the store `credentials`, or sign in \
                with `gcloud auth application-default login`";
    Problem::credentials(reason, help)
}

/// A token: of the store's own credentials, of the environment, of the signed-in user, of the machine.
async fn obtain(line: &Line, own: Option<&str>) -> Result<Secret, Problem> {
    let host = &line.host;
    if let Some(own) = own {
        let text = if own.trim_start().starts_with('{') { own.to_owned() } else { file(Path::new(own))? };
        return by_document(line, &text).await;
    }
    if let Some(token) = host.env.get("GOOGLE_OAUTH_ACCESS_TOKEN") {
        return Ok(Secret::from(token.to_owned()));
    }
    if let Some(path) = host.env.get("GOOGLE_APPLICATION_CREDENTIALS") {
        return by_document(line, &file(&host.absolute(Path::new(path)))?).await;
    }
    let folder = host.env.get("CLOUDSDK_CONFIG").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| host.dirs.home.join(".config/gcloud"));
    if let Ok(text) = std::fs::read_to_string(folder.join("application_default_credentials.json")) {
        return by_document(line, &text).await;
    }
    by_machine(line).await
}

fn file(path: &Path) -> Result<String, Problem> {
    std::fs::read_to_string(path).map_err(|error| none(format!("{}: {error}", path.display())))
}

/// A file of credentials: of a service account, or of a user.
async fn by_document(line: &Line, text: &str) -> Result<Secret, Problem> {
    let json: Json = serde_json::from_str(text).map_err(|_| none("the credentials are not JSON"))?;
    let field = |key: &str| json.get(key).and_then(Json::as_str);
    let needed = |key: &str| field(key).ok_or_else(|| none(format!("the credentials have no `{key}`")));
    for key in ["private_key", "client_secret", "refresh_token"] {
        if let Some(secret) = field(key) {
            line.host.masker.register(&Secret::from(secret.to_owned()));
        }
    }
    let tokens = field("token_uri").unwrap_or(TOKENS);
    let fields = match field("type") {
        Some("service_account") => {
            let assertion =
                assertion(line, needed("client_email")?, needed("private_key")?, field("private_key_id"), tokens)?;
            form(&[("grant_type", BEARER), ("assertion", &assertion)])
        }
        Some("authorized_user") => form(&[
            ("grant_type", "refresh_token"),
            ("client_id", needed("client_id")?),
            ("client_secret", needed("client_secret")?),
            ("refresh_token", needed("refresh_token")?),
        ]),
        other => {
            let kind = other.unwrap_or("(none)");
            return Err(none(format!("credentials of the type `{kind}` are not built yet")));
        }
    };
    let mut call = HttpRequest::new("POST", tokens).header("content-type", "application/x-www-form-urlencoded");
    call.body = fields.into_bytes();
    token(&line.ask(call, |_| false).await?)
}

/// What a service account signs to get a token.
fn assertion(line: &Line, email: &str, key: &str, id: Option<&str>, tokens: &str) -> Result<String, Problem> {
    let unusable = || none("the private key of the service account cannot be used");
    let key = PrivatePkcs8KeyDer::from_pem_slice(key.as_bytes()).map_err(|_| unusable())?;
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).map_err(|_| unusable())?;
    let now = line.host.now().as_second();
    let mut header = json!({"alg": "RS256", "typ": "JWT"});
    if let Some(id) = id {
        header["kid"] = Json::from(id);
    }
    let claims = json!({"iss": email, "scope": SCOPE, "aud": tokens, "iat": now, "exp": now + 3600});
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let text = format!("{}.{}", part(&header), part(&claims));
    let mut signature = vec![0; key.public().modulus_len()];
    let random = SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature).map_err(|_| unusable())?;
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn token(answer: &HttpResponse) -> Result<Secret, Problem> {
    let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    let token = json.get("access_token").and_then(Json::as_str).filter(|_| answer.status == 200);
    token.map(|token| Secret::from(token.to_owned())).ok_or_else(|| {
        let text = |key: &str| json.get(key).and_then(Json::as_str).map(str::to_owned);
        let said = text("error_description").or_else(|| text("error")).unwrap_or_else(|| excerpt(answer));
        none(format!("Google gives no token: {said}"))
    })
}

/// The service account of a machine of Google.
async fn by_machine(line: &Line) -> Result<Secret, Problem> {
    let host = line.host.env.get("GCE_METADATA_HOST").unwrap_or(MACHINE);
    let url = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/token");
    let call = HttpRequest { timeout: Some(SOON), ..HttpRequest::new("GET", url).header("metadata-flavor", "Google") };
    match line.http.send(&call, LIMIT).await {
        Ok(answer) => token(&answer),
        Err(_) => Err(none("the environment has no credentials for Google")),
    }
}
