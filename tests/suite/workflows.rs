//! `atmos workflow`, in the scenario `steps`, with a real shell.

use std::time::Duration;

use rustix::process::Signal;

use crate::support::{Outcome, Sandbox, wait_until};

fn scenario() -> Sandbox {
    Sandbox::scenario("steps")
}

fn workflow(sandbox: &Sandbox, words: &[&str]) -> Outcome {
    sandbox.atmos(&[&["workflow"], words].concat())
}

fn lines(outcome: &Outcome) -> Vec<&str> {
    outcome.stdout.lines().collect()
}

#[test]
fn stack_of_the_call_goes_before_that_of_the_step_before_that_of_the_workflow() {
    let sandbox = scenario();
    assert_eq!(lines(&workflow(&sandbox, &["stacks"]).success()), ["dev", "prod"]);
    assert_eq!(lines(&workflow(&sandbox, &["stacks", "-s", "prod"]).success()), ["prod", "prod"]);
    assert_eq!(lines(&workflow(&sandbox, &["inline"]).success()), ["prod"]);
    assert_eq!(lines(&workflow(&sandbox, &["inline", "-s", "dev"]).success()), ["dev"]);
    // The stack that was put in is shown.
    workflow(&sandbox, &["stacks"])
        .success()
        .says("Executing command: atmos describe component vpc --query .vars.stage -s dev");
}

#[test]
fn steps_of_atmos_need_no_atmos_on_path() {
    let mut sandbox = scenario();
    sandbox.set("PATH", "/usr/bin:/bin");
    let outcome = workflow(&sandbox, &["words"]).success();
    assert_eq!(outcome.json()["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn layers_of_the_environment_have_their_order() {
    let expected = ["workflow configuration yes", "exported template unset", "step"];
    assert_eq!(lines(&workflow(&scenario(), &["layers"]).success()), expected);
}

#[test]
fn working_directory_of_the_step_goes_before_that_of_the_workflow() {
    let sandbox = scenario();
    let outcome = workflow(&sandbox, &["where"]).success();
    assert!(outcome.clean_stdout().starts_with("[ROOT]/repo/work\n[ROOT]/repo/work/inner\n10.0.0.0/16"), "{outcome}");
    workflow(&sandbox, &["nowhere"]).exits(1).says("working directory does not exist").says("flows/main.yaml:");
}

#[test]
fn first_failure_ends_the_run_with_its_code_and_the_way_to_go_on() {
    let sandbox = scenario();
    let outcome = workflow(&sandbox, &["fails"]).exits(3);
    assert_eq!(lines(&outcome), ["good", "bad", "cleanup"]);
    let outcome = outcome.says("Workflow Error").says("workflow step execution failed: subcommand exited with code 3");
    outcome.says("atmos workflow fails -f main --from-step 'bad'").says_not("max attempts");
    assert_eq!(lines(&workflow(&sandbox, &["fails", "--from-step", "after"]).success()), ["after", "cleanup"]);
    workflow(&sandbox, &["fails", "--from-step", "goods"])
        .exits(1)
        .says("invalid from-step flag")
        .says("did you mean `good`?");
}

#[test]
fn continue_forgives_and_when_chooses() {
    let outcome = workflow(&scenario(), &["forgiven"]).success().says("which `continue` forgives");
    assert_eq!(lines(&outcome), ["on"]);
}

#[test]
fn expressions_choose_steps() {
    let sandbox = scenario();
    let run = |args: &[&str], env: &[(&str, &str)]| {
        let line = [&["workflow", "expressions"][..], args].concat();
        let outcome = sandbox.atmos_with(env, &line);
        lines(&outcome).iter().map(|line| (*line).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(run(&["-s", "prod"], &[]), ["prod", "exported"]);
    assert_eq!(run(&["-s", "dev"], &[]), ["exported"]);
    assert_eq!(run(&["-s", "prod"], &[("CI", "true")]), ["prod", "ci in prod", "exported"]);
    assert_eq!(run(&["-s", "dev"], &[("BREAK", "1")]), ["exported", "mended"]);
    let typo = workflow(&sandbox, &["typo"]).exits(1);
    let typo = typo.says("`stakc` is not known").says("flows/main.yaml:");
    assert_eq!(typo.stdout, "");
    workflow(&sandbox, &["no-boolean"]).exits(1).says("the condition of the step `s` cannot be evaluated");
}

#[test]
fn steps_end_with_their_time() {
    let sandbox = scenario();
    let outcome = workflow(&sandbox, &["late"]).exits(124).says("the step took longer than 300ms and was ended");
    assert_eq!(lines(&outcome), ["begun", "cleanup"]);
    assert_eq!(lines(&workflow(&sandbox, &["late-forgiven"]).success()), ["on"]);
}

#[test]
fn failures_are_tried_again() {
    let sandbox = scenario();
    workflow(&sandbox, &["retried"]).success();
    assert_eq!(sandbox.read("tries").lines().count(), 3);
    let outcome = workflow(&sandbox, &["exhausted"]).exits(7).says("max attempts (2) exceeded, last error");
    assert_eq!(lines(&outcome), ["once more", "once more"]);
    std::fs::remove_file(sandbox.repo().join("tries")).unwrap();
    workflow(&sandbox, &["choosy"]).exits(1).says_not("max attempts");
    assert_eq!(sandbox.read("tries").lines().count(), 1);
}

#[test]
fn results_of_steps_reach_templates_and_are_no_templates_themselves() {
    let outcome = workflow(&scenario(), &["results", "-s", "dev"]).success();
    assert_eq!(lines(&outcome).last(), Some(&"{{one dev"));
}

#[test]
fn steps_run_as_their_identity_and_the_flag_goes_over_it() {
    let sandbox = scenario().with_file_keyring();
    let outcome = workflow(&sandbox, &["identities"]).success();
    assert!(outcome.stdout.starts_with("none\nreader reader no password\n"), "{outcome}");
    assert!(outcome.stdout.contains("\"identity\": \"writer\""), "{outcome}");
    let outcome = workflow(&sandbox, &["identities", "--identity", "writer"]).success();
    assert!(outcome.stdout.starts_with("writer\nwriter writer no password\n"), "{outcome}");
    let outcome = workflow(&sandbox, &["identities", "--identity=nobody"]).exits(1);
    outcome.says("authentication failed for identity \"nobody\" in workflow \"identities\"").says("identity not found");
    assert_eq!(lines(&workflow(&sandbox, &["passwords"]).success()), ["no password"]);
    // Nothing private is left.
    assert_eq!(Sandbox::files_below(&sandbox.runtime()), [std::path::PathBuf::from("atmos/run/lock")]);
}

#[test]
fn dry_run_says_what_would_run_and_runs_nothing() {
    let sandbox = scenario();
    let outcome = workflow(&sandbox, &["fails", "--dry-run"]).success().says("Would run: echo good");
    assert_eq!(outcome.stdout, "");
    let outcome = workflow(&sandbox, &["stacks", "--dry-run"]).success();
    assert_eq!(outcome.says("Would run: atmos describe component vpc --query .vars.stage -s prod").stdout, "");
    workflow(&sandbox, &["retried", "--dry-run"]).success();
    assert!(!sandbox.repo().join("tries").exists());
}

#[test]
fn what_is_not_built_is_said_before_anything_runs() {
    let sandbox = scenario();
    for (name, phrase) in [("later", "`type: cast`"), ("contained", "`container`")] {
        let outcome =
            workflow(&sandbox, &[name]).exits(1).says("is not built yet").says(phrase).says("flows/main.yaml:");
        assert_eq!(outcome.stdout, "");
    }
    workflow(&sandbox, &["template"]).exits(1).says("flows/main.yaml:").says("map has no entry for key \"nope\"");
}

#[test]
fn files_are_found_by_name_and_by_flag() {
    let sandbox = scenario();
    workflow(&sandbox, &["same"]).exits(1).says("Matching files: main.yaml, sub/other.yaml").says("--file");
    for (file, line) in
        [("main", "main"), ("sub/other", "other"), ("sub/other.yaml", "other"), ("flows/sub/other", "other")]
    {
        assert_eq!(lines(&workflow(&sandbox, &["same", "--file", file]).success()), [line], "{file}");
    }
    workflow(&sandbox, &["same", "-f", "nope"])
        .exits(1)
        .says("The workflow manifest file flows/nope.yaml does not exist");
    workflow(&sandbox, &["layer"]).exits(1).says("no workflow found").says("did you mean `layers`?");
    workflow(&sandbox, &["layer", "-f", "main"])
        .exits(1)
        .says("Available workflows in main.yaml")
        .says("did you mean `layers`?");
    sandbox.write("flows/broken.yaml", "workflows: {a: [\n");
    workflow(&sandbox, &["a", "-f", "broken"]).exits(1).says("flows/broken.yaml");
    sandbox.write("flows/broken.yaml", "workflows: {a: {steps: [{type: [x]}]}}\n");
    workflow(&sandbox, &["a", "-f", "broken"]).exits(1).says("flows/broken.yaml:1:");
}

#[test]
fn without_a_name_and_a_terminal_there_is_a_hint() {
    workflow(&scenario(), &[]).exits(1).says("needs the name of a workflow").says_not("/dev/tty");
}

#[test]
fn request_to_stop_ends_the_step_and_the_run() {
    let sandbox = scenario();
    let steps =
        "[{type: shell, command: touch started; exec sleep 60}, {type: shell, command: echo never, when: always}]";
    sandbox.write("flows/long.yaml", &format!("workflows: {{long: {{steps: {steps}}}}}\n"));
    let running = sandbox.spawn(&["workflow", "long"]);
    let started = sandbox.repo().join("started");
    wait_until("the step runs", Duration::from_mins(1), || started.exists().then_some(()));
    running.signal(Signal::TERM);
    assert_eq!(running.wait().exits(143).stdout, "");
}

#[test]
#[cfg(target_os = "linux")]
fn secrets_in_the_text_of_a_step_are_no_arguments() {
    let sandbox = scenario();
    let step = "type: shell\n        command: \"tr '\\\\0' ' ' < /proc/$$/cmdline; : AKIAQ3EGSIZQ7XKWVN5T\"";
    sandbox.write("flows/secret.yaml", &format!("workflows:\n  secret:\n    steps:\n      - {step}\n"));
    let outcome = workflow(&sandbox, &["secret"]).success();
    assert!(outcome.stdout.contains("atmos-step-") && !outcome.stdout.contains("MASKED"), "{outcome}");
    assert_eq!(Sandbox::files_below(&sandbox.root().join("tmp")), Vec::<std::path::PathBuf>::new());
}
