//! The `auth` section as types: providers, identities, keyring, and what a component's section adds to it.
//!
//! Read [`AuthConfig`], then [`Identity`] and [`Provider`]. Reading never fails: what is wrong is kept as a
//! [`Problem`], so that a broken identity hurts only who uses it. Row 5.

use std::sync::OnceLock;

use indexmap::IndexMap;

use super::error::{Error, Mark};
use super::kind::{IdentityKind, ProviderKind};
use super::lookup::Lookup;
use super::name::{IdentityName, ProviderName};
use super::problem::Problem;
use super::read::{boolean, flag, pairs, text, texts, unexpected, variables};
use super::store::Settings;
use super::user::Credentials;
use crate::diag::nearest;
use crate::span::{Sources, Span};
use crate::value::{Map, Node, to_json};

/// The merged `auth` section, of the configuration alone or with a component's section on top.
#[derive(Debug, Clone, Default)]
pub struct AuthConfig {
    /// `auth.realm` and its place.
    pub realm: Option<(String, Span)>,
    pub logs_level: Option<(String, Span)>,
    pub keyring: Keyring,
    /// `auth.require_identity`: fail closed where no identity resolves.
    pub require_identity: bool,
    /// `auth.delivery`: how children get credentials, where neither identity nor provider says.
    pub delivery: Option<String>,
    /// In the order of the files.
    pub providers: IndexMap<ProviderName, Provider>,
    pub identities: IndexMap<IdentityName, Identity>,
    /// Entries with only `default: true` that refer to no identity.
    pub unknown_markers: Vec<(IdentityName, Span)>,
    /// Values of the wrong type, with their places.
    pub problems: Vec<Problem>,
    /// Those of them that leave open who there is at all, so that nobody may go on as if there were nobody.
    pub malformed: Vec<Problem>,
    /// The section as written, unknown keys included.
    pub node: Node,
    lookup: OnceLock<Lookup>,
}

/// `auth.keyring`.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    /// `system`, `file`, `memory` or what was written.
    pub kind: Option<(String, Span)>,
    /// `spec.path`: directory of the file keyring.
    pub path: Option<String>,
    /// `spec.password_env`: variable with the password of the file keyring.
    pub password_env: Option<String>,
}

/// One entry of `auth.providers`.
#[derive(Debug, Clone)]
pub struct Provider {
    pub name: ProviderName,
    pub kind: ProviderKind,
    /// The kind as written, empty when it is missing.
    pub kind_text: String,
    pub start_url: Option<(String, Span)>,
    pub region: Option<String>,
    /// The provider for `auth login` without identities.
    pub default: bool,
    /// Lifetime of a portal token whose answer does not say it, as written.
    pub session_duration: Option<String>,
    pub tags: Vec<String>,
    pub spec: Spec,
    pub delivery: Option<String>,
    /// Place of the key or of the value.
    pub span: Span,
    pub node: Node,
}

/// One entry of `auth.identities`.
#[derive(Debug, Clone)]
pub struct Identity {
    pub name: IdentityName,
    pub kind: IdentityKind,
    /// The kind as written, empty when it is missing.
    pub kind_text: String,
    pub default: bool,
    /// Authenticated before every terraform run beside the component's own identity.
    pub required: bool,
    pub via: Via,
    pub principal: Principal,
    /// Keys of `aws/user`, and the program of `aws/credential-process`.
    pub credentials: Credentials,
    /// `region` beside `kind`; beats `principal.region`.
    pub region: Option<String>,
    pub alias: Option<(String, Span)>,
    /// Variables that the identity adds to its environment, or takes away (`None`), in the order of the file.
    pub env: Vec<(String, Option<String>)>,
    pub tags: Vec<String>,
    pub spec: Spec,
    pub delivery: Option<String>,
    pub span: Span,
    pub node: Node,
}

/// Where an identity gets its first credentials from. Names as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// No `via`.
    None,
    Provider(String, Span),
    Identity(String, Span),
    /// `via` with neither or with both.
    Invalid(&'static str, Span),
}

/// `spec` of a provider or an identity.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// `endpoint_url`, or one of its older spellings.
    pub endpoint_url: Option<String>,
    /// `endpoint_urls`: by service key (`sso`, `sso_oidc`, `sts`), lower case.
    pub endpoint_urls: Vec<(String, String)>,
    /// `files.base_path`: root of credential files.
    pub files_base_path: Option<String>,
}

/// `principal` of an identity: what it becomes.
#[derive(Debug, Clone, Default)]
pub struct Principal {
    /// Permission set.
    pub name: Option<String>,
    pub account_id: Option<String>,
    pub account_name: Option<String>,
    pub region: Option<String>,
    /// ARN of the role.
    pub assume_role: Option<String>,
    pub external_id: Option<String>,
    pub session_name: Option<String>,
    pub duration: Option<(String, Span)>,
    pub session_tags: Vec<(String, String)>,
    pub transitive_tag_keys: Vec<String>,
    pub source_identity: Option<String>,
    /// Session policy as JSON.
    pub policy: Option<String>,
    pub policy_arns: Vec<String>,
    pub mfa_arn: Option<String>,
    /// Program that prints the code of the device.
    pub mfa_process: Option<String>,
    /// Account whose root user `aws/assume-root` becomes.
    pub target_principal: Option<String>,
    /// What it may do there.
    pub task_policy_arn: Option<String>,
    /// What cannot be read. Passed over it could mean more rights than were written down, so that nobody becomes it.
    pub faults: Vec<(String, Span)>,
    pub span: Span,
}

impl Keyring {
    /// As the keyring takes it.
    pub fn settings(&self) -> Settings {
        Settings {
            kind: self.kind.as_ref().map(|(kind, _)| kind.clone()),
            path: self.path.clone(),
            password_env: self.password_env.clone(),
        }
    }
}

impl AuthConfig {
    /// Reads a merged `auth` section; null is an empty one.
    pub fn read(node: &Node) -> AuthConfig {
        let mut config = AuthConfig { node: node.clone(), ..AuthConfig::default() };
        let problems = &mut config.problems;
        if !node.is_null() && node.as_map().is_none() {
            problems.push(unexpected("auth", "a map", node));
            config.malformed.clone_from(&config.problems);
            return config;
        }
        config.realm = text(node, "realm", problems).zip(node.get("realm").map(|realm| realm.span));
        if let Some(keyring) = node.get("keyring").filter(|keyring| !keyring.is_null() && keyring.as_map().is_none()) {
            problems.push(Problem::error(
                format!("auth: `keyring` must be a map, not {}", keyring.value.type_name()),
                keyring.span,
            ));
        }
        config.logs_level = node.get_path(["logs", "level"]).and_then(|level| Some((level.scalar_text()?, level.span)));
        config.keyring = Keyring {
            kind: node
                .get("keyring")
                .and_then(|keyring| text(keyring, "type", problems).zip(keyring.get("type").map(|kind| kind.span))),
            path: node.get_path(["keyring", "spec"]).and_then(|spec| text(spec, "path", problems)),
            password_env: node.get_path(["keyring", "spec"]).and_then(|spec| text(spec, "password_env", problems)),
        };
        config.require_identity = flag(node, "require_identity", problems);
        config.delivery = text(node, "delivery", problems);
        let (providers, identities) = (entries(node, "providers", problems), entries(node, "identities", problems));
        for (name, entry) in &identities {
            check_default(name, entry, problems);
        }
        config.malformed.clone_from(problems);
        for (name, entry) in providers {
            let provider = Provider::read(&name, entry, problems);
            config.providers.insert(provider.name.clone(), provider);
        }
        let (markers, whole): (Vec<_>, Vec<_>) = identities.into_iter().partition(|(_, entry)| is_marker(entry));
        for (name, entry) in whole {
            let identity = Identity::read(&name, entry, problems);
            config.identities.insert(identity.name.clone(), identity);
        }
        for (name, entry) in markers {
            config.apply_marker(&name, entry);
        }
        config
    }

    /// An entry with only `default` refers to an identity by any of its names. An unknown one that says `false` means
    /// nothing; one that says `true` cannot be honoured.
    fn apply_marker(&mut self, name: &str, entry: &Node) {
        let default = entry.get("default").and_then(boolean).unwrap_or_default();
        match self.identity(name).map(|identity| identity.name.clone()) {
            Some(known) => {
                if let Some(identity) = self.identities.get_mut(&known) {
                    identity.default = default;
                }
            }
            None if default => self.unknown_markers.push((IdentityName::from(name), entry.span)),
            None => {}
        }
    }

    /// The identity of that name, else the only one that is equal ignoring case, else the only one with that alias.
    pub fn identity<'a>(&'a self, wanted: &str) -> Option<&'a Identity> {
        let lenient = || {
            let name_and_alias =
                |one: &'a Identity| (one.name.as_str(), one.alias.as_ref().map(|(alias, _)| alias.as_str()));
            let lookup = || Lookup::of(self.identities.values().map(name_and_alias));
            let place = self.lookup.get_or_init(lookup).find(wanted)?;
            self.identities.get_index(place).map(|(_, identity)| identity)
        };
        self.identities.get(&IdentityName::from(wanted)).or_else(lenient)
    }

    /// The provider of that name, else the only one that is equal ignoring case.
    pub fn provider(&self, wanted: &str) -> Option<&Provider> {
        let folded = wanted.to_lowercase();
        self.providers
            .get(&ProviderName::from(wanted))
            .or_else(|| only(self.providers.values().filter(|known| known.name.as_str().to_lowercase() == folded)))
    }

    /// Refuses a section whose providers or identities cannot be told.
    ///
    /// # Errors
    /// [`Error::Malformed`], the finding that `auth validate` has, with its place.
    pub fn sound(&self, sources: &Sources) -> Result<(), Error> {
        let Some(problem) = self.malformed.first() else { return Ok(()) };
        let Mark { place, text, at } = Mark::of(sources, problem.span);
        Err(Error::Malformed { reason: problem.message.clone(), place, text, at })
    }

    /// Nothing in it that could authenticate anybody.
    pub fn is_empty(&self) -> bool {
        self.providers.is_empty() && self.identities.is_empty() && self.unknown_markers.is_empty()
    }

    /// Identities that carry one of the tags, by name.
    pub fn identities_tagged(&self, tags: &[String]) -> Vec<&Identity> {
        let mut tagged: Vec<_> =
            self.identities.values().filter(|identity| identity.tags.iter().any(|tag| tags.contains(tag))).collect();
        tagged.sort_by(|a, b| a.name.cmp(&b.name));
        tagged
    }

    /// Identities with `required: true`, by name.
    pub fn required(&self) -> Vec<&Identity> {
        let mut required: Vec<_> = self.identities.values().filter(|identity| identity.required).collect();
        required.sort_by(|a, b| a.name.cmp(&b.name));
        required
    }

    /// Identities with `default: true`, whatever the scope, by name.
    pub(crate) fn defaults(&self) -> Vec<&Identity> {
        let mut defaults: Vec<_> = self.identities.values().filter(|identity| identity.default).collect();
        defaults.sort_by(|a, b| a.name.cmp(&b.name));
        defaults
    }
}

/// The only element, if there is exactly one.
fn only<'a, T>(mut all: impl Iterator<Item = &'a T>) -> Option<&'a T> {
    let first = all.next()?;
    all.next().is_none().then_some(first)
}

/// Entries of a map of maps; anything else in it is a problem and left out.
fn entries<'a>(node: &'a Node, key: &str, problems: &mut Vec<Problem>) -> Vec<(String, &'a Node)> {
    let Some(section) = node.get(key).filter(|section| !section.is_null()) else { return Vec::new() };
    let Some(map) = section.as_map() else {
        problems.push(unexpected(&format!("auth.{key}"), "a map", section));
        return Vec::new();
    };
    let mut found = Vec::with_capacity(map.len());
    for (name, entry) in map {
        if entry.as_map().is_some() {
            found.push((name.to_string(), entry));
        } else {
            problems.push(unexpected(&format!("auth.{key}.{name}"), "a map", entry));
        }
    }
    found
}

/// That `default` says what it says, and nothing that was meant for it says something else: passed over it would make
/// somebody else the default.
fn check_default(name: &str, entry: &Node, problems: &mut Vec<Problem>) {
    let path = format!("auth.identities.{name}.default");
    if let Some(value) = entry.get("default").filter(|value| !value.is_null() && boolean(value).is_none()) {
        problems.push(unexpected(&path, "a boolean", value));
    }
    for (key, value) in entry.as_map().into_iter().flatten().filter(|(key, _)| is_meant_for_default(key)) {
        problems.push(Problem::error(format!("unknown key `{key}`, did you mean `{path}`?"), value.span));
    }
}

/// A key that looks like `default` and is another one.
pub(super) fn is_meant_for_default(key: &str) -> bool {
    key != "default" && nearest(key, ["default"]).is_some()
}

/// A map that holds `default` and nothing else.
fn is_marker(entry: &Node) -> bool {
    entry.as_map().is_some_and(|map| map.len() == 1 && map.contains_key("default"))
}

impl Provider {
    fn read(name: &str, node: &Node, problems: &mut Vec<Problem>) -> Provider {
        let kind = text(node, "kind", problems);
        Provider {
            name: ProviderName::from(name),
            kind: ProviderKind::parse(kind.as_deref()),
            kind_text: kind.unwrap_or_default(),
            start_url: node.get("start_url").and_then(|url| Some((url.scalar_text()?, url.span))),
            region: text(node, "region", problems).filter(|region| !region.is_empty()),
            default: flag(node, "default", problems),
            session_duration: node.get("session").and_then(|session| text(session, "duration", problems)),
            tags: texts(node, "tags", problems),
            spec: Spec::read(node, problems),
            delivery: text(node, "delivery", problems),
            span: node.span,
            node: node.clone(),
        }
    }
}

impl Identity {
    fn read(name: &str, node: &Node, problems: &mut Vec<Problem>) -> Identity {
        let kind = text(node, "kind", problems);
        Identity {
            name: IdentityName::from(name),
            kind: IdentityKind::parse(kind.as_deref()),
            kind_text: kind.unwrap_or_default(),
            // What is wrong with it has been said of the section.
            default: node.get("default").and_then(boolean).unwrap_or_default(),
            required: flag(node, "required", problems),
            via: Via::read(node, problems),
            principal: node.get("principal").map(Principal::at_fault).unwrap_or_default(),
            credentials: Credentials::read(node, problems),
            region: text(node, "region", problems).filter(|region| !region.is_empty()),
            alias: text(node, "alias", problems).zip(node.get("alias").map(|alias| alias.span)),
            env: variables(node, "env", problems),
            tags: texts(node, "tags", problems),
            spec: Spec::read(node, problems),
            delivery: text(node, "delivery", problems),
            span: node.span,
            node: node.clone(),
        }
    }

    /// The region that this identity names itself.
    pub fn own_region(&self) -> Option<&str> {
        self.region.as_deref().or(self.principal.region.as_deref()).or(self.credentials.region.as_deref())
    }
}

impl Via {
    fn read(node: &Node, problems: &mut Vec<Problem>) -> Via {
        let Some(via) = node.get("via").filter(|via| !via.is_null()) else { return Via::None };
        let mut name = |key: &str| {
            let text = text(via, key, problems).filter(|text| !text.is_empty())?;
            Some((text, via.get(key).map_or(via.span, |node| node.span)))
        };
        match (name("provider"), name("identity")) {
            (Some((name, span)), None) => Via::Provider(name, span),
            (None, Some((name, span))) => Via::Identity(name, span),
            (None, None) => Via::Invalid("exactly one of via.provider or via.identity must be set", via.span),
            (Some(_), Some(_)) => {
                Via::Invalid("via.provider and via.identity are mutually exclusive; only one can be set", via.span)
            }
        }
    }
}

impl Spec {
    fn read(node: &Node, problems: &mut Vec<Problem>) -> Spec {
        let spec = node.get("spec");
        // The two older spellings of the reference rank below the present one.
        let older = [["spec", "aws", "resolver", "url"], ["credentials", "aws", "resolver", "url"]];
        let endpoint_url = spec
            .and_then(|spec| text(spec, "endpoint_url", problems))
            .or_else(|| older.iter().find_map(|path| node.get_path(path.iter().copied()).and_then(Node::scalar_text)));
        let normal = |(service, url): (String, String)| (service.to_lowercase().replace(['-', ' '], "_"), url);
        Spec {
            endpoint_url: endpoint_url.filter(|url| !url.is_empty()),
            endpoint_urls: spec
                .map(|spec| pairs(spec, "endpoint_urls", problems).into_iter().map(normal).collect())
                .unwrap_or_default(),
            files_base_path: node.get_path(["spec", "files"]).and_then(|files| text(files, "base_path", problems)),
        }
    }
}

impl Principal {
    /// Reads it, with whatever is wrong with it.
    fn at_fault(node: &Node) -> Principal {
        let mut own = Vec::new();
        let mut principal = Principal::read(node, &mut own);
        principal.faults = own.into_iter().map(|problem| (problem.message, problem.span)).collect();
        principal
    }

    fn read(node: &Node, problems: &mut Vec<Problem>) -> Principal {
        if node.as_map().is_none() {
            problems.push(unexpected("principal", "a map", node));
            return Principal::default();
        }
        let mut own = |key: &str| text(node, key, problems).filter(|text| !text.is_empty());
        let (name, region, assume_role) = (own("name"), own("region"), own("assume_role"));
        let (external_id, session_name) = (own("external_id"), own("session_name"));
        let (source_identity, mfa_arn) = (own("source_identity"), own("mfa_arn"));
        let (mfa_process, target_principal) = (own("mfa_process"), own("target_principal"));
        let task_policy_arn = own("task_policy_arn");
        let account = node.get("account");
        let mut account_text =
            |key: &str| account.and_then(|account| text(account, key, problems)).filter(|t| !t.is_empty());
        let (account_id, account_name) = (account_text("id"), account_text("name"));
        // One with nothing in it is none: passed over it would be no limit at all.
        let is_nothing = |policy: &Node| policy.as_map().is_some_and(Map::is_empty);
        let policy = node.get("policy").filter(|policy| !policy.is_null() && policy.as_str() != Some(""));
        if let Some(policy) =
            policy.filter(|policy| is_nothing(policy) || (policy.as_map().is_none() && policy.scalar_text().is_none()))
        {
            problems.push(unexpected("policy", "a map, or the text of a policy", policy));
        }
        Principal {
            name,
            account_id,
            account_name,
            region,
            assume_role,
            external_id,
            session_name,
            duration: text(node, "duration", problems).zip(node.get("duration").map(|duration| duration.span)),
            session_tags: pairs(node, "session_tags", problems),
            transitive_tag_keys: texts(node, "transitive_tag_keys", problems),
            source_identity,
            // A policy may be written as a map; the service takes JSON text.
            policy: policy.map(|policy| {
                policy
                    .as_map()
                    .map_or_else(|| policy.scalar_text().unwrap_or_default(), |_| to_json(policy).to_string())
            }),
            policy_arns: texts(node, "policy_arns", problems),
            mfa_arn,
            mfa_process,
            target_principal,
            task_policy_arn,
            faults: Vec::new(),
            span: node.span,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::from_json;

    pub(crate) fn config(json: &serde_json::Value) -> AuthConfig {
        AuthConfig::read(&from_json(json))
    }

    #[test]
    fn lookup_is_exact_then_case_insensitive_then_alias() {
        let auth = config(&json!({"identities": {
            "acct/Dev.Role": {"kind": "mock", "alias": "dev"},
            "Twin": {"kind": "mock", "alias": "dup"},
            "twin": {"kind": "mock", "alias": "dup"},
            "dev2": {"kind": "mock", "alias": "Twin"},
        }}));
        let found = |name: &str| auth.identity(name).map(|identity| identity.name.as_str().to_owned());
        for (wanted, name) in [
            ("acct/Dev.Role", Some("acct/Dev.Role")),
            ("ACCT/dev.role", Some("acct/Dev.Role")),
            ("dev", Some("acct/Dev.Role")),
            ("Twin", Some("Twin")),
            ("TWIN", None),
            ("dup", None),
            ("x", None),
        ] {
            assert_eq!(found(wanted).as_deref(), name, "{wanted}");
        }
    }

    #[test]
    fn markers_apply_by_any_name_and_unknown_false_is_dropped() {
        let auth = config(&json!({"identities": {
            "Admin": {"kind": "mock", "default": true},
            "reader": {"kind": "mock", "alias": "ro"},
            "admin": {"default": false},
            "ro": {"default": true},
            "gone": {"default": false},
            "nobody": {"default": true},
        }}));
        let defaults: Vec<_> = auth.defaults().iter().map(|identity| identity.name.as_str()).collect();
        assert_eq!(defaults, ["reader"]);
        assert_eq!(auth.unknown_markers.len(), 1);
        assert_eq!(auth.identities.len(), 2);
    }

    #[test]
    fn principal_scalars_become_text_and_policy_maps_become_json() {
        let auth = config(&json!({"identities": {"a": {
            "kind": "aws/assume-role",
            "via": {"identity": "b"},
            "principal": {
                "account": {"id": 111_111_111_111_i64},
                "policy": {"Version": "2012-10-17"},
                "session_tags": [{"key": "Team", "value": "x"}],
                "duration": "30m",
            },
            "env": {"TF_X": 1},
        }}}));
        let identity = auth.identity("a").unwrap();
        assert_eq!(identity.principal.account_id.as_deref(), Some("111111111111"));
        assert_eq!(identity.principal.policy.as_deref(), Some("{\"Version\":\"2012-10-17\"}"));
        assert_eq!(identity.principal.session_tags, [("Team".to_owned(), "x".to_owned())]);
        assert_eq!(identity.env, [("TF_X".to_owned(), Some("1".to_owned()))]);
        assert!(auth.problems.is_empty(), "{:?}", auth.problems);
    }

    #[test]
    fn wrong_types_are_problems_not_panics() {
        for json in [
            json!("x"),
            json!({"providers": []}),
            json!({"identities": {"a": 1}}),
            json!({"identities": {"a": {"kind": ["x"]}}}),
            json!({"identities": {"a": {"kind": "mock", "default": "yes", "principal": 4}}}),
            json!({"identities": {"a": {"kind": "mock", "env": "A=b", "tags": {}}}}),
        ] {
            assert!(!config(&json).problems.is_empty(), "{json}");
        }
    }
}
