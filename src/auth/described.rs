//! `auth` of the configuration as descriptions of components show it. Row 5.
//!
//! Keys that neither the reference nor this program knows are left out, as are values that say nothing; what has a
//! default is shown with it. Runs read the section itself, see [`super::AuthConfig`].

use std::path::Path;
use std::sync::Arc;

use super::{AuthConfig, Realm};
use crate::host::Host;
use crate::value::{Map, Node};

/// What a key holds.
enum Shape {
    /// Shown as it is written, unless it is empty or false.
    Value,
    /// Shown even if it is empty or false.
    Always,
    /// A switch of which false says something too.
    Switch,
    /// A map with known keys. It is shown if it is written, even without content.
    Keys(Keys),
    /// A map from names to maps with known keys.
    Named(Keys),
}

type Keys = &'static [(&'static str, Shape)];

use Shape::{Always, Keys as Known, Named, Switch, Value};

/// Keys that only this program knows.
const OWN: [&str; 4] = ["allowed_identities", "delivery", "endpoint_url", "endpoint_urls"];

const SECTION: Keys =
    &[("console", Known(&[("isolated", Switch)])), ("integrations", Named(INTEGRATION)), ("require_identity", Switch)];

const PROVIDER: Keys = &[
    ("kind", Always),
    ("start_url", Value),
    ("url", Value),
    ("region", Value),
    ("username", Value),
    ("password", Value),
    ("driver", Value),
    ("provider_type", Value),
    ("download_browser_driver", Value),
    ("browser_type", Value),
    ("browser_executable_path", Value),
    ("auto_provision_identities", Switch),
    ("session", Known(SESSION)),
    ("console", Known(&[("session_duration", Value)])),
    ("default", Value),
    ("spec", Value),
    ("tags", Value),
];

const IDENTITY: Keys = &[
    ("kind", Always),
    ("default", Value),
    ("required", Value),
    ("provider", Value),
    ("via", Known(&[("provider", Value), ("identity", Value)])),
    ("principal", Value),
    ("credentials", Value),
    ("spec", Value),
    ("alias", Value),
    ("env", Value),
    ("session", Known(SESSION)),
    ("emulator", Value),
    ("tags", Value),
];

const SESSION: Keys = &[("duration", Value)];

const INTEGRATION: Keys = &[
    ("kind", Always),
    ("via", Known(&[("identity", Value), ("provider", Value)])),
    (
        "spec",
        Known(&[
            ("auto_provision", Switch),
            ("registry", Known(&[("account_id", Value), ("region", Value), ("name", Value), ("tenant_id", Value)])),
            ("cluster", Known(CLUSTER)),
            ("repos", Value),
            ("policy_name", Value),
            ("git_config_mode", Value),
            ("revoke_on_exit", Switch),
            ("token_env", Value),
        ]),
    ),
];

const CLUSTER: Keys = &[
    ("name", Always),
    ("region", Value),
    ("resource_group", Value),
    ("subscription_id", Value),
    ("project_id", Value),
    ("location", Value),
    ("alias", Value),
    ("kubeconfig", Known(&[("path", Value), ("mode", Value), ("update", Value)])),
];

/// The section `auth` for descriptions: empty without providers and identities. `directory` is that of atmos.yaml, if
/// there is one.
pub fn described(host: &Host, auth: &Node, directory: Option<&Path>) -> Node {
    let has = |key: &str| auth.get(key).is_some_and(|node| !node.is_empty());
    if !has("providers") && !has("identities") {
        return Node::empty_map();
    }
    let mut shown = known(auth, SECTION);
    let mut put = |key: &str, node: Node| shown.insert(Arc::from(key), node);
    // A realm that is not valid is the error of whoever needs one.
    if let Ok(realm) = Realm::of(host, &AuthConfig::read(auth), directory) {
        put("realm", Node::from(realm.as_str()));
    }
    let logs = |key: &str| auth.get_path(["logs", key]).filter(|node| !node.is_null()).cloned();
    let logs = ["file", "level"].map(|key| (Arc::from(key), logs(key).unwrap_or_else(|| Node::from(""))));
    put("logs", Node::from(Map::from_iter(logs)));
    let keyring = auth.get("keyring").map(|keyring| known(keyring, &[("type", Value), ("spec", Value)]));
    put("keyring", Node::from(keyring.unwrap_or_default()));
    for (key, keys) in [("providers", PROVIDER), ("identities", IDENTITY)] {
        put(key, auth.get(key).and_then(|node| named(node, keys)).unwrap_or_default());
    }
    Node::from(shown)
}

/// One entry of `providers` or of `identities`, which `section` names, with the keys that are known.
pub(super) fn entry(section: &str, entry: &Node) -> Node {
    let keys = if section == "providers" { PROVIDER } else { IDENTITY };
    if entry.as_map().is_some() { Node::from(known(entry, keys)) } else { entry.clone() }
}

fn known(node: &Node, keys: Keys) -> Map {
    let mut map = Map::default();
    let mut put = |key: &str, node: Node| drop(map.insert(Arc::from(key), node));
    for (key, shape) in keys {
        let Some(value) = node.get(key).filter(|value| !value.is_null()) else {
            if matches!(shape, Always) {
                put(key, Node::from(""));
            }
            continue;
        };
        match shape {
            Value if value.is_empty() || value.as_bool() == Some(false) => {}
            Value | Always | Switch => put(key, value.clone()),
            Known(keys) => put(key, Node::from(known(value, keys))),
            Named(keys) => {
                if let Some(map) = named(value, keys).filter(|map| !map.is_empty()) {
                    put(key, map);
                }
            }
        }
    }
    for key in OWN {
        if let Some(value) = node.get(key) {
            put(key, value.clone());
        }
    }
    map
}

fn named(node: &Node, keys: Keys) -> Option<Node> {
    let map = node.as_map()?;
    Some(Node::from(map.iter().map(|(name, node)| (name.clone(), Node::from(known(node, keys)))).collect::<Map>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::auth::store::open::tests::host;
    use crate::value::{from_json, to_json};

    fn shown(auth: &serde_json::Value) -> serde_json::Value {
        to_json(&described(&host(Path::new("/nowhere"), &[]), &from_json(auth), None))
    }

    #[test]
    fn without_providers_and_identities_there_is_nothing() {
        assert_eq!(shown(&json!({"realm": "r", "logs": {"level": "Debug"}, "providers": {}})), json!({}));
    }

    #[test]
    fn defaults_are_shown_and_unknown_keys_are_not() {
        let auth = json!({
            "unknown": 1,
            "providers": {"p": {"kind": "mock", "config": {"a": 1}, "default": false, "spec": {"x": {"y": 1}}, "tags": []}},
            "delivery": "files",
        });
        let expected = json!({
            "realm": "default", "logs": {"file": "", "level": ""}, "keyring": {}, "identities": null, "delivery": "files",
            "providers": {"p": {"kind": "mock", "spec": {"x": {"y": 1}}}},
        });
        assert_eq!(shown(&auth), expected);
    }

    #[test]
    fn what_is_written_stays() {
        let auth = json!({
            "realm": "acme",
            "logs": {"level": "Debug"},
            "keyring": {"type": "file", "spec": {"path": "/k"}},
            "integrations": {"e": {"kind": "aws/ecr", "via": {"identity": "i"}, "spec": {"auto_provision": false}}},
            "identities": {"i": {"enabled": false, "via": {"provider": "p"}, "session": {}, "env": [{"key": "A", "value": "b"}]}},
        });
        let expected = json!({
            "realm": "acme",
            "logs": {"file": "", "level": "Debug"},
            "keyring": {"type": "file", "spec": {"path": "/k"}},
            "integrations": {"e": {"kind": "aws/ecr", "via": {"identity": "i"}, "spec": {"auto_provision": false}}},
            "providers": null,
            "identities": {"i": {"kind": "", "via": {"provider": "p"}, "session": {}, "env": [{"key": "A", "value": "b"}]}},
        });
        assert_eq!(shown(&auth), expected);
    }
}
