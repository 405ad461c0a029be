//! Runs of many components: which they are, how their outputs look, and with which status it all ends.

use crate::support::{Cloud, Outcome, Sandbox, Terminal, repository};

const CONFIGURATION: &str = "stacks: {base_path: s, included_paths: ['**/*'], name_pattern: '{stage}'}\n\
    components: {terraform: {base_path: ct, auto_generate_backend_file: true}, helmfile: {base_path: ch}}\n";
const STACK: &str = "\
vars: {stage: x}
terraform: {backend_type: local}
components:
  terraform:
    net: {vars: {a: 1}}
    db: {dependencies: {components: [{component: net}]}}
    app: {settings: {depends_on: {1: {component: db}}}}
    other: {}
  helmfile:
    api: {dependencies: {components: [{component: web}]}}
    web: {}
";

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", CONFIGURATION);
    sandbox.write("s/x.yaml", STACK);
    for folder in ["ct/net", "ct/db", "ct/app", "ct/other"] {
        sandbox.write(&format!("{folder}/main.tf"), "");
    }
    for folder in ["ch/api", "ch/web"] {
        sandbox.write(&format!("{folder}/helmfile.yaml"), "");
    }
    sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", repository().join("fixtures/bin/crew"));
    let record = sandbox.root().join("record");
    std::fs::create_dir(&record).unwrap();
    sandbox.set("RECORD", record);
    sandbox
}

fn chosen(outcome: &Outcome) -> Vec<String> {
    let lines = outcome.stderr.lines().filter_map(|line| line.strip_prefix("Would "));
    lines.map(|line| line.trim_end_matches(" (dry run)").replace(" in x", "")).collect()
}

fn dry(sandbox: &Sandbox, args: &[&str]) -> Vec<String> {
    chosen(&sandbox.atmos(&[&["terraform"], args, &["--dry-run"]].concat()).success())
}

#[test]
fn a_selection_grows_by_its_neighbours() {
    let sandbox = sandbox();
    for (args, expected) in [
        (&["plan", "--components=db", "--include-dependents"][..], &["plan db", "plan app"][..]),
        (&["plan", "--components=net", "--include-dependents=1"], &["plan net", "plan db"]),
        (&["plan", "--components=app", "--include-dependencies", "-s", "x"], &["plan net", "plan db", "plan app"]),
        (&["plan", "--query", ".vars.a == 1", "--include-dependents=all"], &["plan net", "plan db", "plan app"]),
        (&["destroy", "--components=db", "--include-dependents"], &["destroy app", "destroy db"]),
        (&["plan", "--components=db", "--include-dependents=false"], &["plan db"]),
    ] {
        assert_eq!(dry(&sandbox, args), expected, "{args:?}");
    }
    let with = sandbox
        .atmos_with(&[("ATMOS_INCLUDE_DEPENDENTS", "true")], &["terraform", "plan", "--components=db", "--dry-run"]);
    assert_eq!(chosen(&with.success()), ["plan db", "plan app"]);
    for args in [&["plan", "--include-dependents"][..], &["plan", "net", "-s", "x", "--include-dependencies"]] {
        sandbox.atmos(&[&["terraform"], args].concat()).exits(1).says("needs a selection of many components");
    }
}

#[test]
fn affected_components_run_in_their_order() {
    let sandbox = sandbox();
    sandbox.git_init();
    let affected = ["terraform", "plan", "--affected", "--base", "main", "--dry-run"];
    sandbox.atmos(&affected).success().says("No components affected");
    sandbox.write(
        "s/x.yaml",
        &STACK.replace("{vars: {a: 1}}", "{vars: {a: 2}}").replace("other: {}", "other: {vars: {b: 1}}"),
    );
    assert_eq!(chosen(&sandbox.atmos(&affected).success()), ["plan net", "plan other"]);
    let all = sandbox.atmos(&[&affected[..], &["--include-dependents"]].concat()).success();
    assert_eq!(chosen(&all), ["plan net", "plan db", "plan app", "plan other"]);
    assert_eq!(chosen(&sandbox.atmos(&[&affected[..], &["-s", "x"]].concat()).success()), ["plan net", "plan other"]);
    let with = [("ATMOS_TERRAFORM_PLAN_AFFECTED", "true"), ("ATMOS_REF", "main")];
    let named = sandbox.atmos_with(&with, &["terraform", "plan", "--dry-run"]).success();
    assert_eq!(chosen(&named), ["plan net", "plan other"]);
    for flags in [&["--all"][..], &["--components", "db"], &["--query", "true"]] {
        sandbox.atmos(&[&affected[..], flags].concat()).exits(1).says("--affected can't be used with").says(flags[0]);
    }
    sandbox.atmos(&["terraform", "plan", "--affected", "--base", "nowhere"]).exits(1);
    let component = sandbox.atmos(&["terraform", "plan", "net", "-s", "x", "--affected"]).exits(1);
    component.says("can't be used with --affected");
}

#[test]
fn q23_a_base_is_taken_and_one_that_is_none_ends_with_one() {
    let sandbox = sandbox();
    sandbox.git_init();
    let plan = |base: &str| sandbox.atmos(&["terraform", "plan", "--affected", "--base", base, "--dry-run"]);
    plan("main").success().says("No components affected");
    plan("nowhere").exits(1).says("nowhere");
}

#[test]
fn values_that_mean_nothing_are_refused() {
    let sandbox = sandbox();
    for (flag, value) in [
        ("--failure-mode", "sometimes"),
        ("--log-order", "random"),
        ("--max-concurrency", "0"),
        ("--max-concurrency", "many"),
        ("--include-dependents", "x"),
        ("--hide", "everything"),
    ] {
        let given = format!("{flag}={value}");
        let outcome = sandbox.atmos(&["terraform", "plan", "--all", &given]).exits(1);
        outcome.says(&format!("invalid value for flag {flag}: `{value}`"));
    }
    sandbox
        .atmos_with(&[("ATMOS_TERRAFORM_PLAN_FAILURE_MODE", "x")], &["terraform", "plan", "--all"])
        .exits(1)
        .says("invalid value for flag --failure-mode");
}

#[test]
fn a_cycle_is_reported_whole_and_nothing_runs() {
    let sandbox = sandbox();
    sandbox.write(
        "s/x.yaml",
        &STACK.replace("net: {vars: {a: 1}}", "net: {dependencies: {components: [{component: app}]}}"),
    );
    for more in [&[][..], &["--dry-run"]] {
        let outcome = sandbox.atmos(&[&["terraform", "plan", "--all"], more].concat()).exits(1);
        outcome.says("circular dependency detected: [app-x db-x net-x app-x]");
    }
    assert!(Sandbox::files_below(&sandbox.root().join("record")).is_empty());
}

#[test]
fn groups_come_in_one_piece_with_their_marks() {
    let sandbox = sandbox();
    let plan = |env: &[(&str, &str)], more: &[&str]| {
        let words = ["terraform", "plan", "--all", "--max-concurrency=3"];
        sandbox.atmos_with(env, &[&words, more].concat())
    };
    let outcome = plan(&[], &["--log-order=grouped"]).success();
    let said = "one of x-net and more\nPlan: 1 to add, 0 to change, 0 to destroy.\n";
    assert!(outcome.stdout.contains(said), "{outcome}");
    let marked = "[x/net] plan output succeeded\naside of x-net\n[x/net] end plan output\n";
    assert!(outcome.stderr.contains(marked), "{outcome}");
    let failed = plan(&[("STUB_FAIL", "x-other")], &["--log-order=grouped", "--failure-mode=keep-going"]).exits(1);
    failed.says("[x/other] plan output failed").says("✗").says("3 succeeded, 1 failed, 0 skipped");
    // What nobody wants to see is not shown, and counted all the same.
    let hidden = plan(&[], &["--hide=no-changes", "--", "-detailed-exitcode"]).success();
    hidden.says("4 succeeded").says_not("aside of x-net");
}

/// With three components that need a while.
#[test]
fn q3_a_reader_that_goes_away_ends_no_component() {
    let sandbox = Sandbox::empty().with_terraform();
    sandbox.write("atmos.yaml", CONFIGURATION);
    sandbox.write(
        "s/x.yaml",
        "vars: {stage: x}\nterraform: {backend_type: local, backend: {local: {}}}\ncomponents:\n  terraform: {a: {}, b: {}, \
         last: {dependencies: {components: [{name: a}]}}}\n",
    );
    // The reader has gone when it makes the file.
    let module = "variable \"stage\" {}\nresource \"terraform_data\" \"first\" {}\nresource \"terraform_data\" \"x\" {\n  \
        depends_on = [terraform_data.first]\n  provisioner \"local-exec\" {\n    \
        command = \"for i in $(seq 600); do test -e ../../gone && break; sleep 0.1; done; seq 3000; echo made >> made\"\n  }\n}\n";
    for folder in ["a", "b", "last"] {
        sandbox.write(&format!("ct/{folder}/main.tf"), module);
    }
    let script = "{ \"$0\" terraform apply --all -auto-approve --max-concurrency 2; echo \"code $?\" >&2; } | \
                  { grep -m1 'Creating...'; exec <&-; touch gone; }";
    let mut command = sandbox.command("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_atmos")]).current_dir(sandbox.repo());
    let outcome = sandbox.start(command, "").wait();
    assert!(outcome.stderr.contains("code 141"), "{outcome}");
    for folder in ["a", "b"] {
        assert_eq!(sandbox.read(&format!("ct/{folder}/made")), "made\n", "{outcome}");
        let state = sandbox.read(&format!("ct/{folder}/terraform.tfstate.d/x/terraform.tfstate"));
        assert_eq!(state.matches("\"schema_version\"").count(), 2, "{outcome}");
        let log = sandbox.read(&format!(".atmos/logs/terraform/apply/x__{folder}.stdout.log"));
        assert!(log.contains("Apply complete!"), "{outcome}");
    }
    assert!(!sandbox.has("ct/last/made"), "something began after the reader had gone\n{outcome}");
    assert!(outcome.stderr.contains("2 succeeded, 0 failed, 1 skipped"), "{outcome}");
}

#[test]
fn ci_systems_get_sections() {
    let sandbox = sandbox();
    for concurrency in ["1", "3"] {
        let words = ["terraform", "plan", "--all", "--max-concurrency", concurrency];
        let github = sandbox.atmos_with(&[("GITHUB_ACTIONS", "true")], &words).success();
        let section = "::group::terraform plan net in x\none of x-net and more\nPlan: 1 to add, 0 to change, 0 to destroy.\n::endgroup::\n";
        assert!(github.stdout.contains(section), "{github}");
        let gitlab = sandbox.atmos_with(&[("GITLAB_CI", "true")], &words).success();
        assert_eq!(gitlab.stdout.matches("section_start:").count(), 4, "{gitlab}");
        assert_eq!(gitlab.stdout.matches("section_end:").count(), 4, "{gitlab}");
        let off = [("GITHUB_ACTIONS", "true"), ("ATMOS_TERRAFORM_PLAN_LOG_ORDER", "stream")];
        let stream = sandbox.atmos_with(&off, &words).success();
        assert_eq!(stream.stdout.contains("::group::"), concurrency == "1", "{stream}");
    }
    // Data is data, wherever it is made.
    let output = sandbox.atmos_with(&[("GITHUB_ACTIONS", "true")], &["terraform", "output", "-s", "x"]).success();
    assert!(!output.stdout.contains("::group::"), "{output}");
}

#[test]
fn status_tells_changes_and_failures_apart() {
    let sandbox = sandbox();
    let plan = |env: &[(&str, &str)], more: &[&str]| {
        sandbox.atmos_with(env, &[&["terraform", "plan", "--all", "-detailed-exitcode"], more].concat())
    };
    for more in [&[][..], &["--max-concurrency=4"]] {
        let changed = plan(&[("STUB_EXIT", "2")], more).exits(2);
        changed.says("4 succeeded, 0 failed, 0 skipped; 4 with changes").says_not("exited with code");
        plan(&[], more).exits(0).says("0 with changes");
        plan(&[("STUB_EXIT", "2"), ("STUB_FAIL", "x-net")], more).exits(1);
        plan(&[("STUB_EXIT", "5")], more).exits(5);
    }
    // 2 is no change where nobody asked for it.
    sandbox.atmos_with(&[("STUB_EXIT", "2")], &["terraform", "plan", "--all"]).exits(1).says("exited with code 2");
}

/// Two components of terraform itself.
fn real() -> Sandbox {
    let mut sandbox = Sandbox::empty().with_terraform();
    sandbox.write("atmos.yaml", &CONFIGURATION.replace("ct, ", "ct, deploy_run_init: true, "));
    sandbox.write(
        "s/x.yaml",
        "vars: {stage: x}\nterraform: {backend_type: local}\ncomponents: {terraform: {a: {}, b: {}}}\n",
    );
    for name in ["a", "b"] {
        let module = "resource \"terraform_data\" \"one\" {\n  input = terraform.workspace\n}\n";
        sandbox.write(&format!("ct/{name}/main.tf"), module);
    }
    sandbox.remove("CI");
    sandbox
}

#[track_caller]
fn assert_one_added(sandbox: &Sandbox, shown: &str) {
    assert!(shown.contains("2 succeeded, 0 failed, 0 skipped; 2 with changes"), "{shown}");
    let json: serde_json::Value = serde_json::from_str(&sandbox.read("run.json")).unwrap();
    let results = json["results"].as_array().unwrap();
    assert_eq!(results.len(), 2, "{json}");
    for one in results {
        assert_eq!((&one["changed"], &one["changes"]["add"]), (&true.into(), &1.into()), "{json}");
    }
}

#[test]
fn a_terminal_hides_no_changes() {
    let sandbox = real();
    for verb in ["plan", "deploy"] {
        let words = ["terraform", verb, "--components", "a,b", "-s", "x", "--execution-summary-file", "run.json"];
        let (code, shown) = Terminal::start(sandbox.atmos_command(&words)).finish();
        assert_eq!(code, 0, "{shown}");
        // The colours and the width of a terminal are still there.
        assert!(shown.contains("\u{1b}[1mPlan:\u{1b}[0m"), "{shown}");
        assert!(!shown.contains("\r\r\n"), "{shown:?}");
        assert_one_added(&sandbox, &shown);
    }
    // Somebody is asked, and answers.
    let words = ["terraform", "destroy", "--components", "a", "-s", "x"];
    let mut terminal = Terminal::start(sandbox.atmos_command(&words));
    terminal.expect("Enter a value:");
    terminal.type_line("yes");
    let (code, shown) = terminal.finish();
    assert!(code == 0 && shown.contains("Destroy complete! Resources: 1 destroyed."), "{code} {shown}");
}

#[test]
fn events_in_json_say_what_changes() {
    let sandbox = real();
    for verb in ["plan", "deploy"] {
        let words =
            ["terraform", verb, "--components", "a,b", "-s", "x", "-json", "--execution-summary-file", "run.json"];
        let outcome = sandbox.atmos(&words).success();
        assert_one_added(&sandbox, &outcome.stderr);
        assert!(outcome.stdout.lines().all(|line| line.starts_with('{')), "{outcome}");
    }
}

#[test]
fn summaries_are_json_or_junit() {
    let sandbox = sandbox();
    sandbox.write("s/x.yaml", &STACK.replace("other: {}", "other: {metadata: {locked: true}}"));
    let words =
        ["terraform", "deploy", "--all", "--failure-mode=keep-going", "--execution-summary-file", "out/run.xml"];
    let outcome = sandbox.atmos_with(&[("STUB_FAIL", "x-db")], &words).exits(1);
    let xml = sandbox.read("out/run.xml");
    assert!(
        xml.contains("name=\"atmos terraform deploy\" tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"2\""),
        "{xml}"
    );
    assert!(xml.contains("<testcase classname=\"x\" name=\"app\""), "{xml}");
    assert!(xml.contains("<skipped message=\"locked"), "a locked component counts as skipped: {xml}");
    outcome.says("other in x is locked and skipped").says("1 succeeded, 1 failed, 2 skipped");
    sandbox
        .atmos_with(&[("ATMOS_TERRAFORM_PLAN_EXECUTION_SUMMARY_FILE", "run.json")], &["terraform", "plan", "--all"])
        .success();
    assert!(sandbox.read("run.json").contains("\"node_id\": \"net-x\""));
}

#[test]
fn charts_run_in_their_order_too() {
    let mut sandbox = sandbox();
    sandbox.set("ATMOS_COMPONENTS_HELMFILE_COMMAND", repository().join("fixtures/bin/recorder"));
    let record = sandbox.root().join("calls");
    sandbox.set("RECORD", &record);
    let calls = || {
        let text = std::fs::read_to_string(&record).unwrap_or_default();
        let _ = std::fs::remove_file(&record);
        let file = |line: &str| line.split('\t').nth(1).unwrap_or_default().replace(".helmfile.vars.yaml", "");
        text.lines().map(file).collect::<Vec<_>>()
    };
    for (args, expected) in [
        (&["sync", "--all"][..], &["x-web", "x-api"][..]),
        (&["destroy", "--all", "-s", "x"], &["x-api", "x-web"]),
        (&["sync", "--components", "web", "--include-dependents", "--max-concurrency=2"], &["x-web", "x-api"]),
        (&["template", "--components", "api"], &["x-api"]),
    ] {
        sandbox.atmos(&[&["helmfile"], args].concat()).success();
        assert_eq!(calls(), expected, "{args:?}");
    }
    let two = sandbox.atmos(&["helmfile", "sync", "--all", "--max-concurrency=2"]).success();
    assert!(two.stdout.contains("[x/web] the stub says --state-values-file\n"), "{two}");
    let failed = sandbox.atmos_with(&[("STUB_EXIT_HELMFILE", "3")], &["helmfile", "sync", "--all"]).exits(3);
    failed.says("helmfile execution failed: component=web stack=x").says("skipped after an earlier failure: api in x");
    std::fs::rename(sandbox.repo().join("ch/api"), sandbox.repo().join("ch/elsewhere")).unwrap();
    calls();
    sandbox.atmos(&["helmfile", "sync", "--all"]).exits(1);
    assert!(calls().is_empty(), "the first failure ends the run");
    let going = sandbox.atmos(&["helmfile", "sync", "--all", "--failure-mode=keep-going"]).exits(1);
    going.says("component=api stack=x").says("1 succeeded, 1 failed");
    std::fs::rename(sandbox.repo().join("ch/elsewhere"), sandbox.repo().join("ch/api")).unwrap();
    sandbox.atmos(&["helmfile", "sync", "web", "-s", "x", "--all"]).exits(1).says("bulk operations");
    sandbox.atmos(&["helmfile", "sync", "--all", "--dry-run"]).success().says("Would sync web in x");
}

#[test]
fn a_terminal_shows_how_far_it_is_and_lines_stay_whole() {
    let sandbox = sandbox();
    let mut command = sandbox.atmos_command(&["terraform", "plan", "--all", "--max-concurrency=2"]);
    command.env("STUB_SECONDS", "0.3");
    let mut terminal = Terminal::start(command);
    terminal.expect("[0-3]/4: x/");
    let (code, text) = terminal.finish();
    assert_eq!(code, 0, "{text}");
    for component in ["net", "db", "app", "other"] {
        assert!(text.contains(&format!("[x/{component}] one of x-{component} and more")), "{text}");
    }
    assert!(text.contains("4 succeeded"), "{text}");
}

/// With real roles, a real terraform, and an STS that says who asks.
#[test]
fn real_roles_at_once_are_signed_in_once_before_anything_starts() {
    let cloud = Cloud::start(&[]);
    cloud.login("reader").success();
    let before = cloud.sts.count("AssumeRole");
    cloud.apply(&["--all", "-s", "dev", "--max-concurrency", "4"]).success();
    for (name, role) in [("dev-vpc", "NetworkAdmin"), ("dev-database", "DataOps"), ("dev-dns", "ReadOnly")] {
        let arn = cloud.probe(name).caller();
        assert!(arn.contains(role), "{name}: {arn}");
    }
    assert!(!cloud.probe("dev-local").environment().contains_key("AWS_PROFILE"));
    assert!(cloud.sts.count("AssumeRole") - before <= 1, "one call per distinct chain");
    cloud.assert_clean();
}
