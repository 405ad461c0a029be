//! What goes wrong around a run: the program, the disk, the folder, locks, children. Each ends with a clear error and its
//! exit code, and the files that the run writes are whole or absent.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::support::{Outcome, Sandbox, each_terraform, ordinary_user, wait_until};

const FOLDER: &str = "components/terraform/app";
const VARFILE: &str = "components/terraform/app/dev-app.terraform.tfvars.json";
const PLAN: [&str; 5] = ["terraform", "plan", "app", "-s", "dev"];

fn sandbox(text: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write(
        "atmos.yaml",
        "base_path: .\nstacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}\n\
         components: {terraform: {base_path: components/terraform, auto_generate_backend_file: true}}\n",
    );
    variables(&sandbox, text);
    sandbox.write(
        &format!("{FOLDER}/main.tf"),
        "variable \"stage\" {}\nvariable \"text\" {}\nresource \"terraform_data\" \"it\" {\n  input = var.text\n}\n",
    );
    sandbox
}

fn variables(sandbox: &Sandbox, text: &str) {
    let manifest = format!(
        "vars: {{stage: dev}}\nterraform: {{backend_type: local, backend: {{local: {{}}}}}}\n\
         components: {{terraform: {{app: {{vars: {{text: '{text}'}}}}}}}}\n"
    );
    sandbox.write("stacks/dev.yaml", &manifest);
}

/// A program of a test in the place of terraform.
fn script(sandbox: &mut Sandbox, text: &str) {
    let program = sandbox.root().join("terraform-of-the-test");
    std::fs::write(&program, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", &program);
}

/// What a run has left in the folder of the component, beside what terraform keeps for itself.
fn files(sandbox: &Sandbox) -> Vec<PathBuf> {
    let mut files = Sandbox::files_below(&sandbox.repo().join(FOLDER));
    files.retain(|file| !file.starts_with(".terraform"));
    files
}

#[track_caller]
fn text_in_varfile(sandbox: &Sandbox) -> usize {
    let values: serde_json::Value = serde_json::from_str(&sandbox.read(VARFILE)).expect("a whole document");
    values["text"].as_str().unwrap().len()
}

#[test]
fn terraform_that_is_missing_is_named_and_nothing_is_written() {
    let mut sandbox = sandbox("x");
    let before = files(&sandbox);
    for (program, place) in [("not-terraform", "not found on PATH"), ("./not-there", "./not-there")] {
        sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", program);
        for words in [&PLAN[..], &["terraform", "output", "app", "-s", "dev", "--format", "json"]] {
            let outcome = sandbox.atmos(words).exits(1);
            outcome.says("process start failed").says(place).says("install it, put it on PATH");
            assert_eq!(files(&sandbox), before, "nothing is written");
        }
    }
}

#[test]
fn terraform_that_is_too_old_is_met_halfway_or_says_so_itself() {
    let mut sandbox = sandbox("x");
    // Versions before 1.4 do not know the flag.
    let old = "echo \"$*\" >>\"$CALLS\"\ncase \"$*\" in\n*-or-create*) echo 'flag provided but not defined: -or-create' >&2; exit 1 ;;\n\
               'workspace select'*) exit \"$SELECTED\" ;;\nesac";
    let calls = sandbox.root().join("calls");
    sandbox.set("CALLS", &calls);
    script(&mut sandbox, old);
    for (selected, expected) in
        [("0", &["workspace select dev"][..]), ("1", &["workspace select dev", "workspace new dev"])]
    {
        let _ = std::fs::remove_dir_all(sandbox.repo().join(FOLDER).join(".terraform"));
        sandbox.atmos_with(&[("SELECTED", selected)], &PLAN).success();
        let said = std::fs::read_to_string(&calls).unwrap();
        std::fs::remove_file(&calls).unwrap();
        let steps: Vec<&str> =
            said.lines().filter(|line| line.starts_with("workspace") && !line.contains('-')).collect();
        assert_eq!(steps, expected, "{said}");
    }
    each_terraform(|program| {
        let mut sandbox = self::sandbox("x");
        sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", program);
        // OpenTofu reads only the second one.
        for name in ["version.tf", "version.tofu"] {
            sandbox.write(&format!("{FOLDER}/{name}"), "terraform {\n  required_version = \">= 99.0\"\n}\n");
        }
        sandbox.atmos(&PLAN).exits(1).says("99.0").says("subcommand exited with code 1");
        assert_eq!(text_in_varfile(&sandbox), 1);
    });
}

/// The program where no file may be longer than 8 KiB (or 16, as the shell counts).
fn with_small_files(sandbox: &Sandbox) -> Outcome {
    let mut command = sandbox.command("/bin/sh");
    // A full disk is an answer to the writer; the signal that the limit sends would be none.
    command.args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_atmos")]).args(PLAN);
    sandbox.start(command, "").wait()
}

#[test]
fn disk_that_is_full_leaves_the_varfile_as_it_was() {
    let mut sandbox = sandbox("short");
    sandbox.record(&["TERRAFORM"]);
    let long = "x".repeat(100_000);
    variables(&sandbox, &long);
    let before = files(&sandbox);
    let outcome = with_small_files(&sandbox).exits(1);
    outcome.says("dev-app.terraform.tfvars.json").says("File too large").says("the free space of that directory");
    let absent: Vec<PathBuf> =
        files(&sandbox).into_iter().filter(|file| file != Path::new("backend.tf.json")).collect();
    assert_eq!(absent, before, "nothing is left of what could not be written");
    assert_eq!(sandbox.calls(), Vec::<String>::new(), "terraform is not started");
    variables(&sandbox, "short");
    with_small_files(&sandbox).success();
    sandbox.calls();
    variables(&sandbox, &long);
    let before = files(&sandbox);
    with_small_files(&sandbox).exits(1);
    assert_eq!((files(&sandbox), text_in_varfile(&sandbox)), (before, 5));
    assert_eq!(sandbox.calls(), Vec::<String>::new());
}

#[test]
fn folder_that_is_read_only_is_named() {
    let mut sandbox = sandbox("x");
    sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", "true");
    let folder = sandbox.repo().join(FOLDER);
    let (uid, gid) = ordinary_user(&sandbox);
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    let before = files(&sandbox);
    let copy = sandbox.root().join("atmos");
    let program = if copy.exists() { copy } else { env!("CARGO_BIN_EXE_atmos").into() };
    for words in [&PLAN[..], &["terraform", "generate", "varfile", "app", "-s", "dev"]] {
        let mut command = sandbox.command(&program);
        command.args(words).uid(uid).gid(gid);
        let outcome = sandbox.start(command, "").wait().exits(1);
        outcome.says("cannot write").says(FOLDER).says("Permission denied").says("check the permissions");
        assert_eq!(files(&sandbox), before);
    }
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn state_that_is_locked_is_terraforms_own_error_and_passes() {
    each_terraform(|program| {
        let mut sandbox = sandbox("x");
        sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", program);
        sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "-auto-approve"]).success();
        let pipe = sandbox.root().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let folder = sandbox.repo().join(FOLDER);
        // Somebody else's apply, who has the lock until the pipe is written.
        let holding = format!(
            "variable \"stage\" {{}}\nvariable \"text\" {{}}\nresource \"terraform_data\" \"it\" {{\n  input = \"new\"\n  triggers_replace = \"x\"\n  \
             provisioner \"local-exec\" {{\n    command = \"cat {}\"\n  }}\n}}\n",
            pipe.display()
        );
        sandbox.write(&format!("{FOLDER}/main.tf"), &holding);
        let mut command = sandbox.command(crate::support::find_part(program).unwrap());
        command
            .args(["apply", "-auto-approve", "-input=false", "-var", "stage=x", "-var", "text=x"])
            .current_dir(&folder);
        let mut holder = command.stdout(Stdio::null()).spawn().unwrap();
        let lock = folder.join("terraform.tfstate.d/dev/.terraform.tfstate.lock.info");
        wait_until("the lock of the state", Duration::from_mins(1), || lock.exists().then_some(()));
        let outcome = sandbox.atmos(&PLAN).exits(1);
        outcome.says("Error acquiring the state lock").says("subcommand exited with code 1");
        assert_eq!(text_in_varfile(&sandbox), 1);
        std::fs::write(&pipe, "").unwrap();
        assert!(holder.wait().unwrap().success());
        sandbox.atmos(&PLAN).success();
    });
}

#[test]
fn child_that_is_killed_is_told_apart_and_leaves_no_lock() {
    let mut sandbox = sandbox("x");
    script(&mut sandbox, "case $1 in \"$DIES\") kill -9 $$ ;; esac");
    for step in ["init", "workspace", "plan"] {
        let _ = std::fs::remove_dir_all(sandbox.repo().join(FOLDER).join(".terraform"));
        let outcome = sandbox.atmos_with(&[("DIES", step)], &PLAN).exits(137);
        outcome.says("subcommand exited with code 137");
        assert_eq!(text_in_varfile(&sandbox), 1);
        sandbox.atmos_with(&[("DIES", "none")], &PLAN).success();
    }
}
