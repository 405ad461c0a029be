//! The ways in which a child gets its credentials, and that they are renewed while it runs.

use std::collections::BTreeMap;
use std::net::TcpStream;

use serde_json::json;

use crate::support::{Cloud, Sandbox, Scanner};

const DATA: &str = "arn:aws:sts::444444444444:assumed-role/AWSReservedSSO_DataOps_";
const DELIVERIES: [&str; 4] = ["process", "files", "endpoint", "env"];

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

/// State in S3 of moto, by the backend of terraform: a second witness of who somebody is.
fn with_state_in_s3(cloud: &Cloud, bucket: &str) {
    let created = crate::support::exchange("PUT", &format!("{}/{bucket}", cloud.sts.unrecorded()), "");
    assert!(created.is_some_and(|(status, _)| status == 200), "moto makes the bucket");
    let url = &cloud.sts.url;
    let catalog = cloud.sandbox.read("stacks/catalog/all.yaml");
    let backend = format!(
        "terraform:\n  backend_type: s3\n  backend:\n    s3:\n      bucket: {bucket}\n      key: terraform.tfstate\n      region: \
         eu-west-1\n      use_path_style: true\n      skip_credentials_validation: true\n      skip_requesting_account_id: true\n      \
         skip_region_validation: true\n      skip_metadata_api_check: true\n      endpoints: {{s3: \"{url}\", sts: \"{url}\"}}\n"
    );
    cloud.sandbox.write("stacks/catalog/all.yaml", &format!("{backend}{catalog}"));
}

#[test]
fn apply_that_outlives_its_credentials_is_given_new_ones_and_saves_its_state() {
    let mut cloud = Cloud::start(&["--credential-lifetime", "308"]);
    with_state_in_s3(&cloud, "long");
    configure(&cloud, "realm: scenario", "realm: scenario\n  delivery: endpoint");
    cloud.sandbox.set("PROBE_SLEEP", "14");
    cloud.login("data-admin").success();
    let before = cloud.sts.calls().len();
    cloud.apply(&["database", "-s", "dev"]).success();
    let calls = cloud.sts.calls().split_off(before);
    let at_s3: Vec<_> = calls.iter().filter(|call| call.line.contains("/long")).collect();
    let (first, last) = (at_s3.first().unwrap(), at_s3.last().unwrap());
    assert_ne!(first.signer, last.signer, "new credentials under way: {at_s3:?}");
    assert_eq!(last.signer, cloud.last_key_of("DataOps"));
    assert!(at_s3.iter().any(|call| call.line.starts_with("PUT /long/") && call.signer == last.signer), "{at_s3:?}");
    assert_eq!(cloud.portal.count("StartDeviceAuthorization"), 1, "nobody was asked to sign in again");
    // Each of the two was fetched once, however often terraform asked.
    let fetched = cloud.portal.count("GetRoleCredentials");
    assert!((2..=3).contains(&fetched), "{fetched} calls of GetRoleCredentials");
    let state = crate::support::exchange("GET", &format!("{}/long?list-type=2", cloud.sts.unrecorded()), "").unwrap().1;
    assert!(state.contains("terraform.tfstate"), "{state}");
    cloud.assert_clean();
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

/// How each delivery hands a key over, as a program of the user's would get at it.
fn key_of(delivery: &str) -> &'static str {
    match delivery {
        "process" => "sh -c \"$(sed -n 's/^credential_process *= *//p' \"$AWS_CONFIG_FILE\" | head -n 1)\"",
        "files" => "cat \"$AWS_SHARED_CREDENTIALS_FILE\"",
        "endpoint" => {
            "curl -s -H \"Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN\" \"$AWS_CONTAINER_CREDENTIALS_FULL_URI\""
        }
        _ => "echo $AWS_ACCESS_KEY_ID",
    }
}

#[test]
fn three_identities_side_by_side_are_never_mixed_up_whatever_the_delivery() {
    let cloud = Cloud::start(&[]);
    let identities = [("reader", "ReadOnly"), ("net-base", "NetOps"), ("data-admin", "DataOps")];
    for (identity, _) in identities {
        cloud.login(identity).success();
    }
    let roles: BTreeMap<String, String> = cloud
        .portal
        .issued()
        .iter()
        .filter_map(|issued| Some((issued["access_key_id"].as_str()?.to_owned(), issued["role"].as_str()?.to_owned())))
        .collect();
    let pattern = regex::Regex::new("ASIA[A-Z2-7]{16}").unwrap();
    let rounds = std::env::var("ATMOS_TEST_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    for round in 0..rounds {
        for delivery in DELIVERIES {
            let running = identities.map(|(identity, role)| {
                let exec = ["auth", "exec", "-i", identity, "--delivery", delivery, "--", "sh", "-c", key_of(delivery)];
                (role, cloud.sandbox.spawn(&exec))
            });
            for (role, run) in running {
                let seen = run.wait().success();
                let keys: Vec<&str> = pattern.find_iter(&seen.stdout).map(|found| found.as_str()).collect();
                assert!(!keys.is_empty(), "round {round}, {delivery}: {seen}");
                for key in keys {
                    assert_eq!(roles.get(key).map(String::as_str), Some(role), "round {round}, {delivery}");
                }
            }
        }
    }
    cloud.assert_clean();
}

#[test]
fn three_components_in_parallel_are_who_they_should_be_for_sts_and_for_s3() {
    let cloud = Cloud::start(&[]);
    with_state_in_s3(&cloud, "witness");
    // A folder of its own, so that nobody waits for anybody.
    let main = cloud.sandbox.read("components/terraform/vpc/main.tf");
    cloud.sandbox.write("components/terraform/third/main.tf", &main);
    let catalog = cloud.sandbox.read("stacks/catalog/all.yaml");
    let third = "    third:\n      settings: {auth: {identity: reader}}\n      vars: {name: third}\n    vpc:\n";
    cloud.sandbox.write("stacks/catalog/all.yaml", &catalog.replacen("    vpc:\n", third, 1));
    for identity in ["reader", "network-admin", "data-admin"] {
        cloud.login(identity).success();
    }
    let components = [
        ("vpc", "arn:aws:sts::333333333333:assumed-role/NetworkAdmin/"),
        ("database", DATA),
        ("third", "arn:aws:sts::777777777777:assumed-role/AWSReservedSSO_ReadOnly_"),
    ];
    for delivery in DELIVERIES {
        let text = cloud.sandbox.read("atmos.yaml");
        let own: Vec<&str> = text.lines().filter(|line| !line.starts_with("  delivery:")).collect();
        let text = own.join("\n").replace("realm: scenario", &format!("realm: scenario\n  delivery: {delivery}"));
        cloud.sandbox.write("atmos.yaml", &text);
        let before = cloud.sts.calls().len();
        let running = components.map(|(component, arn)| {
            (
                component,
                arn,
                cloud.sandbox.spawn(&["terraform", "apply", component, "-s", "dev", "--", "-auto-approve"]),
            )
        });
        for (component, arn, run) in running {
            run.wait().success();
            let caller = cloud.probe(&format!("dev-{component}")).caller();
            assert!(caller.starts_with(arn), "{delivery}, {component}: {caller}");
        }
        // Who wrote a state is the signer of no other one.
        let mut writers: BTreeMap<String, String> = BTreeMap::new();
        for call in cloud.sts.calls().split_off(before) {
            let component = components
                .iter()
                .find(|(name, _)| call.line.contains(&format!("/{name}")) || call.line.contains(&format!("{name}/")));
            if let Some((component, _)) = component.filter(|_| call.line.starts_with("PUT /witness/")) {
                let known = writers.entry(call.signer.clone()).or_insert_with(|| (*component).to_owned());
                assert_eq!(known.as_str(), *component, "{delivery}: {} wrote two states", call.signer);
            }
        }
        for (component, _) in components {
            std::fs::remove_dir_all(cloud.probes().join(format!("dev-{component}"))).unwrap();
        }
    }
    cloud.assert_clean();
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
