//! A person at Azure who confirms a code, and what is kept of that.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Federation, Outcome, wait_until};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const AUTH: &str = r"
auth:
  realm: azure
  providers:
    code: {kind: azure/device-code, spec: {tenant_id: 11111111-2222-3333-4444-555555555555, endpoint_url: URL/entra}}
  identities:
    person: {kind: azure/subscription, via: {provider: code}, principal: {subscription_id: sub-4}}
    person-too: {kind: azure/subscription, via: {provider: code}, principal: {subscription_id: sub-5}}
";
const BEGIN: &str = "entra devicecode  https://management.azure.com/.default offline_access openid profile";
const ASK: &str = "entra token urn:ietf:params:oauth:grant-type:device_code ";
const RENEW: &str = "entra token refresh_token https://management.azure.com/.default offline_access openid profile";

/// Somebody reads what is said.
fn somebody() -> Federation {
    let mut federation = Federation::start(AUTH);
    federation.sandbox.set("ATMOS_FORCE_TTY", "true");
    federation.sandbox.set("ATMOS_NO_BROWSER", "1");
    federation
}

fn login(federation: &Federation, identity: &str) -> (Outcome, Vec<String>) {
    federation.during(|| federation.sandbox.atmos(&["auth", "login", "-i", identity]))
}

#[test]
fn code_is_confirmed_once_and_what_renews_the_sign_in_is_sealed() {
    let mut federation = somebody();
    federation.control(&json!({"confirm": ["authorization_pending"]}));
    let (seen, calls) = login(&federation, "person");
    let seen = seen.success().says("Verification URL: https://microsoft.com/devicelogin").says("Code: ABCD1234");
    assert!(seen.mentions("sub-4"), "{seen}");
    assert_eq!(calls, [BEGIN, ASK, ASK]);
    federation.sandbox.remove("ATMOS_FORCE_TTY");
    // Nobody is asked again: neither for the same, which is kept, nor for another subscription.
    for (identity, expected) in [("person", vec![]), ("person-too", vec![RENEW]), ("person-too", vec![])] {
        let who = ["auth", "whoami", "-i", identity, "-o", "json"];
        let (seen, calls) = federation.during(|| federation.sandbox.atmos(&who).success().json());
        assert_eq!((&seen["principal"], &seen["valid"]), (&json!("me@acme.test"), &json!(true)), "{seen}");
        assert_eq!(calls, expected, "{identity}");
    }
    federation.assert_clean();
    // A logout of the provider removes both.
    let logout = ["auth", "logout", "--provider", "code"];
    federation
        .sandbox
        .atmos(&[&logout[..], &["--dry-run"]].concat())
        .success()
        .says("would remove 2 cached session(s)");
    federation.sandbox.atmos(&logout).success().says("token of code");
    federation.sandbox.atmos(&logout).success().says("nothing is kept");
    let (seen, calls) = login(&federation, "person");
    seen.exits(2).says("signing in to provider `code` requires an interactive terminal");
    assert!(calls.is_empty(), "{calls:?}");
    federation.assert_clean();
}

#[test]
fn child_finds_the_sign_in_where_the_program_of_azure_looks() {
    let federation = somebody();
    login(&federation, "person").0.success();
    let script = r#"
        env | grep -E '^(ARM|AZURE)_' | sed "s|=.*/azure/|=DIR/azure/|" | sort
        stat -c '%a %n' "$AZURE_CONFIG_DIR" "$AZURE_CONFIG_DIR"/* | sed "s|$AZURE_CONFIG_DIR|config|"
        cat "$AZURE_CONFIG_DIR/azureProfile.json"; echo; cat "$AZURE_CONFIG_DIR/msal_token_cache.json"; echo
        echo "$AZURE_CONFIG_DIR"
    "#;
    let ambient = [("ATMOS_MASK", "false"), ("AZURE_CONFIG_DIR", "/somewhere"), ("ARM_CLIENT_SECRET", "old")];
    let exec = ["auth", "exec", "-i", "person", "--", "sh", "-c", script];
    let seen = federation.sandbox.atmos_with(&ambient, &exec).success();
    let mut lines: Vec<&str> = seen.stdout.lines().collect();
    let folder = lines.pop().unwrap();
    assert!(folder.contains("/run/") && !std::path::Path::new(folder).exists(), "{folder}");
    let [profile, cache] =
        [lines.remove(lines.len() - 2), lines.pop().unwrap()].map(|text| serde_json::from_str::<Value>(text).unwrap());
    let expected = [
        "ARM_SUBSCRIPTION_ID=sub-4",
        "ARM_USE_CLI=true",
        "AZURE_CONFIG_DIR=DIR/azure/config",
        "AZURE_SUBSCRIPTION_ID=sub-4",
        "700 config",
        "600 config/azureProfile.json",
        "600 config/msal_token_cache.json",
    ];
    assert_eq!(lines, expected);
    assert_eq!(profile["subscriptions"][0]["user"], json!({"name": "me@acme.test", "type": "user"}), "{profile}");
    let home = "00000000-0000-0000-0000-000000000001.11111111-2222-3333-4444-555555555555";
    let key = format!("{home}-login.microsoftonline.com-{TENANT}");
    assert_eq!(cache["Account"][&key]["username"], "me@acme.test");
    let token = cache["AccessToken"].as_object().unwrap().values().next().unwrap();
    for scope in ["https://management.azure.com/.default", "https://management.core.windows.net//.default"] {
        assert!(token["target"].as_str().unwrap().split(' ').any(|known| known == scope), "{scope}");
    }
    let client = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
    assert_eq!((&token["home_account_id"], &token["client_id"]), (&json!(home), &json!(client)));
    let key = format!("{home}-login.microsoftonline.com-refreshtoken-{client}--");
    assert!(cache["RefreshToken"][&key]["secret"].as_str().unwrap().starts_with("refresh-token-"));
    federation.assert_clean();
}

#[test]
fn what_renews_the_sign_in_is_on_no_disk_while_a_child_runs() {
    let mut federation = somebody();
    login(&federation, "person").0.success();
    let script = "echo $AZURE_CONFIG_DIR; stat -c %a $AZURE_CONFIG_DIR/../../../..; grep -c refresh-token- $AZURE_CONFIG_DIR/*cache.json";
    let words = ["auth", "exec", "-i", "person", "--", "sh", "-c", script];
    federation.sandbox.remove("XDG_RUNTIME_DIR");
    let seen = federation.sandbox.atmos(&words).success();
    let lines: Vec<&str> = seen.stdout.lines().collect();
    assert!(lines[0].starts_with("/dev/shm/atmos-") && lines[1..] == ["700", "1"], "{seen}");
    assert!(!std::path::Path::new(lines[0]).exists(), "{seen}");
    // What a killed program leaves goes with the next one.
    let running = federation.sandbox.spawn(&[
        "auth",
        "exec",
        "-i",
        "person",
        "--",
        "sh",
        "-c",
        "echo $AZURE_CONFIG_DIR >place; exec sleep 60",
    ]);
    let place = federation.sandbox.repo().join("place");
    let folder = wait_until("the child begins", Duration::from_mins(1), || {
        std::fs::read_to_string(&place).ok().filter(|text| text.ends_with('\n'))
    });
    running.signal_group(rustix::process::Signal::KILL);
    running.wait();
    assert!(std::path::Path::new(folder.trim()).exists(), "{folder}");
    federation.assert_clean();
    federation.sandbox.atmos(&["auth", "list"]).success();
    assert!(!std::path::Path::new(folder.trim()).exists(), "{folder}");
}

#[test]
fn sign_in_that_is_over_begins_anew() {
    let federation = somebody();
    login(&federation, "person").0.success();
    federation.control(&json!({"reauthenticate": true}));
    let (seen, calls) = login(&federation, "person-too");
    seen.success().says("Code: ABCD1234");
    assert_eq!(calls, [RENEW, BEGIN, ASK]);
    federation.assert_clean();
}

#[test]
fn person_who_says_no_or_nothing_is_told_so_and_nothing_is_kept() {
    let federation = somebody();
    let pending = vec!["authorization_pending"; 9];
    for (knobs, phrase) in [
        (json!({"confirm": ["authorization_declined"]}), "the sign-in to provider `code`: it was denied"),
        (json!({"confirm": ["expired_token"]}), "the code expired before it was confirmed"),
        (json!({"confirm": pending, "code_seconds": 1}), "nobody confirmed the code in time"),
        (json!({"confirm": ["invalid_client"]}), "AADSTS70016: invalid_client (HTTP status 400)"),
        (json!({"hang": format!("/entra/{TENANT}/oauth2/v2.0/devicecode")}), "no complete answer within 1 s"),
    ] {
        federation.control(&knobs);
        let login = ["auth", "login", "-i", "person", "--timeout", "1s"];
        let login = if phrase.contains("no complete") || phrase.contains("nobody") { &login[..] } else { &login[..4] };
        let seen = federation.sandbox.atmos(login).exits(1).says(phrase);
        assert!(seen.elapsed < Duration::from_secs(6), "{seen}");
    }
    federation.control(&json!({}));
    federation.sandbox.atmos(&["auth", "logout", "--all"]).success().says("nothing is kept");
    federation.assert_clean();
}
