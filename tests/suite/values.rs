//! Merging, imports, inheritance and overrides: scenarios with the values that must come out.

use serde_json::Value;

use crate::support::{Sandbox, repository};

#[test]
fn merge_scenarios_give_the_expected_sections() {
    let mut seen = 0;
    for entry in std::fs::read_dir(repository().join("fixtures/scenarios")).unwrap().flatten() {
        let scenario = entry.file_name().to_string_lossy().into_owned();
        let Ok(text) = std::fs::read_to_string(entry.path().join("expected.json")) else { continue };
        let sandbox = Sandbox::scenario(&scenario);
        for case in serde_json::from_str::<Vec<Value>>(&text).unwrap() {
            check(&scenario, &sandbox, &case);
            seen += 1;
        }
    }
    assert!(seen >= 8, "only {seen} cases");
}

fn check(scenario: &str, sandbox: &Sandbox, case: &Value) {
    let text = |name: &str| case[name].as_str().unwrap();
    let env: Vec<_> =
        case["env"].as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
    let args = ["describe", "component", text("component"), "-s", text("stack"), "--format", "json"];
    let described = sandbox.atmos_with(&env, &args).success().json();
    for (section, expected) in case.as_object().unwrap() {
        if !["env", "component", "stack"].contains(&section.as_str()) {
            assert_eq!(&described[section], expected, "{scenario}: {section} of {}", text("component"));
        }
    }
}

#[test]
fn functions_that_are_built_give_values() {
    let sandbox = Sandbox::scenario("bad-input/function");
    let args = ["describe", "component", "plain", "-s", "dev", "--format", "json"];
    let described = sandbox.atmos_with(&[("FROM_ENV", "here")], &args).success().json();
    assert_eq!(described["vars"]["from_env"], "here");
}
