use serde_json::{Value, json};

use super::super::config::tests::config;
use super::*;
use crate::diag::Failure;
use crate::host::Env;

fn document() -> Value {
    json!({
        "providers": {
            "corp": {"kind": "aws/iam-identity-center", "region": "eu-west-1", "start_url": "https://x.example/start"},
            "saml": {"kind": "aws/saml"},
            "pro": {"kind": "atmos/pro"},
            "odd": {"kind": "okta/x"},
            "broken": {"kind": "aws/iam-identity-center", "region": "r", "start_url": "not a url"},
        },
        "identities": {
            "base": {"kind": "aws/permission-set", "via": {"provider": "corp"},
                     "principal": {"name": "Ops", "account": {"name": "net"}}},
            "admin": {"kind": "aws/assume-role", "via": {"identity": "BASE"}, "region": "us-west-2",
                      "principal": {"assume_role": "arn:aws:iam::222222222222:role/A"}},
            "deep": {"kind": "aws/assume-role", "via": {"identity": "admin"},
                     "principal": {"assume_role": "arn:aws:iam::333333333333:role/B", "external_id": "e"}},
            "a": {"kind": "aws/assume-role", "via": {"identity": "b"}, "principal": {"assume_role": "arn:x"}},
            "b": {"kind": "aws/assume-role", "via": {"identity": "a"}, "principal": {"assume_role": "arn:x"}},
            "nokind": {"via": {"provider": "corp"}},
            "bad": {"kind": "nonsense"},
            "later": {"kind": "aws/emulator"},
            "half": {"kind": "aws/user", "credentials": {"access_key_id": "AKIAIOSFODNN7EXAMPLE"}},
            "leaning": {"kind": "aws/user", "via": {"provider": "corp"}},
            "mute": {"kind": "aws/credential-process"},
            "room": {"kind": "ambient"},
            "beyond": {"kind": "aws/assume-role", "via": {"identity": "room"}, "principal": {"assume_role": "arn:x"}},
            "root": {"kind": "aws/assume-root", "via": {"identity": "base"}, "principal": {"target_principal": "1"}},
            "rootless": {"kind": "aws/assume-root", "via": {"provider": "corp"}},
            "lost": {"kind": "aws/permission-set", "via": {"provider": "crop"}, "principal": {}},
            "empty": {"kind": "aws/permission-set", "via": {"provider": "corp"}, "principal": {"name": "x"}},
            "direct": {"kind": "aws/assume-role", "via": {"provider": "corp"}, "principal": {"assume_role": "arn:x"}},
            "both": {"kind": "mock", "via": {"provider": "corp", "identity": "base"}},
            "alone": {"kind": "aws/assume-role", "principal": {"assume_role": "arn:x"}},
            "viasaml": {"kind": "aws/assume-role", "via": {"provider": "saml"}, "principal": {"assume_role": "arn:x"}},
            "viapro": {"kind": "aws/assume-role", "via": {"provider": "pro"}, "principal": {"assume_role": "arn:x"}},
            "viaodd": {"kind": "aws/permission-set", "via": {"provider": "odd"}, "principal": {}},
            "viabroken": {"kind": "aws/permission-set", "via": {"provider": "broken"},
                          "principal": {"name": "x", "account": {"id": "111111111111"}}},
            "mock": {"kind": "mock/aws", "via": {"provider": "odd"}},
        },
    })
}

fn build(name: &str) -> Result<Chain, Error> {
    Chain::build(&config(&document()), &IdentityName::from(name), &Sources::new())
}

#[test]
fn steps_run_from_the_root_to_the_target_and_regions_come_from_the_nearest() {
    let chain = build("deep").unwrap();
    assert_eq!(chain.names(), ["corp", "base", "admin", "deep"]);
    assert_eq!((chain.root(), chain.target().name.as_str()), ("corp", "deep"));
    let regions: Vec<_> = (0..3).map(|index| chain.region(index).unwrap()).collect();
    assert_eq!(regions, ["eu-west-1", "us-west-2", "us-west-2"]);
    assert!(build("mock").unwrap().is_mock());
}

#[test]
fn chains_that_cannot_work_say_why() {
    for (name, phrase, exit) in [
        ("a", "identity cycle detected: circular dependency `a` -> `b` -> `a`", 1),
        ("nokind", "identity kind is required", 1),
        ("bad", "unsupported identity kind: nonsense", 1),
        ("later", "of kind `aws/emulator` cannot be used yet (not built)", 1),
        ("half", "must both be provided or both be empty", 1),
        ("leaning", "aws/user stands alone", 1),
        ("mute", "aws/credential-process needs `credentials.process`", 1),
        ("beyond", "go by way of one of kind aws/ambient", 1),
        ("root", "target_principal `1` is not 12 digits", 2),
        ("rootless", "aws/assume-root needs `via.identity`", 1),
        ("lost", "provider not found: `crop`", 1),
        ("empty", "account specification is required in principal", 2),
        ("direct", "cannot use a portal token", 1),
        ("both", "mutually exclusive", 1),
        ("alone", "needs `via.identity` or `via.provider`", 1),
        ("viasaml", "provider `saml`: region is required", 1),
        ("viapro", "aws/assume-role cannot use what a provider of kind atmos/pro gives", 1),
        ("viaodd", "unsupported provider kind: okta/x", 1),
        ("viabroken", "start_url `not a url` is not an http or https URL", 1),
        ("nobody", "identity not found: `nobody`", 1),
    ] {
        let error = build(name).unwrap_err();
        assert!(error.to_string().contains(phrase), "{name}: {error}");
        assert_eq!(error.exit_code(), exit, "{name}");
    }
}

#[test]
fn fingerprints_differ_where_the_services_are_told_something_else() {
    let realm = |name| Realm::resolve(Some(name), None, None).unwrap();
    let endpoints = |url: &str| Endpoints::new(&Env::from_iter([("AWS_ENDPOINT_URL", url)]));
    let print = |document: &Value, realm: &Realm, endpoints: &Endpoints| {
        let auth = config(document);
        let chain = Chain::build(&auth, &IdentityName::from("deep"), &Sources::new()).unwrap();
        chain.fingerprint(2, realm, endpoints)
    };
    let base = print(&document(), &realm("a"), &endpoints("http://127.0.0.1:1"));
    assert_eq!(base, print(&document(), &realm("a"), &endpoints("http://127.0.0.1:1")));
    assert_ne!(base, print(&document(), &realm("b"), &endpoints("http://127.0.0.1:1")));
    assert_ne!(base, print(&document(), &realm("a"), &endpoints("http://127.0.0.1:2")));
    for (path, value) in [
        ("/identities/deep/principal/external_id", json!("f")),
        ("/identities/base/principal/account", json!({"id": "111111111111"})),
        ("/identities/base/principal/name", json!("Other")),
        ("/providers/corp/start_url", json!("https://y.example/start")),
        ("/identities/admin/region", json!("us-east-2")),
    ] {
        let mut changed = document();
        *changed.pointer_mut(path).unwrap() = value;
        assert_ne!(base, print(&changed, &realm("a"), &endpoints("http://127.0.0.1:1")), "{path}");
    }
    let mut renamed = document();
    renamed["identities"]["deep"]["alias"] = json!("nickname");
    assert_eq!(base, print(&renamed, &realm("a"), &endpoints("http://127.0.0.1:1")));
}
