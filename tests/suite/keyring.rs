//! Where logins rest between two commands: Secret Service, file keyring, nowhere.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use crate::support::{Cloud, Sandbox, SecretService};

fn without_file_keyring(cloud: &mut Cloud) {
    for name in ["ATMOS_KEYRING_TYPE", "ATMOS_KEYRING_PASSWORD"] {
        cloud.sandbox.remove(name);
    }
}

#[test]
fn secret_service_keeps_the_login_for_the_next_process() {
    let mut cloud = Cloud::start(&[]);
    without_file_keyring(&mut cloud);
    let _service = SecretService::start(&mut cloud.sandbox);
    cloud.login("data-admin").success();
    let process = ["auth", "process", "--identity", "data-admin"];
    let (_, requests) = cloud.requests_during(|| cloud.sandbox.atmos(&process).success());
    assert_eq!(requests, Vec::<String>::new());
    cloud.apply(&["database", "-s", "dev"]).success();
    assert!(cloud.probe("dev-database").caller().contains("DataOps"));
}

#[test]
fn case_16_without_any_keyring_the_login_lasts_one_process_and_that_is_said_once() {
    let mut cloud = Cloud::start(&[]);
    without_file_keyring(&mut cloud);
    let outcome = cloud.login("data-admin").success().says("keyring");
    assert_eq!(outcome.stderr.matches("keyring is not available").count(), 1, "{outcome}");
    cloud.assert_clean();
    cloud.sandbox.atmos(&["auth", "process", "--identity", "data-admin"]).exits(2);
    // A run logs in and uses what it got, in memory.
    let run = ["terraform", "apply", "database", "-s", "dev", "--", "-auto-approve"];
    cloud.sandbox.atmos_with(&[("ATMOS_FORCE_TTY", "true")], &run).success();
    assert!(cloud.probe("dev-database").caller().contains("DataOps"));
    cloud.assert_clean();
}

#[test]
fn case_16_hanging_secret_service_delays_and_does_not_hang() {
    let mut cloud = Cloud::start(&[]);
    without_file_keyring(&mut cloud);
    let socket = cloud.sandbox.runtime().join("bus");
    // Accepts and never says a word.
    let _listener = UnixListener::bind(&socket).unwrap();
    cloud.sandbox.set("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", socket.display()));
    let outcome = cloud.login("data-admin").success();
    assert!(outcome.elapsed < Duration::from_secs(20), "{outcome}");
}

#[test]
fn locked_secret_service_delays_and_hides_no_key() {
    use crate::support::{FIRST_ID, FIRST_SECRET, Users};
    let mut users = Users::start(&serde_json::json!({}));
    for name in ["ATMOS_KEYRING_TYPE", "ATMOS_KEYRING_PASSWORD"] {
        users.sandbox.remove(name);
    }
    let _service = SecretService::start(&mut users.sandbox);
    users.import().success().says("system keyring");
    users.sandbox.atmos(&["auth", "whoami", "-i", "worker"]).success();
    let mut lock = users.sandbox.command("dbus-send");
    let collection = "array:objpath:/org/freedesktop/secrets/collection/login";
    lock.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"]);
    lock.args(["org.freedesktop.Secret.Service.Lock", collection]);
    users.sandbox.start(lock, "").wait().success();
    let seen = users.sandbox.atmos(&["auth", "whoami", "-i", "worker"]).exits(1);
    assert!(seen.elapsed < Duration::from_secs(20), "{seen}");
    seen.says("keyring is not available").says("the keyring did not answer").says("unlock the keyring");
    let mut import = users.sandbox.atmos_command(&["auth", "user", "import", "--from-env", "--no-verify"]);
    import.env("AWS_ACCESS_KEY_ID", FIRST_ID).env("AWS_SECRET_ACCESS_KEY", FIRST_SECRET);
    users.sandbox.start(import, "").wait().exits(1).says("the keyring does not last");
}

#[test]
fn case_16_file_keyring_is_private_and_opens_with_its_password_only() {
    let mut cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let home = cloud.sandbox.home();
    let files = Sandbox::files_below(&home);
    assert!(!files.is_empty());
    for file in files {
        let mode = std::fs::metadata(home.join(&file)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", file.display());
    }
    let process = ["auth", "process", "--identity", "data-admin"];
    cloud.sandbox.atmos(&process).success();
    cloud.sandbox.set("ATMOS_KEYRING_PASSWORD", "another/password");
    let wrong = cloud.sandbox.atmos(&process);
    assert_ne!(wrong.code(), 0, "{wrong}");
    wrong.says("password");
}

#[test]
fn file_keyring_without_a_password_names_the_variable_to_set() {
    let mut cloud = Cloud::start(&[]);
    cloud.sandbox.remove("ATMOS_KEYRING_PASSWORD");
    cloud.sandbox.atmos(&["auth", "process", "--identity", "data-admin"]).says("ATMOS_KEYRING_PASSWORD");
    cloud.sandbox.set("ATMOS_KEYRING_PASSWORD", "short");
    cloud.login("data-admin").says("8 characters");
}

#[test]
fn files_are_private_whatever_the_umask() {
    let cloud = Cloud::start(&[]);
    let mut shell = cloud.sandbox.command("/bin/sh");
    let atmos = env!("CARGO_BIN_EXE_atmos");
    shell.args(["-c", &format!("umask 000; exec {atmos} auth login --no-browser --identity data-admin")]);
    shell.env("ATMOS_FORCE_TTY", "true");
    cloud.sandbox.start(shell, "").wait().success();
    let home = cloud.sandbox.home();
    for file in Sandbox::files_below(&home) {
        let mode = std::fs::metadata(home.join(&file)).unwrap().permissions().mode() & 0o077;
        assert_eq!(mode, 0, "{}", file.display());
    }
}

#[test]
fn logins_of_the_reference_are_not_reused_and_that_is_said() {
    let cloud = Cloud::start(&[]);
    let session = cloud.sandbox.home().join(".cache/atmos/aws-sso/sessions/0123456789abcdef.json");
    std::fs::create_dir_all(session.parent().unwrap()).unwrap();
    std::fs::write(&session, "{\"accessToken\": \"theirs\"}").unwrap();
    cloud.login("data-admin").success().says("not reused");
    assert!(session.exists(), "what belongs to the reference stays");
    cloud.login("reader").success().says_not("not reused");
}
