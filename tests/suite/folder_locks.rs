//! Who works in a component folder or a data directory works there alone: across processes, homes and components.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::{Running, Sandbox, wait_until};

const STACK: &str = "\
terraform: {backend_type: local, backend: {local: {}}}
components:
  terraform:
    app: {vars: {name: app-STAGE}}
    other: {vars: {name: other-STAGE}}
    third: {vars: {name: third-STAGE}}
    placed: {metadata: {component: third}, env: {TF_DATA_DIR: ../../../data}}
";

/// Three components in two stacks.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write(
        "atmos.yaml",
        "base_path: .\nstacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}\n\
         components: {terraform: {base_path: components/terraform, auto_generate_backend_file: true}}\n",
    );
    for stage in ["dev", "prod"] {
        let manifest = format!("vars: {{stage: {stage}}}\n{}", STACK.replace("STAGE", stage));
        sandbox.write(&format!("stacks/{stage}.yaml"), &manifest);
    }
    for component in ["app", "other", "third"] {
        sandbox.write(
            &format!("components/terraform/{component}/main.tf"),
            "variable \"stage\" {\n  default = \"\"\n}\nvariable \"name\" {\n  default = \"\"\n}\n\
             output \"name\" {\n  value = var.name\n}\n",
        );
    }
    sandbox
}

/// With a program in the place of terraform whose `apply` is the script.
fn stubbed(apply: &str) -> Sandbox {
    use std::os::unix::fs::PermissionsExt as _;
    let mut sandbox = sandbox();
    let script = format!("#!/bin/sh\n[ \"$1\" = apply ] || exit 0\n{apply}\n");
    sandbox.write("bin/stub", &script);
    let stub = sandbox.repo().join("bin/stub");
    std::fs::set_permissions(&stub, std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", stub);
    let top = sandbox.root().to_owned();
    sandbox.set("TOP", top);
    sandbox.set("ATMOS", env!("CARGO_BIN_EXE_atmos"));
    sandbox
}

/// Waits until it is let go.
const WAITS: &str = "touch \"$TOP/started\"\nuntil [ -e \"$TOP/go\" ]; do sleep 0.05; done";

/// A run of a component in `dev` whose terraform is at work until [`let_go`].
fn at_work(sandbox: &Sandbox, component: &str) -> Running {
    let mut run = sandbox.spawn(&["terraform", "apply", component, "-s", "dev", "-auto-approve"]);
    wait_until("terraform works", Duration::from_mins(1), || {
        assert!(run.is_running(), "the run has ended early");
        sandbox.root().join("started").exists().then_some(())
    });
    run
}

fn let_go(sandbox: &Sandbox, run: Running) {
    std::fs::write(sandbox.root().join("go"), "").unwrap();
    run.wait().success();
}

const IMPATIENT: [&str; 3] = ["--folder-lock-timeout", "100ms", "-auto-approve"];

/// A component in a stack, without patience.
fn apply<'a>(component: &'a str, stack: &'a str) -> Vec<&'a str> {
    [&["terraform", "apply", component, "-s", stack][..], &IMPATIENT[..]].concat()
}

#[test]
fn a_folder_is_locked_for_runs_with_another_home_and_cache_too() {
    let sandbox = stubbed(WAITS);
    let run = at_work(&sandbox, "app");
    let other = sandbox.root().join("elsewhere");
    let other = other.to_str().unwrap();
    let env = [("HOME", other), ("XDG_CACHE_HOME", other), ("XDG_RUNTIME_DIR", "")];
    let busy = sandbox.atmos_with(&env, &apply("app", "prod")).exits(1);
    busy.says("waiting for another atmos process that works in components/terraform/app")
        .says("another atmos process still works in")
        .says("--folder-lock-timeout");
    // Another folder is nobody's.
    std::fs::write(sandbox.root().join("go"), "").unwrap();
    sandbox.atmos_with(&env, &apply("other", "prod")).success();
    run.wait().success();
    // It leaves nothing in the folder, and is free again.
    sandbox.atmos_with(&env, &apply("app", "prod")).success();
}

#[test]
fn the_message_names_the_folder_where_the_program_was_started_in_it() {
    let sandbox = stubbed(WAITS);
    let run = at_work(&sandbox, "app");
    let mut command = sandbox.atmos_command(&apply("app", "prod"));
    command.current_dir(sandbox.repo().join("components/terraform/app"));
    let busy = sandbox.start(command, "").wait().exits(1);
    busy.says("waiting for another atmos process that works in . (Ctrl-C");
    let_go(&sandbox, run);
}

#[test]
fn a_data_directory_is_locked_for_other_components_too() {
    let mut sandbox = stubbed(WAITS);
    let data = sandbox.repo().join("data");
    sandbox.set("TF_DATA_DIR", &data);
    let run = at_work(&sandbox, "app");
    sandbox.atmos(&apply("other", "prod")).exits(1).says("another atmos process still works in");
    // The `env` section names the same directory in other words.
    sandbox.remove("TF_DATA_DIR");
    sandbox.atmos(&apply("placed", "prod")).exits(1).says("another atmos process still works in");
    let_go(&sandbox, run);
    sandbox.atmos(&apply("placed", "prod")).success();
}

#[test]
fn components_of_one_run_that_share_a_data_directory_take_turns() {
    let mut sandbox = sandbox().with_terraform();
    let data = sandbox.repo().join("data");
    sandbox.set("TF_DATA_DIR", &data);
    let all = ["terraform", "apply", "--components", "app,other,third", "--max-concurrency", "4", "-auto-approve"];
    for _ in 0..2 {
        let outcome = sandbox.atmos(&all).success();
        assert!(!outcome.stderr.contains("waiting for another atmos"), "{outcome}");
    }
    let mut states = BTreeMap::new();
    for component in ["app", "other", "third"] {
        for stage in ["dev", "prod"] {
            let path = format!("components/terraform/{component}/terraform.tfstate.d/{stage}/terraform.tfstate");
            let state: serde_json::Value = serde_json::from_str(&sandbox.read(&path)).unwrap();
            states.insert(format!("{component}-{stage}"), state["outputs"]["name"]["value"].clone());
        }
    }
    assert!(states.iter().all(|(expected, name)| name == expected), "{states:?}");
}

#[test]
fn an_atmos_below_the_holder_of_a_folder_goes_on_one_at_a_time() {
    // Two at once below one terraform: the second waits for the first, and neither for the terraform above.
    let sandbox = stubbed(
        "if [ -n \"$INNER\" ]; then mkdir \"$TOP/alone\" || exit 7; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; rmdir \"$TOP/alone\"; exit 0; fi\n\
         export INNER=1\n\
         inner() { \"$ATMOS\" terraform apply app -s prod -auto-approve --folder-lock-timeout 60s >>\"$TOP/inner\" 2>&1; }\n\
         inner & first=$!; inner & wait $! && wait $first",
    );
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "-auto-approve"]).success();
    assert!(!sandbox.root().join("alone").exists());
}

#[test]
fn what_is_no_length_of_time_is_refused() {
    let sandbox = stubbed("");
    let words = ["terraform", "apply", "app", "-s", "dev", "-auto-approve", "--folder-lock-timeout", "soon"];
    sandbox.atmos(&words).exits(1).says("`soon` is no length of time to wait for a folder");
    sandbox.atmos_with(&[("ATMOS_FOLDER_LOCK_TIMEOUT", "soon")], &words[..6]).exits(1).says("`soon` is no length");
}

/// `app` in `dev` with hooks whose command is a script.
fn hooked(apply: &str, hooks: &[(&str, &str)]) -> Sandbox {
    let sandbox = stubbed(apply);
    let lines = hooks.iter().enumerate().map(|(at, (event, script))| {
        sandbox.write(&format!("bin/hook{at}"), script);
        let path = sandbox.repo().join(format!("bin/hook{at}"));
        let words = format!("kind: command, command: sh, args: ['{}'], on_failure: fail", path.display());
        format!("        hook{at}: {{events: [{event}.terraform.apply], {words}}}\n")
    });
    let text = lines.collect::<String>();
    let manifest = sandbox.read("stacks/dev.yaml");
    let app = format!("    app:\n      vars: {{name: app-dev}}\n      hooks:\n{text}");
    sandbox.write("stacks/dev.yaml", &manifest.replace("    app: {vars: {name: app-dev}}\n", &app));
    sandbox
}

#[test]
fn hooks_have_the_folder_too() {
    for event in ["before", "after"] {
        let sandbox = hooked("", &[(event, WAITS)]);
        let run = at_work(&sandbox, "app");
        sandbox.atmos(&apply("app", "prod")).exits(1).says("another atmos process still works in");
        let_go(&sandbox, run);
        sandbox.atmos(&apply("app", "prod")).success();
    }
}

#[test]
fn a_hook_may_call_atmos_for_its_own_component() {
    let inner = "\"$ATMOS\" terraform apply app -s prod -auto-approve --folder-lock-timeout 1s";
    let sandbox = hooked("", &[("before", inner), ("after", inner)]);
    let manifest = sandbox.read("stacks/dev.yaml");
    let step = format!(
        "        steps: {{events: [after.terraform.apply], kind: steps, on_failure: fail, with: [{{type: shell, command: '{inner}'}}]}}\n"
    );
    sandbox.write("stacks/dev.yaml", &manifest.replace("      hooks:\n", &format!("      hooks:\n{step}")));
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "-auto-approve"]).success();
}

#[test]
fn what_a_hook_leaves_behind_does_not_keep_the_folder() {
    let sandbox = hooked("", &[("before", "sleep 300 </dev/null >/dev/null 2>&1 &\necho $! >\"$TOP/left\"")]);
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "-auto-approve"]).success();
    let left = std::fs::read_to_string(sandbox.root().join("left")).unwrap();
    let again = sandbox.atmos(&apply("app", "prod"));
    crate::support::signal(left.trim().parse().unwrap(), rustix::process::Signal::KILL);
    again.success();
}

#[test]
fn a_data_directory_and_a_cache_in_use_are_not_cleaned() {
    let mut sandbox = stubbed(WAITS);
    let (data, cache) = (sandbox.repo().join("data"), sandbox.root().join("cache-of-plugins"));
    sandbox.set("TF_DATA_DIR", &data);
    sandbox.set("ATMOS_FOLDER_LOCK_TIMEOUT", "100ms");
    let run = at_work(&sandbox, "app");
    let clean = ["terraform", "clean", "other", "-s", "prod", "--force"];
    sandbox.atmos(&clean).exits(1).says("another atmos process still works in");
    let_go(&sandbox, run);
    sandbox.atmos(&clean).success();

    // An init fills the cache as if nobody else did.
    for file in ["started", "go"] {
        std::fs::remove_file(sandbox.root().join(file)).unwrap();
    }
    let script = sandbox.read("bin/stub").replace("= apply ] || exit 0", "= init ] || exit 0");
    sandbox.write("bin/stub", &script);
    sandbox.set("ATMOS_COMPONENTS_TERRAFORM_PLUGIN_CACHE_DIR", &cache);
    let package = cache.join("registry.terraform.io/hashicorp/null/3.2.1/linux_amd64/terraform-provider-null");
    std::fs::create_dir_all(package.parent().unwrap()).unwrap();
    std::fs::write(&package, "").unwrap();
    let run = at_work(&sandbox, "third");
    let clean = ["terraform", "clean", "--cache", "--force"];
    sandbox.atmos(&clean).exits(1).says("another atmos process still works in");
    assert!(package.exists());
    let_go(&sandbox, run);
    sandbox.atmos(&clean).success();
    assert!(!package.exists());
}
