//! `auth explain`, `refresh`, `doctor`, `login --all`, `validate --stacks`, and what a warm path asks of the machine.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::{Cloud, Sandbox};

fn explain(sandbox: &Sandbox, stack: &str, component: &str, more: &[&str]) -> serde_json::Value {
    let args = [&["auth", "explain", "-s", stack, "-c", component, "--format", "json"][..], more].concat();
    sandbox.atmos(&args).success().json()
}

#[test]
fn explain_names_the_line_that_chose_and_what_it_overrides() {
    let sandbox = Sandbox::scenario("identity-resolution");
    let own = explain(&sandbox, "dev", "own", &[]);
    assert_eq!(own["identity"], "by-component");
    assert_eq!(own["chosen"]["by"], "settings.auth.identity");
    assert!(own["chosen"]["place"].as_str().unwrap().contains("orgs/dev.yaml:"), "{own}");
    let overridden = &own["overrides"];
    assert_eq!(
        (&overridden[0]["says"], &overridden[0]["by"]),
        (&json!("by-catalog"), &json!("settings.auth.identity"))
    );
    assert!(overridden[0]["place"].as_str().unwrap().contains("catalog/base.yaml:"), "{own}");
    assert_eq!(overridden[1]["by"], "auth.identities.fallback.default", "{own}");
    assert!(overridden[1]["place"].as_str().unwrap().contains("atmos.yaml:"), "{own}");
    let narrower = explain(&sandbox, "dev", "narrower", &[]);
    assert_eq!(narrower["chosen"]["by"], "auth.identities.by-default.default", "{narrower}");
    let flag = explain(&sandbox, "dev", "own", &["-i", "by-stack"]);
    assert_eq!((&flag["identity"], &flag["chosen"]["by"]), (&json!("by-stack"), &json!("--identity")));
    assert_eq!(flag["overrides"][0]["says"], "by-component", "{flag}");
    let off = explain(&sandbox, "dev", "off", &[]);
    assert_eq!((&off["decision"], &off["identity"]), (&json!("disabled"), &json!(null)), "{off}");
    let unknown = sandbox.atmos(&["auth", "explain", "-s", "staging", "-c", "unknown"]).exits(1);
    unknown.says("identity not found").says("nobody").says("staging.yaml");
    sandbox.atmos(&["auth", "explain", "-c", "own"]).exits(1).says("stack");
}

#[test]
fn explain_shows_chain_accounts_expiry_and_delivery_and_asks_nobody() {
    let cloud = Cloud::start(&[]);
    let (cold, requests) = cloud.requests_during(|| explain(&cloud.sandbox, "dev", "vpc", &[]));
    assert_eq!(requests, Vec::<String>::new());
    let chain: Vec<_> = cold["chain"].as_array().unwrap().iter().map(|link| link["name"].clone()).collect();
    assert_eq!(chain, ["corp", "net-base", "network-admin"]);
    assert_eq!(cold["chain"][2]["account"], "333333333333");
    assert_eq!(cold["chain"][1]["account"], "network", "the id is not known before somebody asked");
    assert_eq!((&cold["delivery"], &cold["session"]["live"]), (&json!("process"), &json!(false)), "{cold}");
    cloud.login("network-admin").success();
    let warm = explain(&cloud.sandbox, "dev", "vpc", &[]);
    assert_eq!(warm["chain"][1]["account"], "333333333333", "{warm}");
    assert_eq!(warm["session"]["live"], true);
    assert!(warm["portal"]["expiration"].is_string(), "{warm}");
    let text = cloud.sandbox.atmos(&["auth", "explain", "-s", "dev", "-c", "vpc"]).success();
    for part in [
        "identity   network-admin",
        "chosen by  settings.auth.identity",
        "overrides  auth.identities.reader.default",
        "→ network-admin (aws/assume-role), account 333333333333",
        "delivery   process",
    ] {
        assert!(text.stdout.contains(part), "{part}\n{text}");
    }
}

#[test]
fn refresh_renews_what_is_cached_and_signs_nobody_in() {
    let cloud = Cloud::start(&[]);
    cloud.sandbox.atmos(&["auth", "refresh"]).success().says("nothing to refresh");
    cloud.login("network-admin").success();
    let old = cloud.last_key_of("NetOps");
    let (done, requests) = cloud.requests_during(|| cloud.sandbox.atmos(&["auth", "refresh"]).success());
    let calls: Vec<_> = requests.iter().filter(|name| *name != "ListAccounts").collect();
    assert_eq!(calls, ["GetRoleCredentials", "AssumeRole"], "each chain once, the token is good\n{done}");
    assert_ne!(cloud.last_key_of("NetOps"), old);
    let (_, requests) =
        cloud.requests_during(|| cloud.sandbox.atmos(&["auth", "process", "-i", "network-admin"]).success());
    assert_eq!(requests, Vec::<String>::new(), "what is new is kept");
    cloud.portal.control(&json!({"revoke_access_tokens": true, "revoke_refresh_tokens": true}));
    let over = cloud.sandbox.atmos(&["auth", "refresh", "-i", "network-admin"]).exits(2);
    over.says("atmos auth login --provider corp");
    cloud.assert_clean();
}

#[test]
fn login_all_signs_in_once_and_gets_everybody() {
    let cloud = Cloud::start(&[]);
    let all = ["auth", "login", "--all", "--no-browser"];
    let force = [("ATMOS_FORCE_TTY", "true")];
    let outcome = cloud.sandbox.atmos_with(&force, &all).success();
    for identity in ["data-admin", "net-base", "network-admin", "reader"] {
        assert!(outcome.stderr.contains(&format!("✓ {identity}")), "{identity}\n{outcome}");
    }
    assert_eq!((cloud.portal.count("StartDeviceAuthorization"), cloud.portal.count("GetRoleCredentials")), (1, 3));
    assert_eq!(cloud.sts.count("AssumeRole"), 1);
    cloud.assert_clean();
}

#[test]
fn login_all_has_nothing_to_do_for_who_has_no_credentials() {
    let sandbox = crate::who::repository("{}");
    crate::who::add(&sandbox, "    ci: {kind: ambient}");
    sandbox.atmos(&["auth", "login", "--all"]).success().says("ci: ambient (not managed)").says("admin");
}

#[test]
fn login_all_goes_on_when_one_fails_and_asks_no_second_time_when_the_sign_in_does() {
    let cloud = Cloud::start(&[]);
    let text = cloud.sandbox.read("atmos.yaml").replace("name: DataOps", "name: Nothing");
    cloud.sandbox.write("atmos.yaml", &text);
    let all = ["auth", "login", "--all", "--no-browser"];
    let force = [("ATMOS_FORCE_TTY", "true")];
    let outcome = cloud.sandbox.atmos_with(&force, &all).exits(1).says("No access").says("✓ reader");
    assert!(!outcome.stderr.contains("✓ data-admin"), "{outcome}");
    let denied = Cloud::unattended(&["--deny"]);
    let outcome = denied.sandbox.atmos_with(&force, &all).exits(1).says("nobody is signed in to corp");
    assert_eq!(outcome.stderr.matches("aws sso token creation failed").count(), 1, "{outcome}");
    assert_eq!(denied.portal.count("StartDeviceAuthorization"), 1);
}

#[test]
fn login_by_tags_takes_the_one_that_has_it() {
    let cloud = Cloud::start(&[]);
    let text = cloud.sandbox.read("atmos.yaml");
    let tagged = text
        .replace("    data-admin:\n", "    data-admin:\n      tags: [data]\n")
        .replace("    net-base:\n", "    net-base:\n      tags: [net]\n")
        .replace("    network-admin:\n", "    network-admin:\n      tags: [net, admin]\n");
    cloud.sandbox.write("atmos.yaml", &tagged);
    let login = |tags: &str, more: &[&str]| {
        let args = [&["auth", "login", "--no-browser", "--tags", tags][..], more].concat();
        cloud.sandbox.atmos_with(&[("ATMOS_FORCE_TTY", "true")], &args)
    };
    login("data,other", &[]).success().says("data-admin");
    login("net", &[]).exits(1).says("requires a TTY").says("net-base, network-admin");
    login("nothing", &[]).exits(1).says("no identity has the tag nothing").says("admin, data, net");
    login("net", &["--all"]).success().says("✓ net-base").says("✓ network-admin").says_not("✓ data-admin");
    let list = cloud.sandbox.atmos(&["auth", "list", "--tags", "admin"]).success();
    assert!(list.stdout.contains("network-admin") && !list.stdout.contains("data-admin"), "{list}");
    // The parent is shown, since the child hangs below it.
    assert!(list.stdout.contains("net-base"), "{list}");
}

#[test]
fn login_timeout_is_a_duration() {
    let sandbox = Sandbox::scenario("identity-resolution");
    sandbox.atmos(&["auth", "login", "--timeout", "soon"]).exits(1).says("invalid duration `soon` of --timeout");
}

#[test]
fn validate_stacks_names_every_component_with_nobody_or_two_minds() {
    let sandbox = Sandbox::scenario("identity-resolution");
    sandbox.atmos(&["auth", "validate"]).success();
    let outcome = sandbox.atmos(&["auth", "validate", "--stacks"]).exits(1);
    let outcome = outcome.says("component `unknown` in stack `staging`: identity not found: `nobody`");
    outcome.says("component `both` in stack `dev`: settings.auth.identity says `by-component`");
    let json = sandbox.atmos(&["auth", "validate", "--stacks", "--format", "json"]).exits(1).json();
    let severities: Vec<_> = json.as_array().unwrap().iter().map(|problem| problem["severity"].clone()).collect();
    assert_eq!(severities.iter().filter(|severity| *severity == "error").count(), 1, "{json}");
    assert_eq!(severities.iter().filter(|severity| *severity == "warning").count(), 1, "{json}");
}

#[test]
fn doctor_finds_a_wide_cache_a_closed_keyring_and_a_wrong_clock() {
    let mut cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let doctor = |cloud: &Cloud| cloud.sandbox.atmos(&["auth", "doctor", "-f", "json"]);
    let find = |outcome: &crate::support::Outcome, about: &str| {
        let findings = outcome.json()["findings"].as_array().unwrap().clone();
        findings.into_iter().find(|finding| finding["about"] == about).unwrap_or_else(|| panic!("{about}\n{outcome}"))
    };
    let (fine, requests) = cloud.requests_during(|| doctor(&cloud).success());
    // What asks for the time is no operation of the service.
    assert_eq!(requests, ["Unknown"]);
    for about in ["configuration", "realm", "keyring", "cache", "portal", "session", "clock"] {
        assert_eq!(find(&fine, about)["state"], "good", "{about}\n{fine}");
    }
    assert_eq!(find(&fine, "endpoint")["state"], "note");
    let cache = cloud.sandbox.home().join(".cache/atmos");
    std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(find(&doctor(&cloud).exits(1), "cache")["state"], "bad");
    std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o700)).unwrap();
    cloud.sandbox.set("ATMOS_KEYRING_PASSWORD", "another password");
    assert_eq!(find(&doctor(&cloud).exits(1), "keyring")["state"], "bad");
    cloud.sandbox.set("ATMOS_KEYRING_PASSWORD", Sandbox::KEYRING_PASSWORD);
    let nobody = format!("http://127.0.0.1:{}", crate::support::free_port());
    cloud.sandbox.set("AWS_ENDPOINT_URL_SSO_OIDC", &nobody);
    assert_eq!(find(&doctor(&cloud).exits(1), "network")["state"], "bad");
    cloud.sandbox.atmos(&["auth", "doctor", "--offline"]).success();
    cloud.assert_clean();
}

#[test]
fn unlocked_file_keyring_needs_no_password_until_it_is_locked_up() {
    let mut cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let process = ["auth", "process", "-i", "data-admin"];
    let unlocked = cloud.sandbox.runtime().join("atmos/unlocked");
    cloud.sandbox.atmos(&process).success();
    assert!(!unlocked.exists(), "nothing is kept unless it is asked for");
    cloud.sandbox.set("ATMOS_KEYRING_UNLOCK", "8h");
    cloud.sandbox.atmos(&process).success();
    cloud.sandbox.remove("ATMOS_KEYRING_PASSWORD");
    cloud.sandbox.atmos(&process).success();
    let kept = Sandbox::files_below(&unlocked);
    assert_eq!(kept.len(), 1, "{kept:?}");
    let mode = std::fs::metadata(unlocked.join(&kept[0])).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    cloud.sandbox.remove("ATMOS_KEYRING_UNLOCK");
    cloud.sandbox.atmos(&process).exits(1).says("ATMOS_KEYRING_PASSWORD");
    cloud.sandbox.atmos(&["auth", "logout", "data-admin"]).success();
    assert!(!unlocked.exists(), "a logout locks up");
}

/// `strace` is the witness: a warm answer opens no socket to anywhere.
#[test]
fn warm_commands_connect_to_nobody_and_need_little_memory() {
    let cloud = Cloud::start(&[]);
    cloud.login("network-admin").success();
    cloud.sandbox.atmos(&["auth", "whoami", "-i", "network-admin"]).success();
    let trace = cloud.sandbox.root().join("trace");
    for command in ["process", "env", "whoami"] {
        let mut traced = cloud.sandbox.command("/usr/bin/env");
        traced.args(["strace", "-f", "-qq", "-e", "trace=connect,socket", "-o"]).arg(&trace);
        traced.arg(env!("CARGO_BIN_EXE_atmos")).args(["auth", command, "-i", "network-admin"]);
        cloud.sandbox.start(traced, "").wait().success();
        let seen = std::fs::read_to_string(&trace).unwrap();
        assert!(!seen.contains("AF_INET") && !seen.contains("connect("), "{command}\n{seen}");
    }
}
