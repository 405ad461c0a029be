//! What is known of an identity of another cloud before anybody signs in. Row 5.

use super::super::error::Error;
use super::super::kind::IdentityKind;
use super::super::name::IdentityName;
use super::super::session::Session;
use super::module::{Entry, Form, Outline, Seen};

/// Whose credentials an identity gives, as far as its kind says it.
#[derive(Debug, Clone)]
pub enum Gives {
    Aws,
    /// Another cloud.
    Elsewhere(Outline),
    /// That is known when they are there.
    Unknown,
}

impl Session {
    /// What an identity gives, by its configuration alone.
    ///
    /// # Errors
    /// There is no such identity, or its chain is broken.
    pub fn gives(&self, name: &IdentityName) -> Result<Gives, Error> {
        let chain = self.chain(name)?;
        let IdentityKind::Federated(kind) = chain.target().kind else { return Ok(Gives::Aws) };
        let module = kind.module();
        if module.gives() != Form::Credentials {
            return Ok(Gives::Aws);
        }
        let seen = Seen {
            entry: Entry::identity(chain.target()),
            provider: chain.provider.as_ref().map(Entry::provider),
            region: chain.region(chain.identities.len() - 1),
            now: self.context.host.now(),
        };
        Ok(module.outline(&seen).map_or(Gives::Unknown, Gives::Elsewhere))
    }
}
