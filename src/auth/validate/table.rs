//! Every kind with the least that it needs, and what has to be said of each. Row 5.

use serde_json::{Value as Json, json};

use super::super::chain::{Chain, check_provider};
use super::super::config::AuthConfig;
use super::super::config::tests::config;
use super::super::kind::{IdentityKind, ProviderKind};
use super::super::name::IdentityName;
use super::super::problem::{Problem, Severity};
use super::{exit_code, validate};
use crate::span::Sources;

const GUID: &str = "11111111-1111-1111-1111-111111111111";

/// Providers that are in order.
pub(crate) fn providers() -> Vec<(&'static str, Json)> {
    let file = json!({"type": "file", "file_path": "/token"});
    let azure = json!({"tenant_id": GUID, "subscription_id": GUID});
    vec![
        ("aws/iam-identity-center", json!({"start_url": "https://acme.awsapps.com/start", "region": "eu-west-1"})),
        ("aws/saml", json!({"url": "https://idp.example/app", "region": "eu-west-1", "driver": "okta"})),
        ("github/oidc", json!({"spec": {"audience": "sts.amazonaws.com"}})),
        ("gitlab/oidc", json!({"spec": {"token_source": file}})),
        ("oidc", json!({"spec": {"token_source": file}})),
        (
            "gcp/adc",
            json!({"spec": {"project_id": "prod-1", "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}}),
        ),
        (
            "gcp/workload-identity-federation",
            json!({"spec": {"project_number": "123", "workload_identity_pool_id": "pool",
                "workload_identity_provider_id": "github", "token_source": file}}),
        ),
        ("azure/cli", json!({"spec": azure})),
        ("azure/oidc", json!({"spec": {"tenant_id": GUID, "client_id": GUID}})),
        ("azure/device-code", json!({"spec": azure})),
        ("azure/interactive", json!({"spec": azure})),
        ("atmos/pro", json!({"spec": {"workspace_id": "ws-1"}})),
    ]
}

/// Identities that are in order, behind providers named by their kinds.
pub(crate) fn identities() -> Vec<(&'static str, Json)> {
    let role = "arn:aws:iam::111111111111:role/Deploy";
    let behind = |provider: &str| json!({"provider": provider});
    let root = json!({"target_principal": "111111111111",
        "task_policy_arn": "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"});
    vec![
        (
            "aws/permission-set",
            json!({"via": behind("aws/iam-identity-center"), "principal": {"name": "Admin", "account": {"name": "prod"}}}),
        ),
        ("aws/assume-role", json!({"via": behind("github/oidc"), "principal": {"assume_role": role}})),
        ("aws/assume-root", json!({"via": {"identity": "aws/permission-set"}, "principal": root})),
        ("aws/user", json!({"credentials": {"region": "eu-west-1"}})),
        ("aws/credential-process", json!({"credentials": {"process": "print-credentials"}})),
        ("aws/ambient", json!({"principal": {"region": "eu-west-1"}})),
        ("exec", json!({"spec": {"command": ["print-credentials"]}})),
        (
            "gcp/service-account",
            json!({"via": behind("gcp/adc"), "principal": {"service_account_email": "d@prod-1.iam.gserviceaccount.com"}}),
        ),
        ("gcp/project", json!({"via": behind("gcp/adc"), "principal": {"project_id": "prod-1"}})),
        ("atmos/pro", json!({"via": behind("atmos/pro")})),
        ("azure/subscription", json!({"via": behind("azure/cli"), "principal": {"subscription_id": GUID}})),
    ]
}

/// A section in which each kind stands under its own name.
pub(crate) fn section() -> Json {
    let named = |all: Vec<(&'static str, Json)>| -> Json {
        let one = |(kind, mut entry): (&str, Json)| {
            entry["kind"] = json!(kind);
            (kind.to_owned(), entry)
        };
        Json::Object(all.into_iter().map(one).collect())
    };
    json!({"providers": named(providers()), "identities": named(identities())})
}

/// The section with something else at a path of an entry.
pub(crate) fn changed(list: &str, kind: &str, path: &str, value: &Json) -> Json {
    let mut section = section();
    let mut slot = &mut section[list][kind];
    for part in path.split('.') {
        slot = &mut slot[part];
    }
    *slot = value.clone();
    section
}

/// What has to be warned of, and what the schema refuses: keys that nobody knows, with what is meant.
pub(crate) const UNKNOWN: [(&str, &str, &str, &str); 12] = [
    ("providers", "aws/iam-identity-center", "spec.endpoint_ulr", "endpoint_url"),
    ("providers", "aws/saml", "spec.tiemout", "timeout"),
    ("providers", "github/oidc", "spec.audienc", "audience"),
    ("providers", "oidc", "spec.token_source.file_pat", "file_path"),
    ("providers", "gcp/workload-identity-federation", "spec.project_numbr", "project_number"),
    ("providers", "azure/oidc", "spec.cleint_id", "client_id"),
    ("identities", "aws/assume-role", "principal.asume_role", "assume_role"),
    ("identities", "aws/user", "credentials.mfa_ran", "mfa_arn"),
    ("identities", "exec", "spec.comand", "command"),
    ("identities", "gcp/service-account", "principal.lifetme", "lifetime"),
    ("identities", "gcp/project", "principal.zne", "zone"),
    ("identities", "azure/subscription", "principal.subscriptionid", "subscription_id"),
];

fn found(section: &Json) -> Vec<Problem> {
    validate(&config(section), &Sources::new())
}

/// Whether a login of the entry would be refused.
fn is_refused(auth: &AuthConfig, list: &str, kind: &str) -> bool {
    match list {
        "providers" => check_provider(auth.provider(kind).unwrap(), &Sources::new()).is_err(),
        _ => Chain::build(auth, &IdentityName::from(kind), &Sources::new()).is_err(),
    }
}

#[test]
fn the_least_that_a_kind_needs_is_in_order() {
    assert_eq!(found(&section()), []);
    let auth = config(&section());
    for (list, kinds) in [("providers", providers()), ("identities", identities())] {
        for (kind, _) in kinds {
            assert!(!is_refused(&auth, list, kind), "{kind}");
        }
    }
}

#[test]
fn unknown_keys_are_warned_of_with_what_was_meant() {
    for (list, kind, path, meant) in UNKNOWN {
        let problems = found(&changed(list, kind, path, &json!("x")));
        let [problem] = problems.as_slice() else { panic!("{kind} {path}: {problems:?}") };
        let phrase = format!("unknown key `{path}`, did you mean `{meant}`?");
        assert!(problem.severity == Severity::Warning && problem.message.contains(&phrase), "{problem:?}");
    }
}

#[test]
fn every_setting_of_every_module_refuses_what_is_none_in_runs_too() {
    let modules = |list: &str, kind: &str| match list {
        "providers" => match ProviderKind::parse(Some(kind)) {
            ProviderKind::Federated(module) => Some(module.module()),
            _ => None,
        },
        _ => match IdentityKind::parse(Some(kind)) {
            IdentityKind::Federated(module) => Some(module.module()),
            _ => None,
        },
    };
    let mut tried = 0;
    for (list, kinds) in [("providers", providers()), ("identities", identities())] {
        for (kind, _) in kinds {
            let Some(module) = modules(list, kind) else { continue };
            for setting in module.settings() {
                let takes_lists = setting.shape == super::super::federation::Shape::Texts;
                for value in [json!([]), json!({}), json!({"x": 1}), json!([{"x": 1}])] {
                    if takes_lists && value == json!([]) {
                        continue;
                    }
                    let section = changed(list, kind, setting.path, &value);
                    let problems = found(&section);
                    let path = setting.path;
                    let said = |problem: &Problem| {
                        problem.severity == Severity::Error
                            && path.rsplit('.').next().is_some_and(|key| problem.message.contains(key))
                    };
                    assert!(problems.iter().any(said), "{kind}: {path} = {value}: {problems:?}");
                    assert!(is_refused(&config(&section), list, kind), "{kind}: {path} = {value} is taken in a run");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 300, "{tried}");
}

#[test]
fn values_that_no_cloud_takes_are_found_before_it_is_asked() {
    let providers = "providers";
    for (list, kind, path, value, phrase, exit) in [
        (providers, "gcp/workload-identity-federation", "spec.project_number", json!("abc"), "`abc` is no number", 1),
        (
            providers,
            "gcp/workload-identity-federation",
            "spec.project_number",
            json!("prod-1"),
            "`prod-1` is no number",
            1,
        ),
        (providers, "gcp/workload-identity-federation", "spec.project_number", json!(123), "", 0),
        (
            providers,
            "gcp/workload-identity-federation",
            "spec.scopes",
            json!("foo"),
            "spec.scopes `foo` is no scope",
            1,
        ),
        (providers, "gcp/adc", "spec.scopes", json!("foo"), "spec.scopes `foo` is no scope", 1),
        (providers, "gcp/adc", "spec.scopes", json!(["email", "cloud-platform"]), "`cloud-platform` is no scope", 1),
        (providers, "gcp/adc", "spec.scopes", json!("email"), "", 0),
        (providers, "gcp/adc", "spec.scopes", json!([]), "", 0),
        (
            "identities",
            "gcp/service-account",
            "principal.scopes",
            json!("foo"),
            "principal.scopes `foo` is no scope",
            2,
        ),
        ("identities", "gcp/service-account", "principal.lifetime", json!("40h"), "principal.lifetime `40h`", 2),
        (providers, "gcp/workload-identity-federation", "spec.token_source", json!({}), "token_source is empty", 1),
        (providers, "oidc", "spec.token_source", json!({}), "token_source", 1),
        (
            providers,
            "aws/saml",
            "session.duration",
            json!("40h"),
            "session.duration `40h` is no time from 15m to 12h",
            0,
        ),
        (providers, "aws/saml", "spec.port", json!(8765), "spec.port has no effect with driver Okta", 0),
        (providers, "aws/saml", "driver", json!("Foo"), "driver `Foo` is not known", 1),
        (
            "identities",
            "aws/assume-role",
            "principal.name",
            json!("x"),
            "principal.name has no effect with kind aws/assume-role",
            0,
        ),
        (
            "identities",
            "aws/permission-set",
            "principal.policy_arns",
            json!(["x"]),
            "principal.policy_arns has no effect",
            0,
        ),
        ("identities", "aws/user", "principal.assume_role", json!("x"), "principal.assume_role has no effect", 0),
        ("identities", "aws/assume-role", "principal.policy", json!({}), "policy", 2),
        ("identities", "aws/assume-role", "principal.policy", json!([]), "policy", 2),
        ("identities", "aws/assume-role", "principal.duration", json!(["1h"]), "duration", 2),
        ("identities", "aws/user", "session.duration", json!(["1h"]), "`duration` must be a string", 1),
        ("identities", "aws/user", "alias", json!(["x"]), "alias", 1),
        ("identities", "exec", "spec.timeout", json!("1d"), "spec.timeout `1d` is no time", 2),
    ] {
        let problems = found(&changed(list, kind, path, &value));
        let said = problems.iter().any(|problem| problem.message.contains(phrase));
        assert!(
            said != problems.is_empty() && problems.is_empty() == phrase.is_empty(),
            "{path} = {value}: {problems:?}"
        );
        assert_eq!(exit_code(&problems), exit, "{path} = {value}: {problems:?}");
    }
}
