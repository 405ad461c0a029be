//! `atmos auth keyring migrate`: what one keyring holds goes into another one: the key of the encrypted cache, and the keys
//! of users. Nothing is removed from the old one before the new one has given it back.

use miette::Diagnostic;
use zeroize::Zeroizing;

use super::super::access::Access;
use super::super::audit::{self, Event};
use super::reference::Reference;
use crate::auth::store::{IndexedKey, KeyIndex, Store, TYPE_VARIABLE};
use crate::auth::user::parse;
use crate::auth::{IdentityName, cache, stored_name};
use crate::diag::hint::word;
use crate::diag::{Failure, Result, Warning};

#[derive(Debug, Clone, Default)]
pub struct MigrateRequest {
    /// `system`, `kernel` or `file`, or `reference` for the Go version of atmos; the one in force without.
    pub from: Option<String>,
    pub to: String,
    /// The old one keeps its entries.
    pub keep: bool,
    /// Another key of the cache in the new keyring is replaced; logins under it are lost.
    pub force: bool,
}

/// What was moved.
#[derive(Debug, Clone)]
pub struct MigrateReport {
    pub from: &'static str,
    pub to: &'static str,
    /// Names of the entries, for people.
    pub moved: Vec<String>,
    pub kept: bool,
}

/// What stands for the Go version of atmos as the old keyring.
const REFERENCE: &str = "reference";

/// An entry: its name, how people call it, its value.
type Entry = (String, String, Zeroizing<Vec<u8>>);

/// Moves the entries; those of the Go version of atmos are copied.
///
/// # Errors
/// A keyring that is not there, a wrong password, another key in the new keyring.
pub fn migrate(access: &Access, request: &MigrateRequest) -> Result<MigrateReport> {
    super::outside_only(access, "keyring")?;
    if request.from.as_deref() == Some(REFERENCE) {
        let new = open(access, &request.to)?;
        let found = of_reference(access)?;
        put(access, request, &new, &found)?;
        return Ok(report("Go version's", &new, found, true));
    }
    let old = match &request.from {
        Some(kind) => open(access, kind)?,
        None => Store::open(&access.host, &access.keyring),
    };
    let new = open(access, &request.to)?;
    // Without one of them nothing is moved, and the error says why.
    old.keep_quiet();
    if old.kind() == new.kind() {
        return Err(MigrateFailure::Same { kind: new.kind().name() }.into());
    }
    let mut found = Vec::new();
    for (name, shown) in entries(access) {
        if let Some(value) = old.get(&name)? {
            found.push((name, shown, value));
        }
    }
    is_there(&old)?;
    put(access, request, &new, &found)?;
    if !request.keep {
        let index = KeyIndex::of(&access.host);
        for (name, ..) in &found {
            old.remove(name)?;
            if let Some(key) = indexed(access, &old, name) {
                index.remove(&key)?;
            }
        }
    }
    Ok(report(old.kind().name(), &new, found, request.keep))
}

fn report(from: &'static str, new: &Store, found: Vec<Entry>, kept: bool) -> MigrateReport {
    let moved = found.into_iter().map(|(_, shown, _)| shown).collect();
    MigrateReport { from, to: new.kind().name(), moved, kept }
}

fn open(access: &Access, kind: &str) -> Result<Store, MigrateFailure> {
    if !matches!(kind, "system" | "kernel" | "file") {
        return Err(MigrateFailure::Kind { kind: kind.to_owned() });
    }
    let mut host = access.host.clone();
    host.env.set(TYPE_VARIABLE, kind);
    let store = Store::open(&host, &access.keyring);
    store.keep_quiet();
    Ok(store)
}

/// What a keyring may hold: names, and how people call it.
fn entries(access: &Access) -> Vec<(String, String)> {
    let key = (cache::KEY_NAME.to_owned(), "key of the encrypted cache".to_owned());
    std::iter::once(key).chain(access.session.users().iter().map(|user| of_user(access, user))).collect()
}

fn of_user(access: &Access, user: &IdentityName) -> (String, String) {
    (stored_name(access.realm.as_str(), user.as_str()), format!("access key of identity {user}"))
}

/// How the index calls the entry in a keyring, if it is the key of a user.
fn indexed(access: &Access, store: &Store, name: &str) -> Option<IndexedKey> {
    let mut users = access.session.users().into_iter().map(|user| store.indexed(access.realm.as_str(), user.as_str()));
    users.find(|key| key.entry() == name)
}

/// The keys of users that the Go version has. Its entries have the form of ours; one that is no key that lasts stays behind,
/// which is said.
fn of_reference(access: &Access) -> Result<Vec<Entry>> {
    let reference = Reference::new(access);
    let mut found = Vec::new();
    for user in access.session.users() {
        let Some(text) = reference.entry(&user)? else { continue };
        let (name, shown) = of_user(access, &user);
        let read = parse(&text);
        if let Ok(key) = &read {
            access.host.masker.register(&key.keys.secret_access_key);
        }
        if let Err(error) = read {
            let message = format!("the {shown} in the keyring of the Go version is left behind: {error}");
            let help = format!("store one that lasts: `atmos auth user configure -i {}`", word(user.as_str()));
            access.host.talk.warn(Warning::new("atmos::auth::keyring::left_behind", message).help(help));
            continue;
        }
        found.push((name, shown, Zeroizing::new(text.as_bytes().to_vec())));
    }
    Ok(found)
}

fn is_there(store: &Store) -> Result<(), MigrateFailure> {
    if store.is_persistent() {
        return Ok(());
    }
    let what = store.lost_because().unwrap_or("the memory keyring holds nothing that lasts").to_owned();
    Err(MigrateFailure::NotThere { what })
}

/// Puts all entries into the new keyring, after all that could stand in the way was looked at.
fn put(access: &Access, request: &MigrateRequest, new: &Store, found: &[Entry]) -> Result<()> {
    let kind = new.kind().name();
    for (name, shown, value) in found {
        if let Some(other) = new.get(name)?
            && *other != **value
            && !request.force
        {
            return Err(MigrateFailure::Differs { shown: shown.clone(), kind }.into());
        }
    }
    if !new.is_durable() && new.is_persistent() && found.iter().any(|(name, ..)| name != cache::KEY_NAME) {
        return Err(MigrateFailure::NotDurable { kind }.into());
    }
    is_there(new)?;
    audit::record(access, &access.settings, &Event { name: "keyring", ..Event::default() })?;
    let index = KeyIndex::of(&access.host);
    for (name, shown, value) in found {
        if let Some(key) = indexed(access, new, name) {
            index.add(&key)?;
        }
        new.set(name, value)?;
        if new.get(name)?.is_none_or(|back| *back != **value) || !new.is_persistent() {
            return Err(MigrateFailure::Lost { shown: shown.clone(), kind }.into());
        }
    }
    Ok(())
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum MigrateFailure {
    #[error("unknown keyring type `{kind}`")]
    #[diagnostic(
        code(atmos::auth::keyring::kind),
        help("use system, kernel or file; --from knows `reference` (the Go version of atmos) too")
    )]
    Kind { kind: String },

    #[error("both keyrings are of type {kind}")]
    #[diagnostic(code(atmos::auth::keyring::same), help("name the old one with --from, the new one with --to"))]
    Same { kind: &'static str },

    #[error("the {kind} keyring has another value already: {shown}")]
    #[diagnostic(
        code(atmos::auth::keyring::differs),
        help("--force replaces it; what was stored or logged in with it is lost then")
    )]
    Differs { shown: String, kind: &'static str },

    #[error("the {kind} keyring ends with the machine, and there are keys of users, which cannot be had again")]
    #[diagnostic(code(atmos::auth::keyring::not_durable), help("use system or file for them"))]
    NotDurable { kind: &'static str },

    #[error("{what}")]
    #[diagnostic(code(atmos::auth::keyring::not_there), help("unlock it, or set the password of the file keyring"))]
    NotThere { what: String },

    #[error("the {kind} keyring did not give back what it was given: {shown}")]
    #[diagnostic(code(atmos::auth::keyring::lost), help("nothing was removed from the old keyring"))]
    Lost { shown: String, kind: &'static str },
}

impl Failure for MigrateFailure {}
