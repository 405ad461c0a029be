//! The authentication API of Okta, step by step as it is documented, and the page of an application behind it.

use serde_json::{Value as Json, json};

use crate::form::decoded;
use crate::saml;
use crate::state::{State, opaque};
use crate::wire::{Answer, Asked};

const USER: &str = "ana@acme.test";
const PASSWORD: &str = "pw-of-ana-at-okta";
const CODE: &str = "271828";
/// What tokens and cookies of a sign-in with a second factor begin with.
const VERIFIED: &str = "verified";
/// Letters that a script writes in another way.
const STEP_UP: &str = "00step-up_token";

pub(crate) fn answer(state: &State, asked: &Asked) -> Answer {
    state.note(format!("okta {} {}", asked.method, asked.path).as_str());
    let body: Json = serde_json::from_slice(&asked.body).unwrap_or_default();
    match (asked.method.as_str(), asked.path.as_str()) {
        ("POST", "/api/v1/authn") => begin(state, &body),
        ("POST", "/api/v1/authn/skip") => in_round(state, &body).unwrap_or_else(|| success(state, "session")),
        ("POST", path) if path.starts_with("/api/v1/authn/factors/") => verify(state, path, &body),
        ("GET", "/login/sessionCookieRedirect") => redirect(state, asked),
        ("GET", "/home/amazon_aws/app") => application(state, asked),
        _ => error(404, "E0000022", "The endpoint does not support the provided HTTP method", ""),
    }
}

fn begin(state: &State, body: &Json) -> Answer {
    let idp = state.knobs().idp;
    if body["stateToken"] == STEP_UP {
        return required(state, &idp);
    }
    if let Some(status) = idp["refuse"].as_u64().and_then(|status| u16::try_from(status).ok()) {
        return error(status, "E0000047", "API call exceeded rate limit due to too many requests.", "");
    }
    if body["username"] != USER || body["password"] != PASSWORD {
        return error(401, "E0000004", "Authentication failed", "");
    }
    state.issue(PASSWORD.to_owned());
    match idp["state"].as_str() {
        Some("PASSWORD_WARN") => {
            let token = round(state);
            let links = json!({"skip": {"name": "skip", "href": format!("{}/api/v1/authn/skip", state.url)}});
            Answer::json(200, &json!({"stateToken": token, "status": "PASSWORD_WARN", "_links": links}))
        }
        Some(status) => Answer::json(200, &json!({"status": status})),
        None if idp["factors"].is_array() && idp["step_up"] != true => required(state, &idp),
        None => success(state, "session"),
    }
}

fn required(state: &State, idp: &Json) -> Answer {
    let factors: Vec<Json> = idp["factors"].as_array().into_iter().flatten().map(|kind| factor(state, kind)).collect();
    let body = json!({"stateToken": round(state), "status": "MFA_REQUIRED", "_embedded": {"factors": factors}});
    Answer::json(200, &body)
}

fn factor(state: &State, kind: &Json) -> Json {
    let kind = kind.as_str().unwrap_or_default();
    let elsewhere = state.knobs().idp["verify_at"].as_str().map_or_else(|| state.url.clone(), str::to_owned);
    let id = kind.rsplit(':').next().unwrap_or_default();
    json!({
        "id": id, "factorType": kind, "provider": "OKTA", "profile": {"name": "phone of Ana"},
        "_links": {"verify": {"href": format!("{elsewhere}/api/v1/authn/factors/{id}/verify")}},
    })
}

fn verify(state: &State, path: &str, body: &Json) -> Answer {
    if let Some(refusal) = in_round(state, body) {
        return refusal;
    }
    let id = path.split('/').nth(5).unwrap_or_default();
    let challenge = |result: &str| {
        let links = json!({"next": {"name": "poll", "href": format!("{}{path}", state.url)}});
        let number = json!({"_embedded": {"challenge": {"correctAnswer": 42}}});
        let body = json!({
            "stateToken": body["stateToken"], "status": "MFA_CHALLENGE", "factorResult": result, "_links": links,
            "_embedded": {"factor": number},
        });
        Answer::json(200, &body)
    };
    let verified = || success(state, VERIFIED);
    match (id, body["passCode"].as_str()) {
        ("push", _) => state.next_confirmation().map_or_else(verified, |result| challenge(&result)),
        ("sms" | "email" | "call", None) => challenge("CHALLENGE"),
        (_, Some(CODE)) => verified(),
        _ => error(
            403,
            "E0000068",
            "Invalid Passcode/Answer",
            "Your passcode doesn't match our records. Please try again.",
        ),
    }
}

/// A session, and a token that is exchanged for its cookie once.
fn success(state: &State, level: &str) -> Answer {
    let token = state.issue(opaque(level));
    state.tokens.lock().unwrap().push(token.clone());
    Answer::json(200, &json!({"status": "SUCCESS", "sessionToken": token, "expiresAt": "2099-01-01T00:00:00.000Z"}))
}

fn round(state: &State) -> String {
    let token = state.issue(opaque("00round"));
    state.tokens.lock().unwrap().push(token.clone());
    token
}

/// The refusal of an answer that belongs to no round.
fn in_round(state: &State, body: &Json) -> Option<Answer> {
    let token = body["stateToken"].as_str().unwrap_or_default();
    let known = state.tokens.lock().unwrap().iter().any(|known| known == token);
    (!known).then(|| error(401, "E0000011", "Invalid token provided", ""))
}

fn redirect(state: &State, asked: &Asked) -> Answer {
    let parameter = |name: &str| {
        asked
            .query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
            .map(decoded)
            .unwrap_or_default()
    };
    let token = parameter("token");
    let mut tokens = state.tokens.lock().unwrap();
    let Some(at) = tokens.iter().position(|known| *known == token) else {
        return Answer::new(302, "").header("location", "/login/login.htm");
    };
    tokens.remove(at);
    let sid = state.issue(opaque(if token.starts_with(VERIFIED) { VERIFIED } else { "sid" }));
    tokens.push(sid.clone());
    Answer::new(302, "")
        .header("location", parameter("redirectUrl"))
        .header("set-cookie", format!("sid={sid}; Path=/; Secure; HttpOnly"))
}

fn application(state: &State, asked: &Asked) -> Answer {
    let sid =
        asked.header("cookie").split("; ").find_map(|pair| pair.strip_prefix("sid=")).unwrap_or_default().to_owned();
    if !state.tokens.lock().unwrap().contains(&sid) {
        return html("<title>Acme - Sign In</title><p>Sign in");
    }
    if state.knobs().idp["step_up"] == true && !sid.starts_with(VERIFIED) {
        let script = STEP_UP.replace('-', "\\x2D");
        return html(&format!("<title>Acme - Verify</title><script>var stateToken = '{script}';</script>"));
    }
    saml::page_to(state, "https://signin.aws.amazon.com/saml")
}

fn html(text: &str) -> Answer {
    Answer::new(200, format!("<!DOCTYPE html>{text}")).header("content-type", "text/html")
}

fn error(status: u16, code: &str, summary: &str, cause: &str) -> Answer {
    let causes: Vec<Json> =
        Some(cause).filter(|cause| !cause.is_empty()).map(|cause| json!({"errorSummary": cause})).into_iter().collect();
    let body =
        json!({"errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oae", "errorCauses": causes});
    Answer::json(status, &body)
}
