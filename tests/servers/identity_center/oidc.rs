//! The SSO OIDC half: client registration, device authorization, tokens.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::authorize;
use crate::random;
use crate::state::{Client, Device, Memory, State, Verdict, after, epoch_seconds};
use crate::wire::{Answer, Asked, Refusal, encode};

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// `POST /client/register`.
pub(crate) fn register(state: &State, asked: &Asked) -> Result<Answer, Refusal> {
    let body = asked.json()?;
    let name = required(&body, "clientName")?;
    if required(&body, "clientType")? != "public" {
        return Err(Refusal::oidc("InvalidClientMetadataException", "clientType must be public"));
    }
    let (scopes, grants) = (strings(&body, "scopes"), strings(&body, "grantTypes"));
    let redirects = strings(&body, "redirectUris");
    let mut memory = state.memory();
    if memory.knobs.no_code_grant && grants.iter().any(|grant| grant == "authorization_code") {
        return Err(Refusal::oidc("InvalidClientMetadataException", "this grant type is not supported"));
    }
    let ends = after(memory.knobs.client_lifetime);
    let id = random::opaque("client-");
    let secret = memory.issue("client_secret", random::opaque("eyJraWQiOiJ"));
    memory
        .clients
        .insert(id.clone(), Client { name: name.to_owned(), secret: secret.clone(), scopes, grants, redirects, ends });
    Ok(Answer::json(&json!({
        "clientId": id,
        "clientSecret": secret,
        "clientIdIssuedAt": epoch_seconds(SystemTime::now()),
        "clientSecretExpiresAt": epoch_seconds(ends),
    })))
}

/// `POST /device_authorization`.
pub(crate) fn authorize_device(state: &State, asked: &Asked) -> Result<Answer, Refusal> {
    let body = asked.json()?;
    let mut memory = state.memory();
    let client = known_client(&memory, &body)?;
    let start_url = required(&body, "startUrl")?;
    if !(start_url.starts_with("https://") || start_url.starts_with("http://")) {
        return Err(Refusal::oidc("InvalidRequestException", "startUrl is not a URL"));
    }
    let knobs = memory.knobs.clone();
    let user_code = random::user_code();
    let device_code = memory.issue("device_code", random::opaque("device-"));
    let verdict = match (knobs.deny, knobs.auto_approve) {
        (true, _) => Verdict::Denied,
        (false, true) => Verdict::Approved,
        (false, false) => Verdict::Open,
    };
    let ends = after(knobs.device_lifetime);
    memory
        .devices
        .insert(device_code.clone(), Device { client, user_code: user_code.clone(), verdict, polls: 0, ends });
    Ok(Answer::json(&json!({
        "deviceCode": device_code,
        "userCode": user_code,
        "verificationUri": state.url("/device"),
        "verificationUriComplete": state.url(&format!("/device?user_code={}", encode(&user_code))),
        "expiresIn": knobs.device_lifetime,
        "interval": knobs.interval,
    })))
}

/// `POST /token`.
pub(crate) fn token(state: &State, asked: &Asked) -> Result<Answer, Refusal> {
    let body = asked.json()?;
    let mut memory = state.memory();
    let client = known_client(&memory, &body)?;
    match required(&body, "grantType")? {
        DEVICE_CODE => {
            let code = required(&body, "deviceCode")?.to_owned();
            poll(&mut memory, &client, &code)?;
            // A device code is spent with its first token.
            memory.devices.remove(&code);
            Ok(issue_token(&mut memory, &client, None))
        }
        "authorization_code" => {
            let part = |name: &str| required(&body, name).map(str::to_owned);
            let (code, redirect, verifier) = (part("code")?, part("redirectUri")?, part("codeVerifier")?);
            authorize::redeem(&mut memory, &client, &code, &redirect, &verifier)?;
            Ok(issue_token(&mut memory, &client, None))
        }
        "refresh_token" => {
            let token = required(&body, "refreshToken")?.to_owned();
            if memory.knobs.reject_refresh || memory.refresh.get(&token) != Some(&client) {
                return Err(Refusal::oidc("InvalidGrantException", "the refresh token is not valid"));
            }
            let kept = if memory.knobs.rotate_refresh {
                memory.refresh.remove(&token);
                None
            } else {
                Some(token)
            };
            let answer = issue_token(&mut memory, &client, kept);
            if memory.knobs.reject_refreshed {
                memory.tokens.clear();
            }
            Ok(answer)
        }
        _ => Err(Refusal::oidc("UnsupportedGrantTypeException", "this grant type is not supported")),
    }
}

/// What a poll of a device code is told: first the configured delays, then the truth.
fn poll(memory: &mut Memory, client: &str, code: &str) -> Result<(), Refusal> {
    let knobs = memory.knobs.clone();
    let device = memory
        .devices
        .get_mut(code)
        .filter(|device| device.client == client)
        .ok_or_else(|| Refusal::oidc("InvalidGrantException", "the device code is not known"))?;
    let earlier = device.polls;
    device.polls += 1;
    if device.ends <= SystemTime::now() {
        return Err(Refusal::oidc("ExpiredTokenException", "the device code has expired"));
    }
    if earlier < knobs.pending {
        return Err(pending());
    }
    if earlier < knobs.pending.saturating_add(knobs.slow_down) {
        return Err(Refusal::oidc("SlowDownException", "poll less often"));
    }
    if knobs.expire {
        return Err(Refusal::oidc("ExpiredTokenException", "the device code has expired"));
    }
    match device.verdict {
        Verdict::Approved => Ok(()),
        Verdict::Denied => Err(Refusal::oidc("AccessDeniedException", "the user refused the request")),
        Verdict::Open => Err(pending()),
    }
}

fn pending() -> Refusal {
    Refusal::oidc("AuthorizationPendingException", "nobody has answered yet")
}

fn issue_token(memory: &mut Memory, client: &str, refresh: Option<String>) -> Answer {
    let lifetime = memory.knobs.token_lifetime;
    let access = memory.issue("access_token", random::opaque("aoa"));
    memory.tokens.insert(access.clone(), after(lifetime));
    let mut answer = json!({"accessToken": access, "tokenType": "Bearer", "expiresIn": lifetime});
    if !memory.knobs.no_refresh {
        let refresh = refresh.unwrap_or_else(|| {
            let fresh = memory.issue("refresh_token", random::opaque("aor"));
            memory.refresh.insert(fresh.clone(), client.to_owned());
            fresh
        });
        answer["refreshToken"] = Value::String(refresh);
    }
    Answer::json(&answer)
}

/// The id of the client that a request names, if the secret is right and the registration still stands.
fn known_client(memory: &Memory, body: &Value) -> Result<String, Refusal> {
    let id = required(body, "clientId")?;
    let secret = required(body, "clientSecret")?;
    let known = memory.clients.get(id).is_some_and(|client| client.secret == secret && client.ends > SystemTime::now());
    if known {
        Ok(id.to_owned())
    } else {
        Err(Refusal::oidc("InvalidClientException", "the client is not registered or its registration has expired"))
    }
}

fn required<'a>(body: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    body[name]
        .as_str()
        .filter(|value| !value.is_empty())
        .ok_or_else(|| Refusal::oidc("InvalidRequestException", &format!("{name} is missing")))
}

fn strings(body: &Value, name: &str) -> Vec<String> {
    body[name].as_array().into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use hyper::body::Bytes;

    use super::*;
    use crate::options::Options;

    fn server(flags: &[&str]) -> State {
        let options = Options::parse_from(std::iter::once(&"identity-center").chain(flags));
        State::new(1, crate::directory::load(None).unwrap(), options.knobs(), None)
    }

    fn asked(body: &Value) -> Asked {
        Asked {
            method: hyper::Method::POST,
            path: String::new(),
            query: std::collections::BTreeMap::new(),
            headers: hyper::HeaderMap::new(),
            body: Bytes::from(body.to_string()),
        }
    }

    /// Registers, starts a device flow and returns the body of a token request.
    fn flow(state: &State) -> Value {
        register(state, &asked(&json!({"clientName": "t", "clientType": "public"}))).unwrap();
        let (id, secret) = {
            let memory = state.memory();
            let (id, client) = memory.clients.iter().next().unwrap();
            (id.clone(), client.secret.clone())
        };
        let start = json!({"clientId": id, "clientSecret": secret, "startUrl": "https://acme.test/start"});
        authorize_device(state, &asked(&start)).unwrap();
        let code = state.memory().devices.keys().next().unwrap().clone();
        json!({"clientId": id, "clientSecret": secret, "grantType": DEVICE_CODE, "deviceCode": code})
    }

    fn outcome(state: &State, body: &Value) -> &'static str {
        match token(state, &asked(body)) {
            Ok(_) => "token",
            Err(refusal) => refusal.into_answer().error().unwrap(),
        }
    }

    #[test]
    fn polls_are_answered_in_the_order_of_the_knobs() {
        let pending = "AuthorizationPendingException";
        let table: &[(&[&str], &[&str])] = &[
            (&["--auto-approve"], &["token", "InvalidGrantException"]),
            (
                &["--auto-approve", "--pending", "2", "--slow-down", "1"],
                &[pending, pending, "SlowDownException", "token"],
            ),
            (&["--deny", "--pending", "1"], &[pending, "AccessDeniedException"]),
            (&["--expire"], &["ExpiredTokenException"]),
            (&["--device-lifetime", "0"], &["ExpiredTokenException"]),
            (&[], &[pending, pending, pending]),
        ];
        for (flags, expected) in table {
            let state = server(flags);
            let body = flow(&state);
            let seen: Vec<_> = expected.iter().map(|_| outcome(&state, &body)).collect();
            assert_eq!(&seen, expected, "{flags:?}");
        }
    }

    #[test]
    fn a_rotated_refresh_token_works_once_and_a_kept_one_again() {
        for (flags, second) in
            [(&["--auto-approve", "--rotate-refresh"][..], "InvalidGrantException"), (&["--auto-approve"], "token")]
        {
            let state = server(flags);
            let mut body = flow(&state);
            assert_eq!(outcome(&state, &body), "token");
            body["grantType"] = json!("refresh_token");
            body["refreshToken"] = json!(state.memory().refresh.keys().next().unwrap());
            assert_eq!(outcome(&state, &body), "token");
            assert_eq!(outcome(&state, &body), second, "{flags:?}");
        }
    }

    #[test]
    fn a_wrong_client_secret_is_an_invalid_client() {
        let state = server(&["--auto-approve"]);
        let mut body = flow(&state);
        body["clientSecret"] = json!("guess");
        assert_eq!(outcome(&state, &body), "InvalidClientException");
    }
}
