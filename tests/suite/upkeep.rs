//! `terraform lint` and `terraform migrate`: programs of others on components that are prepared for them.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Outcome, Sandbox, find_part};

const ATMOS: &str = "\
base_path: .
stacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}
components: {terraform: {base_path: components/terraform, auto_generate_backend_file: true}}
";
const FOLDER: &str = "components/terraform/app";

/// Two stacks: `app` in both, `other` in one, and one that is nobody's.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", ATMOS);
    let manifest = |stage: &str, rest: &str| {
        format!(
            "vars: {{stage: {stage}}}\nterraform: {{backend_type: local, backend: {{local: {{}}}}}}\ncomponents:\n  terraform:\n    app: {{vars: {{name: one}}}}\n{rest}"
        )
    };
    sandbox.write("stacks/dev.yaml", &manifest("dev", "    other: {}\n    base: {metadata: {type: abstract}}\n"));
    sandbox.write("stacks/prod.yaml", &manifest("prod", ""));
    for folder in ["app", "other"] {
        sandbox.write(&format!("components/terraform/{folder}/main.tf"), "variable \"stage\" {}\n");
    }
    sandbox
}

/// Puts a script in front of all programs.
fn program(sandbox: &mut Sandbox, name: &str, script: &str) {
    let folder = sandbox.root().join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let log = sandbox.root().join("log");
    sandbox.set("LOG", log);
    let mut path = folder.into_os_string();
    path.push(":");
    path.push(&sandbox.environment()["PATH"]);
    sandbox.set("PATH", path);
}

/// What was logged since the last look.
fn logged(sandbox: &Sandbox) -> Vec<String> {
    let path = sandbox.root().join("log");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let _ = std::fs::remove_file(path);
    text.lines().map(str::to_owned).collect()
}

/// Logs its words, and finds in `app` what stands in the report beside it.
const TFLINT: &str = r#"
echo "$*" >>"$LOG"
case "$*" in
    *chdir=*/app*) [ -f "$REPORT" ] && { cat "$REPORT"; exit 2; } ;;
esac
if [ -n "$BROKEN" ]; then echo "no such rule" >&2; exit 1; fi
echo '{"runs": [{"results": []}]}'
"#;

fn report(count: usize) -> String {
    let one = |at: usize| {
        let level = if at == 0 { "error" } else { "note" };
        serde_json::json!({
            "level": level, "ruleId": format!("rule_{at:02}"), "message": {"text": format!("number {at}")},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": format!("{FOLDER}/main.tf")}, "region": {"startLine": 1}
            }}],
        })
    };
    serde_json::json!({"runs": [{"results": (0..count).map(one).collect::<Vec<_>>()}]}).to_string()
}

fn linting() -> Sandbox {
    let mut sandbox = sandbox();
    program(&mut sandbox, "tflint", TFLINT);
    let report = sandbox.root().join("report");
    sandbox.set("REPORT", report);
    sandbox
}

fn folders(sandbox: &Sandbox) -> Vec<String> {
    let below = format!("{}/components/terraform/", sandbox.repo().display());
    let names = logged(sandbox).into_iter().map(|line| {
        let chdir = line.split(' ').find_map(|word| word.strip_prefix("--chdir=").map(str::to_owned)).unwrap();
        chdir.strip_prefix(&below).unwrap_or(&chdir).to_owned()
    });
    names.collect()
}

#[test]
fn each_component_is_linted_once() {
    let sandbox = linting();
    sandbox.atmos(&["terraform", "lint"]).success().says("Linted 2 components");
    assert_eq!(folders(&sandbox), ["app", "other"]);
    for (args, expected) in [
        (&["app"][..], &["app"][..]),
        (&["--all"], &["app", "other"]),
        (&["-s", "prod"], &["app"]),
        (&["app", "-s", "dev"], &["app"]),
        (&["--components", "other"], &["other"]),
        (&["--query", ".vars.name == \"one\""], &["app"]),
    ] {
        sandbox.atmos(&[&["terraform", "lint"], args].concat()).success();
        assert_eq!(folders(&sandbox), expected, "{args:?}");
    }
    sandbox.atmos(&["terraform", "lint", "app", "--all"]).exits(1).says("can't be used");
    sandbox.atmos(&["terraform", "lint", "--affected", "--all"]).exits(1).says("--affected can't be used with");
    sandbox.atmos(&["terraform", "lint", "apps"]).exits(1).says("did you mean `app`?");
    sandbox.atmos(&["terraform", "lint", "--format", "xml"]).exits(1).says("markdown, rich");
    sandbox.atmos(&["terraform", "lint", "--max-findings", "few"]).exits(1).says("0 for all");
    assert!(logged(&sandbox).is_empty());
}

#[test]
fn only_what_differs_is_linted() {
    let sandbox = linting();
    sandbox.git_init();
    let affected = ["terraform", "lint", "--affected", "--base", "main"];
    sandbox.atmos(&affected).success().says("No components affected");
    let before = sandbox.read("components/terraform/other/main.tf");
    sandbox.write("components/terraform/other/main.tf", &format!("{before}# more\n"));
    sandbox.git(&sandbox.repo(), &["add", "-A"]);
    sandbox.git(&sandbox.repo(), &["commit", "-qm", "more", "--no-verify"]);
    let base = ["terraform", "lint", "--affected", "--base", "HEAD~1"];
    sandbox.atmos(&base).success();
    assert_eq!(folders(&sandbox), ["other"]);
}

#[test]
fn findings_fail_the_component_and_the_others_are_linted() {
    let sandbox = linting();
    std::fs::write(sandbox.root().join("report"), report(12)).unwrap();
    let outcome = sandbox.atmos(&["terraform", "lint"]).exits(1).says("12 problems");
    assert_eq!(folders(&sandbox), ["app", "other"]);
    let text = &outcome.stdout;
    assert!(text.contains("## tflint of `app` in `dev`") && text.contains("tflint of `other`"), "{outcome}");
    assert!(text.contains("| error | rule_00 |") && text.contains("rule_09") && !text.contains("rule_10"), "{outcome}");
    assert!(text.contains("and 2 more"), "{outcome}");
    let all = sandbox.atmos(&["terraform", "lint", "app", "--max-findings", "0"]).exits(1);
    assert!(all.stdout.contains("rule_11"), "{all}");
    let with = [("ATMOS_TERRAFORM_LINT_MAX_FINDINGS", "1"), ("ATMOS_TERRAFORM_LINT_FORMAT", "rich")];
    let rich = sandbox.atmos_with(&with, &["terraform", "lint", "app"]).exits(1);
    let expected = format!("error [rule_00]: number 0\n  --> {FOLDER}/main.tf:1\n  |\n1 | variable \"stage\" {{}}\n");
    assert!(rich.stdout.contains(&expected) && rich.stdout.contains("and 11 more"), "{rich}");
}

#[test]
fn the_nearest_configuration_of_tflint_counts() {
    let sandbox = linting();
    sandbox.git_init();
    let config = |sandbox: &Sandbox| {
        sandbox.atmos(&["terraform", "lint", "app"]).success();
        let line = logged(sandbox).pop().unwrap();
        let config = line.split(' ').find_map(|word| word.strip_prefix("--config=").map(str::to_owned));
        let below = format!("{}/", sandbox.repo().display());
        config.map(|path| path.strip_prefix(&below).unwrap_or(&path).to_owned())
    };
    assert_eq!(config(&sandbox), None);
    sandbox.write(
        "atmos.yaml",
        &ATMOS.replace("{base_path: components", "{lint: {config: ./lint/own.hcl}, base_path: components"),
    );
    assert_eq!(config(&sandbox).as_deref(), Some("lint/own.hcl"));
    for place in [".tflint.hcl", "components/terraform/.tflint.hcl", "components/terraform/app/.tflint.hcl"] {
        sandbox.write(place, "");
        assert_eq!(config(&sandbox).as_deref(), Some(place));
    }
}

#[test]
fn a_tflint_that_is_missing_or_broken_says_so() {
    let mut sandbox = linting();
    let broken = sandbox.atmos_with(&[("BROKEN", "1")], &["terraform", "lint", "other"]).exits(1);
    broken.says("no such rule");
    sandbox.set("PATH", "/usr/bin:/bin");
    sandbox.write("stacks/dev.yaml", "}");
    // Nothing was read for nothing.
    let missing = sandbox.atmos(&["terraform", "lint"]).exits(1).says("process start failed: `tflint`");
    missing.says_not("dev.yaml");
}

#[test]
fn components_that_cannot_be_evaluated_are_linted_as_they_are() {
    let sandbox = linting();
    sandbox.write("atmos.yaml", &format!("{ATMOS}templates: {{settings: {{enabled: true}}}}\n"));
    let before = sandbox.read("stacks/dev.yaml");
    sandbox.write("stacks/dev.yaml", &before.replace("other: {}", "other: {vars: {a: '{{ fail \"broken\" }}'}}"));
    sandbox.atmos(&["terraform", "lint", "other"]).success().says("is checked as it is written");
    sandbox.atmos(&["terraform", "lint", "other", "--error-mode", "silent"]).success().says_not("as it is written");
    assert_eq!(folders(&sandbox), ["other", "other"]);
    sandbox.atmos(&["terraform", "lint", "other", "--error-mode", "strict"]).exits(1).says("broken");
    assert!(logged(&sandbox).is_empty());
}

#[test]
fn the_real_tflint_finds_what_is_wrong() {
    // An optional part: `scripts/testbed install tflint`.
    let Some(_) = find_part("tflint") else { return };
    let sandbox = sandbox();
    sandbox.write(
        &format!("{FOLDER}/main.tf"),
        "terraform {\n  required_version = \">= 1.5\"\n}\nvariable \"unused\" {\n  type = string\n}\n",
    );
    sandbox.write("components/terraform/other/main.tf", "terraform {\n  required_version = \">= 1.5\"\n}\n");
    let outcome = sandbox.atmos(&["terraform", "lint"]).exits(1).says("tflint found 1 problem in app (dev)");
    let row = format!("| warning | terraform_unused_declarations | {FOLDER}/main.tf:4 |");
    assert!(outcome.stdout.contains(&row), "{outcome}");
    sandbox.write(&format!("{FOLDER}/.tflint.hcl"), "rule \"terraform_unused_declarations\" {\n  enabled = false\n}\n");
    sandbox.atmos(&["terraform", "lint"]).success();
}

/// Does what tfmigrate documents of `state` migrations with moves, by the terraform that it is told, and logs what it sees.
const TFMIGRATE: &str = r#"
echo "args $*" | sed "s|/[^ ]*/atmos-tfmigrate-[^ ]*|MADE|" >>"$LOG"
env | grep -E '^(ATMOS_TFMIGRATE|TF_CLI_ARGS_plan|ATMOS_STACK|ATMOS_COMPONENT=|ATMOS_TERRAFORM_WORKSPACE)' | sort >>"$LOG"
action=$1 config=.tfmigrate.hcl file=
shift
while [ $# -gt 0 ]; do
    case $1 in
        --config) config=$2; shift ;;
        --*) ;;
        *) file=$1 ;;
    esac
    shift
done
[ -n "$FAIL" ] && exit "$FAIL"
folder=$(sed -n 's/.*migration_dir *= *"\(.*\)"/\1/p' "$config")
history=$(sed -n 's/.*path *= *"\(.*\)"/\1/p' "$config")
[ -f "$history" ] && [ -z "$file" ] && exit 0
for migration in "$folder"/${file:-*.hcl}; do
    sed -n 's/.*"mv \([^ ]*\) \([^ ]*\)".*/\1 \2/p' "$migration" | while read -r from to; do
        if [ "$action" = apply ]; then eval "$TFMIGRATE_EXEC_PATH" state mv "$from" "$to" </dev/null; else echo "would move $from to $to"; fi
    done
done
if [ "$action" = apply ]; then eval "$TFMIGRATE_EXEC_PATH" plan -detailed-exitcode && echo '{}' >"$history"; fi
"#;

const MODULE: &str =
    "variable \"stage\" {}\nvariable \"name\" {}\nresource \"terraform_data\" \"NAME\" {\n  input = var.name\n}\n";

fn migrating() -> Sandbox {
    let mut sandbox = sandbox().with_terraform();
    program(&mut sandbox, "tfmigrate", TFMIGRATE);
    sandbox.write(&format!("{FOLDER}/main.tf"), &MODULE.replace("NAME", "old"));
    sandbox
}

fn states(sandbox: &Sandbox, stack: &str) -> String {
    sandbox.atmos(&["terraform", "state", "list", "app", "-s", stack]).success().stdout
}

#[test]
fn states_are_migrated_in_the_prepared_folder() {
    let sandbox = migrating();
    for stack in ["dev", "prod"] {
        sandbox.atmos(&["terraform", "apply", "app", "-s", stack, "-auto-approve"]).success();
    }
    sandbox.write(&format!("{FOLDER}/main.tf"), &MODULE.replace("NAME", "new"));
    sandbox.write(
        &format!("{FOLDER}/migrations/1.hcl"),
        "migration \"state\" \"rename\" {\n  actions = [\n    \"mv terraform_data.old terraform_data.new\",\n  ]\n}\n",
    );
    let plan = sandbox.atmos(&["terraform", "migrate", "plan", "app", "-s", "dev"]).success();
    assert!(plan.stdout.contains("would move terraform_data.old"), "{plan}");
    let varfile = sandbox.repo().join(FOLDER).join("dev-app.terraform.tfvars.json");
    assert_eq!(
        logged(&sandbox),
        [
            "args plan --config MADE",
            "ATMOS_COMPONENT=app",
            "ATMOS_STACK=dev",
            "ATMOS_TERRAFORM_WORKSPACE=dev",
            "ATMOS_TFMIGRATE_HISTORY_KEY=tfmigrate/dev/app/dev/history.json",
            "ATMOS_TFMIGRATE_HISTORY_NAMESPACE=tfmigrate/dev/app/dev",
            "ATMOS_TFMIGRATE_HISTORY_PATH=tfmigrate/dev/app/dev/history.json",
            "ATMOS_TFMIGRATE_HISTORY_STORAGE=local",
            &format!("TF_CLI_ARGS_plan=-var-file={}", varfile.display()),
        ]
    );
    assert_eq!(states(&sandbox, "dev"), "terraform_data.old\n");
    sandbox.atmos(&["terraform", "migrate", "apply", "--all"]).success();
    for stack in ["dev", "prod"] {
        assert_eq!(states(&sandbox, stack), "terraform_data.new\n", "{stack}");
        let history = format!("{FOLDER}/tfmigrate/{stack}/app/{stack}/history.json");
        assert!(sandbox.repo().join(&history).is_file(), "{history}");
    }
    sandbox.atmos(&["terraform", "plan", "app", "-s", "prod", "-detailed-exitcode"]).success();
    assert!(Sandbox::files_below(&sandbox.root().join("tmp")).is_empty(), "the made configuration is gone");
}

#[test]
fn migrations_are_called_as_they_are_asked_for() {
    let mut sandbox = migrating();
    sandbox.record(&["TERRAFORM"]);
    let nothing = sandbox.atmos(&["terraform", "migrate", "plan", "app", "-s", "dev"]).success();
    nothing.says("No migrations found for app in dev");
    assert_eq!((sandbox.calls(), logged(&sandbox)), (Vec::<String>::new(), Vec::<String>::new()));
    sandbox.write(&format!("{FOLDER}/migrations/1.hcl"), "");
    let args = |sandbox: &Sandbox| logged(sandbox).into_iter().find(|line| line.starts_with("args")).unwrap();
    for (flags, expected) in [
        (&["--migration", "migrations/1.hcl"][..], "args plan --config MADE 1.hcl"),
        (
            &["--backend-config=a=b", "--backend-config", "c=d"],
            "args plan --config MADE --backend-config=a=b --backend-config=c=d",
        ),
        (&["--tfmigrate-config", "own.hcl", "--migration=x.hcl"], "args plan --config own.hcl x.hcl"),
        (&["--", "--out=plan.json"], "args plan --config MADE --out=plan.json"),
    ] {
        sandbox.write(&format!("{FOLDER}/own.hcl"), "");
        sandbox.atmos(&[&["terraform", "migrate", "plan", "app", "-s", "dev"], flags].concat());
        assert_eq!(args(&sandbox), expected);
    }
    sandbox.write(
        &format!("{FOLDER}/.tfmigrate.hcl"),
        "storage \"local\" {\n  path = \"kept/${env.ATMOS_STACK}/h.json\"\n}\n",
    );
    sandbox.atmos(&["terraform", "migrate", "apply", "app", "-s", "dev"]);
    assert_eq!(args(&sandbox), "args apply");
    assert!(sandbox.repo().join(FOLDER).join("kept/dev").is_dir());
    let failed = sandbox.atmos_with(&[("FAIL", "3")], &["terraform", "migrate", "plan", "app", "-s", "dev"]);
    failed.exits(3).says("subcommand exited with code 3");
    let dry = sandbox.atmos(&["terraform", "migrate", "apply", "app", "-s", "dev", "--dry-run"]).success();
    dry.says("Would migrate apply app in dev (dry run)");
    let _ = (sandbox.calls(), logged(&sandbox));
    sandbox.set("PATH", "/usr/bin:/bin");
    let missing = sandbox.atmos(&["terraform", "migrate", "plan", "app", "-s", "dev"]).exits(1);
    missing.says("process start failed: `tfmigrate`");
    assert_eq!(sandbox.calls(), Vec::<String>::new());
}

#[test]
fn a_locked_component_is_not_migrated() {
    let sandbox = migrating();
    let before = sandbox.read("stacks/dev.yaml");
    sandbox.write("stacks/dev.yaml", &before.replace("app: {", "app: {metadata: {locked: true}, "));
    sandbox.write(&format!("{FOLDER}/migrations/1.hcl"), "");
    sandbox.atmos(&["terraform", "migrate", "apply", "app", "-s", "dev"]).exits(1).says("locked component");
    sandbox.atmos(&["terraform", "migrate", "plan", "app", "-s", "dev"]).success();
    sandbox.atmos(&["terraform", "migrate", "plan", "base", "-s", "dev"]).exits(1).says("abstract component");
}

#[test]
fn hooks_migrate_before_a_plan_and_an_apply() {
    let sandbox = migrating();
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "-auto-approve"]).success();
    sandbox.write(&format!("{FOLDER}/main.tf"), &MODULE.replace("NAME", "new"));
    sandbox.write(&format!("{FOLDER}/migrations/1.hcl"), "actions = [\"mv terraform_data.old terraform_data.new\"]\n");
    let before = sandbox.read("stacks/dev.yaml");
    let hook = |text: &str| {
        let hooks = format!("app: {{hooks: {{move: {{kind: tfmigrate, {text}}}}}, ");
        sandbox.write("stacks/dev.yaml", &before.replace("app: {", &hooks));
    };
    let run = |verb: &str| -> Outcome {
        let words = ["terraform", verb, "app", "-s", "dev"];
        let approve: &[&str] = if verb == "apply" { &["-auto-approve"] } else { &[] };
        sandbox.atmos(&[&words[..], approve].concat())
    };
    hook("events: [before.terraform.plan], mode: apply");
    run("plan").exits(1).says("at `before.terraform.plan` there is nothing to migrate");
    hook("events: [after.terraform.plan]");
    run("plan").exits(1).says("at `after.terraform.plan` there is nothing to migrate");
    hook("events: [before.terraform.plan, before.terraform.apply]");
    let plan = run("plan").success();
    assert!(plan.stdout.contains("would move terraform_data.old"), "{plan}");
    assert_eq!(states(&sandbox, "dev"), "terraform_data.old\n");
    let applied = run("apply").success();
    assert!(applied.stdout.contains("0 added, 0 changed, 0 destroyed"), "{applied}");
    assert_eq!(states(&sandbox, "dev"), "terraform_data.new\n");
    let failed = sandbox.atmos_with(&[("FAIL", "4")], &["terraform", "plan", "app", "-s", "dev"]).exits(4);
    failed.says("hook (kind tfmigrate) failed");
}

#[test]
fn the_list_says_where_migrations_are_recorded() {
    let sandbox = sandbox();
    sandbox.write(
        "stacks/prod.yaml",
        "vars: {stage: prod}\nterraform:\n  backend_type: s3\n  backend: {s3: {bucket: b, region: eu-west-1, assume_role: {role_arn: 'arn:r'}}}\n\
         components:\n  terraform:\n    net: {metadata: {component: app}, hooks: {z: {kind: tfmigrate, migration: 1.hcl}}}\n",
    );
    let list = |args: &[&str]| sandbox.atmos(&[&["terraform", "migrate", "list"], args].concat()).success();
    let json = list(&["-f", "json"]).json();
    let rows: Vec<(&str, &str)> = json
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["Component"].as_str().unwrap(), row["Stack"].as_str().unwrap()))
        .collect();
    assert_eq!(rows, [("app", "dev"), ("other", "dev"), ("net", "prod")]);
    let net = &json[2];
    assert_eq!(
        (net["Hook"].as_str(), net["Mode"].as_str(), net["Migration"].as_str(), net["History Bucket"].as_str()),
        (Some("z"), Some("dynamic"), Some("1.hcl"), Some("b"))
    );
    assert_eq!(net["History Key"], "tfmigrate/prod/app/prod-net/history.json");
    assert_eq!(net["History Role ARN"], "arn:r");
    assert_eq!(
        list(&["other", "-f", "csv", "--no-header", "--columns", "component,terraform_backend"]).stdout,
        "other,local\n"
    );
    let asked = list(&[
        "--query",
        ".backend_type == \"s3\"",
        "-f",
        "tsv",
        "--no-header",
        "--columns",
        "component",
        "--columns",
        "mode",
    ]);
    assert_eq!(asked.stdout, "net\tdynamic\n");
    sandbox.atmos(&["terraform", "migrate", "list", "--columns", "nonsense"]).exits(1);
}
