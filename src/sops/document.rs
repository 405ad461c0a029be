//! The tree of a file: which values are encrypted, and the seal over all of them.

use std::sync::Arc;

use regex::Regex;
use sha2::{Digest as _, Sha512};

use super::age::AgeKeys;
use super::cipher::DataKey;
use super::error::Error;
use crate::value::{Map, Node, Value, hex};

/// What the seal begins with where it counts encrypted values alone: SHA-256 of `sops`.
const ENCRYPTED_ONLY: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b, 0x0b, 0x97, 0x5b,
    0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

/// Other services that a file may be encrypted for.
const OTHERS: [(&str, &str); 6] = [
    ("kms", "AWS KMS"),
    ("gcp_kms", "Google Cloud KMS"),
    ("azure_kv", "Azure Key Vault"),
    ("hc_vault", "HashiCorp Vault"),
    ("hckms", "Huawei Cloud KMS"),
    ("pgp", "PGP"),
];

/// The values of an encrypted document, without what SOPS keeps in it.
///
/// # Errors
/// No key opens it, it is damaged, or it was changed.
pub fn decrypt(document: &Node, keys: &AgeKeys) -> Result<Node, Error> {
    let about = document.get("sops").filter(|node| node.as_map().is_some()).ok_or(Error::NotEncrypted)?;
    let key = data_key(about, keys)?;
    let rules = Rules::read(about)?;
    let mut digest = Sha512::new();
    if rules.encrypted_only {
        digest.update(ENCRYPTED_ONLY);
    }
    let mut walk = Walk { key: &key, rules: &rules, digest };
    let content = document.as_map().into_iter().flatten().filter(|(name, _)| &***name != "sops");
    let opened = walk.map(content, &mut Vec::new())?;
    let text = |name: &str| about.get(name).and_then(Node::as_str).unwrap_or_default();
    let seal = key.open(text("mac"), text("lastmodified")).map_err(|_| Error::Damaged { what: "mac" })?;
    let counted = hex(&walk.digest.finalize()).to_uppercase();
    if seal.bytes.as_slice() != counted.as_bytes() {
        return Err(Error::Seal);
    }
    Ok(Node::from(opened))
}

/// The key that the values are encrypted with, opened by one of the keys at hand.
fn data_key(about: &Node, keys: &AgeKeys) -> Result<DataKey, Error> {
    let list = |name: &str| about.get(name).and_then(Node::as_list).unwrap_or_default();
    if !list("key_groups").is_empty() {
        return Err(Error::KeyGroups);
    }
    let recipients = list("age");
    if recipients.is_empty() {
        let others = OTHERS.iter().filter(|(name, _)| !list(name).is_empty()).map(|(_, title)| *title);
        let kinds = others.collect::<Vec<_>>().join(" and ");
        return Err(if kinds.is_empty() { Error::Damaged { what: "age" } } else { Error::Recipients { kinds } });
    }
    for recipient in recipients {
        let message = recipient.get("enc").and_then(Node::as_str).unwrap_or_default();
        if let Some(key) = keys.open(message).map_err(|()| Error::Damaged { what: "age" })? {
            return DataKey::new(&key).ok_or(Error::Damaged { what: "age" });
        }
    }
    let names = recipients.iter().filter_map(|recipient| recipient.get("recipient")?.as_str());
    Err(Error::NoMatchingKey { recipients: names.collect::<Vec<_>>().join(", ") })
}

/// Which values are encrypted: by default all but those below a key with a certain end.
struct Rules {
    plain_suffix: String,
    suffix: String,
    plain: Option<Regex>,
    encrypted: Option<Regex>,
    encrypted_only: bool,
}

impl Rules {
    fn read(about: &Node) -> Result<Rules, Error> {
        let text = |name: &str| about.get(name).and_then(Node::as_str).unwrap_or_default();
        let regex = |name: &'static str| match text(name) {
            "" => Ok(None),
            pattern => Regex::new(pattern).map(Some).map_err(|_| Error::Damaged { what: name }),
        };
        if ["unencrypted_comment_regex", "encrypted_comment_regex"].iter().any(|name| !text(name).is_empty()) {
            return Err(Error::Damaged { what: "encrypted_comment_regex (comments that choose values are not built)" });
        }
        Ok(Rules {
            plain_suffix: text("unencrypted_suffix").to_owned(),
            suffix: text("encrypted_suffix").to_owned(),
            plain: regex("unencrypted_regex")?,
            encrypted: regex("encrypted_regex")?,
            encrypted_only: about.get("mac_only_encrypted").and_then(Node::as_bool) == Some(true),
        })
    }

    fn is_encrypted(&self, path: &[Arc<str>]) -> bool {
        let ends = |suffix: &str| path.iter().any(|key| key.ends_with(suffix));
        let matches = |regex: &Regex| path.iter().any(|key| regex.is_match(key));
        let mut encrypted = self.plain_suffix.is_empty() || !ends(&self.plain_suffix);
        if !self.suffix.is_empty() {
            encrypted = ends(&self.suffix);
        }
        if self.plain.as_ref().is_some_and(matches) {
            encrypted = false;
        }
        if let Some(regex) = &self.encrypted {
            encrypted = matches(regex);
        }
        encrypted
    }
}

struct Walk<'w> {
    key: &'w DataKey,
    rules: &'w Rules,
    digest: Sha512,
}

impl Walk<'_> {
    fn map<'m>(
        &mut self,
        items: impl Iterator<Item = (&'m Arc<str>, &'m Node)>,
        path: &mut Vec<Arc<str>>,
    ) -> Result<Map, Error> {
        let mut opened = Map::default();
        for (key, item) in items {
            path.push(key.clone());
            let value = self.node(item, path);
            path.pop();
            opened.insert(key.clone(), value?);
        }
        Ok(opened)
    }

    fn node(&mut self, node: &Node, path: &mut Vec<Arc<str>>) -> Result<Node, Error> {
        match &node.value {
            Value::Map(map) => Ok(Node::from(self.map(map.iter(), path)?)),
            Value::List(list) => {
                let items = list.iter().map(|item| self.node(item, path)).collect::<Result<Vec<_>, _>>();
                Ok(Node::from(items?))
            }
            Value::Null => Ok(node.clone()),
            _ => self.scalar(node, path),
        }
    }

    fn scalar(&mut self, node: &Node, path: &[Arc<str>]) -> Result<Node, Error> {
        if !self.rules.is_encrypted(path) {
            if !self.rules.encrypted_only {
                self.digest.update(counted(node).as_bytes());
            }
            return Ok(Node::from(node.value.clone()));
        }
        let wrong = |reason: &'static str| Error::Value { path: path.join("."), reason };
        let text = node.as_str().ok_or_else(|| wrong("is not encrypted, though it should be"))?;
        let opened = self.key.open(text, &format!("{}:", path.join(":"))).map_err(wrong)?;
        self.digest.update(match &opened.value {
            // Whatever the case was in which it was written.
            Value::Bool(flag) => bool_text(*flag).as_bytes(),
            _ => &opened.bytes,
        });
        Ok(Node::from(opened.value))
    }
}

/// A value in the open, as the seal counts it.
fn counted(node: &Node) -> String {
    match &node.value {
        Value::Bool(flag) => bool_text(*flag).to_owned(),
        Value::Float(number) => number.to_string(),
        _ => node.scalar_text().unwrap_or_default(),
    }
}

fn bool_text(flag: bool) -> &'static str {
    if flag { "True" } else { "False" }
}
