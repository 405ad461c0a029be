//! `auto_provision_identities`: what a portal offers becomes identities, and goes when it is offered no more.

use std::path::PathBuf;

use serde_json::json;

use crate::support::{Cloud, Sandbox};

fn cloud() -> Cloud {
    let cloud = Cloud::start(&[]);
    let text = cloud.sandbox.read("atmos.yaml");
    let text =
        text.replace("      region: eu-west-1\n", "      region: eu-west-1\n      auto_provision_identities: true\n");
    cloud.sandbox.write("atmos.yaml", &text);
    cloud
}

fn file(cloud: &Cloud) -> Option<PathBuf> {
    let cache = cloud.sandbox.home().join(".cache/atmos/auth");
    let mut files = Sandbox::files_below(&cache);
    files.retain(|file| file.ends_with("provisioned-identities.yaml"));
    files.pop().map(|file| cache.join(file))
}

fn identities(cloud: &Cloud) -> Vec<String> {
    let list = cloud.sandbox.atmos(&["auth", "list", "--format", "json"]).success().json();
    list["identities"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn login_writes_down_what_the_portal_offers_and_the_next_command_knows_it() {
    let cloud = cloud();
    let own = identities(&cloud);
    cloud.login("data-admin").success().says("15 identities in 7 accounts, 15 new");
    let path = file(&cloud).expect("a file");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let found = identities(&cloud);
    assert_eq!(found.len(), own.len() + 15);
    assert!(found.contains(&"network/NetOps".to_owned()), "{found:?}");
    // It is as good as one that somebody wrote.
    cloud.login("network/NetOps").success();
    let last = cloud.portal.log().pop().unwrap();
    assert_eq!((&last["account"], &last["role"]), (&json!("333333333333"), &json!("NetOps")));
    cloud.assert_clean();
}

#[test]
fn young_list_is_taken_as_it_is_unless_asked() {
    let cloud = cloud();
    cloud.login("data-admin").success();
    let (_, requests) = cloud.requests_during(|| cloud.login("reader").success());
    assert!(!requests.iter().any(|name| name == "ListAccountRoles"), "{requests:?}");
    let refresh = ["auth", "login", "--refresh", "--no-browser", "-i", "data-admin"];
    let (_, requests) = cloud.requests_during(|| cloud.sandbox.atmos(&refresh).success());
    // Seven accounts; three roles are two pages.
    assert_eq!(requests.iter().filter(|name| *name == "ListAccountRoles").count(), 9, "{requests:?}");
}

#[test]
fn what_is_offered_no_more_goes_with_its_session() {
    let cloud = cloud();
    cloud.login("data-admin").success();
    cloud.login("network/NetOps").success();
    cloud.portal.control(&json!({"withdrawn": ["333333333333/NetOps"]}));
    let refresh = ["auth", "login", "--refresh", "--no-browser", "-i", "data-admin"];
    cloud.sandbox.atmos(&refresh).success().says("14 identities in 7 accounts, 1 gone");
    assert!(!identities(&cloud).contains(&"network/NetOps".to_owned()));
    cloud.sandbox.atmos(&["auth", "process", "-i", "network/NetOps"]).exits(1).says("identity not found");
}

#[test]
fn account_that_does_not_tell_its_roles_keeps_them_and_stands_in_nobodys_way() {
    let cloud = cloud();
    cloud.login("data-admin").success();
    cloud.portal.control(&json!({"broken_account": "333333333333"}));
    let refresh = ["auth", "login", "--refresh", "--no-browser", "-i", "data-admin"];
    cloud.sandbox.atmos(&refresh).success().says("the roles of account 333333333333 cannot be listed");
    assert!(identities(&cloud).contains(&"network/NetOps".to_owned()));
}

#[test]
fn written_identities_beat_those_that_were_found_and_logout_forgets_them() {
    let cloud = cloud();
    let text = cloud.sandbox.read("atmos.yaml");
    let own = "    network/NetOps:\n      kind: aws/permission-set\n      via: {provider: corp}\n      \
               principal: {name: ReadOnly, account: {id: \"111111111111\"}}\n";
    cloud.sandbox.write("atmos.yaml", &text.replace("  identities:\n", &format!("  identities:\n{own}")));
    cloud.login("network/NetOps").success();
    cloud.login("network/NetOps").success();
    let last = cloud.portal.log().into_iter().rfind(|entry| entry["operation"] == "GetRoleCredentials").unwrap();
    assert_eq!(last["account"], json!("111111111111"));
    let dry = cloud.sandbox.atmos(&["auth", "logout", "--provider", "corp", "--dry-run"]).success();
    dry.says("provisioned-identities.yaml");
    assert!(file(&cloud).is_some());
    cloud.sandbox.atmos(&["auth", "logout", "--provider", "corp"]).success();
    assert_eq!(file(&cloud), None);
    assert!(!identities(&cloud).contains(&"audit/ReadOnly".to_owned()));
}

#[test]
fn other_portal_under_the_same_name_has_a_list_of_its_own() {
    let cloud = cloud();
    cloud.login("data-admin").success();
    let text = cloud.sandbox.read("atmos.yaml").replace("https://acme.test/start", "https://other.test/start");
    cloud.sandbox.write("atmos.yaml", &text);
    assert!(!identities(&cloud).contains(&"audit/ReadOnly".to_owned()));
}
