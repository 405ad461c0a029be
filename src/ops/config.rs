//! The configuration itself: what it amounts to, and what is to be said of it.

use std::sync::Arc;

use super::App;
use crate::auth::{AuthConfig, Realm};
use crate::config::InForce;
use crate::diag::{Result, Warning};
use crate::secret::{MASK, is_secret_setting, without_password};
use crate::value::{Map, Node, Value};

/// Sections whose texts may be secrets.
const SENSITIVE_SECTIONS: [&str; 4] = ["auth", "stores", "secrets", "integrations"];

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

/// Takes the secrets out of the section `auth` of a component that is shown. How one comes about (`!env NAME`) stays.
pub(super) fn hide_auth(app: &App, document: &mut Map) {
    if let Some(auth) = document.get_mut("auth").filter(|_| app.host.masker.is_on())
        && let Some(hidden) = hidden(auth)
    {
        *auth = hidden;
    }
}

/// What stands at a path of a component's description, of which this is the first and the last key, without the secrets of
/// `auth`. Without keys it is the whole description.
pub(super) fn shown(app: &App, keys: [&str; 2], node: &Node) -> Node {
    let mut node = node.clone();
    match keys {
        ["", _] if node.get("auth").is_some() => hide_auth(app, node.make_map()),
        ["auth", last] if app.host.masker.is_on() => {
            if let Some(hidden) = hidden_below(last, &node) {
                node = hidden;
            }
        }
        _ => {}
    }
    node
}

/// The document without what the names of its keys call secret.
pub(super) fn masked(node: &Node) -> Node {
    hidden(node).unwrap_or_else(|| node.clone())
}

/// The same where there is something to hide.
fn hidden(node: &Node) -> Option<Node> {
    let value = match &node.value {
        Value::Map(map) => {
            let mut new: Option<Map> = None;
            for (key, item) in &**map {
                if let Some(item) = hidden_below(key, item) {
                    new.get_or_insert_with(|| Map::clone(map)).insert(key.clone(), item);
                }
            }
            Value::Map(Arc::new(new?))
        }
        Value::List(list) => {
            let items: Vec<Option<Node>> = list.iter().map(hidden).collect();
            if items.iter().all(Option::is_none) {
                return None;
            }
            let items = items.into_iter().zip(&**list).map(|(new, item)| new.unwrap_or_else(|| item.clone()));
            Value::List(Arc::new(items.collect()))
        }
        _ => return None,
    };
    Some(Node::new(value, node.span))
}

/// What stands under a key, where there is something to hide. Functions say where a secret is, and are none.
fn hidden_below(key: &str, node: &Node) -> Option<Node> {
    match &node.value {
        Value::String(text) if text.is_empty() => None,
        Value::String(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) if is_secret_setting(key) => {
            Some(Node::new(Value::String(MASK.into()), node.span))
        }
        _ => hidden(node),
    }
}

/// The document without passwords in URLs, wherever they stand.
fn without_passwords(node: &Node) -> Node {
    let value = match &node.value {
        Value::Map(map) => {
            let items = map.iter().map(|(key, node)| (key.clone(), without_passwords(node)));
            Value::Map(Arc::new(items.collect::<Map>()))
        }
        Value::List(list) => Value::List(Arc::new(list.iter().map(without_passwords).collect())),
        other => match node.as_str().filter(|text| text.contains("://")) {
            Some(text) => Node::from(without_password(text)).value,
            None => other.clone(),
        },
    };
    Node::new(value, node.span)
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
            {"access_key_id": "AKIA", "secret_access_key": "x", "mfa_arn": ""}}}, "list": [{"Password": 5}, {"token": {"password_env": true}}]}));
        let expected = serde_json::json!({"identities": {"a": {"credentials":
            {"access_key_id": "AKIA", "secret_access_key": MASK, "mfa_arn": ""}}}, "list": [{"Password": MASK}, {"token": {"password_env": true}}]});
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
