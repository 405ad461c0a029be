//! Access tokens of Google: of a service account's key, of a user who signed in with gcloud, of a machine, and of an account
//! that somebody may act as.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value as Json, json};

use super::token::{Desk, Token, Trouble};
use crate::host::{Env, HttpRequest, percent_encode};
use crate::secret::{Expose as _, Secret};

pub const PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
const TOKENS: &str = "https://oauth2.googleapis.com/token";
const IMPERSONATION: &str = "https://iamcredentials.googleapis.com/v1";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const MACHINE: &str = "metadata.google.internal";
/// Whoever is not on a machine of Google must not wait.
const SOON: Duration = Duration::from_secs(1);
/// Lifetime of what is signed and of what is impersonated, in seconds.
const LIFETIME: i64 = 3600;

/// Where gcloud leaves the credentials of who signed in for programs.
pub fn signed_in(env: &Env, home: &Path) -> PathBuf {
    let folder = env.get("CLOUDSDK_CONFIG").map_or_else(|| home.join(".config/gcloud"), PathBuf::from);
    folder.join("application_default_credentials.json")
}

/// A token for credentials as Google writes them to files: of a service account, or of a user.
///
/// # Errors
/// [`Trouble`]
pub async fn of_document(desk: Desk<'_>, text: &str, scope: &str) -> Result<Token, Trouble> {
    let document: Json = serde_json::from_str(text).map_err(|_| unusable("the credentials are not JSON"))?;
    let field = |key: &str| document[key].as_str().filter(|text| !text.is_empty());
    let needed = |key: &str| field(key).ok_or_else(|| unusable(&format!("the credentials have no `{key}`")));
    for secret in ["private_key", "refresh_token", "client_secret"].into_iter().filter_map(field) {
        desk.register(secret);
    }
    let tokens = field("token_uri").unwrap_or(TOKENS);
    let answer = match field("type") {
        Some("service_account") => {
            let (email, key) = (needed("client_email")?, needed("private_key")?);
            let assertion = assertion(desk, email, key, field("private_key_id"), tokens, scope)
                .ok_or_else(|| unusable("the private key of the service account cannot be used"))?;
            desk.post_form(tokens, &[("grant_type", GRANT), ("assertion", &assertion)]).await?
        }
        Some("authorized_user") => {
            let fields = [
                ("grant_type", "refresh_token"),
                ("client_id", needed("client_id")?),
                ("client_secret", needed("client_secret")?),
                ("refresh_token", needed("refresh_token")?),
            ];
            desk.post_form(tokens, &fields).await?
        }
        kind => {
            let kind = kind.unwrap_or("(none)");
            return Err(unusable(&format!("credentials of the type `{kind}` are not built yet")));
        }
    };
    desk.taken(&answer, "access_token")
}

/// A token of the account that a machine of Google runs as; `None` when nobody answers there.
///
/// # Errors
/// [`Trouble::Refused`]
pub async fn of_machine(desk: Desk<'_>) -> Result<Option<Token>, Trouble> {
    let host = desk.host.env.get("GCE_METADATA_HOST").unwrap_or(MACHINE);
    let url = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/token");
    let request = HttpRequest { timeout: Some(SOON), ..HttpRequest::get(url).header("metadata-flavor", "Google") };
    match desk.ask_once(&request).await {
        Ok(answer) => desk.taken(&answer, "access_token").map(Some),
        Err(Trouble::Unreachable { .. }) => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

/// A token of a service account that the owner of `own` may act as.
///
/// # Errors
/// [`Trouble`]
pub async fn impersonated(
    desk: Desk<'_>,
    base: Option<&str>,
    own: &Secret,
    account: &str,
    scopes: &[&str],
) -> Result<Token, Trouble> {
    let base = base.unwrap_or(IMPERSONATION).trim_end_matches('/');
    let url = format!("{base}/projects/-/serviceAccounts/{}:generateAccessToken", percent_encode(account));
    let body = json!({"scope": scopes, "lifetime": format!("{LIFETIME}s")}).to_string();
    let request = HttpRequest::post(url, "application/json", body);
    let request = request.header("authorization", format!("Bearer {}", own.expose_secret()));
    let token = desk.taken(&desk.ask(&request).await?, "accessToken")?;
    Ok(Token { lifetime: Some(LIFETIME), ..token })
}

/// What a service account signs to get a token.
fn assertion(desk: Desk<'_>, email: &str, key: &str, id: Option<&str>, audience: &str, scope: &str) -> Option<String> {
    let key = PrivatePkcs8KeyDer::from_pem_slice(key.as_bytes()).ok()?;
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).ok()?;
    let issued = desk.host.now().as_second();
    let claims = json!({"iss": email, "scope": scope, "aud": audience, "iat": issued, "exp": issued + LIFETIME});
    let mut header = json!({"alg": "RS256", "typ": "JWT"});
    if let Some(id) = id {
        header["kid"] = Json::from(id);
    }
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).ok()?;
    Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn unusable(reason: &str) -> Trouble {
    Trouble::Unusable(reason.to_owned())
}
