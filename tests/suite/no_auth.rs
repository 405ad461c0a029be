//! A repository without `auth:`: terraform runs as ever, its environment untouched; and the rules of a terraform run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::{Outcome, Sandbox, variables};

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::scenario("no-auth");
    let probe = sandbox.root().join("probe");
    std::fs::create_dir(&probe).unwrap();
    sandbox.set("PROBE", probe);
    sandbox
}

fn apply(sandbox: &Sandbox, component: &str) -> Outcome {
    sandbox.atmos(&["terraform", "apply", component, "-s", "dev", "--", "-auto-approve"])
}

#[test]
fn environment_of_the_child_is_the_callers() {
    let mut sandbox = sandbox();
    let callers = [
        ("AWS_ACCESS_KEY_ID", "AKIAAMBIENTAMBIENT00"),
        ("AWS_SECRET_ACCESS_KEY", "ambient-secret"),
        ("AWS_PROFILE", "ambient"),
        ("AWS_CONFIG_FILE", "/nowhere/config"),
        ("KUBECONFIG", "/nowhere/kube"),
        ("REMOVED_BY_COMPONENT", "here"),
        ("SOMETHING", "a b'c\"d"),
    ];
    for (name, value) in callers {
        sandbox.set(name, value);
    }
    apply(&sandbox, "app").success();
    let probe = sandbox.root().join("probe/dev-app/environ");
    let child = variables(&std::fs::read_to_string(probe).unwrap());
    let text = |value: &std::ffi::OsString| value.to_string_lossy().into_owned();
    let mut expected: BTreeMap<_, _> =
        sandbox.environment().iter().map(|(name, value)| (name.clone(), text(value))).collect();
    expected.remove("REMOVED_BY_COMPONENT");
    expected.insert("FROM_COMPONENT".into(), "yes".into());
    for (name, value) in &expected {
        assert_eq!(child.get(name), Some(value), "{name}");
    }
    // What the specification adds, what terraform adds for its provisioners, and what a shell adds.
    let known = [
        "ATMOS_CLI_CONFIG_PATH",
        "ATMOS_BASE_PATH",
        "ATMOS_SHLVL",
        "ATMOS_HELD_FOLDERS",
        "TF_IN_AUTOMATION",
        "TF_APPEND_USER_AGENT",
        "TF_PLUGIN_CACHE_DIR",
        "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
    ];
    let more: BTreeSet<_> = child.keys().filter(|name| !expected.contains_key(*name)).cloned().collect();
    let unknown: Vec<_> = more.iter().filter(|name| !known.contains(&name.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert_eq!(Sandbox::files_below(&sandbox.runtime()), Vec::<std::path::PathBuf>::new());
}

#[test]
fn two_instances_of_one_folder_take_turns_without_a_question() {
    let sandbox = sandbox();
    // Standard input is empty: a question of terraform would fail the run.
    for component in ["app", "app-two", "app", "app-two"] {
        let outcome = apply(&sandbox, component).success();
        assert!(!format!("{}{}", outcome.stdout, outcome.stderr).contains("migrate"), "{outcome}");
    }
    for component in ["app", "app-two"] {
        let output = sandbox.atmos(&["terraform", "output", component, "-s", "dev", "--", "-raw", "name"]).success();
        assert_eq!(output.stdout, component, "the data and nothing else stands on stdout");
    }
    let state = sandbox.repo().join("components/terraform/app/terraform.tfstate.d");
    let workspaces: Vec<_> = std::fs::read_dir(state).unwrap().flatten().map(|entry| entry.file_name()).collect();
    let workspaces: BTreeSet<_> = workspaces.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    assert_eq!(workspaces, ["dev", "dev-app-two"].map(str::to_owned).into());
}

#[test]
fn exit_codes_of_terraform_are_passed_on() {
    let sandbox = sandbox();
    let plan = |args: &[&str]| sandbox.atmos(&[&["terraform", "plan", "app", "-s", "dev"], args].concat());
    plan(&[]).success();
    plan(&["-detailed-exitcode"]).exits(2);
    let changed = plan(&["--", "-detailed-exitcode"]).exits(2);
    assert!(!changed.stderr.contains("exited with code 2"), "not an error\n{changed}");
    plan(&["--", "-no-such-flag"]).exits(1).says("subcommand exited with code 1");
    apply(&sandbox, "app").success();
    plan(&["-detailed-exitcode"]).exits(0);
}

#[test]
fn commands_of_a_components_life_work() {
    let sandbox = sandbox();
    let terraform = |args: &[&str]| sandbox.atmos(&[&["terraform"], args, &["app", "-s", "dev"]].concat());
    terraform(&["init"]).success();
    terraform(&["validate"]).success();
    terraform(&["workspace"]).success();
    terraform(&["plan"]).success();
    assert!(sandbox.repo().join("components/terraform/app/dev-app.planfile").exists());
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "--from-plan"]).success();
    assert!(!sandbox.repo().join("components/terraform/app/dev-app.planfile").exists(), "a used plan goes");
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "--from-plan"]).exits(1);
    terraform(&["deploy"]).success();
    let output = sandbox.atmos(&["terraform", "output", "app", "-s", "dev", "--", "-json"]).success().json();
    assert_eq!(output["name"]["value"], "app");
    sandbox.atmos(&["terraform", "destroy", "app", "-s", "dev", "--", "-auto-approve"]).success();
    terraform(&["clean"]).exits(1).says("--force");
    terraform(&["clean", "--force"]).success();
    assert!(!sandbox.repo().join("components/terraform/app/.terraform").exists());
    assert!(sandbox.repo().join("components/terraform/app/terraform.tfstate.d").exists(), "clean keeps the state");
}

#[test]
fn generated_files_hold_what_the_stack_says() {
    let sandbox = sandbox();
    sandbox.atmos(&["terraform", "generate", "varfile", "app", "-s", "dev"]).success();
    let varfile: Value =
        serde_json::from_str(&sandbox.read("components/terraform/app/dev-app.terraform.tfvars.json")).unwrap();
    assert_eq!(varfile, json!({"name": "app", "stage": "dev"}));
    sandbox.atmos(&["terraform", "generate", "backend", "app", "-s", "dev"]).success();
    let backend: Value = serde_json::from_str(&sandbox.read("components/terraform/app/backend.tf.json")).unwrap();
    assert_eq!(backend, json!({"terraform": {"backend": {"local": {}}}}));
    std::fs::remove_dir_all(sandbox.repo().join("components/terraform/app")).unwrap();
    for args in [&["varfile", "app", "-s", "dev", "-f", "out.json"][..], &["backend", "app", "-s", "dev"]] {
        let outcome = sandbox.atmos(&[&["terraform", "generate"][..], args].concat()).exits(1);
        outcome.says("invalid Terraform component").says("it does not exist in");
    }
    assert!(!sandbox.repo().join("out.json").exists());
}

#[test]
fn apply_with_a_question_that_nobody_can_answer_is_refused() {
    let sandbox = sandbox();
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev"]).exits(1).says("-auto-approve");
    assert!(!sandbox.root().join("probe/dev-app").exists());
}

#[test]
fn abstract_locked_and_disabled_components_are_handled_before_terraform() {
    let sandbox = sandbox();
    let deploy = |component| sandbox.atmos(&["terraform", "deploy", component, "-s", "dev"]);
    deploy("base").exits(1).says("abstract component cannot be provisioned");
    deploy("locked").exits(1).says("locked component cannot be provisioned");
    sandbox.atmos(&["terraform", "plan", "locked", "-s", "dev"]).success();
    let disabled = deploy("disabled").success();
    assert_eq!(disabled.stdout, "", "{disabled}");
    assert!(!sandbox.root().join("probe").read_dir().unwrap().flatten().any(|entry| entry.path().is_dir()));
}

#[test]
fn all_components_run_in_the_order_of_their_dependencies() {
    let sandbox = sandbox();
    let apply = sandbox.atmos(&["terraform", "apply", "--all", "-s", "dev", "--", "-auto-approve"]).success();
    let time = |name: &str, file: &str| {
        sandbox.root().join("probe").join(name).join(file).metadata().unwrap().modified().unwrap()
    };
    assert!(time("dev-app", "finished") <= time("dev-app-two", "started"), "{apply}");
    assert!(!sandbox.root().join("probe/dev-locked").exists(), "a locked component is skipped");
    assert!(!sandbox.root().join("probe/dev-disabled").exists());
    sandbox.atmos(&["terraform", "destroy", "--all", "-s", "dev", "--", "-auto-approve"]).success();
}

#[test]
fn dry_run_writes_nothing_and_starts_nothing() {
    let sandbox = sandbox();
    let before = Sandbox::files_below(&sandbox.repo());
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "--dry-run"]).success();
    sandbox.atmos(&["terraform", "apply", "--all", "-s", "dev", "--dry-run"]).success();
    assert_eq!(Sandbox::files_below(&sandbox.repo()), before);
}

#[test]
fn dry_run_fails_where_the_run_would_not_know_its_identity() {
    let sandbox = sandbox();
    let file = sandbox.repo().join("atmos.yaml");
    let identities = "\nauth: {identities: {ops: {kind: aws/user, credentials: {region: eu-west-1}}}}\n";
    std::fs::write(&file, std::fs::read_to_string(&file).unwrap() + identities).unwrap();
    for words in [["plan", "app", "-s", "dev"], ["plan", "--all", "-s", "dev"]] {
        let outcome = sandbox.atmos(&[&["terraform"], &words[..], &["--dry-run"]].concat());
        outcome.exits(1).says("no default identity configured for authentication");
    }
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev", "--dry-run", "--identity=false"]).success();
}

#[test]
fn about_and_support_say_something() {
    let sandbox = sandbox();
    for word in ["about", "support"] {
        assert!(!sandbox.atmos(&[word]).success().stdout.is_empty(), "{word}");
    }
    let help = sandbox.atmos(&["--help"]).success();
    assert!(help.stdout.contains("--version ") && help.stdout.contains("Display the Atmos CLI version"), "{help}");
}

#[test]
fn stack_variable_and_path_arguments_are_understood() {
    let sandbox = sandbox();
    sandbox.atmos_with(&[("ATMOS_STACK", "dev")], &["terraform", "validate", "app"]).success();
    sandbox.atmos(&["terraform", "validate", "app", "--stack=dev"]).success();
    sandbox.atmos(&["tf", "validate", "app", "-s", "dev"]).success();
}
