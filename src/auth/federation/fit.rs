//! Whether an identity can stand where it stands in a chain. Row 5.

use super::super::config::{Identity, Provider};
use super::super::kind::{IdentityKind, ProviderKind};
use super::module::{Form, Module};

/// What comes before an identity.
pub(crate) enum Before<'a> {
    Nothing,
    Provider(&'a Provider),
    Identity(&'a Identity),
}

/// Why the identity cannot use what comes before it. What is wrong with that itself is said elsewhere.
pub(crate) fn misfit(module: &dyn Module, before: &Before<'_>) -> Option<String> {
    let kind = module.kind();
    let Some(wanted) = module.takes() else {
        return (!matches!(before, Before::Nothing)).then(|| format!("{kind} stands alone: take `via` away"));
    };
    let ways = if module.follows_identities() { "via.provider or via.identity" } else { "via.provider" };
    match before {
        Before::Nothing if module.stands_alone() => None,
        Before::Nothing => Some(format!("via is required for kind {kind}: {ways}")),
        Before::Provider(provider) => match provider.kind {
            ProviderKind::Federated(other) if other.module().gives() == wanted => None,
            ProviderKind::Unsupported | ProviderKind::Missing => None,
            _ => Some(format!(
                "{kind} needs a provider of {}, and `{}` is of kind {}",
                cloud(wanted),
                provider.name,
                provider.kind_text
            )),
        },
        Before::Identity(identity) => match identity.kind {
            _ if !module.follows_identities() => Some(format!("{kind} needs {ways}")),
            IdentityKind::Federated(other) if other.module().takes() == Some(wanted) => None,
            IdentityKind::NotBuilt { .. } | IdentityKind::Unsupported | IdentityKind::Missing => None,
            _ => Some(format!(
                "{kind} needs an identity of {}, and `{}` is of kind {}",
                cloud(wanted),
                identity.name,
                identity.kind_text
            )),
        },
    }
}

fn cloud(form: Form) -> &'static str {
    match form {
        Form::Google => "Google Cloud (gcp/…)",
        Form::Azure => "Azure (azure/…)",
        Form::Pro => "Atmos Pro (atmos/pro)",
        Form::Jwt | Form::Saml | Form::Credentials => "another kind",
    }
}
