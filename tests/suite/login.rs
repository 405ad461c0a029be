//! `auth login` against the loopback IAM Identity Center: the device flow and everything that can go wrong in it.

use std::time::Duration;

use serde_json::json;

use crate::support::{AMBIENT_KEY, Cloud, free_port, wait_until};

const FLOW: [&str; 2] = ["RegisterClient", "StartDeviceAuthorization"];

#[test]
fn case_01_login_pending_twice_asks_exactly_what_it_needs() {
    let cloud = Cloud::start(&["--pending", "2"]);
    let outcome = cloud.login("data-admin").success().says("data-admin");
    assert_eq!(outcome.stdout, "");
    let expected = [&FLOW[..], &["CreateToken"; 3], &["GetRoleCredentials"]].concat();
    assert_eq!(cloud.portal.operations(), expected);
    let last = cloud.portal.log().pop().unwrap();
    assert_eq!((&last["account"], &last["role"]), (&json!("444444444444"), &json!("DataOps")));
    cloud.assert_clean();
}

#[test]
fn case_01_login_slow_down_waits_five_seconds_longer() {
    let cloud = Cloud::start(&["--slow-down", "1"]);
    let outcome = cloud.login("data-admin").success();
    assert_eq!(cloud.portal.count("CreateToken"), 2);
    let polls: Vec<_> = cloud.portal.log().into_iter().filter(|entry| entry["operation"] == "CreateToken").collect();
    let waited = polls[1]["at_ms"].as_u64().unwrap() - polls[0]["at_ms"].as_u64().unwrap();
    assert!((5500..9000).contains(&waited), "waited {waited} ms between polls\n{outcome}");
}

#[test]
fn case_01_login_denied_or_expired_fails_once_and_keeps_nothing() {
    for (knob, error) in [("--deny", "AccessDeniedException"), ("--expire", "ExpiredTokenException")] {
        let cloud = Cloud::unattended(&[knob]);
        let outcome = cloud.login("data-admin").exits(1).says("aws sso token creation failed");
        let phrase = "aws sso token creation failed";
        assert_eq!(outcome.stderr.matches(phrase).count(), 1, "an error is said once\n{outcome}");
        let log = cloud.portal.log();
        assert_eq!(log.last().unwrap()["error"], json!(error));
        assert_eq!(cloud.portal.count("CreateToken"), 1, "{knob}");
        cloud.assert_clean();
    }
}

#[test]
fn login_that_nobody_approves_ends_with_the_code() {
    let cloud = Cloud::unattended(&["--device-lifetime", "3"]);
    let outcome = cloud.login("data-admin").exits(1);
    assert!(outcome.elapsed < Duration::from_secs(15), "{outcome}");
}

#[test]
fn case_01_login_without_a_terminal_is_refused_before_any_request() {
    let cloud = Cloud::start(&[]);
    let outcome = cloud.sandbox.atmos(&["auth", "login", "--identity", "data-admin"]);
    outcome.exits(2).says("requires an interactive terminal");
    let run = cloud.sandbox.atmos(&["terraform", "plan", "vpc", "-s", "dev"]);
    run.exits(2).says("requires an interactive terminal");
    assert_eq!(cloud.portal.operations(), Vec::<String>::new());
    assert!(!cloud.sandbox.repo().join("components/terraform/vpc/.terraform").exists(), "terraform was started");
}

#[test]
fn login_at_an_unreachable_portal_fails_soon_and_names_it() {
    let mut cloud = Cloud::start(&[]);
    let nobody = format!("http://127.0.0.1:{}", free_port());
    for name in ["AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_SSO_OIDC"] {
        cloud.sandbox.set(name, &nobody);
    }
    let outcome = cloud.login("data-admin").exits(1).says("corp");
    assert!(outcome.elapsed < Duration::from_mins(1), "{outcome}");
}

#[test]
fn case_02_second_login_uses_the_token_of_the_first() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let (_, requests) = cloud.requests_during(|| cloud.login("reader").success());
    assert!(!requests.iter().any(|name| FLOW.contains(&name.as_str()) || name == "CreateToken"), "{requests:?}");
    assert_eq!(requests.last().map(String::as_str), Some("GetRoleCredentials"));
}

#[test]
fn case_04_account_by_name_is_found_on_a_later_page() {
    // Seven accounts; `network` is the third, `production` the seventh.
    for (size, pages) in [("1", 7), ("2", 4), ("3", 3), ("100", 1)] {
        let cloud = Cloud::start(&["--page-size", size]);
        cloud.login("reader").success();
        let last = cloud.portal.log().pop().unwrap();
        assert_eq!(last["account"], json!("777777777777"), "page size {size}");
        assert_eq!(cloud.portal.count("ListAccounts"), pages, "page size {size}");
    }
}

#[test]
fn case_04_account_that_is_nowhere_is_reported_with_names_that_are() {
    let cloud = Cloud::start(&[]);
    let settings = cloud.sandbox.read("atmos.yaml").replace("{name: production}", "{name: prodution}");
    cloud.sandbox.write("atmos.yaml", &settings);
    cloud.login("reader").exits(1).says("account \"prodution\" not found").says("production");
}

#[test]
fn permission_set_that_is_not_assigned_is_reported_in_the_services_words() {
    let cloud = Cloud::start(&[]);
    let settings = cloud.sandbox.read("atmos.yaml").replace("name: DataOps", "name: Nothing");
    cloud.sandbox.write("atmos.yaml", &settings);
    cloud.login("data-admin").exits(1).says("No access");
}

#[test]
fn case_02_expired_token_is_refreshed_with_one_request() {
    let cloud = Cloud::start(&["--token-lifetime", "1", "--rotate-refresh"]);
    cloud.login("data-admin").success();
    // Each round somebody whose credentials are not there yet.
    for (round, identity) in ["reader", "network-admin"].into_iter().enumerate() {
        std::thread::sleep(Duration::from_millis(1100));
        let (_, requests) = cloud.requests_during(|| cloud.login(identity).success());
        let tokens = requests.iter().filter(|name| *name == "CreateToken").count();
        assert_eq!(tokens, 1, "round {round}: {requests:?}");
        assert!(!requests.iter().any(|name| FLOW.contains(&name.as_str())), "round {round}: {requests:?}");
    }
    let grants = cloud.portal.log().into_iter().filter(|entry| entry["grant"] == "refresh_token").count();
    assert_eq!(grants, 2);
    cloud.assert_clean();
}

#[test]
fn case_02_rejected_refresh_token_leads_to_a_new_login() {
    let cloud = Cloud::start(&["--token-lifetime", "1"]);
    cloud.login("data-admin").success();
    cloud.portal.control(&json!({"reject_refresh": true, "token_lifetime": 3600}));
    std::thread::sleep(Duration::from_millis(1100));
    let (_, requests) = cloud.requests_during(|| cloud.login("reader").success());
    assert!(requests.iter().any(|name| name == "StartDeviceAuthorization"), "{requests:?}");
}

#[test]
fn case_14_expired_token_without_a_terminal_names_the_way_out() {
    let cloud = Cloud::start(&["--token-lifetime", "1", "--no-refresh"]);
    cloud.login("data-admin").success();
    std::thread::sleep(Duration::from_millis(1100));
    let plan = cloud.sandbox.atmos(&["terraform", "plan", "vpc", "-s", "dev"]);
    plan.exits(2).says("requires an interactive terminal").says("atmos auth login");
    assert!(!cloud.sandbox.repo().join("components/terraform/vpc/.terraform").exists());
    cloud.assert_clean();
}

#[test]
fn token_that_the_portal_rejects_is_replaced_once() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    cloud.portal.control(&json!({"unauthorized_once": true}));
    let (_, requests) = cloud.requests_during(|| cloud.login("reader").success());
    assert_eq!(requests.iter().filter(|name| *name == "CreateToken").count(), 1, "{requests:?}");
    // All tokens are worthless, the refresh token too: a new device flow.
    cloud.portal.control(&json!({"revoke_access_tokens": true, "revoke_refresh_tokens": true}));
    let force = ["auth", "login", "--force", "--no-browser", "--identity", "data-admin"];
    cloud.sandbox.atmos_with(&[("ATMOS_FORCE_TTY", "true")], &force).success();
    assert_eq!(cloud.portal.count("StartDeviceAuthorization"), 2);
}

#[test]
fn portal_that_is_busy_or_broken_for_a_moment_is_asked_again() {
    for knob in ["too_many_once", "server_error_once"] {
        let cloud = Cloud::start(&[]);
        cloud.login("data-admin").success();
        cloud.portal.control(&json!({knob: true}));
        cloud.login("reader").success();
    }
}

#[test]
fn case_03_two_processes_at_once_start_one_device_flow() {
    let cloud = Cloud::start(&["--pending", "2"]);
    let start = |identity| {
        let mut command = cloud.sandbox.atmos_command(&["auth", "login", "--no-browser", "--identity", identity]);
        command.env("ATMOS_FORCE_TTY", "true");
        cloud.sandbox.start(command, "")
    };
    let (one, two, three) = (start("data-admin"), start("network-admin"), start("data-admin"));
    for outcome in [one.wait(), two.wait(), three.wait()] {
        outcome.success();
    }
    assert_eq!((cloud.portal.count("RegisterClient"), cloud.portal.count("StartDeviceAuthorization")), (1, 1));
    assert_eq!(cloud.portal.count("CreateToken"), 3);
    cloud.assert_clean();
}

#[test]
fn command_that_may_not_ask_gives_up_on_a_login_that_nobody_finishes() {
    let cloud = Cloud::unattended(&[]);
    let mut command = cloud.sandbox.atmos_command(&["auth", "login", "--no-browser", "--identity", "data-admin"]);
    command.env("ATMOS_FORCE_TTY", "true");
    let login = cloud.sandbox.start(command, "");
    wait_until("the code is shown", Duration::from_mins(1), || {
        (cloud.portal.count("StartDeviceAuthorization") == 1).then_some(())
    });
    // One waits for the same identity, one for the same portal.
    let whoami = cloud.sandbox.spawn(&["auth", "whoami", "--identity", "data-admin"]);
    let plan = cloud.sandbox.spawn(&["terraform", "plan", "vpc", "-s", "dev"]);
    let process = format!("another process (process {})", login.pid());
    for (waiter, work) in [(whoami, "authenticates identity `data-admin`"), (plan, "signs in to `corp`")] {
        let outcome = waiter.wait().exits(1).says(&format!("waiting for {process} that {work}"));
        let outcome = outcome.says(&format!("gave up after 30 s of waiting for {process} that {work}"));
        let limits = Duration::from_secs(30)..Duration::from_mins(1);
        assert!(limits.contains(&outcome.elapsed), "{outcome}");
    }
    assert_eq!(cloud.portal.count("StartDeviceAuthorization"), 1);
    login.signal(rustix::process::Signal::INT);
    login.wait().exits(130);
    cloud.assert_clean();
}

#[test]
fn keys_in_the_callers_environment_change_nothing() {
    let mut cloud = Cloud::start(&[]);
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", AMBIENT_KEY),
        ("AWS_SECRET_ACCESS_KEY", "ambient"),
        ("AWS_SESSION_TOKEN", "ambient"),
        ("AWS_PROFILE", "ambient"),
        ("AWS_REGION", "us-west-2"),
    ] {
        cloud.sandbox.set(name, value);
    }
    cloud.login("network-admin").success();
    let calls = cloud.sts.calls();
    let assumed = calls.iter().find(|call| call.action == "AssumeRole").expect("a role is assumed");
    assert_eq!(assumed.role, "arn:aws:iam::333333333333:role/NetworkAdmin");
    assert_eq!(assumed.signer, cloud.last_key_of("NetOps"));
    assert!(calls.iter().all(|call| call.signer != AMBIENT_KEY), "{calls:?}");
}

#[test]
fn case_12_logout_removes_the_bytes_and_tells_the_portal() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let before = crate::support::Sandbox::files_below(&cloud.sandbox.home()).len();
    cloud.sandbox.atmos(&["auth", "logout", "--all", "--dry-run"]).success();
    assert_eq!(crate::support::Sandbox::files_below(&cloud.sandbox.home()).len(), before);
    cloud.sandbox.atmos(&["auth", "logout", "--all"]).success();
    assert_eq!(cloud.portal.count("Logout"), 1);
    cloud.sandbox.atmos(&["auth", "login", "--identity", "data-admin"]).exits(2);
}

#[test]
fn logout_finds_tokens_of_portals_that_the_configuration_has_no_more() {
    let cloud = Cloud::start(&[]);
    let text = cloud.sandbox.read("atmos.yaml");
    let gone = format!("{}auth: {{realm: scenario}}\n", &text[..text.find("auth:").unwrap()]);
    let elsewhere = text.replace("https://acme.test/start", "https://other.test/start");
    for changed in [elsewhere.clone(), gone] {
        cloud.login("data-admin").success();
        cloud.sandbox.write("atmos.yaml", &changed);
        let told = cloud.portal.count("Logout");
        let logout = ["auth", "logout", "--all"];
        cloud.sandbox.atmos(&[&logout[..], &["--dry-run"]].concat()).success().says("token of corp");
        assert_eq!(cloud.portal.count("Logout"), told);
        cloud.sandbox.atmos(&logout).success().says("token of corp");
        assert_eq!(cloud.portal.count("Logout"), told + 1);
        cloud.sandbox.write("atmos.yaml", &text);
        cloud.sandbox.atmos(&["auth", "process", "--identity", "data-admin"]).exits(2);
        cloud.sandbox.atmos(&logout).success().says("nothing is kept");
    }
    // One that has the provider elsewhere now goes with the provider, too.
    cloud.login("data-admin").success();
    cloud.sandbox.write("atmos.yaml", &elsewhere);
    cloud.sandbox.atmos(&["auth", "logout", "--provider", "corp"]).success().says("token of corp");
    cloud.sandbox.write("atmos.yaml", &text);
    cloud.sandbox.atmos(&["auth", "process", "--identity", "data-admin"]).exits(2);
}

#[test]
fn logout_needs_no_password() {
    let mut cloud = Cloud::start(&[]);
    cloud.login("network-admin").success();
    let cache = cloud.sandbox.home().join(".cache/atmos/auth");
    let entries = || {
        let files = crate::support::Sandbox::files_below(&cache);
        files.into_iter().filter(|file| file.extension().is_none()).count()
    };
    let before = entries();
    cloud.sandbox.remove("ATMOS_KEYRING_PASSWORD");
    let logout = ["auth", "logout", "--all"];
    cloud.sandbox.atmos(&[&logout[..], &["--dry-run"]].concat()).success().says("would remove");
    assert_eq!(entries(), before);
    cloud.sandbox.atmos(&logout).success().says("earlier configurations").says("the portal could not be told");
    // The index stays: with the password it leads to what an earlier configuration left.
    assert_eq!(entries(), 1);
    cloud.sandbox.set("ATMOS_KEYRING_PASSWORD", crate::support::Sandbox::KEYRING_PASSWORD);
    cloud.sandbox.atmos(&["auth", "process", "--identity", "network-admin"]).exits(2);
    cloud.sandbox.atmos(&logout).success().says_not("earlier configurations");
}

#[test]
fn credentials_that_are_over_on_arrival_are_refused() {
    let cloud = Cloud::start(&["--credential-lifetime", "0"]);
    cloud.login("data-admin").exits(1).says("before they arrived").says("clock of this machine");
    cloud.sandbox.atmos(&["auth", "process", "--identity", "data-admin"]).exits(1).says("before they arrived");
}

#[test]
fn endpoint_of_the_configuration_beats_the_environment() {
    let mut cloud = Cloud::start(&[]);
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let mut sandbox = crate::support::Sandbox::scenario("identity-center-endpoint").with_file_keyring();
    sandbox.set("PORTAL_URL", &cloud.portal.url);
    for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_SSO_OIDC"] {
        sandbox.set(name, &nobody);
    }
    cloud.sandbox = sandbox;
    cloud.login("data-admin").success();
    assert_eq!(cloud.portal.count("GetRoleCredentials"), 1);
}

/// An IDE that is started elsewhere has none of this shell's variables.
#[test]
fn realm_of_the_environment_goes_along_in_the_standing_helper() {
    let mut cloud = Cloud::start(&[]);
    cloud.sandbox.set("ATMOS_AUTH_REALM", "elsewhere");
    cloud.login("data-admin").success();
    let variables =
        |cloud: &Cloud| cloud.sandbox.atmos(&["auth", "env", "-i", "data-admin", "-f", "json"]).success().json();
    let config = variables(&cloud)["AWS_CONFIG_FILE"].as_str().unwrap().to_owned();
    assert!(config.contains("/.config/atmos/elsewhere/aws/corp/config."), "{config}");
    let config = std::fs::read_to_string(config).unwrap();
    let process = config.lines().find_map(|line| line.strip_prefix("credential_process = ")).unwrap();
    cloud.sandbox.remove("ATMOS_AUTH_REALM");
    let mut command = cloud.sandbox.command("/bin/sh");
    command.args(["-c", process]).current_dir("/");
    let (outcome, requests) = cloud.requests_during(|| cloud.sandbox.start(command, "").wait());
    let outcome = outcome.success();
    assert_eq!(requests, Vec::<String>::new(), "the entries of the realm are found\n{process}\n{outcome}");
    assert_eq!(outcome.json()["AccessKeyId"], cloud.last_key_of("DataOps"));
    // A realm of the configuration is found there, and needs no word.
    cloud.login("data-admin").success();
    let config = variables(&cloud)["AWS_CONFIG_FILE"].as_str().unwrap().to_owned();
    assert!(config.contains("/.config/atmos/scenario/aws/corp/config."), "{config}");
    assert!(!std::fs::read_to_string(config).unwrap().contains("--realm"));
}
