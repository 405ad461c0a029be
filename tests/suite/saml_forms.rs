//! SAML by forms: ADFS, where the answers come from, and what may be wrong on the way.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Federation, Scanner, Terminal, free_port};

const AUTH: &str = r#"
auth:
  realm: forms
  providers:
    adfs: {kind: aws/saml, region: eu-west-1, driver: ADFS, url: "URL", username: 'ACME\ana'}
  identities:
    a: {kind: aws/assume-role, via: {provider: adfs}, principal: {assume_role: "arn:aws:iam::111111111111:role/A"}}
    b: {kind: aws/assume-role, via: {provider: adfs}, principal: {assume_role: "arn:aws:iam::111111111111:role/B"}}
"#;
const PASSWORD: &str = "pw of ana+1&=%ü";
const ROLE: &str = "AssumeRoleWithSAML arn:aws:iam::111111111111:role/";
const PAGES: [&str; 3] = ["adfs GET", "adfs POST FormsAuthentication", "adfs GET"];
const LOGIN: [&str; 4] = ["auth", "login", "-i", "b"];

fn adfs(idp: &Value) -> Federation {
    let mut federation = Federation::start(AUTH);
    federation.control(&json!({"idp": idp}));
    federation.sandbox.set("ATMOS_SAML_PASSWORD", PASSWORD);
    federation
}

#[track_caller]
fn principal(federation: &Federation, identity: &str) -> String {
    let who = federation.sandbox.atmos(&["auth", "whoami", "-i", identity, "-o", "json"]).success().json();
    who["principal"].as_str().unwrap_or_default().to_owned()
}

/// Peers S4: user and password from the environment, one call for exactly the role, no password on disk or in a child.
#[test]
fn s4_name_and_password_lead_to_exactly_the_role_and_rest_nowhere() {
    let federation = adfs(&json!({}));
    let trace = [("ATMOS_LOGS_LEVEL", "Trace"), ("ATMOS_LOGS_FILE", "/dev/stderr")];
    let (seen, calls) = federation.during(|| federation.sandbox.atmos_with(&trace, &LOGIN).success());
    assert_eq!(calls, [&PAGES[..], &[&format!("{ROLE}B")]].concat());
    assert!(!seen.stderr.contains("of ana"), "{seen}");
    assert_eq!(principal(&federation, "b"), "arn:aws:sts::111111111111:assumed-role/B/me@acme.test");
    let env = federation.sandbox.atmos(&["auth", "exec", "-i", "b", "--", "env"]).success();
    assert!(!env.stdout.contains("ATMOS_SAML_PASSWORD") && !env.stdout.contains("of ana"), "{env}");
    federation.assert_clean();
}

/// Peers S7: one assertion serves all roles of a process while it lives, from memory; afterwards there is a new sign-in.
#[test]
fn s7_one_sign_in_serves_all_roles_until_the_assertion_is_over() {
    let federation = adfs(&json!({}));
    let sign_ins = |calls: &[String]| calls.iter().filter(|call| call.ends_with("FormsAuthentication")).count();
    let all = || federation.sandbox.atmos(&["auth", "login", "--all", "--force"]).success();
    let (_, calls) = federation.during(all);
    assert_eq!((sign_ins(&calls), calls.len()), (1, 5), "{calls:?}");
    let (_, calls) = federation.during(|| federation.sandbox.atmos(&["auth", "login", "--all"]).success());
    assert_eq!(calls, Vec::<String>::new(), "the sessions are in the cache");
    federation.control(&json!({"saml": {"seconds": 30}}));
    let (_, calls) = federation.during(all);
    assert_eq!(sign_ins(&calls), 2, "{calls:?}");
    federation.assert_clean();
}

#[test]
fn answers_come_from_settings_variables_and_programs() {
    let mut federation = adfs(&json!({"factor": "code"}));
    federation.sandbox.remove("ATMOS_SAML_PASSWORD");
    let secrets = [("PW", PASSWORD), ("CODE", "314159")];
    for (settings, env) in [
        ("password: !env PW, spec: {mfa_process: 'sh -c \"echo $CODE\"'}", vec![]),
        ("spec: {password_process: 'sh -c \"echo $PW\"'}", vec![("ATMOS_SAML_MFA_TOKEN", "314159")]),
        ("spec: {}", vec![("ATMOS_SAML_MFA_TOKEN", " 314159 "), ("ATMOS_SAML_PASSWORD", PASSWORD)]),
    ] {
        federation.configure(&AUTH.replace("username:", &format!("{settings}, username:")));
        let env = [&secrets[..], &env].concat();
        federation.sandbox.atmos_with(&env, &["auth", "login", "-i", "b", "--force"]).success();
    }
    federation.configure(&AUTH.replace(", username: 'ACME\\ana'", ""));
    let names =
        [("ATMOS_SAML_USERNAME", "ACME\\ana"), ("ATMOS_SAML_PASSWORD", PASSWORD), ("ATMOS_SAML_MFA_TOKEN", "314159")];
    federation.sandbox.atmos_with(&names, &["auth", "login", "-i", "b", "--force"]).success();
    // Nobody to ask, and nothing given: each says what is missing, and how to give it.
    let login = ["auth", "login", "-i", "b", "--force"];
    federation
        .sandbox
        .atmos(&login)
        .exits(2)
        .says("nobody can be asked for the user name here: set `username` or ATMOS_SAML_USERNAME");
    federation.configure(AUTH);
    federation
        .sandbox
        .atmos(&login)
        .exits(2)
        .says("nobody can be asked for the password here: set ATMOS_SAML_PASSWORD");
    federation.sandbox.set("ATMOS_SAML_PASSWORD", PASSWORD);
    federation.sandbox.atmos(&login).exits(2).says("nobody can be asked for a code here");
    for (program, phrase) in [
        ("false", "spec.mfa_process"),
        ("true", "spec.mfa_process printed nothing"),
        ("no-such-program", "spec.mfa_process"),
        (
            "echo 000000",
            "the code was refused: The verification code is not correct. (the code came from spec.mfa_process)",
        ),
    ] {
        federation.configure(&AUTH.replace("username:", &format!("spec: {{mfa_process: '{program}'}}, username:")));
        federation.sandbox.atmos(&login).exits(1).says(phrase);
    }
    federation.assert_clean();
}

#[test]
fn person_at_a_terminal_types_and_may_be_wrong_twice() {
    let mut federation = adfs(&json!({"factor": "code"}));
    federation.sandbox.remove("ATMOS_SAML_PASSWORD");
    federation.configure(&AUTH.replace(", username: 'ACME\\ana'", ""));
    let mut terminal = Terminal::start(federation.sandbox.atmos_command(&LOGIN));
    terminal.expect("User name at `adfs`:");
    terminal.type_line("ACME\\ana");
    terminal.expect("Password of .* at `adfs`:");
    terminal.type_line("wrong password");
    terminal.expect("Incorrect user ID or password");
    terminal.expect("User name at `adfs`:");
    terminal.type_line("ACME\\ana");
    terminal.expect("That was not accepted. Password");
    terminal.type_line(PASSWORD);
    terminal.expect("Code of your second factor for `adfs`:");
    terminal.type_line("000000");
    terminal.expect("The verification code is not correct.");
    terminal.expect("That was not accepted. Code");
    terminal.type_line("314159");
    let (code, seen) = terminal.finish();
    assert_eq!(code, 0, "{seen}");
    assert!(!seen.contains("of ana") && !seen.contains("wrong password"), "{seen}");
    // Who gives up is told so, and nothing is left.
    let mut terminal = Terminal::start(federation.sandbox.atmos_command(&["auth", "login", "-i", "a"]));
    terminal.expect("User name at `adfs`:");
    terminal.press("\x03");
    assert_eq!(terminal.finish().0, 130);
    federation.assert_clean();
}

#[test]
fn typed_password_is_kept_only_where_that_is_wanted_and_until_it_is_wrong() {
    let mut federation = adfs(&json!({}));
    federation.sandbox.remove("ATMOS_SAML_PASSWORD");
    let force = ["auth", "login", "-i", "b", "--force"];
    let typed = |federation: &Federation| {
        let mut terminal = Terminal::start(federation.sandbox.atmos_command(&force));
        terminal.expect("Password of ");
        terminal.type_line(PASSWORD);
        let (code, seen) = terminal.finish();
        assert_eq!(code, 0, "{seen}");
    };
    typed(&federation);
    federation.sandbox.atmos(&force).exits(2).says("nobody can be asked for the password");
    federation.configure(&AUTH.replace("username:", "spec: {keep_password: true}, username:"));
    typed(&federation);
    federation.sandbox.atmos(&force).success();
    federation.assert_clean();
    federation.sandbox.atmos(&["auth", "logout", "--provider", "adfs"]).success();
    federation.sandbox.atmos(&force).exits(2).says("nobody can be asked for the password");
    typed(&federation);
    federation.control(&json!({"idp": {"factor": "locked"}}));
    federation
        .sandbox
        .atmos(&force)
        .exits(1)
        .says("currently locked out")
        .says("the password that was kept is forgotten now");
    federation.control(&json!({"idp": {}}));
    federation.sandbox.atmos(&force).exits(2).says("nobody can be asked for the password");
    federation.assert_clean();
}

#[test]
fn phone_is_waited_for_and_may_deny() {
    let mut federation = adfs(&json!({}));
    let knobs = |confirm: &Value| json!({"idp": {"factor": "phone"}, "confirm": confirm});
    federation.control(&knobs(&json!(["wait"])));
    let seen = federation.sandbox.atmos(&LOGIN).success();
    seen.says("`adfs`: Open your Authenticator app: the number is 42");
    federation.control(&knobs(&json!(["denied"])));
    let login = ["auth", "login", "-i", "a"];
    federation.sandbox.atmos(&login).exits(1).says("it was refused: The sign-in was denied.");
    federation.control(&knobs(&json!(vec!["wait"; 100])));
    let late = federation.sandbox.atmos(&["auth", "login", "-i", "a", "--timeout", "5s"]).exits(1);
    late.says("nobody confirmed it within 5 s");
    federation.sandbox.remove("ATMOS_FORCE_TTY");
    federation.sandbox.atmos(&["auth", "process", "-i", "a"]).exits(2).says("asks a person to confirm the sign-in");
    federation.assert_clean();
}

#[test]
fn what_goes_wrong_at_the_identity_provider_is_said_and_nothing_is_kept() {
    let mut federation = adfs(&json!({}));
    let other = format!("http://127.0.0.1:{}/", free_port());
    for (name, idp, phrase) in [
        ("locked", json!({"factor": "locked"}), "The referenced account is currently locked out"),
        ("expired", json!({"factor": "expired"}), "it wants something from you first: a new password"),
        ("choice", json!({"factor": "choice"}), "a choice among several factors"),
        ("Windows", json!({"status": 401}), "it wants the sign-in of Windows, and forms authentication is off"),
        ("broken", json!({"status": 503}), "answered with HTTP status 503"),
        ("other host", json!({"action": other}), "it wants the answers to go to http://127.0.0.1"),
        (
            "other host, encrypted",
            json!({"action": "https://other.example/"}),
            "it wants the answers to go to https://other.example",
        ),
        (
            "listener on the way",
            json!({"redirect": "http://other.example/"}),
            "it leads to no address that can be asked",
        ),
        (
            "circle",
            json!({"redirect": "/adfs/ls/IdpInitiatedSignOn.aspx?loginToRp=urn:amazon:webservices"}),
            "it leads from one address to the next",
        ),
        (
            "nothing",
            json!({"other_page": "<p>Welcome"}),
            "it shows a page that the driver does not know (`Something else`, HTTP status 200)",
        ),
        ("no form", json!({"other_page": "<form><input name=Password></form>"}), "its form goes nowhere"),
        (
            "assertion for others",
            json!({"other_page": "<form method=post action='https://other.example/'><input name=SAMLResponse value=x></form>"}),
            "its assertion is for somebody else than AWS",
        ),
        ("long", json!({"other_page": "x".repeat(3 << 20)}), "the answer is larger than"),
    ] {
        federation.control(&json!({"idp": idp}));
        let (seen, calls) = federation.during(|| federation.sandbox.atmos(&LOGIN).exits(1));
        assert!(seen.mentions(phrase), "{name}: {phrase}\n{seen}");
        assert!(!calls.iter().any(|call| call.starts_with("Assume")), "{name}: {calls:?}");
        assert!(!seen.stderr.contains("of ana"), "{name}: {seen}");
    }
    federation.control(&json!({"hang": "/adfs/ls/IdpInitiatedSignOn.aspx"}));
    let seen = federation.sandbox.atmos(&["auth", "login", "-i", "b", "--timeout", "1s"]).exits(1);
    assert!(seen.mentions("no complete answer within 1 s") && seen.elapsed < Duration::from_secs(20), "{seen}");
    federation.control(&json!({}));
    federation.configure(&AUTH.replace("URL", &other));
    federation.sandbox.atmos(&LOGIN).exits(1).says("the identity provider of provider `adfs`").says("does not answer");
    federation.configure(AUTH);
    federation.sandbox.set("ATMOS_SAML_PASSWORD", "guessed-password");
    let (seen, calls) = federation.during(|| federation.sandbox.atmos(&LOGIN).exits(1));
    seen.says("Incorrect user ID or password").says("(the password came from ATMOS_SAML_PASSWORD)");
    assert_eq!(calls, PAGES[..2], "one attempt: more of them lock an account");
    Scanner::new([("guess".to_owned(), "guessed-password".to_owned())]).assert_absent_below(federation.sandbox.root());
    federation.assert_clean();
}
