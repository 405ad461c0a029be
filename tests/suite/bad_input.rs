//! Wrong input: a diagnostic that names the place and the next step, the right exit code, nothing half written.

use crate::support::{BY_STAGE, Sandbox};

/// Scenario, arguments, exit code, phrases that stderr must contain.
type Row = (&'static str, &'static [&'static str], i32, &'static [&'static str]);

const PLAN: &[&str] = &["terraform", "plan", "app", "-s", "dev"];
const DESCRIBE: &[&str] = &["describe", "component", "app", "-s", "dev"];
const LIST: &[&str] = &["list", "stacks"];

const TABLE: &[Row] = &[
    ("missing-atmos-yaml", DESCRIBE, 1, &["atmos configuration not found or invalid", "atmos.yaml"]),
    ("missing-atmos-yaml", PLAN, 1, &["atmos configuration not found or invalid"]),
    ("atmos-yaml-invalid", LIST, 1, &["failed to read config", "atmos.yaml:5"]),
    ("atmos-yaml-invalid", PLAN, 1, &["failed to read config", "atmos.yaml:5"]),
    ("stacks-not-configured", LIST, 1, &["stack base path must be provided"]),
    ("list-strategy-unknown", DESCRIBE, 1, &["sometimes"]),
    ("no-stacks", DESCRIBE, 1, &["no stack manifests found"]),
    ("stack-yaml-invalid", LIST, 1, &["invalid stack manifest", "orgs/dev.yaml:8"]),
    ("stack-yaml-invalid", PLAN, 1, &["invalid stack manifest", "orgs/dev.yaml:8"]),
    ("duplicate-key", DESCRIBE, 1, &["invalid stack manifest", "orgs/dev.yaml:8:9", "size"]),
    ("not-a-mapping", DESCRIBE, 1, &["invalid stack manifest", "orgs/dev.yaml:1:1"]),
    ("import-missing", DESCRIBE, 1, &["stack import not found", "catalog/nowhere", "orgs/dev.yaml:2:5"]),
    ("import-missing", PLAN, 1, &["stack import not found", "catalog/nowhere", "orgs/dev.yaml:2:5"]),
    ("import-self", DESCRIBE, 1, &["stack manifest imports itself", "orgs/dev.yaml:2:5"]),
    (
        "import-cycle",
        DESCRIBE,
        1,
        &["catalog/one", "catalog/two", "catalog/three", "circular stack import", ".yaml:2:5"],
    ),
    ("import-not-a-list", DESCRIBE, 1, &["invalid import section", "orgs/dev.yaml:1"]),
    ("section-of-wrong-type", DESCRIBE, 1, &["invalid vars section", "orgs/dev.yaml:1"]),
    ("base-unknown", DESCRIBE, 1, &["component not defined in any config files", "nobody", "orgs/dev.yaml:7"]),
    ("base-cycle", DESCRIBE, 1, &["circular component inheritance", "first", "second"]),
    ("backend-type-mismatch", DESCRIBE, 1, &["backend_type does not match any key configured under backend", "gcs"]),
    ("duplicate-component", DESCRIBE, 1, &["duplicate component configuration", "orgs/dev", "orgs/dev-too"]),
    (
        "name-variables-missing",
        &["terraform", "plan", "app", "-s", "acme-dev"],
        1,
        &["Could not find the component", "acme-dev"],
    ),
    ("abstract-component", PLAN, 1, &["abstract component cannot be provisioned", "app"]),
    ("locked-component", &["terraform", "deploy", "app", "-s", "dev"], 1, &["locked component cannot be provisioned"]),
    ("component-folder-missing", PLAN, 1, &["invalid Terraform component", "nowhere", "does not exist"]),
    ("dependency-cycle", &["terraform", "plan", "--all", "-s", "dev"], 1, &["circular dependency detected"]),
    ("terraform-missing", PLAN, 1, &["process start failed", "no-such-terraform"]),
    ("template", DESCRIBE, 1, &["orgs/dev.yaml:7:15", "template"]),
    ("template", PLAN, 1, &["orgs/dev.yaml:7:15"]),
    ("function", DESCRIBE, 1, &["orgs/dev.yaml:7:15", "terraform.output"]),
    ("function", PLAN, 1, &["orgs/dev.yaml:7:15", "terraform.output"]),
    ("identity-unknown", PLAN, 1, &["identity not found", "raeder", "reader", "orgs/dev.yaml:8"]),
    ("identity-unknown", &["auth", "whoami", "-i", "nobody"], 1, &["identity not found", "nobody", "auth list"]),
    ("identity-unknown", &["auth", "login", "--provider", "nobody"], 1, &["provider not found"]),
    ("identity-unknown", &["terraform", "plan", "app", "-s", "dev", "--identity"], 1, &["requires a TTY"]),
    ("identity-default-missing", PLAN, 1, &["no default identity configured for authentication"]),
    ("identity-default-missing", &["auth", "whoami"], 1, &["no default identity configured for authentication"]),
    ("identity-default-twice", PLAN, 1, &["multiple default identities found", "reader", "writer"]),
    ("identity-cycle", &["auth", "validate"], 1, &["one", "two"]),
    ("identity-cycle", PLAN, 1, &["identity cycle detected"]),
    ("identity-principal-missing", &["auth", "validate"], 2, &["account specification is required in principal"]),
    ("identity-principal-missing", PLAN, 2, &["account specification is required in principal"]),
    ("realm-invalid", &["auth", "whoami"], 1, &["invalid realm value", "Not A Realm"]),
];

/// The same for mistakes on the command line, in a repository without mistakes.
const COMMAND_LINE: &[Row] = &[
    ("no-auth", &["terraform", "plan", "nothing", "-s", "dev"], 1, &["Could not find the component", "nothing", "dev"]),
    ("no-auth", &["describe", "component", "nothing", "-s", "dev"], 1, &["Could not find the component", "nothing"]),
    ("no-auth", &["terraform", "plan", "app", "-s", "nowhere"], 1, &["nowhere"]),
    ("no-auth", &["terraform", "plan", "-s", "nowhere"], 1, &["invalid stack", "nowhere", "dev"]),
    ("no-auth", &["terraform", "plan", "app"], 1, &["stack is required", "--stack"]),
    ("no-auth", &["terraform", "plan", "app", "-s", "dev", "--no-such-flag"], 1, &["--no-such-flag"]),
    ("no-auth", &["terraform", "nonsense", "app", "-s", "dev"], 1, &["nonsense"]),
    ("no-auth", &["nonsense"], 1, &["nonsense"]),
    ("no-auth", &["describe", "component", "app"], 1, &["stack"]),
    ("no-auth", &["describe", "component", "app", "-s", "dev", "--format", "xml"], 1, &["invalid format", "xml"]),
    (
        "no-auth",
        &["terraform", "plan", "app", "-s", "dev", "--identity", "someone"],
        1,
        &["authentication not configured"],
    ),
    ("no-auth", &["terraform", "plan", "app", "--all", "-s", "dev"], 1, &["--all"]),
    ("no-auth", &["--config", "nowhere.yaml", "list", "stacks"], 1, &["file not found", "nowhere.yaml"]),
    ("no-auth", &["--chdir", "nowhere", "list", "stacks"], 1, &["workdir does not exist"]),
    ("no-auth", &["--logs-level", "Loud", "list", "stacks"], 1, &["invalid log level"]),
    ("no-auth", &["auth", "login"], 1, &["no providers available"]),
];

fn check(row: &Row) -> Result<(), String> {
    let (scenario, args, code, phrases) = row;
    let folder = if *scenario == "no-auth" { (*scenario).to_owned() } else { format!("bad-input/{scenario}") };
    let mut sandbox = Sandbox::scenario(&folder);
    if *scenario == "terraform-missing" {
        sandbox.remove("ATMOS_COMPONENTS_TERRAFORM_COMMAND");
    }
    let before = Sandbox::files_below(&sandbox.repo());
    let outcome = sandbox.atmos(args);
    let mut wrong = Vec::new();
    if outcome.code() != *code {
        wrong.push(format!("exit {} instead of {code}", outcome.code()));
    }
    wrong.extend(
        phrases.iter().filter(|phrase| !outcome.mentions(phrase)).map(|phrase| format!("does not say `{phrase}`")),
    );
    if outcome.stderr.contains("panicked") {
        wrong.push("panicked".to_owned());
    }
    if !outcome.stdout.is_empty() {
        wrong.push("writes to stdout".to_owned());
    }
    // A varfile or a backend file is written completely or not at all; a refused run writes none, except that
    // terraform-missing is only found out afterwards.
    let after = Sandbox::files_below(&sandbox.repo());
    if after != before && *scenario != "terraform-missing" {
        let more: Vec<_> = after.iter().filter(|file| !before.contains(file)).collect();
        wrong.push(format!("leaves {more:?}"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("{scenario}: {}\n{outcome}", wrong.join("; "))) }
}

fn check_all(table: &[Row]) {
    let failures: Vec<_> = table.iter().filter_map(|row| check(row).err()).collect();
    assert!(failures.is_empty(), "{} of {} rows:\n\n{}", failures.len(), table.len(), failures.join("\n"));
}

#[test]
fn mistakes_in_the_repository_are_reported_with_their_place() {
    check_all(TABLE);
}

#[test]
fn mistakes_on_the_command_line_are_reported() {
    check_all(COMMAND_LINE);
}

/// A template that nobody needs, a tag in another component: what is not asked for does not fail.
#[test]
fn mistakes_that_a_command_does_not_need_do_not_stop_it() {
    for scenario in ["template", "function"] {
        let sandbox = Sandbox::scenario(&format!("bad-input/{scenario}"));
        sandbox.atmos(&["describe", "component", "plain", "-s", "dev"]).success();
        sandbox.atmos(LIST).success();
    }
}

#[test]
fn version_and_help_work_whatever_is_wrong() {
    for scenario in ["atmos-yaml-invalid", "missing-atmos-yaml", "stack-yaml-invalid"] {
        let sandbox = Sandbox::scenario(&format!("bad-input/{scenario}"));
        let version = sandbox.atmos(&["version"]).success();
        assert!(version.stdout.contains(env!("CARGO_PKG_VERSION")), "{version}");
        sandbox.atmos(&["--help"]).success();
        sandbox.atmos(&["terraform", "plan", "--help"]).success();
    }
}

#[test]
fn closed_pipe_on_stdout_is_no_error() {
    let sandbox = Sandbox::example();
    let atmos = env!("CARGO_BIN_EXE_atmos");
    let mut piped = sandbox.command("/bin/sh");
    piped.args(["-c", &format!("({atmos} describe stacks; echo status $? >&2) | head -c 1 >/dev/null")]);
    let outcome = sandbox.start(piped, "").wait();
    assert!(!outcome.stderr.contains("panicked"), "{outcome}");
    assert!(outcome.stderr.contains("status 0"), "{outcome}");
}

#[test]
fn what_goes_wrong_with_a_local_is_placed_there() {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", BY_STAGE);
    for (local, phrase) in
        [("!exec \"exit 3\"", "exit status: 3"), ("!bogus x", "!bogus"), ("'!exec exit 3'", "exit status: 3")]
    {
        let manifest = format!(
            "locals:\n  account: {local}\nvars: {{stage: dev}}\n\
             components: {{terraform: {{c: {{vars: {{w: \"{{{{ .locals.account }}}}\"}}}}}}}}\n"
        );
        sandbox.write("stacks/dev.yaml", &manifest);
        let outcome = sandbox.atmos(&["describe", "component", "c", "-s", "dev"]).exits(1);
        outcome.says(phrase).says("vars.w").says("stacks/dev.yaml:2:12");
    }
}

#[test]
fn small_mistakes_are_called_by_their_name() {
    let sandbox = Sandbox::empty();
    let by_pattern = "stacks: {base_path: stacks, included_paths: ['*'], name_pattern: '{stage}'}\n";
    sandbox.write("atmos.yaml", by_pattern);
    sandbox.write("stacks/dev.yaml", "vars: {stage: 010}\ncomponents: {terraform: {c: {}}}\n");
    let outcome = sandbox.atmos(&["validate", "stacks"]).exits(1);
    outcome.says("of type integer").says("stacks/dev.yaml:1:15").says("write \"010\"");
    sandbox.atmos(&["describe", "component", "c", "-s", "010"]).exits(1).says("write \"010\"");
    // The path of the base counts wherever it is said.
    for (variables, words) in [
        (vec![("ATMOS_BASE_PATH", ".")], vec!["describe", "config", "-q", ".base_path"]),
        (vec![], vec!["--base-path", ".", "describe", "config", "-q", ".base_path"]),
    ] {
        assert_eq!(sandbox.atmos_with(&variables, &words).success().stdout, "\".\"\n");
    }
    sandbox.write("stacks/dev.yaml", "vars: {stage: dev}\ncomponents: {terraform: {c: {}}}\n");
    let filter = [("ATMOS_DESCRIBE_COMPONENT_FILTER", "ful")];
    let outcome = sandbox.atmos_with(&filter, &["describe", "component", "c", "-s", "dev"]).success();
    outcome.says("`describe.component.filter` is `ful`").says("did you mean `full`?");
    sandbox.write("atmos.yaml", &format!("{by_pattern}import: [\"conf/n?pe/*.yaml\"]\n"));
    sandbox.atmos(&["list", "stacks"]).success().says("path=conf/n?pe/*.yaml:");
    sandbox.write(
        "atmos.yaml",
        "stacks: {base_path: stacks, included_paths: ['*'], name_template: '{{ .vars.stage }}'}\n",
    );
    sandbox.atmos(&["describe", "component", "..", "-s", "dev"]).exits(2).says("`components.*.base_path` is not set");
    sandbox.write("atmos.yaml", "stacks: {base_path: stacks\n");
    sandbox.atmos(&["list", "stacks"]).exits(1).says("atmos.yaml:1:27").says("'}'");
}
