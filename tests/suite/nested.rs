//! An atmos inside a run: it asks the run around it, gets what that run may use, and opens no keyring.

use serde_json::Value;

use crate::support::{Cloud, Outcome, Probe};

/// A run of `database` as `data-admin`, whose child is this shell script. `say NAME WORDS...` runs atmos and keeps what
/// it says.
fn inside(cloud: &mut Cloud, script: &str) -> (Probe, Outcome) {
    cloud.sandbox.set("ATMOS_PROGRAM", env!("CARGO_BIN_EXE_atmos"));
    cloud.login("data-admin").success();
    cloud.login("network-admin").success();
    let head = "#!/bin/sh
out=$PROBE/$1; mkdir -p \"$out\"
cd ../../..
say() {
    name=$1; shift
    \"$ATMOS_PROGRAM\" \"$@\" >\"$out/$name\" 2>\"$out/$name-error\"
    echo $? >\"$out/$name-code\"
}
env >\"$out/environ\"
";
    cloud.sandbox.write("bin/probe", &format!("{head}{script}"));
    let outcome = cloud.apply(&["database", "-s", "dev"]).success();
    (cloud.probe("dev-database"), outcome)
}

#[track_caller]
fn assert_says(probe: &Probe, name: &str, code: &str, words: &[&str]) {
    let error = probe.text(&format!("{name}-error"));
    assert_eq!(probe.text(&format!("{name}-code")).trim(), code, "{name}: {error}\n{}", probe.text(name));
    let flat = error.replace(['│', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
    for word in words {
        assert!(flat.contains(word), "{name} does not say `{word}`\n{error}");
    }
}

#[test]
fn equal_names_in_two_configurations_are_not_one_identity() {
    let mut cloud = Cloud::start(&[]);
    // The same name, another account.
    let other = cloud.sandbox.read("atmos.yaml").replace("444444444444", "111111111111");
    cloud.sandbox.write("other/atmos.yaml", &other);
    let (probe, outer) = inside(
        &mut cloud,
        "
set -- --config \"$PWD/other/atmos.yaml\" auth
say exec \"$@\" exec -i data-admin -- sh -c 'echo started'
say process \"$@\" process -i data-admin
say whoami \"$@\" whoami -i data-admin
say env \"$@\" env -i data-admin
say keys \"$@\" env -i data-admin --delivery env
say own auth process -i data-admin
",
    );
    for name in ["exec", "process", "whoami", "env", "keys"] {
        let wanted = ["`data-admin`", "is not the identity", "/repo/other`", "/repo`", "outside of the run"];
        assert_says(&probe, name, "1", &wanted);
        assert_eq!(probe.text(name), "", "{name}");
    }
    assert_says(&probe, "own", "0", &[]);
    assert!(probe.text("own").contains(&cloud.last_key_of("DataOps")), "{}", probe.text("own"));
    let outer = outer.says("which is not this run's identity of that name");
    assert!(outer.mentions("/repo/other"), "{outer}");
    // The probe's copy is the test's own; apart from it nothing is left.
    std::fs::remove_file(cloud.probes().join("dev-database/own")).unwrap();
    cloud.assert_clean();
}

#[test]
fn auth_commands_inside_a_run_ask_the_run() {
    let mut cloud = Cloud::start(&[]);
    let (probe, _) = inside(
        &mut cloud,
        "
for identity in data-admin network-admin; do
    say whoami-$identity auth whoami -i $identity -o json
    say env-$identity auth env -i $identity -f json
    say login-env-$identity auth env -i $identity -f json --login
    say keys-$identity auth env -i $identity -f json --delivery env
    say process-$identity auth process -i $identity
    say login-$identity auth login -i $identity
done
say login-provider auth login --provider corp
say logout auth logout --all
say list auth list
",
    );
    let json = |name: &str| -> Value { serde_json::from_str(&probe.text(name)).unwrap() };
    for name in ["whoami", "env", "login-env", "keys", "process"] {
        assert_says(&probe, &format!("{name}-data-admin"), "0", &[]);
        let outside = format!("{name}-network-admin");
        assert_says(&probe, &outside, "1", &["`network-admin`", "this run may not use it"]);
        assert_eq!(probe.text(&outside), "");
    }
    let who = json("whoami-data-admin");
    let arn = who["principal"].as_str().unwrap_or_default();
    assert!(arn.starts_with("arn:aws:sts::444444444444:assumed-role/AWSReservedSSO_DataOps_"), "{who}");
    assert_eq!(who["valid"], true, "{who}");
    assert!(who["expiration"].is_string(), "{who}");
    let environment = probe.environment();
    for name in ["env-data-admin", "login-env-data-admin"] {
        let printed = json(name);
        for variable in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE", "ATMOS_RUN_SOCKET"] {
            assert_eq!(printed[variable].as_str(), environment.get(variable).map(String::as_str), "{printed}");
        }
    }
    let key = cloud.last_key_of("DataOps");
    assert_eq!(json("process-data-admin")["AccessKeyId"], key);
    assert_eq!(json("keys-data-admin")["AWS_ACCESS_KEY_ID"], key);
    for name in ["login-data-admin", "login-network-admin", "login-provider", "logout"] {
        assert_says(
            &probe,
            name,
            "1",
            &["the run around this command gives the credentials", "do it outside of the run"],
        );
    }
    assert_says(&probe, "list", "0", &[]);
    // The probe's copies of the keys are the test's own; apart from them nothing is left.
    std::fs::remove_dir_all(cloud.probes().join("dev-database")).unwrap();
    cloud.assert_clean();
}

#[test]
fn dead_run_is_an_error_and_never_a_reason_to_open_the_keyring() {
    let mut cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    cloud.sandbox.set("ATMOS_RUN_SOCKET", cloud.sandbox.runtime().join("atmos/run/1-0/s"));
    for words in [
        &["whoami", "-i", "data-admin"][..],
        &["env", "-i", "data-admin"],
        &["env", "-i", "data-admin", "--delivery", "env"],
        &["process", "-i", "data-admin"],
        &["exec", "-i", "data-admin", "--", "true"],
    ] {
        let (outcome, requests) = cloud.requests_during(|| cloud.sandbox.atmos(&[&["auth"], words].concat()));
        let outcome = outcome.exits(1).says("has ended").says("nothing inside a run opens the keyring");
        assert_eq!((outcome.stdout.as_str(), requests), ("", Vec::new()));
    }
}
