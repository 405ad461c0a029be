//! `auth.integrations` as it is written. Row 5.

use super::super::chain::Chain;
use super::super::clouds::Cloud;
use super::super::config::AuthConfig;
use crate::diag::nearest;
use crate::span::Span;
use crate::value::Node;

/// The kinds that there are.
pub(super) const BUILT: [(&str, Kind); 8] = [
    ("aws/ecr", Kind::Ecr),
    ("aws/ecr-public", Kind::EcrPublic),
    ("aws/eks", Kind::Eks),
    ("azure/acr", Kind::Acr),
    ("azure/aks", Kind::Aks),
    ("gcp/gke", Kind::Gke),
    ("git/credentials", Kind::Git),
    ("github/sts", Kind::Github),
];

/// What an integration is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A private registry.
    Ecr,
    /// `public.ecr.aws`
    EcrPublic,
    /// A cluster.
    Eks,
    /// A registry of Azure.
    Acr,
    /// A cluster of Azure.
    Aks,
    /// A cluster of Google.
    Gke,
    /// Passwords for git.
    Git,
    /// Tokens of GitHub by way of Atmos Pro.
    Github,
    Unsupported,
    /// No `kind` at all.
    Missing,
}

impl Kind {
    pub fn parse(text: &str) -> Kind {
        match BUILT.iter().find(|(name, _)| *name == text) {
            Some((_, kind)) => *kind,
            None if text.is_empty() => Kind::Missing,
            None => Kind::Unsupported,
        }
    }

    pub fn is_registry(self) -> bool {
        matches!(self, Kind::Ecr | Kind::EcrPublic | Kind::Acr)
    }

    /// Whose identities it can belong to.
    pub(super) fn cloud(self) -> Option<Cloud> {
        match self {
            Kind::Ecr | Kind::EcrPublic | Kind::Eks => Some(Cloud::Aws),
            Kind::Acr | Kind::Aks => Some(Cloud::Azure),
            Kind::Gke => Some(Cloud::Google),
            Kind::Git | Kind::Github | Kind::Unsupported | Kind::Missing => None,
        }
    }

    /// The kind that somebody may have meant.
    pub(super) fn near(text: &str) -> Option<&'static str> {
        nearest(text, BUILT.iter().map(|(name, _)| *name))
    }
}

/// One entry.
#[derive(Debug, Clone)]
pub struct Integration {
    pub name: String,
    pub kind: Kind,
    pub kind_text: String,
    /// `via.identity`
    pub identity: Option<String>,
    /// `via.provider`: every identity whose chain begins there.
    pub provider: Option<String>,
    /// It follows a login by itself.
    pub is_automatic: bool,
    pub span: Span,
    /// What of `via` is no name, so that nobody knows whom it follows.
    pub(super) unknown: Vec<(String, Span)>,
    pub(super) node: Node,
}

impl Integration {
    fn read(name: &str, node: &Node) -> Integration {
        let text = |path: [&str; 2]| node.get_path(path).and_then(Node::scalar_text).filter(|text| !text.is_empty());
        let unknown = ["identity", "provider"].into_iter().filter_map(|key| {
            let written = node.get_path(["via", key]).filter(|written| !written.is_null())?;
            let odd = written.scalar_text().is_none();
            odd.then(|| (format!("`via.{key}` must be a string, not {}", written.value.type_name()), written.span))
        });
        let kind_text = node.get("kind").and_then(Node::scalar_text).unwrap_or_default();
        Integration {
            name: name.to_owned(),
            kind: Kind::parse(&kind_text),
            kind_text,
            identity: text(["via", "identity"]),
            provider: text(["via", "provider"]),
            is_automatic: node.get_path(["spec", "auto_provision"]).and_then(Node::as_bool) != Some(false),
            span: node.span,
            unknown: unknown.collect(),
            node: node.clone(),
        }
    }

    /// `spec.registry.tenant_id`: the tenant of a registry of Azure.
    pub fn tenant(&self) -> Option<String> {
        let tenant = self.node.get_path(["spec", "registry", "tenant_id"]).and_then(Node::scalar_text);
        tenant.filter(|tenant| !tenant.is_empty())
    }

    /// All of a section, in their order.
    pub fn all(auth: &AuthConfig) -> Vec<Integration> {
        let map = auth.node.get("integrations").and_then(Node::as_map);
        map.into_iter().flatten().map(|(name, node)| Integration::read(name, node)).collect()
    }

    /// The one of that name, else the only one that is equal ignoring case.
    pub fn find(auth: &AuthConfig, wanted: &str) -> Option<Integration> {
        let mut all = Integration::all(auth);
        if let Some(at) = all.iter().position(|known| known.name == wanted) {
            return Some(all.swap_remove(at));
        }
        let folded = wanted.to_lowercase();
        all.retain(|known| known.name.to_lowercase() == folded);
        all.pop().filter(|_| all.is_empty())
    }

    /// Hosts that are written down for git, whether or not the rest can be read.
    pub fn names_host(&self, host: &str) -> bool {
        let written = self.node.get_path(["spec", "hosts"]);
        let is_it = |node: &Node| node.scalar_text().is_some_and(|text| text.trim().eq_ignore_ascii_case(host));
        written.is_some_and(|node| node.as_list().map_or_else(|| is_it(node), |list| list.iter().any(is_it)))
    }

    /// Whether it belongs to the identity at the end of a chain. What may be meant for anybody is: who meets it says so.
    pub fn is_of(&self, auth: &AuthConfig, chain: &Chain) -> bool {
        if !self.unknown.is_empty() {
            return true;
        }
        let identity = self.identity.as_deref().and_then(|name| auth.identity(name));
        if identity.is_some_and(|identity| identity.name == chain.target().name) {
            return true;
        }
        let provider = self.provider.as_deref().and_then(|name| auth.provider(name));
        provider.is_some_and(|provider| provider.name.as_str() == chain.root())
    }
}

/// The integrations of the identity at the end of a chain, in their order.
pub fn linked(auth: &AuthConfig, chain: &Chain) -> Vec<Integration> {
    let mut all = Integration::all(auth);
    all.retain(|integration| integration.is_of(auth, chain));
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::config::tests::config;
    use super::super::super::name::IdentityName;
    use super::*;
    use crate::span::Sources;

    #[test]
    fn an_identity_has_those_of_its_own_and_of_its_provider() {
        let auth = config(&json!({
            "providers": {"p": {"kind": "mock"}},
            "identities": {"a": {"kind": "mock", "via": {"provider": "p"}}, "b": {"kind": "mock", "alias": "x"}},
            "integrations": {
                "one": {"kind": "aws/eks", "via": {"identity": "A"}},
                "two": {"kind": "aws/ecr", "via": {"provider": "P"}, "spec": {"auto_provision": false}},
                "three": {"kind": "aws/ecr", "via": {"identity": "x"}},
                "four": {"kind": "aws/ecr"},
            },
        }));
        let odd = json!({"kind": "git/credentials", "via": {"identity": ["a"]}, "spec": {"hosts": ["*.x", " A.test"]}});
        let odd = config(&json!({"identities": {"z": {"kind": "mock"}}, "integrations": {"odd": odd}}));
        let chain = Chain::build(&odd, &IdentityName::from("z"), &Sources::new()).unwrap();
        let found = linked(&odd, &chain);
        assert_eq!(found.len(), 1, "whoever may be meant says so");
        assert!(found[0].target().unwrap_err()[0].0.contains("`via.identity` must be a string"));
        assert!(found[0].names_host("a.test") && !found[0].names_host("github.com"));
        let names = |identity: &str| {
            let chain = Chain::build(&auth, &IdentityName::from(identity), &Sources::new()).unwrap();
            linked(&auth, &chain).into_iter().map(|known| (known.name, known.is_automatic)).collect::<Vec<_>>()
        };
        assert_eq!(names("a"), [("one".to_owned(), true), ("two".to_owned(), false)]);
        assert_eq!(names("b"), [("three".to_owned(), true)]);
        assert!(Integration::find(&auth, "TWO").is_some_and(|found| found.name == "two"));
        assert!(Integration::find(&auth, "five").is_none());
    }
}
