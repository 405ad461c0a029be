//! The kinds of providers and identities: built, known but not built, unsupported. Row 5.

use super::federation::{self, Registered};

/// Kind of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderKind {
    /// `aws/iam-identity-center`
    IdentityCenter,
    /// `mock` and `mock/aws`: fixed credentials without any network.
    Mock,
    /// One of the modules of `federation`.
    Federated(Registered),
    Unsupported,
    /// No `kind` at all.
    Missing,
}

impl ProviderKind {
    pub fn parse(text: Option<&str>) -> ProviderKind {
        match text {
            None | Some("") => ProviderKind::Missing,
            Some("aws/iam-identity-center") => ProviderKind::IdentityCenter,
            Some("mock" | "mock/aws") => ProviderKind::Mock,
            Some(kind) => federation::provider(kind).map_or(ProviderKind::Unsupported, ProviderKind::Federated),
        }
    }
}

/// Kind of an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityKind {
    /// `aws/permission-set`
    PermissionSet,
    /// `aws/assume-role`
    AssumeRole,
    /// `aws/assume-root`: one task of the root user of a member account.
    AssumeRoot,
    /// `aws/user`: keys that last, and sessions made of them.
    User,
    /// `aws/credential-process`: what a program of the user's own prints.
    CredentialProcess,
    /// `aws/ambient`: what the environment, its files or the machine have.
    AwsAmbient,
    /// `ambient`: nothing at all is done; children have what this process has.
    Ambient,
    /// `mock` and `mock/aws`: fixed credentials without any network.
    Mock,
    /// One of the modules of `federation`.
    Federated(Registered),
    /// A kind of the reference that this version does not have yet.
    NotBuilt {
        /// It needs no `via`.
        standalone: bool,
    },
    Unsupported,
    /// No `kind` at all.
    Missing,
}

impl IdentityKind {
    pub fn parse(text: Option<&str>) -> IdentityKind {
        match text {
            None | Some("") => IdentityKind::Missing,
            Some("aws/permission-set") => IdentityKind::PermissionSet,
            Some("aws/assume-role") => IdentityKind::AssumeRole,
            Some("mock" | "mock/aws") => IdentityKind::Mock,
            Some("aws/assume-root") => IdentityKind::AssumeRoot,
            Some("aws/user") => IdentityKind::User,
            Some("aws/credential-process") => IdentityKind::CredentialProcess,
            Some("aws/ambient") => IdentityKind::AwsAmbient,
            Some("ambient") => IdentityKind::Ambient,
            Some("aws/emulator" | "gcp/emulator" | "azure/emulator" | "kubernetes/emulator") => {
                IdentityKind::NotBuilt { standalone: true }
            }
            Some(kind) => federation::identity(kind).map_or(IdentityKind::Unsupported, IdentityKind::Federated),
        }
    }

    /// It may be used without `via`.
    pub fn is_standalone(&self) -> bool {
        self.root().is_some() || matches!(self, IdentityKind::Mock | IdentityKind::NotBuilt { standalone: true })
    }

    /// What stands for a provider where there is none, as the reference names it.
    pub fn root(&self) -> Option<&'static str> {
        match self {
            IdentityKind::User => Some("aws-user"),
            IdentityKind::CredentialProcess => Some("aws-credential-process"),
            IdentityKind::AwsAmbient => Some("aws-ambient"),
            IdentityKind::Ambient => Some("ambient"),
            IdentityKind::Federated(kind) if kind.module().stands_alone() => Some(kind.module().kind()),
            _ => None,
        }
    }

    /// What comes from the environment is looked up each time, and never kept.
    pub fn is_ambient(&self) -> bool {
        matches!(self, IdentityKind::AwsAmbient | IdentityKind::Ambient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_kinds_are_told_from_those_not_built() {
        for (text, kind) in [
            (Some("aws/iam-identity-center"), ProviderKind::IdentityCenter),
            (Some("mock/aws"), ProviderKind::Mock),
            (Some("aws-sso"), ProviderKind::Unsupported),
            (Some("gcp/oidc"), ProviderKind::Unsupported),
            (None, ProviderKind::Missing),
        ] {
            assert_eq!(ProviderKind::parse(text), kind, "{text:?}");
        }
        let federated = ProviderKind::parse(Some("github/oidc"));
        assert_eq!(format!("{federated:?}"), "Federated(github/oidc)");
        assert_eq!(federated, ProviderKind::parse(Some("github/oidc")));
        assert_ne!(federated, ProviderKind::parse(Some("oidc")));
        assert_eq!(IdentityKind::parse(Some("aws")), IdentityKind::Unsupported);
        assert!(IdentityKind::parse(Some("aws/user")).is_standalone());
        assert_eq!(IdentityKind::parse(Some("aws/user")).root(), Some("aws-user"));
        assert!(!IdentityKind::parse(Some("aws/assume-root")).is_standalone());
    }
}
