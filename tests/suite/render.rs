//! Rendered manifests and names by template, asked as a user asks. The values that must come out stand beside the
//! scenarios (`values.rs` reads them); errors and lists stand here.

use crate::support::Sandbox;

const DESCRIBE: [&str; 5] = ["describe", "component", "app", "-s", "dev"];

fn refused(scenario: &str, args: &[&str], phrases: &[&str]) {
    let run = Sandbox::scenario(&format!("bad-input/{scenario}")).atmos(args).exits(1);
    for phrase in phrases {
        assert!(run.mentions(phrase), "{scenario}: {phrase}: {run}");
    }
}

#[test]
fn errors_of_templates_name_place_chain_and_next_step() {
    refused(
        "context-value-missing",
        &DESCRIBE,
        &[
            "invalid stack manifest",
            "catalog/c.yaml:3:",
            "map has no entry for key \"size\"",
            "Import chain: → orgs/dev.yaml → catalog/c.yaml",
            "`context`",
        ],
    );
    refused(
        "local-unknown",
        &DESCRIBE,
        &["orgs/dev.yaml:5:", "no entry for key \"perfix\"", "did you mean the local `prefix`"],
    );
    refused("local-cycle", &DESCRIBE, &["Dependency cycle detected: one → two → one", "orgs/dev.yaml:2:"]);
    refused(
        "import-path-template",
        &DESCRIBE,
        &["failed to render Go template in import path", "orgs/dev.yaml:2:", "earlier import"],
    );
}

#[test]
fn a_name_that_cannot_be_rendered_concerns_its_own_manifest() {
    refused("name-template-value", &["list", "stacks"], &["map has no entry for key \"tenant\"", "'orgs/dev'"]);
    let sandbox = Sandbox::scenario("bad-input/name-template-value");
    let described =
        sandbox.atmos(&["describe", "component", "app", "-s", "t-prod", "--format", "json"]).success().json();
    assert_eq!(described["vars"]["stage"], "prod");
    refused(
        "name-template-value",
        &["describe", "component", "app", "-s", "t-dev"],
        &["stacks.name_template", "'orgs/dev'"],
    );
}

#[test]
fn stacks_are_listed_by_their_rendered_names() {
    let sandbox = Sandbox::scenario("render-locals");
    assert_eq!(sandbox.atmos(&["list", "stacks"]).success().clean_stdout().trim(), "acme-dev");
    let varfile = sandbox.atmos(&["terraform", "generate", "varfile", "app", "-s", "acme-dev", "-f", "out.json"]);
    varfile.success();
}
