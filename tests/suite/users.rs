//! Identities of kind aws/user: keys that last, devices, sessions, and a new key in place of the old one.

use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::support::{DEVICE, FIRST_ID, FIRST_SECRET, Sandbox, Terminal, Users, wait_until};

/// Two seconds, with room for a machine that does other things at the same time.
const AT_ONCE: Duration = Duration::from_secs(5);
const WORKER: &str = "arn:aws:iam::111111111111:user/worker";

#[track_caller]
fn principal(users: &Users, identity: &str) -> String {
    let who = users.sandbox.atmos(&["auth", "whoami", "-i", identity, "-o", "json"]).success().json();
    who["principal"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn stored_key_makes_one_session_for_all_roles_and_rests_sealed() {
    let users = Users::start(&json!({}));
    users.import().success().says("worker").says(WORKER);
    for (identity, arn) in [
        ("worker", WORKER),
        ("deploy", "arn:aws:sts::222222222222:assumed-role/Deploy/"),
        ("audit", "arn:aws:sts::333333333333:assumed-role/Audit/"),
    ] {
        let found = principal(&users, identity);
        assert!(found.starts_with(arn), "{identity}: {found}");
    }
    assert_eq!(users.count("GetSessionToken"), 1, "{:?}", users.log());
    let who = users.sandbox.atmos(&["auth", "whoami", "-i", "deploy", "-o", "json"]).success().json();
    assert_eq!(who["provider"], "aws-user", "{who}");
    users.assert_clean();
}

#[test]
fn keys_of_the_configuration_work_and_one_half_is_refused() {
    let users = Users::start(&json!({}));
    users.configure(
        "worker: {kind: aws/user,",
        &format!("worker: {{kind: aws/user, credentials: {{access_key_id: {FIRST_ID}, secret_access_key: !env KEY}},"),
    );
    let who = ["auth", "whoami", "-i", "worker", "-o", "json"];
    let seen = users.sandbox.atmos_with(&[("KEY", FIRST_SECRET)], &who).success();
    assert_eq!(seen.json()["principal"], WORKER, "{seen}");
    users.sandbox.atmos_with(&[("KEY", "")], &who).exits(1).says("must both be provided or both be empty");
    let list = users.sandbox.atmos_with(&[("KEY", FIRST_SECRET)], &["auth", "list", "-f", "json"]).success();
    assert!(!list.stdout.contains(FIRST_SECRET), "{list}");
    users.assert_clean();
}

#[test]
fn another_key_means_another_session_though_the_old_one_is_still_good() {
    let users = Users::start(&json!({}));
    users.import().success();
    principal(&users, "deploy");
    let before = users.count("GetSessionToken");
    let key = ("AKIAOTHERKEYOFWORKER", "other/secret+of/worker-0123456789abcdef");
    let mut command = users.sandbox.atmos_command(&["auth", "user", "import", "--from-env", "--no-verify"]);
    command.env("AWS_ACCESS_KEY_ID", key.0).env("AWS_SECRET_ACCESS_KEY", key.1);
    users.sandbox.start(command, "").wait().success();
    // The server does not know that key: nothing that the old one had made is used.
    let seen = users.sandbox.atmos(&["auth", "whoami", "-i", "deploy"]).exits(1);
    seen.says("InvalidClientTokenId").says("auth user configure -i worker");
    assert_eq!(users.count("GetSessionToken"), before + 1);
    users.import().success();
    principal(&users, "deploy");
}

#[test]
fn device_is_asked_once_for_all_roles_by_environment_command_and_prompt() {
    let users = Users::start(&json!({"require_mfa": true}));
    users.import_with(&["--mfa-arn", DEVICE]).success();
    // Nobody can be asked: at once, with the way out.
    let begun = Instant::now();
    users
        .sandbox
        .atmos(&["auth", "login", "-i", "deploy"])
        .exits(1)
        .says("MFA code required")
        .says("ATMOS_AWS_MFA_TOKEN");
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    users
        .sandbox
        .atmos_with(&[("ATMOS_AWS_MFA_TOKEN", "12345")], &["auth", "login", "-i", "deploy"])
        .exits(1)
        .says("not 6 digits");
    users.sandbox.atmos_with(&[("ATMOS_AWS_MFA_TOKEN", "123456")], &["auth", "login", "-i", "deploy"]).success();
    principal(&users, "audit");
    assert_eq!(users.count("GetSessionToken"), 1, "one code for both roles: {:?}", users.log());
    // By a program of the user's own, which does not see what opens the keyring.
    users.control(&json!({"require_mfa": true, "code": "234567"}));
    users.configure(
        "worker: {kind: aws/user,",
        r#"worker: {kind: aws/user, credentials: {mfa_process: "sh -c 'test -z \"$ATMOS_KEYRING_PASSWORD\" && echo 234567'"},"#,
    );
    users.sandbox.atmos(&["auth", "login", "-i", "deploy", "--force"]).success();
    // By the person at the terminal, who mistypes once.
    users.control(&json!({"require_mfa": true, "code": "345678"}));
    let text = users.sandbox.read("atmos.yaml");
    let start = text.find(", credentials: {mfa_process").or_else(|| text.find(" credentials: {mfa_process")).unwrap();
    let end = start + text[start..].find("\"},").unwrap() + 3;
    users.sandbox.write("atmos.yaml", &format!("{},{}", &text[..start], &text[end..]));
    let mut command = users.sandbox.atmos_command(&["auth", "login", "-i", "deploy", "--force"]);
    command.env("TERM", "xterm");
    let mut terminal = Terminal::start(command);
    terminal.expect("MFA code of arn:aws:iam::111111111111:mfa/worker");
    terminal.type_line("000000");
    terminal.expect("was not accepted");
    terminal.type_line("345678");
    let (code, seen) = terminal.finish();
    assert_eq!(code, 0, "{seen}");
    users.assert_clean();
}

#[test]
fn refresh_leaves_sessions_that_need_a_code_as_they_are() {
    let users = Users::start(&json!({"require_mfa": true}));
    users.import_with(&["--mfa-arn", DEVICE]).success();
    users.sandbox.atmos_with(&[("ATMOS_AWS_MFA_TOKEN", "123456")], &["auth", "login", "-i", "worker"]).success();
    let seen = users.sandbox.atmos(&["auth", "refresh"]).success();
    seen.says("identity worker: a code of its MFA device is needed; its session goes on until");
    // Who is named is meant.
    users.sandbox.atmos(&["auth", "refresh", "-i", "worker"]).exits(1).says("MFA code required");
}

#[test]
fn role_with_a_device_shares_the_session_of_the_user() {
    let users = Users::start(&json!({"require_mfa": true}));
    users.import().success();
    for role in ["Deploy", "Audit"] {
        users.configure(&format!("role/{role}\""), &format!("role/{role}\", mfa_arn: \"{DEVICE}\""));
    }
    users.sandbox.atmos_with(&[("ATMOS_AWS_MFA_TOKEN", "123456")], &["auth", "login", "-i", "deploy"]).success();
    // The code counts once; the second role needs none.
    principal(&users, "audit");
    assert_eq!((users.count("GetSessionToken"), users.count("AssumeRole")), (1, 2), "{:?}", users.log());
}

#[test]
fn import_takes_every_form_and_refuses_what_is_no_lasting_key() {
    let users = Users::start(&json!({}));
    let import = |args: &[&str], input: &str| {
        let command = users.sandbox.atmos_command(&[&["auth", "user"], args].concat());
        users.sandbox.start(command, input).wait()
    };
    let json =
        json!({"access_key_id": FIRST_ID, "secret_access_key": FIRST_SECRET, "session_duration": "1h"}).to_string();
    import(&["configure", "--from-stdin"], &json).success();
    let created = json!({"AccessKey": {"AccessKeyId": FIRST_ID, "SecretAccessKey": FIRST_SECRET}}).to_string();
    import(&["import", "--from-stdin"], &created).success();
    let csv = users.sandbox.home().join("accessKeys.csv");
    std::fs::write(&csv, format!("Access key ID,Secret access key\n{FIRST_ID},{FIRST_SECRET}\n")).unwrap();
    import(&["import", "--from-file", csv.to_str().unwrap()], "").success();
    std::fs::remove_file(&csv).unwrap();
    std::fs::create_dir(users.sandbox.home().join(".aws")).unwrap();
    let profile = users.sandbox.home().join(".aws/credentials");
    std::fs::write(
        &profile,
        format!("[old]\naws_access_key_id = {FIRST_ID}\naws_secret_access_key = {FIRST_SECRET}\n"),
    )
    .unwrap();
    import(&["import", "--from-profile", "old"], "").success();
    std::fs::remove_file(&profile).unwrap();
    let session =
        json!({"access_key_id": FIRST_ID, "secret_access_key": FIRST_SECRET, "session_token": "t"}).to_string();
    import(&["import", "--from-stdin"], &session).exits(1).says("temporary session");
    let foreign = json!({"access_key_id": FIRST_ID, "secret_access_key": "wrong-secret"}).to_string();
    import(&["import", "--from-stdin"], &foreign).exits(1).says("SignatureDoesNotMatch");
    import(&["import", "--from-env"], "").exits(1).says("no key in the environment");
    // What was refused has replaced nothing.
    assert_eq!(principal(&users, "worker"), WORKER);
    let begun = Instant::now();
    import(&["configure"], "").exits(1).says("stdin is not a terminal").says("auth user import -i worker --from-stdin");
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    users.assert_clean();
}

#[test]
fn configure_asks_the_person_and_shows_no_secret() {
    let users = Users::start(&json!({}));
    let mut terminal = Terminal::start(users.sandbox.atmos_command(&["auth", "user", "configure"]));
    for (question, answer) in [
        ("Access key id", FIRST_ID),
        ("Secret access key", FIRST_SECRET),
        ("MFA device", DEVICE),
        ("Session duration", ""),
    ] {
        terminal.expect(question);
        terminal.type_line(answer);
    }
    let (code, seen) = terminal.finish();
    assert_eq!(code, 0, "{seen}");
    users.scanner().assert_absent("the terminal", seen.as_bytes());
    users.sandbox.atmos_with(&[("ATMOS_AWS_MFA_TOKEN", "123456")], &["auth", "login", "-i", "worker"]).success();
    users.assert_clean();
}

#[test]
fn user_commands_without_a_lasting_keyring_or_a_user_say_so() {
    let mut users = Users::start(&json!({}));
    users.sandbox.set("ATMOS_KEYRING_TYPE", "memory");
    users.import().exits(1).says("the keyring does not last").says("ATMOS_KEYRING_TYPE=file");
    users.sandbox.atmos(&["auth", "whoami", "-i", "worker"]).exits(1).says("auth user configure -i worker");
    users.sandbox.atmos(&["auth", "user", "rotate", "-i", "deploy"]).exits(1).says("not of kind aws/user");
    users.sandbox.write("atmos.yaml", "base_path: .\nauth: {identities: {m: {kind: mock}}}\n");
    users
        .sandbox
        .atmos(&["auth", "user", "configure"])
        .exits(1)
        .says("no identities configured for provider type 'aws/user'");
}

#[test]
fn rotation_leaves_one_key_and_it_works() {
    let users = Users::start(&json!({"unknown_for": 2}));
    users.import().success();
    principal(&users, "deploy");
    let seen = users.sandbox.atmos(&["auth", "user", "rotate"]).success().says("worker");
    let keys = users.keys();
    assert!(keys.len() == 1 && keys[0] != FIRST_ID, "{keys:?}\n{seen}");
    users.scanner().assert_absent("output", format!("{}{}", seen.stdout, seen.stderr).as_bytes());
    let before = users.count("GetSessionToken");
    assert!(principal(&users, "deploy").contains("assumed-role/Deploy"));
    assert_eq!(users.count("GetSessionToken"), before + 1, "the session of the old key is not used any more");
    users.assert_clean();
}

#[test]
fn rotation_killed_at_any_step_loses_nothing_and_is_completed_by_the_next() {
    for (knob, action) in [
        ("hang_before", "ListAccessKeys"),
        ("hang_before", "CreateAccessKey"),
        ("hang_after", "CreateAccessKey"),
        ("hang_before", "GetCallerIdentity"),
        ("hang_after", "GetCallerIdentity"),
        ("hang_before", "DeleteAccessKey"),
        ("hang_after", "DeleteAccessKey"),
    ] {
        let users = Users::start(&json!({}));
        users.import().success();
        let mut knobs = json!({});
        knobs[knob] = json!(action);
        users.control(&knobs);
        let before = users.count(action);
        let running = users.sandbox.spawn(&["auth", "user", "rotate"]);
        wait_until("the step is reached", Duration::from_secs(30), || (users.count(action) > before).then_some(()));
        // A call that is done before it hangs is done at once.
        std::thread::sleep(Duration::from_millis(100));
        running.signal_group(Signal::KILL);
        drop(running);
        users.control(&json!({}));
        let step = format!("{knob} {action}");
        let who = users.sandbox.atmos(&["auth", "whoami", "-i", "worker", "-o", "json"]);
        assert_eq!(who.code(), 0, "{step}: {who}");
        let seen = users.sandbox.atmos(&["auth", "user", "rotate"]);
        assert_eq!(seen.code(), 0, "{step}: {seen}");
        let keys = users.keys();
        assert!(keys.len() == 1 && keys[0] != FIRST_ID, "{step}: {keys:?}");
        assert_eq!(principal(&users, "worker"), WORKER, "{step}");
        users.assert_clean();
    }
}

#[test]
fn rotation_touches_no_key_of_somebody_else() {
    let users = Users::start(&json!({}));
    users.import().success();
    // A second key that this program did not make.
    let signed =
        users.sandbox.atmos(&["auth", "env", "-i", "worker", "--login", "--delivery", "env", "-f", "json"]).success();
    let mut aws = users.sandbox.command("/usr/bin/env");
    aws.args(["aws", "iam", "create-access-key"]).env("AWS_DEFAULT_REGION", "us-east-1");
    for (name, value) in signed.json().as_object().unwrap() {
        aws.env(name, value.as_str().unwrap());
    }
    users.sandbox.start(aws, "").wait().success();
    assert_eq!(users.keys().len(), 2);
    users.sandbox.atmos(&["auth", "user", "rotate"]).exits(1).says("another access key").says("delete-access-key");
    assert_eq!(users.keys().len(), 2);
    assert_eq!(principal(&users, "worker"), WORKER);
}

#[test]
fn rotation_with_a_device_needs_one_code() {
    let users = Users::start(&json!({}));
    users.import_with(&["--mfa-arn", DEVICE]).success();
    users.sandbox.atmos(&["auth", "user", "rotate"]).exits(1).says("MFA code required");
    users.sandbox.atmos_with(&[("ATMOS_AWS_MFA_TOKEN", "123456")], &["auth", "user", "rotate"]).success();
    assert_eq!(users.count("GetSessionToken"), 1, "{:?}", users.log());
    assert!(users.keys().len() == 1 && users.keys()[0] != FIRST_ID);
}

#[test]
fn assume_root_becomes_the_root_of_a_member_account_for_a_quarter_of_an_hour() {
    let users = Users::start(&json!({}));
    users.import().success();
    users.configure(
        "  identities:\n",
        "  identities:\n    root: {kind: aws/assume-root, via: {identity: deploy}, principal: {target_principal: \"444444444444\", \
         task_policy_arn: \"arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy\", duration: 1h}}\n    bad: {kind: \
         aws/assume-root, via: {identity: deploy}, principal: {target_principal: \"4\", task_policy_arn: x}}\n",
    );
    let seen =
        users.sandbox.atmos(&["auth", "whoami", "-i", "root", "-o", "json"]).success().says("becomes 900 seconds");
    let who = seen.json();
    assert_eq!(
        (&who["principal"], &who["account"]),
        (&json!("arn:aws:iam::444444444444:root"), &json!("444444444444"))
    );
    users.sandbox.atmos(&["auth", "whoami", "-i", "bad"]).exits(2).says("target_principal `4` is not 12 digits");
}

#[test]
fn ambient_identities_leave_the_environment_as_it_is() {
    let users = Users::start(&json!({}));
    users.configure(
        "  identities:\n",
        "  identities:\n    room: {kind: ambient}\n    street: {kind: aws/ambient, principal: {region: eu-west-3}}\n    beyond: \
         {kind: aws/assume-role, via: {identity: street}, principal: {assume_role: \"arn:aws:iam::555555555555:role/Beyond\"}}\n",
    );
    let ambient = [("AWS_ACCESS_KEY_ID", FIRST_ID), ("AWS_SECRET_ACCESS_KEY", FIRST_SECRET), ("AWS_VAULT", "mine")];
    let script = "echo $AWS_ACCESS_KEY_ID $AWS_VAULT $AWS_REGION- $AWS_PROFILE- $AWS_EC2_METADATA_DISABLED-";
    for (identity, expected) in [("room", "mine - - -"), ("street", "mine eu-west-3- - -")] {
        let seen =
            users.sandbox.atmos_with(&ambient, &["auth", "exec", "-i", identity, "--", "sh", "-c", script]).success();
        assert_eq!(seen.stdout.trim(), format!("{FIRST_ID} {expected}"));
    }
    users.sandbox.atmos_with(&ambient, &["auth", "env", "-i", "room"]).success();
    assert_eq!(users.sandbox.atmos(&["auth", "env", "-i", "room", "-f", "json"]).success().json(), json!({}));
    let seen = users.sandbox.atmos_with(&ambient, &["auth", "whoami", "-i", "room"]).success().says("not managed");
    assert!(!seen.stderr.contains('✗'), "{seen}");
    let who = users.sandbox.atmos_with(&ambient, &["auth", "whoami", "-i", "beyond", "-o", "json"]).success().json();
    assert!(who["principal"].as_str().unwrap().contains(":assumed-role/Beyond/"), "{who}");
    // Nothing of it is kept, neither the keys nor what was made of them.
    users.sandbox.atmos_with(&[("AWS_EC2_METADATA_DISABLED", "true")], &["auth", "whoami", "-i", "beyond"]).exits(1);
    users.assert_clean();
}

#[test]
fn credential_process_is_a_source_whose_answer_is_kept_until_its_end() {
    let users = Users::start(&json!({}));
    let script = users.sandbox.root().join("source");
    let count = users.sandbox.root().join("count");
    let answer = json!({"Version": 1, "AccessKeyId": FIRST_ID, "SecretAccessKey": FIRST_SECRET, "SessionToken": "",
                        "Expiration": "2099-01-01T00:00:00Z"});
    let text = format!(
        "#!/bin/sh\ntest -z \"$ATMOS_KEYRING_PASSWORD\" || exit 3\necho x >>{}\ncat <<'E'\n{answer}\nE\n",
        count.display()
    );
    std::fs::write(&script, text).unwrap();
    users.configure(
        "  identities:\n",
        &format!(
            "  identities:\n    source: {{kind: aws/credential-process, credentials: {{process: \"sh {}\"}}}}\n    behind: {{kind: \
             aws/assume-role, via: {{identity: source}}, principal: {{assume_role: \"arn:aws:iam::666666666666:role/Behind\"}}}}\n    \
             broken: {{kind: aws/credential-process, credentials: {{process: \"echo nonsense\"}}}}\n",
            script.display()
        ),
    );
    for _ in 0..2 {
        let who = principal(&users, "behind");
        assert!(who.starts_with("arn:aws:sts::666666666666:assumed-role/Behind/"), "{who}");
    }
    assert_eq!(std::fs::read_to_string(&count).unwrap(), "x\n");
    users.sandbox.atmos(&["auth", "whoami", "-i", "broken"]).exits(1).says("printed something else than credentials");
    std::fs::remove_file(&script).unwrap();
    users.assert_clean();
}

#[test]
fn clock_that_is_wrong_is_learned_and_credentials_end_by_the_clock_here() {
    for clock in [-1800, 1800] {
        let users = Users::start(&json!({"clock": clock}));
        users.import().success();
        let process = users.sandbox.atmos(&["auth", "process", "-i", "deploy"]).success().json();
        let ends: jiff::Timestamp = process["Expiration"].as_str().unwrap().parse().unwrap();
        let left = ends.as_second() - jiff::Timestamp::now().as_second();
        // An hour by their clock, told five minutes early.
        assert!((3150..=3310).contains(&left), "clock {clock}: ends {left} s from now");
        // Each process that has to ask learns it by one refusal.
        users.sandbox.atmos(&["auth", "user", "rotate"]).success();
        assert_eq!(users.keys().len(), 1);
    }
}

#[test]
fn keyring_migrate_moves_everything_and_loses_nothing() {
    use crate::support::SecretService;
    let mut users = Users::start(&json!({}));
    users.import().success();
    assert_eq!(principal(&users, "worker"), WORKER);
    let _service = SecretService::start(&mut users.sandbox);
    let migrate = ["auth", "keyring", "migrate", "--from", "file", "--to", "system"];
    users.sandbox.atmos(&migrate).success().says("access key of identity worker").says("key of the encrypted cache");
    let calls = users.log().len();
    let who = ["auth", "whoami", "-i", "worker", "-o", "json"];
    let seen = users.sandbox.atmos_with(&[("ATMOS_KEYRING_TYPE", "system")], &who).success();
    assert_eq!(seen.json()["principal"], WORKER);
    assert_eq!(users.log().len(), calls, "the login is still good, and nobody was asked");
    let keyring = users.sandbox.home().join(".local/share/atmos/keyring");
    let left: Vec<_> = Sandbox::files_below(&keyring).into_iter().filter(|file| !file.ends_with("lock")).collect();
    assert!(left.is_empty(), "{left:?}");
    users.sandbox.atmos(&migrate).success().says("holds nothing");
    users
        .sandbox
        .atmos(&["auth", "keyring", "migrate", "--from", "file", "--to", "file"])
        .exits(1)
        .says("both keyrings");
}

#[test]
fn keys_of_the_file_keyring_of_the_go_version_are_read_and_stay_there() {
    let token = include_str!("../../fixtures/reference-keyring/atmos_users_worker");
    let migrate = ["auth", "keyring", "migrate", "--from", "reference", "--to", "file"];
    let import = ["auth", "user", "import", "--from-reference"];
    for words in [&migrate[..], &import] {
        let users = Users::start(&json!({}));
        let folder = users.sandbox.home().join(".local/share/atmos/keyring");
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).unwrap();
        let file = folder.join("atmos_users_worker");
        let write = |text: &str| {
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        };
        write(&token.replace('.', ""));
        users.sandbox.atmos(words).exits(1).says("is damaged").says("atmos_users_worker");
        write(token);
        let wrong = [("ATMOS_KEYRING_PASSWORD", "battery-staple")];
        users.sandbox.atmos_with(&wrong, words).exits(1).says("wrong password for the file keyring");
        users.sandbox.atmos(words).success().says("access key of identity worker");
        assert_eq!(principal(&users, "worker"), WORKER);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), token, "it belongs to the reference");
        // It is not ours to be in the way of anything.
        users.sandbox.atmos(words).success();
        users.sandbox.atmos(&["auth", "doctor", "--offline"]).success().says_not("atmos_users_worker");
        users.assert_clean();
    }
    let users = Users::start(&json!({}));
    let phrase = "the Go version of atmos has no file with this entry";
    users.sandbox.atmos(&migrate).exits(1).says(phrase);
    users.sandbox.atmos(&import).exits(1).says(phrase);
    users.sandbox.atmos(&["auth", "keyring", "migrate", "--to", "reference"]).exits(1).says("--from knows `reference`");
}
