//! The schemas in an editor: what the language server of YAML that editors start makes of them.

use crate::support::{LanguageServer, Sandbox, repository};

/// Where a document has something wrong, and a part of what is said.
fn assert_found(found: &[(u64, String)], expected: &[(u64, &str)]) {
    let has = |(line, part): &(u64, &str)| found.iter().any(|(at, message)| at == line && message.contains(part));
    assert!(found.len() == expected.len() && expected.iter().all(has), "{found:#?}");
}

fn url(path: &std::path::Path) -> String {
    format!("file://{}", path.display())
}

#[test]
fn published_schemas_mark_what_is_wrong_and_offer_what_may_stand() {
    let schema = |name: &str| url(&repository().join("schemas").join(name));
    let schemas = [(schema("atmos-manifest.json"), "*.stack.yaml"), (schema("atmos-config.json"), "atmos.yaml")];
    let mut server = LanguageServer::start(&schemas);

    let wrong = "import: 5\nvars: {stage: dev}\ncomponents:\n  terraform:\n    vpc:\n      \
                 metadata: {type: abstrct}\n      vars: []\n      \n";
    let found = server.open("a.stack.yaml", wrong);
    assert_found(&found, &[(1, "array"), (6, "Valid values: \"abstract\", \"real\""), (7, "vars")]);
    let good = "import: [catalog/vpc]\nvars: {stage: !env STAGE, list: !append [a], id: !terraform.state vpc id}\n\
                components: {terraform: {vpc: {metadata: {component: vpc}}}}\n";
    assert_found(&server.open("good.stack.yaml", good), &[]);
    let config = "stacks: {name_pattern: 5}\ncomponents: {terraform: {base_path: components/terraform}}\n";
    assert_found(&server.open("atmos.yaml", config), &[(1, "string")]);

    let offered = server.completion("a.stack.yaml", 8, 7);
    for key in ["settings", "env", "auth", "hooks", "dependencies"] {
        assert!(offered.iter().any(|label| label == key), "{key}: {offered:?}");
    }
    let said = server.hover("a.stack.yaml", 1, 3);
    assert!(said.contains("Manifests that are merged below this one"), "{said}");
}

#[test]
fn the_schema_of_a_repository_offers_its_components_and_identities() {
    let sandbox = Sandbox::scenario("inspect");
    let auth = "auth:\n  providers: {mock: {kind: mock/aws}}\n  identities: {of-the-team: {kind: mock/aws, via: {provider: mock}}}\n";
    sandbox.write("atmos.yaml", &format!("{}{auth}", sandbox.read("atmos.yaml")));
    let schema = sandbox.atmos(&["stack", "schema"]).success().stdout;
    sandbox.write("manifest.json", &schema);
    let mut server = LanguageServer::start(&[(url(&sandbox.repo().join("manifest.json")), "*.stack.yaml")]);
    let text = "components:\n  terraform:\n    new:\n      metadata:\n        inherits:\n          - \n      settings:\n        auth:\n          identity: \n";
    server.open("new.stack.yaml", text);
    let components = sandbox.atmos(&["list", "components", "--format", "json"]).success().json();
    let name = components[0]["Component"].as_str().expect("a component").to_owned();
    let offered = server.completion("new.stack.yaml", 6, 13);
    assert!(offered.contains(&name), "{name}: {offered:?}");
    let offered = server.completion("new.stack.yaml", 9, 21);
    assert!(offered.iter().any(|label| label == "of-the-team"), "{offered:?}");
}
