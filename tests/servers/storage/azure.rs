//! Blobs with shared keys, shared access signatures and tokens; and the tokens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use crate::form::decoded;
use crate::state;
use crate::wire::{Answer, Asked};

/// The key that every emulator of the service has.
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const SIGNATURE: &str = "sv=2021-12-02&sig=abc%2Bdef";
const TOKEN: &str = "entra-access-token";
/// The headers that a signature covers, in its order.
const SIGNED: [&str; 11] = [
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
];

pub(crate) fn blob(asked: &Asked) -> Answer {
    if !may_read(asked) {
        return refused(403, "AuthenticationFailed");
    }
    if asked.header("x-ms-version").is_empty() {
        return refused(400, "MissingRequiredHeader");
    }
    let mut parts = asked.path.trim_start_matches('/').splitn(3, '/').skip(1);
    let (container, name) = (parts.next().unwrap_or_default(), decoded(parts.next().unwrap_or_default()));
    match (container, name.as_str()) {
        ("tfstate", "vpc.terraform.tfstateenv:dev") => Answer::new(200, state("azure-dev")),
        ("tfstate", _) => refused(404, "BlobNotFound"),
        _ => refused(404, "ContainerNotFound"),
    }
}

fn refused(status: u16, code: &str) -> Answer {
    Answer::new(status, format!("<Error><Code>{code}</Code></Error>")).header("x-ms-error-code", code)
}

fn may_read(asked: &Asked) -> bool {
    let authorization = asked.header("authorization");
    if let Some(given) = authorization.strip_prefix("SharedKey devstoreaccount1:") {
        return expected(asked).as_deref() == Some(given);
    }
    authorization == format!("Bearer {TOKEN}") || asked.query == SIGNATURE
}

/// The signature of the request as it arrived.
fn expected(asked: &Asked) -> Option<String> {
    let mut text = asked.method.clone();
    for name in SIGNED {
        text.push('\n');
        // A length of zero is signed as nothing.
        text.push_str(Some(asked.header(name)).filter(|value| *value != "0").unwrap_or_default());
    }
    text.push('\n');
    let mut own: Vec<_> = asked.headers.iter().filter(|(name, _)| name.starts_with("x-ms-")).collect();
    own.sort();
    for (name, value) in own {
        text.extend([name, ":", value, "\n"]);
    }
    text.extend(["/devstoreaccount1", &asked.path]);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(KEY).ok()?);
    Some(STANDARD.encode(hmac::sign(&key, text.as_bytes())))
}

pub(crate) fn login(asked: &Asked) -> Answer {
    let is = |name: &str, value: &str| asked.field(name) == value;
    let token = match asked.field("scope").as_str() {
        "https://storage.azure.com/.default" => TOKEN,
        "https://management.azure.com/.default" => crate::manage::TOKEN,
        _ => return Answer::json(400, &serde_json::json!({"error": "invalid_scope"})),
    };
    let client = is("grant_type", "client_credentials") && is("client_id", "client-1");
    let proven = is("client_secret", "s3cr3t-of-entra") || is("client_assertion", "federated-token");
    if client && proven && asked.path.starts_with("/tenant-1/") {
        return Answer::json(200, &serde_json::json!({"token_type": "Bearer", "access_token": token}));
    }
    Answer::json(401, &serde_json::json!({"error": "invalid_client", "error_description": "AADSTS7000215: no"}))
}
