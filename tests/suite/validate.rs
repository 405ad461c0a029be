//! `validate stacks` as people see it: streams, exit status, flags, schemas of their own.

use crate::support::Sandbox;

const VALIDATE: [&str; 2] = ["validate", "stacks"];

/// A repository with one stack that is in order.
fn sound() -> Sandbox {
    let sandbox = Sandbox::scenario("no-auth");
    sandbox.atmos(&VALIDATE).success().says("✓ All stacks validated successfully");
    sandbox
}

fn manifest(stage: &str, more: &str) -> String {
    format!("vars:\n  stage: {stage}\n{more}")
}

#[test]
fn repositories_in_order_pass() {
    for (sandbox, name) in [
        (Sandbox::example(), "example"),
        (Sandbox::scenario("no-auth"), "no-auth"),
        (Sandbox::scenario("merge-imports"), "merge-imports"),
        (Sandbox::scenario("merge-lists"), "merge-lists"),
        (Sandbox::scenario("identity-resolution"), "identity-resolution"),
        (Sandbox::scenario("render-contexts"), "render-contexts"),
        (Sandbox::scenario("merge-inheritance"), "merge-inheritance"),
        (Sandbox::scenario("merge-overrides"), "merge-overrides"),
    ] {
        let outcome = sandbox.atmos(&VALIDATE).success();
        assert!(
            outcome.stdout.is_empty() && outcome.mentions("✓ All stacks validated successfully"),
            "{name}: {outcome}"
        );
    }
}

#[test]
fn errors_stand_sorted_on_stderr_and_the_status_is_one() {
    let sandbox = sound();
    sandbox.write("stacks/orgs/b.yaml", &manifest("b", "components:\n  terraform:\n    x:\n      vras: {}\n"));
    sandbox.write("stacks/orgs/a.yaml", &manifest("a", "import:\n  - catalog/none\nsettings:\n  on: 2024-01-01\n"));
    let outcome = sandbox.atmos(&VALIDATE).exits(1);
    assert!(outcome.stdout.is_empty(), "{outcome}");
    insta::assert_snapshot!("validate_stacks", outcome.clean_stderr());
    let again = sandbox.atmos(&VALIDATE);
    assert_eq!(again.stderr, outcome.stderr);
    let quiet = sandbox.atmos_with(&[("ATMOS_LOGS_LEVEL", "Error")], &VALIDATE).exits(1);
    assert!(quiet.mentions("unknown key `vras`") && !quiet.mentions("⚠"), "{quiet}");
}

#[test]
fn rich_shows_the_lines_on_stdout() {
    let sandbox = sound();
    sandbox.write("stacks/orgs/b.yaml", &manifest("b", "components:\n  terraform:\n    x:\n      vras: {}\n"));
    for (env, args) in [
        (vec![], vec!["validate", "stacks", "--format", "rich"]),
        (vec![("ATMOS_VALIDATE_FORMAT", "rich")], VALIDATE.to_vec()),
    ] {
        let outcome = sandbox.atmos_with(&env, &args).exits(1);
        insta::assert_snapshot!("validate_stacks_rich", outcome.clean_stdout());
    }
    sandbox.atmos(&["validate", "stacks", "--format", "xml"]).exits(1).says("invalid format").says("text, rich");
}

#[test]
fn findings_are_json_for_programs() {
    let sandbox = sound();
    let json = ["validate", "stacks", "--format", "json"];
    assert_eq!(sandbox.atmos(&json).success().json()["valid"], true);
    sandbox.write("stacks/orgs/b.yaml", &manifest("b", "components:\n  terraform:\n    x:\n      vras: {}\n"));
    let found = sandbox.atmos(&json).exits(1).json();
    let finding = &found["findings"][0];
    assert_eq!((&found["valid"], &finding["severity"]), (&false.into(), &"error".into()), "{found}");
    assert_eq!((&finding["file"], &finding["line"]), (&"stacks/orgs/b.yaml".into(), &6.into()), "{found}");
    assert!(finding["message"].as_str().unwrap().contains("unknown key `vras`"), "{found}");
    assert!(finding["code"].as_str().unwrap().starts_with("atmos::"), "{found}");
    // All checks at once are one document, too.
    let all = sandbox.atmos(&["validate", "--format", "json"]).exits(1).json();
    assert_eq!(
        (&all["valid"], &all["schema"]["valid"], &all["stacks"]),
        (&false.into(), &true.into(), &found),
        "{all}"
    );
}

#[test]
fn excluded_manifests_are_not_looked_at() {
    let sandbox = sound();
    sandbox.write("stacks/orgs/b.yaml", "a: [\n");
    sandbox.atmos(&VALIDATE).exits(1);
    sandbox.atmos(&["validate", "stacks", "--exclude", "stacks/orgs/b.yaml"]).success();
    sandbox.atmos(&["validate", "stacks", "--exclude", "["]).exits(1).says("invalid pattern '['");
}

#[test]
fn a_schema_of_ones_own_comes_by_flag_variable_and_configuration() {
    let sandbox = sound();
    sandbox.write("mine.json", r#"{"properties": {"vars": {"properties": {"stage": {"const": "nowhere"}}}}}"#);
    let wrong =
        |outcome: crate::support::Outcome| outcome.exits(1).says("vars.stage: ").says("[atmos::validate::schema]");
    wrong(sandbox.atmos(&["validate", "stacks", "--schemas-atmos-manifest", "mine.json"]));
    wrong(sandbox.atmos_with(&[("ATMOS_SCHEMAS_ATMOS_MANIFEST", "mine.json")], &VALIDATE));
    let configuration = sandbox.read("atmos.yaml") + "\nschemas:\n  atmos:\n    manifest: mine.json\n";
    sandbox.write("atmos.yaml", &configuration);
    wrong(sandbox.atmos(&VALIDATE));
    let missing = sandbox.atmos(&["validate", "stacks", "--schemas-atmos-manifest", "other.json"]).exits(1);
    missing.says("Schema file 'other.json' not found").says("ATMOS_SCHEMAS_ATMOS_MANIFEST");
    // Nobody listens on this port.
    let address = "http://127.0.0.1:9/schema.json";
    let unreachable = sandbox.atmos(&["validate", "stacks", "--schemas-atmos-manifest", address]).exits(1);
    unreachable.says("failed to download the Atmos JSON Schema").says(address);
    sandbox.write("mine.json", "{");
    sandbox.atmos(&VALIDATE).exits(1).says("the Atmos manifest JSON Schema 'mine.json' is not valid");
}

#[test]
fn unchanged_stacks_are_not_checked_when_only_affected_ones_are_asked_for() {
    let sandbox = sound();
    sandbox.git_init();
    let affected = ["validate", "stacks", "--affected", "--base", "HEAD"];
    sandbox.write("README", "x");
    sandbox.atmos(&affected).success().says("No affected stack manifest files to validate");
    sandbox.write("stacks/orgs/b.yaml", "a: [\n");
    sandbox.atmos(&affected).exits(1).says("invalid stack manifest");
    sandbox.atmos(&["validate", "stacks", "--affected", "--base", "nowhere"]).exits(1).says("`nowhere`");
}

#[test]
fn every_broken_repository_gets_an_answer() {
    let folder = crate::support::repository().join("fixtures/scenarios/bad-input");
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        let outcome = Sandbox::scenario(&format!("bad-input/{name}")).atmos(&VALIDATE);
        assert!(matches!(outcome.code(), 0 | 1), "{name}: {outcome}");
        assert!(!outcome.stderr.contains("panicked"), "{name}: {outcome}");
    }
}

#[test]
fn what_nobody_hears_and_nobody_finds_is_a_warning() {
    let sandbox = sound();
    let components = "components:\n  terraform:\n    vpc: {}\n    a:\n      dependencies: {components: [{component: b}]}\n\
        \x20     hooks:\n        h: {kind: command, command: 'true', evnts: [x], events: [after-terraform-aply, before.terraform.plan, '{{ .vars.stage }}']}\n\
        \x20       s: {kind: store, name: nowhere, outputs: {id: .id}}\n\
        \x20   b:\n      settings: {depends_on: {1: {component: a}, 2: {component: vpcc}, 3: {file: x}}}\n";
    sandbox.write("stacks/orgs/b.yaml", &manifest("b", components));
    let outcome = sandbox.atmos(&VALIDATE).success();
    for phrase in [
        "`evnts` is no key of hooks",
        "did you mean `events`?",
        "there is no event `after-terraform-aply`",
        "did you mean `after.terraform.apply`?",
        "there is no store `nowhere`",
        "it depends on `vpcc` in the stack `b`",
        "did you mean `vpc`?",
        "circular dependency detected: [a-b b-b a-b]",
        "stacks/orgs/b.yaml:",
    ] {
        assert!(outcome.mentions(phrase), "{phrase}: {outcome}");
    }
    assert!(!outcome.mentions("before.terraform.plan") && !outcome.mentions("{{ .vars"), "{outcome}");
}
