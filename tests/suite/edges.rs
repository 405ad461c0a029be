//! What programs and pipes around ours see: errors as lines, streams that close or are full, manual pages.

use std::process::Stdio;

use crate::support::{BY_STAGE, Outcome, Sandbox};

const SOUND: &str = "vars: {stage: dev}\ncomponents: {terraform: {c: {vars: {a: 1}}}}\n";

/// The errors that were printed, a line each, and nothing else.
fn error_lines(outcome: &Outcome) -> Vec<serde_json::Value> {
    let lines = outcome.stderr.lines().filter(|line| !line.starts_with(['⚠', '✓', ' ']));
    lines.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}\n{outcome}"))).collect()
}

#[test]
fn failed_checks_are_errors_for_programs() {
    let sandbox = Sandbox::of_stack("vars: {stage: dev}\nimport: [nowhere]\ncomponents: {terraform: {c: 5}}\n");
    let outcome = sandbox.atmos(&["validate", "stacks", "--error-format", "json"]).exits(1);
    let errors = error_lines(&outcome);
    assert_eq!((errors.len(), &errors[0]["exit_code"]), (1, &1.into()), "{outcome}");
    assert_eq!(errors[0]["title"], "Stack validation failed");
    assert!(errors[0]["places"][0].as_str().unwrap().starts_with("stacks/dev.yaml:"), "{outcome}");
    assert!(errors[0]["causes"].to_string().contains("nowhere"), "{outcome}");
    assert!(!error_lines(&sandbox.atmos(&["validate", "--error-format", "json"]).exits(1)).is_empty());

    let schema = "settings: {validation: {s: {schema_type: jsonschema, schema_path: s.json}}}";
    sandbox.write(
        "stacks/dev.yaml",
        &format!("vars: {{stage: dev}}\ncomponents: {{terraform: {{c: {{vars: {{a: 1}}, {schema}}}}}}}\n"),
    );
    sandbox.write("s.json", r#"{"properties": {"vars": {"properties": {"a": {"type": "string"}}}}}"#);
    let outcome = sandbox.atmos(&["validate", "component", "c", "-s", "dev", "--error-format", "json"]).exits(1);
    let errors = error_lines(&outcome);
    assert_eq!((errors.len(), &errors[0]["title"]), (1, &"Component validation failed".into()), "{outcome}");
    // People read words.
    sandbox.atmos(&["validate", "component", "c", "-s", "dev"]).exits(1).says("✗ Component validation failed");
}

#[test]
fn values_of_global_flags_are_no_part_of_the_command_in_errors() {
    let sandbox = Sandbox::of_stack(SOUND);
    for (args, command) in [
        (&["--logs-level", "Debug", "describe"][..], "`atmos describe` requires"),
        (&["-C", ".", "list"], "`atmos list` requires"),
        (&["--error-format", "json", "terraform", "backend"], "`atmos terraform backend` requires"),
    ] {
        sandbox.atmos(args).exits(1).says(command);
    }
}

/// What a command says to standard error when standard output is `stdout`.
fn with_stdout(sandbox: &Sandbox, args: &[&str], stdout: Stdio) -> (Option<i32>, String) {
    let output = sandbox.atmos_command(args).stdout(stdout).stderr(Stdio::piped()).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_reader_that_has_seen_enough_is_told_nothing() {
    let sandbox = Sandbox::of_stack(SOUND);
    let commands = "commands: [{name: big, steps: ['seq 1 200000']}]\n";
    sandbox.write("atmos.yaml", &format!("{BY_STAGE}{commands}"));
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    let (_, said) = with_stdout(&sandbox, &["big"], closed());
    assert_eq!(said, "");
    assert_eq!(with_stdout(&sandbox, &["--help"], closed()), (Some(0), String::new()));
}

#[test]
fn a_full_device_is_said_to_be_full() {
    let sandbox = Sandbox::of_stack(SOUND);
    let commands = "commands: [{name: big, steps: ['seq 1 200000']}]\n";
    sandbox.write("atmos.yaml", &format!("{BY_STAGE}{commands}"));
    for args in [&["big"][..], &["--help"], &["list", "stacks"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let (code, said) = with_stdout(&sandbox, args, Stdio::from(full));
        assert_eq!(code, Some(1), "{args:?}: {said}");
        assert!(said.contains("No space left on device"), "{args:?}: {said}");
    }
}

#[test]
fn manual_pages_name_the_command_and_the_values_of_flags() {
    let sandbox = Sandbox::of_stack(SOUND);
    sandbox.atmos(&["man", "--dir", "pages"]).success();
    let page = sandbox.read("pages/atmos-describe-affected.1");
    let synopsis = page.split(".SH SYNOPSIS").nth(1).unwrap().split(".SH").next().unwrap().replace('\\', "");
    assert!(synopsis.contains("atmos describe affected"), "{synopsis}");
    assert!(synopsis.contains("[--base <COMMIT>]"), "{synopsis}");
    let page = sandbox.read("pages/atmos-describe-component.1").replace('\\', "");
    assert!(page.contains("<COMPONENT>"), "{page}");
    assert!(sandbox.read("pages/atmos.1").replace('\\', "").contains("<COMMAND>"));
}

#[test]
fn a_value_that_wins_is_not_said_to_be_overridden() {
    let sandbox = Sandbox::of_stack(SOUND);
    sandbox.write("atmos.yaml", &format!("{BY_STAGE}logs: {{level: Warning}}\n"));
    sandbox.write("atmos.d/l.yaml", "logs: {level: Info}\nsettings: {terminal: {max_width: 90}}\n");
    sandbox.atmos(&["config", "set", "logs.level", "Error"]).success().says_not("in force");
    assert_eq!(sandbox.atmos(&["config", "get", "logs.level"]).success().stdout.trim(), "Error");
    sandbox.write("profiles/ci/p.yaml", "logs: {level: Debug}\n");
    sandbox.atmos(&["--profile", "ci", "config", "set", "logs.level", "Off"]).success().says("profiles/ci/p.yaml:1:");
}

#[test]
fn a_variable_that_no_shell_takes_is_found() {
    let sandbox = Sandbox::of_stack(SOUND);
    sandbox.write("atmos.yaml", &format!("{BY_STAGE}env:\n  OK: 1\n  g.h: 1\n"));
    let outcome = sandbox.atmos(&["env"]).exits(1);
    outcome.says("invalid variable name \"g.h\"").says("atmos.yaml:5:").says_not("identity");
}

#[test]
fn small_answers_are_whole() {
    let sandbox = Sandbox::of_stack(
        "vars: {stage: dev}\ncomponents: {terraform: {b: {metadata: {type: abstract}}, c: {metadata: {inherits: [b]}}}}\n",
    );
    let explained = sandbox.atmos(&["explain", "c", "-s", "dev", "metadata.inherits"]).success();
    assert!(explained.stdout.starts_with("metadata.inherits:\n  - b\n"), "{explained}");
    sandbox.atmos(&["config", "get", "stacks.base_pat"]).exits(1).says("did you mean `stacks.base_path`?");
    sandbox.atmos_with(&[("ATMOS_LOGS_FORMAT", "bogus")], &["list", "stacks"]).success().says("`bogus`");
    let counted = ["list", "instances", "-q", "{\"num\": .vars | length}", "--columns", "component,num"];
    assert_eq!(sandbox.atmos(&counted).success().stdout, "c\t1\n");
    sandbox.write(".editorconfig", "root = true\n[*\nx\n[*.md]\nindent_size = 2\n");
    let checked = sandbox.atmos(&["validate", "editorconfig"]).exits(1);
    let said = &checked.stdout;
    assert!(said.contains("2: a section without `]`") && said.contains("3: neither a section"), "{checked}");
}
