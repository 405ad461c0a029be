//! Credentials as Google writes them to files: of a service account, a user, or somebody who trusts somebody else.

use std::path::{Path, PathBuf};
use std::pin::Pin;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value as Json, json};

use super::super::token::{Desk, Token, Trouble};
use super::PLATFORM;
use super::external::{of_external, safe};
use super::impersonation::{Account, impersonated_at};
use super::trouble::unusable;
use crate::host::{Env, percent_decode};

const TOKENS: &str = "https://oauth2.googleapis.com/token";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Lifetime of what is signed, in seconds.
const LIFETIME: i64 = 3600;

/// Where gcloud leaves the credentials of who signed in for programs.
pub fn signed_in(env: &Env, home: &Path) -> PathBuf {
    let folder = env.get("CLOUDSDK_CONFIG").map_or_else(|| home.join(".config/gcloud"), PathBuf::from);
    folder.join("application_default_credentials.json")
}

/// What a document says of itself, for people and for who wants to know the project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    pub project: Option<String>,
    /// The account that the token will be of, if the document says it.
    pub email: Option<String>,
}

/// Reads what a document says of itself; nothing of one that is none.
pub fn named(text: &str) -> Named {
    let document: Json = serde_json::from_str(text).unwrap_or_default();
    let field = |key: &str| document[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let acted = || {
        let url = field("service_account_impersonation_url")?;
        let email = url.rsplit('/').next()?.strip_suffix(":generateAccessToken")?;
        String::from_utf8(percent_decode(email)).ok()
    };
    Named { project: field("project_id"), email: field("client_email").or_else(acted) }
}

/// A token for credentials as Google writes them to files. Several scopes are separated by blanks.
///
/// # Errors
/// [`Trouble`]
pub async fn of_document(desk: Desk<'_>, text: &str, scope: &str) -> Result<Token, Trouble> {
    let document: Json = serde_json::from_str(text).map_err(|_| unusable("the credentials are not JSON"))?;
    of_json(desk, &document, scope).await
}

/// In a box, since a document may have another one in it.
fn of_json<'a>(
    desk: Desk<'a>,
    document: &'a Json,
    scope: &'a str,
) -> Pin<Box<dyn Future<Output = Result<Token, Trouble>> + Send + 'a>> {
    Box::pin(async move {
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
            Some("external_account") => return of_external(desk, document, scope).await,
            Some("impersonated_service_account") => return of_impersonated(desk, document, scope).await,
            kind => {
                let kind = kind.unwrap_or("(none)");
                return Err(unusable(&format!("credentials of the type `{kind}` are not built yet")));
            }
        };
        desk.taken(&answer, "access_token")
    })
}

/// What `gcloud auth application-default login --impersonate-service-account` writes.
async fn of_impersonated(desk: Desk<'_>, document: &Json, scope: &str) -> Result<Token, Trouble> {
    let url = document["service_account_impersonation_url"].as_str();
    let url = safe(url.ok_or_else(|| unusable("the credentials have no `service_account_impersonation_url`"))?)?;
    let source = &document["source_credentials"];
    if source["type"] == document["type"] {
        return Err(unusable("the `source_credentials` act as somebody else themselves"));
    }
    let own = of_json(desk, source, PLATFORM).await?;
    let delegates = document["delegates"].as_array().into_iter().flatten();
    let delegates: Vec<String> = delegates.filter_map(Json::as_str).map(str::to_owned).collect();
    let scopes: Vec<&str> = scope.split(' ').collect();
    let account = Account { email: "", scopes: &scopes, delegates: &delegates, lifetime: None, base: None };
    impersonated_at(desk, &own.value, url, &account).await
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_say_whose_they_are() {
        let named_as = |project: Option<&str>, email: Option<&str>| Named {
            project: project.map(str::to_owned),
            email: email.map(str::to_owned),
        };
        let url = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a%40p.iam.gserviceaccount.com";
        for (document, expected) in [
            (json!({"project_id": "p", "client_email": "a@p"}), named_as(Some("p"), Some("a@p"))),
            (json!({"type": "authorized_user"}), Named::default()),
            (
                json!({"service_account_impersonation_url": format!("{url}:generateAccessToken")}),
                named_as(None, Some("a@p.iam.gserviceaccount.com")),
            ),
        ] {
            assert_eq!(named(&document.to_string()), expected);
        }
        assert_eq!(named("no JSON"), Named::default());
    }
}
