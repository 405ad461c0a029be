//! What a run tells its children of its identities: as much of the section `auth` as their chains need, and no secret. Row 5.
//!
//! The identity of a run may come from a profile or a stack that an atmos inside does not read. Read [`Told`].

use std::collections::BTreeMap;

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
    /// Directory of the configuration that they are of.
    #[serde(default)]
    pub configuration: String,
    /// All that it may use, each with the fingerprint of its chain.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    #[serde(default)]
    identities: JsonMap<String, Json>,
    #[serde(default)]
    providers: JsonMap<String, Json>,
}

impl Told {
    /// Of the identities that a run may use; the first one is its own.
    pub fn of<'a>(session: &Session, configuration: &str, names: impl IntoIterator<Item = &'a str>) -> Told {
        let mut told = Told { configuration: configuration.to_owned(), ..Told::default() };
        for name in names {
            // A chain that cannot be built leads nowhere, and is told of by who uses it.
            let Ok(chain) = session.chain(&IdentityName::from(name)) else { continue };
            let fingerprint = session.fingerprint(&chain, chain.identities.len() - 1);
            told.own.get_or_insert_with(|| name.to_owned());
            told.names.insert(name.to_owned(), fingerprint.as_str().to_owned());
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

    /// The section of `session` with what it lacks, and the names of which the run alone knows what they mean. In `place_of_run`,
    /// the same configuration without the stack or profile that the run is about, that is also what differs.
    pub fn complete(&self, session: &Session, place_of_run: bool) -> Option<(AuthConfig, Vec<String>)> {
        let settings = session.settings();
        let is_unknown = |(name, fingerprint): &(&String, &String)| match settings.identity(name) {
            None => true,
            Some(known) => {
                let own = session.fingerprint_of(&known.name);
                place_of_run && own.is_ok_and(|own| own.as_str() != fingerprint.as_str())
            }
        };
        let names: Vec<String> = self.names.iter().filter(is_unknown).map(|(name, _)| name.clone()).collect();
        if names.is_empty() {
            return None;
        }
        let mut node = settings.node.clone();
        let section = node.make_map();
        let is_wanted = |known: Option<Json>, told: &Json| known.is_none_or(|known| place_of_run && known != *told);
        let identities = self.identities.iter().filter(|(name, told)| {
            let known = settings.identity(name).map(|known| entry("identities", name, &known.node));
            is_wanted(known, told)
        });
        let providers = self.providers.iter().filter(|(name, told)| {
            let known = settings.provider(name).map(|known| entry("providers", name, &known.node));
            is_wanted(known, told)
        });
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
        let told = Told::of(&session, "/outer", ["deploy"]);
        assert_eq!(told.own.as_deref(), Some("deploy"));
        let text = serde_json::to_string(&told).unwrap();
        assert!(!text.contains("secret\"") && !text.contains("other") && !text.contains("\"X\""), "{text}");
        let told: Told = serde_json::from_str(&text).unwrap();
        let read = |json: Json| session.with_settings(AuthConfig::read(&from_json(&json)).into());
        let inner = read(json!({"identities": {"mine": {"kind": "ambient"}}}));
        let (complete, names) = told.complete(&inner, false).unwrap();
        assert_eq!(names, ["deploy"]);
        assert!(complete.identity("mine").is_some() && complete.defaults().is_empty());
        let (complete, name) = (session.with_settings(complete.into()), IdentityName::from("deploy"));
        assert_eq!(complete.chain(&name).unwrap().names(), session.chain(&name).unwrap().names());
        assert!(told.complete(&complete, false).is_none(), "nothing is lacking any more");
        // Another one of the same name is another one, but in the configuration of the run itself.
        let other = read(json!({"identities": {
            "worker": {"kind": "aws/user"},
            "deploy": {"kind": "aws/assume-role", "via": {"identity": "worker"},
                "principal": {"assume_role": "arn:aws:iam::333333333333:role/Deploy"}},
        }}));
        assert!(told.complete(&other, false).is_none());
        let (complete, names) = told.complete(&other, true).unwrap();
        assert_eq!(names, ["deploy"]);
        let role = complete.identity("deploy").unwrap().principal.assume_role.clone();
        assert_eq!(role.as_deref(), Some("arn:aws:iam::222222222222:role/Deploy"));
    }
}
