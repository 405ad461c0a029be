//! Backends that the arguments of init name (`-backend-config`): terraform keeps them in its record and compares only the
//! configuration with it, so that nobody else notices when they are those of another instance.

use std::path::PathBuf;

use crate::inits;
use crate::support::{Outcome, Sandbox, find_part};

const FOLDER: &str = "components/terraform/app";

/// One folder in two stacks, a partial backend, and what differs between them in arguments of init.
fn sandbox(more: &str) -> Sandbox {
    let sandbox = Sandbox::empty().with_terraform();
    settings(&sandbox, more);
    sandbox.write(
        &format!("{FOLDER}/main.tf"),
        "terraform {\n  backend \"local\" {}\n}\nvariable \"stage\" {}\nvariable \"name\" {}\n\
         resource \"terraform_data\" \"it\" {\n  input = var.name\n}\noutput \"name\" {\n  value = terraform_data.it.output\n}\n",
    );
    for stack in ["dev", "prod"] {
        let path = state(&sandbox, stack).display().to_string();
        of(&sandbox, stack, stack, &format!("env: {{TF_CLI_ARGS_init: '-backend-config=path={path}'}}"));
    }
    sandbox
}

fn settings(sandbox: &Sandbox, more: &str) {
    inits::settings(sandbox, &format!(", workspaces_enabled: false{more}"));
}

fn of(sandbox: &Sandbox, stack: &str, name: &str, section: &str) {
    let text = format!(
        "vars: {{stage: {stack}}}\ncomponents: {{terraform: {{app: {{vars: {{name: {name}}}, {section}}}}}}}\n"
    );
    sandbox.write(&format!("stacks/{stack}.yaml"), &text);
}

fn state(sandbox: &Sandbox, name: &str) -> PathBuf {
    sandbox.root().join("states").join(format!("{name}.tfstate"))
}

/// The value that a state has.
fn kept(sandbox: &Sandbox, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(state(sandbox, name)).ok()?;
    let state: serde_json::Value = serde_json::from_str(&text).unwrap();
    state["outputs"]["name"]["value"].as_str().map(str::to_owned)
}

fn run(sandbox: &Sandbox, words: &[&str], stack: &str) -> Outcome {
    let (command, flags) = words.split_first().unwrap();
    sandbox.atmos(&[&["terraform", command, "app", "-s", stack], flags].concat())
}

fn apply(sandbox: &Sandbox, stack: &str) -> Outcome {
    run(sandbox, &["apply", "-auto-approve"], stack)
}

#[test]
fn a_backend_file_that_has_changed_is_read_again() {
    for (name, flag) in [("be.hcl", "-backend-config=be.hcl"), ("../be.hcl", "-backend-config ../be.hcl")] {
        let sandbox = sandbox(", init_run_reconfigure: true");
        let write = |name_of: &str| {
            let path = state(&sandbox, name_of).display().to_string();
            sandbox.write(&format!("{FOLDER}/{name}"), &format!("path = \"{path}\"\n"));
        };
        write("old");
        of(&sandbox, "dev", "one", &format!("env: {{TF_CLI_ARGS_init: '{flag}'}}"));
        apply(&sandbox, "dev").success();
        apply(&sandbox, "dev").success().says_not("Initializing");
        write("new");
        of(&sandbox, "dev", "two", &format!("env: {{TF_CLI_ARGS_init: '{flag}'}}"));
        apply(&sandbox, "dev").success();
        assert_eq!((kept(&sandbox, "old"), kept(&sandbox, "new")), (Some("one".to_owned()), Some("two".to_owned())));
        std::fs::remove_file(sandbox.repo().join(FOLDER).join(name)).unwrap();
        apply(&sandbox, "dev").exits(1).says("could not be read");
    }
    // Without `-reconfigure` terraform says so itself.
    let mut sandbox = sandbox("");
    sandbox.set("TF_CLI_ARGS_init", "-backend-config=be.hcl");
    of(&sandbox, "dev", "one", "metadata: {enabled: true}");
    sandbox.write(&format!("{FOLDER}/be.hcl"), &format!("path = \"{}\"\n", state(&sandbox, "old").display()));
    apply(&sandbox, "dev").success();
    sandbox.write(&format!("{FOLDER}/be.hcl"), &format!("path = \"{}\"\n", state(&sandbox, "new").display()));
    apply(&sandbox, "dev").exits(1).says("Backend configuration changed");
    assert_eq!(kept(&sandbox, "new"), None);
}

#[test]
fn a_backend_file_that_is_generated_counts_as_it_is_written() {
    let sandbox = sandbox(", init_run_reconfigure: true, auto_generate_files: true");
    let generated = |stack: &str, name_of: &str, value: &str| {
        let path = state(&sandbox, name_of).display().to_string();
        let section =
            format!("env: {{TF_CLI_ARGS_init: '-backend-config=be.hcl'}}, generate: {{be.hcl: 'path = \"{path}\"'}}");
        of(&sandbox, stack, value, &section);
    };
    generated("dev", "dev", "one");
    generated("prod", "prod", "two");
    for stack in ["dev", "prod", "dev"] {
        apply(&sandbox, stack).success();
    }
    generated("dev", "new", "three");
    apply(&sandbox, "dev").success();
    let found = ["dev", "prod", "new"].map(|name| kept(&sandbox, name).unwrap());
    assert_eq!(found, ["one", "two", "three"]);
}

#[test]
fn two_stacks_by_turns_each_have_their_own_backend() {
    let sandbox = sandbox(", init_run_reconfigure: true");
    for stack in ["dev", "prod", "dev", "prod", "dev"] {
        apply(&sandbox, stack).success();
    }
    run(&sandbox, &["deploy"], "prod").success();
    run(&sandbox, &["deploy"], "dev").success();
    for stack in ["dev", "prod"] {
        assert_eq!(kept(&sandbox, stack).as_deref(), Some(stack));
        assert_eq!(run(&sandbox, &["output", "-raw", "name"], stack).success().stdout, stack);
    }
    // The second time nothing has to be prepared.
    run(&sandbox, &["plan"], "prod").success().says_not("Initializing");
    sandbox.atmos(&["terraform", "destroy", "--all", "-auto-approve"]).success();
    for stack in ["dev", "prod"] {
        assert!(state(&sandbox, stack).exists() && kept(&sandbox, stack).is_none(), "{stack}");
    }
}

#[test]
fn nothing_is_done_in_the_backend_of_another_instance() {
    let sandbox = sandbox(", init_run_reconfigure: true, deploy_run_init: false");
    for stack in ["dev", "prod"] {
        apply(&sandbox, stack).success();
    }
    of_dev_says(&sandbox, "changed");
    for words in [
        &["deploy"][..],
        &["plan", "--skip-init"],
        &["apply", "-auto-approve", "--skip-init"],
        &["destroy", "-auto-approve", "--skip-init"],
        &["output", "--skip-init"],
        &["state", "pull", "--skip-init"],
    ] {
        let refused = match words {
            ["state", "pull", flag] => sandbox.atmos(&["terraform", "state", "pull", "app", "-s", "dev", flag]),
            words => run(&sandbox, words, "dev"),
        };
        let refused = refused.exits(1).says("was last initialised for `prod/app`, with another backend");
        refused.says("atmos terraform init app -s dev").says(if words[0] == "deploy" {
            "--init"
        } else {
            "leave `--skip-init` out"
        });
    }
    sandbox.atmos_with(&[("ATMOS_SKIP_INIT", "true")], &["terraform", "plan", "app", "-s", "dev"]).exits(1);
    assert_eq!([kept(&sandbox, "dev"), kept(&sandbox, "prod")], ["dev", "prod"].map(|name| Some(name.to_owned())));
    // What reads no state goes on, and so does the one that was there last.
    run(&sandbox, &["validate", "--skip-init"], "dev").success();
    run(&sandbox, &["plan", "--skip-init"], "prod").success();
    run(&sandbox, &["init"], "dev").success();
    run(&sandbox, &["deploy"], "dev").success();
    assert_eq!(kept(&sandbox, "dev").as_deref(), Some("changed"));
    run(&sandbox, &["deploy", "--deploy-run-init=true"], "prod").success();
    assert_eq!(kept(&sandbox, "prod").as_deref(), Some("prod"));
    // An init by hand is nobody's that we know.
    let dev = format!("-backend-config=path={}", state(&sandbox, "dev").display());
    let program = sandbox.environment()["ATMOS_COMPONENTS_TERRAFORM_COMMAND"].clone();
    let mut by_hand = sandbox.command(find_part(program.to_str().unwrap()).unwrap());
    by_hand.current_dir(sandbox.repo().join(FOLDER)).args(["init", "-reconfigure", &dev]);
    sandbox.start(by_hand, "").wait().success();
    run(&sandbox, &["plan", "--skip-init"], "dev").success();
}

fn of_dev_says(sandbox: &Sandbox, name: &str) {
    let path = state(sandbox, "dev").display().to_string();
    of(sandbox, "dev", name, &format!("env: {{TF_CLI_ARGS_init: '-backend-config=path={path}'}}"));
}

#[test]
fn an_argument_that_says_what_becomes_of_the_state_is_enough() {
    let sandbox = sandbox("");
    let with = |stack: &str, name: &str| {
        let path = state(&sandbox, name).display().to_string();
        of(&sandbox, stack, name, &format!("env: {{TF_CLI_ARGS_init: '-reconfigure -backend-config=path={path}'}}"));
    };
    for (stack, name) in [("dev", "dev"), ("prod", "prod"), ("dev", "new"), ("prod", "prod")] {
        with(stack, name);
        apply(&sandbox, stack).success();
        assert_eq!(kept(&sandbox, name).as_deref(), Some(name));
    }
}

#[test]
fn the_way_out_that_a_refusal_names_is_one() {
    let sandbox = sandbox(", deploy_run_init: false");
    apply(&sandbox, "dev").success();
    let first = run(&sandbox, &["init", "--init-run-reconfigure", "true"], "prod");
    first.success();
    run(&sandbox, &["deploy"], "prod").success();
    let refused = run(&sandbox, &["deploy"], "dev").exits(1);
    refused.says("atmos terraform init app -s dev --init-run-reconfigure true");
    run(&sandbox, &["init", "--init-run-reconfigure", "true"], "dev").success();
    run(&sandbox, &["deploy"], "dev").success();
    assert_eq!([kept(&sandbox, "dev"), kept(&sandbox, "prod")], ["dev", "prod"].map(|name| Some(name.to_owned())));
}

#[test]
fn what_reads_no_state_makes_no_workspace_in_the_backend_of_another_instance() {
    let sandbox = sandbox(", init_run_reconfigure: true");
    sandbox.write("atmos.yaml", &sandbox.read("atmos.yaml").replace(", workspaces_enabled: false", ""));
    for stack in ["dev", "prod"] {
        let path = sandbox.root().join("states").join(stack).display().to_string();
        of(&sandbox, stack, stack, &format!("env: {{TF_CLI_ARGS_init: '-backend-config=workspace_dir={path}'}}"));
        apply(&sandbox, stack).success();
    }
    run(&sandbox, &["validate", "--skip-init"], "dev").success();
    let workspaces = std::fs::read_dir(sandbox.root().join("states/prod")).unwrap().count();
    assert_eq!(workspaces, 1);
}

#[test]
fn deploy_prepares_what_it_needs_unless_it_is_told_not_to() {
    let sandbox = sandbox(", init_run_reconfigure: true");
    run(&sandbox, &["deploy"], "dev").success();
    assert_eq!(kept(&sandbox, "dev").as_deref(), Some("dev"));
    run(&sandbox, &["deploy"], "dev").success().says_not("Initializing");
    settings(&sandbox, ", deploy_run_init: false");
    sandbox.write(&format!("{FOLDER}/more.tf"), "module \"m\" {\n  source = \"./m\"\n}\n");
    sandbox.write(&format!("{FOLDER}/m/main.tf"), "");
    run(&sandbox, &["deploy"], "dev").exits(1).says("`components.terraform.deploy_run_init`").says("add `--init`");
}
