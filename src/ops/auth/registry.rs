//! `atmos aws ecr login`: logins of registries by command.

use miette::Diagnostic;

use super::super::access::Access;
use super::super::child::needed_choice;
use super::gate::Gate;
use super::integrations::{Done, Holder, store, target};
use crate::auth::integration::{Integration, Kind, Registry, RegistryService, Target, linked};
use crate::auth::known_names;
use crate::auth::resolution::{Flag, Scope, Source};
use crate::auth::{AuthConfig, IdentityName};
use crate::diag::{Failure, Result};

/// Logs in to registries of Azure: that of an integration, those of an identity, or named ones as an identity.
///
/// # Errors
/// As [`ecr_login`].
pub async fn acr_login(access: &Access, request: &AcrLoginRequest) -> Result<Vec<Done>> {
    if request.integration.is_some() && !request.registries.is_empty() {
        return Err(RegistryError::Exclusive { first: "--registry", second: "an integration" }.into());
    }
    if let Some(name) = &request.integration {
        if request.identity != Flag::NotGiven {
            return Err(RegistryError::Exclusive { first: "--identity", second: "an integration" }.into());
        }
        let integration = find(&access.settings, name, |kind| kind == Kind::Acr)?;
        let Some(Target::Registry(registry)) = target(access, &integration)?.filter(|_| integration.kind == Kind::Acr)
        else {
            return Err(other_kind(&integration).into());
        };
        let (identity, source) = owner(access, &integration)?;
        return as_identity(access, (&identity, source), &[(registry, integration.tenant())]).await;
    }
    if request.registries.is_empty() && request.identity == Flag::NotGiven {
        return Err(RegistryError::NothingOfAzure.into());
    }
    let (identity, source) = needed_choice(access, "acr-login", &request.identity)?;
    let mut registries = Vec::new();
    for text in &request.registries {
        let known = Registry::azure(text)
            .ok_or_else(|| RegistryError::UnknownOfAzure { text: text.escape_debug().to_string() });
        registries.push((known?, None));
    }
    if registries.is_empty() {
        registries = of_identity(access, &identity, |kind| kind == Kind::Acr)?;
    }
    as_identity(access, (&identity, source), &registries).await
}

#[derive(Debug, Clone, Default)]
pub struct AcrLoginRequest {
    /// Name of an entry of `auth.integrations`.
    pub integration: Option<String>,
    /// All registries of this identity, or who logs in to those that are named.
    pub identity: Flag,
    /// Names or login servers of registries.
    pub registries: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub struct EcrLoginRequest {
    /// Name of an entry of `auth.integrations`.
    pub integration: Option<String>,
    /// All registries of this identity, or who logs in to those that are named.
    pub identity: Flag,
    /// Names of registries.
    pub registries: Vec<String>,
    /// `public.ecr.aws`
    pub public: bool,
}

/// Logs in to an integration's registry, to all of an identity, or to those that are named; these without an identity by the
/// credentials of the environment.
///
/// # Errors
/// Nothing or too much is named, nobody is allowed in, or a login cannot be kept. What was done before stays done.
pub async fn ecr_login(access: &Access, request: &EcrLoginRequest) -> Result<Vec<Done>> {
    check(request)?;
    if let Some(name) = &request.integration {
        let integration = find(&access.settings, name, |kind| matches!(kind, Kind::Ecr | Kind::EcrPublic))?;
        let Some(Target::Registry(registry)) = target(access, &integration)?.filter(|_| integration.kind != Kind::Acr)
        else {
            return Err(other_kind(&integration).into());
        };
        let (identity, source) = owner(access, &integration)?;
        return as_identity(access, (&identity, source), &[(registry, None)]).await;
    }
    let mut registries = Vec::new();
    for text in &request.registries {
        let known = Registry::parse(text);
        registries.push(known.ok_or_else(|| RegistryError::Unknown { text: text.escape_debug().to_string() })?);
    }
    if request.public {
        registries.push(Registry::public());
    }
    if request.identity == Flag::NotGiven {
        return from_environment(access, &registries).await;
    }
    let (identity, source) = needed_choice(access, "ecr-login", &request.identity)?;
    let mut registries: Vec<_> = registries.into_iter().map(|registry| (registry, None)).collect();
    if registries.is_empty() {
        registries = of_identity(access, &identity, |kind| kind != Kind::Acr)?;
    }
    as_identity(access, (&identity, source), &registries).await
}

/// Only what can mean one thing.
fn check(request: &EcrLoginRequest) -> Result<(), RegistryError> {
    let both = |first, second| Err(RegistryError::Exclusive { first, second });
    let has_identity = request.identity != Flag::NotGiven;
    match (&request.integration, request.registries.is_empty(), request.public) {
        (Some(_), _, true) => both("--public", "an integration"),
        (Some(_), false, _) => both("--registry", "an integration"),
        (Some(_), ..) if has_identity => both("--identity", "an integration"),
        (None, false, true) => both("--public", "--registry"),
        (None, true, false) if !has_identity => Err(RegistryError::Nothing),
        _ => Ok(()),
    }
}

/// The integration of that name; where there is none, those of the kinds that fit are named.
///
/// # Errors
/// There is none.
pub(super) fn find(settings: &AuthConfig, name: &str, fits: impl Fn(Kind) -> bool) -> Result<Integration> {
    Ok(Integration::find(settings, name).ok_or_else(|| {
        let all = Integration::all(settings);
        let help = known_names(
            name,
            all.iter().filter(|known| fits(known.kind)).map(|known| known.name.as_str()),
            "atmos describe config",
        );
        RegistryError::NoIntegration { name: name.to_owned(), help }
    })?)
}

/// Why an integration is not for the command that names it.
pub(super) fn other_kind(integration: &Integration) -> impl Failure + use<> {
    RegistryError::OtherKind { name: integration.name.clone(), kind: integration.kind_text.clone() }
}

/// The identity that an integration belongs to, and who says so: its own, or of a provider's the one in force.
///
/// # Errors
/// There is none, or the one in force comes from elsewhere.
pub(super) fn owner(access: &Access, integration: &Integration) -> Result<(IdentityName, Source)> {
    if let Some(name) = &integration.identity {
        return match access.settings.identity(name) {
            Some(identity) => Ok((identity.name.clone(), Source::Default(Scope::Configuration))),
            None => Err(crate::auth::Error::identity_not_found(&access.settings, name).into()),
        };
    }
    let name = integration.name.clone();
    let Some(provider) = integration.provider.clone() else { return Err(RegistryError::Ownerless { name }.into()) };
    let (identity, source) = access.needed_choice(&Flag::NotGiven)?;
    if integration.is_of(&access.settings, &access.session.chain(&identity)?) {
        return Ok((identity, source));
    }
    Err(RegistryError::Elsewhere { name, provider, identity: identity.to_string() }.into())
}

/// A registry, with its tenant where that is said.
type Wanted = (Registry, Option<String>);

fn of_identity(access: &Access, identity: &IdentityName, fits: impl Fn(Kind) -> bool) -> Result<Vec<Wanted>> {
    let mut registries: Vec<Wanted> = Vec::new();
    for integration in linked(&access.settings, &access.session.chain(identity)?) {
        if integration.kind.is_registry()
            && fits(integration.kind)
            && let Some(Target::Registry(registry)) = target(access, &integration)?
            && !registries.iter().any(|(known, _)| *known == registry)
        {
            registries.push((registry, integration.tenant()));
        }
    }
    match registries.as_slice() {
        [] => Err(RegistryError::NotLinked { identity: identity.to_string() }.into()),
        _ => Ok(registries),
    }
}

async fn as_identity(
    access: &Access,
    (identity, source): (&IdentityName, Source),
    registries: &[Wanted],
) -> Result<Vec<Done>> {
    let is_azure = registries.iter().all(|(registry, _)| registry.service == RegistryService::Acr);
    let name = if is_azure { "acr-login" } else { "ecr-login" };
    let gate = Gate::open(access, (identity, source), name, None)?;
    let given = gate.given().await?;
    gate.write_down(None).await?;
    let chain = access.session.chain(identity)?;
    let holder = Holder { access, session: &access.session, chain, credentials: &given };
    let mut done = Vec::with_capacity(registries.len());
    for (registry, tenant) in registries {
        done.push(holder.log_in(registry, tenant.as_deref()).await?);
    }
    Ok(done)
}

async fn from_environment(access: &Access, registries: &[Registry]) -> Result<Vec<Done>> {
    let credentials = access.session.environment_keys().await?;
    let mut done = Vec::with_capacity(registries.len());
    for registry in registries {
        let login = access.session.registry_login(None, &credentials, registry).await?;
        done.push(store(access, &login, registry.service)?);
    }
    Ok(done)
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum RegistryError {
    #[error("nothing to log in to: name an integration, an identity or a registry")]
    #[diagnostic(
        code(atmos::aws::ecr_nothing),
        help("atmos aws ecr login <integration> | --identity <name> | --registry <host> | --public")
    )]
    Nothing,

    #[error("nothing to log in to: name an integration, an identity or a registry")]
    #[diagnostic(
        code(atmos::azure::acr_nothing),
        help("atmos azure acr login <integration> | --identity <name> | --registry <host>")
    )]
    NothingOfAzure,

    #[error("`{text}` is not the name of a registry of Azure")]
    #[diagnostic(code(atmos::azure::acr_registry), help("such a name is acme.azurecr.io"))]
    UnknownOfAzure { text: String },

    #[error("{first} cannot be combined with {second}")]
    #[diagnostic(code(atmos::aws::ecr_exclusive), help("leave one of them away"))]
    Exclusive { first: &'static str, second: &'static str },

    #[error("`{text}` is not the name of a registry of AWS")]
    #[diagnostic(
        code(atmos::aws::ecr_registry),
        help("such a name is 111111111111.dkr.ecr.eu-west-1.amazonaws.com or public.ecr.aws")
    )]
    Unknown { text: String },

    #[error("integration not found: `{name}`")]
    #[diagnostic(code(atmos::auth::integration_not_found), help("{help}"))]
    NoIntegration { name: String, help: String },

    #[error("integration `{name}` is of kind {kind}, which this command is not for")]
    #[diagnostic(
        code(atmos::auth::integration_kind),
        help(
            "registries: `atmos aws ecr login`, `atmos azure acr login`; clusters: `update-kubeconfig` of `atmos aws eks`, `atmos azure aks` or `atmos gcp gke`"
        )
    )]
    OtherKind { name: String, kind: String },

    #[error("integration `{name}` belongs to nobody")]
    #[diagnostic(code(atmos::auth::integration_ownerless), help("set `via.identity` of the integration"))]
    Ownerless { name: String },

    #[error("integration `{name}` belongs to provider `{provider}`, from which identity `{identity}` does not come")]
    #[diagnostic(
        code(atmos::auth::integration_elsewhere),
        help("name an identity of the provider: `--identity <name>`, or ATMOS_IDENTITY")
    )]
    Elsewhere { name: String, provider: String, identity: String },

    #[error("identity `{identity}` has no integrations with registries")]
    #[diagnostic(
        code(atmos::aws::ecr_not_linked),
        help(
            "add one of kind aws/ecr or azure/acr with `via.identity: {identity}` below `auth.integrations`, or use --registry"
        )
    )]
    NotLinked { identity: String },
}

impl Failure for RegistryError {}
