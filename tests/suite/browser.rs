//! Sign-ins by the browser of this machine: authorization code with PKCE, its callback page, and what leads to a device code
//! instead. Pages are seen by real headless Chromium too.

use std::time::Duration;

use serde_json::json;

use crate::support::{Chromium, Cloud, Desktop, Running, visit, wait_until};

const LOGIN: [&str; 4] = ["auth", "login", "--identity", "data-admin"];

fn start(cloud: &Cloud, args: &[&str]) -> Running {
    let mut command = cloud.sandbox.atmos_command(args);
    command.env("ATMOS_FORCE_TTY", "true");
    cloud.sandbox.start(command, "")
}

/// A portal with a person in front of a desktop.
fn desk(flags: &[&str]) -> (Cloud, Desktop) {
    let mut cloud = Cloud::start(flags);
    let desktop = Desktop::of(&mut cloud.sandbox);
    (cloud, desktop)
}

#[test]
fn desktop_signs_in_by_the_browser_without_a_code_to_compare() {
    let (cloud, desktop) = desk(&[]);
    let login = start(&cloud, &LOGIN);
    let address = desktop.address();
    assert!(address.starts_with(&format!("{}/authorize?response_type=code&client_id=", cloud.portal.url)), "{address}");
    let (status, location, _) = visit(&address);
    assert_eq!(status, 302);
    let (status, _, page) = visit(&location.expect("the portal sends the browser back"));
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("Signed in") && page.contains("corp"), "{page}");
    let outcome = login.wait().success().says("data-admin");
    assert_eq!(outcome.stdout, "");
    assert_eq!(cloud.portal.operations(), ["RegisterClient", "CreateToken", "GetRoleCredentials"]);
    let grants: Vec<_> =
        cloud.portal.log().into_iter().filter_map(|entry| entry["grant"].as_str().map(str::to_owned)).collect();
    assert_eq!(grants, ["authorization_code"]);
    cloud.assert_clean();
}

#[test]
fn browser_is_the_one_that_is_named() {
    for variable in ["ATMOS_BROWSER", "BROWSER"] {
        let (mut cloud, desktop) = desk(&[]);
        cloud.sandbox.write("named browser", "#!/bin/sh\nprintf '%s' \"$1\" >opened.new && mv opened.new opened\n");
        let named = cloud.sandbox.repo().join("named browser");
        std::fs::set_permissions(&named, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let shown = named.display().to_string();
        // One with several words is quoted where a line is read as by a shell.
        cloud.sandbox.set(variable, if variable == "BROWSER" { format!("'{shown}'") } else { shown });
        let login = start(&cloud, &LOGIN);
        let opened = cloud.sandbox.repo().join("opened");
        let address =
            wait_until("the named browser is opened", Duration::from_mins(1), || std::fs::read_to_string(&opened).ok());
        let (_, location, _) = visit(&address);
        visit(&location.expect("the portal sends the browser back"));
        login.wait().success();
        assert!(desktop.is_idle(), "{variable}");
        cloud.assert_clean();
    }
}

#[test]
fn browser_that_is_named_and_missing_is_said_and_a_code_shown() {
    let (mut cloud, desktop) = desk(&[]);
    cloud.sandbox.set("ATMOS_BROWSER", "no-such-browser");
    let seen = start(&cloud, &LOGIN).wait().success();
    seen.says("the browser `no-such-browser`, which ATMOS_BROWSER names, cannot be started").says("Verification URL");
    assert!(desktop.is_idle());
}

#[test]
fn token_of_the_browser_is_refreshed_like_any_other() {
    let (cloud, desktop) = desk(&["--token-lifetime", "1", "--rotate-refresh"]);
    let login = start(&cloud, &LOGIN);
    let (_, location, _) = visit(&desktop.address());
    visit(&location.unwrap());
    login.wait().success();
    std::thread::sleep(Duration::from_millis(1100));
    let (_, requests) = cloud.requests_during(|| cloud.sandbox.atmos(&["auth", "process", "-i", "reader"]).success());
    assert_eq!(requests.iter().filter(|name| *name == "CreateToken").count(), 1, "{requests:?}");
    assert!(desktop.is_idle());
}

#[test]
fn only_the_answer_with_the_state_of_this_sign_in_counts_and_only_once() {
    let (cloud, desktop) = desk(&[]);
    let mut login = start(&cloud, &LOGIN);
    let (_, location, _) = visit(&desktop.address());
    let location = location.unwrap();
    let (callback, state) = location.split_once("&state=").unwrap();
    let base = callback.split_once('?').unwrap().0;
    for wrong in [
        format!("{base}?code=stolen&state=guess"),
        format!("{base}?code=stolen"),
        format!("{base}?state={state}"),
        format!("{base}?error=access_denied&state=guess"),
        format!("{}/favicon.ico", base.trim_end_matches("/oauth/callback")),
    ] {
        let (status, _, page) = visit(&wrong);
        assert!(matches!(status, 400 | 404), "{wrong}: {status}");
        assert!(page.contains("Not expected"), "{page}");
    }
    assert!(login.is_running(), "none of them ends the sign-in");
    assert_eq!(cloud.portal.count("CreateToken"), 0);
    visit(&location);
    login.wait().success();
    // Nobody listens any more.
    assert!(std::net::TcpStream::connect(base.trim_start_matches("http://").split('/').next().unwrap()).is_err());
    cloud.assert_clean();
}

#[test]
fn denial_in_the_browser_ends_the_sign_in_and_is_said_on_both_sides() {
    let (cloud, desktop) = desk(&["--deny"]);
    let login = start(&cloud, &LOGIN);
    let (_, location, _) = visit(&desktop.address());
    let (status, _, page) = visit(&location.unwrap());
    assert_eq!(status, 400);
    assert!(page.contains("Sign-in failed"), "{page}");
    login.wait().exits(1).says("aws sso token creation failed").says("denied");
    cloud.assert_clean();
}

#[test]
fn failed_exchange_is_shown_on_the_page() {
    let (cloud, desktop) = desk(&[]);
    let login = start(&cloud, &LOGIN);
    let (_, location, _) = visit(&desktop.address());
    // A code that somebody else has: the verifier is missing there, here the code is wrong.
    let forged = location.unwrap().replace("code=code-", "code=other-");
    let (status, _, page) = visit(&forged);
    assert_eq!(status, 400);
    assert!(page.contains("Sign-in failed") && page.contains("InvalidGrantException"), "{page}");
    login.wait().exits(1).says("aws sso token creation failed");
    cloud.assert_clean();
}

#[test]
fn nobody_in_the_browser_ends_with_the_timeout() {
    let (cloud, _desktop) = desk(&[]);
    let outcome = start(&cloud, &[&LOGIN[..], &["--timeout", "1s"]].concat()).wait().exits(1).says("--no-browser");
    assert!(outcome.elapsed < Duration::from_secs(20), "{outcome}");
    cloud.assert_clean();
}

#[test]
fn without_a_browser_of_this_machine_a_code_is_shown() {
    type Row = (&'static [(&'static str, &'static str)], &'static [&'static str]);
    let rows: [Row; 6] = [
        (&[("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")], &[]),
        (&[("WSL_DISTRO_NAME", "Debian")], &[]),
        (&[("DISPLAY", "")], &[]),
        (&[("CI", "true")], &[]),
        (&[("ATMOS_NO_BROWSER", "1")], &[]),
        (&[], &["--no-browser"]),
    ];
    for (variables, flags) in rows {
        let (mut cloud, _desktop) = desk(&[]);
        for (name, value) in variables {
            cloud.sandbox.set(name, *value);
        }
        let outcome = start(&cloud, &[&LOGIN[..], flags].concat()).wait().success();
        outcome.says("Verification URL:");
        assert_eq!(cloud.portal.count("StartDeviceAuthorization"), 1, "{variables:?} {flags:?}");
    }
}

#[test]
fn service_that_knows_no_codes_and_desktop_that_opens_nothing_lead_to_a_device_code() {
    let (cloud, desktop) = desk(&["--no-code-grant"]);
    start(&cloud, &LOGIN).wait().success().says("Verification URL:");
    let opened = desktop.address();
    assert!(opened.contains("/device?user_code="), "the page with the code is opened instead: {opened}");
    let (mut cloud, desktop) = desk(&[]);
    // Nothing there that could open anything.
    cloud.sandbox.set("PATH", "/nowhere");
    start(&cloud, &LOGIN).wait().success().says("Verification URL:");
    assert!(desktop.is_idle());
}

#[test]
fn terraform_signs_in_by_the_browser_and_goes_on() {
    let (cloud, desktop) = desk(&[]);
    let plan = start(&cloud, &["terraform", "plan", "vpc", "-s", "dev"]);
    let (_, location, _) = visit(&desktop.address());
    visit(&location.unwrap());
    plan.wait().success();
    cloud.assert_clean();
}

#[test]
fn chromium_shows_the_portals_question_and_our_page() {
    let mut cloud = Cloud::unattended(&[]);
    let desktop = Desktop::of(&mut cloud.sandbox);
    let chromium = Chromium::start();
    // A real browser asks for an icon and opens connections that it never uses.
    let login = start(&cloud, &LOGIN);
    chromium.open(&desktop.address());
    assert_eq!(chromium.text("#client"), "atmos-auth");
    chromium.click("#approve");
    wait_until("our page shows", Duration::from_secs(30), || {
        chromium.address().contains("/oauth/callback").then_some(())
    });
    assert_eq!(chromium.text("#result"), "Signed in");
    assert!(chromium.text("body").contains("go back to your terminal"), "{}", chromium.text("body"));
    login.wait().success();
    // No, this time.
    let force = [&LOGIN[..], &["--force"]].concat();
    let login = start(&cloud, &force);
    chromium.open(&desktop.address());
    chromium.click("#deny");
    wait_until("our page shows", Duration::from_secs(30), || {
        chromium.address().contains("/oauth/callback").then_some(())
    });
    assert_eq!(chromium.text("#result"), "Sign-in failed");
    login.wait().exits(1);
    cloud.assert_clean();
}

#[test]
fn chromium_approves_the_code_of_a_terminal() {
    let mut cloud = Cloud::unattended(&[]);
    let desktop = Desktop::of(&mut cloud.sandbox);
    cloud.sandbox.set("SSH_TTY", "/dev/pts/1");
    let chromium = Chromium::start();
    let login = start(&cloud, &LOGIN);
    let address = desktop.address();
    chromium.open(&address);
    assert!(address.ends_with(&chromium.text("#code")), "the page has the code of the address: {address}");
    chromium.click("#approve");
    assert_eq!(chromium.text("#result"), "Request approved");
    login.wait().success().says(address.rsplit('=').next().unwrap());
    assert_eq!(cloud.portal.issued().iter().filter(|issued| issued["kind"] == json!("access_token")).count(), 1);
}
