//! The real parts start, serve and end: if one of these fails, look there before you look at the program.

use crate::support::{IdentityCenter, Kube, Sandbox, SecretService, Sts};

#[test]
fn sts_answers_through_the_recorder() {
    let sandbox = Sandbox::empty();
    let sts = Sts::start();
    let mut aws = sandbox.command("/usr/bin/env");
    aws.args(["aws", "sts", "get-caller-identity", "--endpoint-url", &sts.url, "--region", "eu-west-1"]);
    aws.env("AWS_ACCESS_KEY_ID", "ASIAAAAAAAAAAAAAAAAA").env("AWS_SECRET_ACCESS_KEY", "secret");
    let outcome = sandbox.start(aws, "").wait().success();
    assert!(outcome.json()["Arn"].is_string(), "{outcome}");
    assert_eq!((sts.count("GetCallerIdentity"), sts.secrets().len()), (1, 0));
    assert_eq!(sts.calls()[0].signer, "ASIAAAAAAAAAAAAAAAAA");
}

#[test]
fn identity_center_serves_and_logs() {
    let portal = IdentityCenter::start(&["--pending", "1"]);
    portal.control(&serde_json::json!({"auto_approve": true}));
    assert_eq!(portal.operations(), Vec::<String>::new());
    assert!(portal.issued().is_empty());
}

#[test]
fn kubernetes_stores_and_serves_objects() {
    let kube = Kube::start();
    kube.kubectl(&["create", "configmap", "probe", "--from-literal=a=b"]).expect("an object can be made");
    let value = kube.kubectl(&["get", "configmap", "probe", "-o", "jsonpath={.data.a}"]);
    assert_eq!(value.as_deref(), Some("b"));
}

#[test]
fn secret_service_keeps_a_secret() {
    let mut sandbox = Sandbox::empty();
    let _service = SecretService::start(&mut sandbox);
    let mut store = sandbox.command("/usr/bin/env");
    store.args(["secret-tool", "store", "--label", "probe", "name", "probe"]);
    sandbox.start(store, "a secret").wait().success();
    let mut lookup = sandbox.command("/usr/bin/env");
    lookup.args(["secret-tool", "lookup", "name", "probe"]);
    assert_eq!(sandbox.start(lookup, "").wait().success().stdout, "a secret");
}
