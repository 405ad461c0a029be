//! Hooks that run steps or commit to git, conditions that are expressions, and templates that ask how the command ended.

use crate::support::Sandbox;

const ATMOS: &str = "\
base_path: .
stacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}
components: {terraform: {base_path: components/terraform}}
templates: {settings: {enabled: true}}
";
const PLAN: [&str; 5] = ["terraform", "plan", "app", "-s", "dev"];

/// A repository with the component `app` in `dev`, which has these hooks, and the recording stub.
fn sandbox(hooks: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", ATMOS);
    sandbox.write("components/terraform/app/main.tf", "");
    let hooks: Vec<String> = hooks.lines().map(|line| format!("        {line}\n")).collect();
    let hooks = hooks.concat();
    let manifest = format!("vars: {{stage: dev}}\ncomponents:\n  terraform:\n    app:\n      hooks:\n{hooks}");
    sandbox.write("stacks/dev.yaml", &manifest);
    sandbox.record(&["TERRAFORM"]);
    let log = sandbox.root().join("log");
    sandbox.set("LOG", log);
    sandbox
}

/// What was written into the log since the last look.
fn logged(sandbox: &Sandbox) -> Vec<String> {
    let path = sandbox.root().join("log");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let _ = std::fs::remove_file(path);
    text.lines().map(str::to_owned).collect()
}

#[test]
fn conditions_of_hooks_may_be_expressions() {
    let hook = |name: &str, when: &str| {
        format!(
            "{name}: {{events: [after.terraform.plan], kind: command, command: sh, args: [-c, 'echo {name} >>\"$LOG\"'], when: {when}}}\n"
        )
    };
    let hooks = [
        hook("ours", "\"stack == 'dev' && component == 'app' && hook == 'ours'\""),
        hook("event", "!cel event == 'after.terraform.plan'"),
        hook("variable", "\"env.WANTED == 'yes'\""),
        hook("both", "[\"stack == 'dev'\", ci]"),
        hook("ended", "\"status == 'failure'\""),
    ];
    let sandbox = sandbox(&hooks.concat());
    sandbox.atmos(&PLAN).success();
    assert_eq!(logged(&sandbox), ["ours", "event"]);
    sandbox.atmos_with(&[("WANTED", "yes"), ("CI", "true")], &PLAN).success();
    assert_eq!(logged(&sandbox), ["ours", "event", "variable", "both"]);
    sandbox.atmos_with(&[("STUB_EXIT_PLAN", "3")], &PLAN).exits(3);
    assert_eq!(logged(&sandbox), ["ended"]);
}

#[test]
fn templates_of_hooks_know_how_the_command_ended() {
    let sandbox = sandbox(
        "say:\n  events: [before.terraform.plan, after.terraform.plan]\n  kind: command\n  command: sh\n  when: always\n  \
         env: {WHY: '{{ .error }}'}\n  \
         args: [-c, 'echo \"{{ .vars.stage }} {{ .status }} {{ .exit_code }} $(printenv WHY)\" >>\"$LOG\"']\n",
    );
    sandbox.atmos(&PLAN).success();
    assert_eq!(logged(&sandbox), ["dev success 0 ", "dev success 0 "]);
    sandbox.atmos_with(&[("STUB_EXIT_PLAN", "3")], &PLAN).exits(3);
    let log = logged(&sandbox);
    assert_eq!(log[0], "dev success 0 ");
    assert!(log[1].starts_with("dev failure 3 ") && log[1].contains("exited with code 3"), "{log:?}");
}

#[test]
fn steps_of_a_hook_run_as_those_of_a_workflow() {
    let hooks = r#"
after:
  events: [after.terraform.plan]
  kind: steps
  env: {GREETING: "hello $ATMOS_COMPONENT"}
  with:
    - type: env
      vars: {FROM: step}
    - echo "$GREETING $FROM $(basename "$PWD")" >>"$LOG"
    - type: atmos
      command: describe component app --query .vars.stage --file from-atmos.txt
      stack: dev
    - {name: bad, command: exit 4, continue: always}
    - {command: echo never >>"$LOG", when: "status == 'failure'"}
    - {command: echo mine >>"$LOG", working_directory: ./stacks, env: {X: 1}}
    - {name: last, command: exit 5}
    - {command: echo after >>"$LOG"}
    - {command: echo failed >>"$LOG", when: failure}
one:
  events: [before.terraform.plan]
  kind: step
  type: shell
  with: {command: 'echo one "$ATMOS_STACK" >>"$LOG"'}
  on_failure: fail
"#;
    let sandbox = sandbox(hooks.trim_start());
    let outcome = sandbox.atmos(&PLAN).success().says("a failure that `continue` forgives");
    let outcome = outcome.says("the step `last` exited with code 5");
    assert_eq!(logged(&sandbox), ["one dev", "hello app step app", "mine", "failed"], "{outcome}");
    assert_eq!(sandbox.read("from-atmos.txt").trim(), "dev");
    let failing =
        "f: {events: [before.terraform.plan], kind: step, type: shell, with: {command: exit 6}, on_failure: fail}";
    let sandbox = self::sandbox(failing);
    sandbox.atmos(&PLAN).exits(6);
    assert!(!sandbox.calls().iter().any(|call| call.starts_with("plan")));
}

#[test]
fn a_hook_commits_what_the_component_made_and_pushes_it() {
    let mut sandbox = sandbox(
        "publish:\n  events: [after.terraform.plan]\n  kind: git\n  push: true\n  commit: {message: 'Made {{ .vars.stage }}', paths: [out]}\n\
         make:\n  events: [before.terraform.plan]\n  kind: command\n  command: sh\n  args: [-c, 'mkdir -p out; echo \"$TEXT\" >out/text; echo x >aside']\n",
    );
    sandbox.git_init();
    let remote = sandbox.root().join("remote.git");
    sandbox.git(sandbox.root(), &["init", "--quiet", "--bare", remote.to_str().unwrap()]);
    let repo = sandbox.repo();
    sandbox.git(&repo, &["remote", "add", "origin", remote.to_str().unwrap()]);
    let head = sandbox.git(&repo, &["rev-parse", "HEAD"]);
    for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"] {
        sandbox.set(name, "somebody");
    }
    sandbox.set("TEXT", "first");
    sandbox.atmos(&PLAN).success().says("Published commit");
    let pushed = |format: &str| sandbox.git(&remote, &["log", "-1", "--all", &format!("--format={format}")]);
    let message = pushed("%B");
    let message: Vec<&str> = message.lines().collect();
    let source = format!("Atmos-Source-SHA: {}", head.trim());
    assert_eq!(message[..5], ["Made dev", "", "Atmos-Component: app", &source, "Atmos-Stack: dev"]);
    let files = sandbox.git(&repo, &["show", "--name-only", "--format=", "HEAD"]);
    assert_eq!(files.trim(), "components/terraform/app/out/text");
    sandbox.atmos(&PLAN).success().says("No changes to publish");

    // Somebody else has pushed meanwhile.
    let other = sandbox.root().join("other");
    sandbox.git(sandbox.root(), &["clone", "--quiet", remote.to_str().unwrap(), other.to_str().unwrap()]);
    std::fs::write(other.join("theirs"), "x").unwrap();
    sandbox.git(&other, &["add", "."]);
    sandbox.git(&other, &["commit", "--quiet", "-m", "Theirs"]);
    sandbox.git(&other, &["push", "--quiet", "origin", "HEAD"]);
    sandbox.atmos_with(&[("TEXT", "second")], &PLAN).success();
    assert!(sandbox.git(&remote, &["log", "--all", "--format=%s"]).starts_with("Made dev\nTheirs\nMade dev\n"));
}

#[test]
fn a_commit_that_cannot_be_pushed_fails_the_command() {
    let hook = |more: &str| {
        format!("publish: {{events: [after.terraform.plan], kind: git, push: true, commit: {{paths: [out]}}{more}}}")
    };
    for (more, phrase) in
        [("", "git push exited with code"), (", repository: gitops", "there is no repository `gitops`")]
    {
        let mut sandbox = sandbox(&hook(more));
        sandbox.set("EMAIL", "somebody@example.com");
        sandbox.git_init();
        sandbox.write("components/terraform/app/out/text", "x");
        sandbox.atmos(&PLAN).exits(1).says(phrase);
    }
    let sandbox = sandbox(&hook("").replace("[out]", "[../../..]"));
    sandbox.git_init();
    sandbox.atmos(&PLAN).exits(1).says("is outside of");
}

#[test]
fn a_hook_publishes_into_a_named_repository() {
    let sandbox = sandbox(
        "publish:\n  events: [after.terraform.plan]\n  kind: git\n  repository: gitops\n  push: true\n  commit: {paths: [clusters]}\n",
    );
    let remote = sandbox.root().join("remote.git");
    sandbox.git(sandbox.root(), &["init", "--quiet", "--bare", remote.to_str().unwrap()]);
    let seed = sandbox.root().join("seed");
    sandbox.git(sandbox.root(), &["init", "--quiet", seed.to_str().unwrap()]);
    std::fs::write(seed.join("readme"), "x").unwrap();
    sandbox.git(&seed, &["add", "."]);
    sandbox.git(&seed, &["commit", "--quiet", "-m", "Seed"]);
    sandbox.git(&seed, &["push", "--quiet", remote.to_str().unwrap(), "HEAD:refs/heads/deploy"]);
    let settings = format!(
        "{ATMOS}git: {{repositories: {{gitops: {{uri: '{}', branch: deploy, workdir: .gitops, commit: {{author: {{name: Robot, email: r@example.com}}}}}}}}}}\n",
        remote.display()
    );
    sandbox.write("atmos.yaml", &settings);
    // The first run makes the clone, in which there is nothing yet.
    sandbox.atmos(&[&PLAN[..], &["--skip-hooks"]].concat()).success();
    std::fs::create_dir_all(sandbox.repo()).unwrap();
    sandbox.git(
        sandbox.root(),
        &[
            "clone",
            "--quiet",
            "--branch",
            "deploy",
            remote.to_str().unwrap(),
            sandbox.repo().join(".gitops").to_str().unwrap(),
        ],
    );
    sandbox.write(".gitops/clusters/dev.yaml", "x: 1");
    sandbox.atmos(&PLAN).success().says("Published commit");
    let log = sandbox.git(&remote, &["log", "deploy", "--format=%an %s"]);
    assert!(log.starts_with("Robot Update artifacts for app in dev\n"), "{log}");
}

#[test]
fn components_that_run_at_once_commit_one_after_the_other() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut sandbox = sandbox("");
    let git = crate::support::find_part("git").expect("a part of the test bed");
    let wrapper = format!(
        "#!/bin/sh\ncase \"$*\" in add*) mkdir \"$TOP/commits\" || echo overlap >>\"$TOP/overlaps\";; esac\n\
         '{}' \"$@\"; code=$?\n\
         [ \"$*\" != 'rev-parse HEAD' ] || rmdir \"$TOP/commits\"\nexit $code\n",
        git.display()
    );
    let bin = sandbox.root().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::fs::write(bin.join("git"), wrapper).unwrap();
    std::fs::set_permissions(bin.join("git"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let components = ["a", "b", "c", "d", "e"].map(|name| {
        sandbox.write(&format!("components/terraform/{name}/main.tf"), "");
        sandbox.write(&format!("components/terraform/{name}/out/text"), "");
        format!(
            "    {name}: {{hooks: {{publish: {{events: [after.terraform.plan], kind: git, commit: {{paths: [out]}}}}}}}}\n"
        )
    });
    sandbox.git_init();
    sandbox
        .write("stacks/dev.yaml", &format!("vars: {{stage: dev}}\ncomponents:\n  terraform:\n{}", components.concat()));
    for name in ["a", "b", "c", "d", "e"] {
        sandbox.write(&format!("components/terraform/{name}/out/text"), name);
    }
    let path = format!("{}:{}", bin.display(), sandbox.environment()["PATH"].to_str().unwrap());
    let (path, top) = (std::ffi::OsString::from(path), sandbox.root().to_owned());
    sandbox.set("PATH", path);
    sandbox.set("TOP", top);
    sandbox.set("EMAIL", "somebody@example.com");
    let run = sandbox.atmos(&["terraform", "plan", "--all", "--max-concurrency", "5"]).success();
    assert!(!sandbox.root().join("overlaps").exists(), "{run}");
    let commits = sandbox.git(&sandbox.repo(), &["log", "--format=%s"]);
    assert_eq!(commits.lines().filter(|line| line.starts_with("Update artifacts for")).count(), 5, "{run}\n{commits}");
}
