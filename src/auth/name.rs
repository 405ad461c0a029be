//! Names of identities and providers, spelled as in the configuration. Row 5.

use std::sync::Arc;

/// Name of an identity: any text, `/`, `.` and upper case included. Compared exactly; look-ups that are lenient are in
/// [`AuthConfig::identity`](super::config::AuthConfig::identity).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdentityName(Arc<str>);

/// Name of a provider, see [`IdentityName`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderName(Arc<str>);

impl IdentityName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ProviderName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for IdentityName {
    fn from(name: &str) -> IdentityName {
        IdentityName(Arc::from(name))
    }
}

impl From<&str> for ProviderName {
    fn from(name: &str) -> ProviderName {
        ProviderName(Arc::from(name))
    }
}

impl std::fmt::Display for IdentityName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Display for ProviderName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
