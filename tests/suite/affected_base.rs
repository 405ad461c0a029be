//! With what `describe affected` compares, what it leaves behind, and the forms of its answer.

use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::affected::{commit, describe, edit, git, reasons, repository};
use crate::support::{Sandbox, wait_until};

/// A change of `vpc` in one stack, committed on a branch.
fn changed() -> Sandbox {
    let sandbox = repository();
    git(&sandbox, &["checkout", "-q", "-b", "feature"]);
    edit(
        &sandbox,
        "stacks/deploy/dev.yaml",
        "stage: dev}",
        "stage: dev}\ncomponents: {terraform: {vpc: {vars: {cidr: b}}}}",
    );
    commit(&sandbox);
    sandbox
}

const EXPECTED: [&str; 1] = ["t-dev/vpc: stack.vars"];

/// A bare copy of the repository as `origin`, whose default branch is `main`.
fn with_origin(sandbox: &Sandbox) {
    let origin = sandbox.root().join("origin.git");
    git(sandbox, &["clone", "-q", "--bare", ".", origin.to_str().unwrap()]);
    sandbox.git(&origin, &["symbolic-ref", "HEAD", "refs/heads/main"]);
    git(sandbox, &["remote", "add", "origin", origin.to_str().unwrap()]);
    git(sandbox, &["fetch", "-q", "origin"]);
}

/// Fails unless nothing is left of the other tree.
fn assert_clean(sandbox: &Sandbox) {
    let left = Sandbox::files_below(&sandbox.root().join("tmp"));
    assert!(left.is_empty(), "{left:?}");
    let folders = std::fs::read_dir(sandbox.root().join("tmp")).unwrap().count();
    assert_eq!(folders, 0, "an empty folder is left");
    assert_eq!(git(sandbox, &["worktree", "list"]).lines().count(), 1);
}

#[test]
fn names_of_all_kinds_lead_to_the_base() {
    let sandbox = changed();
    let commit = git(&sandbox, &["rev-parse", "base"]);
    let refs = git(&sandbox, &["for-each-ref"]);
    for args in [
        ["--base", "main"],
        ["--base", "base"],
        ["--base", "refs/tags/base"],
        ["--base", "HEAD~1"],
        ["--base", commit.as_str()],
        ["--base", &commit[..8]],
        ["--sha", commit.as_str()],
        ["--ref", "refs/heads/main"],
    ] {
        assert_eq!(reasons(&describe(&sandbox, &args)), EXPECTED, "{args:?}");
    }
    assert_eq!(git(&sandbox, &["for-each-ref"]), refs);
    assert_clean(&sandbox);
}

#[test]
fn old_flags_are_said_to_be_old_on_stderr() {
    let sandbox = changed();
    let outcome = sandbox.atmos(&["describe", "affected", "--ref", "main"]).success();
    assert_eq!(reasons(&outcome.json()), EXPECTED);
    outcome.says("Flag --ref has been deprecated, use --base instead");
}

#[test]
fn a_base_that_is_not_there_is_an_error_of_ours() {
    let sandbox = changed();
    let outcome = sandbox.atmos(&["describe", "affected", "--base", "nowhere"]).exits(1);
    outcome.says("the repository has no commit `nowhere`").says("--clone-target-ref");
    sandbox.atmos(&["describe", "affected", "--base=--all"]).exits(1).says("has no commit `--all`");
    sandbox.atmos(&["describe", "affected"]).exits(1).says("refs/remotes/origin/HEAD").says("--base");
    std::fs::remove_dir_all(sandbox.repo().join(".git")).unwrap();
    sandbox.atmos(&["describe", "affected"]).exits(1).says("is not inside a git repository");
    let left = Sandbox::files_below(&sandbox.root().join("tmp"));
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_default_is_the_default_branch_of_origin() {
    let sandbox = changed();
    with_origin(&sandbox);
    git(&sandbox, &["remote", "set-head", "origin", "main"]);
    assert_eq!(reasons(&describe(&sandbox, &[])), EXPECTED);
    // A clone of CI has the branches of others only as those of `origin`.
    git(&sandbox, &["branch", "-q", "-D", "main"]);
    assert_eq!(reasons(&describe(&sandbox, &["--base", "main"])), EXPECTED);
}

#[test]
fn another_checkout_can_be_the_base() {
    let sandbox = changed();
    let other = sandbox.root().join("other");
    git(&sandbox, &["clone", "-q", "-b", "main", ".", other.to_str().unwrap()]);
    std::fs::write(other.join("notes.txt"), "y\n").unwrap();
    sandbox.git(&other, &["commit", "-q", "-a", "-m", "a commit that only this clone has"]);
    let path = ["--repo-path", other.to_str().unwrap()];
    let expected = ["t-dev/older: file", "t-dev/vpc: stack.vars", "t-prod/older: file"];
    assert_eq!(reasons(&describe(&sandbox, &path)), expected);
    let both = ["describe", "affected", path[0], path[1], "--base", "main"];
    sandbox.atmos(&both).exits(1).says("if the '--repo-path' flag is specified");
    let nowhere = sandbox.atmos(&["describe", "affected", "--repo-path", "/"]).exits(1);
    nowhere.says("is not inside a git repository");
}

#[test]
fn the_base_can_be_fetched_from_origin() {
    let sandbox = changed();
    sandbox.atmos(&["describe", "affected", "--clone-target-ref"]).exits(1).says("no remote `origin`");
    with_origin(&sandbox);
    let commit = git(&sandbox, &["rev-parse", "main"]);
    // Nothing of it is here: it must come from there.
    git(&sandbox, &["checkout", "-q", "--orphan", "alone"]);
    git(&sandbox, &["commit", "-q", "-m", "no history"]);
    for branch in ["main", "feature"] {
        git(&sandbox, &["branch", "-q", "-D", branch]);
    }
    git(&sandbox, &["tag", "-d", "base"]);
    git(&sandbox, &["update-ref", "-d", "refs/remotes/origin/main"]);
    git(&sandbox, &["update-ref", "-d", "refs/remotes/origin/feature"]);
    git(&sandbox, &["reflog", "expire", "--expire=now", "--all"]);
    git(&sandbox, &["gc", "-q", "--prune=now"]);
    for args in [
        &["--clone-target-ref"][..],
        &["--clone-target-ref", "--base", "main"],
        &["--clone-target-ref", "--base", &commit],
    ] {
        assert_eq!(reasons(&describe(&sandbox, args)), EXPECTED, "{args:?}");
    }
    assert_clean(&sandbox);
}

#[test]
fn a_subdirectory_and_a_project_below_the_root_give_the_same() {
    let sandbox = changed();
    let nested = Sandbox::empty();
    let from = sandbox.repo();
    for path in Sandbox::files_below(&from).iter().filter(|path| !path.starts_with(".git")) {
        nested.write(&format!("infra/live/{}", path.display()), &std::fs::read_to_string(from.join(path)).unwrap());
    }
    edit(&nested, "infra/live/stacks/deploy/dev.yaml", "components: {terraform: {vpc: {vars: {cidr: b}}}}", "");
    nested.git_init();
    edit(
        &nested,
        "infra/live/stacks/deploy/dev.yaml",
        "",
        "import: [catalog/all]\nvars: {tenant: t, stage: dev}\ncomponents: {terraform: {vpc: {vars: {cidr: b}}}}\n",
    );
    edit(&nested, "infra/live/modules/names/main.tf", "names", "changed");
    edit(&nested, "infra/live/config/one.json", "{}", "[]");
    commit(&nested);
    let expected = ["t-dev/fixed: component.module", "t-dev/reader: file", "t-dev/vpc: component.module stack.vars"];
    let args =
        |directory: &'static str| ["describe", "affected", "--base", "HEAD~1", "-s", "t-dev", "--chdir", directory];
    let records = nested.atmos(&args("infra/live")).success().json();
    assert_eq!(reasons(&records), expected);
    assert_eq!(records[0]["component_path"], "components/terraform/vpc");
    // From a subdirectory the configuration is found above, and paths begin at the base path as before.
    let sandbox = repository();
    edit(&sandbox, "stacks/catalog/all.yaml", "cidr: a", "cidr: b");
    edit(&sandbox, "modules/names/main.tf", "names", "changed");
    edit(&sandbox, "config/one.json", "{}", "[]");
    commit(&sandbox);
    for directory in ["stacks/deploy", "components/terraform/vpc"] {
        let records = sandbox.atmos(&args(directory)).success().json();
        assert_eq!(reasons(&records), expected, "{directory}");
        assert_eq!(records[0]["component_path"], "components/terraform/vpc");
    }
}

#[test]
fn a_branch_that_introduces_stacks_makes_everything_new() {
    let sandbox = Sandbox::empty();
    sandbox.write("README.md", "x\n");
    sandbox.git_init();
    let full = repository();
    for path in ["atmos.yaml", "stacks/deploy/old.yaml"] {
        sandbox.write(path, &full.read(path));
    }
    commit(&sandbox);
    let outcome = sandbox.atmos(&["describe", "affected", "--base", "HEAD~1"]).success();
    let components: Vec<Value> =
        outcome.json().as_array().unwrap().iter().map(|record| record["component"].clone()).collect();
    assert_eq!(components, ["gone", "vpc"]);
    outcome.says("has no stack manifests");
}

#[test]
fn a_manifest_that_is_broken_in_the_base_is_a_warning() {
    let sandbox = repository();
    edit(&sandbox, "stacks/deploy/old.yaml", "vars:", "vars: [");
    commit(&sandbox);
    git(&sandbox, &["tag", "-f", "base"]);
    edit(&sandbox, "stacks/deploy/old.yaml", "vars: [", "vars:");
    commit(&sandbox);
    let outcome = sandbox.atmos(&["describe", "affected", "--base", "base"]).success();
    assert_eq!(outcome.json().as_array().unwrap().len(), 2);
    outcome.says("the manifest 'deploy/old' of the tree to compare with cannot be used");
    git(&sandbox, &["checkout", "-q", "base"]);
    sandbox.atmos(&["describe", "affected", "--base", "main"]).exits(1).says("deploy/old");
}

#[test]
fn the_matrix_is_one_line_or_goes_to_the_file_of_the_ci() {
    let sandbox = changed();
    let args = ["describe", "affected", "--base", "main", "--format", "matrix"];
    let line = sandbox.atmos(&args).success().stdout;
    let include = r#"{"component":"vpc","component_path":"components/terraform/vpc","component_type":"terraform","stack":"t-dev"}"#;
    assert_eq!(line.lines().count(), 1);
    let expected: Value = serde_json::from_str(&format!("{{\"include\":[{include}]}}")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), expected);
    sandbox.write("out", "before=1\n");
    let written = sandbox.atmos(&[&args[..], &["--output-file", "out"]].concat()).success();
    assert_eq!((written.stdout.as_str(), sandbox.read("out")), ("", format!("before=1\nmatrix={line}count=1\n")));
    let output = sandbox.repo().join("output");
    let env = [("GITHUB_OUTPUT", output.to_str().unwrap())];
    assert_eq!(sandbox.atmos_with(&env, &args).success().stdout, line, "only with `ci.enabled`");
    let config = sandbox.read("atmos.yaml");
    sandbox.write("atmos.yaml", &format!("{config}ci: {{enabled: true}}\n"));
    assert_eq!(sandbox.atmos_with(&env, &args).success().stdout, "");
    assert_eq!(sandbox.read("output"), format!("matrix={line}count=1\n"));
    let wrong = ["describe", "affected", "--base", "main", "--output-file", "out"];
    sandbox.atmos(&wrong).exits(1).says("--output-file is only supported with --format=matrix");
}

#[test]
fn events_of_the_ci_name_the_base() {
    let sandbox = changed();
    with_origin(&sandbox);
    git(&sandbox, &["checkout", "-q", "main"]);
    edit(&sandbox, "components/terraform/db/main.tf", "db", "somebody else's change");
    commit(&sandbox);
    git(&sandbox, &["push", "-q", "origin", "main"]);
    git(&sandbox, &["checkout", "-q", "feature"]);
    let config = sandbox.read("atmos.yaml");
    sandbox.write("atmos.yaml", &format!("{config}ci: {{enabled: true}}\n"));
    let event = sandbox.root().join("event.json");
    let (main, before) = (git(&sandbox, &["rev-parse", "main"]), git(&sandbox, &["rev-parse", "base"]));
    let request = json!({"pull_request": {"base": {"ref": "main", "sha": main}}});
    for (name, payload) in
        [("pull_request", &request), ("push", &json!({"before": before})), ("push", &json!({"forced": true}))]
    {
        std::fs::write(&event, payload.to_string()).unwrap();
        let env =
            [("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", name), ("GITHUB_EVENT_PATH", event.to_str().unwrap())];
        let outcome = sandbox.atmos_with(&env, &["describe", "affected"]).success();
        assert_eq!(reasons(&outcome.json()), EXPECTED, "{name} {payload}");
        outcome.says(&before);
    }
    let outcome = sandbox.atmos_with(&[("ATMOS_CI_BASE_REF", &before)], &["describe", "affected"]).success();
    assert_eq!(reasons(&outcome.json()), EXPECTED);
}

#[test]
fn a_shallow_clone_fetches_what_it_lacks_without_a_ref() {
    let sandbox = changed();
    with_origin(&sandbox);
    let origin = format!("file://{}", sandbox.root().join("origin.git").display());
    let shallow = sandbox.root().join("shallow");
    git(&sandbox, &["clone", "-q", "--depth=1", "-b", "feature", &origin, shallow.to_str().unwrap()]);
    let config = sandbox.read("atmos.yaml");
    std::fs::write(shallow.join("atmos.yaml"), format!("{config}ci: {{enabled: true}}\n")).unwrap();
    let refs = |sandbox: &Sandbox, directory: &Path| sandbox.git(directory, &["for-each-ref"]);
    let before = refs(&sandbox, &shallow);
    let env = [("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_BASE_REF", "main")];
    let args = ["describe", "affected", "--chdir", shallow.to_str().unwrap()];
    assert_eq!(reasons(&sandbox.atmos_with(&env, &args).success().json()), EXPECTED);
    assert_eq!(refs(&sandbox, &shallow), before);
}

#[test]
fn the_private_directory_goes_with_a_signal() {
    let sandbox = changed();
    edit(
        &sandbox,
        "stacks/deploy/slow.yaml",
        "",
        "vars: {tenant: t, stage: slow}\ncomponents: {terraform: {vpc: {vars: {x: !exec 'touch started; exec sleep 5'}}}}\n",
    );
    let run = sandbox.spawn(&["describe", "affected", "--base", "main"]);
    let started = sandbox.repo().join("started");
    wait_until("the command of the manifest runs", Duration::from_mins(1), || started.exists().then_some(()));
    assert_eq!(std::fs::read_dir(sandbox.root().join("tmp")).unwrap().count(), 1);
    run.signal(Signal::TERM);
    let outcome = run.wait().exits(143);
    assert_eq!(outcome.stdout, "");
    assert_clean(&sandbox);
}

#[test]
fn sending_the_answer_is_not_built() {
    let sandbox = changed();
    let outcome = sandbox.atmos(&["describe", "affected", "--base", "main", "--upload"]).exits(1);
    outcome.says("`atmos describe affected --upload` is not built yet");
}

#[test]
fn an_event_that_cannot_be_read_is_told_of() {
    let sandbox = changed();
    let config = sandbox.read("atmos.yaml");
    sandbox.write("atmos.yaml", &format!("{config}ci: {{enabled: true}}\n"));
    sandbox.write("event.json", "{");
    for (path, problem) in [("event.json", "no JSON"), ("missing.json", "No such file")] {
        let env = [("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "push"), ("GITHUB_EVENT_PATH", path)];
        let outcome = sandbox.atmos_with(&env, &["describe", "affected"]);
        outcome.says(&format!("({path}) cannot be read: {problem}")).says("name it with --base");
    }
}

#[test]
fn the_list_has_a_row_for_each() {
    let sandbox = changed();
    edit(&sandbox, "stacks/deploy/old.yaml", "gone: {}", "");
    edit(&sandbox, "notes.txt", "x", "y");
    commit(&sandbox);
    let outcome = sandbox.atmos(&["list", "affected", "--base", "main", "-f", "csv"]).success();
    let expected = "Status,Component,Stack,Type,Affected,File\n\
        enabled,older,t-dev,terraform,file,notes.txt\n\
        enabled,vpc,t-dev,terraform,stack.vars,\n\
        enabled,older,t-prod,terraform,file,notes.txt\n\
        deleted,gone,t-old,terraform,deleted,\n";
    assert_eq!(outcome.stdout, expected);
    outcome.says("Compared main...refs/heads/feature");
    let with = sandbox.atmos(&["list", "affected", "--base", "main", "-s", "t-dev", "--include-dependents"]).success();
    assert!(with.stdout.contains("enabled\trds\tt-dev\tterraform\tdependent\t"), "{with}");
    let nothing = sandbox.atmos(&["list", "affected", "--base", "HEAD", "-f", "json"]).success();
    assert_eq!(nothing.stdout, "");
    nothing.says("No affected components found");
    let matrix = sandbox.atmos(&["list", "affected", "--base", "main", "-f", "matrix"]).success().json();
    assert_eq!(matrix["include"].as_array().unwrap().len(), 3);
    let list =
        |flags: &[&str]| sandbox.atmos(&[&["list", "affected", "--base", "main", "-s", "t-dev"], flags].concat());
    assert_eq!(list(&["-q", ".[].component", "-f", "yaml"]).success().stdout, "older\nvpc\n");
    assert_eq!(list(&["-f", "csv", "--file", "out.csv"]).success().stdout, "");
    assert!(sandbox.read("out.csv").starts_with("Status,Component"), "{}", sandbox.read("out.csv"));
    assert_eq!(list(&["-f", "matrix", "--output-file", "out"]).success().stdout, "");
    assert!(sandbox.read("out").ends_with("count=2\n"), "{}", sandbox.read("out"));
    let with = list(&["--include-settings", "--include-spacelift-admin-stacks", "--columns", "component,settings"]);
    assert!(with.success().stdout.contains("notes.txt"));
    list(&["--output-file", "out"]).exits(1);
    list(&["--upload"]).exits(1).says("`atmos list affected --upload` is not built yet");
}
