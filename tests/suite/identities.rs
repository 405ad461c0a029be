//! Which identity a component runs as: every scope and every way to say it, in one run of real terraform.

use std::collections::BTreeMap;

use crate::support::{Outcome, Sandbox};

/// Workspace to the profile that its child saw.
fn profiles(outcome: &Outcome) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for line in outcome.plain_stdout().lines() {
        let Some((_, report)) = line.split_once("(local-exec): [") else { continue };
        let Some((workspace, rest)) = report.split_once("] profile=[") else { continue };
        let (profile, _) = rest.split_once("] identity=[").unwrap();
        found.insert(workspace.to_owned(), profile.to_owned());
    }
    found
}

fn expected(table: &[(&str, &str)]) -> BTreeMap<String, String> {
    table.iter().map(|(workspace, profile)| ((*workspace).to_owned(), (*profile).to_owned())).collect()
}

#[test]
fn case_08_10_narrowest_word_about_the_identity_wins() {
    let sandbox = Sandbox::scenario("identity-resolution");
    let apply = sandbox.atmos(&["terraform", "apply", "--all", "-s", "dev", "--", "-auto-approve"]).success();
    let table = [
        ("dev-alias", "by-component"),
        ("dev-both", "by-component"),
        ("dev-case", "Mixed.Case"),
        ("dev-inherited", "by-catalog"),
        ("dev-narrower", "by-default"),
        ("dev-off", ""),
        ("dev-overridden", "by-override"),
        ("dev-own", "by-component"),
        ("dev-plain", "fallback"),
        ("dev-unset", "fallback"),
    ];
    assert_eq!(profiles(&apply), expected(&table), "{apply}");
    // It would be stronger than `settings.auth.identity` in a nested run.
    assert!(!apply.plain_stdout().contains("identity=[by"), "ATMOS_IDENTITY reached terraform\n{apply}");
}

#[test]
fn case_08_stack_level_setting_is_weaker_than_the_catalogs() {
    let sandbox = Sandbox::scenario("identity-resolution");
    let apply = |component, more: &[&str]| {
        let args = ["terraform", "apply", component, "-s", "staging"];
        sandbox.atmos(&[&args[..], more, &["--", "-auto-approve"]].concat()).success()
    };
    assert_eq!(profiles(&apply("plain", &[])), expected(&[("staging-plain", "by-stack")]));
    assert_eq!(profiles(&apply("inherited", &[])), expected(&[("staging-inherited", "by-catalog")]));
    let flag = apply("inherited", &["--identity", "by-default"]);
    assert_eq!(profiles(&flag), expected(&[("staging-inherited", "by-default")]));
    for off in ["false", "off", "No", "0"] {
        let off = format!("--identity={off}");
        assert_eq!(profiles(&apply("inherited", &[&off])), expected(&[("staging-inherited", "")]));
    }
}

#[test]
fn case_08_variable_is_stronger_than_the_settings_and_weaker_than_the_flag() {
    let sandbox = Sandbox::scenario("identity-resolution");
    let args = ["terraform", "apply", "inherited", "-s", "dev"];
    let variable = |more: &[&str]| {
        let all = [&args[..], more, &["--", "-auto-approve"]].concat();
        profiles(&sandbox.atmos_with(&[("ATMOS_IDENTITY", "by-default")], &all).success())
    };
    assert_eq!(variable(&[]), expected(&[("dev-inherited", "by-default")]));
    assert_eq!(variable(&["--identity", "by-stack"]), expected(&[("dev-inherited", "by-stack")]));
}

#[test]
fn explicit_identity_applies_to_all() {
    let sandbox = Sandbox::scenario("identity-resolution");
    let args = ["terraform", "apply", "--all", "-s", "dev", "--identity", "by-stack", "--", "-auto-approve"];
    let profiles = profiles(&sandbox.atmos(&args).success());
    assert_eq!(profiles.len(), 10);
    assert!(profiles.values().all(|profile| profile == "by-stack"), "{profiles:?}");
}

#[test]
fn allowed_identities_are_known_by_any_of_their_names() {
    let sandbox = Sandbox::scenario("identity-resolution");
    let text = sandbox.read("atmos.yaml");
    sandbox.write("atmos.yaml", &text.replace("auth:\n", "auth:\n  allowed_identities: [mixed.CASE]\n"));
    let main = "components/terraform/app/main.tf";
    let text = sandbox.read(main).replace("echo \\\"[", "cat $AWS_CONFIG_FILE; echo \\\"[");
    sandbox.write(main, &text);
    let run = sandbox.atmos(&["terraform", "apply", "own", "-s", "dev", "--", "-auto-approve"]).success();
    assert!(run.stdout.contains("[profile by-component]") && run.stdout.contains("[profile Mixed.Case]"), "{run}");
}

#[test]
fn case_08_unknown_identity_of_a_component_is_reported_before_terraform_starts() {
    let sandbox = Sandbox::scenario("identity-resolution");
    let plan = sandbox.atmos(&["terraform", "plan", "unknown", "-s", "staging"]).exits(1);
    let plan = plan.says("identity not found").says("nobody").says("staging");
    assert!(plan.stderr.contains("staging.yaml"), "the place is named\n{plan}");
    assert!(!sandbox.repo().join("components/terraform/app/.terraform").exists());
}

#[test]
fn auth_commands_list_and_check_the_configuration() {
    let sandbox = Sandbox::scenario("identity-resolution");
    let list = sandbox.atmos(&["auth", "list", "--format", "json"]).success().json();
    let identities = list["identities"].as_object().expect("an object of identities");
    assert!(identities.contains_key("Mixed.Case"), "the spelling is kept: {list}");
    sandbox.atmos(&["auth", "validate"]).success();
    let who = sandbox.atmos(&["auth", "whoami", "-o", "json"]).success().json();
    assert_eq!(who["identity"], "fallback", "{who}");
}

#[test]
fn case_11_switched_off_authentication_is_said_by_auth_commands() {
    let sandbox = Sandbox::scenario("identity-resolution");
    for command in ["login", "whoami"] {
        sandbox.atmos(&["auth", command, "--identity=false"]).exits(1).says("authentication is disabled");
    }
    assert_eq!(sandbox.atmos(&["auth", "env", "--identity=false"]).success().stdout, "");
    let exec = sandbox.atmos(&["auth", "exec", "--identity=false", "--", "sh", "-c", "echo [$AWS_PROFILE]"]).success();
    assert_eq!(exec.stdout, "[]\n");
}

#[test]
fn plain_data_beside_the_secrets_of_an_identity_is_no_secret() {
    let sandbox = Sandbox::empty().with_terraform();
    sandbox.write(
        "atmos.yaml",
        "stacks: {base_path: s, included_paths: ['*'], name_pattern: '{stage}'}\n\
         components: {terraform: {base_path: ct}}\n\
         auth:\n  realm: plain\n  providers: {mock: {kind: mock/aws}}\n  identities:\n    \
         deploy-token: {kind: mock/aws, via: {provider: mock}, default: true, credentials: {region: us-east-1,\n      \
         access_key_id: short-key-id, secret_access_key: never-to-be-seen, mfa_arn: 'arn:aws:iam::1:mfa/x'}}\n",
    );
    sandbox.write(
        "s/dev.yaml",
        "vars: {stage: dev}\ncomponents: {terraform: {b: {vars: {name: us-east-1 of short-key-id by mock/aws, \
         key: never-to-be-seen}}}}\n",
    );
    let output = |name: &str| format!("variable \"{name}\" {{}}\noutput \"{name}\" {{\n  value = var.{name}\n}}\n");
    sandbox.write("ct/b/main.tf", &format!("variable \"stage\" {{}}\n{}{}", output("name"), output("key")));
    sandbox.atmos(&["terraform", "apply", "b", "-s", "dev", "-auto-approve"]).success();
    let raw = |name: &str| sandbox.atmos(&["terraform", "output", "b", "-s", "dev", "--", "-raw", name]).success();
    assert_eq!(raw("name").plain_stdout().trim(), "us-east-1 of short-key-id by mock/aws");
    assert!(!raw("key").stdout.contains("never-to-be-seen"));
    let who = sandbox.atmos(&["auth", "whoami", "-o", "json"]).success().json();
    assert_eq!(who["region"], "us-east-1", "{who}");
}
