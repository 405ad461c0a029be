//! Driver loopback of SAML: what may come to the listener, and what becomes of it.

use std::time::Duration;

use serde_json::json;

use crate::support::{Desktop, Federation, Running, Terminal, exchange_with, free_port, wait_until};

const AUTH: &str = r#"
auth:
  realm: loopback
  providers:
    idp: {kind: aws/saml, region: eu-west-1, driver: loopback, url: "URL/idp/app", spec: {port: PORT}}
  identities:
    a: {kind: aws/assume-role, via: {provider: idp}, principal: {assume_role: "arn:aws:iam::111111111111:role/A"}}
    b: {kind: aws/assume-role, via: {provider: idp}, principal: {assume_role: "arn:aws:iam::111111111111:role/B"}}
"#;
const LOGIN: [&str; 4] = ["auth", "login", "-i", "b"];

/// A sign-in that waits for its response, and the address for that.
struct Waiting {
    federation: Federation,
    desktop: Desktop,
    acs: String,
}

impl Waiting {
    fn begin() -> (Waiting, Running) {
        let port = free_port();
        let mut federation = Federation::start(&AUTH.replace("PORT", &port.to_string()));
        let desktop = Desktop::of(&mut federation.sandbox);
        federation.sandbox.set("ATMOS_FORCE_TTY", "true");
        let waiting = Waiting { acs: format!("http://127.0.0.1:{port}/saml/acs"), desktop, federation };
        let running = waiting.federation.sandbox.spawn(&LOGIN);
        assert_eq!(waiting.desktop.address(), format!("{}/idp/app", waiting.federation.url));
        (waiting, running)
    }

    /// Posts a response from a page of that origin: status and page.
    fn post(&self, response: &str, origin: &str) -> (u16, String) {
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", origin)];
        let form = format!("SAMLResponse={}", response.replace('+', "%2B"));
        exchange_with("POST", &self.acs, &headers, &form).expect("an answer, whatever it is")
    }

    fn home(&self) -> &str {
        &self.federation.url
    }
}

const ELSEWHERE: &str = "https://elsewhere.example";
const NOT_SIGNED_IN: &str = "Not signed in";

#[test]
fn what_others_send_ends_nothing_and_what_is_good_does() {
    let (waiting, running) = Waiting::begin();
    let much = "A".repeat(5 << 20);
    for (response, origin) in [("AAAA", ELSEWHERE), ("AAAA", "null"), (much.as_str(), ELSEWHERE)] {
        let (status, page) = waiting.post(response, origin);
        assert!(status == 400 && page.contains(NOT_SIGNED_IN), "{origin}: {status} {page}");
    }
    let good = waiting.federation.assert(&json!({}));
    // The last page of an identity provider may be one of another host.
    let (status, page) = waiting.post(&good, ELSEWHERE);
    assert!(status == 200 && page.contains("Signed in"), "{status} {page}");
    let seen = running.wait().success().says("something came that is not taken");
    assert_eq!(seen.stderr.matches("something came that is not taken").count(), 1, "{seen}");
    waiting.federation.assert_clean();
}

#[test]
fn what_the_identity_provider_sends_and_cannot_be_used_ends_the_sign_in() {
    let (waiting, running) = Waiting::begin();
    let (status, page) = waiting.post("AAAA", waiting.home());
    assert!(status == 400 && page.contains(NOT_SIGNED_IN), "{status} {page}");
    running.wait().exits(1).says("the assertion of provider `idp` cannot be used");
    let (waiting, running) = Waiting::begin();
    let (status, page) = waiting.post(&"A".repeat(5 << 20), waiting.home());
    assert!(status == 400 && page.contains(NOT_SIGNED_IN), "{status} {page}");
    running.wait().exits(1).says("the response is longer than 512 KiB");
}

#[test]
fn who_comes_second_waits_for_the_first() {
    let (waiting, running) = Waiting::begin();
    let mut second = Terminal::start(waiting.federation.sandbox.atmos_command(&["auth", "login", "-i", "a"]));
    second.expect("waiting for another process .*that signs in to `idp`");
    let good = waiting.federation.assert(&json!({}));
    assert_eq!(waiting.post(&good, waiting.home()).0, 200);
    running.wait().success();
    assert_eq!(waiting.desktop.address(), format!("{}/idp/app", waiting.home()));
    assert_eq!(waiting.post(&good, waiting.home()).0, 200);
    let (code, seen) = second.finish();
    assert_eq!(code, 0, "{seen}");
}

#[test]
fn named_program_gets_the_address_and_a_taken_port_is_explained() {
    use std::os::unix::fs::PermissionsExt as _;
    let (mut waiting, running) = Waiting::begin();
    let port = waiting.acs.split(['/', ':']).nth(4).unwrap().to_owned();
    // The same port at another provider.
    let other = AUTH.replace("PORT", &port).replace("realm: loopback", "realm: other").replace("idp:", "rival:");
    waiting.federation.configure(&other.replace("provider: idp", "provider: rival"));
    let seen = waiting.federation.sandbox.atmos(&LOGIN).exits(1).says(&format!("nobody can listen at port {port}"));
    seen.says("choose another port (`spec.port`)");
    running.signal(rustix::process::Signal::INT);
    running.wait();
    waiting.federation.sandbox.write("browser", "#!/bin/sh\nprintf %s \"$1\" >asked.new && mv asked.new asked\n");
    let program = waiting.federation.sandbox.repo().join("browser");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    waiting.federation.sandbox.set("ATMOS_BROWSER", &program);
    let running = waiting.federation.sandbox.spawn(&LOGIN);
    let asked = waiting.federation.sandbox.repo().join("asked");
    let address = wait_until("the program is asked", Duration::from_mins(1), || std::fs::read_to_string(&asked).ok());
    assert_eq!(address, format!("{}/idp/app", waiting.home()));
    assert!(waiting.desktop.is_idle());
    running.signal(rustix::process::Signal::INT);
    running.wait();
}
