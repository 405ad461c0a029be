//! The configuration itself: what it amounts to, and what is to be said of it.

use std::sync::Arc;

use super::App;
use crate::auth::{AuthConfig, Realm, redacted};
use crate::config::InForce;
use crate::diag::{Result, Warning};
use crate::secret::{MASK, is_secret_setting, without_password};
use crate::value::{Map, Node, Value};
use crate::yaml::Step;

/// Sections whose texts may be secrets, beside `auth`.
const SENSITIVE_SECTIONS: [&str; 3] = ["stores", "secrets", "integrations"];
/// Kinds of components, each with a section of its own in manifests.
const KINDS: [&str; 3] = ["terraform", "helmfile", "packer"];

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
        document = without_passwords(&masked(&document));
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
        && let Some(hidden) = redacted(&[], auth)
    {
        *auth = hidden;
    }
}

/// What stands at a path of a component's description, without the secrets of `auth`. Without a path it is the whole
/// description.
pub(super) fn shown(app: &App, steps: &[Step], node: &Node) -> Node {
    let mut node = node.clone();
    match steps {
        [] if node.get("auth").is_some() => hide_auth(app, node.make_map()),
        [Step::Key(section), rest @ ..] if section == "auth" && app.host.masker.is_on() => {
            if let Some(hidden) = redacted(rest, &node) {
                node = hidden;
            }
        }
        _ => {}
    }
    node
}

/// A document of the configuration, or a file of it, without what its sections for secrets hold.
pub(super) fn masked(document: &Node) -> Node {
    let found = |key: &str| {
        let section = document.get(key)?;
        if key == "auth" { redacted(&[], section) } else { hidden(section) }
    };
    let mut new = document.clone();
    for key in SENSITIVE_SECTIONS.into_iter().chain(["auth"]) {
        if let Some(hidden) = found(key) {
            new.make_map().insert(key.into(), hidden);
        }
    }
    new
}

/// A manifest without the secrets of its sections `auth`: its own, those of kinds (`terraform.auth`) and of components
/// (`components.terraform.vpc.auth`).
pub(super) fn masked_manifest(document: &Node) -> Node {
    let mut document = document.clone();
    hide_in(&mut document);
    for kind in KINDS {
        if document.get(kind).is_some() {
            document.make_map().get_mut(kind).into_iter().for_each(hide_in);
        }
        if document.get_path(["components", kind]).and_then(Node::as_map).is_none() {
            continue;
        }
        let components = document.make_map().get_mut("components").and_then(|all| all.make_map().get_mut(kind));
        components.into_iter().flat_map(|all| all.make_map().values_mut()).for_each(hide_in);
    }
    document
}

fn hide_in(node: &mut Node) {
    if let Some(hidden) = node.get("auth").and_then(|auth| redacted(&[], auth)) {
        node.make_map().insert("auth".into(), hidden);
    }
}

/// A section without what the names of its keys call secret, where there is something to hide.
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
        let secret = serde_json::json!({"a": {"client_secret": "x", "token_url": "u", "mfa_arn": ""},
            "list": [{"Password": 5}, {"token": {"n": 1}}]});
        let hidden = serde_json::json!({"a": {"client_secret": MASK, "token_url": "u", "mfa_arn": ""},
            "list": [{"Password": MASK}, {"token": {"n": 1}}]});
        let auth = |value: &str| serde_json::json!({"identities": {"a": {"env": {"STAGE": value}}}});
        let document = serde_json::json!({"stores": secret, "vars": secret, "auth": auth("dev")});
        let expected = serde_json::json!({"stores": hidden, "vars": secret, "auth": auth(MASK)});
        assert_eq!(to_json(&masked(&from_json(&document))), expected);
        let manifest = |value: &str| {
            serde_json::json!({"auth": auth(value), "vars": {"auth": auth("dev")}, "terraform": {"auth": auth(value)},
                "components": {"terraform": {"vpc": {"auth": auth(value), "vars": {"auth": auth("dev")}}}, "packer": 5}})
        };
        assert_eq!(to_json(&masked_manifest(&from_json(&manifest("dev")))), manifest(MASK));
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
