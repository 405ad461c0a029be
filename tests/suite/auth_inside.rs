//! An atmos inside `auth exec`, `auth shell` or a run finds the identity that it runs as, wherever that came from.

use serde_json::json;

use crate::support::{Outcome, Users};

const ATMOS: &str = env!("CARGO_BIN_EXE_atmos");
const PROFILE: &str = "
auth:
  identities:
    devid: {kind: aws/assume-role, default: true, via: {identity: worker}, principal: {assume_role: 'arn:aws:iam::444444444444:role/Dev'}}
    worker: {default: false}
";
const STACK: &str = "
vars: {stage: dev}
auth:
  identities:
    stackid: {kind: aws/assume-role, via: {identity: worker}, principal: {assume_role: 'arn:aws:iam::555555555555:role/Stack'}, env: {SEEN: value}}
components:
  terraform:
    vpc: {settings: {auth: {identity: deploy}}}
    dns: {}
    own: {settings: {auth: {identity: stackid}}}
    other: {settings: {auth: {identity: audit}}, auth: {identities: {audit: {principal: {assume_role: 'arn:aws:iam::666666666666:role/Narrow'}}}}}
";

fn users() -> Users {
    let users = Users::start(&json!({}));
    users.sandbox.write("profiles/dev/atmos.yaml", PROFILE);
    users.sandbox.write("stacks/dev.yaml", STACK);
    users.import().success();
    users
}

#[track_caller]
fn is(seen: &Outcome, arn: &str) {
    assert!(seen.mentions(arn) || seen.stdout.contains(arn), "not {arn}: {seen}");
}

#[test]
fn identity_of_a_profile_or_a_stack_is_found_inside() {
    let users = users();
    for (who, name, arn) in [
        (&["--profile", "dev"][..], "devid", "444444444444:assumed-role/Dev"),
        (&["-s", "dev", "-i", "stackid"], "stackid", "555555555555:assumed-role/Stack"),
    ] {
        let inner = |verb: &str, words: &[&str]| {
            let outer = [&["auth", verb], who, words].concat();
            users.sandbox.atmos(&outer)
        };
        let whoami = inner("exec", &["--", ATMOS, "auth", "whoami"]).success().says(name);
        is(&whoami, arn);
        is(&inner("exec", &["--", ATMOS, "auth", "whoami", "-i", name]).success(), arn);
        let env = inner("shell", &["--shell", "/bin/sh", "--", "-c", &format!("{ATMOS} auth env")]).success();
        assert!(env.stdout.contains(&format!("AWS_PROFILE='{name}'")) || env.stdout.contains(name), "{env}");
        // One inside of one inside asks all the way.
        let deep = ["--", ATMOS, "auth", "exec", "--", ATMOS, "auth", "exec", "--", ATMOS, "auth", "process"];
        let process = inner("exec", &deep).success();
        assert!(process.stdout.contains("SecretAccessKey"), "{process}");
    }
    // What the run may not use is refused as before.
    let other = users.sandbox.atmos(&["auth", "exec", "-i", "deploy", "--", ATMOS, "auth", "process", "-i", "audit"]);
    assert_ne!(other.code(), 0, "{other}");
    other.says("may not use it");
}

/// What `command` says in a provisioner of a component.
fn provisioned(users: &Users, flags: &[&str], component: &str, command: &str) -> String {
    let main = format!(
        "resource \"terraform_data\" \"this\" {{\n  triggers_replace = timestamp()\n  provisioner \"local-exec\" {{\n    command = \
         \"{ATMOS} {command} > seen.txt 2>&1 || true\"\n  }}\n}}\n"
    );
    users.sandbox.write(&format!("components/terraform/{component}/main.tf"), &main);
    let run = ["terraform", "apply", component, "-s", "dev", "--", "-auto-approve"];
    users.sandbox.atmos(&[flags, &run].concat()).success();
    users.sandbox.read(&format!("components/terraform/{component}/seen.txt"))
}

#[test]
fn provisioner_is_the_identity_of_its_run() {
    let users = users();
    let deploy = "222222222222:assumed-role/Deploy";
    for (flags, component, command, expected) in [
        (&[][..], "vpc", "auth whoami", deploy),
        (&[], "vpc", "auth whoami -i deploy", deploy),
        (&[], "own", "auth whoami", "555555555555:assumed-role/Stack"),
        (&["--profile", "dev"], "dns", "auth whoami", "444444444444:assumed-role/Dev"),
        (&["--profile", "dev"], "dns", "auth whoami -i devid", "444444444444:assumed-role/Dev"),
        (&["--profile", "dev"], "dns", "auth exec -- printenv ATMOS_PROFILE", "dev"),
        (&[], "vpc", "auth exec -- printenv AWS_PROFILE", "deploy"),
        // What the component has made of an identity that the configuration has, too.
        (&[], "other", "auth whoami", "666666666666:assumed-role/Narrow"),
        (&[], "other", "auth exec -i audit -- printenv AWS_PROFILE", "audit"),
    ] {
        let seen = provisioned(&users, flags, component, command);
        assert!(seen.contains(expected), "{flags:?} {component} `{command}`: {seen}");
    }
}
