//! Acceptance cases of authentication that need no more room than one test each; `case_NN` is the case's number. Others of
//! these numbers stand beside what they belong to: login, identities, isolation, keyring, states.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::support::{Cloud, Outcome, Running, Sandbox, wait_until};

/// Identities of the scenario whose credentials come from the portal or from a role.
const IDENTITIES: [&str; 4] = ["data-admin", "network-admin", "reader", "net-base"];
/// What nobody may have to wait for who cannot be asked.
const AT_ONCE: Duration = Duration::from_secs(2);

fn login(cloud: &Cloud, identity: &str) -> Running {
    let mut command = cloud.sandbox.atmos_command(&["auth", "login", "--no-browser", "--identity", identity]);
    command.env("ATMOS_FORCE_TTY", "true");
    cloud.sandbox.start(command, "")
}

#[test]
fn case_03_fifty_cold_processes_make_one_login_and_one_call_for_each_chain() {
    let cloud = Cloud::start(&[]);
    let started: Vec<Running> = (0..50).map(|at| login(&cloud, IDENTITIES[at % IDENTITIES.len()])).collect();
    for process in started {
        process.wait().success();
    }
    for (operation, count) in
        [("RegisterClient", 1), ("StartDeviceAuthorization", 1), ("CreateToken", 1), ("GetRoleCredentials", 3)]
    {
        assert_eq!(cloud.portal.count(operation), count, "{operation}: {:?}", cloud.portal.operations());
    }
    assert_eq!(cloud.sts.count("AssumeRole"), 1);
    // The token is over, its refresh token is not: one of fifty refreshes.
    let fresh = Cloud::start(&["--token-lifetime", "1", "--rotate-refresh"]);
    login(&fresh, "data-admin").wait().success();
    fresh.portal.control(&json!({"token_lifetime": 3600}));
    std::thread::sleep(Duration::from_millis(1100));
    let started: Vec<Running> = (0..50).map(|_| fresh.sandbox.spawn(&["auth", "process", "-i", "reader"])).collect();
    for process in started {
        process.wait().success();
    }
    assert_eq!((fresh.portal.count("CreateToken"), fresh.portal.count("StartDeviceAuthorization")), (2, 1));
    assert_eq!(fresh.portal.count("GetRoleCredentials"), 2);
    fresh.assert_clean();
}

#[test]
fn case_03_killed_holder_of_the_lock_hands_the_login_on() {
    let cloud = Cloud::unattended(&[]);
    let holder = login(&cloud, "data-admin");
    wait_until("the code is shown", Duration::from_mins(1), || {
        (cloud.portal.count("StartDeviceAuthorization") == 1).then_some(())
    });
    let waiting: Vec<Running> = (0..10).map(|_| login(&cloud, "data-admin")).collect();
    cloud.portal.control(&json!({"auto_approve": true}));
    holder.signal(Signal::KILL);
    assert_eq!(holder.wait().code(), 137);
    for process in waiting {
        process.wait().success();
    }
    // That of the dead one, and one more.
    assert_eq!((cloud.portal.count("StartDeviceAuthorization"), cloud.portal.count("GetRoleCredentials")), (2, 1));
    cloud.assert_clean();
}

#[test]
fn case_05_chain_of_three_passes_external_id_duration_and_region_on() {
    let cloud = Cloud::start(&[]);
    let text = cloud.sandbox.read("atmos.yaml");
    let chain = "    middle:\n      kind: aws/assume-role\n      via: {identity: net-base}\n      principal: {assume_role: \
                 \"arn:aws:iam::333333333333:role/Middle\", external_id: \"ext/1\", duration: 30m}\n    last:\n      kind: \
                 aws/assume-role\n      via: {identity: middle}\n      principal: {assume_role: \
                 \"arn:aws:iam::555555555555:role/Last\", duration: nonsense}\n";
    cloud.sandbox.write("atmos.yaml", &text.replace("  identities:\n", &format!("  identities:\n{chain}")));
    cloud.login("last").success().says("nonsense");
    let calls: Vec<_> = cloud.sts.calls().into_iter().filter(|call| call.action == "AssumeRole").collect();
    let roles: Vec<&str> = calls.iter().map(|call| call.role.as_str()).collect();
    assert_eq!(roles, ["arn:aws:iam::333333333333:role/Middle", "arn:aws:iam::555555555555:role/Last"]);
    assert!(
        calls[0].form.contains("ExternalId=ext%2F1") && calls[0].form.contains("DurationSeconds=1800"),
        "{calls:?}"
    );
    assert!(!calls[1].form.contains("ExternalId"), "an external id belongs to its own step");
    assert_eq!(calls[0].signer, cloud.last_key_of("NetOps"));
    assert_ne!(calls[1].signer, calls[0].signer);
    let who = cloud.sandbox.atmos(&["auth", "whoami", "-i", "last", "-o", "json"]).success().json();
    assert_eq!(who["chain"], json!(["corp", "net-base", "middle", "last"]));
    assert_eq!((&who["region"], &who["account"]), (&json!("eu-central-1"), &json!("555555555555")), "{who}");
}

#[test]
fn case_08_templates_name_the_identity() {
    let sandbox = Sandbox::scenario("identity-resolution");
    let text = sandbox.read("stacks/orgs/staging.yaml");
    sandbox.write("atmos.yaml", &format!("templates: {{settings: {{enabled: true}}}}\n{}", sandbox.read("atmos.yaml")));
    let templated = "\"{{ if eq .vars.stage `staging` }}by-component{{ end }}\"";
    sandbox.write("stacks/orgs/staging.yaml", &text.replace("identity: nobody", &format!("identity: {templated}")));
    let explain = ["auth", "explain", "-s", "staging", "-c", "unknown", "--format", "json"];
    let answer = sandbox.atmos(&explain).success().json();
    assert_eq!(answer["identity"], "by-component", "{answer}");
    // What needs an identity to be known cannot name one.
    sandbox.write("stacks/orgs/staging.yaml", &text.replace("identity: nobody", "identity: !aws.account_id"));
    sandbox.atmos(&["terraform", "plan", "unknown", "-s", "staging"]).exits(1).says("settings.auth.identity");
}

#[test]
fn case_08_identities_differ_by_operation() {
    let cloud = Cloud::start(&[]);
    cloud.login("reader").success();
    let file = "stacks/catalog/all.yaml";
    let text = cloud.sandbox.read(file);
    let both = "identity: {read: reader, apply: data-admin}";
    cloud.sandbox.write(file, &text.replacen("identity: data-admin", both, 1));
    let plan = cloud.sandbox.atmos(&["terraform", "plan", "database", "-s", "dev"]).success();
    plan.says("identity reader");
    cloud.apply(&["database", "-s", "dev"]).success().says("identity data-admin");
    assert!(cloud.probe("dev-database").caller().contains("DataOps"));
    for (operation, identity) in [("plan", "reader"), ("output", "reader"), ("deploy", "data-admin")] {
        let explain = ["auth", "explain", "-s", "dev", "-c", "database", "-f", "json", "--operation", operation];
        assert_eq!(cloud.sandbox.atmos(&explain).success().json()["identity"], identity, "{operation}");
    }
    cloud.sandbox.write(file, &text.replacen("identity: data-admin", "identity: {aply: data-admin}", 1));
    let refused = cloud.sandbox.atmos(&["terraform", "plan", "database", "-s", "dev"]).exits(1);
    refused.says("unknown operation `aply`, did you mean `apply`?").says("all.yaml");
}

#[test]
fn case_11_disabled_is_disabled_everywhere() {
    let sandbox = Sandbox::scenario("identity-resolution");
    for off in ["false", "OFF", "0", "no"] {
        let flag = format!("--identity={off}");
        for by in [&[("ATMOS_IDENTITY", off)][..], &[]] {
            let run = |args: &[&str]| {
                let mut words = args.to_vec();
                if by.is_empty() {
                    let at = words.iter().position(|word| *word == "--").unwrap_or(words.len());
                    words.insert(at, &flag);
                }
                sandbox.atmos_with(by, &words)
            };
            for command in ["login", "whoami", "refresh"] {
                run(&["auth", command]).exits(1).says("authentication is disabled");
            }
            assert_eq!(run(&["auth", "env"]).success().stdout, "");
            let shown = run(&["auth", "exec", "--", "sh", "-c", "echo [$AWS_PROFILE]"]).success();
            assert_eq!(shown.stdout, "[]\n");
            let explain = run(&["auth", "explain", "-s", "dev", "-c", "own", "-f", "json"]).success().json();
            assert_eq!((&explain["decision"], &explain["identity"]), (&json!("disabled"), &json!(null)), "{explain}");
            run(&["describe", "component", "own", "-s", "dev"]).success();
        }
    }
    let variable = [("ATMOS_IDENTITY", "off")];
    let apply = ["terraform", "apply", "own", "-s", "dev", "--", "-auto-approve"];
    let run = sandbox.atmos_with(&variable, &apply).success();
    assert!(run.plain_stdout().contains("profile=[]"), "nothing of an identity\n{run}");
}

#[test]
fn case_12_every_logout_removes_its_bytes_and_nothing_else() {
    let entries = |cloud: &Cloud| {
        let files = Sandbox::files_below(&cloud.sandbox.home().join(".cache/atmos/auth"));
        files.into_iter().filter(|file| file.extension().is_none()).count()
    };
    let live = |cloud: &Cloud, identity: &str| {
        let explain = ["auth", "explain", "-s", "dev", "-c", "vpc", "-f", "json", "-i", identity];
        cloud.sandbox.atmos(&explain).success().json()["session"]["live"] == json!(true)
    };
    for (words, left, portal) in [
        (&["data-admin"][..], &["network-admin", "reader"][..], 0),
        (&["--identity", "data-admin"], &["network-admin", "reader"], 0),
        (&["--tags", "data,none"], &["network-admin", "reader"], 0),
        (&["--provider", "corp"], &[], 1),
        (&["--all"], &[], 1),
        (&["--all-realms"], &[], 1),
    ] {
        let cloud = Cloud::start(&[]);
        let text = cloud.sandbox.read("atmos.yaml");
        cloud.sandbox.write("atmos.yaml", &text.replace("    data-admin:\n", "    data-admin:\n      tags: [data]\n"));
        for identity in ["data-admin", "network-admin", "reader"] {
            cloud.login(identity).success();
            cloud.sandbox.atmos(&["auth", "env", "-i", identity]).success();
        }
        let before = entries(&cloud);
        let logout = [&["auth", "logout"][..], words].concat();
        cloud.sandbox.atmos(&[&logout[..], &["--dry-run"]].concat()).success().says("would remove");
        assert_eq!((entries(&cloud), cloud.portal.count("Logout")), (before, 0), "{words:?}");
        let done = cloud.sandbox.atmos(&logout).success().says("removed").says("go on to work, at the longest until");
        assert_eq!(cloud.portal.count("Logout"), portal, "{words:?}");
        let lives: Vec<&str> =
            ["data-admin", "network-admin", "reader"].into_iter().filter(|name| live(&cloud, name)).collect();
        assert_eq!(lives, left, "{words:?}\n{done}");
        let configured = Sandbox::files_below(&cloud.sandbox.home().join(".config/atmos"));
        let profiles: String = configured
            .iter()
            .map(|file| {
                std::fs::read_to_string(cloud.sandbox.home().join(".config/atmos").join(file)).unwrap_or_default()
            })
            .collect();
        assert!(!profiles.contains("[profile data-admin]"), "{words:?}\n{profiles}");
        assert_eq!(profiles.contains("[profile reader]"), left.contains(&"reader"), "{words:?}\n{profiles}");
        cloud.assert_clean();
    }
}

#[test]
fn case_13_listings_hide_what_is_secret() {
    let sandbox = Sandbox::scenario("identity-resolution");
    let text = sandbox.read("atmos.yaml");
    let user = "    ci:\n      kind: aws/user\n      credentials: {access_key_id: AKIAEXAMPLE000000001, secret_access_key: \
                verysecretkey0001, region: eu-west-1}\n      env: {API_TOKEN: verysecrettoken01}\n";
    sandbox.write("atmos.yaml", &text.replace("  identities:\n", &format!("  identities:\n{user}")));
    for format in ["tree", "table", "json", "yaml", "graphviz", "mermaid", "markdown"] {
        let list = sandbox.atmos(&["auth", "list", "--format", format]).success();
        assert!(!list.stdout.contains("verysecret"), "{format}\n{list}");
    }
    let who = sandbox.atmos(&["auth", "whoami", "-i", "fallback", "-o", "json"]).success().json();
    for (name, value) in who["environment"].as_object().unwrap() {
        let secret = ["SECRET", "TOKEN", "SESSION", "ACCESS_KEY"].iter().any(|word| name.contains(word));
        assert!(!secret || value == "***REDACTED***", "{name} = {value}");
    }
}

/// The quickest of a few: a machine that is busy is no waiting of ours.
fn quickest(run: impl Fn() -> Outcome) -> Outcome {
    let mut best = run();
    for _ in 0..4 {
        if best.elapsed < AT_ONCE {
            break;
        }
        let next = run();
        if next.elapsed < best.elapsed {
            best = next;
        }
    }
    best
}

#[test]
fn case_14_without_a_terminal_everything_that_would_be_asked_fails_at_once_with_the_way_out() {
    let mut cloud = Cloud::start(&[]);
    let text = cloud.sandbox.read("atmos.yaml");
    let undecided = text.replace("default: true", "default: false");
    let several = text.replacen("    net-base:\n", "    net-base:\n      default: true\n", 1);
    let two = text.replace("  providers:\n", "  providers:\n    second: {kind: mock}\n");
    let none = "auth: {realm: scenario}\n";
    let login = "atmos auth login --provider corp";
    let cases: [(&str, &[&str], i32, &str, &str); 17] = [
        (&text, &["auth", "login", "-i", "data-admin"], 2, "requires an interactive terminal", login),
        (&text, &["auth", "login", "--provider", "corp"], 2, "requires an interactive terminal", login),
        (&text, &["auth", "login", "--all"], 2, "requires an interactive terminal", login),
        (&text, &["auth", "whoami", "-i", "data-admin"], 2, "requires an interactive terminal", login),
        (&text, &["auth", "process", "-i", "data-admin"], 2, "requires an interactive terminal", login),
        (&text, &["auth", "exec", "-i", "data-admin", "--", "true"], 2, "requires an interactive terminal", login),
        (&text, &["auth", "env", "--login", "-i", "data-admin"], 2, "requires an interactive terminal", login),
        (&text, &["terraform", "plan", "vpc", "-s", "dev"], 2, "requires an interactive terminal", login),
        (
            &text,
            &["auth", "login", "--identity"],
            1,
            "interactive identity selection: requires a TTY",
            "--identity <name>",
        ),
        (
            &text,
            &["terraform", "plan", "vpc", "-s", "dev", "--identity"],
            1,
            "interactive identity selection: requires a TTY",
            "--identity <name>",
        ),
        (&undecided, &["auth", "whoami"], 1, "no default identity configured for authentication", "--identity"),
        (&undecided, &["terraform", "plan", "dns", "-s", "dev"], 1, "no default identity configured", "--identity"),
        (&several, &["auth", "whoami"], 1, "multiple default identities found: [net-base reader]", "--identity"),
        (&two, &["auth", "login", "-i", "nobody"], 1, "identity not found", "atmos auth list"),
        (&text, &["auth", "login", "--provider", "nobody"], 1, "provider not found", "atmos auth list --providers"),
        (none, &["auth", "login"], 1, "no providers available", "auth.providers"),
        (&text, &["auth", "logout"], 1, "specify an identity, --provider, --tags or --all", "atmos auth list"),
    ];
    for (settings, args, code, phrase, way_out) in cases {
        cloud.sandbox.write("atmos.yaml", settings);
        let outcome = quickest(|| cloud.sandbox.atmos(args)).exits(code).says(phrase).says(way_out);
        assert!(outcome.elapsed < AT_ONCE, "{args:?} took {:?}", outcome.elapsed);
    }
    assert_eq!(cloud.portal.operations(), Vec::<String>::new());
    // The password of the keyring.
    cloud.sandbox.write("atmos.yaml", &text);
    cloud.sandbox.remove("ATMOS_KEYRING_PASSWORD");
    let force = [("ATMOS_FORCE_TTY", "true")];
    let locked = quickest(|| cloud.sandbox.atmos_with(&force, &["auth", "login", "--no-browser", "-i", "data-admin"]));
    let locked = locked.exits(1).says("ATMOS_KEYRING_PASSWORD");
    assert!(locked.elapsed < AT_ONCE, "{locked}");
    cloud.sandbox.atmos(&["auth", "logout", "--all", "--keychain"]).exits(1).says("--force");
}

#[test]
fn case_15_equal_names_in_two_realms_are_two_identities() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    let text = cloud.sandbox.read("atmos.yaml");
    cloud.sandbox.write("atmos.yaml", &text.replace("realm: scenario", "realm: elsewhere"));
    // The portal is the same, and so is its token; the session is not.
    let (process, requests) =
        cloud.requests_during(|| cloud.sandbox.atmos(&["auth", "process", "-i", "data-admin"]).success());
    assert_eq!(requests, ["GetRoleCredentials"]);
    process.says("credentials exist under another realm (`scenario`)");
    cloud.sandbox.atmos(&["auth", "logout", "data-admin"]).success();
    cloud.sandbox.write("atmos.yaml", &text);
    let (_, requests) =
        cloud.requests_during(|| cloud.sandbox.atmos(&["auth", "process", "-i", "data-admin"]).success());
    assert_eq!(requests, Vec::<String>::new(), "a logout stays in its realm");
    let doctor = cloud.sandbox.atmos(&["auth", "doctor", "--offline"]).success();
    assert!(doctor.stdout.contains("scenario (config)"), "{doctor}");
}

#[test]
fn case_17_tokens_with_five_minutes_and_sessions_with_a_tenth_are_renewed() {
    for (lifetime, renewed) in [("290", 1), ("900", 0)] {
        let cloud = Cloud::start(&["--token-lifetime", lifetime]);
        cloud.login("data-admin").success();
        let (_, requests) =
            cloud.requests_during(|| cloud.sandbox.atmos(&["auth", "process", "-i", "reader"]).success());
        assert_eq!(requests.iter().filter(|name| *name == "CreateToken").count(), renewed, "{lifetime}: {requests:?}");
    }
    // Fifteen minutes of an hour would be left, but a tenth is enough.
    let cloud = Cloud::start(&["--credential-lifetime", "600"]);
    cloud.login("data-admin").success();
    let (_, requests) =
        cloud.requests_during(|| cloud.sandbox.atmos(&["auth", "process", "-i", "data-admin"]).success());
    assert_eq!(requests, Vec::<String>::new());
}

#[test]
fn token_that_a_refresh_does_not_mend_leads_to_one_login() {
    let cloud = Cloud::start(&[]);
    cloud.login("data-admin").success();
    cloud.portal.control(&json!({"reject_refreshed": true, "revoke_access_tokens": true}));
    let (_, requests) = cloud.requests_during(|| cloud.login("reader").success());
    assert_eq!(requests.iter().filter(|name| *name == "StartDeviceAuthorization").count(), 1, "{requests:?}");
    let grants: Vec<_> =
        cloud.portal.log().into_iter().filter_map(|entry| entry["grant"].as_str().map(str::to_owned)).collect();
    assert_eq!(grants.iter().filter(|grant| *grant == "refresh_token").count(), 1, "{grants:?}");
    // A portal that takes no token at all is not asked again and again.
    cloud.portal.control(&json!({"reject_all": true}));
    let force = ["auth", "login", "--no-browser", "--force", "-i", "data-admin"];
    let (outcome, requests) =
        cloud.requests_during(|| cloud.sandbox.atmos_with(&[("ATMOS_FORCE_TTY", "true")], &force).exits(1));
    outcome.says("UnauthorizedException");
    assert_eq!(requests.iter().filter(|name| *name == "StartDeviceAuthorization").count(), 1, "{requests:?}");
    // With the token of the sign-in and with a refreshed one.
    assert_eq!(requests.iter().filter(|name| *name == "GetRoleCredentials").count(), 2, "{requests:?}");
}

#[test]
fn case_08_every_form_of_the_flag_means_the_same() {
    let sandbox = Sandbox::scenario("identity-resolution");
    for words in [
        &["-i", "by-stack"][..],
        &["-i=by-stack"],
        &["-iby-stack"],
        &["--identity", "by-stack"],
        &["--identity=by-stack"],
        &["--identity", "BY-STACK"],
    ] {
        let who = sandbox.atmos(&[&["auth", "whoami", "-o", "json"][..], words].concat()).success().json();
        assert_eq!(who["identity"], "by-stack", "{words:?}: the spelling of the configuration is kept");
        // With positionals behind it.
        let plan = [&["terraform", "plan"][..], words, &["own", "-s", "dev"]].concat();
        sandbox.atmos(&plan).success().says("identity by-stack (--identity)");
    }
    for words in [&["--identity"][..], &["-i"], &["--identity="]] {
        let ask = [&["auth", "whoami"][..], words].concat();
        sandbox.atmos(&ask).exits(1).says("interactive identity selection: requires a TTY").says("by-stack");
        let plan = [&["terraform", "plan", "own", "-s", "dev"][..], words].concat();
        sandbox.atmos(&plan).exits(1).says("interactive identity selection: requires a TTY");
    }
    // Behind the dashes it belongs to the command.
    let exec = ["auth", "exec", "-i", "by-stack", "--", "sh", "-c", "echo $AWS_PROFILE $1", "sh", "--identity=other"];
    assert_eq!(sandbox.atmos(&exec).success().stdout, "by-stack --identity=other\n");
    let alias = sandbox.atmos(&["auth", "whoami", "-o", "json", "-i", "nick"]).success().json();
    assert_eq!(alias["identity"], "by-component");
}
