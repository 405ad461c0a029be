//! The value of a parameter or of a secret.

use serde_json::{Value as Json, json};

use super::super::identity::{AwsKeys, Identity};
use super::super::kind::Kind;
use super::super::line::Line;
use super::super::problem::{Fault, Problem};
use super::super::settings::Spec;
use super::service::{Service, endpoint};
use super::{ambient, call, sts};

pub(in super::super) async fn read(
    line: &Line,
    spec: &Spec,
    name: &str,
    identity: Option<&dyn Identity>,
) -> Result<String, Problem> {
    let region = spec.required("region")?;
    let keys = match identity {
        Some(identity) => identity.aws().await,
        None => line.keys(format!("ambient {region}"), ambient::keys(line, &region)).await,
    };
    let keys = as_reader(line, spec, &region, keys?, identity).await;
    let keys = keys.map_err(|problem| named(problem, identity))?;
    let service = if spec.kind == Kind::Ssm { Service::Ssm } else { Service::SecretsManager };
    let endpoint = endpoint(&line.host.env, service, &region, spec.endpoint().as_deref(), keys.endpoint.as_deref());
    let (target, body) = match service {
        Service::Ssm => ("AmazonSSM.GetParameter", json!({"Name": name, "WithDecryption": true})),
        _ => ("secretsmanager.GetSecretValue", json!({"SecretId": name})),
    };
    let answer = call::json(line, &keys, &region, service, &endpoint, target, &body).await;
    let answer = answer.map_err(|problem| match problem.fault {
        Fault::Missing => Problem::missing(name),
        _ => named(problem, identity),
    })?;
    let found = match service {
        Service::Ssm => answer.pointer("/Parameter/Value"),
        _ => answer.get("SecretString"),
    };
    let empty = || Problem::refused(format!("`{name}` has no text (binary secrets are not read)"));
    found.and_then(Json::as_str).map(str::to_owned).ok_or_else(empty)
}

/// The keys of the role that reads, where the store names one.
async fn as_reader(
    line: &Line,
    spec: &Spec,
    region: &str,
    keys: AwsKeys,
    identity: Option<&dyn Identity>,
) -> Result<AwsKeys, Problem> {
    let Some(role) = spec.option("read_role_arn").filter(|_| spec.kind == Kind::Ssm) else { return Ok(keys) };
    let whose = identity.map_or("", |identity| identity.fingerprint());
    let whose = format!("role {role} {} {region} {whose}", spec.name);
    line.keys(whose, sts::assume_role(line, &keys, region, &role, "atmos-ssm-session")).await
}

/// A refusal with the name of who was refused.
fn named(mut problem: Problem, identity: Option<&dyn Identity>) -> Problem {
    let who = identity.map_or("the credentials of the environment".to_owned(), |who| format!("`{}`", who.name()));
    if problem.fault == Fault::Denied {
        problem.reason = format!("{} (asked as {who})", problem.reason);
    }
    problem
}
