//! `allowed_identities` of a stack or component holds for commands about it as for its runs.

use serde_json::json;

use crate::support::{Outcome, Users};

const STACK: &str = "
vars: {stage: dev}
auth: {allowed_identities: [audit]}
settings: {auth: {identity: audit}}
components:
  terraform:
    dns: {}
    db: {auth: {allowed_identities: [], require_identity: true}}
    vpc: {auth: {identities: {audit: {default: true}}}}
";

/// `deploy` is the default of the configuration, and not wanted in the stack.
fn users() -> Users {
    let users = Users::start(&json!({}));
    users.configure("kind: aws/user, default: true", "kind: aws/user");
    users.configure("deploy: {kind: aws/assume-role,", "deploy: {kind: aws/assume-role, default: true,");
    users.sandbox.write("stacks/dev.yaml", STACK);
    for component in ["dns", "db", "vpc"] {
        users.sandbox.write(&format!("components/terraform/{component}/main.tf"), "");
    }
    users.import_with(&["-i", "worker"]).success();
    users
}

#[track_caller]
fn refused(seen: Outcome, place: &str) {
    seen.exits(1)
        .says("identity `deploy` (from")
        .says(&format!("may not be used for {place}"))
        .says("allowed here: audit;");
}

#[test]
fn wide_default_is_not_given_out_where_a_stack_or_component_keeps_it_out() {
    let users = users();
    for component in ["dns", "db", "vpc"] {
        let (scope, place) = (["-s", "dev", "-c", component], format!("component `{component}` in stack `dev`"));
        let commands: [&[&str]; 4] = [
            &["exec", "--", "true"],
            &["shell", "--shell", "/bin/true"],
            &["process"],
            &["env", "--delivery", "env", "--login"],
        ];
        for command in commands {
            let (verb, rest) = (command[0], &command[1..]);
            let named = [&["auth", verb], &scope[..], &["-i", "deploy"], rest].concat();
            let seen = users.sandbox.atmos(&named);
            assert!(!seen.stdout.contains("Secret"), "{seen}");
            refused(seen, &place);
            let by_variable = [&["auth", verb], &scope[..], rest].concat();
            refused(users.sandbox.atmos_with(&[("ATMOS_IDENTITY", "deploy")], &by_variable), &place);
        }
        refused(users.sandbox.atmos(&["terraform", "plan", component, "-s", "dev", "-i", "deploy"]), &place);
        users.sandbox.atmos(&[&["auth", "exec"], &scope[..], &["--", "true"]].concat()).success();
        users.sandbox.atmos(&[&["auth", "exec"], &scope[..], &["-i", "audit", "--", "true"]].concat()).success();
    }
    refused(users.sandbox.atmos(&["auth", "process", "-s", "dev", "-i", "deploy"]), "stack `dev`");
    users.sandbox.atmos(&["auth", "process", "-s", "dev"]).success();
    users.sandbox.atmos(&["auth", "process", "-i", "deploy"]).success();
}
