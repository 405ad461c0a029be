//! `auth whoami --all`, guard rails in `auth validate --stacks`, the logout in the audit log, and who is asked only once.

use std::fmt::Write as _;

use serde_json::json;

use crate::support::{Cloud, FIRST_ID, FIRST_SECRET, Sandbox, SecretService, Terminal, Users};

#[test]
fn whoami_all_shows_everybody_and_asks_nobody() {
    let cloud = Cloud::start(&[]);
    let text = cloud.sandbox.read("atmos.yaml");
    let more = "  identities:\n    room: {kind: ambient}\n";
    cloud.sandbox.write("atmos.yaml", &text.replace("  identities:\n", more));
    let all = ["auth", "whoami", "--all", "-o", "json"];
    let one = |document: &serde_json::Value, name: &str| {
        let list = document["identities"].as_array().unwrap();
        list.iter().find(|one| one["identity"] == name).cloned().unwrap_or_else(|| panic!("{name}: {document}"))
    };
    let (cold, requests) = cloud.requests_during(|| cloud.sandbox.atmos(&all).success().json());
    assert_eq!(requests, Vec::<String>::new());
    assert_eq!((&one(&cold, "reader")["valid"], &one(&cold, "reader")["default"]), (&json!(false), &json!(true)));
    assert_eq!(one(&cold, "network-admin")["account"], "333333333333", "from the role");
    cloud.login("network-admin").success();
    cloud.sandbox.atmos(&["auth", "whoami", "-i", "network-admin"]).success();
    let (warm, requests) = cloud.requests_during(|| cloud.sandbox.atmos(&all).success().json());
    assert_eq!(requests, Vec::<String>::new());
    assert_eq!(warm["realm"], "scenario", "{warm}");
    let who = one(&warm, "network-admin");
    assert!(who["principal"].as_str().unwrap().contains(":assumed-role/NetworkAdmin/"), "{who}");
    assert_eq!((&who["valid"], &who["chain"]), (&json!(true), &json!(["corp", "net-base", "network-admin"])), "{who}");
    assert!(who["expiration"].is_string(), "{who}");
    assert_eq!((&one(&warm, "net-base")["valid"], &one(&warm, "data-admin")["valid"]), (&json!(true), &json!(false)));
    assert_eq!(one(&warm, "room")["valid"], "unknown");
    // People see one line each; who wants to be sure has the cloud asked about those that are there.
    let text = cloud.sandbox.atmos(&["auth", "whoami", "--all"]).success();
    let text = text.says("✓ network-admin").says("· data-admin").says("no credentials here").says("not managed");
    assert_eq!(text.stdout, "", "{text}");
    let verify = ["auth", "whoami", "--all", "--verify"];
    let (_, requests) = cloud.requests_during(|| cloud.sandbox.atmos(&verify).success());
    assert_eq!(requests, ["GetCallerIdentity", "GetCallerIdentity"]);
    cloud.sandbox.atmos(&["auth", "whoami", "--all", "-i", "reader"]).exits(1);
    cloud.assert_clean();
}

#[test]
fn logouts_stand_in_the_audit_log() {
    let mut cloud = Cloud::start(&[]);
    let file = cloud.sandbox.home().join("audit.jsonl");
    cloud.sandbox.set("ATMOS_AUTH_AUDIT_FILE", &file);
    cloud.login("data-admin").success();
    cloud.sandbox.atmos(&["auth", "logout", "data-admin", "--dry-run"]).success();
    cloud.sandbox.atmos(&["auth", "logout", "data-admin"]).success();
    cloud.sandbox.atmos(&["auth", "logout", "--provider", "corp"]).success();
    cloud.sandbox.atmos(&["auth", "logout", "--all-realms"]).success();
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let logouts: Vec<_> = lines.iter().filter(|line| line["event"] == "logout").collect();
    let said: Vec<_> = logouts.iter().map(|line| (line["identity"].clone(), line["of"].clone())).collect();
    let expected = [
        (json!("data-admin"), json!(null)),
        (json!(null), json!("provider corp")),
        (json!(null), json!("everything in all realms")),
    ];
    assert_eq!(said, expected, "a dry run is no logout: {text}");
    // What cannot be written down does not happen.
    cloud.login("data-admin").success();
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    cloud.sandbox.atmos(&["auth", "logout", "--all"]).exits(1).says("audit log");
    cloud.sandbox.remove("ATMOS_AUTH_AUDIT_FILE");
    cloud.sandbox.atmos(&["auth", "process", "-i", "data-admin"]).success();
}

#[test]
fn form_for_a_key_says_that_there_is_one_and_puts_no_half_of_it_into_the_field() {
    let users = Users::start(&json!({}));
    users.import().success();
    let mut terminal = Terminal::start(users.sandbox.atmos_command(&["auth", "user", "configure"]));
    terminal.expect("has a key of worker already, …RKER");
    terminal.expect("Access key id");
    // An id that was in the field would be in front of this one.
    terminal.type_line(FIRST_ID);
    for (question, answer) in [("Secret access key", FIRST_SECRET), ("MFA device", ""), ("Session duration", "")] {
        terminal.expect(question);
        terminal.type_line(answer);
    }
    let (code, seen) = terminal.finish();
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("arn:aws:iam::111111111111:user/worker"), "{seen}");
}

#[test]
fn validate_stacks_finds_rails_that_no_run_would_pass() {
    let sandbox = Sandbox::scenario("identity-center");
    let catalog = sandbox.read("stacks/catalog/all.yaml");
    let validate = |rails: &str, component: &str| {
        let own = format!("    {component}:\n      auth: {rails}\n");
        sandbox.write("stacks/catalog/all.yaml", &catalog.replacen(&format!("    {component}:\n"), &own, 1));
        sandbox.atmos(&["auth", "validate", "--stacks"])
    };
    validate("{expected_account: \"444444444444\", allowed_identities: [reader], min_ttl: 30m}", "database").success();
    validate("{expected_account: \"333333333333\", min_ttl: 1h}", "vpc").success();
    for (rails, component, phrase) in [
        (
            "{expected_account: \"111111111111\"}",
            "database",
            "identity `data-admin` is in account 444444444444, and 111111111111 is expected",
        ),
        (
            "{expected_account: [\"111111111111\", \"222222222222\"]}",
            "vpc",
            "identity `network-admin` is in account 333333333333, and 111111111111 or 222222222222 is expected",
        ),
        ("{expected_account: 4444}", "database", "expected_account `4444` is not 12 digits"),
        (
            "{allowed_identities: [reeder]}",
            "database",
            "allowed identity `reeder` does not exist; did you mean `reader`?",
        ),
        ("{allowed_identities: reader}", "database", "allowed_identities must be a list of names"),
        (
            "{require_identity: true}",
            "local",
            "it has no identity (switched off by settings.auth.identity), and `auth.require_identity` is set",
        ),
        ("{expected_account: \"444444444444\"}", "local", "`auth.expected_account` is set: it never runs"),
        ("{min_ttl: soon}", "database", "min_ttl `soon` is not a duration"),
        ("{min_ttl: 2h}", "vpc", "credentials of identity `network-admin` live 3600 s, and at least 7200 s are wanted"),
    ] {
        let seen = validate(rails, component).exits(1).says(phrase);
        let seen = seen.says(&format!("component `{component}` in stack `dev`"));
        assert!(seen.stderr.contains("all.yaml:"), "the place is named\n{seen}");
        let json = sandbox.atmos(&["auth", "validate", "--stacks", "--format", "json"]).exits(1).json();
        let errors: Vec<_> = json.as_array().unwrap().iter().filter(|problem| problem["severity"] == "error").collect();
        // One for each stack, and no second one for the same.
        assert_eq!(errors.len(), 2, "{rails}: {json}");
    }
}

#[test]
fn run_that_goes_on_asks_for_a_sign_in_once_and_not_again_after_a_no() {
    let cloud = Cloud::unattended(&["--deny"]);
    let plan = ["terraform", "plan", "--all", "-s", "dev", "--failure-mode", "keep-going"];
    let seen = cloud.sandbox.atmos_with(&[("ATMOS_FORCE_TTY", "true"), ("ATMOS_NO_BROWSER", "1")], &plan).exits(1);
    let seen = seen.says("aws sso token creation failed");
    assert_eq!(cloud.portal.count("StartDeviceAuthorization"), 1, "{seen}");
    assert_eq!(cloud.portal.count("CreateToken"), 1, "{seen}");
    // The one that needs nobody has run.
    assert!(cloud.sandbox.repo().join("components/terraform/vpc/.terraform").exists(), "{seen}");
}

#[test]
fn described_component_says_who_it_is_where_its_settings_decide() {
    let sandbox = Sandbox::scenario("identity-resolution");
    let auth = |component: &str, env: &[(&str, &str)]| {
        let words = ["describe", "component", component, "-s", "dev", "--format", "json", "--query", ".auth.resolved"];
        sandbox.atmos_with(env, &words).success().json()
    };
    assert_eq!(auth("own", &[]), json!({"identity": "by-component", "source": "settings.auth.identity"}));
    assert_eq!(auth("alias", &[])["identity"], "by-component", "the name, whatever it was called");
    assert_eq!(auth("off", &[]), json!({"identity": false, "source": "settings.auth.identity"}));
    let variable = [("ATMOS_IDENTITY", "by-stack")];
    assert_eq!(auth("own", &variable), json!({"identity": "by-stack", "source": "ATMOS_IDENTITY"}));
    // Nothing is added where no setting says anything.
    assert_eq!(auth("narrower", &[]), json!(null));
}

#[test]
fn key_that_the_go_version_stored_is_taken_over_and_left_where_it_is() {
    let mut users = Users::start(&json!({}));
    let import = ["auth", "user", "import", "--from-reference"];
    let _service = SecretService::start(&mut users.sandbox);
    users.sandbox.atmos(&import).exits(1).says("no entry of the Go version").says("atmos_users_worker");
    // As that one files it: the name is the service, and the account is the same for all.
    let filed = |realm: &str, data: &serde_json::Value| {
        let mut store = users.sandbox.command(crate::support::find_part("secret-tool").unwrap());
        store.args(["store", "--label=x", "service", &format!("atmos_{realm}worker"), "username", "atmos-auth"]);
        users.sandbox.start(store, &json!({"type": "aws", "data": data}).to_string()).wait().success();
    };
    filed("", &json!({"access_key_id": "ASIATEMPORARY0000000", "secret_access_key": "x", "session_token": "t"}));
    users.sandbox.atmos(&import).exits(1).says("temporary session");
    let migrate = ["auth", "keyring", "migrate", "--from", "reference", "--to", "file"];
    users.sandbox.atmos(&migrate).success().says("left behind").says("holds nothing of this repository");
    let key = json!({"access_key_id": FIRST_ID, "secret_access_key": FIRST_SECRET, "session_duration": "1h"});
    filed("users_", &key);
    users.sandbox.atmos(&import).success().says("worker").says("file keyring");
    let who = users.sandbox.atmos(&["auth", "whoami", "-i", "deploy", "-o", "json"]).success().json();
    assert!(who["principal"].as_str().unwrap().contains(":assumed-role/Deploy/"), "{who}");
    let mut lookup = users.sandbox.command(crate::support::find_part("secret-tool").unwrap());
    lookup.args(["lookup", "service", "atmos_users_worker", "username", "atmos-auth"]);
    let left = users.sandbox.start(lookup, "").wait().success();
    assert!(left.stdout.contains(FIRST_ID), "{left}");
    users.assert_clean();
}

/// Whose name is written in another way is looked for among all of them: once for all, not for each step of each chain.
#[test]
fn a_chain_of_thousands_is_listed() {
    const LENGTH: usize = 3000;
    let mut sandbox = Sandbox::empty();
    sandbox.set("ATMOS_KEYRING_TYPE", "memory");
    let mut text =
        "auth:\n  providers: {p: {kind: mock}}\n  identities:\n    i0: {kind: mock, via: {provider: p}}\n".to_owned();
    for at in 1..LENGTH {
        let _ = writeln!(text, "    i{at}: {{kind: mock, alias: a{at}, via: {{identity: I{}}}}}", at - 1);
    }
    sandbox.write("atmos.yaml", &text);
    let tree = sandbox.atmos(&["auth", "list"]).success();
    assert_eq!(tree.stdout.lines().filter(|line| line.contains("● i")).count(), LENGTH, "all are live");
    let table = sandbox.atmos(&["auth", "list", "-f", "table"]).success();
    assert!(table.stdout.contains(&format!("i{}", LENGTH - 1)), "{}", table.stdout.len());
}
