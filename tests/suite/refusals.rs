//! What a person is told to do helps: after a refusal, after a logout, at a portal written in another way, on a disk that nobody can write.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;

use serde_json::json;

use crate::support::{Cloud, Outcome, Sandbox, Users, ordinary_user};

/// A portal whose credentials the STS does not know.
fn refusing() -> (Cloud, Users) {
    let mut cloud = Cloud::start(&[]);
    let users = Users::start(&json!({}));
    cloud.sandbox.set("AWS_ENDPOINT_URL_STS", &users.url);
    (cloud, users)
}

#[test]
fn login_after_a_refusal_gets_new_credentials_without_a_sign_in() {
    let (cloud, _users) = refusing();
    cloud.login("data-admin").success();
    let given = || cloud.portal.count("GetRoleCredentials");
    let verify = ["auth", "whoami", "-i", "data-admin", "--verify", "--exit-code"];
    for round in 1..3 {
        let refused = cloud.sandbox.atmos(&verify).exits(1).says("are refused").says("kept no longer");
        assert!(refused.mentions("`atmos auth login -i data-admin` gets new ones"), "{refused}");
        assert_eq!(given(), round);
        cloud.sandbox.atmos(&["auth", "login", "-i", "data-admin"]).success();
        assert_eq!(given(), round + 1, "the portal is asked again");
    }
    assert_eq!(cloud.portal.count("CreateToken"), 1);
    cloud.sandbox.atmos(&verify).exits(1);
    cloud.sandbox.atmos(&["auth", "refresh", "-i", "data-admin"]).success();
    assert_eq!(given(), 4, "a refresh does the same");
}

#[test]
fn refusal_within_a_run_leads_out_of_it() {
    let (cloud, _users) = refusing();
    cloud.login("data-admin").success();
    let atmos = env!("CARGO_BIN_EXE_atmos");
    let inner = [atmos, "auth", "whoami", "-i", "data-admin", "--verify"];
    let outcome = cloud.sandbox.atmos(&[&["auth", "exec", "-i", "data-admin", "--"][..], &inner].concat());
    outcome.says("are refused").says("end the run that gives them").says("`atmos auth login --force -i data-admin`");
}

#[test]
fn logout_says_how_long_credentials_live_whatever_the_configuration_has_become() {
    let users = Users::start(&json!({}));
    users.import().success();
    for (from, to) in [
        ("role/Deploy", "role/Other"),
        ("    deploy: {kind", "    gone: {kind"),
        (
            "via: {identity: worker}, principal: {assume_role: \"arn:aws:iam::222222222222:role/Deploy\"",
            "via: {identity: audit}, principal: {assume_role: \"arn:aws:iam::222222222222:role/Deploy\"",
        ),
    ] {
        users.sandbox.atmos(&["auth", "login", "-i", "deploy"]).success();
        users.configure(from, to);
        let dry = users.sandbox.atmos(&["auth", "logout", "--all", "--dry-run"]).success();
        dry.says("go on to work, at the longest until");
        users.sandbox.atmos(&["auth", "logout", "--all"]).success().says("go on to work, at the longest until");
        users.sandbox.atmos(&["auth", "logout", "--all"]).success().says_not("at the longest until");
        users.configure(to, from);
    }
}

#[test]
fn portal_is_the_same_whatever_browsers_put_behind_its_address() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let text = cloud.sandbox.read("atmos.yaml");
    for behind in ["/", "#", "/#/", ""] {
        cloud.sandbox.write("atmos.yaml", &text.replace("acme.test/start", &format!("acme.test/start{behind}")));
        cloud.sandbox.atmos(&["auth", "process", "-i", "data-admin"]).success();
    }
    assert_eq!(cloud.portal.count("CreateToken"), 1, "one sign-in for all of them");
    cloud.sandbox.write("atmos.yaml", &text.replace("acme.test/start", "acme.test/other"));
    cloud.sandbox.atmos(&["auth", "process", "-i", "data-admin"]).exits(2);
    cloud.sandbox.write("atmos.yaml", &text.replace("acme.test/start", "acme.test/start/#/"));
    cloud.sandbox.atmos(&["auth", "logout", "--all"]).success().says("the portal was told");
    cloud.assert_clean();
}

#[test]
fn doctor_tries_whether_cache_and_configuration_can_be_written_and_leaves_nothing() {
    let sandbox = Sandbox::empty().with_file_keyring();
    sandbox.write("atmos.yaml", "auth:\n  realm: closed\n  identities: {mine: {kind: aws/user, default: true}}\n");
    std::fs::create_dir_all(sandbox.home().join(".cache/atmos/auth")).unwrap();
    sandbox.write("../home/.cache/atmos/auth/x", "");
    let (user, group) = ordinary_user(&sandbox);
    let copy = sandbox.root().join("atmos");
    let program = if copy.exists() { copy } else { env!("CARGO_BIN_EXE_atmos").into() };
    let doctor = || -> Outcome {
        let mut command = sandbox.command(&program);
        command.args(["auth", "doctor", "--offline"]).uid(user).gid(group);
        sandbox.start(command, "").wait()
    };
    let close = |mode: u32| {
        for folder in ["", ".cache", ".cache/atmos", ".cache/atmos/auth"] {
            std::fs::set_permissions(sandbox.home().join(folder), std::fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    close(0o700);
    let files = Sandbox::files_below(&sandbox.home());
    doctor().success();
    assert_eq!(Sandbox::files_below(&sandbox.home()), files);
    close(0o500);
    let seen = doctor().exits(1);
    close(0o700);
    let said = seen.plain_stdout();
    for name in [".cache/atmos/auth", ".config/atmos"] {
        assert!(said.contains(&format!("{name} cannot be written: Permission denied")), "{name}: {seen}");
    }
    assert!(said.contains("ATMOS_XDG_CONFIG_HOME chooses another one"), "{seen}");
}
