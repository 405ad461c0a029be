//! Where values come from: `explain`, the comments of `describe component`, `sources`; and `--query` on all of it.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::Sandbox;

const FILES: [(&str, &str); 8] = [
    (
        "atmos.yaml",
        "base_path: .
stacks: {base_path: stacks, included_paths: ['orgs/**/*'], name_pattern: '{stage}'}
components: {terraform: {base_path: components/terraform}}
env: {REGION: eu}
",
    ),
    ("components/terraform/app/main.tf", ""),
    (
        "stacks/catalog/base.yaml",
        "terraform:
  vars:
    size: 1
components:
  terraform:
    base:
      metadata: {type: abstract}
      vars:
        size: 2
        gone: yes
      env: {REGION: us}
",
    ),
    (
        "stacks/mixins/large.yaml",
        "import: [catalog/base]
terraform:
  vars:
    size: 10
    tags: {mixin: large}
components:
  terraform:
    base:
      vars:
        size: 20
    app:
      vars:
        zones: [a]
",
    ),
    ("stacks/mixins/team.yaml", "import: [catalog/app]\noverrides:\n  vars: {owner: team}\n"),
    ("stacks/mixins/rendered.yaml", "locals: {size: big}\nvars:\n  from_local: 'so {{ .locals.size }}'\n"),
    ("stacks/catalog/app.yaml", "components:\n  terraform:\n    owned:\n      vars: {owner: nobody}\n"),
    (
        "stacks/orgs/dev.yaml",
        "import:
  - mixins/large
  - mixins/team
  - mixins/rendered
vars:
  stage: dev
  tags: {top: 'yes'}
terraform:
  backend_type: s3
  backend: {s3: {bucket: states}}
components:
  terraform:
    app:
      metadata:
        inherits: [base]
      vars:
        home: !env HOME_OF_TEST
        gone: !unset
        zones: !append [b]
",
    ),
];

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::empty();
    for (path, text) in FILES {
        sandbox.write(path, text);
    }
    sandbox.set("HOME_OF_TEST", "here");
    sandbox
}

fn explain(sandbox: &Sandbox, component: &str, path: &str) -> String {
    sandbox.atmos(&["explain", component, "-s", "dev", path]).success().clean_stdout()
}

#[test]
fn explain_names_the_winner_and_what_it_overrides() {
    let sandbox = sandbox();
    assert_snapshot!("explain_size", explain(&sandbox, "app", "vars.size"));
    assert_snapshot!("explain_tags", explain(&sandbox, "app", ".vars.tags"));
    assert_snapshot!("explain_function", explain(&sandbox, "app", "vars.home"));
    assert_snapshot!("explain_template", explain(&sandbox, "app", "vars.from_local"));
    assert_snapshot!("explain_list", explain(&sandbox, "app", "vars.zones"));
    assert_snapshot!("explain_item", explain(&sandbox, "app", "vars.zones[0]"));
    assert_snapshot!("explain_overrides", explain(&sandbox, "owned", "vars.owner"));
    assert_snapshot!("explain_configuration", explain(&sandbox, "app", "env.REGION"));
    assert_snapshot!("explain_backend", explain(&sandbox, "app", "backend.bucket"));
    assert_snapshot!("explain_derived", explain(&sandbox, "app", "backend.workspace_key_prefix"));
    assert_snapshot!("explain_attribute", explain(&sandbox, "app", "backend_type"));
}

#[test]
fn explain_as_json_has_every_place() {
    let explained = sandbox().atmos(&["explain", "app", "-s", "dev", "vars.size", "-f", "json"]).success().json();
    assert_eq!((&explained["value"], &explained["computed"]), (&json!(20), &json!(null)));
    let set = &explained["set"];
    assert_eq!(
        (&set["file"], &set["line"], &set["column"]),
        (&json!("stacks/mixins/large.yaml"), &json!(10), &json!(15))
    );
    assert_eq!(set["imports"], json!(["orgs/dev", "mixins/large"]));
    let lines = explained["overridden"].as_array().unwrap().iter();
    let lines: Vec<_> = lines.map(|other| format!("{} {}", other["section"], other["value"])).collect();
    let expected = [r#""components.terraform.base.vars" 2"#, r#""terraform.vars" 10"#, r#""terraform.vars" 1"#];
    assert_eq!(lines, expected);
}

#[test]
fn a_path_that_leads_nowhere_is_answered_with_the_nearest_key() {
    let sandbox = sandbox();
    for (path, status, said) in [
        ("vars.sise", 1, "did you mean 'vars.size'?"),
        ("vras", 1, "did you mean 'vars'?"),
        ("vars.zones[7]", 1, "a list of 2 items"),
        ("vars.size.x", 1, "`vars.size` is of type integer"),
        ("vars.gone", 1, "it is removed at stacks/orgs/dev.yaml:18:15"),
        ("vars..x", 1, "invalid path 'vars..x'"),
        ("vars[x]", 1, "an index is a number"),
    ] {
        let outcome = sandbox.atmos(&["explain", "app", "-s", "dev", path]);
        assert_eq!(outcome.status.code(), Some(status), "{path}: {outcome}");
        assert!(outcome.stderr.contains(said), "{path}: {outcome}");
        assert_eq!(outcome.stdout, "");
    }
}

#[test]
fn provenance_is_written_beside_the_values() {
    let sandbox = sandbox();
    let describe = ["describe", "component", "app", "-s", "dev"];
    let noted = sandbox.atmos(&[&describe[..], &["--provenance"]].concat()).success().clean_stdout();
    assert_snapshot!("describe_provenance", noted);
    // The data is the same, and nothing is said into a pipe unless asked for.
    let plain = sandbox.atmos(&describe).success().clean_stdout();
    let stripped: Vec<&str> = noted
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split(" # ").next().unwrap_or(line).trim_end())
        .collect();
    assert_eq!(stripped, plain.lines().collect::<Vec<_>>());
    // Results of expressions and JSON have no place for comments.
    let queried = sandbox.atmos(&[&describe[..], &["--provenance", "-q", ".vars.size"]].concat()).success();
    assert_eq!(queried.stdout, "20\n");
    assert!(queried.stderr.contains("--provenance"), "{queried}");
    let json = sandbox.atmos(&[&describe[..], &["--provenance", "-f", "json"]].concat()).success().json();
    assert_eq!(json["vars"]["size"], 20);
    // As if on a terminal.
    let forced = |extra: &[&str]| sandbox.atmos(&[&describe[..], &["--force-tty"], extra].concat()).success().stdout;
    assert!(forced(&[]).starts_with("# Provenance Legend:"));
    assert!(!forced(&["--provenance=false"]).contains('#'));
    assert_eq!(forced(&["--file", "out.yaml"]), "");
    assert!(!sandbox.read("out.yaml").contains('#'));
}

#[test]
fn queries_are_whole_expressions_on_the_full_document() {
    let sandbox = sandbox();
    let component = ["describe", "component", "app", "-s", "dev"];
    for (query, expected) in [
        (".workspace", "dev\n"),
        ("vars.size", "20\n"),
        (".vars | keys | join(\",\")", "from_local,home,owner,size,stage,tags,zones\n"),
        (".vars.zones[]", "a\nb\n"),
        (".vars.size > 3 and .vars.stage == \"d*\"", "true\n"),
        (".nope", "null\n"),
        (".deps_all", "- catalog/base\n- mixins/large\n- mixins/rendered\n- orgs/dev\n"),
    ] {
        let outcome = sandbox.atmos(&[&component[..], &["-q", query]].concat()).success();
        assert_eq!(outcome.stdout, expected, "{query}");
    }
    let stacks = sandbox.atmos(&["describe", "stacks", "-q", ".[].components.terraform | keys"]).success();
    assert_eq!(stacks.stdout, "- app\n- base\n- owned\n");
    let json = sandbox.atmos(&["describe", "stacks", "-q", ".[].components.terraform[].vars.size", "--format", "json"]);
    assert_eq!(json.success().stdout, "20\n20\n10\n");
    let config = sandbox.atmos(&["describe", "config", "-q", ".stacks.name_pattern", "-f", "yaml"]).success();
    assert_eq!(config.stdout, "{stage}\n");
}

#[test]
fn a_query_that_cannot_be_read_shows_the_place() {
    let outcome = sandbox().atmos(&["describe", "component", "app", "-s", "dev", "-q", ".vars | foo("]);
    assert_eq!(outcome.status.code(), Some(1), "{outcome}");
    let phrase = "EvaluateYqExpression: failed to evaluate YQ expression '.vars | foo(': ";
    assert!(outcome.stderr.contains(phrase), "{outcome}");
    assert_snapshot!("query_syntax", outcome.clean_stderr());
}

#[test]
fn a_file_imported_with_several_contexts_is_a_source_of_each() {
    let sandbox = Sandbox::empty();
    sandbox.write(
        "atmos.yaml",
        "stacks: {base_path: stacks, included_paths: ['orgs/**/*'], name_template: '{{.vars.stage}}'}\n\
         components: {terraform: {base_path: components/terraform}}\ntemplates: {settings: {enabled: true}}\n",
    );
    sandbox.write(
        "stacks/orgs/dev.yaml",
        "import:\n  - {path: cat/e, context: {f: blue}}\n  - {path: cat/e, context: {f: green}}\nvars: {stage: dev}\n",
    );
    sandbox.write("stacks/cat/e.yaml", "components: {terraform: {'eks/{{ .f }}': {vars: {flavor: '{{ .f }}'}}}}\n");
    for name in ["blue", "green"] {
        let component = format!("eks/{name}");
        let query = "[.deps, .sources.vars.flavor.stack_dependencies[].variable_value]";
        let args = ["describe", "component", &component, "-s", "dev", "--format", "json", "-q", query];
        let found: serde_json::Value =
            serde_json::from_str(&sandbox.atmos(&args).success().stdout).expect("a document");
        assert_eq!(found, serde_json::json!([["cat/e", "orgs/dev"], name]), "{name}");
    }
}

/// Manifests may come from elsewhere, and their names with them.
#[test]
fn names_of_manifests_do_not_steer_the_terminal() {
    let sandbox = Sandbox::empty();
    sandbox.write(
        "atmos.yaml",
        "base_path: .\nstacks: {base_path: stacks, included_paths: ['*'], name_pattern: '{stage}'}\n",
    );
    let name = "cat\u{1b}]0;title\u{7}alog";
    sandbox.write(&format!("stacks/deep/{name}.yaml"), "vars: {color: blue}\n");
    sandbox.write("stacks/prod.yaml", "import: ['deep/*']\nvars: {stage: prod}\ncomponents: {terraform: {a: {}}}\n");
    for words in [
        &["explain", "a", "-s", "prod", "vars.color"][..],
        &["describe", "component", "a", "-s", "prod", "--provenance"],
    ] {
        let seen = sandbox.atmos(words).success();
        assert!(!seen.stdout.contains(['\u{1b}', '\u{7}']), "{seen}");
        assert!(seen.stdout.contains("cat\\u{1b}]0;title\\u{7}alog"), "{seen}");
    }
}
