//! Templates and YAML functions as commands evaluate them: flags, variables, what is needed, what runs how often.
//! `fixtures/scenarios/evaluate/expected.json` holds the values themselves.

use serde_json::{Value, json};

use crate::support::Sandbox;

const DESCRIBE: [&str; 7] = ["describe", "component", "app", "-s", "dev", "--format", "json"];

/// `describe component` of the scenario with more arguments and variables.
fn described(env: &[(&str, &str)], more: &[&str]) -> Value {
    let sandbox = Sandbox::scenario("evaluate");
    sandbox.atmos_with(env, &[&DESCRIBE[..], more].concat()).success().json()
}

#[test]
fn flags_and_variables_switch_templates_and_functions_off() {
    for (env, flags, name, region, answer) in [
        (&[][..], &[][..], "dev-app", "eu-west-1", json!({"n": 42})),
        (
            &[],
            &["--process-templates=false"],
            "{{ .vars.stage }}-{{ .atmos_component }}",
            "{{ .vars.region }}",
            json!({"n": 42}),
        ),
        (&[], &["--process-functions=false"], "dev-app", "!env REGION", json!("!exec echo \"{\\\"n\\\": 42}\"")),
        (
            &[("ATMOS_PROCESS_FUNCTIONS", "false")],
            &[],
            "dev-app",
            "!env REGION",
            json!("!exec echo \"{\\\"n\\\": 42}\""),
        ),
        (&[("ATMOS_PROCESS_FUNCTIONS", "false")], &["--process-functions"], "dev-app", "eu-west-1", json!({"n": 42})),
        (&[], &["--skip", "env,template"], "dev-app", "!env REGION", json!({"n": 42})),
        (&[("ATMOS_SKIP", "!env")], &[], "dev-app", "!env REGION", json!({"n": 42})),
    ] {
        let vars = described(env, flags)["vars"].take();
        let found = (&vars["name"], &vars["region_again"], &vars["answer"]);
        assert_eq!(found, (&json!(name), &json!(region), &answer), "{env:?} {flags:?}");
    }
}

#[test]
fn names_that_no_function_has_are_said_with_the_nearest() {
    let sandbox = Sandbox::scenario("evaluate");
    let skipped = sandbox.atmos(&[&DESCRIBE[..], &["--skip", "evn,template"]].concat()).success();
    let skipped = skipped.says("there is no YAML function `evn`").says("did you mean `env`?");
    assert!(!skipped.mentions("YAML function `template`"), "{skipped}");
    assert!(
        !sandbox.atmos(&[&DESCRIBE[..], &["--skip", "!env,terraform.state"]].concat()).success().mentions("no YAML")
    );
    for (value, phrase) in [
        ("!evn HOME", "did you mean `!env`?"),
        ("'{{ toYaml .vars }}'", "did you mean `toYAML`?"),
        ("!emulator aws endpoint", "it asks a container"),
    ] {
        sandbox.write(
            "stacks/orgs/wrong.yaml",
            &format!("vars: {{stage: wrong}}\ncomponents: {{terraform: {{w: {{vars: {{x: {value}}}}}}}}}\n"),
        );
        sandbox.atmos(&["describe", "component", "w", "-s", "wrong"]).exits(1).says(phrase);
    }
}

#[test]
fn a_skipped_function_keeps_its_rendered_argument() {
    let vars = described(&[], &["--skip", "template"])["vars"].take();
    assert_eq!(vars["typed"], "!template [1,\"two\"]");
}

#[test]
fn only_the_sections_that_are_shown_are_evaluated() {
    let sandbox = Sandbox::scenario("evaluate");
    let stacks = ["describe", "stacks", "--components", "pending", "--format", "json"];
    sandbox.atmos(&stacks).exits(1).says("!store").says("Store a not found").says("orgs/dev.yaml");
    let shown = sandbox.atmos(&[&stacks[..], &["--sections", "vars"]].concat()).success().json();
    let query = ["describe", "component", "pending", "-s", "dev", "--format", "json", "--query"];
    assert_eq!(sandbox.atmos(&[&query[..], &[".vars.now"]].concat()).success().json(), "then");
    sandbox.atmos(&[&query[..], &[".settings"]].concat()).exits(1).says("!store");
    assert_eq!(shown["dev"]["components"]["terraform"]["pending"]["vars"], json!({"now": "then", "stage": "dev"}));
}

#[test]
fn error_modes_are_checked_wherever_they_come_from() {
    let sandbox = Sandbox::scenario("evaluate");
    for mode in ["strict", "warn", "silent"] {
        sandbox.atmos(&[&DESCRIBE[..], &["--error-mode", mode]].concat()).success();
    }
    sandbox.atmos(&[&DESCRIBE[..], &["--error-mode", "lenient"]].concat()).exits(1).says("strict, warn and silent");
    sandbox.atmos_with(&[("ATMOS_DESCRIBE_ERROR_MODE", "loud")], &DESCRIBE).exits(1).says("'loud'");
}

#[test]
fn lists_take_the_flags_of_evaluation() {
    let sandbox = Sandbox::scenario("evaluate");
    for command in ["stacks", "components"] {
        let flags = ["--process-templates=false", "--process-functions=false", "--skip", "exec"];
        sandbox.atmos(&[&["list", command][..], &flags].concat()).success();
        sandbox.atmos_with(&[("ATMOS_PROCESS_TEMPLATES", "maybe")], &["list", command]).exits(1);
    }
}

#[test]
fn one_command_runs_once_for_all_components() {
    let sandbox = Sandbox::scenario("evaluate");
    sandbox.write(
        "stacks/orgs/prod.yaml",
        "vars: {stage: prod, n: !exec 'echo x >> runs; wc -l < runs'}\n\
         components: {terraform: {a: {vars: {m: '!exec echo x >> runs; wc -l < runs'}}, b: {}}}\n",
    );
    let stacks = sandbox.atmos(&["describe", "stacks", "-s", "prod", "--format", "json"]).success().json();
    let components = &stacks["prod"]["components"]["terraform"];
    assert_eq!((&components["a"]["vars"]["n"], &components["b"]["vars"]["n"]), (&json!(1), &json!(1)));
    assert_eq!(components["a"]["vars"]["m"], 1);
    assert_eq!(sandbox.read("runs"), "x\n");
}

#[test]
fn facts_of_the_repository() {
    let sandbox = Sandbox::scenario("evaluate");
    sandbox.write(
        "stacks/orgs/prod.yaml",
        "vars: {stage: prod}\ncomponents:\n  terraform:\n    app:\n      vars:\n        root: !repo-root\n        sha: !git.sha\n\
         \x20       owner: !git.owner nobody\n        parts: '{{ atmos.Resolve \"!git.ref\" | len }}'\n",
    );
    sandbox.git_init();
    let args = ["describe", "component", "app", "-s", "prod", "--format", "json"];
    let vars = sandbox.atmos(&args).success().json()["vars"].take();
    assert_eq!(vars["root"], sandbox.repo().canonicalize().unwrap().display().to_string());
    assert_eq!(
        (vars["sha"].as_str().unwrap().len(), &vars["owner"], &vars["parts"]),
        (40, &json!("nobody"), &json!("40"))
    );
}

#[test]
fn text_that_a_template_made_runs_only_where_that_is_allowed() {
    let sandbox = Sandbox::scenario("evaluate");
    let atmos = sandbox.read("atmos.yaml");
    sandbox.write(
        "atmos.yaml",
        &atmos.replacen("    enabled: true\n", "    enabled: true\n    allow_generated_functions: true\n", 1),
    );
    let outcome = sandbox.atmos_with(&[("HOME", "/here")], &DESCRIBE).success();
    assert_eq!(outcome.json()["vars"]["made"], "/here");
    outcome.says("a template made the YAML function !env");
}

#[test]
fn terraform_gets_the_evaluated_values() {
    let sandbox = Sandbox::scenario("evaluate");
    sandbox.atmos(&["terraform", "generate", "varfile", "app", "-s", "dev", "--file", "vars.json"]).success();
    let vars: Value = serde_json::from_str(&sandbox.read("vars.json")).unwrap();
    assert_eq!((&vars["typed"], &vars["merged"]["more"]), (&json!([1, "two"]), &json!("dev")));
    let query = [&DESCRIBE[..], &["--query", ".workspace"]].concat();
    assert_eq!(sandbox.atmos(&query).success().json(), "dev-app");
}

#[test]
fn included_files_that_are_missing_or_elsewhere_say_so() {
    for (argument, phrases) in [
        (
            "nowhere.yaml",
            &["the !include function references a file that does not exist", "nowhere.yaml", "orgs/dev.yaml:4"][..],
        ),
        ("http://127.0.0.1:9/x.yaml", &["http://127.0.0.1:9/x.yaml", "cannot be had", "orgs/dev.yaml:4"]),
        ("data/zones.yaml '.zones | bogus'", &["bogus", "orgs/dev.yaml:4"]),
        ("components/terraform/app/main.tf", &["blocks are no values"]),
    ] {
        let sandbox = Sandbox::scenario("evaluate");
        sandbox.write(
            "stacks/orgs/dev.yaml",
            &format!(
                "vars: {{stage: dev}}\ncomponents:\n  terraform:\n    app: {{vars: {{x: !include {argument}}}}}\n"
            ),
        );
        let outcome = sandbox.atmos(&DESCRIBE).exits(1);
        for phrase in phrases {
            assert!(outcome.mentions(phrase), "{argument}: {}", outcome.clean_stderr());
        }
    }
}

#[test]
fn a_reference_to_a_function_is_its_value() {
    let mut sandbox = Sandbox::empty();
    sandbox.set("NET", "10.0.0.0/8");
    sandbox.write(
        "atmos.yaml",
        "base_path: .\nstacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}\ntemplates: {settings: {enabled: true}}\n",
    );
    sandbox.write(
        "stacks/dev.yaml",
        "vars: {stage: dev, number: !exec echo 5}\nsettings: {net: !env NET}\ncomponents:\n  terraform:\n    app:\n      vars:\n        net: '{{ .settings.net }}'\n        id: !exec echo made\n        same: '{{.vars.id}}'\n        count: '{{ .vars.number }}'\n        self: !template '{{ .vars.self }}'\n",
    );
    let describe = ["describe", "component", "app", "-s", "dev", "--format", "json", "--query", ".vars"];
    let vars = sandbox.atmos(&describe).success().json();
    assert_eq!((&vars["net"], &vars["same"]), (&"10.0.0.0/8".into(), &"made".into()), "{vars}");
    assert_eq!(vars["count"], vars["number"], "{vars}");
    let text = sandbox.atmos(&[&describe[..], &["--process-functions=false"]].concat()).success().json();
    assert_eq!(text["same"], "!exec echo made", "{text}");
}
