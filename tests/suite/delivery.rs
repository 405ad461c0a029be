//! The ways in which a child gets its credentials, and that they are renewed while it runs.

use std::net::TcpStream;

use serde_json::json;

use crate::support::{Cloud, Sandbox, Scanner};

const DATA: &str = "arn:aws:sts::444444444444:assumed-role/AWSReservedSSO_DataOps_";

fn configure(cloud: &Cloud, from: &str, to: &str) {
    let text = cloud.sandbox.read("atmos.yaml");
    assert!(text.contains(from), "{from}");
    cloud.sandbox.write("atmos.yaml", &text.replace(from, to));
}

#[test]
fn endpoint_serves_its_child_and_is_gone_with_it() {
    let cloud = Cloud::start(&[]);
    configure(&cloud, "realm: scenario", "realm: scenario\n  delivery: endpoint");
    cloud.login("data-admin").success();
    let seen = cloud.apply(&["database", "-s", "dev"]).success();
    let probe = cloud.probe("dev-database");
    assert!(probe.caller().starts_with(DATA), "{}", probe.caller());
    let environment = probe.environment();
    for name in ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        assert!(!environment.contains_key(name), "{name} reached the child");
    }
    let (url, token) =
        (&environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"], &environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]);
    assert!(url.starts_with("http://127.0.0.1:") && token.len() == 64, "{url} {token}");
    assert!(!seen.stdout.contains(token.as_str()) && !seen.stderr.contains(token.as_str()), "the token is masked");
    assert!(!probe.text("credentials").contains("aws_secret_access_key"));
    let address = url.trim_start_matches("http://").split('/').next().unwrap().to_owned();
    assert!(TcpStream::connect(address).is_err(), "the endpoint has gone with the child");
    cloud.assert_clean();
}

#[test]
fn wrong_token_is_refused_at_once_and_said() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let script = "for token in '' wrong \"${AWS_CONTAINER_AUTHORIZATION_TOKEN}x\"; do curl -s -o /dev/null -w '%{http_code} ' -H \
                  \"Authorization: $token\" \"$AWS_CONTAINER_CREDENTIALS_FULL_URI\"; done";
    let exec = ["auth", "exec", "-i", "data-admin", "--delivery", "endpoint", "--", "sh", "-c", script];
    let seen = cloud.sandbox.atmos(&exec).success();
    assert_eq!(seen.stdout.trim(), "401 401 401", "{seen}");
    seen.says("somebody asked for the credentials of `data-admin`");
}

#[test]
fn delivery_is_chosen_by_component_identity_and_provider_in_this_order() {
    let cloud = Cloud::start(&[]);
    let with = |name: &str| -> &'static str {
        let environment = cloud.probe(name).environment();
        match (environment.contains_key("AWS_CONTAINER_CREDENTIALS_FULL_URI"), environment.contains_key("AWS_PROFILE"))
        {
            (true, false) => "endpoint",
            (false, true) => "process",
            _ => "neither",
        }
    };
    cloud.login("data-admin").success();
    configure(
        &cloud,
        "start_url: https://acme.test/start",
        "start_url: https://acme.test/start\n      delivery: endpoint",
    );
    cloud.apply(&["database", "-s", "dev"]).success();
    assert_eq!(with("dev-database"), "endpoint");
    configure(&cloud, "account: {id: \"444444444444\"}}", "account: {id: \"444444444444\"}}\n      delivery: process");
    cloud.apply(&["database", "-s", "dev"]).success();
    assert_eq!(with("dev-database"), "process");
    let catalog = cloud.sandbox.read("stacks/catalog/all.yaml");
    let own = catalog.replacen("    database:\n", "    database:\n      auth: {delivery: endpoint}\n", 1);
    cloud.sandbox.write("stacks/catalog/all.yaml", &own);
    cloud.apply(&["database", "-s", "dev"]).success();
    assert_eq!(with("dev-database"), "endpoint");
    configure(&cloud, "delivery: endpoint", "delivery: endpint");
    cloud.sandbox.atmos(&["auth", "validate"]).exits(1).says("unknown delivery `endpint`");
}

#[test]
fn credentials_shorter_than_the_margin_are_served_from_the_cache() {
    let cloud = Cloud::start(&["--credential-lifetime", "120"]);
    cloud.login("data-admin").success();
    let before = cloud.portal.count("GetRoleCredentials");
    let script = "for i in 1 2 3 4 5 6 7 8; do curl -s -H \"Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN\" \
                  \"$AWS_CONTAINER_CREDENTIALS_FULL_URI\" | tr , '\\n' | grep AccessKeyId; done | sort -u | wc -l";
    let exec = ["auth", "exec", "-i", "data-admin", "--delivery", "endpoint", "--", "sh", "-c", script];
    let seen = cloud.sandbox.atmos(&exec).success();
    assert_eq!(seen.stdout.trim(), "1", "{seen}");
    assert!(cloud.portal.count("GetRoleCredentials") - before <= 1);
}

#[test]
fn min_ttl_renews_what_is_too_short_and_refuses_what_stays_so() {
    let cloud = Cloud::start(&["--credential-lifetime", "1200"]);
    cloud.login("data-admin").success();
    let exec = |ttl: &str| cloud.sandbox.atmos(&["auth", "exec", "-i", "data-admin", "--min-ttl", ttl, "--", "true"]);
    let before = cloud.portal.count("GetRoleCredentials");
    exec("10m").success();
    assert_eq!(cloud.portal.count("GetRoleCredentials"), before, "enough is left");
    exec("1h").exits(1).says("at least 3600 s are wanted").says("min_ttl");
    exec("soon").exits(1).says("invalid value `soon` of --min-ttl");
    cloud.portal.control(&json!({"credential_lifetime": 7200}));
    exec("1h").success();
    assert_eq!(cloud.portal.count("GetRoleCredentials"), before + 2);
    configure(&cloud, "realm: scenario", "realm: scenario\n  min_ttl: 3h");
    cloud.apply(&["database", "-s", "dev"]).exits(1).says("at least 10800 s are wanted");
    assert!(!cloud.probe("dev-database").has("started"), "nothing was started");
}

#[test]
fn audit_log_says_who_was_whom_for_what_and_holds_no_secret() {
    use std::os::unix::fs::PermissionsExt as _;
    let cloud = Cloud::start(&[]);
    configure(&cloud, "realm: scenario", "realm: scenario\n  audit: {file: \"~/audit/log.jsonl\"}");
    cloud.login("data-admin").success();
    cloud.apply(&["database", "-s", "dev"]).success();
    cloud.sandbox.atmos(&["auth", "exec", "-i", "reader", "--", "true"]).success();
    configure(&cloud, "realm: scenario", "realm: scenario\n  expected_account: \"111111111111\"");
    cloud.apply(&["database", "-s", "dev"]).exits(1);
    let file = cloud.sandbox.home().join("audit/log.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let run = lines.iter().find(|line| line["event"] == "run").unwrap();
    for (key, value) in [
        ("identity", "data-admin"),
        ("source", "settings.auth.identity"),
        ("account", "444444444444"),
        ("delivery", "process"),
        ("component", "database"),
        ("stack", "dev"),
        ("realm", "scenario"),
    ] {
        assert_eq!(run[key], value, "{run}");
    }
    assert!(run["time"].is_string() && run["pid"].is_number() && run["expiration"].is_string(), "{run}");
    assert!(lines.iter().any(|line| line["event"] == "exec" && line["identity"] == "reader"), "{text}");
    let refused = lines.last().unwrap();
    assert_eq!(
        (&refused["event"], &refused["refused"]),
        (&json!("run"), &json!("atmos::auth::wrong_account")),
        "{text}"
    );
    Scanner::of(&cloud.portal, &cloud.sts).assert_absent("the audit log", text.as_bytes());
    // Without its line nothing is done.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    cloud
        .sandbox
        .atmos(&["auth", "exec", "-i", "reader", "--", "touch", "done"])
        .exits(1)
        .says("audit log")
        .says("chmod 600");
    assert!(!cloud.sandbox.repo().join("done").exists());
    cloud.assert_clean();
}

#[test]
fn expected_account_is_checked_before_the_child_starts() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let catalog = cloud.sandbox.read("stacks/catalog/all.yaml");
    let with = |value: &str| {
        let own = format!("    database:\n      auth: {{expected_account: {value}}}\n");
        cloud.sandbox.write("stacks/catalog/all.yaml", &catalog.replacen("    database:\n", &own, 1));
    };
    with("\"444444444444\"");
    cloud.apply(&["database", "-s", "dev"]).success();
    with("[\"111111111111\", \"444444444444\"]");
    cloud.apply(&["database", "-s", "dev"]).success();
    std::fs::remove_dir_all(cloud.probes().join("dev-database")).unwrap();
    with("\"555555555555\"");
    let seen = cloud.apply(&["database", "-s", "dev"]).exits(1);
    seen.says("wrong account").says("444444444444").says("555555555555").says("all.yaml:");
    with("4444");
    cloud.apply(&["database", "-s", "dev"]).exits(1).says("`4444` is not 12 digits");
    with("\"444444444444\"");
    cloud.apply(&["database", "-s", "dev", "--identity", "reader"]).exits(1).says("account 777777777777");
    cloud
        .apply(&["database", "-s", "dev", "--identity=false"])
        .exits(1)
        .says("auth.expected_account")
        .says("switched off");
    assert!(!cloud.probe("dev-database").has("started"), "nothing was started");
}

#[test]
fn identity_of_a_flag_has_to_be_allowed_where_a_list_says_which_are() {
    let cloud = Cloud::start(&[]);
    for identity in ["data-admin", "reader", "network-admin"] {
        cloud.login(identity).success();
    }
    configure(&cloud, "realm: scenario", "realm: scenario\n  allowed_identities: [reader]");
    let apply = |identity: &str| cloud.apply(&["database", "-s", "dev", "--identity", identity]);
    apply("reader").success();
    apply("data-admin").success();
    let refused = apply("network-admin").exits(1).says("may not be used for component `database` in stack `dev`");
    refused.says("allowed here: data-admin, reader");
    let run = ["terraform", "apply", "database", "-s", "dev", "--", "-auto-approve"];
    cloud.sandbox.atmos_with(&[("ATMOS_IDENTITY", "network-admin")], &run).exits(1).says("from ATMOS_IDENTITY");
}

#[test]
fn required_identity_fails_closed_when_authentication_is_switched_off() {
    let cloud = Cloud::start(&[]);
    let settings = "realm: scenario\n  require_identity: true\n  audit: {file: \"~/audit.jsonl\"}";
    configure(&cloud, "realm: scenario", settings);
    let seen = cloud.apply(&["local", "-s", "dev"]).exits(1);
    seen.says("switched off by settings.auth.identity").says("auth.require_identity");
    cloud.apply(&["database", "-s", "dev", "--identity=off"]).exits(1).says("switched off by --identity");
    assert_eq!(Sandbox::files_below(&cloud.probes()).len(), 0, "nothing was started");
    // Who tried is written down.
    let text = std::fs::read_to_string(cloud.sandbox.home().join("audit.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let written = |component: &str, source: &str| {
        let (code, run) = (json!("atmos::auth::guard_without_identity"), json!("run"));
        lines.iter().any(|line| {
            (&line["event"], &line["refused"]) == (&run, &code)
                && (&line["component"], &line["source"]) == (&json!(component), &json!(source))
                && line.get("identity").is_none()
        })
    };
    assert!(written("local", "settings.auth.identity") && written("database", "--identity"), "{text}");
}
