//! A new access key in place of the old one. What a step is about to do, or has got, is in the keyring before the next step:
//! whoever ends this process between two of them loses nothing, and the next rotation goes on from there.
//!
//! Read [`Session::rotate_keys`]. Row 5.

use std::time::Duration;

use jiff::SignedDuration;

use super::iam::{Iam, Listed};
use super::stored::{self, Rotating, StoredKeys};
use super::{Error, Keys};
use crate::auth::aws::refusal::Refusal;
use crate::auth::config::Identity;
use crate::auth::creds::AwsCredentials;
use crate::auth::error::Error as AuthError;
use crate::auth::identity::assume_role::caller_identity;
use crate::auth::kind::IdentityKind;
use crate::auth::name::IdentityName;
use crate::auth::record::CallerIdentity;
use crate::auth::session::Session;

/// How often, and how long after each other, a new key is tried: IAM needs some seconds to make it known everywhere.
const ATTEMPTS: u32 = 15;
const PAUSE: Duration = Duration::from_secs(2);
/// A key that nobody knows was made by a rotation that was broken off if it is at most this much younger than that.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// What a rotation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    pub old: String,
    pub new: String,
    /// It went on where an earlier one was broken off.
    pub resumed: bool,
    /// Other identities that had the old key, and have the new one now.
    pub also: Vec<String>,
}

impl Session {
    /// The identity of kind `aws/user` by that name.
    ///
    /// # Errors
    /// There is none of that name, or it is of another kind.
    pub fn user(&self, name: &IdentityName) -> Result<Identity, AuthError> {
        let identity = self
            .settings()
            .identity(name.as_str())
            .ok_or_else(|| AuthError::identity_not_found(self.settings(), name.as_str()))?;
        if identity.kind == IdentityKind::User {
            return Ok(identity.clone());
        }
        let users = self.users();
        if users.is_empty() {
            return Err(Error::None.into());
        }
        let names: Vec<&str> = users.iter().map(IdentityName::as_str).collect();
        let users = format!("identities of kind aws/user: {}", names.join(", "));
        let (identity, kind) = (identity.name.to_string(), identity.kind_text.clone());
        Err(Error::NotAUser { identity, kind, users }.into())
    }

    /// Names of all identities of kind `aws/user`, sorted.
    pub fn users(&self) -> Vec<IdentityName> {
        let users = self.settings().identities.values().filter(|identity| identity.kind == IdentityKind::User);
        let mut names: Vec<_> = users.map(|identity| identity.name.clone()).collect();
        names.sort();
        names
    }

    /// What the keyring has for the identity.
    ///
    /// # Errors
    /// The keyring cannot be read.
    pub async fn stored_keys(&self, name: &IdentityName) -> Result<Option<StoredKeys>, AuthError> {
        stored::load(&self.context, name.as_str()).await
    }

    /// Keeps keys for the identity. What had been there is replaced; a rotation that was under way is forgotten.
    ///
    /// # Errors
    /// The keyring does not last or refuses.
    pub async fn store_keys(&self, name: &IdentityName, keys: &StoredKeys) -> Result<(), AuthError> {
        self.context.host.masker.register(&keys.keys.secret_access_key);
        let _lock = self.context.lock(&self.lock_name(name), "changes the access key of the same identity").await?;
        stored::save(&self.context, name.as_str(), keys).await
    }

    /// Removes the keys of the identity from the keyring; true when there were some.
    ///
    /// # Errors
    /// The keyring refuses.
    pub async fn remove_keys(&self, name: &IdentityName) -> Result<bool, AuthError> {
        let _lock = self.context.lock(&self.lock_name(name), "changes the access key of the same identity").await?;
        stored::remove(&self.context, name.as_str()).await
    }

    /// Who a key belongs to, before it is stored.
    ///
    /// # Errors
    /// STS refuses it, or cannot be reached.
    pub async fn check_keys(&self, name: &IdentityName, keys: &Keys) -> Result<CallerIdentity, AuthError> {
        let identity = self.user(name)?;
        self.context.host.masker.register(&keys.secret_access_key);
        let caller = caller_identity(&self.context, &identity, None, &self.signer(&identity, keys)).await;
        caller.map_err(|refusal| refused(&identity, refusal))
    }

    /// Makes a new key, checks it, puts it in place of the old one, and removes the old one.
    ///
    /// # Errors
    /// No stored key, IAM refuses, or the new key is not accepted. The identity works in each of these cases.
    pub async fn rotate_keys(&self, name: &IdentityName) -> Result<Rotated, AuthError> {
        let identity = self.user(name)?;
        if identity.credentials.access_key_id.is_some() {
            return Err(Error::InConfiguration { identity: name.to_string() }.into());
        }
        let _lock = self.context.lock(&self.lock_name(name), "rotates the access key of the same identity").await?;
        let Some(mut entry) = stored::load(&self.context, name.as_str()).await? else {
            return Err(Error::NoKeys { identity: name.to_string(), or: String::new() }.into());
        };
        self.check_written(name, &entry.keys.access_key_id)?;
        let mut also = Vec::new();
        let resumed = entry.is_rotating();
        let mut old = entry.keys.access_key_id.clone();
        loop {
            entry.rotation = match entry.rotation.take() {
                None => Some(self.begin(&identity, &entry).await?),
                Some(Rotating::Begun { known, at }) => {
                    let iam = self.iam(&identity, &entry).await?;
                    for lost in iam.keys().await?.into_iter().filter(|key| !known.contains(&key.id)) {
                        discard(&iam, &lost, at).await?;
                    }
                    Some(Rotating::Made(iam.create().await?))
                }
                Some(Rotating::Made(keys)) => {
                    self.wait_for(&identity, &entry.keys, &keys).await?;
                    old = std::mem::replace(&mut entry.keys, keys).access_key_id;
                    Some(Rotating::Switched { old: old.clone() })
                }
                Some(Rotating::Switched { old: gone }) => {
                    also.extend(self.take_along(name, &gone, &entry.keys).await?);
                    self.iam(&identity, &entry).await?.delete(&gone).await?;
                    old = gone;
                    None
                }
            };
            stored::save(&self.context, name.as_str(), &entry).await?;
            if entry.rotation.is_none() {
                return Ok(Rotated { old, new: entry.keys.access_key_id.clone(), resumed, also });
            }
        }
    }

    /// Gives the new key to other identities that have the old one stored, before that is removed. Their own locks are not
    /// taken: two rotations of one key would wait for each other, and IAM lets only one of them make a second key.
    async fn take_along(&self, name: &IdentityName, old: &str, new: &Keys) -> Result<Vec<String>, AuthError> {
        let mut also = Vec::new();
        for other in self.users().into_iter().filter(|other| other != name) {
            let Some(entry) = stored::load(&self.context, other.as_str()).await? else { continue };
            if entry.keys.access_key_id == old {
                let entry = StoredKeys::new(new.clone(), entry.mfa_arn, entry.session_duration);
                stored::save(&self.context, other.as_str(), &entry).await?;
                also.push(other.to_string());
            }
        }
        Ok(also)
    }

    /// That no other identity has the key in the configuration, where nobody could exchange it.
    fn check_written(&self, name: &IdentityName, key: &str) -> Result<(), AuthError> {
        let written =
            |other: &&Identity| other.name != *name && other.credentials.access_key_id.as_deref() == Some(key);
        let Some(other) = self.settings().identities.values().find(written) else { return Ok(()) };
        Err(Error::Rotation {
            identity: name.to_string(),
            reason: format!("identity `{}` has the same key, {key}, in the configuration", other.name),
            help: "take it out of there, and store it in the keyring, so that both get the new one".to_owned(),
        }
        .into())
    }

    /// That there is room for a second key, of which a user may have no more.
    async fn begin(&self, identity: &Identity, entry: &StoredKeys) -> Result<Rotating, AuthError> {
        let keys = self.iam(identity, entry).await?.keys().await?;
        let known: Vec<String> = keys.into_iter().map(|key| key.id).collect();
        let others: Vec<&String> = known.iter().filter(|id| **id != entry.keys.access_key_id).collect();
        if let [other, ..] = others.as_slice() {
            return Err(Error::Rotation {
                identity: identity.name.to_string(),
                reason: format!("the user has another access key ({other}), and can have two at most"),
                help: format!("remove it if nobody uses it: `aws iam delete-access-key --access-key-id {other}`"),
            }
            .into());
        }
        Ok(Rotating::Begun { known, at: self.context.now_there() })
    }

    /// Tries the new key until it is known, and that it belongs to the same user.
    async fn wait_for(&self, identity: &Identity, old: &Keys, new: &Keys) -> Result<(), AuthError> {
        let context = &self.context;
        let ask = |keys: &Keys| self.signer(identity, keys);
        let before = caller_identity(context, identity, None, &ask(old)).await;
        let before = before.map_err(|refusal| refused(identity, refusal))?;
        let mut attempt = 1;
        let after = loop {
            match caller_identity(context, identity, None, &ask(new)).await {
                Ok(caller) => break caller,
                Err(Refusal { code: Some(code), .. }) if code == "InvalidClientTokenId" && attempt < ATTEMPTS => {}
                Err(refusal) => return Err(refused(identity, refusal)),
            }
            attempt += 1;
            tokio::time::sleep(PAUSE).await;
        };
        if after == before {
            return Ok(());
        }
        Err(Error::Rotation {
            identity: identity.name.to_string(),
            reason: format!("the new key belongs to {}, the old one to {}", after.arn, before.arn),
            help: "nothing was changed; look at the user in IAM".to_owned(),
        }
        .into())
    }

    /// IAM as the user reaches it: with the key, or where a device is needed with a session that has used it.
    async fn iam<'a>(&'a self, identity: &'a Identity, entry: &StoredKeys) -> Result<Iam<'a>, AuthError> {
        let has_device = identity.credentials.mfa_arn.is_some() || entry.mfa_arn.is_some();
        let signer = if has_device {
            Box::pin(self.credentials(&identity.name)).await?
        } else {
            self.signer(identity, &entry.keys)
        };
        Ok(Iam { context: &self.context, identity, signer })
    }

    fn signer(&self, identity: &Identity, keys: &Keys) -> AwsCredentials {
        keys.credentials(self.context.host.now(), identity.own_region())
    }

    fn lock_name(&self, name: &IdentityName) -> String {
        format!("user/{}/{name}", self.realm())
    }
}

/// Removes a key whose secret went with the process that had asked for it. One that is not of that moment is somebody's.
async fn discard(iam: &Iam<'_>, lost: &Listed, begun: jiff::Timestamp) -> Result<(), AuthError> {
    let age = lost.created.map(|created| created.duration_since(begun));
    if age.is_some_and(|age| age.abs() <= WINDOW) {
        return iam.delete(&lost.id).await;
    }
    Err(Error::Rotation {
        identity: iam.identity.name.to_string(),
        reason: format!("the user has another access key ({}), made since an earlier rotation broke off", lost.id),
        help: format!("remove it if nobody uses it: `aws iam delete-access-key --access-key-id {}`", lost.id),
    }
    .into())
}

fn refused(identity: &Identity, refusal: Refusal) -> AuthError {
    let what = format!("GetCallerIdentity for identity `{}`", identity.name);
    refusal.into_error(what, "STS".to_owned(), "the access key is not accepted: look at it in IAM")
}
