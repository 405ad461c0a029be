//! The clouds, and which of them an identity or a provider is for. Row 5.

use std::fmt;

use super::config::{Identity, Provider};
use super::federation::Form;
use super::kind::{IdentityKind, ProviderKind};

/// One whose credentials are of no use to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cloud {
    Aws,
    Google,
    Azure,
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cloud::Aws => "AWS",
            Cloud::Google => "Google Cloud",
            Cloud::Azure => "Azure",
        })
    }
}

impl Cloud {
    /// Of what a step takes or gives; none where that is known only when it is there.
    fn of_form(form: Form) -> Option<Cloud> {
        match form {
            Form::Google => Some(Cloud::Google),
            Form::Azure => Some(Cloud::Azure),
            Form::Saml => Some(Cloud::Aws),
            Form::Jwt | Form::Pro | Form::Credentials => None,
        }
    }

    /// Whose credentials an identity gives, as far as its kind says it.
    pub(crate) fn of_identity(identity: &Identity) -> Option<Cloud> {
        match identity.kind {
            IdentityKind::PermissionSet
            | IdentityKind::AssumeRole
            | IdentityKind::AssumeRoot
            | IdentityKind::User
            | IdentityKind::CredentialProcess
            | IdentityKind::AwsAmbient => Some(Cloud::Aws),
            IdentityKind::Federated(kind) => kind.module().takes().and_then(Cloud::of_form),
            IdentityKind::Ambient
            | IdentityKind::Mock
            | IdentityKind::NotBuilt { .. }
            | IdentityKind::Unsupported
            | IdentityKind::Missing => None,
        }
    }

    /// For whose identities a provider is, as far as its kind says it.
    pub(crate) fn of_provider(provider: &Provider) -> Option<Cloud> {
        match provider.kind {
            ProviderKind::IdentityCenter => Some(Cloud::Aws),
            ProviderKind::Federated(kind) => match kind.module().gives() {
                // A role of AWS is the only thing that takes it as it is.
                Form::Jwt => Some(Cloud::Aws),
                form => Cloud::of_form(form),
            },
            ProviderKind::Mock | ProviderKind::Unsupported | ProviderKind::Missing => None,
        }
    }
}
