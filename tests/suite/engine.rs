//! The stack engine seen from outside, where the reference decides what is right.

use serde_json::json;

use crate::support::Sandbox;

const ATMOS: &str = "base_path: .
stacks: {base_path: stacks, included_paths: ['orgs/**/*'], name_pattern: '{stage}'}
components: {terraform: {base_path: components/terraform}}
";

fn sandbox(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::empty();
    for (path, text) in [("atmos.yaml", ATMOS), ("components/terraform/vpc/main.tf", "")].iter().chain(files) {
        sandbox.write(path, text);
    }
    sandbox
}

/// The variables of the component `vpc` in the stack `a`.
fn vars(sandbox: &Sandbox) -> serde_json::Value {
    sandbox.atmos(&["describe", "component", "vpc", "-s", "a", "-q", ".vars", "-f", "json"]).success().json()
}

#[test]
fn expressions_see_included_files_in_order() {
    let manifest = "vars: {stage: a}
components:
  terraform:
    vpc:
      vars:
        keys: !include ./r.yaml keys
        items: !include ./r.yaml '[.[]]'
        tfvars: !include ./r.tfvars '[.[]]'
        dotenv: !include ./r.env 'to_entries | map(.key)'
";
    let sandbox = sandbox(&[
        ("stacks/orgs/a.yaml", manifest),
        ("stacks/orgs/r.env", "z=1\na=2\nM=3\n"),
        ("stacks/orgs/r.tfvars", "z = 1\na = 2\nM = 3\n"),
    ]);
    let config = ATMOS.replace("orgs/**/*", "orgs/a.yaml");
    sandbox.write("atmos.yaml", &config);
    sandbox.write("stacks/orgs/r.yaml", "z10: 4\nz9: 1\na: 2\nM: 3\n");
    let vars = vars(&sandbox);
    assert_eq!(vars["keys"], json!(["M", "a", "z9", "z10"]));
    assert_eq!(vars["items"], json!([3, 2, 1, 4]));
    assert_eq!((&vars["tfvars"], &vars["dotenv"]), (&json!([3, 2, 1]), &json!(["M", "a", "z"])));
}

#[test]
fn explain_knows_that_a_tag_had_no_effect() {
    let base = "components: {terraform: {base: {vars: {l: [b]}}}}\n";
    let own =
        "vars: {stage: a}\ncomponents: {terraform: {vpc: {metadata: {inherits: [base]}, vars: {l: !append [c]}}}}\n";
    let imported = format!("import: [x]\n{own}");
    let sandbox = sandbox(&[("stacks/x.yaml", base), ("stacks/orgs/a.yaml", &imported)]);
    assert_eq!(vars(&sandbox)["l"], json!(["c"]));
    let explain = |sandbox: &Sandbox| sandbox.atmos(&["explain", "vpc", "-s", "a", "vars.l"]).success().clean_stdout();
    let text = explain(&sandbox);
    assert!(text.contains("the strongest list wins") && !text.contains("merged with"), "{text}");
    // A manifest that imports nothing keeps its tags.
    sandbox.write("stacks/orgs/a.yaml", &own.replace("terraform: {", "terraform: {base: {vars: {l: [b]}}, "));
    assert_eq!(vars(&sandbox)["l"], json!(["b", "c"]));
    let text = explain(&sandbox);
    assert!(text.contains("lists are appended where `!append` is written") && text.contains("merged with"), "{text}");
}

#[test]
fn explain_has_the_section_of_an_item() {
    let manifest = "vars: {stage: a}
components:
  terraform:
    base: {vars: {l: [b]}}
    vpc: {metadata: {inherits: [base]}, vars: {l: [c]}}
";
    let sandbox = sandbox(&[("stacks/orgs/a.yaml", manifest)]);
    for strategy in ["append", "merge"] {
        sandbox.write("atmos.yaml", &format!("{ATMOS}settings: {{list_merge_strategy: {strategy}}}\n"));
        let explained = sandbox.atmos(&["explain", "vpc", "-s", "a", "vars.l[0]", "-f", "json"]).success().json();
        let place = (&explained["set"]["line"], &explained["set"]["section"]);
        assert_eq!(place, (&json!(4), &json!("components.terraform.base.vars")), "{strategy}");
    }
}

#[test]
fn sections_without_content_are_left_out_as_in_the_reference() {
    let manifest = "vars: {stage: a, e: '', l: [], m: {}, mm: {a: {}}}
components: {terraform: {vpc: {settings: {a: {}}}}}
";
    let sandbox = sandbox(&[("stacks/orgs/a.yaml", manifest)]);
    sandbox.write("atmos.yaml", &format!("{ATMOS}describe: {{settings: {{include_empty: false}}}}\n"));
    let component = sandbox.atmos(&["describe", "component", "vpc", "-s", "a", "-f", "json"]).success().json();
    assert_eq!(component, json!({"component": "vpc", "imports": [], "vars": {"l": [], "stage": "a"}}));
    let stacks = sandbox.atmos(&["describe", "stacks", "--format", "json"]).success().json();
    let component = &stacks["a"]["components"]["terraform"]["vpc"];
    assert_eq!((&component["inheritance"], &component["backend_type"]), (&json!([]), &json!("")));
    assert_eq!((&component["settings"], &component["env"]), (&json!({"a": {}}), &json!(null)));
}

#[test]
fn an_unknown_key_is_the_same_to_both_checks_of_the_configuration() {
    let sandbox = sandbox(&[("stacks/orgs/a.yaml", "vars: {stage: a}\n")]);
    sandbox.write("atmos.yaml", &format!("{ATMOS}componets: {{}}\n"));
    for words in [["validate", "config"], ["config", "validate"]] {
        let outcome = sandbox.atmos(&words).exits(1).says("unknown key `componets`").says("did you mean `components`?");
        outcome.says_not("the configuration is valid");
    }
}

#[test]
fn small_mistakes_are_named() {
    let manifest = "vars: {stage: 5}\ncomponents: {terrafrom: {x: {}}, terraform: {vpc: {}}}\n";
    let sandbox = sandbox(&[("stacks/orgs/a.yaml", manifest)]);
    let outcome = sandbox.atmos(&["describe", "component", "vpc", "-s", "5"]).exits(1);
    outcome.says("`stage` is of type integer there").says("write \"5\"");
    sandbox.write("stacks/orgs/a.yaml", &manifest.replace("stage: 5", "stage: a"));
    let outcome = sandbox.atmos(&["validate", "stacks"]).success();
    outcome.says("`components.terrafrom` is no kind of components").says("did you mean `terraform`?");
    sandbox.atmos(&["describe", "component", "vpc", "-s", ""]).exits(1).says("stack is required");
    sandbox.atmos(&["describe", "component", "none/", "-s", "a"]).exits(1).says("Could not find the component");
    let wrong = [("ATMOS_STACKS_INCLUDED_PATHS", "[")];
    sandbox.atmos_with(&wrong, &["list", "stacks"]).exits(1).says("in ATMOS_STACKS_INCLUDED_PATHS");
    sandbox.atmos_with(&[("ATMOS_EDITION", "2026-02-31")], &["list", "stacks"]).exits(1).says("2026-02-31");
}

#[test]
fn numbers_are_printed_as_the_reference_prints_them() {
    let manifest = "vars: {stage: a, small: 1.0e-7, zero: -0.0, large: 1e20, million: 1e6}
components: {terraform: {vpc: {}}}
";
    let sandbox = sandbox(&[("stacks/orgs/a.yaml", manifest)]);
    let json = sandbox.atmos(&["describe", "component", "vpc", "-s", "a", "-q", ".vars", "-f", "json"]).success();
    for line in ["\"small\": 1e-7", "\"zero\": 0", "\"large\": 100000000000000000000", "\"million\": 1000000"] {
        assert!(json.stdout.contains(line), "{line}: {json}");
    }
    let yaml = sandbox.atmos(&["describe", "component", "vpc", "-s", "a", "-q", ".vars"]).success();
    for line in ["small: 1e-07\n", "zero: 0\n", "large: 1e+20\n", "million: 1e+06\n"] {
        assert!(yaml.stdout.contains(line), "{line}: {yaml}");
    }
}

#[test]
fn tags_in_overrides_of_manifests_are_as_in_the_reference() {
    let component = "components: {terraform: {vpc: {vars: {l: [1, 2]}}}}\n";
    let over = "overrides: {vars: {l: !append [q]}}\n";
    let stage = "vars: {stage: a, l: [g]}\n";
    for (catalog, stack, expected) in [
        (String::new(), format!("{stage}{over}{component}"), json!([1, 2, "q"])),
        (format!("{over}{component}"), format!("import: [x]\n{stage}"), json!(["q"])),
        (component.to_owned(), format!("import: [x]\n{stage}{over}"), json!(["q"])),
        (over.to_owned(), format!("import: [x]\n{stage}{component}"), json!(["q"])),
    ] {
        let sandbox = sandbox(&[("stacks/x.yaml", &catalog), ("stacks/orgs/a.yaml", &stack)]);
        assert_eq!(vars(&sandbox)["l"], expected, "{stack}");
        let shown = sandbox.atmos(&["explain", "vpc", "-s", "a", "vars.l", "-f", "json"]).success().json();
        assert_eq!(shown["value"], expected, "{shown}");
    }
}

#[test]
fn names_that_nothing_has_come_with_the_nearest() {
    let files = [
        ("stacks/catalog/vpc.yaml", "vars: {}\n"),
        (
            "stacks/orgs/a.yaml",
            "vars: {stage: a}\ncomponents: {terrafrom: {vpc: {}}, terraform: {x: {vars: {a: 1}}}}\n",
        ),
    ];
    let sandbox = sandbox(&files);
    sandbox.atmos(&["terraform", "plan", "vpc", "-s", "a"]).exits(1).says("is meant to be `components.terraform`");
    let shown = sandbox.atmos(&["describe", "stacks", "--sections", "var", "-f", "json"]).success();
    assert_eq!(shown.json(), json!({}));
    shown.says("no component has a section 'var'").says("did you mean `vars`?");
    sandbox.write("atmos.yaml", &ATMOS.replace("{stage}", "{stag}"));
    sandbox
        .atmos(&["describe", "component", "x", "-s", "a"])
        .exits(1)
        .says("`{stag}` in `stacks.name_pattern` is no token");
    sandbox.write("atmos.yaml", ATMOS);
    sandbox.write("stacks/orgs/a.yaml", "import: [catalog/vcp]\nvars: {stage: a}\n");
    sandbox.atmos(&["list", "stacks"]).exits(1).says("did you mean `catalog/vpc`?");
}
