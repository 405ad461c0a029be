//! Steps of the further kinds, in workflows and in commands of one's own.

use crate::support::{Outcome, Sandbox, Terminal};

fn scenario() -> Sandbox {
    Sandbox::scenario("steps")
}

fn workflow(sandbox: &Sandbox, words: &[&str]) -> Outcome {
    sandbox.atmos(&[&["workflow"], words, &["--file", "kinds"]].concat())
}

fn lines(outcome: &Outcome) -> Vec<&str> {
    outcome.stdout.lines().collect()
}

#[test]
fn scripts_go_to_their_interpreter() {
    let sandbox = scenario();
    let outcome =
        workflow(&sandbox, &["script"]).exits(5).says("subcommand exited with code 5").says("--from-step 'bad'");
    assert_eq!(lines(&outcome), ["3 for you", "got 3 for you"]);
    let left = Sandbox::files_below(&sandbox.root().join("tmp"));
    assert!(left.is_empty(), "{left:?}");
    workflow(&sandbox, &["missing"]).exits(1).says("`interpreter` of the step `s`").says("flows/kinds.yaml:");
}

#[test]
fn texts_go_to_people_and_data_to_standard_output() {
    let outcome = workflow(&scenario(), &["say", "-s", "dev"]).success();
    let expected = ["a, built for dev", "name  n", "x     1", "long  20", "worked"];
    assert_eq!(lines(&outcome), expected, "{outcome}");
    for text in [
        "[Stage 1/2] Build",
        "✓ built for dev",
        "⚠ careful",
        "✗ broken",
        "💡 try again",
        "noted id=7",
        "[Stage 2/2] step8",
        "# Done",
    ] {
        assert!(outcome.stderr.contains(text), "{text}: {outcome}");
    }
    let dry = workflow(&scenario(), &["say", "-s", "dev", "--dry-run"]).success();
    assert_eq!(dry.stdout, "");
    dry.says("Would say: careful").says("Would say: (joined)").says("Would run: echo worked");
}

#[test]
fn defaults_answer_where_nobody_is() {
    let sandbox = scenario();
    let outcome = workflow(&sandbox, &["ask"]).success();
    assert_eq!(lines(&outcome), ["nobody true dev", "a", "c"]);
    let outcome = workflow(&sandbox, &["nobody"]).exits(1).says("`who` asks a person").says("`default`");
    assert_eq!(lines(&outcome), ["before"]);
}

#[test]
fn a_person_answers() {
    let sandbox = scenario();
    let start = || {
        let mut command = sandbox.atmos_command(&["workflow", "ask", "--file", "kinds"]);
        command.env_remove("CI");
        Terminal::start(command)
    };
    let mut terminal = start();
    terminal.expect("Who\\?");
    terminal.type_line("me");
    terminal.expect("Sure\\?");
    terminal.type_line("n");
    terminal.expect("Where\\?");
    terminal.press("me\r");
    terminal.expect("Which\\?");
    terminal.press("\x1b[B \r");
    let (code, seen) = terminal.finish();
    assert!(code == 0 && seen.contains("me false me") && seen.contains("\nb"), "{seen}");
    // Who does not answer goes no further.
    let mut terminal = start();
    terminal.expect("Who\\?");
    terminal.press("\x03");
    let (code, seen) = terminal.finish();
    assert!(code == 1 && seen.contains("was not answered") && !seen.contains("false"), "{seen}");
}

#[test]
fn a_run_ends_where_a_step_says_so_and_sleeps_where_one_does() {
    let sandbox = scenario();
    let outcome = workflow(&sandbox, &["exit"]).exits(4).says("that is enough").says_not("Error");
    assert_eq!(lines(&outcome), ["one"]);
    assert_eq!(lines(&workflow(&sandbox, &["sleep"]).success()), ["awake"]);
}

#[test]
fn steps_run_at_once_and_after_what_they_need() {
    let sandbox = scenario();
    let outcome =
        workflow(&sandbox, &["parallel"]).success().says("summary: 3 succeeded, 0 failed, 0 skipped, 0 canceled");
    let mut seen = lines(&outcome);
    assert_eq!(seen.split_off(2), ["after left and right", "then after left and right"], "{outcome}");
    seen.sort_unstable();
    assert_eq!(seen, ["left", "right"]);
    let dry = workflow(&sandbox, &["parallel", "--dry-run"]).success();
    dry.says("Would run at once: left, right, last").says("Would run: echo \"then (last)\"");
}

#[test]
fn steps_at_once_are_commands_of_atmos_unless_they_say_otherwise() {
    let sandbox = scenario();
    let flow = "workflows:\n  own:\n    steps:\n    - name: both\n      type: parallel\n      steps:\n      \
                - {name: one, command: version}\n      - {name: two, command: atmos version}\n      \
                - {name: three, type: shell, command: echo by a shell}\n    \
                - {name: each, type: matrix, matrix: {n: [1]}, steps: [version]}\n";
    sandbox.write("flows/own.yaml", flow);
    let outcome = sandbox.atmos(&["workflow", "own", "--file", "own"]).success();
    let version = sandbox.atmos(&["version"]).success().stdout;
    assert_eq!(outcome.stdout.matches(version.trim()).count(), 3, "{outcome}");
    assert!(outcome.stdout.contains("by a shell"), "{outcome}");
}

#[test]
fn the_failure_of_one_means_what_the_group_says() {
    let sandbox = scenario();
    let outcome = workflow(&sandbox, &["parallel-fails"])
        .exits(6)
        .says("✗ [checks] summary: ")
        .says("steps at once: bad")
        .says("--from-step 'checks'");
    assert_eq!(lines(&outcome), ["[bad] bad", "[good] good"]);
    assert_eq!(lines(&workflow(&sandbox, &["parallel-fast"]).exits(6)), Vec::<&str>::new());
    assert_eq!(lines(&workflow(&sandbox, &["parallel-best"]).success()), ["on"]);
    let outcome = workflow(&sandbox, &["circle"]).exits(1).says("leads back to itself").says("flows/kinds.yaml:");
    assert_eq!(outcome.stdout, "");
}

#[test]
fn commands_of_ones_own_have_them_too() {
    let sandbox = scenario();
    let commands = "
commands:
  - name: release
    steps:
      - {name: version, type: input, prompt: Version?, default: '1.2'}
      - {type: toast, level: success, content: 'releasing {{ .steps.version.value }}'}
      - type: parallel
        steps: [{name: a, command: echo a; exit 0}, {name: b, command: 'echo b {{ .steps.version.value }}', needs: [a]}]
      - {type: script, interpreter: sh, script: 'echo {{ .steps.b.value }}'}
      - {type: exit, code: 2}
      - echo never
";
    sandbox.write("atmos.d/release.yaml", commands);
    let outcome = sandbox.atmos(&["release"]).exits(2).says("✓ releasing 1.2");
    assert_eq!(lines(&outcome), ["a", "b 1.2", "b 1.2"]);
}

#[test]
fn those_that_run_end_before_a_failure_beside_them_ends_the_run() {
    let sandbox = scenario();
    // What the first leaves cannot be read while the second is at work.
    let flow = "workflows:\n  late:\n    steps:\n    - name: both\n      type: parallel\n      steps:\n      \
                - {name: quick, type: shell, command: echo x, outputs: {bad: '{{ .nothing.here }}'}}\n      \
                - {name: slow, type: shell, command: 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done >done'}\n";
    sandbox.write("stacks/workflows/late.yaml", flow);
    let file = sandbox.repo().join("stacks/workflows/late.yaml");
    let outcome = sandbox.atmos(&["workflow", "late", "--file", file.to_str().unwrap()]).exits(1);
    let outcome = outcome.says("the output `bad` of the step `quick`");
    assert!(sandbox.has("done"), "nobody waited for it: {outcome}");
}
