//! The few calls of IAM that a rotation needs. Row 5.

use jiff::Timestamp;

use super::{Error, Keys};
use crate::auth::aws::endpoint::Service;
use crate::auth::aws::sign::sign;
use crate::auth::config::Identity;
use crate::auth::context::Context;
use crate::auth::creds::AwsCredentials;
use crate::auth::error::Error as AuthError;
use crate::host::xml::element;
use crate::host::{HttpRequest, percent_encode};
use crate::secret::Secret;

const VERSION: &str = "2010-05-08";
/// Largest answer that is read.
const LIMIT: usize = 256 * 1024;

/// IAM as one user reaches it.
pub(super) struct Iam<'a> {
    pub(super) context: &'a Context,
    pub(super) identity: &'a Identity,
    pub(super) signer: AwsCredentials,
}

/// An access key as IAM lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) created: Option<Timestamp>,
}

impl Iam<'_> {
    /// The keys of the user who signs.
    pub(super) async fn keys(&self) -> Result<Vec<Listed>, AuthError> {
        let answer = self.call("ListAccessKeys", &[]).await?;
        let listed = answer.split("<member>").skip(1).filter_map(|member| {
            Some(Listed {
                id: element(member, "AccessKeyId")?,
                created: element(member, "CreateDate").and_then(|text| text.parse().ok()),
            })
        });
        Ok(listed.collect())
    }

    pub(super) async fn create(&self) -> Result<Keys, AuthError> {
        let answer = self.call("CreateAccessKey", &[]).await?;
        let pair = element(&answer, "AccessKeyId").zip(element(&answer, "SecretAccessKey"));
        let (access_key_id, secret) = pair.ok_or_else(|| self.failed("the answer to CreateAccessKey has no key"))?;
        let keys = Keys { access_key_id, secret_access_key: Secret::from(secret) };
        self.context.host.masker.register(&keys.secret_access_key);
        Ok(keys)
    }

    /// Removes a key; one that has gone already is no error.
    pub(super) async fn delete(&self, id: &str) -> Result<(), AuthError> {
        match self.call("DeleteAccessKey", &[("AccessKeyId", id)]).await {
            Err(AuthError::Refused { answer, .. }) if answer.starts_with("NoSuchEntity") => Ok(()),
            other => other.map(|_| ()),
        }
    }

    fn failed(&self, reason: &str) -> Error {
        Error::Rotation {
            identity: self.identity.name.to_string(),
            reason: reason.to_owned(),
            help: "check the endpoint overrides in force".to_owned(),
        }
    }

    async fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String, AuthError> {
        let context = self.context;
        let override_of =
            context.endpoints.resolve(Service::Iam, Some(&self.identity.spec), None, &context.host.talk)?;
        let (host, region) = partition(self.identity.own_region().unwrap_or_default());
        let url = override_of.unwrap_or_else(|| format!("https://{host}/"));
        let mut form = format!("Action={action}&Version={VERSION}");
        for (name, value) in parameters {
            form = format!("{form}&{name}={}", percent_encode(value));
        }
        let what = format!("{action} for identity `{}`", self.identity.name);
        let shown = crate::secret::without_userinfo(&url);
        let send = async || {
            let mut request =
                HttpRequest::post(url.clone(), "application/x-www-form-urlencoded; charset=utf-8", form.clone());
            sign(&mut request, &self.signer, region, "iam", context.now_there())
                .map_err(|reason| self.failed(&reason))?;
            // A key must not be made twice because an answer was late.
            let sent = context.ask(&shown, context.http.send(&request, LIMIT)).await;
            sent.map_err(|error| AuthError::Unreachable {
                what: what.clone(),
                endpoint: shown.clone(),
                reason: error.to_string(),
            })
        };
        let mut answer = send().await?;
        let learned = answer.header("date").is_some_and(|date| context.clients.skew.learn(date, context.host.now()));
        if answer.status == 403 && learned {
            answer = send().await?;
        }
        let text = answer.text();
        if answer.status == 200 {
            return Ok(text);
        }
        let code = element(&text, "Code").unwrap_or_else(|| format!("HTTP status {}", answer.status));
        let message = element(&text, "Message").unwrap_or_default();
        let help =
            "the user needs iam:ListAccessKeys, iam:CreateAccessKey and iam:DeleteAccessKey for itself".to_owned();
        Err(AuthError::Refused { what, answer: format!("{code}: {message}"), help })
    }
}

/// Host of IAM and region of its signatures; IAM has one place per partition.
fn partition(region: &str) -> (&'static str, &'static str) {
    if region.starts_with("cn-") {
        ("iam.cn-north-1.amazonaws.com.cn", "cn-north-1")
    } else if region.starts_with("us-gov-") {
        ("iam.us-gov.amazonaws.com", "us-gov-west-1")
    } else {
        ("iam.amazonaws.com", "us-east-1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iam_has_one_place_per_partition() {
        assert_eq!(partition("eu-west-1").0, "iam.amazonaws.com");
        assert_eq!(partition("cn-northwest-1").1, "cn-north-1");
        assert_eq!(partition("us-gov-east-1").1, "us-gov-west-1");
    }
}
