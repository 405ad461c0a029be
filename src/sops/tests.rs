//! Files that the sops program wrote, opened and damaged.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::span::Sources;
use crate::value::{Node, to_json};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../fixtures/scenarios/secret-files/secrets/", $name))
    };
}

const DEV: &str = fixture!("dev.enc.yaml");
const KEYS: &str = fixture!("keys.txt");

fn document(text: &str) -> Node {
    crate::yaml::parse(&Sources::default(), Path::new("x.yaml"), Path::new(""), Arc::from(text)).unwrap()
}

fn opened(text: &str, keys: &str) -> Result<serde_json::Value, Error> {
    decrypt(&document(text), &AgeKeys::parse(keys).unwrap()).map(|node| to_json(&node))
}

#[test]
fn what_sops_encrypted_comes_back_with_its_types() {
    let expected = json!({
        "DB_PASSWORD": "correct-horse-battery", "empty": "", "nothing": null, "port": 5432, "ratio": 1.5, "flag": true,
        "off": false, "multi": "line one\nline two\n",
        "nested": {"list": ["one-one-one", 2, {"deep": "three-three"}], "note_unencrypted": "in the open"}
    });
    assert_eq!(opened(DEV, KEYS).unwrap(), expected);
    // Only some keys are encrypted, and only they are sealed.
    assert_eq!(opened(fixture!("regex.enc.yaml"), KEYS).unwrap(), expected);
    // The same file for two people.
    for keys in [KEYS, fixture!("other-keys.txt"), &format!("{}\n{KEYS}", fixture!("other-keys.txt"))] {
        assert_eq!(opened(fixture!("dev.api.enc.yaml"), keys).unwrap(), json!({"TOKEN": "token-of-the-api-alone"}));
    }
}

#[test]
fn whatever_is_changed_is_noticed() {
    let value = |path: &str, reason| Error::Value { path: path.to_owned(), reason };
    let no_key = Error::NoMatchingKey {
        recipients: "age1644ep63fecx5wu5eh79n4a66knav8we66t7xe2tuperqrdkzta0syppfxh".to_owned(),
    };
    assert_eq!(opened(DEV, fixture!("other-keys.txt")).unwrap_err(), no_key);
    let place = DEV.find("ratio: ").unwrap();
    let line = &DEV[place..=place + DEV[place..].find('\n').unwrap()];
    let ratio = line.trim_start_matches("ratio: ").trim();
    let first = DEV.lines().find(|line| line.starts_with("DB_PASSWORD")).unwrap();
    let other = first.trim_start_matches("DB_PASSWORD: ");
    for (changed, expected) in [
        (DEV.replace("in the open", "not any more"), Error::Seal),
        (DEV.replace(line, ""), Error::Seal),
        (DEV.replace("flag: ENC", "flags: ENC"), value("flags", "is damaged, or stood somewhere else")),
        (DEV.replace(ratio, other), value("ratio", "is damaged, or stood somewhere else")),
        (DEV.replace(ratio, "1.5"), value("ratio", "is not encrypted, though it should be")),
        (DEV.replace(ratio, "plain"), value("ratio", "is not encrypted, though it should be")),
        (DEV.replace("type:float", "type:int"), value("ratio", "is not of the type that it says")),
        (DEV.replace("lastmodified: \"2026-11-26", "lastmodified: \"2026-11-27"), Error::Damaged { what: "mac" }),
        (DEV.replace("-----BEGIN AGE", "-----BEGIN"), Error::Damaged { what: "age" }),
        (DEV.replace("    age:\n", "    pgp:\n"), Error::Recipients { kinds: "PGP".to_owned() }),
        ("a: 1\n".to_owned(), Error::NotEncrypted),
        ("sops: text\n".to_owned(), Error::NotEncrypted),
        ("sops: {}\n".to_owned(), Error::Damaged { what: "age" }),
        ("sops: {key_groups: [{}]}\n".to_owned(), Error::KeyGroups),
    ] {
        assert_eq!(opened(&changed, KEYS).unwrap_err(), expected);
    }
}

#[test]
fn every_changed_byte_of_the_wrapped_key_is_noticed() {
    let start = DEV.find("YWdlLWVuY3J5cHRpb24").unwrap();
    let end = DEV.find("-----END AGE").unwrap();
    for at in (start..end).filter(|at| !DEV.as_bytes()[*at].is_ascii_whitespace()) {
        let mut changed = DEV.as_bytes().to_vec();
        changed[at] = if changed[at] == b'Q' { b'R' } else { b'Q' };
        assert!(opened(std::str::from_utf8(&changed).unwrap(), KEYS).is_err(), "{at}");
    }
}

#[test]
fn keys_are_read_whole_or_not_at_all() {
    let key = KEYS.lines().find(|line| line.starts_with("AGE")).unwrap();
    assert!(!AgeKeys::parse(&format!("# comment\n\n{key} {}\n", key.to_lowercase())).unwrap().is_empty());
    for (text, phrase) in [
        ("", "no age key"),
        ("# only\n", "no age key"),
        ("\nhunter22", "line 2"),
        (&key[..key.len() - 1], "line 1"),
        (&key.replace("AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1Q"), "line 1"),
        (&key.replacen('A', "a", 1), "line 1"),
        ("AGE-PLUGIN-YUBIKEY-1QQ", "plugins"),
    ] {
        let error = AgeKeys::parse(text).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(phrase) && !message.contains("hunter22"), "{text}: {message}");
    }
    assert_eq!(format!("{:?}", AgeKeys::parse(key).unwrap()), "AgeKeys(1)");
}
