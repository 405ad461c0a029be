//! Repositories of which one part is broken: what shows many things shows the others.

use crate::support::{BY_STAGE, Sandbox, Tmux};

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", BY_STAGE);
    for stage in ["dev", "prod"] {
        let components = "components: {terraform: {vpc: {vars: {a: 1}}, db: {}}}";
        sandbox.write(&format!("stacks/{stage}.yaml"), &format!("vars: {{stage: {stage}}}\n{components}\n"));
    }
    sandbox
}

/// A manifest that cannot be used, and what is said of it.
const BROKEN: [(&str, &str); 5] = [
    ("vars: [\n", "invalid stack manifest"),
    ("import: [nowhere]\n", "failed to find import"),
    ("- a\n", "broken"),
    ("vars: {a: 1}\nvars: {b: 1}\n", "broken"),
    ("vars: {stage: x}\ncomponents: {terraform: {n: {metadata: {inherits: [none]}}}}\n", "none"),
];

#[test]
fn a_broken_manifest_hides_its_own_stacks_only() {
    let sandbox = sandbox();
    for (manifest, phrase) in BROKEN {
        sandbox.write("stacks/broken.yaml", manifest);
        let shows = |args: &[&str], expected: &str| {
            let outcome = sandbox.atmos(args).exits(1).says("broken").says("is left out").says(phrase);
            assert_eq!(outcome.stdout, expected, "{manifest}\n{outcome}");
        };
        shows(&["list", "stacks"], "dev\nprod\n");
        shows(&["list", "components"], "db\tterraform\t2\nvpc\tterraform\t2\n");
        shows(&["list", "instances"], "db\tdev\ndb\tprod\nvpc\tdev\nvpc\tprod\n");
        shows(&["list", "instances", "--columns", "stack,A=vars.a"], "dev\t\ndev\t1\nprod\t\nprod\t1\n");
        let matrix = sandbox.atmos(&["list", "instances", "-f", "matrix"]).exits(1).json();
        assert_eq!(matrix["include"].as_array().unwrap().len(), 4, "{manifest}");
        let described = sandbox.atmos(&["describe", "stacks", "-f", "json"]).exits(1).says("is left out").json();
        assert_eq!(described.as_object().unwrap().keys().collect::<Vec<_>>(), ["dev", "prod"], "{manifest}");
        for (words, candidate) in
            [(&["describe", "component", ""][..], "vpc"), (&["list", "instances", "-s", ""], "prod")]
        {
            let outcome = sandbox.atmos(&[&["__complete"][..], words].concat()).success();
            assert!(outcome.stdout.lines().any(|line| line == candidate), "{manifest}\n{outcome}");
        }
        sandbox.atmos(&["describe", "component", "vpc", "-s", "dev"]).success();
        // What was asked for is there.
        sandbox.atmos(&["describe", "stacks", "-s", "dev"]).success();
        sandbox.atmos(&["validate", "stacks"]).exits(1);
    }
}

#[test]
fn nothing_but_broken_manifests_is_an_error() {
    let sandbox = sandbox();
    for file in ["dev", "prod"] {
        sandbox.write(&format!("stacks/{file}.yaml"), "vars: [\n");
    }
    for list in ["stacks", "components", "instances", "metadata"] {
        sandbox.atmos(&["list", list]).exits(1).says("invalid stack manifest").says("dev.yaml");
    }
    sandbox.atmos(&["describe", "stacks"]).exits(1).says("invalid stack manifest");
}

#[test]
fn a_stack_without_a_name_is_refused_by_lists_and_left_out_by_completion() {
    let sandbox = sandbox();
    sandbox.write("stacks/broken.yaml", "components: {terraform: {n: {}}}\n");
    for list in ["stacks", "components", "instances"] {
        sandbox.atmos(&["list", list]).exits(1).says("stage").says("broken");
    }
    let outcome = sandbox.atmos(&["__complete", "describe", "component", ""]).success();
    assert!(outcome.stdout.lines().any(|line| line == "vpc"), "{outcome}");
    sandbox.atmos(&["describe", "component", "vpc", "-s", "dev"]).success();
}

#[test]
fn runs_of_many_refuse_a_repository_of_which_a_part_is_unknown() {
    let sandbox = sandbox();
    sandbox.write("stacks/broken.yaml", "vars: [\n");
    sandbox.atmos(&["terraform", "plan", "--all", "--dry-run"]).exits(1).says("invalid stack manifest");
}

#[test]
fn links_that_lead_nowhere_are_said_or_mean_nothing() {
    let sandbox = sandbox();
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, sandbox.repo().join(at)).unwrap();
    // An editor has the manifest open.
    link("user@host.123:456", "stacks/.#dev.yaml");
    let listed = sandbox.atmos(&["list", "stacks"]).success();
    assert_eq!((listed.stdout.as_str(), listed.stderr.as_str()), ("dev\nprod\n", ""));
    sandbox.atmos(&["validate", "stacks"]).success();
    link("nothing", "stacks/gone.yaml");
    let listed = sandbox.atmos(&["list", "stacks"]).exits(1);
    assert_eq!(listed.says("'gone'").says("the link leads nowhere").stdout, "dev\nprod\n");
    // It hides no other error.
    sandbox.write("stacks/broken.yaml", "vars: [\n");
    sandbox.atmos(&["validate", "stacks"]).exits(1).says("the link leads nowhere").says("broken.yaml");
}

#[test]
fn a_circle_of_links_finds_each_thing_once() {
    let sandbox = sandbox();
    sandbox.write("stacks/deploy/dev.yaml", "vars: {stage: x}\nvras: {a: 1}\ncomponents: {terraform: {c: {}}}\n");
    std::os::unix::fs::symlink(".", sandbox.repo().join("stacks/deploy/loop")).unwrap();
    let outcome = sandbox.atmos(&["validate", "stacks"]);
    assert_eq!(outcome.stderr.matches("vras").count().min(3), outcome.stderr.matches("vras").count(), "{outcome}");
    assert!(!outcome.stderr.contains("loop"), "{outcome}");
}

#[test]
fn the_browser_shows_what_is_sound() {
    let sandbox = sandbox();
    sandbox.write("stacks/broken.yaml", "vars: [\n");
    let tmux = Tmux::start(&sandbox, env!("CARGO_BIN_EXE_atmos"), 120, 30);
    tmux.shows(&["2 stacks", "vpc", "is left out"]);
    tmux.press(&["q"]);
    assert_eq!(tmux.finish().0, "0");
}

#[test]
fn what_is_asked_about_one_stack_is_answered_whole_beside_a_broken_one() {
    let sandbox = sandbox();
    sandbox.write(
        "stacks/extra.yaml",
        "vars: {stage: extra}\ncomponents: {terraform: {n: {metadata: {inherits: [none]}}}}\n",
    );
    let answers: [(&[&str], &str); 9] = [
        (&["list", "instances", "-s", "prod"], "db\tprod\nvpc\tprod\n"),
        (&["list", "instances", "-s", "pr*", "--columns", "stack,A=vars.a"], "prod\t\nprod\t1\n"),
        (&["list", "components", "-s", "prod"], "db\tterraform\t1\nvpc\tterraform\t1\n"),
        (&["list", "values", "vpc", "-s", "prod", "-f", "csv"], "Key,prod\na,1\nstage,prod\n"),
        (&["list", "values", "vpc", "-s", "dev,prod", "-f", "csv"], "Key,dev,prod\na,1,1\nstage,dev,prod\n"),
        (&["describe", "stacks", "-s", "prod", "-q", "keys"], "- prod\n"),
        (&["describe", "dependents", "vpc", "-s", "prod"], "[]\n"),
        (&["describe", "diff", "-s", "prod", "-s", "prod"], "✓ No differences\n"),
        (&["list", "dependencies", "vpc", "-s", "prod", "-f", "yaml"], ""),
    ];
    for (words, expected) in answers {
        let outcome = sandbox.atmos(words).exits(0);
        assert_eq!(outcome.stderr.matches("is left out").count(), 1, "{words:?}\n{outcome}");
        let out = outcome.stdout.as_str();
        assert!(expected.is_empty() || out == expected || outcome.stderr.contains(expected), "{words:?}\n{outcome}");
    }
    // What is left out of the stack itself makes the answer incomplete.
    let broken = "vars: {stage: prod}\ncomponents: {terraform: {db: {}, n: {metadata: {inherits: [none]}}}}\n";
    sandbox.write("stacks/prod.yaml", broken);
    for words in [&["list", "instances", "-s", "prod"][..], &["describe", "stacks", "-s", "prod", "-q", "keys"]] {
        let outcome = sandbox.atmos(words).exits(1).says("is left out").says("'prod'");
        assert!(!outcome.stdout.is_empty(), "{outcome}");
    }
    sandbox.atmos(&["list", "instances"]).exits(1).says("is left out");
}

#[test]
fn a_lookup_of_names_beside_a_broken_stack_fails_nothing() {
    let sandbox = sandbox();
    sandbox.write("stacks/broken.yaml", "vars: [\n");
    sandbox.write("stacks/prod.yaml", "locals: {x: 1}\nvars: {stage: prod}\ncomponents: {terraform: {vpc: {}}}\n");
    sandbox.atmos(&["describe", "locals", "vpc", "-s", "prod"]).success();
}
