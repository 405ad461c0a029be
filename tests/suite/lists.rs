//! Lists in every form, and what is wrong with how they are asked for. `INSTA_UPDATE=new`, look, then rename.

use std::fmt::Write as _;

use insta::assert_snapshot;

use crate::support::Sandbox;

/// What the commands print, each behind the words that were typed.
fn session(sandbox: &Sandbox, commands: &[&[&str]]) -> String {
    let mut text = String::new();
    for args in commands {
        let shown: Vec<String> = args
            .iter()
            .map(|arg| if arg.contains([' ', '{', '*']) { format!("'{arg}'") } else { (*arg).to_owned() })
            .collect();
        let outcome = sandbox.atmos(args).success();
        let _ = writeln!(text, "$ atmos {}\n{}", shown.join(" "), outcome.clean_stdout());
    }
    text
}

fn inspect() -> Sandbox {
    Sandbox::scenario("inspect")
}

#[test]
fn stacks_and_components() {
    let commands: [&[&str]; 13] = [
        &["list", "stacks"],
        &["list", "stacks", "-c", "web", "-f", "csv"],
        &["list", "stacks", "--columns", "stack,Kind={{ .vars.stage | upper }}", "--sort", "kind:desc", "-f", "json"],
        &["list", "stacks", "--tags", "network", "--labels", "team:core"],
        &["list", "stacks", "--labels", "team=other"],
        &["list", "stacks", "--format", "tree"],
        &["list", "stacks", "--provenance"],
        &["list", "components"],
        &["list", "components", "--type", "all", "--format", "yaml"],
        &["list", "components", "--enabled=false", "--columns", "component,ENABLED,status_text", "-f", "tsv"],
        &["list", "components", "-s", "*-prod", "--sort", "stack_count:desc,component:asc"],
        &["list", "components", "--filter", ".type == \"helmfile\""],
        &["list", "components", "--tags", "app", "--columns", "Tags={{ join .tags \"+\" }}"],
    ];
    assert_snapshot!("stacks_and_components", session(&inspect(), &commands));
}

#[test]
fn instances_and_metadata() {
    let commands: [&[&str]; 13] = [
        &["list", "instances"],
        &["list", "instances", "-f", "json", "-s", "acme-prod"],
        &["list", "instances", "--columns", "stack,component_type", "-f", "csv", "--delimiter", ";"],
        &["list", "instances", "--columns", "C={{ .component }}", "--columns", "Z={{ getOr .vars \"cidr\" \"-\" }}"],
        &["list", "instances", "--filter", ".vars.stage == \"prod\" and .locked"],
        &[
            "list",
            "instances",
            "--query",
            "select(.vars.zones) | {\"n\": .vars.zones | length}",
            "--columns",
            "stack,N={{ .n }}",
        ],
        &["list", "instances", "--tags", "tier-1,app", "--labels", "team=core"],
        &["list", "instances", "--sort", "stack:desc,component:asc", "--columns", "component,Image={{ .vars.image }}"],
        &["list", "instances", "-f", "tree"],
        &["list", "instances", "-f", "tree", "--provenance", "-s", "acme-d*"],
        &["list", "instances", "-f", "matrix", "-s", "acme-prod"],
        &["list", "metadata", "-f", "csv"],
        &["list", "metadata", "--columns", "component,Component (base),labels", "--filter", ".description"],
    ];
    assert_snapshot!("instances_and_metadata", session(&inspect(), &commands));
}

#[test]
fn values_side_by_side() {
    let commands: [&[&str]; 10] = [
        &["list", "values", "app"],
        &["list", "vars", "vpc", "-f", "json"],
        &["list", "values", "app", "--query", ".tags", "-f", "yaml"],
        &["list", "values", "app", "--query", ".backend.bucket", "-f", "json"],
        &["list", "values", "vpc", "-q", ".zones[0]", "-f", "tsv"],
        &["list", "values", "vpc", "--max-columns", "1", "--delimiter", "|"],
        &["list", "values", "vpc", "-s", "acme-prod,none", "-f", "csv"],
        &["list", "values", "web", "-f", "yaml"],
        &["list", "settings", "vpc", "-f", "json"],
        &["list", "settings", "-f", "csv"],
    ];
    assert_snapshot!("values", session(&inspect(), &commands));
}

#[test]
fn workflows_vendor_sources_aliases() {
    let commands: [&[&str]; 10] = [
        &["list", "workflows", "-f", "csv"],
        &["list", "workflows", "--file", "workflows/sub/other.yaml", "--columns", "workflow,steps"],
        &["list", "vendor", "-f", "csv"],
        &["list", "vendor", "--tags", "network", "--stack", "a*", "--columns", "component,atmos_vendor_target"],
        &["list", "sources", "-f", "csv"],
        &["list", "sources", "app", "-s", "acme-dev", "-f", "json"],
        &["list", "aliases", "-f", "csv"],
        &["list", "editions", "--from", "2025-12", "--to", "2026-06", "-f", "csv"],
        &["describe", "edition", "-f", "json"],
        &["describe", "edition", "--edition", "2026-07-15", "--query", ".overrides[].key"],
    ];
    assert_snapshot!("workflows_vendor_sources", session(&inspect(), &commands));
}

#[test]
fn what_is_vendored_is_listed_whatever_the_stacks_are() {
    let sandbox = Sandbox::empty();
    sandbox.write(
        "atmos.yaml",
        "base_path: .\nstacks: {base_path: stacks, included_paths: ['o/*'], name_template: '{{ .vars.nope }}'}\n",
    );
    sandbox.write("stacks/o/s.yaml", "vars: {stage: dev}\ncomponents: {terraform: {x: {}}}\n");
    sandbox.write(
        "vendor.yaml",
        "apiVersion: atmos/v1\nkind: AtmosVendorConfig\nmetadata: {name: v}\nspec: {sources: [{component: vpc, \
         source: 'github.com/a/b.git', version: 1.0.0, targets: [components/terraform/vpc]}]}\n",
    );
    let outcome =
        sandbox.atmos(&["list", "vendor", "--columns", "component,atmos_vendor_target", "-f", "csv"]).success();
    let outcome = outcome.says("the stacks cannot be read");
    assert!(outcome.stdout.contains("vpc,components/terraform/vpc"), "{}", outcome.stdout);
}

#[test]
fn dependencies_in_every_form() {
    let commands: [&[&str]; 6] = [
        &["list", "dependencies"],
        &["list", "deps", "app", "-d", "forward"],
        &["list", "dependencies", "vpc", "-s", "acme-dev", "--direction", "reverse"],
        &["list", "dependencies", "-f", "json"],
        &["list", "dependencies", "app", "-d", "forward", "-f", "yaml"],
        &["list", "dependencies", "-f", "levels"],
    ];
    assert_snapshot!("dependencies", session(&inspect(), &commands));
}

#[test]
fn what_belongs_to_a_choice() {
    let commands: [&[&str]; 6] = [
        &["list", "instances", "--tags", "app", "--include-dependencies"],
        &["list", "instances", "-s", "acme-dev", "--include-dependents=1", "--columns", "stack,component,locked"],
        &["list", "components", "--tags", "app", "--include-dependencies=unlimited"],
        &["list", "stacks", "-c", "app", "--include-dependencies", "-f", "json"],
        &["list", "stacks", "--tags", "app", "--include-dependents"],
        &["list", "instances", "--tags", "app", "--include-dependents=false"],
    ];
    assert_snapshot!("closures", session(&inspect(), &commands));
    inspect()
        .atmos(&["list", "stacks", "--include-dependents=few"])
        .exits(1)
        .says("invalid --include-dependents value 'few'");
}

#[test]
fn workflows_and_locals_are_described() {
    let commands: [&[&str]; 8] = [
        &["describe", "workflows"],
        &["describe", "workflows", "-o", "map", "-f", "json"],
        &["describe", "workflows", "--output", "all"],
        &["describe", "workflows", "-q", ".[0].workflow"],
        &["describe", "locals", "-s", "orgs/dev"],
        &["describe", "locals", "-s", "acme-dev", "-f", "json"],
        &["describe", "locals", "app", "-s", "acme-dev"],
        &["describe", "locals", "vpc", "-s", "acme-dev", "--query", ".components.terraform.vpc.locals.bucket"],
    ];
    assert_snapshot!("described", session(&inspect(), &commands));
}

#[test]
fn the_configuration_gives_columns_and_formats() {
    let sandbox = inspect();
    let own = sandbox.read("atmos.yaml");
    let with = |more: &str| sandbox.write("atmos.yaml", &format!("{own}{more}"));
    with(
        "list:\n  instances:\n    format: csv\n    columns:\n      - {name: C, value: '{{ .component | upper }}'}\n      \
         - {name: Zone, value: '{{ index (getOr .vars \"zones\" (split \"-\" \",\")) 0 }}', width: 12}\n  \
         stacks: {format: tree}\n",
    );
    let listed = sandbox.atmos(&["list", "instances"]).success();
    assert_eq!(listed.stdout, "C,Zone\nAPP,-\nVPC,a\nWEB,-\nAPP,-\nVPC,a\n");
    // A column that the configuration has is found by its name, whatever its case.
    let listed = sandbox.atmos(&["list", "instances", "--columns", "zone,stack", "--sort", "c:desc"]).success();
    assert_eq!(listed.stdout, "Zone,Stack\n-,acme-dev\na,acme-dev\na,acme-prod\n-,acme-dev\n-,acme-prod\n");
    assert!(sandbox.atmos(&["list", "stacks"]).success().stdout.starts_with(" Stacks\n│\n├── acme-dev\n"));
    // A configured tree steps aside for columns.
    assert_eq!(sandbox.atmos(&["list", "stacks", "--columns", "stack"]).success().stdout, "acme-dev\nacme-prod\n");
    assert_eq!(sandbox.atmos(&["list", "stacks", "-f", "table"]).success().stdout, "acme-dev\nacme-prod\n");

    sandbox.write(
        "atmos.yaml",
        &own.replace("  name_pattern", "  list: {columns: [{name: S, value: '{{ .stack }}'}]}\n  name_pattern"),
    );
    assert_eq!(sandbox.atmos(&["list", "stacks", "-f", "csv"]).success().stdout, "S\nacme-dev\nacme-prod\n");

    with("list: {components: {columns: [{name: A, value: '{{ .component'}]}}\n");
    sandbox.atmos(&["list", "components"]).exits(1).says("invalid template for column \"A\"");
    with("list: {components: {columns: [{name: A}]}}\n");
    sandbox.atmos(&["list", "components"]).exits(1).says("the column 'A' has no value").says("atmos.yaml:");
}

#[test]
fn variables_stand_for_flags() {
    let sandbox = inspect();
    let list = |env: &[(&str, &str)], args: &[&str]| sandbox.atmos_with(env, args).success().stdout;
    let env = [
        ("ATMOS_LIST_FORMAT", "csv"),
        ("ATMOS_LIST_COLUMNS", "component,stack"),
        ("ATMOS_LIST_SORT", "stack:desc,component:desc"),
        ("ATMOS_LIST_DELIMITER", "|"),
        ("ATMOS_STACK", "acme-*"),
        ("ATMOS_COMPONENT_TAGS", "app"),
        ("ATMOS_LIST_FILTER", ".enabled"),
    ];
    assert_eq!(list(&env, &["list", "instances"]), "Component|Stack\napp|acme-prod\n");
    assert_eq!(
        list(
            &env,
            &[
                "list",
                "instances",
                "-f",
                "tsv",
                "--delimiter",
                " ",
                "--filter",
                ".locked == false",
                "--columns",
                "stack"
            ]
        ),
        "Stack\nacme-dev\n"
    );
    assert_eq!(
        list(&[("ATMOS_LIST_MAX_COLUMNS", "1")], &["list", "values", "web"]).lines().next(),
        Some("Key,acme-dev")
    );
    assert_eq!(list(&[("ATMOS_COMPONENT", "web")], &["list", "stacks"]), "acme-dev\tweb\n");
}

#[test]
fn the_matrix_goes_to_the_file_of_outputs() {
    let sandbox = inspect();
    sandbox.write("outputs", "before=1\n");
    let args = ["list", "instances", "-f", "matrix", "-s", "acme-prod", "-o", "outputs"];
    assert_eq!(sandbox.atmos(&args).success().stdout, "");
    let written = sandbox.read("outputs");
    assert!(
        written.starts_with("before=1\nmatrix={\"include\":[{\"stack\":\"acme-prod\",\"component\":\"app\""),
        "{written}"
    );
    assert!(written.ends_with("\ncount=2\n"), "{written}");
}

#[test]
fn nothing_is_evaluated_that_is_not_shown() {
    let sandbox = inspect();
    let broken = "vars: {tenant: acme, stage: dev}\ncomponents: {terraform: {x: {vars: {a: !exec exit 9}}, y: {vars: {b: '{{ .nothing.here }}'}}}}\n";
    sandbox.write("stacks/orgs/dev.yaml", broken);
    let listed = sandbox.atmos(&["list", "instances", "-s", "acme-dev"]).success();
    assert_eq!(listed.stdout, "x\tacme-dev\ny\tacme-dev\n");
    sandbox.atmos(&["list", "components"]).success();
    sandbox.atmos(&["list", "stacks"]).success();
    sandbox.atmos(&["list", "metadata", "-s", "acme-dev"]).success();
    sandbox.atmos(&["list", "instances", "--columns", "V={{ .vars.a }}"]).exits(1).says("!exec");
    let skipped = [
        "list",
        "instances",
        "--columns",
        "V={{ .vars.a }}",
        "--process-functions=false",
        "--process-templates=false",
        "-s",
        "acme-dev",
    ];
    assert_eq!(sandbox.atmos(&skipped).success().stdout, "!exec exit 9\n\n");
}

#[test]
fn wrong_words_name_the_nearest_right_ones() {
    let sandbox = inspect();
    let cases: [(&[&str], &[&str]); 28] = [
        (
            &["list", "instances", "--columns", "componnet"],
            &["unknown column 'componnet'", "did you mean `component`?", "'Name=Template'"],
        ),
        (&["list", "stacks", "--columns", "X={{ .stack"], &["invalid template for column \"X\""]),
        (&["list", "stacks", "--columns", "X={{ env \"HOME\" }}"], &["invalid template for column \"X\"", "env"]),
        (&["list", "stacks", "--columns", "X="], &["empty template"]),
        (
            &["list", "components", "--sort", "stacks"],
            &["invalid sort spec 'stacks'", "expected format 'column:order'"],
        ),
        (&["list", "components", "--sort", "type:up"], &["invalid sort spec 'type:up'", "asc and desc"]),
        (&["list", "components", "--sort", "tyype:asc"], &["unknown column 'tyype'", "did you mean"]),
        (&["list", "components", "-f", "tree"], &["invalid format \"tree\"", "table, json, yaml, csv, tsv"]),
        (&["list", "stacks", "-f", "xml"], &["invalid format \"xml\"", "tree"]),
        (&["list", "instances", "-f", "xml"], &["invalid format \"xml\"", "matrix"]),
        (&["list", "dependencies", "-f", "csv"], &["invalid format \"csv\"", "levels"]),
        (&["list", "dependencies", "-d", "sideways"], &["unknown direction 'sideways'"]),
        (&["list", "instances", "--filter", ".a | |"], &["EvaluateYqExpression", ".a | |"]),
        (&["list", "instances", "--filter", "error(\"no such row\")"], &["EvaluateYqExpression", "no such row"]),
        (&["list", "instances", "-q", "vars x"], &["vars x"]),
        (&["list", "instances", "--labels", "team"], &["invalid label 'team'", "key=value"]),
        (&["list", "instances", "-s", "acme-[x"], &["invalid --stack pattern 'acme-[x'"]),
        (&["list", "instances", "--provenance", "-f", "json"], &["--provenance flag only works with --format=tree"]),
        (&["list", "stacks", "--provenance", "-f", "csv"], &["--provenance flag only works with --format=tree"]),
        (&["list", "instances", "-o", "x"], &["--output-file", "--format=matrix"]),
        (&["list", "instances", "-f", "tree", "--tags", "a"], &["--tags is not supported with --format=tree"]),
        (&["list", "instances", "-f", "matrix", "--query", "."], &["--query is not supported with --format=matrix"]),
        (&["list", "values", "vpcc"], &["component 'vpcc' does not exist", "did you mean `vpc`?"]),
        (&["list", "stacks", "-c", "wep"], &["no stacks found", "did you mean `web`?"]),
        (&["list", "workflows", "--file", "workflows/none.yaml"], &["workflow file not found"]),
        (&["list", "workflows", "--file", "main.tf"], &["invalid workflow file extension"]),
        (&["list", "editions", "--from", "later"], &["invalid edition 'later'"]),
        (
            &["describe", "workflows", "-o", "tree"],
            &["invalid output type specified. Valid values are 'list', 'map', and 'all'"],
        ),
    ];
    for (args, phrases) in cases {
        let outcome = sandbox.atmos(args).exits(1);
        for phrase in phrases {
            assert!(outcome.mentions(phrase), "{phrase}: {outcome}");
        }
        assert_eq!(outcome.stdout, "", "{outcome}");
    }
    sandbox
        .atmos_with(&[("ATMOS_LIST_MAX_COLUMNS", "many")], &["list", "values", "vpc"])
        .exits(1)
        .says("ATMOS_LIST_MAX_COLUMNS");
    sandbox.atmos(&["describe", "locals"]).exits(1).says("required flag(s) \"stack\" not set");
    sandbox
        .atmos(&["describe", "locals", "-s", "acme-dve"])
        .exits(1)
        .says("stack not found")
        .says("did you mean `acme-dev`?");
    sandbox.atmos(&["describe", "locals", "-s", "acme-prod"]).exits(1).says("stack has no locals defined");
    sandbox.atmos(&["describe", "locals", "-s", "acme-dev", "nothing"]).exits(1).says("component `nothing`");
}

#[test]
fn empty_lists_say_so_and_succeed() {
    let sandbox = inspect();
    for (args, phrase) in [
        (&["list", "instances", "-s", "none"][..], "▶ No instances found"),
        (&["list", "components", "-s", "none"], "▶ No components found"),
        (&["list", "stacks", "--tags", "none"], "▶ No stacks found"),
        (&["list", "values", "vpc", "-s", "none"], "▶ No values found for component: vpc"),
        (&["list", "vars", "vpc", "-q", ".nothing"], "▶ No vars found for component: vpc"),
        (&["list", "settings", "app", "-q", ".nothing"], "▶ No settings found for component: app"),
        (&["list", "dependencies", "none"], "▶ No components found"),
        (&["list", "sources", "vpc"], "▶ No components with source configured matching component \"vpc\""),
        (&["list", "vendor", "--tags", "none"], "▶ No vendor configurations found"),
        (&["list", "editions", "--to", "2020"], "▶ No default changes in the selected edition range"),
    ] {
        assert_eq!(sandbox.atmos(args).success().says(phrase).stdout, "");
    }
}

#[test]
fn directories_that_are_not_there_are_named() {
    let sandbox = inspect();
    std::fs::remove_dir_all(sandbox.repo().join("workflows")).unwrap();
    for args in [["list", "workflows"], ["describe", "workflows"]] {
        sandbox.atmos(&args).exits(1).says("workflow directory does not exist").says("workflows.base_path");
    }
    std::fs::remove_file(sandbox.repo().join("vendor.yaml")).unwrap();
    sandbox.atmos(&["list", "vendor"]).exits(1).says("the vendor base path 'vendor.yaml' does not exist");
    let own = sandbox.read("atmos.yaml");
    sandbox.write(
        "atmos.yaml",
        &own.replace("vendor:\n  base_path: vendor.yaml\n", "").replace("workflows:\n  base_path: workflows\n", ""),
    );
    assert_eq!(sandbox.atmos(&["list", "vendor", "-f", "csv"]).success().stdout.lines().count(), 2);
    sandbox.atmos(&["describe", "workflows"]).exits(1).says("the base path of workflows is not configured");
}

#[test]
fn what_is_null_in_workflows_says_nothing() {
    let sandbox = inspect();
    sandbox.write(
        "workflows/nulls.yaml",
        "description:\nworkflows:\n  a: {stack: ~, steps: [~, {command: version, env: , name: ~}]}\n  b:\n",
    );
    let all = sandbox.atmos(&["describe", "workflows", "-o", "all", "-f", "json"]).success().json();
    let expected = serde_json::json!({"workflows": {
        "a": {"steps": [{"command": "version", "name": "step1"}]}, "b": {"steps": []},
    }});
    assert_eq!(all["nulls.yaml"], expected);
}

#[test]
fn profiles_are_whole_for_programs() {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", "base_path: .\n");
    sandbox.write("profiles/ci/a.yaml", "logs: {level: Info}\n");
    let listed = sandbox.atmos(&["list", "profiles", "--format", "json"]).success();
    let found: serde_json::Value = serde_json::from_str(&listed.stdout).expect("one document");
    let path = sandbox.repo().join("profiles/ci").canonicalize().expect("a folder").display().to_string();
    let expected = serde_json::json!([
        {"Name": "ci", "Path": path, "LocationType": "project", "Files": ["a.yaml"], "Metadata": null}
    ]);
    assert_eq!(found, expected);
    let listed = sandbox.atmos(&["profile", "list", "--format", "yaml"]).success();
    assert!(listed.stdout.contains("locationtype: project\n"), "{}", listed.stdout);
    let columns = sandbox.atmos(&["list", "profiles", "--format", "json", "--columns", "name"]).success();
    assert!(!columns.stdout.contains("Path"), "{}", columns.stdout);
}

#[test]
fn paths_are_the_table_as_in_the_reference() {
    let sandbox = inspect();
    for list in ["values", "vars", "settings"] {
        let table = sandbox.atmos(&["list", list, "vpc"]).success().stdout;
        assert_eq!(sandbox.atmos(&["list", list, "vpc", "--format", "paths"]).success().stdout, table, "{list}");
    }
    let stacks = sandbox.atmos(&["list", "stacks", "--format", "paths"]).exits(1);
    assert!(stacks.stderr.contains("invalid format"), "{stacks}");
}
