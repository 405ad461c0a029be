//! What an integration leads to: its settings, checked. Row 5.

use super::super::config::Identity;
use super::super::principal::region_problem;
use super::config::{Integration, Kind};
use super::git::{GitTarget, codecommit_region};
use super::github::{GithubTarget, VARIABLE};
use crate::diag::nearest;
use crate::host::aws_domain;
use crate::span::Span;
use crate::value::{Node, Value};

/// The registry that everybody may read.
const PUBLIC_REGISTRY: &str = "public.ecr.aws";
/// Where public registries are asked; the first one is.
const PUBLIC_REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];
/// Digits of the number of an account.
const ACCOUNT: usize = 12;
const LONGEST_NAME: usize = 100;
pub(super) const UPDATES: [(&str, Update); 3] =
    [("merge", Update::Merge), ("replace", Update::Replace), ("error", Update::Refuse)];

/// Where an integration leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Registry(Registry),
    Cluster(ClusterTarget),
    Git(GitTarget),
    Github(GithubTarget),
}

/// A registry of container images.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Registry {
    /// The name that images begin with.
    pub host: String,
    /// Where it is asked for a login.
    pub region: String,
    pub service: RegistryService,
}

/// Whose registry it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RegistryService {
    Ecr,
    EcrPublic,
    /// Of Azure.
    Acr,
}

/// A cluster, and how its kubeconfig is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClusterTarget {
    pub name: String,
    /// The region, or the location of one of Google; nothing for Azure.
    pub region: String,
    pub home: Home,
    /// Name of the context; what its cloud calls the cluster without.
    pub alias: Option<String>,
    /// Path of the kubeconfig; our own one without.
    pub path: Option<String>,
    /// Mode of the file.
    pub mode: Option<u32>,
    pub update: Update,
}

/// Whose cluster it is, and where in that cloud.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Home {
    #[default]
    Aws,
    Azure {
        group: String,
        /// That of the identity without.
        subscription: Option<String>,
    },
    Google {
        project: String,
    },
}

/// What becomes of a kubeconfig that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Update {
    /// The cluster is added; what else is there stays.
    #[default]
    Merge,
    /// The file has this cluster and nothing else.
    Replace,
    /// As merge, but an entry of the same name that says something else is an error.
    Refuse,
}

impl Registry {
    /// The private registry of an account.
    pub fn private(account: &str, region: &str) -> Registry {
        let host = format!("{account}.dkr.ecr.{region}.{}", aws_domain(region));
        Registry { host, region: region.to_owned(), service: RegistryService::Ecr }
    }

    /// `public.ecr.aws`
    pub fn public() -> Registry {
        let (host, region) = (PUBLIC_REGISTRY.to_owned(), PUBLIC_REGIONS[0].to_owned());
        Registry { host, region, service: RegistryService::EcrPublic }
    }

    /// The registry of Azure of that name, or with that login server.
    pub fn azure(text: &str) -> Option<Registry> {
        let rest = text.strip_prefix("https://").unwrap_or(text);
        let host = rest.split('/').next().unwrap_or_default().to_lowercase();
        let host = if host.contains('.') { host } else { format!("{host}.azurecr.io") };
        let (name, suffix) = host.split_once('.')?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let fits = !name.is_empty() && name.len() <= LONGEST_NAME && name.bytes().all(plain) && !name.starts_with('-');
        let known = ["azurecr.io", "azurecr.us", "azurecr.cn"].contains(&suffix);
        (fits && known).then(|| Registry { host, region: String::new(), service: RegistryService::Acr })
    }

    /// From the name of a registry as people write it, with or without `https://` and a path.
    pub fn parse(text: &str) -> Option<Registry> {
        let rest = text.strip_prefix("https://").unwrap_or(text);
        let host = rest.split('/').next().unwrap_or_default();
        if host == PUBLIC_REGISTRY {
            return Some(Registry::public());
        }
        let (account, rest) = host.split_once(".dkr.ecr.")?;
        let (region, _) = rest.split_once('.')?;
        let registry = Registry::private(account, region);
        let fits = is_account(account) && region_problem(region).is_none() && !region.is_empty();
        (fits && registry.host == host).then_some(registry)
    }
}

impl ClusterTarget {
    /// With what the identity says where the integration does not.
    pub fn settled(mut self, identity: &Identity) -> ClusterTarget {
        if let Home::Azure { subscription: subscription @ None, .. } = &mut self.home {
            let own = identity.node.get_path(["principal", "subscription_id"]).and_then(Node::scalar_text);
            *subscription = own.filter(|own| !own.is_empty());
        }
        self
    }

    /// It is the same cluster, as far as both say where it is.
    pub fn is_same(&self, other: &ClusterTarget) -> bool {
        let home = match (&self.home, &other.home) {
            (
                Home::Azure { group, subscription: Some(subscription) },
                Home::Azure { group: others, subscription: Some(other) },
            ) => (group, subscription) == (others, other),
            (Home::Azure { group, .. }, Home::Azure { group: others, .. }) => group == others,
            (home, other) => home == other,
        };
        home && (&self.name, &self.region) == (&other.name, &other.region)
    }
}

/// A name, with a port where that is not the usual one.
fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    !name.is_empty() && name.bytes().all(plain) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn is_account(text: &str) -> bool {
    text.len() == ACCOUNT && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Integration {
    /// Where it leads; nothing for what is no kind.
    ///
    /// # Errors
    /// Every problem of its settings, with its place.
    pub fn target(&self) -> Result<Option<Target>, Vec<(String, Span)>> {
        let mut reader = Reader { integration: self, problems: self.unknown.clone() };
        let target = match self.kind {
            Kind::Ecr => Some(Target::Registry(reader.registry())),
            Kind::EcrPublic => {
                reader.public_region();
                Some(Target::Registry(Registry::public()))
            }
            Kind::Eks => Some(Target::Cluster(reader.cluster())),
            Kind::Acr => Some(Target::Registry(reader.azure_registry())),
            Kind::Aks => Some(Target::Cluster(reader.azure_cluster())),
            Kind::Gke => Some(Target::Cluster(reader.google_cluster())),
            Kind::Git => Some(Target::Git(reader.git())),
            Kind::Github => Some(Target::Github(reader.github())),
            Kind::Unsupported | Kind::Missing => None,
        };
        if reader.problems.is_empty() { Ok(target) } else { Err(reader.problems) }
    }
}

struct Reader<'a> {
    integration: &'a Integration,
    problems: Vec<(String, Span)>,
}

impl Reader<'_> {
    fn node(&self, path: &[&str]) -> Option<&Node> {
        let path = std::iter::once("spec").chain(path.iter().copied());
        self.integration.node.get_path(path).filter(|node| !node.is_empty())
    }

    /// The same, with lists and maps that are empty.
    fn written(&self, path: &[&str]) -> Option<&Node> {
        let path = std::iter::once("spec").chain(path.iter().copied());
        self.integration.node.get_path(path).filter(|node| !node.is_null())
    }

    fn fail(&mut self, path: &[&str], reason: String) {
        let known = (0..=path.len()).rev().find_map(|length| self.node(&path[..length]).map(|node| node.span));
        self.problems.push((reason, known.unwrap_or(self.integration.span)));
    }

    fn text(&mut self, path: &[&str]) -> Option<String> {
        let whole = std::iter::once("spec").chain(path.iter().copied());
        // An empty list or map counts as one, and not as nothing.
        let node = self.integration.node.get_path(whole).filter(|node| !node.is_null())?;
        let text = node.scalar_text();
        if text.is_none() {
            self.fail(path, format!("`spec.{}` must be a string", path.join(".")));
        }
        text.filter(|text| !text.is_empty())
    }

    fn needed(&mut self, path: &[&str]) -> String {
        let is_there = self.node(path).is_some();
        let text = self.text(path).unwrap_or_default();
        if !is_there {
            self.fail(path, format!("`spec.{}` is required for {}", path.join("."), self.integration.kind_text));
        }
        text
    }

    fn region(&mut self, path: &[&str]) -> String {
        let region = self.needed(path);
        if let Some(reason) = region_problem(&region) {
            self.fail(path, reason);
        }
        region
    }

    fn registry(&mut self) -> Registry {
        let path = ["registry", "account_id"];
        let account = self.needed(&path);
        if !account.is_empty() && !is_account(&account) {
            let mut reason =
                format!("account_id `{}` is not the number of an account: 12 digits", account.escape_debug());
            if matches!(self.node(&path).map(|node| &node.value), Some(Value::Int(_))) {
                reason += ", in quotes where the first is a 0";
            }
            self.fail(&path, reason);
        }
        let region = self.region(&["registry", "region"]);
        Registry::private(&account, &region)
    }

    /// There is one service for the whole world; whoever names a place means one of those that the service has.
    fn public_region(&mut self) {
        let path = ["registry", "region"];
        if let Some(region) = self.text(&path).filter(|region| !PUBLIC_REGIONS.contains(&region.as_str())) {
            let known = PUBLIC_REGIONS.join(" or ");
            self.fail(&path, format!("region `{}` has no public registry: {known}", region.escape_debug()));
        }
    }

    fn azure_registry(&mut self) -> Registry {
        let path = ["registry", "name"];
        let name = self.needed(&path);
        let registry = Registry::azure(&name);
        if registry.is_none() && !name.is_empty() {
            let shown = name.escape_debug();
            self.fail(
                &path,
                format!("`{shown}` is not the name of a registry of Azure, such as acme or acme.azurecr.io"),
            );
        }
        self.text(&["registry", "tenant_id"]);
        let host = String::new();
        registry.unwrap_or(Registry { host, region: String::new(), service: RegistryService::Acr })
    }

    fn git(&mut self) -> GitTarget {
        let (token, username) = (self.text(&["token"]), self.text(&["username"]));
        let path = ["hosts"];
        let Some(node) = self.node(&path) else {
            self.fail(&path, format!("`spec.hosts` is required for {}", self.integration.kind_text));
            return GitTarget::default();
        };
        let written: Option<Vec<String>> = match node.as_list() {
            Some(list) => list.iter().map(Node::scalar_text).collect(),
            None => node.scalar_text().map(|host| vec![host]),
        };
        let Some(written) = written else {
            self.fail(&path, "`spec.hosts` must be a list of hosts".to_owned());
            return GitTarget::default();
        };
        let hosts: Vec<String> = written.iter().map(|host| host.trim().to_lowercase()).collect();
        for host in &hosts {
            if !is_host(host) {
                self.fail(&path, format!("`{}` is no host, such as github.com", host.escape_debug()));
            } else if token.is_none() && codecommit_region(host).is_none() {
                self.fail(
                    &path,
                    format!("`spec.token` is required for {host}: the variable of the identity with the token"),
                );
            }
        }
        GitTarget { hosts, token, username }
    }

    fn github(&mut self) -> GithubTarget {
        let texts = |node: &Node| match node.as_list() {
            Some(list) => list.iter().map(Node::scalar_text).collect::<Option<Vec<_>>>(),
            None => node.scalar_text().map(|text| vec![text]),
        };
        let repos = self.written(&["repos"]).filter(|node| node.as_str() != Some(""));
        let repos = repos.map_or_else(|| Some(Vec::new()), texts);
        if repos
            .as_ref()
            .is_none_or(|repos| repos.iter().any(|repo| repo.split('/').filter(|part| !part.is_empty()).count() != 2))
        {
            self.fail(&["repos"], "`spec.repos` must be a list of repositories, such as acme/modules".to_owned());
        }
        let policy = self.text(&["policy_name"]).unwrap_or_else(|| "default".to_owned());
        let mode = self.text(&["git_config_mode"]);
        if let Some(mode) = mode.as_deref().filter(|mode| !["env", "file"].contains(mode)) {
            self.fail(
                &["git_config_mode"],
                format!("invalid git_config_mode `{}`: use env or file", mode.escape_debug()),
            );
        }
        let revoke = self.written(&["revoke_on_exit"]);
        if revoke.is_some_and(|node| node.as_bool().is_none()) {
            self.fail(&["revoke_on_exit"], "`spec.revoke_on_exit` must be true or false".to_owned());
        }
        let revoke = self.node(&["revoke_on_exit"]).and_then(Node::as_bool);
        let variable = self.text(&["token_env"]).unwrap_or_else(|| VARIABLE.to_owned());
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !variable.contains("{{")
            && (!variable.chars().all(plain) || variable.starts_with(|c: char| c.is_ascii_digit()))
        {
            self.fail(&["token_env"], format!("`{}` is not the name of a variable", variable.escape_debug()));
        }
        GithubTarget {
            repos: repos.unwrap_or_default(),
            policy,
            in_file: mode.map(|mode| mode == "file"),
            revoke,
            variable,
        }
    }

    fn cluster(&mut self) -> ClusterTarget {
        let name = self.needed(&["cluster", "name"]);
        if !name.is_empty() && !is_cluster_name(&name) {
            self.fail(&["cluster", "name"], format!("`{}` is not the name of a cluster", name.escape_debug()));
        }
        let region = self.region(&["cluster", "region"]);
        self.kubeconfig(name, region, Home::Aws)
    }

    fn azure_cluster(&mut self) -> ClusterTarget {
        let name = self.part("name", "the name of a cluster");
        let group = self.part("resource_group", "the name of a resource group");
        let subscription = self.optional("subscription_id", "the id of a subscription");
        self.kubeconfig(name, String::new(), Home::Azure { group, subscription })
    }

    fn google_cluster(&mut self) -> ClusterTarget {
        let name = self.part("name", "the name of a cluster");
        let project = self.part("project_id", "the id of a project");
        let location = self.part("location", "a region or a zone");
        self.kubeconfig(name, location, Home::Google { project })
    }

    fn kubeconfig(&mut self, name: String, region: String, home: Home) -> ClusterTarget {
        let alias = self.text(&["cluster", "alias"]);
        let path = self.text(&["cluster", "kubeconfig", "path"]);
        ClusterTarget { name, region, home, alias, path, mode: self.mode(), update: self.update() }
    }

    /// A setting of the cluster that becomes part of an address.
    fn part(&mut self, key: &str, what: &str) -> String {
        let text = self.needed(&["cluster", key]);
        if !text.is_empty() && !is_part(&text) {
            self.fail(&["cluster", key], format!("`{}` is not {what}", text.escape_debug()));
        }
        text
    }

    fn optional(&mut self, key: &str, what: &str) -> Option<String> {
        let text = self.text(&["cluster", key])?;
        if !is_part(&text) {
            self.fail(&["cluster", key], format!("`{}` is not {what}", text.escape_debug()));
        }
        Some(text)
    }

    fn mode(&mut self) -> Option<u32> {
        let path = ["cluster", "kubeconfig", "mode"];
        let text = self.text(&path)?;
        let digits = text.strip_prefix("0o").unwrap_or(&text);
        let mode = u32::from_str_radix(digits, 8).ok().filter(|mode| *mode <= 0o777 && mode & 0o400 != 0);
        // YAML reads `0600` as a number, whose digits are others: one that its owner could not write is such a number.
        let is_number = matches!(self.node(&path).map(|node| &node.value), Some(Value::Int(_)));
        let mode = mode.filter(|mode| !is_number || mode & 0o600 == 0o600);
        if mode.is_none() {
            let hint = if is_number { ": write it in quotes, as \"0600\"" } else { ", such as \"0600\"" };
            self.fail(&path, format!("invalid kubeconfig mode `{}`{hint}", text.escape_debug()));
        }
        mode
    }

    fn update(&mut self) -> Update {
        let path = ["cluster", "kubeconfig", "update"];
        let Some(word) = self.text(&path) else { return Update::default() };
        if let Some((_, update)) = UPDATES.iter().find(|(name, _)| *name == word) {
            return *update;
        }
        let near = nearest(&word, UPDATES.iter().map(|(name, _)| *name));
        let near = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
        let shown = word.escape_debug();
        self.fail(&path, format!("invalid kubeconfig update mode `{shown}`: use merge, replace or error{near}"));
        Update::default()
    }
}

/// What Azure and Google take in names that become part of an address. A project may have a domain before its name.
pub(in crate::auth) fn is_part(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "-_.():".contains(c);
    !text.is_empty() && text.len() <= LONGEST_NAME && !text.starts_with(['-', '.']) && text.chars().all(plain)
}

/// What the service takes for the name of a cluster; it becomes part of an address.
pub(super) fn is_cluster_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    name.len() <= LONGEST_NAME && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_known_by_their_names() {
        let known = |text: &str| Registry::parse(text).map(|registry| (registry.host, registry.region));
        let found = |host: &str, region: &str| Some((host.to_owned(), region.to_owned()));
        let host = "111111111111.dkr.ecr.eu-west-1.amazonaws.com";
        for text in [host.to_owned(), format!("https://{host}"), format!("https://{host}/app/web")] {
            assert_eq!(known(&text), found(host, "eu-west-1"), "{text}");
        }
        let china = "111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn";
        assert_eq!(known(china), found(china, "cn-north-1"));
        assert_eq!(known("public.ecr.aws/x/y"), found("public.ecr.aws", "us-east-1"));
        for text in [
            "",
            "ghcr.io",
            "1.dkr.ecr.eu-west-1.amazonaws.com",
            "111111111111.dkr.ecr.eu-west-1.amazonaws.com.evil.test",
            "111111111111.dkr.ecr.EU.amazonaws.com",
            "http://111111111111.dkr.ecr.eu-west-1.amazonaws.com",
        ] {
            assert_eq!(known(text), None, "{text}");
        }
        let azure = |text: &str| Registry::azure(text).map(|registry| registry.host);
        for (text, host) in [
            ("acme", Some("acme.azurecr.io")),
            ("Acme.azurecr.us", Some("acme.azurecr.us")),
            ("https://acme-abc123.azurecr.io/app/web", Some("acme-abc123.azurecr.io")),
            ("acme.azurecr.io.evil.test", None),
            ("acme.evil.test", None),
            ("-x", None),
            ("", None),
        ] {
            assert_eq!(azure(text).as_deref(), host, "{text}");
        }
    }
}
