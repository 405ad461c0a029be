//! `terraform shell`: it stays with its own instance, and what works on others inside of it does not.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Outcome, Sandbox};

const ATMOS: &str = "\
base_path: .
stacks: {base_path: s, included_paths: ['**/*'], name_pattern: '{stage}'}
components:
  terraform: {base_path: c, auto_generate_backend_file: true}
";
const MODULE: &str = "\
variable \"name\" {}
variable \"size\" {
  default = \"small\"
}
resource \"terraform_data\" \"x\" {
  input = var.name
}
output \"seen\" {
  value = \"${terraform.workspace} ${var.name} ${var.size}\"
}
";

/// `a` and `b` in `dev` and `prod`, all in one folder, and `c` in another one.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty().with_terraform();
    sandbox.write("atmos.yaml", ATMOS);
    for folder in ["app", "other"] {
        sandbox.write(&format!("c/{folder}/main.tf"), MODULE);
    }
    for stage in ["dev", "prod"] {
        let manifest = format!(
            "vars: {{stage: {stage}}}\nterraform: {{backend_type: local, backend: {{local: {{}}}}}}\ncomponents:\n  terraform:\n    \
             a: {{metadata: {{component: app}}, vars: {{name: a-of-{stage}, size: LARGE}}}}\n    \
             b: {{metadata: {{component: app}}, vars: {{name: b-of-{stage}}}}}\n    \
             c: {{metadata: {{component: other}}, vars: {{name: c-of-{stage}}}}}\n"
        );
        sandbox.write(&format!("s/{stage}.yaml"), &manifest);
    }
    sandbox
}

/// The end of a shell of `a` in `dev` in which the script was typed.
fn shell(sandbox: &mut Sandbox, script: &str, env: &[(&str, &str)]) -> Outcome {
    let program = sandbox.root().join("shell");
    std::fs::write(&program, format!("#!/bin/sh\nset -e\natmos='{}'\n{script}\n", env!("CARGO_BIN_EXE_atmos")))
        .unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.set("SHELL", &program);
    sandbox.atmos_with(env, &["terraform", "shell", "a", "-s", "dev"])
}

fn state(sandbox: &Sandbox, workspace: &str) -> String {
    sandbox.read(&format!("c/app/terraform.tfstate.d/{workspace}/terraform.tfstate"))
}

#[test]
fn q32_a_shell_works_on_its_own_state_whatever_else_runs_in_the_folder() {
    let mut sandbox = sandbox();
    for stack in ["dev", "prod"] {
        sandbox.atmos(&["terraform", "apply", "a", "-s", stack, "-auto-approve"]).success();
    }
    let script = "\"$atmos\" terraform plan a -s prod --skip-planfile\n\
                  terraform workspace show\nterraform apply -auto-approve -no-color";
    let outcome = shell(&mut sandbox, script, &[]).success();
    assert!(outcome.stdout.lines().any(|line| line == "dev-a"), "{outcome}");
    assert!(state(&sandbox, "prod-a").contains("prod-a a-of-prod LARGE"), "{outcome}");
    assert!(state(&sandbox, "dev-a").contains("dev-a a-of-dev LARGE"), "{outcome}");
    assert!(!outcome.stderr.contains("TF_WORKSPACE"), "{outcome}");
}

#[test]
fn what_a_shell_has_for_its_component_is_not_for_others() {
    let mut sandbox = sandbox();
    let script = "\"$atmos\" terraform apply b -s dev -auto-approve\n\"$atmos\" terraform plan c -s dev\n\
                  \"$atmos\" terraform apply a -s prod -auto-approve";
    let outcome = shell(&mut sandbox, script, &[]).success();
    assert!(state(&sandbox, "dev-b").contains("dev-b b-of-dev small"), "{outcome}");
    assert!(state(&sandbox, "prod-a").contains("prod-a a-of-prod LARGE"), "{outcome}");
    assert!(!outcome.stderr.contains("may interfere"), "{outcome}");
}

#[test]
fn what_the_user_has_set_himself_reaches_everything_in_a_shell() {
    let mut sandbox = sandbox();
    let script = "echo \"in the shell: $TF_CLI_ARGS_plan\"\n\"$atmos\" terraform plan b -s dev\n\
                  export TF_VAR_size=HUGE\n\"$atmos\" terraform apply b -s dev -auto-approve";
    let outcome = shell(&mut sandbox, script, &[("TF_CLI_ARGS_plan", "-var=size=MINE")]).success();
    let line = "in the shell: -var=size=MINE -var-file=dev-a.terraform.tfvars.json";
    assert!(outcome.stdout.lines().any(|found| found == line), "{outcome}");
    assert!(outcome.stdout.contains("dev-b b-of-dev MINE"), "{outcome}");
    assert!(state(&sandbox, "dev-b").contains("dev-b b-of-dev HUGE"), "{outcome}");
}

#[test]
fn a_shell_chooses_no_workspace_where_there_is_none_or_the_user_has_one() {
    let mut sandbox = sandbox();
    let script = "echo \"workspace: ${TF_WORKSPACE-none}\"";
    let own = shell(&mut sandbox, script, &[("TF_WORKSPACE", "default")]).success();
    assert!(own.stdout.contains("workspace: default\n"), "{own}");
    let atmos = ATMOS.replace("{base_path: c,", "{base_path: c, workspaces_enabled: false,");
    sandbox.write("atmos.yaml", &atmos);
    let none = shell(&mut sandbox, script, &[]).success();
    assert!(none.stdout.contains("workspace: none\n"), "{none}");
}

#[test]
fn a_shell_says_that_its_files_are_no_more_its_own() {
    let mut sandbox = sandbox();
    let kept = shell(&mut sandbox, "\"$atmos\" terraform plan b -s prod --skip-planfile", &[]).success();
    assert!(!kept.stderr.contains("replaced meanwhile"), "{kept}");
    let replaced = shell(&mut sandbox, "echo '{}' >backend.tf.json", &[]).success();
    assert!(replaced.stderr.contains("replaced meanwhile"), "{replaced}");
}

#[test]
fn what_a_run_has_for_its_component_is_not_for_those_that_its_hooks_run() {
    let mut sandbox = sandbox();
    sandbox.set("ATMOS", env!("CARGO_BIN_EXE_atmos"));
    let manifest = "vars: {stage: dev}\nterraform: {backend_type: local, backend: {local: {}}}\ncomponents:\n  terraform:\n    \
        a:\n      metadata: {component: app}\n      vars: {name: a}\n      env: {TF_VAR_size: LARGE, TF_CLI_ARGS_apply: -lock=true}\n      \
        hooks:\n        other: {events: [after.terraform.apply], kind: command, command: sh, args: [-c, '\"$ATMOS\" terraform apply b \
        -s dev -auto-approve']}\n        steps:\n          events: [after.terraform.apply]\n          kind: steps\n          \
        with: [{command: terraform apply c -s dev -auto-approve, type: atmos}]\n    \
        b: {metadata: {component: app}, vars: {name: b}}\n    c: {metadata: {component: other}, vars: {name: c}}\n";
    sandbox.write("s/dev.yaml", manifest);
    let outcome = sandbox.atmos(&["terraform", "apply", "a", "-s", "dev", "-auto-approve"]).success();
    assert!(state(&sandbox, "dev-a").contains("dev-a a LARGE"), "{outcome}");
    assert!(state(&sandbox, "dev-b").contains("dev-b b small"), "{outcome}");
    let other = sandbox.read("c/other/terraform.tfstate.d/dev-c/terraform.tfstate");
    assert!(other.contains("dev-c c small"), "{outcome}\n{other}");
}
