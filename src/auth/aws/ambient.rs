//! The credentials that the environment itself has, for what happens without an identity. The metadata service of machines is
//! asked only for identities of kind `aws/ambient`. Row 5.

use std::time::Duration;

use super::super::creds::AwsCredentials;
use super::super::error::Error;
use super::client::Clients;
use super::sts::{Role, Sts};
use crate::cloud::Desk;
use crate::cloud::ambient::{Ambient as Search, Lack, NamedRole, Roles};
use crate::cloud::aws::Keys;
use crate::host::{Env, Host, Http, Profiles};
use crate::secret::Secret;

const WHAT: &str = "AWS credentials of the environment";
const HELP: &str = "give the component an identity (`settings.auth.identity`), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
                    AWS_SECRET_ACCESS_KEY";
const PORTAL: &str = "define an identity of the kind aws/permission-set, or export the credentials: eval \"$(aws configure \
                      export-credentials --format env)\"";

/// Where credentials are looked for.
#[derive(Debug, Clone)]
pub struct Ambient<'a> {
    pub host: &'a Host,
    /// The environment that a child would have.
    pub env: &'a Env,
    pub http: &'a Http,
    pub clients: &'a Clients,
    /// Where STS is asked.
    pub region: &'a str,
    pub sts_endpoint: Option<&'a str>,
    pub profiles: &'a Profiles,
    /// How long the metadata service of the machine is waited for; `None`: it is never asked.
    pub machine: Option<Duration>,
}

impl Ambient<'_> {
    /// The credentials of `profile`, or without one what the environment offers first.
    ///
    /// # Errors
    /// There are none, or the way to them fails.
    pub async fn credentials(&self, profile: Option<&str>) -> Result<AwsCredentials, Error> {
        let roles = ByClient {
            sts: Sts { host: self.host, clients: self.clients, region: self.region, endpoint: self.sts_endpoint },
        };
        let search = Search {
            desk: Desk::new(self.host, self.http),
            env: self.env,
            profiles: self.profiles,
            roles: &roles,
            machine: self.machine,
        };
        let keys = search.find(profile).await.map_err(|lack| self.error(lack))?;
        Ok(credentials(keys, self.host))
    }

    fn error(&self, lack: Lack<Error>) -> Error {
        let (answer, help) = match lack {
            Lack::Role(error) => return error,
            Lack::Nothing => ("none were found".to_owned(), HELP.to_owned()),
            Lack::Profile { name } => {
                let known = self.profiles.names().collect::<Vec<_>>().join(", ");
                let help = if known.is_empty() { HELP.to_owned() } else { format!("known profiles: {known}") };
                (format!("the AWS profile `{name}` does not exist, or has no credentials"), help)
            }
            Lack::SignsIn { profile } => {
                let reason = "signs in by SSO, which this program does through identities";
                (format!("the AWS profile `{profile}` {reason}"), PORTAL.to_owned())
            }
            Lack::Unusable { reason, help } => (reason, help.to_owned()),
        };
        Error::Refused { what: WHAT.to_owned(), answer, help }
    }
}

/// By the SDK's client.
struct ByClient<'a> {
    sts: Sts<'a>,
}

impl Roles for ByClient<'_> {
    type Error = Error;

    async fn assume(&self, base: &Keys, role: &NamedRole) -> Result<Keys, Error> {
        let base = credentials(base.clone(), self.sts.host);
        self.sts.assume(&base, &named(role)).await.map(keys)
    }

    async fn assume_with_token(&self, role: &NamedRole, token: &Secret) -> Result<Keys, Error> {
        self.sts.assume_with_token(&named(role), token).await.map(keys)
    }
}

fn named(role: &NamedRole) -> Role {
    let NamedRole { arn, session_name, external_id, duration } = role.clone();
    Role { arn, session_name, external_id, duration, ..Role::default() }
}

fn credentials(keys: Keys, host: &Host) -> AwsCredentials {
    AwsCredentials {
        access_key_id: keys.access_key_id,
        secret_access_key: keys.secret_access_key,
        session_token: keys.session_token,
        expiration: keys.expiration,
        issued: host.now(),
        region: None,
    }
}

fn keys(credentials: AwsCredentials) -> Keys {
    Keys {
        access_key_id: credentials.access_key_id,
        secret_access_key: credentials.secret_access_key,
        session_token: credentials.session_token,
        expiration: credentials.expiration,
    }
}
