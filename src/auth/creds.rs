//! Credentials as they pass between the steps of a chain. Secrets are wrapped; a portal token has a type of its own, so
//! that a bearer token can never be written as an access key.

use jiff::Timestamp;

use super::error::Error;
use crate::secret::{Expose, Masker, Secret};

/// AWS credentials that sign requests. Temporary ones have a session token and an expiration.
#[derive(Debug, Clone)]
pub struct AwsCredentials {
    /// Not a secret, but masked in free text by the pattern of key ids.
    pub access_key_id: String,
    pub secret_access_key: Secret,
    pub session_token: Option<Secret>,
    /// `None`: they do not expire.
    pub expiration: Option<Timestamp>,
    /// When they were issued, for the share of the lifetime that is left.
    pub issued: Timestamp,
    /// Region that the chain resolved to.
    pub region: Option<String>,
}

impl AwsCredentials {
    /// For calls that take no signature; the client wants to have something all the same.
    pub(crate) fn nobody(issued: Timestamp) -> AwsCredentials {
        AwsCredentials {
            access_key_id: "none".to_owned(),
            secret_access_key: Secret::from("none".to_owned()),
            session_token: None,
            expiration: None,
            issued,
            region: None,
        }
    }

    /// Tells the masker what of them is secret.
    pub(crate) fn mask(&self, masker: &Masker) {
        masker.register(&self.secret_access_key);
        if let Some(token) = &self.session_token {
            masker.register(token);
        }
    }

    /// Each is a text of one line without blanks.
    pub(crate) fn are_keys(&self) -> bool {
        let secrets = [Some(&self.secret_access_key), self.session_token.as_ref()];
        let secrets = secrets.into_iter().flatten().map(Expose::expose_secret);
        let is_key = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        secrets.chain([self.access_key_id.as_str()]).all(is_key)
    }

    /// Refuses credentials that a service gave out just now and that no caller could use: they are over already, or are no
    /// keys. A line break in one of them would add lines to files that keys are written to.
    pub(crate) fn on_arrival(self, what: &str, now: Timestamp) -> Result<AwsCredentials, Error> {
        if !self.are_keys() {
            return Err(Error::Refused {
                what: what.to_owned(),
                answer: "the answer has an empty key, or one with blanks or line breaks".to_owned(),
                help: "check the endpoint overrides in force, and proxies on the way".to_owned(),
            });
        }
        match self.expiration {
            Some(expiration) if expiration <= now => Err(Error::ExpiredOnArrival {
                what: what.to_owned(),
                expiration: format!("{expiration:.0}"),
                now: format!("{now:.0}"),
            }),
            _ => Ok(self),
        }
    }
}

/// An access token of an IAM Identity Center portal with what is needed to refresh it.
#[derive(Debug, Clone)]
pub struct PortalToken {
    pub access_token: Secret,
    pub expires_at: Timestamp,
    pub refresh_token: Option<Secret>,
    pub client_id: String,
    pub client_secret: Secret,
    /// End of the client registration; afterwards the refresh token is of no use.
    pub registration_expires_at: Timestamp,
    pub start_url: String,
    pub region: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_must_not_be_over_when_they_arrive() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        for (expiration, fine) in [
            (None, true),
            (Some("2026-11-24T12:00:01Z"), true),
            (Some("2026-11-24T12:00:00Z"), false),
            (Some("2026-11-24T11:00:00Z"), false),
        ] {
            let credentials = AwsCredentials {
                access_key_id: "ASIAEXAMPLE".to_owned(),
                secret_access_key: Secret::from("secret".to_owned()),
                session_token: None,
                expiration: expiration.map(|text| text.parse().unwrap()),
                issued: now,
                region: None,
            };
            let error = credentials.on_arrival("AssumeRole of x", now).err().map(|error| error.to_string());
            assert_eq!(error.is_none(), fine, "{expiration:?}");
            assert!(error.is_none_or(|text| text.contains("AssumeRole of x") && text.contains("2026-11-24T12:00:00Z")));
        }
    }

    #[test]
    fn what_is_no_key_is_refused_when_it_arrives() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let good = AwsCredentials::nobody(now);
        assert!(good.clone().on_arrival("GetRoleCredentials", now).is_ok());
        for bad in ["", "a\n[profile evil]\n", "a b", "\u{e9}"] {
            let secret = Secret::from(bad.to_owned());
            for credentials in [
                AwsCredentials { secret_access_key: secret.clone(), ..good.clone() },
                AwsCredentials { session_token: Some(secret.clone()), ..good.clone() },
                AwsCredentials { access_key_id: bad.to_owned(), ..good.clone() },
            ] {
                let error = credentials.on_arrival("GetRoleCredentials", now).unwrap_err().to_string();
                assert!(error.contains("an empty key, or one with blanks or line breaks"), "{error}");
            }
        }
    }
}
