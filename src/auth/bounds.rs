//! How long names and texts may be, by the documentation of the services that are told them. Pure. Row 5.
//!
//! What is longer would be refused by the service at best; a client cannot even write it into an address.

use super::config::Identity;
use super::kind::IdentityKind;

/// Longest address of a service or a portal.
pub(crate) const ADDRESS: usize = 2048;

/// Names and texts of a principal that no service takes. They are not repeated: that is what is wrong with them.
pub(crate) fn problems(identity: &Identity) -> Vec<String> {
    let principal = &identity.principal;
    let mut found = Vec::new();
    let mut check = |what: &str, text: Option<&str>, most: usize| {
        found.extend(text.and_then(|text| problem(what, text, most)));
    };
    match identity.kind {
        IdentityKind::PermissionSet => {
            check("permission set name", principal.name.as_deref(), 32);
            check("account name", principal.account_name.as_deref(), 50);
        }
        IdentityKind::AssumeRole => {
            check("assume_role", principal.assume_role.as_deref(), 2048);
            check("external_id", principal.external_id.as_deref(), 1224);
            check("source_identity", principal.source_identity.as_deref(), 64);
            check("policy", principal.policy.as_deref(), 2048);
            check("mfa_arn", principal.mfa_arn.as_deref(), 256);
            for (key, value) in &principal.session_tags {
                check("key of a session tag", Some(key), 128);
                check("value of a session tag", Some(value), 256);
            }
            for arn in &principal.policy_arns {
                check("entry of policy_arns", Some(arn), 2048);
            }
        }
        IdentityKind::User => check("mfa_arn", identity.credentials.mfa_arn.as_deref(), 256),
        _ => {}
    }
    found
}

/// Says so when a text has more characters than `most`.
pub(crate) fn problem(what: &str, text: &str, most: usize) -> Option<String> {
    // Bytes are counted faster, and are never fewer.
    if text.len() <= most {
        return None;
    }
    let length = text.chars().count();
    (length > most).then(|| format!("the {what} has {length} characters, the longest possible has {most}"))
}

/// A text of which only the beginning is shown where it is too long to be read.
pub(crate) fn shown(text: String) -> String {
    /// About a line.
    const MOST: usize = 120;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::chain::Chain;
    use super::super::config::tests::config;
    use super::super::name::IdentityName;
    use super::super::validate::{exit_code, validate};
    use crate::diag::Failure;
    use crate::span::Sources;

    #[test]
    fn what_no_service_takes_is_refused_before_one_is_asked_and_not_repeated() {
        let long = "x".repeat(70_000);
        let arn = format!("arn:aws:iam::111111111111:role/{long}");
        let account = json!({"id": "111111111111"});
        for (identity, phrase) in [
            (
                json!({"kind": "aws/permission-set", "via": {"provider": "p"}, "principal": {"name": long, "account": account}}),
                "the permission set name has 70000 characters, the longest possible has 32",
            ),
            (
                json!({"kind": "aws/permission-set", "via": {"provider": "p"},
                       "principal": {"name": "x", "account": {"name": long}}}),
                "the account name has 70000 characters",
            ),
            (
                json!({"kind": "aws/assume-role", "via": {"identity": "base"}, "principal": {"assume_role": arn}}),
                "the assume_role has 70031 characters",
            ),
            (
                json!({"kind": "aws/assume-role", "via": {"identity": "base"},
                       "principal": {"assume_role": "arn:aws:iam::111111111111:role/x", "external_id": long}}),
                "the external_id has 70000 characters",
            ),
            (
                json!({"kind": "aws/permission-set", "via": {"provider": "p"},
                       "principal": {"name": "x", "account": account, "region": long}}),
                "the region has 70000 characters",
            ),
        ] {
            let auth = config(&json!({
                "providers": {"p": {"kind": "aws/iam-identity-center", "region": "eu-west-1", "start_url": "https://x"}},
                "identities": {
                    "base": {"kind": "aws/permission-set", "via": {"provider": "p"},
                             "principal": {"name": "Exactly-Thirty-Two-Characters-AB", "account": account}},
                    "i": identity,
                },
            }));
            let problems = validate(&auth, &Sources::new());
            let found = problems.iter().filter(|problem| problem.message.contains(phrase)).count();
            assert_eq!((found, exit_code(&problems)), (1, 2), "{phrase}: {problems:.200?}");
            let error = Chain::build(&auth, &IdentityName::from("i"), &Sources::new()).unwrap_err();
            assert!(error.to_string().contains(phrase), "{:.200}", error.to_string());
            assert_eq!(error.exit_code(), 2, "{phrase}");
            assert!(problems.iter().all(|problem| problem.message.len() < 300), "{phrase}");
        }
    }

    #[test]
    fn addresses_have_an_end_too() {
        let long = format!("https://x.example/{}", "x".repeat(70_000));
        let auth = config(&json!({"providers": {
            "p": {"kind": "aws/iam-identity-center", "region": "eu-west-1", "start_url": long},
            "q": {"kind": "aws/iam-identity-center", "region": "eu-west-1", "start_url": "https://x",
                  "spec": {"endpoint_url": long}},
        }}));
        let problems = validate(&auth, &Sources::new());
        assert_eq!((problems.len(), exit_code(&problems)), (2, 1), "{problems:.300?}");
        assert!(problems.iter().all(|problem| problem.message.len() < 300), "{problems:.300?}");
    }
}
