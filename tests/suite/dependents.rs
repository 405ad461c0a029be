//! `describe dependents`: both forms of dependencies, across stacks, and what never is a dependent.

use serde_json::{Value, json};

use crate::support::Sandbox;

const CONFIGURATION: &str = "
base_path: .
stacks: {base_path: stacks, included_paths: ['deploy/**/*'], name_pattern: '{tenant}-{stage}'}
components:
  terraform: {base_path: components/terraform}
  helmfile: {base_path: components/helmfile}
templates: {settings: {enabled: true}}
";

const CATALOG: &str = "
components:
  terraform:
    vpc: {}
    other: {}
    base: {metadata: {type: abstract}, dependencies: {components: [{name: vpc}]}}
    rds: {metadata: {component: db/mysql, inherits: [base]}, settings: {spacelift: {workspace_enabled: true}}}
    named: {dependencies: {components: [{component: vpc, stack: t-prod}]}}
    templated: {dependencies: {components: [{component: vpc, stack: '{{ .vars.tenant }}-prod'}]}}
    mixed: {dependencies: {components: [{kind: file, path: x}, {component: other}]}, settings: {depends_on: {1: {component: vpc}}}}
    files: {dependencies: {files: [x]}, settings: {depends_on: {1: {component: vpc}}}}
    older: {settings: {depends_on: {1: {component: vpc}, 2: {component: vpc}}}}
    older/prod: {settings: {depends_on: {1: {component: vpc, stage: prod}, 2: {file: vpc}}}}
    off: {metadata: {enabled: false}, dependencies: {components: [{name: vpc}]}}
    off/templated: {metadata: {enabled: !template '{{ eq .vars.stage \"prod\" }}'}, dependencies: {components: [{name: vpc}]}}
    broken: {vars: {x: '{{ fail \"nobody asked for this one\" }}'}}
  helmfile:
    app: {settings: {depends_on: [{component: vpc}]}}
";

fn repository() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", CONFIGURATION);
    sandbox.write("stacks/catalog/all.yaml", CATALOG);
    for stage in ["dev", "prod"] {
        let text = format!("import: [catalog/all]\nvars: {{tenant: t, stage: {stage}}}\n");
        sandbox.write(&format!("stacks/deploy/{stage}.yaml"), &text);
    }
    sandbox
}

fn describe(sandbox: &Sandbox, component: &str, stack: &str, args: &[&str]) -> Value {
    let words = [&["describe", "dependents", component, "-s", stack], args].concat();
    sandbox.atmos(&words).success().json()
}

fn slugs(records: &Value) -> Vec<&str> {
    records.as_array().unwrap().iter().map(|record| record["stack_slug"].as_str().unwrap()).collect()
}

#[test]
fn nothing_is_empty_in_yaml_and_null_in_json() {
    let sandbox = repository();
    let json = describe(&sandbox, "other", "t-dev", &[]);
    assert_eq!(json[0]["dependents"], Value::Null);
    let yaml = sandbox.atmos(&["describe", "dependents", "vpc", "-s", "t-dev", "--format", "yaml"]).success();
    let fields: Vec<&str> = yaml.stdout.lines().map(str::trim).filter(|line| line.starts_with("dependents:")).collect();
    assert!(!fields.is_empty() && fields.iter().all(|line| *line == "dependents: []"), "{fields:?}");
    assert!(yaml.stdout.contains("settings: {}") && !yaml.stdout.contains("null"), "{}", yaml.stdout);
}

#[test]
fn both_forms_are_followed_within_and_across_stacks() {
    let sandbox = repository();
    let dev = describe(&sandbox, "vpc", "t-dev", &[]);
    assert_eq!(slugs(&dev), ["t-dev-app", "t-dev-files", "t-dev-older", "t-dev-rds"]);
    let prod = describe(&sandbox, "vpc", "t-prod", &[]);
    let expected = [
        "t-dev-named",
        "t-dev-older-prod",
        "t-dev-templated",
        "t-prod-app",
        "t-prod-files",
        "t-prod-named",
        "t-prod-off-templated",
        "t-prod-older",
        "t-prod-older-prod",
        "t-prod-rds",
        "t-prod-templated",
    ];
    assert_eq!(slugs(&prod), expected);
    assert_eq!(describe(&sandbox, "rds", "t-dev", &[]), json!([]));
    // A list of entries that has no component beside files leaves the older form in force; one that has any does not.
    assert_eq!(slugs(&describe(&sandbox, "other", "t-dev", &[])), ["t-dev-mixed"]);
}

#[test]
fn records_have_the_keys_of_the_reference_in_its_order() {
    let sandbox = repository();
    let text = sandbox.atmos(&["describe", "dependents", "vpc", "-s", "t-dev"]).success().stdout;
    let record = &text[text.find("\"component\": \"rds\"").unwrap()..];
    let keys: Vec<&str> = record
        .lines()
        .take_while(|line| !line.contains('}'))
        .map(|line| line.split('"').nth(1).unwrap_or("component"))
        .collect();
    let expected = [
        "component",
        "component_type",
        "component_path",
        "tenant",
        "stage",
        "stack",
        "stack_slug",
        "spacelift_stack",
        "dependents",
        "included_in_dependents",
        "settings",
    ];
    assert_eq!(keys, expected);
    let rds = describe(&sandbox, "vpc", "t-dev", &["-q", ".[] | select(.component == \"rds\")"]);
    let expected = json!({
        "component": "rds", "component_type": "terraform", "component_path": "components/terraform/db/mysql",
        "tenant": "t", "stage": "dev", "stack": "t-dev", "stack_slug": "t-dev-rds", "spacelift_stack": "t-dev-rds",
        "dependents": [], "included_in_dependents": false, "settings": {},
    });
    assert_eq!(rds, expected);
}

#[test]
fn formats_files_queries_and_the_other_spelling() {
    let sandbox = repository();
    let yaml = sandbox.atmos(&["describe", "dependants", "vpc", "-s", "t-dev", "-f", "yaml", "-q", ".[].component"]);
    assert_eq!(yaml.success().stdout, "app\nfiles\nolder\nrds\n");
    let written = sandbox.atmos(&["describe", "dependents", "vpc", "-s", "t-dev", "--file", "out.json"]).success();
    assert_eq!(written.stdout, "");
    let written: Value = serde_json::from_str(&sandbox.read("out.json")).unwrap();
    assert_eq!(written, describe(&sandbox, "vpc", "t-dev", &[]));
    assert_eq!(written[0]["dependents"], Value::Null);
    sandbox
        .atmos(&["describe", "dependents", "vpc", "-s", "t-dev", "-f", "xml"])
        .exits(1)
        .says("invalid format \"xml\"");
}

#[test]
fn templates_and_functions_stay_as_they_are_when_asked() {
    let sandbox = repository();
    let prod = describe(&sandbox, "vpc", "t-prod", &["--process-templates=false"]);
    // A stack that is a template names no stack.
    let templated: Vec<&str> = slugs(&prod).into_iter().filter(|slug| slug.contains("templated")).collect();
    assert_eq!(templated, ["t-prod-off-templated"]);
    let dev = describe(&sandbox, "vpc", "t-dev", &["--process-functions=false"]);
    // A function that was not evaluated switches nothing off.
    assert!(slugs(&dev).contains(&"t-dev-off-templated"));
}

#[test]
fn what_is_not_there_is_said_as_for_describe_component() {
    let sandbox = repository();
    let missing = ["describe", "dependents", "vpd", "-s", "t-dev"];
    sandbox.atmos(&missing).exits(1).says("did you mean the component `vpc`?");
    sandbox.atmos(&["describe", "dependents", "vpc", "-s", "t-def"]).exits(1).says("did you mean the stack `t-dev`?");
    sandbox.atmos(&["describe", "dependents", "vpc"]).exits(1).says("required flag(s) \"stack\" not set");
}
