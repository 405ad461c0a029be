//! The kinds of stores, with the names that the configuration has for them.

/// A kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// AWS SSM Parameter Store.
    Ssm,
    /// AWS Secrets Manager.
    SecretsManager,
    /// Azure Key Vault.
    KeyVault,
    /// Google Secret Manager.
    SecretManager,
    Artifactory,
    Redis,
    Vault,
    OnePassword,
    Keychain,
    GitHubActions,
}

/// Name, kind; the first name of a kind is the one for messages.
const NAMES: [(&str, Kind); 20] = [
    ("aws/ssm", Kind::Ssm),
    ("aws-ssm-parameter-store", Kind::Ssm),
    ("aws/asm", Kind::SecretsManager),
    ("aws-secrets-manager", Kind::SecretsManager),
    ("azure/keyvault", Kind::KeyVault),
    ("azure-key-vault", Kind::KeyVault),
    ("gcp/secretmanager", Kind::SecretManager),
    ("google/secretmanager", Kind::SecretManager),
    ("google-secret-manager", Kind::SecretManager),
    ("gsm", Kind::SecretManager),
    ("artifactory", Kind::Artifactory),
    ("redis", Kind::Redis),
    ("hashicorp/vault", Kind::Vault),
    ("hashicorp-vault", Kind::Vault),
    ("onepassword", Kind::OnePassword),
    ("1password", Kind::OnePassword),
    ("keychain", Kind::Keychain),
    ("keyring", Kind::Keychain),
    ("github/actions", Kind::GitHubActions),
    ("github-actions", Kind::GitHubActions),
];

impl Kind {
    pub(super) fn parse(text: &str) -> Option<Kind> {
        NAMES.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind)
    }

    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// A store of secrets by nature, whatever `secret` says.
    pub(super) fn is_secret(self) -> bool {
        matches!(self, Kind::OnePassword | Kind::Keychain | Kind::GitHubActions)
    }

    /// It keeps values in clear text, so that it cannot be a store of secrets.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Kind::Redis | Kind::Artifactory)
    }

    pub(super) fn is_built(self) -> bool {
        !matches!(self, Kind::Vault | Kind::OnePassword | Kind::Keychain | Kind::GitHubActions)
    }

    /// It is read as an AWS identity.
    pub fn is_aws(self) -> bool {
        matches!(self, Kind::Ssm | Kind::SecretsManager)
    }

    /// What stands between the parts of a stack's name where the configuration does not say it.
    pub(super) fn stack_delimiter(self) -> &'static str {
        if self.is_open() { "/" } else { "-" }
    }
}
