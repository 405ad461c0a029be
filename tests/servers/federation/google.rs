//! Google Cloud as its documents describe it: the exchange of tokens (RFC 8693), the token service for users and keys of
//! service accounts, the IAM credentials service, and the metadata service of a machine.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value as Json, json};

use crate::form::decoded;
use crate::state::{State, now, opaque};
use crate::wire::{Answer, Asked};
use crate::{issuer, resources};

/// The provider of the pool that trusts the issuer here.
const POOL: &str = "//iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/ci/providers/github";
const SUFFIX: &str = ":generateAccessToken";

pub(crate) fn answer(state: &State, asked: &Asked) -> Answer {
    let path = decoded(&asked.path);
    match path.strip_prefix("/google/").unwrap_or(&path) {
        "v1/token" => exchange(state, asked),
        "token" => token(state, asked),
        "/computeMetadata/v1/instance/service-accounts/default/token" => machine(state, asked),
        "/computeMetadata/v1/project/project-id" => {
            state.note("metadata project");
            Answer::new(200, "machine-project")
        }
        other if other.starts_with("v1/projects/") && other.contains("/clusters/") => {
            resources::cluster(state, asked, other.trim_start_matches("v1/"))
        }
        other => {
            match other.strip_prefix("v1/projects/-/serviceAccounts/").and_then(|rest| rest.strip_suffix(SUFFIX)) {
                Some(email) => generate(state, asked, email),
                None => error(404, "NOT_FOUND", &format!("there is no {other}")),
            }
        }
    }
}

fn give(state: &State) -> Json {
    let token = state.issue(opaque("ya29."));
    let knobs = state.knobs();
    let mut answer =
        json!({"access_token": token, "token_type": "Bearer", "expires_in": knobs.seconds.unwrap_or(3600)});
    for (key, value) in knobs.google_answer.as_object().into_iter().flatten() {
        answer[key] = value.clone();
    }
    answer
}

/// `POST /v1/token` with a form; what is refused has the form of RFC 6749.
fn exchange(state: &State, asked: &Asked) -> Answer {
    let audience = asked.field("audience");
    state.note(&format!("exchange {audience} {}", asked.field("scope")));
    let refused = |code: &str, text: &str| Answer::json(400, &json!({"error": code, "error_description": text}));
    let expected = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
    ];
    if asked.header("content-type") != "application/x-www-form-urlencoded" || asked.method != "POST" {
        return refused("invalid_request", "Invalid content type.");
    }
    if let Some((name, _)) = expected.iter().find(|(name, value)| asked.field(name) != *value) {
        return refused("invalid_request", &format!("Invalid value for \"{name}\"."));
    }
    if audience != POOL {
        return refused("invalid_target", "The target service indicated by the \"audience\" parameters is invalid.");
    }
    let Some((claims, signed)) = issuer::read(state, &asked.field("subject_token")) else {
        return refused("invalid_grant", "The ID Token is malformed.");
    };
    let named = claims["aud"].as_str().unwrap_or_default();
    if claims["iss"] != state.url.as_str() {
        return refused("invalid_grant", "The issuer in ID Token does not match the expected ones.");
    }
    if !signed {
        return refused("invalid_grant", "Error connecting to the given credential's issuer: invalid signature.");
    }
    if named.strip_prefix("https:").unwrap_or(named) != POOL {
        let text = format!("The audience in ID Token [{named}] does not match the expected audience.");
        return refused("invalid_grant", &text);
    }
    if claims["sub"] != "repo:acme/infra:ref:refs/heads/main" {
        return refused("unauthorized_client", "The given credential is rejected by the attribute condition.");
    }
    let mut given = give(state);
    given["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token".into();
    Answer::json(200, &given)
}

/// `POST /token`: a signed assertion of a service account, or the refresh token of a user.
fn token(state: &State, asked: &Asked) -> Answer {
    let grant = asked.field("grant_type");
    state.note(&format!("token {}", grant.rsplit(':').next().unwrap_or_default()));
    let refused = |text: &str| Answer::json(400, &json!({"error": "invalid_grant", "error_description": text}));
    let fields = ["client_id", "client_secret", "refresh_token"].map(|name| asked.field(name));
    match grant.as_str() {
        "refresh_token" if state.knobs().reauthenticate => {
            let body = json!({"error": "invalid_grant", "error_description": "reauth related error (invalid_rapt)",
                "error_subtype": "invalid_rapt"});
            Answer::json(400, &body)
        }
        "refresh_token" if fields == ["id", "user-secret-of-gcloud", "refresh-token-of-gcloud"] => {
            Answer::json(200, &give(state))
        }
        "refresh_token" => refused("Token has been expired or revoked."),
        _ if is_signed(state, &asked.field("assertion")) => Answer::json(200, &give(state)),
        _ => refused("Invalid JWT Signature."),
    }
}

fn is_signed(state: &State, assertion: &str) -> bool {
    let Some((text, signature)) = assertion.rsplit_once('.') else { return false };
    let Some((header, claims)) = text.split_once('.') else { return false };
    let read = |part: &str| -> Json {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap_or_default()).unwrap_or_default()
    };
    let (header, claims) = (read(header), read(claims));
    let key = STANDARD.decode(state.knobs().google_key.unwrap_or_default()).unwrap_or_default();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
    header["alg"] == "RS256"
        && claims["aud"] == format!("{}/google/token", state.url)
        && claims["scope"].as_str().is_some_and(|scope| scope.contains("googleapis.com/auth/"))
        && claims["exp"].as_i64().is_some_and(|end| end > now() && end <= now() + 3600)
        && key.verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap_or_default()).is_ok()
}

/// `POST /v1/projects/-/serviceAccounts/EMAIL:generateAccessToken` with the token of who may act as the account.
fn generate(state: &State, asked: &Asked, email: &str) -> Answer {
    let body: Json = serde_json::from_slice(&asked.body).unwrap_or_default();
    state.note(&format!("generate {email} {body}"));
    let own = asked.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
    if !state.issued.lock().unwrap().iter().any(|known| known == own) || !own.starts_with("ya29.") {
        return error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.");
    }
    if email.starts_with("denied@") {
        let text = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).";
        return error(403, "PERMISSION_DENIED", text);
    }
    if body["scope"].as_array().is_none_or(Vec::is_empty) {
        return error(400, "INVALID_ARGUMENT", "Request contains an invalid argument.");
    }
    let seconds =
        body["lifetime"].as_str().and_then(|text| text.strip_suffix('s')?.parse::<i64>().ok()).unwrap_or(3600);
    if seconds > 3600 && !email.starts_with("long@") {
        let text = "The access token lifetime cannot exceed 3600s without an organization policy constraint.";
        return error(400, "INVALID_ARGUMENT", text);
    }
    let ends = jiff::Timestamp::from_second(now() + state.knobs().seconds.unwrap_or(seconds)).unwrap();
    let token = state.issue(opaque("ya29.c."));
    Answer::json(200, &json!({"accessToken": token, "expireTime": format!("{ends:.0}")}))
}

fn machine(state: &State, asked: &Asked) -> Answer {
    state.note("metadata token");
    if asked.header("metadata-flavor") != "Google" {
        return Answer::new(403, "Missing Metadata-Flavor:Google header.");
    }
    Answer::json(200, &give(state))
}

fn error(code: u16, status: &str, message: &str) -> Answer {
    Answer::json(code, &json!({"error": {"code": code, "message": message, "status": status}}))
}
