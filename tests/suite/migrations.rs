//! `terraform migrate`, hooks of the kind tfmigrate, and steps of hooks that are somebody else than the component. Of
//! tfmigrate there is a small program here that writes down how it was called; terraform is the recording stub.

use crate::support::Sandbox;

const ATMOS: &str = "\
base_path: .
stacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}
components: {terraform: {base_path: components/terraform}}
";
const PLAN: [&str; 5] = ["terraform", "plan", "app", "-s", "dev"];
const MIGRATOR: &str = r#"#!/bin/sh
{
  echo "call $*"
  while [ $# -gt 0 ]; do [ "$1" = --config ] && cat "$2"; shift; done
  echo "exec=$TFMIGRATE_EXEC_PATH plan=$TF_CLI_ARGS_plan key=$ATMOS_TFMIGRATE_HISTORY_KEY bucket=$ATMOS_TFMIGRATE_HISTORY_BUCKET"
  echo "profile=$AWS_PROFILE folder=$(basename "$PWD")"
} >>"$LOG"
exit "${MIGRATOR_EXIT:-0}"
"#;

/// A repository with the component `app`, what its section has, and a program `tfmigrate` on PATH.
fn sandbox(section: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", ATMOS);
    sandbox.write("components/terraform/app/main.tf", "");
    sandbox.write("components/terraform/app/migrations/one.hcl", "migration \"state\" \"one\" {}\n");
    let section: Vec<String> = section.lines().map(|line| format!("      {line}\n")).collect();
    let section = section.concat();
    sandbox.write(
        "stacks/dev.yaml",
        &format!("vars: {{stage: dev}}\ncomponents:\n  terraform:\n    app:\n      vars: {{name: x}}\n{section}"),
    );
    sandbox.record(&["TERRAFORM"]);
    let folder = sandbox.root().join("own-bin");
    std::fs::create_dir_all(&folder).unwrap();
    let program = folder.join("tfmigrate");
    std::fs::write(&program, MIGRATOR).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = sandbox.environment()["PATH"].to_string_lossy().into_owned();
    sandbox.set("PATH", format!("{}:{path}", folder.display()));
    let log = sandbox.root().join("log");
    sandbox.set("LOG", log);
    sandbox
}

/// What was written into the log since the last look.
fn logged(sandbox: &Sandbox) -> String {
    let path = sandbox.root().join("log");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let _ = std::fs::remove_file(path);
    text
}

fn migrate(sandbox: &Sandbox, words: &[&str]) -> crate::support::Outcome {
    sandbox.atmos(&[&["terraform", "migrate"], words].concat())
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
}

#[test]
fn a_migration_runs_in_a_prepared_folder() {
    let sandbox = sandbox("backend_type: s3\nbackend: {s3: {bucket: states, key: k, region: eu-west-1}}");
    let words = ["plan", "app", "-s", "dev", "--migration", "migrations/one.hcl", "--backend-config", "a=b"];
    migrate(&sandbox, &words).success();
    let log = logged(&sandbox);
    has(&log, &["call plan --config /", " --backend-config=a=b one.hcl\n", "folder=app"]);
    has(
        &log,
        &["migration_dir = \"./migrations\"", "storage \"s3\" {", "bucket = \"states\"", "region = \"eu-west-1\""],
    );
    has(
        &log,
        &["key = \"tfmigrate/dev/app/dev/history.json\"", "key=tfmigrate/dev/app/dev/history.json bucket=states"],
    );
    has(&log, &["plan=-var-file=/", "/components/terraform/app/dev-app.terraform.tfvars.json", "exec=/"]);
    let calls = sandbox.calls();
    assert!(calls.iter().any(|call| call.starts_with("init")), "{calls:?}");
    assert!(!calls.iter().any(|call| call.starts_with("plan")), "{calls:?}");
    // The file with the configuration has gone.
    let config = log.split_once("--config ").unwrap().1.split(' ').next().unwrap();
    assert!(!std::path::Path::new(config).exists());

    migrate(&sandbox, &["apply", "app", "-s", "dev"]).success();
    has(&logged(&sandbox), &["call apply --config /"]);
    let failing = [("MIGRATOR_EXIT", "3")];
    sandbox.atmos_with(&failing, &["terraform", "migrate", "apply", "app", "-s", "dev"]).exits(3);
    logged(&sandbox);
    migrate(&sandbox, &["apply", "app", "-s", "dev", "--dry-run"]).success().says("Would tfmigrate apply app in dev");
    assert_eq!(logged(&sandbox), "");
}

#[test]
fn a_configuration_of_the_users_own_goes_before_ours() {
    let sandbox = sandbox("backend_type: local\nbackend: {local: {}}");
    let own = "tfmigrate {\n  history {\n    storage \"local\" {\n      path = env.ATMOS_TFMIGRATE_HISTORY_PATH\n    }\n  }\n}\n";
    sandbox.write("components/terraform/app/.tfmigrate.hcl", own);
    migrate(&sandbox, &["plan", "app", "-s", "dev"]).success();
    has(&logged(&sandbox), &["call plan\n"]);
    // The program does not make the folder of its history.
    assert!(sandbox.repo().join("components/terraform/app/tfmigrate/dev/app/dev").is_dir());
    migrate(&sandbox, &["plan", "app", "-s", "dev", "--tfmigrate-config", "other.hcl"]).success();
    has(&logged(&sandbox), &["call plan --config other.hcl\n"]);
    std::fs::remove_file(sandbox.repo().join("components/terraform/app/.tfmigrate.hcl")).unwrap();
    std::fs::remove_dir_all(sandbox.repo().join("components/terraform/app/migrations")).unwrap();
    migrate(&sandbox, &["plan", "app", "-s", "dev"]).success().says("No tfmigrate migrations found for app in dev");
    assert_eq!(logged(&sandbox), "");
}

#[test]
fn a_hook_migrates_as_the_command_does() {
    let hook = |more: &str| format!("hooks: {{move: {{kind: tfmigrate{more}}}}}");
    let sandbox = sandbox(&hook(""));
    sandbox.atmos(&PLAN).success().says("Running hooks event=before.terraform.plan");
    let log = logged(&sandbox);
    has(&log, &["call plan --config /"]);
    assert_eq!(log.matches("call ").count(), 1, "a hook has run in a hook:\n{log}");
    sandbox.atmos(&["terraform", "apply", "app", "-s", "dev", "-auto-approve"]).success();
    has(&logged(&sandbox), &["call apply --config /"]);
    sandbox.atmos(&["terraform", "destroy", "app", "-s", "dev", "-auto-approve"]).success();
    assert_eq!(logged(&sandbox), "");
    sandbox.calls();
    // What fails keeps terraform from starting, unless somebody says otherwise.
    sandbox.atmos_with(&[("MIGRATOR_EXIT", "3")], &PLAN).exits(3).says("hook (kind tfmigrate) failed: `move`");
    assert!(!sandbox.calls().iter().any(|call| call.starts_with("plan")));
    let warned = self::sandbox(&hook(", on_failure: warn, mode: plan, events: [before.terraform.apply]"));
    let apply = ["terraform", "apply", "app", "-s", "dev", "-auto-approve"];
    let outcome = warned.atmos_with(&[("MIGRATOR_EXIT", "3")], &apply).success();
    outcome.says("warning per on_failure").says("never applies it");
    has(&logged(&warned), &["call plan --config /"]);
    for (more, phrase) in [
        (", mode: apply, events: [before.terraform.plan]", "there is nothing to migrate"),
        (", events: [after.terraform.plan]", "there is nothing to migrate"),
        (", mode: never", "`mode: never` is none"),
    ] {
        self::sandbox(&hook(more)).atmos(&PLAN).exits(1).says(phrase);
    }
}

#[test]
fn a_step_of_a_hook_may_be_somebody_else() {
    let hooks = r#"hooks:
  who:
    events: [after.terraform.plan]
    kind: steps
    on_failure: fail
    env: {WORD: "of the hook"}
    with:
      - echo "$AWS_PROFILE $WORD" >>"$LOG"
      - {command: 'echo "$AWS_PROFILE $WORD $ATMOS_COMPONENT" >>"$LOG"', identity: beta}
      - echo "$AWS_PROFILE" >>"$LOG""#;
    let sandbox = sandbox(hooks).with_file_keyring();
    let auth = "auth:\n  providers: {corp: {kind: mock/aws, region: eu-west-1}}\n  identities:\n    \
                alpha: {kind: mock/aws, default: true, via: {provider: corp}}\n    beta: {kind: mock/aws, via: {provider: corp}}\n";
    sandbox.write("atmos.yaml", &format!("{ATMOS}{auth}"));
    sandbox.atmos(&PLAN).success();
    assert_eq!(logged(&sandbox), "alpha of the hook\nbeta of the hook app\nalpha\n");
    assert_eq!(Sandbox::files_below(&sandbox.runtime()), [std::path::PathBuf::from("atmos/run/lock")]);
    let text = sandbox.read("stacks/dev.yaml").replace("identity: beta", "identity: nobody");
    sandbox.write("stacks/dev.yaml", &text);
    sandbox.atmos(&PLAN).exits(1).says("authentication failed for identity \"nobody\" in the hook `who`");
}
