//! Small things that keep people out of trouble: misplaced keys, exit statuses, homes, what a dead run left, who may ask.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use crate::support::{Cloud, Sandbox, Scanner, repository, wait_until};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn identity_in_the_wrong_place_is_an_error_and_never_another_identity() {
    let sandbox = Sandbox::scenario("identity-resolution");
    let stack = |key: &str| {
        format!(
            "vars: {{stage: extra}}\nterraform: {{backend_type: local, backend: {{local: {{}}}}}}\ncomponents:\n  terraform:\n    app:\n      vars: {{name: app}}\n      auth:\n        {key}: by-stack\n"
        )
    };
    sandbox.write("stacks/orgs/extra.yaml", &stack("identity"));
    let plan = ["terraform", "plan", "app", "-s", "extra"];
    let outcome = sandbox.atmos(&plan).exits(1).says("unknown key `auth.identity`").says("`settings.auth.identity`");
    let outcome = outcome.says("extra.yaml:8:");
    assert!(!outcome.stdout.contains("Terraform"), "{outcome}");
    sandbox.write("stacks/orgs/extra.yaml", &stack("colour"));
    sandbox.atmos(&plan).success().says("unknown key `auth.colour`");
}

#[test]
fn exit_status_of_auth_exec_is_the_commands_own() {
    let sandbox = Sandbox::scenario("identity-resolution");
    sandbox.write("noexec", "#!/bin/sh\n");
    let exec = |more: &[&str]| sandbox.atmos(&[&["auth", "exec", "-i", "by-stack"], more].concat());
    exec(&["--", "./noexec"]).exits(126).says("not executable");
    exec(&["--", "./stacks"]).exits(126).says("it is a directory");
    exec(&["--", "./missing"]).exits(127).says("no such program");
    exec(&["--", "no-such-program"]).exits(127).says("no such program");
    let outcome = exec(&["--delivery", "banana", "--", "true"]).exits(1).says("`banana` of --delivery");
    assert!(!outcome.stderr.contains("atmos.yaml"), "{outcome}");
    let script = "trap 'exit 5' INT; echo >started; while :; do sleep 0.1; done";
    let run = sandbox.spawn(&["auth", "exec", "-i", "by-stack", "--", "sh", "-c", script]);
    wait_until("the command runs", Duration::from_mins(1), || sandbox.repo().join("started").exists().then_some(()));
    run.signal(rustix::process::Signal::INT);
    run.wait().exits(5);
}

#[test]
fn whoami_says_what_to_do_and_its_status_is_a_plain_no() {
    let cloud = Cloud::start(&[]);
    let whoami = ["auth", "whoami", "-i", "data-admin"];
    let terminal = [("ATMOS_FORCE_TTY", "true")];
    let outcome = cloud.sandbox.atmos_with(&terminal, &whoami).exits(2).says("not signed in").says("atmos auth login");
    outcome.says_not("interactive terminal");
    cloud.sandbox.atmos(&[&whoami[..], &["--exit-code"]].concat()).exits(1).says("requires an interactive terminal");
}

#[test]
fn nothing_private_is_written_into_the_working_directory() {
    let mut sandbox = Sandbox::scenario("identity-resolution");
    for name in ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
        sandbox.remove(name);
    }
    sandbox.set("HOME", "home");
    let before = Sandbox::files_below(&sandbox.repo());
    sandbox.set("ATMOS_KEYRING_TYPE", "file");
    sandbox.set("ATMOS_KEYRING_PASSWORD", Sandbox::KEYRING_PASSWORD);
    let settings = sandbox.read("atmos.yaml");
    let real = "    real: {kind: aws/permission-set, via: {provider: corp}, principal: {name: A, account: {id: \"111111111111\"}}}\n";
    let portal =
        "    corp: {kind: aws/iam-identity-center, region: eu-west-1, start_url: \"https://acme.test/start\"}\n";
    let settings = settings
        .replace("  identities:\n", &format!("  identities:\n{real}"))
        .replace("  providers:\n", &format!("  providers:\n{portal}"));
    sandbox.write("atmos.yaml", &settings);
    sandbox.atmos(&["auth", "env", "-i", "real"]).exits(1).says("HOME");
    let login = ["auth", "login", "-i", "real", "--no-browser"];
    sandbox.atmos_with(&[("ATMOS_FORCE_TTY", "true")], &login).exits(1).says("HOME");
    // What needs nothing private works.
    sandbox.atmos(&["describe", "component", "own", "-s", "dev"]).success();
    sandbox.atmos(&["list", "stacks"]).success();
    assert_eq!(Sandbox::files_below(&sandbox.repo()), before);
    sandbox.atmos(&["terraform", "plan", "off", "-s", "dev"]).success();
    // terraform itself makes `home` for what is its own.
    for folder in [".cache", ".config", ".local", "home/.cache", "home/.config", "home/.local"] {
        assert!(!sandbox.repo().join(folder).exists(), "{folder}");
    }
}

/// Keys in files must not wait for the next run with a real identity.
#[test]
fn keys_of_a_killed_run_go_with_the_next_command_of_any_kind() {
    let cloud = Cloud::start(&[]);
    let settings = cloud.sandbox.read("atmos.yaml").replace("realm: scenario", "realm: scenario\n  delivery: files");
    cloud.sandbox.write("atmos.yaml", &settings);
    cloud.login("data-admin").success();
    for command in [&["list", "stacks"][..], &["auth", "logout", "--all"]] {
        let script = "echo >\"$PROBE/started\"; while :; do sleep 0.1; done";
        let run = cloud.sandbox.spawn(&["auth", "exec", "-i", "data-admin", "--", "sh", "-c", script]);
        wait_until("the command runs", Duration::from_mins(1), || {
            cloud.probes().join("started").exists().then_some(())
        });
        run.signal_group(rustix::process::Signal::KILL);
        run.wait().exits(137);
        let left = std::fs::read(cloud.run_folders()[0].join("credentials")).unwrap();
        assert!(!Scanner::of(&cloud.portal, &cloud.sts).find(&left).is_empty(), "the scan finds what is there");
        cloud.sandbox.atmos(&["version"]).success();
        assert_eq!(cloud.run_folders().len(), 1, "`version` looks at nothing");
        cloud.sandbox.atmos(command).success();
        cloud.assert_clean();
        std::fs::remove_file(cloud.probes().join("started")).unwrap();
    }
}

/// The run's own processes are served, those that lost their parent too; another process of the same user is not.
#[test]
fn only_what_the_run_has_started_gets_its_credentials() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let ask = "sh -c \"$(sed -n 's/^credential_process *= *//p' \"$AWS_CONFIG_FILE\")\"";
    let script = format!(
        "echo \"$ATMOS_RUN_SOCKET\" >\"$PROBE/socket\"
(setsid sh -c 'until [ \"$(ps -o ppid= -p $$ | tr -d \" \")\" != '$$' ]; do sleep 0.1; done; {ask} >$PROBE/orphan 2>&1; echo $$ >$PROBE/orphan-id; echo >$PROBE/asked' &)
until [ -e \"$PROBE/asked\" ] && [ -e \"$PROBE/go\" ]; do sleep 0.1; done",
        ask = ask.replace('\'', "'\\''"),
    );
    let run = cloud.sandbox.spawn(&["auth", "exec", "-i", "data-admin", "--", "sh", "-c", &script]);
    wait_until("an orphan of the run has asked", Duration::from_mins(1), || {
        cloud.probes().join("asked").exists().then_some(())
    });
    let orphan = std::fs::read_to_string(cloud.probes().join("orphan")).unwrap();
    assert!(orphan.contains(&cloud.last_key_of("DataOps")), "{orphan}");
    // Whoever adopts processes has to let them go: others may wait for their end.
    let id = std::fs::read_to_string(cloud.probes().join("orphan-id")).unwrap();
    wait_until("the orphan has gone", Duration::from_secs(30), || {
        (!Path::new("/proc").join(id.trim()).exists()).then_some(())
    });
    let socket = std::fs::read_to_string(cloud.probes().join("socket")).unwrap();
    let stranger = cloud.sandbox.atmos(&["auth", "process", "-i", "data-admin", "--socket", socket.trim()]);
    let stranger = stranger.exits(1).says("has not started the process that asks");
    assert_eq!(stranger.stdout, "");
    std::fs::write(cloud.probes().join("go"), "").unwrap();
    run.wait().success().says("a process that this run has not started asked for identity");
}

#[test]
fn what_others_could_read_is_narrowed() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let cache = cloud.sandbox.home().join(".cache/atmos/auth");
    std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o755)).unwrap();
    cloud.sandbox.atmos(&["auth", "whoami", "-i", "data-admin"]).success();
    assert_eq!(mode(&cache), 0o700);
    let script = "umask 000; exec \"$@\"";
    let mut command = cloud.sandbox.command("/bin/sh");
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_atmos")]);
    command.args(["list", "stacks", "--logs-file", "log", "--logs-level", "Debug"]);
    cloud.sandbox.start(command, "").wait().success();
    assert_eq!(mode(&cloud.sandbox.repo().join("log")), 0o600);
}

#[test]
fn secrets_in_urls_and_settings_are_not_shown() {
    let sandbox = Sandbox::scenario("identity-resolution");
    let portal = "    corp: {kind: aws/iam-identity-center, region: eu-west-1, start_url: \"https://me:hunter22@acme.test/start\", \
                  spec: {client_secret: s3cr3t-value, endpoint_url: \"https://me:hunter22@x.test\"}}\n";
    let identity = "    real: {kind: aws/permission-set, env: {API_TOKEN: s3cr3t-value}, via: {provider: corp}, \
                    principal: {name: A, account: {id: \"111111111111\"}}}\n";
    let settings = sandbox
        .read("atmos.yaml")
        .replace("  identities:\n", &format!("  identities:\n{identity}"))
        .replace("  providers:\n", &format!("  providers:\n{portal}"));
    sandbox.write("atmos.yaml", &settings);
    sandbox
        .write("stacks/orgs/remote.yaml", "import: ['git::https://me:hunter22@acme.test/x']\nvars: {stage: remote}\n");
    sandbox.write("other/atmos.yaml", "import: ['https://me:hunter22@acme.test/x.yaml']\n");
    for command in [
        // The stack with the import is left out, and it is said why. What is written in `auth` is shown as it is written.
        &["describe", "stacks", "--sections", "vars"][..],
        &["describe", "component", "app", "-s", "remote"],
        &["--config", "other/atmos.yaml", "list", "stacks"],
        &["auth", "validate"],
        &["auth", "whoami", "-i", "real"],
        &["auth", "list"],
        &["auth", "list", "-f", "json"],
        &["auth", "list", "-f", "yaml"],
        &["auth", "list", "-f", "table"],
    ] {
        let outcome = sandbox.atmos(command);
        let all = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!all.contains("hunter22") && !all.contains("s3cr3t-value"), "{outcome}");
    }
}

#[test]
fn silence_of_the_portal_is_said_and_bounded() {
    let mut cloud = Cloud::start(&[]);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    cloud.sandbox.set("AWS_ENDPOINT_URL_SSO_OIDC", &url);
    let outcome = cloud.login("data-admin").exits(1).says("waiting for").says(&url).says("cannot reach");
    assert!(outcome.elapsed < Duration::from_secs(40), "{outcome}");
}

/// The files of the README's example, by the name in their first line.
#[test]
fn example_of_the_readme_runs_as_pasted() {
    let sandbox = Sandbox::scenario("identity-resolution");
    std::fs::remove_dir_all(sandbox.repo().join("stacks")).unwrap();
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let files = readme.split("```yaml\n# ").skip(1).map(|block| block.split("```").next().unwrap());
    for (name, text) in files.filter_map(|block| block.split_once('\n')) {
        sandbox.write(name, text);
    }
    sandbox.write("components/terraform/database/main.tf", "");
    let validate = sandbox.atmos(&["auth", "validate"]).success();
    assert!(!validate.mentions("warning") && !validate.stderr.contains('⚠'), "{validate}");
    let component = sandbox.atmos(&["describe", "component", "database", "-s", "prod", "-f", "json"]).success();
    assert_eq!(component.json()["settings"]["auth"]["identity"], "data-admin", "{component}");
    // It gets as far as the portal that the example names.
    sandbox.atmos(&["terraform", "plan", "database", "-s", "prod"]).exits(2).says("signing in to provider `corp`");
}

#[test]
fn login_that_is_not_kept_says_so_and_exec_says_what_it_exports() {
    let mut cloud = Cloud::start(&[]);
    cloud.sandbox.set("ATMOS_KEYRING_TYPE", "memory");
    cloud.login("data-admin").success().says("nothing of this login is kept");
    let help = cloud.sandbox.atmos(&["auth", "exec", "--help"]).success();
    assert!(help.stdout.contains("ATMOS_IDENTITY too"), "{help}");
}
