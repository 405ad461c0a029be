//! Microsoft Entra as its documents describe it: the token endpoint of a tenant for an application that shows somebody
//! else's token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};

use crate::form::decoded;
use crate::state::{State, now, opaque};
use crate::wire::{Answer, Asked};
use crate::{issuer, resources};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const CLIENT: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const CLIENT_OF_PROGRAM: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
const MANAGEMENT: &str = "https://management.azure.com/.default";
/// What clusters want tokens for: the application of all of them, and one of its own.
const CLUSTERS: [&str; 2] =
    ["6dae42f8-4368-4678-94ff-3960e28e3630/.default", "cccccccc-0000-4000-8000-000000000001/.default"];
const PERSON: &str = " offline_access openid profile";

pub(crate) fn answer(state: &State, asked: &Asked) -> Answer {
    let rest = asked.path.strip_prefix("/entra/").unwrap_or_default();
    let Some((tenant, action)) = rest.split_once("/oauth2/v2.0/") else { return resources::answer(state, asked, rest) };
    if action == "authorize" {
        return authorize(state, asked, tenant);
    }
    state.note(&format!("entra {action} {} {}", asked.field("grant_type"), asked.field("scope")));
    if tenant != TENANT {
        return refused(400, "invalid_request", &format!("AADSTS90002: Tenant '{tenant}' not found."));
    }
    if asked.method != "POST" || asked.header("content-type") != "application/x-www-form-urlencoded" {
        return refused(400, "invalid_request", "AADSTS900144: The request body must be a form.");
    }
    if ![CLIENT, CLIENT_OF_PROGRAM].contains(&asked.field("client_id").as_str()) {
        let text = format!("AADSTS700016: Application with identifier '{}' was not found.", asked.field("client_id"));
        return refused(400, "unauthorized_client", &text);
    }
    match (action, asked.field("grant_type").as_str()) {
        ("token", "client_credentials") => principal(state, asked),
        ("devicecode", _) => device(state, asked),
        ("token", "urn:ietf:params:oauth:grant-type:device_code") => confirmed(state, asked),
        ("token", "refresh_token") => renewed(state, asked),
        ("token", "authorization_code") => redeemed(state, asked),
        _ => refused(400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type."),
    }
}

/// Client credentials with an assertion in place of a secret.
fn principal(state: &State, asked: &Asked) -> Answer {
    if asked.field("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
        return refused(401, "invalid_client", "AADSTS7000218: The request must contain 'client_assertion'.");
    }
    let scope = asked.field("scope");
    if scope != MANAGEMENT && !CLUSTERS.contains(&scope.as_str()) {
        return refused(400, "invalid_scope", "AADSTS1002012: The provided value for scope is not valid.");
    }
    let Some((claims, signed)) = issuer::read(state, &asked.field("client_assertion")) else {
        return refused(401, "invalid_client", "AADSTS50027: JWT token is invalid or malformed.");
    };
    if !signed {
        return refused(
            401,
            "invalid_client",
            "AADSTS700027: The certificate used to sign the assertion is not known.",
        );
    }
    for (name, expected) in [
        ("iss", state.url.as_str()),
        ("sub", "repo:acme/infra:ref:refs/heads/main"),
        ("aud", "api://AzureADTokenExchange"),
    ] {
        let shown = claims[name].as_str().unwrap_or_default();
        if shown != expected {
            let text = format!(
                "AADSTS700213: No matching federated identity record found for presented assertion {name} '{shown}'.\r\n\
                 Trace ID: 0\r\nTimestamp: 0"
            );
            return refused(401, "invalid_client", &text);
        }
    }
    let token = access_token(state, &json!({"appid": CLIENT, "aud": scope.trim_end_matches("/.default")}));
    Answer::json(200, &json!({"token_type": "Bearer", "expires_in": seconds(state), "access_token": token}))
}

/// `POST /devicecode`: a code for the person, and one for who waits.
fn device(state: &State, asked: &Asked) -> Answer {
    if asked.field("scope") != format!("{MANAGEMENT} offline_access openid profile") {
        return refused(
            400,
            "invalid_scope",
            "AADSTS70011: The provided value for the input parameter 'scope' is not valid.",
        );
    }
    let code = state.issue(opaque("device-code-"));
    let life = state.knobs().code_seconds.unwrap_or(900);
    Answer::json(
        200,
        &json!({"device_code": code, "user_code": "ABCD1234", "expires_in": life, "interval": 1,
        "verification_uri": "https://microsoft.com/devicelogin", "message": "To sign in, use a web browser"}),
    )
}

/// One answer of those that the test wants, then the token.
fn confirmed(state: &State, asked: &Asked) -> Answer {
    if !state.issued.lock().unwrap().contains(&asked.field("device_code")) {
        return refused(400, "bad_verification_code", "AADSTS70018: The verification code is not known.");
    }
    match state.next_confirmation() {
        Some(word) => refused(400, &word, &format!("AADSTS70016: {word}")),
        None => person(state, MANAGEMENT),
    }
}

/// The page on which a person signs in, which sends the browser back at once.
fn authorize(state: &State, asked: &Asked, tenant: &str) -> Answer {
    let of = |name: &str| {
        let value = asked.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        decoded(value.unwrap_or_default())
    };
    state.note(&format!("entra authorize {} {}", of("response_type"), of("scope")));
    let redirect = of("redirect_uri");
    // Of a native application the port may vary at this name, and there is no path.
    let port = redirect.strip_prefix("http://localhost:").unwrap_or_default();
    if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Answer::new(400, "AADSTS50011: The redirect URI does not match.");
    }
    let expected = [
        ("client_id", CLIENT_OF_PROGRAM.to_owned()),
        ("response_type", "code".to_owned()),
        ("code_challenge_method", "S256".to_owned()),
        ("scope", format!("{MANAGEMENT}{PERSON}")),
    ];
    if tenant != TENANT || expected.iter().any(|(name, value)| of(name) != *value) || of("state").is_empty() {
        return Answer::new(400, "AADSTS900144: The request is not valid.");
    }
    let outcome = if state.knobs().deny {
        "error=access_denied&error_description=AADSTS65004%3A+User+declined".to_owned()
    } else {
        format!("code={}", state.issue(format!("{}.{}", opaque("code-"), of("code_challenge"))))
    };
    Answer::new(302, "").header("location", format!("{redirect}/?{outcome}&state={}", of("state")))
}

/// A code once, for who knows what its challenge was made of.
fn redeemed(state: &State, asked: &Asked) -> Answer {
    let code = asked.field("code");
    let known = {
        let mut codes = state.codes.lock().unwrap();
        state.issued.lock().unwrap().contains(&code) && codes.insert(code.clone())
    };
    let verifier = ring::digest::digest(&ring::digest::SHA256, asked.field("code_verifier").as_bytes());
    let challenge = URL_SAFE_NO_PAD.encode(verifier.as_ref());
    if !known || code.split_once('.').is_none_or(|(_, wanted)| wanted != challenge) {
        return refused(400, "invalid_grant", "AADSTS70008: The provided authorization code is not valid.");
    }
    if !asked.field("redirect_uri").starts_with("http://localhost:") {
        return refused(400, "invalid_grant", "AADSTS50011: The redirect URI does not match.");
    }
    person(state, MANAGEMENT)
}

fn renewed(state: &State, asked: &Asked) -> Answer {
    let known = state.issued.lock().unwrap().contains(&asked.field("refresh_token"));
    if state.knobs().reauthenticate || !known {
        return refused(400, "invalid_grant", "AADSTS700082: The refresh token has expired due to inactivity.");
    }
    person(state, asked.field("scope").trim_end_matches(PERSON))
}

/// What a person gets who has signed in.
fn person(state: &State, scope: &str) -> Answer {
    if scope != MANAGEMENT && !CLUSTERS.contains(&scope) {
        return refused(400, "invalid_scope", "AADSTS70011: The provided value for 'scope' is not valid.");
    }
    let audience = json!({"aud": scope.trim_end_matches("/.default")});
    let who = json!({"oid": "00000000-0000-0000-0000-000000000001", "preferred_username": "me@acme.test"});
    Answer::json(
        200,
        &json!({"token_type": "Bearer", "expires_in": seconds(state), "access_token": access_token(state, &audience),
        "refresh_token": state.issue(opaque("refresh-token-")), "id_token": access_token(state, &who)}),
    )
}

fn seconds(state: &State) -> i64 {
    state.knobs().seconds.unwrap_or(3599)
}

/// A token for Azure's management, which only Azure itself reads for sure.
fn access_token(state: &State, further: &Json) -> String {
    let mut claims = json!({"tid": TENANT, "exp": now() + seconds(state), "uti": opaque("")});
    for (key, value) in further.as_object().into_iter().flatten() {
        claims[key] = value.clone();
    }
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    state.issue(format!("{}.{}.{}", part(&json!({"alg": "RS256"})), part(&claims), opaque("")))
}

/// For whom a token was made that was given out here.
pub(crate) fn audience(state: &State, token: &str) -> Option<String> {
    if !state.issued.lock().unwrap().iter().any(|known| known == token) {
        return None;
    }
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Json = serde_json::from_slice(&claims).ok()?;
    claims["aud"].as_str().map(str::to_owned)
}

fn refused(status: u16, code: &str, text: &str) -> Answer {
    Answer::json(status, &json!({"error": code, "error_description": text, "error_codes": [0]}))
}
