//! Each instance with a data directory of its own: components that share a folder work at once, and all of them are right.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Sandbox, find_part};

const FOLDER: &str = "components/terraform/app";
const MODULE: &str = "\
variable \"stage\" {}
variable \"script\" {
  default = \"true\"
}
resource \"terraform_data\" \"it\" {
  input = var.stage
  provisioner \"local-exec\" {
    command = var.script
  }
}
output \"stage\" {
  value = terraform_data.it.output
}
";

/// Ends when both stages are at it, and fails where the other one does not come.
const MEET: &str = "touch \"$TOP/in-STAGE\"; i=0; until [ -e \"$TOP/in-dev\" ] && [ -e \"$TOP/in-prod\" ]; do \
                    i=$((i+1)); [ $i -lt 1200 ] || exit 7; sleep 0.05; done";
/// Fails where somebody else is at it.
const ALONE: &str =
    "mkdir \"$TOP/alone\" && i=0 && while [ $i -lt 30000 ]; do i=$((i+1)); done && rmdir \"$TOP/alone\"";

/// One folder for two stages. `rest` is more of `atmos.yaml`.
fn sandbox(rest: &str, script: &str, backend: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty();
    settings(&sandbox, "isolate_data_dir: true, ", rest);
    for stage in ["dev", "prod"] {
        let vars = serde_json::json!({"stage": stage, "script": script.replace("STAGE", stage)});
        let backend = backend.replace("STAGE", stage);
        let terraform = format!("terraform: {{backend_type: local, backend: {{local: {backend}}}}}");
        let text = format!("vars: {vars}\n{terraform}\ncomponents: {{terraform: {{app: {{}}}}}}\n");
        sandbox.write(&format!("stacks/{stage}.yaml"), &text);
    }
    sandbox.write(&format!("{FOLDER}/main.tf"), MODULE);
    let program = find_part("terraform").or(find_part("tofu")).expect("a part of the test bed");
    let text = format!("#!/bin/sh\nprintf '%s\\n' \"$*\" >>\"$RECORD\"\nexec '{}' \"$@\"\n", program.display());
    let wrapper = sandbox.root().join("wrapper");
    std::fs::write(&wrapper, text).unwrap();
    std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", &wrapper);
    let (record, top) = (sandbox.root().join("record"), sandbox.root().to_owned());
    sandbox.set("RECORD", record);
    sandbox.set("TOP", top);
    sandbox
}

fn settings(sandbox: &Sandbox, isolation: &str, rest: &str) {
    sandbox.write(
        "atmos.yaml",
        &format!(
            "base_path: .\nstacks: {{base_path: stacks, included_paths: ['**/*'], name_pattern: '{{stage}}'}}\ncomponents: {{terraform: \
             {{base_path: components/terraform, auto_generate_backend_file: true, init_run_reconfigure: true, {isolation}plugin_cache: false}}}}\n{rest}"
        ),
    );
}

/// Sub-commands that terraform got since the last look.
fn calls(sandbox: &Sandbox) -> Vec<String> {
    let words = |line: &str| line.split(' ').take_while(|word| !word.starts_with('-')).collect::<Vec<_>>().join(" ");
    sandbox.calls().iter().map(|line| words(line)).collect()
}

/// The output that a state has.
fn stage_in(sandbox: &Sandbox, state: &str) -> String {
    let state: serde_json::Value = serde_json::from_str(&sandbox.read(&format!("{FOLDER}/{state}"))).unwrap();
    state["outputs"]["stage"]["value"].as_str().unwrap_or_default().to_owned()
}

fn has(sandbox: &Sandbox, path: &str) -> bool {
    sandbox.has(&format!("{FOLDER}/{path}"))
}

fn apply(stage: &str) -> [&str; 6] {
    ["terraform", "apply", "app", "-s", stage, "-auto-approve"]
}

#[test]
fn two_processes_work_in_one_folder_at_once_and_both_are_right() {
    let sandbox = sandbox("", MEET, "{}");
    // Inits of one folder come one after the other, and whoever has to wait says so.
    for stage in ["dev", "prod"] {
        sandbox.atmos(&["terraform", "init", "app", "-s", stage]).success();
    }
    let runs = ["dev", "prod"].map(|stage| sandbox.spawn(&apply(stage)));
    for run in runs {
        run.wait().success().says_not("waiting for another atmos process");
    }
    for stage in ["dev", "prod"] {
        assert_eq!(stage_in(&sandbox, &format!("terraform.tfstate.d/{stage}/terraform.tfstate")), stage);
        assert!(has(&sandbox, &format!(".terraform/instances/{stage}-app/terraform.tfstate")), "{stage}");
    }
    assert!(!has(&sandbox, ".terraform/environment"), "terraform's own directory is not used");
    // Nobody undoes what the other one has: nothing has to be prepared again.
    calls(&sandbox);
    for stage in ["dev", "prod", "dev"] {
        sandbox.atmos(&["terraform", "plan", "app", "-s", stage]).success();
        assert_eq!(calls(&sandbox), ["plan"], "{stage}");
    }
}

#[test]
fn components_of_one_run_that_share_a_folder_do_not_take_turns() {
    let sandbox = sandbox("", MEET, "{}");
    let all = ["terraform", "apply", "--all", "--max-concurrency", "2", "-auto-approve"];
    sandbox.atmos(&all).success().says_not("waiting for another atmos process");
    for stage in ["dev", "prod"] {
        assert_eq!(stage_in(&sandbox, &format!("terraform.tfstate.d/{stage}/terraform.tfstate")), stage);
    }
}

#[test]
fn instances_with_different_generated_files_take_turns_and_are_right() {
    let sandbox = sandbox("", ALONE, "{workspace_dir: STAGE-states}");
    let all = ["terraform", "apply", "--all", "--max-concurrency", "2", "-auto-approve"];
    sandbox.atmos(&all).success().says_not("waiting for another atmos process");
    for stage in ["dev", "prod"] {
        assert_eq!(stage_in(&sandbox, &format!("{stage}-states/{stage}/terraform.tfstate")), stage);
    }
    calls(&sandbox);
    // The backend file of the other one is exchanged; what init did for this one still holds.
    for stage in ["dev", "prod"] {
        sandbox.atmos(&["terraform", "plan", "app", "-s", stage, "-detailed-exitcode"]).success();
        assert_eq!(calls(&sandbox), ["plan"], "{stage}");
    }
    sandbox.atmos(&["terraform", "destroy", "app", "-s", "dev", "-auto-approve"]).success();
    let runs = ["dev", "prod"].map(|stage| sandbox.spawn(&apply(stage)));
    for run in runs {
        run.wait().success();
    }
    assert_eq!(stage_in(&sandbox, "dev-states/dev/terraform.tfstate"), "dev");
    assert_eq!(stage_in(&sandbox, "prod-states/prod/terraform.tfstate"), "prod");
}

#[test]
fn a_saved_plan_is_applied_in_the_directory_that_it_was_made_in() {
    let sandbox = sandbox("", "true", "{}");
    for stage in ["dev", "prod"] {
        sandbox.atmos(&["terraform", "plan", "app", "-s", stage]).success();
    }
    calls(&sandbox);
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "--from-plan"]).success();
    assert_eq!(calls(&sandbox), ["apply dev-app.planfile"]);
    assert_eq!(stage_in(&sandbox, "terraform.tfstate.d/dev/terraform.tfstate"), "dev");
    // It knows what its plans were made of.
    let text = sandbox.read("stacks/prod.yaml").replace("true", "false");
    sandbox.write("stacks/prod.yaml", &text);
    let old = sandbox.atmos(&["terraform", "apply", "app", "-s", "prod", "--from-plan"]).exits(1);
    old.says("the variables have changed");
}

#[test]
fn clean_takes_the_directory_of_its_instance_and_leaves_those_of_others() {
    let sandbox = sandbox("", "true", "{}");
    for stage in ["dev", "prod"] {
        sandbox.atmos(&["terraform", "plan", "app", "-s", stage]).success();
    }
    sandbox.atmos(&["terraform", "clean", "app", "-s", "dev", "--force"]).success();
    assert!(!has(&sandbox, ".terraform/instances/dev-app") && has(&sandbox, ".terraform/instances/prod-app"));
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success();
    sandbox.atmos(&["terraform", "clean", "--force"]).success();
    assert!(!has(&sandbox, ".terraform"));
}

#[test]
fn a_component_says_it_for_itself_and_a_directory_of_the_users_own_counts_for_more() {
    let sandbox = sandbox("", "true", "{}");
    let stack = sandbox.read("stacks/dev.yaml");
    let plan = ["terraform", "plan", "app", "-s", "dev"];
    let with =
        |section: &str| sandbox.write("stacks/dev.yaml", &stack.replace("app: {}", &format!("app: {{{section}}}")));
    with("provision: {data_dir: {enabled: false}}");
    sandbox.atmos(&plan).success();
    assert!(has(&sandbox, ".terraform/environment") && !has(&sandbox, ".terraform/instances"));
    settings(&sandbox, "", "");
    with("provision: {data_dir: {enabled: true}}");
    sandbox.atmos(&plan).success();
    assert!(has(&sandbox, ".terraform/instances/dev-app/environment"));
    with("provision: {data_dir: {enabled: true}}, env: {TF_DATA_DIR: mine}");
    sandbox.atmos(&plan).success();
    assert!(has(&sandbox, "mine/environment"));
    let env = sandbox.atmos(&["terraform", "env", "app", "-s", "dev", "--format", "json"]).success().json();
    assert_eq!(env["TF_DATA_DIR"], "mine");
}

#[test]
fn clean_knows_the_data_directory_that_the_configuration_names() {
    let sandbox = sandbox("env: {TF_DATA_DIR: named}\n", "true", "{}");
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success();
    assert!(has(&sandbox, "named/environment") && !has(&sandbox, ".terraform/instances"));
    sandbox.atmos(&["terraform", "clean", "app", "-s", "dev", "--force"]).success();
    assert!(!has(&sandbox, "named"));
    // A component that takes the word back has terraform's own directory, which is all that goes then.
    sandbox.write(&format!("{FOLDER}/named/atmos.json"), "{}");
    let stack = sandbox.read("stacks/dev.yaml").replace("app: {}", "app: {env: {TF_DATA_DIR: null}}");
    sandbox.write("stacks/dev.yaml", &stack);
    sandbox.atmos(&["terraform", "clean", "app", "-s", "dev", "--force"]).success();
    assert!(has(&sandbox, "named/atmos.json"));
}
