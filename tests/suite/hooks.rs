//! Hooks of components: when they run, as whom, with what, and what their failures mean.

use serde_json::json;

use crate::support::{Redis, Sandbox, Sts};

const ATMOS: &str = "\
base_path: .
stacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}
components:
  terraform: {base_path: components/terraform, deploy_run_init: true}
  helmfile: {base_path: components/terraform}
";
const KEY: &str = "AKIASTORESAMBIENT000";

/// A repository with the component `app` in `dev`, which has these hooks, and the recording stub.
fn stubbed(hooks: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", ATMOS);
    sandbox.write("components/terraform/app/main.tf", "");
    component(&sandbox, hooks);
    let log = sandbox.root().join("log");
    sandbox.record(&["TERRAFORM", "HELMFILE"]);
    sandbox.set("LOG", log);
    sandbox
}

fn component(sandbox: &Sandbox, hooks: &str) {
    let hooks: Vec<String> = hooks.lines().map(|line| format!("        {line}\n")).collect();
    let hooks = hooks.concat();
    let manifest = format!(
        "vars: {{stage: dev}}\ncomponents:\n  terraform:\n    app:\n      hooks:\n{hooks}  helmfile:\n    app:\n      hooks:\n{hooks}"
    );
    sandbox.write("stacks/dev.yaml", &manifest);
}

/// A hook that writes a line into the log.
fn logs(name: &str, events: &str, more: &str) -> String {
    format!(
        "{name}:\n  events: [{events}]\n  kind: command\n  command: sh\n  args: [-c, 'echo {name} $ATMOS_HOOK_STATUS >>\"$LOG\"']\n{more}"
    )
}

/// What a file of the sandbox has had since the last look.
fn since(sandbox: &Sandbox, name: &str) -> Vec<String> {
    let path = sandbox.root().join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let _ = std::fs::remove_file(path);
    text.lines().map(|line| line.replace('\t', " ")).collect()
}

fn started(sandbox: &Sandbox, verb: &str) -> bool {
    since(sandbox, "record").iter().any(|call| call.starts_with(verb))
}

const PLAN: [&str; 5] = ["terraform", "plan", "app", "-s", "dev"];
const APPLY: [&str; 6] = ["terraform", "apply", "app", "-s", "dev", "-auto-approve"];

#[test]
fn q14_hooks_run_in_the_order_of_their_declaration_and_by_their_events() {
    let hooks = [
        logs("zebra", "before.terraform.plan, after-terraform-apply", ""),
        logs("ant", "before.terraform.plan, after.terraform.deploy", ""),
        logs("mouse", "after.terraform.plan", ""),
        logs("gone", "after.terraform.destroy", ""),
        logs("other", "after.helmfile.apply", ""),
    ];
    let sandbox = stubbed(&hooks.concat());
    let plan = sandbox.atmos(&PLAN).success().says("Running hooks event=before.terraform.plan status=success");
    assert_eq!(since(&sandbox, "log"), ["zebra success", "ant success", "mouse success"], "{plan}");
    for verb in ["apply", "deploy"] {
        sandbox.atmos(&["terraform", verb, "app", "-s", "dev", "-auto-approve"]).success();
        assert_eq!(since(&sandbox, "log"), ["zebra success", "ant success"], "{verb}");
    }
    sandbox.atmos(&["terraform", "destroy", "app", "-s", "dev", "-auto-approve"]).success();
    assert_eq!(since(&sandbox, "log"), ["gone success"]);
    sandbox.atmos(&["terraform", "validate", "app", "-s", "dev"]).success();
    sandbox.atmos(&["terraform", "output", "app", "-s", "dev"]).success();
    assert_eq!(since(&sandbox, "log"), Vec::<String>::new());
    for verb in ["sync", "deploy", "apply"] {
        sandbox.atmos(&["helmfile", verb, "app", "-s", "dev"]).success();
        assert_eq!(since(&sandbox, "log"), ["other success"], "{verb}");
    }
}

#[test]
fn q14_a_dry_run_runs_no_hook() {
    let sandbox = stubbed(&logs("a", "before.terraform.plan, before.helmfile.diff", ""));
    sandbox.atmos(&[&PLAN[..], &["--dry-run"]].concat()).success();
    sandbox.atmos(&["helmfile", "diff", "app", "-s", "dev", "--dry-run"]).success();
    assert_eq!(since(&sandbox, "log"), Vec::<String>::new());
}

#[test]
fn hooks_without_events_run_at_the_usual_ones() {
    let sandbox = stubbed("a: {kind: command, command: sh, args: [-c, 'echo ran >>\"$LOG\"']}");
    for (verb, times) in [("plan", 2), ("refresh", 2), ("init", 2), ("destroy", 0), ("validate", 0)] {
        sandbox.atmos(&["terraform", verb, "app", "-s", "dev", "--", "-auto-approve"]).success();
        assert_eq!(since(&sandbox, "log").len(), times, "{verb}");
    }
}

#[test]
fn failing_hooks_do_what_their_mode_says() {
    let failing = |moment: &str, mode: &str| {
        format!("bad: {{events: [{moment}.terraform.apply], kind: command, command: sh, args: [-c, 'exit 4']{mode}}}")
    };
    for (moment, mode, code, starts, phrase) in [
        ("before", "", 0, true, "warning per on_failure"),
        ("before", ", on_failure: warn", 0, true, "exit status 4"),
        ("before", ", on_failure: fail", 4, false, "hook (kind command) failed"),
        ("before", ", on_failure: ignore", 0, true, ""),
        ("after", ", on_failure: fail", 4, true, "exit status 4"),
        ("after", "", 0, true, "warning per on_failure"),
    ] {
        let sandbox = stubbed(&failing(moment, mode));
        let outcome = sandbox.atmos(&APPLY).exits(code).says(phrase);
        assert_eq!(started(&sandbox, "apply"), starts, "{moment} {mode}\n{outcome}");
    }
}

#[test]
fn hooks_choose_the_end_that_they_run_after() {
    let hooks = [
        logs("good", "after.terraform.plan", ""),
        logs("bad", "after.terraform.plan", "  when: failure\n"),
        logs("always", "after.terraform.plan", "  when: [always, local]\n"),
        logs("ci", "after.terraform.plan", "  when: ci\n"),
    ];
    let sandbox = stubbed(&hooks.concat());
    sandbox.atmos(&PLAN).success();
    assert_eq!(since(&sandbox, "log"), ["good success", "always success"]);
    sandbox.atmos_with(&[("STUB_EXIT_PLAN", "3")], &PLAN).exits(3).says("subcommand exited with code 3");
    assert_eq!(since(&sandbox, "log"), ["bad failure", "always failure"]);
    sandbox.atmos_with(&[("CI", "true")], &PLAN).success();
    assert_eq!(since(&sandbox, "log"), ["good success", "ci success"]);
}

#[test]
fn hooks_are_skipped_all_or_by_name() {
    let sandbox = stubbed(&[logs("a", "before.terraform.plan", ""), logs("b", "before.terraform.plan", "")].concat());
    for (flag, ran) in [("--skip-hooks", &[][..]), ("--skip-hooks=a", &["b success"]), ("--skip-hooks=a,b", &[])] {
        sandbox.atmos(&[&PLAN[..], &[flag]].concat()).success();
        assert_eq!(since(&sandbox, "log"), ran, "{flag}");
    }
    sandbox.atmos_with(&[("ATMOS_SKIP_HOOKS", "b")], &PLAN).success();
    assert_eq!(since(&sandbox, "log"), ["a success"]);
    sandbox.atmos_with(&[("ATMOS_SKIP_HOOKS", "true")], &[&PLAN[..], &["--skip-hooks=false"]].concat()).success();
    assert_eq!(since(&sandbox, "log"), ["a success", "b success"]);
}

#[test]
fn hooks_know_the_run_that_they_belong_to() {
    let sandbox = stubbed(
        "env:\n  events: [after.terraform.plan]\n  kind: command\n  command: sh\n  args: [-c, 'pwd; env; test -d \"$ATMOS_OUTPUT_DIR\"', \
         sh, '${ATMOS_STACK}/x']\n  env: {OWN: 'component $ATMOS_COMPONENT'}\n",
    );
    let planfile = "components/terraform/app/dev-app.planfile";
    sandbox.write(planfile, "saved");
    let folder = sandbox.repo().join("components/terraform/app").display().to_string();
    let output = sandbox.atmos(&PLAN).success();
    let has = |line: &str| assert!(output.stdout.lines().any(|found| found == line), "no `{line}`\n{output}");
    has(&folder);
    has("ATMOS_STACK=dev");
    has("ATMOS_COMPONENT=app");
    has(&format!("ATMOS_COMPONENT_PATH={folder}"));
    has("ATMOS_HOOK_STATUS=success");
    has("ATMOS_HOOK_EXIT_CODE=0");
    assert!(!output.stdout.contains("ATMOS_PLANFILE"), "the plan of an earlier run\n{output}");
    has("OWN=component app");
    let value = |name: &str| {
        let line = output.stdout.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
        line.unwrap_or_else(|| panic!("no {name}\n{output}")).to_owned()
    };
    assert_eq!(value("ATMOS_OUTPUT_FILE"), format!("{}/output", value("ATMOS_OUTPUT_DIR")));
    assert!(!std::path::Path::new(&value("ATMOS_OUTPUT_DIR")).exists(), "the folder goes with the hook");
    component(&sandbox, "env: {events: [after.terraform.plan], kind: command, command: env, when: failure}");
    let failed = sandbox.atmos_with(&[("STUB_EXIT_PLAN", "3")], &PLAN).exits(3);
    assert!(failed.stdout.contains("ATMOS_HOOK_ERROR=subcommand exited with code 3"), "{failed}");
    std::fs::remove_file(sandbox.repo().join(planfile)).unwrap();
    component(&sandbox, "env: {events: [before.terraform.plan], kind: command, command: env}");
    let before = sandbox.atmos(&PLAN).success();
    assert!(!before.stdout.contains("ATMOS_PLANFILE"), "{before}");
}

#[test]
fn a_gate_sees_the_plan_of_its_own_run_and_no_other() {
    let sandbox = Sandbox::empty().with_terraform();
    sandbox.write("atmos.yaml", ATMOS);
    sandbox.write(
        "components/terraform/app/main.tf",
        "variable \"x\" {\n  default = \"\"\n}\noutput \"x\" {\n  value = var.x\n}\n",
    );
    let events = "[before.terraform.plan, after.terraform.plan, before.terraform.apply, after.terraform.apply]";
    let say = "[-c, 'echo \"$ATMOS_HOOK_STATUS sees $(basename \"$ATMOS_PLANFILE\").\"']";
    component(&sandbox, &format!("gate: {{events: {events}, kind: command, command: sh, when: always, args: {say}}}"));
    sandbox.write("components/terraform/app/backend.tf", "terraform {\n  backend \"local\" {}\n}\n");
    let seen = |outcome: &crate::support::Outcome| {
        let lines = outcome.stdout.lines().filter_map(|line| line.split_once(" sees "));
        lines.map(|(_, name)| name.to_owned()).collect::<Vec<_>>()
    };
    let run = |more: &[&str]| sandbox.atmos(&[&["terraform"], more].concat());
    for (words, expected) in [
        (&["plan", "app", "-s", "dev"][..], [".", "dev-app.planfile."]),
        (&["plan", "app", "-s", "dev", "--skip-planfile"], [".", "."]),
        (&["plan", "app", "-s", "dev", "-out=mine"], [".", "mine."]),
        (&["apply", "app", "-s", "dev", "-auto-approve"], [".", "."]),
        (&["plan", "app", "-s", "dev"], [".", "dev-app.planfile."]),
        (&["apply", "app", "-s", "dev", "--planfile", "mine"], ["mine.", "mine."]),
    ] {
        let outcome = run(words);
        assert_eq!(seen(&outcome), expected, "{words:?}\n{outcome}");
    }
    run(&["plan", "app", "-s", "dev"]).success();
    let failed = run(&["plan", "app", "-s", "dev", "-target=[x"]);
    assert_eq!(seen(&failed), [".", "."], "{failed}");
    let nested = sandbox.atmos_with(
        &[("ATMOS_PLANFILE", "/of/another/run")],
        &["terraform", "apply", "app", "-s", "dev", "-auto-approve"],
    );
    assert_eq!(seen(&nested), [".", "."], "{nested}");
}

#[test]
fn what_a_hook_says_of_itself_is_shown_and_data_stays_clean() {
    let sandbox = stubbed(
        "note: {events: [after.terraform.output], kind: command, command: sh, format: markdown, args: [-c, \
         'echo aside; echo \"costs nothing\" >\"$ATMOS_OUTPUT_FILE\"']}",
    );
    let output = sandbox.atmos(&["terraform", "output", "app", "-s", "dev"]).success().says("costs nothing");
    assert_eq!(output.stdout, "the stub says output\n", "{output}");
}

#[test]
fn hooks_that_cannot_be_used_are_refused_before_anything_starts() {
    for (hook, phrase) in [
        ("{kind: comand, command: x}", "did you mean `command`?"),
        ("{kind: command, command: sh, format: xml}", "`format: xml` is none"),
        ("{kind: trivy}", "the command `trivy` was not found"),
        ("{kind: tfmigrate}", "the command `tfmigrate` was not found"),
        ("{kind: command}", "it has no `command`"),
        ("{kind: command, command: no-such-program}", "the command `no-such-program` was not found"),
        ("{kind: command, command: sh, when: 'stack == 1'}", "a text cannot be compared with a number"),
        ("{kind: command, command: sh, when: 'stack =='}", "`when: stack ==` is no condition"),
        ("{kind: command, command: sh, when: {some: ci}}", "valid are success, failure"),
        ("{kind: step, with: {command: x}}", "it has no `type`"),
        ("{kind: step, type: cast}", "is not built yet: a step of the type `cast`"),
        ("{kind: step, type: toast, with: {content: x}}", "is not built yet: in a hook the type of the step `step1`"),
        ("{kind: steps}", "it has no steps"),
        ("{kind: git, commit: x}", "`commit` must be a map"),
        ("{kind: command, command: sh, on_failure: fial}", "did you mean `fail`?"),
        ("{kind: command, command: sh, args: x}", "`args` must be a list of texts"),
        ("{events: [before.terraform.plan]}", "it has no `kind`"),
        ("5", "it is no map"),
    ] {
        let sandbox = stubbed(&format!("bad: {hook}"));
        let outcome = sandbox.atmos(&PLAN).exits(1).says(phrase).says("stacks/dev.yaml:6:");
        assert!(!started(&sandbox, "plan"), "{outcome}");
        sandbox.atmos(&[&PLAN[..], &["--skip-hooks=bad"]].concat()).success();
    }
    // Of no use here, but no mistake.
    stubbed("report: {kind: ci.summary}").atmos(&PLAN).success();
}

/// A hook may start atmos for the component that it belongs to.
#[test]
fn hooks_do_not_hold_the_folder() {
    let mut sandbox = stubbed(
        "again: {events: [after.terraform.plan], kind: command, command: sh, args: [-c, '\"$ATMOS_BIN\" terraform output app -s dev']}",
    );
    sandbox.set("ATMOS_BIN", env!("CARGO_BIN_EXE_atmos"));
    let outcome = sandbox.atmos(&PLAN).success();
    assert!(outcome.stdout.contains("the stub says output"), "{outcome}");
}

#[test]
fn hooks_are_whoever_the_component_is_and_learn_no_password() {
    let mut sandbox = stubbed("env: {events: [after.terraform.plan], kind: command, command: env}").with_file_keyring();
    let atmos = sandbox.read("atmos.yaml");
    let auth = "auth:\n  providers: {corp: {kind: mock/aws, region: eu-west-1}}\n  identities:\n    alpha: {kind: mock/aws, default: true, via: {provider: corp}}\n";
    sandbox.write("atmos.yaml", &format!("{atmos}{auth}"));
    sandbox.set("AWS_ACCESS_KEY_ID", "AKIAAMBIENTAMBIENT00");
    let output = sandbox.atmos(&PLAN).success();
    let names: Vec<&str> = output.stdout.lines().filter_map(|line| line.split('=').next()).collect();
    assert!(names.contains(&"AWS_CONFIG_FILE") && names.contains(&"AWS_PROFILE"), "{output}");
    for absent in ["ATMOS_IDENTITY", "ATMOS_KEYRING_PASSWORD"] {
        assert!(!names.contains(&absent), "{absent}\n{output}");
    }
    assert!(!output.stdout.contains("AKIAAMBIENTAMBIENT00"), "{output}");
}

/// A component whose outputs a real terraform makes.
fn real(stores: &str, hooks: &str) -> Sandbox {
    let sandbox = Sandbox::empty().with_terraform();
    sandbox.write("atmos.yaml", &format!("{ATMOS}stores:\n{stores}"));
    sandbox.write(
        "components/terraform/app/main.tf",
        "output \"id\" {\n  value = \"vpc-1\"\n}\noutput \"map\" {\n  value = { a = [1, 2.5] }\n}\noutput \"key\" {\n  value     = \
         \"open-sesame\"\n  sensitive = true\n}\n",
    );
    component(&sandbox, hooks);
    sandbox
}

#[test]
fn outputs_go_into_the_stores_of_aws_and_come_back() {
    let sts = Sts::start();
    let mut sandbox = real(
        "  params: {kind: aws/ssm, options: {region: eu-west-1, prefix: /hooks}}\n\
         \x20 secrets: {kind: aws/asm, options: {region: eu-west-1, prefix: hooks}}\n\
         \x20 sealed: {kind: aws/ssm, secret: true, options: {region: eu-west-1, prefix: /sealed}}\n",
        "one: {events: [after-terraform-apply], command: store, name: params, outputs: {vpc_id: .id, first: '.map.a[0]', word: literal}}\n\
         two: {events: [after-terraform-apply], kind: store, name: secrets, outputs: {map: .map}}\n\
         three: {events: [after-terraform-apply], kind: store, name: sealed, outputs: {key: .key}}\n",
    );
    for (name, value) in
        [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_ENDPOINT_URL", sts.url.as_str())]
    {
        sandbox.set(name, value);
    }
    let apply = sandbox.atmos(&APPLY).success();
    assert!(!apply.stderr.contains("open-sesame") && !apply.stdout.contains("open-sesame"), "{apply}");
    assert_eq!((sts.count("PutParameter"), sts.count("PutSecretValue"), sts.count("CreateSecret")), (4, 1, 1));
    sandbox.write(
        "stacks/prod.yaml",
        "vars: {stage: prod}\ncomponents:\n  terraform:\n    app:\n      vars:\n        id: !store params dev app vpc_id\n        \
         first: !store params dev app first\n        word: !store params dev app word\n        map: !store secrets dev app map\n",
    );
    let read = || {
        let describe = ["describe", "component", "app", "-s", "prod", "--format", "json", "--query", ".vars"];
        sandbox.atmos(&describe).success().json()
    };
    let expected = json!({"stage": "prod", "id": "vpc-1", "first": 1, "word": "literal", "map": {"a": [1, 2.5]}});
    assert_eq!(read(), expected);
    // The second time everything is there already.
    sandbox.atmos(&APPLY).success();
    assert_eq!((sts.count("PutSecretValue"), sts.count("CreateSecret")), (2, 1));
    assert_eq!(read(), expected);
}

#[test]
fn outputs_go_into_redis() {
    let redis = Redis::start();
    let stores =
        format!("  cache: {{kind: redis, options: {{prefix: p, url: '{}'}}}}\n", redis.url(Redis::PASSWORD, 2));
    let sandbox =
        real(&stores, "one: {events: [after-terraform-apply], kind: store, name: cache, outputs: {map: .map}}\n");
    sandbox.atmos(&APPLY).success().says("Stored `map` of app in dev in the store `cache`");
    sandbox.write(
        "stacks/prod.yaml",
        "vars: {stage: prod}\ncomponents: {terraform: {app: {vars: {map: !store cache dev app map}}}}\n",
    );
    let describe = ["describe", "component", "app", "-s", "prod", "--format", "json", "--query", ".vars.map"];
    assert_eq!(sandbox.atmos(&describe).success().json(), json!({"a": [1, 2.5]}));
}

#[test]
fn a_store_hook_that_fails_fails_the_command_after_the_apply() {
    let stores = "  cache: {kind: redis, options: {url: 'redis://127.0.0.1:1/0'}}\n";
    for (outputs, name, phrase) in [
        ("{a: .nothing}", "cache", "terraform output `.nothing` of app in dev not found"),
        ("{a: .id}", "cache", "store `cache`"),
    ] {
        let hook = |more: &str| {
            format!("one: {{events: [after-terraform-apply], kind: store, name: {name}, outputs: {outputs}{more}}}\n")
        };
        let sandbox = real(stores, &hook(""));
        sandbox.atmos(&APPLY).exits(1).says("hook (kind store) failed").says(phrase);
        assert!(sandbox.repo().join("components/terraform/app/terraform.tfstate.d/dev/terraform.tfstate").exists());
        component(&sandbox, &hook(", on_failure: warn"));
        sandbox.atmos(&APPLY).success().says(phrase);
    }
}

#[test]
fn a_store_that_is_not_there_is_known_before_the_apply() {
    let stores = "  cache: {kind: redis, options: {url: 'redis://127.0.0.1:1/0'}}\n";
    let hook = |more: &str| {
        format!("one: {{events: [after-terraform-apply], kind: store, name: cach, outputs: {{a: .id}}{more}}}\n")
    };
    let sandbox = real(stores, &hook(""));
    sandbox.atmos(&APPLY).exits(1).says("hook (kind store) failed").says("did you mean `cache`?");
    assert!(!sandbox.repo().join("components/terraform/app/terraform.tfstate.d").exists());
    component(&sandbox, &hook(", on_failure: warn"));
    sandbox.atmos(&APPLY).success().says("did you mean `cache`?");
}

#[test]
fn scanners_that_leave_no_findings_have_failed() {
    let with = |more: &str, failure: &str| {
        format!(
            "scan: {{events: [after.terraform.plan], kind: command, command: sh, format: sarif, on_failure: {failure}, {more}}}"
        )
    };
    for (more, phrase) in [
        ("results: r.sarif, args: ['-c', 'true']", "`$ATMOS_OUTPUT_DIR/r.sarif`"),
        ("args: ['-c', 'true']", "it wrote no findings"),
        ("args: ['-c', 'echo bad >$ATMOS_OUTPUT_FILE']", "its findings are no SARIF"),
        ("args: ['-c', 'echo {} >$ATMOS_OUTPUT_FILE']", "it has no `runs`"),
    ] {
        stubbed(&with(more, "fail")).atmos(&PLAN).exits(1).says(phrase).says("hook (kind command) failed: `scan`");
        stubbed(&with(more, "warn")).atmos(&PLAN).success().says(phrase);
    }
    let quiet = with("args: ['-c', \"echo '{\\\"runs\\\": []}' >$ATMOS_OUTPUT_FILE\"]", "fail");
    stubbed(&quiet).atmos(&PLAN).success().says("scan: no findings");
}

#[test]
fn scanners_are_called_with_their_words_and_say_what_they_found() {
    let sarif = r#"{"runs": [{"results": [{"level": "error", "ruleId": "R1", "message": {"text": "open to all"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "main.tf"}, "region": {"startLine": 3}}}]}]}]}"#;
    let found = "scan: 1 finding(s): 1 error";
    for (kind, script, phrase) in [
        ("trivy", "cat \"$SARIF\" >\"$5\"; test \"$1 $2 $3 $4\" = 'config --format sarif --output'", found),
        ("checkov", "cat \"$SARIF\" >\"$6/results_sarif.sarif\"", found),
        ("kics", "cat \"$SARIF\" >\"$5/results.sarif\"", found),
        ("tflint", "cat \"$SARIF\"", "error R1 main.tf:3: open to all"),
        ("infracost", "echo '{\"totalMonthlyCost\": \"4.2\"}' >\"$7\"", "scan: 4.2 USD a month"),
    ] {
        let mut sandbox = stubbed(&format!("scan: {{events: [after.terraform.plan], kind: {kind}, on_failure: fail}}"));
        let folder = sandbox.root().join("own-bin");
        std::fs::create_dir_all(&folder).unwrap();
        let program = folder.join(kind);
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let file = sandbox.root().join("sarif");
        std::fs::write(&file, sarif).unwrap();
        sandbox.set("SARIF", file);
        let path = sandbox.environment()["PATH"].to_string_lossy().into_owned();
        sandbox.set("PATH", format!("{}:{path}", folder.display()));
        sandbox.atmos(&PLAN).success().says(phrase);
    }
}

#[test]
fn what_hooks_say_in_a_run_of_many_has_its_component_in_front() {
    let sandbox = stubbed("");
    sandbox.write("components/terraform/web/main.tf", "");
    let hook = |name: &str| {
        format!(
            "{{hooks: {{said: {{events: [before.terraform.plan], kind: command, command: echo, args: [hook of {name}]}}}}}}"
        )
    };
    let manifest =
        format!("vars: {{stage: dev}}\ncomponents: {{terraform: {{app: {}, web: {}}}}}\n", hook("app"), hook("web"));
    sandbox.write("stacks/dev.yaml", &manifest);
    let run = sandbox.atmos(&["terraform", "plan", "-s", "dev", "--max-concurrency", "2"]).success();
    for name in ["app", "web"] {
        assert!(run.stdout.contains(&format!("[dev/{name}] hook of {name}\n")), "{run}");
    }
}

#[test]
fn what_a_hook_wrote_is_read_by_the_components_after_it() {
    let redis = Redis::start();
    let stores =
        format!("  cache: {{kind: redis, options: {{prefix: q, url: '{}'}}}}\n", redis.url(Redis::PASSWORD, 3));
    let sandbox = real(&stores, "");
    let module = "variable \"name\" {\n  type = string\n}\noutput \"id\" {\n  value = var.name\n}\n";
    for folder in ["first", "second"] {
        sandbox.write(&format!("components/terraform/{folder}/main.tf"), module);
    }
    let manifest = |value: &str| {
        format!(
            "vars: {{stage: dev}}\ncomponents:\n  terraform:\n    first:\n      vars: {{name: {value}}}\n      hooks: {{keep: {{events: [after-terraform-apply], \
             kind: store, name: cache, outputs: {{n: .id}}}}}}\n    second:\n      vars: {{name: !store cache first n}}\n      dependencies: {{components: [{{component: first}}]}}\n"
        )
    };
    for value in ["v1", "v2"] {
        sandbox.write("stacks/dev.yaml", &manifest(value));
        sandbox.atmos(&["terraform", "apply", "--all", "-s", "dev", "--", "-auto-approve"]).success();
        let seen = sandbox.atmos(&["terraform", "output", "second", "-s", "dev", "--skip-init", "--", "-raw", "id"]);
        assert_eq!(seen.success().stdout, value);
    }
}
