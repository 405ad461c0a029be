//! Keys that a machine of AWS gives to what runs on it, by version 2 of its metadata service.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::token::Desk;
use crate::host::HttpRequest;
use crate::secret::{Expose as _, Secret};

const MACHINE: &str = "http://169.254.169.254";
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
/// Largest answer.
const LIMIT: usize = 64 * 1024;

/// Keys as something around this program gives them.
#[derive(Debug, Clone)]
pub struct Keys {
    pub access_key_id: String,
    pub secret_access_key: Secret,
    pub session_token: Option<Secret>,
    pub expiration: Option<Timestamp>,
}

impl Keys {
    /// Keys in the JSON of a program, a container or a machine.
    pub fn read(bytes: &[u8]) -> Option<Keys> {
        let json: Json = serde_json::from_slice(bytes).ok()?;
        let text = |key: &str| json[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        // An end that cannot be read is no reason to take them for everlasting.
        let expiration = match text("Expiration") {
            Some(text) => Some(text.parse().ok()?),
            None => None,
        };
        Some(Keys {
            access_key_id: text("AccessKeyId")?,
            secret_access_key: Secret::from(text("SecretAccessKey")?),
            session_token: text("SessionToken").or_else(|| text("Token")).map(Secret::from),
            expiration,
        })
    }
}

/// The keys of the machine's role; `None` outside of AWS, or where the user switched this off. Whoever is not there waits no
/// longer than `patience` for each answer.
pub async fn of_machine(desk: Desk<'_>, patience: Duration) -> Option<Keys> {
    let env = &desk.host.env;
    if env.get("AWS_EC2_METADATA_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        return None;
    }
    let base = env.get("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or(MACHINE).trim_end_matches('/');
    let ask = async |request: HttpRequest| {
        let answer = desk.http.send(&HttpRequest { timeout: Some(patience), ..request }, LIMIT).await;
        answer.ok().filter(|answer| answer.status == 200)
    };
    let token = HttpRequest::new("PUT", format!("{base}/latest/api/token"));
    let token = ask(token.header("x-aws-ec2-metadata-token-ttl-seconds", "300")).await?.text();
    let token = desk.register(token.trim());
    let get = |path: &str| {
        let request = HttpRequest::get(format!("{base}{ROLES}{path}"));
        ask(request.header("x-aws-ec2-metadata-token", token.expose_secret()))
    };
    let roles = get("").await?.text();
    let answer = get(roles.lines().next()?.trim()).await?;
    Keys::read(&answer.body)
}
