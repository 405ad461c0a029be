//! The server: on the loopback interface, at a port and a path that only this run knows, for as long as it lives.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio_rustls::TlsAcceptor;

use super::connection::serve;
use super::intake::digest;
use super::state::State;
use super::upstream::Upstream;
use super::{Error, Shelf, certificate};
use crate::fetch;
use crate::host::{Env, Host, fs, threads};
use crate::secret::Secret;

/// The certificates that children trust, in the private directory of the server.
const BUNDLE: &str = "registry-cache.pem";
/// Where systems keep the certificates that they trust.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// How the cache is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    pub root: PathBuf,
    /// Where the server may leave what children read: private, and swept when its run was killed.
    pub private: PathBuf,
    pub fresh: Duration,
    pub stale: Duration,
    /// Tokens of terraform's own configuration, by host.
    pub tokens: BTreeMap<String, Secret>,
    /// What sources of modules are fetched with.
    pub settings: fetch::Settings,
}

/// What the cache has saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    pub hits: u64,
    pub bytes: u64,
}

/// A running server. It ends when this is dropped, at the latest with the process.
pub struct Server {
    state: Arc<State>,
    bundle: PathBuf,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Server")
    }
}

impl Server {
    /// Starts it. It has a thread of its own, since who started it may wait for terraform without giving way.
    ///
    /// # Errors
    /// The folder or the list of trusted certificates cannot be written, or there is no port.
    pub fn start(host: &Host, setup: Setup) -> Result<Server, Error> {
        let Setup { root, private, fresh, stale, tokens, settings } = setup;
        fs::create_dirs(&root).map_err(Error::file("create", &root))?;
        let (pem, config) = certificate::make(jiff::Timestamp::now())?;
        let bundle = trusted(host, &private, &pem)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::start)?;
        listener.set_nonblocking(true).map_err(Error::start)?;
        let port = listener.local_addr().map_err(Error::start)?.port();
        // Others on this machine can reach the port, but must not get with our tokens what is not theirs.
        let mut secret = [0_u8; 16];
        getrandom::fill(&mut secret).map_err(Error::start)?;
        let path = format!("/{}/", &digest(&secret)[..32]);
        let state = Arc::new(State {
            shelf: Shelf::at(root),
            upstream: Upstream::new(host.env.clone(), tokens),
            host: host.clone(),
            settings,
            fresh,
            stale,
            url: format!("https://127.0.0.1:{port}{path}"),
            hits: 0.into(),
            bytes: 0.into(),
            fetched: std::sync::Mutex::default(),
            sources: std::sync::Mutex::default(),
            seen: std::sync::Mutex::default(),
            loose: std::sync::Mutex::default(),
            gates: std::sync::Mutex::default(),
        });
        let runtime = threads::runtime_with_thread();
        let runtime = runtime.map_err(Error::start)?;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (served, acceptor) = (state.clone(), TlsAcceptor::from(config));
        let work = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = serve(listener, acceptor, served, path) => {}
                }
            });
            runtime.shutdown_background();
        };
        std::thread::Builder::new().name("registry cache".to_owned()).spawn(work).map_err(Error::start)?;
        tracing::debug!("the registry cache listens on 127.0.0.1:{port}");
        Ok(Server { state, bundle, stop: Some(stop) })
    }

    /// Where providers are, for terraform's configuration.
    pub fn providers(&self) -> String {
        format!("{}providers/", self.state.url)
    }

    /// Where the modules of a host are.
    pub fn modules(&self, host: &str) -> String {
        format!("{}modules/{host}/", self.state.url)
    }

    /// The certificates that a child is to trust: those that it trusts anyway, and ours.
    pub fn bundle(&self) -> &Path {
        &self.bundle
    }

    pub fn stats(&self) -> Stats {
        let read = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        Stats { hits: read(&self.state.hits), bytes: read(&self.state.bytes) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

/// What the environment or the system trusts, with one more certificate.
fn trusted(host: &Host, private: &Path, pem: &str) -> Result<PathBuf, Error> {
    let known = known_bundle(&host.env);
    let known = known.map(|path| std::fs::read(&path).map_err(Error::file("read", path))).transpose()?;
    let all = [&known.unwrap_or_default()[..], b"\n", pem.as_bytes()].concat();
    let path = private.join(BUNDLE);
    fs::write_again(&path, &all, 0o600).map_err(Error::file("write", &path))?;
    Ok(path)
}

fn known_bundle(env: &Env) -> Option<PathBuf> {
    let given = env.get("SSL_CERT_FILE").filter(|path| !path.is_empty()).map(PathBuf::from);
    given.or_else(|| BUNDLES.iter().map(PathBuf::from).find(|path| path.is_file()))
}
