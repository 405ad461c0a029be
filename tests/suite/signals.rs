//! Ctrl-C, SIGTERM and SIGKILL in the middle of a run: children end first, then the credentials go.

use std::time::Duration;

use rustix::process::Signal;

use crate::support::{Cloud, Running, Sandbox, Scanner, descendants, wait_until};

/// A run of `vpc` whose child has started and sleeps.
fn running(cloud: &mut Cloud) -> Running {
    cloud.sandbox.set("PROBE_SLEEP", "60");
    cloud.login("network-admin").success();
    let mut running = cloud.sandbox.spawn(&["terraform", "apply", "vpc", "-s", "dev", "--", "-auto-approve"]);
    wait_until("the child of terraform runs", Duration::from_secs(90), || {
        assert!(running.is_running(), "the run has ended before its child started");
        cloud.probe("dev-vpc").has("started").then_some(())
    });
    running
}

/// Looks at the arguments and environments of the program and everything below it while it runs.
fn assert_processes_clean(cloud: &Cloud, run: &Running) {
    let scanner = Scanner::of(&cloud.portal, &cloud.sts);
    // The test itself gave the password to the program; its children must not have it.
    scanner.assert_absent_in_process(run.pid(), &["ATMOS_KEYRING_PASSWORD"]);
    let children = descendants(run.pid());
    assert!(children.len() >= 2, "terraform and its child: {children:?}");
    for child in children {
        scanner.assert_absent_in_process(child, &[]);
    }
    scanner.assert_absent_below(cloud.sandbox.root());
}

fn interrupted(signal: Signal, to_the_group: bool, code: i32) {
    let mut cloud = Cloud::start(&[]);
    let run = running(&mut cloud);
    assert_processes_clean(&cloud, &run);
    assert_eq!(cloud.run_folders().len(), 1, "one run, one private folder");
    let children = descendants(run.pid());
    if to_the_group {
        run.signal_group(signal);
    } else {
        run.signal(signal);
    }
    let outcome = run.wait().exits(code);
    // terraform kills the shell of a provisioner and not what that shell had started; we do.
    let alive: Vec<_> = children.iter().filter_map(|child| command_line(*child)).collect();
    for child in children {
        crate::support::signal(child, Signal::KILL);
    }
    let ours: Vec<_> = alive.iter().filter(|words| words.contains("terraform ") || words.contains("atmos ")).collect();
    assert!(ours.is_empty(), "children outlived the program: {ours:?}\n{outcome}");
    cloud.assert_clean();
    let lock =
        cloud.sandbox.repo().join("components/terraform/vpc/terraform.tfstate.d/dev/.terraform.tfstate.lock.info");
    assert!(!lock.exists(), "the state is still locked");
}

/// What a process that still runs was started as.
fn command_line(pid: u32) -> Option<String> {
    let words = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?.replace('\0', " ");
    // A zombie has no command line.
    (!words.is_empty()).then_some(words)
}

#[test]
fn q3_interrupt_from_the_terminal_ends_the_child_then_the_credentials() {
    interrupted(Signal::INT, true, 130);
}

#[test]
fn q3_interrupt_sent_to_the_program_alone_reaches_the_child() {
    interrupted(Signal::INT, false, 130);
}

#[test]
fn q3_termination_reaches_the_child() {
    interrupted(Signal::TERM, false, 143);
}

/// A terminal that closes: everybody in its group gets the signal, and terraform alone would die of it at once.
#[test]
fn hangup_of_the_terminal_lets_terraform_release_its_lock() {
    interrupted(Signal::HUP, true, 129);
}

#[test]
fn hangup_sent_to_the_program_alone_reaches_the_child() {
    interrupted(Signal::HUP, false, 129);
}

/// A command of the user's own gets the signal itself: it may mean something there, and what becomes of it is its status.
#[test]
fn hangup_reaches_a_command_of_the_users_own_as_it_is() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let script = "trap 'echo hung up; exit 3' HUP; echo >\"$PROBE/started\"; while :; do sleep 0.1; done";
    let mut run = cloud.sandbox.spawn(&["auth", "exec", "-i", "data-admin", "--", "sh", "-c", script]);
    wait_until("the command runs", Duration::from_mins(1), || {
        assert!(run.is_running(), "the command has ended early");
        cloud.probes().join("started").exists().then_some(())
    });
    run.signal(Signal::HUP);
    let outcome = run.wait().exits(3);
    assert_eq!(outcome.stdout, "hung up\n", "{outcome}");
    cloud.assert_clean();
}

/// Whatever would end the program while its child goes on reaches the child instead, and no key stays behind.
#[test]
fn quit_and_signals_of_the_users_own_reach_the_command() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let script = "trap 'echo >\"$PROBE/one\"' USR1; trap 'echo >\"$PROBE/two\"' USR2; trap 'echo quit; exit 3' QUIT; \
                  echo >\"$PROBE/started\"; while :; do sleep 0.1; done";
    let words = ["auth", "exec", "-i", "data-admin", "--delivery", "files", "--", "sh", "-c", script];
    let mut run = cloud.sandbox.spawn(&words);
    let pid = run.pid();
    let mut wait = |file: &str| {
        wait_until(file, Duration::from_mins(1), || {
            assert!(run.is_running(), "the command has ended early: no {file}");
            cloud.probes().join(file).exists().then_some(())
        });
    };
    wait("started");
    for (signal, file) in [(Signal::USR1, "one"), (Signal::USR2, "two")] {
        crate::support::signal(pid, signal);
        wait(file);
    }
    run.signal(Signal::QUIT);
    let outcome = run.wait().exits(3);
    assert_eq!(outcome.stdout, "quit\n", "{outcome}");
    cloud.assert_clean();
}

/// Timers and the like end the command as they do without us, and no key stays behind.
#[test]
fn timers_end_the_command_and_leave_no_key() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    for signal in [Signal::ALARM, Signal::VTALARM, Signal::PROF, Signal::IO] {
        let started = cloud.probes().join("started");
        let _ = std::fs::remove_file(&started);
        let script = "echo >\"$PROBE/started\"; exec sleep 60";
        let words = ["auth", "exec", "-i", "data-admin", "--delivery", "files", "--", "sh", "-c", script];
        let mut run = cloud.sandbox.spawn(&words);
        wait_until("the command runs", Duration::from_mins(1), || {
            assert!(run.is_running(), "the command has ended early");
            started.exists().then_some(())
        });
        run.signal(signal);
        run.wait().exits(128 + signal.as_raw());
        cloud.assert_clean();
    }
}

/// In a container that somebody starts us in, the leader of our session is a process that nobody there sees.
#[test]
fn a_command_that_stops_and_goes_on_where_nobody_sees_our_session_ends_as_it_likes() {
    let sandbox = Sandbox::scenario("identity-resolution").with_file_keyring();
    let apart = if rustix::process::geteuid().is_root() { "-pfm" } else { "-rpfm" };
    let script = "me=$$; { until grep -q '^State:.T' /proc/$me/status; do :; done; kill -CONT $me; } & \
                  kill -STOP $me; echo on; exit 3";
    let atmos = [env!("CARGO_BIN_EXE_atmos"), "auth", "exec", "-i", "fallback", "--", "sh", "-c", script];
    let mut command = sandbox.command("unshare");
    command.args([apart, "--mount-proc"]).args(atmos);
    let outcome = sandbox.start(command, "").wait().exits(3);
    assert_eq!(outcome.stdout, "on\n", "{outcome}");
}

/// Ctrl-\\ of a terminal: the command dies of it as it does without us.
#[test]
fn quit_of_the_terminal_leaves_no_key() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let script = "echo >\"$PROBE/started\"; exec sleep 60";
    let words = ["auth", "exec", "-i", "data-admin", "--delivery", "files", "--", "sh", "-c", script];
    let mut run = cloud.sandbox.spawn(&words);
    wait_until("the command runs", Duration::from_mins(1), || {
        assert!(run.is_running(), "the command has ended early");
        cloud.probes().join("started").exists().then_some(())
    });
    run.signal_group(Signal::QUIT);
    run.wait().exits(131);
    cloud.assert_clean();
}

/// With keys in files a killed run leaves them, in its private folder and nowhere else, until the next start.
#[test]
fn keys_that_a_killed_run_left_are_swept_at_the_next_start() {
    let mut cloud = Cloud::start(&[]);
    let settings = cloud.sandbox.read("atmos.yaml").replace("realm: scenario", "realm: scenario\n  delivery: files");
    cloud.sandbox.write("atmos.yaml", &settings);
    let run = running(&mut cloud);
    run.signal_group(Signal::KILL);
    run.wait().exits(137);
    // The probe's copy is the test's own.
    std::fs::remove_file(cloud.probes().join("dev-vpc/credentials")).unwrap();
    let scanner = Scanner::of(&cloud.portal, &cloud.sts);
    for folder in [cloud.sandbox.home(), cloud.sandbox.repo(), cloud.probes()] {
        scanner.assert_absent_below(&folder);
    }
    let left = std::fs::read(cloud.run_folders()[0].join("credentials")).unwrap();
    assert!(!scanner.find(&left).is_empty(), "the scan finds what is there");
    cloud.sandbox.set("PROBE_SLEEP", "0");
    cloud.sandbox.atmos(&["terraform", "plan", "database", "-s", "dev", "--identity", "network-admin"]).success();
    cloud.assert_clean();
}

#[test]
fn what_a_killed_run_left_is_swept_at_the_next_start() {
    let mut cloud = Cloud::start(&[]);
    let run = running(&mut cloud);
    run.signal_group(Signal::KILL);
    run.wait().exits(137);
    let left = cloud.run_folders();
    assert_eq!(left.len(), 1, "nobody could clean up");
    Scanner::of(&cloud.portal, &cloud.sts).assert_absent_below(cloud.sandbox.root());
    cloud.sandbox.set("PROBE_SLEEP", "0");
    cloud.sandbox.atmos(&["terraform", "plan", "database", "-s", "dev", "--identity", "network-admin"]).success();
    cloud.assert_clean();
}

/// terraform dies of a write that nobody reads, and what it has made so far would be in no state.
#[test]
fn kill_of_the_program_alone_lets_an_apply_end_and_keep_its_state() {
    let sandbox = Sandbox::scenario("no-auth");
    let (started, go) = (sandbox.root().join("started"), sandbox.root().join("go"));
    sandbox.write(
        "components/terraform/app/main.tf",
        &format!(
            "variable \"stage\" {{\n  type = string\n}}\nvariable \"name\" {{\n  type = string\n}}\n\
             resource \"terraform_data\" \"first\" {{\n  provisioner \"local-exec\" {{\n    command = \"touch {}; \
             until [ -e {} ]; do sleep 0.1; done; seq 20000; seq 20000 >&2\"\n  }}\n}}\n\
             resource \"terraform_data\" \"second\" {{\n  input = terraform_data.first.id\n}}\n",
            started.display(),
            go.display()
        ),
    );
    let mut run = sandbox.spawn(&["terraform", "apply", "app", "-s", "dev", "--", "-auto-approve"]);
    wait_until("the apply waits", Duration::from_secs(90), || {
        assert!(run.is_running(), "the run has ended early");
        started.exists().then_some(())
    });
    let children = descendants(run.pid());
    run.signal(Signal::KILL);
    // The outputs of the run end only when nobody has them any more, so nobody waits for them here.
    wait_until("the program is gone", Duration::from_secs(10), || (!run.is_running()).then_some(()));
    std::fs::write(&go, "").unwrap();
    wait_until("everything below it has ended", Duration::from_mins(1), || {
        children.iter().all(|child| command_line(*child).is_none()).then_some(())
    });
    let folder = sandbox.repo().join("components/terraform/app/terraform.tfstate.d/dev");
    let state = std::fs::read_to_string(folder.join("terraform.tfstate")).unwrap_or_default();
    assert!(state.contains("\"first\"") && state.contains("\"second\""), "the state is not complete: {state}");
    assert!(!folder.join(".terraform.tfstate.lock.info").exists(), "the state is still locked");
}
