//! Keys of users end only when somebody removes them: a logout finds all of them, or says what it cannot know.

use serde_json::json;

use crate::support::{FIRST_ID, FIRST_SECRET, Outcome, SecretService, Users};

const USER: &str = "{kind: aws/user, credentials: {region: eu-west-1}}";
const KEYCHAIN: [&str; 4] = ["auth", "logout", "--keychain", "--force"];

fn logout(users: &Users, more: &[&str]) -> Outcome {
    users.sandbox.atmos(&[&KEYCHAIN[..], more].concat())
}

/// A user of the configuration, one of a stack, one of a profile.
fn three() -> Users {
    let users = Users::start(&json!({}));
    let stack = format!("auth: {{identities: {{suser: {USER}}}}}\ncomponents: {{terraform: {{dns: {{}}}}}}\n");
    users.sandbox.write("stacks/dev.yaml", &format!("vars: {{stage: dev}}\n{stack}"));
    users.sandbox.write("profiles/dev/atmos.yaml", &format!("auth: {{identities: {{puser: {USER}}}}}\n"));
    users.import().success();
    users.import_with(&["-s", "dev", "-i", "suser"]).success();
    users.import_with(&["--profile", "dev", "-i", "puser"]).success();
    users
}

#[track_caller]
fn assert_no_key(users: &Users, who: &[&str]) {
    let seen = users.sandbox.atmos(&[&["auth", "exec"], who, &["--", "true"]].concat());
    assert_ne!(seen.code(), 0, "{who:?} has a key: {seen}");
}

const ALL: [&[&str]; 3] = [&["-i", "worker"], &["-s", "dev", "-i", "suser"], &["--profile", "dev", "-i", "puser"]];

#[test]
fn logout_of_a_realm_removes_keys_of_its_stacks_profiles_and_former_configurations() {
    let users = three();
    users.configure("    worker: ", "    renamed: ");
    users.configure("identity: worker", "identity: renamed");
    // Who does not ask for them is told of them.
    let seen = users.sandbox.atmos(&["auth", "logout", "--all"]).success();
    seen.says("stay in the keyring").says("puser, suser, worker").says_not("nothing is kept");
    let dry = logout(&users, &["--all", "--dry-run"]).success();
    for name in ["atmos_users_puser", "atmos_users_suser", "atmos_users_worker"] {
        assert!(dry.stderr.contains(name), "{name}: {dry}");
    }
    logout(&users, &["--all"]).success().says("atmos_users_puser").says("atmos_users_suser").says("atmos_users_worker");
    users.configure("    renamed: ", "    worker: ");
    users.configure("identity: renamed", "identity: worker");
    for who in ALL {
        assert_no_key(&users, who);
    }
    logout(&users, &["--all"]).success().says("nothing is kept");
}

#[test]
fn logout_of_all_realms_removes_keys_of_other_repositories_and_keyrings() {
    let users = three();
    users.configure("realm: users", "realm: elsewhere");
    let other = [("ATMOS_KEYRING_TYPE", "memory")];
    users.sandbox.atmos_with(&other, &[&KEYCHAIN[..], &["--all"]].concat()).success();
    users.sandbox.atmos_with(&other, &[&KEYCHAIN[..], &["--all-realms"]].concat()).success().says("atmos_users_worker");
    users.configure("realm: elsewhere", "realm: users");
    for who in ALL {
        assert_no_key(&users, who);
    }
}

#[test]
fn keys_that_earlier_versions_stored_are_spoken_of_and_go_with_all_realms() {
    let users = three();
    // Those noted nothing.
    std::fs::remove_file(users.sandbox.home().join(".local/share/atmos/keys/index")).unwrap();
    let seen = logout(&users, &["--all"]).success();
    seen.says("atmos_users_worker").says("2 entries in").says("--all-realms").says_not("nothing is kept");
    logout(&users, &["--all"]).success().says("2 entries in").says_not("nothing is kept");
    // A key that is used is noted then.
    users.sandbox.atmos(&["auth", "exec", "-s", "dev", "-i", "suser", "--", "true"]).success();
    logout(&users, &["--all"]).success().says("atmos_users_suser").says("1 entries in");
    logout(&users, &["--all-realms"]).success();
    logout(&users, &["--all-realms"]).success().says("nothing is kept");
    for who in ALL {
        assert_no_key(&users, who);
    }
}

#[test]
fn key_in_a_keyring_that_does_not_answer_fails_the_logout() {
    let mut users = Users::start(&json!({}));
    for name in ["ATMOS_KEYRING_TYPE", "ATMOS_KEYRING_PASSWORD"] {
        users.sandbox.remove(name);
    }
    let _service = SecretService::start(&mut users.sandbox);
    users.import().success().says("system keyring");
    users.configure("    worker: ", "    renamed: ");
    users.configure("identity: worker", "identity: renamed");
    let gone = [("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")];
    let seen = users.sandbox.atmos_with(&gone, &[&KEYCHAIN[..], &["--all"]].concat()).exits(1);
    seen.says("not removed: the key of identity worker of realm users").says("not available");
    logout(&users, &["--all"]).success().says("atmos_users_worker");
    logout(&users, &["--all"]).success().says("does not list its entries").says_not("nothing is kept");
    // Nothing was stored where nothing lasts, and nothing is noted of it.
    let mut import =
        users.sandbox.atmos_command(&["auth", "user", "import", "-i", "renamed", "--from-env", "--no-verify"]);
    import.env("AWS_ACCESS_KEY_ID", FIRST_ID).env("AWS_SECRET_ACCESS_KEY", FIRST_SECRET).env(gone[0].0, gone[0].1);
    users.sandbox.start(import, "").wait().exits(1);
    users.sandbox.atmos(&["auth", "logout", "--all"]).success().says_not("stay in the keyring");
}
