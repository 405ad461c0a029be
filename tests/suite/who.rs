//! Who every program of this one is: an atmos inside of another, components of every kind, components that others read, and
//! choices that cannot be read. Identities are mocks with accounts; a stub writes down who started it.

use crate::support::{Outcome, Sandbox};

const ATMOS: &str = "\
base_path: .
stacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}
workflows: {base_path: flows}
components:
  terraform: {base_path: components/terraform}
  packer: {base_path: components/packer}
auth:
  realm: who
  providers: {corp: {kind: mock/aws, region: eu-west-1}}
  identities:
    admin: {kind: mock/aws, default: true, via: {provider: corp}, principal: {account: {id: '333333333333'}}}
    data: {kind: mock/aws, via: {provider: corp}, principal: {account: {id: '222222222222'}}}
    reader: {kind: mock/aws, via: {provider: corp}, principal: {account: {id: '111111111111'}}}
";
const STUB: &str = "\
#!/bin/sh
echo \"$1 ${PWD##*/} ${AWS_PROFILE:-nobody}\" >>\"$LOG\"
case $1 in output) echo '{\"o\": {\"value\": \"out\", \"type\": \"string\"}}' ;; esac
";
const NOBODY: &[&str] = &[];

/// A repository with these components of the stack `prod`, below `components`.
pub(crate) fn repository(components: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty().with_file_keyring();
    sandbox.write("atmos.yaml", ATMOS);
    for folder in ["terraform/vpc/main.tf", "terraform/shop/main.tf", "packer/image/main.pkr.hcl"] {
        sandbox.write(&format!("components/{folder}"), "");
    }
    stack(&sandbox, components);
    let (stub, log) = (sandbox.root().join("stub"), sandbox.root().join("log"));
    std::fs::write(&stub, STUB).unwrap();
    std::fs::set_permissions(&stub, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for kind in ["TERRAFORM", "PACKER"] {
        sandbox.set(&format!("ATMOS_COMPONENTS_{kind}_COMMAND"), &stub);
    }
    sandbox.set("LOG", log);
    // What the shell holds.
    sandbox.set("AWS_PROFILE", "shell");
    sandbox
}

pub(crate) fn stack(sandbox: &Sandbox, components: &str) {
    sandbox.write("stacks/prod.yaml", &format!("vars: {{stage: prod}}\ncomponents: {components}\n"));
}

pub(crate) fn add(sandbox: &Sandbox, section: &str) {
    sandbox.write("atmos.yaml", &format!("{ATMOS}{section}\n"));
}

/// What was started since the last look: sub-command, folder, identity.
pub(crate) fn started(sandbox: &Sandbox) -> Vec<String> {
    let log = sandbox.root().join("log");
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    let _ = std::fs::remove_file(log);
    text.lines().map(str::to_owned).collect()
}

/// Whoever ran the sub-command, once each.
fn who(sandbox: &Sandbox, verb: &str) -> Vec<String> {
    let lines = started(sandbox).into_iter();
    let mut found: Vec<String> = lines
        .filter(|line| line.starts_with(verb))
        .filter_map(|line| Some(line.rsplit_once(' ')?.1.to_owned()))
        .collect();
    found.dedup();
    found
}

/// It fails before anything is started.
#[track_caller]
pub(crate) fn refused(sandbox: &Sandbox, outcome: Outcome) -> Outcome {
    let outcome = outcome.exits(1);
    assert_eq!(started(sandbox), NOBODY, "{outcome}");
    outcome
}

const VPC: &str = "{terraform: {vpc: {}}}";
const PLAN: &str = "terraform plan vpc -s prod";

#[test]
fn switched_off_authentication_is_off_for_an_atmos_in_steps() {
    let sandbox = repository(VPC);
    let step = |more: &str| format!("{{steps: [{{name: d, type: atmos, command: {PLAN}{more}}}]}}");
    let (plain, off, named) = (step(""), step(", identity: false"), step(", identity: reader"));
    sandbox.write("flows/x.yaml", &format!("workflows:\n  plain: {plain}\n  off: {off}\n  named: {named}\n"));
    let atmos = format!("[{{type: atmos, command: {PLAN}}}]");
    add(
        &sandbox,
        &format!(
            "commands:\n- {{name: shell, steps: [atmos {PLAN}]}}\n- {{name: shell-off, identity: false, steps: [atmos {PLAN}]}}\n\
             - {{name: step, steps: {atmos}}}\n- {{name: step-off, identity: no, steps: {atmos}}}\n\
             - {{name: asks, identity: false, env: [{{key: A, valueCommand: atmos {PLAN}}}], steps: [\"true\"]}}"
        ),
    );
    let workflow = |name: &'static str| vec!["workflow", name, "-f", "x"];
    for (words, variable, expected) in [
        (workflow("plain"), "", "admin"),
        ([workflow("plain"), vec!["--identity=false"]].concat(), "", "shell"),
        (workflow("off"), "", "shell"),
        (workflow("off"), "data", "shell"),
        (workflow("named"), "", "reader"),
        ([workflow("named"), vec!["--identity=off"]].concat(), "", "shell"),
        (vec!["shell"], "", "admin"),
        (vec!["shell", "--identity=false"], "", "shell"),
        (vec!["shell", "--identity=false"], "data", "shell"),
        (vec!["shell-off"], "data", "shell"),
        (vec!["shell-off", "-i", "reader"], "", "reader"),
        (vec!["step", "--identity=false"], "", "shell"),
        (vec!["step-off"], "data", "shell"),
        (vec!["asks"], "data", "shell"),
        (
            vec![
                "auth",
                "exec",
                "-i",
                "false",
                "--",
                env!("CARGO_BIN_EXE_atmos"),
                "terraform",
                "plan",
                "vpc",
                "-s",
                "prod",
            ],
            "",
            "shell",
        ),
    ] {
        // The password goes to no child, and a mock wants none.
        let outcome = sandbox.atmos_with(&[("ATMOS_IDENTITY", variable), ("ATMOS_KEYRING_TYPE", "memory")], &words);
        let outcome = outcome.success();
        assert_eq!(who(&sandbox, "plan"), [expected], "{words:?} {variable} {outcome}");
    }
}

#[test]
fn switched_off_authentication_is_off_for_an_atmos_in_hooks() {
    let program = env!("CARGO_BIN_EXE_atmos");
    let hook = |name: &str, more: &str| format!("{name}: {{events: [after.terraform.plan], {more}}}");
    let words = "[terraform, validate, vpc, -s, prod]";
    let command = hook("c", &format!("kind: command, command: {program}, args: {words}"));
    let steps = hook("s", "kind: steps, with: [{type: atmos, command: terraform show vpc -s prod}]");
    let sandbox = repository(&format!("{{terraform: {{vpc: {{}}, shop: {{hooks: {{{command}, {steps}}}}}}}}}"));
    let plan = ["terraform", "plan", "shop", "-s", "prod"];
    let all = |outcome: Outcome| {
        let outcome = outcome.success();
        let lines = started(&sandbox);
        let of =
            |verb: &str| lines.iter().filter(|line| line.starts_with(verb)).cloned().collect::<Vec<_>>().join(", ");
        (of("plan"), of("validate"), of("show"), outcome.stderr)
    };
    let memory = ("ATMOS_KEYRING_TYPE", "memory");
    let off = [&plan[..], &["--identity=false"]].concat();
    for (variable, words) in [("", &off), ("data", &off), ("false", &plan.to_vec())] {
        let (plan, validate, show, said) = all(sandbox.atmos_with(&[("ATMOS_IDENTITY", variable), memory], words));
        let found = [plan.as_str(), &validate, &show];
        assert_eq!(found, ["plan shop shell", "validate vpc shell", "show vpc shell"], "{said}");
    }
}

/// What a component's own `auth` section may not say, and what is said of it.
const NO_DEFAULTS: [(&str, &str); 10] = [
    ("{identities: {reader: {default: yes}}}", "`auth.identities.reader.default` must be a boolean, not string"),
    ("{identities: {reader: {default: on}}}", "`auth.identities.reader.default` must be a boolean, not string"),
    ("{identities: {reader: {default: 1}}}", "`auth.identities.reader.default` must be a boolean, not integer"),
    ("{identities: {reader: {default: 2026-01-01}}}", "`auth.identities.reader.default` must be a boolean, not map"),
    ("{identities: {reader: {default: [true]}}}", "`auth.identities.reader.default` must be a boolean, not list"),
    (
        "{identities: {reader: {Default: true}}}",
        "unknown key `Default`, did you mean `auth.identities.reader.default`?",
    ),
    (
        "{identities: {reader: {defualt: true}}}",
        "unknown key `defualt`, did you mean `auth.identities.reader.default`?",
    ),
    ("{identities: {reader: 2026-01-01}}", "`auth.identities.reader` must be a map, not string"),
    ("{identities: 2026-01-01}", "`auth.identities` must be a map, not string"),
    ("2026-01-01", "`auth` must be a map, not string"),
];

#[test]
fn default_that_cannot_be_read_is_nobody_else() {
    let sandbox = repository(VPC);
    for (auth, phrase) in NO_DEFAULTS {
        stack(&sandbox, &format!("{{terraform: {{vpc: {{auth: {auth}}}}}}}"));
        let plan = sandbox.atmos(&["terraform", "plan", "vpc", "-s", "prod"]);
        refused(&sandbox, plan).says(phrase).says("stacks/prod.yaml:2:");
        sandbox.atmos(&["auth", "validate", "--stacks"]).exits(1).says(phrase).says("stacks/prod.yaml:2:");
        sandbox.atmos(&["auth", "explain", "-s", "prod", "-c", "vpc"]).says(phrase);
    }
    stack(&sandbox, VPC);
    for (written, phrase) in [
        ("admin: {kind: mock/aws, default: yes,", "`auth.identities.admin.default` must be a boolean, not string"),
        (
            "admin: {kind: mock/aws, Default: true,",
            "unknown key `Default`, did you mean `auth.identities.admin.default`?",
        ),
    ] {
        sandbox.write("atmos.yaml", &ATMOS.replace("admin: {kind: mock/aws, default: true,", written));
        let plan = sandbox.atmos(&["terraform", "plan", "vpc", "-s", "prod"]);
        refused(&sandbox, plan).says(phrase).says("atmos.yaml:");
        let validate = sandbox.atmos(&["auth", "validate"]).exits(1).says(phrase);
        validate.says("1 error(s)");
    }
}

#[test]
fn default_as_text_replaces_the_wider_one() {
    for auth in ["{reader: {default: \"true\"}}", "{reader: {default: true}}"] {
        let sandbox = repository(&format!("{{terraform: {{vpc: {{auth: {{identities: {auth}}}}}}}}}"));
        sandbox.atmos(&["terraform", "plan", "vpc", "-s", "prod"]).success();
        assert_eq!(who(&sandbox, "plan"), ["reader"], "{auth}");
    }
}

#[test]
fn setting_that_names_nobody_is_nobody_else() {
    let sandbox = repository(VPC);
    for (auth, expected) in [
        ("{identity: {plan: '', read: reader}}", "reader"),
        ("{identity: {plan: ~, read: reader}}", "reader"),
        ("{identity: {read: '', default: reader}}", "reader"),
        ("{identity: {read: ' ', write: data}}", "admin"),
        ("{identity: ''}", "admin"),
        ("{}", "admin"),
        ("~", "admin"),
    ] {
        stack(&sandbox, &format!("{{terraform: {{vpc: {{settings: {{auth: {auth}}}}}}}}}"));
        let outcome = sandbox.atmos(&["terraform", "plan", "vpc", "-s", "prod"]).success();
        assert_eq!(who(&sandbox, "plan"), [expected], "{auth} {outcome}");
    }
    for (auth, phrase) in [
        ("{identity: 2026-01-01}", "it is a date without quotes"),
        ("2026-01-01", "it must be a map, not a date"),
        ("{identity: {}}", "it is an empty map"),
    ] {
        stack(&sandbox, &format!("{{terraform: {{vpc: {{settings: {{auth: {auth}}}}}}}}}"));
        let plan = sandbox.atmos(&["terraform", "plan", "vpc", "-s", "prod"]);
        refused(&sandbox, plan).says(phrase).says("stacks/prod.yaml:2:");
        sandbox.atmos(&["auth", "validate", "--stacks"]).exits(1).says(phrase);
    }
}

#[test]
fn identity_of_a_command_or_workflow_that_is_no_name_starts_nothing() {
    let sandbox = repository(VPC);
    let steps = "steps: [{type: shell, command: 'echo never $AWS_PROFILE'}]";
    for (identity, found) in [("[reader]", "list"), ("{read: reader}", "map"), ("{}", "map")] {
        add(
            &sandbox,
            &format!(
                "commands:\n- {{name: c, identity: {identity}, {steps}}}\n- {{name: outer, commands: [{{name: inner, identity: {identity}, {steps}}}]}}"
            ),
        );
        for words in [&["c"][..], &["outer", "inner"]] {
            let phrase = format!(
                "`identity` of the command `{}` must be the name of one, but it is a {found}",
                words[words.len() - 1]
            );
            let seen = sandbox.atmos(words).exits(1).says(&phrase).says("atmos.yaml:");
            assert_eq!(seen.stdout, "");
            sandbox.atmos(&["auth", "validate"]).exits(1).says(&phrase).says("atmos.yaml:");
        }
        add(
            &sandbox,
            &format!(
                "commands:\n- {{name: c, steps: ['echo never', {{command: 'echo never', identity: {identity}}}]}}"
            ),
        );
        let seen = sandbox.atmos(&["c"]).exits(1).says("must be a text, but it is a").says("atmos.yaml:");
        assert_eq!(seen.stdout, "");
        sandbox
            .atmos(&["auth", "validate"])
            .exits(1)
            .says("`identity` of a step of the command `c` must be the name of one");
        let one = format!("{{name: f, type: shell, command: echo never, identity: {identity}}}");
        sandbox.write(
            "flows/x.yaml",
            &format!("workflows: {{f: {{steps: [{{type: shell, command: echo never}}, {one}]}}}}\n"),
        );
        let seen = sandbox
            .atmos(&["workflow", "f", "-f", "x"])
            .exits(1)
            .says("must be a text, but it is a")
            .says("flows/x.yaml:1:");
        assert_eq!(seen.stdout, "");
    }
    sandbox.write("flows/x.yaml", &format!("workflows: {{f: {{identity: reader, {steps}}}}}\n"));
    let seen = sandbox
        .atmos(&["workflow", "f", "-f", "x"])
        .exits(1)
        .says("a workflow has no `identity`")
        .says("flows/x.yaml:1:");
    assert_eq!(seen.stdout, "");
    add(&sandbox, "commands: [{name: c, identity: ~, steps: ['echo $AWS_PROFILE']}]");
    assert_eq!(sandbox.atmos(&["c"]).success().stdout, "shell\n");
    sandbox.atmos(&["auth", "validate"]).success();
}

const IMAGE: [&str; 5] = ["packer", "build", "image", "-s", "prod"];

#[test]
fn packer_runs_as_its_component() {
    let sandbox = repository("{}");
    let image = |component: &str| stack(&sandbox, &format!("{{packer: {{image: {component}}}}}"));
    for (component, more, expected) in [
        ("{}", "", "admin"),
        ("{settings: {auth: {identity: reader}}}", "", "reader"),
        ("{settings: {auth: {identity: {build: data, read: reader}}}}", "", "data"),
        ("{settings: {auth: {identity: {write: data, read: reader}}}}", "", "data"),
        ("{auth: {identities: {data: {default: true}}}}", "", "data"),
        ("{settings: {auth: {identity: false}}}", "", "shell"),
        ("{settings: {auth: {identity: data}}}", "-i=reader", "reader"),
        ("{settings: {auth: {identity: data}}}", "--identity=reader", "reader"),
        ("{settings: {auth: {identity: data}}}", "--identity=false", "shell"),
    ] {
        image(component);
        let words: Vec<&str> = IMAGE.into_iter().chain(Some(more).filter(|more| !more.is_empty())).collect();
        let outcome = sandbox.atmos(&words).success();
        assert_eq!(who(&sandbox, "build"), [expected], "{component} {more} {outcome}");
    }
    let inspect = ["packer", "inspect", "image", "-s", "prod"];
    image("{settings: {auth: {identity: {write: data, read: reader}}}}");
    sandbox.atmos_with(&[("ATMOS_IDENTITY", "")], &inspect).success();
    assert_eq!(who(&sandbox, "inspect"), ["reader"]);
    sandbox.atmos_with(&[("ATMOS_IDENTITY", "admin")], &IMAGE).success();
    assert_eq!(who(&sandbox, "build"), ["admin"]);
}

/// Guard rails that forbid a run as `reader` (or as nobody), with what is said.
const RAILS: [(&str, &str, &str); 7] = [
    ("expected_account: '999999999999'", "reader", "wrong account"),
    ("expected_account: x", "reader", "`x` is not 12 digits"),
    ("allowed_identities: []", "reader", "may not be used"),
    ("min_ttl: 999999h", "reader", "are wanted (min_ttl)"),
    ("audit: {file: /dev/full}", "reader", "cannot be written"),
    ("require_identity: true", "false", "switched off by --identity"),
    ("require_identity: maybe", "false", "must be a boolean"),
];

#[test]
fn packer_stays_within_the_guard_rails() {
    let sandbox = repository("{}");
    for (rail, identity, phrase) in RAILS {
        stack(&sandbox, &format!("{{packer: {{image: {{auth: {{{rail}}}}}}}}}"));
        refused(&sandbox, sandbox.atmos(&[&IMAGE[..], &["-i", identity]].concat())).says(phrase);
    }
    stack(&sandbox, "{packer: {image: {settings: {auth: {identity: nope}}}}}");
    refused(&sandbox, sandbox.atmos(&IMAGE)).says("identity not found");
    sandbox.atmos(&["auth", "validate", "--stacks"]).exits(1).says("identity not found");
    sandbox.atmos(&[&IMAGE[..], &["--dry-run"]].concat()).success();
}

const COMMANDS: &str = "commands:
- name: k
  component: {type: script}
  arguments: [{name: component, type: component}]
  flags: [{name: stack, shorthand: s, required: true, semantic_type: stack}]
  steps: ['echo \"k k ${AWS_PROFILE:-nobody} ${ATMOS_IDENTITY:-unsaid}\" >>$LOG']
- name: apply
  component: {type: script}
  identity: data
  arguments: [{name: component, type: component}]
  flags: [{name: stack, shorthand: s, required: true, semantic_type: stack}]
  steps: ['echo \"k k $AWS_PROFILE\" >>$LOG', {command: 'echo \"k k $AWS_PROFILE\" >>$LOG', identity: reader}]
";

#[test]
fn commands_for_kinds_of_ones_own_run_as_their_component() {
    let sandbox = repository("{}");
    add(&sandbox, COMMANDS);
    let script = |more: &str, component: &str| stack(&sandbox, &format!("{{script: {{p: {component}}}}}\n{more}"));
    let read = "{settings: {auth: {identity: reader}}}";
    for (more, component, words, expected) in [
        ("", "{vars: {a: 1}}", "k p -s prod", "admin unsaid"),
        ("", read, "k p -s prod", "reader unsaid"),
        ("settings: {auth: {identity: data}}", "{}", "k p -s prod", "data unsaid"),
        ("auth: {identities: {data: {default: true}}}", "{}", "k p -s prod", "data unsaid"),
        ("", "{auth: {identities: {data: {default: true}}}}", "k p -s prod", "data unsaid"),
        ("", read, "k p -s prod -i data", "data data"),
        ("", read, "k p -s prod --identity=false", "shell false"),
        ("", "{settings: {auth: {identity: false}}}", "k p -s prod", "shell unsaid"),
    ] {
        script(more, component);
        let words: Vec<&str> = words.split(' ').collect();
        let outcome = sandbox.atmos(&words).success();
        assert_eq!(started(&sandbox), [format!("k k {expected}")], "{more} {component} {words:?} {outcome}");
    }
    script("", read);
    sandbox.atmos(&["apply", "p", "-s", "prod"]).success();
    assert_eq!(started(&sandbox), ["k k data", "k k reader"]);
    for (rail, identity, phrase) in RAILS {
        script("", &format!("{{auth: {{{rail}}}}}"));
        refused(&sandbox, sandbox.atmos(&["k", "p", "-s", "prod", "-i", identity])).says(phrase);
    }
    script("", "{auth: {expected_account: '999999999999'}, settings: {auth: {identity: reader}}}");
    refused(&sandbox, sandbox.atmos(&["k", "p", "-s", "prod"])).says("wrong account");
    sandbox.atmos(&["auth", "validate", "--stacks"]).exits(1).says("is in account 111111111111");
    // Where nobody is named, nobody is needed.
    sandbox.write("atmos.yaml", &format!("{}{COMMANDS}", ATMOS.replace("default: true, ", "")));
    script("", "{}");
    sandbox.atmos(&["k", "p", "-s", "prod"]).success();
    assert_eq!(started(&sandbox), ["k k shell unsaid"]);
    script("", "{auth: {require_identity: true}}");
    refused(&sandbox, sandbox.atmos(&["k", "p", "-s", "prod"])).says("an identity is required");
    // What the component shows does not change by that.
    let shown = sandbox.atmos(&["describe", "component", "p", "-s", "prod", "--format", "json"]).success().json();
    assert_eq!(shown.get("auth"), None, "{shown}");
}

#[test]
fn guard_rails_hold_for_whoever_reads_outputs() {
    let sandbox = repository("{}");
    let reads = "shop: {vars: {v: !terraform.output vpc o}}";
    let both = |vpc: &str| stack(&sandbox, &format!("{{terraform: {{vpc: {vpc}, {reads}}}}}"));
    let plan = |identity: &str| sandbox.atmos(&["terraform", "plan", "shop", "-s", "prod", "-i", identity]);
    let look = |more: &[&str]| sandbox.atmos(&[&["describe", "component", "shop", "-s", "prod"], more].concat());
    for (rail, identity, phrase) in RAILS {
        both(&format!("{{auth: {{{rail}}}}}"));
        let direct = sandbox.atmos(&["terraform", "output", "vpc", "-s", "prod", "-i", identity]);
        refused(&sandbox, direct).says(phrase);
        refused(&sandbox, plan(identity)).says(phrase);
        refused(&sandbox, look(&["-i", identity])).says(phrase);
    }
    both("{auth: {expected_account: '999999999999'}}");
    refused(&sandbox, look(&[])).says("wrong account: identity `admin` is in account 333333333333");
    // What cannot be read may have said who that component is.
    for (auth, phrase) in NO_DEFAULTS {
        both(&format!("{{auth: {auth}}}"));
        refused(&sandbox, look(&[])).says(phrase);
    }
    // Another component's own choice is a choice of somebody else for this one.
    let chosen = "shop: {settings: {auth: {identity: reader}}, vars: {v: !terraform.output vpc o}}";
    stack(&sandbox, &format!("{{terraform: {{vpc: {{auth: {{allowed_identities: []}}}}, {chosen}}}}}"));
    refused(&sandbox, sandbox.atmos(&["terraform", "plan", "shop", "-s", "prod"])).says("identity `reader`");
    stack(&sandbox, &format!("{{terraform: {{vpc: {{auth: {{allowed_identities: [reader]}}}}, {chosen}}}}}"));
    sandbox.atmos(&["terraform", "plan", "shop", "-s", "prod"]).success();
    assert_eq!(who(&sandbox, "output"), ["reader"]);
    both("{auth: {expected_account: '111111111111', audit: {file: ~/read.jsonl}}}");
    plan("reader").success();
    assert!(started(&sandbox).contains(&"output vpc reader".to_owned()));
    let line = std::fs::read_to_string(sandbox.home().join("read.jsonl")).unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!([&line["event"], &line["component"], &line["identity"]], ["read", "vpc", "reader"], "{line}");
}
