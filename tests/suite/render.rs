//! Rendered manifests and names by template, asked as a user asks. The values that must come out stand beside the
//! scenarios (`values.rs` reads them); errors and lists stand here.

use crate::support::Sandbox;

const DESCRIBE: [&str; 5] = ["describe", "component", "app", "-s", "dev"];

fn refused(scenario: &str, args: &[&str], phrases: &[&str]) {
    let run = Sandbox::scenario(&format!("bad-input/{scenario}")).atmos(args).exits(1);
    for phrase in phrases {
        assert!(run.mentions(phrase), "{scenario}: {phrase}: {run}");
    }
}

#[test]
fn errors_of_templates_name_place_chain_and_next_step() {
    refused(
        "context-value-missing",
        &DESCRIBE,
        &[
            "invalid stack manifest",
            "catalog/c.yaml:3:",
            "map has no entry for key \"size\"",
            "Import chain: → orgs/dev.yaml → catalog/c.yaml",
            "`context`",
        ],
    );
    refused(
        "local-unknown",
        &DESCRIBE,
        &["orgs/dev.yaml:5:", "no entry for key \"perfix\"", "did you mean the local `prefix`"],
    );
    refused("local-cycle", &DESCRIBE, &["Dependency cycle detected: one → two → one", "orgs/dev.yaml:2:"]);
    refused(
        "import-path-template",
        &DESCRIBE,
        &["failed to render Go template in import path", "orgs/dev.yaml:2:", "earlier import"],
    );
}

#[test]
fn a_name_that_cannot_be_rendered_concerns_its_own_manifest() {
    refused("name-template-value", &["list", "stacks"], &["map has no entry for key \"tenant\"", "'orgs/dev'"]);
    let sandbox = Sandbox::scenario("bad-input/name-template-value");
    let described =
        sandbox.atmos(&["describe", "component", "app", "-s", "t-prod", "--format", "json"]).success().json();
    assert_eq!(described["vars"]["stage"], "prod");
    refused(
        "name-template-value",
        &["describe", "component", "app", "-s", "t-dev"],
        &["stacks.name_template", "'orgs/dev'"],
    );
}

#[test]
fn stacks_are_listed_by_their_rendered_names() {
    let sandbox = Sandbox::scenario("render-locals");
    assert_eq!(sandbox.atmos(&["list", "stacks"]).success().clean_stdout().trim(), "acme-dev");
    let varfile = sandbox.atmos(&["terraform", "generate", "varfile", "app", "-s", "acme-dev", "-f", "out.json"]);
    varfile.success();
}

/// A repository whose component has these variables.
fn with_vars(vars: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write(
        "atmos.yaml",
        "base_path: .\ncomponents: {terraform: {base_path: components/terraform}}\n\
         stacks: {base_path: stacks, included_paths: ['dev*'], name_template: '{{ .vars.stage }}'}\n\
         templates: {settings: {enabled: true, sprig: {enabled: true}, gomplate: {enabled: true, \
         datasources: {in: {url: 'stdin:'}}}}}\n",
    );
    sandbox.write("components/terraform/app/main.tf", "");
    sandbox.write("data/y.yaml", "a: {c: [1, 2], d: [x, y], m: {k: 1}}\n");
    sandbox.write(
        "stacks/dev.yaml",
        &format!("vars: {{stage: dev}}\ncomponents:\n  terraform:\n    app:\n      vars:\n{vars}"),
    );
    sandbox
}

/// The variables `a`, `b` and so on.
fn given(sandbox: &Sandbox) -> Vec<String> {
    let vars = sandbox.atmos(&[&DESCRIBE[..], &["--format", "json"]].concat()).success().json()["vars"].take();
    let vars = vars.as_object().unwrap().iter().filter(|(name, _)| name.len() == 1);
    vars.map(|(_, value)| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
}

#[test]
fn times_are_shown_in_the_zone_of_the_machine_and_in_named_ones() {
    let mut sandbox = with_vars(
        "        a: '{{ toDate \"2006-01-02 15:04\" \"2024-07-01 12:00\" | unixEpoch }} s'\n        \
         b: '{{ date \"15:04 -0700\" 1719835200 }}'\n        \
         c: '{{ dateInZone \"15:04 MST\" (toDate \"2006-01-02T15:04:05Z07:00\" \"2024-03-05T10:11:12Z\") \"America/New_York\" }}'\n        \
         d: '{{ htmlDateInZone (toDate \"2006-01-02T15:04:05Z07:00\" \"2024-03-05T23:11:12Z\") \"Europe/Berlin\" }}'\n        \
         e: '{{ (time.ParseInLocation \"2006-01-02 15:04\" \"Europe/Berlin\" \"2024-07-01 12:00\").Unix }} s'\n",
    );
    if std::path::Path::new("/usr/share/zoneinfo/Europe/Berlin").exists() {
        sandbox.set("TZ", "Europe/Berlin");
        let expected = ["1719828000 s", "14:00 +0200", "05:11 EST", "2024-03-06", "1719828000 s"];
        assert_eq!(given(&sandbox), expected);
    }
    // A file of one zone, an hour and a half before UTC, that is called XYZ.
    let mut file = b"TZif".to_vec();
    file.extend([0; 16]);
    file.extend([0_u32, 0, 0, 0, 1, 4].into_iter().flat_map(u32::to_be_bytes));
    file.extend(5400_i32.to_be_bytes());
    file.extend([0, 0]);
    file.extend(b"XYZ\0");
    let path = sandbox.repo().join("zone");
    std::fs::write(&path, file).unwrap();
    sandbox.set("TZ", path);
    let vars = "        a: '{{ date \"15:04 -0700 MST\" 1719835200 }}'\n        b: '{{ time.ZoneName }} {{ time.ZoneOffset }}'\n";
    let stack = sandbox.read("stacks/dev.yaml");
    sandbox.write("stacks/dev.yaml", &format!("{}vars:\n{vars}", stack.split("vars:\n").next().unwrap()));
    assert_eq!(given(&sandbox), ["13:30 +0130 XYZ", "XYZ 5400"]);
    sandbox.set("TZ", "No/Where");
    assert_eq!(given(&sandbox)[0], "12:00 +0000 UTC");
}

#[test]
fn several_results_of_an_expression_are_one_value() {
    let sandbox = with_vars(
        "        a: !include data/y.yaml .a.c[]\n        b: !include data/y.yaml .a.c, .a.d\n        \
         c: !include 'data/y.yaml .a.d[] | select(. == \"q\")'\n",
    );
    assert_eq!(given(&sandbox), ["1 2", "[1,2,\"x\",\"y\"]", "null"]);
    with_vars("        a: !include data/y.yaml .a.c, .a.m\n").atmos(&DESCRIBE).exits(1).says("several values");
}

#[test]
fn standard_input_is_no_data_source() {
    with_vars("        a: '{{ ds \"in\" }}'\n").atmos(&DESCRIBE).exits(1).says("data of the kind `stdin`");
}
