//! Atmos Pro: the session of a job, and tokens of GitHub for the children of runs in CI.

use serde_json::json;

use crate::support::{Federation, Outcome};

const AUTH: &str = r#"
auth:
  realm: pro
  providers:
    pro: {kind: atmos/pro, spec: {base_url: "URL/pro", workspace_id: ws-1}}
  identities:
    pro: {kind: atmos/pro, via: {provider: pro}}
    cloud: {kind: exec, spec: {command: [cat, answer]}}
  integrations:
    github: {kind: github/sts, via: {provider: pro}, spec: {repos: [acme/modules, acme/more, in-house/x, other/y]}}
"#;

fn job(auth: &str) -> Federation {
    let mut federation = Federation::start(auth);
    federation.as_job();
    let api = format!("{}/github/api", federation.url);
    federation.sandbox.set("GITHUB_API_URL", api);
    let answer = json!({"Version": 1, "Variables": {"CLOUD_TOKEN": "token-of-the-cloud-1"}});
    federation.sandbox.write("answer", &answer.to_string());
    federation
}

/// What git makes of the address of a repository for a child, and the variables of that.
fn child(federation: &Federation, identity: &str, repository: &str) -> (Outcome, String, String) {
    let script = format!(
        "rm -rf r && git init -q r && git -C r remote add origin {repository} && git -C r remote get-url origin > address; env > seen"
    );
    let run = federation.sandbox.atmos(&["auth", "exec", "-i", identity, "--", "sh", "-c", &script]).success();
    let (address, seen) = (federation.sandbox.read("address"), federation.sandbox.read("seen"));
    for file in ["address", "seen"] {
        std::fs::remove_file(federation.sandbox.repo().join(file)).unwrap();
    }
    (run, address.trim().to_owned(), seen)
}

fn names(seen: &str) -> Vec<&str> {
    let names = seen.lines().filter_map(|line| Some(line.split_once('=')?.0));
    let mut names: Vec<&str> = names.filter(|name| name.starts_with("GIT_") || name.starts_with("ATMOS_PRO")).collect();
    names.sort_unstable();
    names
}

#[test]
fn children_in_ci_reach_repositories_by_tokens_that_are_taken_back() {
    let federation = job(AUTH);
    for identity in ["pro", "cloud"] {
        let ((run, address, seen), calls) =
            federation.during(|| child(&federation, identity, "https://github.com/acme/modules.git"));
        assert!(
            address.starts_with("https://x-access-token:ghs_") && address.ends_with("@github.com/acme/modules.git"),
            "{address}"
        );
        // Two owners have two tokens: no single variable could name one.
        assert_eq!(names(&seen).last(), Some(&"GIT_CONFIG_VALUE_3"), "{seen}");
        run.says("no token of GitHub for other/y: no_trust_policy");
        let expected = [
            "github/token atmos-pro.com",
            "pro/session",
            "pro/sts default acme/modules,acme/more,in-house/x,other/y",
            "github/revoke",
            "github/revoke",
        ];
        assert_eq!(calls, expected, "{identity}");
    }
    let ssh = child(&federation, "cloud", "ssh://git@github.com/in-house/x.git").1;
    assert!(ssh.contains("@github.com/in-house/x.git"), "{ssh}");
    let elsewhere = child(&federation, "cloud", "https://github.com/nobody/x.git").1;
    assert_eq!(elsewhere, "https://github.com/nobody/x.git");
    federation.sandbox.atmos(&["auth", "login", "-i", "pro"]).success();
    federation.assert_clean();
}

#[test]
fn one_token_has_a_name_and_may_stay_and_a_file_keeps_it_out_of_the_variables() {
    let one = AUTH.replace("{repos: [acme/modules, acme/more, in-house/x, other/y]}", "{repos: acme/modules, MORE}");
    let federation = job(&one.replace("MORE", "policy_name: read, revoke_on_exit: false"));
    let ((_, _, seen), calls) = federation.during(|| child(&federation, "cloud", "https://github.com/acme/x"));
    assert!(seen.contains("ATMOS_PRO_GITHUB_TOKEN=ghs_"), "{seen}");
    assert_eq!(calls.last().map(String::as_str), Some("pro/sts read acme/modules"));
    federation.configure(&one.replace("MORE", "token_env: 'GH_{{ .owner }}', git_config_mode: file"));
    let (_, address, seen) = child(&federation, "cloud", "https://github.com/acme/x");
    assert!(address.starts_with("https://x-access-token:ghs_"), "{address}");
    assert!(seen.contains("GH_ACME=ghs_") && !seen.contains("x-access-token"), "{seen}");
    assert_eq!(names(&seen), ["GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0"]);
    federation.configure(&one.replace("MORE", "auto_provision: false"));
    let ((_, address, _), calls) = federation.during(|| child(&federation, "cloud", "https://github.com/acme/x"));
    assert_eq!((address.as_str(), calls), ("https://github.com/acme/x", Vec::new()));
    federation.assert_clean();
}

#[test]
fn what_the_service_refuses_is_said_and_runs_go_on() {
    let federation = job(AUTH);
    for (from, to, phrase) in [
        ("workspace_id: ws-1", "workspace_id: ws-2", "there is no such workspace (HTTP status 404)"),
        (
            "{repos: [acme/modules, acme/more, in-house/x, other/y]}",
            "{policy_name: unentitled}",
            "the workspace is not entitled (HTTP status 403)",
        ),
        (
            "{repos: [acme/modules, acme/more, in-house/x, other/y]}",
            "{policy_name: \"off\"}",
            "the feature is switched off",
        ),
        ("base_url: \"URL/pro\"", "base_url: \"URL/elsewhere\"", "HTTP status"),
    ] {
        federation.configure(&AUTH.replace(from, to));
        let (run, address, _) = child(&federation, "cloud", "https://github.com/acme/x");
        assert_eq!(address, "https://github.com/acme/x");
        run.says("integration `github` of kind github/sts failed").says(phrase).says("atmos.yaml:");
    }
    federation.configure(&AUTH.replace(", workspace_id: ws-1", ""));
    federation
        .sandbox
        .atmos(&["auth", "login", "-i", "pro"])
        .exits(1)
        .says("nobody says which workspace it is for")
        .says("atmos.yaml:");
    federation.sandbox.atmos_with(&[("ATMOS_PRO_WORKSPACE_ID", "ws-1")], &["auth", "login", "-i", "pro"]).success();
    federation.configure(AUTH);
    // Outside of CI nobody runs as the session by himself.
    let mut federation = federation;
    for name in ["CI", "GITHUB_ACTIONS"] {
        federation.sandbox.remove(name);
    }
    let ((run, _, _), calls) = federation.during(|| child(&federation, "cloud", "https://github.com/acme/x"));
    assert_eq!(calls, Vec::<String>::new(), "{run}");
    federation.sandbox.atmos(&["auth", "login", "-i", "pro"]).exits(1).says("this is no job of GitHub Actions");
}

/// A job whose git writes down what it is started with, and finds the repositories of github.com on this machine.
fn fetching() -> Federation {
    let mut federation = job(AUTH);
    let root = federation.sandbox.root().to_path_buf();
    let (bin, modules) = (root.join("bin-git"), root.join("github/acme/modules"));
    for folder in [&bin, &modules.join("vpc"), &modules.join("stacks")] {
        std::fs::create_dir_all(folder).unwrap();
    }
    std::fs::write(modules.join("vpc/main.tf"), "# a module\n").unwrap();
    std::fs::write(modules.join("stacks/base.yaml"), "vars: {region: here}\n").unwrap();
    let git = |words: &[&str]| {
        let done = std::process::Command::new("git").arg("-C").arg(&modules).args(words).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "."]);
    git(&["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-q", "-m", "one"]);
    let log = root.join("git-log").display().to_string();
    // The header is the last thing that git is told by its environment.
    let script = format!(
        "#!/bin/sh\nPATH=${{PATH#*:}}\necho \"$@\" >> {log}\nenv | sed -n 's/^GIT_CONFIG_VALUE_[0-9]*=Authorization: Basic //p' \
         | base64 -d >> {log}\necho >> {log}\nexec git \"$@\"\n"
    );
    let program = bin.join("git");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    federation.sandbox.set("PATH", path);
    federation.sandbox.set("GIT_CONFIG_COUNT", "1");
    // The longest of all beginnings counts: that of the owner is none.
    federation.sandbox.set("GIT_CONFIG_KEY_0", format!("url.{}.insteadOf", modules.display()));
    federation.sandbox.set("GIT_CONFIG_VALUE_0", "https://github.com/acme/modules");
    federation
}

/// What git was started with since the last time.
fn told(federation: &Federation) -> String {
    let log = federation.sandbox.root().join("git-log");
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    let _ = std::fs::remove_file(log);
    text
}

const ONCE: [&str; 5] = [
    "github/token atmos-pro.com",
    "pro/session",
    "pro/sts default acme/modules,acme/more,in-house/x,other/y",
    "github/revoke",
    "github/revoke",
];

#[test]
fn what_is_fetched_from_github_is_fetched_by_the_token_of_its_owner() {
    let vendor = "{apiVersion: atmos/v1, kind: AtmosVendorConfig, spec: {sources: [\
                  {component: vpc, source: 'github.com/acme/modules//vpc?ref=main', targets: [components/terraform/vpc]}, \
                  {component: ssh, source: 'git::ssh://git@github.com/acme/modules//vpc?ref=main', targets: [components/terraform/ssh]}]}}\n";
    let federation = fetching();
    let sandbox = &federation.sandbox;
    sandbox.write("vendor.yaml", vendor);
    let (run, calls) = federation.during(|| sandbox.atmos(&["vendor", "pull"]).success());
    assert_eq!(calls, ONCE, "{run}");
    assert!(sandbox.repo().join("components/terraform/ssh/main.tf").is_file());
    let log = told(&federation);
    assert_eq!(log.matches("x-access-token:ghs_").count() % 2, 0, "{log}");
    assert!(log.contains("x-access-token:ghs_") && !log.contains("ssh://"), "{log}");
    let argv: String = log.lines().filter(|line| !line.starts_with("x-access-token")).collect();
    assert!(!argv.contains("ghs_"), "{argv}");

    // Manifests, and the sources of components.
    let stack = "import: ['git::https://github.com/acme/modules//stacks/base.yaml?ref=main']\nvars: {stage: dev}\n\
                 components: {terraform: {net: {source: {uri: 'github.com/acme/modules//vpc', version: main}}}}\n";
    sandbox.write("stacks/dev.yaml", stack);
    let (run, calls) = federation.during(|| sandbox.atmos(&["list", "stacks"]).success());
    assert_eq!(calls, ONCE, "{run}");
    assert!(told(&federation).contains("x-access-token:ghs_"));
    let pull = ["terraform", "source", "pull", "net", "-s", "dev"];
    let (run, calls) = federation.during(|| sandbox.atmos(&pull).success());
    assert_eq!(calls, ONCE, "two fetches, one session\n{run}");
    assert!(told(&federation).contains("x-access-token:ghs_"));
    federation.assert_clean();

    // Nothing of GitHub is fetched: nobody is asked.
    sandbox.write("stacks/dev.yaml", "vars: {stage: dev}\n");
    let (run, calls) = federation.during(|| sandbox.atmos(&["list", "stacks"]).success());
    assert_eq!(calls, Vec::<String>::new(), "{run}");
}

#[test]
fn what_is_fetched_goes_on_without_tokens_that_cannot_be_had() {
    let mut federation = fetching();
    let stack = "import: ['git::https://github.com/acme/modules//stacks/base.yaml?ref=main']\nvars: {stage: dev}\n";
    federation.sandbox.write("stacks/dev.yaml", stack);
    let with = |from: &str, to: &str| AUTH.replace(from, to);
    federation.configure(&with("workspace_id: ws-1", "workspace_id: ws-2"));
    let list = ["list", "stacks"];
    let run = federation.sandbox.atmos(&list).success();
    run.says("integration `github` of kind github/sts failed").says("there is no such workspace").says("atmos.yaml:");
    assert!(!told(&federation).contains("x-access-token"));
    // The settings of all integrations, and nobody outside of CI.
    let kept = "settings: {pro: {git_sts: {revoke_on_exit: false, git_config_mode: file}}}\nauth:";
    federation.configure(&with("\nauth:", &format!("\n{kept}")));
    let (run, calls) = federation.during(|| federation.sandbox.atmos(&list).success());
    assert_eq!(calls, ONCE[..3], "{run}");
    let (_, address, seen) = child(&federation, "cloud", "https://github.com/acme/x");
    assert!(address.starts_with("https://x-access-token:ghs_") && !seen.contains("x-access-token"), "{seen}");
    federation.configure(&with("\nauth:", "\nsettings: {pro: {git_sts: {git_config_mode: both}}}\nauth:"));
    federation.sandbox.atmos(&list).exits(1).says("settings.pro.git_sts.git_config_mode").says("env or file");
    federation.configure(&with("{repos:", "{auto_provision: false, repos:"));
    let (run, calls) = federation.during(|| federation.sandbox.atmos(&list).success());
    assert_eq!(calls, Vec::<String>::new(), "{run}");
    federation.configure(AUTH);
    for name in ["CI", "GITHUB_ACTIONS"] {
        federation.sandbox.remove(name);
    }
    let (run, calls) = federation.during(|| federation.sandbox.atmos(&list).success());
    assert_eq!(calls, Vec::<String>::new(), "{run}");
}

#[test]
fn within_a_run_its_tokens_go_before_those_of_the_environment() {
    let mut federation = fetching();
    let stack = "import: ['git::https://github.com/acme/modules//stacks/base.yaml?ref=main']\nvars: {stage: dev}\n";
    federation.sandbox.write("stacks/dev.yaml", stack);
    federation.sandbox.set("GITHUB_TOKEN", "ghp_of_the_job_alone");
    let exe = env!("CARGO_BIN_EXE_atmos");
    for mode in ["env", "file"] {
        federation.configure(&AUTH.replace("{repos:", &format!("{{git_config_mode: {mode}, repos:")));
        let outer = ["auth", "exec", "-i", "cloud", "--", exe, "list", "stacks"];
        let (run, calls) = federation.during(|| federation.sandbox.atmos(&outer).success());
        assert_eq!(calls, ONCE, "{mode}: {run}");
        let log = told(&federation);
        assert!(log.contains("x-access-token:ghs_") && !log.contains("ghp_of"), "{mode}: {log}");
    }
}

#[test]
fn tokens_are_taken_back_where_the_run_fails_before_anything_is_started() {
    let mut federation = job(AUTH);
    federation.sandbox.remove("TF_CLI_CONFIG_FILE");
    federation.sandbox.write("components/terraform/app/main.tf", "");
    federation.sandbox.write("atmos.d/rc.yaml", "components: {terraform: {rc: {enabled: true, host: {a: 1}}}}\n");
    let plan = ["terraform", "plan", "app", "-s", "dev", "-i", "cloud"];
    let (run, calls) = federation.during(|| federation.sandbox.atmos(&plan).exits(1));
    let run = run.says("components.terraform.rc");
    assert_eq!(calls, ONCE, "{run}");
    federation.assert_clean();
}
