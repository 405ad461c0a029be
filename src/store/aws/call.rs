//! One signed call.

use serde_json::Value as Json;

use super::super::identity::AwsKeys;
use super::super::line::{Line, excerpt};
use super::super::problem::{Fault, Problem};
use super::service::Service;
use crate::host::{AwsSigner, HttpRequest, HttpResponse};

/// Calls an operation of a JSON service.
pub(super) async fn json(
    line: &Line,
    keys: &AwsKeys,
    region: &str,
    service: Service,
    endpoint: &str,
    target: &str,
    body: &Json,
) -> Result<Json, Problem> {
    let mut call = HttpRequest::new("POST", format!("{endpoint}/"))
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", target);
    call.body = body.to_string().into_bytes();
    let call = signed(line, call, keys, region, service)?;
    let answer = line.ask(call, |answer| is_throttled(&code(answer))).await?;
    if answer.status == 200 {
        let parsed = serde_json::from_slice(&answer.body);
        return parsed.map_err(|_| Problem::refused(format!("the answer is not JSON: {}", excerpt(&answer))));
    }
    Err(refusal(&code(&answer), &message(&answer)))
}

/// The call with its signature.
pub(super) fn signed(
    line: &Line,
    mut call: HttpRequest,
    keys: &AwsKeys,
    region: &str,
    service: Service,
) -> Result<HttpRequest, Problem> {
    let signer = AwsSigner {
        access_key_id: &keys.access_key_id,
        secret_access_key: &keys.secret_access_key,
        session_token: keys.session_token.as_ref(),
        region,
        service: service.name(),
    };
    let signed = signer.sign(&mut call, line.host.now());
    signed.map_err(|reason| Problem::settings(format!("the request cannot be signed: {reason}")))?;
    Ok(call)
}

/// The name of the error, without what services put around it.
fn code(answer: &HttpResponse) -> String {
    let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    let named = json.get("__type").or_else(|| json.get("code")).and_then(Json::as_str).map(str::to_owned);
    let named = named.or_else(|| answer.header("x-amzn-errortype").map(str::to_owned)).unwrap_or_default();
    let name = named.rsplit('#').next().unwrap_or_default();
    name.split(':').next().unwrap_or_default().to_owned()
}

fn message(answer: &HttpResponse) -> String {
    let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = json.get("message").or_else(|| json.get("Message")).and_then(Json::as_str);
    text.map_or_else(|| excerpt(answer), str::to_owned)
}

fn is_throttled(code: &str) -> bool {
    code.contains("Throttl") || code.contains("TooManyRequests") || code == "RequestLimitExceeded"
}

/// What a service said that is no value.
pub(super) fn refusal(code: &str, message: &str) -> Problem {
    const DENIED: [&str; 10] = [
        "AccessDenied",
        "AccessDeniedException",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "OptInRequired",
        "NotAuthorized",
    ];
    let text = if code.is_empty() { message.to_owned() } else { format!("{code}: {message}") };
    match code {
        "ParameterNotFound" | "ParameterVersionNotFound" | "ResourceNotFoundException" => {
            Problem::new(Fault::Missing, text, "")
        }
        _ if DENIED.contains(&code) || code.starts_with("ExpiredToken") => Problem::denied(text),
        _ => Problem::refused(text),
    }
}
