//! What the cache holds of a realm, and forgetting it: an index says which sessions belong to whom, also after the
//! configuration changed.
//!
//! Read [`Session::forget`]. Row 5.

use std::collections::HashSet;
use std::path::PathBuf;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::chain::Chain;
use super::config::Provider;
use super::error::Error;
use super::federation::{Entry, consoles, consoles_of_all, folder, folder_of_all, forget_folder, short};
use super::fingerprint::Fingerprint;
use super::index;
use super::kind::{IdentityKind, ProviderKind};
use super::name::{IdentityName, ProviderName};
use super::provider::portal::Portal;
use super::provider::sso;
use super::realm::{REALM_VARIABLE, RealmSource};
use super::record::{IndexEntry, StepRecord, index_from_bytes, index_to_bytes};
use super::session::Session;
use super::user::webflow;
use crate::diag::Warning;

/// Whose sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logins {
    Identity(IdentityName),
    /// Its identities' sessions and its portal token.
    Provider(ProviderName),
    /// Everything of this realm.
    All,
}

/// What is kept, or what was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Identities with sessions, sorted, each once.
    pub identities: Vec<String>,
    /// Number of sessions: one identity has several after its chain changed.
    pub sessions: usize,
    /// Providers with a portal token, with the answer of the portal to the sign-out (`None`: not asked).
    pub portals: Vec<(String, Option<bool>)>,
    /// The end of the session that lives longest, as far as it can be read.
    pub until: Option<Timestamp>,
}

impl Session {
    /// What a [`Session::forget`] would remove. Never asks the network.
    pub async fn kept(&self, whose: &Logins) -> Result<Kept, Error> {
        let entries = self.entries(whose).await?;
        let mut kept = Kept::of(&entries);
        for entry in &entries {
            kept.until = kept.until.max(self.end_of(entry).await);
        }
        for provider in self.portals(whose) {
            let portal = Portal::new(&self.context, provider)?;
            if self.context.cache.holds(&portal.cache_name()) {
                kept.portals.push((provider.name.as_str().to_owned(), None));
            }
        }
        for former in self.former_portals(whose).await {
            kept.portals.push((former.root, None));
        }
        for (provider, name) in self.sign_ins(whose) {
            if self.context.cache.holds(&name) {
                kept.portals.push((provider, None));
            }
        }
        Ok(kept)
    }

    /// Removes sessions and tokens from memory and cache, after a sign-out at the portal (best effort, 5 seconds).
    ///
    /// # Errors
    /// Something could not be removed; nothing is reported as removed that is still there.
    pub async fn forget(&self, whose: &Logins) -> Result<Kept, Error> {
        let (mut removed, mut until) = (Vec::new(), None);
        for entry in self.entries(whose).await? {
            let fingerprint = Fingerprint::from_index(&entry.fingerprint);
            until = until.max(self.end_of(&entry).await);
            self.context.steps.enter(&fingerprint).await.value = None;
            if self.context.remove(&self.cache_name(&fingerprint)).await? {
                removed.push(entry);
            }
        }
        let former = self.former_portals(whose).await;
        self.drop_from_index(whose).await?;
        self.forget_sign_ins(whose).await?;
        let mut kept = Kept { until, ..Kept::of(&removed) };
        for provider in self.portals(whose) {
            let portal = Portal::new(&self.context, provider)?;
            if let Some(signed_out) = sso::forget(&self.context, &portal).await? {
                kept.portals.push((provider.name.as_str().to_owned(), Some(signed_out)));
            }
        }
        for entry in former {
            if let Some(signed_out) = sso::forget_former(&self.context, &entry).await? {
                kept.portals.push((entry.root, Some(signed_out)));
            }
        }
        for (provider, name) in self.sign_ins(whose) {
            if self.context.remove(&name).await? {
                kept.portals.push((provider, None));
            }
        }
        Ok(kept)
    }

    /// When the session of an entry ends, whatever the configuration is. It is no reason to keep anything if that cannot be
    /// read.
    async fn end_of(&self, entry: &IndexEntry) -> Option<Timestamp> {
        let name = self.cache_name(&Fingerprint::from_index(&entry.fingerprint));
        let bytes = self.context.load(&name).await.ok()??;
        StepRecord::from_bytes(&bytes)?.credentials.expiration()
    }

    /// Entries of the index, and the sessions that the present configuration would use.
    async fn entries(&self, whose: &Logins) -> Result<Vec<IndexEntry>, Error> {
        let mut entries = match self.read_index().await {
            Err(error) if error.is_locked() => {
                self.context.host.talk.warn(without_index(&error));
                Vec::new()
            }
            Ok(None) if self.context.cache.holds(&self.index_name()) => {
                self.context.host.talk.warn(without_key());
                Vec::new()
            }
            other => other?.unwrap_or_default(),
        };
        for identity in self.settings.identities.values() {
            // A chain that cannot be built has no session of its own.
            let Ok(chain) = self.chain(&identity.name) else { continue };
            if !chain.is_mock() {
                let last = chain.identities.len() - 1;
                entries.push(entry(&chain, last, &self.fingerprint(&chain, last)));
            }
        }
        entries.retain(|entry| is_of(entry, whose) && !entry.is_token());
        entries.sort();
        entries.dedup_by(|a, b| a.fingerprint == b.fingerprint && a.identity == b.identity);
        // What cannot be opened, now or ever, is there all the same.
        let name = |entry: &IndexEntry| self.cache_name(&Fingerprint::from_index(&entry.fingerprint));
        entries.retain(|entry| self.context.cache.holds(&name(entry)));
        Ok(entries)
    }

    /// Tokens of portals that the present configuration does not have, or has at another address: nobody where the list cannot
    /// be read, which is said of the sessions in it.
    async fn former_portals(&self, whose: &Logins) -> Vec<IndexEntry> {
        let entries = self.read_index().await.ok().flatten().unwrap_or_default();
        let own = self.settings.providers.values().filter(|provider| provider.kind == ProviderKind::IdentityCenter);
        let own: Vec<String> =
            own.filter_map(|provider| Some(Portal::new(&self.context, provider).ok()?.cache_name())).collect();
        let is_former = |entry: &IndexEntry| {
            entry.is_token()
                && is_of(entry, whose)
                && !own.contains(&entry.fingerprint)
                && self.context.cache.holds(&entry.fingerprint)
        };
        entries.into_iter().filter(is_former).collect()
    }

    /// What refreshes the sign-ins of users by the browser.
    async fn forget_sign_ins(&self, whose: &Logins) -> Result<(), Error> {
        for identity in self.settings.identities.values().filter(|identity| identity.kind == IdentityKind::User) {
            let meant = match whose {
                Logins::Identity(name) => identity.name == *name,
                Logins::Provider(_) => false,
                Logins::All => true,
            };
            if meant {
                webflow::forget(&self.context, identity).await?;
            }
        }
        Ok(())
    }

    fn is_meant(&self, provider: &Provider, whose: &Logins) -> bool {
        match whose {
            Logins::Identity(_) => false,
            Logins::Provider(name) => {
                self.settings.provider(name.as_str()).is_some_and(|known| known.name == provider.name)
            }
            Logins::All => true,
        }
    }

    /// What kinds of providers keep of sign-ins: provider, and name in the cache.
    fn sign_ins(&self, whose: &Logins) -> Vec<(String, String)> {
        let meant = self.settings.providers.values().filter(|provider| self.is_meant(provider, whose));
        let name = |provider: &Provider| {
            let ProviderKind::Federated(kind) = provider.kind else { return None };
            let kept = kind.module().kept(&Entry::provider(provider))?;
            Some((provider.name.as_str().to_owned(), self.context.login_name(&kept)))
        };
        let mut found: Vec<_> = meant.filter_map(name).collect();
        found.sort();
        found
    }

    /// Folders in which browsers keep sign-ins of providers: those that were removed (or would be, in a `dry_run`), and why
    /// others are there still.
    pub fn forget_folders(&self, whose: &Logins, dry_run: bool) -> (Vec<PathBuf>, Vec<String>) {
        let root = folder(&self.context.host, self.realm());
        let of = |provider: &Provider| {
            let ProviderKind::Federated(kind) = provider.kind else { return None };
            Some(root.join(kind.module().folder(&Entry::provider(provider))?))
        };
        let meant = self.settings.providers.values().filter(|provider| self.is_meant(provider, whose));
        let mut folders: Vec<PathBuf> = meant.filter_map(of).collect();
        let is_meant = |name: &IdentityName| match whose {
            Logins::Identity(meant) => meant == name,
            Logins::Provider(meant) => self.chain(name).is_ok_and(|chain| chain.root() == meant.as_str()),
            Logins::All => true,
        };
        let names = self.settings.identities.keys().filter(|name| is_meant(name));
        folders.extend(names.flat_map(|name| [self.console_folder(name), self.old_console_folder(name)]));
        if *whose == Logins::All {
            // Also those of providers and identities that the configuration has no more.
            folders.extend([root.clone(), consoles(&self.context.host, self.realm())]);
        }
        folders.sort();
        let (mut gone, mut left) = (Vec::new(), Vec::new());
        for folder in folders {
            match forget_folder(&folder, dry_run) {
                Ok(true) => gone.push(folder),
                Ok(false) => {}
                Err(error) => left.push(format!("the browser's profile {}: {error}", folder.display())),
            }
        }
        (gone, left)
    }

    /// The same of all realms.
    pub fn forget_all_folders(&self, dry_run: bool) -> std::io::Result<Vec<PathBuf>> {
        let host = &self.context.host;
        let mut gone = Vec::new();
        for folder in [folder_of_all(host), consoles_of_all(host)] {
            if forget_folder(&folder, dry_run)? {
                gone.push(folder);
            }
        }
        Ok(gone)
    }

    /// The profile of the browser in which the consoles of an identity are open beside those of others.
    pub fn console_folder(&self, name: &IdentityName) -> PathBuf {
        consoles(&self.context.host, self.realm()).join(short(name.as_str()))
    }

    /// Where earlier versions had it.
    fn old_console_folder(&self, name: &IdentityName) -> PathBuf {
        consoles_of_all(&self.context.host).join(short(&format!("{}/{name}", self.realm())))
    }

    fn portals(&self, whose: &Logins) -> Vec<&Provider> {
        let wanted = |provider: &&Provider| self.is_meant(provider, whose);
        let mut portals: Vec<_> = self
            .settings
            .providers
            .values()
            .filter(|provider| provider.kind == ProviderKind::IdentityCenter)
            .filter(wanted)
            .collect();
        portals.sort_by(|a, b| a.name.cmp(&b.name));
        portals
    }

    fn index_name(&self) -> String {
        index::name(&self.context)
    }

    async fn read_index(&self) -> Result<Option<Vec<IndexEntry>>, Error> {
        index::read(&self.context).await
    }

    /// Identities with sessions, live or not; nobody where that cannot be read.
    pub(super) async fn names_with_sessions(&self) -> HashSet<String> {
        let entries = self.read_index().await.ok().flatten().unwrap_or_default();
        entries.into_iter().filter(|entry| !entry.is_token()).map(|entry| entry.identity).collect()
    }

    /// Adds a session to the index.
    pub(super) async fn index(&self, chain: &Chain, index: usize, fingerprint: &Fingerprint) -> Result<(), Error> {
        index::add(&self.context, entry(chain, index, fingerprint)).await
    }

    /// Warns when this identity has sessions under another realm and none in this one: the repository was moved, or
    /// `auth.realm` changed.
    pub(super) async fn tell_of_other_realm(&self, chain: &Chain, index: usize) -> Result<(), Error> {
        let (own, told) = (self.index_name(), format!("told/{}", self.context.realm));
        // Once is enough: two projects may well have identities of the same name.
        if self.context.load(&told).await?.is_some() {
            return Ok(());
        }
        let wanted = entry(chain, index, &Fingerprint::from_index(""));
        let same = |known: &IndexEntry| known.identity == wanted.identity && known.root == wanted.root;
        if self.read_index().await?.unwrap_or_default().iter().any(same) {
            return Ok(());
        }
        for name in self.context.names().await? {
            let Some(realm) = name.strip_prefix(index::PREFIX).filter(|_| name != own) else { continue };
            let Some(bytes) = self.context.load(&name).await? else { continue };
            if index_from_bytes(&bytes).iter().any(same) {
                let message =
                    format!("credentials exist under another realm (`{realm}`), not under `{}`", self.realm());
                let warning = Warning::new("atmos::auth::other_realm", message).help(self.about_realm());
                self.context.host.talk.warn(warning);
                return self.context.store(&told, Some(Zeroizing::new(Vec::from("1")))).await;
            }
        }
        Ok(())
    }

    /// What to do about sessions under another realm.
    fn about_realm(&self) -> String {
        match self.realm().source() {
            RealmSource::Auto => {
                "set `auth.realm` in atmos.yaml, so that the realm does not depend on the path".to_owned()
            }
            RealmSource::Config => {
                format!("`auth.realm` is `{}`, which has logins of its own; this is said once", self.realm())
            }
            RealmSource::Env => {
                format!("{REALM_VARIABLE} is `{}`, which has logins of its own; this is said once", self.realm())
            }
        }
    }

    /// Other realms under which this user has sessions, sorted.
    ///
    /// # Errors
    /// The keyring cannot be opened.
    pub async fn other_realms(&self) -> Result<Vec<String>, Error> {
        let own = self.index_name();
        let names = self.context.names().await?;
        let others = names.iter().filter(|name| **name != own).filter_map(|name| name.strip_prefix(index::PREFIX));
        Ok(others.map(str::to_owned).collect())
    }

    async fn drop_from_index(&self, whose: &Logins) -> Result<(), Error> {
        let name = self.index_name();
        let _lock = self.context.lock(&name, "writes the credential cache").await?;
        let mut entries = match self.read_index().await {
            // Nothing opens it any more.
            Err(error) if error.is_damaged() && *whose == Logins::All => {
                return self.context.remove(&name).await.map(drop);
            }
            // It stays, so that a logout with the password finds the rest.
            Err(error) if error.is_locked() => return Ok(()),
            other => match other? {
                Some(entries) => entries,
                None => return Ok(()),
            },
        };
        let before = entries.len();
        entries.retain(|entry| !is_of(entry, whose));
        match (entries.len() == before, entries.is_empty()) {
            (true, _) => Ok(()),
            (false, true) => self.context.remove(&name).await.map(|_| ()),
            (false, false) => self.context.store(&name, index_to_bytes(&entries)).await,
        }
    }
}

fn without_index(error: &Error) -> Warning {
    let message = format!("sessions of earlier configurations cannot be found: {error}");
    let help = if error.is_damaged() {
        "those of the present configuration are removed; portals cannot be told, because their tokens cannot be read; \
         `atmos auth logout --all-realms` removes everything"
    } else {
        "those of the present configuration are removed; log out with the password to remove the others too"
    };
    Warning::new("atmos::auth::logout_without_index", message).help(help)
}

/// The same where the keyring that has the key is locked, not there, or another one.
fn without_key() -> Warning {
    let message = "sessions of earlier configurations cannot be found: their list cannot be opened with this keyring";
    let help = "those of the present configuration are removed; portals cannot be told, because their tokens cannot be read; \
                log out beside the keyring of the login to remove the others too, or `atmos auth logout --all-realms`, which \
                removes everything";
    Warning::new("atmos::auth::logout_without_index", message).help(help)
}

impl Kept {
    /// Both together.
    pub fn add(&mut self, other: Kept) {
        self.sessions += other.sessions;
        self.until = self.until.max(other.until);
        self.identities.extend(other.identities);
        self.identities.sort();
        self.identities.dedup();
        for portal in other.portals {
            if !self.portals.iter().any(|(name, _)| *name == portal.0) {
                self.portals.push(portal);
            }
        }
    }

    fn of(entries: &[IndexEntry]) -> Kept {
        let mut identities: Vec<_> = entries.iter().map(|entry| entry.identity.clone()).collect();
        identities.sort();
        identities.dedup();
        Kept { identities, sessions: entries.len(), portals: Vec::new(), until: None }
    }
}

fn entry(chain: &Chain, index: usize, fingerprint: &Fingerprint) -> IndexEntry {
    IndexEntry {
        root: chain.root().to_owned(),
        identity: chain.identities[index].name.as_str().to_owned(),
        fingerprint: fingerprint.as_str().to_owned(),
        endpoint: None,
    }
}

fn is_of(entry: &IndexEntry, whose: &Logins) -> bool {
    match whose {
        Logins::Identity(name) => entry.identity == name.as_str(),
        Logins::Provider(name) => entry.root.to_lowercase() == name.as_str().to_lowercase(),
        Logins::All => true,
    }
}
