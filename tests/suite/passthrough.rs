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
    let sandbox = Sandbox::empty().with_terraform();
    sandbox.write(
        "atmos.yaml",
        "base_path: .\nstacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}\ncomponents: {terraform: {base_path: \
         components/terraform, auto_generate_backend_file: true, deploy_run_init: true}}\n",
    );
    sandbox.write(
        "stacks/dev.yaml",
        "vars: {stage: dev}\nterraform: {backend_type: local, backend: {local: {}}}\ncomponents: {terraform: {app: {vars: {name: one}}}}\n",
    );
    sandbox.write(&format!("{FOLDER}/main.tf"), MODULE);
    sandbox.write(&format!("{FOLDER}/stage.tf"), "variable \"stage\" {\n  default = \"\"\n}\n");
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "-auto-approve"]).success();
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
    for (words, native) in table {
        let (own, rest) = words.split_at(words.iter().position(|word| *word == "--").unwrap_or(words.len()));
        let args = [&["terraform"], own, &["-s", "dev"], rest].concat();
        let through = sandbox.atmos(&args);
        let (code, stdout, stderr) = bare(&sandbox, native);
        // A failure has our own line behind terraform's.
        let same = through.stdout == stdout && through.stderr.starts_with(&stderr) && Some(through.code()) == code;
        let clean = code != Some(0) || through.stderr == stderr;
        if !(same && clean) {
            wrong.push(format!("{args:?}\n--- terraform {code:?}\n{stdout}\n{stderr}\n{through}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
