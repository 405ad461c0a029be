//! What people and scripts see, whole: diagnostics, lists, tables. `INSTA_UPDATE=new`, look, then rename.

use insta::assert_snapshot;

use crate::support::Sandbox;

fn diagnostic(scenario: &str, args: &[&str]) -> String {
    Sandbox::scenario(&format!("bad-input/{scenario}")).atmos(args).clean_stderr()
}

#[test]
fn diagnostics_name_the_place_and_the_next_step() {
    let describe = ["describe", "component", "app", "-s", "dev"];
    let plan = ["terraform", "plan", "app", "-s", "dev"];
    assert_snapshot!("import_missing", diagnostic("import-missing", &describe));
    assert_snapshot!("import_cycle", diagnostic("import-cycle", &describe));
    assert_snapshot!("stack_yaml_invalid", diagnostic("stack-yaml-invalid", &describe));
    assert_snapshot!("identity_unknown", diagnostic("identity-unknown", &plan));
    assert_snapshot!("component_unknown", diagnostic("locked-component", &["terraform", "plan", "ap", "-s", "dev"]));
    assert_snapshot!("stack_unknown", diagnostic("locked-component", &["terraform", "plan", "app", "-s", "deb"]));
}

#[test]
fn component_is_described_as_yaml() {
    let describe = Sandbox::example().atmos(&["describe", "component", "database-replica", "-s", "prod"]).success();
    assert_snapshot!("describe_component", describe.clean_stdout());
}

#[test]
fn identities_are_listed_and_exported() {
    let sandbox = Sandbox::example();
    assert_snapshot!("auth_list", sandbox.atmos(&["auth", "list"]).success().clean_stdout());
    assert_snapshot!("auth_env", sandbox.atmos(&["auth", "env", "-i", "data-admin"]).success().clean_stdout());
    assert_snapshot!("auth_whoami", sandbox.atmos(&["auth", "whoami", "-i", "data-admin"]).success().clean_stderr());
    assert_snapshot!("auth_login", sandbox.atmos(&["auth", "login", "-i", "data-admin"]).success().clean_stderr());
}
