//! Chains that are longer than anybody's.

use std::sync::Arc;

use serde_json::json;

use super::super::config::tests::config;
use super::super::context::Options;
use super::super::name::IdentityName;
use super::super::realm::Realm;
use super::super::session::Session;
use super::flows::Bed;

const LENGTH: usize = 300;

#[tokio::test]
async fn long_chains_are_walked_without_a_deep_stack_and_only_once() {
    let bed = Bed::new().await;
    let role = |via: serde_json::Value, at: usize| {
        json!({"kind": "aws/assume-role", "via": via,
               "principal": {"assume_role": format!("arn:aws:iam::333333333333:role/{at}")}})
    };
    let identities: serde_json::Map<_, _> = (0..LENGTH)
        .map(|at| match at.checked_sub(1) {
            None => ("i0".to_owned(), role(json!({"provider": "fake"}), 0)),
            Some(before) => (format!("i{at}"), role(json!({"identity": format!("i{before}")}), at)),
        })
        .collect();
    let auth = Arc::new(config(&json!({
        "providers": {"fake": {"kind": "mock"}},
        "identities": identities,
    })));
    let session = || {
        let realm = Realm::resolve(Some("long"), None, None).unwrap();
        Session::new(&bed.host, auth.clone(), realm, bed.cache.clone(), Options::default())
    };
    let last = IdentityName::from(format!("i{}", LENGTH - 1).as_str());
    session().credentials(&last).await.unwrap();
    assert_eq!(bed.server.total(), LENGTH);
    session().credentials(&last).await.unwrap();
    session().credentials(&IdentityName::from("i100")).await.unwrap();
    assert_eq!(bed.server.total(), LENGTH, "every step is kept");
    let (session, first) = (session(), IdentityName::from("i0"));
    session.credentials(&first).await.unwrap();
    let mut found = Vec::new();
    let mut open: Vec<_> = session.listing().await.unwrap().providers.remove(0).identities;
    while let Some(mut branch) = open.pop() {
        open.append(&mut branch.children);
        let known = session.describe(&branch.name).await.unwrap();
        assert_eq!((branch.is_live, branch.expiration), (known.is_live, known.expiration), "{}", branch.name);
        found.push(branch.is_live);
    }
    assert_eq!(found, [true; LENGTH]);
    assert_eq!(bed.server.total(), LENGTH, "a list asks nobody");
}
