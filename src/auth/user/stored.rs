//! What the keyring holds of a user: one entry per identity and realm, in the form of the reference. Row 5.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, Zeroizing};

use super::Error;
use crate::auth::config::Identity;
use crate::auth::context::{Context, blocking};
use crate::auth::creds::AwsCredentials;
use crate::auth::error::Error as AuthError;
use crate::auth::store::{KeyIndex, entry_name};
use crate::diag::Warning;
use crate::diag::hint::word;
use crate::secret::{Expose as _, Secret};
use crate::value::hex;

/// Hexadecimal digits that tell one key id from another.
const DIGITS: usize = 16;

/// An access key that lasts.
#[derive(Debug, Clone)]
pub struct Keys {
    pub access_key_id: String,
    pub secret_access_key: Secret,
}

/// An entry of the keyring.
#[derive(Debug, Clone)]
pub struct StoredKeys {
    pub keys: Keys,
    pub mfa_arn: Option<String>,
    pub session_duration: Option<String>,
    /// How far a rotation has come that has not ended yet.
    pub(crate) rotation: Option<Rotating>,
}

/// Where a rotation stands. Each step is written down before the next one is done.
#[derive(Debug, Clone)]
pub(crate) enum Rotating {
    /// A second key is about to be made. These were there before.
    Begun { known: Vec<String>, at: Timestamp },
    /// It is made, and not in use yet.
    Made(Keys),
    /// It is in use; the old one is still there.
    Switched { old: String },
}

impl Keys {
    pub(crate) fn credentials(&self, now: Timestamp, region: Option<&str>) -> AwsCredentials {
        AwsCredentials {
            access_key_id: self.access_key_id.clone(),
            secret_access_key: self.secret_access_key.clone(),
            session_token: None,
            expiration: None,
            issued: now,
            region: region.map(str::to_owned),
        }
    }
}

impl StoredKeys {
    pub fn new(keys: Keys, mfa_arn: Option<String>, session_duration: Option<String>) -> StoredKeys {
        StoredKeys { keys, mfa_arn, session_duration, rotation: None }
    }

    /// A rotation was broken off.
    pub fn is_rotating(&self) -> bool {
        self.rotation.is_some()
    }
}

/// The entry as JSON. Owned strings, zeroed when dropped.
#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Serialize, Deserialize)]
struct Data {
    #[serde(default)]
    access_key_id: String,
    #[serde(default)]
    secret_access_key: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    session_token: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    mfa_arn: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    session_duration: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rotation: Option<Progress>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Progress {
    Begun { known: Vec<String>, at: Timestamp },
    Made { access_key_id: String, secret_access_key: String },
    Switched { old: String },
}

impl Drop for Data {
    fn drop(&mut self) {
        self.secret_access_key.zeroize();
        self.session_token.zeroize();
        if let Some(Progress::Made { secret_access_key, .. }) = &mut self.rotation {
            secret_access_key.zeroize();
        }
    }
}

/// The entry of an identity. That it cannot be read is an error, never a reason to go another way.
pub(crate) async fn load(context: &Context, identity: &str) -> Result<Option<StoredKeys>, AuthError> {
    let (store, name) = (context.cache.store().clone(), entry_name(context.realm.as_str(), identity));
    let read = blocking(move || store.get(&name)).await?;
    let Some(bytes) = read.map_err(|error| AuthError::from(crate::auth::cache::Error::from(error)))? else {
        return Ok(None);
    };
    let damaged = |reason: &str| Error::Damaged { identity: identity.to_owned(), reason: reason.to_owned() };
    let Ok(mut entry) = serde_json::from_slice::<Entry>(&bytes) else {
        return Err(damaged("it is not an entry of this program").into());
    };
    if entry.kind != "aws" {
        return Err(damaged(&format!("it has the type `{}`", entry.kind)).into());
    }
    if !entry.data.session_token.is_empty() {
        let message = format!("the keyring has a temporary session for identity `{identity}`, which is not used");
        let help = format!("store an access key that lasts: `atmos auth user configure -i {}`", word(identity));
        context.host.talk.warn(Warning::new("atmos::auth::user::temporary", message).help(help));
        return Ok(None);
    }
    if entry.data.access_key_id.is_empty() || entry.data.secret_access_key.is_empty() {
        return Err(damaged("a half of the key is missing").into());
    }
    let data = &mut entry.data;
    let filled = |text: &mut String| Some(std::mem::take(text)).filter(|text| !text.is_empty());
    let rotation = data.rotation.as_mut().map(|progress| match progress {
        Progress::Begun { known, at } => Rotating::Begun { known: std::mem::take(known), at: *at },
        Progress::Made { access_key_id, secret_access_key } => Rotating::Made(Keys {
            access_key_id: std::mem::take(access_key_id),
            secret_access_key: Secret::from(std::mem::take(secret_access_key)),
        }),
        Progress::Switched { old } => Rotating::Switched { old: std::mem::take(old) },
    });
    let stored = StoredKeys {
        keys: Keys {
            access_key_id: std::mem::take(&mut data.access_key_id),
            secret_access_key: Secret::from(std::mem::take(&mut data.secret_access_key)),
        },
        mfa_arn: filled(&mut data.mfa_arn),
        session_duration: filled(&mut data.session_duration),
        rotation,
    };
    context.host.masker.register(&stored.keys.secret_access_key);
    let (index, indexed) =
        (KeyIndex::of(&context.host), context.cache.store().indexed(context.realm.as_str(), identity));
    // Earlier versions noted nothing. Who only uses a key is not kept from it by a disk that cannot be written to: a logout says
    // of what is not noted that it may be there.
    let _ = blocking(move || index.add(&indexed)).await?;
    if let Some(Rotating::Made(keys)) = &stored.rotation {
        context.host.masker.register(&keys.secret_access_key);
    }
    Ok(Some(stored))
}

/// Keeps the entry of an identity, replacing what was there.
///
/// # Errors
/// The keyring does not last, or refuses.
pub(crate) async fn save(context: &Context, identity: &str, keys: &StoredKeys) -> Result<(), AuthError> {
    let own = |secret: &Secret| secret.expose_secret().to_owned();
    let entry = Entry {
        kind: "aws".to_owned(),
        data: Data {
            access_key_id: keys.keys.access_key_id.clone(),
            secret_access_key: own(&keys.keys.secret_access_key),
            session_token: String::new(),
            mfa_arn: keys.mfa_arn.clone().unwrap_or_default(),
            session_duration: keys.session_duration.clone().unwrap_or_default(),
            rotation: keys.rotation.as_ref().map(|rotation| match rotation {
                Rotating::Begun { known, at } => Progress::Begun { known: known.clone(), at: *at },
                Rotating::Made(keys) => Progress::Made {
                    access_key_id: keys.access_key_id.clone(),
                    secret_access_key: own(&keys.secret_access_key),
                },
                Rotating::Switched { old } => Progress::Switched { old: old.clone() },
            }),
        },
    };
    // Room enough that the text never moves and leaves a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
    serde_json::to_writer(&mut *bytes, &entry)
        .map_err(|error| Error::Damaged { identity: identity.to_owned(), reason: error.to_string() })?;
    let (store, name) = (context.cache.store().clone(), entry_name(context.realm.as_str(), identity));
    let (index, indexed) = (KeyIndex::of(&context.host), store.indexed(context.realm.as_str(), identity));
    let (lasting, noted) = blocking(move || {
        // A memory would forget it, and who stored a key relies on it.
        let forgets = || Err(store.lost_because().map(|why| format!(" ({why})")).unwrap_or_default());
        if !store.is_durable() {
            return Ok((forgets(), Ok(false)));
        }
        // Before it is there, so that no logout overlooks it.
        let noted = index.add(&indexed);
        store.set(&name, &bytes)?;
        if store.is_durable() {
            return Ok((Ok(()), noted));
        }
        if noted.as_ref().is_ok_and(|is_new| *is_new) {
            index.remove(&indexed)?;
        }
        Ok::<_, crate::auth::store::Error>((forgets(), Ok(false)))
    })
    .await?
    .map_err(|error| AuthError::from(crate::auth::cache::Error::from(error)))?;
    if let Err(error) = noted {
        let message = format!("that there is a key of identity `{identity}` cannot be noted: {error}");
        let help = format!(
            "`atmos auth logout {} --keychain` removes it; `--all --keychain` does so only while the configuration has this identity",
            word(identity)
        );
        context.host.talk.warn(Warning::new("atmos::auth::user::not_noted", message).help(help));
    }
    lasting.map_err(|why| Error::NotLasting { why }.into())
}

/// Removes the entry of an identity; true when there was one.
pub(crate) async fn remove(context: &Context, identity: &str) -> Result<bool, AuthError> {
    let (index, store) = (KeyIndex::of(&context.host), context.cache.store().clone());
    let indexed = store.indexed(context.realm.as_str(), identity);
    let removed = blocking(move || index.remove_from(&store, &indexed)).await?;
    removed.map_err(|error| AuthError::from(crate::auth::cache::Error::from(error)))
}

/// The keys of a user: those of the configuration, else those of the keyring.
pub(crate) async fn keys(context: &Context, identity: &Identity) -> Result<Option<StoredKeys>, AuthError> {
    let written = &identity.credentials;
    if let (Some(id), Some(secret)) = (&written.access_key_id, &written.secret_access_key) {
        context.host.masker.register(secret);
        let keys = Keys { access_key_id: id.clone(), secret_access_key: secret.clone() };
        return Ok(Some(StoredKeys::new(keys, None, None)));
    }
    load(context, identity.name.as_str()).await
}

/// What a session of this user is made from: another key makes another session.
pub(crate) async fn basis(context: &Context, identity: &Identity) -> Result<Option<String>, AuthError> {
    let keys = keys(context, identity).await?;
    Ok(keys.map(|stored| basis_of(&stored.keys)))
}

pub(crate) fn basis_of(keys: &Keys) -> String {
    let mut digits = hex(&Sha256::digest(keys.access_key_id.as_bytes()));
    digits.truncate(DIGITS);
    digits
}
