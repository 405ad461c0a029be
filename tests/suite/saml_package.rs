//! SAML with assertions of an implementation that is not ours: the package samlp.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::support::{Chromium, Desktop, Federation, Samlp, Sts, free_port};

const AUTH: &str = r#"
auth:
  realm: samlp
  providers:
    idp: {kind: aws/saml, region: eu-west-1, driver: command, spec: {command: [cat, assertion]}}
  identities:
    a: {kind: aws/assume-role, via: {provider: idp}, principal: {assume_role: "arn:aws:iam::111111111111:role/A"}}
    b: {kind: aws/assume-role, via: {provider: idp}, principal: {assume_role: "arn:aws:iam::222222222222:role/path/B"}}
    none: {kind: aws/assume-role, via: {provider: idp}, principal: {assume_role: "arn:aws:iam::222222222222:role/B"}}
"#;
/// Either order of role and provider is in use.
const ROLES: [&str; 3] = [
    "arn:aws:iam::111111111111:role/A,arn:aws:iam::111111111111:saml-provider/acme",
    "arn:aws:iam::222222222222:saml-provider/acme,arn:aws:iam::222222222222:role/path/B",
    "arn:aws:iam::333333333333:role/C,arn:aws:iam::333333333333:saml-provider/acme",
];
const ROLE: &str = "AssumeRoleWithSAML arn:aws:iam::";

fn believed(auth: &str, samlp: &Samlp) -> Federation {
    let federation = Federation::start(auth);
    federation.control(&json!({"issuer": "urn:samlp:acme", "verify": samlp.verifier()}));
    federation
}

/// Peers S5 and S6: exactly the wanted role, never the first one; all that are offered, with account and provider.
#[test]
fn s5_s6_exactly_the_wanted_role_and_a_list_of_all() {
    let samlp = Samlp::start(&ROLES);
    let federation = believed(AUTH, &samlp);
    federation.sandbox.write("assertion", &samlp.response(300));
    let (_, calls) = federation.during(|| federation.sandbox.atmos(&["auth", "login", "-i", "b"]).success());
    assert_eq!(calls, [format!("{ROLE}222222222222:role/path/B")]);
    let (seen, calls) = federation.during(|| federation.sandbox.atmos(&["auth", "login", "-i", "none"]).exits(1));
    assert_eq!(calls, Vec::<String>::new());
    seen.says(
        "it offers arn:aws:iam::111111111111:role/A, arn:aws:iam::222222222222:role/path/B, arn:aws:iam::333333333333:role/C",
    );
    let list = federation.sandbox.atmos(&["auth", "saml", "roles", "-p", "idp", "--format", "json"]).success().json();
    let role = |account: &str, name: &str| {
        json!({"account": account, "role": format!("arn:aws:iam::{account}:role/{name}"),
               "principal": format!("arn:aws:iam::{account}:saml-provider/acme")})
    };
    let roles = [role("111111111111", "A"), role("222222222222", "path/B"), role("333333333333", "C")];
    assert_eq!(list, json!({"provider": "idp", "roles": roles}));
}

/// Nobody checks signatures here but STS: a letter that is another one is refused there, and nothing is kept.
#[test]
fn response_that_was_changed_on_the_way_is_refused_by_sts() {
    let samlp = Samlp::start(&ROLES);
    let federation = believed(AUTH, &samlp);
    let text = samlp.response(300);
    let xml = String::from_utf8(STANDARD.decode(text.trim()).unwrap()).unwrap();
    let changed = xml.replace("me@acme.test", "he@acme.test");
    assert_ne!(changed, xml);
    federation.sandbox.write("assertion", &STANDARD.encode(changed));
    let (seen, calls) = federation.during(|| federation.sandbox.atmos(&["auth", "login", "-i", "b"]).exits(1));
    assert_eq!(calls, [format!("{ROLE}222222222222:role/path/B")]);
    // With where the role stands that was asked for.
    seen.says("InvalidIdentityToken: Response signature invalid").says("(atmos.yaml:11:");
    federation.sandbox.write("assertion", &text);
    federation.sandbox.atmos(&["auth", "login", "-i", "b"]).success();
}

/// Peers S10: a program that prints the assertion, as words and as a line of a shell; its time and size have limits.
#[test]
fn s10_program_prints_the_assertion_within_limits() {
    let samlp = Samlp::start(&ROLES);
    let federation = believed(AUTH, &samlp);
    federation.sandbox.write("assertion", &samlp.response(300));
    let login = ["auth", "login", "-i", "a", "--force"];
    for command in ["[sh, -c, 'cat assertion']", "sh -c 'cat assertion'"] {
        let command = format!(
            "spec: {{command: {}}}",
            if command.starts_with('[') { command.to_owned() } else { json!(command).to_string() }
        );
        federation.configure(&AUTH.replace("spec: {command: [cat, assertion]}", &command));
        federation.sandbox.atmos(&login).success();
    }
    for (spec, phrase) in [
        ("command: [sleep, '60'], timeout: 1s", "it did not end within 1 s"),
        ("command: [head, -c, '2000000', /dev/zero]", "it printed more than 1024 KiB"),
        ("command: [sh, -c, 'exit 3']", "it ended with exit status: 3"),
        ("command: [no-such-program]", "it cannot be started"),
    ] {
        federation.configure(&AUTH.replace("command: [cat, assertion]", spec));
        let (seen, calls) = federation.during(|| federation.sandbox.atmos(&login).exits(1));
        assert!(seen.mentions(phrase), "{spec}: {phrase}\n{seen}");
        assert_eq!(calls, Vec::<String>::new(), "{spec}");
    }
}

/// Peers S7 with a program: while the assertion lives nobody is asked for a second one; afterwards somebody is.
#[test]
fn s7_assertion_is_asked_for_once_while_it_lives() {
    let samlp = Samlp::start(&ROLES);
    let federation = believed(AUTH, &samlp);
    let all = |seconds: u32| {
        let address = format!("{}/response?seconds={seconds}", samlp.url);
        federation.configure(&AUTH.replace("[cat, assertion]", &format!("[curl, -s, '{address}']")));
        let before = samlp.count();
        // The third identity wants a role that is not offered.
        federation.sandbox.atmos(&["auth", "login", "--all", "--force"]).exits(1).says("does not offer");
        samlp.count() - before
    };
    assert_eq!(all(300), 1);
    assert_eq!(all(30), 3, "what is about to end is not used again");
}

#[test]
fn real_sts_of_moto_takes_its_assertion() {
    let samlp = Samlp::start(&ROLES[..1]);
    let mut federation = believed(AUTH, &samlp);
    let sts = Sts::start();
    federation.sandbox.set("AWS_ENDPOINT_URL_STS", &sts.url);
    federation.sandbox.write("assertion", &samlp.response(300));
    let who = federation.sandbox.atmos(&["auth", "whoami", "-i", "a", "-o", "json"]).success().json();
    let principal = who["principal"].as_str().unwrap_or_default();
    assert!(principal.starts_with("arn:aws:sts::111111111111:assumed-role/A/"), "{who}");
}

/// The recipient stays AWS, and the browser carries the response to the listener.
#[test]
fn real_browser_carries_its_page_to_the_listener() {
    let samlp = Samlp::start(&ROLES);
    let port = free_port();
    let url = format!("{}/app?to=http%3A%2F%2F127.0.0.1%3A{port}%2Fsaml%2Facs", samlp.url);
    let loopback = format!("driver: loopback, url: \"{url}\", spec: {{port: {port}}}");
    let mut federation =
        believed(&AUTH.replace("driver: command, spec: {command: [cat, assertion]}", &loopback), &samlp);
    let desktop = Desktop::of(&mut federation.sandbox);
    federation.sandbox.set("ATMOS_FORCE_TTY", "true");
    let running = federation.sandbox.spawn(&["auth", "login", "-i", "b"]);
    let address = desktop.address();
    let browser = Chromium::start();
    browser.open(&address);
    assert_eq!(browser.text("#result"), "Signed in");
    running.wait().success();
    assert_eq!(federation.log(), [format!("{ROLE}222222222222:role/path/B")]);
}
