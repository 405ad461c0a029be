//! A home that nobody can write to, as in containers and CI, and no keyring.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;

use crate::support::{Outcome, Sandbox, ordinary_user};

const SETTINGS: &str = "auth:
  realm: closed
  identities:
    somebody: {kind: aws/credential-process, default: true, credentials: {process: \"cat keys\"}}
";
const KEYS: &str = r#"{"Version": 1, "AccessKeyId": "AKIACLOSEDCLOSEDCLOS", "SecretAccessKey": "closed", "SessionToken": "closed", "Expiration": "2099-01-01T00:00:00Z"}"#;

struct Closed {
    sandbox: Sandbox,
    user: (u32, u32),
}

impl Closed {
    fn new() -> Closed {
        let sandbox = Sandbox::empty();
        sandbox.write("atmos.yaml", SETTINGS);
        sandbox.write("keys", KEYS);
        let user = ordinary_user(&sandbox);
        std::fs::set_permissions(sandbox.home(), std::fs::Permissions::from_mode(0o500)).unwrap();
        Closed { sandbox, user }
    }

    fn run(&self, env: &[(&str, &str)], args: &[&str]) -> Outcome {
        let copy = self.sandbox.root().join("atmos");
        let program = if copy.exists() { copy } else { env!("CARGO_BIN_EXE_atmos").into() };
        let mut command = self.sandbox.command(program);
        command.args(args).envs(env.iter().copied()).uid(self.user.0).gid(self.user.1);
        self.sandbox.start(command, "").wait()
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        // So that it can be removed.
        let _ = std::fs::set_permissions(self.sandbox.home(), std::fs::Permissions::from_mode(0o700));
    }
}

const SAID: &str = "credentials are kept in memory, for this command only";

#[test]
fn credentials_stay_in_memory_and_that_is_said_once() {
    let closed = Closed::new();
    let exec = ["auth", "exec", "-i", "somebody", "--", "sh", "-c", "echo in"];
    for words in [
        &exec[..],
        &["auth", "process", "-i", "somebody"],
        &["auth", "login", "-i", "somebody"],
        &["auth", "env", "-i", "somebody", "--login", "--delivery", "env"],
    ] {
        let outcome = closed.run(&[], words).success();
        let text = outcome.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(text.matches(SAID).count(), 1, "{words:?}\n{outcome}");
        for phrase in ["cannot be written to", "ATMOS_XDG_CACHE_HOME", "ATMOS_KEYRING_TYPE=memory"] {
            assert!(text.contains(phrase), "{words:?}: {phrase}\n{outcome}");
        }
    }
    assert_eq!(closed.run(&[], &exec).success().stdout, "in\n");
    assert_eq!(Sandbox::files_below(&closed.sandbox.home()), Vec::<std::path::PathBuf>::new());
}

#[test]
fn who_asked_for_memory_hears_nothing_and_who_asked_for_files_gets_an_error() {
    let closed = Closed::new();
    let exec = ["auth", "exec", "-i", "somebody", "--", "true"];
    let silent = closed.run(&[("ATMOS_KEYRING_TYPE", "memory")], &exec).success();
    assert!(!silent.stderr.contains("memory"), "{silent}");
    let other = closed.sandbox.root().join("tmp/cache").display().to_string();
    // Only what is said about the keyring is left to say.
    closed.run(&[("ATMOS_XDG_CACHE_HOME", &other)], &exec).success().says_not("cannot be written to");
    let file = [("ATMOS_KEYRING_TYPE", "file"), ("ATMOS_KEYRING_PASSWORD", Sandbox::KEYRING_PASSWORD)];
    closed.run(&file, &exec).exits(1).says("failed to create").says_not(SAID);
}

/// A file stands where the home would be: that is a mistake, and no read-only disk.
#[test]
fn a_home_that_is_no_directory_is_named() {
    let closed = Closed::new();
    let home = closed.sandbox.root().join("tmp/file");
    std::fs::write(&home, "").unwrap();
    let cache = home.join(".cache").display().to_string();
    let config = home.join(".config").display().to_string();
    let env = [("XDG_CACHE_HOME", cache.as_str()), ("XDG_CONFIG_HOME", &config), ("XDG_DATA_HOME", &config)];
    closed.run(&env, &["auth", "exec", "-i", "somebody", "--", "true"]).exits(1).says("is no directory").says("move");
}

/// A lock of earlier, on a disk that is read-only now, is no directory of a run.
#[test]
fn nothing_is_said_of_directories_of_runs_that_are_not_there() {
    let closed = Closed::new();
    let home = closed.sandbox.home();
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&home, 0o700);
    let run = home.join(".cache/atmos/run");
    std::fs::create_dir_all(&run).unwrap();
    std::fs::write(run.join("lock"), "").unwrap();
    let own = [home.join(".cache"), home.join(".cache/atmos"), run.clone(), run.join("lock")];
    for path in own.iter().rev() {
        std::os::unix::fs::chown(path, Some(closed.user.0), Some(closed.user.1)).unwrap();
    }
    mode(&run.join("lock"), 0o400);
    own[..3].iter().rev().for_each(|path| mode(path, 0o500));
    mode(&home, 0o500);
    let exec = ["auth", "exec", "-i", "somebody", "--", "true"];
    let seen = closed.run(&[("ATMOS_KEYRING_TYPE", "memory")], &exec).success();
    own[..3].iter().for_each(|path| mode(path, 0o700));
    seen.says_not("could not be removed");
}
