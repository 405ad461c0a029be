//! Which of many components a terraform command runs for, and other words for commands.

use crate::support::Sandbox;

const CONFIGURATION: &str = "stacks: {base_path: s, included_paths: ['**/*'], name_pattern: '{stage}'}\n\
    components: {terraform: {base_path: ct}}\ntemplates: {settings: {enabled: true}}\n";
const STACK: &str = "\
vars: {stage: x, team: net}
components:
  terraform:
    vpc: {metadata: {tags: [core], labels: {owner: '{{ .vars.team }}'}}}
    db:
      metadata: {component: vpc, labels: {owner: net, tier: data}}
      vars: {team: data}
      dependencies: {components: [{name: vpc}]}
    old: {metadata: {component: vpc, enabled: false, tags: [core]}}
    base: {metadata: {component: vpc, type: abstract, tags: [core]}}
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", CONFIGURATION);
    sandbox.write("s/x.yaml", STACK);
    sandbox.write("s/y.yaml", &STACK.replace("stage: x", "stage: y"));
    sandbox.write("ct/vpc/main.tf", "");
    sandbox
}

/// The components that a command would run for, in their order.
fn chosen(sandbox: &Sandbox, args: &[&str]) -> Vec<String> {
    let outcome = sandbox.atmos(&[&["terraform"], args, &["--dry-run"]].concat()).success();
    let lines = outcome.stderr.lines().filter_map(|line| line.strip_prefix("Would "));
    lines.map(|line| line.trim_end_matches(" (dry run)").to_owned()).collect()
}

#[test]
fn flags_choose_among_the_components() {
    let sandbox = sandbox();
    for (args, expected) in [
        (&["plan", "--components=db,vpc", "-s", "x"][..], &["plan vpc in x", "plan db in x"][..]),
        (&["plan", "--components", "vpc"], &["plan vpc in x", "plan vpc in y"]),
        (&["plan", "--query", ".vars.team == \"data\"", "-s", "y"], &["plan db in y"]),
        (&["plan", "-q", ".atmos_component == \"vpc\"", "-s", "y"], &["plan vpc in y"]),
        (&["plan", "--query", ".vars.team + 1", "-s", "x"], &[]),
        (&["plan", "--tags", "other,core", "-s", "x"], &["plan vpc in x"]),
        (&["plan", "--labels", "owner=net", "-s", "x"], &["plan vpc in x", "plan db in x"]),
        (&["plan", "--labels", "owner=net,tier:data", "-s", "x"], &["plan db in x"]),
        (&["destroy", "--all", "-s", "x"], &["destroy db in x", "destroy vpc in x"]),
        (&["providers", "lock", "--all", "-s", "x"], &["providers lock vpc in x", "providers lock db in x"]),
    ] {
        assert_eq!(chosen(&sandbox, args), expected, "{args:?}");
    }
    sandbox.atmos(&["terraform", "plan", "--all", "-s", "x", "--dry-run"]).says("in dependency order");
    sandbox.atmos(&["terraform", "plan", "--tags", "none", "--dry-run"]).success().says("No components matched");
}

#[test]
fn variables_choose_where_no_component_is_named() {
    let mut sandbox = sandbox();
    sandbox.set("ATMOS_COMPONENTS", "db");
    assert_eq!(chosen(&sandbox, &["plan", "-s", "x"]), ["plan db in x"]);
    assert_eq!(chosen(&sandbox, &["plan", "vpc", "-s", "x"]), ["plan vpc in x"]);
}

#[test]
fn contradictions_and_unknown_names_are_refused() {
    let sandbox = sandbox();
    for flags in [&["--all"][..], &["--components", "db"], &["--query", "true"], &["--tags", "a"], &["--labels", "a=b"]]
    {
        let args = [&["terraform", "plan", "vpc", "-s", "x"], flags].concat();
        sandbox.atmos(&args).exits(1).says("can't be used").says("bulk operations").says(flags[0]);
    }
    let unknown = sandbox.atmos(&["terraform", "plan", "--components", "vpcs", "-s", "x"]).exits(1);
    unknown.says("no component `vpcs`").says("did you mean `vpc`?");
    sandbox.atmos(&["terraform", "plan", "--query", ".a[", "-s", "x"]).exits(1);
}

#[test]
fn q33_names_that_do_not_exist_are_errors_and_nothing_to_choose_is_none() {
    let sandbox = sandbox();
    sandbox.atmos(&["terraform", "plan", "--all", "-s", "nowhere"]).exits(1).says("stack nowhere does not exist");
    sandbox.atmos(&["terraform", "plan", "--components", "nothing"]).exits(1).says("no component `nothing`");
    sandbox.atmos(&["terraform", "plan", "--query", ".vars.nothing == 1"]).success().says("No components matched");
}

#[test]
fn aliases_stand_for_commands() {
    let sandbox = sandbox();
    let aliases = "aliases: {tp: terraform plan, again: tp vpc, loop: loop, describe: list, toolchain: list, ls: 'list stacks'}\n";
    sandbox.write("atmos.yaml", &format!("{CONFIGURATION}{aliases}"));
    sandbox.atmos(&["tp", "vpc", "-s", "x", "--dry-run"]).success().says("Would plan vpc in x");
    sandbox.atmos(&["--logs-level", "Info", "again", "-s", "y", "--dry-run"]).success().says("Would plan vpc in y");
    assert_eq!(sandbox.atmos(&["ls"]).success().stdout, "x\ny\n");
    assert!(sandbox.atmos(&["tp", "--help"]).success().stdout.contains("--skip-planfile"));
    sandbox.atmos(&["tp", "vpc", "-s", "nowhere"]).exits(1);
    sandbox.atmos(&["loop"]).exits(1).says("the alias `loop → loop` leads back to itself");
    sandbox.atmos(&["toolchain"]).exits(1).says("not built yet");
    sandbox.atmos(&["describe", "stacks", "--pager=more"]).success();
    // Those that cannot stand for anything are not offered.
    let help = sandbox.atmos(&["--help"]).success();
    assert!(help.stdout.contains("alias for `terraform plan`") && !help.stdout.contains("alias for `list`"), "{help}");
    let list = sandbox.atmos(&["list", "aliases", "-f", "csv"]).success().stdout;
    assert!(list.contains("describe,list,ignored\n") && list.contains("tp,terraform plan,configured\n"), "{list}");
}

#[test]
fn dependencies_are_evaluated_before_they_give_the_order() {
    let sandbox = sandbox();
    sandbox.write(
        "s/x.yaml",
        "vars: {stage: x, other: y, base: z}\ncomponents:\n  terraform:\n    \
         a:\n      metadata: {component: vpc}\n      \
         dependencies: {components: [{name: '{{ .vars.base }}', stack: '{{ .vars.other }}'}]}\n    \
         b:\n      metadata: {component: vpc}\n      \
         settings: {depends_on: {1: {component: a}, 2: {component: z, stack: !env OTHER}}}\n",
    );
    sandbox.write("s/y.yaml", "vars: {stage: y}\ncomponents: {terraform: {z: {metadata: {component: vpc}}}}\n");
    let mut sandbox = sandbox;
    sandbox.set("OTHER", "y");
    let applied = ["apply z in y", "apply a in x", "apply b in x"];
    for (args, expected) in [
        (&["apply", "--all"][..], &applied[..]),
        (&["apply", "--components", "z", "--include-dependents"], &applied),
        (&["apply", "--components", "b", "--include-dependencies"], &applied),
        (&["destroy", "--all"], &["destroy b in x", "destroy a in x", "destroy z in y"]),
    ] {
        assert_eq!(chosen(&sandbox, args), expected, "{args:?}");
    }
}

#[test]
fn dependencies_that_cannot_be_read_are_errors_of_a_run() {
    for (entry, problem) in [
        ("[{name: z, component: y}]", "both `name` and `component` are set, to `z` and `y`"),
        ("{z: {stack: y}}", "is not a list"),
        ("[z]", "is not a map"),
    ] {
        let sandbox = sandbox();
        let manifest = format!(
            "vars: {{stage: x}}\ncomponents: {{terraform: {{vpc: {{dependencies: {{components: {entry}}}}}}}}}\n"
        );
        sandbox.write("s/x.yaml", &manifest);
        let outcome = sandbox.atmos(&["terraform", "plan", "--all", "--dry-run"]).exits(1);
        outcome.says(problem).says("x.yaml:2:");
        let checked = sandbox.atmos(&["validate", "stacks"]);
        assert!(checked.stderr.contains("x.yaml:2:"), "{}", checked.stderr);
    }
}
