//! `auth shell` and `auth console`.

use serde_json::json;

use crate::support::{Cloud, Terminal, Users};

#[test]
fn shell_has_the_identity_and_ends_with_its_own_status() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let script = "echo $AWS_PROFILE $ATMOS_IDENTITY $ATMOS_SHLVL $ATMOS_AUTH_PROMPT $ATMOS_KEYRING_PASSWORD-; exit 5";
    let shell = ["auth", "shell", "-i", "data-admin", "--shell", "/bin/sh", "--", "-c", script];
    let seen = cloud.sandbox.atmos_with(&[("ATMOS_SHLVL", "2")], &shell).exits(5);
    assert_eq!(seen.stdout.trim(), "data-admin data-admin 3 data-admin -", "{seen}");
    let seen = seen.says("entering a shell as data-admin (corp)").says("left the shell of data-admin (corp)");
    assert!(!seen.stderr.contains("subcommand exited"), "{seen}");
    cloud.sandbox.atmos(&["auth", "shell", "-i", "data-admin", "word"]).exits(1).says("word");
    cloud.sandbox.atmos(&["auth", "shell", "--identity=false"]).exits(1).says("authentication is disabled");
    let missing = ["auth", "shell", "-i", "data-admin", "--shell", "no-such-shell"];
    assert_ne!(cloud.sandbox.atmos(&missing).code(), 0);
    // It needs no stacks.
    std::fs::remove_dir_all(cloud.sandbox.repo().join("stacks")).unwrap();
    cloud.sandbox.atmos(&["auth", "shell", "-i", "data-admin", "--shell", "/bin/sh", "--", "-c", "true"]).success();
    cloud.assert_clean();
}

#[test]
fn shell_without_arguments_is_a_login_shell_at_the_terminal() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let mut command = cloud.sandbox.atmos_command(&["auth", "shell", "-i", "data-admin"]);
    command.env("SHELL", "/bin/bash").env("PS1", "ready> ");
    let mut terminal = Terminal::start(command);
    terminal.expect("entering a shell");
    terminal.type_line("shopt -q login_shell && echo who=$AWS_PROFILE");
    terminal.expect("who=data-admin");
    terminal.type_line("exit 4");
    let (code, seen) = terminal.finish();
    assert_eq!(code, 4, "{seen}");
    cloud.assert_clean();
}

#[test]
fn console_prints_the_address_and_nothing_else() {
    let users = Users::start(&json!({}));
    users.import().success();
    let print = |args: &[&str]| {
        let all = [&["auth", "console", "-i", "deploy", "--print-only"], args].concat();
        users.sandbox.atmos(&all)
    };
    let seen = print(&["--destination", "s3", "--duration", "2h", "--issuer", "acme"]).success();
    let url = seen.stdout.trim();
    let start = format!(
        "{}/federation?Action=login&Issuer=acme&Destination=https%3A%2F%2Fconsole.aws.amazon.com%2Fs3&SigninToken=",
        users.url
    );
    assert!(url.starts_with(&start) && seen.stdout.lines().count() == 1, "{seen}");
    assert!(users.log().contains(&"getSigninToken 7200".to_owned()), "{:?}", users.log());
    print(&["--destination", "lamda"]).exits(1).says("unknown destination `lamda`; did you mean `lambda`?");
    print(&["--duration", "soon"]).exits(1).says("invalid session duration `soon`");
    // A service that refuses a length is asked without one.
    users.control(&json!({"refuse_length": true}));
    print(&[]).success();
    users.assert_clean();
}

#[test]
fn console_shows_no_key_when_the_service_fails() {
    let users = Users::start(&json!({"signin_status": 503}));
    users.import().success();
    let print = ["auth", "console", "-i", "deploy", "--print-only"];
    let seen = users.sandbox.atmos_with(&[("ATMOS_LOGS_LEVEL", "Trace")], &print).exits(1).says("HTTP status 503");
    users.scanner().assert_absent("errors", format!("{}{}", seen.stdout, seen.stderr).as_bytes());
    let nobody = [("ATMOS_AWS_SIGNIN_ENDPOINT", "http://127.0.0.1:9")];
    let seen = users.sandbox.atmos_with(&nobody, &print).exits(1).says("cannot reach");
    users.scanner().assert_absent("errors", format!("{}{}", seen.stdout, seen.stderr).as_bytes());
    users.sandbox.write("atmos.yaml", "auth: {identities: {m: {kind: mock, default: true}}}\n");
    users.sandbox.atmos(&["auth", "console"]).exits(1).says("kind mock");
}

#[test]
fn isolated_console_gives_each_identity_a_browser_profile_and_no_program_the_address() {
    let mut users = Users::start(&json!({}));
    users.import().success();
    let browser = users.sandbox.root().join("browser");
    let notes = users.sandbox.root().join("notes");
    // Comes to the address that it was given, as a browser would, and notes what it was told.
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >>{0}\nfor word; do :; done\ncurl -s -o /dev/null -w '%{{redirect_url}}' \"$word\" >{1}\n",
        notes.display(),
        users.sandbox.root().join("came").display()
    );
    std::fs::write(&browser, script).unwrap();
    let mut mode = std::fs::metadata(&browser).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    std::fs::set_permissions(&browser, mode).unwrap();
    users.sandbox.set("ATMOS_BROWSER", &browser);
    for identity in ["deploy", "audit"] {
        users
            .sandbox
            .atmos(&["auth", "console", "-i", identity, "--isolated"])
            .success()
            .says("signed in to the console");
    }
    let text = std::fs::read_to_string(&notes).unwrap();
    let profiles: std::collections::BTreeSet<&str> =
        text.lines().filter(|line| line.starts_with("--user-data-dir=")).collect();
    assert_eq!(profiles.len(), 2, "{text}");
    users.scanner().assert_absent("the arguments of the browser", text.as_bytes());
    let came = users.sandbox.root().join("came");
    crate::support::wait_until("the browser has come", std::time::Duration::from_secs(10), || {
        std::fs::read_to_string(&came).ok().filter(|text| text.contains("SigninToken="))
    });
    std::fs::remove_file(&came).unwrap();
    users.sandbox.set("ATMOS_BROWSER", "no-such-browser");
    users.sandbox.atmos(&["auth", "console", "-i", "deploy", "--isolated"]).exits(1).says("no-such-browser");
    let folder = |at: usize| {
        let line = text.lines().filter(|line| line.starts_with("--user-data-dir=")).nth(at).unwrap();
        std::path::PathBuf::from(line.trim_start_matches("--user-data-dir="))
    };
    let (deploy, audit) = (folder(0), folder(1));
    users.sandbox.atmos(&["auth", "logout", "deploy", "--dry-run"]).success().says(&deploy.display().to_string());
    users.sandbox.atmos(&["auth", "logout", "deploy"]).success().says("the browser's profile");
    assert!(!deploy.exists() && audit.is_dir());
    // A browser that is still open has the session in its hands, and would write it down again.
    let lock = audit.join("SingletonLock");
    std::os::unix::fs::symlink(format!("machine-{}", std::process::id()), &lock).unwrap();
    users.sandbox.atmos(&["auth", "logout", "audit"]).exits(1).says("a browser is open with it");
    std::fs::remove_file(&lock).unwrap();
    users.sandbox.atmos(&["auth", "logout", "--all"]).success();
    assert!(!audit.exists());
    users.assert_clean();
}
