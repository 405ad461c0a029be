//! `mock` and `mock/aws`: fixed credentials, no network, no cache. Hermetic tests of users rely on the exact values.
//! Row 5.

use jiff::Timestamp;

use super::super::config::Identity;
use super::super::creds::AwsCredentials;
use super::super::given::Credentials;
use super::super::record::{CallerIdentity, StepRecord};
use crate::secret::Secret;

const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";
/// 2099-12-31T23:59:59Z
const EXPIRATION: i64 = 4_102_444_799;

/// The session of a mock identity.
pub(crate) fn authenticate(identity: &Identity) -> StepRecord {
    let account = identity.principal.account_id.as_deref().unwrap_or(ACCOUNT);
    StepRecord {
        credentials: Credentials::Aws(AwsCredentials {
            access_key_id: "MOCK_ACCESS_KEY_ID".to_owned(),
            secret_access_key: Secret::from("MOCK_SECRET_ACCESS_KEY".to_owned()),
            session_token: Some(Secret::from("MOCK_SESSION_TOKEN".to_owned())),
            expiration: Timestamp::from_second(EXPIRATION).ok(),
            issued: Timestamp::UNIX_EPOCH,
            region: Some(identity.own_region().unwrap_or(REGION).to_owned()),
        }),
        account: Some(account.to_owned()),
        caller: Some(CallerIdentity {
            account: account.to_owned(),
            arn: format!("arn:aws:iam::{account}:user/mock-user"),
        }),
        basis: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::config::tests::config;
    use super::*;

    #[test]
    fn values_are_those_of_the_reference() {
        let auth = config(&json!({"identities": {"a": {"kind": "mock/aws"},
            "b": {"kind": "mock", "principal": {"account": {"id": "987654321098"}}}}}));
        let a = authenticate(auth.identity("a").unwrap());
        assert_eq!(a.credentials.expiration().unwrap().to_string(), "2099-12-31T23:59:59Z");
        assert_eq!(a.caller.unwrap().arn, "arn:aws:iam::123456789012:user/mock-user");
        assert_eq!(authenticate(auth.identity("b").unwrap()).account.as_deref(), Some("987654321098"));
    }
}
