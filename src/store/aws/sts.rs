//! Taking a role: the two calls of STS that stores need.

use super::super::identity::AwsKeys;
use super::super::line::{Line, excerpt};
use super::super::problem::Problem;
use super::call::{refusal, signed};
use super::service::{Service, endpoint};
use crate::cloud::ambient::NamedRole;
use crate::host::xml::element;
use crate::host::{HttpRequest, form};
use crate::secret::{Expose as _, Secret};

const VERSION: &str = "2011-06-15";
const TYPE: &str = "application/x-www-form-urlencoded";

/// Name of the session where nobody gives it one.
const SESSION: &str = "atmos-store";

/// The keys of a role that `keys` may take.
pub(super) async fn assume_role(
    line: &Line,
    keys: &AwsKeys,
    region: &str,
    role: &NamedRole,
) -> Result<AwsKeys, Problem> {
    let endpoint = endpoint(&line.host.env, Service::Sts, region, None, keys.endpoint.as_deref());
    let mut call = HttpRequest::new("POST", format!("{endpoint}/")).header("content-type", TYPE);
    let duration = role.duration.map(|seconds| seconds.to_string());
    let mut fields = of_role("AssumeRole", role);
    fields.extend(role.external_id.as_deref().map(|id| ("ExternalId", id)));
    fields.extend(duration.as_deref().map(|seconds| ("DurationSeconds", seconds)));
    call.body = form(&fields).into_bytes();
    let call = signed(line, call, keys, region, Service::Sts)?;
    let taken = taken(line, call, &role.arn).await?;
    Ok(AwsKeys { endpoint: keys.endpoint.clone(), ..taken })
}

/// The keys of a role by a token that somebody else gave out. Nothing is signed.
pub(super) async fn assume_role_with_web_identity(
    line: &Line,
    region: &str,
    role: &NamedRole,
    token: &Secret,
) -> Result<AwsKeys, Problem> {
    let endpoint = endpoint(&line.host.env, Service::Sts, region, None, None);
    let mut call = HttpRequest::new("POST", format!("{endpoint}/")).header("content-type", TYPE);
    let mut fields = of_role("AssumeRoleWithWebIdentity", role);
    fields.push(("WebIdentityToken", token.expose_secret()));
    call.body = form(&fields).into_bytes();
    taken(line, call, &role.arn).await
}

fn of_role<'a>(action: &'a str, role: &'a NamedRole) -> Vec<(&'a str, &'a str)> {
    let session = role.session_name.as_deref().unwrap_or(SESSION);
    vec![("Action", action), ("Version", VERSION), ("RoleArn", &role.arn), ("RoleSessionName", session)]
}

async fn taken(line: &Line, call: HttpRequest, role: &str) -> Result<AwsKeys, Problem> {
    let answer = line.ask(call, |_| false).await?;
    let text = answer.text();
    if answer.status != 200 {
        let code = element(&text, "Code").unwrap_or_default();
        let message = element(&text, "Message").unwrap_or_else(|| excerpt(&answer));
        let problem = refusal(&code, &message);
        return Err(Problem { reason: format!("failed to assume role {role}: {}", problem.reason), ..problem });
    }
    let found = |name: &str| element(&text, name);
    match (found("AccessKeyId"), found("SecretAccessKey"), found("SessionToken")) {
        (Some(access_key_id), Some(secret), Some(token)) => Ok(AwsKeys {
            access_key_id,
            secret_access_key: secret.into(),
            session_token: Some(token.into()),
            endpoint: None,
        }),
        _ => Err(Problem::refused(format!("STS gave no keys for the role {role}"))),
    }
}
