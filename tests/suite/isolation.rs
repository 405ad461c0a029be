//! Each run as its own identity, with credentials that only this run can read and that end with it.

use std::collections::BTreeSet;

use crate::support::{AMBIENT_KEY, Cloud, Probe, Sandbox, Scanner};

const NETWORK: &str = "arn:aws:sts::333333333333:assumed-role/NetworkAdmin/";
const DATA: &str = "arn:aws:sts::444444444444:assumed-role/AWSReservedSSO_DataOps_";
const READER: &str = "arn:aws:sts::777777777777:assumed-role/AWSReservedSSO_ReadOnly_";

#[track_caller]
fn assert_caller(probe: &Probe, prefix: &str) {
    let arn = probe.caller();
    assert!(arn.starts_with(prefix), "{arn}");
}

#[test]
fn components_of_one_stack_run_as_different_roles() {
    let cloud = Cloud::start(&[]);
    cloud.login("reader").success();
    cloud.apply(&["vpc", "-s", "dev"]).success();
    cloud.apply(&["database", "-s", "dev"]).success();
    assert_caller(&cloud.probe("dev-vpc"), NETWORK);
    assert_caller(&cloud.probe("dev-database"), DATA);
    // A flag is stronger than `settings.auth.identity`, and so is the variable.
    cloud.apply(&["vpc", "-s", "prod", "--identity", "reader"]).success();
    assert_caller(&cloud.probe("prod-vpc"), READER);
    let apply = ["terraform", "apply", "database", "-s", "prod", "--", "-auto-approve"];
    cloud.sandbox.atmos_with(&[("ATMOS_IDENTITY", "network-admin")], &apply).success();
    assert_caller(&cloud.probe("prod-database"), NETWORK);
    assert_eq!(cloud.portal.count("StartDeviceAuthorization"), 1);
    cloud.assert_clean();
}

#[test]
fn case_09_all_components_in_one_process_run_each_as_its_own_role() {
    let cloud = Cloud::start(&[]);
    cloud.login("reader").success();
    let before = cloud.sts.count("AssumeRole");
    cloud.apply(&["--all", "-s", "dev"]).success();
    assert_caller(&cloud.probe("dev-vpc"), NETWORK);
    assert_caller(&cloud.probe("dev-database"), DATA);
    assert_caller(&cloud.probe("dev-dns"), READER);
    // This one says `identity: false`: nothing of an identity, although a default is there.
    let environment = cloud.probe("dev-local").environment();
    assert!(
        !environment.contains_key("AWS_PROFILE") && !environment.contains_key("AWS_CONFIG_FILE"),
        "{environment:?}"
    );
    assert!(cloud.sts.count("AssumeRole") - before <= 1, "one call per distinct chain");
    cloud.assert_clean();
}

#[test]
fn child_sees_a_private_config_and_no_secret() {
    let mut cloud = Cloud::start(&[]);
    for (name, value) in ambient() {
        cloud.sandbox.set(name, value);
    }
    cloud.login("network-admin").success();
    cloud.apply(&["vpc", "-s", "dev"]).success();
    let probe = cloud.probe("dev-vpc");
    assert_caller(&probe, NETWORK);
    let environment = probe.environment();
    for (name, _) in ambient() {
        assert!(!environment.contains_key(name), "{name} reached the child");
    }
    for name in ["ATMOS_KEYRING_PASSWORD", "ATMOS_IDENTITY"] {
        assert!(!environment.contains_key(name), "{name} reached the child");
    }
    assert!(
        !environment.values().any(|value| value.contains("ambient") || value.contains(AMBIENT_KEY)),
        "{environment:?}"
    );
    let expected = [
        ("AWS_PROFILE", "network-admin"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
        ("AWS_SDK_LOAD_CONFIG", "1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    for (name, value) in expected {
        assert_eq!(environment.get(name).map(String::as_str), Some(value), "{name}");
    }
    let run = probe.text("run");
    assert!(run.starts_with(&*cloud.sandbox.runtime().to_string_lossy()), "not below XDG_RUNTIME_DIR: {run}");
    for line in probe.text("run-files").lines() {
        let (mode, rest) = line.split_once(' ').unwrap();
        let expected = if rest.starts_with('d') { "700" } else { "600" };
        assert_eq!(mode, expected, "{line}");
    }
    assert!(probe.text("config").contains("credential_process"), "{}", probe.text("config"));
    assert!(!probe.text("credentials").contains("aws_secret_access_key"));
    cloud.assert_clean();
}

fn ambient() -> [(&'static str, &'static str); 16] {
    [
        ("AWS_ACCESS_KEY_ID", AMBIENT_KEY),
        ("AWS_SECRET_ACCESS_KEY", "ambient-secret"),
        ("AWS_SESSION_TOKEN", "ambient-token"),
        ("AWS_SECURITY_TOKEN", "ambient-token"),
        ("AWS_ROLE_ARN", "arn:aws:iam::999999999999:role/ambient"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/ambient"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/ambient"),
        ("AWS_DEFAULT_PROFILE", "ambient"),
        ("AWS_VAULT", "ambient"),
        ("AWS_ACCESS_KEY", AMBIENT_KEY),
        ("AWS_SECRET_KEY", "ambient-secret"),
        ("AMAZON_ACCESS_KEY_ID", AMBIENT_KEY),
        ("AWS_CREDENTIAL_PROFILES_FILE", "/ambient"),
        ("BOTO_CONFIG", "/ambient"),
        ("AWS_BEARER_TOKEN_BEDROCK", "ambient-token"),
        ("AWS_SSO_ROLE_NAME", "ambient"),
    ]
}

#[test]
fn child_reaches_only_the_identities_of_its_run() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    cloud.login("network-admin").success();
    // The probe of this test tries to become someone else, through the helper of its own profile and directly.
    cloud.sandbox.write(
        "bin/probe",
        "#!/bin/sh
out=$PROBE/$1; mkdir -p \"$out\"
process=$(sed -n 's/^credential_process *= *//p' \"$AWS_CONFIG_FILE\" | head -n 1)
printf '%s\\n' \"$process\" >\"$out/process\"
sh -c \"$process\" >\"$out/own\" 2>&1; echo $? >\"$out/own-code\"
other=$(printf '%s' \"$process\" | sed 's/data-admin/network-admin/g')
sh -c \"$other\" >\"$out/other\" 2>&1; echo $? >\"$out/other-code\"
",
    );
    cloud.apply(&["database", "-s", "dev"]).success();
    let probe = cloud.probe("dev-database");
    assert_eq!(probe.text("own-code").trim(), "0", "{}", probe.text("own"));
    assert!(probe.text("own").contains(&cloud.last_key_of("DataOps")), "{}", probe.text("own"));
    assert_ne!(probe.text("other-code").trim(), "0", "{} gave {}", probe.text("process"), probe.text("other"));
    assert!(!probe.text("other").contains("SecretAccessKey"));
    // After the run its socket is dead: the helper fails clearly and opens nothing by itself.
    let process = probe.text("process");
    let mut after = cloud.sandbox.command("/bin/sh");
    after.args(["-c", process.trim()]);
    let outcome = cloud.sandbox.start(after, "").wait();
    assert_ne!(outcome.code(), 0, "{outcome}");
    assert!(!outcome.stdout.contains("SecretAccessKey"), "{outcome}");
}

#[test]
fn nested_atmos_asks_the_run_around_it_and_gets_what_that_may_use() {
    let mut cloud = Cloud::start(&[]);
    cloud.sandbox.set("ATMOS_PROGRAM", env!("CARGO_BIN_EXE_atmos"));
    cloud.login("data-admin").success();
    cloud.login("network-admin").success();
    cloud.sandbox.write(
        "bin/probe",
        "#!/bin/sh
out=$PROBE/$1; mkdir -p \"$out\"
cd ../../..
for identity in data-admin network-admin; do
    $ATMOS_PROGRAM auth exec -i $identity -- sh -c 'echo $AWS_PROFILE' >\"$out/$identity\" 2>\"$out/$identity-error\"
    echo $? >\"$out/$identity-code\"
done
",
    );
    let apply = cloud.apply(&["database", "-s", "dev"]).success();
    let probe = cloud.probe("dev-database");
    let own = (probe.text("data-admin-code"), probe.text("data-admin"));
    assert_eq!(own, ("0\n".into(), "data-admin\n".into()), "{}\n{apply}", probe.text("data-admin-error"));
    assert_ne!(probe.text("network-admin-code"), "0\n");
    assert_eq!(probe.text("network-admin"), "");
    cloud.assert_clean();
}

#[test]
fn delivery_files_holds_the_keys_for_the_run_only() {
    let cloud = Cloud::start(&[]);
    let settings = cloud.sandbox.read("atmos.yaml").replace("realm: scenario", "realm: scenario\n  delivery: files");
    cloud.sandbox.write("atmos.yaml", &settings);
    cloud.login("data-admin").success();
    cloud.apply(&["database", "-s", "dev"]).success();
    let probe = cloud.probe("dev-database");
    assert_caller(&probe, DATA);
    let credentials = probe.text("credentials");
    assert!(credentials.contains("[data-admin]") && credentials.contains("aws_secret_access_key"), "{credentials}");
    assert!(!probe.environment().contains_key("AWS_SECRET_ACCESS_KEY"));
    // The copy that the probe made is the test's own; apart from it nothing is left.
    std::fs::remove_file(cloud.probes().join("dev-database/credentials")).unwrap();
    cloud.assert_clean();
}

#[test]
fn delivery_env_passes_keys_when_asked_for() {
    let cloud = Cloud::start(&[]);
    let settings = cloud.sandbox.read("atmos.yaml").replace("realm: scenario", "realm: scenario\n  delivery: env");
    cloud.sandbox.write("atmos.yaml", &settings);
    cloud.login("data-admin").success();
    cloud.apply(&["database", "-s", "dev"]).success();
    let probe = cloud.probe("dev-database");
    assert_caller(&probe, DATA);
    assert!(probe.environment()["AWS_ACCESS_KEY_ID"].starts_with("ASIA"));
}

#[test]
fn outputs_of_the_program_and_its_children_are_masked() {
    let cloud = Cloud::start(&[]);
    let settings = cloud.sandbox.read("atmos.yaml").replace("realm: scenario", "realm: scenario\n  delivery: env");
    cloud.sandbox.write("atmos.yaml", &settings);
    cloud.sandbox.write("bin/probe", "#!/bin/sh\nenv; env >&2\n");
    cloud.login("data-admin").success();
    let outcome = cloud.apply(&["database", "-s", "dev"]).success();
    let scanner = Scanner::of(&cloud.portal, &cloud.sts);
    scanner.assert_absent("stdout", outcome.stdout.as_bytes());
    scanner.assert_absent("stderr", outcome.stderr.as_bytes());
    assert!(outcome.stdout.contains("<MASKED>"), "{outcome}");
    let logged = cloud.sandbox.atmos_with(&[("ATMOS_LOGS_LEVEL", "Trace")], &["auth", "whoami", "-i", "data-admin"]);
    scanner.assert_absent("logs", logged.stderr.as_bytes());
}

#[test]
fn two_runs_at_once_have_private_folders_of_their_own() {
    let mut cloud = Cloud::start(&[]);
    cloud.sandbox.set("PROBE_SLEEP", "3");
    cloud.login("data-admin").success();
    cloud.login("network-admin").success();
    let start = |component| {
        let apply = ["terraform", "apply", component, "-s", "dev", "--", "-auto-approve"];
        cloud.sandbox.spawn(&apply)
    };
    let (one, two) = (start("vpc"), start("database"));
    one.wait().success();
    two.wait().success();
    let runs: BTreeSet<_> = ["dev-vpc", "dev-database"].map(|name| cloud.probe(name).text("run")).into();
    assert_eq!(runs.len(), 2);
    assert_caller(&cloud.probe("dev-vpc"), NETWORK);
    assert_caller(&cloud.probe("dev-database"), DATA);
    cloud.assert_clean();
}

#[test]
fn two_terminals_in_one_component_folder_wait_for_each_other() {
    let mut cloud = Cloud::start(&[]);
    cloud.sandbox.set("PROBE_SLEEP", "4");
    cloud.login("network-admin").success();
    let start = |stack| {
        let apply = ["terraform", "apply", "vpc", "-s", stack, "--", "-auto-approve"];
        cloud.sandbox.spawn(&apply)
    };
    let one = start("dev");
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let two = start("prod").wait().success().says("wait");
    one.wait().success();
    assert!(cloud.probe("prod-vpc").has("finished") && cloud.probe("dev-vpc").has("finished"), "{two}");
    let state = cloud.sandbox.repo().join("components/terraform/vpc/terraform.tfstate.d");
    let workspaces: BTreeSet<_> =
        Sandbox::files_below(&state).into_iter().filter(|file| file.ends_with("terraform.tfstate")).collect();
    assert_eq!(workspaces.len(), 2, "{workspaces:?}");
}
