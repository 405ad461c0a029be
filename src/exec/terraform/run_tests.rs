//! Runs with the real program where it is on PATH, and with a recording stub for what the real one cannot show.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use super::*;
use crate::exec::terraform::{Backend, FromPlan, Settings, steps};
use crate::host::{Dirs, testing};
use crate::value::from_json;

fn host() -> Host {
    Host { dirs: Dirs::default(), ..testing::host(Path::new("/"), Env::default()) }
}

/// The environment of the children: a PATH, and a home without anybody's configuration.
fn env(home: &Path) -> Env {
    let path = Env::snapshot().get("PATH").unwrap_or("/usr/local/bin:/usr/bin:/bin").to_owned();
    Env::from_iter([("PATH", path), ("HOME", home.display().to_string()), ("TF_IN_AUTOMATION", "true".to_owned())])
}

fn target(folder: &Path, stack: &str, backend: &serde_json::Value) -> Target {
    Target {
        component: "vpc".to_owned(),
        stack: stack.to_owned(),
        context: stack.to_owned(),
        workspace: stack.to_owned(),
        folder: folder.to_path_buf(),
        enabled: true,
        command: "terraform".to_owned(),
        command_source: "the test".to_owned(),
        backend_type: "local".to_owned(),
        backend: Some(Backend {
            type_: "local".to_owned(),
            config: backend.clone(),
            document: json!({"terraform": {"backend": {"local": backend}}}),
        }),
        vars: from_json(&json!({"n": stack})),
        settings: Settings {
            deploy_run_init: true,
            init_run_reconfigure: true,
            workspaces_enabled: true,
            ..Settings::default()
        },
        ..Target::default()
    }
}

fn request(words: &str) -> Request {
    let mut words = words.split(' ').map(str::to_owned);
    let command: Vec<_> = words.by_ref().take(1).collect();
    Request { words: command, native: words.collect(), ..Request::default() }
}

async fn go(target: &Target, request: &Request, env: &Env) -> Result<Finished, Error> {
    let plan = Plan { output: Output::Capture, ..steps(target, request, env)? };
    let mut signals = Signals::listen()?;
    let (host, signals) = (&host(), &mut signals);
    let context = Context {
        host,
        target,
        request,
        env,
        signals,
        relay: None,
        lock: None,
        input: None,
        retries: None,
        folds: None,
        platforms: &[],
    };
    run(context, &plan).await
}

fn component() -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    let text = "variable \"n\" {}\nresource \"terraform_data\" \"a\" { input = var.n }\noutput \"a\" { value = terraform_data.a.output }\n";
    std::fs::create_dir(temp.path().join("vpc")).unwrap();
    std::fs::write(temp.path().join("vpc/main.tf"), text).unwrap();
    temp
}

fn has_terraform(env: &Env) -> bool {
    process::find("terraform", "the test", env, Path::new("/")).is_ok()
}

fn text(finished: &Finished) -> String {
    String::from_utf8_lossy(&finished.data).trim().to_owned()
}

#[tokio::test]
async fn q1_two_instances_of_one_folder_work_one_after_the_other_without_a_migration_question() {
    let temp = component();
    let (folder, env) = (temp.path().join("vpc"), env(temp.path()));
    if !has_terraform(&env) {
        return;
    }
    for backend in [json!({}), json!({"path": "terraform.tfstate", "workspace_dir": "terraform.tfstate.d"})] {
        let _ = std::fs::remove_dir_all(folder.join(".terraform"));
        let (dev, prod) = (target(&folder, "dev", &backend), target(&folder, "prod", &backend));
        for round in 0..4 {
            for target in [&dev, &prod] {
                go(target, &request("deploy"), &env).await.unwrap_or_else(|error| panic!("{round} {backend}: {error}"));
                let shown = go(target, &request("output -raw a"), &env).await.unwrap();
                assert_eq!(text(&shown), target.stack);
            }
            // First with the record intact, then with a fresh data directory over existing states.
            if round >= 2 {
                std::fs::remove_dir_all(folder.join(".terraform")).unwrap();
            }
        }
    }
    assert!(folder.join("terraform.tfstate.d/dev/terraform.tfstate").exists());
}

#[tokio::test]
async fn q1_an_instance_with_another_local_directory_leaves_the_others_states_alone() {
    let temp = component();
    let (folder, env) = (temp.path().join("vpc"), env(temp.path()));
    if !has_terraform(&env) {
        return;
    }
    let dev = target(&folder, "dev", &json!({}));
    let elsewhere = json!({"workspace_dir": temp.path().join("states").display().to_string()});
    let prod = target(&folder, "prod", &elsewhere);
    for _ in 0..2 {
        for target in [&dev, &prod] {
            go(target, &request("deploy"), &env).await.unwrap();
            assert_eq!(text(&go(target, &request("output -raw a"), &env).await.unwrap()), target.stack);
        }
    }
    assert!(temp.path().join("states/prod/terraform.tfstate").exists());
    assert!(!folder.join("terraform.tfstate.d/prod").exists());
    // The backend of one instance changes: its state would be left behind, so terraform is not talked out of refusing.
    let mut moved = target(&folder, "prod", &json!({"workspace_dir": temp.path().join("new").display().to_string()}));
    moved.settings.init_run_reconfigure = false;
    let refused = go(&moved, &request("plan"), &env).await;
    assert!(
        matches!(&refused, Err(Error::ChildFailed { code: 1, help, .. }) if help.contains("move the state yourself")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn later_runs_start_one_process_until_something_changes() {
    let temp = component();
    let (folder, env) = (temp.path().join("vpc"), env(temp.path()));
    if !has_terraform(&env) {
        return;
    }
    let dev = target(&folder, "dev", &json!({}));
    let record = folder.join(".terraform/terraform.tfstate");
    go(&dev, &request("plan"), &env).await.unwrap();
    let stamp = || std::fs::metadata(&record).unwrap().modified().unwrap();
    // Terraform writes no record when init changes nothing, so the selected workspace tells whether init ran.
    let environment = folder.join(".terraform/environment");
    let first = (stamp(), std::fs::metadata(&environment).unwrap().modified().unwrap());
    go(&dev, &request("plan"), &env).await.unwrap();
    assert_eq!(first, (stamp(), std::fs::metadata(&environment).unwrap().modified().unwrap()));
    std::fs::write(folder.join("extra.tf"), "locals { a = 1 }\n").unwrap();
    go(&dev, &request("plan"), &env).await.unwrap();
    assert_ne!(first.1, std::fs::metadata(&environment).unwrap().modified().unwrap());
}

#[tokio::test]
async fn a_workspace_that_lost_its_directory_is_made_again() {
    let temp = component();
    let (folder, env) = (temp.path().join("vpc"), env(temp.path()));
    if !has_terraform(&env) {
        return;
    }
    let dev = target(&folder, "dev", &json!({}));
    go(&dev, &request("deploy"), &env).await.unwrap();
    std::fs::remove_dir_all(folder.join("terraform.tfstate.d")).unwrap();
    go(&dev, &request("deploy"), &env).await.unwrap();
    assert!(folder.join("terraform.tfstate.d/dev/terraform.tfstate").exists());
}

#[tokio::test]
async fn saved_plans_are_applied_and_removed_and_missing_ones_are_refused() {
    let temp = component();
    let (folder, env) = (temp.path().join("vpc"), env(temp.path()));
    if !has_terraform(&env) {
        return;
    }
    let dev = target(&folder, "dev", &json!({}));
    let apply = Request { from_plan: Some(FromPlan::Canonical), ..request("apply") };
    assert!(matches!(go(&dev, &apply, &env).await, Err(Error::PlanfileNotFound { .. })));
    assert!(!folder.join(".terraform").exists());
    let detailed = go(&dev, &request("plan -detailed-exitcode"), &env).await.unwrap();
    assert_eq!(detailed.code, 2);
    let mode = std::fs::metadata(folder.join("dev-vpc.planfile")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    go(&dev, &request("output"), &env).await.unwrap();
    assert!(folder.join("dev-vpc.planfile").exists(), "only an apply removes the saved plan");
    go(&dev, &apply, &env).await.unwrap();
    assert!(!folder.join("dev-vpc.planfile").exists() && !folder.join("dev-vpc.terraform.tfvars.json").exists());
}

/// A program that records its arguments in `log` and ends with the code that a file named after its first two
/// arguments has.
fn stub(temp: &Path) -> String {
    let path = temp.join("stub");
    let script = "#!/bin/sh\nhere=$(dirname \"$0\")\necho \"$@\" >> \"$here/log\"\nfor name in \"$1-$2\" \"$1\"; do\n  \
                  if [ -f \"$here/code-$name\" ]; then echo \"stub says no to $1\"; exit \"$(cat \"$here/code-$name\")\"; fi\ndone\n";
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

async fn with_stub(codes: &[(&str, u8)], words: &str) -> (Result<Finished, Error>, Vec<String>) {
    let temp = component();
    for (name, code) in codes {
        std::fs::write(temp.path().join(format!("code-{name}")), code.to_string()).unwrap();
    }
    let target = Target { command: stub(temp.path()), ..target(&temp.path().join("vpc"), "dev", &json!({})) };
    let result = go(&target, &request(words), &env(temp.path())).await;
    let log = std::fs::read_to_string(temp.path().join("log")).unwrap_or_default();
    (result, log.lines().map(str::to_owned).collect())
}

#[tokio::test]
async fn the_first_run_does_what_the_reference_does() {
    let (result, log) = with_stub(&[], "plan").await;
    assert_eq!(result.unwrap().code, 0);
    assert_eq!(
        log,
        [
            "init -reconfigure -input=false",
            "workspace select -or-create dev",
            "plan -var-file dev-vpc.terraform.tfvars.json -out dev-vpc.planfile"
        ]
    );
}

#[tokio::test]
async fn codes_of_every_step_come_through() {
    for (codes, expected, started) in [
        (vec![("init--reconfigure", 3)], 3, 1),
        (vec![("workspace-select", 5)], 5, 2),
        (vec![("workspace-select", 1), ("workspace-new", 1)], 1, 3),
        (vec![("plan", 1)], 1, 3),
        (vec![("workspace-select", 1), ("plan", 2)], 2, 4),
    ] {
        let (result, log) = with_stub(&codes, "plan").await;
        assert_eq!(
            (crate::diag::Failure::exit_code(&result.unwrap_err()), log.len()),
            (expected, started),
            "{codes:?}"
        );
    }
}

#[tokio::test]
async fn q7_the_output_of_a_failed_workspace_step_is_shown() {
    let (result, _) = with_stub(&[("workspace-select", 5)], "plan").await;
    let message = result.unwrap_err().to_string();
    assert!(
        message.contains("stub says no to workspace") && message.contains("subcommand exited with code 5"),
        "{message}"
    );
}

#[tokio::test]
async fn q5_override_files_of_another_instance_do_not_stay() {
    let temp = component();
    let (folder, env) = (temp.path().join("vpc"), env(temp.path()));
    let with = Target {
        command: stub(temp.path()),
        overrides: vec![files::File::from_json("providers_override.tf.json", &json!({"provider": {}}))],
        ..target(&folder, "dev", &json!({}))
    };
    let without = Target { overrides: Vec::new(), ..with.clone() };
    let path = folder.join("providers_override.tf.json");
    go(&with, &request("plan"), &env).await.unwrap();
    assert!(path.exists());
    go(&without, &request("plan"), &env).await.unwrap();
    assert!(!path.exists());
    // A file that somebody wrote by hand stays.
    std::fs::write(&path, "{}").unwrap();
    go(&without, &request("plan"), &env).await.unwrap();
    assert!(path.exists());
}

#[tokio::test]
async fn q13_failures_leave_the_files_for_a_look() {
    let temp = component();
    std::fs::write(temp.path().join("code-apply"), "1").unwrap();
    let folder = temp.path().join("vpc");
    let target = Target { command: stub(temp.path()), ..target(&folder, "dev", &json!({})) };
    go(&target, &request("deploy"), &env(temp.path())).await.unwrap_err();
    assert!(folder.join("dev-vpc.terraform.tfvars.json").exists());
}
