//! `aws/credential-process`: keys without an end are asked for again, and nobody goes on with exchanged ones.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::{FIRST_ID, FIRST_SECRET, Users};

const WHO: [&str; 7] = ["auth", "whoami", "-i", "cp", "--verify", "-o", "json"];

/// A program that prints a key that lasts, or one with an end, and counts how often it ran.
fn program(users: &Users, id: &str, secret: &str, expiration: Option<&str>) {
    let path = users.sandbox.root().join("program");
    let ran = users.sandbox.root().join("ran");
    let mut answer = json!({"Version": 1, "AccessKeyId": id, "SecretAccessKey": secret});
    if let Some(end) = expiration {
        answer["Expiration"] = json!(end);
    }
    std::fs::write(&path, format!("#!/bin/sh\necho run >> {}\necho '{answer}'\n", ran.display())).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
}

fn runs(users: &Users) -> usize {
    std::fs::read_to_string(users.sandbox.root().join("ran")).unwrap_or_default().lines().count()
}

fn users() -> Users {
    let users = Users::start(&json!({}));
    let path = users.sandbox.root().join("program").display().to_string();
    users.configure(
        "    deploy: ",
        &format!("    cp: {{kind: aws/credential-process, credentials: {{process: {path}, region: eu-west-1}}}}\n    deploy: "),
    );
    users
}

#[test]
fn keys_without_an_end_are_those_that_the_program_has_now() {
    let users = users();
    program(&users, "AKIAOLDOLDOLDOLDOLDX", "old/secret/of/the/worker/0123456789abcdef", None);
    users.sandbox.atmos(&["auth", "process", "-i", "cp"]).success();
    program(&users, FIRST_ID, FIRST_SECRET, None);
    let before = runs(&users);
    let seen = users.sandbox.atmos(&WHO).success();
    assert_eq!(seen.json()["principal"], "arn:aws:iam::111111111111:user/worker", "{seen}");
    users.sandbox.atmos(&["auth", "login", "-i", "cp"]).success();
    let keys = users.sandbox.atmos(&["auth", "env", "-i", "cp", "--delivery", "env"]).success();
    assert!(keys.stdout.contains(FIRST_ID), "{keys}");
    users.sandbox.atmos(&["auth", "exec", "-i", "cp", "--", "true"]).success();
    assert_eq!(runs(&users) - before, 4, "each command asks once");
    // Who is asked and has nothing any more, gives nothing any more.
    std::fs::remove_file(users.sandbox.root().join("program")).unwrap();
    users.sandbox.atmos(&["auth", "process", "-i", "cp"]).exits(1).says("cannot be started");
    users.assert_clean();
}

#[test]
fn keys_with_an_end_are_kept_until_then() {
    let users = users();
    program(&users, FIRST_ID, FIRST_SECRET, Some("2096-11-26T12:00:00Z"));
    for _ in 0..3 {
        users.sandbox.atmos(&["auth", "process", "-i", "cp"]).success();
    }
    assert_eq!(runs(&users), 1);
}
