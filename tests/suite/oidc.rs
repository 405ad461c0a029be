//! Tokens of OpenID Connect in CI, in place of keys.

use std::time::Instant;

use serde_json::json;

use crate::support::{AT_ONCE, Federation, Refusal, Sts, find_part, free_port};

const AUTH: &str = r#"
auth:
  realm: ci
  providers:
    gh: {kind: github/oidc, region: eu-west-1}
    gl: {kind: gitlab/oidc, spec: {audience: sts.amazonaws.com}}
    file: {kind: oidc, spec: {audience: sts.amazonaws.com, token_source: {type: file, file_path: token}}}
    address:
      kind: oidc
      spec:
        audience: sts.amazonaws.com
        token_source: {type: url, url: "URL/other/token", request_token: request-token-of-this-job}
  identities:
    deploy: {kind: aws/assume-role, via: {provider: gh}, principal: {assume_role: "arn:aws:iam::222222222222:role/Deploy", duration: 2h}}
    audit: {kind: aws/assume-role, via: {provider: gh}, principal: {assume_role: "arn:aws:iam::333333333333:role/Audit"}}
    behind: {kind: aws/assume-role, via: {identity: deploy}, principal: {assume_role: "arn:aws:iam::444444444444:role/Behind"}}
    lab: {kind: aws/assume-role, via: {provider: gl}, principal: {assume_role: "arn:aws:iam::222222222222:role/Lab"}}
    filed: {kind: aws/assume-role, via: {provider: file}, principal: {assume_role: "arn:aws:iam::222222222222:role/Filed"}}
    asked: {kind: aws/assume-role, via: {provider: address}, principal: {assume_role: "arn:aws:iam::222222222222:role/Asked"}}
"#;

const TOKEN: &str = "github/token sts.amazonaws.com";
const DEPLOY: &str = "AssumeRoleWithWebIdentity arn:aws:iam::222222222222:role/Deploy";

fn job() -> Federation {
    let mut federation = Federation::start(AUTH);
    federation.as_job();
    federation
}

#[test]
fn job_of_github_becomes_a_role_without_any_key() {
    let federation = job();
    let who = ["auth", "whoami", "-i", "deploy", "-o", "json"];
    let (seen, calls) = federation.during(|| federation.sandbox.atmos(&who).success().json());
    let arn = seen["principal"].as_str().unwrap_or_default();
    assert!(arn.starts_with("arn:aws:sts::222222222222:assumed-role/Deploy/atmos-deploy-"), "{seen}");
    assert_eq!((&seen["provider"], &seen["region"]), (&json!("gh"), &json!("eu-west-1")), "{seen}");
    assert_eq!(calls, [TOKEN, DEPLOY]);
    // What is asked for each time is never kept.
    let (_, calls) = federation.during(|| federation.sandbox.atmos(&who).success());
    assert_eq!(calls, [TOKEN, DEPLOY]);
    federation.assert_clean();
}

#[test]
fn token_of_the_job_is_the_jobs_and_can_be_withheld() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut federation = job();
    let script = "env | grep -c ^ACTIONS_ID_TOKEN";
    let exec = ["auth", "exec", "-i", "deploy", "--", "sh", "-c", script];
    assert_eq!(federation.sandbox.atmos(&exec).success().stdout, "2\n");
    let withheld = "duration: 2h}, env: {ACTIONS_ID_TOKEN_REQUEST_TOKEN: null}}";
    federation.configure(&AUTH.replace("duration: 2h}}", withheld));
    assert_eq!(federation.sandbox.atmos(&exec).success().stdout, "1\n");
    let shell = federation.sandbox.atmos(&["auth", "env", "-i", "deploy"]).success();
    assert!(shell.stdout.contains("unset ACTIONS_ID_TOKEN_REQUEST_TOKEN\n"), "{shell}");
    federation.configure(AUTH);
    let program = federation.sandbox.root().join("terraform");
    std::fs::write(&program, "#!/bin/sh\nenv | grep ^ACTIONS_ID_TOKEN | cut -d= -f1 >seen\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    federation.sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", &program);
    federation.sandbox.write("components/terraform/app/main.tf", "");
    let stack = "vars: {stage: dev}\ncomponents: {terraform: {app: {env: {ACTIONS_ID_TOKEN_REQUEST_TOKEN: null}}}}\n";
    federation.sandbox.write("stacks/dev.yaml", stack);
    federation.sandbox.atmos(&["terraform", "validate", "app", "-s", "dev", "-i", "deploy"]).success();
    assert_eq!(federation.sandbox.read("components/terraform/app/seen"), "ACTIONS_ID_TOKEN_REQUEST_URL\n");
}

#[test]
fn one_token_serves_every_role_of_a_process_and_the_chains_behind() {
    let federation = job();
    let all = ["auth", "login", "--all", "--provider", "gh"];
    let (_, mut calls) = federation.during(|| federation.sandbox.atmos(&all).success());
    calls.sort();
    let expected = [
        "AssumeRole arn:aws:iam::444444444444:role/Behind",
        "AssumeRoleWithWebIdentity arn:aws:iam::222222222222:role/Deploy",
        "AssumeRoleWithWebIdentity arn:aws:iam::333333333333:role/Audit",
        TOKEN,
    ];
    assert_eq!(calls, expected);
    let (_, calls) = federation.during(|| federation.sandbox.atmos(&["auth", "login", "--provider", "gh"]).success());
    assert_eq!(calls, [TOKEN]);
    federation.assert_clean();
}

#[test]
fn child_of_a_job_is_given_the_role_by_its_run() {
    let federation = job();
    let aws = ["auth", "exec", "-i", "behind", "--", "aws", "sts", "get-caller-identity", "--output", "text"];
    let seen = federation.sandbox.atmos(&aws).success();
    assert!(seen.stdout.contains("arn:aws:sts::444444444444:assumed-role/Behind/atmos-behind-"), "{seen}");
    let env = federation.sandbox.atmos(&["auth", "exec", "-i", "deploy", "--", "env"]).success();
    for (name, there) in [("AWS_PROFILE=deploy", true), ("AWS_REGION=eu-west-1", true), ("AWS_ACCESS_KEY_ID", false)] {
        assert_eq!(env.stdout.contains(name), there, "{name}: {env}");
    }
    federation.assert_clean();
}

#[test]
fn real_sts_of_moto_takes_the_token() {
    let mut federation = job();
    let sts = Sts::start();
    federation.sandbox.set("AWS_ENDPOINT_URL_STS", &sts.url);
    let seen = federation.sandbox.atmos(&["auth", "whoami", "-i", "deploy", "-o", "json"]).success().json();
    let arn = seen["principal"].as_str().unwrap_or_default();
    assert!(arn.starts_with("arn:aws:sts::222222222222:assumed-role/Deploy/"), "{seen}");
    let calls = sts.calls();
    let call = calls.iter().find(|call| call.action == "AssumeRoleWithWebIdentity").unwrap();
    assert_eq!(call.signer, "", "{call:?}");
    assert!(call.form.contains("DurationSeconds=7200"), "{}", call.form);
}

#[test]
fn tokens_come_from_variables_files_and_addresses() {
    let federation = Federation::start(AUTH);
    federation.sandbox.write("token", &format!("{}\n", federation.mint(&json!({}))));
    let token = federation.mint(&json!({}));
    for (identity, variables, calls) in [
        ("lab", vec![("GITLAB_CI", "true"), ("GITLAB_OIDC_TOKEN", token.as_str())], 1),
        ("filed", vec![], 1),
        ("asked", vec![], 2),
    ] {
        let who = ["auth", "whoami", "-i", identity, "-o", "json"];
        let (seen, log) = federation.during(|| federation.sandbox.atmos_with(&variables, &who).success().json());
        let role = identity[..1].to_uppercase() + &identity[1..];
        let arn = seen["principal"].as_str().unwrap_or_default().to_owned();
        assert!(arn.starts_with(&format!("arn:aws:sts::222222222222:assumed-role/{role}/")), "{seen}");
        assert_eq!(log.len(), calls, "{log:?}");
    }
    // A GitLab job may have its token under another name.
    let named = AUTH.replace(
        "gl: {kind: gitlab/oidc, spec: {audience: sts.amazonaws.com}}",
        "gl: {kind: gitlab/oidc, spec: {token_source: {environment_variable: AWS_TOKEN_OF_JOB}}}",
    );
    federation.configure(&named);
    federation.sandbox.atmos_with(&[("AWS_TOKEN_OF_JOB", &token)], &["auth", "whoami", "-i", "lab"]).success();
    federation.sandbox.atmos(&["auth", "whoami", "-i", "lab"]).exits(1).says("the variable AWS_TOKEN_OF_JOB is empty");
}

#[test]
fn what_is_wrong_with_a_job_or_its_token_is_said_and_nothing_is_kept() {
    let federation = job();
    let cases: Vec<Refusal> = vec![
        (
            "outside",
            "deploy",
            json!({}),
            vec![("GITHUB_ACTIONS", "")],
            vec!["this is no job of GitHub Actions", "choose another identity"],
            0,
        ),
        (
            "permission",
            "deploy",
            json!({}),
            vec![("ACTIONS_ID_TOKEN_REQUEST_URL", "")],
            vec!["ACTIONS_ID_TOKEN_REQUEST_URL is not set", "id-token: write"],
            0,
        ),
        (
            "permission of the token",
            "deploy",
            json!({}),
            vec![("ACTIONS_ID_TOKEN_REQUEST_TOKEN", ""), ("ACTIONS_ID_TOKEN", "a.b.c")],
            vec!["ACTIONS_ID_TOKEN_REQUEST_TOKEN is not set", "id-token: write"],
            0,
        ),
        (
            "plain http",
            "deploy",
            json!({}),
            vec![("ACTIONS_ID_TOKEN_REQUEST_URL", "http://tokens.example/x")],
            vec!["ACTIONS_ID_TOKEN_REQUEST_URL: it must be an https URL"],
            0,
        ),
        (
            "request token",
            "deploy",
            json!({}),
            vec![("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of another job")],
            vec!["no token for provider `gh`", "HTTP status 401", "id-token: write"],
            1,
        ),
        ("refused", "deploy", json!({"token_status": 403}), vec![], vec!["HTTP status 403", "id-token: write"], 1),
        ("no JSON", "deploy", json!({"token_body": "<html>"}), vec![], vec!["the answer has no token"], 1),
        ("no JWT", "deploy", json!({"token_body": "{\"value\": \"x\"}"}), vec![], vec!["it is no JSON web token"], 1),
        (
            "audience",
            "deploy",
            json!({"claims": {"aud": "other"}}),
            vec![],
            vec!["it is for `other`, not for `sts.amazonaws.com`"],
            1,
        ),
        (
            "expired",
            "deploy",
            json!({"claims": {"exp": 1_000_000_000}}),
            vec![],
            vec!["it ended at 2001-09-09T01:46:40Z", "clock"],
            1,
        ),
        (
            "issuer",
            "deploy",
            json!({"claims": {"iss": "https://evil.example"}}),
            vec![],
            vec![
                "InvalidIdentityToken: No OpenIDConnect provider found in your account for https://evil.example",
                "needs an IAM OIDC provider for this issuer",
                "issuer `https://evil.example`",
            ],
            2,
        ),
        ("forged", "deploy", json!({"forge": true}), vec![], vec!["InvalidIdentityToken: The signature"], 2),
        (
            "subject",
            "deploy",
            json!({"claims": {"sub": "repo:acme/infra:pull_request"}}),
            vec![],
            vec!["AccessDenied: Not authorized", "trust policy", "subject `repo:acme/infra:pull_request`"],
            2,
        ),
    ];
    federation.assert_refused(cases);
    federation.assert_clean();
}

#[test]
fn token_that_has_just_ended_by_the_clock_here_is_for_sts_to_judge() {
    let federation = job();
    // The clock of this machine is two minutes ahead of that of STS.
    let ended = jiff::Timestamp::now().as_second() - 60;
    federation.control(&json!({"claims": {"exp": ended}, "ahead": -120}));
    let login = ["auth", "login", "-i", "deploy"];
    let (_, calls) = federation.during(|| federation.sandbox.atmos(&login).success());
    assert_eq!(calls, [TOKEN, DEPLOY]);
    // Both clocks agree: it is over, and STS says so.
    federation.assert_refused(vec![(
        "over",
        "deploy",
        json!({"claims": {"exp": ended}}),
        vec![],
        vec!["ExpiredTokenException"],
        2,
    )]);
    federation.assert_clean();
}

#[test]
fn service_that_is_down_or_slow_is_named_within_its_time() {
    let mut federation = job();
    let begun = Instant::now();
    federation.control(&json!({"hang": "/github/token"}));
    let login = ["auth", "login", "-i", "deploy", "--timeout", "1s"];
    federation.sandbox.atmos(&login).exits(1).says("no complete answer within 1 s").says("the service may be down");
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    // Nobody listens at the port of a listener that is gone.
    let port = free_port();
    federation.sandbox.set("ACTIONS_ID_TOKEN_REQUEST_URL", format!("http://127.0.0.1:{port}/token"));
    federation.sandbox.atmos(&login).exits(1).says(&format!("127.0.0.1:{port} cannot be reached"));
    federation.assert_clean();
}

#[test]
fn configuration_is_checked_listed_and_explained() {
    let federation = job();
    federation.sandbox.atmos(&["auth", "validate"]).success();
    let list = federation.sandbox.atmos(&["auth", "list", "-f", "json"]).success();
    assert_eq!(list.json()["providers"]["gh"]["kind"], "github/oidc", "{list}");
    assert!(!list.stdout.contains("request-token-of-this-job"), "{list}");
    let tree = federation.sandbox.atmos(&["auth", "list"]).success();
    assert!(tree.stdout.contains("gh") && tree.stdout.contains("github/oidc"), "{tree}");
    federation.sandbox.atmos(&["auth", "explain", "-c", "app", "-s", "dev", "-i", "behind"]).success();
    for (from, to, phrase) in [
        (
            "audience: sts.amazonaws.com, token_source",
            "audiences: x, token_source",
            "unknown key `spec.audiences`, did you mean `audience`?",
        ),
        ("{type: file, file_path: token}", "{type: file}", "spec.token_source.file_path is required for this type"),
        ("{type: file, file_path: token}", "{type: vault}", "spec.token_source.type `vault` is not known"),
        (
            "kind: oidc, spec: {audience: sts.amazonaws.com, token_source: {type: file, file_path: token}}",
            "kind: oidc",
            "spec.token_source.type is required",
        ),
        ("file_path: token}", "file_path: []}", "spec.token_source.file_path must be a string, not "),
        ("url: \"URL/other/token\"", "url: \"http://tokens.example/\"", "it must be an https URL"),
        ("role/Audit\"", "role/Audit\", external_id: x", "principal.external_id has no effect"),
        (
            "audit: {kind: aws/assume-role, via: {provider: gh}, principal: {",
            "audit: {kind: aws/permission-set, via: {provider: gh}, principal: {name: a, account: {name: b}, ",
            "aws/permission-set needs a provider of kind aws/iam-identity-center",
        ),
    ] {
        assert!(AUTH.contains(from), "{from}");
        federation.configure(&AUTH.replace(from, to));
        let seen = federation.sandbox.atmos(&["auth", "validate"]);
        assert!(seen.mentions(phrase), "{phrase}\n{seen}");
    }
}

#[test]
fn terraform_runs_as_the_role_of_the_job() {
    let mut federation = job();
    federation.sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", find_part("terraform").unwrap_or("tofu".into()));
    let sandbox = &federation.sandbox;
    sandbox.write("components/terraform/app/main.tf", MAIN);
    sandbox.write("stacks/dev.yaml", STACK);
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "--", "-auto-approve"]).success();
    let seen = sandbox.read("components/terraform/app/caller");
    assert!(seen.contains("assumed-role/Deploy/atmos-deploy-"), "{seen}");
    federation.assert_clean();
}

const STACK: &str = "vars: {stage: dev}\ncomponents: {terraform: {app: {settings: {auth: {identity: deploy}}}}}\n";
const MAIN: &str = r#"
variable "stage" {}
resource "terraform_data" "who" {
  provisioner "local-exec" { command = "aws sts get-caller-identity --output text > caller" }
}
"#;
