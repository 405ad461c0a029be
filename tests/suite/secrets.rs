//! What others can see of this process: its environment, the files that it writes, the streams of its children.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;

use crate::support::{Cloud, Sandbox, ordinary_user};

const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn environment_of_the_parent_is_closed_to_children_and_theirs_is_open() {
    let sandbox = Sandbox::scenario("identity-resolution").with_file_keyring();
    let (uid, gid) = ordinary_user(&sandbox);
    let copy = sandbox.root().join("atmos");
    let program = if copy.exists() { copy } else { env!("CARGO_BIN_EXE_atmos").into() };
    // The child looks at its parent as anybody of the same user could, then at itself; and the standard streams still work.
    let script = "tr '\\0' '\\n' </proc/$PPID/environ; echo own; tr '\\0' '\\n' </proc/$$/environ | grep ^AWS_PROFILE";
    let run = |args: &[&str]| {
        let mut command = sandbox.command(&program);
        command.args(args).uid(uid).gid(gid);
        sandbox.start(command, "").wait().success()
    };
    let seen = run(&["auth", "exec", "-i", "fallback", "--", "sh", "-c", script]);
    assert_eq!(seen.stdout, "own\nAWS_PROFILE=fallback\n", "{seen}");
    let seen = seen.says("Permission denied");
    assert!(!seen.stderr.contains(Sandbox::KEYRING_PASSWORD), "{seen}");
    let list = run(&["describe", "component", "own", "-s", "dev", "--file", "/dev/stdout"]);
    assert!(list.stdout.contains("vars:"), "{list}");
}

#[test]
fn output_file_of_auth_env_is_private_and_whole_through_a_link() {
    let cloud = Cloud::start(&[]);
    let (target, link) = (cloud.sandbox.root().join("target"), cloud.sandbox.root().join("link"));
    std::fs::write(&target, "OLD=1\n".repeat(1000)).unwrap();
    std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o664)).unwrap();
    std::os::unix::fs::symlink("target", &link).unwrap();
    let env =
        |file: &Path| cloud.sandbox.atmos(&["auth", "env", "-i", "data-admin", "-o", &file.display().to_string()]);
    env(&link).success();
    let text = std::fs::read_to_string(&target).unwrap();
    assert!(text.contains("AWS_PROFILE=data-admin") && !text.contains("OLD"), "{text}");
    assert_eq!(mode(&target), 0o600);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    let plain = cloud.sandbox.root().join("plain");
    env(&plain).success();
    assert_eq!((std::fs::read_to_string(&plain).unwrap(), mode(&plain)), (text, 0o600));
}

#[test]
fn stdout_of_a_command_of_the_users_own_passes_byte_for_byte() {
    let sandbox = Sandbox::scenario("identity-resolution").with_file_keyring();
    let data = format!("{KEY_ID} MOCK_SECRET_ACCESS_KEY \\377");
    let script = format!("printf '{data}'; printf 'talk {KEY_ID} MOCK_SECRET_ACCESS_KEY' >&2");
    let mut command = sandbox.atmos_command(&["auth", "exec", "-i", "fallback", "--", "sh", "-c", &script]);
    let output = command.output().unwrap();
    assert_eq!(output.stdout, [KEY_ID.as_bytes(), b" MOCK_SECRET_ACCESS_KEY \xff"].concat());
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(talk.contains("talk <MASKED> <MASKED>"), "{talk}");
}

#[test]
fn key_ids_and_tokens_are_masked_in_what_terraform_says() {
    let sandbox = Sandbox::scenario("identity-resolution");
    let token = format!("ghp_{}", "a1B2".repeat(9));
    let main = "components/terraform/app/main.tf";
    let text = sandbox.read(main).replace("echo \\\"[", &format!("echo {KEY_ID} {token}; echo \\\"["));
    assert!(text.contains(KEY_ID));
    sandbox.write(main, &text);
    let run = sandbox.atmos(&["terraform", "apply", "own", "-s", "dev", "--", "-auto-approve"]).success();
    assert!(run.stdout.contains("<MASKED> <MASKED>"), "{run}");
    assert!(!run.stdout.contains(KEY_ID) && !run.stdout.contains(&token), "{run}");
    let run =
        sandbox.atmos(&["terraform", "apply", "own", "-s", "dev", "--mask=false", "--", "-auto-approve"]).success();
    assert!(run.stdout.contains(KEY_ID), "{run}");
}

#[test]
fn two_names_with_one_profile_are_reported_and_never_mixed() {
    let cloud = Cloud::start(&[]);
    let text = cloud.sandbox.read("atmos.yaml");
    let twins = "  identities:\n    \"twin#1\": {kind: aws/permission-set, via: {provider: corp}, principal: {name: A, account: {name: x}}}\n    \
                 \"twin;1\": {kind: aws/permission-set, via: {provider: corp}, principal: {name: B, account: {name: y}}}\n";
    cloud.sandbox.write("atmos.yaml", &text.replace("  identities:\n", twins));
    let validate = cloud.sandbox.atmos(&["auth", "validate"]).exits(1);
    validate.says("identities `twin#1` and `twin;1` would have the same AWS profile `twin-1`").says("atmos.yaml:");
    for name in ["twin#1", "twin;1"] {
        cloud.sandbox.atmos(&["auth", "env", "-i", name]).exits(1).says("the same AWS profile `twin-1`");
    }
    cloud.sandbox.atmos(&["auth", "env", "-i", "data-admin"]).success();
}

#[test]
fn names_and_words_that_cannot_be_used_are_reported_with_their_places() {
    let sandbox = Sandbox::scenario("identity-resolution");
    let text = sandbox.read("atmos.yaml");
    let bad = "auth:\n  delivery: file\n  allowed_identities: [nobody-at-all]\n";
    let text = text
        .replace("auth:\n", bad)
        .replace("  identities:\n", "  identities:\n    \"off\": {kind: mock}\n    -x: {kind: mock}\n");
    sandbox.write("atmos.yaml", &text);
    let validate = sandbox.atmos(&["auth", "validate"]).exits(1);
    for (needle, phrase) in [
        ("delivery: file", "unknown delivery `file`"),
        ("allowed_identities", "allowed identity `nobody-at-all` does not exist"),
        ("\"off\"", "identity name `off` means that authentication is off"),
        ("-x:", "identity name `-x` begins with `-`"),
    ] {
        let line = text.lines().position(|line| line.contains(needle)).unwrap() + 1;
        let found = validate
            .stderr
            .lines()
            .find(|said| said.contains(phrase))
            .unwrap_or_else(|| panic!("{phrase}\n{validate}"));
        assert!(found.contains(&format!("atmos.yaml:{line}:")), "{found}");
    }
}

/// Anybody could put a `credential_process` into a file with a fixed name in a folder where everybody may write.
#[test]
fn command_as_a_mock_identity_gets_private_files_too() {
    let sandbox = Sandbox::scenario("identity-resolution");
    let script = "echo $AWS_CONFIG_FILE; echo $AWS_SHARED_CREDENTIALS_FILE; cat $AWS_CONFIG_FILE";
    let exec = sandbox.atmos(&["auth", "exec", "-i", "by-stack", "--", "sh", "-c", script]).success();
    let files: Vec<&str> = exec.stdout.lines().take(2).collect();
    let runtime = sandbox.runtime().display().to_string();
    assert!(files.iter().all(|file| file.starts_with(&runtime)), "{exec}");
    assert!(exec.stdout.contains("[profile by-stack]") && exec.stdout.contains("credential_process"), "{exec}");
}
