//! Where private things may lie: a directory that others could exchange, anywhere on the way, is not used.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::support::{Cloud, Outcome, Sandbox};

/// A directory of the sandbox with this mode, made if it is missing.
fn directory(sandbox: &Sandbox, path: &str, mode: u32) -> PathBuf {
    let directory = sandbox.root().join(path);
    std::fs::create_dir_all(&directory).unwrap();
    chmod(&directory, mode);
    directory
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn apply(sandbox: &Sandbox) -> Outcome {
    sandbox.atmos(&["terraform", "apply", "--all", "-s", "dev", "--", "-auto-approve"])
}

#[test]
fn unsafe_runtime_directory_is_passed_over_and_that_is_said_once() {
    let mut sandbox = Sandbox::scenario("identity-resolution");
    let runtime = directory(&sandbox, "wide/runtime", 0o700);
    let above = directory(&sandbox, "wide", 0o777);
    sandbox.set("XDG_RUNTIME_DIR", &runtime);
    let run = apply(&sandbox).success();
    let run = run.says(&above.display().to_string()).says("is writable for everybody").says("is used instead");
    assert_eq!(run.stderr.matches("is used instead").count(), 1, "{run}");
    assert!(!runtime.join("atmos").exists());
    // As in /tmp nobody can take away there what is not his.
    chmod(&above, 0o1777);
    apply(&sandbox).success().says_not("is used instead");
    assert!(runtime.join("atmos/run").is_dir());
}

#[test]
fn run_without_any_safe_place_is_refused_with_the_mend() {
    let mut sandbox = Sandbox::scenario("identity-resolution");
    let above = directory(&sandbox, "wide", 0o775);
    for (name, place) in [("XDG_RUNTIME_DIR", "run"), ("XDG_CACHE_HOME", "cache"), ("TMPDIR", "tmp")] {
        let place = directory(&sandbox, &format!("wide/{place}"), 0o700);
        sandbox.set(name, place);
    }
    let run = sandbox.atmos(&["terraform", "apply", "own", "-s", "dev", "--", "-auto-approve"]).exits(1);
    run.says("is writable for its group").says(&format!("chmod go-w {}", above.display()));
    assert!(!sandbox.repo().join("components/terraform/app/.terraform").exists());
}

#[test]
fn own_directories_are_safe_whatever_the_umask() {
    let mut sandbox = Sandbox::scenario("identity-resolution");
    sandbox.remove("XDG_RUNTIME_DIR");
    let mut shell = sandbox.command("/bin/sh");
    let atmos = env!("CARGO_BIN_EXE_atmos");
    // It has no identity; what it needs of the cache directory, it makes.
    shell.args(["-c", &format!("umask 000; exec {atmos} terraform apply off -s dev -- -auto-approve")]);
    sandbox.start(shell, "").wait().success();
    assert!(sandbox.home().join(".cache/atmos").is_dir());
    let run = sandbox.atmos(&["terraform", "apply", "own", "-s", "dev", "--", "-auto-approve"]).success();
    run.says_not("is used instead");
    assert!(sandbox.home().join(".cache/atmos/run").is_dir());
}

#[test]
fn cache_keyring_and_standing_configuration_refuse_an_unsafe_place() {
    let mut cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    for name in ["XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
        let kept = cloud.sandbox.environment()[name].clone();
        // A link hides nothing.
        let above = directory(&cloud.sandbox, &format!("wide-{name}"), 0o777);
        directory(&cloud.sandbox, &format!("wide-{name}/place"), 0o700);
        let link = cloud.sandbox.root().join(format!("link-{name}"));
        std::os::unix::fs::symlink(above.join("place"), &link).unwrap();
        cloud.sandbox.set(name, &link);
        let outcome = match name {
            "XDG_CONFIG_HOME" => cloud.sandbox.atmos(&["auth", "env", "--identity", "data-admin"]),
            _ => cloud.login("data-admin"),
        };
        outcome.exits(1).says("is not used for secrets").says(&format!("chmod go-w {}", above.display()));
        assert_eq!(Sandbox::files_below(&above), Vec::<PathBuf>::new(), "{name}");
        cloud.sandbox.set(name, kept);
    }
    // What lies in a place that became unsafe is not read any more.
    chmod(&cloud.sandbox.home(), 0o777);
    let outcome = cloud.sandbox.atmos(&["auth", "process", "--identity", "data-admin"]).exits(1);
    outcome.says(&format!("chmod go-w {}", cloud.sandbox.home().display()));
}
