//! What stands in the way of authentication: pipes for files, links for locks, modes that let others in, long chains.

use std::fmt::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use crate::support::Sandbox;

const ATMOS: &str = "base_path: .\nstacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}\n\
                     auth:\n  realm: robust\n  identities:\n    \
                     mine: {kind: aws/credential-process, default: true, credentials: {process: ./keys.sh}}\n    \
                     user: {kind: aws/user}\n";

fn repository() -> Sandbox {
    let sandbox = Sandbox::empty().with_file_keyring();
    sandbox.write("atmos.yaml", ATMOS);
    sandbox.write("stacks/dev.yaml", "vars: {stage: dev}\ncomponents: {terraform: {a: {}}}\n");
    let answer = r#"{"Version":1,"AccessKeyId":"ASIAIOSFODNN7EXAMPLE","SecretAccessKey":"k","SessionToken":"t","Expiration":"2099-01-01T00:00:00Z"}"#;
    let script = sandbox.repo().join("keys.sh");
    std::fs::write(&script, format!("#!/bin/sh\necho '{answer}'\n")).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox
}

fn pipe(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn cache_files(sandbox: &Sandbox) -> Vec<PathBuf> {
    let folder = sandbox.home().join(".cache/atmos/auth");
    Sandbox::files_below(&folder).into_iter().map(|name| folder.join(name)).collect()
}

#[test]
fn pipes_are_refused_where_files_are_wanted() {
    let sandbox = repository();
    let path = sandbox.repo().join("pipe");
    pipe(&path);
    let env = [("ATMOS_AUTH_AUDIT_FILE", path.to_str().unwrap())];
    sandbox.atmos_with(&env, &["auth", "exec", "--", "true"]).exits(1).says("it is not a regular file");
    let import = ["auth", "user", "import", "-i", "user", "--from-file", "pipe"];
    sandbox.atmos(&import).exits(1).says("--from-stdin");
}

#[test]
fn links_in_place_of_locks_are_refused_by_name_and_never_written() {
    let sandbox = repository();
    sandbox.atmos(&["auth", "exec", "--", "true"]).success();
    let target = sandbox.repo().join("precious");
    std::fs::write(&target, "precious").unwrap();
    let locks: Vec<PathBuf> =
        cache_files(&sandbox).into_iter().filter(|path| path.extension().is_some_and(|end| end == "lock")).collect();
    assert!(locks.len() >= 2, "{locks:?}");
    for lock in &locks {
        std::fs::remove_file(lock).unwrap();
        symlink(&target, lock).unwrap();
    }
    let outcome = sandbox.atmos(&["auth", "login", "--force"]).exits(1).says("symbolic link");
    assert!(locks.iter().any(|lock| outcome.stderr.contains(lock.to_str().unwrap())), "{outcome}");
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious");
}

#[test]
fn modes_that_let_others_in_are_shown_and_narrowed() {
    let sandbox = repository();
    sandbox.atmos(&["auth", "exec", "--", "true"]).success();
    let files = cache_files(&sandbox);
    for file in &files {
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let doctor = sandbox.atmos(&["auth", "doctor", "--offline"]).success();
    for file in &files {
        for phrase in
            [format!("`{}` lets others in (mode 644)", file.display()), format!("chmod 600 '{}'", file.display())]
        {
            assert!(doctor.stdout.contains(&phrase), "{phrase}: {doctor}");
        }
    }
    sandbox.atmos(&["auth", "login", "--force"]).success();
    for file in &files {
        if file.extension().is_none() {
            assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
        }
    }
}

#[test]
fn chains_of_thousands_are_validated_and_the_names_in_the_way_are_said() {
    let sandbox = repository();
    let mut text = format!("{ATMOS}    i0: {{kind: mock, default: false}}\n");
    for at in 1..3000 {
        let _ = writeln!(
            text,
            "    i{at}: {{kind: aws/assume-role, via: {{identity: i{}}}, principal: {{assume_role: 'arn:aws:iam::111111111111:role/r{at}'}}}}",
            at - 1
        );
    }
    sandbox.write("atmos.yaml", &text);
    sandbox.atmos(&["auth", "validate", "--stacks"]).success();
    for format in ["tree", "table"] {
        let outcome = sandbox.atmos(&["auth", "list", "--format", format]).success();
        assert!(outcome.stdout.contains("i2999") && outcome.stdout.len() < 5_000_000, "{}", outcome.stdout.len());
    }
    let long = "x".repeat(70_000);
    let name = format!(
        "{{kind: aws/permission-set, via: {{provider: p}}, principal: {{name: {long}, account: {{id: '111111111111'}}}}}}"
    );
    let portal = "providers: {p: {kind: aws/iam-identity-center, region: eu-west-1, start_url: 'http://127.0.0.1:1'}}";
    sandbox.write("atmos.yaml", &format!("auth:\n  {portal}\n  identities: {{long: {name}}}\n"));
    for words in [&["auth", "validate"][..], &["auth", "whoami", "-i", "long"]] {
        let outcome = sandbox.atmos(words).exits(2).says("the permission set name has 70000 characters");
        assert!(outcome.stderr.len() < 10_000, "{}", outcome.stderr.len());
    }
}

#[test]
fn operations_that_do_not_exist_and_settings_that_are_replaced_are_said() {
    let sandbox = repository();
    sandbox.write(
        "stacks/dev.yaml",
        "vars: {stage: dev}\nsettings: {auth: {identity: user}}\n\
         components: {terraform: {a: {settings: {auth: {identity: {write: user}}}}, b: {settings: {auth: {identity: '{{ .vars.who }}-admin'}}}}}\n",
    );
    let explain = |more: &[&str]| sandbox.atmos(&[&["auth", "explain", "-s", "dev", "-c", "a"], more].concat());
    explain(&["--operation", "aply"]).exits(1).says("did you mean `apply`?");
    let text = explain(&[]).success();
    assert!(text.stdout.contains("stacks/dev.yaml:2:"), "{text}");
    sandbox
        .atmos(&["auth", "explain", "-s", "dev", "-c", "b"])
        .exits(1)
        .says("set `templates.settings.enabled: true` in atmos.yaml");
}

#[test]
fn what_lists_show_has_no_values_of_variables_and_no_passwords() {
    let sandbox = repository();
    let text = ATMOS.replace("user: {kind: aws/user}", "user: {kind: aws/user, env: {FOO: hunter22}}");
    sandbox.write("atmos.yaml", &format!("{text}env: {{URL: 'https://me:hunter22@x.example/v'}}\n"));
    for words in [&["auth", "list", "-f", "json"][..], &["auth", "list", "-f", "yaml"], &["describe", "config"]] {
        let outcome = sandbox.atmos(words).success();
        assert!(words[0] == "describe" || outcome.stdout.contains("FOO"), "{outcome}");
        assert!(words[0] == "describe" || !outcome.stdout.contains("hunter22"), "{outcome}");
        assert!(!outcome.stdout.contains("me:hunter22"), "{outcome}");
    }
}

#[test]
fn a_realm_that_is_none_is_blamed_on_the_flag() {
    let sandbox = repository();
    sandbox.atmos(&["auth", "process", "--realm", "../x", "-i", "mine"]).exits(1).says("from --realm");
}
