//! Checks signatures of AWS (version 4): that who signs knows the secret, now, for this request.

use hyper::HeaderMap;
use jiff::Timestamp;
use jiff::civil::DateTime;
use ring::hmac;
use sha2::{Digest as _, Sha256};

use crate::Asked;
use crate::state::Memory;

/// A request that is older or younger is refused.
const WINDOW: i64 = 300;

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signer {
    pub(crate) key: String,
    pub(crate) arn: String,
    pub(crate) account: String,
    pub(crate) mfa: bool,
    /// It is a session, no key that lasts.
    pub(crate) session: bool,
}

/// Code and message of a refusal.
pub(crate) type Refusal = (u16, &'static str, String);

/// The signer of a request.
pub(crate) fn check(memory: &mut Memory, asked: &Asked) -> Result<Signer, Refusal> {
    let header = asked.header("authorization").to_owned();
    let part = |name: &str| {
        let (_, rest) = header.split_once(&format!("{name}="))?;
        Some(rest.split(',').next().unwrap_or_default().trim().to_owned())
    };
    let (Some(scope), Some(names), Some(signature)) = (part("Credential"), part("SignedHeaders"), part("Signature"))
    else {
        return Err((403, "MissingAuthenticationToken", "the request is not signed".to_owned()));
    };
    let parts: Vec<&str> = scope.split('/').collect();
    let [id, day, region, service, _] = parts.as_slice() else {
        return Err((400, "IncompleteSignature", "the credential has not five parts".to_owned()));
    };
    let unknown = || (403, "InvalidClientTokenId", "The security token included in the request is invalid.".to_owned());
    let now = memory.now();
    let (secret, signer) = if let Some(key) = memory.keys.iter_mut().find(|key| key.id == **id) {
        if key.unknown_for > 0 {
            key.unknown_for -= 1;
            return Err(unknown());
        }
        let (arn, account) = (crate::state::USER.to_owned(), crate::state::ACCOUNT.to_owned());
        let signer = Signer { key: key.id.clone(), arn, account, mfa: false, session: false };
        (key.secret.clone(), signer)
    } else {
        let session = memory.sessions.get(*id).ok_or_else(unknown)?;
        if asked.header("x-amz-security-token") != session.token {
            return Err(unknown());
        }
        if session.ends <= now {
            return Err((403, "ExpiredToken", "The security token included in the request is expired".to_owned()));
        }
        let (arn, account) = (session.arn.clone(), session.account.clone());
        (session.secret.clone(), Signer { key: (*id).to_owned(), arn, account, mfa: session.mfa, session: true })
    };
    let time = asked.header("x-amz-date").to_owned();
    let mismatch = |message: &str| (403, "SignatureDoesNotMatch", message.to_owned());
    let signed_at = DateTime::strptime("%Y%m%dT%H%M%SZ", &time).ok();
    let signed_at =
        signed_at.and_then(|at| at.to_zoned_datetime(jiff::tz::TimeZone::UTC).ok()).map(|at| at.timestamp());
    if signed_at.is_none_or(|at: Timestamp| at.duration_since(now).as_secs().abs() > WINDOW) {
        return Err(mismatch("Signature expired, or not yet current"));
    }
    let canonical = canonical(asked, &names);
    let text =
        format!("AWS4-HMAC-SHA256\n{time}\n{day}/{region}/{service}/aws4_request\n{}", sha(canonical.as_bytes()));
    let key = [*day, *region, *service, "aws4_request"]
        .iter()
        .fold(format!("AWS4{secret}").into_bytes(), |key, word| mac(&key, word));
    if hex(&mac(&key, &text)) == signature { Ok(signer) } else { Err(mismatch("The request signature does not match")) }
}

fn canonical(asked: &Asked, names: &str) -> String {
    let headers: Vec<String> =
        names.split(';').map(|name| format!("{name}:{}", values(&asked.headers, name))).collect();
    let mut query: Vec<&str> = asked.query.split('&').filter(|pair| !pair.is_empty()).collect();
    query.sort_unstable();
    format!(
        "{}\n{}\n{}\n{}\n\n{names}\n{}",
        asked.method,
        asked.path,
        query.join("&"),
        headers.join("\n"),
        sha(&asked.body)
    )
}

fn values(headers: &HeaderMap, name: &str) -> String {
    let all: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).map(str::trim).collect();
    all.join(",")
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn sha(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
