use serde_json::json;

use super::super::config::tests::config;
use super::*;
use crate::value::to_json;

fn offer(account_id: &str, account_name: &str, role: &str) -> Offer {
    Offer { account_id: account_id.to_owned(), account_name: account_name.to_owned(), role: role.to_owned() }
}

#[test]
fn accounts_of_one_name_are_told_apart_and_dots_stay() {
    let auth = config(&json!({"providers": {"corp": {"kind": "aws/iam-identity-center"}}}));
    let provider = auth.provider("corp").unwrap();
    let offers = [
        offer("1", "dev", "Admin"),
        offer("2", "Dev", "Admin"),
        offer("3", "acme.io", "Read.Only"),
        offer("4", " ", "X"),
    ];
    let found = named(&offers, provider);
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["4/X", "Dev-2/Admin", "acme.io/Read.Only", "dev-1/Admin"]);
    let expected = json!({
        "kind": "aws/permission-set", "provider": "corp", "via": {"provider": "corp"},
        "principal": {"name": "Read.Only", "account": {"id": "3", "name": "acme.io"}},
    });
    assert_eq!(to_json(&found["acme.io/Read.Only"]), expected);
}

#[test]
fn names_that_no_service_takes_are_left_out_and_the_id_stands_for_an_account() {
    let auth = config(&json!({"providers": {"corp": {"kind": "aws/iam-identity-center"}}}));
    let long = "x".repeat(51);
    let offers = [offer("1", "\u{1b}[31mred", "A"), offer("2", &long, "A"), offer("3", "two\nlines", "A")];
    let found = named(&offers, auth.provider("corp").unwrap());
    assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), ["1/A", "2/A", "3/A"]);
    assert_eq!(to_json(&found["1/A"])["principal"]["account"], json!({"id": "1", "name": ""}));
    for (role, usable) in [("Admin", true), ("", false), ("tab\there", false), (" Admin", false), (&long, false)] {
        assert_eq!(is_role(role), usable, "{role:?}");
    }
}

#[test]
fn only_accounts_that_did_not_answer_keep_what_they_had() {
    let auth = config(&json!({"providers": {"corp": {"kind": "aws/iam-identity-center"}}}));
    let entry = entry(&offer("1", "dev", "Admin"), auth.provider("corp").unwrap());
    assert!(is_of(&entry, &BTreeSet::from(["1".to_owned()])));
    assert!(!is_of(&entry, &BTreeSet::from(["2".to_owned()])));
}
