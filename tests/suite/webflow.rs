//! Users without a key: signing in by the browser.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use crate::support::{Chromium, Desktop, Running, Users, exchange, wait_until};

/// What the page of the browser says at the end.
const SIGNED_IN: (u16, &str) = (200, "Signed in");
const FAILED: (u16, &str) = (400, "Sign-in failed");

/// Runs a command that signs in, comes with the browser, and returns status and everything that was said.
fn with_browser(users: &Users, words: &[&str]) -> (i32, String) {
    with_browser_that_sees(users, words, SIGNED_IN)
}

fn with_browser_that_sees(users: &Users, words: &[&str], end: (u16, &str)) -> (i32, String) {
    let mut command = users.sandbox.atmos_command(words);
    command.env("ATMOS_FORCE_TTY", "true").env("ATMOS_LOGS_LEVEL", "Trace");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = String::new();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    for line in lines.by_ref().map_while(Result::ok) {
        said.push_str(&line);
        said.push('\n');
        if let Some(at) = line.find("http://127.0.0.1").filter(|_| line.contains("/v1/authorize?")) {
            browse(line[at..].trim(), end);
        }
    }
    (child.wait().unwrap().code().unwrap_or(-1), said)
}

/// A browser: a stranger's answer first, then the way that the service sends.
fn browse(address: &str, (expected, title): (u16, &str)) {
    let mut curl = std::process::Command::new("curl");
    let output = curl.args(["-s", "-o", "/dev/null", "-w", "%{redirect_url}", address]).output().unwrap();
    let back = String::from_utf8(output.stdout).unwrap();
    assert!(back.starts_with("http://127.0.0.1:"), "{address} led to {back:?}");
    let forged = back.replace("state=", "state=forged");
    assert_eq!(exchange("GET", &forged, "").unwrap().0, 400, "an answer to another sign-in is not taken");
    let (status, page) = exchange("GET", &back, "").unwrap();
    assert!(status == expected && page.contains(title), "{status}: {page}");
}

#[test]
fn user_without_a_key_signs_in_by_the_browser_and_is_refreshed_without_it() {
    let users = Users::start(&json!({}));
    users.sandbox.atmos(&["auth", "login", "-i", "worker"]).exits(1).says("sign in by the browser");
    let (code, said) = with_browser(&users, &["auth", "login", "-i", "deploy"]);
    assert_eq!(code, 0, "{said}");
    let who = users.sandbox.atmos(&["auth", "whoami", "-i", "deploy", "-o", "json"]).success().json();
    assert!(who["principal"].as_str().unwrap().contains(":assumed-role/Deploy/"), "{who}");
    assert_eq!((users.count("authorize"), users.count("token")), (1, 1), "{:?}", users.log());
    // Another process refreshes, with the key of the sign-in, and asks nobody.
    users.sandbox.atmos(&["auth", "login", "-i", "worker", "--force"]).success();
    users.sandbox.atmos(&["auth", "login", "-i", "worker", "--force"]).success();
    assert_eq!((users.count("authorize"), users.count("token")), (1, 3), "{:?}", users.log());
    users.scanner().assert_absent("what was said", said.as_bytes());
    users.assert_clean();
    // What the service has withdrawn leads to the browser again.
    users.control(&json!({"revoked": true}));
    users.sandbox.atmos(&["auth", "login", "-i", "worker", "--force"]).exits(1).says("sign in by the browser");
    users.control(&json!({}));
    let (code, said) = with_browser(&users, &["auth", "login", "-i", "worker", "--force"]);
    assert_eq!((code, users.count("authorize")), (0, 2), "{said}");
    users.assert_clean();
}

#[test]
fn user_with_a_key_may_sign_in_by_the_browser_too() {
    let users = Users::start(&json!({}));
    users.import().success();
    let (code, said) = with_browser(&users, &["auth", "login", "-i", "worker", "--webflow"]);
    assert_eq!((code, users.count("authorize"), users.count("GetSessionToken")), (0, 1, 0), "{said}");
    // That session is the one that is used from now on.
    users.sandbox.atmos(&["auth", "process", "-i", "worker"]).success();
    assert_eq!(users.count("GetSessionToken"), 0);
    users.sandbox.atmos(&["auth", "login", "--webflow", "--provider", "x"]).exits(1);
}

#[test]
fn sign_in_that_is_denied_or_not_wanted_says_so() {
    let users = Users::start(&json!({"deny": true}));
    let (code, said) = with_browser_that_sees(&users, &["auth", "login", "-i", "worker"], FAILED);
    // However it was wrapped.
    let letters: String = said.chars().filter(|letter| letter.is_alphanumeric() || "()_".contains(*letter)).collect();
    assert!(code == 1 && letters.contains("wasnotcompleted(access_denied)"), "{code}: {said}");
    users.configure("worker: {kind: aws/user,", "worker: {kind: aws/user, credentials: {webflow_enabled: false},");
    let login = users.sandbox.atmos_with(&[("ATMOS_FORCE_TTY", "true")], &["auth", "login", "-i", "worker"]);
    login.exits(1).says("no access key");
    assert_eq!(users.count("authorize"), 1);
}

#[test]
fn nonce_of_the_service_is_used() {
    let users = Users::start(&json!({"nonce": "once-and-only"}));
    let (code, said) = with_browser(&users, &["auth", "login", "-i", "worker"]);
    assert_eq!((code, users.count("token")), (0, 2), "{said}");
}

/// A real browser, which asks for an icon and opens connections that it never uses.
#[test]
fn chromium_signs_a_user_in_and_shows_what_became_of_it() {
    let mut users = Users::start(&json!({"page": true, "nonce": "of the service"}));
    let desktop = Desktop::of(&mut users.sandbox);
    let chromium = Chromium::start();
    let start = |words: &[&str]| -> Running {
        let mut command = users.sandbox.atmos_command(words);
        command.env("ATMOS_FORCE_TTY", "true");
        users.sandbox.start(command, "")
    };
    let decide = |button: &str| {
        chromium.open(&desktop.address());
        assert_eq!(chromium.text("#client"), "arn:aws:signin:::devtools/same-device");
        chromium.click(button);
        wait_until("our page shows", Duration::from_secs(30), || {
            chromium.address().contains("/oauth/callback").then_some(())
        });
        chromium.text("#result")
    };
    let login = start(&["auth", "login", "-i", "worker"]);
    assert_eq!(decide("#approve"), "Signed in");
    assert!(chromium.text("body").contains("worker"), "{}", chromium.text("body"));
    login.wait().success();
    let who = users.sandbox.atmos(&["auth", "whoami", "-i", "deploy", "-o", "json"]).success().json();
    assert!(who["principal"].as_str().unwrap().contains(":assumed-role/Deploy/"), "{who}");
    // No, this time; what the first one left is refreshed by its key, and nobody is asked.
    let login = start(&["auth", "login", "-i", "worker", "--webflow", "--force"]);
    assert_eq!(decide("#deny"), "Sign-in failed");
    login.wait().exits(1).says("access_denied");
    users.sandbox.atmos(&["auth", "login", "-i", "worker", "--force"]).success();
    assert!(desktop.is_idle());
    assert_eq!(users.count("authorize"), 2, "{:?}", users.log());
    users.assert_clean();
}
