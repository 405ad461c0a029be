//! Which entry of the configuration a failure of authentication is about. Row 5.

use std::sync::Arc;

use super::config::{Identity, Provider};
use super::error::{Error, Placed};
use super::kind::IdentityKind;
use super::user::Error as UserError;
use crate::span::{Sources, Span};
use crate::value::Node;

impl Error {
    /// What an identity failed with, where nobody has said a place yet. What its provider's portal refused is the provider's.
    pub(super) fn at_identity(self, identity: &Identity, provider: Option<&Provider>, sources: &Sources) -> Error {
        if let (Error::TokenCreation { .. }, Some(provider)) = (&self, provider) {
            return self.at_provider(provider, sources);
        }
        let span = span_of(&self, identity);
        self.at(span, sources)
    }

    /// The same of a provider.
    pub(super) fn at_provider(self, provider: &Provider, sources: &Sources) -> Error {
        self.at(provider.span, sources)
    }

    fn at(self, span: Span, sources: &Sources) -> Error {
        match sources.place(span).filter(|_| self.is_about_an_entry()) {
            Some(place) => Error::Placed(Arc::new(Placed { error: self, place })),
            None => self,
        }
    }

    /// Others have a place of their own, or are about this machine or the person at it.
    fn is_about_an_entry(&self) -> bool {
        match self {
            Error::Federation(_)
            | Error::Refused { .. }
            | Error::Unreachable { .. }
            | Error::NotAws { .. }
            | Error::AccountNotFound { .. }
            | Error::ExpiredOnArrival { .. }
            | Error::TokenCreation { .. } => true,
            Error::User(error) => !matches!(**error, UserError::Half { .. }),
            _ => false,
        }
    }
}

/// What of an identity decides what it is, by its kind.
fn span_of(error: &Error, identity: &Identity) -> Span {
    let path: &[&str] = match (&identity.kind, error) {
        (_, Error::AccountNotFound { .. }) => &["principal", "account"],
        (IdentityKind::PermissionSet, _) => &["principal", "name"],
        (IdentityKind::AssumeRole, _) => &["principal", "assume_role"],
        (IdentityKind::AssumeRoot, _) => &["principal", "target_principal"],
        (IdentityKind::CredentialProcess, _) => &["credentials", "process"],
        (IdentityKind::Federated(_), _) => &["spec", "command"],
        _ => &["kind"],
    };
    identity.node.get_path(path.iter().copied()).map_or(identity.span, |node: &Node| node.span)
}
