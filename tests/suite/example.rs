//! The example repository at the top of ours: it is what README's first command runs.

use serde_json::{Value, json};

use crate::support::Sandbox;

#[test]
fn stacks_and_components_are_listed() {
    let sandbox = Sandbox::example();
    assert_eq!(sandbox.atmos(&["list", "stacks"]).success().stdout, "dev\nprod\n");
    let components = sandbox.atmos(&["list", "components", "--format", "json"]).success().json();
    let names: Vec<_> = components.as_array().unwrap().iter().map(|row| row["Component"].as_str().unwrap()).collect();
    assert_eq!(names, ["database", "database-replica", "vpc", "web"], "no abstract one");
}

#[test]
fn describe_component_shows_inherited_and_own_values() {
    let sandbox = Sandbox::example();
    let describe = |component| {
        sandbox.atmos(&["describe", "component", component, "-s", "prod", "--format", "json"]).success().json()
    };
    let vpc = describe("vpc");
    assert_eq!(
        vpc["vars"],
        json!({
            "cidr": "10.1.0.0/16",
            "enabled": true,
            "name": "main",
            "namespace": "acme",
            "region": "eu-west-1",
            "stage": "prod",
            "subnets": ["10.1.0.0/20", "10.1.16.0/20", "10.1.32.0/20"],
            "tags": {"catalog": "base", "criticality": "high", "managed_by": "atmos", "organisation": "acme"},
        })
    );
    assert_eq!(vpc["settings"]["auth"]["identity"], "network-admin");
    let replica = describe("database-replica");
    assert_eq!((&replica["vars"]["name"], &replica["vars"]["storage"]), (&json!("orders-replica"), &json!(200)));
    assert_eq!(replica["settings"]["auth"]["identity"], "data-admin");
}

#[test]
fn describe_stacks_gives_the_same_as_yaml_and_json() {
    let sandbox = Sandbox::example();
    let as_json = sandbox.atmos(&["describe", "stacks", "--format", "json"]).success().json();
    let yaml = sandbox.atmos(&["describe", "stacks", "--format", "yaml"]).success().stdout;
    let as_yaml: Value = serde_yaml::from_str(&yaml).unwrap();
    assert_eq!(as_json, as_yaml);
    let prod = &as_json["prod"]["components"];
    assert_eq!(prod["terraform"]["database-replica"]["workspace"], "prod-database-replica");
    assert_eq!(prod["terraform"]["vpc"]["workspace"], "prod");
    assert_eq!(prod["helmfile"]["web"]["vars"]["greeting"], "hello");
    assert_eq!(as_json["dev"]["components"]["helmfile"]["web"]["vars"]["greeting"], "hello from dev");
}

#[test]
fn plan_says_in_one_line_what_runs_and_as_whom() {
    let sandbox = Sandbox::example();
    let plan = sandbox.atmos(&["terraform", "plan", "vpc", "-s", "dev"]).success();
    let wanted = ["vpc", "dev", "network-admin", "222222222222", "process"];
    let line = plan.stderr.lines().find(|line| wanted.iter().all(|word| line.contains(word)));
    assert!(line.is_some(), "no line names {wanted:?}\n{plan}");
    assert!(plan.stdout.contains("1 to add"), "{plan}");
}

#[test]
fn main_job_shows_each_component_its_own_identity() {
    let sandbox = Sandbox::example();
    let apply = sandbox.atmos(&["terraform", "apply", "--all", "-s", "prod", "--", "-auto-approve"]).success();
    for (component, identity) in [
        ("vpc of prod", "network-admin"),
        ("database orders of prod", "data-admin"),
        ("database orders-replica of prod", "data-admin"),
    ] {
        let expected = [
            format!("{component} | identity       AWS_PROFILE={identity}"),
            format!("{component} | region         AWS_REGION=eu-west-1"),
            format!("{component} | keys           none in the environment"),
            format!("{component} | folder's mode  drwx------"),
            format!("{component} | process        gives the key MOCK_ACCESS_KEY_ID"),
        ];
        for line in expected {
            assert!(apply.plain_stdout().contains(&line), "not shown: {line}\n{apply}");
        }
    }
    let cidr = sandbox.atmos(&["terraform", "output", "vpc", "-s", "prod", "--", "-raw", "cidr"]).success();
    assert_eq!(cidr.stdout, "10.1.0.0/16");
    sandbox.atmos(&["terraform", "destroy", "--all", "-s", "prod", "--", "-auto-approve"]).success();
    let mut left = Sandbox::files_below(&sandbox.runtime());
    // An empty file that runs lock while they sweep.
    left.retain(|file| !file.ends_with("lock"));
    assert_eq!(left, Vec::<std::path::PathBuf>::new());
}

#[test]
fn git_clone_of_the_example_works_from_any_folder() {
    let sandbox = Sandbox::example();
    sandbox.git_init();
    let mut below = sandbox.atmos_command(&["list", "stacks"]);
    below.current_dir(sandbox.repo().join("components/terraform/vpc"));
    assert_eq!(sandbox.start(below, "").wait().success().stdout, "dev\nprod\n");
    let mut elsewhere = sandbox.atmos_command(&["--chdir"]);
    elsewhere.arg(sandbox.repo()).args(["list", "stacks"]).current_dir(sandbox.home());
    assert_eq!(sandbox.start(elsewhere, "").wait().success().stdout, "dev\nprod\n");
}

#[test]
fn helmfile_component_of_the_example_renders() {
    let sandbox = Sandbox::example();
    let template = sandbox.atmos(&["helmfile", "template", "web", "-s", "dev"]).success();
    assert!(template.stdout.contains("greeting: \"hello from dev\""), "{template}");
}
