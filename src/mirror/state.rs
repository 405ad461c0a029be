//! What the connections share: what is kept, who is asked, and what it has saved.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::intake::Package;
use super::module::{self, Module};
use super::package::{Origin, Seen};
use super::provider::{self, Provider};
use super::shelf::{Kind, Shelf, is_name};
use super::upstream::{Trouble, Upstream};
use crate::diag::Warning;
use crate::fetch;
use crate::host::Host;

pub(super) struct State {
    pub(super) shelf: Shelf,
    pub(super) upstream: Upstream,
    pub(super) host: Host,
    pub(super) settings: fetch::Settings,
    /// How long answers of registries are fresh, and for how long they are good enough while others are fetched.
    pub(super) fresh: Duration,
    pub(super) stale: Duration,
    /// Where the server is, with its secret part.
    pub(super) url: String,
    pub(super) hits: AtomicU64,
    pub(super) bytes: AtomicU64,
    /// What came in this run, which saves nothing when it is asked for again.
    pub(super) fetched: Mutex<BTreeSet<String>>,
    /// Sources of modules by their digests.
    pub(super) sources: Mutex<BTreeMap<String, String>>,
    /// Packages that were looked at.
    pub(super) seen: Mutex<BTreeMap<String, Seen>>,
    /// Packages that could not be kept, for this run.
    pub(super) loose: Mutex<BTreeMap<String, Package>>,
    /// Where those meet who want the same at once.
    pub(super) gates: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// What is said to terraform.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    Bytes(Vec<u8>),
    File(Package),
}

impl Default for Content {
    fn default() -> Content {
        Content::Bytes(Vec::new())
    }
}

impl Answer {
    fn new(status: u16, kind: &str, content: Content) -> Answer {
        Answer { status, headers: vec![("content-type", kind.to_owned())], content }
    }

    fn json(body: Vec<u8>) -> Answer {
        Answer::new(200, "application/json", Content::Bytes(body))
    }

    fn package(package: Package) -> Answer {
        Answer::new(200, "application/octet-stream", Content::File(package))
    }

    pub(super) fn text(status: u16, reason: impl Into<String>) -> Answer {
        Answer::new(status, "text/plain", Content::Bytes(reason.into().into_bytes()))
    }
}

/// An answer of a registry that is wanted.
#[derive(Debug, Clone)]
enum Wanted {
    Index(Provider),
    Archives(Provider, String),
    Versions(Module),
    Download(Module, String),
}

impl Wanted {
    fn key(&self) -> String {
        match self {
            Wanted::Index(provider) => provider.key("index.json"),
            Wanted::Archives(provider, version) => provider.key(&format!("{version}.json")),
            Wanted::Versions(module) => module.key("versions.json"),
            Wanted::Download(module, version) => module.key(&format!("{version}/download.json")),
        }
    }

    /// Whether what is kept of it is what was written once.
    fn is_fine(&self, bytes: &[u8]) -> bool {
        match self {
            Wanted::Download(..) => module::source(bytes).is_some(),
            _ => serde_json::from_slice::<serde_json::Value>(bytes).is_ok_and(|json| json.is_object()),
        }
    }
}

impl State {
    /// Answers a path below the secret part.
    pub(super) async fn answer(self: &Arc<State>, path: &str) -> Answer {
        match self.found(path).await {
            Ok(answer) => answer,
            Err(Trouble { status, reason }) => {
                if status != 404 {
                    // Terraform shows the number alone.
                    self.warn(format!("the registry cache has nothing for `{path}`: {reason}"));
                }
                tracing::debug!("registry cache: {status} {path}: {reason}");
                Answer::text(status, reason)
            }
        }
    }

    fn warn(&self, message: String) {
        let warning = Warning::new("atmos::mirror::upstream", message);
        self.host.talk.warn(warning.help("is the registry reachable, and does it know the address?"));
    }

    async fn found(self: &Arc<State>, path: &str) -> Result<Answer, Trouble> {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        if !parts.iter().all(|part| is_name(part)) {
            return Err(Trouble::missing("no such path"));
        }
        let text = |part: &str| part.to_owned();
        match parts.as_slice() {
            ["providers", host, namespace, kind, file] => {
                let provider = Provider { host: text(host), namespace: text(namespace), kind: text(kind) };
                match file.strip_suffix(".json") {
                    Some("index") => self.registry(&Wanted::Index(provider)).await.map(Answer::json),
                    Some(version) => self.registry(&Wanted::Archives(provider, text(version))).await.map(Answer::json),
                    None => {
                        let key = provider.key(file);
                        self.package(&key, &Origin::Registry(provider, text(file))).await.map(Answer::package)
                    }
                }
            }
            ["modules", "_source", file] => self.source(file).await.map(Answer::package),
            ["modules", host, namespace, name, provider, rest @ ..] => {
                let module =
                    Module { host: text(host), namespace: text(namespace), name: text(name), provider: text(provider) };
                match rest {
                    ["versions"] => self.registry(&Wanted::Versions(module)).await.map(Answer::json),
                    [version, "download"] => self.download(Wanted::Download(module, text(version))).await,
                    _ => Err(Trouble::missing("no such path")),
                }
            }
            _ => Err(Trouble::missing("no such path")),
        }
    }

    /// An answer of a registry: the kept one while it is good enough, and whenever there is no other.
    async fn registry(self: &Arc<State>, wanted: &Wanted) -> Result<Vec<u8>, Trouble> {
        let key = wanted.key();
        if let Some((bytes, age)) = self.kept(wanted)
            && age <= self.fresh.saturating_add(self.stale)
        {
            if age > self.fresh {
                self.renew_behind(wanted.clone());
            }
            self.hit(&key, bytes.len() as u64);
            return Ok(bytes);
        }
        let gate = self.gate(&key);
        let _turn = gate.lock().await;
        // Who waited takes what the other one got.
        if self.has_come(&key)
            && let Some((bytes, _)) = self.kept(wanted)
        {
            return Ok(bytes);
        }
        match self.fetch(wanted).await {
            Err(trouble) if trouble.status != 404 => match self.kept(wanted) {
                Some((bytes, _)) => {
                    self.warn(format!(
                        "`{key}` of the registry cache is old, and there is no newer one: {}",
                        trouble.reason
                    ));
                    self.hit(&key, bytes.len() as u64);
                    Ok(bytes)
                }
                None => Err(trouble),
            },
            other => other,
        }
    }

    fn kept(&self, wanted: &Wanted) -> Option<(Vec<u8>, Duration)> {
        self.shelf.read(&wanted.key()).filter(|(bytes, _)| wanted.is_fine(bytes))
    }

    /// Fetches a newer one while the kept one is used. One at a time does so.
    fn renew_behind(self: &Arc<State>, wanted: Wanted) {
        let state = self.clone();
        tokio::spawn(async move {
            let key = wanted.key();
            let gate = state.gate(&key);
            let Ok(_turn) = gate.try_lock() else { return };
            if !state.has_come(&key)
                && let Err(trouble) = state.fetch(&wanted).await
            {
                tracing::debug!("registry cache: `{key}` is not renewed: {}", trouble.reason);
            }
        });
    }

    async fn fetch(&self, wanted: &Wanted) -> Result<Vec<u8>, Trouble> {
        let bytes = match wanted {
            Wanted::Index(provider) => provider::index(self, provider).await?,
            Wanted::Archives(provider, version) => provider::archives(self, provider, version).await?,
            Wanted::Versions(module) => module::versions(self, module).await?,
            Wanted::Download(module, version) => module::download(self, module, version).await?,
        };
        let key = wanted.key();
        // What cannot be kept is of use all the same.
        match self.shelf.put(&key, &bytes, Kind::Metadata) {
            Ok(()) => self.came(&key),
            Err(error) => self.not_kept(&error.to_string()),
        }
        Ok(bytes)
    }

    pub(super) fn gate(&self, key: &str) -> Arc<tokio::sync::Mutex<()>> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner).entry(key.to_owned()).or_default().clone()
    }

    /// Remembers that it was fetched in this run.
    pub(super) fn came(&self, key: &str) {
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned());
    }

    fn has_come(&self, key: &str) -> bool {
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner).contains(key)
    }

    pub(super) fn hit(&self, key: &str, size: u64) {
        if self.has_come(key) {
            return;
        }
        self.hits.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(size, Ordering::Relaxed);
    }

    /// Leads to our own archive of the source, whatever the registry's answer leads to.
    async fn download(self: &Arc<State>, wanted: Wanted) -> Result<Answer, Trouble> {
        let unreadable = || Trouble::broken("what is kept of the module cannot be read");
        let document = self.registry(&wanted).await?;
        let (mut source, mut folder) = module::source(&document).ok_or_else(unreadable)?;
        let missing = self.shelf.open(&module::archive_key(&module::of(&source))).is_none();
        if missing && !self.has_come(&wanted.key()) {
            // Addresses of sources may be good for a while only, and this one is needed now.
            match self.fetch(&wanted).await {
                Ok(document) => (source, folder) = module::source(&document).ok_or_else(unreadable)?,
                Err(trouble) if trouble.status == 404 => return Err(trouble),
                Err(trouble) => tracing::debug!("registry cache: the kept address is tried: {}", trouble.reason),
            }
        }
        let digest = module::of(&source);
        let folder = if folder.is_empty() { String::new() } else { format!("//{folder}") };
        let to = format!("{}modules/_source/{digest}.tar.gz{folder}", self.url);
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, source);
        Ok(Answer { status: 204, headers: vec![("x-terraform-get", to)], content: Content::default() })
    }

    async fn source(&self, file: &str) -> Result<Package, Trouble> {
        let digest = file.strip_suffix(".tar.gz").unwrap_or(file);
        let source = self.sources.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned();
        self.package(&module::archive_key(digest), &Origin::Source(source)).await
    }
}
