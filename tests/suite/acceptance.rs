//! What holds for all commands, and mistakes of the reference that are not repeated.

use crate::support::Sandbox;

/// Commands that print JSON of the repository of lists.
const JSON: [&[&str]; 29] = [
    &["describe", "component", "vpc", "-s", "acme-dev"],
    &["describe", "stacks"],
    &["describe", "dependents", "vpc", "-s", "acme-dev"],
    &["describe", "config"],
    &["describe", "workflows"],
    &["describe", "locals", "-s", "acme-dev"],
    &["describe", "edition"],
    &["describe", "diff", "-s", "acme-dev,acme-prod"],
    &["explain", "vpc", "-s", "acme-dev", "vars.cidr"],
    &["list", "stacks"],
    &["list", "components"],
    &["list", "instances"],
    &["list", "metadata"],
    &["list", "values", "vpc"],
    &["list", "vars", "vpc"],
    &["list", "settings", "vpc"],
    &["list", "workflows"],
    &["list", "vendor"],
    &["list", "dependencies"],
    &["list", "sources"],
    &["list", "aliases"],
    &["list", "editions"],
    &["list", "themes"],
    &["list", "profiles"],
    &["version"],
    &["env"],
    &["config", "get", "stacks"],
    &["validate", "schema"],
    &["validate", "component", "vpc", "-s", "acme-dev"],
];

#[test]
fn data_is_alone_on_stdout_and_json_is_json() {
    let sandbox = Sandbox::scenario("inspect");
    sandbox.write("profiles/dev/atmos.yaml", "logs: {level: Debug}\n");
    for command in JSON {
        let outcome = sandbox.atmos(&[command, &["--format", "json"]].concat()).success();
        let parsed = serde_json::from_str::<serde_json::Value>(&outcome.stdout);
        assert!(parsed.is_ok(), "{command:?}: {outcome}");
        assert!(!outcome.stdout.contains('\u{1b}'), "{command:?}: {outcome}");
    }
}

#[test]
fn results_of_queries_stay_apart() {
    let sandbox = Sandbox::scenario("inspect");
    let query = [".[].components.terraform.vpc.component", "-f", "yaml"];
    let outcome = sandbox.atmos(&[&["describe", "stacks", "--query"][..], &query].concat()).success();
    assert_eq!(outcome.stdout, "vpc\nvpc\n", "{outcome}");
}

#[test]
fn queries_see_what_the_short_description_leaves_out() {
    let sandbox = Sandbox::scenario("inspect");
    let describe = ["describe", "component", "vpc", "-s", "acme-dev", "-f", "json"];
    let short = sandbox.atmos(&describe).success().json();
    let full = sandbox.atmos(&[&describe[..], &["-q", "."]].concat()).success().json();
    let keys = |json: &serde_json::Value| json.as_object().unwrap().keys().cloned().collect::<Vec<String>>();
    let (short, full) = (keys(&short), keys(&full));
    assert!(short.iter().all(|key| full.contains(key)), "{short:?} {full:?}");
    for inner in ["workspace", "component_info", "sources", "deps", "inheritance", "backend_type"] {
        assert!(full.iter().any(|key| key == inner) && !short.iter().any(|key| key == inner), "{inner}: {short:?}");
    }
}

#[test]
fn the_workspace_is_one_whoever_shows_it() {
    let sandbox = Sandbox::scenario("inspect");
    let of_stacks = ["describe", "stacks", "-q", ".[\"acme-dev\"].components.terraform.vpc.workspace"];
    let of_component = ["describe", "component", "vpc", "-s", "acme-dev", "-q", ".workspace"];
    assert_eq!(sandbox.atmos(&of_stacks).success().stdout, sandbox.atmos(&of_component).success().stdout);
}

#[test]
fn queries_of_variables_have_an_effect_and_settings_are_settings() {
    let sandbox = Sandbox::scenario("inspect");
    let vars = sandbox.atmos(&["list", "vars", "vpc", "-q", ".vars.cidr", "-f", "json"]).success();
    assert!(vars.stdout.contains("10.0.0.0/16") && !vars.stdout.contains("zones"), "{vars}");
    let settings = sandbox.atmos(&["list", "settings", "-f", "json"]).success();
    assert!(settings.stdout.contains("owner") && !settings.stdout.contains("cidr"), "{settings}");
}

#[test]
fn trees_are_refused_where_help_does_not_offer_them() {
    let sandbox = Sandbox::scenario("inspect");
    for list in ["components", "metadata", "workflows", "vendor"] {
        let outcome = sandbox.atmos(&["list", list, "--format", "tree"]).exits(1).says("invalid format \"tree\"");
        assert!(!outcome.stderr.contains("valid formats: tree"), "{outcome}");
    }
}

#[test]
fn without_words_and_terminal_there_is_help() {
    let sandbox = Sandbox::scenario("inspect");
    let outcome = sandbox.atmos(&[]).success();
    assert!(outcome.stdout.contains("USAGE") && outcome.stdout.contains("describe"), "{outcome}");
}

#[test]
fn provenance_is_no_part_of_json_nor_of_pipes() {
    let sandbox = Sandbox::scenario("inspect");
    let line = ["describe", "component", "vpc", "-s", "acme-dev"];
    assert!(!sandbox.atmos(&line).success().stdout.contains('#'));
    let json = sandbox.atmos(&[&line[..], &["--provenance", "-f", "json"]].concat()).success();
    assert_eq!(json.json()["vars"]["cidr"], "10.0.0.0/16");
}

#[test]
fn nothing_is_asked_of_the_network_for_a_version() {
    let sandbox = Sandbox::empty();
    let outcome = sandbox.atmos(&["version", "--check", "--format", "json"]).success();
    assert!(outcome.json()["version"].is_string(), "{outcome}");
}
