//! The organization that an account belongs to. Row 5.

use serde_json::Value as Json;

use super::super::creds::AwsCredentials;
use super::super::error::Error;
use super::sign::sign;
use crate::host::{Host, Http, HttpRequest};

const WHAT: &str = "DescribeOrganization";
const TARGET: &str = "AWSOrganizationsV20161128.DescribeOrganization";
const CONTENT: &str = "application/x-amz-json-1.1";
const LIMIT: usize = 256 * 1024;

/// Region and host of the service, of which each partition has one.
fn home(region: &str) -> (&'static str, &'static str) {
    match region {
        region if region.starts_with("cn-") => {
            ("cn-northwest-1", "https://organizations.cn-northwest-1.amazonaws.com.cn")
        }
        region if region.starts_with("us-gov-") => {
            ("us-gov-west-1", "https://organizations.us-gov-west-1.amazonaws.com")
        }
        _ => ("us-east-1", "https://organizations.us-east-1.amazonaws.com"),
    }
}

/// The id of the organization of the account behind `credentials`.
///
/// # Errors
/// The service refuses or cannot be reached; the account is in no organization.
pub async fn id(
    host: &Host,
    http: &Http,
    endpoint: Option<&str>,
    region: &str,
    credentials: &AwsCredentials,
) -> Result<String, Error> {
    let (region, standard) = home(region);
    let url = format!("{}/", endpoint.unwrap_or(standard).trim_end_matches('/'));
    let mut request = HttpRequest::post(url, CONTENT, "{}").header("x-amz-target", TARGET);
    let refused = |answer: String| Error::Refused {
        what: WHAT.to_owned(),
        answer,
        help: "the identity in force needs organizations:DescribeOrganization, and the account an organization"
            .to_owned(),
    };
    sign(&mut request, credentials, region, "organizations", host.now()).map_err(refused)?;
    let answer = http.send_patiently(&request, LIMIT).await.map_err(|error| Error::Unreachable {
        what: WHAT.to_owned(),
        endpoint: request.authority().to_owned(),
        reason: error.to_string(),
    })?;
    let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status != 200 {
        let code = json["__type"].as_str().and_then(|code| code.rsplit('#').next()).unwrap_or_default();
        let message = json["Message"].as_str().or_else(|| json["message"].as_str()).unwrap_or_default();
        return Err(refused(format!("HTTP status {}: {code}: {message}", answer.status)));
    }
    let id = json["Organization"]["Id"].as_str().filter(|id| !id.is_empty());
    id.map(str::to_owned).ok_or_else(|| refused("the answer names no organization".to_owned()))
}
