//! Objects, and tokens for assertions of a service account and for users.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::form::decoded;
use crate::wire::{Answer, Asked};
use crate::{Services, state};

pub(crate) const TOKENS: [&str; 3] = ["account-token", "user-token", "other-token"];

pub(crate) fn object(asked: &Asked) -> Answer {
    let token = asked.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
    let Some(who) = TOKENS.iter().position(|known| *known == token) else {
        return Answer::json(401, &json!({"error": {"code": 401, "message": "Invalid Credentials"}}));
    };
    let parts: Vec<&str> = asked.path.trim_start_matches("/storage/v1/b/").split('/').collect();
    let name = decoded(parts.get(2).copied().unwrap_or_default());
    match (parts.as_slice(), name.as_str(), asked.query.as_str()) {
        (["tfstate", "o", _], "vpc/dev.tfstate", "alt=media") => Answer::new(200, state(&format!("google-{who}"))),
        (["tfstate", "o", _], ..) => Answer::new(404, format!("No such object: tfstate/{name}")),
        _ => Answer::json(404, &json!({"error": {"code": 404, "message": "The specified bucket does not exist."}})),
    }
}

pub(crate) fn token(services: &Services, asked: &Asked) -> Answer {
    let given = match asked.field("grant_type").as_str() {
        "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
            is_signed(services, &asked.field("assertion")).then_some("account-token")
        }
        "refresh_token" => {
            let known = asked.field("refresh_token") == "1//refresh" && asked.field("client_id") == "user-client";
            known.then_some("user-token")
        }
        _ => None,
    };
    match given {
        Some(token) => Answer::json(200, &json!({"access_token": token, "expires_in": 3599})),
        None => Answer::json(400, &json!({"error": "invalid_grant", "error_description": "Bad Request"})),
    }
}

/// That the assertion is one of the service account, for this place and this moment.
fn is_signed(services: &Services, assertion: &str) -> bool {
    let Some((signed, signature)) = assertion.rsplit_once('.') else { return false };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &services.google_key);
    if key.verify(signed.as_bytes(), &signature).is_err() {
        return false;
    }
    let part = |index: usize| -> Value {
        let bytes = URL_SAFE_NO_PAD.decode(signed.split('.').nth(index).unwrap_or_default()).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    };
    let (header, claims) = (part(0), part(1));
    let life = claims["exp"].as_i64().unwrap_or_default() - claims["iat"].as_i64().unwrap_or_default();
    header["alg"] == "RS256"
        && header["kid"] == "key-1"
        && claims["iss"] == "states@project.iam.gserviceaccount.com"
        && claims["aud"] == format!("http://127.0.0.1:{}/google/token", services.port)
        && claims["scope"].as_str().is_some_and(|scope| scope.starts_with("https://www.googleapis.com/auth/"))
        && (1..=3600).contains(&life)
}

pub(crate) fn impersonated(asked: &Asked) -> Answer {
    let account = decoded(&asked.path).ends_with("/serviceAccounts/other@project.test:generateAccessToken");
    if account && asked.header("authorization") == "Bearer account-token" {
        return Answer::json(200, &json!({"accessToken": "other-token"}));
    }
    Answer::json(403, &json!({"error": {"code": 403, "message": "Permission denied"}}))
}
