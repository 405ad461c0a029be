//! An http backend, and refusals of S3.

use crate::state;
use crate::wire::{Answer, Asked};

/// `states:s3cr3t-of-http` in base64.
const BASIC: &str = "Basic c3RhdGVzOnMzY3IzdC1vZi1odHRw";

pub(crate) fn route(asked: &Asked) -> Answer {
    let may = asked.header("authorization") == BASIC && asked.header("x-tenant") == "blue";
    match asked.path.as_str() {
        "/http/state" if may => Answer::new(200, state("http-1")),
        "/http/state" => Answer::new(401, ""),
        "/s3-denied/terraform.tfstate" => s3(403, "AccessDenied", "Access Denied"),
        "/s3-newer/terraform.tfstate" => Answer::new(200, "{\"version\": 5, \"outputs\": {}}"),
        "/s3-broken/terraform.tfstate" => s3(503, "SlowDown", "Reduce your request rate."),
        path if path.starts_with("/s3-") => s3(404, "NoSuchKey", "The specified key does not exist."),
        _ => Answer::new(404, ""),
    }
}

fn s3(status: u16, code: &str, message: &str) -> Answer {
    Answer::new(status, format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"))
}
