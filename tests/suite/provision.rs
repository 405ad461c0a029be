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

/// A link from a file or folder of the project to somewhere.
fn link(sandbox: &Sandbox, target: &str, name: &str) {
    let place = sandbox.repo().join(name);
    let _ = std::fs::remove_file(&place);
    std::os::unix::fs::symlink(target, place).unwrap();
}

#[test]
fn links_to_files_of_the_repository_are_copied_with_their_content() {
    let sandbox = sandbox("{provision: {workdir: {enabled: true}}}");
    let folder = "components/terraform/my-app";
    sandbox.write(&format!("{folder}/main.tf"), "");
    sandbox.write("components/common/common.tf", "# one\n");
    sandbox.write("components/common/inner/a.tf", "# a\n");
    link(&sandbox, "../../common/common.tf", &format!("{folder}/common.tf"));
    link(&sandbox, "../../common/inner", &format!("{folder}/inner"));
    sandbox.atmos(&PLAN).success().says("Workdir provisioned");
    assert_eq!(sandbox.read(&format!("{WORKDIR}/common.tf")), "# one\n");
    assert_eq!(sandbox.read(&format!("{WORKDIR}/inner/a.tf")), "# a\n");
    assert!(!sandbox.repo().join(WORKDIR).join("common.tf").is_symlink());
    sandbox.atmos(&PLAN).success().says("Workdir ready (no changes)");
    sandbox.write("components/common/common.tf", "# two\n");
    sandbox.atmos(&PLAN).success().says("Workdir provisioned");
    assert_eq!(sandbox.read(&format!("{WORKDIR}/common.tf")), "# two\n");
    std::fs::remove_file(sandbox.repo().join(folder).join("inner")).unwrap();
    sandbox.atmos(&PLAN).success().says("Workdir provisioned");
    assert!(!sandbox.repo().join(WORKDIR).join("inner").exists(), "what is linked no more goes");

    std::fs::write(sandbox.root().join("mine.tf"), "# secret\n").unwrap();
    for (target, phrase) in [("../../../../mine.tf", "leads out of the repository"), ("gone.tf", "leads nowhere")] {
        link(&sandbox, target, &format!("{folder}/common.tf"));
        sandbox.atmos(&PLAN).exits(1).says(phrase).says("my-app/common.tf").says(target);
        assert_eq!(sandbox.read(&format!("{WORKDIR}/common.tf")), "# two\n", "nothing is changed then");
    }
}

#[test]
fn links_of_a_source_lead_to_its_own_repository_only() {
    for workdir in ["", ", provision: {workdir: {enabled: true}}"] {
        let mut sandbox = sandbox("{}");
        let uri = modules(&sandbox);
        sandbox.set("GIT_ALLOW_PROTOCOL", "file");
        let top = sandbox.root().join("modules");
        std::fs::create_dir(top.join("common")).unwrap();
        std::fs::write(top.join("common/common.tf"), "# shared\n").unwrap();
        std::os::unix::fs::symlink("../common/common.tf", top.join("app/common.tf")).unwrap();
        std::os::unix::fs::symlink("../common", top.join("app/shared")).unwrap();
        let tag = |tag: &str| {
            sandbox.git(&top, &["add", "-A"]);
            sandbox.git(&top, &["commit", "-q", "-m", tag]);
            sandbox.git(&top, &["tag", tag]);
        };
        tag("v3");
        std::fs::write(sandbox.root().join("mine.tf"), "# mine\n").unwrap();
        let mine = sandbox.root().join("mine.tf").display().to_string();
        std::os::unix::fs::symlink(&mine, top.join("app/mine.tf")).unwrap();
        tag("v4");
        let source = |uri: &str, version: &str, more: &str| {
            manifest(&format!("{{source: {{uri: '{uri}', version: '{version}'{more}}}{workdir}}}"))
        };
        let folder = if workdir.is_empty() { "components/terraform/my-app" } else { WORKDIR };
        let clear = || {
            let _ = std::fs::remove_dir_all(sandbox.repo().join(folder));
        };
        sandbox.write("stacks/dev.yaml", &source(&uri, "v3", ""));
        sandbox.atmos(&PLAN).success();
        assert_eq!(sandbox.read(&format!("{folder}/common.tf")), "# shared\n");
        assert_eq!(sandbox.read(&format!("{folder}/shared/common.tf")), "# shared\n");
        clear();
        sandbox.write("stacks/dev.yaml", &source(&uri, "v4", ""));
        sandbox.atmos(&PLAN).exits(1).says("leads out of its source").says("app/mine.tf").says(&mine);
        assert!(!sandbox.repo().join(folder).join("mine.tf").exists());
        sandbox.write("stacks/dev.yaml", &source(&uri, "v4", ", excluded_paths: [mine.tf]"));
        sandbox.atmos(&PLAN).success();
        assert_eq!(sandbox.read(&format!("{folder}/common.tf")), "# shared\n");
        clear();
        // The same folder, in place.
        let here = format!("file://{}//app", top.display());
        sandbox.write("stacks/dev.yaml", &source(&here, "", ", excluded_paths: [mine.tf]"));
        sandbox.atmos(&PLAN).success();
        assert_eq!(sandbox.read(&format!("{folder}/common.tf")), "# shared\n");
        clear();
        sandbox.write("stacks/dev.yaml", &source(&here, "", ""));
        sandbox.atmos(&PLAN).exits(1).says("app/mine.tf");
    }
}

#[test]
fn a_pipe_in_the_folder_is_left_out_and_named() {
    let sandbox = sandbox("{provision: {workdir: {enabled: true}}}");
    sandbox.write("components/terraform/my-app/main.tf", "");
    let pipe = sandbox.repo().join("components/terraform/my-app/pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    sandbox.atmos(&PLAN).success().says("`pipe`, which is no regular file");
    assert!(!sandbox.repo().join(WORKDIR).join("pipe").exists());
}

#[test]
fn a_working_directory_with_damaged_metadata_is_still_one() {
    let sandbox = sandbox("{provision: {workdir: {enabled: true}}}");
    sandbox.write("components/terraform/my-app/main.tf", "");
    sandbox.atmos(&PLAN).success();
    let damage = || sandbox.write(&format!("{WORKDIR}/.atmos/metadata.json"), "{\"component\": ");
    let workdir = |words: &[&str]| sandbox.atmos(&[&["terraform", "workdir"], words].concat());
    damage();
    let list = workdir(&["list"]).success().says("is damaged");
    assert!(list.stdout.contains("dev-my-happ"), "{list}");
    assert!(workdir(&["show", "my-app", "-s", "dev"]).success().stdout.contains("my-app"));
    sandbox.atmos(&PLAN).success();
    workdir(&["list"]).success().says_not("is damaged");
    damage();
    let state = r#"{"version": 4, "serial": 1, "lineage": "l", "resources": [{"type": "x"}]}"#;
    sandbox.write(&format!("{WORKDIR}/terraform.tfstate"), state);
    workdir(&["clean", "--all", "--everything"]).says("whose state is in it is not known");
    assert!(sandbox.repo().join(WORKDIR).exists());
    std::fs::remove_file(sandbox.repo().join(WORKDIR).join("terraform.tfstate")).unwrap();
    workdir(&["clean", "my-app", "-s", "dev"]).success().says("Workdir cleaned for my-app in dev");
    assert!(!sandbox.repo().join(WORKDIR).exists());
}
