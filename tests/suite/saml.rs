//! Assertions of SAML in place of keys: drivers, exact roles, and everything that may be wrong with an assertion.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Chromium, Desktop, Federation, Sts, find_part, free_port, wait_until};

const AUTH: &str = r#"
auth:
  realm: saml
  providers:
    idp: {kind: aws/saml, region: eu-west-1, session: {duration: 2h}, spec: {command: [cat, assertion]}}
  identities:
    a: {kind: aws/assume-role, via: {provider: idp}, principal: {assume_role: "arn:aws:iam::111111111111:role/A"}}
    b: {kind: aws/assume-role, via: {provider: idp}, principal: {assume_role: "arn:aws:iam::111111111111:role/B", duration: 1h}}
    c: {kind: aws/assume-role, via: {provider: idp}, principal: {assume_role: "arn:aws:iam::111111111111:role/C"}}
    none: {kind: aws/assume-role, via: {provider: idp}, principal: {assume_role: "arn:aws:iam::111111111111:role/Ax"}}
    behind: {kind: aws/assume-role, via: {identity: a}, principal: {assume_role: "arn:aws:iam::444444444444:role/Behind"}}
"#;
const ROLE: &str = "AssumeRoleWithSAML arn:aws:iam::111111111111:role/";

fn saml(wanted: &Value) -> Federation {
    let federation = Federation::start(AUTH);
    federation.sandbox.write("assertion", &federation.assert(wanted));
    federation
}

/// The assertion of the test itself lies in the repository, where the command finds it.
#[track_caller]
fn assert_clean(federation: &Federation) {
    std::fs::remove_file(federation.sandbox.repo().join("assertion")).ok();
    federation.assert_clean();
}

#[track_caller]
fn principal(federation: &Federation, identity: &str) -> String {
    let who = federation.sandbox.atmos(&["auth", "whoami", "-i", identity, "-o", "json"]).success().json();
    who["principal"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn exactly_the_wanted_role_is_taken_and_kept_for_the_next_process() {
    let federation = saml(&json!({}));
    let (seen, calls) = federation.during(|| principal(&federation, "b"));
    assert_eq!(seen, "arn:aws:sts::111111111111:assumed-role/B/me@acme.test");
    assert_eq!(calls, [format!("{ROLE}B")], "one call, and none of a role to itself");
    let (_, calls) = federation.during(|| principal(&federation, "b"));
    assert_eq!(calls, Vec::<String>::new(), "the session is in the cache");
    let all = ["auth", "login", "--all"];
    let (seen, mut calls) = federation.during(|| federation.sandbox.atmos(&all));
    calls.sort();
    let behind = "AssumeRole arn:aws:iam::444444444444:role/Behind".to_owned();
    assert_eq!(calls, [behind, format!("{ROLE}A"), format!("{ROLE}C")], "{seen}");
    let env = federation.sandbox.atmos(&["auth", "exec", "-i", "a", "--", "env"]).success();
    assert!(env.stdout.contains("AWS_PROFILE=a") && env.stdout.contains("AWS_REGION=eu-west-1"), "{env}");
    assert_clean(&federation);
}

#[test]
fn roles_that_are_not_offered_are_never_replaced_by_others() {
    let federation = saml(&json!({}));
    let (seen, calls) = federation.during(|| federation.sandbox.atmos(&["auth", "login", "-i", "none"]).exits(1));
    assert_eq!(calls, Vec::<String>::new(), "{seen}");
    let seen = seen
        .says("does not offer arn:aws:iam::111111111111:role/Ax")
        .says("did you mean arn:aws:iam::111111111111:role/A?");
    seen.says("role/A, arn:aws:iam::111111111111:role/B, arn:aws:iam::111111111111:role/C");
    let denied = federation.sandbox.atmos(&["auth", "login", "-i", "c"]).exits(1);
    denied
        .says("AccessDenied: Not authorized to perform sts:AssumeRoleWithSAML")
        .says("trust policy of arn:aws:iam::111111111111:role/C");
    let list = federation.sandbox.atmos(&["auth", "saml", "roles", "--format", "json"]).success().json();
    let expected: Vec<Value> = ["A", "B", "C"]
        .iter()
        .map(|role| {
            json!({"account": "111111111111", "role": format!("arn:aws:iam::111111111111:role/{role}"),
                   "principal": "arn:aws:iam::111111111111:saml-provider/idp"})
        })
        .collect();
    assert_eq!(list, json!({"provider": "idp", "roles": expected}));
    let table = federation.sandbox.atmos(&["auth", "saml", "roles", "-p", "idp"]).success();
    assert!(table.stdout.starts_with("ACCOUNT       ROLE") && table.stdout.lines().count() == 4, "{table}");
    federation.sandbox.atmos(&["auth", "saml", "roles", "-p", "idq"]).exits(1).says("did you mean `idp`?");
    // A provider that only a stack has.
    let own = "{kind: aws/saml, region: eu-west-1, driver: command, spec: {command: [cat, assertion]}}";
    let stack = format!("auth: {{providers: {{own: {own}}}}}\ncomponents: {{terraform: {{dns: {{}}}}}}\n");
    federation.sandbox.write("stacks/dev.yaml", &format!("vars: {{stage: dev}}\n{stack}"));
    let configuration = federation.sandbox.read("atmos.yaml");
    if !configuration.contains("stacks:") {
        let stacks = "stacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}\n";
        federation.sandbox.write("atmos.yaml", &format!("{stacks}{configuration}"));
    }
    let list = federation.sandbox.atmos(&["auth", "saml", "roles", "-s", "dev", "-p", "own", "--format", "json"]);
    assert_eq!(list.success().json()["roles"].as_array().map(Vec::len), Some(3));
    assert_clean(&federation);
}

#[test]
fn sessions_are_as_long_as_they_are_wanted_and_no_longer_than_the_role_allows() {
    let federation = saml(&json!({}));
    let seen = federation.sandbox.atmos(&["auth", "whoami", "-i", "b", "-o", "json"]).success().json();
    let minutes = |seen: &Value| {
        let end: jiff::Timestamp = seen["expiration"].as_str().unwrap().parse().unwrap();
        end.duration_since(jiff::Timestamp::now()).as_mins()
    };
    assert!((58..=60).contains(&minutes(&seen)), "of the identity: {seen}");
    let seen = federation.sandbox.atmos(&["auth", "whoami", "-i", "a", "-o", "json"]).success().json();
    assert!((118..=120).contains(&minutes(&seen)), "of the provider: {seen}");
    federation.configure(&AUTH.replace("duration: 2h", "duration: 9h"));
    federation
        .sandbox
        .atmos(&["auth", "login", "-i", "a", "--force"])
        .exits(1)
        .says("exceeds the MaxSessionDuration")
        .says("session.duration");
}

#[test]
fn a_clock_that_is_wrong_does_not_keep_anybody_out() {
    // The identity provider lets it begin now; the clock of this machine is behind, or ahead.
    for (begins, seconds, ahead, warns) in [(2, 300, 0, false), (900, 1200, 900, true), (-960, -600, -900, true)] {
        let federation = saml(&json!({"begins": begins, "seconds": seconds}));
        federation.control(&json!({"ahead": ahead}));
        let seen = federation.sandbox.atmos(&["auth", "login", "-i", "b"]).success();
        assert_eq!(seen.mentions("compare the clocks"), warns, "{begins}: {seen}");
        let who = federation.sandbox.atmos(&["auth", "whoami", "-i", "b", "-o", "json"]).success().json();
        assert_eq!(who["principal"], "arn:aws:sts::111111111111:assumed-role/B/me@acme.test");
    }
}

#[test]
fn what_an_assertion_offers_does_not_steer_the_terminal() {
    let federation = saml(&json!({"roles": ["A", "B&#x202e;&#x9b;"]}));
    let table = federation.sandbox.atmos(&["auth", "saml", "roles"]).success();
    assert!(table.stdout.contains("role/B\\u{202e}\\u{9b}") && !table.stdout.contains('\u{202e}'), "{table}");
}

#[test]
fn real_sts_of_moto_takes_an_assertion_with_one_role() {
    let mut federation = saml(&json!({"roles": ["A"]}));
    let sts = Sts::start();
    federation.sandbox.set("AWS_ENDPOINT_URL_STS", &sts.url);
    let seen = principal(&federation, "a");
    assert!(seen.starts_with("arn:aws:sts::111111111111:assumed-role/A/"), "{seen}");
    let calls = sts.calls();
    let call = calls.iter().find(|call| call.action == "AssumeRoleWithSAML").unwrap();
    assert_eq!((call.signer.as_str(), call.form.contains("DurationSeconds=7200")), ("", true), "{call:?}");
}

#[test]
fn what_is_wrong_with_an_assertion_is_said_and_nothing_is_kept() {
    let federation = saml(&json!({}));
    let good = federation.assert(&json!({}));
    for (name, assertion, phrase, calls) in [
        ("over", federation.assert(&json!({"seconds": -10})), "the assertion was over when it arrived", 1),
        ("long over", federation.assert(&json!({"seconds": -900})), "it ended at ", 1),
        ("far away", federation.assert(&json!({"begins": 900})), "it begins at ", 1),
        (
            "audience",
            federation.assert(&json!({"audience": "https://other.example"})),
            "its audience is `https://other.example`",
            0,
        ),
        (
            "recipient",
            federation.assert(&json!({"recipient": "https://other.example/saml"})),
            "its recipient is `https://other.example/saml`",
            0,
        ),
        (
            "locked",
            federation.assert(&json!({"status": "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"})),
            "the identity provider refused: urn:oasis:names:tc:SAML:2.0:status:AuthnFailed",
            0,
        ),
        ("nothing offered", federation.assert(&json!({"roles": []})), "it offers no role at all", 0),
        (
            "DTD",
            federation.assert(&json!({"raw": "<!DOCTYPE r [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><r>&e;</r>"})),
            "it has a document type (DTD)",
            0,
        ),
        ("entities", federation.assert(&json!({"raw": "<r>&e;</r>"})), "it has entities of its own", 0),
        ("other XML", federation.assert(&json!({"raw": "<html></html>"})), "it is no response of SAML 2.0", 0),
        ("no XML", "not base64!".to_owned(), "it is not in base64", 0),
        ("empty", String::new(), "it printed nothing", 0),
        ("long", "A".repeat(200_000), "it is longer than 100000 characters", 0),
        ("too long", "A".repeat(2_000_000), "it printed more than 1024 KiB", 0),
        (
            "changed",
            {
                let mut text = good.clone();
                let end = text.len() - 40;
                text.replace_range(end..=end, if &text[end..=end] == "A" { "B" } else { "A" });
                text
            },
            "",
            0,
        ),
    ] {
        federation.sandbox.write("assertion", &assertion);
        let (seen, log) = federation.during(|| federation.sandbox.atmos(&["auth", "login", "-i", "a"]).exits(1));
        assert!(seen.mentions(phrase), "{name}: {phrase}\n{seen}");
        assert!(log.len() <= calls.max(usize::from(name == "changed")), "{name}: {log:?}");
        assert!(assertion.len() < 40 || !seen.stderr.contains(&assertion[..40]), "{name}: {seen}");
    }
    // A forged one is seen by who knows the key.
    federation.sandbox.write("assertion", &good);
    let xml = base64_decoded(&good).replace("role/A,", "role/Z,");
    federation.sandbox.write("assertion", &base64_encoded(&xml));
    federation.configure(&AUTH.replace("role/A\"", "role/Z\""));
    federation
        .sandbox
        .atmos(&["auth", "login", "-i", "a"])
        .exits(1)
        .says("InvalidIdentityToken: Response signature invalid");
    assert_clean(&federation);
}

fn base64_decoded(text: &str) -> String {
    use base64::Engine as _;
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap()
}

fn base64_encoded(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn own_browser_of_the_person_posts_to_the_listener() {
    let port = free_port();
    let loopback = AUTH.replace(
        "spec: {command: [cat, assertion]}",
        &format!("url: \"URL/idp/app?to=http%3A%2F%2F127.0.0.1%3A{port}%2Fsaml%2Facs\", driver: loopback, spec: {{port: {port}}}"),
    );
    let mut federation = Federation::start(&loopback);
    let desktop = Desktop::of(&mut federation.sandbox);
    federation.sandbox.set("ATMOS_FORCE_TTY", "true");
    let running = federation.sandbox.spawn(&["auth", "login", "-i", "b"]);
    let address = desktop.address();
    // Somebody else on this machine tries first.
    for (method, path, body) in
        [("GET", "saml/acs", ""), ("POST", "other", "SAMLResponse=x"), ("POST", "saml/acs", "SAMLResponse=x")]
    {
        let (status, _) = crate::support::exchange(method, &format!("http://127.0.0.1:{port}/{path}"), body).unwrap();
        assert!(status >= 400, "{method} {path}: {status}");
    }
    let browser = Chromium::start();
    browser.open(&address);
    assert_eq!(browser.text("#result"), "Signed in");
    running.wait().success();
    assert_eq!(principal(&federation, "b"), "arn:aws:sts::111111111111:assumed-role/B/me@acme.test");
    // The port is somebody else's.
    let taken = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    federation.sandbox.atmos(&["auth", "login", "-i", "a"]).exits(1).says(&format!("nobody can listen at port {port}"));
    drop(taken);
    federation
        .sandbox
        .atmos(&["auth", "login", "-i", "a", "--timeout", "1s"])
        .exits(1)
        .says("nobody signed in within 1 s");
    federation.sandbox.remove("ATMOS_FORCE_TTY");
    federation.sandbox.atmos(&["auth", "login", "-i", "a"]).exits(2).says("requires an interactive terminal");
    federation.assert_clean();
}

/// A browser without a window, which otherwise does everything.
fn chromium(federation: &mut Federation, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let program = find_part("chromium").unwrap_or_else(|| panic!("missing part chromium: run scripts/testbed install"));
    let text = script.replace("CHROMIUM", &program.display().to_string());
    federation.sandbox.write("browser", &text);
    let file = federation.sandbox.repo().join("browser");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    Desktop::of(&mut federation.sandbox);
    federation.sandbox.set("ATMOS_FORCE_TTY", "true");
    federation.sandbox.set("ATMOS_BROWSER", file);
}

const HEADLESS: &str =
    "#!/bin/sh\nexec CHROMIUM --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage \"$@\"\n";

#[test]
fn real_browser_is_led_by_its_pipe_and_aws_is_never_asked() {
    let auth = AUTH.replace("spec: {command: [cat, assertion]}", "url: \"URL/idp/app\"");
    let mut federation = Federation::start(&auth);
    chromium(&mut federation, HEADLESS);
    let (_, calls) = federation.during(|| federation.sandbox.atmos(&["auth", "login", "-i", "b"]).success());
    let calls: Vec<&String> = calls.iter().filter(|call| !call.is_empty()).collect();
    assert_eq!(calls, ["idp/app", &format!("{ROLE}B")]);
    assert_eq!(principal(&federation, "b"), "arn:aws:sts::111111111111:assumed-role/B/me@acme.test");
    // The profile stays, so that a session at the identity provider does; the assertion is not in it.
    let profiles = federation.sandbox.home().join(".local/share/atmos/saml");
    assert_eq!(std::fs::read_dir(profiles).unwrap().count(), 1);
    federation.assert_clean();
}

#[test]
fn profile_of_the_browser_goes_with_a_logout() {
    use std::os::unix::fs::PermissionsExt as _;
    let auth = AUTH.replace("spec: {command: [cat, assertion]}", "url: \"URL/idp/app\"");
    let mut federation = Federation::start(&auth);
    let root = federation.sandbox.home().join(".local/share/atmos/saml");
    let told = federation.sandbox.root().join("told");
    chromium(&mut federation, &format!("#!/bin/sh\nprintf '%s\\n' \"$@\" >'{}'\n", told.display()));
    let made = || {
        federation.sandbox.atmos(&["auth", "login", "-i", "b"]).exits(1).says("the browser was closed");
        let words = std::fs::read_to_string(&told).unwrap();
        // No keyring of a desktop is there that would seal what pages leave.
        assert!(words.lines().any(|word| word == "--incognito"), "{words}");
        let profile = words.lines().find_map(|word| word.strip_prefix("--user-data-dir=")).unwrap();
        let profile = std::path::PathBuf::from(profile);
        for folder in [profile.as_path(), profile.parent().unwrap(), &root] {
            assert_eq!(std::fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700, "{folder:?}");
        }
        std::fs::create_dir_all(profile.join("Default")).unwrap();
        std::fs::write(profile.join("Default/Cookies"), "session at the identity provider").unwrap();
        profile
    };
    for words in [&["--provider", "idp"][..], &["--all"], &["--all-realms"]] {
        let profile = made();
        let logout = [&["auth", "logout"], words].concat();
        let dry = federation.sandbox.atmos(&[&logout[..], &["--dry-run"]].concat()).success();
        dry.says("the browser's profile").says("would remove");
        assert!(profile.join("Default/Cookies").exists());
        federation.sandbox.atmos(&logout).success().says("the browser's profile");
        assert!(!profile.exists(), "{words:?}");
    }
    made();
    // That of an identity is not all that the provider has.
    federation.sandbox.atmos(&["auth", "logout", "b"]).success();
    assert!(root.exists());
}

#[test]
fn browsers_that_are_missing_closed_or_lead_nowhere_end_the_sign_in() {
    let auth = AUTH.replace("spec: {command: [cat, assertion]}", "url: \"URL/idp/app\"");
    let mut federation = Federation::start(&auth);
    let login = ["auth", "login", "-i", "b", "--timeout", "60s"];
    chromium(&mut federation, "#!/bin/sh\nexit 0\n");
    federation.sandbox.atmos(&login).exits(1).says("the browser was closed before the sign-in was done");
    federation.sandbox.set("ATMOS_BROWSER", "no-such-browser");
    let missing = federation.sandbox.atmos(&login).exits(1).says("there is no program `no-such-browser`");
    missing.says("ATMOS_BROWSER names");
    federation.configure(&auth.replace("url: ", "browser_executable_path: /nonexistent/chrome, url: "));
    let missing = federation.sandbox.atmos(&login).exits(1);
    missing.says("there is no program `/nonexistent/chrome`, which browser_executable_path names");
    federation.configure(&auth);
    let script = "#!/bin/sh\nexec sleep 60\n";
    federation.sandbox.write("browser", script);
    let file = federation.sandbox.repo().join("browser");
    federation.sandbox.set("ATMOS_BROWSER", file);
    federation
        .sandbox
        .atmos(&["auth", "login", "-i", "b", "--timeout", "1s"])
        .exits(1)
        .says("nobody signed in within 1 s");
    // Where nobody sits nothing is opened.
    federation.sandbox.set("CI", "true");
    federation.sandbox.atmos(&login).exits(2).says("requires an interactive terminal");
    federation.sandbox.remove("CI");
    federation
        .sandbox
        .write("browser", &HEADLESS.replace("CHROMIUM", &find_part("chromium").unwrap().display().to_string()));
    let port = free_port();
    federation.configure(&auth.replace("URL/idp/app", &format!("http://127.0.0.1:{port}/idp")));
    federation
        .sandbox
        .atmos(&login)
        .exits(1)
        .says("the identity provider cannot be shown: net::ERR_CONNECTION_REFUSED");
    federation.assert_clean();
}

#[test]
fn person_who_leaves_leaves_nothing_behind() {
    let auth = AUTH.replace("spec: {command: [cat, assertion]}", "url: \"URL/idp/app\"");
    let mut federation = Federation::start(&auth);
    federation.control(&json!({"hang": "/idp/app"}));
    chromium(&mut federation, HEADLESS);
    let running = federation.sandbox.spawn(&["auth", "login", "-i", "b"]);
    wait_until("the page is asked for", Duration::from_mins(1), || (!federation.log().is_empty()).then_some(()));
    running.signal_group(rustix::process::Signal::INT);
    let seen = running.wait();
    assert_eq!(seen.code(), 130, "{seen}");
    federation.assert_clean();
}

#[test]
fn configuration_of_every_driver_is_checked() {
    let federation = saml(&json!({}));
    federation.sandbox.atmos(&["auth", "validate"]).success();
    federation.sandbox.atmos(&["auth", "list"]).success();
    for (to, phrase) in [
        ("driver: Ping, url: \"https://idp.example\"", "driver `Ping` is not built: use Browser"),
        ("driver: ADFS, url: \"http://idp.example\"", "url `http://idp.example`: it must be an https URL"),
        (
            "driver: Okta, url: \"https://idp.example\", spec: {factor: duo}",
            "spec.factor `duo` is not known: use totp, push",
        ),
        (
            "driver: Keycloak, spec: {keep_password: sometimes}, url: \"https://idp.example\"",
            "is neither true nor false",
        ),
        ("driver: loopback, url: \"https://idp.example\"", "spec.port is required for driver loopback"),
        ("url: idp", "url `idp`: it has no scheme"),
        ("driver: Browser", "url is required"),
        ("spec: {command: [cat, assertion], timeout: soon}", "spec.timeout `soon` is no time"),
        ("spec: {comand: cat}, url: \"https://idp.example\"", "unknown key `spec.comand`, did you mean `command`?"),
    ] {
        federation.configure(&AUTH.replace("spec: {command: [cat, assertion]}", to));
        let seen = federation.sandbox.atmos(&["auth", "validate"]);
        assert!(seen.mentions(phrase), "{phrase}: {seen}");
    }
    federation.configure(&AUTH.replace("b: {kind: aws/assume-role, via", "b: {kind: mock, via"));
    federation
        .sandbox
        .atmos(&["auth", "validate"])
        .says("the first identity after an aws/saml provider must be aws/assume-role");
}
