//! How terraform and helmfile are called: argument vectors, exit codes, generated files. A recording stub stands for the
//! programs; the same paths run with the real ones in the other modules.

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::{Outcome, Running, Sandbox, Terminal, wait_until};

const VARFILE: &str = "dev-app.terraform.tfvars.json";

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::scenario("no-auth");
    sandbox.set("ATMOS_COMPONENTS_HELMFILE_BASE_PATH", "components/terraform");
    sandbox.record(&["TERRAFORM", "HELMFILE"]);
    sandbox
}

fn change(sandbox: &Sandbox, file: &str, from: &str, to: &str) {
    let text = sandbox.read(file);
    assert!(text.contains(from), "{file} has no `{from}`");
    sandbox.write(file, &text.replace(from, to));
}

#[test]
fn last_call_has_the_arguments_of_its_sub_command() {
    let plan = format!("plan -var-file {VARFILE} -out dev-app.planfile");
    let apply = format!("apply -var-file {VARFILE}");
    let table: &[(&[&str], String)] = &[
        (&["plan", "app", "-s", "dev"], plan.clone()),
        (&["plan", "-s", "dev", "app"], plan.clone()),
        (&["plan", "app", "-s", "dev", "--skip-planfile"], format!("plan -var-file {VARFILE}")),
        (&["plan", "app", "-s", "dev", "-out=foo"], format!("plan -var-file {VARFILE} -out=foo")),
        (&["plan", "app", "-s", "dev", "-target", "x.y", "-var", "a=b"], format!("{plan} -target x.y -var a=b")),
        (&["plan", "app", "-s", "dev", "--", "-lock=false", "--help"], format!("{plan} -lock=false --help")),
        (&["apply", "app", "-s", "dev", "-auto-approve"], format!("{apply} -auto-approve")),
        (&["apply", "app", "-s", "dev", "--", "-auto-approve"], format!("{apply} -auto-approve")),
        (&["deploy", "app", "-s", "dev"], format!("{apply} -auto-approve")),
        (&["deploy", "app", "-s", "dev", "--", "-auto-approve"], format!("{apply} -auto-approve")),
        (&["destroy", "app", "-s", "dev", "-auto-approve"], format!("destroy -var-file {VARFILE} -auto-approve")),
        (&["output", "app", "-s", "dev", "name"], "output name".to_owned()),
        (&["validate", "app", "-s", "dev"], "validate".to_owned()),
        (&["init", "app", "-s", "dev"], "init".to_owned()),
        (&["workspace", "app", "-s", "dev"], "workspace select -or-create dev".to_owned()),
    ];
    let sandbox = sandbox();
    let mut wrong = Vec::new();
    for (args, expected) in table {
        let outcome = sandbox.atmos(&[&["terraform"], *args].concat());
        let calls = sandbox.calls();
        if outcome.code() != 0 || calls.last() != Some(expected) {
            wrong.push(format!("{args:?}\n  calls:    {calls:#?}\n  expected: {expected}\n{outcome}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn first_run_initialises_and_selects_the_workspace() {
    let sandbox = sandbox();
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success();
    let calls = sandbox.calls();
    assert_eq!(calls.len(), 3, "{calls:?}");
    assert!(calls[0].starts_with("init"), "{calls:?}");
    assert_eq!(calls[1], "workspace select -or-create dev");
}

#[test]
fn skipped_init_starts_terraform_at_once() {
    let sandbox = sandbox();
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev", "--skip-init"]).success();
    assert!(!sandbox.calls().iter().any(|call| call.starts_with("init")));
}

#[test]
fn codes_of_every_step_are_passed_on_and_stop_the_run() {
    let sandbox = sandbox();
    for (variable, code, last) in [("STUB_EXIT_INIT", 3, "init"), ("STUB_EXIT_PLAN", 4, "plan")] {
        let outcome = sandbox.atmos_with(&[(variable, &code.to_string())], &["terraform", "plan", "app", "-s", "dev"]);
        outcome.exits(code).says(&format!("subcommand exited with code {code}"));
        assert!(sandbox.calls().last().is_some_and(|call| call.starts_with(last)));
    }
}

/// What terraform said about the workspace is shown when it fails.
#[test]
fn failed_workspace_selection_shows_what_terraform_said() {
    let sandbox = sandbox();
    let outcome = sandbox.atmos_with(&[("STUB_EXIT_WORKSPACE", "5")], &["terraform", "plan", "app", "-s", "dev"]);
    let outcome = outcome.exits(5).says("the stub says workspace");
    let calls = sandbox.calls();
    assert!(!calls.iter().any(|call| call.starts_with("workspace new")), "{calls:?}\n{outcome}");
    sandbox.atmos_with(&[("STUB_EXIT_WORKSPACE", "1")], &["terraform", "plan", "app", "-s", "dev"]).exits(1);
    let calls = sandbox.calls();
    assert!(calls.iter().any(|call| call == "workspace new dev"), "{calls:?}");
}

#[test]
fn output_of_the_implicit_steps_stays_off_stdout() {
    let sandbox = sandbox();
    let output = sandbox.atmos(&["terraform", "output", "app", "-s", "dev", "name"]).success();
    assert_eq!(output.stdout, "the stub says output\n", "{output}");
}

#[test]
fn saved_plan_is_applied_and_nothing_else() {
    let sandbox = sandbox();
    let folder = "components/terraform/app";
    for flags in [&["apply", "app", "-s", "dev", "--from-plan"][..], &["deploy", "app", "-s", "dev", "--from-plan"]] {
        let all = [&["terraform"], flags].concat();
        sandbox.atmos(&all).exits(1).says("planfile");
        assert!(!sandbox.calls().iter().any(|call| call.starts_with("apply")), "{flags:?}");
        sandbox.write(&format!("{folder}/dev-app.planfile"), "plan");
        sandbox.atmos(&all).success();
        assert_eq!(sandbox.calls().last().map(String::as_str), Some("apply dev-app.planfile"), "{flags:?}");
    }
    sandbox.write(&format!("{folder}/mine.plan"), "plan");
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "--planfile", "mine.plan"]).success();
    assert_eq!(sandbox.calls().last().map(String::as_str), Some("apply mine.plan"));
    sandbox.write(&format!("{folder}/dev-app.planfile"), "plan");
    for (words, applied) in [
        (&["app", "-s", "dev", "--from-plan", "mine.plan"][..], "apply mine.plan"),
        (&["app", "-s", "dev", "--from-plan=mine.plan"], "apply mine.plan"),
        (&["--from-plan", "mine.plan", "app", "-s", "dev"], "apply mine.plan"),
        (&["app", "--from-plan", "-s", "dev"], "apply dev-app.planfile"),
    ] {
        sandbox.atmos(&[&["terraform", "apply"], words].concat()).success();
        assert_eq!(sandbox.calls().last().map(String::as_str), Some(applied), "{words:?}");
    }
    // The only plain word is the component.
    sandbox.write(&format!("{folder}/dev-app.planfile"), "plan");
    sandbox.atmos(&["terraform", "apply", "--from-plan", "app", "-s", "dev"]).success();
    assert_eq!(sandbox.calls().last().map(String::as_str), Some("apply dev-app.planfile"));
    sandbox.atmos(&["terraform", "apply", "--from-plan=mine.plan", "-s", "dev"]).exits(1);
    assert!(!sandbox.calls().iter().any(|call| call.starts_with("apply")));
}

/// An apply whose stub works on until the file is removed.
fn held(sandbox: &Sandbox) -> (Running, PathBuf) {
    let hold = sandbox.root().join("hold");
    std::fs::write(&hold, "").unwrap();
    let mut command = sandbox.atmos_command(&["terraform", "apply", "app", "-s", "dev", "-auto-approve"]);
    command.env("STUB_HOLD", &hold);
    let mut run = sandbox.start(command, "");
    wait_until("the stub holds the folder", Duration::from_mins(1), || {
        assert!(run.is_running(), "the run has ended early");
        std::fs::read_to_string(sandbox.root().join("record")).ok().filter(|calls| calls.contains("apply\t"))
    });
    (run, hold)
}

#[test]
fn clean_waits_for_the_run_in_the_folder() {
    let sandbox = sandbox();
    let (run, hold) = held(&sandbox);
    let state = "components/terraform/app/terraform.tfstate.d/dev/terraform.tfstate";
    let mut clean = sandbox.spawn(&["terraform", "clean", "--force", "--everything"]);
    std::thread::sleep(Duration::from_secs(1));
    assert!(clean.is_running(), "clean did not wait");
    sandbox.write(state, "{}");
    std::fs::remove_file(hold).unwrap();
    run.wait().success();
    clean.wait().success().says("waiting for another atmos process");
    assert!(!sandbox.repo().join(state).exists());
}

#[test]
fn a_child_that_outlives_the_program_keeps_the_folder() {
    let sandbox = sandbox();
    let (mut run, hold) = held(&sandbox);
    run.signal(Signal::KILL);
    wait_until("the program is gone", Duration::from_secs(10), || (!run.is_running()).then_some(()));
    let mut next = Terminal::start(sandbox.atmos_command(&["terraform", "clean", "app", "-s", "dev", "--force"]));
    next.expect("waiting for another atmos process");
    std::fs::remove_file(&hold).unwrap();
    assert_eq!(next.finish().0, 0);
}

#[test]
fn changes_of_a_helmfile_diff_are_no_failure() {
    let sandbox = sandbox();
    let stack = format!("{}\n  helmfile:\n    app:\n      vars: {{name: app}}\n", sandbox.read("stacks/orgs/dev.yaml"));
    sandbox.write("stacks/orgs/dev.yaml", &stack);
    let diff = |args: &[&str]| {
        let words = [&["helmfile", "diff", "app", "-s", "dev"], args].concat();
        sandbox.atmos_with(&[("STUB_EXIT_HELMFILE", "2")], &words)
    };
    let outcome = diff(&["--", "--detailed-exitcode"]).exits(2);
    assert!(!outcome.stderr.contains("Error"), "{outcome}");
    diff(&[]).exits(2).says("subcommand exited with code 2");
}

#[test]
fn masking_that_is_off_leaves_sensitive_variables_in_the_varfile() {
    let sandbox = sandbox();
    sandbox.write("components/terraform/app/secret.tf", "variable \"password\" {\n  sensitive = true\n}\n");
    change(
        &sandbox,
        "stacks/orgs/dev.yaml",
        "        name: app\n      env:",
        "        name: app\n        password: open-sesame\n      env:",
    );
    let plan = &["terraform", "plan", "app", "-s", "dev"][..];
    for (flag, variable, shown) in [
        (None, None, false),
        (Some("--mask=false"), None, true),
        (None, Some("0"), true),
        (Some("--mask=true"), Some("false"), false),
    ] {
        let env: Vec<_> = variable.map(|value| ("ATMOS_MASK", value)).into_iter().collect();
        let words: Vec<_> = plan.iter().copied().chain(flag).collect();
        sandbox.atmos_with(&env, &words).success();
        let varfile = sandbox.read(&format!("components/terraform/app/{VARFILE}"));
        assert_eq!(varfile.contains("open-sesame"), shown, "{flag:?} {variable:?}");
    }
}

#[test]
fn mistakes_that_were_passed_over_are_refused() {
    let sandbox = sandbox();
    let stack = sandbox.read("stacks/orgs/dev.yaml");
    let sourced = "    sourced:\n      source: {uri: ./nowhere}\n      metadata: {component: missing}\n";
    sandbox.write("stacks/orgs/dev.yaml", &stack.replace("    locked:\n", &format!("{sourced}    locked:\n")));
    for (words, said) in [
        (&["workspace", "delete", "app", "other", "-s", "dev"][..], "takes no further word"),
        (&["plan", "app", "-s", "dev", "--init", "--skip-init"], "cannot be used with"),
        (&["plan", "sourced", "-s", "dev"], "there is no folder"),
    ] {
        sandbox.atmos(&[&["terraform"], words].concat()).exits(1).says(said);
        assert!(sandbox.calls().is_empty(), "{words:?}");
    }
    sandbox.write("stacks/orgs/dev.yaml", &stack);
    let all = ["terraform", "plan", "--all", "-s", "dev", "--redirect-stderr", "/dev/null"];
    sandbox.atmos_with(&[("STUB_EXIT_PLAN", "4")], &all).exits(4).says("run it without `--redirect-stderr`");
}

#[test]
fn saved_plan_outlives_other_commands() {
    let sandbox = sandbox();
    let planfile = "components/terraform/app/dev-app.planfile";
    sandbox.write(planfile, "plan");
    for command in ["validate", "output", "workspace"] {
        sandbox.atmos(&["terraform", command, "app", "-s", "dev"]).success();
        assert_eq!(sandbox.read(planfile), "plan", "{command}");
    }
}

#[test]
fn overrides_of_another_instance_do_not_stay() {
    let sandbox = sandbox();
    let stack = "stacks/orgs/dev.yaml";
    change(
        &sandbox,
        stack,
        "      vars:\n        name: app\n",
        "      providers: {local: {alias: x}}\n      vars:\n        name: app\n",
    );
    let file = sandbox.repo().join("components/terraform/app/providers_override.tf.json");
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success();
    assert!(file.exists());
    sandbox.atmos(&["terraform", "plan", "app-two", "-s", "dev"]).success();
    assert!(!file.exists(), "the next instance has no providers");
}

#[test]
fn instances_over_one_folder_have_files_of_their_own() {
    let sandbox = sandbox();
    let stack = sandbox.read("stacks/orgs/dev.yaml").replace(
        "    app-two:",
        "    a/net:\n      metadata: {component: app}\n    b/net:\n      metadata: {component: app}\n    app-two:",
    );
    sandbox.write("stacks/orgs/dev.yaml", &stack);
    for (component, file) in [("a/net", "dev-a-net"), ("b/net", "dev-b-net")] {
        sandbox.atmos(&["terraform", "plan", component, "-s", "dev"]).success();
        let last = sandbox.calls().pop().unwrap();
        assert_eq!(last, format!("plan -var-file {file}.terraform.tfvars.json -out {file}.planfile"));
    }
}

#[test]
fn workspace_is_not_selected_where_it_must_not_be() {
    let without = |change_it: &dyn Fn(&mut Sandbox)| {
        let mut sandbox = sandbox();
        change_it(&mut sandbox);
        sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success();
        let calls = sandbox.calls();
        assert!(!calls.iter().any(|call| call.starts_with("workspace")), "{calls:?}");
    };
    without(&|sandbox| {
        change(sandbox, "atmos.yaml", "    deploy_run_init", "    workspaces_enabled: false\n    deploy_run_init");
    });
    without(&|sandbox| {
        change(
            sandbox,
            "stacks/orgs/dev.yaml",
            "        FROM_COMPONENT",
            "        TF_WORKSPACE: mine\n        FROM_COMPONENT",
        );
    });
    without(&|sandbox| sandbox.set("TF_WORKSPACE", "mine"));
    without(&|sandbox| {
        change(
            sandbox,
            "stacks/orgs/dev.yaml",
            "  backend_type: local\n  backend:\n    local: {}",
            "  backend_type: http\n  backend:\n    http: {address: \"http://127.0.0.1:1\"}",
        );
    });
}

#[test]
fn workspace_that_terraform_would_take_for_a_flag_is_refused() {
    let sandbox = sandbox();
    let pattern =
        "      metadata: {terraform_workspace_pattern: \"{tenant}-{stage}\"}\n      vars:\n        name: app\n";
    change(&sandbox, "stacks/orgs/dev.yaml", "      vars:\n        name: app\n", pattern);
    sandbox.atmos(&["describe", "component", "app", "-s", "dev"]).success();
    sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).exits(1).says("workspace");
    assert_eq!(sandbox.calls(), Vec::<String>::new());
}

#[test]
fn all_takes_every_real_component_in_order() {
    let sandbox = sandbox();
    let run: Outcome = sandbox.atmos(&["terraform", "apply", "--all", "-s", "dev", "--", "-auto-approve"]).success();
    let applied: Vec<_> = sandbox.calls().into_iter().filter(|call| call.starts_with("apply")).collect();
    let file = |component: &str| format!("apply -var-file dev-{component}.terraform.tfvars.json -auto-approve");
    assert_eq!(applied, [file("app"), file("app-two")], "{run}");
    sandbox.atmos(&["terraform", "destroy", "--all", "-s", "dev", "--", "-auto-approve"]).success();
    let destroyed: Vec<_> = sandbox.calls().into_iter().filter(|call| call.starts_with("destroy")).collect();
    assert!(destroyed[0].contains("app-two") && destroyed.len() == 2, "{destroyed:?}");
    sandbox.atmos(&["terraform", "plan", "--all", "-s", "nowhere"]).exits(1).says("nowhere");
    // Fail-fast: what comes after the failure is not started.
    let failed = ["terraform", "apply", "--all", "-s", "dev", "--", "-auto-approve"];
    sandbox.atmos_with(&[("STUB_EXIT_APPLY", "1")], &failed).exits(1).says("app");
    let applied: Vec<_> = sandbox.calls().into_iter().filter(|call| call.starts_with("apply")).collect();
    assert_eq!(applied, [file("app")]);
}

#[test]
fn helmfile_is_called_with_the_varfile_and_what_follows() {
    let sandbox = sandbox();
    let stack = format!("{}\n  helmfile:\n    app:\n      vars: {{name: app}}\n", sandbox.read("stacks/orgs/dev.yaml"));
    sandbox.write("stacks/orgs/dev.yaml", &stack);
    let varfile = "--state-values-file dev-app.helmfile.vars.yaml";
    let table: &[(&[&str], String)] = &[
        (&["sync", "app", "-s", "dev"], format!("{varfile} sync")),
        (&["deploy", "app", "-s", "dev"], format!("{varfile} sync")),
        (&["lint", "app", "-s", "dev"], format!("{varfile} lint")),
        (&["diff", "app", "-s", "dev", "--", "--context", "3"], format!("{varfile} diff --context 3")),
        (
            &["apply", "app", "-s", "dev", "--global-options=--no-color -e prod"],
            format!("{varfile} --no-color -e prod apply"),
        ),
    ];
    for (args, expected) in table {
        let outcome = sandbox.atmos(&[&["helmfile"], *args].concat());
        let seen = sandbox.calls();
        assert_eq!((outcome.code(), seen.last()), (0, Some(expected)), "{args:?}\n{outcome}");
    }
}
