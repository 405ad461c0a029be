//! `atmos doctor`: what is found, and what is allowed, without changing anything.

use crate::support::Sandbox;

const ATMOS: &str = "base_path: .\nstacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}\n\
                     settings:\n  functions:\n    exec: deny\nversion: {constraint: {require: '>= 1.200.0'}}\n";

fn repository() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", ATMOS);
    sandbox.write(
        "stacks/dev.yaml",
        "vars: {stage: dev}\ncomponents: {terraform: {a: {}, b: {vars: {x: !exec false}}}}\n",
    );
    sandbox.write("stacks/prod.yaml", "vars: {stage: prod}\ncomponents: {terraform: {a: {}}}\n");
    sandbox
}

#[test]
fn what_is_found_and_allowed_is_shown_with_its_place() {
    let sandbox = repository();
    let report = sandbox.atmos(&["doctor", "--format", "json"]).success().json();
    assert_eq!(report["constraint"]["require"], ">= 1.200.0");
    assert_eq!(report["constraint"]["met"], true);
    assert!(report["files"][0].as_str().unwrap().ends_with("repo/atmos.yaml"), "{report}");
    let policy = |index: usize| {
        let policy = &report["policies"][index];
        ["key", "value", "set_by"].map(|key| policy[key].as_str().unwrap().to_owned())
    };
    assert_eq!(policy(0), ["settings.functions.exec", "deny", "atmos.yaml:5:11"]);
    assert_eq!(policy(1), ["settings.functions.outside_reads", "allow", "default"]);
    assert_eq!(policy(2), ["settings.functions.exec_output_limit", "64 MiB", "default"]);
    assert_eq!(policy(3), ["templates.settings.allow_generated_functions", "false", "default"]);
    assert_eq!((&report["stacks"]["stacks"], &report["stacks"]["components"]), (&2.into(), &3.into()));
    let terraform = &report["programs"][0];
    assert!(terraform["version"].as_str().is_some_and(|version| version.contains("Terraform v")), "{report}");
    assert_eq!(report["keyring"]["kind"], "system");
    let text = sandbox.atmos(&["doctor"]).success();
    for phrase in ["settings.functions.exec", "deny (atmos.yaml:5:11)", "allow (default)", "2 stacks, 3 components"] {
        assert!(text.stdout.contains(phrase), "{phrase}: {text}");
    }
    sandbox.atmos(&["doctor", "--format", "csv"]).exits(1).says("text, json, yaml");
}

#[test]
fn variables_and_the_file_keyring_are_named_and_nothing_is_unlocked() {
    let sandbox = repository();
    let folder = sandbox.home().join("keys");
    let env = [
        ("ATMOS_SETTINGS_FUNCTIONS_OUTSIDE_READS", "ask"),
        ("ATMOS_KEYRING_TYPE", "file"),
        ("ATMOS_KEYRING_FILE_PATH", folder.to_str().unwrap()),
        ("ATMOS_KEYRING_PASSWORD", "a-password-of-some-length"),
    ];
    let outcome = sandbox.atmos_with(&env, &["doctor", "--format", "json"]).success();
    let report = outcome.json();
    assert_eq!(report["policies"][1]["value"], "ask");
    assert_eq!(report["policies"][1]["set_by"], "ATMOS_SETTINGS_FUNCTIONS_OUTSIDE_READS");
    let keyring = &report["keyring"];
    assert_eq!((&keyring["kind"], &keyring["set_by"]), (&"file".into(), &"ATMOS_KEYRING_TYPE".into()));
    assert_eq!((&keyring["password_variable"], &keyring["exists"]), (&"ATMOS_KEYRING_PASSWORD".into(), &false.into()));
    assert_eq!(keyring["password_is_set"], true);
    assert!(!outcome.mentions("a-password-of-some-length") && !folder.exists(), "{outcome}");
}

#[test]
fn what_is_wrong_is_part_of_the_report() {
    let sandbox = repository();
    sandbox.write("atmos.yaml", &format!("{ATMOS}components: {{terraform: {{command: no-such-program}}}}\n"));
    sandbox.write("stacks/dev.yaml", "vars: {stage: dev\n");
    let outcome = sandbox.atmos(&["doctor", "--format", "json"]).exits(1);
    let report = outcome.json();
    assert!(report["stacks"]["problem"].as_str().unwrap().contains("dev.yaml"), "{report}");
    assert!(report["programs"][0]["problem"].as_str().unwrap().contains("no-such-program"), "{report}");
    let text = sandbox.atmos(&["doctor"]).exits(1);
    assert!(text.stdout.contains("no-such-program: ✗") && text.stdout.contains("found  ✗"), "{text}");
}

#[test]
fn a_command_of_the_configuration_goes_before_one_that_only_this_program_has() {
    let sandbox = repository();
    let commands = "commands:\n- {name: doctor, steps: [echo mine]}\n- {name: explain, arguments: [{name: what}], steps: ['echo {{ .Arguments.what }}']}\n";
    sandbox.write("atmos.yaml", &format!("{ATMOS}{commands}"));
    assert_eq!(sandbox.atmos(&["doctor"]).success().stdout, "mine\n");
    assert_eq!(sandbox.atmos(&["explain", "this"]).success().stdout, "this\n");
    sandbox.atmos(&["doctor", "--help"]).success().says_not("keyring");
    sandbox.atmos(&["--help"]).success();
}
