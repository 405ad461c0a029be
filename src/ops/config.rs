//! The configuration itself: what it amounts to, and what is to be said of it.

use super::App;
use crate::auth::{AuthConfig, Realm};
use crate::config::InForce;
use crate::diag::{Result, Warning};
use crate::secret::{MASK, without_password};
use crate::value::{Map, Node, Value};

/// Sections whose texts may be secrets.
const SENSITIVE_SECTIONS: [&str; 4] = ["auth", "stores", "secrets", "integrations"];
/// Parts of the names of keys whose texts are secrets.
const SENSITIVE_KEYS: [&str; 6] =
    ["secret_access_key", "session_token", "password", "client_secret", "access_token", "private_key"];

/// The effective configuration, defaults included. Secrets are masked unless the user switched that off.
///
/// # Errors
/// A realm that is not valid.
pub fn describe(app: &App) -> Result<Node> {
    let mut document = app.config.described();
    let auth = AuthConfig::read(&app.config.auth);
    let realm = Realm::of(&app.host, &auth, Some(&app.config.directory))?;
    let map = document.make_map();
    let section = map.entry("auth".into()).or_insert_with(Node::empty_map);
    section.make_map().insert("realm".into(), Node::from(realm.as_str()));
    if app.host.masker.is_on() {
        for section in SENSITIVE_SECTIONS {
            if let Some(node) = map.get_mut(section) {
                *node = masked(node);
            }
        }
        document = without_passwords(&document);
    }
    Ok(document)
}

/// The value at a path such as `logs.level` or `stacks.included_paths[0]`.
pub fn at<'n>(document: &'n Node, path: &str) -> Option<&'n Node> {
    let mut node = document;
    for part in path.split('.') {
        let (key, indexes) = part.split_once('[').map_or((part, None), |(key, rest)| (key, Some(rest)));
        if !key.is_empty() {
            node = node.get(key)?;
        }
        for index in indexes.into_iter().flat_map(|rest| rest.split('[')) {
            node = node.as_list()?.get(index.strip_suffix(']')?.parse::<usize>().ok()?)?;
        }
    }
    Some(node)
}

/// The document without what the names of its keys call secret.
pub(super) fn masked(node: &Node) -> Node {
    let value = match &node.value {
        Value::Map(map) => {
            let item = |key: &str, item: &Node| match item.as_str() {
                Some(text) if !text.is_empty() && is_sensitive(key) => Node::from(MASK),
                _ => masked(item),
            };
            let items = map.iter().map(|(key, node)| (key.clone(), item(key, node)));
            Value::Map(std::sync::Arc::new(items.collect::<Map>()))
        }
        Value::List(list) => Value::List(std::sync::Arc::new(list.iter().map(masked).collect())),
        other => other.clone(),
    };
    Node::new(value, node.span)
}

/// The document without passwords in URLs, wherever they stand.
fn without_passwords(node: &Node) -> Node {
    let value = match &node.value {
        Value::Map(map) => {
            let items = map.iter().map(|(key, node)| (key.clone(), without_passwords(node)));
            Value::Map(std::sync::Arc::new(items.collect::<Map>()))
        }
        Value::List(list) => Value::List(std::sync::Arc::new(list.iter().map(without_passwords).collect())),
        other => match node.as_str().filter(|text| text.contains("://")) {
            Some(text) => Node::from(without_password(text)).value,
            None => other.clone(),
        },
    };
    Node::new(value, node.span)
}

fn is_sensitive(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SENSITIVE_KEYS.iter().any(|part| key.contains(part))
}

/// What there is to say of a configuration that can be used.
#[derive(Debug, Clone, Default)]
pub struct Validation {
    /// Names of the files, in reading order.
    pub files: Vec<String>,
    pub warnings: Vec<Warning>,
    /// Settings whose default depends on whether a file exists: the value in force, and why.
    pub in_force: Vec<InForce>,
}

pub fn validate(app: &App) -> Validation {
    Validation {
        files: app.config.files.iter().map(|file| file.display().to_string()).collect(),
        warnings: [app.config.deprecations(&app.host), app.config.unknown_settings(&app.host)].concat(),
        in_force: app.config.in_force(&app.host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{from_json, to_json};

    #[test]
    fn texts_under_the_names_of_secrets_are_masked() {
        let node = from_json(&serde_json::json!({"identities": {"a": {"credentials":
            {"access_key_id": "AKIA", "secret_access_key": "x", "mfa_arn": ""}}}, "list": [{"Password": "p"}]}));
        let expected = serde_json::json!({"identities": {"a": {"credentials":
            {"access_key_id": "AKIA", "secret_access_key": MASK, "mfa_arn": ""}}}, "list": [{"Password": MASK}]});
        assert_eq!(to_json(&masked(&node)), expected);
    }

    #[test]
    fn urls_are_shown_without_their_passwords() {
        let node = from_json(&serde_json::json!({"import": ["https://me:pw@x/a.yaml", "ssh://git@x/y"],
            "stores": {"s": {"options": {"url": "redis://:pw@x:1"}}}, "n": 1}));
        let expected = serde_json::json!({"import": [format!("https://{MASK}@x/a.yaml"), "ssh://git@x/y"],
            "stores": {"s": {"options": {"url": format!("redis://{MASK}@x:1")}}}, "n": 1});
        assert_eq!(to_json(&without_passwords(&node)), expected);
    }
}
