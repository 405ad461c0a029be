//! Limits of the system: no thread, no process, few descriptors, files of a few blocks. An error or the work done, soon; never a
//! panic, a process that stays, or one that is gone without a word.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::support::{Outcome, Sandbox, Users};

/// What a loaded machine may make of a second.
const LONGEST: Duration = Duration::from_secs(40);
/// Nobody has it: what counts is ours alone.
const STRANGER: u32 = 61_239;

fn owned(path: &Path) {
    chown(path, Some(STRANGER), Some(STRANGER)).unwrap();
    if path.is_dir() && !path.is_symlink() {
        for entry in std::fs::read_dir(path).unwrap() {
            owned(&entry.unwrap().path());
        }
    }
}

/// The program where a shell has set a limit, as whom limits hold for.
fn limited(sandbox: &Sandbox, limit: &str, args: &[&str]) -> Outcome {
    let ours = sandbox.root().join("atmos");
    if !ours.exists() {
        std::fs::copy(env!("CARGO_BIN_EXE_atmos"), &ours).unwrap();
    }
    let mut command = sandbox.command("/bin/bash");
    command.args(["-c", &format!("{limit}; exec \"$@\""), "bash"]).arg(&ours).args(args);
    if rustix::process::geteuid().is_root() {
        owned(sandbox.root());
        command.uid(STRANGER).gid(STRANGER);
    }
    let outcome = sandbox.start(command, "").wait().says_not("panicked").says_not("stack backtrace");
    assert!(outcome.elapsed < LONGEST, "{:?}", outcome.elapsed);
    assert!((0..=99).contains(&outcome.code()) || outcome.code() == 126, "{limit}: {outcome}");
    outcome
}

fn user() -> Users {
    let users = Users::start(&json!({}));
    users.import().success();
    users.sandbox.atmos(&["auth", "login"]).success();
    users
}

#[test]
fn commands_of_authentication_go_on_with_the_one_thread_that_there_is() {
    let users = user();
    let sandbox = &users.sandbox;
    let process = ["auth", "process"];
    let calls: [&[&str]; 5] =
        [&["auth", "list"], &["auth", "whoami"], &process, &["auth", "env"], &["auth", "login", "--force"]];
    let limits: &[u32] = if rustix::process::geteuid().is_root() { &[1, 2, 3, 4] } else { &[1] };
    for limit in limits {
        for call in calls {
            limited(sandbox, &format!("ulimit -u {limit}"), call).success();
        }
        limited(sandbox, &format!("ulimit -u {limit}"), &["list", "stacks"]);
        limited(sandbox, &format!("ulimit -u {limit}"), &["auth", "exec", "--", "true"]);
    }
    let answer = limited(sandbox, "ulimit -u 1", &process).json();
    assert!(answer["SecretAccessKey"].is_string());
    limited(sandbox, "ulimit -u 1", &["auth", "exec", "--", "true"]).says("cannot be started").exits(126);
}

#[test]
fn programs_that_need_a_thread_or_a_process_say_that_there_is_none() {
    let sandbox = Sandbox::empty().with_file_keyring();
    sandbox.write(
        "atmos.yaml",
        "auth:\n  realm: starved\n  identities:\n    mine: {kind: aws/credential-process, default: true, credentials: {process: ./keys.sh}}\n",
    );
    sandbox.write("keys.sh", "#!/bin/sh\n");
    limited(&sandbox, "ulimit -u 1", &["auth", "login"]).exits(1).says("Resource temporarily unavailable");
}

#[test]
fn too_few_descriptors_are_an_error() {
    let users = user();
    for limit in 4..12 {
        let outcome = limited(&users.sandbox, &format!("ulimit -n {limit}"), &["auth", "process"]);
        assert!(
            outcome.code() == 0 || outcome.stderr.contains("Too many open files") || limit < 5,
            "{limit}: {outcome}"
        );
    }
}

#[test]
fn write_beyond_the_limit_of_files_is_an_error_and_nothing_private_stays() {
    let users = user();
    let sandbox = &users.sandbox;
    limited(sandbox, "ulimit -f 0", &["auth", "login", "--force"]).success().says("not kept").says("File too large");
    limited(sandbox, "ulimit -f 0", &["auth", "exec", "--", "true"]).exits(1).says("File too large");
    limited(sandbox, "ulimit -f 0", &["auth", "logout", "--all"]).success().says("removed 1 cached session");
    let seen = sandbox.root().join("seen");
    std::fs::write(&seen, "").unwrap();
    // The log is full before the child has said everything; what it gets by files goes with the run all the same.
    let script = "i=0; while [ $i -lt 400 ]; do echo \"line $i of a log that goes on and on\" >&2; i=$((i+1)); done; echo alive >> \"$0\"";
    let limit = format!("ulimit -f 8; exec 2>{}", sandbox.root().join("log").display());
    let call = ["auth", "exec", "--delivery", "files", "--", "sh", "-c", script, seen.to_str().unwrap()];
    limited(sandbox, &limit, &call);
    assert_eq!(std::fs::read_to_string(&seen).unwrap(), "alive\n", "the child is waited for");
    let left: Vec<_> =
        Sandbox::files_below(&sandbox.runtime()).into_iter().filter(|file| !file.ends_with("lock")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn child_has_the_limit_of_files_as_it_is() {
    let users = user();
    let script = "ulimit -f 1; exec cat /dev/zero > big";
    let outcome = users.sandbox.atmos(&["auth", "exec", "--", "sh", "-c", script]);
    assert_eq!(outcome.code(), 153, "{outcome}");
}
