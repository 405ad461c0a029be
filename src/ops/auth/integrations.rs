//! What follows from an identity (`auth.integrations`): after a login, for a run, by command, and after a logout. Row 12.
//!
//! What follows by itself never stands in the way of what it follows: a failure is a warning. By command it is an error.

use std::path::PathBuf;

use jiff::Timestamp;
use miette::Diagnostic;

use super::super::access::Access;
use super::gate::Gate;
use super::git;
use crate::auth::chain::Chain;
use crate::auth::creds::AwsCredentials;
use crate::auth::given::Credentials;
use crate::auth::integration::docker::{self, Docker};
use crate::auth::integration::kube::Switch;
use crate::auth::integration::{
    self, ClusterTarget, GithubTarget, Home, Integration, Kind, Registry, RegistryLogin, RegistryService, Target,
    conflict, kube, linked,
};
use crate::auth::realm::RealmSource;
use crate::auth::resolution::Source;
use crate::auth::run::Extras;
use crate::auth::{Error, IdentityName, Logins, Problem, Session};
use crate::diag::{Failure, Report, Result, Warning};
use crate::secret::{Expose as _, Secret};

/// What an integration did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    Login {
        what: &'static str,
        registry: String,
        place: String,
        expires: Option<Timestamp>,
    },
    Kubeconfig {
        what: &'static str,
        context: String,
        path: PathBuf,
        has_changed: bool,
        /// The current context of the file, where that is another one.
        current: Option<String>,
    },
}

/// The identity that integrations follow, with what they need of it.
pub(super) struct Holder<'a> {
    pub(super) access: &'a Access,
    pub(super) session: &'a Session,
    pub(super) chain: Chain,
    pub(super) credentials: &'a Credentials,
}

impl Holder<'_> {
    pub(super) async fn log_in(&self, registry: &Registry, tenant: Option<&str>) -> Result<Done> {
        store(self.access, &self.login(registry, tenant).await?, registry.service)
    }

    async fn login(&self, registry: &Registry, tenant: Option<&str>) -> Result<RegistryLogin> {
        if registry.service == RegistryService::Acr {
            return Ok(self.session.azure_login(&self.chain, registry, tenant).await?);
        }
        let keys = keys(self.access, &self.chain.target().name, self.credentials)?;
        Ok(self.session.registry_login(Some(&self.chain), keys, registry).await?)
    }

    pub(super) async fn write_kubeconfig(&self, target: &ClusterTarget, switch: Switch) -> Result<Done> {
        let target = target.clone().settled(self.chain.target());
        let (what, entry) = self.cluster(&target).await?;
        let kube::Written { path, context, has_changed, current } =
            kube::write(&self.access.host, &target, &entry, switch)?;
        Ok(Done::Kubeconfig { what, context, path, has_changed, current })
    }

    /// What stands in kubeconfigs about a cluster, and what people call its kind.
    async fn cluster(&self, target: &ClusterTarget) -> Result<(&'static str, kube::Entry)> {
        let all = Integration::all(self.session.settings());
        if let (Some(other), Some(alias)) = (conflict(self.session.settings(), &all, target), &target.alias) {
            let (context, first) = (alias.clone(), format!("cluster `{}`", target.name));
            return Err(
                integration::Error::SameContext { context, first, second: format!("integration `{other}`") }.into()
            );
        }
        let (session, chain) = (self.session, &self.chain);
        let (what, cluster) = match target.home {
            Home::Aws => {
                let keys = keys(self.access, &chain.target().name, self.credentials)?;
                ("EKS", session.cluster(chain, keys, &target.name, &target.region).await?)
            }
            Home::Azure { .. } => ("AKS", session.azure_cluster(chain, target).await?),
            Home::Google { .. } => ("GKE", session.google_cluster(chain, self.credentials, target).await?),
        };
        let context = target.alias.clone().unwrap_or_else(|| cluster.id.clone());
        let command = token_command(self.access, chain.target().name.as_str(), target, cluster.audience.as_deref());
        Ok((what, kube::Entry { cluster, context, command }))
    }

    async fn follow(&self, target: &Target, tenant: Option<&str>) -> Result<Option<Done>> {
        match target {
            Target::Registry(registry) => self.log_in(registry, tenant).await.map(Some),
            Target::Cluster(cluster) => self.write_kubeconfig(cluster, Switch::IfFree).await.map(Some),
            // Git asks by itself when it wants something; tokens are for one run.
            Target::Git(_) | Target::Github(_) => Ok(None),
        }
    }
}

/// Puts a login where docker looks for it.
pub(super) fn store(access: &Access, login: &RegistryLogin, service: RegistryService) -> Result<Done> {
    let place = Docker { host: &access.host }.store(login)?;
    let what = if service == RegistryService::Acr { "ACR" } else { "ECR" };
    Ok(Done::Login { what, registry: login.registry.clone(), place, expires: login.expires })
}

/// The settings of an integration; the first thing that is wrong with them is the error.
pub(super) fn target(access: &Access, integration: &Integration) -> Result<Option<Target>> {
    integration.target().map_err(|problems| {
        let (reason, span) = problems.into_iter().next().unwrap_or_default();
        let problem = Problem::error(format!("integration `{}`: {reason}", integration.name), span);
        IntegrationError::Settings { reason: problem.line(&access.host.sources) }.into()
    })
}

/// This program as a cluster's clients call it: wherever they are, it finds this configuration.
fn token_command(access: &Access, identity: &str, target: &ClusterTarget, audience: Option<&str>) -> Vec<String> {
    let mut own = match &target.home {
        Home::Aws => vec!["aws", "eks", "token", "--cluster-name", &target.name, "--region", &target.region],
        Home::Azure { group, .. } => {
            vec!["azure", "aks", "token", "--cluster-name", &target.name, "--resource-group", group]
        }
        Home::Google { .. } => vec!["gcp", "gke", "token"],
    };
    own.extend(audience.into_iter().flat_map(|audience| ["--server-id", audience]));
    if let Home::Azure { subscription: Some(subscription), .. } = &target.home {
        own.extend(["--subscription-id", subscription]);
    }
    own_words(access, &own, identity)
}

/// This program as others call it, who may be anywhere, with the configuration and the realm of now.
pub(super) fn own_words(access: &Access, own: &[&str], identity: &str) -> Vec<String> {
    let mut words = vec![access.host.exe.display().to_string()];
    words.extend(own.iter().map(|word| (*word).to_owned()));
    words.push(format!("--identity={identity}"));
    words.extend(access.helper_arguments.iter().cloned());
    if access.realm.source() == RealmSource::Env {
        words.extend(["--realm".to_owned(), access.realm.to_string()]);
    }
    words
}

/// After a login of an identity: its registries and clusters, each once in a process.
pub(super) async fn after_login(access: &Access, (name, source): (&IdentityName, Source), credentials: &Credentials) {
    let Ok(chain) = access.session.chain(name) else { return };
    let mut automatic = linked(&access.settings, &chain);
    automatic.retain(|integration| integration.is_automatic);
    if automatic.is_empty() {
        return;
    }
    if let Err(report) = may_follow(access, (name, source), credentials).await {
        let message = format!("the integrations of identity `{name}` do not follow: {report}");
        let warning = Warning::new("atmos::auth::integrations_refused", message);
        let help = report.diagnostic().help().map(|help| help.to_string());
        access.host.talk.warn(help.into_iter().fold(warning, Warning::help));
        return;
    }
    for integration in automatic {
        let followed = async {
            let Some(target) = target(access, &integration)? else { return Ok(None) };
            let key = format!("{target:?}");
            if !access.is_first(&key) {
                return Ok(None);
            }
            let holder = Holder { access, session: &access.session, chain: chain.clone(), credentials };
            let done = holder.follow(&target, integration.tenant().as_deref()).await;
            if done.is_err() {
                access.has_failed(&key);
            }
            done
        };
        match followed.await {
            Ok(done) => done.iter().for_each(|done| access.host.talk.info(line(done, access.host.now()))),
            Err(report) => warn(access, &integration, &report),
        }
    }
}

/// Logging in hands nothing out; a login that docker has, or a kubeconfig, does.
async fn may_follow(access: &Access, who: (&IdentityName, Source), credentials: &Credentials) -> Result<()> {
    let gate = Gate::open(access, who, "integrations", None)?;
    gate.allows(credentials).await
}

/// Whether an identity has integrations that follow by themselves.
pub(in super::super) fn has_any(access: &Access, session: &Session, name: &IdentityName) -> bool {
    let Ok(chain) = session.chain(name) else { return false };
    of_run(access, session, &chain).iter().any(|integration| integration.is_automatic)
}

/// Those of an identity, and in CI those of Atmos Pro: whoever runs there needs the modules, and nobody runs as the session
/// that gives the tokens for them.
fn of_run(access: &Access, session: &Session, chain: &Chain) -> Vec<Integration> {
    let mut all = linked(session.settings(), chain);
    if access.host.terminal.ci {
        let mut others = Integration::all(session.settings());
        others.retain(|other| other.kind == Kind::Github && all.iter().all(|known| known.name != other.name));
        all.extend(others);
    }
    all
}

/// For the children of a run as an identity: logins and clusters for the run's private folder.
pub(in super::super) async fn for_run(
    access: &Access,
    session: &Session,
    name: &IdentityName,
    credentials: &Credentials,
) -> Extras {
    let mut extras = Extras::default();
    let Ok(chain) = session.chain(name) else { return extras };
    for integration in of_run(access, session, &chain) {
        if !integration.is_automatic {
            continue;
        }
        let result = async {
            let Some(target) = target(access, &integration)? else { return Ok(()) };
            let holder = Holder { access, session, chain: chain.clone(), credentials };
            match target {
                Target::Registry(registry) => {
                    extras.logins.push(holder.login(&registry, integration.tenant().as_deref()).await?);
                }
                Target::Cluster(cluster) => {
                    let cluster = cluster.settled(chain.target());
                    let (_, entry) = holder.cluster(&cluster).await?;
                    // The run's own file has it also where the one of everybody cannot.
                    extras.clusters.push((cluster.clone(), entry.clone()));
                    extras.kubeconfigs.push(kube::write(&access.host, &cluster, &entry, Switch::IfFree)?.path);
                }
                Target::Git(git) => extras.git.extend(git::settings(access, name.as_str(), &git)),
                // Within a run its tokens are there already, and what they are got by is not.
                Target::Github(_) if access.parent.is_some() => {}
                Target::Github(github) => add_github(access, session, (&integration, &github), &mut extras).await?,
            }
            Ok(())
        };
        let result: Result<()> = result.await;
        if let Err(report) = result {
            warn(access, &integration, &report);
        }
    }
    extras
}

/// Tokens of GitHub for the children of a run.
async fn add_github(
    access: &Access,
    session: &Session,
    (integration, github): (&Integration, &GithubTarget),
    extras: &mut Extras,
) -> Result<()> {
    let Some(provider) = integration::provider_of(session.settings(), integration) else { return Ok(()) };
    let given = session.github_tokens(provider, github).await?;
    if github.is_in_file(&access.git_sts) {
        if !given.tokens.is_empty() {
            let before = extras.git_file.take().map(|text| text.expose_secret().to_owned()).unwrap_or_default();
            let text = before + integration::rewriting_file(&given.tokens).expose_secret();
            extras.git_file = Some(Secret::from(text));
        }
    } else {
        extras.git.extend(integration::rewrites(&given.tokens));
    }
    extras.variables.extend(github.variables(&given.tokens));
    if github.revokes(&access.git_sts) && access.host.terminal.ci {
        extras.revocable.extend(given.tokens.into_iter().map(|token| token.token));
    }
    Ok(())
}

/// Keys of AWS, which every call is signed with.
pub(super) fn keys<'a>(
    access: &Access,
    name: &IdentityName,
    credentials: &'a Credentials,
) -> Result<&'a AwsCredentials> {
    let kind = access.settings.identity(name.as_str()).map(|known| known.kind_text.clone()).unwrap_or_default();
    // The plain mock has keys of nobody, which nobody need be asked about.
    let keys = credentials.aws().filter(|_| kind != "mock");
    keys.ok_or_else(|| Error::NotAws { identity: name.to_string(), kind }.into())
}

pub(super) fn warn(access: &Access, integration: &Integration, report: &Report) {
    let message = format!("integration `{}` of kind {} failed: {report}", integration.name, integration.kind_text);
    let name = &integration.name;
    let again = match integration.kind {
        Kind::Ecr | Kind::EcrPublic => format!("`atmos aws ecr login {name}` tries again"),
        Kind::Acr => format!("`atmos azure acr login {name}` tries again"),
        Kind::Aks => format!("`atmos azure aks update-kubeconfig --integration {name}` tries again"),
        Kind::Gke => format!("`atmos gcp gke update-kubeconfig --integration {name}` tries again"),
        Kind::Github => "the next run tries again".to_owned(),
        _ => format!("`atmos aws eks update-kubeconfig --integration {name}` tries again"),
    };
    let help = report.diagnostic().help().map_or(again.clone(), |help| format!("{help}; {again}"));
    let warning = Warning::new("atmos::auth::integration_failed", message).help(help);
    access.host.talk.warn(match access.host.sources.place(integration.span) {
        Some(place) => warning.at(place),
        None => warning,
    });
}

/// What was done, for people.
pub fn line(done: &Done, now: Timestamp) -> String {
    match done {
        Done::Login { what, registry, place, expires } => {
            let left = expires.map(|expires| {
                let minutes = expires.duration_since(now).as_mins().max(0);
                format!(", expires in {}h {}m", minutes / 60, minutes % 60)
            });
            format!("{what} login: {registry} (in {place}{})", left.unwrap_or_default())
        }
        Done::Kubeconfig { what, context, path, has_changed, current } => {
            let same = if *has_changed { "" } else { " (as it was)" };
            let current = current.as_ref().map(|current| format!("; the current context stays {current}"));
            format!("{what} kubeconfig: {context} → {}{same}{}", path.display(), current.unwrap_or_default())
        }
    }
}

/// Variables of the environment for who uses an identity outside of a run.
pub(super) fn variables(access: &Access, name: &IdentityName) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    let Ok(chain) = access.session.chain(name) else { return variables };
    for integration in linked(&access.settings, &chain).iter().filter(|integration| integration.is_automatic) {
        match integration.target() {
            Ok(Some(Target::Registry(_))) if !variables.iter().any(|(name, _)| name == "DOCKER_CONFIG") => {
                let folder = docker::folder(&access.host);
                variables.extend(folder.map(|folder| ("DOCKER_CONFIG".to_owned(), folder.display().to_string())));
            }
            Ok(Some(Target::Cluster(cluster))) => {
                let path = kube::path(&access.host, &cluster).display().to_string();
                for name in crate::auth::delivery::KUBECONFIGS {
                    let known = variables.iter_mut().find(|(known, _)| known == name);
                    let old = match &known {
                        Some((_, value)) => value.clone(),
                        None => access.host.env.get(name).unwrap_or_default().to_owned(),
                    };
                    let joined = crate::auth::delivery::joined(old.as_ref(), path.as_ref());
                    let joined = joined.to_string_lossy().into_owned();
                    match known {
                        Some((_, value)) => *value = joined,
                        None => variables.push((name.to_owned(), joined)),
                    }
                }
            }
            _ => {}
        }
    }
    variables
}

/// Takes back what integrations wrote for identities. Returns what went, or would, and what is there still because a file
/// cannot be read or written: one such file keeps nothing else.
pub(super) fn forget(access: &Access, whose: &Logins, dry_run: bool) -> (Vec<String>, Vec<String>) {
    let (mut registries, mut gone, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for integration in Integration::all(&access.settings) {
        let owners = owners(access, &integration, whose);
        let concerned = !owners.is_empty() || matches!(whose, Logins::All);
        match integration.target() {
            Ok(Some(Target::Registry(registry))) if concerned => registries.push(registry.host),
            Ok(Some(Target::Cluster(cluster))) if concerned => {
                for cluster in settled(&cluster, &owners) {
                    match kube::remove(&access.host, &cluster, dry_run) {
                        Ok(path) => {
                            gone.extend(path.map(|path| format!("cluster {} in {}", cluster.name, path.display())));
                        }
                        Err(error) => left.push(format!("cluster {}: {error}", cluster.name)),
                    }
                }
            }
            _ => {}
        }
    }
    match (Docker { host: &access.host }).remove(&registries, dry_run) {
        Ok(removed) => {
            gone.extend(removed.into_iter().map(|(registry, place)| format!("login of {registry} in {place}")));
        }
        Err(error) => left.push(format!("logins of {}: {error}", registries.join(", "))),
    }
    (gone, left)
}

/// The chains of those whom an integration follows, among those who are logged out.
fn owners(access: &Access, integration: &Integration, whose: &Logins) -> Vec<Chain> {
    let chains: Vec<Chain> = match whose {
        Logins::Identity(name) => access.session.chain(name).into_iter().collect(),
        Logins::Provider(_) | Logins::All => {
            access.settings.identities.keys().filter_map(|name| access.session.chain(name).ok()).collect()
        }
    };
    let of_provider = |chain: &Chain| match whose {
        Logins::Provider(provider) => chain.root() == provider.as_str(),
        Logins::Identity(_) | Logins::All => true,
    };
    let is_owner = |chain: &Chain| of_provider(chain) && integration.is_of(&access.settings, chain);
    chains.into_iter().filter(is_owner).collect()
}

/// The cluster as each of them has written it down; once where that is the same.
fn settled(cluster: &ClusterTarget, owners: &[Chain]) -> Vec<ClusterTarget> {
    let mut all: Vec<ClusterTarget> = Vec::new();
    for settled in owners.iter().map(|chain| cluster.clone().settled(chain.target())) {
        if !all.contains(&settled) {
            all.push(settled);
        }
    }
    if all.is_empty() { vec![cluster.clone()] } else { all }
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum IntegrationError {
    #[error("{reason}")]
    #[diagnostic(
        code(atmos::auth::integration::settings),
        help("`atmos auth validate` lists every problem of the section")
    )]
    Settings { reason: String },
}

impl Failure for IntegrationError {}
