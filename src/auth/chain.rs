//! From an identity's name to the ordered steps that lead to its credentials. Pure.
//!
//! Read [`Chain::build`], then [`Chain::fingerprint`]. Row 5.

use std::collections::HashSet;

use super::aws::endpoint::Endpoints;
use super::bounds;
use super::clouds::Cloud;
use super::config::{AuthConfig, Identity, Provider, Via};
use super::error::{Error, Mark, known_names};
use super::federation::{self, Before, Entry, Form, misfit};
use super::fingerprint::{Fields, Fingerprint, hash_provider, hash_step};
use super::kind::{IdentityKind, ProviderKind};
use super::name::IdentityName;
use super::principal::{principal_problems, region_problem};
use super::realm::Realm;
use super::user::{Error as UserError, share_devices};
use crate::secret::without_userinfo;
use crate::span::{Sources, Span};

/// The steps from the root to the target. At least one identity.
#[derive(Debug, Clone)]
pub struct Chain {
    /// `None` when the first identity stands alone.
    pub provider: Option<Provider>,
    /// From the one nearest to the root to the target.
    pub identities: Vec<Identity>,
}

impl Chain {
    /// Follows `via` from `name` to its root and checks that the kinds fit together.
    ///
    /// # Errors
    /// Unknown references, cycles, kinds that are unknown, not built or do not fit, an unusable principal (exit 2).
    pub fn build(auth: &AuthConfig, name: &IdentityName, sources: &Sources) -> Result<Chain, Error> {
        let mut identities: Vec<Identity> = Vec::new();
        let mut seen: HashSet<&IdentityName> = HashSet::new();
        let mut wanted = (name.as_str().to_owned(), Span::default());
        let provider = loop {
            let identity = find(auth, &wanted.0, wanted.1, sources)?;
            if !seen.insert(&identity.name) {
                return Err(cycle(&identities, identity, wanted.1, sources));
            }
            identities.push(identity.clone());
            match &identity.via {
                Via::Identity(next, span) => wanted = (next.clone(), *span),
                Via::Provider(name, span) => break Some(find_provider(auth, name, *span, sources)?.clone()),
                Via::None => break None,
                Via::Invalid(reason, span) => {
                    return Err(invalid(&format!("identity `{}`: {reason}", identity.name), 1, *span, sources));
                }
            }
        };
        identities.reverse();
        share_devices(&mut identities);
        let chain = Chain { provider, identities };
        chain.check(sources)?;
        Ok(chain)
    }

    /// The identity that was asked for.
    pub fn target(&self) -> &Identity {
        &self.identities[self.identities.len() - 1]
    }

    /// Name of the root: the provider, what the reference calls one, or the first identity where it stands alone.
    pub fn root(&self) -> &str {
        match &self.provider {
            Some(provider) => provider.name.as_str(),
            None => self.identities[0].kind.root().unwrap_or_else(|| self.identities[0].name.as_str()),
        }
    }

    /// Root to target.
    pub fn names(&self) -> Vec<String> {
        let provider = self.provider.iter().map(|provider| provider.name.as_str().to_owned());
        provider.chain(self.identities.iter().map(|identity| identity.name.as_str().to_owned())).collect()
    }

    /// Index of the first identity whose answer does not depend on those before it: mock kinds need no base.
    pub fn start(&self) -> usize {
        self.identities.iter().rposition(|identity| identity.kind == IdentityKind::Mock).unwrap_or(0)
    }

    /// True when no step needs a network, a cache or a login.
    pub fn is_mock(&self) -> bool {
        self.target().kind == IdentityKind::Mock
    }

    /// The user whose key is at the root.
    pub fn user(&self) -> Option<&Identity> {
        self.identities.first().filter(|first| first.kind == IdentityKind::User)
    }

    /// What it gives comes from the environment and is never kept.
    pub fn is_ambient(&self) -> bool {
        let provider = match self.provider.as_ref().map(|provider| &provider.kind) {
            Some(ProviderKind::Federated(kind)) if self.start() == 0 => kind.module().is_ambient(),
            _ => false,
        };
        let module = matches!(self.identities[0].kind, IdentityKind::Federated(kind) if kind.module().is_ambient());
        provider || module || self.identities[0].kind.is_ambient()
    }

    /// The region for the identity at `index`: the nearest one named on the way to the root, else the provider's.
    pub fn region(&self, index: usize) -> Option<&str> {
        self.identities[..=index]
            .iter()
            .rev()
            .find_map(Identity::own_region)
            .or_else(|| self.provider.as_ref().and_then(|provider| provider.region.as_deref()))
    }

    /// Fingerprint of the chain up to the identity at `index`.
    pub fn fingerprint(&self, index: usize, realm: &Realm, endpoints: &Endpoints) -> Fingerprint {
        let mut last = self.hash_root(realm);
        self.hash_steps(index, &mut last, endpoints, |_| {});
        last.fingerprint()
    }

    /// Those of all identities up to the one at `index`, each step hashed once.
    pub(crate) fn fingerprints(&self, index: usize, realm: &Realm, endpoints: &Endpoints) -> Vec<Fingerprint> {
        let mut prints = Vec::with_capacity(index + 1);
        let mut hash = self.hash_root(realm);
        self.hash_steps(index, &mut hash, endpoints, |so_far| prints.push(so_far.fingerprint()));
        prints
    }

    pub(super) fn hash_root(&self, realm: &Realm) -> Fields {
        let mut hash = Fields::default();
        hash.field("realm", realm.as_str());
        if let Some(provider) = &self.provider {
            hash_provider(&mut hash, provider);
        }
        hash
    }

    fn hash_steps(&self, index: usize, hash: &mut Fields, endpoints: &Endpoints, mut each: impl FnMut(&Fields)) {
        let mut region = self.provider.as_ref().and_then(|provider| provider.region.as_deref());
        for identity in &self.identities[..=index] {
            region = identity.own_region().or(region);
            hash_step(hash, identity, region, self.provider.as_ref(), endpoints);
            each(hash);
        }
    }

    fn check(&self, sources: &Sources) -> Result<(), Error> {
        for index in self.start()..self.identities.len() {
            self.check_step(index, sources)?;
        }
        if let Some(provider) = self.provider.as_ref().filter(|_| self.start() == 0 && !self.is_mock_at(0)) {
            check_provider(provider, sources)?;
        }
        Ok(())
    }

    /// The step before one that is not the first.
    fn before(&self, index: usize) -> &Identity {
        &self.identities[index.saturating_sub(1)]
    }

    fn is_mock_at(&self, index: usize) -> bool {
        self.identities[index].kind == IdentityKind::Mock
    }

    pub(super) fn check_step(&self, index: usize, sources: &Sources) -> Result<(), Error> {
        let identity = &self.identities[index];
        let who = format!("identity `{}`", identity.name);
        let fail = |reason: &str, exit| Err(invalid(&format!("{who}: {reason}"), exit, identity.span, sources));
        let via_provider = matches!(identity.via, Via::Provider(..));
        match identity.kind {
            IdentityKind::Missing => fail("identity kind is required", 1),
            IdentityKind::Unsupported => fail(&format!("unsupported identity kind: {}", identity.kind_text), 1),
            IdentityKind::NotBuilt { .. } => {
                let Mark { place, text, at } = Mark::of(sources, identity.span);
                Err(Error::NotBuilt { what: who, kind: identity.kind_text.clone(), place, text, at })
            }
            IdentityKind::Mock => Ok(()),
            IdentityKind::User | IdentityKind::CredentialProcess | IdentityKind::AwsAmbient | IdentityKind::Ambient => {
                match standing_problem(identity) {
                    Some(reason) => fail(&reason, 1),
                    None if identity.kind == IdentityKind::User && identity.credentials.is_half() => {
                        let Mark { place, .. } = Mark::of(sources, identity.credentials.span);
                        Err(UserError::Half { identity: identity.name.to_string(), place }.into())
                    }
                    None => principal(identity, sources),
                }
            }
            IdentityKind::Federated(kind) => {
                let before = match (index.checked_sub(1), &self.provider) {
                    (Some(before), _) => Before::Identity(&self.identities[before]),
                    (None, Some(provider)) => Before::Provider(provider),
                    (None, None) => Before::Nothing,
                };
                if let Some(reason) = misfit(kind.module(), &before) {
                    return fail(&reason, 1);
                }
                match federation::problems(kind.module(), &Entry::identity(identity)).into_iter().next() {
                    Some((reason, span)) => Err(invalid(&format!("{who}: {reason}"), 2, span, sources)),
                    None => Ok(()),
                }
            }
            IdentityKind::AssumeRoot => match identity.via {
                Via::Identity(..) => match base_problem(&identity.kind_text, self.before(index)) {
                    Some(reason) => fail(&reason, 1),
                    None => principal(identity, sources),
                },
                _ => fail("aws/assume-root needs `via.identity`", 1),
            },
            IdentityKind::PermissionSet => {
                let provider = self.provider.as_ref().filter(|_| via_provider);
                match provider.map(|provider| &provider.kind) {
                    Some(ProviderKind::IdentityCenter) => principal(identity, sources),
                    Some(ProviderKind::Missing | ProviderKind::Unsupported) => Ok(()),
                    Some(ProviderKind::Mock | ProviderKind::Federated(_)) | None => {
                        fail("aws/permission-set needs `via.provider` of kind aws/iam-identity-center", 1)
                    }
                }
            }
            IdentityKind::AssumeRole => match self.provider.as_ref().map(|provider| &provider.kind) {
                _ if identity.via == Via::None => fail("aws/assume-role needs `via.identity` or `via.provider`", 1),
                Some(ProviderKind::IdentityCenter) if via_provider => {
                    fail("aws/assume-role cannot use a portal token: put an aws/permission-set between", 1)
                }
                Some(ProviderKind::Federated(kind)) if via_provider && !is_for_roles(kind.module().gives()) => fail(
                    &format!("aws/assume-role cannot use what a provider of kind {} gives", kind.module().kind()),
                    1,
                ),
                _ if via_provider => principal(identity, sources),
                _ => match base_problem(&identity.kind_text, self.before(index)) {
                    Some(reason) => fail(&reason, 1),
                    None => principal(identity, sources),
                },
            },
        }
    }
}

/// A role of AWS can be assumed with it.
pub(crate) fn is_for_roles(form: Form) -> bool {
    match form {
        Form::Jwt | Form::Saml => true,
        Form::Google | Form::Azure | Form::Pro | Form::Credentials => false,
    }
}

const UNMANAGED: &str =
    "an identity of kind ambient has no credentials of its own: go by way of one of kind aws/ambient";

/// Why a role cannot be assumed as the identity before it.
pub(crate) fn base_problem(kind: &str, before: &Identity) -> Option<String> {
    if before.kind == IdentityKind::Ambient {
        return Some(UNMANAGED.to_owned());
    }
    let cloud = Cloud::of_identity(before).filter(|cloud| *cloud != Cloud::Aws)?;
    let (name, other) = (&before.name, &before.kind_text);
    Some(format!("{kind} needs credentials of AWS, and `{name}` of kind {other} is of {cloud}"))
}

/// What is wrong with an identity that starts its chain itself.
pub(crate) fn standing_problem(identity: &Identity) -> Option<String> {
    if identity.via != Via::None {
        return Some(format!("{} stands alone: take `via` away", identity.kind_text));
    }
    let needs_process = identity.kind == IdentityKind::CredentialProcess && identity.credentials.process.is_none();
    needs_process.then(|| "aws/credential-process needs `credentials.process`, the command to run".to_owned())
}

/// Providers that a chain really asks: the kind must be built and its settings usable.
pub(crate) fn check_provider(provider: &Provider, sources: &Sources) -> Result<(), Error> {
    let who = format!("provider `{}`", provider.name);
    let fail = |reason: String, span| {
        let Mark { place, text, at } = Mark::of(sources, span);
        Err(Error::InvalidProvider { reason: format!("{who}: {reason}"), place, text, at })
    };
    match provider.kind {
        ProviderKind::Missing => fail("provider kind is required".to_owned(), provider.span),
        ProviderKind::Unsupported => fail(format!("unsupported provider kind: {}", provider.kind_text), provider.span),
        ProviderKind::Mock => Ok(()),
        ProviderKind::Federated(kind) => {
            match federation::problems(kind.module(), &Entry::provider(provider)).into_iter().next() {
                Some((reason, span)) => fail(reason, span),
                None => Ok(()),
            }
        }
        ProviderKind::IdentityCenter => match identity_center_problem(provider) {
            Some((reason, span)) => fail(reason, span),
            None => Ok(()),
        },
    }
}

/// What is wrong with the settings of an `aws/iam-identity-center` provider.
pub(crate) fn identity_center_problem(provider: &Provider) -> Option<(String, Span)> {
    let Some((url, span)) = provider.start_url.as_ref().filter(|(url, _)| !url.is_empty()) else {
        return Some(("start_url is required".to_owned(), provider.span));
    };
    if super::aws::endpoint::check_url(url).is_err() {
        let url = bounds::shown(without_userinfo(url));
        return Some((format!("start_url `{url}` is not an http or https URL without a user"), *span));
    }
    match provider.region.as_deref() {
        None => Some(("region is required".to_owned(), provider.span)),
        Some(region) => region_problem(region).map(|reason| (reason, provider.span)),
    }
}

fn principal(identity: &Identity, sources: &Sources) -> Result<(), Error> {
    match principal_problems(identity).into_iter().next() {
        Some((reason, span)) => Err(invalid(&format!("identity `{}`: {reason}", identity.name), 2, span, sources)),
        None => Ok(()),
    }
}

fn find<'a>(auth: &'a AuthConfig, name: &str, span: Span, sources: &Sources) -> Result<&'a Identity, Error> {
    auth.identity(name).ok_or_else(|| {
        let Mark { place, text, at } = Mark::of(sources, span);
        let help = known_names(name, auth.identities.keys().map(IdentityName::as_str), "atmos auth list");
        Error::IdentityNotFound { name: name.to_owned(), context: String::new(), place, help, text, at }
    })
}

pub(crate) fn find_provider<'a>(
    auth: &'a AuthConfig,
    name: &str,
    span: Span,
    sources: &Sources,
) -> Result<&'a Provider, Error> {
    auth.provider(name).ok_or_else(|| {
        let Mark { place, text, at } = Mark::of(sources, span);
        let known = auth.providers.keys().map(super::name::ProviderName::as_str);
        let help = known_names(name, known, "atmos auth list --providers");
        Error::ProviderNotFound { name: name.to_owned(), place, help, text, at }
    })
}

fn cycle(seen: &[Identity], again: &Identity, span: Span, sources: &Sources) -> Error {
    let mut names: Vec<&str> =
        seen.iter().map(|identity| identity.name.as_str()).skip_while(|name| *name != again.name.as_str()).collect();
    names.push(again.name.as_str());
    let chain = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" -> ");
    let Mark { place, text, at } = Mark::of(sources, span);
    Error::Cycle { chain, place, text, at }
}

fn invalid(reason: &str, exit: u8, span: Span, sources: &Sources) -> Error {
    let Mark { place, text, at } = Mark::of(sources, span);
    Error::InvalidIdentity { reason: reason.to_owned(), place, exit, text, at }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
