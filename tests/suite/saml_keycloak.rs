//! SAML by a real Keycloak: its pages filled in, its second factor, what it wants of a person, and a real browser at it.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::{Desktop, Federation, Keycloak, Outcome, Scanner, Sts, Terminal, find_part};

const AUTH: &str = r#"
auth:
  realm: keycloak
  providers:
    kc: {kind: aws/saml, region: eu-west-1, driver: Keycloak, url: "APPLICATION"}
  identities:
    a: {kind: aws/assume-role, via: {provider: kc}, principal: {assume_role: "arn:aws:iam::111111111111:role/A"}}
    b: {kind: aws/assume-role, via: {provider: kc}, principal: {assume_role: "arn:aws:iam::111111111111:role/B"}}
    c: {kind: aws/assume-role, via: {provider: kc}, principal: {assume_role: "arn:aws:iam::111111111111:role/C"}}
"#;
const ROLE: &str = "AssumeRoleWithSAML arn:aws:iam::111111111111:role/";

fn at(client: &str, auth: &str) -> Federation {
    let keycloak = Keycloak::shared();
    let federation = Federation::start(&auth.replace("APPLICATION", &keycloak.application(client)));
    federation.control(&json!({"issuer": keycloak.issuer(), "verify": keycloak.verifier()}));
    federation
}

fn login(federation: &Federation, user: &str, more: &[(&str, &str)]) -> Outcome {
    let password = format!("password-of-{user}");
    let env = [&[("ATMOS_SAML_USERNAME", user), ("ATMOS_SAML_PASSWORD", &password)], more].concat();
    federation.sandbox.atmos_with(&env, &["auth", "login", "-i", "b", "--force"])
}

/// Nothing of a sign-in rests anywhere, passwords included.
#[track_caller]
fn assert_clean(federation: &Federation) {
    let passwords = ["ana", "otto", "paul", "rita"].map(|user| (user.to_owned(), format!("password-of-{user}")));
    Scanner::new(passwords).assert_absent_below(federation.sandbox.root());
    federation.assert_clean();
}

/// Peers S4 with a real identity provider.
#[test]
fn s4_pages_are_filled_in_and_exactly_the_role_is_taken() {
    let federation = at("aws", AUTH);
    let (seen, calls) = federation.during(|| login(&federation, "ana", &[]).success());
    assert_eq!(calls, [format!("{ROLE}B")], "{seen}");
    let env = [("ATMOS_SAML_USERNAME", "ana"), ("ATMOS_SAML_PASSWORD", "password-of-ana")];
    let not_offered = federation.sandbox.atmos_with(&env, &["auth", "login", "-i", "c"]).exits(1);
    not_offered.says("it offers arn:aws:iam::111111111111:role/A, arn:aws:iam::111111111111:role/B");
    let roles = federation.sandbox.atmos_with(&env, &["auth", "saml", "roles", "--format", "json"]).success().json();
    let principal = "arn:aws:iam::111111111111:saml-provider/kc";
    let expected: Vec<_> = ["A", "B"]
        .iter()
        .map(|role| json!({"account": "111111111111", "role": format!("arn:aws:iam::111111111111:role/{role}"), "principal": principal}))
        .collect();
    assert_eq!(roles["roles"], json!(expected));
    assert_clean(&federation);
}

#[test]
fn assertion_is_one_that_moto_takes() {
    let mut federation = at("aws-one", AUTH);
    let sts = Sts::start();
    federation.sandbox.set("AWS_ENDPOINT_URL_STS", &sts.url);
    let env = [("ATMOS_SAML_USERNAME", "ana"), ("ATMOS_SAML_PASSWORD", "password-of-ana")];
    let who = federation.sandbox.atmos_with(&env, &["auth", "login", "-i", "a"]).success();
    let call = sts.calls().into_iter().find(|call| call.action == "AssumeRoleWithSAML");
    assert!(call.is_some_and(|call| call.signer.is_empty() && call.role.ends_with("role/A")), "{who}");
    assert_clean(&federation);
}

#[test]
fn second_factor_is_asked_for_and_may_be_wrong() {
    let federation = at("aws", AUTH);
    login(&federation, "otto", &[("ATMOS_SAML_MFA_TOKEN", &Keycloak::code())]).success();
    login(&federation, "otto", &[("ATMOS_SAML_MFA_TOKEN", "000000")])
        .exits(1)
        .says("the code was refused: Invalid authenticator code. (the code came from ATMOS_SAML_MFA_TOKEN)");
    login(&federation, "otto", &[]).exits(2).says("nobody can be asked for a code here");
    let mut command = federation.sandbox.atmos_command(&["auth", "login", "-i", "a"]);
    command.env("ATMOS_SAML_USERNAME", "otto");
    let mut terminal = Terminal::start(command);
    terminal.expect("Password of otto at `kc`:");
    terminal.type_line("password-of-otto");
    terminal.expect("Code of your second factor for `kc`:");
    terminal.type_line(&Keycloak::code());
    let (code, seen) = terminal.finish();
    assert_eq!(code, 0, "{seen}");
    assert_clean(&federation);
}

#[test]
fn wrong_passwords_locked_accounts_and_wishes_of_keycloak_are_told() {
    let federation = at("aws", AUTH);
    for (user, phrase) in [
        ("nobody", "it was refused: Invalid username or password. (the password came from ATMOS_SAML_PASSWORD)"),
        ("lena", "it was refused: Account is disabled, contact your administrator."),
        ("rita", "it wants something from you first: a new password (UPDATE_PASSWORD)"),
        ("toni", "it wants something from you first: a second factor to be set up (CONFIGURE_TOTP)"),
    ] {
        let (seen, calls) = federation.during(|| login(&federation, user, &[]).exits(1));
        assert!(seen.mentions(phrase), "{user}: {phrase}\n{seen}");
        assert_eq!(calls, Vec::<String>::new(), "{user}");
    }
    // After three attempts with a wrong password the right one is not taken either.
    for _ in 0..3 {
        login(&federation, "paul", &[("ATMOS_SAML_PASSWORD", "guessed")])
            .exits(1)
            .says("Invalid username or password.");
    }
    login(&federation, "paul", &[])
        .exits(1)
        .says("many identity providers lock an account for a while and say the same");
    federation.configure(&AUTH.replace("APPLICATION", &Keycloak::shared().application("missing")));
    login(&federation, "ana", &[]).exits(1).says("it was refused: ").says("Client not found");
    assert_clean(&federation);
}

/// A browser without a window. Who types is a script of ours in the page.
#[test]
fn real_browser_is_led_through_its_pages() {
    let mut federation = at("aws", &AUTH.replace("driver: Keycloak", "driver: Browser"));
    let chromium =
        find_part("chromium").unwrap_or_else(|| panic!("missing part chromium: run scripts/testbed install"));
    let hands = federation.sandbox.root().join("hands");
    std::fs::create_dir(&hands).unwrap();
    let manifest = json!({
        "manifest_version": 3, "name": "hands", "version": "1",
        "content_scripts": [{"matches": ["http://127.0.0.1/*"], "js": ["type.js"], "run_at": "document_idle"}],
    });
    std::fs::write(hands.join("manifest.json"), manifest.to_string()).unwrap();
    let typed = "const of = (id) => document.getElementById(id);\n\
                 if (of('kc-login')) {\n  of('username').value = 'ana';\n  of('password').value = 'password-of-ana';\n  of('kc-login').click();\n}\n";
    std::fs::write(hands.join("type.js"), typed).unwrap();
    // An extension does not run in a window that keeps nothing.
    let script = format!(
        "#!/bin/sh\nfor word; do shift; [ \"$word\" = --incognito ] || set -- \"$@\" \"$word\"; done\nexec {} --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --load-extension={} \"$@\"\n",
        chromium.display(),
        hands.display()
    );
    federation.sandbox.write("browser", &script);
    let file = federation.sandbox.repo().join("browser");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    Desktop::of(&mut federation.sandbox);
    federation.sandbox.set("ATMOS_FORCE_TTY", "true");
    federation.sandbox.set("ATMOS_BROWSER", file);
    let login = ["auth", "login", "-i", "b", "--timeout", "120s"];
    let (_, calls) = federation.during(|| federation.sandbox.atmos(&login).success());
    assert_eq!(calls, [format!("{ROLE}B")]);
    std::fs::remove_dir_all(hands).unwrap();
    assert_clean(&federation);
}
