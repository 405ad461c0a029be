//! Folders of components that are made when they are needed: fetched sources and working directories.

use crate::support::Sandbox;

const ATMOS: &str = "\
base_path: .
stacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}
components:
  terraform: {base_path: components/terraform, deploy_run_init: true, init_run_reconfigure: true}
  helmfile: {base_path: components/helmfile}
";

fn sandbox(component: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", ATMOS);
    sandbox.write("stacks/dev.yaml", &manifest(component));
    sandbox.record(&["TERRAFORM", "HELMFILE"]);
    sandbox
}

fn manifest(component: &str) -> String {
    format!(
        "vars: {{stage: dev}}\ncomponents:\n  terraform:\n    my-app: {component}\n  helmfile:\n    my-app: {component}\n"
    )
}

const PLAN: [&str; 5] = ["terraform", "plan", "my-app", "-s", "dev"];
const WORKDIR: &str = ".workdir/terraform/dev-my-happ";

#[test]
fn a_local_component_runs_in_a_working_directory_of_its_own() {
    let sandbox = sandbox("{provision: {workdir: {enabled: true}}}");
    sandbox.write("components/terraform/my-app/main.tf", "# one\n");
    sandbox.atmos(&[&PLAN[..], &["--dry-run"]].concat()).success();
    assert!(!sandbox.repo().join(".workdir").exists(), "a dry run writes nothing");
    sandbox.atmos(&PLAN).success().says("Workdir provisioned");
    assert!(sandbox.calls().iter().any(|call| call == "init -reconfigure -input=false"));
    let varfile = "dev-my-app.terraform.tfvars.json";
    assert!(sandbox.repo().join(WORKDIR).join(varfile).exists());
    assert!(!sandbox.repo().join("components/terraform/my-app").join(varfile).exists());
    let record: serde_json::Value =
        serde_json::from_str(&sandbox.read(&format!("{WORKDIR}/.atmos/metadata.json"))).unwrap();
    assert_eq!(
        (&record["component"], &record["stack"], &record["source_type"]),
        (&"my-app".into(), &"dev".into(), &"local".into())
    );
    sandbox.atmos(&[&PLAN[..], &["--init"]].concat()).success().says("Workdir ready (no changes)");
    assert!(sandbox.calls().iter().any(|call| call == "init -input=false"), "nothing changed");
    sandbox.write("components/terraform/my-app/main.tf", "# two\n");
    sandbox.write("components/terraform/my-app/.dev-my-app.terraform.lock.hcl", "# locked\n");
    sandbox.atmos(&PLAN).success().says("Workdir provisioned");
    assert_eq!(sandbox.read(&format!("{WORKDIR}/.terraform.lock.hcl")), "# locked\n");
    assert_eq!(sandbox.read(&format!("{WORKDIR}/main.tf")), "# two\n");
    assert!(sandbox.repo().join(WORKDIR).join(varfile).exists(), "what runs left stays");
}

#[test]
fn what_runs_left_in_the_folder_is_no_source() {
    let sandbox = sandbox("{provision: {workdir: {enabled: true}}}");
    let folder = "components/terraform/my-app";
    sandbox.write(&format!("{folder}/main.tf"), "# one\n");
    let leave = |text: &str| {
        for name in ["dev-other.planfile", "dev-other.terraform.tfvars.json", "dev-other.helmfile.vars.yaml"] {
            sandbox.write(&format!("{folder}/{name}"), text);
        }
    };
    leave("first");
    sandbox.atmos(&PLAN).success().says("Workdir provisioned");
    leave("second");
    sandbox.atmos(&PLAN).success().says("Workdir ready (no changes)");
    let files = Sandbox::files_below(&sandbox.repo().join(WORKDIR));
    assert!(!files.iter().any(|file| file.display().to_string().contains("other")), "{files:?}");
}

#[test]
fn a_real_terraform_keeps_its_state_in_the_working_directory() {
    let sandbox = sandbox("{provision: {workdir: {enabled: true}}}").with_terraform();
    sandbox.write("components/terraform/my-app/main.tf", "output \"x\" {\n  value = \"made\"\n}\n");
    sandbox.write(
        "stacks/prod.yaml",
        "vars: {stage: prod}\ncomponents: {terraform: {reader: {vars: {x: !terraform.state my-app dev x, y: !terraform.output my-app dev x}}}}\n",
    );
    for _ in 0..2 {
        sandbox.atmos(&["terraform", "apply", "my-app", "-s", "dev", "-auto-approve"]).success();
    }
    let describe = ["describe", "component", "reader", "-s", "prod", "--format", "json", "--query", ".vars"];
    let vars = sandbox.atmos(&describe).success().json();
    assert_eq!((&vars["x"], &vars["y"]), (&"made".into(), &"made".into()));
}

#[test]
fn a_component_that_is_missing_is_named() {
    let sandbox = sandbox("{provision: {workdir: {enabled: true}}}");
    sandbox.atmos(&PLAN).exits(1).says("the working directory of my-app in dev cannot be made");
    assert!(!sandbox.repo().join(WORKDIR).join("main.tf").exists());
}

/// A repository with two versions of a module in a folder.
fn modules(sandbox: &Sandbox) -> String {
    let top = sandbox.root().join("modules");
    for (text, tag) in [("# one\n", "v1"), ("# two\n", "v2")] {
        std::fs::create_dir_all(top.join("app/inner")).unwrap();
        std::fs::write(top.join("app/main.tf"), text).unwrap();
        std::fs::write(top.join("app/inner/a.tf"), "").unwrap();
        std::fs::write(top.join("app/README.md"), "").unwrap();
        if tag == "v1" {
            sandbox.git(&top, &["init", "-q", "-b", "main"]);
        }
        sandbox.git(&top, &["add", "-A"]);
        sandbox.git(&top, &["commit", "-q", "-m", tag]);
        sandbox.git(&top, &["tag", tag]);
    }
    format!("git::file://{}//app", top.display())
}

#[test]
fn a_source_without_working_directory_is_fetched_once() {
    let mut sandbox = sandbox("{}");
    let uri = modules(&sandbox);
    sandbox.set("GIT_ALLOW_PROTOCOL", "file");
    sandbox.write(
        "stacks/dev.yaml",
        &manifest(&format!("{{source: {{uri: '{uri}', version: v1, excluded_paths: ['**/*.md']}}}}")),
    );
    sandbox.atmos(&PLAN).success().says("Auto-provisioned source to");
    let folder = "components/terraform/my-app";
    assert_eq!(sandbox.read(&format!("{folder}/main.tf")), "# one\n");
    assert!(
        sandbox.repo().join(folder).join("inner/a.tf").exists()
            && !sandbox.repo().join(folder).join("README.md").exists()
    );
    assert!(!sandbox.repo().join(folder).join(".git").exists());
    sandbox.write("stacks/dev.yaml", &manifest(&format!("{{source: {{uri: '{uri}', version: v2}}}}")));
    sandbox.atmos(&PLAN).success().says_not("Auto-provisioned");
    assert_eq!(sandbox.read(&format!("{folder}/main.tf")), "# one\n", "a folder that is there is used as it is");
    sandbox.atmos(&["terraform", "source", "pull", "my-app", "-s", "dev", "--force"]).success();
    assert_eq!(sandbox.read(&format!("{folder}/main.tf")), "# two\n");
    sandbox.atmos(&["helmfile", "sync", "my-app", "-s", "dev"]).success().says("Auto-provisioned source to");
    assert!(sandbox.repo().join("components/helmfile/my-app/main.tf").exists());
}

#[test]
fn a_source_in_a_working_directory_follows_its_version_and_its_time_to_live() {
    let mut sandbox = sandbox("{}");
    let uri = modules(&sandbox);
    sandbox.set("GIT_ALLOW_PROTOCOL", "file");
    let with = |source: &str| {
        let component = format!("{{source: {{uri: '{uri}', {source}}}, provision: {{workdir: {{enabled: true}}}}}}");
        sandbox.write("stacks/dev.yaml", &manifest(&component));
    };
    with("version: v1");
    sandbox.atmos(&PLAN).success().says("Auto-provisioned source to");
    assert_eq!(sandbox.read(&format!("{WORKDIR}/main.tf")), "# one\n");
    sandbox.atmos(&PLAN).success().says_not("Auto-provisioned");
    with("version: v2");
    sandbox.atmos(&PLAN).success().says("Source version changed (v1 → v2)");
    assert_eq!(sandbox.read(&format!("{WORKDIR}/main.tf")), "# two\n");
    with("version: v2, ttl: 0s");
    sandbox.atmos(&PLAN).success().says("Source cache expired (TTL: 0s)");
    with("version: v2, ttl: soon");
    sandbox.atmos(&PLAN).exits(1).says("`ttl: soon` is no duration");
    with("version: v9");
    let missing = sandbox.atmos(&PLAN).exits(1).says("failed to auto-provision the source of my-app in dev");
    assert_eq!(sandbox.read(&format!("{WORKDIR}/main.tf")), "# two\n", "{missing}");
    let record: serde_json::Value =
        serde_json::from_str(&sandbox.read(&format!("{WORKDIR}/.atmos/metadata.json"))).unwrap();
    assert_eq!((&record["source_version"], &record["source_type"]), (&"v2".into(), &"remote".into()));
}

#[test]
fn source_commands_list_describe_and_delete() {
    let sandbox = sandbox("{source: ./shared}");
    sandbox.write("shared/main.tf", "# shared\n");
    sandbox.atmos(&["terraform", "source", "pull", "my-app", "-s", "dev"]).success();
    assert_eq!(sandbox.read("components/terraform/my-app/main.tf"), "# shared\n");
    let list = sandbox.atmos(&["terraform", "source", "list", "-s", "dev", "--format", "json"]).success().json();
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
    let described = sandbox.atmos(&["terraform", "source", "describe", "my-app", "-s", "dev"]).success();
    let document: serde_json::Value = serde_yaml::from_str(&described.stdout).unwrap();
    assert_eq!(document["components"]["terraform"]["my-app"]["source"]["uri"], "./shared");
    sandbox.atmos(&["terraform", "source", "delete", "my-app", "-s", "dev"]).exits(1).says("--force");
    sandbox.atmos(&["terraform", "source", "delete", "my-app", "-s", "dev", "--force"]).success();
    assert!(!sandbox.repo().join("components/terraform/my-app").exists());
    sandbox.atmos(&["terraform", "source", "describe", "-s", "dev"]).exits(1).says("component argument is required");
    sandbox.atmos(&["terraform", "source", "describe", "my-app"]).exits(1).says("stack is required");
    sandbox.write("stacks/dev.yaml", &manifest("{}"));
    sandbox.atmos(&["terraform", "source", "pull", "my-app", "-s", "dev"]).exits(1).says("has no source");
    for (source, phrase) in [("[a]", "invalid component source section"), ("./nothing", "there is no folder")] {
        sandbox.write("stacks/dev.yaml", &manifest(&format!("{{source: {source}}}")));
        sandbox.atmos(&PLAN).exits(1).says(phrase);
    }
}

#[test]
fn workdir_commands_list_show_and_clean() {
    let sandbox = sandbox("{provision: {workdir: {enabled: true}}}");
    sandbox.write("components/terraform/my-app/main.tf", "");
    let workdir = |words: &[&str]| sandbox.atmos(&[&["terraform", "workdir"], words].concat());
    workdir(&["list"]).success().says("No workdirs found");
    workdir(&["show", "my-app", "-s", "dev"]).exits(1).says("workdir not found for component 'my-app' in stack 'dev'");
    sandbox.atmos(&PLAN).success();
    let listed = workdir(&["list", "--format", "json"]).success().json();
    assert_eq!((&listed[0]["component"], &listed[0]["path"]), (&"my-app".into(), &WORKDIR.into()), "{listed}");
    assert!(workdir(&["list"]).success().stdout.contains(WORKDIR));
    assert!(workdir(&["show", "my-app", "-s", "dev"]).success().stdout.contains("Content Hash"));
    let described = workdir(&["describe", "my-app", "-s", "dev"]).success();
    let document: serde_json::Value = serde_yaml::from_str(&described.stdout).unwrap();
    assert_eq!(document["components"]["terraform"]["my-app"]["metadata"]["workdir"]["path"], WORKDIR);
    for (words, phrase) in [
        (&["clean"][..], "either --all, --expired, or a component is required"),
        (&["clean", "my-app", "--all"], "cannot specify both --all and a component"),
        (&["clean", "--expired"], "TTL is required when using --expired"),
        (&["clean", "my-app"], "stack is required"),
    ] {
        workdir(words).exits(1).says(phrase);
    }
    workdir(&["clean", "--expired", "--ttl", "7d"]).success().says("No workdirs to clean");
    workdir(&["clean", "--expired", "--ttl", "0s", "-n"]).success().says("Would remove");
    assert!(sandbox.repo().join(WORKDIR).exists());
    workdir(&["clean", "my-app", "-s", "dev"]).success().says("Workdir cleaned for my-app in dev");
    assert!(!sandbox.repo().join(WORKDIR).exists());
}
