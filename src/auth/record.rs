//! What the encrypted cache holds: sessions of chain steps, portal tokens, and the index of both.
//!
//! The types here never leave the module tree of `auth`; buffers with secrets are zeroed. Row 5.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::creds::{AwsCredentials, PortalToken};
use super::delivery::{environment_text, parse_environment};
use super::given::Credentials;
use crate::secret::{Expose, Secret};

/// Room for one record, so that the buffer with secrets is not copied while it grows.
const ROOM: usize = 16 * 1024;

/// Who the services say that a session is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallerIdentity {
    pub account: String,
    pub arn: String,
}

/// One authenticated step of a chain.
#[derive(Debug, Clone)]
pub(crate) struct StepRecord {
    pub credentials: Credentials,
    /// Account id, known without asking when the step named it.
    pub account: Option<String>,
    /// The answer to GetCallerIdentity, or what AssumeRole said of it.
    pub caller: Option<CallerIdentity>,
    /// What it was made from where that can be exchanged: the key of the user at the root. Another key, another session.
    pub basis: Option<String>,
}

/// One entry of the index: a chain step whose session is in the cache, or the token of a portal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IndexEntry {
    /// Name of the chain's root.
    pub(crate) root: String,
    /// Empty: it is a token.
    pub(crate) identity: String,
    /// Of a token its name in the cache.
    pub(crate) fingerprint: String,
    /// Of a token where requests with it go, where that is not the usual place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
}

impl IndexEntry {
    pub(crate) fn is_token(&self) -> bool {
        self.identity.is_empty()
    }
}

/// Stored form of a step. Owned strings, zeroed when dropped.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredStep {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiration: Option<Timestamp>,
    issued: Timestamp,
    region: Option<String>,
    account: Option<String>,
    caller: Option<CallerIdentity>,
    #[serde(default)]
    basis: Option<String>,
    /// In place of keys: what another cloud gave, as a helper prints it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
}

impl Drop for StoredStep {
    fn drop(&mut self) {
        self.secret_access_key.zeroize();
        self.session_token.zeroize();
        self.environment.zeroize();
    }
}

/// Stored form of a portal token, with the names that the AWS tools use.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredToken {
    access_token: String,
    expires_at: Timestamp,
    region: String,
    start_url: String,
    refresh_token: Option<String>,
    client_id: String,
    client_secret: String,
    registration_expires_at: Timestamp,
}

impl Drop for StoredToken {
    fn drop(&mut self) {
        self.access_token.zeroize();
        self.refresh_token.zeroize();
        self.client_secret.zeroize();
    }
}

fn write(value: &impl Serialize) -> Option<Zeroizing<Vec<u8>>> {
    let mut buffer = Zeroizing::new(Vec::with_capacity(ROOM));
    serde_json::to_writer(&mut *buffer, value).ok()?;
    Some(buffer)
}

fn own(secret: &Secret) -> String {
    secret.expose_secret().to_owned()
}

impl StepRecord {
    /// Bytes for the cache.
    pub(crate) fn to_bytes(&self) -> Option<Zeroizing<Vec<u8>>> {
        let keys = self.credentials.aws();
        let environment = match &self.credentials {
            Credentials::Aws(_) => None,
            Credentials::Environment(given) => Some(environment_text(given, given.expiration).to_string()),
        };
        write(&StoredStep {
            access_key_id: keys.map(|keys| keys.access_key_id.clone()).unwrap_or_default(),
            secret_access_key: keys.map(|keys| own(&keys.secret_access_key)).unwrap_or_default(),
            session_token: keys.and_then(|keys| keys.session_token.as_ref().map(own)),
            expiration: self.credentials.expiration(),
            issued: self.credentials.issued(),
            region: self.credentials.region().map(str::to_owned),
            account: self.account.clone(),
            caller: self.caller.clone(),
            basis: self.basis.clone(),
            environment,
        })
    }

    /// From the cache; `None` when it is not a record of this version, which counts as absent.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<StepRecord> {
        let mut stored: StoredStep = serde_json::from_slice(bytes).ok()?;
        let credentials = match &stored.environment {
            Some(text) => Credentials::Environment(parse_environment(text, stored.issued)?),
            None => Credentials::Aws(AwsCredentials {
                access_key_id: std::mem::take(&mut stored.access_key_id),
                secret_access_key: Secret::from(std::mem::take(&mut stored.secret_access_key)),
                session_token: stored.session_token.take().map(Secret::from),
                expiration: stored.expiration,
                issued: stored.issued,
                region: stored.region.take(),
            }),
        };
        Some(StepRecord {
            credentials,
            account: stored.account.take(),
            caller: stored.caller.take(),
            basis: stored.basis.take(),
        })
    }
}

pub(crate) fn token_to_bytes(token: &PortalToken) -> Option<Zeroizing<Vec<u8>>> {
    write(&StoredToken {
        access_token: own(&token.access_token),
        expires_at: token.expires_at,
        region: token.region.clone(),
        start_url: token.start_url.clone(),
        refresh_token: token.refresh_token.as_ref().map(own),
        client_id: token.client_id.clone(),
        client_secret: own(&token.client_secret),
        registration_expires_at: token.registration_expires_at,
    })
}

pub(crate) fn token_from_bytes(bytes: &[u8]) -> Option<PortalToken> {
    let mut stored: StoredToken = serde_json::from_slice(bytes).ok()?;
    Some(PortalToken {
        access_token: Secret::from(std::mem::take(&mut stored.access_token)),
        expires_at: stored.expires_at,
        refresh_token: stored.refresh_token.take().map(Secret::from),
        client_id: std::mem::take(&mut stored.client_id),
        client_secret: Secret::from(std::mem::take(&mut stored.client_secret)),
        registration_expires_at: stored.registration_expires_at,
        start_url: std::mem::take(&mut stored.start_url),
        region: std::mem::take(&mut stored.region),
    })
}

pub(crate) fn index_to_bytes(entries: &[IndexEntry]) -> Option<Zeroizing<Vec<u8>>> {
    write(&entries)
}

/// An index that cannot be read counts as empty.
pub(crate) fn index_from_bytes(bytes: &[u8]) -> Vec<IndexEntry> {
    serde_json::from_slice(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_the_cache() {
        let record = StepRecord {
            credentials: Credentials::Aws(AwsCredentials {
                access_key_id: "ASIAEXAMPLE".into(),
                secret_access_key: Secret::from("s\"1".to_owned()),
                session_token: Some(Secret::from("t".to_owned())),
                expiration: Some("2030-01-01T00:00:00Z".parse().unwrap()),
                issued: "2029-12-31T23:00:00Z".parse().unwrap(),
                region: Some("eu-west-1".into()),
            }),
            account: Some("111111111111".into()),
            caller: Some(CallerIdentity { account: "111111111111".into(), arn: "arn:aws:sts::1:x".into() }),
            basis: Some("0123456789abcdef".into()),
        };
        let back = StepRecord::from_bytes(&record.to_bytes().unwrap()).unwrap();
        assert_eq!(back.credentials.aws().unwrap().secret_access_key.expose_secret(), "s\"1");
        assert_eq!(back.credentials.expiration(), record.credentials.expiration());
        assert_eq!((back.account, back.caller, back.basis), (record.account, record.caller, record.basis));
        assert!(StepRecord::from_bytes(b"{}").is_none());
    }

    #[test]
    fn tokens_have_the_names_of_the_aws_tools() {
        let token = PortalToken {
            access_token: Secret::from("at".to_owned()),
            expires_at: "2030-01-01T00:00:00Z".parse().unwrap(),
            refresh_token: None,
            client_id: "c".into(),
            client_secret: Secret::from("cs".to_owned()),
            registration_expires_at: "2030-03-01T00:00:00Z".parse().unwrap(),
            start_url: "https://x/start".into(),
            region: "eu-west-1".into(),
        };
        let bytes = token_to_bytes(&token).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        for key in
            ["accessToken", "expiresAt", "region", "startUrl", "clientId", "clientSecret", "registrationExpiresAt"]
        {
            assert!(json.get(key).is_some(), "{key}");
        }
        assert_eq!(token_from_bytes(&bytes).unwrap().access_token.expose_secret(), "at");
    }
}
