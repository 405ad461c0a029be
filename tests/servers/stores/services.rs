//! What the services answer.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};

use crate::State;

const AZURE: &str = "azure-access-token";
const GOOGLE: &str = "google-access-token";
const ARTIFACTORY: &str = "artifactory-access-token";
const JWT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A request.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A field of the form in the body.
    fn field(&self, name: &str) -> String {
        let pair = self.body.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        decoded(pair.unwrap_or_default())
    }

    fn brings(&self, token: &str) -> bool {
        self.header("authorization") == Some(&format!("Bearer {token}"))
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Json) -> Answer {
        Answer { status, headers: vec![("content-type", "application/json".to_owned())], body: body.to_string() }
    }
}

pub(crate) fn answer(state: &State, asked: &Asked) -> Answer {
    let path = asked.path.as_str();
    match (asked.method.as_str(), path) {
        ("POST", path) if path.ends_with("/oauth2/v2.0/token") => azure_token(asked),
        ("GET", path) if path.starts_with("/secrets/") => key_vault(state, asked),
        ("POST", "/google/token") => google_token(state, asked),
        ("GET", path) if path.starts_with("/v1/projects/") => secret_manager(state, asked),
        ("GET", path) if path.starts_with("/artifactory/") => artifactory(state, asked),
        ("GET", path) if path.starts_with("/storage/") => storage(state, asked),
        ("GET", _) => data(state, asked),
        _ => Answer::json(405, &json!({})),
    }
}

fn azure_token(asked: &Asked) -> Answer {
    let right = [
        ("grant_type", "client_credentials"),
        ("client_id", "app"),
        ("client_secret", "app-secret/1"),
        ("scope", "https://vault.azure.net/.default"),
    ];
    if asked.path == "/tenant/oauth2/v2.0/token" && right.iter().all(|(name, value)| asked.field(name) == *value) {
        return Answer::json(200, &json!({"token_type": "Bearer", "expires_in": 3599, "access_token": AZURE}));
    }
    let description = "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 0";
    Answer::json(401, &json!({"error": "invalid_client", "error_description": description}))
}

fn key_vault(state: &State, asked: &Asked) -> Answer {
    let error = |status, code: &str| {
        Answer::json(status, &json!({"error": {"code": code, "message": format!("{code} of the vault")}}))
    };
    if !asked.brings(AZURE) {
        return error(401, "Unauthorized");
    }
    let name = asked.path.trim_start_matches("/secrets/");
    if !asked.query.starts_with("api-version=7.") {
        return error(400, "BadParameter");
    }
    match state.values["azure"].get(name).and_then(Json::as_str) {
        _ if name == "forbidden" => error(403, "Forbidden"),
        Some(value) => Answer::json(200, &json!({"value": value, "id": format!("https://vault/secrets/{name}/1")})),
        None => error(404, "SecretNotFound"),
    }
}

/// The two grants of Google: a signed assertion of a service account, and the refresh token of a user.
fn google_token(state: &State, asked: &Asked) -> Answer {
    let accepted = match asked.field("grant_type").as_str() {
        JWT => is_signed(state, &asked.field("assertion")),
        "refresh_token" => {
            let fields = ["client_id", "client_secret", "refresh_token"].map(|name| asked.field(name));
            fields == ["id", "user-secret", "refresh-me"]
        }
        _ => false,
    };
    if accepted {
        return Answer::json(200, &json!({"access_token": GOOGLE, "expires_in": 3599, "token_type": "Bearer"}));
    }
    Answer::json(400, &json!({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}))
}

fn is_signed(state: &State, assertion: &str) -> bool {
    let Some((text, signature)) = assertion.rsplit_once('.') else { return false };
    let Some((header, claims)) = text.split_once('.') else { return false };
    let decoded = |part: &str| -> Json { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
    let (header, claims) = (decoded(header), decoded(claims));
    let algorithm = &ring::signature::RSA_PKCS1_2048_8192_SHA256;
    let key = ring::signature::UnparsedPublicKey::new(algorithm, &state.google_key);
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    header["alg"] == "RS256"
        && claims["iss"] == "reader@project.iam.gserviceaccount.com"
        && claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"
        && claims["aud"].as_str().unwrap().ends_with("/google/token")
        && (1..=3600).contains(&lifetime)
        && key.verify(text.as_bytes(), &signature).is_ok()
}

fn secret_manager(state: &State, asked: &Asked) -> Answer {
    let error = |code: u16, status: &str| {
        let message = format!("{status} for the secret");
        Answer::json(code, &json!({"error": {"code": code, "status": status, "message": message}}))
    };
    if !asked.brings(GOOGLE) {
        return error(401, "UNAUTHENTICATED");
    }
    let name = asked.path.trim_start_matches("/v1/").trim_end_matches("/versions/latest:access");
    if let Some((_, rest)) = name.split_once("/together-")
        && !meet(state, rest.split('-').next().unwrap().parse().unwrap())
    {
        return error(400, "FAILED_PRECONDITION");
    }
    match state.values["google"].get(name).and_then(Json::as_str) {
        _ if name.ends_with("/forbidden") => error(403, "PERMISSION_DENIED"),
        Some(value) => {
            let payload = json!({"data": STANDARD.encode(value), "dataCrc32c": "0"});
            Answer::json(200, &json!({"name": format!("{name}/versions/1"), "payload": payload}))
        }
        None => error(404, "NOT_FOUND"),
    }
}

/// Waits until so many requests are here at once; false when they do not come.
fn meet(state: &State, wanted: usize) -> bool {
    let (count, changed) = &state.together;
    let mut here = count.lock().unwrap();
    *here += 1;
    changed.notify_all();
    let (_here, timeout) = changed.wait_timeout_while(here, Duration::from_secs(20), |here| *here < wanted).unwrap();
    !timeout.timed_out()
}

/// Files lie elsewhere, as with cloud storage behind it: whoever may read is sent there.
fn artifactory(state: &State, asked: &Asked) -> Answer {
    let error =
        |status: u16, message: &str| Answer::json(status, &json!({"errors": [{"status": status, "message": message}]}));
    if !asked.brings(ARTIFACTORY) {
        return error(401, "Props Authentication Token not found");
    }
    let name = asked.path.trim_start_matches("/artifactory/");
    if state.values["artifactory"].get(name).is_none() {
        return error(404, "File not found.");
    }
    Answer { status: 302, headers: vec![("location", format!("/storage/{name}"))], body: String::new() }
}

fn storage(state: &State, asked: &Asked) -> Answer {
    let name = asked.path.trim_start_matches("/storage/");
    let body = state.values["artifactory"][name].as_str().unwrap_or_default().to_owned();
    Answer { status: 200, headers: vec![("content-type", "application/json".to_owned())], body }
}

fn data(state: &State, asked: &Asked) -> Answer {
    let Some(known) = state.values["data"].get(&asked.path) else { return Answer::json(404, &json!({})) };
    let needs = |index: usize| known["needs"][index].as_str().unwrap_or_default();
    if !needs(0).is_empty() && asked.header(needs(0)) != Some(needs(1)) {
        return Answer::json(403, &json!({}));
    }
    let text = |key: &str| known[key].as_str().unwrap_or_default().to_owned();
    Answer { status: 200, headers: vec![("content-type", text("type"))], body: text("body") }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%').then(|| std::str::from_utf8(&after[..2]).unwrap());
        bytes.push(code.map_or(*first, |code| u8::from_str_radix(code, 16).unwrap()));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).unwrap()
}
