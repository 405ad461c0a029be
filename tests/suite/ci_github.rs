//! What GitHub is told of runs: statuses of the commit, comments on the pull request, planfiles as artifacts. The service is
//! a loopback server that speaks its documented protocols.

use crate::support::{GitHub, Outcome, Sandbox};

const PLAN: [&str; 5] = ["terraform", "plan", "app", "-s", "dev"];
const ALL: &str = "ci: {enabled: true, checks: {enabled: true}, comments: {enabled: true}}";
const STORE: &str =
    ", planfiles: {stores: {hub: {type: github/artifacts, options: {prefix: plans, retention_days: 3}}}}";

/// A job for a pull request, with the components `app` and `other` and the real terraform.
fn sandbox(github: &GitHub, ci: &str, terraform: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty().with_terraform();
    sandbox.write(
        "atmos.yaml",
        &format!(
            "base_path: .\nstacks: {{base_path: stacks, included_paths: ['**/*'], name_pattern: '{{stage}}'}}\n\
             components: {{terraform: {{base_path: components/terraform, deploy_run_init: true{terraform}}}}}\n{ci}\n"
        ),
    );
    for name in ["app", "other"] {
        let text = "resource \"terraform_data\" \"it\" {\n  input = \"x\"\n}\n";
        sandbox.write(&format!("components/terraform/{name}/main.tf"), text);
    }
    sandbox.write("stacks/dev.yaml", "vars: {stage: dev}\ncomponents: {terraform: {app: {}, other: {}}}\n");
    github.runs(&mut sandbox);
    let file = |name: &str| sandbox.root().join(name);
    let (output, summary) = (file("output"), file("summary"));
    sandbox.set("GITHUB_OUTPUT", output);
    sandbox.set("GITHUB_STEP_SUMMARY", summary);
    sandbox
}

fn comments(github: &GitHub) -> Vec<String> {
    let state = github.state();
    let all = state["comments"].as_array().into_iter().flatten();
    all.filter_map(|comment| comment.as_str()).filter(|text| !text.starts_with("opinion")).map(str::to_owned).collect()
}

/// Nobody is shown a token.
#[track_caller]
fn keeps_the_secret(outcome: &Outcome) {
    assert!(!outcome.mentions(GitHub::TOKEN) && !outcome.stdout.contains(GitHub::TOKEN), "{outcome}");
}

#[test]
fn a_commit_has_statuses_of_a_run() {
    let github = GitHub::start();
    let mut sandbox = sandbox(&github, ALL, "");
    sandbox.git_init();
    let head = sandbox.git(&sandbox.repo(), &["rev-parse", "HEAD"]);
    keeps_the_secret(&sandbox.atmos(&PLAN).success());
    assert_eq!(
        github.statuses(),
        [
            "atmos/plan/dev/app | pending | plan in progress...",
            "atmos/plan/dev/app | success | Plan: 1 to add, 0 to change, 0 to destroy.",
            "atmos/plan/dev/app/add | success | 1 resource",
        ]
    );
    let status = github.state()["statuses"][0].clone();
    assert_eq!(status["commit"], head.trim());
    assert_eq!(status["target_url"], "https://github.test/acme/infra/actions/runs/42");
    // What GitHub checks out for a pull request is a merge that nobody looks at.
    sandbox.set("GITHUB_SHA", head.trim());
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "-auto-approve"]).success();
    let state = github.state();
    assert_eq!(state["statuses"][3]["commit"], "head-of-the-topic");
    assert_eq!(github.statuses()[4], "atmos/apply/dev/app | success | Resources: 1 added, 0 changed, 0 destroyed");
    // A failure of terraform is told, and stays what it is.
    sandbox.write("components/terraform/app/bad.tf", "output \"bad\" {\n  value = nothing.here\n}\n");
    sandbox.atmos(&PLAN).exits(1);
    assert_eq!(github.statuses().last().unwrap(), "atmos/plan/dev/app | failure | Failed");
}

#[test]
fn settings_choose_the_statuses() {
    let github = GitHub::start();
    let ci = "ci: {enabled: true, checks: {enabled: true, context_prefix: ours, statuses: {component: false}}}";
    let sandbox = sandbox(&github, ci, "");
    sandbox.atmos(&PLAN).success();
    assert_eq!(github.statuses(), ["ours/plan/dev/app/add | success | 1 resource"]);
    assert_eq!(comments(&github), Vec::<String>::new());
}

#[test]
fn a_pull_request_has_one_comment_of_each_plan() {
    let github = GitHub::start();
    // On another page than the first.
    github.tell("comments");
    let sandbox = sandbox(&github, "ci: {enabled: true, summary: {enabled: false}}", "");
    let on = [("ATMOS_CI_COMMENTS_ENABLED", "true")];
    keeps_the_secret(&sandbox.atmos_with(&on, &PLAN).success());
    let first = comments(&github);
    assert_eq!(first.len(), 1);
    assert!(first[0].starts_with("<!-- atmos:ci:plan:app:dev -->\n") && first[0].contains("1 to add"), "{}", first[0]);
    assert!(!sandbox.root().join("summary").exists());
    // The same comment has what the second run says.
    sandbox.atmos_with(&on, &["terraform", "apply", "app", "-s", "dev", "-auto-approve"]).success();
    sandbox.atmos_with(&on, &PLAN).success();
    let second = comments(&github);
    assert_eq!(second.len(), 1);
    assert!(second[0].contains("No Changes"), "{}", second[0]);
    sandbox.atmos(&PLAN).success();
    assert_eq!(github.log().iter().filter(|asked| asked["method"] == "PATCH").count(), 1);
}

#[test]
fn a_comment_is_made_or_updated_as_the_setting_says() {
    let github = GitHub::start();
    for (behavior, phrase, count) in [
        ("update", "there is no comment on the pull request 7 yet", 0),
        ("create", "", 1),
        ("create", "", 2),
        ("update", "", 2),
        ("sometimes", "`ci.comments.behavior` cannot be `sometimes`", 2),
    ] {
        let ci = format!("ci: {{enabled: true, comments: {{enabled: true, behavior: {behavior}}}}}");
        let outcome = sandbox(&github, &ci, "").atmos(&PLAN).success();
        if !phrase.is_empty() {
            outcome.says(phrase);
        }
        assert_eq!(comments(&github).len(), count, "{behavior}");
    }
    let mut elsewhere = sandbox(&github, ALL, "");
    elsewhere.set("GITHUB_REF", "refs/heads/main");
    elsewhere.set("GITHUB_EVENT_PATH", "/nowhere");
    elsewhere.atmos(&PLAN).success().says_not("comment");
    assert_eq!(comments(&github).len(), 2);
}

#[test]
fn many_components_have_a_status_each_and_a_comment_together() {
    let github = GitHub::start();
    let sandbox = sandbox(&github, ALL, "");
    sandbox.write("components/terraform/app/bad.tf", "output \"bad\" {\n  value = nothing.here\n}\n");
    sandbox.atmos(&["terraform", "plan", "--all", "--failure-mode", "keep-going"]).exits(1);
    assert_eq!(
        github.statuses(),
        [
            "atmos/plan/dev/app | failure | Failed",
            "atmos/plan/dev/other | success | Plan: 1 to add, 0 to change, 0 to destroy.",
            "atmos/plan/dev/other/add | success | 1 resource",
        ]
    );
    let told = comments(&github);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("<!-- atmos:ci:plan:aggregate:all -->\n") && told[0].contains("## Terraform Plan Summary"),
        "{}",
        told[0]
    );
}

#[test]
fn what_github_does_not_take_fails_no_run() {
    let github = GitHub::start();
    let mut sandbox = sandbox(&github, ALL, "");
    sandbox.set("GITHUB_TOKEN", GitHub::POWERLESS);
    let outcome = sandbox.atmos(&["terraform", "plan", "--all"]).success();
    let outcome = outcome.says("HTTP status 403: Resource not accessible by integration").says("statuses: write");
    let outcome = outcome.says("pull-requests: write");
    outcome.says_not(GitHub::POWERLESS);
    // After the first no the others are not asked for.
    let asked = github.log().iter().filter(|asked| asked["path"].as_str().unwrap().contains("/statuses/")).count();
    assert_eq!(asked, 1);
    sandbox.set("GITHUB_TOKEN", "");
    sandbox.atmos(&PLAN).success().says("nobody says as whom GitHub is asked");
    // A token of its own goes before that of terraform.
    sandbox.set("GITHUB_TOKEN", GitHub::POWERLESS);
    sandbox.set("ATMOS_CI_GITHUB_TOKEN", GitHub::TOKEN);
    sandbox.atmos(&PLAN).success().says_not("403");
    assert_eq!(github.statuses().len(), 3);
    sandbox.set("GITHUB_API_URL", "http://127.0.0.1:1/api");
    sandbox.atmos(&PLAN).success().says("GitHub cannot be asked to set the status of the commit: 127.0.0.1:1");
}

#[test]
fn other_systems_show_statuses_as_lines() {
    let github = GitHub::start();
    let mut sandbox = sandbox(&github, ALL, "");
    sandbox.set("GITHUB_ACTIONS", "");
    let outcome = sandbox.atmos(&[&PLAN[..], &["--ci"]].concat()).success();
    outcome.says("atmos/plan/dev/app: pending: plan in progress...").says("`ci.comments` has no effect");
    assert!(github.log().is_empty());
}

fn planfile(sandbox: &Sandbox, words: &[&str]) -> Outcome {
    sandbox.atmos(&[&["terraform", "planfile"], words].concat())
}

#[test]
fn planfiles_go_from_job_to_job_as_artifacts() {
    let github = GitHub::start();
    let mut sandbox = sandbox(&github, "ci: {enabled: true}", STORE);
    sandbox.set("ATMOS_CI_SHA", "abc123");
    sandbox.atmos(&PLAN).success().says("the planfile was not kept").says("ACTIONS_RUNTIME_TOKEN");
    github.runtime(&mut sandbox, "job-plan");
    keeps_the_secret(
        &sandbox.atmos(&PLAN).success().says("Uploaded planfile to github/artifacts: dev/app/abc123.tfplan.tar"),
    );
    assert_eq!(github.state()["artifacts"][0]["name"], "plans-dev--app--abc123.tfplan.tar");
    // A second attempt of the job takes its place.
    sandbox.atmos(&PLAN).success().says("Uploaded planfile");
    assert_eq!(github.state()["artifacts"].as_array().map(Vec::len), Some(1));
    // Another job of the same run has it, though the run goes on.
    github.runtime(&mut sandbox, "job-deploy");
    sandbox.atmos(&["terraform", "deploy", "app", "-s", "dev"]).success().says("is the stored one");
    // Later it is to be had by the REST service, without what the runner gives.
    sandbox.set("ACTIONS_RUNTIME_TOKEN", "");
    planfile(&sandbox, &["download", "app", "-s", "dev"]).exits(1).says("there is no planfile");
    github.tell("end");
    planfile(&sandbox, &["download", "app", "-s", "dev", "-o", "fetched"]).success();
    assert!(sandbox.repo().join("fetched").is_file());
    let shown = planfile(&sandbox, &["show", "app", "-s", "dev", "--format", "json"]).success().json();
    assert_eq!((&shown["component"], &shown["additions"]), (&"app".into(), &1.into()), "{shown}");
    let listed = planfile(&sandbox, &["list", "--format", "json"]).success().json();
    assert_eq!((&listed[0]["component"], &listed[0]["sha"]), (&"app".into(), &"abc123".into()), "{listed}");
    assert_eq!(planfile(&sandbox, &["list", "other", "--format", "json"]).success().json(), serde_json::json!([]));
    planfile(&sandbox, &["delete", "app", "-s", "dev", "--force"]).success().says("Deleted 1 planfile(s)");
    assert_eq!(github.state()["artifacts"], serde_json::json!([]));
}

#[test]
fn artifacts_that_cannot_be_had_say_why() {
    let github = GitHub::start();
    let mut sandbox = sandbox(&github, "ci: {enabled: true}", STORE);
    sandbox.set("ATMOS_CI_SHA", "abc123");
    sandbox.set("GITHUB_TOKEN", GitHub::POWERLESS);
    planfile(&sandbox, &["list"])
        .exits(1)
        .says("GitHub does not list the artifacts: HTTP status 403")
        .says("actions: write");
    sandbox.set("GITHUB_TOKEN", "");
    planfile(&sandbox, &["list"]).exits(1).says("nobody says as whom GitHub is asked");
    sandbox.set("GITHUB_TOKEN", GitHub::TOKEN);
    sandbox.set("ACTIONS_RUNTIME_TOKEN", "nonsense");
    sandbox.set("ACTIONS_RESULTS_URL", &github.url);
    planfile(&sandbox, &["download", "app", "-s", "dev"]).exits(1).says("ACTIONS_RUNTIME_TOKEN does not say which run");
    sandbox.set("ACTIONS_RUNTIME_TOKEN", "");
    sandbox.set("GITHUB_REPOSITORY", "acme");
    planfile(&sandbox, &["list"]).exits(1).says("GITHUB_REPOSITORY is `acme`");
}

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A job in which `trivy` finds something in every component.
fn scanned(github: &GitHub, ci: &str, hook: &str) -> Sandbox {
    let mut sandbox = sandbox(github, ci, "");
    let folder = sandbox.root().join("own-bin");
    std::fs::create_dir_all(&folder).unwrap();
    let report = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Trivy", "rules": [{"id": "R1", "properties": {"security-severity": "8.0"}}]}}, "results": [{"level": "error", "ruleId": "R1", "message": {"text": "open to all"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "main.tf"}, "region": {"startLine": 2}}}]}]}]}"#;
    std::fs::write(sandbox.root().join("report"), report).unwrap();
    let script = format!("#!/bin/sh\ncat {}/report >\"$5\"\n", sandbox.root().display());
    std::fs::write(folder.join("trivy"), script).unwrap();
    std::fs::set_permissions(folder.join("trivy"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = sandbox.environment()["PATH"].to_string_lossy().into_owned();
    sandbox.set("PATH", format!("{}:{path}", folder.display()));
    let hooks = format!("{{hooks: {{scan: {{events: [after.terraform.plan], kind: trivy{hook}}}}}}}");
    let manifest = format!("vars: {{stage: dev}}\ncomponents: {{terraform: {{app: {hooks}, other: {hooks}}}}}\n");
    sandbox.write("stacks/dev.yaml", &manifest);
    let workspace = sandbox.repo();
    sandbox.set("GITHUB_WORKSPACE", workspace);
    sandbox.set("GITHUB_SHA", COMMIT);
    sandbox
}

fn findings(github: &GitHub) -> Vec<serde_json::Value> {
    github.state()["findings"].as_array().cloned().unwrap_or_default()
}

#[test]
fn findings_of_scanners_are_in_the_code_scanning_of_the_repository() {
    let github = GitHub::start();
    let mut sandbox = scanned(&github, "ci: {enabled: true, results: {enabled: true}}", "");
    let run = sandbox.atmos(&["terraform", "plan", "--all"]).success();
    keeps_the_secret(&run);
    let sent = findings(&github);
    assert_eq!(sent.len(), 2, "{run}");
    let run_of = |at: usize| &sent[at]["report"]["runs"][0];
    let mut names: Vec<&str> = (0..2).filter_map(|at| run_of(at)["automationDetails"]["id"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["atmos/dev/app/scan/", "atmos/dev/other/scan/"], "one does not take the place of the other");
    let of_app = run_of(usize::from(run_of(0)["automationDetails"]["id"] != "atmos/dev/app/scan/"));
    let result = &of_app["results"][0];
    let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!((uri.as_str(), result["level"].as_str()), (Some("components/terraform/app/main.tf"), Some("warning")));
    assert_eq!((sent[0]["commit"].as_str(), sent[0]["ref"].as_str()), (Some(COMMIT), Some("refs/pull/7/merge")));

    // What it does not take is said once, and no run fails by it.
    sandbox.set("GITHUB_TOKEN", GitHub::POWERLESS);
    let run = sandbox.atmos(&["terraform", "plan", "--all", "--max-concurrency", "1"]).success();
    let run =
        run.says("are not in GitHub's code scanning").says("Resource not accessible").says("security-events: write");
    assert_eq!(run.stderr.matches("code scanning").count(), 1, "{run}");
    sandbox.set("GITHUB_TOKEN", GitHub::TOKEN);
    sandbox.remove("GITHUB_SHA");
    sandbox.atmos(&PLAN).success().says("GITHUB_SHA or GITHUB_REF is not set");
    // Not without being asked, and nowhere else.
    let others = scanned(&github, "ci: {enabled: true}", "");
    others.atmos(&PLAN).success();
    let mut others = scanned(&github, "ci: {enabled: true, results: {enabled: true}}", ", on_failure: fail");
    others.set("GITHUB_ACTIONS", "false");
    others.atmos(&PLAN).success();
    assert_eq!(findings(&github).len(), 2);
    others.set("GITHUB_ACTIONS", "true");
    others.atmos(&PLAN).success();
    assert_eq!(findings(&github)[2]["report"]["runs"][0]["results"][0]["level"], "error");
}

#[test]
fn checks_of_files_are_in_the_code_scanning_too() {
    let github = GitHub::start();
    let sandbox = scanned(&github, "ci: {enabled: true, results: {enabled: true}}", "");
    let tflint = sandbox.root().join("own-bin/tflint");
    std::fs::write(&tflint, format!("#!/bin/sh\ncat {}/report\nexit 2\n", sandbox.root().display())).unwrap();
    std::fs::set_permissions(&tflint, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    sandbox.atmos(&["terraform", "lint", "app"]).exits(1);
    sandbox.write(".editorconfig", "root = true\n[*.txt]\ntrim_trailing_whitespace = true\n");
    sandbox.write("notes/a.txt", "one \n");
    sandbox.atmos(&["validate", "editorconfig"]).exits(1);
    let told = |finding: &serde_json::Value| {
        let run = &finding["report"]["runs"][0];
        let uri = &run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        [&run["automationDetails"]["id"], uri, &run["results"][0]["level"]]
            .map(|part| part.as_str().unwrap_or("-").to_owned())
    };
    let told: Vec<[String; 3]> = findings(&github).iter().map(told).collect();
    let expected = [
        ["atmos/app/tflint/", "components/terraform/app/main.tf", "error"],
        ["validate-editorconfig/", "notes/a.txt", "error"],
    ];
    assert_eq!(told, expected);
}
