//! Commands that remove folders: what is not theirs stays, and local state goes by word only.

use crate::support::Sandbox;

const ATMOS: &str = "\
base_path: .
stacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}
components:
  terraform: {base_path: components/terraform, auto_generate_backend_file: true}
";
const STATE: &str = r#"{"version": 4, "serial": 1, "lineage": "l", "resources": [{"type": "x"}]}"#;
const RECORD: &str = r#"{"version": 3, "backend": {"type": "local", "config": {}, "hash": 1}}"#;

fn sandbox(components: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", ATMOS);
    let stack = "vars: {stage: dev}\nterraform: {backend_type: local, backend: {local: {}}}\n";
    sandbox.write("stacks/dev.yaml", &format!("{stack}components:\n  terraform:\n{components}"));
    for component in ["vpc", "db", "infra/net"] {
        let folder = format!("components/terraform/{component}");
        sandbox.write(&format!("{folder}/main.tf"), "# ours\n");
        sandbox.write(&format!("{folder}/terraform.tfstate.d/dev/terraform.tfstate"), STATE);
    }
    sandbox.record(&["TERRAFORM"]);
    sandbox
}

const COMPONENTS: &str = "    vpc: {}\n    db: {}\n    infra/net: {}\n";

fn clean(sandbox: &Sandbox, data_dir: &str, words: &[&str]) -> crate::support::Outcome {
    let command = [&["terraform", "clean", "vpc", "-s", "dev"], words].concat();
    sandbox.atmos_with(&[("TF_DATA_DIR", data_dir)], &command)
}

#[test]
fn a_data_directory_that_is_or_holds_something_else_is_never_cleaned() {
    let sandbox = sandbox(COMPONENTS);
    let before = Sandbox::files_below(&sandbox.repo());
    let (repo, home) = (sandbox.repo().display().to_string(), sandbox.home().display().to_string());
    for (data_dir, what) in [
        (".", "the folder of the component `vpc`"),
        ("../db", "the folder of the component `db`"),
        ("../infra", "the folder of the component `infra/net`"),
        ("..", "the folder of"),
        (&*repo, "the base path"),
        (&*home, "your home directory"),
        ("/", "the whole disk"),
    ] {
        for words in [&["--force"][..], &["--dry-run"], &["--force", "--everything"]] {
            let outcome = clean(&sandbox, data_dir, words).exits(1);
            outcome.says("the data directory of vpc in dev cannot be cleaned").says(what);
        }
        assert_eq!(Sandbox::files_below(&sandbox.repo()), before, "{data_dir}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../db", sandbox.repo().join("components/terraform/vpc/link")).unwrap();
        clean(&sandbox, "link", &["--force"]).exits(1).says("the folder of the component `db`");
    }
    sandbox.write(
        "stacks/dev.yaml",
        "vars: {stage: dev}\nterraform: {backend_type: local}\ncomponents: {terraform: {db: {}, vpc: {env: {TF_DATA_DIR: ../db}}}}\n",
    );
    sandbox.atmos(&["terraform", "clean", "vpc", "-s", "dev", "--force"]).exits(1).says("the component `db`");
}

#[test]
fn of_a_data_directory_only_what_terraform_keeps_there_goes() {
    let sandbox = sandbox(COMPONENTS);
    let package = "providers/registry.terraform.io/hashicorp/null/3.2.1/linux_amd64/terraform-provider-null";
    let fill = |directory: &str| {
        let files = [("environment", "dev"), ("terraform.tfstate", RECORD), ("modules/modules.json", "{}")];
        for (name, text) in files.into_iter().chain([("modules/net/main.tf", ""), (package, ""), ("atmos.json", "{}")])
        {
            sandbox.write(&format!("components/terraform/vpc/{directory}/{name}"), text);
        }
    };
    fill("data");
    clean(&sandbox, "data", &["--dry-run"]).success().says("vpc/data/ (6 files)");
    clean(&sandbox, "data", &["--force"]).success().says_not("stays");
    assert!(!sandbox.repo().join("components/terraform/vpc/data").exists());
    fill("shared");
    let kept = [("notes.md", "mine"), ("providers/mine.txt", "mine"), ("sub/terraform.tfstate", STATE)];
    for (name, text) in kept {
        sandbox.write(&format!("components/terraform/vpc/shared/{name}"), text);
    }
    clean(&sandbox, "shared", &["--force"]).success().says("which stays: `mine.txt`, `notes.md`, `sub`");
    let left = Sandbox::files_below(&sandbox.repo().join("components/terraform/vpc/shared"));
    assert_eq!(left, kept.map(|(name, _)| std::path::PathBuf::from(name)));
    // The state of a workspace lies where a data directory would have its record.
    clean(&sandbox, "terraform.tfstate.d/dev", &["--force"]).success();
    assert_eq!(sandbox.read("components/terraform/vpc/terraform.tfstate.d/dev/terraform.tfstate"), STATE);
}

#[test]
fn of_a_plugin_cache_only_plugins_go() {
    let sandbox = sandbox(COMPONENTS);
    let clean = |directory: &str, words: &[&str]| {
        let setting = [("ATMOS_COMPONENTS_TERRAFORM_PLUGIN_CACHE_DIR", directory)];
        sandbox.atmos_with(&setting, &[&["terraform", "clean", "--cache"], words].concat())
    };
    let package = "cache/registry.terraform.io/hashicorp/null/3.2.1/linux_amd64/terraform-provider-null";
    sandbox.write(package, "");
    sandbox.write("cache/mine/file", "mine");
    let cache = sandbox.repo().join("cache").display().to_string();
    clean(&cache, &["--dry-run"]).success().says("Total: 1 files would be deleted");
    clean(&cache, &["--force"]).success().says("which stays: `mine`");
    assert!(!sandbox.repo().join("cache/registry.terraform.io").exists());
    assert_eq!(sandbox.read("cache/mine/file"), "mine");
    let before = Sandbox::files_below(&sandbox.repo());
    for directory in [&*sandbox.repo().display().to_string(), "."] {
        clean(directory, &["--force"]).success().says("Nothing to delete");
        assert_eq!(Sandbox::files_below(&sandbox.repo()), before, "{directory}");
    }
    for root in ["/", "//", "/tmp/.."] {
        clean(root, &["--dry-run"]).success().says("is no directory for a cache").says("Nothing to delete");
    }
    let own = sandbox.home().join(".cache/atmos/terraform/plugins");
    std::fs::create_dir_all(own.join("registry.terraform.io")).unwrap();
    clean("/", &["--force"]).success();
    assert!(!own.exists(), "without another one the usual cache is meant");
    std::fs::remove_dir_all(sandbox.repo().join("cache/mine")).unwrap();
    sandbox.write(package, "");
    clean(&cache, &["--force"]).success().says("Deleted 1 files");
    assert!(!sandbox.repo().join("cache").exists());
}

fn delete(sandbox: &Sandbox, component: &str, words: &[&str]) -> crate::support::Outcome {
    sandbox.atmos(&[&["terraform", "source", "delete", component, "-s", "dev", "--force"], words].concat())
}

#[test]
fn a_source_that_was_never_fetched_is_never_deleted() {
    let sandbox = sandbox(
        "    vpc: {}\n    own: {metadata: {component: vpc}, source: ./shared}\n    \
         dot: {metadata: {component: .}, source: ./shared}\n    \
         up: {metadata: {component: ../..}, source: ./shared}\n    \
         out: {metadata: {component: ../../outside}, source: ./shared}\n    \
         link: {metadata: {component: link/in}, source: ./shared}\n",
    );
    sandbox.write("shared/main.tf", "# shared\n");
    #[cfg(unix)]
    std::os::unix::fs::symlink("../../elsewhere", sandbox.repo().join("components/terraform/link")).unwrap();
    std::fs::create_dir(sandbox.repo().join("elsewhere")).unwrap();
    let before = Sandbox::files_below(&sandbox.repo());
    delete(&sandbox, "own", &[]).exits(1).says("`components/terraform/vpc` is not deleted: atmos did not fetch it");
    for component in ["dot", "up", "out", "link"] {
        for words in [&[][..], &["--everything"]] {
            let outcome = if component == "out" || component == "link" {
                sandbox.atmos(&["terraform", "plan", component, "-s", "dev"])
            } else {
                delete(&sandbox, component, words)
            };
            outcome.exits(1).says("that is not below");
        }
    }
    assert_eq!(Sandbox::files_below(&sandbox.repo()), before);
    assert_eq!(sandbox.calls(), Vec::<String>::new());
}

#[test]
fn of_a_folder_with_a_source_what_was_fetched_goes_and_the_rest_stays() {
    let sandbox = sandbox("    src: {source: ./shared}\n");
    sandbox.write("shared/main.tf", "# shared\n");
    sandbox.write("shared/inner/a.tf", "");
    sandbox.write("shared/docs/a.md", "");
    let plan = ["terraform", "plan", "src", "-s", "dev"];
    sandbox.atmos(&plan).success();
    let folder = "components/terraform/src";
    sandbox.write(&format!("{folder}/.terraform/environment"), "dev");
    sandbox.write(&format!("{folder}/dev-src.planfile"), "");
    delete(&sandbox, "src", &[]).success().says("Deleted components/terraform/src");
    assert!(!sandbox.repo().join(folder).exists());
    sandbox.atmos(&plan).success();
    sandbox.write(&format!("{folder}/inner/mine.tf"), "# mine\n");
    delete(&sandbox, "src", &[]).success().says("stays with what was not fetched: inner/mine.tf");
    let left = Sandbox::files_below(&sandbox.repo().join(folder));
    assert_eq!(left, [std::path::PathBuf::from("inner/mine.tf")]);
    assert!(!sandbox.repo().join(folder).join("docs").exists());
    delete(&sandbox, "src", &[]).exits(1).says("atmos did not fetch it");
}

#[test]
fn q5b_local_state_outlives_source_delete_and_workdir_clean() {
    let sandbox = sandbox(
        "    src: {source: ./shared}\n    wd: {metadata: {component: vpc}, provision: {workdir: {enabled: true}}}\n    \
         two: {source: ./shared, provision: {workdir: {enabled: true}}}\n    \
         empty: {metadata: {component: vpc}, provision: {workdir: {enabled: true}}}\n",
    );
    sandbox.write("shared/main.tf", "# shared\n");
    sandbox.atmos(&["terraform", "plan", "--all"]).success();
    let state = "terraform.tfstate.d/dev/terraform.tfstate";
    let applied = ["components/terraform/src", ".workdir/terraform/dev-wd", ".workdir/terraform/dev-two"];
    for folder in applied {
        sandbox.write(&format!("{folder}/{state}"), STATE);
    }
    let kept = || applied.iter().filter(|folder| sandbox.repo().join(folder).join(state).exists()).count();
    for component in ["src", "two"] {
        delete(&sandbox, component, &[]).exits(1).says("it has the local state").says(state).says("--everything");
    }
    let workdir = |words: &[&str]| sandbox.atmos(&[&["terraform", "workdir", "clean"], words].concat());
    workdir(&["wd", "-s", "dev"]).exits(1).says("it has the local state").says(state);
    workdir(&["wd", "-s", "dev", "--dry-run"]).exits(1).says("it has the local state");
    let all = workdir(&["--all"]).success().says("`.workdir/terraform/dev-wd` is not deleted");
    all.says("Workdir cleaned for empty in dev");
    assert_eq!(kept(), 3);
    // What is locked or protected keeps it, whatever is said.
    let manifest = sandbox.read("stacks/dev.yaml");
    let kept_back = manifest
        .replace("src: {", "src: {settings: {deletion_protection: true}, ")
        .replace("wd: {metadata: {", "wd: {metadata: {locked: true, ");
    sandbox.write("stacks/dev.yaml", &kept_back);
    workdir(&["wd", "-s", "dev", "--everything"]).exits(1).says("locked");
    delete(&sandbox, "src", &["--everything"]).exits(1).says("is protected against deletion");
    assert!(
        sandbox.repo().join(".workdir/terraform/dev-wd").exists() && sandbox.has("components/terraform/src/main.tf")
    );
    sandbox.write("stacks/dev.yaml", &manifest);
    workdir(&["wd", "-s", "dev", "--everything"]).success();
    delete(&sandbox, "src", &["--everything"]).success();
    delete(&sandbox, "two", &["--everything"]).success();
    assert_eq!(kept(), 0);
    // What was destroyed leaves a state with nothing in it.
    sandbox.atmos(&["terraform", "plan", "wd", "-s", "dev"]).success();
    sandbox.write(&format!(".workdir/terraform/dev-wd/{state}"), &STATE.replace(r#"{"type": "x"}"#, ""));
    workdir(&["wd", "-s", "dev"]).success().says("Workdir cleaned for wd in dev");
}

#[test]
fn generated_files_go_and_a_file_of_the_user_of_the_same_name_stays() {
    let sandbox = sandbox("    vpc: {generate: {main.tf: '# made', extra.tf: '# made', data.json: {a: 1}}}\n");
    let generate = |words: &[&str]| {
        sandbox.atmos(&[&["terraform", "generate", "files", "vpc", "-s", "dev"], words].concat()).success()
    };
    let folder = "components/terraform/vpc";
    sandbox.write(&format!("{folder}/extra.tf"), "# made");
    for words in [&["--clean", "--dry-run"][..], &["--clean"]] {
        generate(words).says("components/terraform/vpc/main.tf stays: it is not as atmos wrote it");
        assert_eq!(sandbox.read(&format!("{folder}/main.tf")), "# ours\n");
    }
    assert!(!sandbox.repo().join(folder).join("extra.tf").exists(), "it says what the section says");
    generate(&[]).says("Updated components/terraform/vpc/main.tf");
    sandbox.write(&format!("{folder}/extra.tf"), "# changed");
    // What the section says has changed since.
    sandbox.write("stacks/dev.yaml", &sandbox.read("stacks/dev.yaml").replace("{a: 1}", "{a: 2}"));
    generate(&["--clean"]).says("extra.tf stays").says("Deleted components/terraform/vpc/data.json");
    assert!(!sandbox.repo().join(folder).join("main.tf").exists());
    sandbox.write(
        "atmos.yaml",
        &sandbox
            .read("atmos.yaml")
            .replace("terraform: {base_path", "terraform: {auto_generate_files: true, base_path"),
    );
    sandbox.atmos(&["terraform", "plan", "vpc", "-s", "dev"]).success();
    sandbox.write(&format!("{folder}/main.tf"), "# changed");
    sandbox.atmos(&["terraform", "clean", "vpc", "-s", "dev", "--force"]).success();
    assert_eq!(sandbox.read(&format!("{folder}/main.tf")), "# changed");
    assert!(!sandbox.repo().join(folder).join("data.json").exists());
}

#[cfg(unix)]
#[test]
fn no_generated_file_leaves_the_folder_through_a_link() {
    let sandbox = sandbox("    vpc: {generate: {lnk/a.txt: x}}\n    db: {generate: {own/a.txt: x}}\n");
    std::fs::create_dir(sandbox.root().join("elsewhere")).unwrap();
    let folder = sandbox.repo().join("components/terraform");
    std::os::unix::fs::symlink(sandbox.root().join("elsewhere"), folder.join("vpc/lnk")).unwrap();
    std::fs::create_dir(folder.join("db/real")).unwrap();
    std::os::unix::fs::symlink("real", folder.join("db/own")).unwrap();
    sandbox.atmos(&["terraform", "generate", "files", "vpc", "-s", "dev"]).exits(1).says("cannot make a file name");
    sandbox.atmos(&["terraform", "generate", "files", "db", "-s", "dev"]).success();
    assert_eq!(Sandbox::files_below(&sandbox.root().join("elsewhere")), Vec::<std::path::PathBuf>::new());
    assert!(folder.join("db/real/a.txt").exists());
}
