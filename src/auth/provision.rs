//! `auto_provision_identities`: writes down, as identities, every permission set that a portal offers its user.
//!
//! The file is read with the configuration, below everything that people wrote. Whatever the portal does not offer any
//! more is taken out again, with its sessions. Read [`Session::provision`]. Row 5.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sso::Client;
use tokio::task::JoinSet;

use super::Logins;
use super::aws::client::shown_endpoint;
use super::aws::endpoint::Service;
use super::aws::refusal::Refusal;
use super::bounds;
use super::chain::{check_provider, find_provider};
use super::config::Provider;
use super::context::blocking;
use super::creds::PortalToken;
use super::error::Error;
use super::kind::ProviderKind;
use super::name::{IdentityName, ProviderName};
use super::provider::portal::Portal;
use super::provider::sso::{self, Failure};
use super::session::{Session, abortable};
use crate::config::{provisioned_file, read_provisioned};
use crate::diag::Warning;
use crate::host::{Host, fs, trust};
use crate::secret::{Expose, Secret};
use crate::span::Span;
use crate::value::{Map, Node};
use crate::yaml;

/// A list that is younger is taken as it is.
const FRESH: Duration = Duration::from_hours(1);
/// Accounts whose roles are asked for at once.
const ABREAST: usize = 8;
const HELP: &str = "the user needs `sso:ListAccounts` and `sso:ListAccountRoles`";
const INDENT: usize = 2;

/// What a portal offered, and what became of what it had offered before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provisioned {
    pub provider: String,
    pub accounts: usize,
    /// Names of all identities, sorted.
    pub identities: Vec<String>,
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub file: PathBuf,
}

/// One permission set in one account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Offer {
    account_id: String,
    account_name: String,
    role: String,
}

impl Session {
    /// Asks the portal of a provider what it offers, and writes it down. `Ok(None)`: the provider does not want it, or what
    /// is there is young and `again` does not ask for more. Never asks the user anything that [`Session::login_provider`]
    /// would not.
    ///
    /// # Errors
    /// The portal refuses or cannot be reached, or the file cannot be written.
    pub async fn provision(&self, name: &ProviderName, again: bool) -> Result<Option<Provisioned>, Error> {
        let sources = &self.context.host.sources;
        let provider = find_provider(&self.settings, name.as_str(), Span::default(), sources)?;
        if provider.kind != ProviderKind::IdentityCenter || !is_wanted(provider) {
            return Ok(None);
        }
        check_provider(provider, sources)?;
        let file = file_of(&self.context.host, provider);
        // What the configuration did not take has to be written anew, however young it is.
        let is_sound =
            || read_provisioned(&self.context.host, name.as_str(), &file).is_ok_and(|found| found.refused.is_empty());
        if !again && is_fresh(&file) && is_sound() {
            return Ok(None);
        }
        let portal = Portal::new(&self.context, provider)?;
        let asked = async {
            let accounts =
                sso::with_token(&self.context, &portal, |token| accounts(&self.context, &portal, token)).await?;
            let token = sso::access_token(&self.context, &portal, sso::Wanted::Live).await?;
            let (offers, failed) = self.roles(&portal, &token, &accounts).await?;
            Ok((accounts, offers, failed))
        };
        let (accounts, offers, failed) = abortable(asked).await?;
        let old = read(&self.context.host, name, &file);
        let (offers, unusable): (Vec<_>, Vec<_>) = offers.into_iter().partition(|offer| is_role(&offer.role));
        self.tell_of_unusable(&portal, &unusable);
        let mut entries: BTreeMap<String, Node> = named(&offers, provider);
        // Of an account that did not answer nothing is known, so that nothing of it is taken away.
        entries.extend(
            old.iter().filter(|(_, entry)| is_of(entry, &failed)).map(|(name, entry)| (name.clone(), entry.clone())),
        );
        let (before, after): (BTreeSet<_>, BTreeSet<_>) = (old.keys().collect(), entries.keys().collect());
        let added = after.difference(&before).map(|name| (*name).clone()).collect();
        let removed: Vec<String> = before.difference(&after).map(|name| (*name).clone()).collect();
        let identities = entries.keys().cloned().collect();
        let document = document(&self.context.host, provider, accounts.len(), entries);
        let (host, path) = (self.context.host.clone(), file.clone());
        blocking(move || write(&host, &path, &yaml::emit(&document, INDENT))).await??;
        for name in &removed {
            self.forget(&Logins::Identity(IdentityName::from(name.as_str()))).await?;
        }
        Ok(Some(Provisioned {
            provider: name.as_str().to_owned(),
            accounts: accounts.len(),
            identities,
            added,
            removed,
            file,
        }))
    }

    /// Roles that are left out: as identities nobody could use them, and nobody but the portal can mend them.
    fn tell_of_unusable(&self, portal: &Portal, unusable: &[Offer]) {
        if unusable.is_empty() {
            return;
        }
        let shown =
            unusable.iter().map(|offer| format!("{:?} of {}", offer.role, offer.account_id)).collect::<Vec<_>>();
        let message = format!(
            "provider `{}`: roles whose names no service takes are left out: {}",
            portal.name,
            bounds::shown(shown.join(", "))
        );
        let warning = Warning::new("atmos::auth::provisioning_unusable", message);
        self.context.host.talk.warn(warning.help("have them renamed at the portal"));
    }

    /// Removes what was written down of a provider. True when there was something.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn forget_provisioned(&self, name: &ProviderName) -> Result<Option<PathBuf>, Error> {
        let Some(file) = self.provisioned(name) else { return Ok(None) };
        fs::remove_file_if_present(&file).map_err(|error| unwritable("remove", &file, &error.to_string()))?;
        Ok(Some(file))
    }

    /// The file with what was written down of a provider, if there is one.
    pub fn provisioned(&self, name: &ProviderName) -> Option<PathBuf> {
        let provider = self.settings.provider(name.as_str())?;
        let file = file_of(&self.context.host, provider);
        file.is_file().then_some(file)
    }

    /// The roles of all accounts, and the ids of the accounts that did not tell theirs.
    async fn roles(
        &self,
        portal: &Portal,
        token: &PortalToken,
        accounts: &[(String, String)],
    ) -> Result<(Vec<Offer>, BTreeSet<String>), Error> {
        let endpoint = portal.endpoint(&self.context, None)?;
        let client = self.context.clients.sso(&portal.region, endpoint.as_deref())?;
        let (mut offers, mut failed) = (Vec::new(), BTreeSet::new());
        for group in accounts.chunks(ABREAST) {
            let mut asked = JoinSet::new();
            for (id, name) in group {
                asked.spawn(roles_of(client.clone(), token.access_token.clone(), id.clone(), name.clone()));
            }
            while let Some(answer) = asked.join_next().await {
                match answer.map_err(|error| Error::Worker { reason: error.to_string() })? {
                    Ok(found) => offers.extend(found),
                    Err((id, reason)) => {
                        let message =
                            format!("provider `{}`: the roles of account {id} cannot be listed: {reason}", portal.name);
                        let warning = Warning::new("atmos::auth::provisioning_incomplete", message).help(HELP);
                        self.context.host.talk.warn(warning);
                        failed.insert(id);
                    }
                }
            }
        }
        offers.sort();
        Ok((offers, failed))
    }
}

/// The provider says so.
fn is_wanted(provider: &Provider) -> bool {
    provider.node.get("auto_provision_identities").and_then(Node::as_bool) == Some(true)
}

fn file_of(host: &Host, provider: &Provider) -> PathBuf {
    let start_url = provider.start_url.as_ref().map_or("", |(url, _)| url);
    provisioned_file(host, provider.name.as_str(), start_url, provider.region.as_deref().unwrap_or_default())
}

fn is_fresh(file: &Path) -> bool {
    let written = std::fs::metadata(file).and_then(|metadata| metadata.modified());
    // A time in the future says nothing.
    written.is_ok_and(|written| written.elapsed().is_ok_and(|age| age < FRESH))
}

async fn accounts(
    context: &super::context::Context,
    portal: &Portal,
    token: PortalToken,
) -> Result<Vec<(String, String)>, Failure> {
    let endpoint = portal.endpoint(context, None).map_err(Failure::Other)?;
    let client = context.clients.sso(&portal.region, endpoint.as_deref()).map_err(Failure::Other)?;
    let shown = shown_endpoint(Service::Sso, &portal.region, endpoint.as_deref());
    let mut pages = client.list_accounts().access_token(token.access_token.expose_secret()).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = context.ask(&shown, pages.next()).await {
        let what = format!("ListAccounts for provider `{}`", portal.name);
        let page = page.map_err(|error| Failure::of(Refusal::new(&error), what, shown.clone(), HELP))?;
        found.extend(page.account_list().iter().filter_map(|account| {
            Some((account.account_id()?.to_owned(), account.account_name().unwrap_or_default().to_owned()))
        }));
    }
    found.sort();
    found.dedup();
    Ok(found)
}

async fn roles_of(client: Client, token: Secret, id: String, name: String) -> Result<Vec<Offer>, (String, String)> {
    let call = client.list_account_roles().access_token(token.expose_secret()).account_id(&id);
    let mut pages = call.into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| (id.clone(), Refusal::new(&error).text))?;
        found.extend(page.role_list().iter().filter_map(|role| role.role_name()).map(|role| Offer {
            account_id: id.clone(),
            account_name: name.clone(),
            role: role.to_owned(),
        }));
    }
    Ok(found)
}

/// That a service takes it as the name of a role, and a person can type it.
fn is_role(name: &str) -> bool {
    bounds::problem("role", name, 32).is_none() && is_name(name)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.trim() == name && !name.contains(char::is_control)
}

/// The name of an account; its id tells it as well where it has none that could be used.
fn account_name(offer: &Offer) -> Option<&str> {
    let name = offer.account_name.trim();
    (is_name(name) && bounds::problem("account name", name, 50).is_none()).then_some(name)
}

/// Identities by name. Accounts with one name are told apart by their ids.
fn named(offers: &[Offer], provider: &Provider) -> BTreeMap<String, Node> {
    let mut owners: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for offer in offers {
        owners.entry(offer.account_name.to_lowercase()).or_default().insert(&offer.account_id);
    }
    let name_of = |offer: &Offer| match account_name(offer) {
        None => offer.account_id.clone(),
        Some(name) if owners.get(&offer.account_name.to_lowercase()).is_some_and(|ids| ids.len() > 1) => {
            format!("{name}-{}", offer.account_id)
        }
        Some(name) => name.to_owned(),
    };
    offers.iter().map(|offer| (format!("{}/{}", name_of(offer), offer.role), entry(offer, provider))).collect()
}

fn entry(offer: &Offer, provider: &Provider) -> Node {
    let provider = provider.name.as_str();
    let account = map([("id", text(&offer.account_id)), ("name", text(account_name(offer).unwrap_or_default()))]);
    map([
        ("kind", text("aws/permission-set")),
        ("provider", text(provider)),
        ("via", map([("provider", text(provider))])),
        ("principal", map([("name", text(&offer.role)), ("account", account)])),
    ])
}

fn document(host: &Host, provider: &Provider, accounts: usize, entries: BTreeMap<String, Node>) -> Node {
    let count = |count: usize| Node::from(i64::try_from(count).unwrap_or(i64::MAX));
    let roles: BTreeSet<String> =
        entries.values().filter_map(|entry| entry.get_path(["principal", "name"])?.scalar_text()).collect();
    let start_url = provider.start_url.as_ref().map_or("", |(url, _)| url);
    let portal =
        map([("start_url", text(start_url)), ("region", text(provider.region.as_deref().unwrap_or_default()))]);
    let counts =
        map([("accounts", count(accounts)), ("roles", count(roles.len())), ("identities", count(entries.len()))]);
    let metadata = map([
        ("provisioned_at", text(&host.now().to_string())),
        ("source", text(&provider.kind_text)),
        ("provider", text(provider.name.as_str())),
        ("counts", counts),
        ("extra", portal),
    ]);
    let identities = entries.into_iter().map(|(name, entry)| (Arc::from(name.as_str()), entry)).collect::<Map>();
    map([("auth", map([("_metadata", metadata), ("identities", Node::from(identities))]))])
}

fn map<const N: usize>(entries: [(&str, Node); N]) -> Node {
    Node::from(entries.into_iter().map(|(key, value)| (Arc::from(key), value)).collect::<Map>())
}

fn text(text: &str) -> Node {
    Node::from(text)
}

fn is_of(entry: &Node, accounts: &BTreeSet<String>) -> bool {
    let id = entry.get_path(["principal", "account", "id"]).and_then(Node::scalar_text);
    id.is_some_and(|id| accounts.contains(&id))
}

/// What was written down before; nothing if it cannot be read.
fn read(host: &Host, provider: &ProviderName, file: &Path) -> BTreeMap<String, Node> {
    let found = read_provisioned(host, provider.as_str(), file).unwrap_or_default();
    found.identities.into_iter().map(|(name, entry)| (name.to_string(), entry)).collect()
}

fn write(host: &Host, file: &Path, content: &str) -> Result<(), Error> {
    let root = host.dirs.cache.join("atmos");
    let directory = file.parent().unwrap_or(&root);
    trust::private_dir(&root, directory).map_err(|error| unwritable("create", directory, &error.to_string()))?;
    fs::write_atomic(file, content.as_bytes(), 0o600).map_err(|error| unwritable("write", file, &error.to_string()))
}

fn unwritable(action: &str, path: &Path, reason: &str) -> Error {
    Error::Provisioning { path: path.display().to_string(), reason: format!("cannot {action} it: {reason}") }
}

#[cfg(test)]
#[path = "provision_tests.rs"]
mod tests;
