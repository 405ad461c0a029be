//! A person at Azure who signs in by the browser of this machine: authorization code with PKCE.

use std::time::Duration;

use serde_json::json;

use crate::support::{Desktop, Federation, Running, visit};

const AUTH: &str = r"
auth:
  realm: azure
  providers:
    browser: {kind: azure/interactive, spec: {tenant_id: 11111111-2222-3333-4444-555555555555, endpoint_url: URL/entra}}
  identities:
    person: {kind: azure/subscription, via: {provider: browser}, principal: {subscription_id: sub-4}}
    person-too: {kind: azure/subscription, via: {provider: browser}, principal: {subscription_id: sub-5}}
";
const SIGN_IN: &str = "entra authorize code https://management.azure.com/.default offline_access openid profile";
const REDEEM: &str =
    "entra token authorization_code https://management.azure.com/.default offline_access openid profile";
const RENEW: &str = "entra token refresh_token https://management.azure.com/.default offline_access openid profile";
const LOGIN: [&str; 4] = ["auth", "login", "-i", "person"];

fn desk() -> (Federation, Desktop) {
    let mut federation = Federation::start(AUTH);
    let desktop = Desktop::of(&mut federation.sandbox);
    (federation, desktop)
}

fn start(federation: &Federation, words: &[&str]) -> Running {
    let mut command = federation.sandbox.atmos_command(words);
    command.env("ATMOS_FORCE_TTY", "true");
    federation.sandbox.start(command, "")
}

#[test]
fn browser_comes_back_once_and_what_renews_the_sign_in_is_sealed() {
    let (federation, desktop) = desk();
    let login = start(&federation, &LOGIN);
    let address = desktop.address();
    assert!(
        address.starts_with(&format!(
            "{}/entra/11111111-2222-3333-4444-555555555555/oauth2/v2.0/authorize?",
            federation.url
        ))
    );
    for part in ["code_challenge_method=S256", "redirect_uri=http%3A%2F%2Flocalhost%3A", "prompt=select_account"] {
        assert!(address.contains(part), "{part}: {address}");
    }
    let (status, location, page) = visit(&address);
    assert_eq!(status, 302, "{page}");
    let back = location.unwrap();
    // A page that knows the port and not the state changes nothing.
    let guess = format!("{}&state=guess", back.split("&state=").next().unwrap());
    assert_eq!(visit(&guess.replace("localhost", "127.0.0.1")).0, 400);
    let (status, _, page) = visit(&back);
    assert!(status == 200 && page.contains("Signed in") && page.contains("browser"), "{status} {page}");
    login.wait().success().says("sub-4");
    assert_eq!(federation.log(), [SIGN_IN, REDEEM]);
    // Nobody is asked again, by this identity or another of the provider.
    let who = ["auth", "whoami", "-i", "person-too", "-o", "json"];
    let (seen, calls) = federation.during(|| federation.sandbox.atmos(&who).success().json());
    assert_eq!((&seen["principal"], &calls[..]), (&json!("me@acme.test"), &[RENEW.to_owned()][..]));
    let script = "echo $ARM_USE_CLI; test -f $AZURE_CONFIG_DIR/msal_token_cache.json && echo cached";
    let exec = ["auth", "exec", "-i", "person", "--", "sh", "-c", script];
    assert_eq!(federation.sandbox.atmos(&exec).success().stdout, "true\ncached\n");
    federation.assert_clean();
    federation.sandbox.atmos(&["auth", "logout", "--provider", "browser"]).success().says("token of browser");
    federation.sandbox.atmos(&LOGIN).exits(2).says("signing in to provider `browser` requires an interactive terminal");
    assert!(desktop.is_idle());
}

#[test]
fn person_who_says_no_or_nothing_is_told_so_and_nothing_is_kept() {
    let (federation, desktop) = desk();
    federation.control(&json!({"deny": true}));
    let login = start(&federation, &LOGIN);
    let (_, location, _) = visit(&desktop.address());
    let (status, _, page) = visit(&location.unwrap());
    assert!(status == 400 && page.contains("Sign-in failed"), "{status} {page}");
    login
        .wait()
        .exits(1)
        .says("the sign-in to provider `browser`: it was denied: access_denied: AADSTS65004: User declined");
    federation.control(&json!({}));
    let seen = start(&federation, &[&LOGIN[..], &["--timeout", "1s"]].concat()).wait().exits(1);
    assert!(seen.mentions("nobody came back from the browser in time"), "{seen}");
    assert!(seen.elapsed < Duration::from_secs(10), "{seen}");
    desktop.address();
    // What the browser brings is worth nothing without the verifier, or twice.
    let login = start(&federation, &LOGIN);
    let (_, location, _) = visit(&desktop.address());
    let back = location.unwrap();
    let (status, _, page) = visit(&back.replace("code=code-", "code=other-"));
    assert!(status == 400 && page.contains("AADSTS70008"), "{status} {page}");
    login.wait().exits(1).says("AADSTS70008");
    federation.sandbox.atmos(&["auth", "logout", "--all"]).success().says("nothing is kept");
    federation.assert_clean();
}

#[test]
fn without_a_browser_another_kind_is_named() {
    let (mut federation, desktop) = desk();
    federation.sandbox.set("ATMOS_NO_BROWSER", "1");
    let seen = start(&federation, &LOGIN).wait().exits(1);
    assert!(seen.mentions("no browser can be opened here") && seen.mentions("azure/device-code"), "{seen}");
    assert!(desktop.is_idle() && federation.log().is_empty());
    let sandbox = &federation.sandbox;
    sandbox.atmos(&["auth", "validate"]).success().says_not("cannot use it yet");
    federation.configure(&AUTH.replace("tenant_id: 11111111-2222-3333-4444-555555555555, ", ""));
    federation.sandbox.atmos(&["auth", "validate"]).exits(1).says("provider `browser`: spec.tenant_id is required");
}
