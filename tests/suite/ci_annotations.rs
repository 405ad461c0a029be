//! Findings that GitHub Actions shows beside the lines that they are about.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Outcome, Sandbox};

const FOLDER: &str = "components/terraform/app";
const BAD: &str = "output \"bad\" {\n  value = nothing.here\n}\n";

/// A repository with the component `app` in two stacks, where GitHub Actions runs it. `ci` are the settings.
fn sandbox(ci: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty().with_terraform();
    sandbox.write(
        "atmos.yaml",
        &format!(
            "base_path: .\nstacks: {{base_path: stacks, included_paths: ['**/*'], name_pattern: '{{stage}}'}}\n\
             components: {{terraform: {{base_path: components/terraform, deploy_run_init: true}}}}\nci: {ci}\n"
        ),
    );
    for stage in ["dev", "prod"] {
        let manifest = format!("vars: {{stage: {stage}, unused: 1}}\ncomponents: {{terraform: {{app: {{}}}}}}\n");
        sandbox.write(&format!("stacks/{stage}.yaml"), &manifest);
    }
    sandbox.write(&format!("{FOLDER}/main.tf"), "variable \"stage\" {}\n");
    sandbox.set("GITHUB_ACTIONS", "true");
    let workspace = sandbox.repo();
    sandbox.set("GITHUB_WORKSPACE", workspace);
    sandbox
}

/// The commands among what was said on standard error; none is ever on standard output.
#[track_caller]
fn commands(outcome: &Outcome) -> Vec<String> {
    let is_command = |line: &&str| line.starts_with("::error") || line.starts_with("::warning");
    assert_eq!(outcome.stdout.lines().find(is_command), None, "{outcome}");
    outcome.stderr.lines().filter(is_command).map(str::to_owned).collect()
}

#[test]
fn what_terraform_finds_wrong_stands_beside_its_line() {
    let sandbox = sandbox("{enabled: true}");
    sandbox.write(&format!("{FOLDER}/bad.tf"), BAD);
    for words in [&["plan", "app"][..], &["validate", "app"], &["validate", "app", "-json"]] {
        let outcome = sandbox.atmos(&[&["terraform"], words, &["-s", "dev"]].concat()).exits(1);
        let commands = commands(&outcome);
        assert_eq!(commands.len(), 1, "{outcome}");
        let head =
            "::error file=components/terraform/app/bad.tf,line=2,title=Reference to undeclared resource (app in dev)::";
        assert!(commands[0].starts_with(head) && commands[0].contains("%0A") | words.contains(&"-json"), "{outcome}");
    }
    // What init finds already.
    sandbox.write(&format!("{FOLDER}/bad.tf"), "terraform {\n  backend \"none\" {}\n}\n");
    let outcome = sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).exits(1);
    let place = "::error file=components/terraform/app/bad.tf,line=2,title=";
    assert!(commands(&outcome).iter().any(|command| command.starts_with(place)), "{outcome}");
}

#[test]
fn many_components_that_say_the_same_are_named_together() {
    let sandbox = sandbox("{enabled: true}");
    sandbox.write(&format!("{FOLDER}/bad.tf"), BAD);
    for more in [&[][..], &["--max-concurrency", "2"]] {
        let words = [&["terraform", "plan", "--all", "--failure-mode", "keep-going"][..], more].concat();
        let outcome = sandbox.atmos(&words).exits(1);
        let commands = commands(&outcome);
        assert_eq!(commands.len(), 1, "{outcome}");
        assert!(commands[0].contains("(app in dev%2C app in prod)::"), "{outcome}");
    }
}

#[test]
fn warnings_are_shown_and_those_of_our_own_making_are_not() {
    let sandbox = sandbox("{enabled: true}");
    let check = "check \"c\" {\n  assert {\n    condition     = var.stage == \"none\"\n    error_message = \"100%, \\n::error::no\"\n  }\n}\n";
    sandbox.write(&format!("{FOLDER}/check.tf"), check);
    let outcome = sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success();
    let commands = commands(&outcome);
    assert_eq!(commands.len(), 1, "{outcome}");
    let head =
        "::warning file=components/terraform/app/check.tf,line=3,title=Check block assertion failed (app in dev)::";
    assert!(commands[0].starts_with(head) && commands[0].contains("100%25, %0A::error::no"), "{outcome}");
}

#[test]
fn findings_of_scanners_are_shown_as_bad_as_their_hook_takes_them() {
    let mut sandbox = sandbox("{enabled: true}");
    let finding = |level: &str, uri: &str, line: u32| {
        format!(
            "{{\"level\":\"{level}\",\"ruleId\":\"R:{line}\",\"message\":{{\"text\":\"one\\ntwo\"}},\"locations\":[{{\"physicalLocation\":{{\"artifactLocation\":{{\"uri\":\"{uri}\"}},\"region\":{{\"startLine\":{line}}}}}}}]}}"
        )
    };
    let all = [
        finding("error", "main.tf", 1),
        finding("note", "components/terraform/app/main.tf", 2),
        finding("error", "gone.tf", 3),
    ];
    let summary = sandbox.root().join("summary");
    sandbox.set("GITHUB_STEP_SUMMARY", summary);
    let scanner = sandbox.root().join("trivy");
    let script = format!(
        "#!/bin/sh\ncat >\"$ATMOS_OUTPUT_FILE\" <<'E'\n{{\"runs\":[{{\"results\":[{}]}}]}}\nE\n",
        all.join(",")
    );
    std::fs::write(&scanner, script).unwrap();
    std::fs::set_permissions(&scanner, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut path = sandbox.root().as_os_str().to_owned();
    path.push(":");
    path.push(&sandbox.environment()["PATH"]);
    sandbox.set("PATH", path);
    for (mode, worst) in [("warn", "warning"), ("fail", "error")] {
        let hooks = format!("hooks: {{scan: {{kind: trivy, events: [after.terraform.plan], on_failure: {mode}}}}}");
        let manifest = format!("vars: {{stage: dev}}\ncomponents: {{terraform: {{app: {{{hooks}}}}}}}\n");
        sandbox.write("stacks/dev.yaml", &manifest);
        let outcome = sandbox.atmos(&["terraform", "plan", "app", "-s", "dev"]).success();
        let mut expected = vec![
            format!("::{worst} title=scan%3A R%3A3 (app in dev)::one%0Atwo"),
            format!(
                "::{worst} file=components/terraform/app/main.tf,line=1,title=scan%3A R%3A1 (app in dev)::one%0Atwo"
            ),
            "::warning file=components/terraform/app/main.tf,line=2,title=scan%3A R%3A2 (app in dev)::one%0Atwo"
                .to_owned(),
        ];
        expected.sort();
        let mut found = commands(&outcome);
        found.sort();
        assert_eq!(found, expected, "{outcome}");
        let summary = std::fs::read_to_string(sandbox.root().join("summary")).unwrap();
        assert!(summary.contains("## scan of `app` in `dev`"), "{summary}");
        assert!(summary.contains("| error | R:3 | gone.tf:3 | one two |"), "{summary}");
    }
}

#[test]
fn mistakes_in_manifests_and_workflows_stand_beside_their_lines() {
    let sandbox = sandbox("{enabled: true}");
    sandbox.write("stacks/bad.yaml", "vars: {stage: bad}\ncomponents:\n  terraform: [x]\n");
    let outcome = sandbox.atmos(&["validate", "stacks"]).exits(1);
    let found = commands(&outcome);
    assert!(
        found.iter().any(|command| command.starts_with("::error file=stacks/bad.yaml,line=3,title=atmos%3A%3A")),
        "{outcome}"
    );
    sandbox.write(".github/workflows/a.yaml", "on: push\njobs:\n  a:\n    steps: []\n");
    let outcome = sandbox.atmos(&["validate", "ci"]).exits(1);
    assert!(
        commands(&outcome).iter().any(|command| command.contains("file=.github/workflows/a.yaml,line=")),
        "{outcome}"
    );
}

#[test]
fn nothing_is_annotated_unless_it_is_wanted_and_understood() {
    let cases = [
        ("{enabled: true, annotations: {enabled: false}}", "true"),
        ("{enabled: false}", "true"),
        ("{enabled: true}", ""),
    ];
    for (ci, github) in cases {
        let mut sandbox = sandbox(ci);
        sandbox.set("GITHUB_ACTIONS", github);
        sandbox.set("GITLAB_CI", if github.is_empty() { "true" } else { "" });
        sandbox.write(&format!("{FOLDER}/bad.tf"), BAD);
        let outcome = sandbox.atmos(&["terraform", "plan", "app", "-s", "dev", "--ci"]).exits(1);
        assert_eq!(commands(&outcome), Vec::<String>::new(), "{ci} {outcome}");
        sandbox.write("stacks/bad.yaml", "vars: {stage: bad}\ncomponents:\n  terraform: [x]\n");
        let outcome = sandbox.atmos(&["validate", "stacks"]).exits(1);
        assert_eq!(commands(&outcome), Vec::<String>::new(), "{ci} {outcome}");
    }
}
