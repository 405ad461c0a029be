//! The service that gives tokens to jobs, as GitHub documents it, and the issuer behind it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED, KeyPair as _, UnparsedPublicKey};
use serde_json::{Value as Json, json};

use crate::form::decoded;
use crate::state::{State, now};
use crate::wire::{Answer, Asked};

/// What a job shows at the service.
const BEARER: &str = "request-token-of-this-job";

/// `GET <url>&audience=<audience>` with the request token of the job.
pub(crate) fn job(state: &State, asked: &Asked) -> Answer {
    let audience = asked.query.split('&').find_map(|pair| pair.strip_prefix("audience=")).map(decoded);
    let audience = audience.unwrap_or_default();
    state.note(&format!("{} {audience}", asked.path.trim_start_matches('/')));
    let knobs = state.knobs();
    if let Some(body) = knobs.token_body {
        return Answer::new(knobs.token_status.unwrap_or(200), body);
    }
    if let Some(status) = knobs.token_status {
        return Answer::json(status, &json!({"message": "the service says no"}));
    }
    let scheme =
        asked.header("authorization").strip_prefix("Bearer ").or(asked.header("authorization").strip_prefix("bearer "));
    if asked.method != "GET" || scheme != Some(BEARER) {
        return Answer::json(401, &json!({"message": "not a job"}));
    }
    let mut claims = json!({"aud": audience});
    merge(&mut claims, &knobs.claims);
    let token = mint(state, &claims);
    if asked.path == "/other/token" { Answer::new(200, token) } else { Answer::json(200, &json!({"value": token})) }
}

/// A token with the usual claims, and those that are given.
pub(crate) fn mint(state: &State, further: &Json) -> String {
    let mut claims = json!({
        "iss": state.url, "sub": "repo:acme/infra:ref:refs/heads/main", "aud": "sts.amazonaws.com",
        "iat": now(), "nbf": now(), "exp": now() + 300,
    });
    merge(&mut claims, further);
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(&json!({"alg": "ES256", "typ": "JWT", "kid": "1"})), part(&claims));
    let key = if state.knobs().forge { &state.forged } else { &state.key };
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    state.issue(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The claims of a token, and whether this issuer has signed it.
pub(crate) fn read(state: &State, token: &str) -> Option<(Json, bool)> {
    let (signed, signature) = token.rsplit_once('.')?;
    let claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(signed.split('.').nth(1)?).ok()?).ok()?;
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, state.key.public_key());
    let right = URL_SAFE_NO_PAD.decode(signature).is_ok_and(|it| key.verify(signed.as_bytes(), &it).is_ok());
    Some((claims, right))
}

fn merge(claims: &mut Json, further: &Json) {
    for (key, value) in further.as_object().into_iter().flatten() {
        claims[key] = value.clone();
    }
}
