//! Small commands that show something: configuration, profiles, themes, variables, documentation, schemas, manuals.

use crate::support::{Sandbox, Terminal};

/// With profiles, variables and repositories in the configuration.
fn repository() -> Sandbox {
    let sandbox = Sandbox::scenario("inspect");
    let config = sandbox.read("atmos.yaml");
    let more = "env: {FOO: \"b a'r\", baz: plain, MULTI: \"a\\nb\"}\nlogs: {level: Info}\ngit: {repositories: {infra: {url: \"https://me:hunter-two@example.com/x.git\", branch: main}}}\n";
    sandbox.write("atmos.yaml", &format!("{config}{more}"));
    sandbox.write("profiles/dev/atmos.yaml", "logs: {level: Debug}\n");
    sandbox.write("profiles/ci/atmos.yaml", "metadata: {description: for pipelines, tags: [a, b]}\n");
    sandbox
}

#[test]
fn variables_are_printed_for_shells_and_pipelines() {
    let sandbox = repository();
    let bash = sandbox.atmos(&["env"]).success();
    let mut command = sandbox.command("bash");
    command.args(["-c", &format!("{}\nprintf '%s|%s|%s' \"$FOO\" \"$baz\" \"$MULTI\"", bash.stdout)]);
    assert_eq!(String::from_utf8_lossy(&command.output().unwrap().stdout), "b a'r|plain|a\nb");
    assert!(bash.stdout.contains("export baz=plain\n"), "{bash}");
    let bare = sandbox.atmos(&["env", "--export=false"]).success();
    assert!(bare.stdout.contains("\nbaz=plain\n") && !bare.stdout.contains("export"), "{bare}");
    let json = sandbox.atmos(&["env", "-f", "json"]).success().json();
    assert_eq!(json, serde_json::json!({"FOO": "b a'r", "MULTI": "a\nb", "baz": "plain"}));
    let file = sandbox.repo().join("out").display().to_string();
    sandbox.atmos_with(&[("GITHUB_ENV", &file)], &["env", "--format", "github"]).success();
    let written = sandbox.read("out");
    assert!(written.contains("FOO=b a'r\n") && written.contains("MULTI<<"), "{written}");
    sandbox.atmos(&["env", "--format", "github"]).exits(1).says("GITHUB_ENV is not set");
    sandbox.atmos(&["env", "--format", "xml"]).exits(1).says("valid formats: bash, json, dotenv, github");
}

#[test]
fn values_of_the_configuration_are_read_by_path() {
    let sandbox = repository();
    for (path, printed) in [
        ("logs.level", "Info\n"),
        ("stacks.included_paths[0]", "orgs/**/*\n"),
        ("stacks.included_paths", "- orgs/**/*\n"),
        ("templates.settings.enabled", "true\n"),
    ] {
        assert_eq!(sandbox.atmos(&["config", "get", path]).success().stdout, printed, "{path}");
    }
    assert_eq!(sandbox.atmos(&["config", "get", "logs.level", "--profile", "dev"]).success().stdout, "Debug\n");
    assert_eq!(sandbox.atmos(&["config", "get", "logs.level", "-f", "json"]).success().stdout, "\"Info\"\n");
    let missing = sandbox.atmos(&["config", "get", "logs.levle"]).exits(1);
    missing.says("YAML path not found: `logs.levle`").says("did you mean `logs.level`?");
    let keys = sandbox.atmos(&["config", "list", "logs.*"]).success();
    assert_eq!(keys.stdout, "atmos.yaml\n  logs.level\n");
}

#[test]
fn the_configuration_is_checked_against_its_schema() {
    let sandbox = repository();
    sandbox.atmos(&["config", "validate"]).success().says("✓ Validated atmos.yaml");
    let schema = sandbox.atmos(&["config", "schema"]).success().json();
    assert!(schema.pointer("/properties/stacks/properties/name_pattern").is_some());
    let config = sandbox.read("atmos.yaml").replace("stacks:\n", "stakcs: {}\nstacks:\n");
    sandbox.write("atmos.yaml", &config);
    let outcome = sandbox.atmos(&["validate", "schema", "config"]).exits(1);
    outcome.says("unknown key `stakcs`").says("did you mean `stacks`?").says("atmos.yaml:2:1");
}

#[test]
fn every_key_with_a_default_or_a_variable_is_in_the_schema() {
    let sandbox = Sandbox::empty();
    let schema = sandbox.atmos(&["config", "schema"]).success().json();
    let described = sandbox.atmos(&["describe", "config"]).success().json();
    let mut missing = Vec::new();
    for section in
        ["base_path", "components", "stacks", "workflows", "logs", "templates", "settings", "describe", "list"]
    {
        lost(&described[section], &schema["properties"][section], section, &mut missing);
    }
    assert!(missing.is_empty(), "{missing:?}");
}

/// Paths of a document that a schema does not know.
fn lost(value: &serde_json::Value, schema: &serde_json::Value, path: &str, missing: &mut Vec<String>) {
    if schema.is_null() {
        missing.push(path.to_owned());
        return;
    }
    let (Some(map), Some(properties)) = (value.as_object(), schema["properties"].as_object()) else { return };
    for (key, value) in map {
        lost(value, properties.get(key).unwrap_or(&serde_json::Value::Null), &format!("{path}.{key}"), missing);
    }
}

#[test]
fn editors_find_the_names_of_the_repository_in_the_schema_of_manifests() {
    let sandbox = repository();
    let config = sandbox.read("atmos.yaml");
    let auth = "auth:\n  providers: {p: {kind: mock/aws, region: eu-west-1}}\n  identities: {admin: {kind: mock/aws, via: {provider: p}}}\n";
    sandbox.write("atmos.yaml", &format!("{config}{auth}"));
    let outcome = sandbox.atmos(&["stack", "schema"]).success();
    let schema = outcome.json();
    assert!(schema.pointer("/$defs/components/properties/terraform/properties/vpc").is_some());
    assert!(outcome.stdout.contains("\"admin\""), "identities are offered");
    let identity = schema.pointer("/$defs/settings/properties/auth/properties/identity/anyOf/0/enum").unwrap();
    assert_eq!(identity, &serde_json::json!(["admin"]));
    // The manifests that were right are right in the larger schema.
    sandbox.write("schema.json", &outcome.stdout);
    let usual = sandbox.atmos(&["validate", "stacks"]);
    let own = sandbox.atmos(&["validate", "stacks", "--schemas-atmos-manifest", "schema.json"]);
    assert_eq!(own.stderr, usual.stderr);
}

#[test]
fn profiles_themes_and_repositories_are_listed() {
    let sandbox = repository();
    let profiles = sandbox.atmos(&["list", "profiles"]).success();
    assert_eq!(profiles.stdout, "ci\tproject\tprofiles/ci\t1\ndev\tproject\tprofiles/dev\t1\n");
    assert_eq!(sandbox.atmos(&["profile", "list"]).success().stdout, profiles.stdout);
    let described = ["list", "profiles", "--columns", "name,description", "-f", "csv"];
    assert_eq!(sandbox.atmos(&described).success().stdout, "Name,Description\nci,for pipelines\ndev,\n");
    let shown = sandbox.atmos(&["profile", "show", "ci"]).success();
    assert!(shown.stdout.contains("for pipelines") && shown.stdout.contains("atmos.yaml"), "{shown}");
    sandbox.atmos(&["profile", "show", "devv"]).exits(1).says("did you mean `dev`?");
    let themes = sandbox.atmos(&["list", "themes", "-f", "json"]).success().json();
    assert!(themes.as_array().unwrap().iter().any(|theme| theme["Name"] == "Dracula"));
    assert!(sandbox.atmos(&["theme", "show", "dracula"]).success().stdout.contains("#ff5555"));
    sandbox.atmos(&["theme", "show", "Dracla"]).exits(1).says("did you mean `Dracula`?");
    let repositories = sandbox.atmos(&["list", "git-repositories", "--columns", "status,name,branch"]).success();
    assert_eq!(repositories.stdout, "missing\tinfra\tmain\n");
    let shown = sandbox.atmos(&["list", "git-repositories", "-f", "json"]).success();
    assert!(shown.stdout.contains("example.com") && !shown.stdout.contains("hunter-two"), "{shown}");
    let empty = Sandbox::scenario("no-auth");
    empty.atmos(&["list", "profiles"]).success().says("No profiles configured.");
}

#[test]
fn documentation_is_that_of_the_folder_of_a_component() {
    let sandbox = repository();
    sandbox.write("components/terraform/vpc/README.md", "# The network\n");
    assert_eq!(sandbox.atmos(&["docs", "vpc"]).success().stdout, "\n# The network\n");
    sandbox.write("components/terraform/vpc/README.md", "# The network\nSee [its `zones`](https://a.test).\n- *one*\n");
    let shown = sandbox.atmos(&["docs", "vpc"]).success().stdout;
    assert_eq!(
        shown, "\n# The network\n\nSee its zones https://a.test.\n\n• one\n",
        "rendered without colours in a pipe"
    );
    sandbox.atmos(&["docs", "app"]).exits(1).says("has no README.md");
    sandbox.atmos(&["docs", "vpd"]).exits(1).says("there is no component `vpd`").says("did you mean `vpc`?");
    let opened = sandbox.atmos_with(&[("CI", "true")], &["docs"]).success();
    opened.says("Opening default browser to 'https://atmos.tools'.");
}

#[test]
fn a_person_sees_documentation_without_its_marks() {
    let sandbox = repository();
    sandbox.write("components/terraform/vpc/README.md", "# The network\n\nHas **two** zones.\n");
    let (code, seen) = Terminal::start(sandbox.atmos_command(&["docs", "vpc"])).finish();
    assert!(code == 0 && seen.contains("\u{1b}[1mThe network") && seen.contains("\u{1b}[1mtwo"), "{seen:?}");
    let mut command = sandbox.atmos_command(&["docs", "vpc"]);
    command.env("NO_COLOR", "1");
    let (_, seen) = Terminal::start(command).finish();
    assert!(seen.contains("# The network") && !seen.contains('\u{1b}'), "{seen:?}");
}

#[test]
fn documents_are_generated_from_data_and_a_template() {
    let sandbox = repository();
    let config = sandbox.read("atmos.yaml");
    let entries = "docs:\n  generate:\n    readme:\n      base-dir: doc\n      input: [data.yaml, {license: MIT, tags: [b]}]\n      template: page.gotmpl\n      output: out.md\n      terraform: {enabled: true, source: ../components/terraform/vpc, show_outputs: false}\n    plain:\n      input: [./doc/data.yaml]\n";
    sandbox.write("atmos.yaml", &format!("{config}{entries}"));
    sandbox.write("doc/data.yaml", "name: It\nlicense: none\ntags: [a]\n");
    let template = "{{ $data := ds \"config\" }}{{ $data.name }} {{ $data.license }} {{ $data.tags }}\n{{ if has $data \"extra\" }}never{{ end }}{{ $data.terraform_docs }}\n";
    sandbox.write("doc/page.gotmpl", template);
    sandbox.write("components/terraform/vpc/inputs.tf", "variable \"size\" {\n  type = number\n  default = 2\n}\n");
    let outcome = sandbox.atmos(&["docs", "generate", "readme"]).success().says("✓ Generated docs");
    let outcome = outcome.says("`terraform.show_outputs` of docs.generate.readme has no effect");
    assert!(outcome.stdout.is_empty(), "{outcome}");
    let page = sandbox.read("doc/out.md");
    assert!(page.starts_with("It MIT [b]\n## Requirements\n"), "{page}");
    assert!(
        page.contains("[size](#input\\_size) | n/a | `number` | `2` | no |") && page.contains("## Outputs"),
        "{page}"
    );
    // Without a template there is a plain page, beside what was called from.
    sandbox.atmos(&["docs", "generate", "plain"]).success();
    assert!(sandbox.read("README.md").starts_with("# It\n\nNo description.\n"), "{}", sandbox.read("README.md"));
    sandbox.atmos(&["docs", "generate", "reamde"]).exits(1).says("no entry `reamde`").says("did you mean `readme`?");
    sandbox.atmos(&["docs", "generate"]).exits(1).says("name of an entry");
    sandbox.write("doc/page.gotmpl", "{{ ds \"other\" }}");
    sandbox.atmos(&["docs", "generate", "readme"]).exits(1).says("page.gotmpl").says("`other`");
}

#[test]
fn manuals_and_texts_need_no_configuration() {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", "a: [\n");
    let page = sandbox.atmos(&["man"]).success();
    assert!(page.stdout.contains(".TH atmos 1") && page.stdout.contains("describe"), "{page}");
    sandbox.atmos(&["man", "--dir", "man1"]).success().says("pages to");
    assert!(sandbox.read("man1/atmos-describe-component.1").contains("provenance"));
    for (word, said) in [("about", "Terraform"), ("support", "--help")] {
        assert!(sandbox.atmos(&[word]).success().stdout.contains(said));
    }
}

#[test]
fn affected_ones_are_listed_with_columns_filters_and_order() {
    let sandbox = Sandbox::scenario("inspect");
    sandbox.git_init();
    sandbox.git(&sandbox.repo(), &["checkout", "-q", "-b", "feature"]);
    let vpc = sandbox.read("stacks/catalog/vpc.yaml").replace("10.0.0.0/16", "10.1.0.0/16");
    sandbox.write("stacks/catalog/vpc.yaml", &vpc);
    let base = sandbox.git(&sandbox.repo(), &["rev-parse", "HEAD"]);
    let list = ["list", "affected", "--base", base.trim(), "--include-uncommitted"];
    let rows = |more: &[&str]| sandbox.atmos(&[&list[..], more].concat()).success().stdout;
    let columns = ["--columns", "component,Where={{ .stack | upper }}", "--sort", "where:desc", "-f", "csv"];
    assert_eq!(rows(&columns), "Component,Where\nvpc,ACME-PROD\nvpc,ACME-DEV\n");
    assert_eq!(rows(&["--filter", ".stack == \"acme-dev\"", "--columns", "stack"]), "acme-dev\n");
    sandbox.atmos(&[&list[..], &["--columns", "nope"]].concat()).exits(1).says("nope");
}
