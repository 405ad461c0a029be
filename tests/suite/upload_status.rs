//! `--upload-status`: what Atmos Pro is told of a plan and an apply. The service is a loopback server.

use serde_json::{Value, json};

use crate::support::{GitHub, Sandbox};

const PLAN: [&str; 6] = ["terraform", "plan", "app", "-s", "dev", "--upload-status"];

fn sandbox(github: &GitHub, settings: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty();
    sandbox.write(
        "atmos.yaml",
        "base_path: .\nstacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}\n\
         components: {terraform: {base_path: components/terraform}}\n",
    );
    sandbox.write("components/terraform/app/main.tf", "");
    let text = format!("vars: {{stage: dev}}\ncomponents: {{terraform: {{app: {{settings: {settings}}}}}}}\n");
    sandbox.write("stacks/dev.yaml", &text);
    sandbox.record(&["TERRAFORM"]);
    sandbox.git_init();
    sandbox.git(&sandbox.repo(), &["remote", "add", "origin", "git@github.test:acme/infra.git"]);
    sandbox.set("ATMOS_PRO_BASE_URL", format!("{}/pro", github.url));
    sandbox.set("ATMOS_PRO_TOKEN", "pro-own-token-01");
    sandbox
}

fn told(github: &GitHub) -> Vec<(Value, Value, Value)> {
    let state = github.state();
    let all = state["told"].as_array().cloned().unwrap_or_default();
    all.into_iter().map(|one| (one["instance"].clone(), one["command"].clone(), one["exit_code"].clone())).collect()
}

#[test]
fn the_end_of_a_run_is_told() {
    let github = GitHub::start();
    let sandbox = sandbox(&github, "{pro: {enabled: true}}");
    sandbox.atmos_with(&[("STUB_EXIT_PLAN", "2")], &PLAN).exits(2).says_not("pro-own-token-01");
    sandbox.atmos(&["terraform", "deploy", "app", "-s", "dev", "--upload-status"]).success();
    sandbox.atmos_with(&[("STUB_EXIT_PLAN", "1")], &PLAN).exits(1);
    let line = |command: &str, code: u8| (json!("app in dev"), json!(command), json!(code));
    assert_eq!(told(&github), [line("plan", 2), line("apply", 0), line("plan", 1)]);
    let last_run = github.state()["told"][0]["last_run"].clone();
    assert!(last_run.as_str().is_some_and(|time| time.ends_with('Z')), "{last_run}");
    // Nobody asked for it.
    sandbox.atmos(&PLAN[..5]).success();
    sandbox.atmos(&["terraform", "validate", "app", "-s", "dev", "--upload-status"]).success();
    assert_eq!(told(&github).len(), 3);
}

#[test]
fn github_vouches_where_there_is_no_token() {
    let github = GitHub::start();
    let mut sandbox = sandbox(&github, "{pro: {enabled: true}}");
    sandbox.remove("ATMOS_PRO_TOKEN");
    sandbox.atmos(&PLAN).success().says("nobody says as whom Atmos Pro is told").says("id-token: write");
    for (name, value) in [
        ("ATMOS_PRO_WORKSPACE_ID", "ws-1".to_owned()),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{}/pro/oidc?api-version=2", github.url)),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner-may-ask".to_owned()),
    ] {
        sandbox.set(name, value);
    }
    let outcome = sandbox.atmos(&PLAN).success();
    for secret in ["runner-may-ask", "github-vouches", "pro-session-token"] {
        assert!(!outcome.mentions(secret), "{outcome}");
    }
    assert_eq!(told(&github).len(), 1);
    sandbox.set("ATMOS_PRO_WORKSPACE_ID", "ws-2");
    sandbox.atmos(&PLAN).success().says("HTTP status 403: unknown workspace");
}

#[test]
fn what_cannot_be_told_changes_nothing() {
    let github = GitHub::start();
    let mut sandbox = sandbox(&github, "{pro: {enabled: true}}");
    sandbox.set("ATMOS_PRO_TOKEN", "pro-wrong-token-02");
    let outcome = sandbox.atmos(&PLAN).success().says("which changes nothing for the run");
    outcome.says("HTTP status 401: token is not valid (trace t-1)").says_not("pro-wrong-token-02");
    sandbox.set("ATMOS_PRO_BASE_URL", "http://127.0.0.1:1");
    sandbox.atmos(&PLAN).success().says("Atmos Pro cannot be reached at 127.0.0.1:1");
    self::sandbox(&github, "{}").atmos(&PLAN).success().says("`settings.pro.enabled` of app in dev is not true");
    assert_eq!(told(&github), []);
}
