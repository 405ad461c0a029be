//! The value of a parameter or of a secret.

use serde_json::{Value as Json, json};

use super::super::identity::{AwsKeys, Identity};
use super::super::kind::Kind;
use super::super::line::Line;
use super::super::problem::{Fault, Problem};
use super::super::settings::Spec;
use super::service::{Service, endpoint};
use super::{ambient, call, sts};
use crate::cloud::ambient::NamedRole;

pub(in super::super) async fn read(
    line: &Line,
    spec: &Spec,
    name: &str,
    identity: Option<&dyn Identity>,
) -> Result<String, Problem> {
    let asker = Asker::new(line, spec, "read_role_arn", identity).await?;
    let (target, body) = match asker.service {
        Service::Ssm => ("AmazonSSM.GetParameter", json!({"Name": name, "WithDecryption": true})),
        _ => ("secretsmanager.GetSecretValue", json!({"SecretId": name})),
    };
    let answer = asker.ask(target, &body).await;
    let answer = answer.map_err(|problem| match problem.fault {
        Fault::Missing => Problem::missing(name),
        _ => problem,
    })?;
    let found = match asker.service {
        Service::Ssm => answer.pointer("/Parameter/Value"),
        _ => answer.get("SecretString"),
    };
    let empty = || Problem::refused(format!("`{name}` has no text (binary secrets are not read)"));
    found.and_then(Json::as_str).map(str::to_owned).ok_or_else(empty)
}

/// Who asks which service for a store.
pub(super) struct Asker<'a> {
    line: &'a Line,
    identity: Option<&'a dyn Identity>,
    keys: AwsKeys,
    region: String,
    pub(super) service: Service,
    endpoint: String,
}

impl<'a> Asker<'a> {
    /// `role` is the option with the role that is taken for this.
    pub(super) async fn new(
        line: &'a Line,
        spec: &Spec,
        role: &str,
        identity: Option<&'a dyn Identity>,
    ) -> Result<Asker<'a>, Problem> {
        let region = spec.required("region")?;
        let keys = match identity {
            Some(identity) => identity.aws().await,
            None => line.keys(format!("ambient {region}"), ambient::keys(line, &region)).await,
        };
        let keys = as_role(line, spec, &region, keys?, role, identity).await;
        let keys = keys.map_err(|problem| named(problem, identity))?;
        let service = if spec.kind == Kind::Ssm { Service::Ssm } else { Service::SecretsManager };
        let endpoint = endpoint(&line.host.env, service, &region, spec.endpoint().as_deref(), keys.endpoint.as_deref());
        Ok(Asker { line, identity, keys, region, service, endpoint })
    }

    pub(super) async fn ask(&self, target: &str, body: &Json) -> Result<Json, Problem> {
        let answer = call::json(self.line, &self.keys, &self.region, self.service, &self.endpoint, target, body).await;
        answer.map_err(|problem| named(problem, self.identity))
    }
}

/// The keys of the role that the store names for this, if it names one.
async fn as_role(
    line: &Line,
    spec: &Spec,
    region: &str,
    keys: AwsKeys,
    option: &str,
    identity: Option<&dyn Identity>,
) -> Result<AwsKeys, Problem> {
    let Some(role) = spec.option(option).filter(|_| spec.kind == Kind::Ssm) else { return Ok(keys) };
    let whose = identity.map_or("", |identity| identity.fingerprint());
    let whose = format!("role {role} {} {region} {whose}", spec.name);
    let session_name = Some("atmos-ssm-session".to_owned());
    let role = NamedRole { arn: role, session_name, ..NamedRole::default() };
    line.keys(whose, sts::assume_role(line, &keys, region, &role)).await
}

/// A refusal with the name of who was refused.
fn named(mut problem: Problem, identity: Option<&dyn Identity>) -> Problem {
    let who = identity.map_or("the credentials of the environment".to_owned(), |who| format!("`{}`", who.name()));
    if problem.fault == Fault::Denied {
        problem.reason = format!("{} (asked as {who})", problem.reason);
    }
    problem
}
