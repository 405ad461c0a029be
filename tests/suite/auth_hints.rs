//! What people meet on their first day: all mistakes at once, hints that lead somewhere, names that are checked before a
//! step needs them.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::who::{add, refused, repository, stack, started};
use crate::support::{Cloud, FIRST_ID, FIRST_SECRET, Sandbox, Users};

#[test]
fn commands_that_give_variables_run_as_the_identity_that_is_asked_for() {
    let sandbox = repository("{script: {p: {settings: {auth: {identity: data}}}}}");
    let env = "env: [{key: WHO, valueCommand: 'echo ${AWS_PROFILE:-nobody}'}]";
    let steps = "steps: ['echo $WHO $AWS_PROFILE']";
    add(
        &sandbox,
        &format!(
            "commands:\n- {{name: own, identity: reader, {env}, {steps}}}\n- {{name: plain, {env}, {steps}}}\n\
             - {{name: step, identity: data, {env}, steps: [{{command: 'echo $WHO $AWS_PROFILE', identity: reader}}]}}\n\
             - {{name: exported, identity: data, {env}, steps: [{{type: env, vars: {{SEEN: '{{{{ env \"WHO\" }}}}'}}}}, 'echo $SEEN']}}\n\
             - {{name: both, identity: data, {env}, steps: [{{type: parallel, steps: [{{name: a, command: 'echo $WHO $AWS_PROFILE'}}]}}]}}\n\
             - {{name: unknown, identity: nope, {env}, {steps}}}\n\
             - {{name: k, {env}, component: {{type: script}}, arguments: [{{name: component, type: component}}], \
             flags: [{{name: stack, shorthand: s, required: true, semantic_type: stack}}], {steps}}}"
        ),
    );
    for (words, expected) in [
        (&["own"][..], "reader reader"),
        (&["own", "-i", "data"], "data data"),
        (&["own", "--identity=false"], "shell shell"),
        (&["plain"], "shell shell"),
        (&["step"], "reader reader"),
        (&["exported"], "data"),
        (&["k", "p", "-s", "prod"], "data data"),
    ] {
        let told = sandbox.atmos(words).success();
        assert_eq!(told.stdout.trim(), expected, "{words:?} {told}");
    }
    let told = sandbox.atmos(&["both"]).success();
    assert!(told.stdout.contains("data data"), "{told}");
    sandbox.atmos(&["unknown"]).exits(1).says("identity not found");
}

#[test]
fn identities_of_workflows_and_commands_are_checked_by_name() {
    let sandbox = repository("{}");
    let clean = "workflows:\n  w:\n    steps:\n    - {command: version, identity: Reader}\n    - {command: version, identity: false}\n";
    sandbox.write("flows/clean.yaml", clean);
    add(&sandbox, "commands: [{name: c, identity: data, steps: ['true', {command: 'true', identity: 'off'}]}]");
    sandbox.atmos(&["auth", "validate"]).success().says_not("⚠");
    sandbox.write(
        "flows/deep/x.yaml",
        "workflows:\n  w:\n    steps:\n    - {name: s, command: version, identity: reeder}\n    - name: p\n      type: parallel\n      \
         steps:\n      - {command: version, identity: dta}\n  v: {steps: [{command: version, identity: [a]}]}\n",
    );
    add(
        &sandbox,
        "commands:\n- name: c\n  identity: admn\n  steps: ['true', {command: 'true', identity: zzz}]\n  \
         commands: [{name: d, identity: radeer, steps: ['true']}]",
    );
    let told = sandbox.atmos(&["auth", "validate"]).exits(1);
    for phrase in [
        "flows/deep/x.yaml:4:45: `identity` of the step `s` of the workflow `w` (deep/x.yaml) names `reeder`, which is no identity; did you mean `reader`?",
        "flows/deep/x.yaml:8:38: `identity` of a step of the workflow `w` (deep/x.yaml) names `dta`, which is no identity; did you mean `data`?",
        "flows/deep/x.yaml:9:44: `identity` of a step of the workflow `v` (deep/x.yaml) must be the name of one, but it is a list",
        "of the command `c` names `admn`, which is no identity; did you mean `admin`?",
        "of a step of the command `c` names `zzz`, which is no identity",
        "of the command `d` names `radeer`, which is no identity; did you mean `reader`?",
    ] {
        assert!(told.mentions(phrase), "{phrase}\n{told}");
    }
    // A name that a profile may still bring keeps nobody from his work.
    sandbox.write("flows/deep/x.yaml", clean);
    sandbox.atmos(&["auth", "validate"]).success().says("⚠").says("`admn`");
    sandbox.write("flows/bad.yaml", "workflows: {w: {identity: data, steps: [version]}}\n");
    sandbox.atmos(&["auth", "validate"]).success().says("flows/bad.yaml:1:27: a workflow has no `identity`");
}

#[test]
fn bad_realm_is_one_mistake_among_all() {
    let sandbox = Sandbox::scenario("identity-center");
    let text = sandbox.read("atmos.yaml");
    let bad = text
        .replace("realm: scenario", "realm: Acme Corp\n  expected_account: 12")
        .replace("kind: aws/permission-set", "kind: aws/nothing");
    sandbox.write("atmos.yaml", &bad);
    let told = sandbox.atmos(&["auth", "validate"]).exits(1);
    let told = told.says("invalid realm value `Acme Corp`").says("atmos.yaml:").says("`12` is not 12 digits");
    told.says("unsupported identity kind: aws/nothing");
    let document = sandbox.atmos(&["auth", "validate", "--stacks", "--format", "json"]).exits(1).json();
    assert!(document.as_array().unwrap().len() > 3, "{document}");
    // Nothing but the validation goes on with it.
    sandbox.atmos(&["auth", "process", "-i", "reader"]).exits(1).says("invalid realm value");
    sandbox.write("atmos.yaml", &text);
    let told = sandbox.atmos_with(&[("ATMOS_AUTH_REALM", "a/b")], &["auth", "validate"]).exits(1);
    told.says("invalid realm value from ATMOS_AUTH_REALM").says("1 error(s)");
}

#[test]
fn provisioned_identities_that_are_cut_off_are_named() {
    let cloud = Cloud::start(&[]);
    let text = cloud.sandbox.read("atmos.yaml");
    let wanted = "      region: eu-west-1\n      auto_provision_identities: true\n";
    cloud.sandbox.write("atmos.yaml", &text.replace("      region: eu-west-1\n", wanted));
    cloud.login("data-admin").success();
    let cache = cloud.sandbox.home().join(".cache/atmos/auth");
    let files = Sandbox::files_below(&cache).into_iter();
    let file = cache.join(files.into_iter().find(|file| file.ends_with("provisioned-identities.yaml")).unwrap());
    let sound = std::fs::read_to_string(&file).unwrap();
    cloud.sandbox.atmos(&["auth", "list"]).success().says_not("found");
    let behind = |word: &str| sound.rfind(word).map(|at| &sound[..at]).unwrap();
    let entry = behind("\n      kind: aws/permission-set");
    let entry = &entry[..=entry.rfind('\n').unwrap()];
    for (cut, phrase) in [
        ("", "it has no `auth.identities`"),
        ("auth:\n", "it has no `auth.identities`"),
        (&sound[..sound.find("  identities:\n").unwrap()], "it has no `auth.identities`"),
        (sound.trim_end(), "its last line has no end"),
        (&sound[..sound.len() - 6], "its last line has no end"),
        (entry, "identities and has"),
    ] {
        std::fs::write(&file, cut).unwrap();
        let told = cloud.sandbox.atmos(&["auth", "whoami", "-i", "network/NetOps"]).exits(1).says("identity not found");
        let told = told.says("a login to `corp` found cannot be read").says(phrase);
        told.says("auth login --refresh").says("provisioned-identities.yaml");
    }
    // The next login writes it anew.
    cloud.login("data-admin").success();
    cloud.sandbox.atmos(&["auth", "whoami", "-i", "network/NetOps"]).success().says_not("found");
}

#[test]
fn user_without_key_and_without_browser_is_sent_to_no_browser() {
    let users = Users::start(&json!({}));
    users.configure(
        "kind: aws/user, default: true",
        "kind: aws/user, default: true, credentials: {webflow_enabled: false}",
    );
    for words in [&["auth", "login"][..], &["auth", "exec", "--", "true"], &["auth", "user", "rotate"]] {
        let told = users.sandbox.atmos(words).exits(1).says("no access key of identity `worker`");
        told.says("atmos auth user configure -i worker").says_not("browser");
    }
    // Where the browser is no way out either, it is none for who rotates.
    users.configure(", credentials: {webflow_enabled: false}", "");
    users.sandbox.atmos(&["auth", "user", "rotate"]).exits(1).says("auth user configure").says_not("browser");
}

#[test]
fn key_of_a_file_of_aws_tools_is_taken_when_there_is_one() {
    let users = Users::start(&json!({}));
    let import = |text: &str| {
        users.sandbox.write("key", text);
        users.sandbox.atmos(&["auth", "user", "import", "-i", "worker", "--from-file", "key"])
    };
    let key = |id: &str| format!("aws_access_key_id = {id}\naws_secret_access_key = {FIRST_SECRET}\n");
    import(&format!("# of the console\n[work]\n{}region=eu-west-1\n", key(FIRST_ID))).success();
    users.sandbox.atmos(&["auth", "exec", "-i", "worker", "--", "true"]).success();
    import(&key(FIRST_ID)).success();
    import(&format!("[plain]\nregion = eu-west-1\n[profile work]\n{}", key(FIRST_ID))).success();
    let told = import(&format!("[a]\n{}[b]\n{}", key(FIRST_ID), key("AKIAOTHERKEYOFWORKER"))).exits(1);
    told.says("it has more than one key: of the profiles a, b").says("--from-profile").says_not(FIRST_SECRET);
    import("[a]\naws_access_key_id = AKIAFIRSTKEYOFWORKER\n").exits(1).says("a half of the key is missing");
    let token = format!("[a]\n{}aws_session_token = abc\n", key(FIRST_ID));
    import(&token).exits(1).says("temporary session");
}

#[test]
fn require_identity_without_a_value_says_nothing_everywhere() {
    let sandbox = repository("{}");
    let rail =
        |value: &str| stack(&sandbox, &format!("{{terraform: {{vpc: {{auth: {{require_identity: {value}}}}}}}}}"));
    let plan = || sandbox.atmos(&["terraform", "plan", "vpc", "-s", "prod", "--identity=false"]);
    for value in ["~", "null", "", "false"] {
        rail(value);
        sandbox.atmos(&["validate", "stacks"]).success();
        sandbox.atmos(&["auth", "validate", "--stacks"]).success();
        plan().success();
    }
    started(&sandbox);
    rail("[]");
    sandbox.atmos(&["validate", "stacks"]).exits(1);
    sandbox.atmos(&["auth", "validate", "--stacks"]).exits(1);
    refused(&sandbox, plan());
    let text = sandbox.read("atmos.yaml");
    sandbox.write("atmos.yaml", &text.replace("realm: who", "realm: who\n  require_identity: ~"));
    rail("~");
    sandbox.atmos(&["config", "validate"]).success();
    sandbox.atmos(&["auth", "validate"]).success();
    plan().success();
}

#[test]
fn identity_of_a_step_that_a_component_does_not_allow_is_not_laid_upon_a_variable() {
    let sandbox = repository(
        "{terraform: {vpc: {auth: {allowed_identities: []}}}, script: {p: {auth: {allowed_identities: []}}}}",
    );
    let (plan, atmos) = ("terraform plan vpc -s prod", env!("CARGO_BIN_EXE_atmos"));
    sandbox.write(
        "flows/x.yaml",
        &format!(
            "workflows:\n  own: {{steps: [{{command: {plan}, identity: reader}}]}}\n  shell: {{steps: [{{type: shell, command: {atmos} {plan}, identity: reader}}]}}\n  \
             other: {{steps: [{{type: shell, command: ATMOS_IDENTITY=data {atmos} {plan}, identity: reader}}]}}\n"
        ),
    );
    add(
        &sandbox,
        "commands:\n- {name: k, identity: data, component: {type: script}, arguments: [{name: component, type: component}], \
         flags: [{name: stack, shorthand: s, required: true, semantic_type: stack}], steps: ['true']}",
    );
    for name in ["own", "shell"] {
        let told = sandbox.atmos_with(&[("ATMOS_KEYRING_TYPE", "memory")], &["workflow", name, "-f", "x"]).exits(1);
        let told = told.says("identity `reader` (from identity of the step) may not be used for component `vpc`");
        refused(&sandbox, told.says_not("ATMOS_IDENTITY"));
    }
    let variable = sandbox.atmos(&["workflow", "other", "-f", "x"]).exits(1);
    variable.says("(from ATMOS_IDENTITY) may not be used");
    let told = sandbox.atmos(&["k", "p", "-s", "prod"]).exits(1);
    told.says("identity `data` (from identity of the step) may not be used for component `p`");
    let flag = sandbox.atmos(&["k", "p", "-s", "prod", "-i", "reader"]).exits(1);
    flag.says("identity `reader` (from --identity) may not be used");
}

#[test]
fn shell_step_says_that_the_password_was_withheld_and_how_it_goes_on() {
    let mut cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let text = cloud.sandbox.read("atmos.yaml");
    let steps = "commands:\n- {name: deep, steps: ['atmos auth process -i data-admin']}\n- {name: own, steps: [{type: atmos, command: auth process -i data-admin}]}\n\
                 - {name: named, identity: data-admin, steps: ['atmos auth process -i data-admin']}\n";
    cloud.sandbox.write("atmos.yaml", &format!("{text}\n{steps}"));
    let told = cloud.sandbox.atmos(&["deep"]).exits(1).says("`ATMOS_KEYRING_PASSWORD` is not set");
    let told = told.says("the atmos around this command keeps the password from what it starts, on purpose");
    told.says("`identity`").says("`type: atmos`").says("ATMOS_KEYRING_UNLOCK");
    // Each way that it names is one.
    cloud.sandbox.atmos(&["own"]).success();
    cloud.sandbox.atmos(&["named"]).success();
    cloud.sandbox.set("ATMOS_KEYRING_UNLOCK", "8h");
    cloud.sandbox.atmos(&["auth", "process", "-i", "data-admin"]).success();
    cloud.sandbox.atmos(&["deep"]).success();
    // Outside of a run nobody withholds anything.
    cloud.sandbox.set("ATMOS_KEYRING_UNLOCK", "off");
    cloud.sandbox.remove("ATMOS_KEYRING_PASSWORD");
    cloud.sandbox.atmos(&["auth", "process", "-i", "data-admin"]).exits(1).says("is not set").says_not("on purpose");
}

#[test]
fn audit_file_of_the_variable_may_lie_at_home() {
    let mut sandbox = repository("{}");
    sandbox.set("ATMOS_AUTH_AUDIT_FILE", "~/deep/audit.log");
    sandbox.atmos(&["auth", "exec", "-i", "reader", "--", "true"]).success();
    let file = sandbox.home().join("deep/audit.log");
    assert!(std::fs::read_to_string(&file).unwrap().contains("\"event\":\"exec\""));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!sandbox.repo().join("~").exists());
    sandbox.set("HOME", "home");
    sandbox.atmos(&["auth", "exec", "-i", "reader", "--", "true"]).exits(1).says("HOME");
    assert!(!sandbox.repo().join("home").exists());
}
