//! `atmos auth keyring migrate`: what one keyring holds goes into another one: the key of the encrypted cache, and the keys
//! of users. Nothing is removed from the old one before the new one has given it back.

use miette::Diagnostic;

use super::super::access::Access;
use super::super::audit::{self, Event};
use crate::auth::store::{Store, TYPE_VARIABLE};
use crate::auth::{cache, stored_name};
use crate::diag::{Failure, Result};

#[derive(Debug, Clone, Default)]
pub struct MigrateRequest {
    /// `system`, `kernel` or `file`; the one in force without.
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

/// Moves the entries.
///
/// # Errors
/// A keyring that is not there, a wrong password, another key in the new keyring.
pub fn migrate(access: &Access, request: &MigrateRequest) -> Result<MigrateReport> {
    super::outside_only(access, "keyring")?;
    let open = |kind: &str| {
        if !matches!(kind, "system" | "kernel" | "file") {
            return Err(MigrateFailure::Kind { kind: kind.to_owned() });
        }
        let mut host = access.host.clone();
        host.env.set(TYPE_VARIABLE, kind);
        Ok(Store::open(&host, &access.keyring))
    };
    let old = match &request.from {
        Some(kind) => open(kind)?,
        None => Store::open(&access.host, &access.keyring),
    };
    let new = open(&request.to)?;
    for store in [&old, &new] {
        // Without one of them nothing is moved, and the error says why.
        store.keep_quiet();
    }
    if old.kind() == new.kind() {
        return Err(MigrateFailure::Same { kind: new.kind().name() }.into());
    }
    let mut entries = vec![(cache::KEY_NAME.to_owned(), "key of the encrypted cache".to_owned())];
    for user in access.session.users() {
        entries.push((stored_name(access.realm.as_str(), user.as_str()), format!("access key of identity {user}")));
    }
    let mut found = Vec::new();
    for (name, shown) in entries {
        let Some(value) = old.get(&name)? else { continue };
        if let Some(other) = new.get(&name)?
            && *other != *value
            && !request.force
        {
            return Err(MigrateFailure::Differs { shown, kind: new.kind().name() }.into());
        }
        found.push((name, shown, value));
    }
    if !new.is_durable() && new.is_persistent() && found.iter().any(|(name, ..)| name != cache::KEY_NAME) {
        return Err(MigrateFailure::NotDurable { kind: new.kind().name() }.into());
    }
    for store in [&old, &new] {
        if !store.is_persistent() {
            let what = store.lost_because().unwrap_or("the memory keyring holds nothing that lasts").to_owned();
            return Err(MigrateFailure::NotThere { what }.into());
        }
    }
    let event = Event { name: "keyring", ..Event::default() };
    audit::record(access, &access.settings, &event)?;
    for (name, shown, value) in &found {
        new.set(name, value)?;
        if new.get(name)?.is_none_or(|back| *back != **value) || !new.is_persistent() {
            return Err(MigrateFailure::Lost { shown: shown.clone(), kind: new.kind().name() }.into());
        }
    }
    if !request.keep {
        for (name, _, _) in &found {
            old.remove(name)?;
        }
    }
    let moved = found.into_iter().map(|(_, shown, _)| shown).collect();
    Ok(MigrateReport { from: old.kind().name(), to: new.kind().name(), moved, kept: request.keep })
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum MigrateFailure {
    #[error("unknown keyring type `{kind}`")]
    #[diagnostic(code(atmos::auth::keyring::kind), help("use system, kernel or file"))]
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
