//! The authorization code half (RFC 6749 with PKCE, RFC 7636): the page to which the user's browser is sent, and codes.

use std::collections::BTreeMap;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::{Method, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::page::{escape, page};
use crate::random;
use crate::state::{Memory, State, after};
use crate::wire::{Answer, Asked, Refusal, encode};

/// Seconds for which a code is good.
const CODE_LIFETIME: u32 = 60;

/// What a browser was sent here with, until the user has decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    client: String,
    redirect: String,
    state: String,
    challenge: String,
}

/// A code that was given out; it is good once.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    request: Request,
    ends: SystemTime,
}

/// `GET /authorize` with the parameters of the client, and `POST /authorize` with `request` and `decision`.
pub(crate) fn authorize(state: &State, asked: &Asked) -> Answer {
    if asked.method == Method::POST {
        let form = asked.form();
        let wanted = form.get("request").map_or("", String::as_str);
        let request = state.memory().requests.remove(wanted);
        return match (request, form.get("decision").map(String::as_str)) {
            (Some(request), Some("approve")) => approve(state, &request),
            (Some(request), _) => back(&request, "error=access_denied&error_description=the+user+said+no"),
            (None, _) => wrong("There is no such request. It may have been answered already."),
        };
    }
    let request = match check(&state.memory(), &asked.query) {
        Ok(request) => request,
        // To an address that nobody vouches for nothing is sent back.
        Err(reason) => return wrong(reason),
    };
    let knobs = state.memory().knobs.clone();
    if knobs.deny {
        return back(&request, "error=access_denied");
    }
    if knobs.auto_approve {
        return approve(state, &request);
    }
    ask(state, request)
}

fn check(memory: &Memory, query: &BTreeMap<String, String>) -> Result<Request, &'static str> {
    let value = |name: &str| query.get(name).cloned().unwrap_or_default();
    let client = memory.clients.get(&value("client_id")).ok_or("The client is not registered.")?;
    let redirect = value("redirect_uri");
    if !client.redirects.iter().any(|registered| is_same_but_port(registered, &redirect)) {
        return Err("The redirect address is not one of the client.");
    }
    if value("response_type") != "code" || !client.grants.iter().any(|grant| grant == "authorization_code") {
        return Err("The client may not have a code.");
    }
    let challenge = value("code_challenge");
    if value("code_challenge_method") != "S256" || challenge.len() != 43 {
        return Err("There is no challenge of the kind S256.");
    }
    if value("scopes") != client.scopes.join(" ") || value("state").is_empty() {
        return Err("Scopes or state are missing.");
    }
    Ok(Request { client: value("client_id"), redirect, state: value("state"), challenge })
}

/// RFC 8252, section 7.3: the port of a loopback address is free.
fn is_same_but_port(registered: &str, given: &str) -> bool {
    let Some(path) = registered.strip_prefix("http://127.0.0.1") else { return registered == given };
    let Some((port, rest)) = given.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.split_once('/')) else {
        return registered == given;
    };
    port.parse::<u16>().is_ok() && path.strip_prefix('/') == Some(rest)
}

fn approve(state: &State, request: &Request) -> Answer {
    let mut memory = state.memory();
    let code = memory.issue("authorization_code", random::opaque("code-"));
    memory.codes.insert(code.clone(), Code { request: request.clone(), ends: after(CODE_LIFETIME) });
    back(request, &format!("code={}", encode(&code)))
}

fn back(request: &Request, answer: &str) -> Answer {
    Answer::redirect(&format!("{}?{answer}&state={}", request.redirect, encode(&request.state)))
}

fn ask(state: &State, request: Request) -> Answer {
    let id = random::opaque("request-");
    let mut memory = state.memory();
    let name = memory.clients.get(&request.client).map_or_else(String::new, |client| client.name.clone());
    memory.requests.insert(id.clone(), request);
    let body = format!(
        r#"<h1>Allow access?</h1>
<p><strong id="client">{name}</strong> on this machine asks for access to your accounts.</p>
<form method="post" action="/authorize">
<input type="hidden" name="request" value="{id}">
<button id="approve" name="decision" value="approve">Allow access</button>
<button id="deny" name="decision" value="deny">Deny</button>
</form>"#,
        name = escape(&name),
    );
    Answer::html(StatusCode::OK, page(&body))
}

fn wrong(reason: &str) -> Answer {
    Answer::html(StatusCode::BAD_REQUEST, page(&format!("<h1 id=\"result\">Not possible</h1>\n<p>{reason}</p>")))
}

/// Takes a code that belongs to the client, to the redirect address and to the verifier.
pub(crate) fn redeem(
    memory: &mut Memory,
    client: &str,
    code: &str,
    redirect: &str,
    verifier: &str,
) -> Result<(), Refusal> {
    let invalid = |why: &str| Err(Refusal::oidc("InvalidGrantException", why));
    let Some(known) = memory.codes.remove(code) else { return invalid("the code is not known") };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    if known.request.client != client || known.request.redirect != redirect || known.request.challenge != challenge {
        return invalid("the code is not yours");
    }
    if known.ends <= SystemTime::now() {
        return invalid("the code has expired");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_addresses_may_differ_in_their_port_only() {
        let registered = "http://127.0.0.1/oauth/callback";
        for (given, same) in [
            ("http://127.0.0.1:4711/oauth/callback", true),
            ("http://127.0.0.1/oauth/callback", true),
            ("http://127.0.0.1:4711/other", false),
            ("http://127.0.0.1:4711@evil.test/oauth/callback", false),
            ("http://localhost:4711/oauth/callback", false),
        ] {
            assert_eq!(is_same_but_port(registered, given), same, "{given}");
        }
    }
}
