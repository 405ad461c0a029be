//! `validate component`, `validate schema`, `validate editorconfig`, and policies before runs.

use crate::support::{Sandbox, find_part};

const POLICY: &str = "package atmos\n\nerrors[message] {\n  input.vars.cidr == \"10.0.0.0/16\"\n  message := sprintf(\"no %s in %s\", [input.vars.cidr, input.atmos_stack])\n}\n\nerrors[\"vpc names are short\"] { not re_match(\"^[a-z]{2,4}$\", input.atmos_component) }\n";
const SCHEMA: &str = r#"{"properties": {"vars": {"required": ["owner"], "properties": {"cidr": {"type": "number"}}}}}"#;

/// The repository of lists, with a check of the network.
fn repository(validation: &str) -> Sandbox {
    let sandbox = Sandbox::scenario("inspect");
    sandbox.write("schemas/opa/vpc.rego", POLICY);
    sandbox.write("schemas/jsonschema/vpc.json", SCHEMA);
    let config = sandbox.read("atmos.yaml");
    let schemas = "schemas:\n  opa: {base_path: schemas/opa}\n  jsonschema: {base_path: schemas/jsonschema}\n";
    sandbox.write("atmos.yaml", &format!("{config}{schemas}"));
    let vpc = sandbox.read("stacks/catalog/vpc.yaml");
    let settings = format!("      settings:\n        validation:\n{validation}");
    sandbox.write("stacks/catalog/vpc.yaml", &vpc.replace("      settings:\n", &settings));
    sandbox
}

const OPA: &str = "          net: {schema_type: opa, schema_path: vpc.rego}\n";
const JSON: &str = "          shape: {schema_type: jsonschema, schema_path: vpc.json}\n";
const VALIDATE: [&str; 5] = ["validate", "component", "vpc", "-s", "acme-dev"];

#[test]
fn policies_and_schemas_object_each_on_lines_of_its_own() {
    let sandbox = repository(&format!("{OPA}{JSON}"));
    let outcome = sandbox.atmos(&VALIDATE).exits(1);
    assert!(outcome.stdout.is_empty(), "{outcome}");
    let outcome = outcome
        .says("✗ Component validation failed")
        .says("OPA policy violations detected (`net`, vpc.rego)\n- no 10.0.0.0/16 in acme-dev")
        .says("validation failed (`shape`, vpc.json)")
        .says("vars.cidr: expected number, but got string")
        .says("stacks/catalog/vpc.yaml:");
    assert!(outcome.mentions("`owner` is missing"), "{outcome}");
    let rich = sandbox.atmos(&[&VALIDATE[..], &["--format", "rich"]].concat()).exits(1);
    assert!(rich.stdout.contains("cidr: 10.0.0.0/16"), "{rich}");
    let json = sandbox.atmos(&[&VALIDATE[..], &["--format", "json"]].concat()).exits(1).json();
    let of = |check: &str| -> Vec<&serde_json::Value> {
        json["findings"].as_array().unwrap().iter().filter(|finding| finding["check"] == check).collect()
    };
    assert_eq!(of("net")[0]["message"], "no 10.0.0.0/16 in acme-dev");
    assert_eq!((of("shape").len(), &of("shape")[0]["policy"]), (2, &"vpc.json".into()), "{json}");
}

#[test]
fn what_passes_or_is_switched_off_is_a_success() {
    let off = OPA.replace("opa,", "opa, disabled: true,");
    for validation in ["          {}\n", off.as_str()] {
        repository(validation).atmos(&VALIDATE).success().says("✓ Component validated successfully");
    }
    let sandbox = repository(OPA);
    sandbox.atmos(&["validate", "component", "app", "-s", "acme-dev"]).success();
}

#[test]
fn flags_never_come_to_nothing() {
    let sandbox = repository("          {}\n");
    for (flags, said) in [
        (&["--schema-path", "vpc.json"][..], "vars.cidr: expected number, but got string"),
        (&["--schema-path", "vpc.rego"], "no 10.0.0.0/16 in acme-dev"),
        (&["--schema-path", "nope.json"], "the file 'nope.json' does not exist for schema type 'jsonschema'"),
        (&["--schema-path", "vpc.txt"], "--schema-path needs --schema-type"),
        (&["--schema-type", "opa"], "--schema-type needs --schema-path"),
        (&["--module-paths", "nope"], "--module-paths needs --schema-path"),
    ] {
        sandbox.atmos(&[&VALIDATE[..], flags].concat()).exits(1).says(said).says_not("validated successfully");
    }
    // Beside entries that are in force they change these, as before.
    repository(JSON).atmos(&[&VALIDATE[..], &["--schema-type", "jsonschema"]].concat()).exits(1).says("vpc.json");
}

#[test]
fn flags_stand_for_entries_and_files_are_found_in_three_places() {
    let sandbox = repository("          {}\n");
    let absolute = sandbox.repo().join("schemas/opa/vpc.rego").display().to_string();
    for path in ["vpc.rego", "schemas/opa/vpc.rego", &absolute] {
        let flags = ["--schema-type", "opa", "--schema-path", path];
        sandbox.atmos(&[&VALIDATE[..], &flags].concat()).exits(1).says("no 10.0.0.0/16 in acme-dev");
    }
    let missing = ["--schema-type", "opa", "--schema-path", "nope.rego"];
    let said = "the file 'nope.rego' does not exist for schema type 'opa'";
    sandbox.atmos(&[&VALIDATE[..], &missing].concat()).exits(1).says(said);
    let kind = ["--schema-type", "zzz", "--schema-path", "vpc.rego"];
    let said = "invalid schema type 'zzz'. Supported types: jsonschema, opa";
    sandbox.atmos(&[&VALIDATE[..], &kind].concat()).exits(1).says(said);
    sandbox.atmos(&["validate", "component", "vpc"]).exits(1).says("required flag(s) \"stack\" not set");
}

#[test]
fn modules_are_below_their_base_path_and_the_environment_is_seen() {
    let sandbox = repository("          {}\n");
    let policy = "package atmos\nimport rego.v1\nimport data.atmos.words.no\nerrors contains sprintf(\"%s %s\", [no, input.process_env.WHO]) if input.cli_args == [\"validate\", \"component\"]\n";
    sandbox.write("schemas/opa/new.rego", policy);
    sandbox.write("schemas/opa/shared/words.rego", "package atmos.words\nno := \"not\"\n");
    sandbox.write("schemas/opa/shared/words_test.rego", "no policy at all");
    let flags = ["--schema-type", "opa", "--schema-path", "new.rego", "--module-paths", "shared"];
    let line = [&VALIDATE[..], &flags].concat();
    sandbox.atmos_with(&[("WHO", "me")], &line).exits(1).says("- not me");
    let secret = "package atmos\nerrors[message] { message := object.get(input.process_env, \"ATMOS_KEYRING_PASSWORD\", \"hidden\") }\n";
    sandbox.write("schemas/opa/secret.rego", secret);
    let flags = ["--schema-type", "opa", "--schema-path", "secret.rego"];
    let line = [&VALIDATE[..], &flags].concat();
    sandbox
        .atmos_with(&[("ATMOS_KEYRING_PASSWORD", "open-sesame")], &line)
        .exits(1)
        .says("- hidden")
        .says_not("open-sesame");
}

#[test]
fn endless_policies_end_with_their_time() {
    let sandbox = repository("          {}\n");
    let policy = "package atmos\nerrors[\"x\"] {\n  a := numbers.range(1, 3000)[_]\n  b := numbers.range(1, 3000)[_]\n  c := numbers.range(1, 3000)[_]\n  a + b + c == 0\n}\n";
    sandbox.write("schemas/opa/slow.rego", policy);
    let flags = ["--schema-type", "opa", "--schema-path", "slow.rego", "--timeout", "1"];
    let outcome = sandbox.atmos(&[&VALIDATE[..], &flags].concat()).exits(1);
    assert!(outcome.mentions("Timeout evaluating the OPA policy"), "{outcome}");
    let other = "package other\nerrors[\"x\"] { true }\n";
    sandbox.write("schemas/opa/other.rego", other);
    let flags = ["--schema-type", "opa", "--schema-path", "other.rego"];
    sandbox.atmos(&[&VALIDATE[..], &flags].concat()).exits(1).says("invalid Rego policy");
}

#[test]
fn malformed_entries_name_their_place() {
    for (entry, said) in [
        ("          net: 3\n", "`net`: expected a map"),
        ("          net: {schema_type: opa}\n", "`net` has no `schema_path`"),
        ("          net: {schema_type: opa, schema_path: vpc.rego, timeout: soon}\n", "`net.timeout`"),
    ] {
        let outcome = repository(entry).atmos(&VALIDATE).exits(1).says(said);
        assert!(outcome.mentions("stacks/catalog/vpc.yaml:"), "{outcome}");
    }
}

#[test]
fn runs_wait_for_their_policies() {
    let sandbox = repository(OPA);
    let plan = ["terraform", "plan", "vpc", "-s", "acme-dev"];
    let outcome = sandbox.atmos(&plan).exits(1);
    let outcome = outcome.says("did not pass the validation policies").says("- no 10.0.0.0/16 in acme-dev");
    assert!(!sandbox.repo().join("components/terraform/vpc/.terraform").exists(), "{outcome}");
    let variables = "package atmos\nerrors[\"by hand\"] { input.tf_cli_vars.cidr == \"x\" }\n";
    sandbox.write("schemas/opa/vpc.rego", variables);
    sandbox.atmos(&[&plan[..], &["-var", "cidr=x"]].concat()).exits(1).says("- by hand");
    sandbox.atmos(&[&plan[..], &["--dry-run"]].concat()).success();
}

#[test]
fn files_are_checked_against_the_schemas_of_the_configuration() {
    let sandbox = Sandbox::scenario("inspect");
    let config = sandbox.read("atmos.yaml");
    let schemas = "schemas:\n  teams: {schema: teams.json, matches: [\"teams/*.yaml\"]}\n";
    sandbox.write("atmos.yaml", &format!("{config}{schemas}"));
    sandbox.write("teams.json", r#"{"required": ["name"], "properties": {"size": {"type": "integer"}}}"#);
    sandbox.write("teams/a.yaml", "name: a\nsize: 2\n");
    sandbox.atmos(&["validate", "schema", "teams"]).success().says("✓ Validated teams/a.yaml");
    sandbox.write("teams/b.yaml", "name: b\nsize: many\n");
    let outcome = sandbox.atmos(&["validate", "schema"]).exits(1);
    let outcome = outcome.says("✓ Validated teams/a.yaml").says("✗ teams/b.yaml").says("✓ Validated atmos.yaml");
    let outcome = outcome.says("teams/b.yaml:2:7: error: size: expected integer, but got string");
    assert!(outcome.stdout.is_empty(), "{outcome}");
    sandbox.atmos(&["validate", "schema", "teams", "--exclude", "teams/b.yaml"]).success();
    sandbox
        .atmos(&["validate", "schema", "temas"])
        .exits(1)
        .says("no schema named 'temas'")
        .says("did you mean `teams`?");
    // A schema that is missing keeps nobody from the findings of the others.
    let gone = "schemas:\n  gone: {schema: gone.json, matches: [\"*\"]}\n  teams: {schema: teams.json, matches: [\"teams/*.yaml\"]}\n";
    sandbox.write("atmos.yaml", &format!("{config}{gone}"));
    let outcome = sandbox.atmos(&["validate", "schema"]).exits(1).says("Schema file 'gone.json' not found");
    let outcome = outcome.says("`schemas.gone.schema` names it").says("size: expected integer, but got string");
    outcome.says_not("schemas-atmos-manifest");
    sandbox.atmos(&["validate", "schema", "gone"]).exits(1).says("Schema file 'gone.json' not found");
    sandbox.write("atmos.yaml", &format!("{config}{schemas}"));
    sandbox.write("teams/b.yaml", "name: [\n");
    sandbox.atmos(&["validate", "schema", "teams"]).exits(1).says("✗ teams/b.yaml");
}

#[test]
fn files_keep_the_rules_of_editorconfig() {
    let sandbox = Sandbox::empty();
    sandbox.write(
        ".editorconfig",
        "root = true\n[*.tf]\nindent_style = space\nindent_size = 2\ntrim_trailing_whitespace = true\n",
    );
    sandbox.write("main.tf", "a {\n  b = 1\n}\n");
    sandbox.git_init();
    let check = ["validate", "editorconfig"];
    let outcome = sandbox.atmos(&check).success().says("✓ EditorConfig validation passed");
    assert!(outcome.stdout.is_empty(), "{outcome}");
    sandbox.write("sub/bad.tf", "a {\n   b = 1\n   c = 2\n} \n");
    sandbox.write(".gitignore", "ignored.tf\n");
    sandbox.write("ignored.tf", "   a\n");
    let outcome = sandbox.atmos(&check).exits(1);
    let expected = "sub/bad.tf:\n\t2-3: Wrong amount of left-padding spaces(want multiple of 2)\n\t4: Trailing whitespace\n\n2 errors found\n";
    assert_eq!(outcome.stdout, expected, "{outcome}");
    let json = sandbox.atmos(&[&check[..], &["--format", "json"]].concat()).exits(1).json();
    assert_eq!((&json["valid"], &json["findings"][1]["line"]), (&false.into(), &4.into()), "{json}");
    let gcc = sandbox.atmos(&[&check[..], &["--format", "gcc"]].concat()).exits(1);
    assert!(gcc.stdout.starts_with("sub/bad.tf:2:0: error: Wrong amount"), "{gcc}");
    let sarif = sandbox.atmos(&[&check[..], &["--format", "sarif"]].concat()).exits(1).json();
    assert_eq!(sarif.pointer("/runs/0/results/1/message/text").unwrap(), "Trailing whitespace");
    sandbox.atmos(&[&check[..], &["--exclude", "^sub/"]].concat()).success();
    let without = ["--disable-indent-size", "--disable-trim-trailing-whitespace"];
    sandbox.atmos(&[&check[..], &without].concat()).success();
    let listed = sandbox.atmos(&[&check[..], &["--dry-run"]].concat()).success();
    assert_eq!(listed.stdout, ".editorconfig\n.gitignore\nmain.tf\nsub/bad.tf\n");
    sandbox.atmos(&[&check[..], &["--exclude", "("]].concat()).exits(1).says("invalid pattern '('");
}

#[test]
fn validate_alone_sums_up() {
    let sandbox = Sandbox::scenario("inspect");
    let outcome = sandbox.atmos(&["validate"]);
    assert!(outcome.mentions("Validation summary:\n  schema: passed\n"), "{outcome}");
    assert!(outcome.mentions("  editorconfig: skipped\n  ci: skipped"), "{outcome}");
    sandbox.write("stacks/orgs/bad.yaml", "vars: [\n");
    sandbox.atmos(&["validate"]).exits(1).says("  stacks: failed");
}

#[test]
fn workflows_of_the_ci_system_are_checked() {
    let sandbox = Sandbox::empty();
    sandbox.atmos(&["validate", "ci"]).success().says("No workflow files to validate");
    sandbox.write(".github/workflows/good.yml", "on: push\njobs:\n  a: {runs-on: x, steps: [{run: make}]}\n");
    sandbox.atmos(&["validate", "ci"]).success().says("✓ Validated .github/workflows/good.yml");
    let bad = "on: [push]\njobs:\n  b:\n    runs-on: x\n    needs: a\n    stpes: []\n    steps: [{uses: checkout}]\n";
    sandbox.write(".github/workflows/bad.yaml", bad);
    sandbox.write(".github/workflows/broken.yml", "on: [\n");
    let outcome = sandbox.atmos(&["validate", "ci"]).exits(1);
    let outcome = outcome.says("✓ Validated .github/workflows/good.yml").says("✗ .github/workflows/broken.yml");
    let outcome = outcome.says("bad.yaml:5:12: error: the job `b` needs `a`, which is no job");
    outcome.says("bad.yaml:6:5: error: unknown key `stpes` of the job `b`").says("did you mean `steps`?");
    sandbox.atmos(&["validate", "ci", ".github/workflows/good.yml"]).success().says_not("bad.yaml");
    let json = sandbox.atmos(&["validate", "ci", "--format", "json", "--exclude", "**/broken.yml"]).exits(1).json();
    assert_eq!((&json["valid"], json["findings"].as_array().unwrap().len()), (&false.into(), 3));
    sandbox.write("other/deep/w.yml", "jobs: {}\n");
    sandbox.atmos(&["validate", "ci", "--workflow-path", "other"]).exits(1).says("the workflow has no `on`");
    sandbox.atmos(&["validate", "ci", "x.yml", "--workflow-path", "other"]).exits(1);
    sandbox.write("atmos.yaml", "stacks: {base_path: stacks, included_paths: ['*'], name_pattern: '{stage}'}\n");
    sandbox.atmos(&["validate"]).exits(1).says("  ci: failed");
}

/// Policies of both syntaxes, with functions that policies of clouds use.
const COMPARED: [&str; 8] = [
    "package atmos\nerrors[m] { z := input.vars.zones[_]; not startswith(z, \"eu-\"); m := sprintf(\"zone %v of %d\", [z, count(input.vars.zones)]) }\n",
    "package atmos\nimport rego.v1\nerrors contains msg if { some name, size in input.vars.sizes; size > 2; msg := concat(\": \", [name, format_int(size, 10)]) }\n",
    "package atmos\nimport rego.v1\nerrors contains \"all small\" if { every size in input.vars.sizes { size < 10 } }\n",
    "package atmos\nimport future.keywords.in\nerrors[m] { net.cidr_contains(\"10.0.0.0/8\", input.vars.cidr); m := trim_suffix(input.vars.cidr, \"/16\") }\n",
    "package atmos\nerrors[m] { not re_match(`^[a-z]+$`, input.vars.name); m := upper(input.vars.name) }\n",
    "package atmos\nerrors[m] { semver.compare(input.vars.version, \"1.10.0\") < 0; m := json.marshal({\"v\": input.vars.version}) }\n",
    "package atmos\nerrors[m] { missing := {\"a\", \"b\"} - {k | input.vars.sizes[k]}; count(missing) > 0; m := sprintf(\"%v\", [sort(missing)]) }\nerrors[m] { glob.match(\"eu-*\", [], input.vars.zones[0]); m := object.get(input.vars, \"nope\", \"glob\") }\n",
    "package atmos\nerrors[m] { walk(input.vars, [path, value]); value == \"deep\"; m := concat(\".\", [sprintf(\"%v\", [p]) | p := path[_]]) }\nerrors[m] { units.parse_bytes(\"1Ki\") == 1024; m := base64.encode(\"ok\") }\n",
];

#[test]
fn the_engine_says_what_opa_says() {
    let Some(opa) = find_part("opa") else {
        eprintln!("opa is not there: scripts/testbed install opa");
        return;
    };
    let sandbox = repository("          {}\n");
    let vars = serde_json::json!({
        "zones": ["eu-1", "us-1"], "sizes": {"a": 1, "c": 3}, "cidr": "10.0.0.0/16", "name": "Vpc1", "version": "1.9.0",
        "tree": {"x": [{"y": "deep"}]},
    });
    let manifest = sandbox.read("stacks/catalog/vpc.yaml");
    let (before, after) = manifest.split_once("        cidr: 10.0.0.0/16\n").unwrap();
    let entries = vars.as_object().unwrap().iter();
    let own = entries.fold(String::new(), |text, (name, value)| text + &format!("        {name}: {value}\n"));
    sandbox.write("stacks/catalog/vpc.yaml", &format!("{before}{own}{after}"));
    sandbox.write("input.json", &serde_json::json!({ "vars": vars }).to_string());
    for policy in COMPARED {
        sandbox.write("schemas/opa/p.rego", policy);
        let arguments = ["eval", "--v0-compatible", "-f", "json", "-d", "schemas/opa/p.rego", "-i", "input.json"];
        let output = sandbox.command(&opa).args(arguments).arg("data.atmos.errors").output().unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let errors = answer.pointer("/result/0/expressions/0/value").unwrap_or_else(|| panic!("{answer}"));
        let mut expected: Vec<&str> = errors.as_array().unwrap().iter().map(|error| error.as_str().unwrap()).collect();
        expected.sort_unstable();
        assert!(!expected.is_empty(), "{policy}");
        let flags = ["--schema-type", "opa", "--schema-path", "p.rego"];
        let outcome = sandbox.atmos(&[&VALIDATE[..], &flags].concat()).exits(1);
        let mut said: Vec<&str> = outcome.stderr.lines().filter_map(|line| line.strip_prefix("- ")).collect();
        said.sort_unstable();
        assert_eq!(said, expected, "{policy}{outcome}");
    }
}
