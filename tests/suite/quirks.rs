//! What the reference gets wrong and must not be so here; each test has the number of its paragraph.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::Sandbox;

const ATMOS: &str = "\
base_path: .
stacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}
components:
  terraform: {base_path: ct, deploy_run_init: true}
  helmfile: {base_path: ct}
";

fn sandbox(component: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", ATMOS);
    sandbox.write("ct/app/main.tf", "");
    sandbox.write(
        "stacks/dev.yaml",
        &format!(
            "vars: {{stage: dev}}\ncomponents:\n  terraform: {{app: {component}}}\n  helmfile: {{app: {component}}}\n"
        ),
    );
    sandbox.record(&["TERRAFORM", "HELMFILE"]);
    sandbox
}

/// A program in the sandbox, first on its path.
fn program(sandbox: &mut Sandbox, name: &str, script: &str) {
    let folder = sandbox.root().join("own-bin");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), script).unwrap();
    std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = sandbox.environment()["PATH"].to_string_lossy().into_owned();
    sandbox.set("PATH", format!("{}:{path}", folder.display()));
}

#[test]
fn q4_a_dry_run_of_helmfile_starts_nothing_and_unknown_flags_are_errors() {
    let sandbox = sandbox("{}");
    sandbox.atmos(&["helmfile", "sync", "app", "-s", "dev", "--dry-run"]).success();
    sandbox.atmos(&["helmfile", "sync", "app", "-s", "dev", "--foo=1"]).exits(1);
    sandbox.atmos(&["helmfile", "sync", "app", "-s", "dev", "-e", "prod"]).exits(1);
    assert_eq!(sandbox.calls(), Vec::<String>::new());
}

#[test]
fn q6_flags_that_route_and_prefix_have_their_effect() {
    let mut sandbox = sandbox("{}");
    sandbox.atmos(&["helmfile", "sync", "app", "-s", "dev", "--global-options=--no-color --namespace=test"]).success();
    let varfile = "dev-app.helmfile.vars.yaml";
    assert_eq!(sandbox.calls(), [format!("--state-values-file {varfile} --no-color --namespace=test sync")]);
    program(&mut sandbox, "loud", "#!/bin/sh\necho complaint >&2\n");
    sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", "loud");
    let plan = |target: &str| {
        sandbox.atmos(&[
            "terraform",
            "validate",
            "app",
            "-s",
            "dev",
            "--skip-init",
            &format!("--redirect-stderr={target}"),
        ])
    };
    assert!(!plan("/dev/null").success().stderr.contains("complaint"));
    assert!(plan("/dev/stdout").success().stdout.contains("complaint"));
    plan("errors.log").success();
    assert!(sandbox.read("errors.log").contains("complaint"));
}

#[test]
fn q8_preparing_says_nothing_on_standard_output() {
    let sandbox = sandbox("{}");
    for (words, expected) in
        [(&["output", "app"][..], "the stub says output\n"), (&["state", "pull", "app"], "the stub says state\n")]
    {
        let outcome = sandbox.atmos(&[&["terraform"], words, &["-s", "dev", "--init"]].concat()).success();
        assert_eq!(outcome.stdout, expected, "{words:?}");
        assert!(sandbox.calls().iter().any(|call| call.starts_with("init")));
    }
}

#[test]
fn q19_changes_of_a_plan_are_no_error() {
    let sandbox = sandbox("{}");
    let plan = ["terraform", "plan", "app", "-s", "dev", "-detailed-exitcode"];
    let outcome = sandbox.atmos_with(&[("STUB_EXIT_PLAN", "2")], &plan).exits(2);
    assert!(!outcome.stderr.contains("Error") && !outcome.stderr.contains("exited with code"), "{outcome}");
    sandbox.atmos_with(&[("STUB_EXIT_PLAN", "2")], &plan[..5]).exits(2).says("subcommand exited with code 2");
}

#[test]
fn q21_the_console_gets_the_variables() {
    let sandbox = sandbox("{vars: {a: 1}}");
    sandbox.atmos(&["terraform", "console", "app", "-s", "dev"]).success();
    assert_eq!(sandbox.calls().last().unwrap(), "console -var-file dev-app.terraform.tfvars.json");
}

#[test]
fn q24_the_stack_of_the_environment_is_the_stack() {
    let sandbox = sandbox("{}");
    for words in
        [&["terraform", "plan", "app"][..], &["terraform", "state", "list", "app"], &["helmfile", "diff", "app"]]
    {
        sandbox.atmos_with(&[("ATMOS_STACK", "dev")], words).success();
        assert!(!sandbox.calls().is_empty(), "{words:?}");
        sandbox.atmos_with(&[("ATMOS_STACK", "none")], &[words, &["-s", "dev"]].concat()).success();
    }
}

#[test]
fn q25_global_flags_of_terraform_reach_it() {
    let sandbox = sandbox("{}");
    for flag in ["-version", "--version"] {
        sandbox.atmos(&["terraform", flag]).success();
        assert_eq!(sandbox.calls().last().map(String::as_str), Some("version"), "{flag}");
    }
}

/// The program that fetches the cluster's configuration is whoever the component is.
#[test]
fn q29_the_kubeconfig_is_fetched_as_the_identity() {
    let mut sandbox = sandbox("{vars: {region: eu-west-1}, env: {OWN: component}}");
    let settings = sandbox.read("atmos.yaml").replace(
        "helmfile: {base_path: ct}",
        "helmfile: {base_path: ct, use_eks: true, cluster_name: main, kubeconfig_path: kube}",
    );
    let auth = "auth:\n  providers: {corp: {kind: mock/aws, region: eu-west-1}}\n  identities:\n    alpha: {kind: mock/aws, default: true, via: {provider: corp}}\n";
    sandbox.write("atmos.yaml", &format!("{settings}{auth}"));
    sandbox.set("ATMOS_KEYRING_TYPE", "memory");
    sandbox.set("AWS_ACCESS_KEY_ID", "AKIAAMBIENTAMBIENT00");
    program(&mut sandbox, "aws", "#!/bin/sh\nenv >\"$RECORD.aws\"\necho \"$@\" >>\"$RECORD.words\"\n");
    sandbox.atmos(&["helmfile", "sync", "app", "-s", "dev"]).success();
    let words = std::fs::read_to_string(sandbox.root().join("record.words")).unwrap();
    let (call, kubeconfig) = words.trim_end().split_once(" --kubeconfig=").unwrap();
    assert_eq!(call, "eks update-kubeconfig --name=main --region=eu-west-1");
    // It is the run's own: nobody else can put another cluster in.
    assert!(kubeconfig.starts_with(&*sandbox.runtime().to_string_lossy()), "{kubeconfig}");
    assert!(kubeconfig.ends_with("/dev-kubecfg"), "{kubeconfig}");
    let env = std::fs::read_to_string(sandbox.root().join("record.aws")).unwrap();
    assert!(env.contains("\nOWN=component\n") && env.contains("\nAWS_CONFIG_FILE="), "{env}");
    assert!(!env.contains("AKIAAMBIENTAMBIENT00"), "{env}");
}

#[test]
fn q30_wrong_use_ends_with_one() {
    let sandbox = sandbox("{}");
    for words in [
        &["terraform", "plan", "app"][..],
        &["terraform", "plan", "nothing", "-s", "dev"],
        &["terraform", "frobnicate", "app", "-s", "dev"],
        &["terraform", "plan", "app", "-s", "dev", "--frob"],
        &["terraform", "state", "list", "-s", "dev"],
        &["terraform", "workspace", "select", "app", "other", "-s", "dev"],
        &["terraform", "clean", "app"],
    ] {
        sandbox.atmos(words).exits(1);
    }
    // The two that are documented.
    sandbox.atmos(&["terraform", "plan", "./ct/nothing", "-s", "dev"]).exits(2);
}

#[test]
fn q32_two_runs_in_one_folder_wait_for_each_other() {
    let sandbox = sandbox("{}");
    let hold = sandbox.root().join("hold");
    std::fs::write(&hold, "").unwrap();
    let mut command = sandbox.atmos_command(&["terraform", "apply", "app", "-s", "dev", "-auto-approve"]);
    command.env("STUB_HOLD", &hold);
    let first = sandbox.start(command, "");
    crate::support::wait_until("the stub holds the folder", std::time::Duration::from_mins(1), || {
        std::fs::read_to_string(sandbox.root().join("record")).ok().filter(|calls| calls.contains("apply\t"))
    });
    let second = sandbox.spawn(&["terraform", "output", "app", "-s", "dev"]);
    crate::support::wait_until("the second run waits", std::time::Duration::from_mins(1), || {
        let locks = sandbox.home().join(".cache/atmos/locks");
        locks.is_dir().then_some(())
    });
    std::fs::remove_file(hold).unwrap();
    first.wait().success();
    second.wait().success();
    let order = sandbox.calls();
    let place = |verb: &str| order.iter().position(|call| call.starts_with(verb)).unwrap_or(usize::MAX);
    assert!(place("apply") < place("output"), "{order:?}");
}

#[test]
fn q34_a_variable_can_be_removed_and_the_order_is_fixed() {
    let mut sandbox = sandbox("{env: {GONE: null, KEPT: 5, 'ALSO': true}}");
    program(&mut sandbox, "shows", "#!/bin/sh\nenv\n");
    sandbox.set("ATMOS_COMPONENTS_TERRAFORM_COMMAND", "shows");
    sandbox.set("GONE", "was there");
    let shown = sandbox.atmos(&["terraform", "validate", "app", "-s", "dev", "--skip-init"]).success().stdout;
    assert!(!shown.contains("GONE=") && shown.contains("KEPT=5\n") && shown.contains("ALSO=true\n"), "{shown}");
}

#[test]
fn q16_a_locked_component_among_many_is_passed_over() {
    let sandbox = sandbox("{}");
    sandbox.write(
        "stacks/dev.yaml",
        "vars: {stage: dev}\ncomponents: {terraform: {app: {metadata: {locked: true}}, zoo: {metadata: {component: app}}}}\n",
    );
    let outcome = sandbox.atmos(&["terraform", "apply", "--all", "-auto-approve"]).success();
    outcome.says("app in dev is locked and skipped");
    let applied: Vec<String> = sandbox.calls().into_iter().filter(|call| call.starts_with("apply")).collect();
    assert_eq!(applied.len(), 1, "{applied:?}");
}

#[test]
fn providers_of_other_platforms_are_locked_behind_an_init() {
    let sandbox = sandbox("{}");
    let platforms = "deploy_run_init: true, platforms: [linux_amd64, darwin_arm64]";
    sandbox.write("atmos.yaml", &ATMOS.replace("deploy_run_init: true", platforms));
    sandbox.atmos(&["terraform", "init", "app", "-s", "dev"]).success();
    let calls = sandbox.calls();
    assert_eq!(calls, ["init", "providers lock -platform=linux_amd64 -platform=darwin_arm64"]);
}

#[test]
fn mocks_stand_for_outputs_where_they_are_wanted() {
    let sandbox = sandbox("{}");
    let manifest = |mocks: &str| {
        let text = format!(
            "vars: {{stage: dev}}\ncomponents:\n  terraform:\n    net: {{metadata: {{component: app}}{mocks}}}\n    \
             app:\n      vars: {{id: !terraform.state net vpc_id, cidr: !terraform.output net .cidrs.a}}\n"
        );
        sandbox.write("stacks/dev.yaml", &text);
    };
    let plan = |more: &[&str]| sandbox.atmos(&[&["terraform", "plan", "app", "-s", "dev"][..], more].concat());
    manifest(", mocks: {vpc_id: vpc-mock, cidrs: {a: 10.0.0.0/8}}");
    plan(&[]).exits(1);
    plan(&["--use-mocks"]).success();
    let varfile = sandbox.read("ct/app/dev-app.terraform.tfvars.json");
    assert!(varfile.contains("vpc-mock") && varfile.contains("10.0.0.0/8"), "{varfile}");
    plan(&["--use-mocks", "--process-functions=false"]).exits(1).says("use-mocks");
    sandbox
        .atmos(&["terraform", "apply", "app", "-s", "dev", "--use-mocks"])
        .exits(1)
        .says("nothing real is made of mocks");
    let describe = |more: &[&str]| {
        sandbox.atmos(&[&["describe", "component", "app", "-s", "dev", "--query", ".vars.id"][..], more].concat())
    };
    assert_eq!(describe(&["--use-mocks"]).success().stdout.trim(), "vpc-mock");
    assert_ne!(describe(&["--use-mocks=false"]).stdout.trim(), "vpc-mock");
    describe(&["--use-mocks", "--process-functions=false"]).exits(1).says("use-mocks");
    manifest(", mocks: {cidrs: {a: x}}");
    plan(&["--use-mocks"]).exits(1).says("output 'vpc_id' does not exist").says("add it to `mocks`");
    manifest("");
    plan(&["--use-mocks"]).exits(1).says("has no `mocks`");
}
