//! What `atmos terraform` passes on is what terraform itself says: bytes of both streams and the exit code.

use std::process::Stdio;

use crate::support::Sandbox;

const FOLDER: &str = "components/terraform/app";
const MODULE: &str = "\
variable \"name\" {
  type    = string
  default = \"one\"
}
resource \"terraform_data\" \"a\" {
  input = var.name
}
output \"name\" {
  value = terraform_data.a.output
}
output \"map\" {
  value = { b = [1, 2] }
}
";

/// Prepared: applied once, so that init and workspace selection have nothing to do.
fn sandbox() -> Sandbox {
    let sandbox = sandbox_with("{app: {vars: {name: one}}}").with_terraform();
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "-auto-approve"]).success();
    sandbox
}

fn sandbox_with(components: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write(
        "atmos.yaml",
        "base_path: .\nstacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}\ncomponents: {terraform: {base_path: \
         components/terraform, auto_generate_backend_file: true, deploy_run_init: true}}\n",
    );
    sandbox.write(
        "stacks/dev.yaml",
        &format!(
            "vars: {{stage: dev}}\nterraform: {{backend_type: local, backend: {{local: {{}}}}}}\ncomponents: {{terraform: {components}}}\n"
        ),
    );
    sandbox.write(&format!("{FOLDER}/main.tf"), MODULE);
    sandbox.write(&format!("{FOLDER}/stage.tf"), "variable \"stage\" {\n  default = \"\"\n}\n");
    sandbox
}

/// Code and both streams of a command on its own.
fn bare(sandbox: &Sandbox, words: &[&str]) -> (Option<i32>, String, String) {
    let program = sandbox.environment().get("ATMOS_COMPONENTS_TERRAFORM_COMMAND").unwrap().clone();
    let mut command = sandbox.command(std::path::Path::new(&program));
    command.args(words).current_dir(sandbox.repo().join(FOLDER)).env("TF_IN_AUTOMATION", "true").stdin(Stdio::null());
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn twenty_commands_say_what_terraform_says() {
    let sandbox = sandbox();
    let table: &[(&[&str], &[&str])] = &[
        (&["output", "app"], &["output"]),
        (&["output", "app", "-json"], &["output", "-json"]),
        (&["output", "app", "-raw", "name"], &["output", "-raw", "name"]),
        (&["output", "app", "--", "map"], &["output", "map"]),
        (&["output", "app", "nothing"], &["output", "nothing"]),
        (&["show", "app"], &["show"]),
        (&["show", "app", "-json"], &["show", "-json"]),
        (&["show", "app", "no.plan"], &["show", "no.plan"]),
        (&["state", "list", "app"], &["state", "list"]),
        (&["state", "show", "app", "terraform_data.a"], &["state", "show", "terraform_data.a"]),
        (&["state", "show", "app", "terraform_data.b"], &["state", "show", "terraform_data.b"]),
        (&["state", "pull", "app"], &["state", "pull"]),
        (&["validate", "app"], &["validate"]),
        (&["validate", "app", "-json"], &["validate", "-json"]),
        (&["fmt", "app", "-check"], &["fmt", "-check"]),
        (&["graph", "app"], &["graph"]),
        (&["providers", "app"], &["providers"]),
        (&["providers", "schema", "app", "-json"], &["providers", "schema", "-json"]),
        (&["modules", "app", "-json"], &["modules", "-json"]),
        (&["metadata", "app", "--", "functions", "-json"], &["metadata", "functions", "-json"]),
        (&["workspace", "list", "app", "--skip-init"], &["workspace", "list"]),
        (&["workspace", "show", "app", "--skip-init"], &["workspace", "show"]),
        (&["taint", "app", "terraform_data.b"], &["taint", "terraform_data.b"]),
        (&["force-unlock", "app", "-force", "1"], &["force-unlock", "-force", "1"]),
        // Last: it writes a list of modules, after which the next command has reason to init.
        (&["get", "app"], &["get"]),
    ];
    assert!(table.len() >= 20);
    let mut wrong = Vec::new();
    println!("| atmos | terraform | code | stdout | stderr | the same |\n|---|---|---|---|---|---|");
    for (words, native) in table {
        let (own, rest) = words.split_at(words.iter().position(|word| *word == "--").unwrap_or(words.len()));
        let args = [&["terraform"], own, &["-s", "dev"], rest].concat();
        let through = sandbox.atmos(&args);
        let (code, stdout, stderr) = bare(&sandbox, native);
        // A failure has our own line behind terraform's.
        let same = through.stdout == stdout && through.stderr.starts_with(&stderr) && Some(through.code()) == code;
        let clean = code != Some(0) || through.stderr == stderr;
        println!(
            "| `atmos {}` | `terraform {}` | {} | {} bytes | {} bytes | {} |",
            args.join(" "),
            native.join(" "),
            code.unwrap_or(-1),
            stdout.len(),
            stderr.len(),
            if !(same && clean) {
                "no"
            } else if code == Some(0) {
                "yes"
            } else {
                "yes, and a line of our own behind it"
            }
        );
        if !(same && clean) {
            wrong.push(format!("{args:?}\n--- terraform {code:?}\n{stdout}\n{stderr}\n{through}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn recorded() -> Sandbox {
    let mut sandbox = sandbox_with("{app: {}, app2: {metadata: {component: app}}}");
    sandbox.record(&["TERRAFORM"]);
    sandbox
}

#[track_caller]
fn last_call(sandbox: &Sandbox) -> String {
    let calls = sandbox.calls();
    calls.last().unwrap_or_else(|| panic!("nothing was called")).clone()
}

#[test]
fn flags_may_stand_before_the_subcommand_and_twice() {
    let sandbox = recorded();
    for line in [
        "terraform -s dev plan app",
        "tf --stack=dev --skip-init plan app",
        "terraform plan app -s none -s dev",
        "terraform -s none plan app -s dev",
    ] {
        sandbox.atmos(&line.split(' ').collect::<Vec<_>>()).success();
        let call = last_call(&sandbox);
        assert!(call.contains("plan -var-file dev-app.terraform.tfvars.json"), "{line}: {call}");
    }
    sandbox.atmos(&["terraform", "--dry-run", "-s", "dev", "plan", "app"]).success().says("Would plan app in dev");
    assert_eq!(sandbox.calls(), Vec::<String>::new());
    sandbox.atmos(&["terraform", "-s", "dev", "generate", "varfile", "app"]).success();
    let mistyped = sandbox.atmos(&["terraform", "plan", "app", "-s", "dev", "-skip-planfile"]).exits(1);
    mistyped.says("unknown flag: -skip-planfile").says("did you mean `--skip-planfile`?");
}

#[test]
fn a_dry_run_of_the_state_reaches_terraform() {
    let sandbox = sandbox();
    let state = |words: &[&str]| sandbox.atmos(&[&["terraform", "state"], words, &["-s", "dev"]].concat());
    let removed = state(&["rm", "app", "-dry-run", "terraform_data.a"]).success();
    assert!(removed.stdout.contains("Would remove terraform_data.a"), "{removed}");
    let moved = state(&["mv", "app", "terraform_data.a", "terraform_data.b", "-dry-run"]).success();
    assert!(moved.stdout.contains("Would move"), "{moved}");
    assert_eq!(state(&["list", "app"]).success().stdout, "terraform_data.a\n");
}

#[test]
fn the_status_of_a_plan_is_told_and_not_uploaded() {
    let sandbox = sandbox();
    let plan = |more: &[&str]| sandbox.atmos(&[&["terraform", "plan", "app", "-s", "dev"], more].concat());
    plan(&["--upload-status"]).exits(0).says("the status is not uploaded");
    plan(&["--upload-status", "-var", "name=two"]).exits(2).says_not("exited with code");
    plan(&["--upload-status=false", "-var", "name=two"]).exits(0).says_not("not uploaded");
    let env = [("ATMOS_TERRAFORM_PLAN_UPLOAD_STATUS", "true")];
    sandbox.atmos_with(&env, &["terraform", "plan", "app", "-s", "dev", "-var", "name=two"]).exits(2);
    // Other commands know no such status.
    sandbox.atmos(&["terraform", "validate", "app", "-s", "dev", "--upload-status"]).success();
}

#[test]
fn a_path_that_may_be_a_name_is_told_apart_by_it() {
    let sandbox = recorded();
    sandbox.atmos(&["terraform", "plan", "components/terraform/app", "-s", "dev"]).success();
    let call = last_call(&sandbox);
    assert!(call.contains("dev-app.terraform.tfvars.json"), "{call}");
    let explicit = sandbox.atmos(&["terraform", "plan", "./components/terraform/app", "-s", "dev"]);
    explicit.exits(2).says("ambiguous component path");
}

#[test]
fn one_component_has_a_summary_too() {
    let sandbox = sandbox();
    let run = |words: &[&str]| {
        sandbox.atmos(&[&["terraform"], words, &["app", "-s", "dev", "--execution-summary-file", "one.json"]].concat())
    };
    let summary = || -> serde_json::Value {
        let json: serde_json::Value = serde_json::from_str(&sandbox.read("one.json")).unwrap();
        assert_eq!(json["results"].as_array().map(Vec::len), Some(1), "{json}");
        json["results"][0].clone()
    };
    run(&["plan"]).success().says_not("succeeded,");
    let one = summary();
    assert_eq!((&one["status"], &one["changed"]), (&"succeeded".into(), &false.into()), "{one}");
    run(&["plan", "-var", "name=two"]).success();
    let one = summary();
    assert_eq!((&one["changed"], &one["changes"]["change"]), (&true.into(), &1.into()), "{one}");
    run(&["plan", "-var", "nothing=1"]).exits(1);
    let one = summary();
    assert_eq!((&one["status"], &one["exit_code"]), (&"failed".into(), &1.into()), "{one}");
}

#[test]
fn bytes_behind_the_hyphens_are_passed_as_they_are() {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::PermissionsExt as _;
    let mut sandbox = recorded();
    let program = sandbox.root().join("says");
    std::fs::write(&program, "#!/bin/sh\nfor last; do :; done\nprintf %s \"$last\" >\"$SAID\"\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", &program);
    let said = sandbox.root().join("said");
    sandbox.set("SAID", &said);
    let mut command = sandbox.atmos_command(&["terraform", "plan", "app", "-s", "dev", "--"]);
    command.arg(std::ffi::OsStr::from_bytes(b"-var=name=a\xffb"));
    sandbox.start(command, "").wait().success();
    assert_eq!(std::fs::read(said).unwrap(), b"-var=name=a\xffb");
}

#[test]
fn a_memory_that_cannot_be_written_is_no_failure() {
    let sandbox = sandbox();
    let memory = sandbox.repo().join(FOLDER).join(".terraform/atmos.json");
    std::fs::remove_file(&memory).unwrap();
    std::fs::create_dir(&memory).unwrap();
    std::fs::write(memory.join("full"), "").unwrap();
    let output = sandbox.atmos(&["terraform", "output", "app", "-s", "dev", "-raw", "name"]).success();
    assert_eq!(output.stdout, "one");
    output.says("the next run prepares the folder again");
}
