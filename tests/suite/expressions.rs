//! Errors of yq expressions point at the character that is wrong, wherever the expression is written.

use crate::support::{Outcome, Sandbox};

const ATMOS: &str = "base_path: .\nstacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}\n\
    components: {terraform: {base_path: components/terraform}}\ntemplates: {settings: {enabled: true}}\n";
const STACK: &str = "vars: {stage: dev}\ncomponents:\n  terraform:\n    vpc:\n      remote_state_backend_type: static\n\
    \x20     remote_state_backend: {static: {id: vpc-1, m: {a: 1}}}\n    app:\n      vars:\n        x: ";

/// `describe component` of a component with this value.
fn described(value: &str) -> Outcome {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", ATMOS);
    sandbox.write("data.yaml", "a: 1\n");
    sandbox.write("components/terraform/vpc/main.tf", "");
    sandbox.write("stacks/dev.yaml", &format!("{STACK}{value}\n"));
    sandbox.atmos(&["describe", "component", "app", "-s", "dev"])
}

/// The place of the `@` in a value, which is not part of it.
fn marked(value: &str) -> (String, String) {
    let text = format!("{STACK}{value}");
    let before = &text[..text.find('@').unwrap()];
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    (value.replacen('@', "", 1), format!("stacks/dev.yaml:{}:{column}", before.matches('\n').count() + 1))
}

#[test]
fn expressions_of_functions_point_at_the_character() {
    for value in [
        "!terraform.state vpc .id | @bad",
        "!terraform.state vpc \".id | @bad\"",
        "!terraform.state vpc \"id | @bad\"",
        "!terraform.state vpc '.a // \"it''s\" | @bad'",
        "\"!terraform.state vpc \\\".id | @bad\\\"\"",
        "'!terraform.state vpc .id | @bad'",
        "!terraform.state >-\n          vpc\n          .id | @bad",
        "!terraform.state |\n          vpc\n          .id | @bad\n",
        "'!terraform.state {{ \"vpc\" }} .id | @bad'",
        "!terraform.state vpc .m @* 1",
        "!terraform.state vpc @'.id",
        "!include ../data.yaml .a | @bad",
        "!include data.yaml '.a | @bad'",
        "!env NAME @\"open",
    ] {
        let (value, place) = marked(value);
        described(&value).exits(1).says(&place);
    }
    described("!terraform.state vpc .id | lenght").exits(1).says("did you mean `length`?");
}

#[test]
fn templates_in_every_style_of_scalar_point_at_the_character() {
    for value in [
        "'it''s {{ @nope }}'",
        "\"\\u00e9 {{ @nope }}\"",
        "|\n          a\n          b {{ @nope }}",
        "'{{ \"a\" }} {{ @nope }}'",
    ] {
        let (value, place) = marked(value);
        described(&value).exits(1).says(&place);
    }
}

#[test]
fn a_query_of_a_command_points_at_the_character() {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", ATMOS);
    sandbox.write("stacks/dev.yaml", &format!("{STACK}1\n"));
    for command in [
        &["describe", "component", "app", "-s", "dev", "--query"][..],
        &["describe", "stacks", "--query"],
        &["list", "values", "app", "--query"],
    ] {
        sandbox.atmos(&[command, &[".vars | bad"]].concat()).exits(1).says("yq expression:1:9");
    }
}

#[test]
fn configuration_points_at_the_character_too() {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", &format!("{ATMOS}vars: !include data.yaml '.a | bad'\n"));
    sandbox.write("data.yaml", "a: 1\n");
    sandbox.atmos(&["describe", "config"]).exits(1).says("atmos.yaml:5:32").says("bad");
}
