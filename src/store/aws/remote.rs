//! Credentials that the place gives where atmos runs: a container, or a machine of AWS.

use std::time::Duration;

use serde_json::Value as Json;

use super::super::identity::AwsKeys;
use super::super::line::{Line, excerpt};
use super::super::problem::Problem;
use super::ambient::static_keys;
use crate::cloud::aws;
use crate::host::HttpRequest;
use crate::secret::Secret;

/// Whoever is not on a machine of AWS must not wait.
const SOON: Duration = Duration::from_secs(1);
const CONTAINER: &str = "http://169.254.170.2";
const HELP: &str = "give the store or the component an `identity`";

/// The role of a container; `None` outside of one.
pub(super) async fn container(line: &Line) -> Result<Option<AwsKeys>, Problem> {
    let env = &line.host.env;
    let relative = env.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").map(|path| format!("{CONTAINER}{path}"));
    let full = env.get("AWS_CONTAINER_CREDENTIALS_FULL_URI").map(str::to_owned);
    let Some(url) = relative.or(full) else { return Ok(None) };
    let mut call = HttpRequest::new("GET", url);
    let file = env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    let from_file = file.and_then(|file| std::fs::read_to_string(file).ok());
    let token = from_file.or_else(|| env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(str::to_owned));
    if let Some(token) = token {
        line.host.masker.register(&Secret::from(token.trim().to_owned()));
        call = call.header("authorization", token.trim());
    }
    let answer = line.ask(call, |_| false).await?;
    let keys = parsed(&answer.body).filter(|_| answer.status == 200);
    let none = || Problem::credentials(format!("the container gives no credentials: {}", excerpt(&answer)), HELP);
    keys.map(Some).ok_or_else(none)
}

/// The role of a machine; `None` outside of AWS, or where the user switched this off.
pub(super) async fn machine(line: &Line) -> Option<AwsKeys> {
    let keys = aws::of_machine(line.desk(), SOON).await?;
    Some(AwsKeys {
        access_key_id: keys.access_key_id,
        secret_access_key: keys.secret_access_key,
        session_token: keys.session_token,
        endpoint: None,
    })
}

/// Keys in the JSON of a process, a container or a machine.
pub(super) fn parsed(bytes: &[u8]) -> Option<AwsKeys> {
    let json: Json = serde_json::from_slice(bytes).ok()?;
    let text = |key: &str| json.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
    let token = text("SessionToken").or_else(|| text("Token")).map(|token| Secret::from(token.to_owned()));
    Some(static_keys(text("AccessKeyId")?, text("SecretAccessKey")?, token))
}
