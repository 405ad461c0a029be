//! The whole way of a component with Terraform and with OpenTofu: each that is here does the same.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::{Outcome, Sandbox, each_terraform, find_part};

const FOLDER: &str = "components/terraform/app";
const MODULE: &str = "\
variable \"stage\" {}
variable \"text\" {
  default = \"\"
}
variable \"hidden\" {
  sensitive = true
  default   = \"\"
}
resource \"terraform_data\" \"it\" {
  input = var.text
}
output \"text\" {
  value = terraform_data.it.output
}
output \"list\" {
  value = [var.stage, 1, true]
}
output \"hidden\" {
  value     = var.hidden
  sensitive = true
}
";
const COMPONENTS: &str = "    app: {vars: {text: one, hidden: rather-secret-value}}
    twin: {metadata: {component: app}, vars: {text: two}}
    next:
      metadata: {component: other}
      vars: {text: !terraform.state app text}
      dependencies: {components: [{name: app}]}
    last:
      metadata: {component: other}
      vars: {text: !terraform.output next text}
      dependencies: {components: [{name: next}]}
";

/// A repository whose calls of the program are written down.
fn sandbox(program: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty();
    sandbox.write(
        "atmos.yaml",
        "base_path: .\nstacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}\n\
         components: {terraform: {base_path: components/terraform, auto_generate_backend_file: true, deploy_run_init: true}}\n",
    );
    let backend = "terraform: {backend_type: local, backend: {local: {}}}";
    sandbox
        .write("stacks/dev.yaml", &format!("vars: {{stage: dev}}\n{backend}\ncomponents:\n  terraform:\n{COMPONENTS}"));
    for folder in ["app", "other"] {
        sandbox.write(&format!("components/terraform/{folder}/main.tf"), MODULE);
    }
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$*\" >>\"$RECORD\"\nexec '{}' \"$@\"\n",
        find_part(program).unwrap().display()
    );
    let wrapper = sandbox.root().join(program);
    std::fs::write(&wrapper, script).unwrap();
    std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", &wrapper);
    let record = sandbox.root().join("record");
    sandbox.set("RECORD", record);
    sandbox
}

/// The sub-commands that the program got since the last look.
fn calls(sandbox: &Sandbox) -> Vec<String> {
    let words = |line: &str| line.split(' ').take_while(|word| !word.starts_with('-')).collect::<Vec<_>>().join(" ");
    sandbox.calls().iter().map(|line| words(line)).collect()
}

#[track_caller]
fn prints(outcome: &Outcome, text: &str) {
    assert!(outcome.code() == 0 && outcome.stdout.contains(text), "{text}: {outcome}");
}

fn terraform(sandbox: &Sandbox, words: &[&str]) -> Outcome {
    let (own, rest) = words.split_at(words.iter().position(|word| *word == "--").unwrap_or(words.len()));
    sandbox.atmos(&[&["terraform"], own, &["-s", "dev"], rest].concat())
}

#[test]
fn each_implementation_goes_the_whole_way_of_a_component() {
    each_terraform(|program| {
        let sandbox = sandbox(program);
        prints(&terraform(&sandbox, &["plan", "app"]), "1 to add");
        assert_eq!(calls(&sandbox), ["init", "workspace select", "plan"], "{program}");
        let varfile = sandbox.read(&format!("{FOLDER}/dev-app.terraform.tfvars.json"));
        assert!(!varfile.contains("rather-secret-value"), "{varfile}");
        terraform(&sandbox, &["apply", "app", "--from-plan"]).success().says_not("rather-secret-value");
        assert_eq!(calls(&sandbox), ["apply dev-app.planfile"], "nothing has to be prepared again: {program}");
        assert_eq!(terraform(&sandbox, &["output", "app", "-raw", "text"]).success().stdout, "one");
        prints(&terraform(&sandbox, &["plan", "app"]), "No changes.");
        assert_eq!(calls(&sandbox), ["output", "plan"], "{program}");
        let outputs = terraform(&sandbox, &["output", "app", "--format", "json"]).success().json();
        assert_eq!((&outputs["text"], &outputs["list"]), (&json!("one"), &json!(["dev", 1, true])), "{program}");
        assert!(!outputs.to_string().contains("rather-secret-value"), "{outputs}");
        assert_eq!(terraform(&sandbox, &["state", "list", "app"]).success().stdout, "terraform_data.it\n");
        let shown = terraform(&sandbox, &["show", "app", "-json"]).success().json();
        assert_eq!(shown["values"]["outputs"]["text"]["value"], json!("one"), "{program}");
        let pulled = terraform(&sandbox, &["state", "pull", "app"]).success().json();
        assert_eq!(pulled["version"], json!(4), "{program}");
        terraform(&sandbox, &["validate", "app"]).success();
        let evaluated = terraform(&sandbox, &["workspace", "list", "app"]).success();
        assert!(evaluated.stdout.contains("* dev"), "{evaluated}");
        let console = sandbox.atmos_command(&["terraform", "console", "app", "-s", "dev"]);
        assert!(sandbox.start(console, "var.text\n").wait().success().stdout.contains("\"one\""), "{program}");
        terraform(&sandbox, &["plan", "app", "-detailed-exitcode", "-var", "text=new"]).exits(2);
        terraform(&sandbox, &["destroy", "app", "-auto-approve"]).success();
        assert_eq!(terraform(&sandbox, &["state", "list", "app"]).success().stdout, "");
        terraform(&sandbox, &["clean", "app", "--force"]).success();
        assert!(!sandbox.repo().join(FOLDER).join(".terraform").exists(), "{program}");
    });
}

#[test]
fn each_implementation_keeps_instances_of_one_folder_apart() {
    each_terraform(|program| {
        let sandbox = sandbox(program);
        for round in 0..2 {
            for (component, workspace) in [("app", "dev"), ("twin", "dev-twin")] {
                terraform(&sandbox, &["deploy", component]).success().says_not("migrate");
                let environment = sandbox.read(&format!("{FOLDER}/.terraform/environment"));
                assert_eq!(environment, workspace, "{program} {round}");
            }
        }
        assert_eq!(terraform(&sandbox, &["output", "app", "-raw", "text"]).success().stdout, "one");
        assert_eq!(terraform(&sandbox, &["output", "twin", "-raw", "text"]).success().stdout, "two");
        // What init reads has changed; what it does not read has not.
        calls(&sandbox);
        sandbox.write(&format!("{FOLDER}/more.tf"), "module \"m\" {\n  source = \"./m\"\n}\n");
        sandbox.write(&format!("{FOLDER}/m/main.tf"), "");
        terraform(&sandbox, &["plan", "twin"]).success();
        terraform(&sandbox, &["plan", "twin"]).success();
        assert_eq!(calls(&sandbox).iter().filter(|call| *call == "init").count(), 1, "{program}");
    });
}

#[test]
fn each_implementation_runs_many_in_their_order_and_gives_their_outputs_on() {
    each_terraform(|program| {
        let sandbox = sandbox(program);
        let all = |words: &[&str]| sandbox.atmos(&[&["terraform"], words, &["--all"]].concat());
        all(&["apply", "-auto-approve"]).success().says("4 succeeded");
        let described = sandbox.atmos(&["describe", "component", "last", "-s", "dev", "--query", ".vars.text"]);
        assert_eq!(described.success().stdout.trim(), "one", "{program}");
        let again = all(&["plan", "--max-concurrency", "2"]).success();
        assert_eq!(again.stdout.matches("No changes.").count(), 4, "{program} {again}");
        let destroyed = all(&["destroy", "-auto-approve"]).success();
        let at = |component: &str| destroyed.stderr.find(&format!("\n{component} in dev\n")).expect("it is announced");
        assert!(at("last") < at("next") && at("next") < at("app"), "{program} {destroyed}");
        for folder in ["app", "other"] {
            let states = sandbox.repo().join(format!("components/terraform/{folder}/terraform.tfstate.d"));
            for file in Sandbox::files_below(&states).iter().filter(|file| file.ends_with("terraform.tfstate")) {
                let state: serde_json::Value =
                    serde_json::from_slice(&std::fs::read(states.join(file)).unwrap()).unwrap();
                assert_eq!(state["resources"], json!([]), "{program} {}", file.display());
            }
        }
    });
}

#[test]
fn each_implementation_compares_and_saves_plans() {
    each_terraform(|program| {
        let sandbox = sandbox(program);
        terraform(&sandbox, &["plan", "app", "-out=first.plan"]).success();
        prints(&terraform(&sandbox, &["plan-diff", "app", "--orig", "first.plan"]), "identical");
        let changed = terraform(&sandbox, &["plan-diff", "app", "--orig", "first.plan", "--", "-var", "text=other"]);
        assert!(changed.exits(2).stdout.contains("other"), "{program}");
        terraform(&sandbox, &["generate", "planfile", "app", "--format", "json", "--file", "plan.json"]).success();
        let text = Sandbox::files_below(&sandbox.repo()).into_iter().find(|file| file.ends_with("plan.json")).unwrap();
        let plan: serde_json::Value = serde_json::from_str(&sandbox.read(text.to_str().unwrap())).unwrap();
        assert_eq!(plan["planned_values"]["root_module"]["resources"][0]["address"], json!("terraform_data.it"));
        terraform(&sandbox, &["apply", "app", "--planfile", "first.plan"]).success();
        assert_eq!(terraform(&sandbox, &["output", "app", "-raw", "text"]).success().stdout, "one");
    });
}
