//! Every secret that was ever given out, looked for where none may be: home, runtime directory, logs, arguments and
//! environments of all processes, outputs at the level Trace, audit log; raw, URL-encoded, in base64, JSON-escaped.

use std::time::Duration;

use serde_json::json;

use crate::support::{Cloud, DEVICE, Outcome, Sandbox, Scanner, Users, descendants, wait_until};

/// Variables by which a child gets its keys where that was asked for.
const KEYS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
/// The one variable that opens the keyring; the program itself has it, its children do not.
const PASSWORD: &str = "ATMOS_KEYRING_PASSWORD";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

fn assert_silent(scanner: &Scanner, outcome: &Outcome) {
    scanner.assert_absent("standard output", outcome.stdout.as_bytes());
    scanner.assert_absent("standard error", outcome.stderr.as_bytes());
}

/// Everything below the sandbox but what the probe, which is the test's own, has written.
fn assert_rests_nowhere(cloud: &Cloud, scanner: &Scanner) {
    for folder in
        [cloud.sandbox.home(), cloud.sandbox.runtime(), cloud.sandbox.repo(), cloud.sandbox.root().join("tmp")]
    {
        scanner.assert_absent_below(&folder);
    }
}

fn cloud_with(delivery: &str) -> Cloud {
    let mut cloud = Cloud::start(&[]);
    let text = cloud.sandbox.read("atmos.yaml");
    let own = format!("realm: scenario\n  delivery: {delivery}\n  audit: {{file: \"~/audit.jsonl\"}}");
    cloud.sandbox.write("atmos.yaml", &text.replace("realm: scenario", &own));
    let log = cloud.sandbox.home().join("atmos.log");
    cloud.sandbox.set("ATMOS_LOGS_LEVEL", "Trace");
    cloud.sandbox.set("ATMOS_LOGS_FILE", log);
    cloud
}

/// Looks at all processes of a run while its child is at work.
fn look_at_a_run(delivery: &str, excepted: &[&str]) {
    let mut cloud = cloud_with(delivery);
    cloud.login("data-admin").success();
    cloud.login("network-admin").success();
    cloud.sandbox.set("PROBE_SLEEP", "3");
    let apply = ["terraform", "apply", "database", "-s", "dev", "--", "-auto-approve"];
    let running = cloud.sandbox.spawn(&apply);
    wait_until("the child is at work", Duration::from_mins(1), || {
        cloud.probe("dev-database").has("started").then_some(())
    });
    let scanner = Scanner::of(&cloud.portal, &cloud.sts);
    scanner.assert_absent_in_process(running.pid(), &[PASSWORD]);
    let children = descendants(running.pid());
    assert!(children.len() >= 2, "terraform and its provisioner: {children:?}");
    for child in children {
        scanner.assert_absent_in_process(child, excepted);
    }
    if delivery != "files" {
        assert_rests_nowhere(&cloud, &scanner);
    }
    let seen = running.wait().success();
    let mut scanner = Scanner::of(&cloud.portal, &cloud.sts);
    assert_silent(&scanner, &seen);
    if let Some(token) = cloud.probe("dev-database").environment().get(TOKEN) {
        let own = Scanner::new([("token of the endpoint".to_owned(), token.clone())]);
        assert_silent(&own, &seen);
        assert_rests_nowhere(&cloud, &own);
    }
    assert_rests_nowhere(&cloud, &scanner);
    // What goes wrong is said without them too.
    for knob in ["unauthorized_once", "server_error_once", "too_many_once"] {
        cloud.portal.control(&json!({ knob: true }));
        let seen = cloud.login("data-admin");
        scanner = Scanner::of(&cloud.portal, &cloud.sts);
        assert_silent(&scanner, &seen);
    }
    for words in [
        &["auth", "whoami", "-i", "data-admin", "-o", "json"][..],
        &["auth", "whoami", "-i", "data-admin", "--verify"],
        &["auth", "list", "-f", "json"],
        &["auth", "list", "-f", "yaml"],
        &["auth", "env", "-i", "data-admin"],
        &["auth", "validate"],
        &["auth", "exec", "-i", "data-admin", "--", "false"],
        &["describe", "component", "database", "-s", "dev"],
        &["terraform", "plan", "nothing", "-s", "dev"],
        &["auth", "logout", "--all"],
    ] {
        assert_silent(&scanner, &cloud.sandbox.atmos(words));
    }
    assert_rests_nowhere(&cloud, &scanner);
    let audit = std::fs::read_to_string(cloud.sandbox.home().join("audit.jsonl")).unwrap();
    assert!(audit.contains("\"event\":\"run\""), "{audit}");
}

#[test]
fn runs_by_process_show_and_leave_no_secret() {
    look_at_a_run("process", &[]);
}

#[test]
fn runs_by_endpoint_show_and_leave_no_secret() {
    look_at_a_run("endpoint", &[]);
}

#[test]
fn runs_by_files_leave_no_secret_and_show_none() {
    look_at_a_run("files", &[]);
}

#[test]
fn runs_by_environment_show_secrets_there_and_nowhere_else() {
    look_at_a_run("env", &KEYS);
}

#[test]
fn keys_codes_and_sessions_of_users_are_shown_nowhere() {
    let mut users = Users::start(&json!({}));
    let log = users.sandbox.home().join("atmos.log");
    users.sandbox.set("ATMOS_LOGS_LEVEL", "Trace");
    users.sandbox.set("ATMOS_LOGS_FILE", log);
    users.sandbox.set("ATMOS_AUTH_AUDIT_FILE", users.sandbox.home().join("audit.jsonl"));
    let mut seen = vec![users.import_with(&["--mfa-arn", DEVICE]).success()];
    let run = |code: &str, words: &[&str]| users.sandbox.atmos_with(&[("ATMOS_AWS_MFA_TOKEN", code)], words);
    seen.push(run("000000", &["auth", "login", "-i", "deploy"]).exits(1));
    seen.push(run("123456", &["auth", "login", "-i", "deploy"]).success());
    let sleeper = users.sandbox.spawn(&["auth", "exec", "-i", "audit", "--delivery", "endpoint", "--", "sleep", "2"]);
    wait_until("the child is at work", Duration::from_secs(30), || {
        (!descendants(sleeper.pid()).is_empty()).then_some(())
    });
    users.scanner().assert_absent_in_process(sleeper.pid(), &[PASSWORD]);
    for child in descendants(sleeper.pid()) {
        users.scanner().assert_absent_in_process(child, &[]);
    }
    users.assert_clean();
    seen.push(sleeper.wait().success());
    seen.push(run("123456", &["auth", "user", "rotate"]).success());
    users.control(&json!({"signin_status": 500, "code": "234567"}));
    seen.push(run("234567", &["auth", "console", "-i", "deploy", "--print-only"]).exits(1));
    for words in [
        &["auth", "whoami", "-i", "deploy", "--verify"][..],
        &["auth", "list", "-f", "json"],
        &["auth", "env", "-i", "deploy"],
        &["auth", "user", "rotate", "-i", "nobody"],
        &["auth", "logout", "--all"],
    ] {
        seen.push(users.sandbox.atmos(words));
    }
    let scanner = users.scanner();
    for outcome in &seen {
        assert_silent(&scanner, outcome);
    }
    users.assert_clean();
    let files = Sandbox::files_below(&users.sandbox.home());
    assert!(files.iter().any(|file| file.ends_with("audit.jsonl")), "{files:?}");
}
