//! `describe diff`: two stacks, one component in two stacks, two components.

use crate::support::Sandbox;

#[test]
fn one_component_in_two_stacks() {
    let sandbox = Sandbox::scenario("inspect");
    let outcome = sandbox.atmos(&["describe", "diff", "app", "-s", "acme-dev", "-s", "acme-prod"]).success();
    for line in [
        "app (terraform)\n",
        "  ~ vars.stage: \"dev\" → \"prod\"\n",
        "  ~ vars.image: \"registry/dev\" → \"registry/prod\"\n",
        "  + vars.only_here: true\n",
        "  - vars.size: ",
        "  - metadata.enabled: false\n",
        "  + metadata.locked: true\n",
    ] {
        assert!(outcome.stdout.contains(line), "{line}\n{outcome}");
    }
    assert!(!outcome.stdout.contains("atmos_stack"), "{outcome}");
}

#[test]
fn two_stacks_as_records() {
    let sandbox = Sandbox::scenario("inspect");
    let line = ["describe", "diff", "-s", "acme-dev,acme-prod", "--format", "json"];
    let records = sandbox.atmos(&line).success().json();
    let records = records.as_array().unwrap();
    let web = records.iter().find(|record| record["component"] == "web").unwrap();
    assert_eq!((web["change"].as_str(), web["path"].as_str()), (Some("removed"), Some("")));
    let vars =
        ["describe", "diff", "-s", "acme-dev", "-s", "acme-prod", "--sections", "vars", "-q", ".[].path", "-f", "yaml"];
    let paths = sandbox.atmos(&vars).success().stdout;
    assert!(paths.lines().any(|line| line == "vars.only_here"), "{paths}");
    assert!(!paths.contains("metadata"), "{paths}");
}

#[test]
fn two_components_of_one_stack() {
    let sandbox = Sandbox::scenario("inspect");
    let outcome = sandbox.atmos(&["describe", "diff", "vpc-base", "vpc", "-s", "acme-dev"]).success();
    assert!(outcome.stdout.contains("vars.cidr: \"10.0.0.0/16\""), "{outcome}");
    let same = ["describe", "diff", "vpc", "vpc", "-s", "acme-dev", "--exit-code"];
    sandbox.atmos(&same).success().says("✓ No differences");
    sandbox.atmos(&["describe", "diff", "vpc", "-s", "acme-dev,acme-prod", "--exit-code"]).exits(1);
}

#[test]
fn what_is_not_there_is_named_with_what_is_near() {
    let sandbox = Sandbox::scenario("inspect");
    for (line, said) in [
        (&["-s", "acme-dve", "-s", "acme-prod"][..], "there is no stack `acme-dve`"),
        (&["-s", "acme-dve", "-s", "acme-prod"], "did you mean `acme-dev`?"),
        (&["vpd", "-s", "acme-dev", "-s", "acme-prod"], "there is no component `vpd` in the stack `acme-dev`"),
        (&["vpc"], "required flag(s) \"stack\" not set"),
        (&["vpc", "-s", "acme-dev"], "two stacks are compared, or two components of one"),
        (&["-s", "a,b,c"], "more than two stacks cannot be compared"),
        (&["-s", "acme-dev,acme-prod", "-f", "xml"], "invalid format \"xml\""),
    ] {
        sandbox.atmos(&[&["describe", "diff"][..], line].concat()).exits(1).says(said);
    }
}

#[test]
fn a_section_that_nobody_has_is_an_error() {
    let sandbox = Sandbox::scenario("inspect");
    let diff = |sections: &str| {
        sandbox.atmos(&["describe", "diff", "app", "-s", "acme-dev", "-s", "acme-prod", "--sections", sections])
    };
    diff("vras").exits(1).says("there is no section `vras`").says("did you mean `vars`?");
    diff("hooks,retry").success().says("No differences");
}

#[test]
fn components_and_types_that_nobody_has_are_told_of() {
    let sandbox = Sandbox::scenario("inspect");
    let stacks = |flags: &[&str]| sandbox.atmos(&[&["describe", "stacks"], flags].concat()).success();
    let outcome = stacks(&["--components", "vpcc,app"]).says("no stack has a component 'vpcc'");
    assert!(outcome.says("did you mean `vpc`?").stdout.contains("app:"));
    let outcome = stacks(&["--component-types", "terrafrom"]).says("there are no components of the type 'terrafrom'");
    assert_eq!(outcome.says("did you mean `terraform`?").stdout.trim(), "{}");
    stacks(&["--components", "vpc", "-s", "acme-dev", "--component-types", "terraform,packer"])
        .says_not("did you mean");
}
