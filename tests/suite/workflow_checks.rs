//! What is wrong with workflows and commands is said before their first step, and by `validate`.

use crate::support::{Outcome, Sandbox};

const CONFIGURATION: &str = "stacks: {base_path: stacks, included_paths: ['**/*'], excluded_paths: ['workflows/**'], name_template: '{{ .vars.stage }}'}\n\
    components: {terraform: {base_path: components/terraform}}\nworkflows: {base_path: wf}\n";

fn sandbox(workflows: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", CONFIGURATION);
    sandbox.write("stacks/dev.yaml", "vars: {stage: dev}\ncomponents: {terraform: {c: {vars: {a: 1}}}}\n");
    sandbox.write("wf/a.yaml", workflows);
    sandbox
}

/// Nothing of it ran.
fn nothing(outcome: &Outcome) {
    assert_eq!(outcome.stdout, "", "{outcome}");
}

#[test]
fn steps_with_nothing_to_do_are_errors_before_the_first_step() {
    let sandbox = sandbox(
        "workflows:\n  shell:\n    steps:\n      - {type: shell, command: echo first}\n      - {name: apply, type: shell, comand: echo APPLY}\n\
         \x20 atmos: {steps: [{name: at, comand: list stacks}]}\n  env: {steps: [{name: e, type: env, var: {A: 1}}]}\n",
    );
    let outcome = sandbox.atmos(&["workflow", "shell"]).exits(1).says("wf/a.yaml:5:");
    let outcome = outcome.says("`command` of the step `apply` of the workflow `shell` is missing");
    nothing(&outcome.says("did you mean `command` where `comand` is written?"));
    nothing(&sandbox.atmos(&["workflow", "atmos"]).exits(1).says("`command` of the step `at`"));
    nothing(&sandbox.atmos(&["workflow", "env"]).exits(1).says("`vars` of the step `e`"));
    sandbox.write(
        "atmos.yaml",
        &format!("{CONFIGURATION}commands: [{{name: ty, steps: [{{comand: echo APPLY}}], flgas: []}}]\n"),
    );
    nothing(&sandbox.atmos(&["ty"]).exits(1).says("atmos.yaml:4:").says("`command` of the step `step1`"));
    let outcome = sandbox.atmos(&["validate", "config"]).success().says("`command` of the step `step1`");
    outcome.says("unknown key `flgas`").says("did you mean `flags`?");
}

#[test]
fn unknown_keys_are_told_before_the_first_step() {
    let sandbox = sandbox(
        "workflows:\n  b:\n    descripton: x\n    steps:\n      - {type: shell, command: echo first, wehn: failure}\n",
    );
    let outcome = sandbox.atmos(&["workflow", "b"]).success();
    assert_eq!(outcome.stdout, "first\n");
    let outcome = outcome.says("wf/a.yaml:3:5: unknown key `descripton` of the workflow `b`").says("`description`?");
    outcome.says("wf/a.yaml:5:44: unknown key `wehn` of the step `step1`").says("did you mean `when`?");
    let command = "commands: [{name: ty, steps: [{command: echo hi, wehn: ci}], flags: [{name: f, shorthnd: f}]}]\n";
    sandbox.write("atmos.yaml", &format!("{CONFIGURATION}{command}"));
    let outcome = sandbox.atmos(&["ty"]).success().says("unknown key `wehn`").says("unknown key `shorthnd`");
    assert_eq!(outcome.stdout, "hi\n");
}

#[test]
fn workflows_are_validated_with_places_and_all_at_once() {
    let sandbox = sandbox(
        "workflows:\n  a: {stepz: []}\n  b: {steps: [{type: bogus}, {type: input}]}\n  c: [1]\n  d: {steps: [{type: cast}]}\n",
    );
    sandbox.write("wf/e.yaml", "workflows: {x: [\n");
    sandbox.write("wf/f.yaml", "workflows: {x: {steps: [y]}}\nworkflows: {x: {steps: [y]}}\n");
    sandbox.write("wf/g.yaml", "other: 1\n");
    std::os::unix::fs::symlink("nowhere", sandbox.repo().join("wf/i.yaml")).unwrap();
    sandbox.write("wf/h.yaml", "workflows: {x: {steps: [{type: shell, command: x, comment: y}]}}\n");
    let outcome = sandbox.atmos(&["validate", "workflows"]).exits(1);
    nothing(&outcome);
    let mut outcome = outcome;
    for phrase in [
        "✗ wf/a.yaml",
        "wf/a.yaml:2:7: error: workflows.a: unknown key `stepz`",
        "did you mean `steps`?",
        "`prompt` of the step `step2` of the workflow `b` is missing [atmos::step::missing]",
        "wf/a.yaml:4:6: error:",
        "`type: cast` of the step `step1` of Workflow d is not built yet",
        "✗ wf/e.yaml",
        "✗ wf/f.yaml",
        "error: failed to read 'wf/i.yaml': No such file",
        "step step1 uses unsupported type bogus",
        "⚠ wf/g.yaml",
        "⚠ wf/h.yaml",
        "wf/h.yaml:1:51: warning: unknown key `comment`",
    ] {
        outcome = outcome.says(phrase);
    }
    sandbox.write("wf/a.yaml", "workflows:\n  b: {steps: [{type: bogus}]}\n");
    sandbox.atmos(&["validate", "workflows"]).exits(1).says("wf/a.yaml:2:").says("uses unsupported type bogus");
    let json = sandbox.atmos(&["validate", "--format", "json"]).exits(1).json();
    assert_eq!((&json["workflows"]["valid"], &json["stacks"]["valid"]), (&false.into(), &true.into()), "{json}");
    sandbox.atmos(&["validate"]).exits(1).says("workflows: failed").says("stacks: passed");
    for file in ["a", "e", "f", "i"] {
        std::fs::remove_file(sandbox.repo().join(format!("wf/{file}.yaml"))).unwrap();
    }
    sandbox.atmos(&["validate", "workflows"]).success().says("⚠ wf/h.yaml");
    sandbox.atmos(&["validate"]).success().says("workflows: passed");
    sandbox.atmos(&["validate", "workflows", "--exclude", "wf/h.yaml"]).success().says_not("wf/h.yaml");
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", "base_path: .\n");
    sandbox.atmos(&["validate", "workflows"]).exits(1).says("base path of workflows is not configured");
}

#[test]
fn workflows_among_the_stacks_are_checked_with_them() {
    let sandbox = sandbox("workflows: {}\n");
    sandbox.write("atmos.yaml", &CONFIGURATION.replace("excluded_paths: ['workflows/**'], ", ""));
    let steps = [
        "{name: r, type: shell, command: x, retry: {max_attempts: 2, conditions: ['/x/']}}",
        "{type: http, url: 'http://x', expect: {status: 200}, query: {n: 1}}",
        "{type: confirm, prompt: x, default: true}",
        "{type: matrix, matrix: {n: [1, 2]}, steps: [{name: x, type: shell, command: 'echo {{ .matrix.n }}'}]}",
        "{type: shell, command: x, env: {A: 1}}",
        "version",
    ];
    let list = steps.iter().fold(String::new(), |list, step| list + "      - " + step + "\n");
    sandbox
        .write("stacks/workflows/w.yaml", &format!("workflows:\n  a:\n    env: {{N: 5, T: true}}\n    steps:\n{list}"));
    sandbox.atmos(&["validate", "stacks"]).success();
    sandbox.write("stacks/workflows/w.yaml", "workflows:\n  a: {steps: [{type: shell, comand: x}]}\n");
    let outcome = sandbox.atmos(&["validate", "stacks"]).success();
    outcome.says("stacks/workflows/w.yaml:2:15: warning: `command` of the step `step1`").says("unknown key `comand`");
    sandbox.write("stacks/workflows/w.yaml", "workflows:\n  a: {stepz: [x]}\n");
    sandbox.atmos(&["validate", "stacks"]).exits(1).says("error: workflows.a: unknown key `stepz`");
}

#[test]
fn a_clean_up_that_fails_is_told_beside_the_first_failure() {
    let sandbox = sandbox(
        "workflows:\n  it:\n    steps:\n      - {name: one, type: shell, command: exit 3}\n\
         \x20     - {name: cleanup, type: shell, when: always, command: exit 9}\n\
         \x20     - {name: value, type: shell, when: failure, command: 'echo {{ .steps.zzz.value }}'}\n",
    );
    let outcome = sandbox.atmos(&["workflow", "it"]).exits(3).says("subcommand exited with code 3");
    let outcome = outcome.says("the step `cleanup` failed, too").says("subcommand exited with code 9");
    outcome.says("the step `value` failed, too: wf/a.yaml:6:");
    let steps = "[{name: one, command: exit 3}, {name: cleanup, when: always, command: exit 9}]";
    sandbox.write("atmos.yaml", &format!("{CONFIGURATION}commands: [{{name: ty, steps: {steps}}}]\n"));
    sandbox.atmos(&["ty"]).exits(3).says("the step `cleanup` failed, too");
}

#[test]
fn a_condition_that_cannot_be_told_hides_no_failure() {
    let steps = "[{name: one, type: shell, command: exit 3}, \
        {name: two, type: shell, when: 'status == \"failure\" && stack > 1', command: echo two}, \
        {name: three, type: shell, when: always, command: echo three}]";
    let sandbox = sandbox(&format!("workflows: {{it: {{steps: {steps}}}}}\n"));
    sandbox.write("atmos.yaml", &format!("{CONFIGURATION}commands: [{{name: ty, steps: {steps}}}]\n"));
    for arguments in [&["workflow", "it"][..], &["ty"]] {
        let outcome = sandbox.atmos(arguments).exits(3).says("subcommand exited with code 3");
        let outcome = outcome.says("the step `two` failed, too").says("a text cannot be compared with a number");
        assert_eq!(outcome.stdout, "three\n");
    }
    let steps = "[{name: one, type: shell, continue: 'stack > 1', command: exit 3}]";
    sandbox.write("wf/a.yaml", &format!("workflows: {{it: {{steps: {steps}}}}}\n"));
    sandbox.atmos(&["workflow", "it"]).exits(3).says("a text cannot be compared with a number");
}

#[test]
fn a_variable_of_a_workflow_that_fails_has_its_own_place() {
    let sandbox = sandbox(
        "workflows:\n  it:\n    env:\n      A: x\n      B: '{{ .nope.x }}'\n    steps:\n      - {type: shell, command: echo}\n",
    );
    sandbox
        .atmos(&["workflow", "it"])
        .exits(1)
        .says("wf/a.yaml:5:10: the template of the variable `B` of the workflow");
}
