//! `auth import`: what other tools know becomes a section that the program takes, and their files stay as they are.

use crate::support::{Cloud, Sandbox};

const CONFIG: &str = "\
[default]
region = eu-west-1

[profile work]
mfa_serial = arn:aws:iam::111111111111:mfa/me

[profile deploy]
source_profile = work
role_arn = arn:aws:iam::222222222222:role/Deploy
cli_pager =

[profile reader]
sso_session = corp
sso_account_id = 333333333333
sso_role_name = ReadOnly

[sso-session corp]
sso_start_url = https://acme.awsapps.com/start
sso_region = eu-west-1

[profile old]
credential_process = leapp session generate 7
";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty();
    let folder = sandbox.home().join(".aws");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("config"), CONFIG).unwrap();
    let keys = format!("[work]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {SECRET}\n");
    std::fs::write(folder.join("credentials"), keys).unwrap();
    sandbox
}

#[test]
fn printed_section_is_one_that_the_program_takes() {
    let sandbox = sandbox();
    let before = Sandbox::files_below(&sandbox.home());
    let seen = sandbox.atmos(&["auth", "import", "aws-config"]).success();
    let seen = seen
        .says("1 provider, 3 identities")
        .says("default: it names no credentials")
        .says("`atmos auth import leapp`");
    assert!(!seen.stdout.contains("AKIA") && !seen.stdout.contains(SECRET) && !seen.stderr.contains(SECRET), "{seen}");
    assert_eq!(Sandbox::files_below(&sandbox.home()), before);
    assert_eq!(std::fs::read_to_string(sandbox.home().join(".aws/config")).unwrap(), CONFIG);
    sandbox.write("atmos.yaml", &seen.stdout);
    sandbox.atmos(&["auth", "validate"]).success();
    let list = sandbox.atmos(&["auth", "list", "-f", "json"]).success().json();
    for name in ["work", "deploy", "reader"] {
        assert!(list["identities"].to_string().contains(name), "{name}: {list}");
    }
    // A second run says the same.
    let again = sandbox.atmos(&["auth", "import", "aws-config"]).success();
    assert_eq!(again.stdout, seen.stdout);
}

#[test]
fn files_are_written_whole_and_never_over_something_else() {
    let sandbox = sandbox();
    let import = |more: &[&str]| sandbox.atmos(&[&["auth", "import", "aws-vault"], more].concat());
    let dry = import(&["--output", "auth.yaml", "--dry-run"]).success().says("auth.yaml would be written");
    assert!(!sandbox.has("auth.yaml") && dry.stdout.contains("kind: aws/assume-role"), "{dry}");
    let made = import(&["--output", "auth.yaml"]).success().says("auth.yaml is written");
    assert_eq!((made.stdout.as_str(), sandbox.read("auth.yaml")), ("", dry.stdout));
    import(&["--output", "auth.yaml"]).success().says("auth.yaml says this already");
    sandbox.write("auth.yaml", "auth: {realm: mine}\n");
    import(&["--output", "auth.yaml"]).exits(1).says("says something else").says("--force");
    assert_eq!(sandbox.read("auth.yaml"), "auth: {realm: mine}\n");
    import(&["--output", "auth.yaml", "--force"]).success().says("auth.yaml is replaced");
    assert_eq!(Sandbox::files_below(&sandbox.repo()), [std::path::PathBuf::from("auth.yaml")]);
    import(&["--output", "."]).exits(1).says("is a folder");
    import(&["--output", "no/such/auth.yaml"]).exits(1).says("cannot be written");
    assert_eq!(import(&["--output", "-"]).success().stdout, sandbox.read("auth.yaml"));
}

#[test]
fn other_tools_are_replaced_by_a_diff_that_patch_takes() {
    let sandbox = sandbox();
    let replace = || sandbox.atmos(&["auth", "import", "aws-config", "--replace-processes"]);
    // What was skipped would be no identity.
    let none = replace().success().says("no line is to be replaced").says("old: its line stays");
    assert_eq!(none.stdout, "");
    sandbox.write("atmos.yaml", "auth: {identities: {old: {kind: aws/user}}}\n");
    let seen = replace().success().says("1 line to replace");
    assert!(seen.stdout.contains("\n+credential_process = atmos auth process -i old\n"), "{seen}");
    assert_eq!(std::fs::read_to_string(sandbox.home().join(".aws/config")).unwrap(), CONFIG);
    sandbox.atmos(&["auth", "import", "leapp", "--replace-processes"]).exits(1).says("has no effect with this tool");
    sandbox.atmos(&["auth", "import", "granted", "--machine-id", "x"]).exits(1).says("it is for leapp");
}

#[test]
fn secrets_of_other_tools_are_neither_printed_nor_written() {
    let sandbox = Sandbox::empty();
    let folder = sandbox.home().join(".aws");
    std::fs::create_dir(&folder).unwrap();
    let commands = [
        format!("echo {{\"Version\":1,\"AccessKeyId\":\"AKIAIOSFODNN7EXAMPLE\",\"SecretAccessKey\":\"{SECRET}\"}}"),
        format!("prog {SECRET}"),
        "curl -s -H \"Authorization: Bearer hunter22hunter22\" https://h/x".to_owned(),
        "curl -s -u bob:hunter22hunter22 https://h/x".to_owned(),
        "prog -p hunter22hunter22".to_owned(),
        "prog --key=hunter22hunter22".to_owned(),
        "prog --pin hunter22".to_owned(),
    ];
    let profiles: Vec<String> = commands
        .iter()
        .enumerate()
        .map(|(at, line)| format!("[profile p{at}]\ncredential_process = {line}\n"))
        .collect();
    let fine = "[profile fine]\ncredential_process = print --profile prod\nmfa_process = oathtool --totp HUNTER22\n";
    std::fs::write(folder.join("config"), profiles.concat() + fine).unwrap();
    let saml =
        "[a]\nurl = https://idp.acme.test/x?token=hunter22\nprovider = KeyCloak\n[b]\nurl = https://idp.acme.test/x\n";
    std::fs::write(sandbox.home().join(".saml2aws"), saml).unwrap();
    for (tool, kept) in [("aws-config", "fine"), ("aws-vault", "fine"), ("saml2aws", "b")] {
        let seen = sandbox.atmos(&["auth", "import", tool]).success().says("may hold a secret");
        sandbox.atmos(&["auth", "import", tool, "--output", "auth.yaml", "--force"]).success();
        let all = format!("{}{}{}", seen.stdout, seen.stderr, sandbox.read("auth.yaml")).to_lowercase();
        assert!(!all.contains("hunter22") && !all.contains(&SECRET.to_lowercase()), "{all}");
        assert!(seen.stdout.contains(&format!("    {kept}:\n")), "{seen}");
    }
    let broken = sandbox.home().join("config.yaml");
    std::fs::write(&broken, "SSOConfig:\n  D:\n    StartUrl: x\n   bad: hunter22\n").unwrap();
    let seen = sandbox.atmos(&["auth", "import", "aws-sso", "--from", broken.to_str().unwrap()]).exits(1);
    assert!(seen.stderr.contains("config.yaml:4") && !seen.stderr.contains("hunter22"), "{seen}");
}

#[test]
fn names_of_the_repository_keep_their_meaning() {
    let sandbox = sandbox();
    let team = "auth:
  providers:
    corp: {kind: aws/iam-identity-center, region: eu-west-1, start_url: https://subsidiary.awsapps.com/start}
  identities:
    deploy: {kind: aws/permission-set, via: {provider: corp}, principal: {name: X, account: {id: \"111111111111\"}}}
";
    sandbox.write("atmos.yaml", team);
    sandbox.write("atmos.d/keep", "");
    let import = || sandbox.atmos(&["auth", "import", "aws-config", "--output", "atmos.d/auth.yaml"]);
    import()
        .success()
        .says("corp: is called `corp-2` here: the configuration has a provider `corp` that says something else (atmos.yaml:3:11)")
        .says("deploy: is called `deploy-222222222222` here");
    sandbox.atmos(&["auth", "validate"]).success();
    let list = sandbox.atmos(&["auth", "list", "-f", "json"]).success().json();
    assert_eq!(list["identities"]["reader"]["via"]["provider"], "corp-2", "{list}");
    assert_eq!(list["identities"]["deploy"]["kind"], "aws/permission-set", "{list}");
    // What the file says itself is no other meaning, whatever the tool says next.
    import().success().says("says this already");
    let config = sandbox.home().join(".aws/config");
    std::fs::write(&config, CONFIG.replace("333333333333", "444444444444")).unwrap();
    let again = ["auth", "import", "aws-config", "--output", "atmos.d/auth.yaml", "--force"];
    sandbox.atmos(&again).success().says("is replaced").says_not("reader: is called");
    let list = sandbox.atmos(&["auth", "list", "-f", "json"]).success().json();
    assert_eq!(list["identities"]["reader"]["principal"]["account"]["id"], "444444444444", "{list}");
}

#[test]
fn what_was_read_is_never_written() {
    let sandbox = sandbox();
    let folder = sandbox.home().join(".aws");
    let before = Sandbox::files_below(&folder);
    for name in ["config", "credentials", "../.aws/credentials"] {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        for more in [&["--force"][..], &["--force", "--dry-run"], &[]] {
            let words = [&["auth", "import", "aws-config", "--output", path.to_str().unwrap()], more].concat();
            sandbox.atmos(&words).exits(1).says("is what was just read");
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    assert_eq!(Sandbox::files_below(&folder), before);
}

#[test]
fn nothing_to_read_is_an_error_that_says_where_it_looked() {
    let sandbox = Sandbox::empty();
    for (tool, place) in [
        ("aws-config", ".aws/credentials"),
        ("aws-vault", ".aws/config"),
        ("granted", "granted/config"),
        ("aws-sso", "aws-sso/config.yaml"),
        ("saml2aws", ".saml2aws"),
        ("leapp", "Leapp-lock.json"),
    ] {
        sandbox.atmos(&["auth", "import", tool]).exits(1).says("to read").says(place).says("--from PATH");
    }
    sandbox.write("x", "");
    for tool in ["aws-config", "granted", "aws-sso", "saml2aws"] {
        sandbox.atmos(&["auth", "import", tool, "--from", "x"]).exits(1).says("can be taken over");
    }
    sandbox.write("binary", "\u{0}");
    sandbox.atmos(&["auth", "import", "leapp", "--from", "binary"]).exits(1).says("no workspace of Leapp");
    sandbox.atmos(&["auth", "import", "nobody"]).exits(1).says("aws-config");
    sandbox.atmos(&["auth", "import", "leapp", "--from", "."]).exits(1).says("Leapp-lock.json");
}

#[test]
fn sealed_workspace_of_leapp_wants_the_id_of_its_machine() {
    let sandbox = Sandbox::empty();
    let folder = sandbox.home().join(".Leapp");
    std::fs::create_dir(&folder).unwrap();
    let sealed = include_str!("../../fixtures/import/Leapp-lock.json");
    std::fs::write(folder.join("Leapp-lock.json"), sealed).unwrap();
    sandbox.atmos(&["auth", "import", "leapp"]).exits(1).says("--machine-id").says_not("panicked");
    sandbox
        .atmos(&["auth", "import", "leapp", "--machine-id", "other"])
        .exits(1)
        .says("--machine-id")
        .says_not("panicked");
    let id = "0123456789abcdef0123456789abcdef";
    let seen =
        sandbox.atmos(&["auth", "import", "leapp", "--machine-id", id]).success().says("1 provider, 2 identities");
    sandbox.write("plain.json", include_str!("../../fixtures/import/leapp.json"));
    let plain = sandbox.atmos(&["auth", "import", "leapp", "--from", "plain.json"]).success();
    assert_eq!(seen.stdout, plain.stdout);
    sandbox.write("atmos.yaml", &seen.stdout);
    sandbox.atmos(&["auth", "validate"]).success();
}

#[test]
fn keys_of_aws_vault_go_into_the_keyring_and_nowhere_else() {
    let mut sandbox = Sandbox::empty().with_file_keyring();
    sandbox.write("atmos.yaml", "auth: {identities: {worker: {kind: aws/user}, piped: {kind: aws/user}}}\n");
    let folder = sandbox.home().join(".awsvault/keys");
    std::fs::create_dir_all(&folder).unwrap();
    // The library that aws-vault uses wrote it.
    let entry = include_str!("../../fixtures/reference-keyring/atmos_users_worker");
    std::fs::write(folder.join("team%2Fworker"), entry).unwrap();
    let import = ["auth", "user", "import", "-i", "worker", "--no-verify", "--from-aws-vault", "team/worker"];
    sandbox.atmos(&import).exits(1).says("AWS_VAULT_FILE_PASSPHRASE");
    sandbox.set("AWS_VAULT_FILE_PASSPHRASE", "another one");
    sandbox.atmos(&import).exits(1).says("does not open");
    sandbox.set("AWS_VAULT_FILE_PASSPHRASE", Sandbox::KEYRING_PASSWORD);
    let seen = sandbox.atmos(&import).success().says("is stored, unchecked, in the file keyring");
    assert!(!seen.stdout.contains("AKIA") && !seen.stderr.contains("AKIAFIRST"), "{seen}");
    sandbox
        .atmos(&["auth", "user", "import", "-i", "worker", "--from-aws-vault", "nobody"])
        .exits(1)
        .says("no such entry");
    std::fs::write(folder.join("torn"), "hello").unwrap();
    sandbox
        .atmos(&["auth", "user", "import", "-i", "worker", "--from-aws-vault", "torn"])
        .exits(1)
        .says("is not a file of");
    // What `aws-vault export --format=json` prints, by a pipe.
    let command = sandbox.atmos_command(&["auth", "user", "import", "-i", "piped", "--no-verify", "--from-stdin"]);
    let json = format!(r#"{{"Version": 1, "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "{SECRET}"}}"#);
    sandbox.start(command, &json).wait().success();
    for file in Sandbox::files_below(sandbox.root()) {
        let content = std::fs::read(sandbox.root().join(&file)).unwrap_or_default();
        let text = String::from_utf8_lossy(&content);
        assert!(!text.contains(SECRET) && !text.contains("AKIAFIRSTKEYOFWORKER"), "{}", file.display());
    }
}

/// The job that people come with: two sessions, two shells, one sign-in.
#[test]
fn what_is_imported_signs_in_once_and_is_two_accounts_at_once() {
    let cloud = Cloud::start(&[]);
    let sandbox = &cloud.sandbox;
    let folder = sandbox.home().join(".aws");
    std::fs::create_dir(&folder).unwrap();
    let profile = |name: &str, account: &str, role: &str| {
        format!("[profile {name}]\nsso_session = acme\nsso_account_id = {account}\nsso_role_name = {role}\n\n")
    };
    let session = "[sso-session acme]\nsso_start_url = https://acme.test/start\nsso_region = eu-west-1\n";
    let config = profile("reader", "222222222222", "ReadOnly") + &profile("data", "444444444444", "DataOps") + session;
    let keys = format!("[other]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {SECRET}\n");
    let files = [(folder.join("config"), config), (folder.join("credentials"), keys)];
    for (path, text) in &files {
        std::fs::write(path, text).unwrap();
    }
    sandbox.atmos(&["auth", "import", "aws-config", "--output", "atmos.yaml", "--force"]).success();
    sandbox.atmos(&["auth", "validate"]).success();
    let flows = |identity: &str| {
        let (outcome, requests) = cloud.requests_during(|| cloud.login(identity));
        outcome.success();
        requests.iter().filter(|request| *request == "StartDeviceAuthorization").count()
    };
    assert_eq!((flows("reader"), flows("data")), (1, 0));
    let who = |identity: &str| {
        let words = ["aws", "sts", "get-caller-identity", "--query", "Account", "--output", "text"];
        sandbox.spawn(&[&["auth", "exec", "-i", identity, "--"], &words[..]].concat())
    };
    let (reader, data) = (who("reader"), who("data"));
    assert_eq!(reader.wait().success().stdout, "222222222222\n");
    assert_eq!(data.wait().success().stdout, "444444444444\n");
    for (path, text) in &files {
        assert_eq!(&std::fs::read_to_string(path).unwrap(), text);
    }
    cloud.assert_no_secret_rests();
}
