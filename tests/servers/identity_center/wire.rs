//! Requests and answers: what was asked in one struct, errors in the service's shape.

use std::collections::BTreeMap;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Response, StatusCode};
use serde_json::{Value, json};

/// One request, read completely.
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    /// The body as a JSON object whatever its content type says; an empty body is an empty object.
    pub(crate) fn json(&self) -> Result<Value, Refusal> {
        if self.body.is_empty() {
            return Ok(json!({}));
        }
        match serde_json::from_slice(&self.body) {
            Ok(value @ Value::Object(_)) => Ok(value),
            _ => Err(Refusal::oidc("InvalidRequestException", "the body is not a JSON object")),
        }
    }

    pub(crate) fn form(&self) -> BTreeMap<String, String> {
        pairs(&String::from_utf8_lossy(&self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// What goes back: an answer and the name of the error, if it is one, for the log.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    content_type: &'static str,
    error: Option<&'static str>,
    location: Option<String>,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(value: &Value) -> Answer {
        Answer {
            status: StatusCode::OK,
            content_type: "application/json",
            error: None,
            location: None,
            body: value.to_string().into_bytes(),
        }
    }

    pub(crate) fn html(status: StatusCode, page: String) -> Answer {
        Answer {
            status,
            content_type: "text/html; charset=utf-8",
            error: None,
            location: None,
            body: page.into_bytes(),
        }
    }

    /// To another page.
    pub(crate) fn redirect(address: &str) -> Answer {
        let mut answer = Answer::html(StatusCode::FOUND, String::new());
        answer.location = Some(address.to_owned());
        answer
    }

    /// 200 without a body.
    pub(crate) fn empty() -> Answer {
        Answer {
            status: StatusCode::OK,
            content_type: "application/json",
            error: None,
            location: None,
            body: Vec::new(),
        }
    }

    pub(crate) fn error(&self) -> Option<&'static str> {
        self.error
    }

    pub(crate) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(Bytes::from(self.body)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert("content-type", hyper::header::HeaderValue::from_static(self.content_type));
        headers.insert("cache-control", hyper::header::HeaderValue::from_static("no-store"));
        if let Some(address) = self.location.as_deref().and_then(|address| address.parse().ok()) {
            headers.insert("location", address);
        }
        if let Some(name) = self.error {
            headers.insert("x-amzn-errortype", hyper::header::HeaderValue::from_static(name));
        }
        response
    }
}

/// An error of the protocol: exception name, status, and the body that its half of the service uses.
#[derive(Debug)]
pub(crate) struct Refusal {
    name: &'static str,
    status: u16,
    body: Value,
}

impl Refusal {
    /// Of the OIDC half: the body carries the OAuth code.
    pub(crate) fn oidc(name: &'static str, description: &str) -> Refusal {
        let (status, code) = match name {
            "AuthorizationPendingException" => (400, "authorization_pending"),
            "SlowDownException" => (400, "slow_down"),
            "ExpiredTokenException" => (400, "expired_token"),
            "AccessDeniedException" => (400, "access_denied"),
            "InvalidGrantException" => (400, "invalid_grant"),
            "InvalidClientException" => (401, "invalid_client"),
            "InvalidClientMetadataException" => (400, "invalid_client_metadata"),
            "UnsupportedGrantTypeException" => (400, "unsupported_grant_type"),
            "InvalidScopeException" => (400, "invalid_scope"),
            "InternalServerException" => (500, "server_error"),
            _ => (400, "invalid_request"),
        };
        Refusal { name, status, body: json!({"error": code, "error_description": description}) }
    }

    /// Of the portal half: the body carries a message only.
    pub(crate) fn portal(name: &'static str, message: &str) -> Refusal {
        let status = match name {
            "UnauthorizedException" => 401,
            "ForbiddenException" => 403,
            "ResourceNotFoundException" => 404,
            "TooManyRequestsException" => 429,
            "InternalServerException" => 500,
            _ => 400,
        };
        Refusal { name, status, body: json!({"message": message, "__type": name}) }
    }

    pub(crate) fn into_answer(self) -> Answer {
        Answer {
            status: StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            content_type: "application/json",
            error: Some(self.name),
            location: None,
            body: self.body.to_string().into_bytes(),
        }
    }
}

/// Pairs of a query string or of a form.
pub(crate) fn pairs(text: &str) -> BTreeMap<String, String> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// Undoes URL encoding; a percent sign that starts no pair of digits stays.
pub(crate) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match (bytes[at], pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
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

/// URL-encodes everything but letters, digits and `-._~`.
pub(crate) fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decode_undoes_encode_and_leaves_stray_percent_signs() {
        for text in ["a b", "ä/+%&=", "", "100%"] {
            assert_eq!(decode(&encode(text)), text);
        }
        assert_eq!(decode("100%zz+%2"), "100%zz %2");
        assert_eq!(pairs("a=1&&b&c=x%20y").into_iter().map(|(_, value)| value).collect::<Vec<_>>(), ["1", "", "x y"]);
    }

    #[test]
    fn refusals_have_the_status_and_body_of_their_half() {
        let pending = Refusal::oidc("AuthorizationPendingException", "wait").into_answer();
        assert_eq!((pending.status.as_u16(), pending.error()), (400, Some("AuthorizationPendingException")));
        assert!(String::from_utf8(pending.body).unwrap().contains(r#""error":"authorization_pending""#));
        assert_eq!(Refusal::oidc("InvalidClientException", "").into_answer().status.as_u16(), 401);
        assert_eq!(Refusal::portal("ForbiddenException", "No access").into_answer().status.as_u16(), 403);
        assert_eq!(Refusal::portal("TooManyRequestsException", "").into_answer().status.as_u16(), 429);
    }
}
