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

const PLAIN: &str = "stacks: {base_path: stacks, included_paths: ['orgs/**/*'], name_pattern: '{stage}'}
components: {terraform: {base_path: components/terraform, command: tofu}}
env:
  <<: !include .env
";

/// What a function gives has the place of the function, down to its parts; what is merged with it keeps its own.
#[test]
fn parts_of_what_a_function_gives_have_its_place() {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", PLAIN);
    sandbox.write(".env", "D=fromfile\n");
    sandbox.write("inc.yaml", "k:\n  deep: 1\n");
    sandbox.write("inc.json", "{\"j\": [1]}");
    sandbox.write(
        "stacks/orgs/dev.yaml",
        "import: [catalog/base]
vars: {stage: dev}
components:
  terraform:
    c:
      metadata: {inherits: [base]}
      vars:
        m: {a: 10}
        l: !exec echo '[{\"x\":1}]'
        i: !include inc.yaml
        j: !include inc.json
",
    );
    sandbox.write(
        "stacks/catalog/base.yaml",
        "components:\n  terraform:\n    base:\n      vars:\n        m: !exec echo '{\"a\":5,\"x\":1,\"n\":{\"y\":2}}'\n",
    );
    let says = |path: &str, expected: &[&str]| {
        let seen = explain(&sandbox, "c", path);
        assert!(expected.iter().all(|line| seen.lines().any(|seen| seen.starts_with(line))), "{path}\n{seen}");
        seen
    };
    let exec = "computed   !exec echo '{\"a\":5";
    says(
        "vars.m.x",
        &["vars.m.x: 1", "set at     stacks/catalog/base.yaml:5:12", "imported   orgs/dev → catalog/base", exec],
    );
    says(
        "vars.m.n.y",
        &["set at     stacks/catalog/base.yaml:5:12", "section    components.terraform.base.vars", exec],
    );
    let own = says("vars.m.a", &["vars.m.a: 10", "set at     stacks/orgs/dev.yaml:8:16"]);
    assert!(!own.contains("computed"), "{own}");
    says("vars.m", &["set at     stacks/orgs/dev.yaml:8:12", exec, "merged with"]);
    says("vars.l[0].x", &["set at     stacks/orgs/dev.yaml:9:12", "computed   !exec"]);
    says("vars.i.k.deep", &["set at     inc.yaml:2:9", "included   at stacks/orgs/dev.yaml:10:12"]);
    says("vars.j.j[0]", &["set at     stacks/orgs/dev.yaml:11:12"]);
    says("env.D", &["set at     atmos.yaml:4:7"]);
    says("command", &["set at     atmos.yaml:2:68", "section    components.terraform"]);
    let noted = sandbox.atmos(&["describe", "component", "c", "-s", "dev", "--provenance"]).success().clean_stdout();
    let has = |value: &str, note: &str| {
        let line = noted.lines().find(|line| line.trim_start().starts_with(value)).unwrap_or_default();
        assert!(line.ends_with(&format!("# {note}")), "{value}\n{noted}");
    };
    has("a: 10", "● [1] orgs/dev.yaml:8");
    has("x: 1 ", "∴ [2] catalog/base.yaml:5");
    has("- x: 1", "∴ [1] orgs/dev.yaml:9");
    has("\"y\": 2", "∴ [2] catalog/base.yaml:5");
    has("deep: 1", "○ [2] inc.yaml:2");
    has("- 1", "● [1] orgs/dev.yaml:11");
    // What is included is changed in its own file.
    sandbox.atmos(&["stack", "set", "vars.i.k.deep", "2", "-c", "c", "-s", "dev"]).exits(1).says("inc.yaml");
}

#[test]
fn a_value_of_a_remote_import_is_called_by_its_address() {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", &PLAIN.replace("env:\n  <<: !include .env\n", ""));
    sandbox.write("../src/stacks/catalog/x.yaml", "import: [./y]\nvars: {x: remote}\n");
    sandbox.write("../src/stacks/catalog/y.yaml", "vars: {y: remote}\n");
    let source = sandbox.root().join("src");
    for words in [
        &["init", "-q", "."][..],
        &["add", "-A"],
        &["-c", "user.name=n", "-c", "user.email=n@e", "commit", "-qm", "1"],
        &["tag", "v1"],
    ] {
        assert!(std::process::Command::new("git").args(words).current_dir(&source).status().unwrap().success());
    }
    let address = format!("git::file://{}//stacks/catalog/x?ref=v1", source.display());
    let manifest =
        |import: &str| format!("import: [{import}]\nvars: {{stage: dev}}\ncomponents: {{terraform: {{c: {{}}}}}}\n");
    sandbox.write("stacks/orgs/dev.yaml", &manifest(&format!("'{address}'")));
    let alone = sandbox.atmos(&["describe", "component", "c", "-s", "dev"]).exits(1);
    let place = format!("{address}#stacks/catalog/x.yaml:1:10");
    let alone = alone.says("import './y'").says(&place).says("`nested_imports: remote`");
    alone.says_not("kind of source").says_not("stack-imports");
    sandbox.write("stacks/orgs/dev.yaml", &manifest(&format!("{{path: '{address}', nested_imports: remote}}")));
    let address = address.replace(&sandbox.root().display().to_string(), "[ROOT]");
    let seen = explain(&sandbox, "c", "vars.x");
    assert!(seen.contains(&format!("set at     {address}#stacks/catalog/x.yaml:2:11")), "{seen}");
    let seen = explain(&sandbox, "c", "vars.y");
    assert!(seen.contains(&format!("set at     {address}#stacks/catalog/y.yaml:1:11")), "{seen}");
}
