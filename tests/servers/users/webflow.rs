//! The browser sign-in: codes with PKCE, tokens bound to keys by proofs of possession, each of which counts once.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::query::pairs;
use crate::state::{ACCOUNT, Memory, State, USER};
use crate::{Asked, Reply, random};

const CLIENT: &str = "arn:aws:signin:::devtools/same-device";

/// Where the browser is sent. A person would sign in here; this one has, and may be asked for a yes or no.
pub(crate) fn authorize(state: &State, asked: &Asked) -> Response<Full<Bytes>> {
    let mut memory = state.memory();
    let query = pairs(&asked.query);
    let get = |name: &str| query.get(name).cloned().unwrap_or_default();
    let decision = get("decision");
    if decision.is_empty() {
        memory.log.push("authorize".to_owned());
    }
    let redirect = get("redirect_uri");
    let right = get("client_id") == CLIENT
        && get("response_type") == "code"
        && get("code_challenge_method") == "SHA-256"
        && get("scope") == "openid"
        && redirect.starts_with("http://127.0.0.1:")
        && redirect.ends_with("/oauth/callback")
        && !get("state").is_empty();
    if !right {
        return Response::builder().status(400).body(Full::new(Bytes::from("not such a sign-in"))).unwrap_or_default();
    }
    if memory.knobs.page && decision.is_empty() {
        return question(&asked.query);
    }
    let result = if memory.knobs.deny || decision == "deny" {
        "error=access_denied".to_owned()
    } else {
        let code = random::opaque("code/");
        memory.issued.push(code.clone());
        memory.grants.insert(code.clone(), (get("code_challenge"), redirect.clone()));
        format!("code={}", code.replace('/', "%2F"))
    };
    let location = format!("{redirect}?{result}&state={}", get("state"));
    Response::builder().status(302).header("location", location).body(Full::default()).unwrap_or_default()
}

/// The page on which a person decides.
fn question(query: &str) -> Response<Full<Bytes>> {
    let address = format!("/v1/authorize?{}", query.replace('&', "&amp;").replace('"', "&quot;"));
    let text = format!(
        "<!doctype html>\n<title>Sign-in (loopback)</title>\n<h1 id=\"client\">{CLIENT}</h1>\n\
         <a id=\"approve\" href=\"{address}&amp;decision=approve\">Continue</a>\n\
         <a id=\"deny\" href=\"{address}&amp;decision=deny\">Cancel</a>\n"
    );
    Response::builder().header("content-type", "text/html").body(Full::new(Bytes::from(text))).unwrap_or_default()
}

/// Tokens for a code or for a refresh token.
pub(crate) fn token(state: &State, asked: &Asked) -> Reply {
    let mut memory = state.memory();
    let form = pairs(&String::from_utf8_lossy(&asked.body));
    let get = |name: &str| form.get(name).cloned().unwrap_or_default();
    memory.log.push(format!("token {}", get("grant_type")));
    let key = match proven(&mut memory, asked) {
        Ok(key) => key,
        Err(error) => return refuse(error),
    };
    match get("grant_type").as_str() {
        "authorization_code" => {
            let Some((challenge, redirect)) = memory.grants.remove(&get("code")) else {
                return refuse("invalid_grant");
            };
            let verifier = URL_SAFE_NO_PAD.encode(Sha256::digest(get("code_verifier").as_bytes()));
            if verifier != challenge || redirect != get("redirect_uri") {
                return refuse("invalid_grant");
            }
        }
        "refresh_token" => {
            let bound = memory.refresh.remove(&get("refresh_token"));
            if memory.knobs.revoked || bound.as_deref() != Some(key.as_str()) {
                return refuse("invalid_grant");
            }
        }
        _ => return refuse("unsupported_grant_type"),
    }
    let (id, session) = memory.make_session(USER, ACCOUNT, true, 900);
    let refresh = random::opaque("refresh/");
    memory.issued.push(refresh.clone());
    memory.refresh.insert(refresh.clone(), key);
    let answer = json!({
        "access_token": {"access_key_id": id, "secret_access_key": session.secret, "session_token": session.token},
        "token_type": "DPoP", "expires_in": 900, "refresh_token": refresh,
    });
    Reply(200, "application/json", answer.to_string())
}

fn refuse(error: &str) -> Reply {
    Reply(400, "application/json", json!({ "error": error }).to_string())
}

/// The key of a valid proof: signed by it, for this request, now, and seen for the first time.
fn proven(memory: &mut Memory, asked: &Asked) -> Result<String, &'static str> {
    let bad = "invalid_dpop_proof";
    let proof = asked.header("dpop").to_owned();
    let parts: Vec<&str> = proof.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { return Err(bad) };
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| bad);
    let read = |text: &str| -> Result<Value, &'static str> { serde_json::from_slice(&decode(text)?).map_err(|_| bad) };
    let (head, body) = (read(header)?, read(claims)?);
    let coordinate = |name: &str| decode(head["jwk"][name].as_str().unwrap_or_default());
    let point = [vec![4], coordinate("x")?, coordinate("y")?].concat();
    let signed = format!("{header}.{claims}");
    let verified =
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed.as_bytes(), &decode(signature)?);
    let age = memory.now().as_second() - body["iat"].as_i64().unwrap_or(0);
    let target = format!("http://{}{}", asked.header("host"), asked.path);
    let fresh = memory.used_codes.insert(body["jti"].as_str().unwrap_or_default().to_owned());
    let right = head["typ"] == "dpop+jwt" && head["alg"] == "ES256" && body["htm"] == "POST" && body["htu"] == target;
    if verified.is_err() || !right || age.abs() > 300 || !fresh {
        return Err(bad);
    }
    if !memory.knobs.nonce.is_empty() && body["nonce"] != memory.knobs.nonce {
        return Err("use_dpop_nonce");
    }
    Ok(head["jwk"].to_string())
}
