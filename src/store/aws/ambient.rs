//! The credentials that the environment has, for stores that are read as nobody.

use std::time::Duration;

use super::super::identity::AwsKeys;
use super::super::line::Line;
use super::super::problem::Problem;
use super::sts;
use crate::cloud::ambient::{Ambient, Lack, NamedRole, Roles};
use crate::cloud::aws::Keys;
use crate::host::Profiles;
use crate::secret::Secret;

/// Whoever is not on a machine of AWS must not wait.
const SOON: Duration = Duration::from_secs(1);

/// Keys of the environment; else a profile, the role of a container, the role of a machine.
pub(super) async fn keys(line: &Line, region: &str) -> Result<AwsKeys, Problem> {
    let profiles = Profiles::read(&line.host.env, &line.host.cwd);
    let roles = ByCall { line, region };
    let search =
        Ambient { desk: line.desk(), env: &line.host.env, profiles: &profiles, roles: &roles, machine: Some(SOON) };
    search.find(None).await.map(of_store).map_err(problem)
}

fn problem(lack: Lack<Problem>) -> Problem {
    let help = "give the store or the component an `identity`, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and \
                AWS_SECRET_ACCESS_KEY";
    match lack {
        Lack::Role(problem) => problem,
        Lack::Nothing => Problem::credentials("the environment has no AWS credentials", help),
        Lack::Profile { name } => {
            Problem::credentials(format!("the profile `{name}` of AWS_PROFILE has no credentials"), help)
        }
        Lack::SignsIn { profile } => Problem::credentials(
            format!("the profile `{profile}` has its credentials by a login at a portal, which is not built here"),
            "configure it as an identity below `auth` of `atmos.yaml`, and name that as `identity`",
        ),
        Lack::Unusable { reason, help } => Problem::credentials(reason, help),
    }
}

/// By a call of our own.
struct ByCall<'a> {
    line: &'a Line,
    region: &'a str,
}

impl Roles for ByCall<'_> {
    type Error = Problem;

    async fn assume(&self, base: &Keys, role: &NamedRole) -> Result<Keys, Problem> {
        sts::assume_role(self.line, &of_store(base.clone()), self.region, role).await.map(of_cloud)
    }

    async fn assume_with_token(&self, role: &NamedRole, token: &Secret) -> Result<Keys, Problem> {
        sts::assume_role_with_web_identity(self.line, self.region, role, token).await.map(of_cloud)
    }
}

fn of_store(keys: Keys) -> AwsKeys {
    AwsKeys {
        access_key_id: keys.access_key_id,
        secret_access_key: keys.secret_access_key,
        session_token: keys.session_token,
        endpoint: None,
    }
}

fn of_cloud(keys: AwsKeys) -> Keys {
    Keys {
        access_key_id: keys.access_key_id,
        secret_access_key: keys.secret_access_key,
        session_token: keys.session_token,
        expiration: None,
    }
}
