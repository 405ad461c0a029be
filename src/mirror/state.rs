//! What the connections share: what is kept, who is asked, and what it has saved.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::module::{self, Module};
use super::provider::{self, Provider};
use super::shelf::{Kind, Shelf, is_name};
use super::upstream::{Trouble, Upstream};
use crate::diag::Warning;
use crate::fetch;
use crate::host::Host;
use crate::host::lock::FileLock;

/// Hexadecimal SHA-256.
pub(super) fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

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
}

/// What is said to terraform.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    fn json(body: Vec<u8>) -> Answer {
        Answer { status: 200, headers: vec![("content-type", "application/json".to_owned())], body }
    }

    fn package(body: Vec<u8>) -> Answer {
        Answer { status: 200, headers: vec![("content-type", "application/octet-stream".to_owned())], body }
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
                Answer { status, headers: vec![("content-type", "text/plain".to_owned())], body: reason.into_bytes() }
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
                    Some("index") => self.registry(Wanted::Index(provider)).await.map(Answer::json),
                    Some(version) => self.registry(Wanted::Archives(provider, text(version))).await.map(Answer::json),
                    None => {
                        let key = provider.key(file);
                        let fetched = || async { provider::package(self, &provider, file).await };
                        self.package(&key, fetched).await.map(Answer::package)
                    }
                }
            }
            ["modules", "_source", file] => self.source(file).await.map(Answer::package),
            ["modules", host, namespace, name, provider, rest @ ..] => {
                let module =
                    Module { host: text(host), namespace: text(namespace), name: text(name), provider: text(provider) };
                match rest {
                    ["versions"] => self.registry(Wanted::Versions(module)).await.map(Answer::json),
                    [version, "download"] => self.download(Wanted::Download(module, text(version))).await,
                    _ => Err(Trouble::missing("no such path")),
                }
            }
            _ => Err(Trouble::missing("no such path")),
        }
    }

    /// An answer of a registry: the kept one while it is good enough, and whenever there is no other.
    async fn registry(self: &Arc<State>, wanted: Wanted) -> Result<Vec<u8>, Trouble> {
        let key = wanted.key();
        if let Some((bytes, age)) = self.shelf.read(&key) {
            if age > self.fresh && age <= self.fresh + self.stale {
                let (state, wanted) = (self.clone(), wanted.clone());
                tokio::spawn(async move {
                    let _ = state.fetch(&wanted).await;
                });
            }
            if age <= self.fresh + self.stale {
                self.hit(&key, &bytes);
                return Ok(bytes);
            }
        }
        match self.fetch(&wanted).await {
            Err(trouble) if trouble.status != 404 => match self.shelf.read(&key) {
                Some((bytes, _)) => {
                    self.warn(format!(
                        "`{key}` of the registry cache is old, and there is no newer one: {}",
                        trouble.reason
                    ));
                    self.hit(&key, &bytes);
                    Ok(bytes)
                }
                None => Err(trouble),
            },
            other => other,
        }
    }

    async fn fetch(&self, wanted: &Wanted) -> Result<Vec<u8>, Trouble> {
        let bytes = match wanted {
            Wanted::Index(provider) => provider::index(self, provider).await?,
            Wanted::Archives(provider, version) => provider::archives(self, provider, version).await?,
            Wanted::Versions(module) => module::versions(self, module).await?,
            Wanted::Download(module, version) => module::download(self, module, version).await?,
        };
        self.keep(&wanted.key(), &bytes, Kind::Metadata);
        Ok(bytes)
    }

    fn keep(&self, key: &str, bytes: &[u8], kind: Kind) {
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned());
        // What cannot be kept is of use all the same.
        if let Err(error) = self.shelf.put(key, bytes, kind) {
            self.host.talk.warn(Warning::new("atmos::mirror::not_kept", error.to_string()));
        }
    }

    fn hit(&self, key: &str, bytes: &[u8]) {
        if self.fetched.lock().unwrap_or_else(PoisonError::into_inner).contains(key) {
            return;
        }
        self.hits.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
    }

    /// A package: kept for ever, fetched by one of those who want it at once.
    async fn package<F: Future<Output = Result<Vec<u8>, Trouble>>>(
        &self,
        key: &str,
        fetch: impl FnOnce() -> F,
    ) -> Result<Vec<u8>, Trouble> {
        if let Some((bytes, _)) = self.shelf.read(key) {
            self.hit(key, &bytes);
            return Ok(bytes);
        }
        let lock = self.shelf.lock_path(key).map_err(|error| Trouble::broken(error.to_string()))?;
        let lock = tokio::task::spawn_blocking(move || FileLock::acquire(&lock, None, || {})).await;
        let _lock = lock.ok().and_then(Result::ok);
        if let Some((bytes, _)) = self.shelf.read(key) {
            self.hit(key, &bytes);
            return Ok(bytes);
        }
        let bytes = fetch().await?;
        self.keep(key, &bytes, Kind::Artifact);
        Ok(bytes)
    }

    /// Leads to our own archive of the source, whatever the registry's answer leads to.
    async fn download(self: &Arc<State>, wanted: Wanted) -> Result<Answer, Trouble> {
        let document = self.registry(wanted).await?;
        let Some((source, folder)) = module::source(&document) else {
            return Err(Trouble::broken("what is kept of the module cannot be read"));
        };
        let digest = module::of(&source);
        let folder = if folder.is_empty() { String::new() } else { format!("//{folder}") };
        let to = format!("{}modules/_source/{digest}.tar.gz{folder}", self.url);
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, source);
        Ok(Answer { status: 204, headers: vec![("x-terraform-get", to)], body: Vec::new() })
    }

    async fn source(self: &Arc<State>, file: &str) -> Result<Vec<u8>, Trouble> {
        let digest = file.strip_suffix(".tar.gz").unwrap_or(file);
        let source = self.sources.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned();
        let state = self.clone();
        let fetch = || async move {
            let source = source.ok_or_else(|| Trouble::missing("nobody asked for this source"))?;
            let packed = tokio::task::spawn_blocking(move || module::pack(&state, &source)).await;
            packed.unwrap_or_else(|_| Err(Trouble::broken("the source cannot be packed")))
        };
        self.package(&module::archive_key(digest), fetch).await
    }
}
