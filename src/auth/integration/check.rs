//! What is wrong with `auth.integrations`. Row 5.

use std::collections::BTreeMap;

use super::super::clouds::Cloud;
use super::super::config::{AuthConfig, Identity};
use super::super::kind::IdentityKind;
use super::super::name::{IdentityName, ProviderName};
use super::super::problem::Problem;
use super::config::{Integration, Kind};
use super::kube;
use super::target::{ClusterTarget, Target};
use crate::diag::nearest;
use crate::span::Span;

const KEYS: [&str; 3] = ["kind", "via", "spec"];
const VIA: [&str; 2] = ["identity", "provider"];
const REGISTRY: [&str; 2] = ["account_id", "region"];
const REGISTRY_OF_AZURE: [&str; 2] = ["name", "tenant_id"];
const CLUSTER: [&str; 4] = ["name", "region", "alias", "kubeconfig"];
const CLUSTER_OF_AZURE: [&str; 5] = ["name", "resource_group", "subscription_id", "alias", "kubeconfig"];
const CLUSTER_OF_GOOGLE: [&str; 5] = ["name", "project_id", "location", "alias", "kubeconfig"];
const GITHUB: [&str; 6] = ["auto_provision", "repos", "policy_name", "git_config_mode", "revoke_on_exit", "token_env"];
const GIT: [&str; 4] = ["auto_provision", "hosts", "token", "username"];
const KUBECONFIG: [&str; 3] = ["path", "mode", "update"];

/// Every problem of the section.
pub(in crate::auth) fn problems(auth: &AuthConfig, problems: &mut Vec<Problem>) {
    let Some(section) = auth.node.get("integrations").filter(|section| !section.is_null()) else { return };
    if section.as_map().is_none() {
        problems.push(Problem::error("`auth.integrations` must be a map", section.span));
        return;
    }
    let all = Integration::all(auth);
    for integration in &all {
        one(auth, integration, problems);
    }
    same_entry(auth, &all, problems);
}

fn one(auth: &AuthConfig, integration: &Integration, problems: &mut Vec<Problem>) {
    let who = format!("integration `{}`", integration.name);
    let error = |reason: String, span| Problem::error(format!("{who}: {reason}"), span);
    match integration.kind {
        Kind::Missing => problems.push(error("kind is required".to_owned(), integration.span)),
        Kind::Unsupported => {
            let near = Kind::near(&integration.kind_text).map(|near| format!(", did you mean `{near}`?"));
            let near = near.unwrap_or_default();
            let reason = format!("unsupported integration kind: {}{near}", integration.kind_text);
            problems.push(error(reason, integration.span));
        }
        Kind::Ecr | Kind::EcrPublic | Kind::Eks | Kind::Acr | Kind::Aks | Kind::Gke | Kind::Git | Kind::Github => {
            if let Err(reasons) = integration.target() {
                problems.extend(reasons.into_iter().map(|(reason, span)| error(reason, span)));
            }
            keys(integration, &who, problems);
        }
    }
    via(auth, integration, &who, problems);
}

fn via(auth: &AuthConfig, integration: &Integration, who: &str, problems: &mut Vec<Problem>) {
    let span = |key| integration.node.get_path(["via", key]).map_or(integration.span, |node| node.span);
    let missing = |what: &'static str, name: &str, known: Vec<&str>| {
        let near = nearest(name, known).map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
        Problem::error(format!("{who}: referenced {what} `{name}` does not exist{near}"), span(what))
    };
    if let Some(name) = &integration.provider
        && auth.provider(name).is_none()
    {
        problems.push(missing("provider", name, auth.providers.keys().map(ProviderName::as_str).collect()));
    }
    if integration.kind == Kind::Github {
        let provider = integration.provider.as_deref().and_then(|name| auth.provider(name));
        let identity = integration.identity.as_deref().and_then(|name| auth.identity(name));
        let provider = provider.map(|known| ("provider", known.name.to_string(), &known.kind_text));
        let identity = identity.map(|known| ("identity", known.name.to_string(), &known.kind_text));
        if let Some((what, name, kind)) =
            [provider, identity].into_iter().flatten().find(|(_, _, kind)| *kind != "atmos/pro")
        {
            let message = format!("{who}: it needs Atmos Pro, and {what} `{name}` is of kind {kind}");
            problems.push(Problem::error(message, span(what)));
        }
    }
    let other = |cloud: Option<Cloud>| integration.kind.cloud().zip(cloud).filter(|(own, other)| own != other);
    let provider = integration.provider.as_deref().and_then(|name| auth.provider(name));
    if let Some((provider, (own, cloud))) = provider.and_then(|found| Some((found, other(Cloud::of_provider(found))?)))
    {
        let (name, kind) = (&provider.name, &provider.kind_text);
        let message =
            format!("{who}: it needs identities of {own}, and provider `{name}` of kind {kind} is for {cloud}");
        problems.push(Problem::error(message, span("provider")));
    }
    let identity = integration.identity.as_deref().and_then(|name| auth.identity(name));
    if let Some((identity, (own, cloud))) = identity.and_then(|found| Some((found, other(Cloud::of_identity(found))?)))
    {
        let (name, kind) = (&identity.name, &identity.kind_text);
        let message = format!("{who}: it needs an identity of {own}, and `{name}` of kind {kind} is of {cloud}");
        problems.push(Problem::error(message, span("identity")));
    }
    match integration.identity.as_deref().map(|name| (name, auth.identity(name))) {
        Some((name, None)) => {
            problems.push(missing("identity", name, auth.identities.keys().map(IdentityName::as_str).collect()));
        }
        Some((_, Some(identity))) if integration.kind != Kind::Github && !may_have_keys(identity) => {
            let what = match integration.kind.cloud() {
                Some(Cloud::Azure) => "no sign-in at Azure",
                Some(Cloud::Google) => "no token of Google",
                _ => "no keys of AWS",
            };
            let message = format!("{who}: identity `{}` of kind {} has {what}", identity.name, identity.kind_text);
            problems.push(Problem::warning(message, span("identity")));
        }
        None if integration.provider.is_none() && integration.unknown.is_empty() => {
            let message = format!("{who}: it belongs to nobody: set `via.identity` or `via.provider`");
            problems.push(Problem::warning(message, integration.span));
        }
        Some(_) | None => {}
    }
}

fn may_have_keys(identity: &Identity) -> bool {
    identity.kind_text != "mock" && identity.kind != IdentityKind::Ambient
}

/// What each section of an integration of this kind can have.
pub(super) fn known(kind: Kind) -> [(&'static [&'static str], &'static [&'static str]); 6] {
    let spec: &[&str] = match kind {
        Kind::Git => &GIT,
        Kind::Github => &GITHUB,
        _ if kind.is_registry() => &["auto_provision", "registry"],
        _ => &["auto_provision", "cluster"],
    };
    let registry = if kind == Kind::Acr { &REGISTRY_OF_AZURE } else { &REGISTRY };
    let cluster = match kind {
        Kind::Aks => &CLUSTER_OF_AZURE[..],
        Kind::Gke => &CLUSTER_OF_GOOGLE,
        _ => &CLUSTER,
    };
    [
        (&[], &KEYS),
        (&["via"], &VIA),
        (&["spec"], spec),
        (&["spec", "registry"], registry),
        (&["spec", "cluster"], cluster),
        (&["spec", "cluster", "kubeconfig"], &KUBECONFIG),
    ]
}

/// Keys that nobody knows, with those that may be meant.
fn keys(integration: &Integration, who: &str, problems: &mut Vec<Problem>) {
    for (path, known) in known(integration.kind) {
        let Some(node) = integration.node.get_path(path.iter().copied()).filter(|node| !node.is_null()) else {
            continue;
        };
        let shown = path.join(".");
        let Some(map) = node.as_map() else {
            problems.push(Problem::error(format!("{who}: `{shown}` must be a map"), node.span));
            continue;
        };
        for (key, value) in map.iter().filter(|(key, _)| !known.contains(&&***key)) {
            let near = nearest(key, known.iter().copied()).map(|near| format!(", did you mean `{near}`?"));
            let dot = if shown.is_empty() { "" } else { "." };
            let message = format!("{who}: unknown key `{shown}{dot}{key}`{}", near.unwrap_or_default());
            problems.push(Problem::warning(message, value.span));
        }
    }
    if let Some(switch) = integration.node.get_path(["spec", "auto_provision"])
        && !switch.is_null()
        && switch.as_bool().is_none()
    {
        problems.push(Problem::error(format!("{who}: `spec.auto_provision` must be true or false"), switch.span));
    }
}

/// The integration that would write another cluster under the same name into the same file. The file is what is written:
/// two spellings of one path are not told to be the same.
pub fn conflict<'a>(auth: &AuthConfig, all: &'a [Integration], target: &ClusterTarget) -> Option<&'a str> {
    let alias = target.alias.as_ref().filter(|alias| !alias.is_empty())?;
    let others = all.iter().filter(|other| {
        let Ok(Some(Target::Cluster(cluster))) = other.target() else { return false };
        let other = settled(auth, other, cluster);
        other.alias.as_ref() == Some(alias) && other.path == target.path && !other.is_same(target)
    });
    others.map(|other| other.name.as_str()).next()
}

/// With what its own identity says.
fn settled(auth: &AuthConfig, integration: &Integration, cluster: ClusterTarget) -> ClusterTarget {
    match integration.identity.as_deref().and_then(|name| auth.identity(name)) {
        Some(identity) => cluster.settled(identity),
        None => cluster,
    }
}

/// Two that write one entry of one kubeconfig: the later one would win.
fn same_entry(auth: &AuthConfig, all: &[Integration], problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<(String, String), (&str, Span)> = BTreeMap::new();
    for (at, integration) in all.iter().enumerate() {
        let Ok(Some(Target::Cluster(cluster))) = integration.target() else { continue };
        let cluster = settled(auth, integration, cluster);
        if let Some(other) = conflict(auth, &all[..at], &cluster) {
            let alias = cluster.alias.as_deref().unwrap_or_default();
            let message = format!(
                "integrations `{other}` and `{}` would both be the context `{alias}` of one kubeconfig, and are different \
                 clusters: give one of them another alias or a file of its own",
                integration.name
            );
            let path = integration.node.get_path(["spec", "cluster", "alias"]);
            problems.push(Problem::error(message, path.map_or(integration.span, |node| node.span)));
        }
        let key = (kube::user_name(&cluster), cluster.path.unwrap_or_default());
        if let Some((other, _)) = seen.insert(key, (&integration.name, integration.span)) {
            let message = format!(
                "integrations `{other}` and `{}` write the same entry of one kubeconfig, where the later one wins",
                integration.name
            );
            problems.push(Problem::warning(message, integration.span));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::super::super::config::tests::config;
    use super::super::super::problem::Severity;
    use super::*;

    fn found(integrations: &Json) -> Vec<(Severity, String)> {
        let auth = config(&json!({
            "providers": {"corp": {"kind": "mock"}, "pro": {"kind": "atmos/pro"}, "az": {"kind": "azure/cli", "spec": {"tenant_id": "t"}}},
            "identities": {"dev": {"kind": "aws/ambient"}, "plain": {"kind": "mock"},
                "cloud": {"kind": "gcp/project", "principal": {"project_id": "p"}},
                "sub": {"kind": "azure/subscription", "via": {"provider": "az"}, "principal": {"subscription_id": "s"}}},
            "integrations": integrations,
        }));
        let mut found = Vec::new();
        problems(&auth, &mut found);
        found.into_iter().map(|problem| (problem.severity, problem.message)).collect()
    }

    #[test]
    fn sound_entries_have_no_problems() {
        let via = json!({"identity": "dev"});
        let sound = json!({
            "a": {"kind": "aws/ecr", "via": via, "spec": {"registry": {"account_id": 111_111_111_111_i64, "region": "eu-west-1"}}},
            "b": {"kind": "aws/ecr-public", "via": {"provider": "CORP"}, "spec": {"auto_provision": false}},
            "c": {"kind": "aws/eks", "via": via, "spec": {"cluster": {"name": "dev_1", "region": "eu-west-1", "alias": "dev",
                  "kubeconfig": {"path": "~/k", "mode": "0600", "update": "error"}}}},
            "d": {"kind": "aws/eks", "via": via, "spec": {"cluster": {"name": "dev_1", "region": "eu-west-1", "kubeconfig": {"mode": 640}}}},
            "f": {"kind": "azure/acr", "via": {"provider": "az"}, "spec": {"registry": {"name": "acme", "tenant_id": "t"}}},
            "g": {"kind": "azure/aks", "via": {"identity": "sub"}, "spec": {"cluster": {"name": "c", "resource_group": "rg-1",
                  "subscription_id": "s", "alias": "dev", "kubeconfig": {"path": "other"}}}},
            "h": {"kind": "gcp/gke", "via": {"identity": "cloud"}, "spec": {"cluster": {"name": "c", "project_id": "acme.com:p",
                  "location": "europe-west1"}}},
            "i": {"kind": "git/credentials", "via": via, "spec": {"hosts": "git-codecommit.eu-west-1.amazonaws.com"}},
            "j": {"kind": "git/credentials", "via": {"identity": "sub"}, "spec": {"hosts": ["github.com", "git.acme.test:8443"], "token": "T"}},
            "e": {"kind": "github/sts", "via": {"provider": "pro"}, "spec": {"repos": ["a/b"], "token_env": "GH_{{ .owner }}"}},
        });
        assert_eq!(found(&sound), []);
        assert_eq!(found(&Json::Null), []);
    }

    #[test]
    fn every_rule_reports() {
        let via = json!({"identity": "dev"});
        let ecr = |registry: Json| json!({"x": {"kind": "aws/ecr", "via": via, "spec": {"registry": registry}}});
        let eks = |cluster: Json| json!({"x": {"kind": "aws/eks", "via": via, "spec": {"cluster": cluster}}});
        let public = |more: Json| {
            let mut entry = json!({"kind": "aws/ecr-public", "via": via});
            entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({"x": entry})
        };
        let kubeconfig = |kubeconfig: Json| eks(json!({"name": "c", "region": "r", "kubeconfig": kubeconfig}));
        let (error, warning) = (Severity::Error, Severity::Warning);
        for (section, severity, phrase) in [
            (json!([]), error, "must be a map"),
            (json!({"x": {"via": via}}), error, "kind is required"),
            (
                json!({"x": {"kind": "aws/erc", "via": via}}),
                error,
                "unsupported integration kind: aws/erc, did you mean `aws/ecr`?",
            ),
            (ecr(json!({})), error, "`spec.registry.account_id` is required for aws/ecr"),
            (ecr(json!({"account_id": "111111111111"})), error, "`spec.registry.region` is required"),
            (ecr(json!({"account_id": "123", "region": "r"})), error, "`123` is not the number of an account"),
            (ecr(json!({"account_id": ["1"], "region": "r"})), error, "must be a string"),
            (ecr(json!({"account_id": "111111111111", "region": "a/b"})), error, "region `a/b` is not"),
            (
                ecr(json!({"account_id": "111111111111", "region": "r", "acount": 1})),
                warning,
                "unknown key `spec.registry.acount`",
            ),
            (public(json!({"spec": {"registry": {"region": "eu-west-1"}}})), error, "us-east-1 or us-west-2"),
            (public(json!({"spec": {"auto_provision": "no"}})), error, "must be true or false"),
            (public(json!({"spec": {"auto_provison": true}})), warning, "did you mean `auto_provision`?"),
            (public(json!({"via": {"identity": "plain"}})), warning, "kind mock has no keys of AWS"),
            (
                public(json!({"via": {"identity": "Dve"}})),
                error,
                "referenced identity `Dve` does not exist, did you mean `dev`?",
            ),
            (
                public(json!({"via": {"provider": "crop"}})),
                error,
                "referenced provider `crop` does not exist, did you mean `corp`?",
            ),
            (public(json!({"via": {}})), warning, "belongs to nobody"),
            (public(json!({"vai": {}})), warning, "unknown key `vai`, did you mean `via`?"),
            (eks(json!({"region": "r"})), error, "`spec.cluster.name` is required for aws/eks"),
            (eks(json!({"name": "a/b", "region": "r"})), error, "`a/b` is not the name of a cluster"),
            (eks(json!({"name": "c"})), error, "`spec.cluster.region` is required"),
            (kubeconfig(json!({"mode": "9"})), error, "invalid kubeconfig mode `9`, such as"),
            (kubeconfig(json!({"mode": 384})), error, "write it in quotes"),
            (kubeconfig(json!({"mode": 420})), error, "write it in quotes"),
            (kubeconfig(json!({"update": "marge"})), error, "did you mean `merge`?"),
            (kubeconfig(json!({"file": "x"})), warning, "unknown key `spec.cluster.kubeconfig.file`"),
            (kubeconfig(json!("x")), error, "`spec.cluster.kubeconfig` must be a map"),
        ] {
            let found = found(&section);
            assert!(
                found.iter().any(|(known, text)| *known == severity && text.contains(phrase)),
                "{phrase}: {found:?}"
            );
        }
        let git = |spec: Json| json!({"x": {"kind": "git/credentials", "via": via, "spec": spec}});
        for (section, severity, phrase) in [
            (git(json!({})), error, "`spec.hosts` is required for git/credentials"),
            (git(json!({"hosts": {"a": 1}})), error, "`spec.hosts` must be a list of hosts"),
            (
                git(json!({"hosts": ["https://github.com"], "token": "T"})),
                error,
                "`https://github.com` is no host, such as github.com",
            ),
            (git(json!({"hosts": ["github.com"]})), error, "`spec.token` is required for github.com"),
            (git(json!({"hosts": ["github.com"], "token": []})), error, "`spec.token` must be a string"),
            (
                git(json!({"hosts": ["github.com"], "tokn": "T", "token": "T"})),
                warning,
                "unknown key `spec.tokn`, did you mean `token`?",
            ),
            (
                json!({"x": {"kind": "github/sts", "via": {"provider": "corp"}}}),
                error,
                "it needs Atmos Pro, and provider `corp`",
            ),
            (
                json!({"x": {"kind": "github/sts", "via": {"provider": "pro"}, "spec": {"repos": ["modules"]}}}),
                error,
                "such as acme/modules",
            ),
            (
                json!({"x": {"kind": "github/sts", "via": {"provider": "pro"}, "spec": {"git_config_mode": "x"}}}),
                error,
                "use env or file",
            ),
            (
                json!({"x": {"kind": "github/sts", "via": {"provider": "pro"}, "spec": {"token_env": "A-B"}}}),
                error,
                "`A-B` is not the name of a variable",
            ),
            (
                json!({"x": {"kind": "github/sts", "via": {"provider": "pro"}, "spec": {"policy": "p"}}}),
                warning,
                "did you mean `policy_name`?",
            ),
            (
                json!({"x": {"kind": "github/sts", "via": {"provider": "pro"}, "spec": {"repos": {}}}}),
                error,
                "`spec.repos` must be a list of repositories",
            ),
            (
                json!({"x": {"kind": "github/sts", "via": {"provider": "pro"}, "spec": {"revoke_on_exit": []}}}),
                error,
                "`spec.revoke_on_exit` must be true or false",
            ),
            (
                json!({"x": {"kind": "aws/ecr-public", "via": {"identity": ["dev"]}}}),
                error,
                "`via.identity` must be a string, not",
            ),
            (
                json!({"x": {"kind": "aws/ecr-public", "via": {"provider": {"name": "corp"}}}}),
                error,
                "`via.provider` must be a string, not",
            ),
            (eks(json!({"name": "c", "region": "r", "alias": {}})), error, "`spec.cluster.alias` must be a string"),
        ] {
            let found = found(&section);
            assert!(
                found.iter().any(|(known, text)| *known == severity && text.contains(phrase)),
                "{phrase}: {found:?}"
            );
        }
        let other = |kind: &str, via: Json, spec: Json| json!({"x": {"kind": kind, "via": via, "spec": spec}});
        let sub = json!({"identity": "sub"});
        for (section, phrase) in [
            (other("azure/acr", sub.clone(), json!({})), "`spec.registry.name` is required for azure/acr"),
            (
                other("azure/acr", sub.clone(), json!({"registry": {"name": "a_b"}})),
                "`a_b` is not the name of a registry",
            ),
            (
                other("azure/aks", sub.clone(), json!({"cluster": {"name": "c"}})),
                "`spec.cluster.resource_group` is required",
            ),
            (
                other("azure/aks", sub, json!({"cluster": {"name": "c", "resource_group": "a/b"}})),
                "`a/b` is not the name of a resource group",
            ),
            (
                other("gcp/gke", json!({"identity": "cloud"}), json!({"cluster": {"name": "c", "project_id": "p"}})),
                "`spec.cluster.location` is required for gcp/gke",
            ),
            (
                other("azure/acr", via.clone(), json!({"registry": {"name": "acme"}})),
                "it needs an identity of Azure, and `dev` of kind aws/ambient is of AWS",
            ),
            (
                other("aws/ecr-public", json!({"provider": "az"}), json!({})),
                "it needs identities of AWS, and provider `az` of kind azure/cli is for Azure",
            ),
        ] {
            let found = found(&section);
            assert!(found.iter().any(|(known, text)| *known == error && text.contains(phrase)), "{phrase}: {found:?}");
        }
        let alias = |name: &str, path: &str| {
            eks(json!({"name": name, "region": "r", "alias": "dev", "kubeconfig": {"path": path}}))["x"].clone()
        };
        let same = found(&json!({"one": alias("a", "k"), "two": alias("b", "k"), "three": alias("c", "other")}));
        assert_eq!(same.len(), 1, "{same:?}");
        assert!(
            same[0].0 == error && same[0].1.contains("`one` and `two` would both be the context `dev`"),
            "{same:?}"
        );
        let twice = eks(json!({"name": "c", "region": "r"}))["x"].clone();
        let found = found(&json!({"x": twice, "y": twice}));
        assert!(found[0].1.contains("`x` and `y` write the same entry"), "{found:?}");
    }
}
