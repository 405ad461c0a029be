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

/// Whatever shows a component shows its section `auth`, and none of the secrets in it.
#[test]
fn secrets_of_the_auth_section_are_shown_nowhere() {
    let mut sandbox = Sandbox::empty().with_file_keyring();
    let configuration = |key: &str, password: &str| {
        format!(
            "base_path: .\nstacks: {{base_path: stacks, included_paths: ['**/*'], name_pattern: '{{stage}}'}}\n\
             components: {{terraform: {{base_path: components/terraform}}}}\n\
             auth:\n  realm: shown\n  providers:\n    idp: {{kind: aws/saml, url: 'https://idp.acme.test/x', region: eu-west-1, \
             driver: Keycloak, username: bob, password: {password} }}\n  identities:\n    worker: {{kind: aws/user, \
             default: true, credentials: {{access_key_id: {KEY_ID}, secret_access_key: {key} }}}}\n"
        )
    };
    let (key, password) = ("first/secret+of/the+worker/0123456789abc", "saml-password-Zq81");
    let own = "second/secret+of/the+worker/0123456789a";
    sandbox.set("WORKER_KEY", key);
    sandbox.write("components/terraform/dns/main.tf", "");
    sandbox.write("components/terraform/vpc/main.tf", "");
    sandbox.write(
        "stacks/prod.yaml",
        &format!(
            "vars: {{stage: prod}}\nauth: {{identities: {{other: {{kind: aws/user, credentials: {{access_key_id: {KEY_ID}, \
             secret_access_key: {own}}}}}}}}}\ncomponents: {{terraform: {{dns: {{}}, vpc: {{auth: {{providers: {{idp: {{password: 81818181}}}}}}}}}}}}\n"
        ),
    );
    let commands: [&[&str]; 13] = [
        &["describe", "stacks"],
        &["describe", "stacks", "--format", "json"],
        &["describe", "component", "dns", "-s", "prod", "--query", ".auth"],
        &[
            "describe",
            "component",
            "dns",
            "-s",
            "prod",
            "--query",
            ".auth.identities.other.credentials.secret_access_key",
        ],
        &["describe", "component", "vpc", "-s", "prod", "--query", ".auth.providers.idp.password"],
        &["explain", "dns", "-s", "prod", "auth"],
        &["explain", "dns", "-s", "prod", "auth.identities.other"],
        &["explain", "dns", "-s", "prod", "auth.identities.other.credentials.secret_access_key"],
        &["explain", "vpc", "-s", "prod", "auth.providers.idp.password", "--format", "json"],
        &["list", "values", "dns", "--query", ".auth"],
        &["describe", "diff", "dns", "vpc", "-s", "prod"],
        &["stack", "list", "-s", "prod", "-c", "vpc", "--format", "json"],
        &["describe", "config"],
    ];
    for (written, secret) in [(key, password), ("!env WORKER_KEY", "!exec printf %s saml-password-Zq81")] {
        sandbox.write("atmos.yaml", &configuration(written, secret));
        for command in commands {
            let seen = sandbox.atmos(command);
            let all = format!("{}{}", seen.stdout, seen.stderr);
            // What is written in the configuration is no value.
            let all = all.replace("printf %s saml-password-Zq81", "");
            for secret in [key, own, password, "81818181"] {
                assert!(!all.contains(secret), "{secret}: {seen}");
            }
            if command[0] != "stack" && command[1] != "config" {
                assert!(seen.success().stdout.contains("<MASKED>"), "{command:?}");
            }
        }
    }
    // Who wants to see them says so.
    let shown = sandbox.atmos(&["describe", "stacks", "--mask=false"]).success();
    assert!(shown.stdout.contains(key) && shown.stdout.contains(own), "{shown}");
}

/// What is secret is told by where it stands as much as by its name.
#[test]
fn variables_tokens_and_users_of_urls_of_the_auth_section_are_shown_nowhere() {
    let mut sandbox = Sandbox::empty().with_file_keyring();
    sandbox.write(
        "atmos.yaml",
        "base_path: .\nstacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}\n\
         components: {terraform: {base_path: components/terraform}}\n\
         auth:\n  realm: shown\n  providers:\n    tok: {kind: oidc, region: eu-west-1, spec: {audience: x, token_source: {type: url, \
         url: 'https://bob:url-password-1@x.test/t', request_token: !env MY_TOKEN}}}\n  identities:\n    \
         plain: {kind: aws/ambient, default: true, env: {STAGE: !env MY_STAGE, key: another-value-1}}\n",
    );
    let secrets = [
        ("MY_TOKEN", "request-token-value-1"),
        ("MY_STAGE", "stage-value-of-mine-1"),
        ("X", "url-password-1"),
        ("Y", "another-value-1"),
    ];
    for (name, value) in secrets {
        sandbox.set(name, value);
    }
    sandbox.write("components/terraform/dns/main.tf", "");
    sandbox.write("stacks/prod.yaml", "vars: {stage: prod}\ncomponents: {terraform: {dns: {auth: {identities: {plain: {env: {MORE: stage-value-of-mine-1}}}}}}}\n");
    let env = ".auth.identities.plain.env.STAGE";
    let commands: [&[&str]; 13] = [
        &["auth", "list", "-f", "json"],
        &["auth", "list", "-f", "yaml"],
        &["describe", "config"],
        &["config", "get", "auth"],
        &["config", "list", "--format", "json"],
        &["describe", "stacks"],
        &["describe", "component", "dns", "-s", "prod", "--query", ".auth"],
        &["describe", "component", "dns", "-s", "prod", "--query", env],
        &["explain", "dns", "-s", "prod", "auth"],
        &["explain", "dns", "-s", "prod", "auth.identities.plain.env.STAGE"],
        &["explain", "dns", "-s", "prod", "auth.providers.tok.spec.token_source.url"],
        &["list", "values", "dns", "--query", ".auth"],
        &["stack", "list", "-s", "prod", "-c", "dns", "--format", "json"],
    ];
    for command in commands {
        let seen = sandbox.atmos(command).success();
        for (_, secret) in secrets {
            assert!(!seen.stdout.contains(secret) && !seen.stderr.contains(secret), "{secret}: {seen}");
        }
        assert!(seen.stdout.contains("<MASKED>"), "{seen}");
    }
}

/// The programs that this one starts for itself get none of its passwords.
#[test]
fn git_gets_no_password() {
    let mut sandbox = Sandbox::empty().with_file_keyring();
    sandbox.write(
        "atmos.yaml",
        "base_path: .\nstacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}\n\
         auth: {keyring: {type: file, spec: {password_env: MINE}}}\n",
    );
    sandbox.write(
        "stacks/prod.yaml",
        "vars: {stage: prod, own: !env ATMOS_KEYRING_PASSWORD none, mine: !env MINE none}\n\
         components: {terraform: {dns: {}}}\n",
    );
    let (bin, log) = (sandbox.root().join("bin"), sandbox.root().join("log"));
    std::fs::create_dir(&bin).unwrap();
    std::fs::write(bin.join("git"), "#!/bin/sh\nenv >>\"$LOG\"\nexec /usr/bin/git \"$@\"\n").unwrap();
    std::fs::set_permissions(bin.join("git"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    for (name, value) in [
        ("PATH", path.as_str()),
        ("LOG", &log.display().to_string()),
        ("MINE", "mine-password"),
        ("ATMOS_KEYRING_PASSWORD_ENV", "NAMED"),
        ("NAMED", "named-password"),
        ("ATMOS_SAML_PASSWORD", "saml-password"),
    ] {
        sandbox.set(name, value);
    }
    let git = |words: &[&str]| {
        let mut command = sandbox.command("/usr/bin/git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@b.test"]).args(words);
        sandbox.start(command, "").wait().success()
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "x"]);
    sandbox.atmos(&["describe", "affected", "--ref", "HEAD"]).success();
    let seen = std::fs::read_to_string(&log).unwrap();
    for secret in ["mine-password", "named-password", "saml-password", Sandbox::KEYRING_PASSWORD] {
        assert!(!seen.contains(secret), "{secret}: {seen}");
    }
    // Nor do manifests.
    let shown = sandbox.atmos(&["describe", "component", "dns", "-s", "prod", "--query", ".vars"]).success();
    assert_eq!(shown.stdout, "mine: none\nown: none\nstage: prod\n", "{shown}");
}

/// A child that sees no process of the run (a container, a sandbox) asks it all the same.
#[test]
fn child_in_a_namespace_of_its_own_gets_credentials() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let apart: &[&str] = if rustix::process::geteuid().is_root() { &["unshare", "-pf"] } else { &["unshare", "-rpf"] };
    let atmos = env!("CARGO_BIN_EXE_atmos");
    for delivery in ["process", "endpoint", "files", "env"] {
        let run = ["auth", "exec", "-i", "data-admin", "--delivery", delivery, "--"];
        let words = [&run, apart, &[atmos, "auth", "whoami"]].concat();
        cloud.sandbox.atmos(&words).success().says("data-admin");
    }
    let aws = ["aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"];
    let words = [&["auth", "exec", "-i", "data-admin", "--"], apart, &aws].concat();
    let seen = cloud.sandbox.atmos(&words).success();
    assert!(seen.stdout.contains("444444444444"), "{seen}");
}
