//! What a run tells its children of its identities: as much of the section `auth` as their chains need, and no secret. Row 5.
//!
//! The identity of a run may come from a profile or a stack that an atmos inside does not read. Read [`Told`].

use serde::{Deserialize, Serialize};
use serde_json::{Map as JsonMap, Value as Json};

use super::config::AuthConfig;
use super::name::IdentityName;
use super::redact::redacted;
use super::session::Session;
use crate::value::{Node, from_json, to_json};
use crate::yaml::Step;

/// Settings that are the outer configuration's business: its defaults, and variables that children have already.
const OUTER: [&str; 3] = ["default", "required", "env"];

/// Identities and providers as they are written, by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// The identity that the run is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<String>,
    /// All that it may use.
    #[serde(default)]
    pub names: Vec<String>,
    #[serde(default)]
    identities: JsonMap<String, Json>,
    #[serde(default)]
    providers: JsonMap<String, Json>,
}

impl Told {
    /// Of the identities that a run may use; the first one is its own.
    pub fn of<'a>(session: &Session, names: impl IntoIterator<Item = &'a str>) -> Told {
        let mut told = Told::default();
        for name in names {
            // A chain that cannot be built leads nowhere, and is told of by who uses it.
            let Ok(chain) = session.chain(&IdentityName::from(name)) else { continue };
            told.own.get_or_insert_with(|| name.to_owned());
            told.names.push(name.to_owned());
            for identity in &chain.identities {
                let node = entry("identities", identity.name.as_str(), &identity.node);
                told.identities.insert(identity.name.to_string(), node);
            }
            if let Some(provider) = &chain.provider {
                let node = entry("providers", provider.name.as_str(), &provider.node);
                told.providers.insert(provider.name.to_string(), node);
            }
        }
        told
    }

    /// The section with what it lacks, and the names that only the run knows.
    pub fn complete(&self, settings: &AuthConfig) -> Option<(AuthConfig, Vec<String>)> {
        let lacks = |name: &&String| settings.identity(name).is_none();
        let names: Vec<String> = self.names.iter().filter(lacks).cloned().collect();
        if names.is_empty() {
            return None;
        }
        let mut node = settings.node.clone();
        let section = node.make_map();
        let identities = self.identities.iter().filter(|(name, _)| settings.identity(name).is_none());
        let providers = self.providers.iter().filter(|(name, _)| settings.provider(name).is_none());
        add(section.entry("identities".into()).or_default(), identities);
        add(section.entry("providers".into()).or_default(), providers);
        Some((AuthConfig::read(&node), names))
    }
}

fn entry(section: &str, name: &str, node: &Node) -> Json {
    let steps = [Step::Key(section.into()), Step::Key(name.into())];
    let mut shown = to_json(redacted(&steps, node).as_ref().unwrap_or(node));
    if let Some(map) = shown.as_object_mut() {
        for key in OUTER {
            map.remove(key);
        }
    }
    shown
}

fn add<'a>(node: &mut Node, entries: impl Iterator<Item = (&'a String, &'a Json)>) {
    let map = node.make_map();
    for (name, entry) in entries {
        map.insert(name.as_str().into(), from_json(entry));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::super::cache::Cache;
    use super::super::context::Options;
    use super::super::realm::Realm;
    use super::super::store::Settings;
    use super::super::store::open::tests::host;
    use super::*;

    #[test]
    fn what_is_told_leads_to_the_identity_and_has_no_secret() {
        let temp = tempfile::tempdir().unwrap();
        let host = host(temp.path(), &[]);
        let outer = AuthConfig::read(&from_json(&json!({
            "identities": {
                "worker": {"kind": "aws/user", "credentials": {"access_key_id": "AKIA", "secret_access_key": "secret"}},
                "deploy": {"kind": "aws/assume-role", "default": true, "env": {"X": "y"}, "via": {"identity": "worker"},
                    "principal": {"assume_role": "arn:aws:iam::222222222222:role/Deploy"}},
                "other": {"kind": "ambient"},
            },
        })));
        let cache = Arc::new(Cache::open(&host, &Settings::default(), "r"));
        let realm = Realm::resolve(Some("r"), None, None).unwrap();
        let session = Session::new(&host, outer.into(), realm, cache, Options::default());
        let told = Told::of(&session, ["deploy"]);
        assert_eq!(told.own.as_deref(), Some("deploy"));
        let text = serde_json::to_string(&told).unwrap();
        assert!(!text.contains("secret\"") && !text.contains("other") && !text.contains("\"X\""), "{text}");
        let told: Told = serde_json::from_str(&text).unwrap();
        let inner = AuthConfig::read(&from_json(&json!({"identities": {"mine": {"kind": "ambient"}}})));
        let (complete, names) = told.complete(&inner).unwrap();
        assert_eq!(names, ["deploy"]);
        assert!(complete.identity("mine").is_some() && complete.defaults().is_empty());
        let chain = session.with_settings(complete.clone().into()).chain(&IdentityName::from("deploy")).unwrap();
        assert_eq!(chain.names().join(" "), session.chain(&IdentityName::from("deploy")).unwrap().names().join(" "));
        assert!(told.complete(&complete).is_none(), "nothing is lacking any more");
    }
}
