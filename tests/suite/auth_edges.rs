//! Around the logins: configurations that only a variable or a profile names, keyrings that are new or damaged, what a
//! command leaves behind, what cannot be started or written down.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use crate::support::{Cloud, Sandbox, Terminal, wait_until};

const PASSWORD: &str = "correct horse battery";

/// The line that `auth env` writes for other programs when it is called from `directory`.
fn line_of(cloud: &Cloud, directory: &PathBuf) -> String {
    let mut command = cloud.sandbox.atmos_command(&["auth", "env", "-i", "data-admin", "-f", "json"]);
    command.current_dir(directory).env("ATMOS_CLI_CONFIG_PATH", cloud.sandbox.repo());
    let seen = cloud.sandbox.start(command, "").wait().success().json();
    let config = std::fs::read_to_string(seen["AWS_CONFIG_FILE"].as_str().expect("a path")).expect("a file");
    let line = config.lines().find_map(|line| line.strip_prefix("credential_process = "));
    line.unwrap_or_else(|| panic!("no line in {config}")).to_owned()
}

/// What an SDK does with the line, wherever it runs.
#[track_caller]
fn assert_gives_keys(cloud: &Cloud, line: &str) {
    let mut command = cloud.sandbox.command("/bin/sh");
    command.args(["-c", line]).current_dir("/");
    let given = cloud.sandbox.start(command, "").wait().success();
    assert!(given.json()["AccessKeyId"].is_string(), "{line}\n{given}");
}

#[test]
fn line_of_auth_env_finds_the_configuration_that_a_variable_named() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let far = cloud.sandbox.root().join("far");
    std::fs::create_dir(&far).unwrap();
    let line = line_of(&cloud, &far);
    std::fs::remove_dir(&far).unwrap();
    assert_gives_keys(&cloud, &line);
    // What stands where somebody was lies below it, and is a part of the configuration then.
    std::fs::create_dir(&far).unwrap();
    std::fs::write(far.join("atmos.yaml"), "logs: {level: Warning}\n").unwrap();
    let line = line_of(&cloud, &far);
    assert!(line.contains(&format!("--chdir {}", far.display())), "{line}");
    assert_gives_keys(&cloud, &line);
}

#[test]
fn identity_of_a_profile_that_is_not_in_force_is_told_and_offered() {
    let cloud = Cloud::start(&[]);
    cloud.sandbox.write("profiles/dev/atmos.yaml", "auth:\n  identities:\n    devid: {kind: mock, alias: d}\n");
    cloud.sandbox.write("profiles/other/atmos.yaml", "auth:\n  identities:\n    devid: {default: false}\n");
    for args in [&["auth", "whoami", "-i", "devid"][..], &["terraform", "plan", "vpc", "-s", "dev", "-i", "D"]] {
        let refused = cloud.sandbox.atmos(args).exits(1);
        refused.says("identity not found").says("the profile `dev` defines").says("--profile dev");
    }
    cloud.sandbox.atmos(&["auth", "whoami", "-i", "devid", "--profile", "dev"]).success();
    let unknown = cloud.sandbox.atmos(&["auth", "whoami", "-i", "nobody"]).exits(1);
    assert!(!unknown.stderr.contains("profile"), "{unknown}");
    let whoami = ["auth", "whoami", "-i", "devid"];
    let mut terminal = Terminal::start(cloud.sandbox.atmos_command(&whoami));
    terminal.expect("Go on with the profile `dev`");
    terminal.type_line("y");
    let (code, seen) = terminal.finish();
    assert!(code == 0 && seen.contains("devid"), "{code} {seen}");
    let mut terminal = Terminal::start(cloud.sandbox.atmos_command(&whoami));
    terminal.expect("Go on with the profile `dev`");
    terminal.type_line("n");
    assert_eq!(terminal.finish().0, 1);
    // Who has chosen profiles is not asked.
    let chosen = [&whoami[..], &["--profile", "other"]].concat();
    let (code, seen) = Terminal::start(cloud.sandbox.atmos_command(&chosen)).finish();
    assert!(code == 1 && seen.contains("--profile dev") && !seen.contains("Go on"), "{code} {seen}");
}

#[test]
fn damaged_keyring_keeps_nobody_logged_in() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let home = cloud.sandbox.home().clone();
    let below = |folder: &str| -> Vec<PathBuf> {
        let files = Sandbox::files_below(&home).into_iter();
        files
            .filter(|path| path.to_string_lossy().contains(folder) && !path.to_string_lossy().contains("lock"))
            .collect()
    };
    for all in ["--all", "--all-realms"] {
        let keys = below("atmos/keyring/");
        assert!(!keys.is_empty() && !below("atmos/auth/").is_empty(), "{keys:?}");
        for path in &keys {
            std::fs::write(home.join(path), "").unwrap();
        }
        cloud.sandbox.atmos(&["auth", "logout", all]).success().says("damaged");
        assert_eq!(below("atmos/auth/"), Vec::<PathBuf>::new());
        for path in &keys {
            std::fs::remove_file(home.join(path)).unwrap();
        }
        cloud.login("data-admin").success();
    }
}

#[test]
fn one_identity_with_a_mistake_hides_no_other() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let settings = cloud.sandbox.read("atmos.yaml");
    let broken = "  identities:\n    broken: {kind: aws/permission-set, via: {provider: corp}}\n";
    cloud.sandbox.write("atmos.yaml", &settings.replacen("  identities:\n", broken, 1));
    let all = cloud.sandbox.atmos(&["auth", "whoami", "--all"]).success();
    all.says("data-admin").says("444444444444").says("permission set name is required");
    let json = cloud.sandbox.atmos(&["auth", "whoami", "--all", "-o", "json"]).success().json();
    let found: Vec<_> = json["identities"].as_array().unwrap().iter().map(|one| one["identity"].clone()).collect();
    assert!(found.contains(&"broken".into()) && found.contains(&"reader".into()), "{json}");
    cloud.sandbox.atmos(&["auth", "whoami", "--all", "--exit-code"]).exits(1);
}

#[test]
fn what_a_command_leaves_in_the_background_still_speaks_and_is_still_masked() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let root = cloud.sandbox.root().to_owned();
    let (go, done, log) = (root.join("go"), root.join("done"), root.join("log"));
    let script = "printf %s \"$AWS_SECRET_ACCESS_KEY\" >\"$TOP/key\"\n\
                  (until [ -e \"$TOP/go\" ]; do sleep 0.1; done; echo \"late $AWS_SECRET_ACCESS_KEY\" >&2; echo yes >\"$TOP/done\") &\n\
                  echo early >&2";
    let words = ["auth", "exec", "-i", "data-admin", "--delivery", "env", "--", "sh", "-c", script];
    let mut command = cloud.sandbox.atmos_command(&words);
    command.env("TOP", &root).stdout(std::process::Stdio::null()).stderr(File::create(&log).unwrap());
    assert!(command.status().unwrap().success());
    std::fs::write(&go, "").unwrap();
    wait_until("the background", Duration::from_mins(1), || done.exists().then_some(()));
    let text = wait_until("its words", Duration::from_mins(1), || {
        std::fs::read_to_string(&log).ok().filter(|text| text.contains("late"))
    });
    let key = std::fs::read_to_string(root.join("key")).unwrap();
    assert!(!key.is_empty() && !text.contains(&key), "{text}");
    assert!(text.contains("early") && text.contains("late <MASKED>"), "{text}");
}

#[test]
fn new_password_of_the_keyring_is_asked_twice_and_a_known_one_once() {
    let mut cloud = Cloud::start(&[]);
    cloud.sandbox.remove("ATMOS_KEYRING_PASSWORD");
    let login = ["auth", "login", "--no-browser", "-i", "data-admin"];
    let mut terminal = Terminal::start(cloud.sandbox.atmos_command(&login));
    for (first, second) in [(PASSWORD, "correct horse batery"), (PASSWORD, PASSWORD)] {
        terminal.expect("New password for the atmos keyring");
        terminal.type_line(first);
        terminal.expect("The same password again");
        terminal.type_line(second);
    }
    let (code, seen) = terminal.finish();
    assert!(code == 0 && seen.contains("that is another one"), "{code} {seen}");
    let mut terminal = Terminal::start(cloud.sandbox.atmos_command(&["auth", "whoami", "-i", "data-admin"]));
    terminal.expect("Password of the atmos keyring");
    terminal.type_line(PASSWORD);
    let (code, seen) = terminal.finish();
    assert!(code == 0 && !seen.contains("again"), "{code} {seen}");
}

#[test]
fn shell_that_is_not_there_is_a_command_that_is_not_there() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    for (shell, code) in [("/nonexist", 127), ("/etc/passwd", 126)] {
        let refused = cloud.sandbox.atmos(&["auth", "shell", "-i", "data-admin", "--shell", shell]);
        refused.exits(code).says("process start failed").says("--shell");
    }
    cloud.assert_clean();
}

#[test]
fn audit_log_has_who_was_refused_before_anybody_was_chosen() {
    let cloud = Cloud::start(&[]);
    let log = cloud.sandbox.root().join("audit.jsonl");
    let logged = |args: &[&str]| {
        cloud.sandbox.atmos_with(&[("ATMOS_AUTH_AUDIT_FILE", log.to_str().unwrap())], args).exits(1);
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        text.lines().last().unwrap_or_default().to_owned()
    };
    let line = logged(&["auth", "exec", "-i", "nobody", "--", "true"]);
    assert!(
        line.contains("\"exec\"") && line.contains("\"nobody\"") && line.contains("auth::identity_not_found"),
        "{line}"
    );
    let line = logged(&["terraform", "plan", "vpc", "-s", "dev", "-i", "nobody"]);
    assert!(
        line.contains("\"run\"") && line.contains("\"vpc\"") && line.contains("auth::identity_not_found"),
        "{line}"
    );
    let settings = cloud.sandbox.read("atmos.yaml");
    cloud.sandbox.write("atmos.yaml", &settings.replacen("realm: scenario", "realm: scenario\n  min_ttl: [1]", 1));
    let line = logged(&["auth", "exec", "-i", "reader", "--", "true"]);
    assert!(line.contains("auth::malformed"), "{line}");
    // A home that only a shell knows is no directory of that name.
    let odd = [("ATMOS_AUTH_AUDIT_FILE", "~root/x")];
    cloud.sandbox.write("atmos.yaml", &settings);
    cloud.sandbox.atmos_with(&odd, &["auth", "exec", "-i", "nobody", "--", "true"]).exits(1).says("only `~/` is known");
    assert!(!cloud.sandbox.has("~root"));
}

#[test]
fn names_cannot_steer_the_terminal_of_who_lists_them() {
    let cloud = Cloud::start(&[]);
    let settings = cloud.sandbox.read("atmos.yaml");
    let odd = "  identities:\n    \"\\e[31mred\": {kind: mock}\n";
    cloud.sandbox.write("atmos.yaml", &settings.replacen("  identities:\n", odd, 1));
    for format in ["table", "tree"] {
        let listed = cloud.sandbox.atmos(&["auth", "list", "-f", format]).success();
        assert!(!listed.stdout.contains('\u{1b}') && listed.stdout.contains("\\u{1b}[31mred"), "{listed}");
    }
}
