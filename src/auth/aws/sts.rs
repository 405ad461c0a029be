//! Calls of STS that belong to no chain: roles that a backend or a profile names, and who one is. Row 5.

use std::time::Duration;

use aws_sdk_sts::types::{Credentials as Given, PolicyDescriptorType, Tag};
use jiff::Timestamp;

use super::super::creds::AwsCredentials;
use super::super::error::Error;
use super::client::{Clients, shown_endpoint};
use super::endpoint::Service;
use super::refusal::Refusal;
use crate::host::Host;
use crate::secret::{Expose as _, Secret};

/// How long the question who one is may take, retries included.
const WHOAMI: Duration = Duration::from_secs(15);

/// A role and how it is assumed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Role {
    pub arn: String,
    pub session_name: Option<String>,
    pub external_id: Option<String>,
    pub source_identity: Option<String>,
    pub policy: Option<String>,
    pub policy_arns: Vec<String>,
    pub tags: Vec<(String, String)>,
    pub transitive_tag_keys: Vec<String>,
    /// In seconds.
    pub duration: Option<i32>,
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub account: String,
    pub arn: String,
    pub user_id: String,
}

/// STS as it is reached from one place.
#[derive(Debug, Clone)]
pub struct Sts<'a> {
    pub host: &'a Host,
    pub clients: &'a Clients,
    pub region: &'a str,
    pub endpoint: Option<&'a str>,
}

impl Sts<'_> {
    /// The role's credentials, signed for with `base`.
    ///
    /// # Errors
    /// STS refuses or cannot be reached.
    pub async fn assume(&self, base: &AwsCredentials, role: &Role) -> Result<AwsCredentials, Error> {
        let issued = self.host.now();
        let client = self.clients.sts(self.region, self.endpoint, base, None)?;
        let mut call = client
            .assume_role()
            .role_arn(&role.arn)
            .role_session_name(session_name(role, issued))
            .set_external_id(role.external_id.clone())
            .set_source_identity(role.source_identity.clone())
            .set_policy(role.policy.clone())
            .set_duration_seconds(role.duration);
        for arn in &role.policy_arns {
            call = call.policy_arns(PolicyDescriptorType::builder().arn(arn).build());
        }
        for (key, value) in &role.tags {
            let tag = Tag::builder().key(key).value(value).build();
            call = call.tags(tag.map_err(|error| refused(role, error.to_string()))?);
        }
        for key in &role.transitive_tag_keys {
            call = call.transitive_tag_keys(key);
        }
        let answer = call.send().await.map_err(|error| self.failed(&Refusal::new(&error), &what(role)))?;
        self.given(role, answer.credentials(), issued)
    }

    /// The role's credentials for a token of somebody else. Nothing is signed.
    ///
    /// # Errors
    /// As [`Sts::assume`].
    pub async fn assume_with_token(&self, role: &Role, token: &Secret) -> Result<AwsCredentials, Error> {
        let issued = self.host.now();
        let client = self.clients.sts(self.region, self.endpoint, &AwsCredentials::nobody(issued), None)?;
        let call = client
            .assume_role_with_web_identity()
            .role_arn(&role.arn)
            .role_session_name(session_name(role, issued))
            .web_identity_token(token.expose_secret())
            .set_policy(role.policy.clone())
            .set_duration_seconds(role.duration);
        let answer = call.send().await.map_err(|error| self.failed(&Refusal::new(&error), &what(role)))?;
        self.given(role, answer.credentials(), issued)
    }

    /// Who the credentials are.
    ///
    /// # Errors
    /// As [`Sts::assume`].
    pub async fn caller(&self, credentials: &AwsCredentials) -> Result<Caller, Error> {
        let client = self.clients.sts(self.region, self.endpoint, credentials, Some(WHOAMI))?;
        let answer = client.get_caller_identity().send().await;
        let answer = answer.map_err(|error| self.failed(&Refusal::new(&error), "GetCallerIdentity"))?;
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Ok(Caller { account: text(answer.account()), arn: text(answer.arn()), user_id: text(answer.user_id()) })
    }

    fn failed(&self, refusal: &Refusal, what: &str) -> Error {
        let help = "check the credentials in force and what they may do (`aws sts get-caller-identity`), and the trust \
                    policy of the role";
        let shown = shown_endpoint(Service::Sts, self.region, self.endpoint);
        refusal.clone().into_error(what.to_owned(), shown, help)
    }

    fn given(&self, role: &Role, given: Option<&Given>, issued: Timestamp) -> Result<AwsCredentials, Error> {
        let given = given.ok_or_else(|| refused(role, "the answer has no credentials".to_owned()))?;
        let credentials = credentials(given, issued, Some(self.region));
        credentials.mask(&self.host.masker);
        credentials.on_arrival(&what(role), self.host.now())
    }
}

/// What STS gave out.
pub(crate) fn credentials(given: &Given, issued: Timestamp, region: Option<&str>) -> AwsCredentials {
    AwsCredentials {
        access_key_id: given.access_key_id().to_owned(),
        secret_access_key: Secret::from(given.secret_access_key().to_owned()),
        session_token: Some(Secret::from(given.session_token().to_owned())),
        expiration: Timestamp::from_second(given.expiration().secs()).ok(),
        issued,
        region: region.map(str::to_owned),
    }
}

fn what(role: &Role) -> String {
    format!("AssumeRole of {}", role.arn)
}

fn refused(role: &Role, answer: String) -> Error {
    Error::Refused { what: what(role), answer, help: "check the settings of the role".to_owned() }
}

fn session_name(role: &Role, now: Timestamp) -> String {
    role.session_name.clone().unwrap_or_else(|| format!("atmos-{}", now.as_second()))
}
