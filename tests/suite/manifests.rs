//! Repositories in which manifests share a name, cannot be read, or name themselves in odd ways.

use crate::support::Sandbox;

const ATMOS: &str = "\
base_path: .
stacks: {base_path: stacks, included_paths: ['deploy/**/*'], name_template: '{{ .vars.tenant }}-{{ .vars.stage }}'}
components: {terraform: {base_path: components/terraform}}
templates: {settings: {enabled: true}}
";

fn sandbox(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", ATMOS);
    for (path, text) in files {
        sandbox.write(path, text);
    }
    sandbox
}

#[test]
fn a_base_in_two_manifests_of_one_stack_is_no_duplicate() {
    let base = "components: {terraform: {base: {metadata: {type: abstract}, vars: {q: 1}}}}\n";
    let manifest = |layer: &str, component: &str| {
        format!(
            "import: [cat]\nvars: {{tenant: t, stage: s, layer: {layer}}}\n\
             components: {{terraform: {{{component}: {{metadata: {{inherits: [base]}}}}}}}}\n"
        )
    };
    let (app, net) = (manifest("app", "eks"), manifest("net", "vpc"));
    let files = [("stacks/cat.yaml", base), ("stacks/deploy/app.yaml", &app), ("stacks/deploy/net.yaml", &net)];
    let sandbox = sandbox(&files);
    let stacks = sandbox.atmos(&["describe", "stacks", "--format", "json"]).success().json();
    let components = &stacks["t-s"]["components"]["terraform"];
    // That of the first manifest.
    assert_eq!(components["base"]["vars"]["layer"], "app");
    assert_eq!(
        (&components["eks"]["vars"]["layer"], &components["vpc"]["vars"]["layer"]),
        (&"app".into(), &"net".into())
    );
    for args in [
        &["describe", "dependents", "vpc", "-s", "t-s"][..],
        &["list", "dependencies"],
        &["terraform", "generate", "backends"],
        &["terraform", "generate", "varfiles", "--file-template", "{component}.json"],
        &["validate", "stacks"],
    ] {
        sandbox.atmos(args).success();
    }
    let real = net.replace("vpc", "eks");
    sandbox.write("stacks/deploy/net.yaml", &real);
    sandbox.atmos(&["describe", "stacks"]).exits(1).says("duplicate component configuration");
}

#[test]
fn manifests_that_cannot_be_read_are_named() {
    let sandbox = sandbox(&[
        ("stacks/deploy/x.yaml", "vars: {tenant: t, stage: s}\ncomponents: {terraform: {vpc: {}}}\n"),
        ("stacks/deploy/y.yaml", "vars: {tenant: t, stage: s}\ncomponents: {terraform: {eks: {}}}\na: [\n"),
        ("stacks/deploy/z.yaml", "vars:\n  tenant: z\n  stage: s\na: [\n"),
    ]);
    let missing = "'deploy/y' may belong to this stack";
    sandbox
        .atmos(&["describe", "component", "eks", "-s", "t-s"])
        .exits(1)
        .says(missing)
        .says("y.yaml:")
        .says_not("deploy/z");
    let left_out = "the manifest 'deploy/y' cannot be used and is left out";
    sandbox.atmos(&["describe", "component", "vpc", "-s", "t-s"]).success().says(left_out).says_not("deploy/z");
    // By its file the stack is exactly one manifest.
    sandbox.atmos(&["describe", "component", "vpc", "-s", "deploy/x"]).success().says_not("left out");
    sandbox.atmos(&["describe", "component", "vpc", "-s", "none-s"]).exits(1).says("deploy/y");
    sandbox.write("stacks/deploy/y.yaml", "import: [cat]\nvars: {tenant: t, stage: s}\n");
    sandbox.write("stacks/cat.yaml", "components: {terraform: {eks: {}}}\nz: [\n");
    sandbox.atmos(&["describe", "component", "vpc", "-s", "t-s"]).success().says(left_out).says("cat.yaml:");
}

#[test]
fn names_that_look_like_functions_are_data() {
    let sandbox = sandbox(&[(
        "stacks/deploy/x.yaml",
        "vars: {tenant: '!exe', stage: 'c touch run'}\ncomponents: {terraform: {vpc: {}}}\n",
    )]);
    sandbox.write("atmos.yaml", &ATMOS.replace(" }}-{{ ", " }}{{ "));
    let name = "!exec touch run";
    let stacks = sandbox.atmos(&["describe", "stacks", "--format", "json"]).success().json();
    assert_eq!(stacks[name]["components"]["terraform"]["vpc"]["workspace"], name);
    let one = sandbox.atmos(&["describe", "component", "vpc", "-s", name, "--format", "json"]).success();
    assert_eq!(one.json()["component"], "vpc");
    assert!(!sandbox.repo().join("run").exists());
    // What the author of a manifest wrote as a function is one.
    sandbox.write(
        "stacks/deploy/x.yaml",
        "vars: {tenant: a, stage: b}\ncomponents: {terraform: {vpc: {metadata: {terraform_workspace: !exec echo w}}}}\n",
    );
    let stacks = sandbox.atmos(&["describe", "stacks", "--format", "json"]).success().json();
    assert_eq!(stacks["ab"]["components"]["terraform"]["vpc"]["workspace"], "w");
}

#[test]
fn explain_says_with_which_strategy_lists_met() {
    let sandbox = sandbox(&[
        ("stacks/b.yaml", "vars: {l: [imp]}\n"),
        (
            "stacks/deploy/x.yaml",
            "import: [b]\nvars: {tenant: t, stage: s, l: [s1]}\nsettings: {list_merge_strategy: append}\n\
             components: {terraform: {b1: {vars: {k: [x]}}, b2: {vars: {k: [y], m: [1]}}, \
             vpc: {metadata: {inherits: [b1, b2]}, vars: {m: [2]}}, one: {vars: {l: [own]}}}}\n",
        ),
    ]);
    let strongest = "the strongest list wins (list_merge_strategy: replace)";
    let appended = "lists are appended (list_merge_strategy: append)";
    let mixed = format!("between levels {appended}; between files of one level {strongest}");
    for (component, path, expected) in [
        ("vpc", "vars.l", strongest),
        ("vpc", "vars.k", strongest),
        ("vpc", "vars.m", appended),
        ("one", "vars.l", &mixed),
    ] {
        let text = sandbox.atmos(&["explain", component, "-s", "t-s", path]).success().clean_stdout();
        assert!(text.contains(&format!("strategy   {expected}\n")), "{component} {path}: {text}");
    }
}

#[test]
fn names_with_a_missing_value_are_shown_as_they_are() {
    let sandbox =
        sandbox(&[("stacks/deploy/x.yaml", "vars: {tenant: null, stage: s}\ncomponents: {terraform: {vpc: {}}}\n")]);
    for args in [&["list", "stacks"][..], &["list", "instances"], &["describe", "stacks"]] {
        let text = sandbox.atmos(args).success().clean_stdout();
        assert!(text.contains("<no value>-s"), "{text}");
    }
}

#[test]
fn a_name_that_is_a_function_is_refused_with_its_place() {
    let sandbox = sandbox(&[(
        "stacks/deploy/x.yaml",
        "vars: {tenant: t, stage: s}\nname: !env NM\ncomponents: {terraform: {vpc: {}}}\n",
    )]);
    for args in [&["list", "stacks"][..], &["describe", "stacks"], &["describe", "component", "vpc", "-s", "t-s"]] {
        sandbox.atmos(args).exits(1).says("invalid stack name").says("x.yaml:2:");
    }
}

#[test]
fn a_date_as_a_key_has_to_be_quoted() {
    let sandbox = sandbox(&[("stacks/deploy/x.yaml", "vars:\n  2024-01-02: x\ncomponents: {terraform: {vpc: {}}}\n")]);
    let outcome = sandbox.atmos(&["list", "stacks"]).exits(1).says("x.yaml:2:3");
    outcome.says("a date cannot be a key").says("\"2024-01-02\"");
}
