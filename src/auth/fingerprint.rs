//! What makes two chains give the same credentials. Pure.
//!
//! Read [`Fingerprint`], then [`hash_step`]. Row 5.

use sha2::{Digest, Sha256};

use super::aws::endpoint::{Endpoints, Service};
use super::config::{Identity, Principal, Provider};
use super::federation::{Entry, Registered};
use super::kind::{IdentityKind, ProviderKind};
use crate::value::{hex, to_json};

/// What makes two chains give the same credentials: hexadecimal SHA-256 over everything that the services are told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(String);

impl Fingerprint {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A fingerprint that was written down earlier.
    pub(crate) fn from_index(text: &str) -> Fingerprint {
        Fingerprint(text.to_owned())
    }
}

/// Hash of named fields, each with its length, so that no two lists of fields collide.
#[derive(Clone, Default)]
pub(super) struct Fields(Sha256);

impl Fields {
    /// What it comes to so far.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        Fingerprint(self.clone().finish())
    }

    pub(super) fn field(&mut self, name: &str, value: &str) {
        for part in [name, value] {
            self.0.update(part.len().to_be_bytes());
            self.0.update(part.as_bytes());
        }
    }

    pub(super) fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// One more step, in the region that holds there.
pub(super) fn hash_step(
    hash: &mut Fields,
    identity: &Identity,
    region: Option<&str>,
    provider: Option<&Provider>,
    endpoints: &Endpoints,
) {
    hash.field("identity", &identity.kind_text);
    hash.field("region", region.unwrap_or_default());
    let services: &[Service] = match identity.kind {
        IdentityKind::PermissionSet => &[Service::Sso],
        IdentityKind::AssumeRole | IdentityKind::AssumeRoot | IdentityKind::User => &[Service::Sts],
        _ => &[],
    };
    for service in services {
        let url = endpoints.url(*service, Some(&identity.spec), provider.map(|provider| &provider.spec));
        hash.field("endpoint", url.as_deref().unwrap_or_default());
    }
    hash_principal(hash, &identity.principal);
    if let IdentityKind::Federated(kind) = identity.kind {
        hash.field("identity_name", identity.name.as_str());
        hash_settings(hash, kind, &Entry::identity(identity));
    }
    hash_credentials(hash, identity);
}

pub(super) fn hash_provider(hash: &mut Fields, provider: &Provider) {
    hash.field("provider", &provider.kind_text);
    hash.field("start_url", provider.start_url.as_ref().map_or("", |(url, _)| url));
    hash.field("region", provider.region.as_deref().unwrap_or_default());
    let ProviderKind::Federated(kind) = &provider.kind else { return };
    hash_settings(hash, *kind, &Entry::provider(provider));
}

fn hash_settings(hash: &mut Fields, kind: Registered, entry: &Entry<'_>) {
    for setting in kind.module().settings().iter().filter(|setting| !setting.is_secret()) {
        if let Some(node) = entry.at(setting.path) {
            hash.field(setting.path, &to_json(node).to_string());
        }
    }
}

/// Fingerprint of what a provider is asked for.
pub(crate) fn provider_fingerprint(provider: &Provider) -> String {
    let mut hash = Fields::default();
    hash_provider(&mut hash, provider);
    hash.finish()
}

/// What the configuration says of a key, but not the key: that can be exchanged, and the record knows it.
fn hash_credentials(hash: &mut Fields, identity: &Identity) {
    let credentials = &identity.credentials;
    let fields = [
        ("mfa", &credentials.mfa_arn),
        ("process", &credentials.process),
        ("session_duration", &credentials.session_duration),
    ];
    // Other kinds have none of this, and sessions that are kept for them stay good.
    let own = matches!(identity.kind, IdentityKind::User | IdentityKind::CredentialProcess);
    for (key, value) in fields.into_iter().filter(|_| own) {
        hash.field(key, value.as_deref().unwrap_or_default());
    }
    if matches!(identity.kind, IdentityKind::User | IdentityKind::CredentialProcess | IdentityKind::AwsAmbient) {
        hash.field("identity_name", identity.name.as_str());
    }
}

fn hash_principal(hash: &mut Fields, principal: &Principal) {
    let single = [
        ("name", &principal.name),
        ("account_id", &principal.account_id),
        ("assume_role", &principal.assume_role),
        ("external_id", &principal.external_id),
        ("session_name", &principal.session_name),
        ("source_identity", &principal.source_identity),
        ("policy", &principal.policy),
        ("mfa_arn", &principal.mfa_arn),
        ("target_principal", &principal.target_principal),
        ("task_policy_arn", &principal.task_policy_arn),
    ];
    for (key, value) in single {
        if let Some(value) = value {
            hash.field(key, value);
        }
    }
    // The id wins over the name, so a name beside it changes nothing.
    if let (None, Some(name)) = (&principal.account_id, &principal.account_name) {
        hash.field("account_name", name);
    }
    if let Some((duration, _)) = &principal.duration {
        hash.field("duration", duration);
    }
    for (key, value) in &principal.session_tags {
        hash.field("tag", key);
        hash.field("value", value);
    }
    for (key, values) in [("transitive", &principal.transitive_tag_keys), ("policy_arn", &principal.policy_arns)] {
        for value in values {
            hash.field(key, value);
        }
    }
}
