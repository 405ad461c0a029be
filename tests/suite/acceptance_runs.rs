//! The numbered acceptance cases of runs, users and guard rails; `case_NN` is the number.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{AMBIENT_KEY, Cloud, DEVICE, Sandbox, Scanner, Users};

/// Two seconds, with room for a machine that does other things at the same time.
const AT_ONCE: Duration = Duration::from_secs(5);

#[test]
fn case_05_chain_of_three_with_external_id_regions_and_durations() {
    let users = Users::start(&json!({}));
    users.import().success();
    users.configure(
        "  identities:\n",
        "  identities:\n    second: {kind: aws/assume-role, via: {identity: deploy}, principal: {assume_role: \
         \"arn:aws:iam::444444444444:role/Second\", external_id: secret-handshake, region: eu-north-1, duration: 2h}}\n    third: \
         {kind: aws/assume-role, via: {identity: second}, principal: {assume_role: \"arn:aws:iam::555555555555:role/Third\", \
         duration: 15m, session_name: \"me and you\"}}\n",
    );
    let seen = users.sandbox.atmos(&["auth", "whoami", "-i", "third", "-o", "json"]).success();
    let who = seen.json();
    assert_eq!(who["principal"], "arn:aws:sts::555555555555:assumed-role/Third/me-and-you", "{who}");
    assert_eq!(who["region"], "eu-north-1", "the nearest one on the way to the root: {who}");
    assert_eq!(who["chain"], json!(["worker", "deploy", "second", "third"]), "{who}");
    // One role makes another: an hour at most.
    seen.says("duration 2h becomes 3600 seconds");
    let ends: jiff::Timestamp = who["expiration"].as_str().unwrap().parse().unwrap();
    let left = ends.as_second() - jiff::Timestamp::now().as_second();
    assert!((800..=900).contains(&left), "{left}");
    assert_eq!(users.count("AssumeRole"), 3);
}

#[test]
fn case_06_files_of_a_run_are_private_whatever_the_umask() {
    for umask in ["000", "077"] {
        let cloud = Cloud::start(&[]);
        let text = cloud.sandbox.read("atmos.yaml").replace("realm: scenario", "realm: scenario\n  delivery: files");
        cloud.sandbox.write("atmos.yaml", &text);
        cloud.login("data-admin").success();
        let mut shell = cloud.sandbox.command("/bin/sh");
        let atmos = env!("CARGO_BIN_EXE_atmos");
        shell.args(["-c", &format!("umask {umask}; exec {atmos} terraform apply database -s dev -- -auto-approve")]);
        cloud.sandbox.start(shell, "").wait().success();
        for line in cloud.probe("dev-database").text("run-files").lines() {
            let (mode, rest) = line.split_once(' ').unwrap();
            assert_eq!(mode, if rest.starts_with('d') { "700" } else { "600" }, "umask {umask}: {line}");
        }
        for file in Sandbox::files_below(&cloud.sandbox.home()) {
            let mode = std::fs::metadata(cloud.sandbox.home().join(&file)).unwrap().permissions().mode() & 0o077;
            assert_eq!(mode, 0, "umask {umask}: {}", file.display());
        }
    }
}

#[test]
fn case_07_environment_of_a_child_in_every_delivery() {
    let mut cloud = Cloud::start(&[]);
    let removed = [
        ("AWS_ACCESS_KEY_ID", AMBIENT_KEY),
        ("AWS_SECRET_ACCESS_KEY", "ambient-secret"),
        ("AWS_SESSION_TOKEN", "ambient"),
        ("AWS_SECURITY_TOKEN", "ambient"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/ambient"),
        ("AWS_ROLE_ARN", "arn:aws:iam::999999999999:role/ambient"),
        ("AWS_ROLE_SESSION_NAME", "ambient"),
        ("AWS_VAULT", "ambient"),
        ("AWS_CREDENTIAL_EXPIRATION", "ambient"),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/ambient"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/ambient"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "ambient"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/ambient"),
        ("AWS_DEFAULT_PROFILE", "ambient"),
        ("AWS_PROFILE", "ambient"),
    ];
    for (name, value) in removed {
        cloud.sandbox.set(name, value);
    }
    cloud.sandbox.set("AWS_STS_REGIONAL_ENDPOINTS", "regional");
    cloud.login("data-admin").success();
    for (delivery, own) in [
        ("process", &["AWS_PROFILE"][..]),
        ("files", &["AWS_PROFILE"][..]),
        ("endpoint", &["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN"][..]),
        ("env", &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION"][..]),
    ] {
        let exec = ["auth", "exec", "-i", "data-admin", "--delivery", delivery, "--", "env"];
        let seen = cloud.sandbox.atmos(&exec).success();
        let environment: BTreeMap<String, String> = crate::support::variables(&seen.stdout);
        for (name, _) in removed {
            assert_eq!(environment.contains_key(name), own.contains(&name), "{delivery}: {name}");
        }
        assert!(environment.values().all(|value| !value.contains("ambient")), "{delivery}: {environment:?}");
        for (name, value) in [
            ("AWS_SDK_LOAD_CONFIG", "1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_STS_REGIONAL_ENDPOINTS", "regional"),
        ] {
            assert_eq!(environment.get(name).map(String::as_str), Some(value), "{delivery}: {name}");
        }
        for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
            let file = &environment[name];
            assert!(file.starts_with(&*cloud.sandbox.runtime().to_string_lossy()), "{delivery}: {file}");
        }
        assert!(!environment.contains_key("ATMOS_KEYRING_PASSWORD"));
    }
}

#[test]
fn case_13_redaction_of_whoami_list_and_console() {
    let users = Users::start(&json!({}));
    let key = "credentials: {access_key_id: AKIAIOSFODNN7EXAMPLE, secret_access_key: never-to-be/shown+anywhere},";
    users.configure("worker: {kind: aws/user,", &format!("worker: {{kind: aws/user, {key}"));
    for format in ["json", "yaml", "tree", "table"] {
        let list = users.sandbox.atmos(&["auth", "list", "-f", format]).success();
        assert!(!list.stdout.contains("never-to-be"), "{list}");
    }
    users.configure(key, "");
    users.import().success();
    let who = users.sandbox.atmos(&["auth", "whoami", "-i", "deploy", "-o", "json"]).success();
    users.scanner().assert_absent("whoami", who.stdout.as_bytes());
    let secret = ["SECRET", "TOKEN", "PASSWORD", "PRIVATE", "ACCESS_KEY", "SESSION"];
    for (name, value) in who.json()["environment"].as_object().unwrap() {
        if secret.iter().any(|word| name.contains(word)) {
            assert_eq!(value, "***REDACTED***", "{name}");
        }
    }
    users.control(&json!({"signin_status": 403}));
    let console = users.sandbox.atmos(&["auth", "console", "-i", "deploy", "--print-only"]).exits(1);
    users.scanner().assert_absent("console", format!("{}{}", console.stdout, console.stderr).as_bytes());
}

/// Where nobody can be asked, everything that would need a person ends within two seconds and says what to do.
#[test]
fn case_14_exit_codes_without_a_person() {
    let users = Users::start(&json!({}));
    let check = |words: &[&str], code: i32, phrases: &[&str]| {
        let begun = Instant::now();
        let mut seen = users.sandbox.atmos(words).exits(code);
        assert!(begun.elapsed() < AT_ONCE, "{:?}\n{seen}", begun.elapsed());
        for phrase in phrases {
            seen = seen.says(phrase);
        }
    };
    check(&["auth", "login", "-i", "worker"], 1, &["no access key", "atmos auth user configure -i worker"]);
    check(&["auth", "login", "-i", "nobody"], 1, &["identity not found"]);
    check(&["auth", "login", "--identity"], 1, &["interactive identity selection: requires a TTY"]);
    check(&["auth", "shell", "-i", "nobody"], 1, &["identity not found"]);
    check(&["auth", "user", "configure"], 1, &["stdin is not a terminal", "--from-stdin"]);
    check(&["auth", "user", "rotate"], 1, &["no access key", "atmos auth user configure -i worker"]);
    check(&["auth", "console", "-i", "worker"], 1, &["no access key"]);
    check(&["auth", "exec", "-i", "worker"], 1, &["no command specified"]);
    users.import_with(&["--mfa-arn", DEVICE]).success();
    check(&["auth", "login", "-i", "worker"], 1, &["MFA code required", "ATMOS_AWS_MFA_TOKEN"]);
    check(&["auth", "process", "-i", "deploy"], 1, &["MFA code required"]);
    users.configure("worker: {kind: aws/user,", "worker: {kind: aws/user, credentials: {access_key_id: X},");
    check(&["auth", "whoami", "-i", "worker"], 1, &["must both be provided or both be empty"]);
}

#[test]
fn case_16_keyring_with_a_wrong_password_keeps_the_keys_of_users() {
    let users = Users::start(&json!({}));
    users.import().success();
    let wrong = [("ATMOS_KEYRING_PASSWORD", "another/password")];
    users.sandbox.atmos_with(&wrong, &["auth", "whoami", "-i", "worker"]).exits(1).says("wrong password");
    let mut command = users.sandbox.atmos_command(&["auth", "user", "import", "--from-env", "--no-verify"]);
    command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "x").envs(wrong);
    users.sandbox.start(command, "").wait().exits(1).says("wrong password");
    users.sandbox.atmos_with(&wrong, &["auth", "user", "rotate"]).exits(1).says("wrong password");
    users.sandbox.atmos(&["auth", "whoami", "-i", "worker"]).success();
    assert_eq!(users.count("CreateAccessKey"), 0);
}

#[test]
fn case_17_credentials_are_renewed_below_a_tenth_of_their_life_and_by_their_clock() {
    // 100 s: a tenth is 10 s. One that has 100 s left is used again, one with 9 s is not.
    let users = Users::start(&json!({"lifetime": 100}));
    users.import().success();
    users.sandbox.atmos(&["auth", "process", "-i", "deploy"]).success();
    users.sandbox.atmos(&["auth", "process", "-i", "deploy"]).success();
    assert_eq!((users.count("GetSessionToken"), users.count("AssumeRole")), (1, 1));
    // What is wanted to last longer than what is there is renewed, the whole chain of it.
    users.sandbox.atmos(&["auth", "exec", "-i", "deploy", "--min-ttl", "100s", "--", "true"]);
    assert_eq!((users.count("GetSessionToken"), users.count("AssumeRole")), (2, 2), "{:?}", users.log());
    // A service whose clock is far behind: what it gives out seems to be over, and is not.
    let behind = Users::start(&json!({"clock": -7200, "lifetime": 3600}));
    behind.import().success();
    behind.sandbox.atmos(&["auth", "whoami", "-i", "deploy"]).success();
    let calls = behind.log().len();
    behind.sandbox.atmos(&["auth", "process", "-i", "deploy"]).success();
    assert_eq!(behind.log().len(), calls, "its session is good by the clock here");
}

#[test]
fn case_09_three_identities_side_by_side_each_see_their_own_profile() {
    let cloud = Cloud::start(&[]);
    for identity in ["reader", "network-admin", "data-admin"] {
        cloud.login(identity).success();
    }
    let running = ["reader", "network-admin", "data-admin"].map(|identity| {
        let exec = ["auth", "exec", "-i", identity, "--", "sh", "-c", "aws sts get-caller-identity; echo $AWS_PROFILE"];
        (identity, cloud.sandbox.spawn(&exec))
    });
    for (identity, run) in running {
        let seen = run.wait().success();
        assert!(seen.stdout.trim().ends_with(identity), "{seen}");
    }
    cloud.apply(&["--all", "-s", "dev"]).success();
    for (component, profile) in [("vpc", "network-admin"), ("database", "data-admin"), ("dns", "reader")] {
        let environment = cloud.probe(&format!("dev-{component}")).environment();
        assert_eq!(environment.get("AWS_PROFILE").map(String::as_str), Some(profile), "{component}");
    }
    Scanner::of(&cloud.portal, &cloud.sts).assert_absent_below(cloud.sandbox.root());
}
