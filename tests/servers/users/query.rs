//! STS and IAM: forms in, XML out.

use std::collections::BTreeMap;

use crate::signature::{self, Refusal, Signer};
use crate::state::{Key, Session, State, never};
use crate::{Asked, Reply};

const XML: &str = "text/xml";

/// One action.
pub(crate) async fn answer(state: &State, asked: &Asked) -> Reply {
    let form = pairs(&String::from_utf8_lossy(&asked.body));
    let action = form.get("Action").cloned().unwrap_or_default();
    let (before, after) = {
        let mut memory = state.memory();
        let detail = form.get("RoleArn").or_else(|| form.get("AccessKeyId")).cloned().unwrap_or_default();
        memory.log.push(format!("{action} {detail}").trim().to_owned());
        (memory.knobs.hang_before == action, memory.knobs.hang_after == action)
    };
    if before {
        never().await;
    }
    let result = carry_out(state, asked, &action, &form);
    if after {
        never().await;
    }
    match result {
        Ok(body) => {
            Reply(200, XML, format!("<{action}Response><{action}Result>{body}</{action}Result></{action}Response>"))
        }
        Err((status, code, message)) => Reply(
            status,
            XML,
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                 <RequestId>1</RequestId></ErrorResponse>"
            ),
        ),
    }
}

fn carry_out(state: &State, asked: &Asked, action: &str, form: &BTreeMap<String, String>) -> Result<String, Refusal> {
    let mut memory = state.memory();
    let signer = signature::check(&mut memory, asked)?;
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let seconds = get("DurationSeconds").parse().unwrap_or(3600);
    match action {
        "GetCallerIdentity" => {
            Ok(format!("<Arn>{}</Arn><UserId>AIDAEXAMPLE</UserId><Account>{}</Account>", signer.arn, signer.account))
        }
        "GetSessionToken" => {
            if signer.session {
                return Err(denied("Cannot call GetSessionToken with session credentials"));
            }
            let mfa = !get("SerialNumber").is_empty();
            if mfa {
                let code = get("TokenCode").to_owned();
                if code != memory.knobs.code || !memory.used_codes.insert(code) {
                    return Err(denied("MultiFactorAuthentication failed with invalid MFA one time pass code."));
                }
            }
            let (id, session) = memory.make_session(&signer.arn, &signer.account, mfa, seconds);
            Ok(keys(&id, &session))
        }
        "AssumeRole" => {
            if memory.knobs.require_mfa && !signer.mfa {
                return Err(denied(&format!(
                    "User: {} is not authorized to perform: sts:AssumeRole without MultiFactorAuthentication",
                    signer.arn
                )));
            }
            let role = get("RoleArn");
            let account = role.split(':').nth(4).unwrap_or_default().to_owned();
            let name = role.rsplit('/').next().unwrap_or_default();
            let arn = format!("arn:aws:sts::{account}:assumed-role/{name}/{}", get("RoleSessionName"));
            let (id, session) = memory.make_session(&arn, &account, signer.mfa, seconds);
            let user =
                format!("<AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId><Arn>{arn}</Arn></AssumedRoleUser>");
            Ok(format!("{}{user}", keys(&id, &session)))
        }
        "AssumeRoot" => {
            let account = get("TargetPrincipal").to_owned();
            let arn = format!("arn:aws:iam::{account}:root");
            let (id, session) = memory.make_session(&arn, &account, signer.mfa, seconds);
            Ok(keys(&id, &session))
        }
        "ListAccessKeys" => {
            let member = |key: &Key| {
                format!(
                    "<member><UserName>worker</UserName><AccessKeyId>{}</AccessKeyId><Status>Active</Status>\
                     <CreateDate>{:.0}</CreateDate></member>",
                    key.id, key.created
                )
            };
            let members: String = memory.keys.iter().map(member).collect();
            Ok(format!("<AccessKeyMetadata>{members}</AccessKeyMetadata><IsTruncated>false</IsTruncated>"))
        }
        "CreateAccessKey" if memory.keys.len() >= 2 => {
            Err((409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2".to_owned()))
        }
        "CreateAccessKey" => {
            let key = memory.make_key();
            Ok(format!(
                "<AccessKey><UserName>worker</UserName><AccessKeyId>{}</AccessKeyId><Status>Active</Status>\
                 <SecretAccessKey>{}</SecretAccessKey></AccessKey>",
                key.id, key.secret
            ))
        }
        "DeleteAccessKey" => delete(&mut memory.keys, get("AccessKeyId"), &signer),
        other => Err((400, "InvalidAction", format!("there is no action {other}"))),
    }
}

fn delete(keys: &mut Vec<Key>, id: &str, _signer: &Signer) -> Result<String, Refusal> {
    let before = keys.len();
    keys.retain(|key| key.id != id);
    if keys.len() == before {
        return Err((404, "NoSuchEntity", format!("The Access Key with id {id} cannot be found.")));
    }
    Ok(String::new())
}

fn denied(message: &str) -> Refusal {
    (403, "AccessDenied", message.to_owned())
}

fn keys(id: &str, session: &Session) -> String {
    format!(
        "<Credentials><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken>\
         <Expiration>{:.0}</Expiration></Credentials>",
        session.secret, session.token, session.ends
    )
}

/// Pairs of a form.
pub(crate) fn pairs(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code =
            bytes.get(at + 1..at + 3).and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        match (bytes[at], code) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(if byte == b'+' { b' ' } else { byte });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
