//! `describe affected` in a repository with more stacks than are compared at once.

use serde_json::{Value, json};

use crate::affected::{commit, describe, edit, git, reasons};
use crate::support::Sandbox;

const STACKS: usize = 150;

const CONFIGURATION: &str = "
base_path: .
stacks: {base_path: stacks, included_paths: ['deploy/**/*'], name_pattern: '{stage}'}
components: {terraform: {base_path: components/terraform}}
";

const CATALOG: &str = "
components:
  terraform:
    vpc: {vars: {cidr: a}}
    db: {dependencies: {components: [{name: vpc}]}}
    web: {dependencies: {components: [{name: db}, {name: dns}]}}
    dns: {dependencies: {components: [{name: web}]}}
";

fn manifest(stage: &str) -> String {
    format!("import: [catalog/all]\nvars: {{stage: {stage}}}\n")
}

/// A repository whose first commit has the tag `base`, with the stacks `s000`, `s001`, ….
fn repository() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", CONFIGURATION);
    sandbox.write("stacks/catalog/all.yaml", CATALOG);
    for at in 0..STACKS {
        let stage = format!("s{at:03}");
        sandbox.write(&format!("stacks/deploy/{stage}.yaml"), &manifest(&stage));
    }
    sandbox.git_init();
    git(&sandbox, &["tag", "base"]);
    sandbox
}

#[test]
fn components_find_their_like_wherever_their_manifests_lie() {
    let sandbox = repository();
    edit(&sandbox, "stacks/catalog/all.yaml", "cidr: a", "cidr: b");
    // Another name and another part of the list, a stack in two manifests, two that change names, one that is gone.
    git(&sandbox, &["mv", "stacks/deploy/s000.yaml", "stacks/deploy/z.yaml"]);
    sandbox.write("stacks/deploy/a.yaml", "vars: {stage: s149}\ncomponents: {terraform: {more: {}}}\n");
    sandbox.write("stacks/deploy/s001.yaml", &manifest("s148"));
    sandbox.write("stacks/deploy/s148.yaml", &manifest("s001"));
    git(&sandbox, &["rm", "-q", "stacks/deploy/s070.yaml"]);
    commit(&sandbox);
    let found = reasons(&describe(&sandbox, &["--base", "base"]));
    let changed = |at: usize| format!("s{at:03}/vpc: stack.vars");
    let mut expected: Vec<String> = (0..STACKS).filter(|at| *at != 70).map(changed).collect();
    let new = found.iter().find(|text| text.starts_with("s149/more: ")).expect("a component that is new");
    expected.insert(expected.len() - 1, new.clone());
    expected.extend(["db", "dns", "vpc", "web"].map(|name| format!("s070/{name}: deleted.stack")));
    assert_eq!(found, expected);
}

#[test]
fn trees_that_stand_in_many_places_are_the_same_everywhere() {
    let sandbox = repository();
    edit(&sandbox, "stacks/catalog/all.yaml", "    vpc: {vars: {cidr: a}}", "    vpc: {vars: {cidr: b}}\n    hub: {}");
    edit(&sandbox, "stacks/catalog/all.yaml", "db: {", "db: {vars: {x: 1}, ");
    edit(&sandbox, "stacks/catalog/all.yaml", "[{name: vpc}]", "[{name: vpc}, {name: hub, stack: s000}]");
    commit(&sandbox);
    let records = describe(&sandbox, &["--base", "base", "--include-dependents"]);
    let records = records.as_array().unwrap();
    let of = |stack: &str, component: &str| -> &Value {
        records.iter().find(|one| one["stack"] == stack && one["component"] == component).unwrap()
    };
    let names = |record: &Value| -> Vec<String> {
        let name = |one: &Value| format!("{}/{}", one["stack"].as_str().unwrap(), one["component"].as_str().unwrap());
        record["dependents"].as_array().unwrap().iter().map(name).collect()
    };
    let hub = of("s000", "hub");
    assert_eq!(names(hub), (0..STACKS).map(|at| format!("s{at:03}/db")).collect::<Vec<_>>());
    assert_eq!(names(of("s001", "hub")), [""; 0]);
    for at in [0, 77, 149] {
        let (stack, tree) = (format!("s{at:03}"), &hub["dependents"][at]);
        let own = of(&stack, "db");
        assert_eq!((&own["included_in_dependents"], &tree["included_in_dependents"]), (&json!(true), &json!(false)));
        assert_eq!(own["dependents"], tree["dependents"]);
        assert_eq!(names(own), [format!("{stack}/web")]);
        let web = &own["dependents"][0];
        assert_eq!(names(web), [format!("{stack}/dns")]);
        // The circle is cut where it comes to its beginning.
        let again = &web["dependents"][0]["dependents"][0];
        assert_eq!((&again["component"], &again["dependents"]), (&json!("web"), &json!([])));
    }
    // YAML says the same as JSON.
    let args = ["describe", "affected", "--base", "base", "--include-dependents", "--format", "yaml"];
    let yaml = sandbox.atmos(&args).success().stdout;
    assert_eq!(yaml.lines().filter(|line| line.starts_with("- component: ")).count(), records.len());
}
