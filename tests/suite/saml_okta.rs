//! SAML by the authentication API of Okta: factors, states, and what is refused.

use serde_json::{Value, json};

use crate::support::{Federation, Terminal};

const AUTH: &str = r#"
auth:
  realm: okta
  providers:
    okta: {kind: aws/saml, region: eu-west-1, driver: Okta, url: "URL/home/amazon_aws/app", username: ana@acme.test}
  identities:
    b: {kind: aws/assume-role, via: {provider: okta}, principal: {assume_role: "arn:aws:iam::111111111111:role/B"}}
"#;
const AUTHN: &str = "okta POST /api/v1/authn";
const REDIRECT: &str = "okta GET /login/sessionCookieRedirect";
const APPLICATION: &str = "okta GET /home/amazon_aws/app";
const ROLE: &str = "AssumeRoleWithSAML arn:aws:iam::111111111111:role/B";
const LOGIN: [&str; 5] = ["auth", "login", "-i", "b", "--force"];

fn okta(idp: &Value) -> Federation {
    let mut federation = Federation::start(AUTH);
    federation.control(&json!({"idp": idp}));
    federation.sandbox.set("ATMOS_SAML_PASSWORD", "pw-of-ana-at-okta");
    federation
}

fn verify(factor: &str) -> String {
    format!("{AUTHN}/factors/{factor}/verify")
}

#[test]
fn session_is_exchanged_for_the_assertion_of_the_application() {
    let federation = okta(&json!({}));
    let (_, calls) = federation.during(|| federation.sandbox.atmos(&LOGIN).success());
    assert_eq!(calls, [AUTHN, REDIRECT, APPLICATION, ROLE]);
    let who = federation.sandbox.atmos(&["auth", "whoami", "-i", "b", "-o", "json"]).success().json();
    assert_eq!(who["principal"], "arn:aws:sts::111111111111:assumed-role/B/me@acme.test");
    // A password that is about to expire is let pass.
    federation.control(&json!({"idp": {"state": "PASSWORD_WARN"}}));
    let (_, calls) = federation.during(|| federation.sandbox.atmos(&LOGIN).success());
    assert_eq!(calls[..2], [AUTHN.to_owned(), format!("{AUTHN}/skip")]);
    federation.assert_clean();
}

#[test]
fn session_of_another_person_is_not_taken() {
    let mut federation = okta(&json!({}));
    federation.configure(&AUTH.replace(", username: ana@acme.test", ""));
    let login = ["auth", "login", "-i", "b"];
    let whoami = ["auth", "whoami", "-i", "b", "--exit-code"];
    federation.sandbox.set("ATMOS_SAML_USERNAME", "ana@acme.test");
    federation.sandbox.atmos(&login).success();
    let (_, calls) = federation.during(|| federation.sandbox.atmos(&login).success());
    assert!(calls.is_empty(), "the same person is signed in: {calls:?}");
    federation.sandbox.set("ATMOS_SAML_USERNAME", "bob@acme.test");
    federation.sandbox.set("ATMOS_SAML_PASSWORD", "x");
    federation.sandbox.atmos(&login).exits(1).says("Authentication failed (E0000004)");
    assert_ne!(federation.sandbox.atmos(&whoami).code(), 0);
    // Who says no name takes whoever is signed in.
    federation.sandbox.remove("ATMOS_SAML_USERNAME");
    federation.sandbox.remove("ATMOS_SAML_PASSWORD");
    let (_, calls) = federation.during(|| federation.sandbox.atmos(&whoami).success());
    assert!(!calls.iter().any(|call| call == AUTHN), "{calls:?}");
    federation.sandbox.set("ATMOS_SAML_USERNAME", "ana@acme.test");
    federation.sandbox.atmos(&whoami).success();
    federation.assert_clean();
}

#[test]
fn empty_password_is_no_attempt() {
    let mut federation = okta(&json!({}));
    federation.sandbox.remove("ATMOS_SAML_PASSWORD");
    let ((), calls) = federation.during(|| {
        let mut terminal = Terminal::start(federation.sandbox.atmos_command(&LOGIN));
        terminal.expect("Password of ana@acme.test at `okta`:");
        terminal.type_line("");
        terminal.expect("type the password, or Ctrl-C");
        terminal.type_line("");
        terminal.type_line("");
        terminal.type_line("pw-of-ana-at-okta");
        let (code, seen) = terminal.finish();
        assert_eq!(code, 0, "{seen}");
    });
    assert_eq!(calls, [AUTHN, REDIRECT, APPLICATION, ROLE]);
}

#[test]
fn factors_are_asked_as_wanted() {
    let mut federation = okta(&json!({}));
    let all = json!({"idp": {"factors": ["sms", "token:software:totp", "push", "webauthn"]}});
    // Without a code that is there already the phone is asked.
    federation.control(&all);
    let (seen, calls) = federation.during(|| federation.sandbox.atmos(&LOGIN).success());
    assert_eq!(calls, [AUTHN, &verify("push"), REDIRECT, APPLICATION, ROLE], "{seen}");
    let mut waiting = all.clone();
    waiting["confirm"] = json!(["WAITING"]);
    federation.control(&waiting);
    let (seen, calls) = federation.during(|| federation.sandbox.atmos(&LOGIN).success());
    assert_eq!(calls, [AUTHN, &verify("push"), &verify("push"), REDIRECT, APPLICATION, ROLE]);
    seen.says("confirm the sign-in on your device (push of OKTA, phone of Ana)").says("the number is 42");
    federation.sandbox.set("ATMOS_SAML_MFA_TOKEN", "271828");
    federation.control(&all);
    let (_, calls) = federation.during(|| federation.sandbox.atmos(&LOGIN).success());
    assert_eq!(calls, [AUTHN, &verify("totp"), REDIRECT, APPLICATION, ROLE]);
    // A message with a code is sent first.
    federation.configure(&AUTH.replace("username:", "spec: {factor: sms}, username:"));
    let (_, calls) = federation.during(|| federation.sandbox.atmos(&LOGIN).success());
    assert_eq!(calls, [AUTHN, &verify("sms"), &verify("sms"), REDIRECT, APPLICATION, ROLE]);
    // The application wants a factor that the organisation does not.
    federation.configure(AUTH);
    federation.control(&json!({"idp": {"factors": ["token:software:totp"], "step_up": true}}));
    let (_, calls) = federation.during(|| federation.sandbox.atmos(&LOGIN).success());
    let again = [AUTHN, &verify("totp"), REDIRECT, APPLICATION, ROLE];
    assert_eq!(calls, [&[AUTHN, REDIRECT, APPLICATION][..], &again].concat());
    federation.assert_clean();
}

#[test]
fn refusals_and_states_that_only_a_person_can_leave_are_told() {
    let mut federation = okta(&json!({}));
    let totp = json!(["token:software:totp"]);
    federation.sandbox.set("ATMOS_SAML_MFA_TOKEN", "000000");
    for (idp, confirm, phrase) in [
        (json!({"state": "LOCKED_OUT"}), json!([]), "the account is locked"),
        (json!({"state": "PASSWORD_EXPIRED"}), json!([]), "it wants something from you first: a new password"),
        (json!({"state": ""}), json!([]), "its answer does not say what comes next"),
        (json!({"state": "MFA_ENROLL"}), json!([]), "it wants something from you first: a second factor to be set up"),
        (json!({"state": "CONSENT_REQUIRED"}), json!([]), "a step that this driver does not know (CONSENT_REQUIRED)"),
        (json!({"refuse": 429}), json!([]), "API call exceeded rate limit due to too many requests. (E0000047)"),
        (
            json!({"factors": totp}),
            json!([]),
            "the code was refused: Invalid Passcode/Answer: Your passcode doesn't match our records.",
        ),
        (json!({"factors": ["push"]}), json!(["WAITING", "REJECTED"]), "it was denied on your device"),
        (json!({"factors": ["push"]}), json!(["TIMEOUT"]), "it waited in vain for an answer of your device"),
        (
            json!({"factors": ["webauthn"]}),
            json!([]),
            "no factor is offered that can be asked here (there are: webauthn of OKTA)",
        ),
        (
            json!({"factors": totp, "verify_at": "https://other.example"}),
            json!([]),
            "it wants the answers to go to https://other.example",
        ),
    ] {
        federation.control(&json!({"idp": idp, "confirm": confirm}));
        let (seen, calls) = federation.during(|| federation.sandbox.atmos(&LOGIN).exits(1));
        assert!(seen.mentions(phrase), "{phrase}\n{seen}");
        assert!(!calls.iter().any(|call| call.starts_with("Assume")), "{phrase}: {calls:?}");
    }
    federation.control(&json!({"idp": {"factors": ["push"]}, "confirm": vec!["WAITING"; 100]}));
    let late = ["auth", "login", "-i", "b", "--force", "--timeout", "5s"];
    federation.sandbox.atmos(&late).exits(1).says("nobody confirmed it within 5 s");
    // A command that asks nobody starts nothing on a phone.
    let (_, calls) = federation.during(|| federation.sandbox.atmos(&["auth", "process", "-i", "b"]).exits(2));
    assert_eq!(calls, [AUTHN]);
    federation.control(&json!({"hang": "/api/v1/authn"}));
    federation.sandbox.atmos(&late).exits(1).says("no complete answer within 5 s");
    federation.control(&json!({}));
    federation.configure(&AUTH.replace("/home/amazon_aws/app", "/home/other"));
    federation.sandbox.atmos(&LOGIN).exits(1).says("the application's page has no assertion for AWS");
    federation.configure(AUTH);
    federation.sandbox.set("ATMOS_SAML_PASSWORD", "guessed-password");
    let (seen, calls) = federation.during(|| federation.sandbox.atmos(&LOGIN).exits(1));
    seen.says("it was refused: Authentication failed (E0000004) (the password came from ATMOS_SAML_PASSWORD)");
    assert_eq!(calls, [AUTHN]);
    federation.assert_clean();
}
