//! Providers and identities as a tree, for `auth list`, and the section as a document without its secrets.
//!
//! Read [`Listing`]. Row 5.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::config::{AuthConfig, Identity, Provider, Via};
use super::described;
use super::error::Error;
use super::integration::Integration;
use super::name::{IdentityName, ProviderName};
use super::redact::redacted as redacted_part;
use super::session::Session;
use super::trail::Trail;
use crate::secret::without_userinfo;
use crate::value::Node;
use crate::yaml::Step;

/// The tree, sorted by name at every level.
#[derive(Debug, Clone)]
pub struct Listing {
    pub providers: Vec<ProviderBranch>,
    /// Identities whose chain does not begin at a provider, reference cycles and lost references included.
    pub standalone: Vec<IdentityBranch>,
    /// What follows from them, by name.
    pub integrations: Vec<IntegrationLeaf>,
}

/// An integration with whom it follows.
#[derive(Debug, Clone)]
pub struct IntegrationLeaf {
    pub name: String,
    pub kind: String,
    pub via_provider: Option<String>,
    pub via_identity: Option<String>,
    /// It follows a login and a run by itself.
    pub is_automatic: bool,
}

#[derive(Debug, Clone)]
pub struct ProviderBranch {
    pub name: ProviderName,
    pub kind: String,
    pub region: Option<String>,
    pub start_url: Option<String>,
    pub default: bool,
    pub tags: Vec<String>,
    pub identities: Vec<IdentityBranch>,
}

#[derive(Debug, Clone)]
pub struct IdentityBranch {
    pub name: IdentityName,
    pub kind: String,
    pub default: bool,
    pub alias: Option<String>,
    pub via_provider: Option<String>,
    pub via_identity: Option<String>,
    pub tags: Vec<String>,
    /// `principal` as written.
    pub principal: Node,
    /// `credentials` with its secrets replaced.
    pub credentials: Node,
    /// End of a live session.
    pub expiration: Option<Timestamp>,
    /// A session is there and would be used.
    pub is_live: bool,
    /// Identities reached through this one.
    pub children: Vec<IdentityBranch>,
}

impl Listing {
    /// The tree of a section; no session is known.
    pub fn of(auth: &AuthConfig) -> Listing {
        let below = Below::of(auth);
        let mut providers: Vec<_> = auth.providers.values().map(|provider| branch(&below, auth, provider)).collect();
        providers.sort_by(|a, b| a.name.cmp(&b.name));
        let mut seen = HashSet::new();
        for provider in &providers {
            names(&provider.identities, &mut seen);
        }
        let mut standalone = Vec::new();
        for identity in sorted(auth.identities.values()) {
            let rooted = matches!(&identity.via, Via::Identity(parent, _) if auth.identity(parent).is_some());
            if !rooted && !seen.contains(&identity.name) {
                standalone.push(below.branch(identity));
            }
        }
        names(&standalone, &mut seen);
        // What is left hangs in a cycle: shown flat rather than not at all.
        for identity in sorted(auth.identities.values()) {
            if !seen.contains(&identity.name) {
                let circle = below.branch(identity);
                names(std::slice::from_ref(&circle), &mut seen);
                standalone.push(circle);
            }
        }
        Listing { providers, standalone, integrations: leaves(auth) }
    }

    fn branches(&mut self) -> impl Iterator<Item = &mut IdentityBranch> {
        self.providers.iter_mut().flat_map(|provider| provider.identities.iter_mut()).chain(self.standalone.iter_mut())
    }
}

impl Session {
    /// The tree with the sessions that are live now. Never asks the network.
    pub async fn listing(&self) -> Result<Listing, Error> {
        let mut listing = Listing::of(&self.settings);
        let kept = self.names_with_sessions().await;
        // Along the tree: what leads to an identity is looked at once, not for each that hangs below it.
        let mut trail = Trail::new(self);
        let mut open: Vec<(usize, &mut IdentityBranch)> = listing.branches().map(|branch| (0, branch)).collect();
        while let Some((depth, branch)) = open.pop() {
            let Some(identity) = self.settings.identities.get(&branch.name) else { continue };
            trail.enter(depth, identity);
            let may_be_live = branch.kind.starts_with("mock") || kept.contains(branch.name.as_str());
            // An identity that cannot be used has no session; `auth validate` says why.
            if may_be_live && let Ok(Some(record)) = trail.record().await {
                branch.is_live = self.accepts(&record);
                branch.expiration = record.credentials.expiration().filter(|_| branch.is_live);
            }
            open.extend(branch.children.iter_mut().map(|child| (depth + 1, child)));
        }
        Ok(listing)
    }
}

/// Integrations with the names that those whom they follow really have.
fn leaves(auth: &AuthConfig) -> Vec<IntegrationLeaf> {
    let leaf = |integration: Integration| {
        let provider =
            integration.provider.map(|name| auth.provider(&name).map_or(name, |known| known.name.to_string()));
        let identity =
            integration.identity.map(|name| auth.identity(&name).map_or(name, |known| known.name.to_string()));
        IntegrationLeaf {
            name: integration.name,
            kind: integration.kind_text,
            via_provider: provider,
            via_identity: identity,
            is_automatic: integration.is_automatic,
        }
    };
    let mut leaves: Vec<_> = Integration::all(auth).into_iter().map(leaf).collect();
    leaves.sort_by(|a, b| a.name.cmp(&b.name));
    leaves
}

fn sorted<'a>(identities: impl Iterator<Item = &'a Identity>) -> Vec<&'a Identity> {
    let mut sorted: Vec<_> = identities.collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    sorted
}

fn names(branches: &[IdentityBranch], seen: &mut HashSet<IdentityName>) {
    let mut open: Vec<&IdentityBranch> = branches.iter().collect();
    while let Some(branch) = open.pop() {
        seen.insert(branch.name.clone());
        open.extend(&branch.children);
    }
}

fn branch(below: &Below<'_>, auth: &AuthConfig, provider: &Provider) -> ProviderBranch {
    let mine = |identity: &&Identity| match &identity.via {
        Via::Provider(name, _) => auth.provider(name).is_some_and(|known| known.name == provider.name),
        _ => false,
    };
    ProviderBranch {
        name: provider.name.clone(),
        kind: provider.kind_text.clone(),
        region: provider.region.clone(),
        start_url: provider.start_url.as_ref().map(|(url, _)| without_userinfo(url)),
        default: provider.default,
        tags: provider.tags.clone(),
        identities: sorted(auth.identities.values().filter(mine))
            .into_iter()
            .map(|identity| below.branch(identity))
            .collect(),
    }
}

/// What is reached through each identity, sorted by name.
struct Below<'a>(HashMap<&'a IdentityName, Vec<&'a Identity>>);

impl<'a> Below<'a> {
    fn of(auth: &'a AuthConfig) -> Below<'a> {
        let mut below: HashMap<&IdentityName, Vec<&Identity>> = HashMap::new();
        for identity in sorted(auth.identities.values()) {
            if let Via::Identity(name, _) = &identity.via
                && let Some(parent) = auth.identity(name)
            {
                below.entry(&parent.name).or_default().push(identity);
            }
        }
        Below(below)
    }

    /// The identity with all that hangs below it. Chains may be long: nothing here calls itself.
    fn branch(&self, root: &'a Identity) -> IdentityBranch {
        let mut order: Vec<(&Identity, usize)> = vec![(root, 0)];
        let mut seen = HashSet::from([&root.name]);
        let mut at = 0;
        while let Some((identity, _)) = order.get(at).copied() {
            let children = self.0.get(&identity.name).into_iter().flatten();
            // Only in a cycle does one come twice.
            order.extend(children.filter(|child| seen.insert(&child.name)).map(|child| (*child, at)));
            at += 1;
        }
        let mut branches: Vec<IdentityBranch> = order.iter().map(|(identity, _)| leaf(identity)).collect();
        // The last hang below earlier ones and have nothing below them any more; siblings come backwards.
        while let Some(mut branch) = branches.pop() {
            branch.children.reverse();
            let (_, parent) = order[branches.len()];
            match branches.get_mut(parent) {
                Some(parent) => parent.children.push(branch),
                None => return branch,
            }
        }
        leaf(root)
    }
}

/// One identity, with nothing below it.
fn leaf(identity: &Identity) -> IdentityBranch {
    let (via_provider, via_identity) = match &identity.via {
        Via::Provider(name, _) => (Some(name.clone()), None),
        Via::Identity(name, _) => (None, Some(name.clone())),
        Via::None | Via::Invalid(..) => (None, None),
    };
    let part = |key: &str| identity.node.get(key).cloned().unwrap_or_default();
    IdentityBranch {
        name: identity.name.clone(),
        kind: identity.kind_text.clone(),
        default: identity.default,
        alias: identity.alias.as_ref().map(|(alias, _)| alias.clone()),
        via_provider,
        via_identity,
        tags: identity.tags.clone(),
        principal: part("principal"),
        credentials: redacted_at(&["identities", "", "credentials"], &part("credentials")),
        expiration: None,
        is_live: false,
        children: Vec::new(),
    }
}

/// `providers`, `identities` and `integrations` as written, without secrets: everything below `credentials` but region and MFA device,
/// every key that is one of a secret by its name, the values of all variables, and the users of URLs.
pub fn redacted(auth: &AuthConfig) -> Node {
    let mut document = Node::empty_map();
    for key in ["identities", "providers"] {
        let Some(section) = auth.node.get(key).and_then(Node::as_map) else { continue };
        let mut shown = Node::empty_map();
        let mut entries: Vec<_> = section.iter().collect();
        entries.sort_unstable_by_key(|(name, _)| *name);
        for (name, entry) in entries {
            let entry = in_record_order(&described::entry(key, entry));
            shown.make_map().insert(name.clone(), redacted_at(&[key, name], &entry));
        }
        document.make_map().insert(key.into(), shown);
    }
    // Only where there are some: others read these documents too.
    if let Some(integrations) = auth.node.get("integrations").filter(|section| !section.is_empty()) {
        document.make_map().insert("integrations".into(), redacted_at(&["integrations"], integrations));
    }
    document
}

fn redacted_at(keys: &[&str], node: &Node) -> Node {
    let steps: Vec<Step> = keys.iter().map(|key| Step::Key((*key).to_owned())).collect();
    redacted_part(&steps, node).unwrap_or_else(|| node.clone())
}

/// Keys of a provider or an identity as records show them; the others behind, by name.
const RECORD: [&str; 8] = ["kind", "default", "required", "provider", "via", "principal", "credentials", "alias"];

fn in_record_order(entry: &Node) -> Node {
    let Some(map) = entry.as_map() else { return entry.clone() };
    let place = |key: &str| RECORD.iter().position(|known| *known == key).unwrap_or(RECORD.len());
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| (place(key), *key));
    Node::from(entries.into_iter().map(|(key, node)| (key.clone(), node.clone())).collect::<crate::value::Map>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::config::tests::config;
    use super::*;
    use crate::secret::MASK;
    use crate::value::to_json;

    fn show(branches: &[IdentityBranch]) -> String {
        let one = |branch: &IdentityBranch| match branch.children.as_slice() {
            [] => branch.name.to_string(),
            children => format!("{}({})", branch.name, show(children)),
        };
        branches.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn identities_hang_below_what_they_come_from_and_none_is_lost() {
        let via = |name: &str| json!({"kind": "mock", "via": {"identity": name}});
        let auth = config(&json!({
            "providers": {"p": {"kind": "mock"}, "a": {"kind": "mock"}},
            "identities": {
                "z": {"kind": "mock", "via": {"provider": "P"}}, "y": via("z"), "x": via("Y"),
                "alone": {"kind": "mock"}, "lost": via("nobody"), "c1": via("c2"), "c2": via("c1"),
            },
        }));
        let listing = Listing::of(&auth);
        let providers: Vec<_> = listing.providers.iter().map(|p| (p.name.as_str(), show(&p.identities))).collect();
        assert_eq!(providers, [("a", String::new()), ("p", "z(y(x))".to_owned())]);
        assert_eq!(show(&listing.standalone), "alone lost c1(c2)");
        assert!(listing.integrations.is_empty());
    }

    #[test]
    fn integrations_are_listed_with_whom_they_follow() {
        let auth = config(&json!({
            "providers": {"Corp": {"kind": "mock"}}, "identities": {"dev": {"kind": "mock", "alias": "d"}},
            "integrations": {
                "z": {"kind": "aws/ecr-public", "via": {"provider": "corp"}, "spec": {"auto_provision": false}},
                "a": {"kind": "aws/eks", "via": {"identity": "d"}, "spec": {"token": "hunter22"}},
            },
        }));
        let shown: Vec<_> = Listing::of(&auth)
            .integrations
            .into_iter()
            .map(|leaf| (leaf.name, leaf.via_provider, leaf.via_identity, leaf.is_automatic))
            .collect();
        let text = |text: &str| text.to_owned();
        assert_eq!(shown, [(text("a"), None, Some(text("dev")), true), (text("z"), Some(text("Corp")), None, false)]);
        assert_eq!(to_json(&redacted(&auth))["integrations"]["a"]["spec"]["token"], MASK);
    }

    #[test]
    fn documents_are_shown_without_secrets() {
        let auth = config(&json!({
            "realm": "r",
            "providers": {"p": {"kind": "aws/saml", "password": "hunter22", "url": "https://me:pw@x/y", "unknown": 1,
                "spec": {"client_id": "c", "client_secret": "s", "token_source": {"file_path": "/t", "request_token": "r"}, "deep": [{"private_key": {"pem": "k"}}],
                         "endpoint_url": "https://me:pw@x"}}},
            "identities": {"u": {"kind": "aws/user", "env": {"STAGE": "prod", "API_TOKEN": "t"}, "credentials": {
                "access_key_id": "AKIA", "secret_access_key": "s", "region": "eu", "mfa_arn": "arn:x"}},
                "v": {"kind": "mock", "env": [{"key": "DB_PASSWORD", "value": "p"}, {"key": "A", "value": "b"}]}},
        }));
        let expected = json!({
            "providers": {"p": {"kind": "aws/saml", "password": MASK, "url": "https://<MASKED>@x/y",
                "spec": {"client_id": "c", "client_secret": MASK, "token_source": {"file_path": "/t", "request_token": MASK},
                         "deep": [{"private_key": {"pem": MASK}}],
                         "endpoint_url": "https://<MASKED>@x"}}},
            "identities": {"u": {"kind": "aws/user", "env": {"STAGE": MASK, "API_TOKEN": MASK}, "credentials": {
                "access_key_id": MASK, "secret_access_key": MASK, "region": "eu", "mfa_arn": "arn:x"}},
                "v": {"kind": "mock", "env": [{"key": "DB_PASSWORD", "value": MASK}, {"key": "A", "value": MASK}]}},
        });
        assert_eq!(to_json(&redacted(&auth)), expected);
    }
}
