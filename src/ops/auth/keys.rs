//! Keys of users, which end only when somebody removes them, as a logout finds them: those of the configuration in the keyring in
//! force, and those that the index knows, of whatever configuration and in whatever keyring.

use std::path::{Path, PathBuf};

use super::super::access::Access;
use crate::auth::cache::KEY_NAME;
use crate::auth::store::{IndexedKey, KeyIndex, Kind, Store, standard_directory};
use crate::auth::{Error, IdentityName, Logins};
use crate::diag::Result;
use crate::host::fs;

/// What became of the keys that a logout concerns.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Entries that were removed, or would be.
    pub(super) gone: Vec<String>,
    /// What is there still though it should not be, and why.
    pub(super) left: Vec<String>,
    /// What stays by intent, and what nobody can know.
    pub(super) notes: Vec<String>,
}

/// Whose keys.
#[derive(Debug, Clone, Copy)]
pub(super) enum Whose<'a> {
    Of(&'a Logins),
    /// Those of all realms.
    Everybody,
}

/// Removes them from all keyrings that are known to have some.
///
/// # Errors
/// A keyring that cannot be opened or changed.
pub(super) fn forget(access: &Access, whose: Whose<'_>, dry_run: bool) -> Result<Keys> {
    let mut keys = Keys::default();
    let present = access.cache.store();
    for name in concerned(access, whose) {
        let key = present.indexed(access.realm.as_str(), name.as_str());
        forget_one(access, present, &key, dry_run, &mut keys)?;
    }
    for key in noted(access, whose, &mut keys) {
        match Store::named(&access.host, &access.keyring, &key.keyring, key.directory.as_deref()) {
            Some(store) => {
                forget_one(access, &store, &key, dry_run, &mut keys)?;
                if let Some(why) = store.lost_because() {
                    keys.left.push(format!("the key of identity {} of realm {}: {why}", key.identity, key.realm));
                }
            }
            None => keys.left.push(format!("the key of identity {} in the keyring {}", key.identity, key.keyring)),
        }
    }
    match whose {
        Whose::Everybody => forget_rest(access, dry_run, &mut keys)?,
        Whose::Of(Logins::All) => tell_of_unknown(access, &mut keys),
        Whose::Of(_) => {}
    }
    keys.gone.sort();
    keys.gone.dedup();
    Ok(keys)
}

/// Says which keys stay, where nobody asked for them to go.
pub(super) fn tell(access: &Access, whose: Whose<'_>) -> Vec<String> {
    let mut keys = Keys::default();
    let mut names: Vec<String> = noted(access, whose, &mut keys).into_iter().map(|key| key.identity).collect();
    names.sort();
    names.dedup();
    if !names.is_empty() {
        let names = names.join(", ");
        keys.notes.push(format!("access keys of users stay in the keyring, and go with --keychain: {names}"));
    } else if matches!(whose, Whose::Everybody | Whose::Of(Logins::All)) && access.cache.store().kind() == Kind::File {
        tell_of_unknown(access, &mut keys);
    }
    [keys.left, keys.notes].concat()
}

/// Identities of the configuration.
fn concerned<'a>(access: &'a Access, whose: Whose<'_>) -> Vec<&'a IdentityName> {
    let mut names: Vec<&IdentityName> = access.settings.identities.keys().collect();
    names.retain(|name| match whose {
        Whose::Of(Logins::Identity(wanted)) => *name == wanted,
        Whose::Of(Logins::Provider(provider)) => {
            access.session.chain(name).is_ok_and(|chain| chain.root() == provider.as_str())
        }
        Whose::Of(Logins::All) | Whose::Everybody => true,
    });
    names
}

/// Those of the index. That it cannot be read is said: then nobody knows what is left.
fn noted(access: &Access, whose: Whose<'_>, keys: &mut Keys) -> Vec<IndexedKey> {
    let mut found = match KeyIndex::of(&access.host).read() {
        Ok(found) => found,
        Err(error) => {
            keys.left.push(format!("keys of users that the configuration does not have: {error}"));
            Vec::new()
        }
    };
    let own = |key: &IndexedKey| key.realm == access.realm.as_str();
    found.retain(|key| match whose {
        Whose::Everybody => true,
        Whose::Of(Logins::All) => own(key),
        Whose::Of(Logins::Identity(name)) => own(key) && key.identity == name.as_str(),
        Whose::Of(Logins::Provider(_)) => false,
    });
    found
}

fn forget_one(access: &Access, store: &Store, key: &IndexedKey, dry_run: bool, keys: &mut Keys) -> Result<()> {
    let entry = key.entry();
    let there = if dry_run { store.holds(&entry) } else { KeyIndex::of(&access.host).remove_from(store, key) };
    if there.map_err(failed)? {
        keys.gone.push(entry);
    }
    Ok(())
}

fn failed(error: crate::auth::store::Error) -> Error {
    Error::from(crate::auth::cache::Error::from(error))
}

/// The key of the cache, and all files of file keyrings, whoever they are of.
fn forget_rest(access: &Access, dry_run: bool, keys: &mut Keys) -> Result<()> {
    let present = access.cache.store();
    let there = if dry_run { present.holds(KEY_NAME) } else { present.remove(KEY_NAME) };
    if there.map_err(failed)? {
        keys.gone.push(KEY_NAME.to_owned());
    }
    let known: Vec<String> = if dry_run { keys.gone.clone() } else { Vec::new() };
    for directory in directories(access) {
        let Some(store) = Store::named(&access.host, &access.keyring, Kind::File.name(), Some(&directory)) else {
            continue;
        };
        let files = store.files_beside(&known).unwrap_or_else(|error| {
            keys.left.push(format!("files of the file keyring: {error}"));
            Vec::new()
        });
        for file in files {
            if !dry_run && let Err(error) = fs::remove_file_if_present(&file) {
                keys.left.push(format!("{}: {error}", file.display()));
                continue;
            }
            keys.gone.push(file.display().to_string());
        }
    }
    tell_of_system(access, keys);
    Ok(())
}

/// Where file keyrings are, as far as is known here.
fn directories(access: &Access) -> Vec<PathBuf> {
    let present = access.cache.store().directory().map(Path::to_path_buf);
    let mut all: Vec<PathBuf> = present.into_iter().chain([standard_directory(&access.host)]).collect();
    all.sort();
    all.dedup();
    all
}

/// Says what may be there of which nobody knows whose it is: keys that earlier versions stored.
fn tell_of_unknown(access: &Access, keys: &mut Keys) {
    let index = KeyIndex::of(&access.host).read().unwrap_or_default();
    let own = |name: &IdentityName| access.cache.store().indexed(access.realm.as_str(), name.as_str()).entry();
    let known = index.iter().map(IndexedKey::entry).chain(access.settings.identities.keys().map(own));
    let known: Vec<String> = known.chain([KEY_NAME.to_owned()]).collect();
    let files = access.cache.store().files_beside(&known).unwrap_or_else(|error| {
        keys.notes.push(format!("whether the file keyring has keys of others cannot be told: {error}"));
        Vec::new()
    });
    if let Some(directory) = access.cache.store().directory().filter(|_| !files.is_empty()) {
        keys.notes.push(format!(
            "{} entries in {} are of nobody whom this configuration knows: keys that an earlier version of atmos stored, perhaps \
             of this realm; `atmos auth logout --all-realms --keychain` removes them",
            files.len(),
            directory.display()
        ));
    }
    tell_of_system(access, keys);
}

/// The keyring of the system does not tell its entries.
fn tell_of_system(access: &Access, keys: &mut Keys) {
    let store = access.cache.store();
    if let Some(why) = store.lost_because() {
        keys.notes.push(format!("{why}: whether it has keys of users cannot be told"));
    } else if store.kind() == Kind::System {
        keys.notes.push(
            "the system keyring does not list its entries: look there for `atmos-auth`, if an earlier version of atmos stored keys \
             of users that this configuration does not have"
                .to_owned(),
        );
    }
}
