//! Parts of the log that a CI system folds: calls of terraform, components of many, steps, whole calls; never one in another.

use crate::support::{Outcome, Sandbox};

const PLAN: [&str; 5] = ["terraform", "plan", "app", "-s", "dev"];

/// A repository with two components and a workflow, where GitHub Actions runs it. `mode` is that of `ci.groups`.
fn sandbox(mode: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty().with_terraform();
    sandbox.write(
        "atmos.yaml",
        &format!(
            "base_path: .\nstacks: {{base_path: stacks, included_paths: ['**/*'], name_pattern: '{{stage}}'}}\n\
             components: {{terraform: {{base_path: components/terraform, deploy_run_init: true}}}}\n\
             workflows: {{base_path: workflows}}\nci: {{enabled: true, groups: {{mode: {mode}}}}}\n\
             commands:\n  - {{name: hello, steps: [{{name: greet, command: 'echo hello, run a step'}}]}}\n"
        ),
    );
    sandbox.write("stacks/dev.yaml", "vars: {stage: dev}\ncomponents: {terraform: {app: {}, other: {}}}\n");
    for name in ["app", "other"] {
        sandbox.write(
            &format!("components/terraform/{name}/main.tf"),
            "variable \"stage\" {}\noutput \"stage\" {\n  value = var.stage\n}\n",
        );
    }
    sandbox.write(
        "workflows/all.yaml",
        "workflows:\n  all:\n    steps:\n      - {name: first, command: terraform plan app -s dev}\n      \
         - {name: second, type: shell, command: echo second step}\n",
    );
    sandbox.set("GITHUB_ACTIONS", "true");
    sandbox
}

/// The name of the program that runs.
fn program(sandbox: &Sandbox) -> String {
    sandbox.environment()["ATMOS_COMPONENTS_TERRAFORM_COMMAND"].to_string_lossy().into_owned()
}

/// Titles of the parts in a stream. Each has its end before the next begins.
#[track_caller]
fn parts(text: &str) -> Vec<String> {
    let (mut titles, mut open) = (Vec::new(), false);
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("::group::") {
            assert!(!open, "one in another:\n{text}");
            (open, titles) = (true, [titles, vec![title.to_owned()]].concat());
        } else if line == "::endgroup::" {
            assert!(open, "an end without a beginning:\n{text}");
            open = false;
        }
    }
    assert!(!open, "no end:\n{text}");
    titles
}

#[track_caller]
fn both(outcome: &Outcome) -> (Vec<String>, Vec<String>) {
    (parts(&outcome.stdout), parts(&outcome.stderr))
}

#[test]
fn each_call_of_terraform_is_a_part_of_its_own() {
    let sandbox = sandbox("auto");
    let program = program(&sandbox);
    let named = |verb: &str| format!("{program} {verb}");
    let first = sandbox.atmos(&PLAN).success();
    assert_eq!(both(&first), (vec![named("plan")], vec![named("init")]), "{first}");
    let second = sandbox.atmos(&PLAN).success();
    assert_eq!(both(&second), (vec![named("plan")], Vec::new()), "{second}");
    // What is data stays so.
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "-auto-approve"]).success();
    assert_eq!(sandbox.atmos(&["terraform", "output", "app", "-s", "dev", "-raw", "stage"]).success().stdout, "dev");
    let json = sandbox.atmos(&[&PLAN[..], &["-json"]].concat()).success();
    assert_eq!(parts(&json.stdout), Vec::<String>::new(), "{json}");
    // A part ends where terraform fails, too.
    sandbox.write("components/terraform/app/bad.tf", "output \"bad\" {\n  value = nothing.here\n}\n");
    let failed = sandbox.atmos(&PLAN).exits(1);
    assert_eq!(parts(&failed.stdout), [named("plan")], "{failed}");
}

#[test]
fn components_of_many_are_parts_and_nothing_inside_of_them_is() {
    let sandbox = sandbox("auto");
    for more in [&[][..], &["--max-concurrency", "2"]] {
        let all = sandbox.atmos(&[&["terraform", "plan", "--all"][..], more].concat()).success();
        let (out, errors) = both(&all);
        assert_eq!((out.len(), errors.len()), (2, 0), "{all}");
        assert!(out.iter().all(|title| title.ends_with(" in dev")), "{all}");
    }
}

#[test]
fn steps_are_parts_and_programs_inside_of_them_do_not_fold() {
    let sandbox = sandbox("auto");
    let workflow = sandbox.atmos(&["workflow", "all", "-f", "all"]).success();
    assert_eq!(both(&workflow), (Vec::new(), vec!["first".to_owned(), "second".to_owned()]), "{workflow}");
    let custom = sandbox.atmos(&["hello"]).success();
    assert_eq!((custom.stdout.as_str(), parts(&custom.stderr)), ("hello, run a step\n", vec!["greet".to_owned()]));
}

#[test]
fn whole_calls_are_parts_where_that_is_wanted() {
    let sandbox = sandbox("invocation");
    let plan = sandbox.atmos(&PLAN).success();
    assert_eq!(both(&plan), (Vec::new(), vec!["atmos terraform plan app".to_owned()]), "{plan}");
    let all = sandbox.atmos(&["terraform", "plan", "--all"]).success();
    assert_eq!(both(&all), (Vec::new(), vec!["atmos terraform plan".to_owned()]), "{all}");
    let workflow = sandbox.atmos(&["workflow", "all", "-f", "all"]).success();
    assert_eq!(both(&workflow), (Vec::new(), vec!["atmos workflow all".to_owned()]), "{workflow}");
    let failed = sandbox.atmos(&["terraform", "plan", "none", "-s", "dev"]).exits(1);
    assert!(failed.stderr.find("::endgroup::") < failed.stderr.find("**Error:**"), "{failed}");
}

#[test]
fn nothing_is_folded_where_it_is_off_or_nobody_would() {
    let off = sandbox("off");
    let mut elsewhere = sandbox("auto");
    elsewhere.set("GITHUB_ACTIONS", "");
    let mut asked = sandbox("auto");
    asked.set("ATMOS_CI_GROUPS_MODE", "off");
    for sandbox in [off, elsewhere, asked] {
        for words in [&PLAN[..], &["terraform", "plan", "--all"], &["workflow", "all", "-f", "all"]] {
            let outcome = sandbox.atmos(words).success();
            assert_eq!(both(&outcome), (Vec::new(), Vec::new()), "{outcome}");
        }
    }
}
