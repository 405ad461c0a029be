//! What every step of authentication shares: host, realm, encrypted cache, clients, and the work in flight.
//!
//! Read [`Context`], then [`Flight`]: one attempt at a time per key, in this process and in all others. Row 5.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::aws::client::Clients;
use super::aws::endpoint::Endpoints;
use super::cache::{self, Cache};
use super::creds::{AwsCredentials, PortalToken};
use super::error::Error;
use super::fingerprint::Fingerprint;
use super::integration::{Cluster, ClusterToken, RegistryLogin};
use super::obtained::Obtained;
use super::realm::Realm;
use super::record::StepRecord;
use crate::diag::Warning;
use crate::host::lock::{self, FileLock};
use crate::host::{Host, Http, threads};

/// How often a waiter asks for a lock of another process.
const POLL: Duration = Duration::from_millis(50);
/// How long one process keeps another waiting that may not ask anybody. Its own work over the network is done sooner;
/// a person at the portal may take any time.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer that takes longer is one that people wonder about.
const SLOW: Duration = Duration::from_secs(4);

/// Who has said no is not asked for the same again so soon: not by the next of many components, not by the next call of a
/// child. Later there may be somebody who wants it.
const NO_MEANS_NO: Duration = Duration::from_mins(15);

/// How a session behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// The user may be asked to sign in. False for commands that promise not to.
    pub interactive: bool,
    /// Never open a browser; the address is shown all the same.
    pub no_browser: bool,
    /// Users sign in by the browser, also those with a key.
    pub webflow: bool,
    /// Caches are not read, once per provider and chain.
    pub force: bool,
    /// Sessions in the cache are not used, once per chain; portal tokens are.
    pub renew: bool,
    /// Longest time to wait for the user at the portal, below the portal's own limit.
    pub timeout: Option<Duration>,
}

impl Default for Options {
    fn default() -> Options {
        Options { interactive: true, no_browser: false, webflow: false, force: false, renew: false, timeout: None }
    }
}

/// Shared by all sessions of a process.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) host: Host,
    pub(crate) realm: Realm,
    pub(crate) cache: Arc<Cache>,
    pub(crate) options: Options,
    pub(crate) clients: Clients,
    pub(crate) endpoints: Endpoints,
    /// For what no SDK here asks.
    pub(crate) http: Http,
    pub(crate) tokens: Flights<String, PortalToken>,
    pub(crate) steps: Flights<Fingerprint, StepRecord>,
    /// What providers of other kinds gave, by fingerprint; of this process alone.
    pub(crate) proofs: Flights<String, Obtained>,
    /// Accounts by portal key: `(id, name)`, all pages.
    pub(crate) accounts: Flights<String, Arc<Vec<(String, String)>>>,
    /// Logins of registries and descriptions of clusters, by identity and target.
    pub(crate) registries: Flights<String, RegistryLogin>,
    pub(crate) clusters: Flights<String, Cluster>,
    /// Tokens of Azure, by provider and purpose.
    pub(crate) azure_tokens: Flights<String, ClusterToken>,
    /// Portals, by key, at which the user signed in during this process.
    signed_in: Mutex<Vec<String>>,
    /// Sign-ins that the user refused or let pass, by what they were for.
    refused: Mutex<HashMap<String, (Instant, Error)>>,
    /// Forced sessions accept only what is younger.
    pub(crate) started: Timestamp,
}

impl Context {
    pub(crate) fn new(host: Host, realm: Realm, cache: Arc<Cache>, options: Options) -> Context {
        Context {
            clients: Clients::new(&host),
            endpoints: Endpoints::new(&host.env),
            http: Http::new(&host.env),
            tokens: Flights::default(),
            steps: Flights::default(),
            proofs: Flights::default(),
            accounts: Flights::default(),
            registries: Flights::default(),
            clusters: Flights::default(),
            azure_tokens: Flights::default(),
            signed_in: Mutex::default(),
            refused: Mutex::default(),
            started: host.now(),
            host,
            realm,
            cache,
            options,
        }
    }

    /// Now by the services' clocks, as far as they are known.
    pub(crate) fn now_there(&self) -> Timestamp {
        let offset = self.clients.skew.offset();
        self.host.now().saturating_add(offset).unwrap_or(Timestamp::MAX)
    }

    /// Credentials as they came, with their end by the clock of this machine; refused when they are over already.
    pub(crate) fn arrived(&self, credentials: AwsCredentials, what: &str) -> Result<AwsCredentials, Error> {
        let offset = self.clients.skew.offset();
        let here = |end: Timestamp| end.saturating_sub(offset).unwrap_or(end);
        AwsCredentials { expiration: credentials.expiration.map(here), ..credentials }.on_arrival(what, self.host.now())
    }

    /// Registers every secret of the credentials, before anything else happens with them.
    pub(crate) fn mask(&self, credentials: &AwsCredentials) {
        credentials.mask(&self.host.masker);
    }

    pub(crate) fn mask_token(&self, token: &PortalToken) {
        self.host.masker.register(&token.access_token);
        self.host.masker.register(&token.client_secret);
        if let Some(refresh) = &token.refresh_token {
            self.host.masker.register(refresh);
        }
    }

    /// Makes sure that what is about to be obtained can be kept: may ask for the keyring's password.
    pub(crate) async fn prepare(&self) -> Result<(), Error> {
        let cache = self.cache.clone();
        blocking(move || cache.prepare()).await?.map_err(Error::from)
    }

    /// An entry of the cache. The cache blocks (keyring, disk), so a worker thread does it.
    pub(crate) async fn load(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let (cache, name) = (self.cache.clone(), name.to_owned());
        blocking(move || cache.get(&name)).await?.map_err(Error::from)
    }

    /// Stores an entry. That it cannot be stored costs a later sign-in, not this run: a warning.
    pub(crate) async fn store(&self, name: &str, plain: Option<Zeroizing<Vec<u8>>>) -> Result<(), Error> {
        let Some(plain) = plain else { return Ok(()) };
        let (cache, name) = (self.cache.clone(), name.to_owned());
        if let Err(error) = blocking(move || cache.put(&name, &plain)).await? {
            let message = format!("credentials are not kept for the next run: {error}");
            self.host.talk.warn(Warning::new("atmos::auth::not_cached", message));
        }
        Ok(())
    }

    /// Name of what a kind of provider keeps of a sign-in, of this realm.
    pub(crate) fn login_name(&self, kept: &str) -> String {
        format!("login/{}/{kept}", self.realm)
    }

    /// Names of all entries that can be opened.
    pub(crate) async fn names(&self) -> Result<Vec<String>, Error> {
        let cache = self.cache.clone();
        blocking(move || cache.entries()).await?.map_err(Error::from)
    }

    pub(crate) async fn remove(&self, name: &str) -> Result<bool, Error> {
        let (cache, name) = (self.cache.clone(), name.to_owned());
        blocking(move || cache.remove(&name)).await?.map_err(Error::from)
    }

    /// A call over the network. Who has to wait for it is told soon whose answer is missing.
    pub(crate) async fn ask<T>(&self, endpoint: &str, call: impl Future<Output = T>) -> T {
        let mut call = Box::pin(call);
        tokio::select! {
            biased;
            answer = &mut call => return answer,
            () = tokio::time::sleep(SLOW) => {}
        }
        self.host.talk.attention(format!("waiting for {endpoint}, which has not answered yet"));
        call.await
    }

    /// The user has just signed in at the portal with that key: asking again would give the same.
    pub(crate) fn has_signed_in(&self, portal: &str) -> bool {
        self.signed_in.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|known| known == portal)
    }

    pub(crate) fn note_sign_in(&self, portal: String) {
        self.signed_in.lock().unwrap_or_else(PoisonError::into_inner).push(portal);
    }

    /// Asks the user for a sign-in, unless one for the same has just been refused.
    pub(crate) async fn ask_once<T>(
        &self,
        what: &str,
        sign_in: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let refused = || self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, error)) = refused().get(what).filter(|(when, _)| when.elapsed() < NO_MEANS_NO) {
            return Err(error.clone());
        }
        let result = sign_in.await;
        if let Err(error) = &result
            && error.is_of_sign_in()
        {
            refused().insert(what.to_owned(), (Instant::now(), error.clone()));
        }
        result
    }

    /// The user may be asked to sign in, and would see it.
    pub(crate) fn may_ask(&self) -> bool {
        self.options.interactive && self.host.terminal.can_show_device_code()
    }

    /// The user may be asked a question and can answer it.
    pub(crate) fn may_prompt(&self) -> bool {
        self.options.interactive && self.host.terminal.can_prompt()
    }

    /// The lock of `name` between processes; `work` says what its holder does. Waits in small steps, so that dropping the
    /// future ends the wait. A process that may ask the user waits as long as it takes, another one a while for each
    /// holder.
    ///
    /// # Errors
    /// [`Error::Busy`] when one holder keeps the lock for too long.
    pub(crate) async fn lock(&self, name: &str, work: &str) -> Result<FileLock, Error> {
        let patience = self.options.timeout.map_or(PATIENCE, |timeout| timeout.min(PATIENCE));
        let mut told = false;
        let mut holder: Option<(Option<u32>, Instant)> = None;
        loop {
            let (cache, name) = (self.cache.clone(), name.to_owned());
            let busy = Arc::new(AtomicBool::new(false));
            let flag = busy.clone();
            let attempt =
                blocking(move || cache.lock(&name, Some(Duration::ZERO), || flag.store(true, Ordering::Relaxed)));
            match attempt.await? {
                Ok(mut lock) => {
                    // Only what waiters are told depends on it.
                    if let Err(error) = lock.sign() {
                        tracing::debug!(%error, "lock not signed");
                    }
                    return Ok(lock);
                }
                Err(cache::Error::Locked { path }) if busy.load(Ordering::Relaxed) => {
                    let now = lock::signature(&path);
                    if holder.is_none_or(|(known, _)| known != now) {
                        holder = Some((now, Instant::now()));
                    }
                }
                Err(error) => return Err(error.into()),
            }
            let (pid, since) = holder.unwrap_or((None, Instant::now()));
            let who = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
            if !told {
                self.host.talk.attention(format!("waiting for another process{who} that {work}"));
                told = true;
            }
            if !self.may_ask() && since.elapsed() >= patience {
                return Err(Error::Busy { who, work: work.to_owned(), seconds: patience.as_secs() });
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Runs blocking work on a worker thread.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    threads::blocking(work).await.map_err(|reason| Error::Worker { reason })
}

/// Attempts under way and their results, by key.
#[derive(Debug)]
pub(crate) struct Flights<K, V> {
    slots: Mutex<HashMap<K, Arc<tokio::sync::Mutex<Flight<V>>>>>,
}

impl<K, V> Default for Flights<K, V> {
    fn default() -> Self {
        Flights { slots: Mutex::default() }
    }
}

/// The last result for one key. Whoever holds the guard makes the attempt; the others wait for it.
#[derive(Debug)]
pub(crate) struct Flight<V> {
    pub(crate) value: Option<V>,
    failure: Option<(Instant, Error)>,
}

impl<V> Flight<V> {
    /// The failure of an attempt that ended after `since`: who waited for it gets its error, not another attempt.
    pub(crate) fn failed_since(&self, since: Instant) -> Option<Error> {
        self.failure.as_ref().filter(|(ended, _)| *ended >= since).map(|(_, error)| error.clone())
    }

    /// Records how an attempt ended.
    pub(crate) fn land(&mut self, result: Result<V, Error>) -> Result<V, Error>
    where
        V: Clone,
    {
        match &result {
            Ok(value) => {
                self.value = Some(value.clone());
                self.failure = None;
            }
            Err(error) => self.failure = Some((Instant::now(), error.clone())),
        }
        result
    }
}

impl<K: Eq + Hash + Clone, V> Flights<K, V> {
    /// The turn of this caller for `key`, after all who came before.
    pub(crate) async fn enter(&self, key: &K) -> tokio::sync::OwnedMutexGuard<Flight<V>> {
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            let empty = || Arc::new(tokio::sync::Mutex::new(Flight { value: None, failure: None }));
            slots.entry(key.clone()).or_insert_with(empty).clone()
        };
        slot.lock_owned().await
    }
}
