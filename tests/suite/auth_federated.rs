//! What the kinds of every cloud have in common: errors that say which entry they are about, lists with integrations, and
//! passwords for git.

use std::process::Command;

use serde_json::json;

use crate::support::{Federation, Outcome, Sandbox, find_part, free_port};

const AUTH: &str = r#"
auth:
  realm: federated
  providers:
    gh: {kind: github/oidc, region: eu-west-1}
    idp: {kind: aws/saml, region: eu-west-1, driver: command, spec: {command: ["./fails"]}}
    wif:
      kind: gcp/workload-identity-federation
      spec: {project_number: 1, workload_identity_pool_id: p, workload_identity_provider_id: q, endpoint_url: URL/google, token_source: {type: file, file_path: missing}}
    az: {kind: azure/oidc, spec: {tenant_id: 11111111-1111-1111-1111-111111111111, client_id: c, token_file_path: missing}}
    token: {kind: oidc, spec: {audience: sts.amazonaws.com, token_source: {type: environment, environment_variable: THE_TOKEN}}}
  identities:
    job: {kind: aws/assume-role, via: {provider: gh}, principal: {assume_role: "arn:aws:iam::222222222222:role/Deploy"}}
    saml: {kind: aws/assume-role, via: {provider: idp}, principal: {assume_role: "arn:aws:iam::111111111111:role/A"}}
    google: {kind: gcp/project, via: {provider: wif}, principal: {project_id: p}}
    azure: {kind: azure/subscription, via: {provider: az}, principal: {subscription_id: 11111111-1111-1111-1111-111111111111}}
    role: {kind: aws/assume-role, via: {provider: token}, principal: {assume_role: "arn:aws:iam::222222222222:role/Deploy"}}
    plugin: {kind: exec, spec: {command: ["./fails"]}}
    process:
      kind: aws/credential-process
      credentials: {process: ./fails}
    keys: {kind: exec, region: eu-west-1, spec: {command: [./keys]}}
    behind: {kind: aws/assume-role, via: {identity: keys}, principal: {assume_role: "arn:aws:iam::444444444444:role/Behind"}}
    octo: {kind: exec, alias: o, spec: {command: [./octo]}}
  integrations:
    code: {kind: git/credentials, via: {identity: keys}, spec: {hosts: git-codecommit.eu-west-1.amazonaws.com}}
    hub: {kind: git/credentials, via: {identity: o}, spec: {hosts: [git.acme.test, "git.acme.test:8443"], token: OCTO_TOKEN}}
"#;

const TOKEN: &str = "octo-t0ken/of+the-organisation==";

fn federation() -> Federation {
    let federation = Federation::start(AUTH);
    script(&federation.sandbox, "fails", "#!/bin/sh\nexit 7\n");
    let keys = r#"{"Version":1,"AccessKeyId":"AKIAGITGITGITGITGIT1","SecretAccessKey":"secret-of-git-0123456789","SessionToken":"session-of-git/+="}"#;
    script(&federation.sandbox, "keys", &format!("#!/bin/sh\necho keys >> calls\necho '{keys}'\n"));
    let token = json!({"Version": 1, "Variables": {"OCTO_TOKEN": TOKEN}, "Expiration": "2099-01-01T00:00:00Z"});
    script(&federation.sandbox, "octo", &format!("#!/bin/sh\necho octo >> calls\necho '{token}'\n"));
    federation
}

fn script(sandbox: &Sandbox, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    sandbox.write(name, text);
    std::fs::set_permissions(sandbox.repo().join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The line and column of the first place of `text` after `name:` begins a line of the configuration.
fn place(sandbox: &Sandbox, name: &str, text: &str) -> String {
    let file = sandbox.read("atmos.yaml");
    let line = file.lines().position(|line| line.trim_start().starts_with(&format!("{name}:"))).unwrap();
    let (line, column) =
        file.lines().enumerate().skip(line).find_map(|(at, content)| Some((at + 1, content.find(text)? + 1))).unwrap();
    format!("(atmos.yaml:{line}:{column})")
}

#[test]
fn errors_of_every_kind_say_where_the_entry_is_that_they_are_about() {
    let mut federation = federation();
    federation.sandbox.set("AWS_ENDPOINT_URL_STS", format!("http://127.0.0.1:{}", free_port()));
    federation.sandbox.set("THE_TOKEN", federation.mint(&json!({})));
    for (identity, entry, at, phrase) in [
        ("job", "gh", "kind: github/oidc", "this is no job of GitHub Actions"),
        ("saml", "idp", "kind: aws/saml", "it ended with exit status: 7"),
        ("google", "wif", "kind: gcp/workload", "cannot be read"),
        ("azure", "az", "kind: azure/oidc", "cannot be read"),
        ("role", "role", "\"arn:aws:iam::222222222222", "cannot reach"),
        ("plugin", "plugin", "[\"./fails\"]", "it ended with exit status: 7"),
        ("process", "process", "./fails", "ended with exit status: 7"),
        ("behind", "behind", "\"arn:aws:iam::444444444444", "cannot reach"),
    ] {
        let seen = federation.sandbox.atmos(&["auth", "login", "-i", identity]).exits(1).says(phrase);
        let place = place(&federation.sandbox, entry, at);
        // A map in braces begins at its brace.
        let (head, column) = place.trim_end_matches(')').rsplit_once(':').unwrap();
        let brace = format!("{head}:{})", column.parse::<usize>().unwrap() - 1);
        assert!(seen.mentions(&place) || seen.mentions(&brace), "{identity}: {place}\n{seen}");
        assert_eq!(seen.stderr.matches("atmos.yaml:").count(), 1, "{seen}");
    }
}

#[test]
fn integrations_are_in_every_list_and_the_tree_is_a_list() {
    let federation = federation();
    let auth = |words: &[&str]| federation.sandbox.atmos(&[&["auth"], words].concat()).success();
    let tree = auth(&["tree"]).plain_stdout();
    assert_eq!(tree, auth(&["list"]).plain_stdout());
    assert!(tree.contains("└──Integrations\n   ├──code (git/credentials) of identity keys\n"), "{tree}");
    assert!(tree.contains("└──hub (git/credentials) of identity octo\n"), "{tree}");
    let table = auth(&["list", "--format", "table"]).plain_stdout();
    assert!(
        table.lines().any(|line| line.contains("hub") && line.contains("git/credentials") && line.contains("octo")),
        "{table}"
    );
    let list = auth(&["list", "--format", "json"]).json();
    assert_eq!(list["integrations"]["code"]["spec"]["hosts"], "git-codecommit.eu-west-1.amazonaws.com");
    assert!(auth(&["list", "--format", "yaml"]).stdout.contains("integrations:"));
    assert!(auth(&["list", "--format", "graphviz"]).stdout.contains("\"octo\" -> \"integration/hub\""));
    assert!(auth(&["list", "--format", "mermaid"]).stdout.contains("octo -.-> integration_hub"));
    for flag in ["--providers", "--identities"] {
        assert!(auth(&["list", flag, "--format", "json"]).json().get("integrations").is_none());
        assert!(!auth(&["list", flag]).stdout.contains("Integrations"));
    }
}

/// What the program answers to a question of git.
fn asked(federation: &Federation, operation: &str, question: &str) -> Outcome {
    let command = federation.sandbox.atmos_command(&["auth", "git-credential", operation]);
    federation.sandbox.start(command, question).wait()
}

#[test]
fn git_asks_and_gets_passwords_for_configured_hosts_alone() {
    let federation = federation();
    let amazon = "protocol=https\nhost=git-codecommit.eu-west-1.amazonaws.com\npath=v1/repos/modules\n\n";
    let answer = asked(&federation, "get", amazon).success();
    let lines: Vec<&str> = answer.stdout.lines().collect();
    assert_eq!(lines[0], "username=AKIAGITGITGITGITGIT1%session-of-git/+=");
    let password = lines[1].strip_prefix("password=").unwrap();
    let (time, signature) = password.split_once('Z').unwrap();
    assert!(time.len() == 15 && signature.len() == 64, "{password}");
    assert!(lines[2].starts_with("password_expiry_utc="), "{answer}");
    for host in ["git.acme.test", "GIT.acme.test:8443"] {
        let answer = asked(&federation, "get", &format!("protocol=https\nhost={host}\n")).success();
        assert_eq!(
            answer.stdout,
            format!("username=x-access-token\npassword={TOKEN}\npassword_expiry_utc=4070908800\n")
        );
    }
    asked(&federation, "get", "protocol=https\nhost=git-codecommit.eu-west-1.amazonaws.com\n\n")
        .exits(1)
        .says("set `credential.useHttpPath` to true");
    std::fs::remove_file(federation.sandbox.repo().join("calls")).unwrap();
    for (operation, question) in [
        ("get", "protocol=https\nhost=github.com\n\n"),
        ("get", "protocol=https\nhost=git.acme.test:9443\n\n"),
        ("get", "protocol=https\nhost=git.acme.test.evil.test\n\n"),
        ("get", "protocol=http\nhost=git.acme.test\n\n"),
        ("get", "protocol=https\nhost=git.acme.test\nusername=ana\n\n"),
        ("get", ""),
        ("store", "protocol=https\nhost=git.acme.test\nusername=a\npassword=b\n\n"),
        ("erase", "protocol=https\nhost=git.acme.test\n\n"),
        ("capability", ""),
    ] {
        assert_eq!(asked(&federation, operation, question).success().stdout, "", "{operation} {question}");
    }
}

#[test]
fn what_is_wrong_with_an_integration_is_said_for_its_own_hosts_alone() {
    let federation = federation();
    let good = "    hub: {kind: git/credentials";
    let bad = "    bad: {kind: git/credentials, via: {identity: o}, spec: {hosts: [\"*.wild.test\", odd.test], token: OCTO_TOKEN}}\n";
    federation.configure(&AUTH.replace(good, &format!("{bad}{good}")));
    assert_eq!(asked(&federation, "get", "protocol=https\nhost=github.com\n\n").success().stdout, "");
    let answer = asked(&federation, "get", "protocol=https\nhost=git.acme.test\n\n").success();
    assert!(answer.stdout.contains(TOKEN), "of an integration after it: {answer}");
    asked(&federation, "get", "protocol=https\nhost=odd.test\n\n").exits(1).says("`*.wild.test` is no host");
    // Whom it follows cannot be read: whoever logs in hears of it.
    let odd = bad.replace("\"*.wild.test\", ", "").replace("identity: o", "identity: [o]");
    federation.configure(&AUTH.replace(good, &format!("{odd}{good}")));
    let wrong = "integration `bad`: `via.identity` must be a string";
    federation.sandbox.atmos(&["auth", "validate"]).exits(1).says(wrong);
    federation.sandbox.atmos(&["auth", "login", "-i", "octo"]).success().says(wrong);
}

#[test]
fn real_git_is_answered_within_a_run_and_by_its_settings() {
    let Some(git) = find_part("git") else { panic!("git is missing") };
    let federation = federation();
    let fill = |host: &str| {
        format!(
            "printf 'protocol=https\\nhost={host}\\npath=v1/repos/x\\n\\n' | GIT_TERMINAL_PROMPT=0 {} credential fill",
            git.display()
        )
    };
    let own = fill("git-codecommit.eu-west-1.amazonaws.com");
    let run = federation.sandbox.atmos(&["auth", "exec", "-i", "keys", "--", "sh", "-c", &own]).success();
    assert!(run.stdout.contains("username=AKIA") || run.stdout.contains("username=<MASKED>"), "{run}");
    assert!(run.stdout.contains("path=v1/repos/x"), "{run}");
    // The run knows this identity and no other.
    let other = fill("git.acme.test");
    federation.sandbox.atmos(&["auth", "exec", "-i", "keys", "--", "sh", "-c", &other]).exits(128);
    let kept = "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0=me";
    let script =
        format!("env {kept} {} auth exec -i octo -- git config --get-all user.name", program(&federation).display());
    let mut command = federation.sandbox.command("sh");
    command.args(["-c", &script]);
    assert_eq!(federation.sandbox.start(command, "").wait().success().stdout.trim(), "me");
    // By the settings that the guide names.
    let helper = format!("!'{}' auth git-credential", program(&federation).display());
    let mut command = federation.sandbox.command("sh");
    command.args(["-c", &other]).env("GIT_CONFIG_COUNT", "1");
    command.env("GIT_CONFIG_KEY_0", "credential.https://git.acme.test.helper").env("GIT_CONFIG_VALUE_0", helper);
    let seen = federation.sandbox.start(command, "").wait().success();
    assert!(seen.stdout.contains(&format!("password={TOKEN}")), "{seen}");
}

fn program(federation: &Federation) -> std::path::PathBuf {
    let command: Command = federation.sandbox.atmos_command(&[]);
    command.get_program().into()
}
