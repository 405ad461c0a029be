//! Providers and identities of a stack: every `auth` command gets at them by `-s` and `-c`, and what a run advises is a line
//! that can be typed as it is.

use serde_json::json;

use super::who::repository;
use crate::support::{Cloud, DEVICE, FIRST_ID, FIRST_SECRET, Outcome, Sandbox, Tmux, Users};

const PROD: &str = r#"
import: [./_defaults, catalog/all]
vars: {stage: prod}
auth:
  providers:
    corp2: {kind: aws/iam-identity-center, region: eu-central-1, start_url: "https://other.test/start"}
  identities:
    of stack: {kind: aws/permission-set, via: {provider: corp2}, principal: {name: ReadOnly, account: {name: production}}}
components:
  terraform:
    dns:
      auth:
        identities:
          own: {kind: aws/permission-set, default: true, via: {provider: corp2}, principal: {name: "{{ .vars.role }}", account: {name: network}}}
      vars: {role: NetOps}
"#;

fn cloud() -> Cloud {
    let cloud = Cloud::start(&[]);
    cloud.sandbox.write("stacks/orgs/acme/prod.yaml", PROD);
    let settings = cloud.sandbox.read("atmos.yaml") + "\ntemplates: {settings: {enabled: true}}\n";
    cloud.sandbox.write("atmos.yaml", &settings);
    cloud
}

/// As somebody at a terminal.
fn at_terminal(cloud: &Cloud, args: &[&str]) -> Outcome {
    cloud.sandbox.atmos_with(&[("ATMOS_FORCE_TTY", "true")], args)
}

/// The first line in backticks that an error advises, as words.
#[track_caller]
fn advised(outcome: &Outcome) -> Vec<String> {
    let text = outcome.stderr.split_once("`atmos ").unwrap_or_else(|| panic!("nothing is advised\n{outcome}")).1;
    shell_words::split(text.split('`').next().unwrap()).unwrap()
}

/// What a line that was advised does, for somebody at a terminal.
fn follow(cloud: &Cloud, outcome: &Outcome) -> Outcome {
    let words = advised(outcome);
    let words: Vec<&str> = words.iter().map(String::as_str).chain(["--no-browser"]).collect();
    at_terminal(cloud, &words)
}

#[test]
fn what_a_run_advises_signs_in_to_a_provider_of_the_stack() {
    let cloud = cloud();
    let run = ["terraform", "plan", "dns", "-s", "prod", "-i", "of stack"];
    let told = cloud.sandbox.atmos(&run).exits(2).says("`atmos auth login -s prod --provider corp2`");
    follow(&cloud, &told).success().says("corp2");
    cloud.sandbox.atmos(&run).success();
    // Without the stack nobody knows it.
    cloud.sandbox.atmos(&["auth", "login", "--provider", "corp2"]).exits(1).says("provider not found: `corp2`");
    cloud.assert_clean();
}

#[test]
fn every_auth_command_knows_the_identities_of_a_stack() {
    let cloud = cloud();
    let told = cloud.sandbox.atmos(&["auth", "exec", "-s", "prod", "-i", "of stack", "--", "true"]).exits(2);
    assert_eq!(advised(&told), ["auth", "login", "-s", "prod", "--provider", "corp2"]);
    at_terminal(&cloud, &["auth", "login", "--no-browser", "-s", "prod", "-i", "of stack"]).success().says("of stack");
    let atmos = |args: &[&str]| cloud.sandbox.atmos(&[&["auth"], args, &["-s", "prod", "-i", "of stack"]].concat());
    let whoami = atmos(&["whoami", "-o", "json"]).success().json();
    assert_eq!((&whoami["identity"], &whoami["account"]), (&json!("of stack"), &json!("777777777777")));
    assert!(atmos(&["process"]).success().json()["AccessKeyId"].is_string());
    let shell = ["auth", "exec", "-s", "prod", "-i", "of stack", "--", "sh", "-c", "echo $ATMOS_IDENTITY $AWS_PROFILE"];
    assert!(cloud.sandbox.atmos(&shell).success().stdout.contains("of stack"));
    let shell = ["auth", "shell", "-s", "prod", "-i", "of stack", "--shell", "sh", "--", "-c", "echo $ATMOS_IDENTITY"];
    assert!(cloud.sandbox.atmos(&shell).success().stdout.contains("of stack"));
    atmos(&["refresh"]).success().says("of stack");
    let list = cloud.sandbox.atmos(&["auth", "list", "-s", "prod"]).success();
    assert!(list.stdout.contains("corp2") && list.stdout.contains("of stack"), "{list}");
    let all = cloud.sandbox.atmos(&["auth", "whoami", "--all", "-s", "prod"]).success().says("of stack");
    assert!(!all.mentions("own"), "{all}");
    let doctor = cloud.sandbox.atmos(&["auth", "doctor", "--offline", "-s", "prod"]);
    assert!(doctor.stdout.contains("corp2"), "{doctor}");
    // The helper that `auth env` leaves finds the way by itself.
    let env = atmos(&["env", "--format", "json"]).success().json();
    let config = std::fs::read_to_string(env["AWS_CONFIG_FILE"].as_str().unwrap()).unwrap();
    let helper = config.lines().find_map(|line| line.strip_prefix("credential_process = ")).unwrap();
    assert!(helper.contains("--stack prod"), "{config}");
    let mut helper = cloud.sandbox.command(shell_words::split(helper).unwrap().first().unwrap());
    let words = shell_words::split(config.lines().find_map(|line| line.strip_prefix("credential_process = ")).unwrap());
    helper.args(&words.unwrap()[1..]).current_dir("/");
    assert!(cloud.sandbox.start(helper, "").wait().success().json()["AccessKeyId"].is_string());
    let out = cloud.sandbox.atmos(&["auth", "logout", "of stack", "-s", "prod"]).success();
    assert!(
        !std::fs::read_to_string(env["AWS_CONFIG_FILE"].as_str().unwrap()).unwrap_or_default().contains("process"),
        "{out}"
    );
    atmos(&["whoami"]).success();
    cloud.sandbox.atmos(&["auth", "logout", "--provider", "corp2", "-s", "prod"]).success();
    assert_eq!(cloud.portal.count("Logout"), 1);
    cloud.sandbox.atmos(&["auth", "process", "-s", "prod", "-i", "of stack"]).exits(2);
    cloud.assert_clean();
}

#[test]
fn a_component_brings_its_own_identities_and_its_setting() {
    let cloud = cloud();
    let told = cloud.sandbox.atmos(&["terraform", "plan", "dns", "-s", "prod"]).exits(2);
    assert_eq!(advised(&told), ["auth", "login", "-s", "prod", "--provider", "corp2"]);
    follow(&cloud, &told).success();
    let whoami = |args: &[&str]| cloud.sandbox.atmos(&[&["auth", "whoami", "-o", "json"], args].concat());
    let own = whoami(&["-s", "prod", "-c", "dns"]).success().json();
    assert_eq!((&own["identity"], &own["account"]), (&json!("own"), &json!("333333333333")));
    // The setting of the component, as in a run of it.
    cloud.login("network-admin").success();
    assert_eq!(whoami(&["-s", "prod", "-c", "vpc"]).success().json()["identity"], json!("network-admin"));
    whoami(&["-s", "prod", "-i", "own"]).exits(1).says("identity not found: `own`").says("`atmos auth list -s prod`");
    whoami(&["-s", "prd"]).exits(1).says("no such stack: `prd`").says("did you mean the stack `prod`?");
    whoami(&["-s", "prod", "-c", "nope"]).exits(1).says("nope");
    whoami(&["-c", "dns"]).exits(1).says("--stack");
    // `explain` takes the component as every other command does.
    let explained = cloud.sandbox.atmos(&["auth", "explain", "dns", "-s", "prod"]).success();
    assert!(explained.stdout.contains("own"), "{explained}");
    cloud.sandbox.atmos(&["auth", "explain", "-s", "prod"]).exits(1);
}

#[test]
fn advice_leads_to_the_configuration_of_the_call() {
    let mut cloud = cloud();
    let profile = "auth: {providers: {pp: {kind: aws/iam-identity-center, region: eu-west-1, start_url: 'https://pp.test/start'}}, \
                   identities: {pid: {kind: aws/permission-set, via: {provider: pp}, principal: {name: ReadOnly, account: {name: \
                   production}}}, dev user: {kind: aws/user}}}\n";
    cloud.sandbox.write("profiles/p/atmos.yaml", profile);
    let told = cloud.sandbox.atmos(&["--profile", "p", "auth", "exec", "-i", "pid", "--", "true"]).exits(2);
    assert_eq!(advised(&told), ["--profile", "p", "auth", "login", "--provider", "pp"]);
    follow(&cloud, &told).success();
    let told = cloud.sandbox.atmos_with(&[("ATMOS_PROFILE", "p")], &["auth", "process", "-i", "dev user"]).exits(1);
    told.says("`atmos --profile p auth user configure -i 'dev user'`");
    let repo = cloud.sandbox.repo().display().to_string();
    cloud.sandbox.remove("ATMOS_BASE_PATH");
    let mut elsewhere = cloud.sandbox.atmos_command(&["--chdir", &repo, "auth", "process"]);
    elsewhere.current_dir("/");
    let told = cloud.sandbox.start(elsewhere, "").wait().exits(2);
    assert_eq!(advised(&told), ["--chdir", &repo, "auth", "login", "--provider", "corp"]);
    let config = format!("{repo}/atmos.yaml");
    let told = cloud.sandbox.atmos(&["--config", &config, "--error-format=json", "auth", "process"]).exits(2);
    let error: serde_json::Value = serde_json::from_str(told.stderr.trim()).unwrap();
    let hint = error["hints"][0].as_str().unwrap();
    assert!(hint.contains(&format!("`atmos --config {config} auth login --provider corp`")), "{hint}");
}

#[test]
fn the_helper_of_a_run_works_in_a_directory_that_was_removed() {
    let cloud = Cloud::start(&[]);
    cloud.login("reader").success();
    let script = "set -e; helper=$(sed -n 's/^credential_process = //p' \"$AWS_CONFIG_FILE\" | head -1)\n\
                  mkdir gone; cd gone; rmdir ../gone; eval \"$helper\"";
    let told = cloud.sandbox.atmos(&["auth", "exec", "-i", "reader", "--", "sh", "-c", script]).success();
    assert!(told.json()["AccessKeyId"].is_string());
}

#[test]
fn the_identity_may_stand_before_the_command() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let whoami = cloud.sandbox.atmos(&["auth", "-i", "data-admin", "whoami", "-o", "json"]).success().json();
    assert_eq!(whoami["identity"], json!("data-admin"));
    let told = cloud.sandbox.atmos(&["auth", "exec", "reader", "--", "aws", "s3", "ls"]).exits(1);
    told.says("did you mean `atmos auth exec -i reader -- aws s3 ls`?");
}

fn import(sandbox: &Sandbox, key: &serde_json::Value, more: &[&str]) -> Outcome {
    let words = [&["auth", "user", "import", "-i", "worker", "--from-stdin"], more].concat();
    sandbox.start(sandbox.atmos_command(&words), &key.to_string()).wait()
}

#[test]
fn the_device_of_another_user_is_not_kept_with_a_key() {
    let users = Users::start(&json!({}));
    let key = |id: &str, device: serde_json::Value| {
        let mut key = json!({"access_key_id": id, "secret_access_key": FIRST_SECRET});
        if device != json!(0) {
            key["mfa_arn"] = device;
        }
        key
    };
    import(&users.sandbox, &key(FIRST_ID, json!(DEVICE)), &[]).success();
    // The same key once more: nothing is said, and the device stays.
    import(&users.sandbox, &key(FIRST_ID, json!(0)), &[]).success().says_not("MFA device");
    users.sandbox.atmos(&["auth", "login"]).exits(1).says("MFA code required");
    // Nobody can say whose another key is.
    let other = key("AKIAOTHERKEYOFWORKER", json!(0));
    import(&users.sandbox, &other, &["--no-verify"]).success().says(DEVICE).says("is kept").says("--mfa-arn");
    // Said to be none.
    for (device, more) in [(json!(""), &["--no-verify"][..]), (json!(null), &[]), (json!(0), &["--mfa-arn", ""])] {
        import(&users.sandbox, &key(FIRST_ID, json!(DEVICE)), &[]).success();
        import(&users.sandbox, &key(FIRST_ID, device), more).success().says_not("MFA device");
        users.sandbox.atmos(&["auth", "login", "--force"]).success();
    }
    // A device of another account.
    let elsewhere = DEVICE.replace("111111111111", "999999999999");
    let unknown = key("AKIAOTHERKEYOFWORKER", json!(elsewhere));
    import(&users.sandbox, &unknown, &["--no-verify"]).success();
    import(&users.sandbox, &key(FIRST_ID, json!(0)), &[]).success().says("is not kept").says("another account");
    users.sandbox.atmos(&["auth", "login", "--force"]).success();
}

#[test]
fn a_rotation_takes_other_identities_with_the_same_key_along() {
    let users = Users::start(&json!({}));
    users.configure("  identities:\n", "  identities:\n    twin: {kind: aws/user}\n");
    for name in ["worker", "twin"] {
        users.import_with(&["-i", name]).success();
    }
    users.sandbox.atmos(&["auth", "user", "rotate", "-i", "worker"]).success().says("twin had the same key");
    for name in ["worker", "twin"] {
        users.sandbox.atmos(&["auth", "login", "-i", name, "--force"]).success();
    }
    let text =
        format!("twin: {{kind: aws/user, credentials: {{access_key_id: {}, secret_access_key: x}}}}", users.keys()[0]);
    users.configure("twin: {kind: aws/user}", &text);
    users.sandbox.atmos(&["auth", "user", "rotate", "-i", "worker"]).exits(1).says("identity `twin` has the same key");
}

#[test]
fn a_shell_that_suspends_itself_gives_the_terminal_back() {
    let sandbox = repository("{}");
    let tmux = Tmux::start(&sandbox, "PS1='outer> ' exec bash --norc -i", 120, 30);
    tmux.shows(&["outer>"]);
    let shell = format!("{} auth shell -i data --shell bash -- --norc -i", env!("CARGO_BIN_EXE_atmos"));
    tmux.press(&[&shell, "Enter"]);
    tmux.shows(&["entering a shell as data"]);
    tmux.press(&["suspend", "Enter"]);
    tmux.shows(&["Stopped"]);
    tmux.press(&["echo still-${ATMOS_IDENTITY:-nobody}", "Enter"]);
    tmux.shows(&["still-nobody"]);
    tmux.press(&["fg", "Enter"]);
    tmux.press(&["echo again-$ATMOS_IDENTITY", "Enter"]);
    tmux.shows(&["again-data"]);
    tmux.press(&["exit 4", "Enter"]);
    tmux.shows(&["left the shell of data"]);
    tmux.press(&["echo status-$?", "Enter"]);
    tmux.shows(&["status-4"]);
}
