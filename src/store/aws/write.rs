//! Puts the value of a parameter or of a secret.

use serde_json::json;

use super::super::identity::Identity;
use super::super::line::Line;
use super::super::problem::{Fault, Problem};
use super::super::settings::Spec;
use super::read::Asker;
use super::service::Service;

pub(in super::super) async fn write(
    line: &Line,
    spec: &Spec,
    name: &str,
    text: &str,
    identity: Option<&dyn Identity>,
) -> Result<(), Problem> {
    let asker = Asker::new(line, spec, "write_role_arn", identity).await?;
    if asker.service == Service::Ssm {
        let kind = if spec.secret { "SecureString" } else { "String" };
        let body = json!({"Name": name, "Value": text, "Type": kind, "Overwrite": true});
        return asker.ask("AmazonSSM.PutParameter", &body).await.map(drop);
    }
    let token = token()?;
    let body = json!({"SecretId": name, "SecretString": text, "ClientRequestToken": token});
    match asker.ask("secretsmanager.PutSecretValue", &body).await {
        Err(problem) if problem.fault == Fault::Missing => {
            let body = json!({"Name": name, "SecretString": text, "ClientRequestToken": token});
            asker.ask("secretsmanager.CreateSecret", &body).await.map(drop)
        }
        other => other.map(drop),
    }
}

/// Makes a call that is sent twice one change. The service demands it of everybody who has no library for that.
fn token() -> Result<String, Problem> {
    use std::fmt::Write as _;
    let mut bytes = [0; 16];
    let failed = |error: getrandom::Error| Problem::refused(format!("no random number: {error}"));
    getrandom::fill(&mut bytes).map_err(failed)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
