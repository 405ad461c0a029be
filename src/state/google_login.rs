//! Access tokens of Google: given, of a service account's key, or of a user who signed in with gcloud.
//!
//! The metadata service of machines is never asked, and workload identity federation is not built.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value as Json, json};

use super::error::Error;
use super::reader::Reader;
use super::settings::Settings;
use crate::host::{HttpRequest, percent_encode};
use crate::secret::Secret;

const STORAGE: &str = "https://www.googleapis.com/auth/devstorage.read_only";
const PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
const TOKENS: &str = "https://oauth2.googleapis.com/token";
const IMPERSONATION: &str = "https://iamcredentials.googleapis.com/v1/";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Largest answer with a token.
const LIMIT: usize = 256 * 1024;
/// Lifetime of what is signed, in seconds.
const LIFETIME: i64 = 3600;
const HELP: &str = "set `credentials` of the backend or GOOGLE_CREDENTIALS to the key of a service account, or \
                    GOOGLE_OAUTH_ACCESS_TOKEN, or sign in with `gcloud auth application-default login`";

/// A bearer token for the storage, known to the masker.
pub(super) async fn token(reader: &Reader<'_>, settings: &Settings<'_>) -> Result<String, Error> {
    let variables = ["GOOGLE_BACKEND_IMPERSONATE_SERVICE_ACCOUNT", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"];
    let other = settings.text_or("impersonate_service_account", &variables);
    let scope = if other.is_some() { PLATFORM } else { STORAGE };
    let own = match settings.text_or("access_token", &["GOOGLE_OAUTH_ACCESS_TOKEN"]) {
        Some(token) => token,
        None => of_credentials(reader, settings, scope).await?,
    };
    let register = |token: &str| reader.host.masker.register(&Secret::from(token.to_owned()));
    register(&own);
    let Some(account) = other else { return Ok(own) };
    let token = impersonated(reader, settings, &own, &account).await?;
    register(&token);
    Ok(token)
}

async fn of_credentials(reader: &Reader<'_>, settings: &Settings<'_>, scope: &str) -> Result<String, Error> {
    let document = document(reader, settings)?;
    let text = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
    for secret in ["private_key", "refresh_token", "client_secret"].map(text) {
        reader.host.masker.register(&Secret::from(secret));
    }
    let address = Some(text("token_uri")).filter(|uri| !uri.is_empty()).unwrap_or_else(|| TOKENS.to_owned());
    let form = match document["type"].as_str() {
        Some("service_account") => {
            let assertion = assertion(reader, &document, &address, scope).ok_or_else(|| {
                settings.wrong("credentials", "the private key cannot be used", "make a new key of the service account")
            })?;
            format!("grant_type={}&assertion={assertion}", percent_encode(GRANT))
        }
        Some("authorized_user") => format!(
            "grant_type=refresh_token&client_id={}&client_secret={}&refresh_token={}",
            percent_encode(&text("client_id")),
            percent_encode(&text("client_secret")),
            percent_encode(&text("refresh_token")),
        ),
        kind => {
            let reason = format!("credentials of the type `{}` are not built yet", kind.unwrap_or_default());
            return Err(settings.wrong("credentials", reason, HELP));
        }
    };
    let request = HttpRequest::post(address, "application/x-www-form-urlencoded", form);
    let answer = asked(reader, &request).await?;
    answer["access_token"].as_str().map(str::to_owned).ok_or_else(|| refused("the answer has no token"))
}

/// The credentials as JSON: given as text or as a file, by the settings or by the environment.
fn document(reader: &Reader<'_>, settings: &Settings<'_>) -> Result<Json, Error> {
    let given = settings.text_or("credentials", &["GOOGLE_BACKEND_CREDENTIALS", "GOOGLE_CREDENTIALS"]);
    let text = match given.or_else(|| settings.variable(&["GOOGLE_APPLICATION_CREDENTIALS"])) {
        Some(text) if text.trim_start().starts_with('{') => text,
        Some(path) => file(reader, settings, PathBuf::from(path))?,
        None => {
            let folder = settings.variable(&["CLOUDSDK_CONFIG"]).map(PathBuf::from);
            let folder = folder.unwrap_or_else(|| reader.host.dirs.home.join(".config/gcloud"));
            let path = folder.join("application_default_credentials.json");
            if !path.is_file() {
                return Err(refused("nothing says who reads"));
            }
            file(reader, settings, path)?
        }
    };
    serde_json::from_str(&text).map_err(|_| settings.wrong("credentials", "they are not JSON", HELP))
}

fn file(reader: &Reader<'_>, settings: &Settings<'_>, path: PathBuf) -> Result<String, Error> {
    let path = match path.strip_prefix("~") {
        Ok(rest) => reader.host.dirs.home.join(rest),
        Err(_) => reader.folder.join(path),
    };
    std::fs::read_to_string(&path).map_err(|error| {
        settings.wrong("credentials", format!("{} cannot be read: {error}", path.display()), "correct the path")
    })
}

/// What the service account signs to get a token.
fn assertion(reader: &Reader<'_>, document: &Json, audience: &str, scope: &str) -> Option<String> {
    let key = PrivatePkcs8KeyDer::from_pem_slice(document["private_key"].as_str()?.as_bytes()).ok()?;
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).ok()?;
    let issued = reader.host.now().as_second();
    let claims = json!({
        "iss": document["client_email"], "scope": scope, "aud": audience, "iat": issued, "exp": issued + LIFETIME,
    });
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": document["private_key_id"]});
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).ok()?;
    Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

async fn impersonated(reader: &Reader<'_>, settings: &Settings<'_>, own: &str, account: &str) -> Result<String, Error> {
    let base =
        settings.variable(&["GOOGLE_IAM_CREDENTIALS_CUSTOM_ENDPOINT"]).unwrap_or_else(|| IMPERSONATION.to_owned());
    let base = base.trim_end_matches('/');
    let url = format!("{base}/projects/-/serviceAccounts/{}:generateAccessToken", percent_encode(account));
    let body = json!({"scope": [STORAGE], "lifetime": format!("{LIFETIME}s")}).to_string();
    let request = HttpRequest::post(url, "application/json", body).header("authorization", format!("Bearer {own}"));
    let answer = asked(reader, &request).await?;
    answer["accessToken"].as_str().map(str::to_owned).ok_or_else(|| refused("the answer has no token"))
}

async fn asked(reader: &Reader<'_>, request: &HttpRequest) -> Result<Json, Error> {
    let endpoint = request.authority().to_owned();
    let answer = reader.http.send_patiently(request, LIMIT).await.map_err(|error| Error::Unreachable {
        place: "a token for the state".to_owned(),
        endpoint,
        reason: error.to_string(),
    })?;
    let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status == 200 {
        return Ok(json);
    }
    let error = &json["error"];
    let said = json["error_description"].as_str().or_else(|| error["message"].as_str()).or_else(|| error.as_str());
    Err(refused(&format!("HTTP status {} {}", answer.status, said.unwrap_or_default())))
}

fn refused(answer: &str) -> Error {
    Error::Denied {
        place: "the bucket of the gcs backend".to_owned(),
        answer: answer.to_owned(),
        help: HELP.to_owned(),
    }
}
