//! An STS that believes one issuer: `AssumeRoleWithWebIdentity`, `AssumeRoleWithSAML`, and who one is.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use crate::issuer;
use crate::state::{State, now, opaque};
use crate::wire::{Answer, Asked};

type Refusal = (u16, &'static str, String);

pub(crate) fn answer(state: &State, asked: &Asked) -> Answer {
    let action = asked.field("Action");
    let role = asked.field("RoleArn");
    state.note(format!("{action} {role}").trim());
    let (status, body) = match carry_out(state, asked, &action) {
        Ok(body) => (200, format!("<{action}Response><{action}Result>{body}</{action}Result></{action}Response>")),
        Err((status, code, message)) => (
            status,
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                 <RequestId>1</RequestId></ErrorResponse>"
            ),
        ),
    };
    let time = jiff::Timestamp::from_second(now() + state.knobs().ahead).unwrap();
    let date = time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    Answer::new(status, body).header("content-type", "text/xml").header("date", date)
}

fn carry_out(state: &State, asked: &Asked, action: &str) -> Result<String, Refusal> {
    let role = asked.field("RoleArn");
    let session = asked.field("RoleSessionName");
    let seconds: i64 = asked.field("DurationSeconds").parse().unwrap_or(3600);
    match action {
        "AssumeRoleWithWebIdentity" => {
            unsigned(asked)?;
            let subject = trusted(state, &asked.field("WebIdentityToken"))?;
            let more = format!("<SubjectFromWebIdentityToken>{subject}</SubjectFromWebIdentityToken>");
            Ok(format!("{}{more}", keys(state, &role, &session, seconds)))
        }
        "AssumeRoleWithSAML" => {
            unsigned(asked)?;
            offered(state, &asked.field("SAMLAssertion"), &role, &asked.field("PrincipalArn"))?;
            if seconds > 7200 {
                let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
                return Err((400, "ValidationError", message.to_owned()));
            }
            Ok(keys(state, &role, "me@acme.test", seconds))
        }
        "AssumeRole" => {
            caller(state, asked)?;
            Ok(keys(state, &role, &session, seconds))
        }
        "GetCallerIdentity" => {
            let arn = caller(state, asked)?;
            let account = arn.split(':').nth(4).unwrap_or_default();
            Ok(format!("<Arn>{arn}</Arn><UserId>AROAEXAMPLE:x</UserId><Account>{account}</Account>"))
        }
        other => Err((400, "InvalidAction", format!("there is no action {other}"))),
    }
}

/// The subject of a token that an account trusts.
fn trusted(state: &State, token: &str) -> Result<String, Refusal> {
    let invalid = |message: String| (400, "InvalidIdentityToken", message);
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    let Some((claims, signed)) = issuer::read(state, token) else {
        return Err(invalid("The ID Token provided is not a valid JWT.".to_owned()));
    };
    if claims["iss"] != state.url.as_str() {
        let issuer = text(&claims["iss"]);
        return Err(invalid(format!("No OpenIDConnect provider found in your account for {issuer}")));
    }
    if !signed {
        return Err(invalid("The signature of the ID Token is not valid.".to_owned()));
    }
    if claims["aud"] != "sts.amazonaws.com" {
        return Err(invalid("Incorrect token audience".to_owned()));
    }
    if claims["exp"].as_i64().unwrap_or_default() <= now() + state.knobs().ahead {
        return Err((400, "ExpiredTokenException", "Token expired: current date/time must be before it".to_owned()));
    }
    let subject = text(&claims["sub"]);
    if subject != "repo:acme/infra:ref:refs/heads/main" {
        let message = "Not authorized to perform sts:AssumeRoleWithWebIdentity".to_owned();
        return Err((403, "AccessDenied", message));
    }
    Ok(subject)
}

/// That a response is one of this identity provider, letter by letter, and offers the role.
fn offered(state: &State, text: &str, role: &str, principal: &str) -> Result<(), Refusal> {
    let xml = String::from_utf8(STANDARD.decode(text).unwrap_or_default()).unwrap_or_default();
    // Of another one a program that knows its certificate is asked.
    if let Some(issuer) = state.knobs().issuer
        && xml.contains(&format!(">{issuer}</saml:Issuer>"))
    {
        if !is_signed(&state.knobs().verify, text) {
            return Err((400, "InvalidIdentityToken", "Response signature invalid".to_owned()));
        }
        let either = [format!(">{role},{principal}<"), format!(">{principal},{role}<")];
        return if either.iter().any(|pair| xml.contains(pair)) { Ok(()) } else { Err(denied()) };
    }
    if !state.issued.lock().unwrap().iter().any(|known| known == text) {
        return Err((400, "InvalidIdentityToken", "Response signature invalid".to_owned()));
    }
    let now = jiff::Timestamp::from_second(now() + state.knobs().ahead).unwrap();
    let time =
        |name: &str| -> jiff::Timestamp { xml.split_once(name).unwrap().1.split('"').nth(1).unwrap().parse().unwrap() };
    if time("NotOnOrAfter=") <= now {
        return Err((400, "ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance".to_owned()));
    }
    if time("NotBefore=").duration_since(now).as_secs() > 60 {
        return Err((400, "IDPRejectedClaim", "The assertion is not valid yet".to_owned()));
    }
    if xml.contains(&format!("<saml:AttributeValue>{role},{principal}</saml:AttributeValue>")) && !role.ends_with("/C")
    {
        return Ok(());
    }
    Err(denied())
}

/// Without a program nobody is believed.
#[expect(clippy::disallowed_methods, reason = "this server is the outside world of the program")]
fn is_signed(verify: &[String], text: &str) -> bool {
    let Some((program, arguments)) = verify.split_first() else { return false };
    let mut command = std::process::Command::new(program);
    command.args(arguments).stdin(std::process::Stdio::piped()).stderr(std::process::Stdio::inherit());
    let mut child = command.spawn().expect("the program that verifies starts");
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
    child.wait().expect("it ends").success()
}

fn denied() -> Refusal {
    (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML".to_owned())
}

/// What is proved by a token must not be signed for as well: that would be keys of somebody else.
fn unsigned(asked: &Asked) -> Result<(), Refusal> {
    if asked.header("authorization").is_empty() {
        return Ok(());
    }
    Err((403, "SignatureDoesNotMatch", "this call takes no signature".to_owned()))
}

/// Who has the key that a request is signed with; the signature itself is checked by another server of these tests.
fn caller(state: &State, asked: &Asked) -> Result<String, Refusal> {
    let header = asked.header("authorization");
    let id = header.split_once("Credential=").and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default();
    let known = state.sessions.lock().unwrap().get(id).cloned();
    known.ok_or_else(|| {
        (403, "InvalidClientTokenId", "The security token included in the request is invalid".to_owned())
    })
}

fn keys(state: &State, role: &str, session: &str, seconds: i64) -> String {
    let account = role.split(':').nth(4).unwrap_or_default();
    let name = role.rsplit('/').next().unwrap_or_default();
    let arn = format!("arn:aws:sts::{account}:assumed-role/{name}/{session}");
    let id = opaque("ASIA").to_uppercase()[..20].to_owned();
    state.sessions.lock().unwrap().insert(id.clone(), arn.clone());
    let (secret, token) = (state.issue(opaque("secret/")), state.issue(opaque("session/")));
    let ends = jiff::Timestamp::from_second(now() + seconds).unwrap();
    format!(
        "<Credentials><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>\
         <SessionToken>{token}</SessionToken><Expiration>{ends:.0}</Expiration></Credentials>\
         <AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId><Arn>{arn}</Arn></AssumedRoleUser>"
    )
}
