//! Where logins rest between two commands: Secret Service, file keyring, nowhere.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::time::Duration;

use crate::support::{Cloud, Outcome, Sandbox, SecretService, ordinary_user};

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

/// What is kept is no less there because this keyring does not open it.
#[test]
fn logout_beside_another_keyring_removes_what_is_kept() {
    let mut cloud = Cloud::start(&[]);
    without_file_keyring(&mut cloud);
    let _service = SecretService::start(&mut cloud.sandbox);
    let cache = cloud.sandbox.home().join(".cache/atmos/auth");
    let entries = || Sandbox::files_below(&cache).into_iter().filter(|file| file.extension().is_none()).count();
    let file = [("ATMOS_KEYRING_TYPE", "file"), ("ATMOS_KEYRING_PASSWORD", "another-password")];
    for other in
        [&[("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")][..], &[("ATMOS_KEYRING_TYPE", "memory")], &file]
    {
        for whom in [&["data-admin"][..], &["--provider", "corp"], &["--all"]] {
            cloud.login("data-admin").success();
            let logout = [&["auth", "logout"], whom].concat();
            let before = entries();
            let dry = cloud.sandbox.atmos_with(other, &[&logout[..], &["--dry-run"]].concat()).success();
            dry.says("would remove 1 cached session");
            assert_eq!(entries(), before, "{other:?} {whom:?}");
            let seen = cloud.sandbox.atmos_with(other, &logout).success();
            seen.says("1 cached session").says("sessions of earlier configurations cannot be found");
            // The list alone is left.
            let left = if whom.len() == 1 && whom[0] == "data-admin" { 2 } else { 1 };
            assert_eq!(entries(), left, "{other:?} {whom:?}: the list, and the token of a provider that was not named");
            let whoami = cloud.sandbox.atmos(&["auth", "logout", "--all"]).success();
            whoami.says_not("earlier configurations");
            assert_eq!(entries(), 0, "{other:?} {whom:?}");
        }
    }
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
fn missing_keyring_is_said_once_whatever_the_command() {
    let mut cloud = Cloud::start(&[]);
    without_file_keyring(&mut cloud);
    let once = |seen: &Outcome| {
        let all = format!("{}{}", seen.stdout, seen.stderr);
        assert_eq!(all.matches("the system keyring is not available (").count(), 1, "{seen}");
    };
    let login = cloud.login("data-admin").success().says_not("nothing of this login is kept");
    once(&login);
    let doctor = cloud.sandbox.atmos(&["auth", "doctor", "--offline"]).success().says_not("keyring");
    once(&doctor);
    assert!(doctor.stdout.contains("logins end with the process"), "{doctor}");
    let migrate = cloud.sandbox.atmos(&["auth", "keyring", "migrate", "--from", "system", "--to", "kernel"]).exits(1);
    once(&migrate.says_not("credentials are kept in memory"));
    // Who wants no keyring is told what that means, without a word of one that is missing.
    cloud.sandbox.set("ATMOS_KEYRING_TYPE", "memory");
    cloud.login("data-admin").success().says("nothing of this login is kept").says_not("not available");
    let mut users = crate::support::Users::start(&serde_json::json!({}));
    for name in ["ATMOS_KEYRING_TYPE", "ATMOS_KEYRING_PASSWORD"] {
        users.sandbox.remove(name);
    }
    let import = users.import().exits(1).says("the keyring does not last").says_not("credentials are kept in memory");
    once(&import);
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

/// Runs the program as an ordinary user, whose keys in the kernel are those of no other test; with a file under `strace`,
/// which stays root where root runs the tests, since nobody else may look into atmos.
fn as_nobody(cloud: &Cloud, trace: Option<&Path>, args: &[&str]) -> Outcome {
    let (uid, gid) = ordinary_user(&cloud.sandbox);
    let copy = cloud.sandbox.root().join("atmos");
    let program = if copy.exists() { copy } else { env!("CARGO_BIN_EXE_atmos").into() };
    let mut command = match trace {
        None => {
            let mut command = cloud.sandbox.command(&program);
            command.uid(uid).gid(gid);
            command
        }
        Some(file) => {
            let mut command = cloud.sandbox.command("/usr/bin/env");
            command.arg("strace");
            if rustix::process::geteuid().is_root() {
                command.args(["-u", "nobody"]);
            }
            command.args(["-f", "-qq", "-e", "trace=keyctl,add_key,connect", "-o"]).arg(file).arg(&program);
            command
        }
    };
    command.args(args).env("ATMOS_FORCE_TTY", "true");
    cloud.sandbox.start(command, "").wait()
}

const PROCESS: [&str; 4] = ["auth", "process", "--identity", "data-admin"];
const LOGIN: [&str; 5] = ["auth", "login", "--no-browser", "--identity", "data-admin"];

#[test]
fn next_command_finds_the_key_of_the_file_keyring_in_the_kernel_and_needs_the_password_all_the_same() {
    let mut cloud = Cloud::start(&[]);
    cloud.sandbox.remove("ATMOS_KEYRING_UNLOCK");
    let trace = cloud.sandbox.root().join("tmp/trace");
    as_nobody(&cloud, None, &LOGIN).success();
    as_nobody(&cloud, None, &PROCESS).success();
    as_nobody(&cloud, Some(&trace), &PROCESS).success();
    let seen = std::fs::read_to_string(&trace).unwrap();
    assert!(!seen.contains("connect("), "{seen}");
    let looked = seen.lines().find(|line| line.contains("KEYCTL_SEARCH"));
    let looked = looked.unwrap_or_else(|| panic!("nobody looked: {seen}"));
    if looked.contains("EPERM") || looked.contains("ENOSYS") {
        // A container without such a keyring: it works, more slowly, and the doctor says why.
        let doctor = as_nobody(&cloud, None, &["auth", "doctor", "--offline"]).success();
        assert!(doctor.stdout.contains("the kernel has no keyring"), "{doctor}");
        return;
    }
    assert!(!looked.contains("= -1"), "{looked}");
    // What lies there opens nothing for who does not know the password.
    cloud.sandbox.set("ATMOS_KEYRING_PASSWORD", "another/password");
    as_nobody(&cloud, None, &PROCESS).exits(1).says("wrong password");
    cloud.sandbox.remove("ATMOS_KEYRING_PASSWORD");
    as_nobody(&cloud, None, &PROCESS).exits(1).says("ATMOS_KEYRING_PASSWORD");
    cloud.sandbox.set("ATMOS_KEYRING_PASSWORD", Sandbox::KEYRING_PASSWORD);
    // Who does not want it looks for nothing and leaves nothing.
    cloud.sandbox.set("ATMOS_KEYRING_UNLOCK", "off");
    as_nobody(&cloud, Some(&trace), &PROCESS).success();
    assert!(!std::fs::read_to_string(&trace).unwrap().contains("KEYCTL_"));
    let doctor = as_nobody(&cloud, None, &["auth", "doctor", "--offline"]).success();
    assert!(doctor.stdout.contains("about 50 ms (ATMOS_KEYRING_UNLOCK says so)"), "{doctor}");
    // A logout forgets it.
    cloud.sandbox.remove("ATMOS_KEYRING_UNLOCK");
    as_nobody(&cloud, None, &["auth", "logout", "data-admin"]).success();
    as_nobody(&cloud, Some(&trace), &PROCESS).success();
    let seen = std::fs::read_to_string(&trace).unwrap();
    let first = seen.lines().find(|line| line.contains("KEYCTL_SEARCH")).unwrap();
    assert!(first.contains("ENOKEY"), "{seen}");
    cloud.assert_clean();
}

#[test]
fn kernel_keeps_logins_for_the_next_process_and_no_keys_that_last() {
    use crate::support::{FIRST_ID, FIRST_SECRET};
    let mut cloud = Cloud::start(&[]);
    cloud.sandbox.set("ATMOS_KEYRING_TYPE", "kernel");
    cloud.sandbox.remove("ATMOS_KEYRING_PASSWORD");
    let text = cloud.sandbox.read("atmos.yaml");
    cloud
        .sandbox
        .write("atmos.yaml", &text.replace("  identities:\n", "  identities:\n    worker: {kind: aws/user}\n"));
    let login = as_nobody(&cloud, None, &LOGIN).success();
    if login.mentions("the kernel keyring is not available") {
        as_nobody(&cloud, None, &PROCESS).says("the kernel keyring is not available");
        return;
    }
    let (_, requests) = cloud.requests_during(|| as_nobody(&cloud, None, &PROCESS).success());
    assert_eq!(requests, Vec::<String>::new(), "{login}");
    let doctor = as_nobody(&cloud, None, &["auth", "doctor", "--offline"]).success();
    assert!(doctor.stdout.contains("kernel, "), "{doctor}");
    // What ends with the machine is no place for what cannot be had again.
    cloud.sandbox.set("AWS_ACCESS_KEY_ID", FIRST_ID);
    cloud.sandbox.set("AWS_SECRET_ACCESS_KEY", FIRST_SECRET);
    let import = ["auth", "user", "import", "--from-env", "--no-verify"];
    as_nobody(&cloud, None, &import).exits(1).says("the keyring does not last");
    as_nobody(&cloud, None, &["auth", "logout", "--all-realms", "--keychain", "--force"]).success();
    assert_ne!(as_nobody(&cloud, None, &PROCESS).code(), 0);
    cloud.assert_clean();
}
