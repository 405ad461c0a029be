//! Atmos Pro as its clients speak to it: a session for a job's token, which is good once, and tokens of GitHub for the session;
//! and the address of GitHub at which they are taken back.

use serde_json::{Value as Json, json};

use crate::issuer;
use crate::state::{State, now, opaque};
use crate::wire::{Answer, Asked};

pub(crate) fn answer(state: &State, asked: &Asked) -> Answer {
    let body: Json = serde_json::from_slice(&asked.body).unwrap_or_default();
    match (asked.method.as_str(), asked.path.as_str()) {
        ("POST", "/pro/api/v1/auth/github-oidc") => session(state, &body),
        ("POST", "/pro/api/v1/sts") => tokens(state, asked, &body),
        ("DELETE", "/github/api/installation/token") => revoke(state, asked),
        _ => refused(404, "there is no such page"),
    }
}

fn refused(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"success": false, "status": status, "errorMessage": message}))
}

fn given(data: &Json) -> Answer {
    Answer::json(200, &json!({"success": true, "status": 200, "data": data}))
}

fn session(state: &State, body: &Json) -> Answer {
    state.note("pro/session");
    let token = body["token"].as_str().unwrap_or_default();
    let Some((claims, true)) = issuer::read(state, token) else { return refused(401, "the token is not signed") };
    if claims["iss"] != state.url.as_str() || claims["aud"] != "atmos-pro.com" {
        return refused(401, "the token is for somebody else");
    }
    if claims["exp"].as_i64().unwrap_or_default() <= now() || !state.codes.lock().unwrap().insert(token.to_owned()) {
        return refused(401, "the token is over, or was used before");
    }
    if body["workspaceId"] != "ws-1" {
        return refused(404, "there is no such workspace");
    }
    let session = state.issue(opaque("pro-session-"));
    state.tokens.lock().unwrap().push(session.clone());
    given(&json!({"token": session}))
}

fn bearer(state: &State, asked: &Asked) -> Option<String> {
    let token = asked.header("authorization").strip_prefix("Bearer ")?.to_owned();
    state.tokens.lock().unwrap().contains(&token).then_some(token)
}

fn tokens(state: &State, asked: &Asked, body: &Json) -> Answer {
    let policy = body["policyName"].as_str().unwrap_or_default();
    let usual = json!(["acme/modules"]);
    let sources = if body["sources"].is_array() { &body["sources"] } else { &usual };
    let sources: Vec<&str> = sources.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    state.note(&format!("pro/sts {policy} {}", sources.join(",")));
    if bearer(state, asked).is_none() {
        return refused(401, "no session");
    }
    match policy {
        "unentitled" => return refused(403, "the workspace is not entitled"),
        // As it says no to what it understands.
        "off" => return Answer::json(200, &json!({"success": false, "errorMessage": "the feature is switched off"})),
        _ => {}
    }
    let (mut tokens, mut excluded, mut owners) = (Vec::new(), Vec::new(), Vec::new());
    for source in sources {
        let owner = source.split('/').next().unwrap_or_default();
        if owner == "other" {
            excluded.push(json!({"repo": source, "reason": "no_trust_policy"}));
        } else if !owners.contains(&owner) {
            owners.push(owner);
            let token = state.issue(opaque("ghs_"));
            state.tokens.lock().unwrap().push(token.clone());
            let ends = jiff::Timestamp::from_second(now() + 3600).unwrap().to_string();
            tokens.push(json!({"host": "github.com", "owner": owner, "token": token, "expiresAt": ends}));
        }
    }
    given(&json!({"tokens": tokens, "excluded": excluded}))
}

fn revoke(state: &State, asked: &Asked) -> Answer {
    state.note("github/revoke");
    let Some(token) = bearer(state, asked) else { return Answer::json(401, &json!({"message": "Bad credentials"})) };
    state.tokens.lock().unwrap().retain(|known| *known != token);
    Answer::new(204, "")
}
