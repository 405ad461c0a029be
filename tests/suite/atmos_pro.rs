//! Atmos Pro: the session of a job, and tokens of GitHub for the children of runs in CI.

use serde_json::json;

use crate::support::{Federation, Outcome};

const AUTH: &str = r#"
auth:
  realm: pro
  providers:
    pro: {kind: atmos/pro, spec: {base_url: "URL/pro", workspace_id: ws-1}}
  identities:
    pro: {kind: atmos/pro, via: {provider: pro}}
    cloud: {kind: exec, spec: {command: [cat, answer]}}
  integrations:
    github: {kind: github/sts, via: {provider: pro}, spec: {repos: [acme/modules, acme/more, in-house/x, other/y]}}
"#;

fn job(auth: &str) -> Federation {
    let mut federation = Federation::start(auth);
    federation.as_job();
    let api = format!("{}/github/api", federation.url);
    federation.sandbox.set("GITHUB_API_URL", api);
    let answer = json!({"Version": 1, "Variables": {"CLOUD_TOKEN": "token-of-the-cloud-1"}});
    federation.sandbox.write("answer", &answer.to_string());
    federation
}

/// What git makes of the address of a repository for a child, and the variables of that.
fn child(federation: &Federation, identity: &str, repository: &str) -> (Outcome, String, String) {
    let script = format!(
        "rm -rf r && git init -q r && git -C r remote add origin {repository} && git -C r remote get-url origin > address; env > seen"
    );
    let run = federation.sandbox.atmos(&["auth", "exec", "-i", identity, "--", "sh", "-c", &script]).success();
    let (address, seen) = (federation.sandbox.read("address"), federation.sandbox.read("seen"));
    for file in ["address", "seen"] {
        std::fs::remove_file(federation.sandbox.repo().join(file)).unwrap();
    }
    (run, address.trim().to_owned(), seen)
}

fn names(seen: &str) -> Vec<&str> {
    let names = seen.lines().filter_map(|line| Some(line.split_once('=')?.0));
    let mut names: Vec<&str> = names.filter(|name| name.starts_with("GIT_") || name.starts_with("ATMOS_PRO")).collect();
    names.sort_unstable();
    names
}

#[test]
fn children_in_ci_reach_repositories_by_tokens_that_are_taken_back() {
    let federation = job(AUTH);
    for identity in ["pro", "cloud"] {
        let ((run, address, seen), calls) =
            federation.during(|| child(&federation, identity, "https://github.com/acme/modules.git"));
        assert!(
            address.starts_with("https://x-access-token:ghs_") && address.ends_with("@github.com/acme/modules.git"),
            "{address}"
        );
        // Two owners have two tokens: no single variable could name one.
        assert_eq!(names(&seen).last(), Some(&"GIT_CONFIG_VALUE_3"), "{seen}");
        run.says("no token of GitHub for other/y: no_trust_policy");
        let expected = [
            "github/token atmos-pro.com",
            "pro/session",
            "pro/sts default acme/modules,acme/more,in-house/x,other/y",
            "github/revoke",
            "github/revoke",
        ];
        assert_eq!(calls, expected, "{identity}");
    }
    let ssh = child(&federation, "cloud", "ssh://git@github.com/in-house/x.git").1;
    assert!(ssh.contains("@github.com/in-house/x.git"), "{ssh}");
    let elsewhere = child(&federation, "cloud", "https://github.com/nobody/x.git").1;
    assert_eq!(elsewhere, "https://github.com/nobody/x.git");
    federation.sandbox.atmos(&["auth", "login", "-i", "pro"]).success();
    federation.assert_clean();
}

#[test]
fn one_token_has_a_name_and_may_stay_and_a_file_keeps_it_out_of_the_variables() {
    let one = AUTH.replace("{repos: [acme/modules, acme/more, in-house/x, other/y]}", "{repos: acme/modules, MORE}");
    let federation = job(&one.replace("MORE", "policy_name: read, revoke_on_exit: false"));
    let ((_, _, seen), calls) = federation.during(|| child(&federation, "cloud", "https://github.com/acme/x"));
    assert!(seen.contains("ATMOS_PRO_GITHUB_TOKEN=ghs_"), "{seen}");
    assert_eq!(calls.last().map(String::as_str), Some("pro/sts read acme/modules"));
    federation.configure(&one.replace("MORE", "token_env: 'GH_{{ .owner }}', git_config_mode: file"));
    let (_, address, seen) = child(&federation, "cloud", "https://github.com/acme/x");
    assert!(address.starts_with("https://x-access-token:ghs_"), "{address}");
    assert!(seen.contains("GH_ACME=ghs_") && !seen.contains("x-access-token"), "{seen}");
    assert_eq!(names(&seen), ["GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0"]);
    federation.configure(&one.replace("MORE", "auto_provision: false"));
    let ((_, address, _), calls) = federation.during(|| child(&federation, "cloud", "https://github.com/acme/x"));
    assert_eq!((address.as_str(), calls), ("https://github.com/acme/x", Vec::new()));
    federation.assert_clean();
}

#[test]
fn what_the_service_refuses_is_said_and_runs_go_on() {
    let federation = job(AUTH);
    for (from, to, phrase) in [
        ("workspace_id: ws-1", "workspace_id: ws-2", "there is no such workspace (HTTP status 404)"),
        (
            "{repos: [acme/modules, acme/more, in-house/x, other/y]}",
            "{policy_name: unentitled}",
            "the workspace is not entitled (HTTP status 403)",
        ),
        (
            "{repos: [acme/modules, acme/more, in-house/x, other/y]}",
            "{policy_name: \"off\"}",
            "the feature is switched off",
        ),
        ("base_url: \"URL/pro\"", "base_url: \"URL/elsewhere\"", "HTTP status"),
    ] {
        federation.configure(&AUTH.replace(from, to));
        let (run, address, _) = child(&federation, "cloud", "https://github.com/acme/x");
        assert_eq!(address, "https://github.com/acme/x");
        run.says("integration `github` of kind github/sts failed").says(phrase).says("atmos.yaml:");
    }
    federation.configure(&AUTH.replace(", workspace_id: ws-1", ""));
    federation
        .sandbox
        .atmos(&["auth", "login", "-i", "pro"])
        .exits(1)
        .says("nobody says which workspace it is for")
        .says("atmos.yaml:");
    federation.sandbox.atmos_with(&[("ATMOS_PRO_WORKSPACE_ID", "ws-1")], &["auth", "login", "-i", "pro"]).success();
    federation.configure(AUTH);
    // Outside of CI nobody runs as the session by himself.
    let mut federation = federation;
    for name in ["CI", "GITHUB_ACTIONS"] {
        federation.sandbox.remove(name);
    }
    let ((run, _, _), calls) = federation.during(|| child(&federation, "cloud", "https://github.com/acme/x"));
    assert_eq!(calls, Vec::<String>::new(), "{run}");
    federation.sandbox.atmos(&["auth", "login", "-i", "pro"]).exits(1).says("this is no job of GitHub Actions");
}
